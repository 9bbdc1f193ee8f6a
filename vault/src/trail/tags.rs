//! Whether the index of further tags holds what the private parts name, and no more. The index lies in the order of the
//! tags, the log in that of its numbers; comparing entry by entry would read the whole index for every page of the log. So
//! both are summed up, block by block of numbers, under a key of this run: equal sums, equal sets.

use std::collections::HashSet;

use ring::hmac::{HMAC_SHA256, Key, sign};
use ring::rand::SystemRandom;

use crate::store::{Store, StoreError};

/// Numbers in a block.
const BLOCK: u64 = 4096;
/// Rows of the index read at a time.
const AT_A_TIME: i64 = 8192;

/// Sums of what is named and of what is indexed.
pub(super) struct Tags {
    key: Key,
    /// Per block: the sum over all (number, tag) of their keyed hashes, wrapping.
    named: Vec<u128>,
    /// Entries whose private part was removed: nothing can be said of their tags.
    unknown: HashSet<i64>,
}

impl Tags {
    pub(super) fn new() -> Result<Self, StoreError> {
        let key = Key::generate(HMAC_SHA256, &SystemRandom::new());
        let key = key.map_err(|_| StoreError::Other("no randomness".into()))?;
        Ok(Self { key, named: Vec::new(), unknown: HashSet::new() })
    }

    /// An entry's private part names this tag.
    pub(super) fn name(&mut self, seq: i64, tag: &[u8]) {
        let hash = self.hash(seq, tag);
        add(&mut self.named, seq, hash);
    }

    /// An entry's private part was removed.
    pub(super) fn forget(&mut self, seq: i64) {
        self.unknown.insert(seq);
    }

    /// Reads the index once; the numbers from and to (not included) of the first block that does not hold what is named.
    pub(super) async fn differ(&self, store: &Store) -> Result<Option<(i64, i64)>, StoreError> {
        let mut indexed = Vec::new();
        let mut behind = (Vec::new(), -1);
        loop {
            let page = store.indexed_tags(&behind.0, behind.1, AT_A_TIME).await?;
            for (tag, seq) in page.iter().filter(|(_, seq)| !self.unknown.contains(seq)) {
                add(&mut indexed, *seq, self.hash(*seq, tag));
            }
            match page.into_iter().last() {
                Some(last) => behind = last,
                None => break,
            }
        }
        let blocks = indexed.len().max(self.named.len());
        let sum = |sums: &[u128], block: usize| sums.get(block).copied().unwrap_or_default();
        let block = (0..blocks).find(|block| sum(&indexed, *block) != sum(&self.named, *block));
        Ok(block.map(|block| {
            let from = i64::try_from(block as u64 * BLOCK).unwrap_or(i64::MAX);
            (from, from.saturating_add(BLOCK.cast_signed()))
        }))
    }

    fn hash(&self, seq: i64, tag: &[u8]) -> u128 {
        let mut bytes = seq.to_be_bytes().to_vec();
        bytes.extend_from_slice(tag);
        let hash = sign(&self.key, &bytes);
        hash.as_ref().first_chunk::<16>().map_or(0, |half| u128::from_be_bytes(*half))
    }
}

fn add(sums: &mut Vec<u128>, seq: i64, hash: u128) {
    // A number below zero is no entry's: it falls into the first block, where it is missed by no sum.
    let block = usize::try_from(u64::try_from(seq).unwrap_or(0) / BLOCK).unwrap_or(usize::MAX);
    // One far beyond the log must not make as many blocks.
    let block = block.min(sums.len().max(MOST_BLOCKS));
    if sums.len() <= block {
        sums.resize(block + 1, 0);
    }
    if let Some(sum) = sums.get_mut(block) {
        *sum = sum.wrapping_add(hash);
    }
}

/// Blocks for 4,000 million entries.
const MOST_BLOCKS: usize = 1 << 20;
