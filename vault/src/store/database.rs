//! The two databases behind one small set of verbs: fetch, execute, insert many. The SQL text is the same for both; what
//! differs is how a connection is opened, how many rows are inserted at once, and what an error means.

use std::future::Future;
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgPool, PgRow};
use sqlx::sqlite::{SqliteArguments, SqlitePool, SqliteRow};
use sqlx::{Arguments as _, AssertSqlSafe, Postgres, Row as _, SqlSafeStr, Sqlite};

use super::StoreError;
use super::insert::{AT_ONCE, Insert, columns};
use super::keys::WANTED;

/// A statement's outcome is waited for so long; then its connection is given up.
const PATIENCE: Duration = Duration::from_secs(10);
/// A pool may hold so many connections that died with the server; each is tried once.
pub(super) const READERS: u32 = 8;

/// A value on its way into a statement.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    Int(i64),
    Text(Option<&'a str>),
    Bytes(Option<&'a [u8]>),
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Some(value))
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(Some(value))
    }
}

impl<'a> From<Option<&'a [u8]>> for Value<'a> {
    fn from(value: Option<&'a [u8]>) -> Self {
        Self::Bytes(value)
    }
}

/// A statement's values: `values![tenant, &id[..], 7]`.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::store::database::Value::from($value)),*] };
}
pub(super) use values;

/// What a statement reads, row by row.
pub(super) enum Rows {
    Sqlite(Vec<SqliteRow>),
    Postgres(Vec<PgRow>),
}

/// The columns of one row.
#[derive(Clone, Copy)]
pub(super) enum Cells<'r> {
    Sqlite(&'r SqliteRow),
    Postgres(&'r PgRow),
}

macro_rules! cell {
    ($name:ident, $kind:ty) => {
        pub(super) fn $name(self, column: usize) -> Result<$kind, StoreError> {
            Ok(match self {
                Self::Sqlite(row) => row.try_get(column)?,
                Self::Postgres(row) => row.try_get(column)?,
            })
        }
    };
}

impl<'r> Cells<'r> {
    cell!(int, i64);
    cell!(text, &'r str);
    cell!(maybe_text, Option<&'r str>);
    cell!(bytes, &'r [u8]);
    cell!(maybe_bytes, Option<&'r [u8]>);
}

impl Rows {
    pub(super) fn iter(&self) -> impl Iterator<Item = Cells<'_>> {
        let (sqlite, postgres) = match self {
            Self::Sqlite(rows) => (rows.as_slice(), [].as_slice()),
            Self::Postgres(rows) => ([].as_slice(), rows.as_slice()),
        };
        sqlite.iter().map(Cells::Sqlite).chain(postgres.iter().map(Cells::Postgres))
    }

    pub(super) fn map<T>(
        &self,
        each: impl FnMut(Cells<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.iter().map(each).collect()
    }

    pub(super) fn first(&self) -> Option<Cells<'_>> {
        self.iter().next()
    }
}

/// Connections for reading and the one for writing.
pub(super) enum Database {
    Sqlite { readers: SqlitePool, writer: SqlitePool },
    Postgres { readers: PgPool, writer: PgPool },
}

impl Database {
    /// Reads on any reader. A connection that died with the server is replaced, for a read may be asked again.
    pub(super) async fn fetch(&self, sql: impl SqlSafeStr, values: &[Value<'_>]) -> Result<Rows, StoreError> {
        let sql = sql.into_sql_str();
        match self {
            Self::Sqlite { readers, .. } => {
                let mut conn = Connection::Sqlite(readers.acquire().await?);
                conn.fetch(sql, values).await
            }
            Self::Postgres { readers, .. } => {
                let mut left = READERS;
                loop {
                    let mut conn = Connection::Postgres(readers.acquire().await?);
                    let asked = Instant::now();
                    match conn.fetch(sql.clone(), values).await {
                        // One that fell silent is no dead one of the pool's.
                        Err(StoreError::Lost) if left > 0 && asked.elapsed() < PATIENCE => left -= 1,
                        done => return done,
                    }
                }
            }
        }
    }

    /// Whether it is a file of this process's own.
    pub(super) fn is_file(&self) -> bool {
        matches!(self, Self::Sqlite { .. })
    }

    /// How this database reads a list of what is wanted.
    pub(super) fn wanted(&self) -> &'static str {
        let [sqlite, postgres] = WANTED;
        if self.is_file() { sqlite } else { postgres }
    }

    /// The writer's connection.
    pub(super) async fn writer(&self) -> Result<Connection, StoreError> {
        Ok(match self {
            Self::Sqlite { writer, .. } => Connection::Sqlite(writer.acquire().await?),
            Self::Postgres { writer, .. } => Connection::Postgres(writer.acquire().await?),
        })
    }

    /// Closes every connection; SQLite's write-ahead log is folded into the file first, so that a clean stop leaves one file.
    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite { readers, writer } => {
                readers.close().await;
                let folded = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(writer).await;
                if let Err(error) = folded.map_err(StoreError::from) {
                    tracing::warn!(%error, "the write-ahead log was not folded in");
                }
                writer.close().await;
            }
            Self::Postgres { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }
}

/// One connection. It is closed, not given back, once a statement on it was lost.
pub(super) enum Connection {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

impl Connection {
    /// Rows of a statement.
    pub(super) async fn fetch(
        &mut self,
        sql: impl SqlSafeStr,
        values: &[Value<'_>],
    ) -> Result<Rows, StoreError> {
        let done = match self {
            Self::Sqlite(conn) => {
                let query = sqlx::query_with(sql, sqlite_arguments(values)?);
                within(query.fetch_all(&mut **conn)).await.map(Rows::Sqlite)
            }
            Self::Postgres(conn) => {
                let query = sqlx::query_with(sql, postgres_arguments(values)?);
                within(query.fetch_all(&mut **conn)).await.map(Rows::Postgres)
            }
        };
        self.give_up_if_lost(done)
    }

    /// How many rows a statement changed.
    pub(super) async fn execute(
        &mut self,
        sql: impl SqlSafeStr,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        let done = match self {
            Self::Sqlite(conn) => {
                let query = sqlx::query_with(sql, sqlite_arguments(values)?);
                within(query.execute(&mut **conn)).await.map(|done| done.rows_affected())
            }
            Self::Postgres(conn) => {
                let query = sqlx::query_with(sql, postgres_arguments(values)?);
                within(query.execute(&mut **conn)).await.map(|done| done.rows_affected())
            }
        };
        self.give_up_if_lost(done)
    }

    /// A statement without values, and without preparing it: `BEGIN` and its kin.
    pub(super) async fn control(&mut self, sql: &'static str) -> Result<(), StoreError> {
        let done = match self {
            Self::Sqlite(conn) => within(sqlx::query(sql).execute(&mut **conn)).await.map(|_| ()),
            Self::Postgres(conn) => within(sqlx::raw_sql(sql).execute(&mut **conn)).await.map(|_| ()),
        };
        self.give_up_if_lost(done)
    }

    /// Inserts rows, each with as many values as the statement has columns.
    pub(super) async fn insert<'v>(
        &mut self,
        into: &Insert,
        rows: &[Vec<Value<'v>>],
    ) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => {
                for now in rows.chunks(AT_ONCE) {
                    let values: Vec<Value<'v>> = now.iter().flatten().copied().collect();
                    self.execute(AssertSqlSafe(into.values(now.len())), &values).await?;
                }
                Ok(())
            }
            Self::Postgres(conn) => {
                if rows.is_empty() {
                    return Ok(());
                }
                let query = sqlx::query_with(AssertSqlSafe(into.unnest()), columns(into, rows)?);
                let done = within(query.execute(&mut **conn)).await.map(|_| ());
                self.give_up_if_lost(done)
            }
        }
    }

    /// Whether statements may lock rows apart from the whole database.
    pub(super) fn for_update(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "",
            Self::Postgres(_) => " FOR UPDATE",
        }
    }

    pub(super) fn begin(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            Self::Postgres(_) => "BEGIN ISOLATION LEVEL READ COMMITTED",
        }
    }

    /// This connection is not to be used again.
    pub(super) fn close(&mut self) {
        match self {
            Self::Sqlite(conn) => conn.close_on_drop(),
            Self::Postgres(conn) => conn.close_on_drop(),
        }
    }

    fn give_up_if_lost<T>(&mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        if matches!(done, Err(StoreError::Lost)) {
            self.close();
        }
        done
    }
}

async fn within<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, StoreError> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(StoreError::Lost),
    }
}

fn sqlite_arguments(values: &[Value<'_>]) -> Result<SqliteArguments, StoreError> {
    let mut out = SqliteArguments::default();
    for value in values {
        match value {
            Value::Int(value) => out.add(*value),
            Value::Text(value) => out.add(*value),
            Value::Bytes(value) => out.add(*value),
        }
        .map_err(|_| StoreError::Other("a value cannot be bound".into()))?;
    }
    Ok(out)
}

fn postgres_arguments(values: &[Value<'_>]) -> Result<PgArguments, StoreError> {
    let mut out = PgArguments::default();
    for value in values {
        match value {
            Value::Int(value) => out.add(*value),
            Value::Text(value) => out.add(*value),
            Value::Bytes(value) => out.add(*value),
        }
        .map_err(|_| StoreError::Other("a value cannot be bound".into()))?;
    }
    Ok(out)
}
