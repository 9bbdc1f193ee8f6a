//! Where the log stands as this instance knows it: moved by its own batches and by those of other instances, but only
//! ever to an extension of what it knew.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use gridvault_audit::{ChainVerifier, Checkpoint, Head, Json, VerifierKey, parse_at};

use super::change::narrows;
use crate::store::{Store, StoreError, StoredHead};

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
    /// Transactions and entries that this instance committed.
    written: [AtomicU64; 2],
    /// Why nothing is recorded any more.
    halted: OnceLock<String>,
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

    /// Transactions and entries that this instance committed.
    pub(crate) fn written(&self) -> (u64, u64) {
        let [batches, entries] = &self.written;
        (batches.load(Ordering::Relaxed), entries.load(Ordering::Relaxed))
    }

    /// Nothing is recorded any more: what lies in the database is not what was signed before.
    pub(super) fn halt(&self, why: &str) {
        self.halted.get_or_init(|| why.to_owned());
    }

    /// Why nothing is recorded any more, if so.
    pub(crate) fn halted(&self) -> Option<&str> {
        self.halted.get().map(String::as_str)
    }

    pub(super) fn wrote(&self, added: u64) {
        let [batches, entries] = &self.written;
        batches.fetch_add(1, Ordering::Relaxed);
        entries.fetch_add(added, Ordering::Relaxed);
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

const NOT_EXTENDED: Unfit = Unfit::Rollback("the database does not extend what this instance has seen");

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
        store: &Store,
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
        let mut chain = ChainVerifier::behind(self.head.clone());
        let (mut from, mut facts_rev) = (known, self.facts_rev);
        while from < stored.size {
            let to = stored.size.min(from + AT_A_TIME);
            for public in store.public_bytes(from, to).await? {
                let entry = chain.push(&public, None).map_err(|_| NOT_EXTENDED)?;
                facts_rev += i64::from(narrows(entry.kind));
            }
            from = to;
        }
        let note = Checkpoint::open(&stored.checkpoint, std::slice::from_ref(key))
            .map_err(|_| Unfit::Rollback("the head in the database is not signed by this log's key"))?;
        // The signature covers size and root; the rest is what the entries say, or it would break the chain or end rights.
        let head = chain.head();
        let extends = signed(head.size()) == stored.size
            && note.size == head.size()
            && note.root == head.frontier().root()
            && stored.frontier == head.frontier().to_bytes()
            && stored.leaf == head.leaf()
            && stored.at == head.at()
            && stored.facts_rev == facts_rev;
        if !extends {
            return Err(NOT_EXTENDED);
        }
        *self = Self { head: head.clone(), facts_rev, begun: true };
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
