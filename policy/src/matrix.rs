//! The policy as a table that an officer can read: role × purpose × tier in both languages, and behind each cell the rules.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::book::Book;
use crate::catalog::FieldId;
use crate::compile::first;
use crate::facts::{
    ACTION, AGE, BASIS, CONFIRMED, Class, DEPARTMENT, DUTY, FIELD, LETTER, NAMED, NAMES, POSTURE, PURPOSE,
    RECORD, RELATION, ROLE, STATE, TASK, TIER, values,
};
use crate::parse::Rule;
use crate::words::{
    Action, AgeClass, Basis, Department, Outcome, Posture, Purpose, RecordState, RecordType, Relation, Role,
    TaskState, Tier,
};

/// What a cell of the table says: what is shown of a tier at best, to which departments.
type Cells = BTreeMap<(Role, Purpose, Tier), BTreeMap<Outcome, Vec<Department>>>;

/// The table, then the rules behind it by role and purpose.
pub fn matrix(book: &Book) -> String {
    let mut out = String::from(
        "# 谁能看什么 Who may see what\n\n每格是该级别信息最多能看到的程度；没有写的都不能看 (R-000)。括号里是岗位的部门，没有括号的不限部门。\n\
         Each cell says how much of a tier is shown at best; what is not written is denied (R-000). In brackets the post's \
         department; without brackets any.\n",
    );
    let cells = cells(book);
    for role in Role::ALL {
        push(&mut out, &format!("\n## {} {}\n\n", role.zh(), role.en()));
        let of_role: Vec<&Purpose> = Purpose::ALL
            .iter()
            .filter(|purpose| Tier::ALL.iter().any(|tier| cells.contains_key(&(*role, **purpose, *tier))))
            .collect();
        if of_role.is_empty() {
            out.push_str("不看任何信息 nothing\n");
            continue;
        }
        out.push_str(
            "| 事由 purpose | T1 业务 | T2 一般 | T3 敏感 | T4 特别敏感 |\n| --- | --- | --- | --- | --- |\n",
        );
        for purpose in of_role {
            push(&mut out, &format!("| {} {} |", purpose.zh(), purpose.en()));
            for tier in Tier::ALL {
                push(&mut out, &format!(" {} |", cell(cells.get(&(*role, *purpose, *tier)))));
            }
            out.push('\n');
        }
    }
    out.push_str("\n# 规则 The rules\n");
    for rule in in_order(book) {
        push(&mut out, &line(rule));
    }
    out
}

fn cells(book: &Book) -> Cells {
    let mut cells = Cells::new();
    for rule in book.rules.iter().filter(|rule| !rule.denies()) {
        for class in best(rule) {
            let decides = first(&book.masks.rows(&class)).and_then(|row| book.rules.get(row));
            let shows = decides.filter(|rule| !rule.denies()).map(|rule| rule.outcome);
            let words = (shows, at(&class, ROLE, Role::ALL), at(&class, PURPOSE, Purpose::ALL));
            let more = (at(&class, TIER, Tier::ALL), at(&class, DEPARTMENT, Department::ALL));
            if let ((Some(outcome), Some(role), Some(purpose)), (Some(tier), Some(department))) =
                (words, more)
            {
                let departments = cells.entry((role, purpose, tier)).or_default().entry(outcome).or_default();
                if !departments.contains(&department) {
                    departments.push(department);
                }
            }
        }
    }
    cells
}

fn at<T: Copy>(class: &Class, dimension: usize, all: &[T]) -> Option<T> {
    class.get(dimension).and_then(|i| all.get(*i)).copied()
}

/// The classes of a permit's box in the best circumstances, one for each role, department, purpose, field and age.
fn best(rule: &Rule) -> Vec<Class> {
    let set = |dimension: usize| rule.sets.get(dimension).map_or(&[][..], Vec::as_slice);
    let prefer = |dimension: usize, wanted: &[usize]| {
        let held = wanted.iter().find(|value| set(dimension).contains(value));
        held.or(set(dimension).first()).copied().unwrap_or(0)
    };
    let mut base: Class = Default::default();
    for (dimension, wanted) in [
        (RELATION, vec![Relation::OwnGrid.index(), Relation::SelfRelation.index()]),
        (RECORD, vec![RecordType::Person.index(), RecordType::Ticket.index()]),
        (BASIS, vec![Basis::StatutoryDuty.index()]),
        (ACTION, vec![Action::View.index()]),
        (DUTY, vec![0]),
        (POSTURE, vec![Posture::Office.index(), Posture::Service.index()]),
        (TASK, vec![TaskState::OpenMine.index()]),
        (STATE, vec![RecordState::Live.index()]),
        (NAMED, vec![1]),
        (LETTER, vec![1]),
        (CONFIRMED, vec![1]),
    ] {
        put(&mut base, dimension, prefer(dimension, &wanted));
    }
    let mut out = Vec::new();
    if !set(ACTION).contains(&Action::View.index()) {
        return out;
    }
    for (role, department, purpose, field, age) in
        product(set(ROLE), set(DEPARTMENT), set(PURPOSE), set(FIELD), set(AGE))
    {
        let (Some(id), Some(class)) = (FieldId::all().nth(field), AgeClass::ALL.get(age)) else { continue };
        let tier = if id.record() == RecordType::Person { id.tier().effective(*class) } else { id.tier() };
        if set(TIER).contains(&tier.index()) {
            let mut one = base;
            for (dimension, value) in [
                (ROLE, role),
                (DEPARTMENT, department),
                (PURPOSE, purpose),
                (FIELD, field),
                (AGE, age),
                (TIER, tier.index()),
            ] {
                put(&mut one, dimension, value);
            }
            out.push(one);
        }
    }
    out
}

fn product<'s>(
    roles: &'s [usize],
    departments: &'s [usize],
    purposes: &'s [usize],
    fields: &'s [usize],
    ages: &'s [usize],
) -> impl Iterator<Item = (usize, usize, usize, usize, usize)> + 's {
    roles.iter().flat_map(move |r| {
        departments.iter().flat_map(move |d| {
            purposes.iter().flat_map(move |p| {
                fields.iter().flat_map(move |f| ages.iter().map(move |a| (*r, *d, *p, *f, *a)))
            })
        })
    })
}

fn put(class: &mut Class, dimension: usize, value: usize) {
    if let Some(place) = class.get_mut(dimension) {
        *place = value;
    }
}

/// The best outcome for any department, then better ones for some.
fn cell(outcomes: Option<&BTreeMap<Outcome, Vec<Department>>>) -> String {
    let Some(outcomes) = outcomes else { return "—".into() };
    let mut parts = Vec::new();
    // From the most to the least; what a department sees clear need not be said masked too.
    let mut said: Vec<Department> = Vec::new();
    for outcome in [Outcome::Clear, Outcome::Masked, Outcome::Derived] {
        let Some(departments) = outcomes.get(&outcome) else { continue };
        let new: Vec<Department> = departments.iter().copied().filter(|d| !said.contains(d)).collect();
        said.extend(&new);
        if new.is_empty() {
            continue;
        }
        let all = departments.len() == Department::ALL.len();
        let names: Vec<&str> = new.iter().map(|d| d.zh()).collect();
        let names = if all { String::new() } else { format!("（{}）", names.join("、")) };
        parts.push(format!("{} {}{names}", outcome.zh(), outcome.en()));
    }
    parts.join("；")
}

fn in_order(book: &Book) -> Vec<&Rule> {
    let mut rules: Vec<&Rule> = book.rules.iter().collect();
    rules.sort_by_key(|rule| rule.id);
    rules
}

/// A rule: its sentences and law, when it holds, and its box.
fn line(rule: &Rule) -> String {
    let form = match (rule.form, rule.reason) {
        (Some(form), _) => format!(" {form} {}", form.zh()),
        (None, Some(reason)) => format!(" {reason}"),
        (None, None) => String::new(),
    };
    let days = match (rule.from, rule.to) {
        (None, None) => String::new(),
        (from, to) => {
            let day = |day: Option<crate::day::Day>| day.map_or_else(String::new, |day| day.to_string());
            format!(" [{}, {})", day(from), day(to))
        }
    };
    let mut out =
        format!("\n{} {}{form}{days}\n  {}\n  {}\n  {}\n", rule.id, rule.outcome, rule.zh, rule.en, rule.law);
    for (dimension, name) in NAMES.iter().enumerate() {
        let all = values(dimension);
        let set = rule.sets.get(dimension).map_or(&[][..], Vec::as_slice);
        if set.len() == all.len() || (dimension == ACTION && set == [Action::View.index()]) {
            continue;
        }
        let words: Vec<&str> = set.iter().filter_map(|i| all.get(*i).copied()).collect();
        push(&mut out, &format!("  {name}: {}\n", words.join(" ")));
    }
    let obligations: Vec<String> = rule.obligations.iter().map(ToString::to_string).collect();
    if !obligations.is_empty() {
        push(&mut out, &format!("  → {}\n", obligations.join(" ")));
    }
    out
}

fn push(out: &mut String, text: &str) {
    if write!(out, "{text}").is_err() {
        out.push('?');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_matrix_is_the_one_that_was_read() {
        let now = matrix(&crate::book::tests::book());
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/matrix.md");
        if std::env::var_os("GRIDVAULT_BLESS").is_some() {
            std::fs::write(path, &now).unwrap();
        }
        let read = std::fs::read_to_string(path).unwrap_or_default();
        assert!(read == now, "the rules print another matrix: read it, then write it with GRIDVAULT_BLESS=1");
    }
}
