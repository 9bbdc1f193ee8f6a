//! Laws that the rules must keep, over every class that any permit reaches (values with equal masks stand for one another).

use crate::book::Book;
use crate::caps::CAPS;
use crate::catalog::FieldId;
use crate::classes::{classes, is};
use crate::compile::first;
use crate::facts::{
    ACTION, BASIS, CONFIRMED, Class, DEPARTMENT, DUTY, FIELD, LETTER, NAMED, NAMES, POSTURE, PURPOSE,
    RELATION, ROLE, TASK, TIER, values,
};
use crate::instruments::{items, of_the_committee};
use crate::words::{
    Action, Basis, Duty, Outcome, Posture, Purpose, RecordType, Relation, Role, TaskState, Tier,
};

/// Dimensions in which a better value never gives less, worst first.
pub(crate) fn ladders() -> [(usize, Vec<usize>); 7] {
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

const LAWS: [Law; 6] = [
    nothing_without_basis,
    no_persons_for_overseers,
    within_the_caps,
    sensitive_with_a_task,
    bare_devices,
    on_the_task_list,
];

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

fn nothing_without_basis(class: &Class, _: Outcome) -> Option<&'static str> {
    is(class, BASIS, Basis::None.index()).then_some("something is given without a basis")
}

fn no_persons_for_overseers(class: &Class, _: Outcome) -> Option<&'static str> {
    let overseer = [Role::GridSupervisor, Role::GridInformant].iter().any(|r| is(class, ROLE, r.index()));
    let field = class.get(FIELD).and_then(|i| FieldId::all().nth(*i))?;
    (overseer && field.record() == RecordType::Person).then_some("an overseer sees a person's field")
}

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

/// A residents' committee's people are asked for nothing beyond the published list (北京市街道办事处条例 32(2)).
fn on_the_task_list(class: &Class, _: Outcome) -> Option<&'static str> {
    let committee =
        Role::ALL.iter().filter(|role| of_the_committee(**role)).any(|role| is(class, ROLE, role.index()));
    let purpose = class.get(PURPOSE).and_then(|i| Purpose::ALL.get(*i))?;
    let listed = items().iter().any(|item| item.purposes.contains(purpose));
    (committee && !listed).then_some("a committee's role has a purpose that no item of the task list names")
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
    fn d36_a_rule_that_gives_the_committee_a_purpose_off_the_task_list_is_found() {
        let rules = include_str!("../rules/rules.csv");
        let mut lines = rules.lines().filter(|line| line.starts_with("R-025;"));
        let line =
            lines.next().unwrap().replace("R-025;", "R-398;").replace("home_visit_care", "social_assistance");
        let bundle = crate::Bundle { rules: format!("{rules}{line}\n"), ..crate::Bundle::builtin() };
        let book = Book::compile(&bundle, crate::Day::parse(crate::book::tests::DAY).unwrap()).unwrap();
        assert!(check(&book).iter().any(|words| words.contains("task list")));
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
