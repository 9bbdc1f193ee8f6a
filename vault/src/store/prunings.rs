//! How far old entries, or their private parts, were removed; and removing them.

use super::database::values;
use super::{Batch, Store, StoreError};

pub(super) const PRUNINGS: &str = "SELECT what, upto, done FROM prunings WHERE tenant = $1 ORDER BY what";
pub(super) const ORDER: &str = "INSERT INTO prunings (tenant, what, upto, done) VALUES ($1, $2, $3, 0) \
     ON CONFLICT (tenant, what) DO UPDATE SET upto = excluded.upto, done = 0 WHERE excluded.upto > prunings.upto";
pub(super) const DONE: &str = "UPDATE prunings SET done = 1 WHERE tenant = $1 AND what = $2 AND upto = $3";
pub(super) const REMOVE: &str = "DELETE FROM entries WHERE tenant = $1 AND seq = $2";
pub(super) const REMOVE_PRIVATE: &str =
    "UPDATE entries SET private = NULL, actor = NULL, record = NULL WHERE tenant = $1 AND seq = $2";
pub(super) const REMOVE_TAGS: &str = "DELETE FROM entry_tags WHERE tenant = $1 AND tag = $2 AND seq = $3";

/// What was ordered to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pruning {
    /// `entries` or `private_parts`.
    pub what: String,
    /// Of the entries before this number.
    pub upto: i64,
    /// Whether it was carried out.
    pub done: bool,
}

/// An entry to be removed, or its private part.
#[derive(Clone, Debug)]
pub struct Removed {
    /// Its number.
    pub seq: i64,
    /// The further audit tags that lie in the index for it.
    pub tags: Vec<Vec<u8>>,
    /// The keys of the words that are removed.
    pub words: Vec<i64>,
}

impl Store {
    /// What was ordered to be removed so far.
    pub async fn prunings(&self) -> Result<Vec<Pruning>, StoreError> {
        self.fetch(PRUNINGS, values![self.tenant.as_str()]).await?.map(|row| {
            Ok(Pruning { what: row.text(0)?.to_owned(), upto: row.int(1)?, done: row.int(2)? == 1 })
        })
    }

    /// It was carried out.
    pub async fn pruned(&self, pruning: &Pruning) -> Result<(), StoreError> {
        let values = values![self.tenant.as_str(), pruning.what.as_str(), pruning.upto];
        self.execute_alone(DONE, values).await.map(|_| ())
    }

    /// Removes entries whole, or their private parts alone, with what the index has of them.
    pub async fn remove(&self, entries: &[Removed], whole: bool) -> Result<(), StoreError> {
        let mut batch = self.begin().await?;
        batch.forget(entries).await?;
        let sql = if whole { REMOVE } else { REMOVE_PRIVATE };
        for entry in entries {
            batch.run(sql, values![self.tenant.as_str(), entry.seq]).await?;
            for tag in &entry.tags {
                batch.run(REMOVE_TAGS, values![self.tenant.as_str(), &tag[..], entry.seq]).await?;
            }
        }
        batch.commit().await
    }
}

impl Batch<'_> {
    /// Orders a removal.
    pub async fn order_pruning(&mut self, what: &str, upto: i64) -> Result<(), StoreError> {
        let tenant = self.tenant();
        self.run(ORDER, values![tenant, what, upto]).await.map(|_| ())
    }
}
