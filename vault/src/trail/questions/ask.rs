//! A page of entries that fit a question.

use std::ops::Range;

use gridvault_audit::Part;

use super::along::{Step, Walk};
use super::follow::Questions;
use super::words::{Aspect, tell};
use crate::store::{BLOCK, Bits, EntryFilter, Store, StoreError, StoredEntry};

/// Entries that one page looks at, at most, where the index does not say that they fit.
const MOST_LOOKED: usize = 2048;
/// Entries read at a time.
const AT_A_TIME: i64 = 256;

/// A question: whatever it names must hold of an entry.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Of each aspect one of these words.
    pub words: Vec<(Aspect, Vec<String>)>,
    /// It touches the record with this audit tag.
    pub record: Option<Vec<u8>>,
    /// From this log time on, microseconds.
    pub from: Option<i64>,
    /// Before this log time, microseconds.
    pub to: Option<i64>,
    /// Behind this number; before it where the newest come first.
    pub after: Option<i64>,
    /// Newest first.
    pub newest_first: bool,
    /// At most so many.
    pub limit: usize,
}

/// Entries that fit, and where to go on.
#[derive(Debug)]
pub struct Page {
    /// In the order asked for; perhaps fewer than there is room for.
    pub entries: Vec<StoredEntry>,
    /// `after` of the next page, unless there is none.
    pub next: Option<i64>,
}

impl Questions {
    /// A page of answers. It reads so much and no more: where that does not fill it, `next` goes on all the same.
    pub async fn ask(&self, question: &Question) -> Result<Page, StoreError> {
        self.keep_up().await;
        let followed = self.store.followed().await?.saturating_mul(BLOCK);
        let numbers = self.numbers(question).await?;
        let mut search = Search { store: &self.store, question, found: Vec::new(), next: None, looked: 0 };
        if let Some(tag) = &question.record {
            search.touching(tag, numbers).await?;
        } else if question.words.is_empty() {
            search.through(numbers).await?;
        } else {
            let followed = followed.clamp(numbers.start, numbers.end);
            let (behind, tail) = (numbers.start..followed, followed..numbers.end);
            // Whether a way came to its end says whether there is another to go.
            if question.newest_first {
                if search.through(tail).await? {
                    search.along(behind).await?;
                }
            } else if search.along(behind).await? {
                search.through(tail).await?;
            }
        }
        Ok(Page { entries: search.found, next: search.next })
    }

    /// The numbers within which the answers lie.
    async fn numbers(&self, question: &Question) -> Result<Range<i64>, StoreError> {
        let size = self.size().await?;
        let (mut from, mut to) = (0, size);
        if let Some(at) = question.from {
            from = self.first_at(at, size).await?;
        }
        if let Some(at) = question.to {
            to = self.first_at(at, size).await?;
        }
        match question.after {
            Some(after) if question.newest_first => to = to.min(after),
            Some(after) => from = from.max(after.saturating_add(1)),
            None => {}
        }
        Ok(from..to.max(from))
    }

    /// The first number at or behind that log time: that of the next entry, where there is none.
    pub async fn since(&self, at: i64) -> Result<i64, StoreError> {
        let size = self.size().await?;
        self.first_at(at, size).await
    }

    /// The first number at or behind that log time, which never goes back from one number to the next.
    async fn first_at(&self, at: i64, size: i64) -> Result<i64, StoreError> {
        let (mut from, mut to) = (0, size);
        while from < to {
            let middle = from.midpoint(to);
            match self.store.time_of(middle).await? {
                Some(time) if time < at => from = middle + 1,
                _ => to = middle,
            }
        }
        Ok(from)
    }
}

/// A page on its way. Each way of looking says whether it came to its end; else `next` says where to go on.
struct Search<'a> {
    store: &'a Store,
    question: &'a Question,
    found: Vec<StoredEntry>,
    next: Option<i64>,
    looked: usize,
}

impl Search<'_> {
    /// Reads every entry of these numbers.
    async fn through(&mut self, mut numbers: Range<i64>) -> Result<bool, StoreError> {
        let back = self.question.newest_first;
        while !numbers.is_empty() {
            let filter = EntryFilter {
                after: Some(numbers.start - 1),
                before: Some(numbers.end),
                newest_first: back,
                limit: if self.question.words.is_empty() { self.missing() } else { AT_A_TIME },
                ..EntryFilter::default()
            };
            let entries = self.store.entries(&filter).await?;
            let Some(last) = entries.last().map(|entry| entry.seq) else { return Ok(true) };
            if back {
                numbers.end = last;
            } else {
                numbers.start = last + 1;
            }
            if !self.take(entries) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Those of these numbers that touch a record.
    async fn touching(&mut self, tag: &[u8], mut numbers: Range<i64>) -> Result<bool, StoreError> {
        let back = self.question.newest_first;
        loop {
            let touching = self.store.touching(tag, numbers.clone(), back, AT_A_TIME).await?;
            let Some(last) = touching.last().copied() else { return Ok(true) };
            if back {
                numbers.end = last;
            } else {
                numbers.start = last + 1;
            }
            let entries = self.store.numbered(&touching, back).await?;
            if !self.take(entries) {
                return Ok(false);
            }
        }
    }

    /// Those of these numbers that the index names.
    async fn along(&mut self, numbers: Range<i64>) -> Result<bool, StoreError> {
        if numbers.is_empty() {
            return Ok(true);
        }
        let back = self.question.newest_first;
        let blocks = numbers.start / BLOCK..(numbers.end - 1) / BLOCK + 1;
        let mut at = if back { blocks.end - 1 } else { blocks.start };
        let mut walk = Walk::new(self.store, &self.question.words, blocks, back);
        let mut named: Vec<i64> = Vec::new();
        loop {
            let step = walk.next(at).await?;
            if let Step::At(block, bits) = step {
                let first = block * BLOCK;
                let bits = bits.and(Bits::between(numbers.start - first, numbers.end - first));
                let places = bits.places().map(|place| first + i64::from(place));
                if back {
                    named.extend(places.rev());
                } else {
                    named.extend(places);
                }
                at = if back { block - 1 } else { block + 1 };
                if i64::try_from(named.len()).unwrap_or(i64::MAX) < self.missing() {
                    continue;
                }
            }
            if !self.fetch(std::mem::take(&mut named)).await? {
                return Ok(false);
            }
            match step {
                Step::At(..) => {}
                Step::Nowhere => return Ok(true),
                Step::Spent(block) => {
                    self.next = Some(if back { (block + 1) * BLOCK } else { block * BLOCK - 1 });
                    return Ok(false);
                }
            }
        }
    }

    /// Reads the named entries, as many at a time as are missing.
    async fn fetch(&mut self, named: Vec<i64>) -> Result<bool, StoreError> {
        let mut named = named.as_slice();
        while !named.is_empty() {
            let many = usize::try_from(self.missing()).unwrap_or(usize::MAX).clamp(1, named.len());
            let (now, later) = named.split_at(many);
            let entries = self.store.numbered(now, self.question.newest_first).await?;
            if !self.take(entries) {
                return Ok(false);
            }
            named = later;
        }
        Ok(true)
    }

    /// Keeps those that fit; false where the page is full, or enough was looked at.
    fn take(&mut self, entries: Vec<StoredEntry>) -> bool {
        let mut last = None;
        for entry in entries {
            self.looked += 1;
            last = Some(entry.seq);
            if self.question.fits(&entry) {
                self.found.push(entry);
                if self.missing() == 0 {
                    self.next = last;
                    return false;
                }
            }
        }
        if self.looked >= MOST_LOOKED {
            self.next = last;
            return false;
        }
        true
    }

    fn missing(&self) -> i64 {
        i64::try_from(self.question.limit.saturating_sub(self.found.len())).unwrap_or(i64::MAX)
    }
}

impl Question {
    /// Whether an entry says all that is asked for.
    fn fits(&self, entry: &StoredEntry) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let Ok(public) = Part::read(&entry.public) else { return false };
        let wants_private = self.words.iter().any(|(aspect, _)| aspect.is_private());
        let private = entry.private.as_deref().filter(|_| wants_private);
        let private = private.and_then(|private| Part::read(private).ok());
        let mut held = vec![false; self.words.len()];
        tell(public.view(), private.as_ref().map(Part::view), |said, word| {
            for ((aspect, wanted), held) in self.words.iter().zip(&mut held) {
                *held |= *aspect == said && wanted.iter().any(|wanted| wanted == word);
            }
        });
        held.into_iter().all(|held| held)
    }
}
