//! A batch as it grows: what is to be inserted, the head as it will be, who is to be answered how.

use std::collections::HashMap;
use std::sync::Arc;

use gridvault_audit::{Checkpoint, Item, LogKey, Receipt, RecordError};

use super::Change;
use super::change::narrows;
use super::standing::{Standing, signed};
use super::writer::Answer;
use crate::clock::Clock;
use crate::store::{Batch, NewEntry, StoreError, StoredHead, Table};

/// Tables whose rows say who a caller is.
const CALLERS: [Table; 6] =
    [Table::Tokens, Table::Assignments, Table::Letters, Table::Services, Table::Areas, Table::Rosters];

/// What was sent to be committed: enough to know it again if the answer was lost.
pub(super) struct Sent {
    /// Number of its first entry.
    pub(super) first: i64,
    /// Salt of its first entry.
    pub(super) salt: [u8; 16],
    /// What its callers are told once it is known to be durable.
    pub(super) answers: Vec<Answer>,
}

pub(super) struct Growing {
    clock: Arc<dyn Clock>,
    pub(super) standing: Standing,
    revs: HashMap<Vec<u8>, i64>,
    entries: Vec<NewEntry>,
    pub(super) answers: Vec<Answer>,
    pub(super) callers_moved: bool,
}

impl Growing {
    pub(super) fn new(standing: &Standing, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            standing: standing.clone(),
            revs: HashMap::new(),
            entries: Vec::new(),
            answers: Vec::new(),
            callers_moved: false,
        }
    }

    /// Reads the present revisions of all records that the groups' decisions rest on.
    pub(super) async fn read_revs(
        &mut self,
        batch: &mut Batch<'_>,
        groups: &[Vec<Item<Change>>],
    ) -> Result<(), StoreError> {
        let expected = groups.iter().flatten().filter_map(|item| item.change.expect.as_ref());
        let mut ids: Vec<&[u8]> =
            expected.flat_map(|expect| expect.records.iter().map(|(id, _)| id.as_slice())).collect();
        ids.sort_unstable();
        ids.dedup();
        if !ids.is_empty() {
            self.revs = batch.record_revs(&ids).await?;
        }
        Ok(())
    }

    /// Takes one group in, all or nothing. An error fails the batch; what is wrong with this group alone is its answer.
    pub(super) async fn take(
        &mut self,
        batch: &mut Batch<'_>,
        items: &[Item<Change>],
    ) -> Result<(), StoreError> {
        if items.iter().any(|item| self.moved(&item.change)) {
            self.answers.push(Err(RecordError::Stale));
            return Ok(());
        }
        if !items.iter().any(|item| item.change.writes()) {
            let receipts = items.iter().map(|item| self.append(item)).collect();
            self.answers.push(Ok(receipts));
            return Ok(());
        }
        let (standing, length) = (self.standing.clone(), self.entries.len());
        let receipts: Vec<Receipt> = items.iter().map(|item| self.append(item)).collect();
        batch.savepoint().await?;
        let failed = match write(batch, items, &receipts).await {
            Ok(()) => {
                batch.keep().await?;
                self.note_rows(items);
                self.answers.push(Ok(receipts));
                return Ok(());
            }
            Err(StoreError::Conflict) => RecordError::Conflict,
            Err(StoreError::Other(why)) => RecordError::Unavailable(why),
            Err(error) => return Err(error),
        };
        batch.take_back().await?;
        self.standing = standing;
        self.entries.truncate(length);
        self.answers.push(Err(failed));
        Ok(())
    }

    fn moved(&self, change: &Change) -> bool {
        change.expect.as_ref().is_some_and(|expect| {
            expect.facts_rev != self.standing.facts_rev
                || expect.records.iter().any(|(id, rev)| self.revs.get(id) != Some(rev))
        })
    }

    fn append(&mut self, item: &Item<Change>) -> Receipt {
        let prepared = &item.prepared;
        let sealed = self.standing.head.append(prepared, self.clock.now());
        self.standing.facts_rev += i64::from(narrows(prepared.kind()));
        self.entries.push(NewEntry {
            seq: signed(sealed.seq),
            at: sealed.at,
            kind: prepared.kind().as_str(),
            actor: prepared.actor_id().to_owned(),
            record: prepared.subject_tag(),
            tags: prepared.further_tags().to_vec(),
            salt: prepared.salt(),
            public: sealed.public,
            private: sealed.private,
        });
        Receipt { seq: sealed.seq, salt: prepared.salt(), leaf: sealed.leaf, at: sealed.at }
    }

    /// What later groups of this batch, and callers remembered outside it, must know of the rows just written.
    fn note_rows(&mut self, items: &[Item<Change>]) {
        for row in items.iter().flat_map(|item| &item.change.rows) {
            self.callers_moved |= CALLERS.contains(&row.table);
            if row.table == Table::Records {
                self.revs.insert(row.id.clone(), row.rev);
            }
        }
    }

    /// Writes entries and signed head. Gives what was written, with the signed head; nothing where no group was taken.
    pub(super) async fn finish(
        &mut self,
        batch: &mut Batch<'_>,
        before: Option<i64>,
        key: &LogKey,
    ) -> Result<Option<(Sent, String)>, StoreError> {
        let Some(first) = self.entries.first() else { return Ok(None) };
        let sent = Sent { first: first.seq, salt: first.salt, answers: self.answers.clone() };
        let head = &self.standing.head;
        let checkpoint =
            Checkpoint { origin: head.origin().to_owned(), size: head.size(), root: head.frontier().root() };
        let note = key.sign(&checkpoint);
        let stored = StoredHead {
            size: signed(head.size()),
            leaf: head.leaf().to_vec(),
            at: head.at(),
            frontier: head.frontier().to_bytes(),
            facts_rev: self.standing.facts_rev,
            checkpoint: note.clone(),
        };
        batch.put_entries(&self.entries).await?;
        batch.move_head(before, &stored).await?;
        self.standing.begun = true;
        Ok(Some((sent, note)))
    }
}

/// Writes the changes of one group, each row with the number of its entry.
async fn write(
    batch: &mut Batch<'_>,
    items: &[Item<Change>],
    receipts: &[Receipt],
) -> Result<(), StoreError> {
    let changes = || items.iter().map(|item| &item.change);
    let numbered = changes().zip(receipts);
    let rows =
        numbered.flat_map(|(change, receipt)| change.rows.iter().map(|row| (row, signed(receipt.seq))));
    batch.put(&rows.collect::<Vec<_>>()).await?;
    let restated = changes().zip(receipts);
    let restated = restated.flat_map(|(c, receipt)| c.restated.iter().map(|row| (row, signed(receipt.seq))));
    batch.restate(&restated.collect::<Vec<_>>()).await?;
    for (what, upto) in changes().filter_map(|c| c.pruning.as_ref()) {
        batch.order_pruning(what, *upto).await?;
    }
    batch.put_envelopes(&changes().flat_map(|c| &c.envelopes).collect::<Vec<_>>()).await?;
    batch.drop_terms(&changes().flat_map(|c| &c.dropped).collect::<Vec<_>>()).await?;
    for record in changes().flat_map(|c| &c.shredded) {
        batch.shred(record.as_bytes()).await?;
    }
    batch.put_terms(&changes().flat_map(|c| &c.terms).collect::<Vec<_>>()).await?;
    let links = changes().flat_map(|c| &c.links);
    let links: Vec<_> = links.map(|(task, record)| (&task.as_bytes()[..], &record.as_bytes()[..])).collect();
    batch.link_tasks(&links).await?;
    for (task, record) in changes().flat_map(|c| &c.unlinks) {
        batch.unlink_task(task.as_bytes(), record.as_bytes()).await?;
    }
    Ok(())
}
