//! A database as one SQLite file, and back: all tables as of one moment, ciphertext and trail as they lie.

use std::path::Path;

use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteRow, SqliteSynchronous,
};
use sqlx::{Arguments as _, AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _};

use super::open::{Location, POSTGRES, SQLITE, migrate};
use super::{Store, StoreError};

/// Rows carried at once.
const AT_ONCE: usize = 256;
/// However long it takes, and durable when it is done.
const PATIENT: [(&str, &str); 4] = [
    ("jit", "off"),
    ("statement_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("synchronous_commit", "on"),
];
/// Nobody moves it.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

impl Store {
    /// Writes all that the database holds, as of one moment, into that file, which is there and empty. Whoever serves goes on.
    pub async fn copy_out(location: &Location, file: &Path) -> Result<(), StoreError> {
        match location {
            Location::File(path) => {
                let mut from = SqliteConnectOptions::new().filename(path).read_only(true).connect().await?;
                sqlx::query("VACUUM INTO $1")
                    .bind(file.to_string_lossy().as_ref())
                    .execute(&mut from)
                    .await?;
                from.close().await?;
            }
            Location::Server(options) => {
                let mut from = options.clone().options(PATIENT).connect().await?;
                sqlx::raw_sql(SNAPSHOT).execute(&mut from).await?;
                same_schema(&mut from).await?;
                // Whole or removed by its owner: nothing of it needs to survive a crash before it is synced.
                let mut to = file_options(file).synchronous(SqliteSynchronous::Off).connect().await?;
                migrate(SQLITE.run(&mut to).await)?;
                sqlx::raw_sql("BEGIN").execute(&mut to).await?;
                for table in tables(&mut to).await? {
                    out(&table, &mut from, &mut to).await?;
                }
                sqlx::raw_sql("COMMIT").execute(&mut to).await?;
                to.close().await?;
                from.close().await?;
            }
        }
        Ok(())
    }

    /// Loads what such a file holds into a server's empty database, in one transaction. The file's schema is brought up to
    /// date first: it is to be a copy that nobody else needs.
    pub async fn copy_in(file: &Path, location: &Location) -> Result<(), StoreError> {
        let Location::Server(options) = location else {
            return Err(StoreError::Other("a file is put in its place, not copied into another".into()));
        };
        let mut from = file_options(file).connect().await?;
        migrate(SQLITE.run(&mut from).await)?;
        let mut to = options.clone().options(PATIENT).connect().await?;
        migrate(POSTGRES.run(&mut to).await)?;
        sqlx::raw_sql("BEGIN").execute(&mut to).await?;
        // Nobody begins a log meanwhile.
        sqlx::raw_sql("LOCK TABLE heads IN EXCLUSIVE MODE").execute(&mut to).await?;
        let begun: i64 = sqlx::query_scalar("SELECT count(*) FROM heads").fetch_one(&mut to).await?;
        if begun > 0 {
            return Err(StoreError::Conflict);
        }
        for table in tables(&mut from).await? {
            back(&table, &mut from, &mut to).await?;
        }
        sqlx::raw_sql("COMMIT").execute(&mut to).await?;
        sqlx::raw_sql("ANALYZE").execute(&mut to).await?;
        to.close().await?;
        Ok(from.close().await?)
    }

    /// Sets such a file as a server's database is set, so that it may take its place.
    pub async fn as_served(file: &Path) -> Result<(), StoreError> {
        Ok(file_options(file).journal_mode(SqliteJournalMode::Wal).connect().await?.close().await?)
    }

    /// Destroys what a file holds of these records: envelopes, former ones, index terms. What was there is overwritten.
    pub async fn shred_in(file: &Path, records: &[uuid::Uuid]) -> Result<(), StoreError> {
        let mut file = file_options(file).pragma("secure_delete", "ON").connect().await?;
        for record in records {
            for sql in SHRED_EVERYWHERE {
                sqlx::query(sql).bind(&record.as_bytes()[..]).execute(&mut file).await?;
            }
        }
        Ok(file.close().await?)
    }

    /// Whether a log was begun there; a server that cannot be asked is an error, a file that is not there is none.
    pub async fn is_begun(location: &Location) -> Result<bool, StoreError> {
        match location {
            Location::File(path) => Ok(path.exists()),
            Location::Server(options) => {
                let mut server = options.connect().await?;
                let made: bool = sqlx::query_scalar("SELECT to_regclass('heads') IS NOT NULL")
                    .fetch_one(&mut server)
                    .await?;
                let begun: i64 = if made {
                    sqlx::query_scalar("SELECT count(*) FROM heads").fetch_one(&mut server).await?
                } else {
                    0
                };
                server.close().await?;
                Ok(begun > 0)
            }
        }
    }
}

/// One file without a log beside it.
/// Of whichever tenant: a record's id is random.
const SHRED_EVERYWHERE: [&str; 3] = [
    "DELETE FROM envelopes WHERE record = $1",
    "DELETE FROM history WHERE record = $1",
    "DELETE FROM terms WHERE record = $1",
];

fn file_options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .page_size(8192)
        .journal_mode(SqliteJournalMode::Delete)
        .disable_statement_logging()
}

/// The server's schema must be this program's, or columns would be left out.
async fn same_schema(server: &mut PgConnection) -> Result<(), StoreError> {
    let newest: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success")
        .fetch_one(server)
        .await?;
    let ours = POSTGRES.iter().map(|migration| migration.version).max();
    match newest == ours {
        true => Ok(()),
        false => Err(StoreError::Schema("back it up with the gridvault that serves it".into())),
    }
}

/// A table with its columns, as SQLite's schema tells them.
struct Copied {
    name: String,
    columns: Vec<(String, Kind)>,
}

#[derive(Clone, Copy)]
enum Kind {
    Int,
    Text,
    Bytes,
}

async fn tables(file: &mut SqliteConnection) -> Result<Vec<Copied>, StoreError> {
    let sql = "SELECT t.name, c.name, c.type FROM sqlite_schema t, pragma_table_info(t.name) c \
        WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name NOT LIKE '_sqlx_%' ORDER BY t.name, c.cid";
    let rows: Vec<(String, String, String)> = sqlx::query_as(sql).fetch_all(file).await?;
    let mut tables: Vec<Copied> = Vec::new();
    for (table, column, kind) in rows {
        let kind = match kind.as_str() {
            "INTEGER" => Kind::Int,
            "TEXT" => Kind::Text,
            "BLOB" => Kind::Bytes,
            _ => return Err(StoreError::Corrupt("a column has an unknown type")),
        };
        match tables.last_mut().filter(|last| last.name == table) {
            Some(last) => last.columns.push((column, kind)),
            None => tables.push(Copied { name: table, columns: vec![(column, kind)] }),
        }
    }
    Ok(tables)
}

impl Copied {
    fn names(&self) -> String {
        self.columns.iter().map(|(name, _)| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
    }

    fn select(&self) -> String {
        format!("SELECT {} FROM \"{}\"", self.names(), self.name)
    }

    /// Into SQLite, so many rows at once.
    fn insert(&self, rows: usize) -> String {
        let row = format!("({})", vec!["?"; self.columns.len()].join(", "));
        format!("INSERT INTO \"{}\" ({}) VALUES {}", self.name, self.names(), vec![row; rows].join(", "))
    }

    /// Into PostgreSQL, an array per column.
    fn unnest(&self) -> String {
        let arrays = (1..).zip(&self.columns).map(|(n, (_, kind))| match kind {
            Kind::Int => format!("${n}::bigint[]"),
            Kind::Text => format!("${n}::text[]"),
            Kind::Bytes => format!("${n}::bytea[]"),
        });
        let arrays = arrays.collect::<Vec<_>>().join(", ");
        format!("INSERT INTO \"{}\" ({}) SELECT * FROM UNNEST({arrays})", self.name, self.names())
    }
}

async fn out(table: &Copied, from: &mut PgConnection, to: &mut SqliteConnection) -> Result<(), StoreError> {
    let select = AssertSqlSafe(table.select());
    let mut rows = sqlx::query(select).fetch(from).try_chunks(AT_ONCE);
    while let Some(chunk) = rows.try_next().await.map_err(|cut| cut.1)? {
        let mut values = SqliteArguments::default();
        for row in &chunk {
            add_row(table, row, &mut values)?;
        }
        sqlx::query_with(AssertSqlSafe(table.insert(chunk.len())), values).execute(&mut *to).await?;
    }
    Ok(())
}

fn add_row(table: &Copied, row: &PgRow, values: &mut SqliteArguments) -> Result<(), StoreError> {
    for (at, (_, kind)) in table.columns.iter().enumerate() {
        match kind {
            Kind::Int => values.add(row.try_get::<Option<i64>, _>(at)?),
            Kind::Text => values.add(row.try_get::<Option<String>, _>(at)?),
            Kind::Bytes => values.add(row.try_get::<Option<Vec<u8>>, _>(at)?),
        }
        .map_err(|_| unbound())?;
    }
    Ok(())
}

async fn back(table: &Copied, from: &mut SqliteConnection, to: &mut PgConnection) -> Result<(), StoreError> {
    let select = AssertSqlSafe(table.select());
    let mut rows = sqlx::query(select).fetch(from).try_chunks(AT_ONCE);
    while let Some(chunk) = rows.try_next().await.map_err(|cut| cut.1)? {
        let mut values = PgArguments::default();
        for (at, (_, kind)) in table.columns.iter().enumerate() {
            match kind {
                Kind::Int => values.add(column::<i64>(&chunk, at)?),
                Kind::Text => values.add(column::<String>(&chunk, at)?),
                Kind::Bytes => values.add(column::<Vec<u8>>(&chunk, at)?),
            }
            .map_err(|_| unbound())?;
        }
        sqlx::query_with(AssertSqlSafe(table.unnest()), values).execute(&mut *to).await?;
    }
    Ok(())
}

fn column<T>(rows: &[SqliteRow], at: usize) -> Result<Vec<Option<T>>, StoreError>
where
    T: for<'r> sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    rows.iter().map(|row| Ok(row.try_get(at)?)).collect()
}

fn unbound() -> StoreError {
    StoreError::Other("a value cannot be bound".into())
}
