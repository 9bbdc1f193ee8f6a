//! Owing a resident word of something: a row made in the transaction of what it is about, so that nothing is forgotten.

use uuid::Uuid;

use crate::authority::{Due, Why};
use crate::seal::{Keyring, SealError};
use crate::store::{Row, Table};

/// The row that says: this resident has to be told of that, from `since` on and until `by` at the latest. It is written with
/// the change that it tells of.
pub(super) fn owe(
    keys: &Keyring,
    resident: Uuid,
    (why, about): (Why, Uuid),
    (since, by): (i64, i64),
) -> Result<Row, SealError> {
    let due = Due { resident, why, about, since, by, told: None, overdue: false };
    keys.row(Table::Dues, Uuid::now_v7().as_bytes(), 1, Some(resident.as_bytes()), &due)
}
