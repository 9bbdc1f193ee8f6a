//! Words and tallies follow the entries, a whole block at a time, each once.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::block::rows_of;
use crate::store::{BLOCK, EntryFilter, Store, StoreError, StoredEntry};
use crate::trail::Parts;

/// Blocks that a question follows before it is answered.
const BEFORE_AN_ANSWER: u64 = 2;

/// Answers questions to one log, and keeps what answers them behind its entries.
pub struct Questions {
    pub(super) store: Arc<Store>,
    /// One at a time in this process: two would do the same.
    busy: Mutex<()>,
}

impl Questions {
    pub(crate) fn new(store: Arc<Store>) -> Self {
        Self { store, busy: Mutex::default() }
    }

    /// Follows up to so many blocks; how many are followed thereby, by this instance or another.
    pub async fn follow(&self, most: u64) -> Result<u64, StoreError> {
        let _alone = self.busy.lock().await;
        self.follow_alone(most).await
    }

    /// Before an answer: a little, and nothing while it is being done.
    pub(super) async fn keep_up(&self) {
        let Ok(_alone) = self.busy.try_lock() else { return };
        if let Err(error) = self.follow_alone(BEFORE_AN_ANSWER).await {
            tracing::warn!(%error, "the words of the trail do not follow: it is read as it lies");
        }
    }

    async fn follow_alone(&self, most: u64) -> Result<u64, StoreError> {
        let mut done = 0;
        while done < most {
            let block = self.store.followed().await?;
            // The head is read behind it: what was followed is not ahead of it.
            if (block + 1).saturating_mul(BLOCK) > self.size().await? {
                break;
            }
            let filter = EntryFilter {
                after: Some(block * BLOCK - 1),
                before: Some((block + 1) * BLOCK),
                limit: BLOCK,
                ..EntryFilter::default()
            };
            let entries = self.store.entries(&filter).await?;
            self.check(block, &entries).await?;
            let (words, tallies) = rows_of(block, &entries)?;
            self.store.follow_block(block, &entries, &words, &tallies).await?;
            done += 1;
        }
        Ok(done)
    }

    /// An entry is missing only where old ones were ordered to be removed.
    async fn check(&self, block: i64, entries: &[StoredEntry]) -> Result<(), StoreError> {
        if i64::try_from(entries.len()) == Ok(BLOCK) {
            return Ok(());
        }
        let numbers = block * BLOCK..(block + 1) * BLOCK;
        let there: HashSet<i64> = entries.iter().map(|entry| entry.seq).collect();
        let missing = numbers.rev().find(|seq| !there.contains(seq)).unwrap_or(0);
        let prunings = self.store.prunings().await?;
        let ordered = prunings.iter().any(|one| one.what == Parts::Entries.as_str() && missing < one.upto);
        if ordered { Ok(()) } else { Err(StoreError::Corrupt("an entry is missing")) }
    }

    /// Entries in the log.
    pub(super) async fn size(&self) -> Result<i64, StoreError> {
        Ok(self.store.head().await?.map_or(0, |head| head.size))
    }
}
