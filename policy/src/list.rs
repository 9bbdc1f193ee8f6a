//! What a list may show of a decision: T1, and T2 masked; T2 in clear only where few are asked for one task; T3 and above never.

use crate::decision::{Decision, FieldDecision, RuleId};
use crate::join::join;
use crate::words::{Form, Outcome, Reason, Tier};

/// How a record is shown together with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// As one of many: T2 masked.
    Many,
    /// As one of a few within one task: T2 as the rules have it.
    Few,
}

impl Decision {
    /// The same decision for a list: what is too much for one is masked, or denied as `tier_list`.
    #[must_use]
    pub fn listed(mut self, listing: Listing) -> Self {
        let facts = self.facts.clone();
        for decided in &mut self.fields {
            let tier = facts.effective_tier(decided.field);
            match decided.outcome {
                Outcome::Denied | Outcome::Absent => {}
                _ if tier > Tier::T2 => deny(decided),
                Outcome::Clear if tier == Tier::T2 && listing == Listing::Many => mask(decided),
                _ => {}
            }
        }
        join(&mut self.fields, facts.age);
        if self.verdict() == crate::decision::Verdict::Denied {
            self.obligations.clear();
        }
        self
    }
}

/// To the field's own mask, where it has one that hides something and shows something.
fn mask(decided: &mut FieldDecision) {
    match decided.field.mask() {
        Form::None | Form::Hide => deny(decided),
        form => (decided.outcome, decided.form) = (Outcome::Masked, Some(form)),
    }
}

fn deny(decided: &mut FieldDecision) {
    decided.outcome = Outcome::Denied;
    (decided.rule, decided.form, decided.reason) = (RuleId::NONE, None, Some(Reason::TierList));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::tests::{book, everyday};
    use crate::catalog::FieldId;
    use crate::facts::{Asked, Facts, RecordKey};
    use crate::words::AgeClass;

    fn shown(facts: Facts, listing: Listing) -> Vec<(Outcome, Option<Form>, Option<Reason>)> {
        let ids =
            ["person.name", "person.phone", "person.sex", "elder.living_alone", "derived.lives_in_area"];
        let asked = ids.map(|id| Asked { record: RecordKey([1; 16]), field: FieldId::parse(id).unwrap() });
        let decision = book().decide(facts, &asked).listed(listing);
        decision.fields().iter().map(|f| (f.outcome(), f.form(), f.reason())).collect()
    }

    #[test]
    fn a_list_shows_the_first_tier_and_masks_and_nothing_above() {
        let denied = (Outcome::Denied, None, Some(Reason::TierList));
        let derived = (Outcome::Derived, None, None);
        let many = shown(everyday(), Listing::Many);
        let masked = |form| (Outcome::Masked, Some(form), None);
        // A sex has no mask that would hide anything.
        assert_eq!(many, [masked(Form::Name), masked(Form::Tel), denied, denied, derived]);
        let clear = (Outcome::Clear, None, None);
        assert_eq!(shown(everyday(), Listing::Few), [clear, clear, clear, denied, derived]);
    }

    #[test]
    fn a_child_is_in_no_list() {
        let child = Facts { age: AgeClass::Under14, confirmed: true, ..everyday() };
        for (outcome, _, _) in shown(child, Listing::Few).iter().take(4) {
            assert_eq!(*outcome, Outcome::Denied);
        }
    }
}
