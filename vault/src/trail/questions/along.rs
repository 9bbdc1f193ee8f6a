//! Along the blocks that hold all that is asked for, leaping over those that cannot.

use std::collections::VecDeque;
use std::ops::Range;

use super::words::Aspect;
use crate::store::{Bits, Store, StoreError};

/// Rows of the index that one page reads at most, about.
const MOST_ROWS: usize = 4096;
/// Rows read at a time: few at first, for the next word may leap far.
const FEW: i64 = 4;
const MANY: i64 = 256;

/// Where a walk has come to.
pub(super) enum Step {
    /// A block with these entries.
    At(i64, Bits),
    /// No further block holds all.
    Nowhere,
    /// Enough was read for one page; it goes on at that block.
    Spent(i64),
}

/// A walk over blocks, in their order or back.
pub(super) struct Walk<'s> {
    store: &'s Store,
    /// Every one must hold a block's entry.
    terms: Vec<Term>,
    blocks: Range<i64>,
    back: bool,
    rows: usize,
}

/// Words of which one must hold.
struct Term(Vec<Stream>);

/// The blocks of one word, as far as they were read.
struct Stream {
    word: i64,
    ahead: VecDeque<(i64, Bits)>,
    /// The next block that is not read.
    unread: i64,
    step: i64,
    ended: bool,
}

impl<'s> Walk<'s> {
    pub(super) fn new(
        store: &'s Store,
        words: &[(Aspect, Vec<String>)],
        blocks: Range<i64>,
        back: bool,
    ) -> Self {
        let stream = |word| Stream { word, ahead: VecDeque::new(), unread: 0, step: FEW, ended: false };
        let term = |(aspect, words): &(Aspect, Vec<String>)| {
            Term(words.iter().map(|word| stream(aspect.key(word))).collect())
        };
        Self { store, terms: words.iter().map(term).collect(), blocks, back, rows: 0 }
    }

    /// The next block from `to` on in which every term holds an entry.
    pub(super) async fn next(&mut self, mut to: i64) -> Result<Step, StoreError> {
        let mut terms = std::mem::take(&mut self.terms);
        let step = loop {
            if self.rows > MOST_ROWS {
                break Step::Spent(to);
            }
            let (mut farthest, mut bits) = (Some(to), Bits::between(0, i64::MAX));
            for term in &mut terms {
                farthest = self.seek(term, to).await?;
                match farthest {
                    Some(block) if block == to => bits = bits.and(term.at(to)),
                    _ => break,
                }
            }
            match farthest {
                None => break Step::Nowhere,
                Some(block) if block != to => to = block,
                Some(_) if bits.is_empty() => to += if self.back { -1 } else { 1 },
                Some(block) => break Step::At(block, bits),
            }
        };
        self.terms = terms;
        Ok(step)
    }

    /// The first block from `to` on that one of the words holds.
    async fn seek(&mut self, term: &mut Term, to: i64) -> Result<Option<i64>, StoreError> {
        let mut first = None;
        for stream in &mut term.0 {
            let found = self.seek_one(stream, to).await?;
            first = match (first, found) {
                (Some(a), Some(b)) => Some(if self.before(a, b) { a } else { b }),
                (one, other) => one.or(other),
            };
        }
        Ok(first)
    }

    async fn seek_one(&mut self, stream: &mut Stream, to: i64) -> Result<Option<i64>, StoreError> {
        loop {
            while let Some((block, _)) = stream.ahead.front() {
                if !self.before(*block, to) {
                    return Ok(Some(*block));
                }
                stream.ahead.pop_front();
            }
            if stream.ended {
                return Ok(None);
            }
            // What follows on what was read is read in larger steps; behind a leap few are needed, perhaps.
            stream.step = if stream.unread == to { (stream.step * 4).min(MANY) } else { FEW };
            let blocks = if self.back { self.blocks.start..to + 1 } else { to..self.blocks.end };
            let rows = self.store.postings(stream.word, blocks, self.back, stream.step).await?;
            self.rows += rows.len() + 1;
            stream.ended = i64::try_from(rows.len()).unwrap_or(i64::MAX) < stream.step;
            // One that cannot be read may hold any entry: their own bytes tell.
            let all = || Bits::between(0, i64::MAX);
            let read = |(block, held): (i64, Vec<u8>)| (block, Bits::from_bytes(&held).unwrap_or_else(all));
            stream.ahead.extend(rows.into_iter().map(read));
            if let Some((last, _)) = stream.ahead.back() {
                stream.unread = if self.back { last - 1 } else { last + 1 };
            }
        }
    }

    fn before(&self, block: i64, other: i64) -> bool {
        if self.back { block > other } else { block < other }
    }
}

impl Term {
    fn at(&self, block: i64) -> Bits {
        let held = self.0.iter().filter_map(|stream| stream.ahead.front());
        held.filter(|(at, _)| *at == block).fold(Bits::default(), |bits, (_, more)| bits.or(*more))
    }
}
