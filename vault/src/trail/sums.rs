//! Sums over sets, under a key of this run: equal sums, equal sets. What lies in one order is so compared with what comes in
//! another.

use ring::hmac::{HMAC_SHA256, Key, sign};
use ring::rand::SystemRandom;

use crate::store::StoreError;

/// Blocks for 4,000 million entries, and more.
const MOST_BLOCKS: usize = 1 << 22;

/// Hashes the members of a set.
pub(super) struct Hashing(Key);

impl Hashing {
    pub(super) fn new() -> Result<Self, StoreError> {
        let key = Key::generate(HMAC_SHA256, &SystemRandom::new());
        key.map(Self).map_err(|_| StoreError::Other("no randomness".into()))
    }

    pub(super) fn of(&self, parts: &[&[u8]]) -> u128 {
        let hash = sign(&self.0, &parts.concat());
        hash.as_ref().first_chunk::<16>().map_or(0, |half| u128::from_be_bytes(*half))
    }
}

/// A sum per block of a set's members, wrapping.
#[derive(Default)]
pub(super) struct Sums(Vec<u128>);

impl Sums {
    pub(super) fn add(&mut self, block: i64, hash: u128) {
        // A number below zero is no entry's: it falls into the first block, where it is missed by no sum.
        let block = usize::try_from(block.max(0)).unwrap_or(usize::MAX);
        // One far beyond the log must not make as many blocks.
        let block = block.min(self.0.len().max(MOST_BLOCKS));
        if self.0.len() <= block {
            self.0.resize(block + 1, 0);
        }
        if let Some(sum) = self.0.get_mut(block) {
            *sum = sum.wrapping_add(hash);
        }
    }

    /// The first block of which both have another sum.
    pub(super) fn differ(&self, other: &Self) -> Option<i64> {
        let sum = |sums: &Self, block: usize| sums.0.get(block).copied().unwrap_or_default();
        let block =
            (0..self.0.len().max(other.0.len())).find(|block| sum(self, *block) != sum(other, *block));
        block.and_then(|block| i64::try_from(block).ok())
    }
}
