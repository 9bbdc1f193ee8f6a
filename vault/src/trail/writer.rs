//! The one writer: groups what waits into one transaction, numbers and chains it, signs the head, and answers only
//! when all of it is on disk.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use gridvault_audit::{Checkpoint, Head, Item, LogKey, Receipt, RecordError, Sink};
use tokio::sync::{mpsc, oneshot, watch};

use super::Change;
use crate::clock::Clock;
use crate::store::{Batch, NewEntry, Store, StoreError, StoredHead};

/// Groups waiting at most; beyond it callers are told to come back.
const QUEUE: usize = 4096;
/// Groups in one transaction at most.
const BATCH: usize = 512;

type Answer = Result<Vec<Receipt>, RecordError>;

struct Group {
    items: Vec<Item<Change>>,
    reply: oneshot::Sender<Answer>,
}

enum Message {
    Group(Group),
    Stop(oneshot::Sender<()>),
}

/// The sink of the one log: hands groups to the writer task and waits for their commit.
pub struct Writer {
    queue: mpsc::Sender<Message>,
    at: Arc<AtomicI64>,
}

impl Writer {
    /// Starts the writer task at that head.
    pub(super) fn start(task: WriterTask) -> Self {
        let (queue, inbox) = mpsc::channel(QUEUE);
        let at = Arc::clone(&task.at);
        tokio::spawn(task.run(inbox));
        Self { queue, at }
    }

    /// Log time of the newest entry on disk, UTC microseconds.
    pub fn at(&self) -> i64 {
        self.at.load(Ordering::Acquire)
    }

    /// Writes what waits, then stops taking more.
    pub async fn stop(&self) {
        let (done, stopped) = oneshot::channel();
        if self.queue.send(Message::Stop(done)).await.is_ok() && stopped.await.is_err() {
            tracing::warn!("the writer was gone before it was told to stop");
        }
    }
}

impl Sink for Writer {
    type Change = Change;

    fn append(&self, items: Vec<Item<Change>>) -> impl Future<Output = Answer> + Send {
        let (reply, answer) = oneshot::channel();
        let sent = self.queue.try_send(Message::Group(Group { items, reply }));
        async move {
            match sent {
                Ok(()) => answer.await.unwrap_or_else(|_| Err(gone())),
                Err(mpsc::error::TrySendError::Full(_)) => Err(RecordError::Busy { retry_after_secs: 1 }),
                Err(mpsc::error::TrySendError::Closed(_)) => Err(gone()),
            }
        }
    }
}

fn gone() -> RecordError {
    RecordError::Unavailable("the log is stopped".into())
}

/// What the writer task owns.
pub(super) struct WriterTask {
    pub(super) store: Arc<Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) key: LogKey,
    pub(super) head: Head,
    pub(super) facts_rev: i64,
    pub(super) begun: bool,
    pub(super) pins: watch::Sender<String>,
    pub(super) at: Arc<AtomicI64>,
}

/// A batch as it grows: the head as it will be, what is to be inserted, who is to be answered.
struct Growing {
    head: Head,
    facts_rev: i64,
    revs: HashMap<Vec<u8>, i64>,
    entries: Vec<NewEntry>,
    answers: Vec<(oneshot::Sender<Answer>, Answer)>,
}

impl WriterTask {
    async fn run(mut self, mut inbox: mpsc::Receiver<Message>) {
        let mut waiting = Vec::with_capacity(BATCH);
        while inbox.recv_many(&mut waiting, BATCH).await > 0 {
            let mut groups = Vec::with_capacity(waiting.len());
            let mut stop = None;
            for message in waiting.drain(..) {
                match message {
                    Message::Group(group) => groups.push(group),
                    Message::Stop(done) => stop = Some(done),
                }
            }
            if !groups.is_empty() {
                self.write(groups).await;
            }
            if let Some(done) = stop {
                inbox.close();
                if done.send(()).is_err() {
                    tracing::debug!("nobody waits for the writer's end");
                }
            }
        }
    }

    async fn write(&mut self, groups: Vec<Group>) {
        let mut growing = Growing {
            head: self.head.clone(),
            facts_rev: self.facts_rev,
            revs: HashMap::new(),
            entries: Vec::new(),
            answers: Vec::with_capacity(groups.len()),
        };
        let before = self.head.size();
        let written = self.fill(groups, &mut growing).await;
        let outcome = match written {
            Ok(None) => Ok(()),
            Ok(Some(note)) => {
                self.head = growing.head;
                self.at.store(self.head.at(), Ordering::Release);
                self.facts_rev = growing.facts_rev;
                self.begun = true;
                self.pins.send_replace(note);
                Ok(())
            }
            Err(StoreError::NotDurable) => {
                // A repeated fsync proves nothing (fsyncgate): only a new process can tell what is on disk.
                tracing::error!("an fsync failed: the process ends");
                std::process::abort();
            }
            Err(error) => {
                tracing::error!(%error, size = before, "the batch was not written");
                Err(error.to_string())
            }
        };
        for (reply, answer) in growing.answers {
            let answer = match &outcome {
                Ok(()) => answer,
                Err(why) => Err(RecordError::Unavailable(why.clone())),
            };
            if reply.send(answer).is_err() {
                tracing::debug!("a caller left before its entry was answered");
            }
        }
    }

    /// Writes the batch; gives the signed head, or nothing where every group was sent back.
    async fn fill(&self, groups: Vec<Group>, growing: &mut Growing) -> Result<Option<String>, StoreError> {
        let store = Arc::clone(&self.store);
        let mut batch = match self.open(&store, &groups, growing).await {
            Ok(batch) => batch,
            Err(error) => {
                growing.answers.extend(groups.into_iter().map(|g| (g.reply, Err(gone()))));
                return Err(error);
            }
        };
        let mut failed = None;
        for group in groups {
            let answer = match failed {
                None => self.take(&mut batch, growing, group.items).await,
                Some(_) => Ok(Err(gone())),
            };
            match answer {
                Ok(answer) => growing.answers.push((group.reply, answer)),
                Err(error) => {
                    growing.answers.push((group.reply, Err(gone())));
                    failed = Some(error);
                }
            }
        }
        match failed {
            Some(error) => Err(error),
            None if growing.entries.is_empty() => batch.give_up().await.map(|()| None),
            None => self.finish(batch, growing).await.map(Some),
        }
    }

    async fn open<'s>(
        &self,
        store: &'s Store,
        groups: &[Group],
        growing: &mut Growing,
    ) -> Result<Batch<'s>, StoreError> {
        let mut batch = store.begin().await?;
        let stored = batch.head_size().await?;
        let ours = self.begun.then(|| (signed(self.head.size()), self.head.leaf().to_vec()));
        if stored != ours {
            return Err(StoreError::Corrupt("another head than this log's"));
        }
        let expected: Vec<Vec<u8>> = groups
            .iter()
            .flat_map(|g| &g.items)
            .filter_map(|item| item.change.expect.as_ref())
            .flat_map(|expect| expect.records.iter().map(|(id, _)| id.clone()))
            .collect();
        growing.revs = batch.record_revs(&expected).await?;
        Ok(batch)
    }

    /// Takes one group in. The outer error fails the batch, the inner one this group alone.
    async fn take(
        &self,
        batch: &mut Batch<'_>,
        growing: &mut Growing,
        items: Vec<Item<Change>>,
    ) -> Result<Answer, StoreError> {
        if items.iter().any(|item| growing.moved(&item.change)) {
            return Ok(Err(RecordError::Stale));
        }
        let kept = (growing.head.clone(), growing.facts_rev, growing.entries.len());
        let writes = items.iter().any(|item| item.change.writes() || !item.change.unlinks.is_empty());
        if writes {
            batch.savepoint().await?;
        }
        let mut receipts = Vec::with_capacity(items.len());
        for item in items {
            match self.apply(batch, growing, item).await {
                Ok(receipt) => receipts.push(receipt),
                Err(StoreError::Conflict) => {
                    batch.take_back().await?;
                    (growing.head, growing.facts_rev) = (kept.0, kept.1);
                    growing.entries.truncate(kept.2);
                    return Ok(Err(RecordError::Conflict));
                }
                Err(error) => return Err(error),
            }
        }
        if writes {
            batch.keep().await?;
        }
        Ok(Ok(receipts))
    }

    async fn apply(
        &self,
        batch: &mut Batch<'_>,
        growing: &mut Growing,
        item: Item<Change>,
    ) -> Result<Receipt, StoreError> {
        let Item { prepared, change } = item;
        let sealed = growing.head.append(&prepared, self.clock.now());
        let seq = signed(sealed.seq);
        for row in &change.rows {
            batch.put(row, seq).await?;
            if row.table == crate::store::Table::Records {
                growing.revs.insert(row.id.clone(), row.rev);
            }
        }
        batch.put_envelopes(&change.envelopes).await?;
        batch.put_terms(&change.terms).await?;
        for (task, record) in &change.links {
            batch.link_task(task.as_bytes(), record.as_bytes()).await?;
        }
        for (task, record) in &change.unlinks {
            batch.unlink_task(task.as_bytes(), record.as_bytes()).await?;
        }
        growing.facts_rev += i64::from(change.narrows);
        growing.entries.push(NewEntry {
            seq,
            at: sealed.at,
            kind: prepared.kind().as_str(),
            actor: prepared.actor_id().to_owned(),
            record: prepared.subject_tag(),
            tags: prepared.further_tags().to_vec(),
            salt: prepared.salt(),
            public: sealed.public,
            private: sealed.private,
        });
        Ok(Receipt { seq: sealed.seq, salt: prepared.salt(), leaf: sealed.leaf, at: sealed.at })
    }

    async fn finish(&self, mut batch: Batch<'_>, growing: &mut Growing) -> Result<String, StoreError> {
        let head = &growing.head;
        let checkpoint =
            Checkpoint { origin: head.origin().to_owned(), size: head.size(), root: head.frontier().root() };
        let note = self.key.sign(&checkpoint);
        let stored = StoredHead {
            size: signed(head.size()),
            leaf: head.leaf().to_vec(),
            at: head.at(),
            frontier: head.frontier().to_bytes(),
            facts_rev: growing.facts_rev,
            checkpoint: note.clone(),
        };
        batch.put_entries(&growing.entries).await?;
        batch.move_head(self.begun.then(|| signed(self.head.size())), &stored).await?;
        match batch.commit().await {
            Ok(()) => Ok(note),
            Err(StoreError::NotDurable) => Err(StoreError::NotDurable),
            // The outcome is unknown until the database says whether the new head is there.
            Err(error) => match self.store.head().await {
                Ok(Some(found)) if found.size == stored.size && found.leaf == stored.leaf => Ok(note),
                _ => Err(error),
            },
        }
    }
}

impl Growing {
    fn moved(&self, change: &Change) -> bool {
        change.expect.as_ref().is_some_and(|expect| {
            expect.facts_rev != self.facts_rev
                || expect.records.iter().any(|(id, rev)| self.revs.get(id) != Some(rev))
        })
    }
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
