//! Published checkpoints: on a fixed grid, with or without new entries, cosigned by the witnesses, so that the growth of the
//! log does not tell who is being looked up at night.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use gridvault_audit::{Checkpoint, ProofFile, Tile, VerifierKey, cosignatures};
use serde_json::json;
use tokio::sync::Mutex;

use super::keep::drop_of;
use super::pin::Pin;
use super::standing::{Hints, signed};
use super::tree::{self, Tree};
use super::witnesses::{Witness, WitnessAddress};
use super::witnessing::{Standing, WitnessNews};
use crate::clock::Clock;
use crate::store::{Store, StoreError, StoredCheckpoint};

/// When checkpoints are published, and who is asked to cosign them.
#[derive(Clone, Debug)]
pub struct Publishing {
    /// From one place on the grid to the next.
    pub every: Duration,
    /// Whoever is to cosign.
    pub witnesses: Vec<WitnessAddress>,
}

impl Default for Publishing {
    fn default() -> Self {
        Self { every: Duration::from_secs(300), witnesses: Vec::new() }
    }
}

/// The newest published checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The note with its cosignatures.
    pub note: String,
    /// How many of the witnesses cosigned it.
    pub cosigned: usize,
    /// Its place on the grid, Unix seconds.
    pub slot: i64,
}

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is stored is not what was signed, pinned or witnessed: the log is stopped.
    #[error("log-rollback: {0}")]
    Rollback(String),
}

/// Publishes one log's checkpoints.
pub struct Publisher {
    pub(super) store: Arc<Store>,
    clock: Arc<dyn Clock>,
    pub(super) key: VerifierKey,
    every: i64,
    keys: Vec<WitnessAddress>,
    hints: Arc<Hints>,
    pub(super) pin: Pin,
    newest: ArcSwapOption<Published>,
    pub(super) work: Mutex<Work>,
    pub(super) standing: std::sync::Mutex<Vec<Standing>>,
    /// A tile was seen to be wrong: all are made anew at the next place on the grid.
    damaged: AtomicBool,
}

pub(super) struct Work {
    pub(super) tree: Tree,
    pub(super) witnesses: Vec<Witness>,
}

/// What a publisher is made of.
pub(super) struct Parts {
    pub(super) store: Arc<Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) key: VerifierKey,
    pub(super) hints: Arc<Hints>,
    pub(super) pin: Pin,
    pub(super) tree: Tree,
}

impl Publisher {
    pub(super) fn new(parts: Parts, publishing: Publishing) -> Self {
        let keys = publishing.witnesses;
        let witnesses = keys.iter().cloned().map(Witness::new).collect();
        Self {
            store: parts.store,
            clock: parts.clock,
            key: parts.key,
            every: i64::try_from(publishing.every.as_secs()).unwrap_or(i64::MAX).max(1),
            standing: std::sync::Mutex::new(vec![Standing::Unknown; keys.len()]),
            keys,
            hints: parts.hints,
            pin: parts.pin,
            newest: ArcSwapOption::empty(),
            damaged: AtomicBool::new(false),
            work: Mutex::new(Work { tree: parts.tree, witnesses }),
        }
    }

    /// The newest published checkpoint, as far as this instance knows.
    pub fn newest(&self) -> Option<Arc<Published>> {
        self.newest.load_full()
    }

    /// The witnesses that are asked.
    pub fn witnesses(&self) -> &[WitnessAddress] {
        &self.keys
    }

    /// `keys.json` of the layout.
    pub fn keys_json(&self) -> String {
        let key = self.key.to_string();
        json!({ "origin": self.key.name(), "keys": [{ "from": 0, "key": key }] }).to_string()
    }

    /// `witnesses.json` of the layout.
    pub fn witnesses_json(&self) -> String {
        let named =
            |witness: &WitnessAddress| json!({ "name": witness.key.name(), "key": witness.key.to_string() });
        json!({ "witnesses": self.keys.iter().map(named).collect::<Vec<_>>() }).to_string()
    }

    /// How long until the next place on the grid.
    pub fn until_next(&self) -> Duration {
        let every = self.every.saturating_mul(1_000_000);
        let left = every - self.clock.now().rem_euclid(every);
        Duration::from_micros(u64::try_from(left).unwrap_or(0))
    }

    /// The proof that entry `seq` is in the log; nothing until a published checkpoint covers it.
    pub async fn prove(&self, seq: u64) -> Result<Option<ProofFile>, StoreError> {
        let Some(newest) = self.newest() else { return Ok(None) };
        let proof = tree::prove(&self.store, seq, &newest.note).await;
        if matches!(proof, Err(StoreError::Corrupt(_))) {
            self.damaged.store(true, Ordering::Relaxed);
        }
        proof
    }

    /// A file of the public layout, as far as it is published.
    pub async fn file(&self, tile: Tile) -> Result<Option<Vec<u8>>, StoreError> {
        let size = self.newest().map_or(0, |newest| newest.checkpoint.size);
        tree::file(&self.store, tile, size).await
    }

    /// Publishes for the present place on the grid, or takes over what another instance published there. Whatever is found
    /// to be rewritten stops the log. Gives what is new of the witnesses.
    pub async fn publish(&self) -> Result<Vec<WitnessNews>, PublishError> {
        let done = self.publish_next().await;
        if let Err(PublishError::Rollback(why)) = &done {
            tracing::error!(why, "log-rollback: nothing is recorded from now on");
            self.hints.halt(why);
        }
        done
    }

    async fn publish_next(&self) -> Result<Vec<WitnessNews>, PublishError> {
        let mut work = self.work.lock().await;
        let newest = self.store.newest_checkpoint(false).await?;
        let Some((head, note)) = self.head().await? else { return Ok(Vec::new()) };
        let slot = self.place(self.clock.now());
        // Entries of a clock that was ahead have their checkpoints ahead too, and nothing else has.
        let furthest = slot.max(self.place(self.store.head().await?.map_or(0, |head| head.at)));
        if newest.as_ref().is_some_and(|newest| newest.slot > furthest + self.every) {
            return Err(rollback(
                "a published checkpoint is of a time to come: the clock was put back, or somebody put it there",
            ));
        }
        // By then the head was read: what was published before is not ahead of it.
        let free = newest.is_none_or(|newest| newest.slot < slot);
        let tree = &mut work.tree;
        if self.damaged.swap(false, Ordering::Relaxed) {
            tree.forget(&self.store).await?;
        }
        if !tree.reach(&self.store, &head).await? {
            return Err(rollback("the entries do not add up to the signed head"));
        }
        self.compare_pin(tree, &head).await?;
        if !free || !self.store.take_slot(slot, signed(head.size), &note).await? {
            self.take_over(&mut work.tree).await?;
            return Ok(Vec::new());
        }
        let (note, news) = self.cosign(&mut work, &head, note).await?;
        self.store.show_checkpoint(slot, &note).await?;
        self.show(head, note, slot)?;
        drop_of(&self.store, slot).await?;
        Ok(news)
    }

    /// The signed head as it lies in the database.
    pub(super) async fn head(&self) -> Result<Option<(Checkpoint, String)>, PublishError> {
        let Some(stored) = self.store.head().await? else { return Ok(None) };
        let head = Checkpoint::open(&stored.checkpoint, std::slice::from_ref(&self.key))
            .map_err(|_| rollback("the head in the database is not signed by this log's key"))?;
        if let Some(shown) = self.newest()
            && shown.checkpoint.size > head.size
        {
            return Err(rollback("the database holds an older state than was published"));
        }
        Ok((head.size > 0).then_some((head, stored.checkpoint)))
    }

    /// The pin is this instance's own, and lies outside the database.
    async fn compare_pin(&self, tree: &mut Tree, head: &Checkpoint) -> Result<(), PublishError> {
        let Some(pinned) = self.pin.read(&self.key).ok().flatten() else { return Ok(()) };
        // A pin that is ahead was written since the head was read.
        if pinned.size <= head.size && !tree.shows(&self.store, &pinned, head).await? {
            return Err(rollback("the database does not extend what was pinned"));
        }
        Ok(())
    }

    /// Shows what was published last, by whichever instance, once every witness was asked about it.
    async fn take_over(&self, tree: &mut Tree) -> Result<(), PublishError> {
        let Some(StoredCheckpoint { note, slot, .. }) = self.store.newest_checkpoint(true).await? else {
            return Ok(());
        };
        // The head is read behind it: another instance may have gone on.
        let Some((head, _)) = self.head().await? else { return Err(rollback("the head row is gone")) };
        let checkpoint = Checkpoint::open(&note, std::slice::from_ref(&self.key))
            .map_err(|_| rollback("a published checkpoint is not signed by this log's key"))?;
        if checkpoint.size > head.size {
            return Err(rollback("the database holds an older state than was published"));
        }
        if !tree.reach(&self.store, &head).await? || !tree.shows(&self.store, &checkpoint, &head).await? {
            return Err(rollback("the database does not extend what was published"));
        }
        self.show(checkpoint, note, slot)
    }

    /// The place on the grid at that moment, Unix seconds.
    fn place(&self, at: i64) -> i64 {
        at.div_euclid(1_000_000).div_euclid(self.every) * self.every
    }

    /// Whether the newest checkpoint is of this place on the grid or the one before, and every witness cosigned it.
    pub(super) fn is_witnessed(&self) -> bool {
        self.newest().is_some_and(|newest| {
            let late = self.place(self.clock.now()) - newest.slot;
            newest.cosigned == self.keys.len() && late.abs() <= self.every
        })
    }

    fn show(&self, checkpoint: Checkpoint, note: String, slot: i64) -> Result<(), PublishError> {
        let known: Vec<_> = self.keys.iter().map(|witness| witness.key.clone()).collect();
        let cosigned = cosignatures(&note, &known)
            .map_err(|_| rollback("a published checkpoint has a false cosignature"))?
            .len();
        self.newest.store(Some(Arc::new(Published { checkpoint, note, cosigned, slot })));
        Ok(())
    }

    /// At a start: what was published before is shown again, and must lie here.
    pub(super) async fn resume(&self) -> Result<(), PublishError> {
        self.take_over(&mut self.work.lock().await.tree).await
    }
}

pub(super) fn rollback(words: &str) -> PublishError {
    PublishError::Rollback(words.into())
}
