//! Where the log stands as this instance knows it: moved by its own batches and by those of other instances, but only
//! ever to an extension of what it knew.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use gridvault_audit::{Checkpoint, Head, Json, VerifierKey, leaf_hash, parse_at};

use crate::store::{Batch, StoreError, StoredHead};

/// Entries read at a time when another instance has gone ahead.
const AT_A_TIME: i64 = 2048;

/// What lookups may know of the log without asking the database; hints, for the writer compares with what is stored.
#[derive(Default)]
pub(crate) struct Hints {
    /// Log time of the newest entry known here, UTC microseconds.
    at: AtomicI64,
    /// The revision of rights.
    facts_rev: AtomicI64,
    /// Raised when rows that name callers may have changed in a way that narrows nothing.
    callers: AtomicU64,
}

impl Hints {
    pub(crate) fn at(&self) -> i64 {
        self.at.load(Ordering::Acquire)
    }

    pub(crate) fn facts_rev(&self) -> i64 {
        self.facts_rev.load(Ordering::Acquire)
    }

    pub(crate) fn callers(&self) -> u64 {
        self.callers.load(Ordering::Acquire)
    }

    pub(super) fn set(&self, head: &Head, facts_rev: i64, callers_moved: bool) {
        self.at.store(head.at(), Ordering::Release);
        self.facts_rev.store(facts_rev, Ordering::Release);
        if callers_moved {
            self.callers.fetch_add(1, Ordering::Release);
        }
    }
}

/// Why what is stored is not taken over.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfit {
    /// It does not extend what this instance has seen.
    #[error("{0}")]
    Rollback(&'static str),
    /// It could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Head and revision of rights.
#[derive(Clone)]
pub(super) struct Standing {
    pub(super) head: Head,
    pub(super) facts_rev: i64,
    pub(super) begun: bool,
}

impl Standing {
    /// Takes over what another instance has written meanwhile. Gives its signed head, or nothing where there is none newer.
    pub(super) async fn follow(
        &mut self,
        batch: &mut Batch<'_>,
        stored: Option<&StoredHead>,
        key: &VerifierKey,
    ) -> Result<Option<String>, Unfit> {
        let Some(stored) = stored else {
            return if self.begun { Err(Unfit::Rollback("the head row is gone")) } else { Ok(None) };
        };
        let known = signed(self.head.size());
        if stored.size < known || stored.facts_rev < self.facts_rev {
            return Err(Unfit::Rollback("the database holds an older state than this instance has seen"));
        }
        if stored.size == known {
            let same = stored.leaf == self.head.leaf() && stored.facts_rev == self.facts_rev;
            return if same {
                Ok(None)
            } else {
                Err(Unfit::Rollback("the head in the database was changed without an entry"))
            };
        }
        let mut tree = self.head.frontier().clone();
        let (mut from, mut last) = (known, None);
        while from < stored.size {
            let to = stored.size.min(from + AT_A_TIME);
            for public in batch.public_bytes(from, to).await? {
                tree.push(leaf_hash(&public));
                last = Some(public);
            }
            from = to;
        }
        // The signature does not cover these two: a wrong one would break the chain, or end every right.
        let last = last.as_deref().map(|public| (leaf_hash(public), log_time(public)));
        let signed = Checkpoint::open(&stored.checkpoint, std::slice::from_ref(key))
            .map_err(|_| Unfit::Rollback("the head in the database is not signed by this log's key"))?;
        let size = u64::try_from(stored.size).unwrap_or(0);
        let head = Head::from_parts(key.name(), size, &stored.leaf, stored.at, &stored.frontier)
            .map_err(|_| Unfit::Rollback("the head in the database does not hold together"))?;
        let extends = tree.size() == size
            && tree.root() == signed.root
            && signed.size == size
            && head.frontier().root() == signed.root
            && last == Some((*head.leaf(), Some(stored.at)));
        if !extends {
            return Err(Unfit::Rollback("the database does not extend what this instance has seen"));
        }
        *self = Self { head, facts_rev: stored.facts_rev, begun: true };
        Ok(Some(stored.checkpoint.clone()))
    }
}

/// The log time that an entry's public part says.
pub(super) fn log_time(public: &[u8]) -> Option<i64> {
    Json::parse_canonical(public).ok()?.text("at").and_then(parse_at)
}

pub(super) fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
