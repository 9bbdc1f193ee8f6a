//! What a decision says: an outcome and the deciding rule for each field, and the obligations. Made by the book only.

use crate::catalog::FieldId;
use crate::facts::{Facts, RecordKey};
use crate::join::join;
use crate::words::{Form, ObligationKind, Outcome, Reason};

/// A rule's number; 0 where no rule decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleId(pub(crate) u16);

impl RuleId {
    /// No rule permitted it, or a fact refused it.
    pub const NONE: Self = Self(0);
}

impl std::fmt::Display for RuleId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "R-{:03}", self.0)
    }
}

/// What comes with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Obligation {
    /// Its kind.
    pub kind: ObligationKind,
    /// How far it may be told: `task_team` or `unit`.
    pub scope: Option<&'static str>,
    /// After how many days it must be deleted.
    pub days: Option<u32>,
}

impl std::fmt::Display for Obligation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.scope, self.days) {
            (Some(scope), _) => write!(f, "{}:{scope}", self.kind),
            (None, Some(days)) => write!(f, "{}:{days}", self.kind),
            (None, None) => write!(f, "{}", self.kind),
        }
    }
}

/// All, some or none of what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every field is permitted.
    Allowed,
    /// Some are.
    Partial,
    /// None is.
    Denied,
}

/// The decision on one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldDecision {
    pub(crate) record: RecordKey,
    pub(crate) field: FieldId,
    pub(crate) outcome: Outcome,
    pub(crate) rule: RuleId,
    pub(crate) form: Option<Form>,
    pub(crate) reason: Option<Reason>,
}

impl FieldDecision {
    /// The record that holds the field.
    pub fn record(&self) -> RecordKey {
        self.record
    }

    /// The field.
    pub fn field(&self) -> FieldId {
        self.field
    }

    /// `clear`, `masked`, `derived`, `matched` or `denied`.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// The deciding rule.
    pub fn rule(&self) -> RuleId {
        self.rule
    }

    /// The form, where masked.
    pub fn form(&self) -> Option<Form> {
        self.form
    }

    /// Why not, where denied.
    pub fn reason(&self) -> Option<Reason> {
        self.reason
    }

    /// The form where masked, the reason where denied, else nothing: the third word of an entry's group.
    pub fn form_or_reason(&self) -> &'static str {
        self.reason.map(Reason::as_str).or(self.form.map(Form::as_str)).unwrap_or_default()
    }

    fn restrictiveness(&self) -> u8 {
        match self.outcome {
            Outcome::Denied | Outcome::Absent => 0,
            Outcome::Matched => 1,
            Outcome::Derived | Outcome::Masked => 2,
            Outcome::Clear => 3,
        }
    }
}

/// A decision. It can be read, recorded and used up; not made, copied or changed outside this crate.
#[derive(Debug)]
pub struct Decision {
    pub(crate) facts: Facts,
    pub(crate) behind: Option<Facts>,
    pub(crate) fields: Vec<FieldDecision>,
    pub(crate) obligations: Vec<Obligation>,
}

impl Decision {
    /// Of a service that acts for a person: field by field the more restrictive of both, with its rule; the obligations
    /// of both.
    #[must_use]
    pub fn lesser(service: Self, person: Self) -> Self {
        let pairs = service.fields.iter().zip(&person.fields);
        let mut fields: Vec<FieldDecision> =
            pairs.map(|(s, p)| if p.restrictiveness() <= s.restrictiveness() { *p } else { *s }).collect();
        join(&mut fields, person.facts.age);
        let mut obligations = service.obligations;
        obligations.extend(person.obligations);
        obligations.sort_unstable();
        obligations.dedup();
        let mut decision = Self { facts: service.facts, behind: Some(person.facts), fields, obligations };
        if decision.verdict() == Verdict::Denied {
            decision.obligations.clear();
        }
        decision
    }

    /// The facts decided upon; of a service that acts for somebody, the service's.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The facts of the person whom a service acted for.
    pub fn behind(&self) -> Option<&Facts> {
        self.behind.as_ref()
    }

    /// One decision per asked field, in the order asked.
    pub fn fields(&self) -> &[FieldDecision] {
        &self.fields
    }

    /// What comes with the values.
    pub fn obligations(&self) -> &[Obligation] {
        &self.obligations
    }

    /// All, some or none.
    pub fn verdict(&self) -> Verdict {
        let denied = self.fields.iter().filter(|f| f.outcome == Outcome::Denied).count();
        match denied {
            0 if !self.fields.is_empty() => Verdict::Allowed,
            n if n == self.fields.len() => Verdict::Denied,
            _ => Verdict::Partial,
        }
    }

    /// Why, where all is denied: the first field's reason.
    pub fn reason(&self) -> Option<Reason> {
        match self.verdict() {
            Verdict::Denied => self.fields.first().and_then(|f| f.reason),
            _ => None,
        }
    }
}
