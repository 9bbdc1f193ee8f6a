//! The two databases behind one small set of verbs: fetch, execute, insert many. The SQL text is the same for both; what
//! differs is how a connection is opened, how many rows are inserted at once, and what an error means.

use std::future::Future;
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgPool, PgRow};
use sqlx::sqlite::{SqliteArguments, SqlitePool, SqliteRow};
use sqlx::{Arguments as _, AssertSqlSafe, Postgres, Row as _, SqlSafeStr, Sqlite};

use super::StoreError;

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

/// What is wanted, numbered from 0: `$2` is a list as [`wanted`] writes it.
pub(super) const WANTED: [&str; 2] = [
    "WITH wanted (n, id, other) AS (SELECT key, unhex(value ->> 0), unhex(value ->> 1) FROM json_each($2))",
    "WITH wanted (n, id, other) AS (SELECT n - 1, decode(pair ->> 0, 'hex'), decode(pair ->> 1, 'hex') \
     FROM json_array_elements($2::json) WITH ORDINALITY AS w (pair, n))",
];

/// Pairs of keys as a JSON list in hex, which both databases can take apart.
pub(super) fn wanted<'k>(pairs: impl Iterator<Item = (&'k [u8], Option<&'k [u8]>)>) -> String {
    let hex = |bytes: &[u8]| format!("\"{}\"", HEXLOWER.encode(bytes));
    let pair = |(id, other): (&[u8], Option<&[u8]>)| {
        format!("[{},{}]", hex(id), other.map_or_else(|| "null".to_owned(), hex))
    };
    format!("[{}]", pairs.map(pair).collect::<Vec<_>>().join(","))
}

/// Keys asked for in one statement: well under SQLite's 32,766 variables.
const KEYS: usize = 256;

/// A select of rows by many keys, as statements with their values. `select` ends where `IN (…)` follows; `$1` is the tenant.
pub(super) fn by_keys<'v>(
    select: &str,
    tenant: &'v str,
    keys: &[&'v [u8]],
) -> impl Iterator<Item = (AssertSqlSafe<String>, Vec<Value<'v>>)> {
    keys.chunks(KEYS).map(move |keys| {
        // Few lengths, so that each is prepared once: keys are repeated to fill up.
        let length = keys.len().next_power_of_two();
        let places: Vec<String> = (2..length + 2).map(|n| format!("${n}")).collect();
        let mut values = vec![Value::from(tenant)];
        values.extend(keys.iter().cycle().take(length).map(|key| Value::from(*key)));
        (AssertSqlSafe(format!("{select} IN ({})", places.join(", "))), values)
    })
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

/// SQLite inserts at most so many rows in one statement, so that each size is soon prepared.
const AT_ONCE: usize = 64;

/// An insert of many rows: one statement per length on SQLite, arrays of columns on PostgreSQL.
pub(super) struct Insert {
    /// Table and columns: `terms (tenant, field)`.
    pub(super) into: &'static str,
    /// The columns' types, as PostgreSQL names them.
    pub(super) columns: &'static [Column],
    /// What follows the values.
    pub(super) tail: &'static str,
    /// Whether it may fail alone, and the transaction go on.
    pub(super) alone: bool,
}

#[derive(Clone, Copy)]
pub(super) enum Column {
    Int,
    Text,
    Bytes,
}

impl Insert {
    fn values(&self, rows: usize) -> String {
        // What fails ends the transaction, so that SQLite need not keep every page for taking back the statement alone.
        let or = if self.alone { "" } else { "OR ROLLBACK " };
        let mut sql = format!("INSERT {or}INTO {} VALUES ", self.into);
        let mut number = 0;
        for row in 0..rows {
            sql.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..self.columns.len() {
                number += 1;
                sql.push_str(if column == 0 { "$" } else { ", $" });
                sql.push_str(&number.to_string());
            }
            sql.push(')');
        }
        sql + self.tail
    }

    fn unnest(&self) -> String {
        let arrays: Vec<String> =
            (1..).zip(self.columns).map(|(n, c)| format!("${n}::{}[]", c.name())).collect();
        format!("INSERT INTO {} SELECT * FROM UNNEST({}){}", self.into, arrays.join(", "), self.tail)
    }

    /// Its text for one row, to be prepared in a test.
    #[cfg(test)]
    pub(super) fn texts(&self) -> [String; 2] {
        [self.values(2), self.unnest()]
    }
}

impl Column {
    fn name(self) -> &'static str {
        match self {
            Self::Int => "bigint",
            Self::Text => "text",
            Self::Bytes => "bytea",
        }
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

/// The rows turned into an array per column.
fn columns(into: &Insert, rows: &[Vec<Value<'_>>]) -> Result<PgArguments, StoreError> {
    let mut out = PgArguments::default();
    for (at, column) in into.columns.iter().enumerate() {
        let cells = rows.iter().filter_map(|row| row.get(at).copied());
        match column {
            Column::Int => out.add(
                cells.filter_map(|v| if let Value::Int(v) = v { Some(v) } else { None }).collect::<Vec<_>>(),
            ),
            Column::Text => out.add(
                cells.filter_map(|v| if let Value::Text(v) = v { Some(v) } else { None }).collect::<Vec<_>>(),
            ),
            Column::Bytes => out.add(
                cells
                    .filter_map(|v| if let Value::Bytes(v) = v { Some(v) } else { None })
                    .collect::<Vec<_>>(),
            ),
        }
        .map_err(|_| StoreError::Other("a value cannot be bound".into()))?;
    }
    Ok(out)
}
