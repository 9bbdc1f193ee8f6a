//! What a post could see at best: per purpose and field the best outcome that some rule permits, and what that rule asks for.

use crate::book::Book;
use crate::catalog::FieldId;
use crate::decision::RuleId;
use crate::facts::{
    ACTION, AGE, BASIS, CONFIRMED, DEPARTMENT, FIELD, LETTER, NAMED, NAMES, POSTURE, PURPOSE, RECORD,
    RELATION, ROLE, TASK, values,
};
use crate::parse::Rule;
use crate::words::{Action, Department, Form, Outcome, Purpose, Role};

/// The best that a purpose gives of a field.
#[derive(Clone, Debug)]
pub struct Offer {
    /// What for.
    pub purpose: Purpose,
    /// The field.
    pub field: FieldId,
    /// What would come out.
    pub outcome: Outcome,
    /// In which form, where masked.
    pub form: Option<Form>,
    /// By which rule.
    pub rule: RuleId,
    /// What the rule asks for: dimension and the values that fit, of those where not any value fits.
    pub needs: Vec<(&'static str, Vec<&'static str>)>,
}

/// What can be needed beside role, purpose and field.
const NEEDS: [usize; 9] = [RELATION, RECORD, BASIS, TASK, LETTER, CONFIRMED, NAMED, AGE, POSTURE];

impl Book {
    /// Every field that a post of that role and department could view, by purpose; prohibitions may still take some away.
    pub fn offers(&self, role: Role, department: Department) -> Vec<Offer> {
        let names = |rule: &Rule, dimension: usize, value: usize| {
            rule.sets.get(dimension).is_some_and(|set| set.contains(&value))
        };
        let permits: Vec<&Rule> = self
            .rules
            .iter()
            .filter(|rule| !rule.denies() && names(rule, ACTION, Action::View.index()))
            .filter(|rule| names(rule, ROLE, role.index()) && names(rule, DEPARTMENT, department.index()))
            .collect();
        let mut out = Vec::new();
        for purpose in Purpose::ALL.iter().copied() {
            for field in FieldId::all() {
                let of_field = permits.iter().filter(|rule| {
                    names(rule, PURPOSE, purpose.index()) && names(rule, FIELD, field.index())
                });
                // The most that is shown; of rules that show alike the one that covers most.
                if let Some(rule) = of_field.max_by_key(|rule| (shown(rule.outcome), rule.volume())) {
                    out.push(Offer {
                        purpose,
                        field,
                        outcome: rule.outcome,
                        form: (rule.outcome == Outcome::Masked).then(|| rule.form.unwrap_or(field.mask())),
                        rule: rule.id,
                        needs: needs(rule),
                    });
                }
            }
        }
        out
    }
}

fn shown(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Clear => 3,
        Outcome::Masked | Outcome::Derived => 2,
        Outcome::Matched => 1,
        Outcome::Denied | Outcome::Absent => 0,
    }
}

fn needs(rule: &Rule) -> Vec<(&'static str, Vec<&'static str>)> {
    let of = |dimension: usize| {
        let (all, set) = (values(dimension), rule.sets.get(dimension)?);
        let some = set.len() < all.len();
        let words: Vec<_> = set.iter().filter_map(|value| all.get(*value).copied()).collect();
        some.then(|| (NAMES.get(dimension).copied().unwrap_or_default(), words))
    };
    NEEDS.into_iter().filter_map(of).collect()
}
