//! The book of rules of one policy version: loaded strictly, compiled by casbin, deciding by masks.

use ring::digest::{SHA256, digest};

use crate::catalog::FieldId;
use crate::compile::{self, Bits, Engine, Masks, and, any, first, has_row, set_row};
use crate::decision::{Decision, FieldDecision, Obligation, RuleId};
use crate::error::PolicyError;
use crate::facts::{
    ACTION, AGE, Asked, BASIS, Class, DEPARTMENT, DUTY, FIELD, Facts, LETTER, LIVING, POSTURE, PURPOSE,
    RECORD, RELATION, ROLE, TASK, TIER,
};
use crate::parse::{self, Rule};
use crate::words::{Basis, Department, Outcome, Purpose, Reason, RecordType, Relation, Role};

/// The files of a policy version.
#[derive(Clone, Copy, Debug)]
pub struct BundleFiles<'a> {
    /// casbin's model.
    pub model: &'a str,
    /// The rules.
    pub rules: &'a str,
}

/// A policy version: immutable.
pub struct Book {
    pub(crate) rules: Vec<Rule>,
    pub(crate) masks: Masks,
    pub(crate) permits: Bits,
    pub(crate) engine: Engine,
    manifest: [u8; 32],
}

impl Book {
    /// The version that this program carries.
    pub fn builtin() -> Result<Self, PolicyError> {
        Self::from_files(BundleFiles {
            model: include_str!("../rules/model.conf"),
            rules: include_str!("../rules/rules.csv"),
        })
    }

    /// Reads, compiles and checks a version: the first 200 of a fixed run of classes are asked of casbin too.
    pub fn from_files(files: BundleFiles<'_>) -> Result<Self, PolicyError> {
        if files.model != compile::model() {
            return Err(PolicyError::Rules("model.conf is not the model that the columns make".into()));
        }
        let rules = parse::rules(files.rules)?;
        let engine = Engine::new(files.model, &rules)?;
        let masks = engine.compile()?;
        let mut permits = Bits::default();
        for (row, _) in rules.iter().enumerate().filter(|(_, rule)| !rule.denies()) {
            set_row(&mut permits, row);
        }
        let manifest = manifest(files);
        let book = Self { rules, masks, permits, engine, manifest };
        book.check_against_engine(200, 1)?;
        Ok(book)
    }

    /// SHA-256 of the manifest: names the version in every entry.
    pub fn manifest_hash(&self) -> [u8; 32] {
        self.manifest
    }

    /// The rules in their order of deciding.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule of that id.
    pub fn rule(&self, id: RuleId) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// Decides every asked field.
    pub fn decide(&self, facts: Facts, asked: &[Asked]) -> Decision {
        let held =
            asked.first().map(|asked| self.masks.of_facts(&facts.class(asked.field))).unwrap_or_default();
        let fields: Vec<FieldDecision> = asked.iter().map(|asked| self.field(&facts, held, *asked)).collect();
        let obligations = self.obligations(&fields);
        Decision { facts, behind: None, fields, obligations }
    }

    /// Refuses every asked field for one reason.
    pub fn refuse(&self, facts: Facts, asked: &[Asked], reason: Reason) -> Decision {
        let fields = asked.iter().map(|asked| denied(*asked, RuleId::NONE, reason)).collect();
        Decision { facts, behind: None, fields, obligations: Vec::new() }
    }

    /// Whether some permit names that role, department, relation, kind of record and purpose, whatever else it asks for.
    pub fn may_know(
        &self,
        role: Role,
        department: Department,
        relation: Relation,
        record: RecordType,
        purpose: Purpose,
    ) -> bool {
        let rows = and(self.of_role(role, department, purpose), self.masks.of(RELATION, relation.index()));
        any(&and(rows, self.masks.of(RECORD, record.index())))
    }

    /// Whether some permit names that role and department with the purpose.
    pub fn uses_purpose(&self, role: Role, department: Department, purpose: Purpose) -> bool {
        any(&self.of_role(role, department, purpose))
    }

    /// Whether some permit of that role and department rests on the basis for the purpose.
    pub fn uses_basis(&self, role: Role, department: Department, purpose: Purpose, basis: Basis) -> bool {
        any(&and(self.of_role(role, department, purpose), self.masks.of(BASIS, basis.index())))
    }

    /// The fields that some permit with the purpose names, in the catalogue's order.
    pub fn fields_of(&self, purpose: Purpose) -> Vec<FieldId> {
        let rows = and(self.permits, self.masks.of(PURPOSE, purpose.index()));
        FieldId::all().filter(|field| any(&and(rows, self.masks.of(FIELD, field.index())))).collect()
    }

    /// Whether some permit holds these facts for any field.
    pub(crate) fn permits_any(&self, facts: &Facts) -> bool {
        let rows = self.of_role(facts.role, facts.department, facts.purpose);
        let rest = [
            (RELATION, facts.relation.index()),
            (RECORD, facts.record.index()),
            (BASIS, facts.basis.index()),
            (TASK, facts.task.index()),
            (LETTER, usize::from(facts.letter)),
        ];
        any(&rest.iter().fold(rows, |rows, (d, v)| and(rows, self.masks.of(*d, *v))))
    }

    fn of_role(&self, role: Role, department: Department, purpose: Purpose) -> Bits {
        let rows = and(self.permits, self.masks.of(PURPOSE, purpose.index()));
        and(and(rows, self.masks.of(ROLE, role.index())), self.masks.of(DEPARTMENT, department.index()))
    }

    /// `held` are the rows that hold the facts, whatever the field.
    fn field(&self, facts: &Facts, held: Bits, asked: Asked) -> FieldDecision {
        let class = facts.class(asked.field);
        let row = first(&self.masks.of_field(held, &class)).and_then(|row| self.rules.get(row));
        match row {
            None => denied(asked, RuleId::NONE, self.missing(facts, &class)),
            Some(rule) if rule.denies() => denied(asked, rule.id, rule.reason.unwrap_or(Reason::PurposeRole)),
            Some(rule) => match facts.reach.refuses(asked.field) {
                Some(reason) => denied(asked, RuleId::NONE, reason),
                None => FieldDecision {
                    record: asked.record,
                    field: asked.field,
                    outcome: rule.outcome,
                    rule: rule.id,
                    form: (rule.outcome == Outcome::Masked).then(|| rule.form.unwrap_or(asked.field.mask())),
                    reason: None,
                },
            },
        }
    }

    /// Why no rule permits it: the first group of facts with which no permit is left.
    fn missing(&self, facts: &Facts, class: &Class) -> Reason {
        let with = |rows: Bits, dimensions: &[usize]| {
            dimensions
                .iter()
                .fold(rows, |rows, d| and(rows, self.masks.of(*d, class.get(*d).copied().unwrap_or(0))))
        };
        let of_purpose = with(self.permits, &[PURPOSE]);
        let of_role = with(of_purpose, &[ROLE, DEPARTMENT]);
        if !any(&of_role) {
            return Reason::PurposeRole;
        }
        if !any(&with(of_purpose, &[FIELD, RECORD, ACTION])) {
            return Reason::FieldNotForPurpose;
        }
        let steps: [(&[usize], Reason); 7] = [
            (&[FIELD, RECORD, ACTION], Reason::PurposeRole),
            (&[RELATION], Reason::GridScope),
            (&[TASK], facts.why_task.unwrap_or(Reason::NoTask)),
            (&[BASIS, LETTER], facts.why_basis.unwrap_or(Reason::NoBasis)),
            (&[TIER], Reason::FieldNotForPurpose),
            (&[AGE, LIVING], Reason::NeedsGuardian),
            (&[POSTURE], Reason::DeviceRevoked),
        ];
        let mut rows = of_role;
        for (dimensions, reason) in steps {
            rows = with(rows, dimensions);
            if !any(&rows) {
                return reason;
            }
        }
        debug_assert!(!any(&with(rows, &[DUTY])));
        Reason::OffDuty
    }

    fn obligations(&self, fields: &[FieldDecision]) -> Vec<Obligation> {
        let rules = fields.iter().filter_map(|f| self.rule(f.rule)).filter(|rule| !rule.denies());
        let mut out: Vec<Obligation> = rules.flat_map(|rule| rule.obligations.iter().copied()).collect();
        out.sort_unstable();
        out.dedup();
        out
    }

    /// What casbin itself says of a field, asked anew: outcome and deciding rule. For shadow checks; the coverage of the
    /// basis is no rule and not asked.
    pub fn oracle(&self, facts: &Facts, field: FieldId) -> Result<(Outcome, RuleId), PolicyError> {
        let rows = self.engine.rows(&facts.class(field))?;
        let rule = rows.first().and_then(|row| self.rules.get(*row));
        Ok(rule.map_or((Outcome::Denied, RuleId::NONE), |rule| (rule.outcome, rule.id)))
    }

    /// Asks casbin for `count` classes drawn by `seed`: the compiled rows must be its rows, all of them, in order.
    pub fn check_against_engine(&self, count: u32, seed: u64) -> Result<(), PolicyError> {
        let mut state = seed;
        let sizes: Vec<usize> =
            (0..crate::facts::DIMENSIONS).map(|d| crate::facts::values(d).len()).collect();
        for i in 0..count {
            let mut class: Class = Default::default();
            // Every second class is drawn from inside a rule's box, where there is something to compare.
            let rule = self.rules.get(draw(&mut state, self.rules.len()));
            for (d, (place, size)) in class.iter_mut().zip(&sizes).enumerate() {
                let set = rule.and_then(|rule| rule.sets.get(d)).filter(|_| i % 2 == 0);
                *place = match set {
                    Some(set) => set.get(draw(&mut state, set.len())).copied().unwrap_or(0),
                    None => draw(&mut state, *size),
                };
            }
            let ours = self.masks.rows(&class);
            let rows: Vec<usize> = (0..self.rules.len()).filter(|row| has_row(&ours, *row)).collect();
            if rows != self.engine.rows(&class)? {
                return Err(PolicyError::Engine(format!("casbin holds other rows for class {class:?}")));
            }
        }
        Ok(())
    }
}

fn denied(asked: Asked, rule: RuleId, reason: Reason) -> FieldDecision {
    FieldDecision {
        record: asked.record,
        field: asked.field,
        outcome: Outcome::Denied,
        rule,
        form: None,
        reason: Some(reason),
    }
}

/// The manifest: the hash of each file of the version, a line each; the version is the hash of that.
fn manifest(files: BundleFiles<'_>) -> [u8; 32] {
    let mut lines = String::new();
    for (name, text) in [
        ("model.conf", files.model),
        ("rules.csv", files.rules),
        ("instruments.toml", crate::instruments::TEXT),
        ("catalog.toml", include_str!("../catalog/catalog.toml")),
    ] {
        for byte in digest(&SHA256, text.as_bytes()).as_ref() {
            lines.push_str(&format!("{byte:02x}"));
        }
        lines.push_str(&format!(" {name}\n"));
    }
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, lines.as_bytes()).as_ref());
    out
}

/// A number below `n` (splitmix64): reproducible, no secret.
fn draw(state: &mut u64, n: usize) -> usize {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    usize::try_from((z ^ (z >> 31)) % (n.max(1) as u64)).unwrap_or(0)
}
