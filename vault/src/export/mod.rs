//! The log in its public layout (C2SP tlog-tiles, with entries and private parts beside): read from a folder, a server or a
//! database, copied, proven, and verified without believing any of them.

mod copy;
mod verify;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gridvault_audit::{
    Checkpoint, Layer, ProofFile, ProofPlan, TILE, Tile, TileEdge, VerifierKey, extends, unbundle,
};
use serde_json::{Value, json};

pub use copy::{Copied, export};
pub use verify::verify_export;

use crate::seal::Secret;
use crate::store::{Store, StoreError};
use crate::trail;

/// No file of the layout is longer.
const MOST: u64 = 64 << 20;
/// An answer of a server is waited for so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why the layout could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A file.
    #[error("`{0}`: {1}")]
    File(String, #[source] std::io::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server.
    #[error("{0}")]
    Server(String),
    /// What must be there is not, or is something else.
    #[error("`{0}` {1}")]
    Bad(String, &'static str),
}

/// Where the layout is read.
pub enum Source {
    /// A folder that an export made.
    Folder(PathBuf),
    /// A server's `/log/<tenant>`.
    Server(Remote),
    /// A database, as one snapshot.
    Database(Box<Snapshot>),
}

/// A server, asked with an officer's token or, for hashes alone, without.
pub struct Remote {
    /// `https://host/log/<tenant>`.
    pub url: String,
    /// An officer's or auditor's.
    pub token: Option<Secret>,
}

/// A database with its newest signed head, and the tiles that it does not hold yet.
pub struct Snapshot {
    store: Arc<Store>,
    note: String,
    size: u64,
    origin: String,
    key: Option<VerifierKey>,
    fresh: HashMap<(u8, u64), Vec<u8>>,
}

impl Snapshot {
    /// Of a store that was opened to be verified. Tiles behind the last published checkpoint are made of the entries.
    pub async fn of(store: Arc<Store>, key: Option<VerifierKey>) -> Result<Self, ExportError> {
        let head = store.head().await?.ok_or(StoreError::Corrupt("no log was begun in it"))?;
        let checkpoint = Checkpoint::parse_unverified(&head.checkpoint)
            .map_err(|_| StoreError::Corrupt("the head is no checkpoint"))?;
        let mut edge = trail::edge_at_rest(&store).await?;
        if edge.size() > checkpoint.size {
            edge = TileEdge::default();
        }
        let mut fresh = HashMap::new();
        while edge.size() < checkpoint.size {
            let to = checkpoint.size.min(edge.size() + 4096);
            for leaf in trail::leaves(&store, edge.size(), to).await? {
                edge.push(leaf, |level, n, hashes| {
                    fresh.insert((level, n), hashes.concat());
                });
            }
        }
        for (level, n, hashes) in edge.partial() {
            fresh.insert((level, n), hashes.concat());
        }
        let Checkpoint { origin, size, .. } = checkpoint;
        Ok(Self { store, note: head.checkpoint, size, origin, key, fresh })
    }

    async fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, StoreError> {
        if tile.covers() > self.size {
            return Ok(None);
        }
        let Layer::Hashes(level) = tile.layer else {
            return trail::bundle_of(&self.store, tile).await.map(Some);
        };
        let hashes = match self.fresh.get(&(level, tile.n)) {
            Some(hashes) => Some(hashes.clone()),
            None => self.store.tile(level, tile.n).await?,
        };
        Ok(hashes.and_then(|hashes| hashes.get(..usize::from(tile.width) * 32).map(<[u8]>::to_vec)))
    }

    async fn get(&self, path: &str) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(tile) = Tile::parse(path) {
            return self.tile(tile).await;
        }
        if let Some(size) = path.strip_prefix("checkpoints/") {
            let size = size.parse().unwrap_or(-1);
            return Ok(self.store.checkpoint_of(size).await?.map(|kept| kept.note.into_bytes()));
        }
        Ok(match path {
            "checkpoint" => Some(self.note.clone().into_bytes()),
            // A database names no key that could be believed: the one that was given.
            "keys.json" => {
                let keys = self.key.iter().map(|key| json!({ "from": 0, "key": key.to_string() }));
                let keys = json!({ "origin": self.origin, "keys": keys.collect::<Vec<_>>() });
                Some(keys.to_string().into_bytes())
            }
            "witnesses.json" => Some(json!({ "witnesses": [] }).to_string().into_bytes()),
            _ => None,
        })
    }
}

impl Source {
    /// A file of the layout; nothing where there is none, or where it may not be read.
    pub async fn get(&self, path: &str) -> Result<Option<Vec<u8>>, ExportError> {
        match self {
            Self::Folder(folder) => read(&folder.join(path)),
            Self::Server(remote) => remote.get(path).await,
            Self::Database(snapshot) => Ok(snapshot.get(path).await?),
        }
    }

    /// The newest checkpoint, as a note.
    pub async fn checkpoint(&self) -> Result<String, ExportError> {
        let bytes = self.get("checkpoint").await?.ok_or_else(|| bad("checkpoint", "is not there"))?;
        String::from_utf8(bytes).map_err(|_| bad("checkpoint", "is no checkpoint"))
    }

    /// Sizes of the kept checkpoints.
    pub async fn kept(&self) -> Result<Vec<u64>, ExportError> {
        let mut sizes = Vec::new();
        match self {
            Self::Folder(folder) => {
                let Ok(files) = folder.join("checkpoints").read_dir() else { return Ok(sizes) };
                let names = files.flatten().map(|file| file.file_name().to_string_lossy().into_owned());
                for name in names {
                    let size: Option<u64> = name.parse().ok().filter(|size: &u64| size.to_string() == name);
                    sizes
                        .push(size.ok_or_else(|| bad(&format!("checkpoints/{name}"), "is no checkpoint's"))?);
                }
            }
            Self::Server(remote) => sizes = remote.kept().await?,
            Self::Database(snapshot) => {
                let mut behind = -1;
                loop {
                    let page = snapshot.store.checkpoints(behind).await?;
                    let Some(last) = page.last() else { break };
                    behind = last.slot;
                    sizes.extend(
                        page.iter().filter(|one| one.asked).filter_map(|one| u64::try_from(one.size).ok()),
                    );
                }
            }
        }
        sizes.sort_unstable();
        sizes.dedup();
        Ok(sizes)
    }

    /// The proof of an entry, under the newest checkpoint. It was seen to add up; whose signature is under it was not looked at.
    pub async fn prove(&self, seq: u64) -> Result<ProofFile, ExportError> {
        let note = self.checkpoint().await?;
        let checkpoint =
            Checkpoint::parse_unverified(&note).map_err(|_| bad("checkpoint", "is no checkpoint"))?;
        let plan = ProofPlan::inclusion(seq, checkpoint.size)
            .ok_or_else(|| bad("checkpoint", "does not cover that entry yet"))?;
        let mut tiles = HashMap::new();
        for (level, n) in plan.tiles() {
            let tile = Tile::in_log(Layer::Hashes(level), n, checkpoint.size);
            tiles.insert((level, n), self.must_get(tile).await?);
        }
        let tile = Tile::in_log(Layer::Entries, seq / TILE, checkpoint.size);
        let bundle = self.must_get(tile).await?;
        let at = usize::try_from(seq % TILE).unwrap_or(0);
        let public = unbundle(&bundle).and_then(|entries| entries.get(at).map(|public| public.to_vec()));
        let public = public.filter(|public| !public.is_empty());
        let public = public.ok_or_else(|| bad(&tile.to_string(), "holds that entry no more"))?;
        let proof = ProofFile::of((seq, public), &note, |level, n| tiles.get(&(level, n)).map(Vec::as_slice));
        proof.ok_or_else(|| bad(&tile.to_string(), "or a tile is not what the checkpoint covers"))
    }

    /// Whether the tiles show that the newer checkpoint extends the older.
    async fn follows(&self, older: &Checkpoint, newer: &Checkpoint) -> Result<bool, ExportError> {
        let Some(plan) = ProofPlan::consistency(older.size, newer.size) else { return Ok(false) };
        let mut tiles = HashMap::new();
        for (level, n) in plan.tiles() {
            let tile = Tile::in_log(Layer::Hashes(level), n, newer.size);
            tiles.insert((level, n), self.must_get(tile).await?);
        }
        let proof = plan.make(|level, n| tiles.get(&(level, n)).map(Vec::as_slice)).unwrap_or_default();
        Ok(extends((older.size, &older.root), (newer.size, &newer.root), &proof))
    }

    async fn must_get(&self, tile: Tile) -> Result<Vec<u8>, ExportError> {
        let path = tile.to_string();
        self.get(&path).await?.ok_or_else(|| bad(&path, "is not there"))
    }
}

impl Remote {
    /// The log of that server. The tenant stands in the URL (`…/log/<tenant>`), or in the name of the log's key.
    pub fn new(url: &str, key: Option<&VerifierKey>, token: Option<Secret>) -> Result<Self, ExportError> {
        let url = url.trim_end_matches('/');
        if url.contains("/log/") {
            return Ok(Self { url: url.to_owned(), token });
        }
        let tenant = key.and_then(|key| key.name().split('/').nth(1));
        let tenant = tenant
            .ok_or_else(|| ExportError::Server(format!("which log? say --key, or {url}/log/<tenant>")))?;
        Ok(Self { url: format!("{url}/log/{tenant}"), token })
    }

    async fn get(&self, path: &str) -> Result<Option<Vec<u8>>, ExportError> {
        let (url, token) =
            (format!("{}/{path}", self.url), self.token.as_ref().map(|t| t.reveal().to_owned()));
        let asked = tokio::task::spawn_blocking(move || {
            let mut request = crate::tls::agent(Some(PATIENCE))?.get(&url);
            if let Some(token) = token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            let mut answer = request.call().map_err(|error| format!("{url}: {error}"))?;
            let bytes = answer.body_mut().with_config().limit(MOST).read_to_vec();
            Ok((url, answer.status().as_u16(), bytes.map_err(|error| error.to_string())?))
        });
        let asked: Result<_, String> =
            asked.await.unwrap_or_else(|_| Err("the asking thread was lost".into()));
        match asked.map_err(ExportError::Server)? {
            (_, 200, bytes) => Ok(Some(bytes)),
            (_, 404, _) => Ok(None),
            (url, status, _) => Err(ExportError::Server(format!("{url}: status {status}"))),
        }
    }

    async fn kept(&self) -> Result<Vec<u64>, ExportError> {
        let (mut sizes, mut path, mut behind) = (Vec::new(), "checkpoints".to_owned(), i64::MIN);
        loop {
            let page = self.get(&path).await?.unwrap_or_default();
            let page: Value = serde_json::from_slice(&page).unwrap_or_default();
            let on_page = page.get("sizes").and_then(Value::as_array).into_iter().flatten();
            sizes.extend(on_page.filter_map(Value::as_u64));
            let Some(next) = page.get("next").and_then(Value::as_i64) else { return Ok(sizes) };
            if next <= behind {
                return Err(ExportError::Server(format!(
                    "{}: its list of checkpoints does not end",
                    self.url
                )));
            }
            behind = next;
            path = format!("checkpoints?after={next}");
        }
    }
}

/// A file's bytes, if it is there and is one.
fn read(path: &Path) -> Result<Option<Vec<u8>>, ExportError> {
    let failed = |error| ExportError::File(path.display().to_string(), error);
    let file = match std::fs::File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(failed)?,
    };
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(ExportError::Bad(path.display().to_string(), "is no file"));
    }
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut std::io::Read::take(file, MOST + 1), &mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MOST {
        return Err(ExportError::Bad(path.display().to_string(), "is longer than any file of a log"));
    }
    Ok(Some(bytes))
}

fn bad(path: &str, words: &'static str) -> ExportError {
    ExportError::Bad(path.to_owned(), words)
}
