//! The book of rules of one policy version: loaded strictly, compiled by casbin, deciding by masks.

use std::sync::{Arc, Mutex};

use crate::bundle::Bundle;
use crate::catalog::FieldId;
use crate::compile::{self, Bits, Engine, Masks, and, any, clear_row, first, has_row, set_row};
use crate::day::Day;
use crate::decision::{Decision, FieldDecision, Obligation, RuleId};
use crate::error::PolicyError;
use crate::facts::{
    ACTION, AGE, Asked, BASIS, CONFIRMED, Class, DEPARTMENT, DUTY, FIELD, Facts, LETTER, NAMED, POSTURE,
    PURPOSE, RECORD, RELATION, ROLE, STATE, TASK, TIER,
};
use crate::join::join;
use crate::own_task;
use crate::parse::{self, Rule};
use crate::space::Space;
use crate::words::{Action, Basis, Department, Outcome, Purpose, Reason, Role};

/// A policy version as it holds on one day: immutable.
pub struct Book {
    pub(crate) rules: Vec<Rule>,
    pub(crate) masks: Masks,
    /// The rows that count: all but one that a mutation took out.
    pub(crate) alive: Bits,
    pub(crate) permits: Bits,
    pub(crate) engine: Engine,
    hash: [u8; 32],
    until: Option<Day>,
}

impl Book {
    /// The version that this program carries, loaded with every check; once for a day and process.
    pub fn builtin(day: Day) -> Result<Arc<Self>, PolicyError> {
        static LOADED: Mutex<Option<(Day, Arc<Book>)>> = Mutex::new(None);
        let mut loaded =
            LOADED.lock().map_err(|_| PolicyError::Engine("it was left in the middle".into()))?;
        if let Some((_, book)) = loaded.as_ref().filter(|(of, _)| *of == day) {
            return Ok(Arc::clone(book));
        }
        let book = Arc::new(Bundle::builtin().load(day)?);
        *loaded = Some((day, Arc::clone(&book)));
        Ok(book)
    }

    /// Reads and compiles a version; its cases and laws are still to be asked ([`Bundle::load`]).
    pub fn compile(bundle: &Bundle, day: Day) -> Result<Self, PolicyError> {
        if bundle.model != compile::model() {
            return Err(PolicyError::Rules("model.conf is not the model that the columns make".into()));
        }
        let (rules, later): (Vec<Rule>, Vec<Rule>) =
            parse::rules(&bundle.rules)?.into_iter().partition(|rule| rule.holds(day));
        let turns = later.iter().filter_map(|rule| rule.from).chain(rules.iter().filter_map(|rule| rule.to));
        let until = turns.filter(|turn| *turn > day).min();
        let engine = Engine::new(&bundle.model, &rules)?;
        let masks = engine.compile()?;
        let (mut alive, mut permits) = (Bits::default(), Bits::default());
        for (row, rule) in rules.iter().enumerate() {
            set_row(&mut alive, row);
            if !rule.denies() {
                set_row(&mut permits, row);
            }
        }
        Ok(Self { rules, masks, alive, permits, engine, hash: bundle.hash(), until })
    }

    /// The day on which another set of its rules holds, if there is one.
    pub fn until(&self) -> Option<Day> {
        self.until
    }

    /// Runs `work` as if the rule in that row (in the order of deciding) were not there.
    pub(crate) fn without<T>(&mut self, row: usize, work: impl FnOnce(&Self) -> T) -> T {
        let (alive, permits) = (self.alive, self.permits);
        clear_row(&mut self.alive, row);
        clear_row(&mut self.permits, row);
        let done = work(self);
        (self.alive, self.permits) = (alive, permits);
        done
    }

    /// SHA-256 of the manifest: names the version in every entry.
    pub fn manifest_hash(&self) -> [u8; 32] {
        self.hash
    }

    /// What the version says of every class, whatever its rules are written like: alike for rules that decide alike.
    pub fn semantic_hash(&self) -> [u8; 32] {
        Space::new(self).whole()
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
        let held = asked.first().map(|asked| self.held(&facts, asked.field)).unwrap_or_default();
        let mut fields: Vec<FieldDecision> =
            asked.iter().map(|asked| self.field(&facts, held, *asked)).collect();
        join(&mut fields, facts.age);
        let obligations = self.obligations(&fields);
        Decision { facts, behind: None, fields, obligations }
    }

    /// Refuses every asked field for one reason.
    pub fn refuse(&self, facts: Facts, asked: &[Asked], reason: Reason) -> Decision {
        let fields = asked.iter().map(|asked| denied(*asked, RuleId::NONE, reason)).collect();
        Decision { facts, behind: None, fields, obligations: Vec::new() }
    }

    /// Whether some permit names the role, department, relation, kind of record, purpose and action of the facts, whatever
    /// else it asks for. Whoever reaches a record to view it may know of it; who may only write or compare does not.
    pub fn reaches(&self, facts: &Facts) -> bool {
        let rows = self.of_role(facts.role, facts.department, facts.purpose, facts.action);
        let rows = and(rows, self.masks.of(RELATION, facts.relation.index()));
        any(&and(rows, self.masks.of(RECORD, facts.record.index())))
    }

    /// Whether some permit of that role and department does that with the field for the purpose.
    pub fn does(
        &self,
        role: Role,
        department: Department,
        purpose: Purpose,
        action: Action,
        field: FieldId,
    ) -> bool {
        any(&and(self.of_role(role, department, purpose, action), self.masks.of(FIELD, field.index())))
    }

    /// Whether some permit names that role and department with purpose and action.
    pub fn uses_purpose(&self, role: Role, department: Department, purpose: Purpose, action: Action) -> bool {
        any(&self.of_role(role, department, purpose, action))
    }

    /// Whether some permit of that role and department for purpose and action rests on the basis.
    pub fn uses_basis(
        &self,
        role: Role,
        department: Department,
        purpose: Purpose,
        basis: Basis,
        action: Action,
    ) -> bool {
        any(&and(self.of_role(role, department, purpose, action), self.masks.of(BASIS, basis.index())))
    }

    /// The fields that some permit for the purpose gives on that basis, in the catalogue's order.
    pub fn fields_of(&self, purpose: Purpose, basis: Basis) -> Vec<FieldId> {
        let rows = and(self.permits, self.masks.of(PURPOSE, purpose.index()));
        let rows = and(rows, self.masks.of(BASIS, basis.index()));
        FieldId::all().filter(|field| any(&and(rows, self.masks.of(FIELD, field.index())))).collect()
    }

    /// Whether some permit for the purpose gives something of the field, whoever asks and on whatever basis.
    pub fn uses_field(&self, purpose: Purpose, field: FieldId) -> bool {
        let rows = and(self.permits, self.masks.of(PURPOSE, purpose.index()));
        any(&and(rows, self.masks.of(FIELD, field.index())))
    }

    fn of_role(&self, role: Role, department: Department, purpose: Purpose, action: Action) -> Bits {
        let rows = and(self.permits, self.masks.of(PURPOSE, purpose.index()));
        let rows = and(rows, self.masks.of(ACTION, action.index()));
        and(and(rows, self.masks.of(ROLE, role.index())), self.masks.of(DEPARTMENT, department.index()))
    }

    /// The rows that hold the facts, whatever the field: any one will do.
    pub(crate) fn held(&self, facts: &Facts, field: FieldId) -> Bits {
        and(self.alive, self.masks.of_facts(&facts.class(field)))
    }

    /// `held` are the rows that hold the facts, whatever the field.
    pub(crate) fn field(&self, facts: &Facts, held: Bits, asked: Asked) -> FieldDecision {
        let class = facts.class(asked.field);
        let rows = self.masks.of_field(held, &class);
        match first(&rows).and_then(|row| self.rules.get(row)) {
            None => denied(asked, RuleId::NONE, self.missing(facts, &class)),
            // What the record is like is told only where it alone stands in the way.
            Some(rule) if rule.denies() && rule.tells_of_the_record() && !any(&and(rows, self.permits)) => {
                denied(asked, RuleId::NONE, self.missing(facts, &class))
            }
            Some(rule) if rule.denies() => denied(asked, rule.id, rule.reason.unwrap_or(Reason::PurposeRole)),
            Some(rule) => match facts.reach.refuses(asked.field) {
                Some(reason) => denied(asked, RuleId::NONE, reason),
                None => {
                    let decided = FieldDecision {
                        record: asked.record,
                        field: asked.field,
                        outcome: rule.outcome,
                        rule: rule.id,
                        form: (rule.outcome == Outcome::Masked)
                            .then(|| rule.form.unwrap_or(asked.field.mask())),
                        reason: None,
                    };
                    if facts.self_made { own_task::bounded(facts, decided) } else { decided }
                }
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
            (&[TIER, NAMED, AGE, STATE], Reason::FieldNotForPurpose),
            (&[CONFIRMED], Reason::NeedsApproval),
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
        let rules: Vec<&Rule> = rows.iter().filter_map(|row| self.rules.get(*row)).collect();
        let permitted = rules.iter().any(|rule| !rule.denies());
        let rule = rules.first().filter(|rule| permitted || !rule.tells_of_the_record());
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

/// A number below `n` (splitmix64): reproducible, no secret.
fn draw(state: &mut u64, n: usize) -> usize {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    usize::try_from((z ^ (z >> 31)) % (n.max(1) as u64)).unwrap_or(0)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::words::{Posture, RecordType, Relation, TaskState};

    pub(crate) const DAY: &str = "2026-11-24";

    pub(crate) fn book() -> Book {
        Book::compile(&Bundle::builtin(), Day::parse(DAY).unwrap()).unwrap()
    }

    /// An adult's record in one's own grid, with an open task of one's own, at an office device.
    pub(crate) fn everyday() -> Facts {
        Facts {
            relation: Relation::OwnGrid,
            basis: Basis::Consent,
            posture: Posture::Office,
            task: TaskState::OpenMine,
            ..Facts::unproven(Role::GridChief, RecordType::Person, Purpose::HomeVisitCare)
        }
    }
}
