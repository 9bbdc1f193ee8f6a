//! The policy as a table that an officer can read: for each role and purpose, from where, on what basis and with which task
//! which fields come out how, by which rule.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::book::Book;
use crate::catalog::{FieldId, belongs};
use crate::facts::{Asked, Facts, Reach, RecordKey};
use crate::words::{
    Action, AgeClass, Basis, Department, Duty, Outcome, Posture, Purpose, RecordType, Relation, Role,
    TaskState,
};

/// The circumstances of a cell: department, relation, basis, task, letter.
type Circumstances = [&'static str; 5];

const HEADS: [&str; 5] = ["department", "relation", "basis", "task", "letter"];

/// The table: adults, office devices (services: their own), on duty, everything covered by the basis.
pub fn matrix(book: &Book) -> String {
    let mut out = String::from(
        "# Who may see what: 角色 × 事由. Only what is permitted; all else is denied (R-000). Adults, managed devices, on duty.\n",
    );
    for role in Role::ALL {
        let mut none = true;
        for purpose in Purpose::ALL {
            for record in RecordType::ALL {
                let cells = cells(book, *role, *purpose, *record);
                if cells.is_empty() {
                    continue;
                }
                none = false;
                head(&mut out, *role, *purpose, *record);
                for (fields, circumstances) in cells {
                    body(&mut out, &fields, &circumstances);
                }
            }
        }
        if none {
            push(&mut out, &format!("\n## {} {} — {}\n  nothing 无\n", role.zh(), role.en(), role));
        }
    }
    out
}

/// What comes out (as text) with the circumstances in which it does.
fn cells(
    book: &Book,
    role: Role,
    purpose: Purpose,
    record: RecordType,
) -> BTreeMap<String, BTreeSet<Circumstances>> {
    let mut cells: BTreeMap<String, BTreeSet<Circumstances>> = BTreeMap::new();
    for department in Department::ALL.iter().filter(|d| book.uses_purpose(role, **d, purpose)) {
        for relation in Relation::ALL {
            for basis in Basis::ALL {
                for task in TaskState::ALL {
                    for letter in [false, true] {
                        let facts =
                            facts(role, purpose, record, (*department, *relation, *basis, *task, letter));
                        if !book.permits_any(&facts) {
                            continue;
                        }
                        let fields = fields(book, facts);
                        if !fields.is_empty() {
                            let letter = if letter { "yes" } else { "no" };
                            let circumstances = [
                                department.as_str(),
                                relation.as_str(),
                                basis.as_str(),
                                task.as_str(),
                                letter,
                            ];
                            cells.entry(fields).or_default().insert(circumstances);
                        }
                    }
                }
            }
        }
    }
    cells
}

fn facts(
    role: Role,
    purpose: Purpose,
    record: RecordType,
    (department, relation, basis, task, letter): (Department, Relation, Basis, TaskState, bool),
) -> Facts {
    Facts {
        role,
        department,
        relation,
        record,
        purpose,
        basis,
        action: Action::View,
        duty: Duty::On,
        posture: if role == Role::Service { Posture::Service } else { Posture::Office },
        task,
        age: AgeClass::Adult,
        deceased: false,
        letter,
        reach: Reach::All,
        why_task: None,
        why_basis: None,
    }
}

/// `outcome R-nnn form: fields`, a line each.
fn fields(book: &Book, facts: Facts) -> String {
    let asked: Vec<Asked> = FieldId::all()
        .filter(|field| belongs(facts.record, *field))
        .map(|field| Asked { record: RecordKey([0; 16]), field })
        .collect();
    let decision = book.decide(facts, &asked);
    let mut lines: BTreeMap<(u8, String), Vec<&str>> = BTreeMap::new();
    for d in decision.fields().iter().filter(|d| d.outcome() != Outcome::Denied) {
        let order = match d.outcome() {
            Outcome::Clear => 0,
            Outcome::Masked => 1,
            _ => 2,
        };
        let form = d.form().map(|f| format!(" {f}")).unwrap_or_default();
        lines
            .entry((order, format!("{} {}{form}", d.outcome(), d.rule())))
            .or_default()
            .push(d.field().as_str());
    }
    let mut out = String::new();
    for ((_, head), names) in lines {
        push(&mut out, &format!("    {head}: {}\n", names.join(" ")));
    }
    out
}

fn head(out: &mut String, role: Role, purpose: Purpose, record: RecordType) {
    let line =
        format!("\n## {} · {} · {} — {role} · {purpose} · {record}\n", role.zh(), purpose.zh(), record.zh());
    push(out, &line);
}

/// The circumstances as a product of lists where they are one, else one by one.
fn body(out: &mut String, fields: &str, circumstances: &BTreeSet<Circumstances>) {
    let mut sets: [BTreeSet<&str>; 5] = Default::default();
    for one in circumstances {
        for (set, word) in sets.iter_mut().zip(one) {
            set.insert(word);
        }
    }
    let product: usize = sets.iter().map(BTreeSet::len).product();
    if product == circumstances.len() {
        let parts: Vec<String> = HEADS
            .iter()
            .zip(&sets)
            .map(|(head, set)| {
                let all = *head == "department" && set.len() == Department::ALL.len();
                let words =
                    if all { "any".into() } else { set.iter().copied().collect::<Vec<_>>().join("|") };
                format!("{head} {words}")
            })
            .filter(|part| part != "letter no|yes")
            .collect();
        push(out, &format!("  {}\n", parts.join(", ")));
    } else {
        for one in circumstances {
            push(out, &format!("  {}\n", one.join(" ")));
        }
    }
    out.push_str(fields);
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
        let now = matrix(&Book::builtin().unwrap());
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/matrix.txt");
        if std::env::var_os("GRIDVAULT_BLESS").is_some() {
            std::fs::write(path, &now).unwrap();
        }
        let read = std::fs::read_to_string(path).unwrap_or_default();
        assert!(read == now, "the rules print another matrix: read it, then write it with GRIDVAULT_BLESS=1");
    }
}
