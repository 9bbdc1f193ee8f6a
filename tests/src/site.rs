//! Where a test's vault lies: on SQLite or on PostgreSQL, a database of its own either way.

use gridvault::Layout;
use gridvault::store::Location;
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{AssertSqlSafe, Executor as _};
use tempfile::TempDir;

/// The database that a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    Sqlite,
    Postgres,
}

/// Stamps a test, an `async fn(On)`, for both databases.
#[macro_export]
macro_rules! on_both {
    ($name:ident) => {
        mod $name {
            #[tokio::test]
            async fn on_sqlite() {
                super::$name($crate::On::Sqlite).await;
            }

            #[tokio::test]
            async fn on_postgres() {
                super::$name($crate::On::Postgres).await;
            }
        }
    };
}

/// SQL that the two databases say differently, for what tests do behind the vault's back.
impl On {
    /// A column of bytes as text.
    pub fn text(self, column: &str) -> String {
        match self {
            Self::Sqlite => format!("CAST({column} AS TEXT)"),
            Self::Postgres => format!("convert_from({column}, 'UTF8')"),
        }
    }

    /// A text as bytes.
    pub fn bytes(self, text: &str) -> String {
        match self {
            Self::Sqlite => format!("CAST({text} AS BLOB)"),
            Self::Postgres => format!("convert_to({text}, 'UTF8')"),
        }
    }

    /// A column of bytes with one text in it replaced.
    pub fn replaced(self, column: &str, from: &str, to: &str) -> String {
        self.bytes(&format!("replace({}, '{from}', '{to}')", self.text(column)))
    }

    /// These bytes.
    pub fn literal(self, bytes: &[u8]) -> String {
        let hex = data_encoding::HEXLOWER.encode(bytes);
        match self {
            Self::Sqlite => format!("X'{hex}'"),
            Self::Postgres => format!("'\\x{hex}'::bytea"),
        }
    }
}

/// A folder for keys and pin, and a database.
pub struct Site {
    pub on: On,
    pub dir: TempDir,
    cluster: Option<PgConnectOptions>,
    database: Option<String>,
}

/// The cluster that `./tests/run` starts.
pub fn cluster() -> PgConnectOptions {
    #[expect(clippy::disallowed_methods, reason = "the test command says where the cluster is")]
    let url =
        std::env::var("GRIDVAULT_TEST_POSTGRES").expect("`./tests/run` starts a PostgreSQL for the tests");
    url.parse().unwrap()
}

/// Runs one statement on a database of that cluster; rows changed.
pub async fn on_cluster(options: PgConnectOptions, sql: String) -> u64 {
    let pool = PgPool::connect_with(options).await.unwrap();
    let done = pool.execute(AssertSqlSafe(sql)).await.unwrap().rows_affected();
    pool.close().await;
    done
}

impl Site {
    /// An empty place.
    pub async fn new(on: On) -> Self {
        match on {
            On::Sqlite => Self { on, dir: tempfile::tempdir().unwrap(), cluster: None, database: None },
            On::Postgres => Self::within(cluster()).await,
        }
    }

    /// A file in a folder within that one.
    pub fn in_folder(folder: &std::path::Path) -> Self {
        let dir = tempfile::tempdir_in(folder).unwrap();
        Self { on: On::Sqlite, dir, cluster: None, database: None }
    }

    /// An empty place on that cluster.
    pub async fn within(cluster: PgConnectOptions) -> Self {
        let database = create(&cluster, "").await;
        let dir = tempfile::tempdir().unwrap();
        Self { on: On::Postgres, dir, cluster: Some(cluster), database: Some(database) }
    }

    /// A copy of what a stopped vault left.
    pub async fn copy(&self) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(self.dir.path()).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
        }
        let database = match (&self.cluster, &self.database) {
            (Some(cluster), Some(name)) => Some(create(cluster, &format!(" TEMPLATE {name}")).await),
            _ => None,
        };
        Self { on: self.on, dir, cluster: self.cluster.clone(), database }
    }

    /// Another instance's place: the same database and keys, a pin of its own copied from this one.
    pub fn instance(&self, pin: &str) -> Layout {
        let layout = self.layout();
        let own = self.dir.path().join(pin);
        std::fs::copy(&layout.pin, &own).unwrap();
        Layout { pin: own, ..layout }
    }

    pub fn layout(&self) -> Layout {
        Layout { database: self.location(), ..Layout::in_folder(self.dir.path()) }
    }

    pub fn location(&self) -> Location {
        match self.url() {
            Some(url) => Location::parse(&url).unwrap(),
            None => Layout::in_folder(self.dir.path()).database,
        }
    }

    /// The PostgreSQL database's address.
    pub fn url(&self) -> Option<String> {
        let socket = self.cluster.as_ref()?.get_socket()?.to_str()?.to_owned();
        self.url_through(&socket)
    }

    /// Likewise, through another socket's folder.
    pub fn url_through(&self, socket: &str) -> Option<String> {
        let (socket, name) = (socket.replace('/', "%2F"), self.database.as_ref()?);
        Some(format!("postgres://gridvault@{socket}/{name}"))
    }

    fn options(&self) -> Option<PgConnectOptions> {
        Some(self.cluster.clone()?.database(self.database.as_ref()?))
    }

    /// Runs one statement behind the vault's back; rows changed.
    pub async fn sql(&self, sql: &str) -> u64 {
        match self.options() {
            Some(options) => on_cluster(options, sql.to_owned()).await,
            None => {
                let options = SqliteConnectOptions::new().filename(self.dir.path().join("vault.db"));
                let pool = SqlitePool::connect_with(options).await.unwrap();
                let done = pool.execute(AssertSqlSafe(sql.to_owned())).await.unwrap().rows_affected();
                pool.close().await;
                done
            }
        }
    }

    /// Every file that holds something of this vault's: the folder's, and those of the server's tables and indexes.
    pub async fn files(&self) -> Vec<std::path::PathBuf> {
        let list = |dir: &std::path::Path| -> Vec<_> {
            std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect()
        };
        let mut files = list(self.dir.path());
        if let Some(options) = self.options() {
            let pool = PgPool::connect_with(options).await.unwrap();
            pool.execute("CHECKPOINT").await.unwrap();
            let sql = "SELECT current_setting('data_directory') || '/base/' || oid FROM pg_database WHERE datname = current_database()";
            let dir: String = sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap();
            pool.close().await;
            // What the server brought itself has smaller numbers.
            let ours = |path: &std::path::PathBuf| {
                let name = path.file_name().unwrap().to_str().unwrap();
                name.split(['_', '.']).next().unwrap().parse::<u32>().is_ok_and(|number| number >= 16384)
            };
            files.extend(list(dir.as_ref()).into_iter().filter(ours));
        }
        files
    }

    /// Drops the database, where it is more than a file.
    pub async fn drop(self) {
        if let (Some(cluster), Some(name)) = (self.cluster, &self.database) {
            on_cluster(cluster, format!("DROP DATABASE {name} WITH (FORCE)")).await;
        }
    }
}

async fn create(cluster: &PgConnectOptions, tail: &str) -> String {
    let name = format!("t{}", uuid::Uuid::new_v4().simple());
    on_cluster(cluster.clone(), format!("CREATE DATABASE {name}{tail}")).await;
    name
}
