//! A PostgreSQL of a test's own, to be killed, paused and cut off; and a proxy that cuts connections in the middle of COMMIT.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

/// A cluster of its own, ended with its owner.
pub struct Cluster {
    dir: TempDir,
}

impl Cluster {
    pub fn start() -> Self {
        Self::start_in(&std::env::temp_dir())
    }

    /// In a folder within that one.
    pub fn start_in(folder: &Path) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir_in(folder).unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let cluster = Self { dir };
        cluster.tell("start");
        cluster
    }

    /// `start`, `stop`, `kill`, `pause` or `resume`.
    pub fn tell(&self, word: &str) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("postgres");
        let done = Command::new(script).arg(word).arg(self.folder()).output().unwrap();
        assert!(done.status.success(), "{word}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// Folder of the data and of the socket.
    pub fn folder(&self) -> PathBuf {
        self.dir.path().join("pg")
    }

    pub fn options(&self) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(self.folder())
            .username("gridvault")
            .database("postgres")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("postgres");
        let _ = Command::new(&script).arg("resume").arg(self.folder()).output();
        let _ = Command::new(script).arg("kill").arg(self.folder()).output();
    }
}

/// What the proxy does with the next COMMIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Cut {
    /// Lets it through.
    Nothing,
    /// Drops the connection and never sends it.
    Before,
    /// Sends it, waits until the server has answered, and drops both.
    After,
    /// Sends it and drops the client at once: the server commits after the client knows that the connection is gone.
    Amid,
    /// Sends it, and keeps the answer: the client hears nothing more, and not that the connection is gone.
    Silence,
}

/// A socket that leads to another.
pub struct CuttingProxy {
    dir: TempDir,
    next: Arc<AtomicU8>,
    cuts: Arc<AtomicU64>,
}

impl CuttingProxy {
    pub fn start(to: &Path) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(dir.path().join(".s.PGSQL.5432")).unwrap();
        let to = to.join(".s.PGSQL.5432");
        let (next, cuts) = (Arc::new(AtomicU8::new(0)), Arc::new(AtomicU64::new(0)));
        let (told, counted) = (Arc::clone(&next), Arc::clone(&cuts));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (to, told, counted) = (to.clone(), Arc::clone(&told), Arc::clone(&counted));
                tokio::spawn(async move {
                    if let Ok(server) = UnixStream::connect(to).await {
                        pass(client, server, &told, &counted).await;
                    }
                });
            }
        });
        Self { dir, next, cuts }
    }

    /// The folder of its socket.
    pub fn folder(&self) -> &Path {
        self.dir.path()
    }

    /// What becomes of the next COMMIT; those behind it pass.
    pub fn cut_next(&self, how: Cut) {
        self.next.store(how as u8, Ordering::SeqCst);
    }

    /// Connections cut so far.
    pub fn cuts(&self) -> u64 {
        self.cuts.load(Ordering::SeqCst)
    }
}

async fn pass(mut client: UnixStream, mut server: UnixStream, next: &AtomicU8, cuts: &AtomicU64) {
    let (mut from_client, mut from_server) = (vec![0; 65536], vec![0; 65536]);
    loop {
        tokio::select! {
            read = client.read(&mut from_client) => {
                let Ok(n @ 1..) = read else { return };
                let bytes = &from_client[..n];
                // A simple query of that one word: `Q`, length, text, zero.
                let commits = bytes.windows(8).any(|w| w == b"\x0bCOMMIT\0");
                let how = if commits { next.swap(0, Ordering::SeqCst) } else { 0 };
                if how != 0 {
                    cuts.fetch_add(1, Ordering::SeqCst);
                }
                if how == Cut::Before as u8 {
                    return;
                }
                if server.write_all(bytes).await.is_err() {
                    return;
                }
                if how == Cut::After as u8 {
                    // The answer has come when anything has.
                    let _ = server.read(&mut from_server).await;
                    return;
                }
                if how == Cut::Silence as u8 {
                    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
                    return;
                }
                if how == Cut::Amid as u8 {
                    drop(client);
                    let _ = server.read(&mut from_server).await;
                    return;
                }
            }
            read = server.read(&mut from_server) => {
                let Ok(n @ 1..) = read else { return };
                if client.write_all(&from_server[..n]).await.is_err() {
                    return;
                }
            }
        }
    }
}
