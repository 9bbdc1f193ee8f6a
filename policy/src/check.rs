//! Laws that the rules must keep, over every class that any permit reaches (values with equal masks stand for one another).

use crate::book::Book;
use crate::catalog::{FieldId, belongs};
use crate::compile::{Bits, and, first, set_row};
use crate::facts::{
    ACTION, AGE, BASIS, CONFIRMED, Class, DEPARTMENT, DUTY, FIELD, LETTER, NAMED, NAMES, POSTURE, PURPOSE,
    RECORD, RELATION, ROLE, TASK, TIER, values,
};
use crate::parse::Rule;
use crate::words::{
    Action, AgeClass, Basis, Department, Duty, Outcome, Posture, Purpose, RecordType, Relation, Role,
    TaskState, Tier,
};

/// Dimensions in which a better value never gives less, worst first.
fn ladders() -> [(usize, Vec<usize>); 7] {
    let relation = [Relation::Elsewhere, Relation::OwnStreet, Relation::OwnCommunity, Relation::OwnGrid];
    let task = [TaskState::None, TaskState::Closed, TaskState::Open, TaskState::OpenMine];
    let posture = [Posture::Lost, Posture::Unmanaged, Posture::Terminal, Posture::Office];
    [
        (RELATION, relation.map(Relation::index).to_vec()),
        (TASK, task.map(TaskState::index).to_vec()),
        (POSTURE, posture.map(Posture::index).to_vec()),
        (DUTY, [Duty::Off, Duty::Covering, Duty::On].map(Duty::index).to_vec()),
        (LETTER, vec![0, 1]),
        (CONFIRMED, vec![0, 1]),
        (NAMED, vec![0, 1]),
    ]
}

/// Why a ladder does not hold for a role, where that is meant.
pub struct Exceptions;

impl Exceptions {
    /// A service and a resident stand in one relation by nature, and a service's posture is its own word: there is no
    /// closer one to compare with.
    fn argued(class: &Class, dimension: usize) -> bool {
        let role = class.get(ROLE).copied();
        let fixed = [Role::Service, Role::Resident, Role::Guardian, Role::Proxy].map(Role::index);
        matches!(dimension, RELATION | POSTURE) && role.is_some_and(|r| fixed.contains(&r))
    }
}

type Law = fn(&Class, Outcome) -> Option<&'static str>;

const LAWS: [Law; 5] =
    [nothing_without_basis, no_persons_for_overseers, within_the_caps, sensitive_with_a_task, bare_devices];

/// Every law that the book breaks, in words; empty where all hold.
pub fn check(book: &Book) -> Vec<String> {
    let mut broken = Vec::new();
    for class in classes(book, usize::MAX) {
        let Some(outcome) = outcome(book, &class) else { continue };
        for law in LAWS {
            if let Some(words) = law(&class, outcome) {
                broken.push(format!("{words}: {}", describe(&class)));
            }
        }
        for (dimension, ladder) in ladders() {
            if let Some(words) = climbs(book, &class, outcome, dimension, &ladder) {
                broken.push(words);
            }
        }
    }
    broken.extend(never_deciding(book));
    broken.extend(ambiguous(book));
    broken.sort();
    broken.dedup();
    broken
}

/// A class for each distinct combination of masks that some permit holds; at most `limit` of each permit.
pub(crate) fn classes(book: &Book, limit: usize) -> Vec<Class> {
    let mut out = Vec::new();
    for rule in book.rules.iter().filter(|rule| !rule.denies()) {
        let near = near(book, rule);
        let choices: Vec<Vec<usize>> = rule
            .sets
            .iter()
            .enumerate()
            .map(|(dimension, set)| representatives(book, dimension, set, &near))
            .collect();
        let mut class: Class = Default::default();
        let mut of_rule = Vec::new();
        grow(&choices, 0, &mut class, &mut of_rule, limit);
        out.append(&mut of_rule);
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// The rows that can hold a class of the rule's box, or one that a step up a ladder leads to from there.
fn near(book: &Book, rule: &Rule) -> Bits {
    let climbed: Vec<usize> = ladders().iter().map(|(dimension, _)| *dimension).collect();
    let mut rows = Bits::default();
    for (row, other) in book.rules.iter().enumerate() {
        let meets = rule.sets.iter().zip(&other.sets).enumerate().all(|(dimension, (a, b))| {
            climbed.contains(&dimension) || dimension == TIER || a.iter().any(|value| b.contains(value))
        });
        if meets {
            set_row(&mut rows, row);
        }
    }
    rows
}

fn grow(choices: &[Vec<usize>], dimension: usize, class: &mut Class, out: &mut Vec<Class>, limit: usize) {
    if out.len() >= limit {
        return;
    }
    let Some(values) = choices.get(dimension) else {
        if let Some(tier) = tier_of(class).filter(|_| can_be(class)) {
            let mut class = *class;
            if let Some(place) = class.get_mut(TIER) {
                *place = tier;
            }
            out.push(class);
        }
        return;
    };
    // The tier follows from field and age; it is no choice of its own.
    let one = [0];
    let values = if dimension == TIER { one.as_slice() } else { values.as_slice() };
    for value in values {
        if let Some(place) = class.get_mut(dimension) {
            *place = *value;
        }
        grow(choices, dimension + 1, class, out, limit);
    }
}

/// Whether such a record holds such a field; places and tickets have no age.
fn can_be(class: &Class) -> bool {
    let record = class.get(RECORD).and_then(|i| RecordType::ALL.get(*i)).copied();
    let field = class.get(FIELD).and_then(|i| FieldId::all().nth(*i));
    record.zip(field).is_some_and(|(record, field)| {
        belongs(record, field) && (record == RecordType::Person || is(class, AGE, AgeClass::Adult.index()))
    })
}

fn tier_of(class: &Class) -> Option<usize> {
    let field = FieldId::all().nth(*class.get(FIELD)?)?;
    let age = AgeClass::ALL.get(*class.get(AGE)?)?;
    let tier = if field.record() == RecordType::Person { field.tier().effective(*age) } else { field.tier() };
    Some(tier.index())
}

/// Of a rule's values one for each distinct mask among the rows near it; what changes the tier, or what a
/// record can hold, is told apart too.
fn representatives(book: &Book, dimension: usize, set: &[usize], near: &Bits) -> Vec<usize> {
    let mut seen = Vec::new();
    let mut out = Vec::new();
    // From the last: of ages the adult's, which places and tickets have too.
    for value in set.iter().rev().copied() {
        let field = (dimension == FIELD).then(|| FieldId::all().nth(value)).flatten();
        let child = dimension == AGE && value == AgeClass::Under14.index();
        let record = (dimension == RECORD).then_some(value);
        let kind = field.map(|f| {
            (f.tier(), f.record(), RecordType::ALL.iter().map(|r| belongs(*r, f)).collect::<Vec<_>>())
        });
        // The laws look at these by name.
        let named = matches!(dimension, ROLE | PURPOSE | BASIS).then_some(value);
        let caps = (dimension == DEPARTMENT).then(|| {
            CAPS.iter().map(|(_, of, ..)| of.iter().any(|d| d.index() == value)).collect::<Vec<_>>()
        });
        let key = (and(book.masks.of(dimension, value), *near), kind, child, (record, named, caps));
        if !seen.contains(&key) {
            seen.push(key);
            out.push(value);
        }
    }
    out
}

fn outcome(book: &Book, class: &Class) -> Option<Outcome> {
    let row = first(&book.masks.rows(class))?;
    book.rules.get(row).map(|rule| rule.outcome).filter(|outcome| *outcome != Outcome::Denied)
}

fn gives(outcome: Option<Outcome>) -> u8 {
    match outcome {
        Some(Outcome::Clear) => 3,
        Some(Outcome::Masked | Outcome::Derived) => 2,
        Some(Outcome::Matched) => 1,
        _ => 0,
    }
}

fn is(class: &Class, dimension: usize, index: usize) -> bool {
    class.get(dimension) == Some(&index)
}

fn nothing_without_basis(class: &Class, _: Outcome) -> Option<&'static str> {
    is(class, BASIS, Basis::None.index()).then_some("something is given without a basis")
}

fn no_persons_for_overseers(class: &Class, _: Outcome) -> Option<&'static str> {
    let overseer = [Role::GridSupervisor, Role::GridInformant].iter().any(|r| is(class, ROLE, r.index()));
    let field = class.get(FIELD).and_then(|i| FieldId::all().nth(*i))?;
    (overseer && field.record() == RecordType::Person).then_some("an overseer sees a person's field")
}

/// The highest tier that a role may see in clear for a purpose (the need matrix by role): what the rules are held against,
/// written down apart from them. Left out: T1 at most. `[]`: whatever the department.
const CAPS: &[(Role, &[Department], Purpose, Tier)] = {
    use Department as D;
    use Purpose as P;
    use Role as R;
    use Tier::{T2, T3, T4};
    &[
        (R::GridChief, &[], P::CaseHandling, T2),
        (R::GridChief, &[], P::HomeVisitCare, T3),
        (R::GridChief, &[D::Minors], P::MinorProtection, T4),
        (R::GridChief, &[D::Justice], P::CommunityCorrectionsSupport, T4),
        (R::GridChief, &[D::Police], P::DomesticViolenceFollowup, T4),
        (R::GridChief, &[], P::DisputeMediation, T3),
        // The address alone is T2.
        (R::GridChief, &[], P::FireSafetyCheck, T2),
        (R::GridChief, &[], P::EmergencyRescue, T4),
        (R::GridChief, &[], P::DataQuality, T2),
        (R::GridAssistant, &[], P::CaseHandling, T2),
        (R::GridAssistant, &[D::CivilAffairs], P::HomeVisitCare, T3),
        (R::GridAssistant, &[D::CivilAffairs, D::Disability], P::SocialAssistance, T3),
        (R::GridAssistant, &[D::FloatingPopulation], P::FloatingPopulationRegistration, T2),
        (R::GridAssistant, &[D::Fire], P::FireSafetyCheck, T2),
        (R::GridAssistant, &[D::Labour], P::LabourInspectionAssist, T3),
        (R::GridAssistant, &[], P::EmergencyRescue, T2),
        (R::DispatchedOfficer, &[], P::CaseHandling, T2),
        (R::DispatchedOfficer, &[D::CivilAffairs], P::HomeVisitCare, T3),
        (R::DispatchedOfficer, &[D::CivilAffairs, D::Disability], P::SocialAssistance, T4),
        (R::DispatchedOfficer, &[D::Police, D::CivilAffairs], P::MinorProtection, T4),
        (R::DispatchedOfficer, &[D::Police], P::FloatingPopulationRegistration, T3),
        (R::DispatchedOfficer, &[D::Police, D::Housing], P::RentalSafetyCheck, T3),
        (R::DispatchedOfficer, &[D::Justice], P::CommunityCorrectionsSupport, T4),
        (R::DispatchedOfficer, &[D::Police], P::DomesticViolenceFollowup, T4),
        (R::DispatchedOfficer, &[D::Health], P::HealthFollowup, T4),
        (R::DispatchedOfficer, &[D::Justice], P::DisputeMediation, T3),
        (R::DispatchedOfficer, &[D::Police, D::Fire, D::Housing], P::FireSafetyCheck, T2),
        (R::DispatchedOfficer, &[], P::EmergencyRescue, T3),
        (R::DispatchedOfficer, &[], P::DataQuality, T3),
        (R::WindowClerk, &[], P::WindowService, T4),
        (R::PrivacyOfficer, &[], P::ResidentAccess, T4),
        (R::PrivacyOfficer, &[], P::ComplianceAudit, T3),
        (R::PrivacyOfficer, &[], P::LegalRequest, T4),
        (R::Resident, &[], P::ResidentAccess, T4),
        (R::Guardian, &[], P::ResidentAccess, T4),
        (R::Proxy, &[], P::ResidentAccess, T4),
        (R::Service, &[D::Hotline12345], P::CaseHandling, T2),
        (R::Service, &[D::ServiceCircle], P::ServiceMatching, T3),
        (R::Service, &[D::TerminalBackend], P::CaseHandling, T2),
        (R::Service, &[D::TerminalBackend], P::HomeVisitCare, T2),
        (R::Service, &[D::TerminalBackend], P::FireSafetyCheck, T2),
        (R::Service, &[D::TerminalBackend], P::RentalSafetyCheck, T2),
        (R::Service, &[D::TerminalBackend], P::FloatingPopulationRegistration, T2),
        (R::Service, &[D::TerminalBackend], P::EmergencyNotice, T2),
        (R::Service, &[D::TerminalBackend], P::EmergencyRescue, T2),
        (R::Service, &[D::TerminalBackend], P::DataQuality, T2),
    ]
};

fn within_the_caps(class: &Class, outcome: Outcome) -> Option<&'static str> {
    let at = |dimension: usize| class.get(dimension).copied();
    let tier = at(TIER).and_then(|i| Tier::ALL.get(i).copied())?;
    let shown = outcome == Outcome::Clear && at(ACTION) != Some(Action::Write.index());
    let cap = CAPS.iter().filter(|(role, departments, purpose, _)| {
        is(class, ROLE, role.index())
            && is(class, PURPOSE, purpose.index())
            && (departments.is_empty() || departments.iter().any(|d| is(class, DEPARTMENT, d.index())))
    });
    let cap = cap.map(|(.., tier)| *tier).max().unwrap_or(Tier::T1);
    (shown && tier > cap).then_some("a higher tier in clear than the need matrix names")
}

/// T3 and above in clear: with an open task of one's own that names the record, or where no task is asked for.
fn sensitive_with_a_task(class: &Class, outcome: Outcome) -> Option<&'static str> {
    let sensitive =
        class.get(TIER).is_some_and(|tier| *tier >= Tier::T3.index()) && outcome == Outcome::Clear;
    let own =
        is(class, RELATION, Relation::SelfRelation.index()) || is(class, TASK, TaskState::OpenMine.index());
    let rescue = is(class, BASIS, Basis::Emergency.index());
    (sensitive && !own && !rescue).then_some("T3 or above in clear without a task")
}

fn bare_devices(class: &Class, _: Outcome) -> Option<&'static str> {
    let bare = is(class, POSTURE, Posture::Unmanaged.index()) && !is(class, TIER, Tier::T1.index());
    (bare && !is(class, RELATION, Relation::SelfRelation.index()))
        .then_some("an unmanaged device shows T2 or more")
}

fn climbs(
    book: &Book,
    class: &Class,
    outcome: Outcome,
    dimension: usize,
    ladder: &[usize],
) -> Option<String> {
    let at = ladder.iter().position(|v| is(class, dimension, *v))?;
    if Exceptions::argued(class, dimension) {
        return None;
    }
    for better in ladder.iter().skip(at + 1) {
        let mut other = *class;
        *other.get_mut(dimension)? = *better;
        if gives(self::outcome(book, &other)) < gives(Some(outcome)) {
            let value = values(dimension).get(*better).copied().unwrap_or_default();
            return Some(format!(
                "a better {} (`{value}`) gives less: {}",
                NAMES.get(dimension)?,
                describe(class)
            ));
        }
    }
    None
}

/// Permits that no class reaches first.
fn never_deciding(book: &Book) -> Vec<String> {
    let mut decides = vec![false; book.rules.len()];
    for class in classes(book, usize::MAX) {
        if let Some(flag) = first(&book.masks.rows(&class)).and_then(|row| decides.get_mut(row)) {
            *flag = true;
        }
    }
    let idle = book.rules.iter().zip(decides).filter(|(rule, decides)| !rule.denies() && !decides);
    idle.map(|(rule, _)| format!("{} never decides", rule.id)).collect()
}

/// Permits that overlap with different outcomes though neither holds the other: the author must split them.
fn ambiguous(book: &Book) -> Vec<String> {
    let permits: Vec<_> = book.rules.iter().filter(|rule| !rule.denies()).collect();
    let mut out = Vec::new();
    for (i, a) in permits.iter().enumerate() {
        for b in permits.iter().skip(i + 1).filter(|b| b.outcome != a.outcome) {
            let pairs = || a.sets.iter().zip(&b.sets);
            let overlap = pairs().all(|(x, y)| x.iter().any(|v| y.contains(v)));
            let a_in_b = pairs().all(|(x, y)| x.iter().all(|v| y.contains(v)));
            let b_in_a = pairs().all(|(x, y)| y.iter().all(|v| x.contains(v)));
            if overlap && !a_in_b && !b_in_a {
                out.push(format!("{} and {} overlap and neither holds the other", a.id, b.id));
            }
        }
    }
    out
}

fn describe(class: &Class) -> String {
    let mut out = Vec::new();
    for (d, value) in class.iter().enumerate() {
        let skip = matches!(d, DEPARTMENT) && *value == 0;
        if let (false, Some(word)) = (skip, values(d).get(*value)) {
            out.push(*word);
        }
    }
    out.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::tests::book;

    #[test]
    fn the_rules_keep_every_law() {
        let broken = check(&book());
        assert!(
            broken.is_empty(),
            "{} broken:\n{}",
            broken.len(),
            broken.iter().take(20).cloned().collect::<Vec<_>>().join("\n")
        );
    }

    #[test]
    fn a_hole_is_found() {
        let rules = include_str!("../rules/rules.csv");
        let holed = rules.replacen("own_grid;ticket;case.*", "own_street;ticket;case.*", 1);
        assert_ne!(rules, holed);
        let bundle = crate::Bundle { rules: holed, ..crate::Bundle::builtin() };
        let book = Book::compile(&bundle, crate::Day::parse(crate::book::tests::DAY).unwrap()).unwrap();
        assert!(check(&book).iter().any(|words| words.contains("gives less")));
    }

    #[test]
    fn every_class_that_a_permit_reaches_is_decided_as_casbin_decides() {
        let book = book();
        let all = classes(&book, usize::MAX);
        let most = if std::env::var_os("GRIDVAULT_LONG").is_some() { all.len() } else { 20_000 };
        let step = (all.len() / most).max(1);
        let mut compared = 0;
        for class in all.iter().step_by(step) {
            let rows = book.masks.rows(class);
            let ours: Vec<usize> =
                (0..book.rules.len()).filter(|row| crate::compile::has_row(&rows, *row)).collect();
            assert_eq!(ours, book.engine.rows(class).unwrap(), "{}", describe(class));
            compared += 1;
        }
        assert!(compared > 1000);
    }

    #[test]
    fn random_classes_are_decided_as_casbin_decides() {
        let n = if std::env::var_os("GRIDVAULT_LONG").is_some() { 200_000 } else { 20_000 };
        book().check_against_engine(n, 7).unwrap();
    }

    #[test]
    fn casbin_filled_the_masks_as_the_columns_say() {
        let book = book();
        for (row, rule) in book.rules.iter().enumerate() {
            for (d, set) in rule.sets.iter().enumerate() {
                for value in 0..values(d).len() {
                    let held = crate::compile::has_row(&book.masks.of(d, value), row);
                    assert_eq!(held, set.contains(&value), "{} {} {value}", rule.id, NAMES[d]);
                }
            }
        }
    }
}
