//! The head row: how far the log has come, and the revision of rights.

use sqlx::Row as _;

use super::{Store, StoreError};

/// The head of the tenant's log as stored; only its signature makes it believable.
#[derive(Clone, Debug)]
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

impl Store {
    /// The head row, if the log was begun.
    pub async fn head(&self) -> Result<Option<StoredHead>, StoreError> {
        let row = sqlx::query(
            "SELECT size, leaf, at, frontier, facts_rev, checkpoint FROM heads WHERE tenant = $1",
        )
        .bind(&self.tenant)
        .fetch_optional(self.count())
        .await?;
        row.map(|row| {
            Ok(StoredHead {
                size: row.try_get(0)?,
                leaf: row.try_get(1)?,
                at: row.try_get(2)?,
                frontier: row.try_get(3)?,
                facts_rev: row.try_get(4)?,
                checkpoint: row.try_get(5)?,
            })
        })
        .transpose()
    }
}
