//! Finding records by what the indexes say, every header checked: who lives at a premises, who lives in a cell.

use gridvault_policy::{RecordType, Scheme};
use uuid::Uuid;

use super::Found;
use crate::Vault;
use crate::authority::{Area, Header};
use crate::seal::Candidate;
use crate::store::{Row, StoreError, Table};

/// The number under which the index keeps cells, which no field has.
pub const CELL: u16 = u16::MAX;
/// Premises in one cell at most, and people in one search.
const PREMISES: i64 = 5_000;
const PEOPLE: usize = 20_000;

/// Records with their envelopes, to be compared under a receipt.
pub type People = Vec<Candidate>;

/// The records of these ids that are there and of that kind, with their envelopes; the same work for those that are not.
pub async fn by_ids(vault: &Vault, kind: RecordType, ids: &[Vec<u8>]) -> Result<People, StoreError> {
    let keys: Vec<&[u8]> = ids.iter().map(Vec::as_slice).collect();
    let rows = vault.store.rows(Table::Records, &keys).await?;
    for _ in rows.len()..keys.len() {
        vault.keys.check_nothing();
    }
    with_envelopes(vault, kind, &rows, &keys).await
}

/// The residents of these premises.
pub async fn living_at(vault: &Vault, premises: &[Uuid]) -> Result<People, StoreError> {
    let homes: Vec<&[u8]> = premises.iter().map(|id| &id.as_bytes()[..]).collect();
    let mut rows = vault.store.children_of(Table::Records, &homes).await?;
    rows.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    rows.dedup_by(|a, b| a.id == b.id);
    rows.truncate(PEOPLE);
    let keys: Vec<&[u8]> = rows.iter().map(|row| row.id.as_slice()).collect();
    with_envelopes(vault, RecordType::Person, &rows, &keys).await
}

/// The residents whose homes lie in that cell now, of whatever area has merged into it.
pub async fn living_in(vault: &Vault, scheme: Scheme, cell: &str, at: i64) -> Result<People, StoreError> {
    let areas = vault.areas();
    let codes = areas.all().filter(|area| {
        area.scheme == scheme && areas.cell(scheme, &area.code, at).is_some_and(|now| now.code == cell)
    });
    let mut ids = Vec::new();
    for code in codes {
        ids.extend(vault.store.holders(CELL, &Area::id(scheme, &code.code), PREMISES).await?);
    }
    let keys: Vec<&[u8]> = ids.iter().map(Vec::as_slice).collect();
    let rows = vault.store.rows(Table::Records, &keys).await?;
    let within = rows.iter().filter_map(|row| found(vault, row)).filter(|premises| {
        let code = premises.header.cell(scheme, at);
        code.and_then(|code| areas.cell(scheme, code, at)).is_some_and(|now| now.code == cell)
    });
    let premises: Vec<Uuid> = within.map(|premises| premises.id).collect();
    living_at(vault, &premises).await
}

fn found(vault: &Vault, row: &Row) -> Option<Found> {
    let header = vault.keys.check::<Header>(row)?;
    Some(Found { id: Uuid::from_slice(&row.id).ok()?, rev: row.rev, header })
}

async fn with_envelopes(
    vault: &Vault,
    kind: RecordType,
    rows: &[Row],
    keys: &[&[u8]],
) -> Result<People, StoreError> {
    let mut envelopes: std::collections::HashMap<Vec<u8>, _> =
        vault.store.envelopes(keys).await?.into_iter().map(|row| (row.record.clone(), row)).collect();
    let people = rows.iter().filter_map(|row| found(vault, row)).filter(|found| found.header.kind == kind);
    let candidate = |found: Found| {
        let envelopes = envelopes.remove(&found.id.as_bytes()[..])?;
        Some(Candidate { record: found.id, rev: found.header.envelopes, envelopes })
    };
    Ok(people.filter_map(candidate).collect())
}
