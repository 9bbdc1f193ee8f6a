//! Recording: consumes what is to be done and gives it back as recorded, once its entry is durable.

use std::future::Future;
use std::time::{Duration, Instant};

use ring::rand::{SecureRandom, SystemRandom};

use crate::entry::Entry;
use crate::prepare::{EntryError, Prepared};

/// Something that may be done only when it is on record.
pub trait Auditable {
    /// What is written in the same transaction.
    type Change: Send + 'static;

    /// The entry that records it.
    fn entry(&self) -> Entry;

    /// Takes out what is to be written with the entry; asked once.
    fn change(&mut self) -> Self::Change;
}

/// An entry with its change, on the way to the sink.
pub struct Item<C> {
    /// The entry, ready to be placed.
    pub prepared: Prepared,
    /// What is written with it.
    pub change: C,
}

/// Where entries become durable. There is one per log.
pub trait Sink: Send + Sync + 'static {
    /// What can be written along.
    type Change: Send + 'static;

    /// Writes the group, all or nothing. `Ok` only when it is durable; a receipt per item, in order.
    fn append(
        &self,
        group: Vec<Item<Self::Change>>,
    ) -> impl Future<Output = Result<Vec<Receipt>, RecordError>> + Send;
}

/// Where an entry lies in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its number.
    pub seq: u64,
    /// Its public salt.
    pub salt: [u8; 16],
    /// Its leaf hash.
    pub leaf: [u8; 32],
    /// Its log time, UTC microseconds.
    pub at: i64,
}

/// Why something is not on record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A right or a record moved since it was read: decide again.
    #[error("what it rests on has moved")]
    Stale,
    /// Too many wait.
    #[error("too many entries wait")]
    Busy {
        /// When to come back, seconds.
        retry_after_secs: u32,
    },
    /// The change does not apply to what is there.
    #[error("the change conflicts with what is there")]
    Conflict,
    /// The entry cannot be built.
    #[error("the entry cannot be built: {0}")]
    Refused(#[from] EntryError),
    /// Nothing was written.
    #[error("the log cannot be written: {0}")]
    Unavailable(String),
    /// What is stored does not extend what was seen: nothing is written behind it.
    #[error("log-rollback: {0}")]
    RolledBack(String),
}

/// The log's half of the token that log and key ring share; made with its twin only.
pub struct LogToken([u8; 16]);

/// The key ring's half: tells this log's fresh receipts from all others.
pub struct RingToken {
    token: [u8; 16],
    good_for: Duration,
}

/// Why a recorded subject is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Recorded in another log.
    #[error("it was recorded in another log")]
    OtherLog,
    /// Recorded too long ago.
    #[error("it was recorded too long ago")]
    TooOld,
}

/// Makes the two halves; what is recorded is accepted for `good_for` from its commit.
pub fn born_together(good_for: Duration) -> (LogToken, RingToken) {
    let mut token = [0; 16];
    let random = SystemRandom::new().fill(&mut token).is_ok();
    // Without randomness nothing is accepted, rather than anything.
    let good_for = if random { good_for } else { Duration::ZERO };
    (LogToken(token), RingToken { token, good_for })
}

/// The one log of a tenant.
pub struct Log<S: Sink> {
    sink: S,
    token: LogToken,
    rng: SystemRandom,
}

impl<S: Sink> Log<S> {
    /// A log over that sink.
    pub fn new(sink: S, token: LogToken) -> Self {
        Self { sink, token, rng: SystemRandom::new() }
    }

    /// Records the subject and gives it back; on any error it is gone, and nothing was done.
    pub async fn record<T>(&self, subject: T) -> Result<Recorded<T>, RecordError>
    where
        T: Auditable<Change = S::Change>,
    {
        let mut recorded = self.record_all(vec![subject]).await?;
        recorded.pop().ok_or_else(|| RecordError::Unavailable("the sink gave no receipt".into()))
    }

    /// Records the subjects in one transaction, all or none.
    pub async fn record_all<T>(&self, subjects: Vec<T>) -> Result<Vec<Recorded<T>>, RecordError>
    where
        T: Auditable<Change = S::Change>,
    {
        let mut subjects = subjects;
        let mut group = Vec::with_capacity(subjects.len());
        for subject in &mut subjects {
            let prepared = subject.entry().prepare(&self.rng)?;
            group.push(Item { prepared, change: subject.change() });
        }
        let receipts = self.sink.append(group).await?;
        if receipts.len() != subjects.len() {
            return Err(RecordError::Unavailable("the sink gave other receipts".into()));
        }
        let since = Instant::now();
        let pairs = subjects.into_iter().zip(receipts);
        Ok(pairs
            .map(|(subject, receipt)| Recorded { subject, receipt, token: self.token.0, since })
            .collect())
    }

    /// The sink.
    pub fn sink(&self) -> &S {
        &self.sink
    }
}

/// A subject that is on record. Made by [`Log::record`] alone; not to be copied, built or read back from anywhere.
pub struct Recorded<T> {
    subject: T,
    receipt: Receipt,
    token: [u8; 16],
    since: Instant,
}

impl<T> Recorded<T> {
    /// What is on record.
    pub fn subject(&self) -> &T {
        &self.subject
    }

    /// Where.
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// Gives the subject up; what is left proves nothing.
    pub fn into_subject(self) -> T {
        self.subject
    }
}

impl<T> std::fmt::Debug for Recorded<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorded").field("receipt", &self.receipt).finish_non_exhaustive()
    }
}

impl RingToken {
    /// Whether the subject was recorded in the twin's log, and lately.
    pub fn accepts<T>(&self, recorded: &Recorded<T>) -> Result<(), TokenError> {
        if recorded.token != self.token {
            return Err(TokenError::OtherLog);
        }
        if recorded.since.elapsed() > self.good_for {
            return Err(TokenError::TooOld);
        }
        Ok(())
    }
}
