//! Former lives of a log: after an accepted loss its entries, tree and head lie under `<tenant>/<n>`, where nothing is added
//! any more, and a new log begins under the tenant's own name. The head goes first: without it nobody appends.

use std::sync::Arc;

use sqlx::AssertSqlSafe;

use super::database::values;
use super::gather::Gathering;
use super::tiles::{ASKED, NEWEST, PUBLISH};
use super::{Row, Store, StoreError, StoredHead, Table};

/// Rows moved in one transaction.
const AT_A_TIME: i64 = 2000;
/// What belongs to a life beside its head, and the order in which its rows are moved, a portion at a time.
const REST: [(&str, &str); 4] =
    [("entries", "seq"), ("entry_tags", "tag, seq"), ("checkpoints", "slot"), ("tiles", "level, n")];
pub(super) const FORMER: &str = "SELECT tenant FROM heads WHERE tenant > $1 AND tenant < $2 ORDER BY tenant";
/// In the transaction that moves the head: its last checkpoint, and what was ordered to be removed of this log and no other.
pub(super) const END: [&str; 2] =
    ["UPDATE prunings SET tenant = $2 WHERE tenant = $1", "UPDATE heads SET tenant = $2 WHERE tenant = $1"];
pub(super) const LEFT: &str = "SELECT 1 FROM entries WHERE tenant = $1 UNION ALL SELECT 1 FROM entry_tags WHERE tenant = $1 \
     UNION ALL SELECT 1 FROM checkpoints WHERE tenant = $1 UNION ALL SELECT 1 FROM tiles WHERE tenant = $1 \
     UNION ALL SELECT 1 FROM prunings WHERE tenant = $1 LIMIT 1";
/// Behind every `<tenant>/…`.
const BEHIND: char = '0';

impl Store {
    /// The log of another life in the same database: `<tenant>/<n>`.
    pub fn of_life(&self, life: &str) -> Arc<Self> {
        let tenant = life.to_owned();
        let gathering = Gathering::start(Arc::clone(&self.database), tenant.clone());
        let statements = std::sync::atomic::AtomicU64::new(0);
        Arc::new(Self { database: Arc::clone(&self.database), tenant, gathering, statements })
    }

    /// The tenant's former lives, oldest first.
    pub async fn former_lives(&self) -> Result<Vec<String>, StoreError> {
        let (from, to) = (format!("{}/", self.tenant), format!("{}{BEHIND}", self.tenant));
        let rows = self.fetch(FORMER, values![from.as_str(), to.as_str()]).await?;
        let mut lives = rows.map(|row| Ok(row.text(0)?.to_owned()))?;
        lives.sort_by_key(|life| (life.len(), life.clone()));
        Ok(lives)
    }

    /// Ends the log whose head this is, all in one transaction under the head's lock: the head becomes its last checkpoint and
    /// goes to that former life, and what was ordered to be removed goes with it. A head that moved meanwhile is a conflict,
    /// and nothing is done.
    pub async fn end_life(&self, former: &str, head: &StoredHead) -> Result<(), StoreError> {
        let mut batch = self.begin().await?;
        if batch.lock_head().await?.as_ref() != Some(head) {
            batch.give_up().await?;
            return Err(StoreError::Conflict);
        }
        let tenant = self.tenant.as_str();
        let newest = |rows: super::Rows| {
            rows.first().map(|row| Ok::<_, StoreError>((row.int(0)?, row.int(1)?))).transpose()
        };
        let shown = newest(batch.conn.fetch(NEWEST, values![tenant, 1]).await?)?;
        if shown.is_none_or(|(_, size)| size != head.size) {
            let last = newest(batch.conn.fetch(NEWEST, values![tenant, 0]).await?)?;
            let slot = last.map_or(0, |(slot, _)| slot.saturating_add(1)).max(head.at.div_euclid(1_000_000));
            let note = head.checkpoint.as_str();
            batch.run(PUBLISH, values![tenant, slot, head.size, note]).await?;
            batch.run(ASKED, values![tenant, slot, note]).await?;
        }
        for sql in END {
            batch.run(sql, values![tenant, former]).await?;
        }
        batch.commit().await
    }

    /// Moves what still lies under the tenant's name behind its head, in portions. Where a log has its head there, nothing is
    /// moved: it is another one. Broken off, it goes on when it is asked again.
    pub async fn move_rest(&self, former: &str) -> Result<(), StoreError> {
        for (table, key) in REST {
            let sql = move_some(table, key);
            loop {
                let mut batch = self.begin().await?;
                let values = values![self.tenant.as_str(), former, AT_A_TIME];
                let moved = batch.run(AssertSqlSafe(sql.clone()), values).await?;
                batch.commit().await?;
                if moved == 0 {
                    break;
                }
            }
        }
        // Made from the entries, and made anew from those of the new life.
        if self.head().await?.is_none() {
            self.drop_words().await?;
        }
        Ok(())
    }

    /// Whether something of a log lies under the tenant's name beside its head.
    pub async fn is_left(&self) -> Result<bool, StoreError> {
        Ok(self.fetch(LEFT, values![self.tenant.as_str()]).await?.first().is_some())
    }
}

/// All in one statement: a new log's head and entries are there for it together, or neither is.
fn move_some(table: &str, key: &str) -> String {
    format!(
        "UPDATE {table} SET tenant = $2 WHERE tenant = $1 AND ({key}) IN \
         (SELECT {key} FROM {table} WHERE tenant = $1 ORDER BY {key} LIMIT $3) \
         AND NOT EXISTS (SELECT 1 FROM heads WHERE tenant = $1)"
    )
}

/// Every statement that moves what lies behind the head.
#[cfg(test)]
pub(super) fn moves() -> impl Iterator<Item = String> {
    REST.into_iter().map(|(table, key)| move_some(table, key))
}

impl super::Batch<'_> {
    /// Rows as they stand, made known to a new log: each gets the number of the entry that carries its digest.
    pub async fn restate(&mut self, rows: &[(&Row, i64)]) -> Result<(), StoreError> {
        for (row, seq) in rows {
            let values = values![self.tenant(), &row.id[..], row.rev, *seq];
            if self.run(AssertSqlSafe(restate(row.table)), values).await? != 1 {
                return Err(StoreError::Conflict);
            }
        }
        Ok(())
    }
}

pub(super) fn restate(table: Table) -> String {
    format!("UPDATE {} SET seq = $4 WHERE tenant = $1 AND id = $2 AND rev = $3", table.as_str())
}
