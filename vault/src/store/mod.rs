//! The one way to the database, SQLite or PostgreSQL. Nobody outside this room sees sqlx; what comes out is ciphertext and
//! rows still to be checked.

mod bits;
mod copy;
mod database;
mod doctor;
mod entries;
mod forget;
mod gather;
mod heads;
mod insert;
mod keys;
mod lives;
mod load;
mod open;
mod prunings;
#[cfg(test)]
mod statements;
mod table;
mod tiles;
mod words;
mod write;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub use bits::{BLOCK, Bits};
use database::{Database, Rows, Value};
pub use doctor::Setting;
pub use entries::{EntryFilter, StoredEntry};
use gather::Gathering;
pub use heads::StoredHead;
pub use load::{EnvelopesRow, IdentityRows, LocatedRows, Shelf};
pub use open::Location;
pub use prunings::{Pruning, Removed};
use sqlx::SqlSafeStr;
pub use table::Table;
pub use tiles::StoredCheckpoint;
pub use words::{Counted, Posting, Tally, TallyFilter};
pub use write::{Batch, NewEntry, Term};

/// A row that a right relies on, as stored: nothing in it counts before its MAC is checked.
#[derive(Clone, Debug)]
pub struct Row {
    /// Where it lies.
    pub table: Table,
    /// Its key.
    pub id: Vec<u8>,
    /// Its revision, from 1, only growing.
    pub rev: i64,
    /// What it hangs on (see [`Table`]).
    pub parent: Option<Vec<u8>>,
    /// Its columns, as JSON.
    pub body: Vec<u8>,
    /// HMAC-SHA-256 under the tenant's facts key over table, id, revision, parent and body.
    pub mac: Vec<u8>,
    /// Number of the entry that made this revision (set by the writer).
    pub seq: i64,
}

/// Why the database did not do as asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// A row is there already, or was changed meanwhile.
    #[error("the row is there already or was changed meanwhile")]
    Conflict,
    /// The disk is full, read-only, broken or gone; nothing was written.
    #[error("the database cannot be read or written: {0}")]
    Unwritable(String),
    /// Another transaction was in the way: the whole of this one may be tried again.
    #[error("another transaction was in the way")]
    Retry,
    /// The connection was lost, or nothing was heard in time: what became of the statement is unknown.
    #[error("the connection to the database was lost")]
    Lost,
    /// Nothing is read from or written to a database that is set to lose commits.
    #[error("{0}")]
    Unsafe(String),
    /// An fsync failed: what is on disk is unknown.
    #[error("the database could not be made durable")]
    NotDurable,
    /// What is stored cannot be understood.
    #[error("the database holds what it should not: {0}")]
    Corrupt(&'static str),
    /// The schema is newer than this program, or was changed.
    #[error("the database does not fit this program: {0}")]
    Schema(String),
    /// Anything else, by its code; never the database's own words, which may quote a value.
    #[error("the database failed: {0}")]
    Other(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => {
                let code = error.code().unwrap_or_default().into_owned();
                match error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
                    Some(_) => of_postgres(&code),
                    None => of_sqlite(&code),
                }
            }
            sqlx::Error::Configuration(words) => Self::Unsafe(words.to_string()),
            sqlx::Error::RowNotFound => Self::Corrupt("a row is missing"),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                Self::Corrupt("a column has another type")
            }
            error => {
                tracing::warn!(%error, "the database did not answer");
                Self::Lost
            }
        }
    }
}

/// Extended result codes: <https://sqlite.org/rescode.html>.
fn of_sqlite(code: &str) -> StoreError {
    match code.parse::<u32>().unwrap_or(0) {
        1555 | 2067 | 787 => StoreError::Conflict,
        // SQLITE_IOERR_FSYNC, SQLITE_IOERR_DIR_FSYNC
        1034 | 1290 => StoreError::NotDurable,
        // low byte: SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL (a lock was not to be had in many tries)
        n if matches!(n & 0xff, 5 | 6 | 15) => StoreError::Retry,
        // low byte: SQLITE_READONLY, SQLITE_IOERR, SQLITE_CORRUPT (also what a read that failed with EIO is called),
        // SQLITE_FULL, SQLITE_CANTOPEN
        n if matches!(n & 0xff, 8 | 10 | 11 | 13 | 14) => StoreError::Unwritable(format!("code {code}")),
        _ => StoreError::Other(format!("code {code}")),
    }
}

/// SQLSTATE: PostgreSQL documentation, appendix A.
fn of_postgres(code: &str) -> StoreError {
    match code {
        "23505" | "23503" => StoreError::Conflict,
        // serialization_failure, deadlock_detected, lock_not_available
        "40001" | "40P01" | "55P03" => StoreError::Retry,
        // read_only_sql_transaction (a demoted server), insufficient resources, system errors
        "25006" => StoreError::Unwritable("the server is read-only".into()),
        _ if code.starts_with("53") || code.starts_with("58") => {
            StoreError::Unwritable(format!("code {code}"))
        }
        // connection exceptions, operator intervention, transaction timeouts: the session is gone
        _ if code.starts_with("08") || code.starts_with("57P") || code.starts_with("25P") => StoreError::Lost,
        _ => StoreError::Other(format!("code {code}")),
    }
}

/// One database; reads and the one writer's batches go through it.
pub struct Store {
    database: Arc<Database>,
    tenant: String,
    gathering: Gathering,
    statements: AtomicU64,
}

impl Store {
    /// Opens the database (making a file where `create` is said) and brings its schema up to date.
    pub async fn open(location: &Location, tenant: &str, create: bool) -> Result<Self, StoreError> {
        Ok(Self::over(open::open(location, create).await?, tenant.to_owned()))
    }

    /// Opens a database to verify it: read-only, without migrating, as one snapshot that a serving process does not move;
    /// the tenant is the one that the head row names.
    pub async fn open_to_verify(location: &Location) -> Result<Arc<Self>, StoreError> {
        let database = open::open_to_verify(location).await?;
        let rows = database.fetch("SELECT tenant FROM heads ORDER BY tenant LIMIT 1", &[]).await?;
        let tenant = rows.first().ok_or(StoreError::Corrupt("no log was begun in it"))?.text(0)?.to_owned();
        Ok(Arc::new(Self::over(database, tenant)))
    }

    fn over(database: Database, tenant: String) -> Self {
        let database = Arc::new(database);
        let gathering = Gathering::start(Arc::clone(&database), tenant.clone());
        Self { database, tenant, gathering, statements: AtomicU64::new(0) }
    }

    /// The tenant whose rows this store reads and writes.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// Statements asked of the database since start: equal answers must cost equal work.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Whether it is a file of this process's own, not a server's.
    pub fn is_file(&self) -> bool {
        self.database.is_file()
    }

    /// Closes every connection; a file is folded into one.
    pub async fn close(&self) {
        self.database.close().await;
    }

    /// After many rows came in: PostgreSQL counts anew what its tables hold, for it plans by that. Left to itself it does so
    /// within a minute, and until then reads a full table as if it were the empty one that it knew.
    pub async fn count_anew(&self) {
        if !self.database.is_file()
            && let Err(error) = self.database.fetch("ANALYZE", &[]).await
        {
            tracing::warn!(%error, "the tables were not counted anew");
        }
    }

    async fn fetch(&self, sql: impl SqlSafeStr, values: &[Value<'_>]) -> Result<Rows, StoreError> {
        self.asked();
        // On the heap: the driver's futures are large, and whoever reads only sometimes would carry their room always.
        Box::pin(self.database.fetch(sql, values)).await
    }

    fn asked(&self) {
        self.statements.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With a failed read SQLite says SQLITE_CORRUPT (11), with a lock that is not to be had SQLITE_PROTOCOL (15).
    #[test]
    fn what_a_disk_or_a_lock_fails_at_may_be_asked_again_later() {
        for code in ["8", "10", "266", "778", "11", "267", "13", "14"] {
            assert!(matches!(of_sqlite(code), StoreError::Unwritable(_)), "{code}");
        }
        for code in ["5", "517", "6", "15"] {
            assert!(matches!(of_sqlite(code), StoreError::Retry), "{code}");
        }
        assert!(matches!(of_sqlite("1034"), StoreError::NotDurable));
        assert!(matches!(of_sqlite("1"), StoreError::Other(_)));
    }
}
