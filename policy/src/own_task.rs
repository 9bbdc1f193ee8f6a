//! What a task gives to whoever opened it for themselves: T1, and T2 masked. More needs a task that somebody else opened, for
//! a reason that one writes oneself is none (opener and assignee are two for T3 and above).

use crate::decision::{FieldDecision, RuleId};
use crate::facts::Facts;
use crate::words::{Action, Form, Outcome, Reason, Tier};

/// What is left of a field that a rule permits.
pub(crate) fn bounded(facts: &Facts, decided: FieldDecision) -> FieldDecision {
    let tier = facts.effective_tier(decided.field);
    match decided.outcome {
        Outcome::Denied | Outcome::Absent => decided,
        _ if tier > Tier::T2 => refused(decided),
        Outcome::Clear if tier == Tier::T2 => match (facts.action, decided.field.mask()) {
            // What is written, exported or printed is not masked; and not every mask hides something.
            (Action::View, form) if !matches!(form, Form::None | Form::Hide) => {
                FieldDecision { outcome: Outcome::Masked, form: Some(form), ..decided }
            }
            _ => refused(decided),
        },
        _ => decided,
    }
}

fn refused(decided: FieldDecision) -> FieldDecision {
    FieldDecision {
        outcome: Outcome::Denied,
        rule: RuleId::NONE,
        form: None,
        reason: Some(Reason::NeedsApproval),
        ..decided
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::tests::{book, everyday};
    use crate::catalog::FieldId;
    use crate::facts::{Asked, RecordKey};
    use crate::words::AgeClass;

    fn shown(facts: Facts) -> Vec<(Outcome, Option<Reason>)> {
        let ids = ["derived.lives_in_area", "person.phone", "person.sex", "elder.living_alone"];
        let asked = ids.map(|id| Asked { record: RecordKey([1; 16]), field: FieldId::parse(id).unwrap() });
        book().decide(facts, &asked).fields().iter().map(|f| (f.outcome(), f.reason())).collect()
    }

    #[test]
    fn a_task_of_ones_own_making_gives_masks_and_nothing_sensitive() {
        use Outcome::{Clear, Denied, Derived, Masked};
        let all = |facts| shown(facts).iter().map(|(outcome, _)| *outcome).collect::<Vec<_>>();
        assert_eq!(all(everyday()), [Derived, Clear, Clear, Clear]);
        let own = || Facts { self_made: true, ..everyday() };
        assert_eq!(all(own()), [Derived, Masked, Denied, Denied], "a sex has no mask that hides anything");
        assert!(shown(own()).iter().skip(2).all(|(_, reason)| *reason == Some(Reason::NeedsApproval)));
        let child = Facts { age: AgeClass::Under14, confirmed: true, ..own() };
        assert_eq!(
            all(child),
            [Derived, Denied, Denied, Denied],
            "all of a child is sensitive, where it lives is the place's"
        );
    }
}
