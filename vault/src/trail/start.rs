//! Starting the log: what the database says must be signed, and must extend what the pin says.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use gridvault_audit::{Checkpoint, Head, Log, LogKey, LogToken, VerifierKey, leaf_hash};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::change::FIRST_FACTS_REV;
use super::pin::{self, Pin};
use super::publish::{Parts, PublishError, Publisher, Publishing};
use super::standing::{Hints, Standing, log_time};
use super::tree::Tree;
use super::writer::{Writer, WriterTask};
use crate::clock::{Clock, days, rfc3339};
use crate::store::{EntryFilter, Store, StoreError, StoredHead};

/// Why the log did not start.
#[derive(Debug, thiserror::Error)]
pub enum TrailError {
    /// The database is older than, or another than, what was pinned.
    #[error("log-rollback: {0}")]
    Rollback(String),
    /// The database could not be read.
    #[error("the log could not be read: {0}")]
    Store(#[from] StoreError),
    /// The clock is far ahead of the last entry.
    #[error(
        "the last entry is of {0}, the clock says {1}: set the clock right, or start once with --confirm-clock"
    )]
    Clock(String, String),
    /// The pin could not be read or written.
    #[error("the pin `{path}`: {source}")]
    Pin {
        /// Its file.
        path: String,
        /// What went wrong.
        #[source]
        source: std::io::Error,
    },
}

impl From<PublishError> for TrailError {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Store(error) => Self::Store(error),
            PublishError::Rollback(words) => Self::Rollback(words),
        }
    }
}

/// Where the clock is further ahead of the last entry, somebody has to confirm it: log time never goes back.
const MOST_DAYS_APART: i64 = 30;

/// A running log.
pub struct Started {
    /// Records, and so gives permits.
    pub log: Log<Writer>,
    /// Verifies the log's heads.
    pub key: VerifierKey,
    /// Publishes the log's checkpoints.
    pub publisher: Publisher,
    /// Whether entries were there already.
    pub begun: bool,
    /// Ends when the last pin is written.
    pub pinning: JoinHandle<()>,
}

/// What the log has outside the database.
pub struct Beside {
    /// Where the pin lies.
    pub pin: PathBuf,
    /// When checkpoints are published, and who is to cosign them.
    pub publishing: Publishing,
    /// Somebody looked: the clock may be far ahead of the log's last entry.
    pub clock_confirmed: bool,
}

/// Opens the tenant's log where it stands, or an empty one.
pub async fn start(
    store: &Arc<Store>,
    clock: Arc<dyn Clock>,
    key: LogKey,
    token: LogToken,
    beside: Beside,
) -> Result<Started, TrailError> {
    let verifier = key.verifier();
    let Beside { pin, publishing, clock_confirmed } = beside;
    let pin = Pin(pin);
    let io = |source| TrailError::Pin { path: pin.0.display().to_string(), source };
    // Before the head: tiles are made of what the head covers.
    let mut tree = Tree::at_rest(store).await?;
    let stored = store.head().await?;
    let pinned = pin.read(&verifier).map_err(io)?;
    if let Some(stored) = &stored
        && !clock_confirmed
        && clock.now() > stored.at.saturating_add(days(MOST_DAYS_APART))
    {
        return Err(TrailError::Clock(rfc3339(stored.at), rfc3339(clock.now())));
    }
    let head = match (&stored, pinned) {
        (None, None) if !pin.0.exists() => {
            let head = Head::new(verifier.name()).map_err(|_| rollback("the log's origin is not one"))?;
            let empty = Checkpoint { origin: verifier.name().into(), size: 0, root: head.frontier().root() };
            // Before the first entry, so that a crash behind it finds a pin that it extends.
            pin.write(&key.sign(&empty)).map_err(io)?;
            head
        }
        (None, Some(pinned)) if pinned.size == 0 => {
            Head::new(verifier.name()).map_err(|_| rollback("the log's origin is not one"))?
        }
        (None, _) => {
            return Err(rollback(
                "the pin names entries but the database has none: put back the newest vault.db",
            ));
        }
        (Some(_), None) => return Err(missing(&pin.0)),
        (Some(stored), Some(pinned)) => resume(store, stored, &pinned, &verifier, &mut tree).await?,
    };
    let (pins, heads) = watch::channel(stored.as_ref().map(|s| s.checkpoint.clone()).unwrap_or_default());
    let (running, stopped) = oneshot::channel();
    let pinning = pin::keep(pin.clone(), heads, stopped);
    let begun = stored.is_some();
    let facts_rev = stored.map_or(FIRST_FACTS_REV, |s| s.facts_rev);
    let hints = Arc::new(Hints::default());
    hints.set(&head, facts_rev, true);
    let standing = Standing { head, facts_rev, begun };
    let parts = Parts {
        store: Arc::clone(store),
        clock: Arc::clone(&clock),
        key: verifier.clone(),
        hints: Arc::clone(&hints),
        pin,
        tree,
    };
    let publisher = Publisher::new(parts, publishing);
    // Before anything is appended, for that would sign another history.
    publisher.resume().await?;
    publisher.compare_witnesses().await?;
    let task = WriterTask {
        store: Arc::clone(store),
        clock,
        key,
        verifier: verifier.clone(),
        standing,
        pins,
        hints,
        wrote: Instant::now(),
        _running: running,
    };
    Ok(Started { log: Log::new(Writer::start(task), token), key: verifier, publisher, begun, pinning })
}

async fn resume(
    store: &Store,
    stored: &StoredHead,
    pinned: &Checkpoint,
    key: &VerifierKey,
    tree: &mut Tree,
) -> Result<Head, TrailError> {
    let signed = Checkpoint::open(&stored.checkpoint, std::slice::from_ref(key))
        .map_err(|_| rollback("the head in the database is not signed by this log's key"))?;
    let size = u64::try_from(stored.size).unwrap_or(0);
    let head = Head::from_parts(key.name(), size, &stored.leaf, stored.at, &stored.frontier)
        .map_err(|_| rollback("the head in the database does not hold together"))?;
    if signed.size != size || signed.root != head.frontier().root() {
        return Err(rollback("the head in the database is not the signed one"));
    }
    // By its number, for another instance may have gone ahead since the head was read.
    let at_head = EntryFilter { after: Some(stored.size - 2), limit: 1, ..EntryFilter::default() };
    let last = store.entries(&at_head).await?;
    let named = last.first().map(|entry| (leaf_hash(&entry.public), log_time(&entry.public)));
    if size > 0 && named != Some((*head.leaf(), Some(stored.at))) {
        return Err(rollback("the head in the database is not that of its last entry"));
    }
    if pinned.size > size {
        let words = format!(
            "the database ends at entry {size}, the pin at {}: an older copy was put back; put back the newest vault.db",
            pinned.size
        );
        return Err(TrailError::Rollback(words));
    }
    if tree.size() > size {
        return Err(rollback("the tree has more entries than the head: the newest entries were taken away"));
    }
    if !tree.reach(store, &signed).await? {
        return Err(rollback("the entries do not add up to the signed head"));
    }
    if pinned.size == size {
        return if pinned.root == signed.root {
            Ok(head)
        } else {
            Err(rollback("the database holds another history than the pin"))
        };
    }
    if tree.shows(store, pinned, &signed).await? {
        Ok(head)
    } else {
        Err(rollback(
            "the database does not extend what was pinned: put back the vault.db that belongs to the pin",
        ))
    }
}

fn rollback(words: &str) -> TrailError {
    TrailError::Rollback(words.into())
}

fn missing(pin: &Path) -> TrailError {
    TrailError::Rollback(format!(
        "the database has entries but the pin `{}` is missing or not signed by this log: put that file back",
        pin.display()
    ))
}
