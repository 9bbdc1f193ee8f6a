//! The one way to the database. Nobody outside this room sees sqlx; what comes out is ciphertext and rows still to be checked.

mod entries;
mod heads;
mod load;
mod table;
mod write;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

pub use entries::{EntryFilter, StoredEntry};
pub use heads::StoredHead;
pub use load::{EnvelopeRow, IdentityRows, LocatedRows};
pub use table::Table;
pub use write::{Batch, NewEntry, Term};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/sqlite");

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
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A row is there already, or was changed meanwhile.
    #[error("the row is there already or was changed meanwhile")]
    Conflict,
    /// The disk is full, read-only or gone; nothing was written.
    #[error("the database cannot be written: {0}")]
    Unwritable(String),
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
        match &error {
            sqlx::Error::Database(db) => {
                let code = db.code().unwrap_or_default().into_owned();
                match code.parse::<u32>().unwrap_or(0) {
                    1555 | 2067 | 787 => Self::Conflict,
                    // SQLITE_IOERR_FSYNC, SQLITE_IOERR_DIR_FSYNC
                    1034 | 1290 => Self::NotDurable,
                    // low byte: SQLITE_READONLY, SQLITE_IOERR, SQLITE_FULL, SQLITE_CANTOPEN
                    n if matches!(n & 0xff, 8 | 10 | 13 | 14) => Self::Unwritable(format!("code {code}")),
                    _ => Self::Other(format!("code {code}")),
                }
            }
            sqlx::Error::RowNotFound => Self::Corrupt("a row is missing"),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                Self::Corrupt("a column has another type")
            }
            sqlx::Error::PoolTimedOut => Self::Other("no connection within the time allowed".into()),
            _ => Self::Other("connection".into()),
        }
    }
}

/// One database; reads and the one writer's batches go through it.
pub struct Store {
    readers: SqlitePool,
    writer: SqlitePool,
    tenant: String,
    statements: AtomicU64,
}

impl Store {
    /// Opens (and where `create` is said, makes) the SQLite file at `path`, and brings its schema up to date.
    pub async fn open(path: &Path, tenant: &str, create: bool) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(create)
            .page_size(8192)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .pragma("secure_delete", "ON")
            .pragma("trusted_schema", "OFF")
            .pragma("cell_size_check", "ON")
            .pragma("journal_size_limit", "67108864");
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.clone())
            .await?;
        MIGRATIONS.run(&writer).await.map_err(|e| StoreError::Schema(schema_fault(&e)))?;
        let readers = SqlitePoolOptions::new()
            .max_connections(8)
            .acquire_timeout(Duration::from_secs(5))
            .connect_with(options.read_only(true).create_if_missing(false).pragma("query_only", "ON"))
            .await?;
        Ok(Self { readers, writer, tenant: tenant.to_owned(), statements: AtomicU64::new(0) })
    }

    /// Opens a database to verify it: read-only, without migrating, as one snapshot that a serving process does not move;
    /// the tenant is the one that the head row names.
    pub async fn open_to_verify(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new().filename(path).read_only(true).pragma("query_only", "ON");
        let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let snapshot = pool.after_connect(|connection, _| {
            Box::pin(async move { sqlx::query("BEGIN").execute(connection).await.map(|_| ()) })
        });
        let readers = snapshot.connect_with(options).await?;
        let named = sqlx::query_scalar("SELECT tenant FROM heads ORDER BY tenant LIMIT 1")
            .fetch_optional(&readers)
            .await?;
        let tenant = named.ok_or(StoreError::Corrupt("no log was begun in it"))?;
        Ok(Self { writer: readers.clone(), readers, tenant, statements: AtomicU64::new(0) })
    }

    /// The tenant whose rows this store reads and writes.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// Statements asked of the database since start: equal answers must cost equal work.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Folds the write-ahead log into the file and closes it, so that a clean stop leaves one file.
    pub async fn close(&self) {
        self.readers.close().await;
        let folded = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.writer).await;
        if let Err(error) = folded.map_err(StoreError::from) {
            tracing::warn!(%error, "the write-ahead log was not folded in");
        }
        self.writer.close().await;
    }

    fn count(&self) -> &SqlitePool {
        self.statements.fetch_add(1, Ordering::Relaxed);
        &self.readers
    }
}

fn schema_fault(error: &sqlx::migrate::MigrateError) -> String {
    match error {
        sqlx::migrate::MigrateError::VersionMissing(v) => {
            format!("migration {v} is unknown here: use a newer gridvault")
        }
        sqlx::migrate::MigrateError::VersionMismatch(v) => format!("migration {v} was changed after it ran"),
        _ => "a migration failed".into(),
    }
}
