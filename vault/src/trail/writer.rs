//! The one writer of an instance: groups what waits into one transaction, numbers and chains it, signs the head, and
//! answers only when all of it is on disk. It waits for nobody: what comes while a batch is written is the next batch.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gridvault_audit::{Item, LogKey, Receipt, RecordError, Sink, VerifierKey};
use tokio::sync::{mpsc, oneshot, watch};

use super::Change;
use super::batch::{Growing, Sent};
use super::standing::{Hints, Standing, Unfit, signed};
use crate::clock::Clock;
use crate::store::{Store, StoreError, StoredHead};

/// Groups waiting at most; beyond it callers are told to come back.
const QUEUE: usize = 4096;
/// Groups in one transaction at most.
const BATCH: usize = 512;
/// A batch of which nothing was sent to be committed is tried again for so long.
const TRY_FOR: Duration = Duration::from_secs(5);
/// One whose commit may have been made is looked for longer than a client waits: nobody is told that nothing was written.
const FIND_FOR: Duration = Duration::from_secs(60);
/// An instance that wrote nothing for so long may be far behind the others.
const IDLE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(50);

pub(super) type Answer = Result<Vec<Receipt>, RecordError>;

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
    hints: Arc<Hints>,
}

impl Writer {
    /// Starts the writer task at that head.
    pub(super) fn start(task: WriterTask) -> Self {
        let (queue, inbox) = mpsc::channel(QUEUE);
        let hints = Arc::clone(&task.hints);
        tokio::spawn(task.run(inbox));
        Self { queue, hints }
    }

    /// Log time of the newest entry known here, UTC microseconds.
    pub fn at(&self) -> i64 {
        self.hints.at()
    }

    /// What may be known of the log without asking the database.
    pub(crate) fn hints(&self) -> &Hints {
        &self.hints
    }

    /// Groups that wait to be written.
    pub fn waiting(&self) -> usize {
        QUEUE.saturating_sub(self.queue.capacity())
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
        let sent = match self.hints.halted() {
            Some(why) => Err(RecordError::RolledBack(why.to_owned())),
            None => {
                self.queue.try_send(Message::Group(Group { items, reply })).map_err(|error| match error {
                    mpsc::error::TrySendError::Full(_) => RecordError::Busy { retry_after_secs: 1 },
                    mpsc::error::TrySendError::Closed(_) => stopped(),
                })
            }
        };
        async move {
            sent?;
            answer.await.unwrap_or_else(|_| Err(stopped()))
        }
    }
}

fn stopped() -> RecordError {
    RecordError::Unavailable("the log is stopped".into())
}

/// What the writer task owns.
pub(super) struct WriterTask {
    pub(super) store: Arc<Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) key: LogKey,
    pub(super) verifier: VerifierKey,
    pub(super) standing: Standing,
    pub(super) pins: watch::Sender<String>,
    pub(super) hints: Arc<Hints>,
    /// When the log was last seen to move.
    pub(super) wrote: Instant,
    /// Dropped with the task: the pin's keeper need not wait any longer.
    pub(super) _running: oneshot::Sender<Infallible>,
}

impl WriterTask {
    async fn run(mut self, mut inbox: mpsc::Receiver<Message>) {
        let mut waiting = Vec::with_capacity(BATCH);
        while inbox.recv_many(&mut waiting, BATCH).await > 0 {
            let mut groups = Vec::with_capacity(waiting.len());
            let mut replies = Vec::with_capacity(waiting.len());
            let mut stop = None;
            for message in waiting.drain(..) {
                match message {
                    Message::Group(group) => {
                        groups.push(group.items);
                        replies.push(group.reply);
                    }
                    Message::Stop(done) => stop = Some(done),
                }
            }
            if !groups.is_empty() {
                let answers = self.write(groups).await;
                for (reply, answer) in replies.into_iter().zip(answers) {
                    if reply.send(answer).is_err() {
                        tracing::debug!("a caller left before its entry was answered");
                    }
                }
            }
            if let Some(done) = stop {
                inbox.close();
                if done.send(()).is_err() {
                    tracing::debug!("nobody waits for the writer's end");
                }
            }
        }
    }

    /// Writes the groups in one transaction; an answer per group. A lost connection, or another transaction in the way, is
    /// tried again: under the head's lock it shows whether the lost try was committed.
    async fn write(&mut self, groups: Vec<Vec<Item<Change>>>) -> Vec<Answer> {
        let (mut failing, mut sent) = (None, None);
        loop {
            let error = match self.attempt(&groups, &mut sent).await {
                Ok(answers) => return answers,
                Err(error) => error,
            };
            let since = *failing.get_or_insert_with(Instant::now);
            let patience = if sent.is_some() { FIND_FOR } else { TRY_FOR };
            let failed = match error {
                Unfit::Store(StoreError::NotDurable) => {
                    // A repeated fsync proves nothing (fsyncgate): only a new process can tell what is on disk.
                    tracing::error!("an fsync failed: the process ends");
                    std::process::abort();
                }
                Unfit::Store(StoreError::Lost | StoreError::Retry) if since.elapsed() < patience => {
                    tracing::warn!(groups = groups.len(), "a batch is tried again");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                Unfit::Rollback(why) => RecordError::RolledBack(why.into()),
                Unfit::Store(error) => RecordError::Unavailable(error.to_string()),
            };
            tracing::error!(error = %failed, size = self.standing.head.size(), "the batch was not written");
            return groups.iter().map(|_| Err(failed.clone())).collect();
        }
    }

    async fn attempt(
        &mut self,
        groups: &[Vec<Item<Change>>],
        sent: &mut Option<Sent>,
    ) -> Result<Vec<Answer>, Unfit> {
        let store = Arc::clone(&self.store);
        if self.wrote.elapsed() > IDLE {
            // What others wrote meanwhile may be much: read before the head is locked, nobody waits for it.
            self.follow(&store, store.head().await?.as_ref()).await?;
        }
        let mut batch = store.begin().await?;
        let stored = batch.lock_head().await?;
        self.follow(&store, stored.as_ref()).await?;
        if let Some(lost) = sent.as_ref() {
            let made = batch.salt(lost.first).await?.as_deref() == Some(&lost.salt[..]);
            if let Some(stored) = stored.filter(|_| made) {
                // It was committed after all. A further write, acknowledged, proves that it is durable too.
                batch.move_head(Some(stored.size), &stored).await?;
                let answers = lost.answers.clone();
                batch.commit().await?;
                return Ok(answers);
            }
            // Under the head's lock it is certain that it was not.
            *sent = None;
        }
        let mut growing = Growing::new(&self.standing, Arc::clone(&self.clock));
        growing.read_revs(&mut batch, groups).await?;
        for items in groups {
            growing.take(&mut batch, items).await?;
        }
        let before = self.standing.begun.then(|| signed(self.standing.head.size()));
        let Some((written, note)) = growing.finish(&mut batch, before, &self.key).await? else {
            batch.give_up().await?;
            return Ok(growing.answers);
        };
        *sent = Some(written);
        batch.commit().await?;
        self.hints.wrote(growing.standing.head.size() - self.standing.head.size());
        self.standing = growing.standing;
        self.known(note, growing.callers_moved);
        Ok(growing.answers)
    }

    /// Takes over what other instances have written.
    async fn follow(&mut self, store: &Store, stored: Option<&StoredHead>) -> Result<(), Unfit> {
        if let Some(note) = self.standing.follow(store, stored, &self.verifier).await? {
            self.known(note, true);
        }
        Ok(())
    }

    fn known(&mut self, note: String, callers_moved: bool) {
        self.hints.set(&self.standing.head, self.standing.facts_rev, callers_moved);
        self.pins.send_replace(note);
        self.wrote = Instant::now();
    }
}
