//! The mask-join rule: what fields of one answer give away together, though each alone is masked enough.
//!
//! An identity number (GB 11643) is region, date of birth, sequence with sex, and a check character. Beside its last four, a
//! year of birth leaves some thirty numbers, a month three: so the last four are shown only where nothing narrows the birth
//! to less than ten years, and no division is shown either; else whether a number is held, and no more.

use crate::catalog::FieldId;
use crate::decision::FieldDecision;
use crate::words::{AgeClass, Form, Outcome};

/// Lets identity numbers fall to presence where the same record's answer narrows them down.
pub(crate) fn join(fields: &mut [FieldDecision], age: AgeClass) {
    let narrowed: Vec<_> = fields.iter().filter(|d| narrows(d, age)).map(|d| d.record).collect();
    for decided in fields.iter_mut().filter(|d| shows_last_four(d)) {
        if narrowed.contains(&decided.record) {
            decided.form = Some(Form::Presence);
        }
    }
}

fn shows_last_four(decided: &FieldDecision) -> bool {
    decided.form == Some(Form::Id4) && is(decided.field, &["person.id_no"])
}

/// Whether it tells of the birth more than a band of ten years, or of the region.
fn narrows(decided: &FieldDecision, age: AgeClass) -> bool {
    if matches!(decided.outcome, Outcome::Denied | Outcome::Absent) {
        return false;
    }
    let wide = age == AgeClass::Adult;
    let hidden = matches!(decided.form, Some(Form::Flag | Form::Presence | Form::Hide));
    match decided.field.as_str() {
        "person.birth_date" if decided.form == Some(Form::Band) => !wide,
        "derived.age_band" => !wide,
        "derived.age_over_60" | "derived.age_over_80" | "derived.is_minor" => true,
        "person.birth_date" | "person.hukou_division" | "person.hukou_address" => !hidden,
        _ => false,
    }
}

fn is(field: FieldId, ids: &[&str]) -> bool {
    ids.contains(&field.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::tests::everyday;
    use crate::facts::{Asked, Facts, RecordKey};
    use crate::words::{Basis, Purpose, Role};

    fn forms(facts: Facts, ids: &[&str]) -> Vec<Option<Form>> {
        let asked =
            ids.iter().map(|id| Asked { record: RecordKey([1; 16]), field: FieldId::parse(id).unwrap() });
        let decision = crate::book::tests::book().decide(facts, &asked.collect::<Vec<_>>());
        decision.fields().iter().map(FieldDecision::form).collect()
    }

    #[test]
    fn the_last_four_are_shown_beside_a_wide_band_and_not_beside_less() {
        let audit = |age| Facts {
            role: Role::PrivacyOfficer,
            purpose: Purpose::ComplianceAudit,
            basis: Basis::StatutoryDuty,
            age,
            ..everyday()
        };
        let adult = audit(AgeClass::Adult);
        assert_eq!(forms(adult.clone(), &["person.id_no"]), [Some(Form::Id4)]);
        assert_eq!(
            forms(adult.clone(), &["person.id_no", "person.birth_date"]),
            [Some(Form::Id4), Some(Form::Band)]
        );
        let falls = [Some(Form::Presence), Some(Form::Province)];
        assert_eq!(forms(adult, &["person.id_no", "person.hukou_division"]), falls);
        // Four years' worth of birth dates, whichever was asked first.
        let child = audit(AgeClass::From14To17);
        assert_eq!(
            forms(child, &["person.birth_date", "person.id_no"]),
            [Some(Form::Band), Some(Form::Presence)]
        );
    }
}
