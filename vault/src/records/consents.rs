//! A person's consent events and mandates as their rows hold them.

use data_encoding::HEXLOWER;
use uuid::Uuid;

use crate::authority::{ConsentEvent, Header, Mandate};
use crate::seal::Keyring;
use crate::store::{Row, Table};

/// A person's consent events, whole.
#[derive(Clone, Default)]
pub struct ConsentLog {
    /// In their order: id, entry number, event.
    pub events: Vec<(Uuid, i64, ConsentEvent)>,
    /// Digest of the last one's row, hex.
    pub last: Option<String>,
}

/// The consent events; nothing where they are not all that the header counts, each once and each chained to the one before.
pub(crate) fn consent_events<'r>(
    keys: &Keyring,
    rows: impl Iterator<Item = &'r Row>,
    header: &Header,
) -> Option<ConsentLog> {
    let mut held: Vec<(&Row, Uuid, ConsentEvent)> = rows
        .filter(|row| row.table == Table::Consents)
        .filter_map(|row| Some((row, Uuid::from_slice(&row.id).ok()?, keys.check(row)?)))
        .collect();
    held.sort_by_key(|(_, _, event)| event.number);
    if !held.iter().map(|(_, _, event)| event.number).eq(1..=header.consents) {
        return None;
    }
    let mut before: Option<&Row> = None;
    for (row, _, event) in &held {
        let chained = event.prev.is_none() || event.prev == before.map(|row| digest(keys, row));
        if !chained {
            return None;
        }
        before = Some(row);
    }
    let last = before.map(|row| digest(keys, row));
    let events = held.into_iter().map(|(row, id, event)| (id, row.seq, event)).collect();
    Some(ConsentLog { events, last })
}

/// Who speaks for the person.
pub(crate) fn mandates<'r>(keys: &Keyring, rows: impl Iterator<Item = &'r Row>) -> Vec<(Uuid, Mandate)> {
    rows.filter(|row| row.table == Table::Mandates)
        .filter_map(|row| Some((Uuid::from_slice(&row.id).ok()?, keys.check(row)?)))
        .collect()
}

fn digest(keys: &Keyring, row: &Row) -> String {
    HEXLOWER.encode(&keys.digest(row))
}
