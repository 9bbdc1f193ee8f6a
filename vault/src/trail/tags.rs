//! Whether the index of further tags holds what the private parts name, and no more. The index lies in the order of the
//! tags, the log in that of its numbers; comparing entry by entry would read the whole index for every page of the log. So
//! both are summed up, block by block of numbers, under a key of this run: equal sums, equal sets.

use std::collections::HashSet;

use super::sums::{Hashing, Sums};
use crate::store::{Store, StoreError};

/// Numbers in a block.
const BLOCK: i64 = 4096;
/// Rows of the index read at a time.
const AT_A_TIME: i64 = 8192;

/// Sums of what is named and of what is indexed.
pub(super) struct Tags {
    hashing: Hashing,
    /// Per block over all (number, tag).
    named: Sums,
    /// Entries whose private part was removed: nothing can be said of their tags.
    unknown: HashSet<i64>,
}

impl Tags {
    pub(super) fn new() -> Result<Self, StoreError> {
        Ok(Self { hashing: Hashing::new()?, named: Sums::default(), unknown: HashSet::new() })
    }

    /// An entry's private part names this tag.
    pub(super) fn name(&mut self, seq: i64, tag: &[u8]) {
        let hash = self.hash(seq, tag);
        self.named.add(seq.div_euclid(BLOCK), hash);
    }

    /// An entry's private part was removed.
    pub(super) fn forget(&mut self, seq: i64) {
        self.unknown.insert(seq);
    }

    /// Reads the index once; the numbers from and to (not included) of the first block that does not hold what is named.
    pub(super) async fn differ(&self, store: &Store) -> Result<Option<(i64, i64)>, StoreError> {
        let mut indexed = Sums::default();
        let mut behind = (Vec::new(), -1);
        loop {
            let page = store.indexed_tags(&behind.0, behind.1, AT_A_TIME).await?;
            for (tag, seq) in page.iter().filter(|(_, seq)| !self.unknown.contains(seq)) {
                indexed.add(seq.div_euclid(BLOCK), self.hash(*seq, tag));
            }
            match page.into_iter().last() {
                Some(last) => behind = last,
                None => break,
            }
        }
        let block = self.named.differ(&indexed);
        Ok(block.map(|block| (block * BLOCK, (block + 1) * BLOCK)))
    }

    fn hash(&self, seq: i64, tag: &[u8]) -> u128 {
        self.hashing.of(&[&seq.to_be_bytes(), tag])
    }
}
