//! The head row: how far the log has come, and the revision of rights.

use super::database::{Cells, values};
use super::{Store, StoreError};

/// The head of the tenant's log as stored; only its signature makes it believable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredHead {
    /// Entries in the log.
    pub size: i64,
    /// Leaf hash of the last entry (32 bytes).
    pub leaf: Vec<u8>,
    /// Log time of the last entry, microseconds.
    pub at: i64,
    /// The right-edge nodes of the tree.
    pub frontier: Vec<u8>,
    /// Raised by each change that can narrow a right.
    pub facts_rev: i64,
    /// The signed head, as a note.
    pub checkpoint: String,
}

pub(super) const HEAD: &str =
    "SELECT size, leaf, at, frontier, facts_rev, checkpoint FROM heads WHERE tenant = $1";

impl Store {
    /// The head row, if the log was begun.
    pub async fn head(&self) -> Result<Option<StoredHead>, StoreError> {
        self.fetch(HEAD, values![self.tenant.as_str()]).await?.first().map(head).transpose()
    }
}

pub(super) fn head(row: Cells<'_>) -> Result<StoredHead, StoreError> {
    Ok(StoredHead {
        size: row.int(0)?,
        leaf: row.bytes(1)?.to_vec(),
        at: row.int(2)?,
        frontier: row.bytes(3)?.to_vec(),
        facts_rev: row.int(4)?,
        checkpoint: row.text(5)?.to_owned(),
    })
}
