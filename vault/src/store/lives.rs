//! Former lives of a log: after an accepted loss its entries, tree and head lie under `<tenant>/<n>`, where nothing is added
//! any more, and a new log begins under the tenant's own name.

use std::sync::Arc;

use sqlx::AssertSqlSafe;

use super::database::values;
use super::gather::Gathering;
use super::{Row, Store, StoreError, Table};

/// Rows moved in one transaction.
const AT_A_TIME: i64 = 2000;
/// What belongs to a life, and how its rows are told apart in portions; the head last, for it says that all is moved.
const LIFE: [(&str, &str); 3] = [("entries", "seq"), ("entry_tags", "seq"), ("checkpoints", "slot")];
pub(super) const FORMER: &str = "SELECT tenant FROM heads WHERE tenant > $1 AND tenant < $2 ORDER BY tenant";
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

    /// Moves the log that lies under the tenant's name to that former life. Broken off, it goes on when it is asked again.
    pub async fn end_life(&self, former: &str) -> Result<(), StoreError> {
        for (table, number) in LIFE {
            let sql = format!(
                "UPDATE {table} SET tenant = $2 WHERE tenant = $1 AND {number} IN \
                 (SELECT {number} FROM {table} WHERE tenant = $1 ORDER BY {number} LIMIT $3)"
            );
            while self.move_some(&sql, values![self.tenant.as_str(), former, AT_A_TIME]).await? > 0 {}
        }
        // Made from the entries, and made anew from those of the new life.
        self.drop_words().await?;
        for table in ["tiles", "heads"] {
            let sql = format!("UPDATE {table} SET tenant = $2 WHERE tenant = $1");
            self.move_some(&sql, values![self.tenant.as_str(), former]).await?;
        }
        Ok(())
    }

    async fn move_some(&self, sql: &str, values: &[super::Value<'_>]) -> Result<u64, StoreError> {
        let mut batch = self.begin().await?;
        let moved = batch.run(AssertSqlSafe(sql.to_owned()), values).await?;
        batch.commit().await?;
        Ok(moved)
    }
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
