//! What the lines of a proposal come to.

use super::super::people::NewPerson;
use crate::Vault;
use crate::authority::Confirmation;
use crate::identity::Caller;
use crate::import::ImportKind;
use crate::import::rows::{self, RowError};
use crate::register::tasks::invalid;
use crate::register::{RegisterError, add_areas, add_people, entry};
use crate::store::Table;
use crate::trail::Act;
use uuid::Uuid;

/// Made, and not yet recorded.
#[derive(Default)]
pub(super) struct Made {
    pub(super) acts: Vec<Act>,
    pub(super) people: Vec<NewPerson>,
    pub(super) residents: Vec<Uuid>,
    pub(super) errors: Vec<RowError>,
}

/// What the lines come to, nothing recorded yet; `signed` are the two who stand for what they say.
pub(super) async fn made(
    vault: &Vault,
    caller: &Caller,
    kind: ImportKind,
    lines: &[&str],
    signed: &[Confirmation],
    request: &str,
) -> Result<Made, RegisterError> {
    let numbered = || lines.iter().zip(1u64..);
    let entry = |kind| entry(kind, caller, request);
    let mut made = Made::default();
    match kind {
        ImportKind::Areas => {
            let rows = taken(numbered().map(|(line, n)| rows::area(line, n)), &mut made.errors);
            let (acts, errors) = add_areas(vault, rows, &entry)?;
            made.acts = acts;
            made.errors.extend(errors);
        }
        ImportKind::People => {
            let rows = taken(numbered().map(|(line, n)| rows::post(line, n)), &mut made.errors);
            for row in rows.iter().filter(|row| row.deputy) {
                not_oneself(vault, caller, &row.number).await?;
            }
            let added = add_people(vault, rows, signed, &entry).await?;
            (made.acts, made.people) = (added.acts, added.people);
            made.errors.extend(added.errors);
        }
        ImportKind::Residents | ImportKind::Premises => return Err(invalid("/kind", "not_proposed")),
    }
    Ok(made)
}

/// Nobody names oneself a deputy, nor confirms being one.
async fn not_oneself(vault: &Vault, caller: &Caller, number: &str) -> Result<(), RegisterError> {
    let reference = vault.keys.staff_term(number)?;
    let held = vault.store.children(Table::People, &reference).await?;
    let own = caller.holder().id();
    if held.iter().any(|row| row.id == own.as_bytes()) { Err(RegisterError::Forbidden) } else { Ok(()) }
}

fn taken<T>(rows: impl Iterator<Item = Result<T, RowError>>, refused: &mut Vec<RowError>) -> Vec<T> {
    rows.filter_map(|row| row.map_err(|error| refused.push(error)).ok()).collect()
}
