//! Laws that the rules must keep, over every class that any permit reaches (values with equal masks stand for one another).

use crate::book::Book;
use crate::catalog::FieldId;
use crate::compile::first;
use crate::facts::{
    AGE, BASIS, Class, DEPARTMENT, DIMENSIONS, FIELD, LETTER, NAMES, POSTURE, RELATION, ROLE, TASK, TIER,
    values,
};
use crate::words::{AgeClass, Basis, Outcome, Posture, RecordType, Relation, Role, TaskState, Tier};

/// Dimensions in which a better value never gives less, worst first.
fn ladders() -> [(usize, Vec<usize>); 4] {
    let relation = [Relation::Elsewhere, Relation::OwnStreet, Relation::OwnCommunity, Relation::OwnGrid];
    let task = [TaskState::None, TaskState::Closed, TaskState::Open, TaskState::OpenMine];
    let posture = [Posture::Lost, Posture::Unmanaged, Posture::Terminal, Posture::Office];
    [
        (RELATION, relation.map(Relation::index).to_vec()),
        (TASK, task.map(TaskState::index).to_vec()),
        (POSTURE, posture.map(Posture::index).to_vec()),
        (LETTER, vec![0, 1]),
    ]
}

/// Why a ladder does not hold for a role, where that is meant.
pub struct Exceptions;

impl Exceptions {
    /// A service and a resident stand in one relation by nature, and a service's posture is its own word: there is no
    /// closer one to compare with.
    fn argued(class: &Class, dimension: usize) -> bool {
        let role = class.get(ROLE).copied();
        let fixed = [Role::Service, Role::Resident].map(Role::index);
        matches!(dimension, RELATION | POSTURE) && role.is_some_and(|r| fixed.contains(&r))
    }
}

/// Every law that the book breaks, in words; empty where all hold.
pub fn check(book: &Book) -> Vec<String> {
    let mut broken = Vec::new();
    for class in classes(book, usize::MAX) {
        let Some(outcome) = outcome(book, &class) else { continue };
        for law in [nothing_without_basis, no_persons_for_overseers, special_only_to_oneself, bare_devices] {
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

/// A class for each distinct combination of masks that some permit holds; at most `limit`.
pub(crate) fn classes(book: &Book, limit: usize) -> Vec<Class> {
    let stands_for: Vec<Vec<usize>> = (0..DIMENSIONS).map(|d| representatives(book, d)).collect();
    let mut out = Vec::new();
    for rule in book.rules.iter().filter(|rule| !rule.denies()) {
        let choices: Vec<Vec<usize>> = rule
            .sets
            .iter()
            .zip(&stands_for)
            .map(|(set, reps)| reps.iter().copied().filter(|v| set.contains(v)).collect())
            .collect();
        let mut class: Class = Default::default();
        grow(&choices, 0, &mut class, &mut out, limit);
    }
    out.sort_unstable();
    out.dedup();
    out
}

fn grow(choices: &[Vec<usize>], dimension: usize, class: &mut Class, out: &mut Vec<Class>, limit: usize) {
    if out.len() >= limit {
        return;
    }
    let Some(values) = choices.get(dimension) else {
        if let Some(tier) = tier_of(class) {
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

fn tier_of(class: &Class) -> Option<usize> {
    let field = FieldId::all().nth(*class.get(FIELD)?)?;
    let age = AgeClass::ALL.get(*class.get(AGE)?)?;
    let tier = if field.record() == RecordType::Person { field.tier().effective(*age) } else { field.tier() };
    Some(tier.index())
}

/// One value for each distinct mask of a dimension; fields are told apart by tier too.
fn representatives(book: &Book, dimension: usize) -> Vec<usize> {
    let mut seen = Vec::new();
    let mut out = Vec::new();
    for value in 0..values(dimension).len() {
        let kind = (dimension == FIELD).then(|| FieldId::all().nth(value)).flatten();
        let key = (book.masks.of(dimension, value), kind.map(|f| (f.tier(), f.record())));
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

fn special_only_to_oneself(class: &Class, outcome: Outcome) -> Option<&'static str> {
    let special = is(class, TIER, Tier::T4.index()) && outcome == Outcome::Clear;
    // The police officer's identity number of a child is T4 by its age alone and is what registration is for.
    let child = is(class, AGE, AgeClass::Under14.index());
    (special && !child && !is(class, RELATION, Relation::SelfRelation.index()))
        .then_some("T4 is given in clear")
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

    #[test]
    fn the_rules_keep_every_law() {
        let broken = check(&Book::builtin().unwrap());
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
        let model = include_str!("../rules/model.conf");
        let book = Book::from_files(crate::BundleFiles { model, rules: &holed }).unwrap();
        assert!(check(&book).iter().any(|words| words.contains("gives less")));
    }

    #[test]
    fn every_class_that_a_permit_reaches_is_decided_as_casbin_decides() {
        let book = Book::builtin().unwrap();
        let all = classes(&book, usize::MAX);
        let step = (all.len() / 200_000).max(1);
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
        Book::builtin().unwrap().check_against_engine(n, 7).unwrap();
    }

    #[test]
    fn casbin_filled_the_masks_as_the_columns_say() {
        let book = Book::builtin().unwrap();
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
