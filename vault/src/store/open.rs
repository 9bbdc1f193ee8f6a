//! Opening a database: where it lies, how its connections are set, and what is refused because it would lose commits.

use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgSslMode};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};

use super::StoreError;
use super::database::{Database, READERS};

pub(super) static SQLITE: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/sqlite");
pub(super) static POSTGRES: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/postgres");

/// Where a database lies.
#[derive(Clone)]
pub enum Location {
    /// An SQLite file.
    File(PathBuf),
    /// A PostgreSQL database.
    Server(Box<PgConnectOptions>),
}

impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_string())
    }
}

/// Never a password.
impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "sqlite://{}", path.display()),
            Self::Server(options) => {
                write!(f, "postgres://{}/{}", options.get_host(), options.get_database().unwrap_or_default())
            }
        }
    }
}

impl Location {
    /// Reads `sqlite://PATH` or `postgres://…`; the latter off this host only with `sslmode=verify-full`. Gives words for the operator.
    pub fn parse(url: &str) -> Result<Self, String> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            return Ok(Self::File(path.into()));
        }
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err("must begin with sqlite:// or postgres://".into());
        }
        let options = PgConnectOptions::from_str(url).map_err(|_| "is no PostgreSQL URL".to_owned())?;
        let here = options.get_socket().is_some()
            || options.get_host().starts_with('/')
            || matches!(options.get_host(), "localhost" | "127.0.0.1" | "::1" | "[::1]");
        if !here && !matches!(options.get_ssl_mode(), PgSslMode::VerifyFull) {
            return Err("names another host: add sslmode=verify-full (and sslrootcert)".into());
        }
        Ok(Self::Server(Box::new(options.application_name("gridvault").disable_statement_logging())))
    }

    /// The file, where it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Server(_) => None,
        }
    }
}

/// Opens it (making the file where `create` is said) and brings its schema up to date.
pub(super) async fn open(location: &Location, create: bool) -> Result<Database, StoreError> {
    match location {
        Location::File(path) => open_sqlite(path, create).await,
        Location::Server(options) => open_postgres(options).await,
    }
}

async fn open_sqlite(path: &Path, create: bool) -> Result<Database, StoreError> {
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
        .pragma("journal_size_limit", "67108864")
        // Fewer, larger checkpoints (32 MiB): pages of the indexes that are written again and again are then copied once.
        .pragma("wal_autocheckpoint", "4096")
        .statement_cache_capacity(512)
        .disable_statement_logging();
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(options.clone().pragma("cache_size", "-32768"))
        .await?;
    fold(&writer).await?;
    migrate(SQLITE.run(&writer).await)?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(Duration::from_secs(5))
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(options.read_only(true).create_if_missing(false).pragma("query_only", "ON"))
        .await?;
    Ok(Database::Sqlite { readers, writer })
}

/// Behind a failed fsync, what the process before left in the write-ahead log may lie in the page cache alone, and a repeated
/// fsync proves nothing. Copied into the database it is written anew, before any commit is built on it.
async fn fold(writer: &SqlitePool) -> Result<(), StoreError> {
    let (busy, ..): (i64, i64, i64) =
        sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(writer).await?;
    if busy == 1 {
        tracing::warn!("somebody reads the database: the write-ahead log of before is not folded in yet");
    }
    Ok(())
}

async fn open_postgres(options: &PgConnectOptions) -> Result<Database, StoreError> {
    // A writer that stands still with the head row locked (a stopped process, a cut cable) must not hold up the others.
    let writing = options.clone().options([
        ("idle_in_transaction_session_timeout", "5000"),
        ("lock_timeout", "8000"),
        ("statement_timeout", "20000"),
    ]);
    // Asked once apart, for a pool would try again and again and then say only that time ran out.
    let mut first = writing.connect().await?;
    keeps_commits(&mut first).await?;
    first.close().await?;
    let writer: PgPool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(5))
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_connect(|connection, _| Box::pin(async move { keeps_commits(connection).await }))
        .connect_with(writing)
        .await?;
    migrate(POSTGRES.run(&writer).await)?;
    let readers = PgPoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(Duration::from_secs(5))
        .idle_timeout(None)
        .test_before_acquire(false)
        .connect_with(
            options
                .clone()
                // Compiling a plan takes longer than any read here.
                .options([
                    ("default_transaction_read_only", "on"),
                    ("statement_timeout", "10000"),
                    ("jit", "off"),
                ]),
        )
        .await?;
    Ok(Database::Postgres { readers, writer })
}

/// The settings without which a commit that was acknowledged may be gone after a crash.
const KEEPING: [&str; 3] = ["fsync", "synchronous_commit", "full_page_writes"];

/// Asked on every new connection of the writer, for a role's settings may change while we serve.
async fn keeps_commits(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    for (name, value) in durability(connection).await? {
        if value == "off" {
            return Err(sqlx::Error::Configuration(
                format!("the server would lose commits: `{name}` is off, turn it on").into(),
            ));
        }
        if name == "synchronous_commit" {
            // Pinned, for a changed setting would reach this session too.
            let pin = "SELECT set_config('synchronous_commit', $1, false)";
            sqlx::query(pin).bind(value).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

async fn durability(connection: &mut PgConnection) -> Result<Vec<(String, String)>, sqlx::Error> {
    let names: Vec<String> = KEEPING.iter().map(|&name| name.to_owned()).collect();
    sqlx::query_as("SELECT name, setting FROM pg_settings WHERE name = ANY($1) ORDER BY name")
        .bind(names)
        .fetch_all(connection)
        .await
}

/// Opens a database to verify it: read-only, without migrating, as one snapshot that a serving process does not move.
pub(super) async fn open_to_verify(location: &Location) -> Result<Database, StoreError> {
    match location {
        Location::File(path) => {
            let options =
                SqliteConnectOptions::new().filename(path).read_only(true).pragma("query_only", "ON");
            let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
            let snapshot = pool.after_connect(|connection, _| {
                Box::pin(async move { sqlx::query("BEGIN").execute(connection).await.map(|_| ()) })
            });
            let readers: SqlitePool = snapshot.connect_with(options).await?;
            Ok(Database::Sqlite { writer: readers.clone(), readers })
        }
        Location::Server(options) => {
            let pool = PgPoolOptions::new()
                .max_connections(1)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false);
            let snapshot = pool.after_connect(|connection, _| {
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                Box::pin(async move { sqlx::query(begin).execute(connection).await.map(|_| ()) })
            });
            let readers: PgPool = snapshot.connect_with((**options).clone()).await?;
            Ok(Database::Postgres { writer: readers.clone(), readers })
        }
    }
}

pub(super) fn migrate(done: Result<(), sqlx::migrate::MigrateError>) -> Result<(), StoreError> {
    use sqlx::migrate::MigrateError::{Execute, VersionMismatch, VersionMissing};
    done.map_err(|error| match error {
        VersionMissing(v) => {
            StoreError::Schema(format!("migration {v} is unknown here: use a newer gridvault"))
        }
        VersionMismatch(v) => StoreError::Schema(format!("migration {v} was changed after it ran")),
        Execute(error) => StoreError::from(error),
        _ => StoreError::Schema("a migration failed".into()),
    })
}
