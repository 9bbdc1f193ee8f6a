//! Rows of one import that are of the same person: the first counts, unless it is refused.

use std::collections::{HashMap, HashSet};

use gridvault_policy::FieldId;

use super::rows::{ResidentRow, RowError};
use crate::Vault;
use crate::records::values::normalise_for_index;

/// A person, by the blind index of the ID number.
type Person = Vec<u8>;

/// Whose rows an import has taken so far.
#[derive(Default)]
pub(super) struct People(HashSet<Person>);

/// Rows whose person has had one, and who the first rows are of.
pub(super) struct Later {
    people: HashMap<u64, Person>,
    again: Vec<(ResidentRow, Person)>,
}

impl People {
    /// The first row of each person, and the later ones.
    pub(super) fn split(&mut self, vault: &Vault, rows: Vec<ResidentRow>) -> (Vec<ResidentRow>, Later) {
        let (mut first, mut later) = (Vec::new(), Later { people: HashMap::new(), again: Vec::new() });
        for row in rows {
            match person(vault, &row) {
                Some(person) if self.0.contains(&person) => later.again.push((row, person)),
                person => {
                    self.0.extend(person.clone());
                    later.people.extend(person.map(|person| (row.row, person)));
                    first.push(row);
                }
            }
        }
        (first, later)
    }

    /// Once it is known which of the first rows are refused: the rows that stand in for them, and the duplicates.
    pub(super) fn settle(&mut self, later: Later, refused: &[RowError]) -> (Vec<ResidentRow>, Vec<RowError>) {
        let freed: HashSet<&Person> =
            refused.iter().filter_map(|error| later.people.get(&error.row)).collect();
        self.0.retain(|person| !freed.contains(person));
        let (mut next, mut duplicates) = (Vec::new(), Vec::new());
        for (row, person) in later.again {
            if freed.contains(&person) {
                next.push(row);
            } else {
                duplicates.push(RowError {
                    row: row.row,
                    column: "person.id_no".into(),
                    code: "same_person",
                });
            }
        }
        (next, duplicates)
    }
}

fn person(vault: &Vault, row: &ResidentRow) -> Option<Person> {
    let (field, value) = row.fields.iter().find(|(field, _)| field.as_str() == "person.id_no")?;
    let field: FieldId = *field;
    vault.keys.index_term(field, normalise_for_index(field, value.reveal()).reveal())
}
