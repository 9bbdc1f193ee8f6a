//! Inclusion and consistency proofs (RFC 6962 section 2.1.1 and 2.1.2; verified as in RFC 9162 sections 2.1.3.2 and 2.1.4.2),
//! made from tiles.

use std::collections::BTreeSet;

use crate::tile::TILE;
use crate::tree::{Hash, empty_root, node, subtree};

/// Leaves from `.0` up to, not including, `.1`: a subtree as the definitions cut them, so that it begins at a multiple of its span.
type Range = (u64, u64);

/// What a proof consists of, before the tiles that it needs are read.
#[derive(Clone, Debug)]
pub struct ProofPlan(Vec<Range>);

impl ProofPlan {
    /// That the leaf `index` is in the tree of `size`; nothing where it cannot be.
    pub fn inclusion(index: u64, size: u64) -> Option<Self> {
        if index >= size {
            return None;
        }
        let (mut from, mut to, mut path) = (0, size, Vec::new());
        while to - from > 1 {
            let middle = from + split(to - from);
            if index < middle {
                path.push((middle, to));
                to = middle;
            } else {
                path.push((from, middle));
                from = middle;
            }
        }
        path.reverse();
        Some(Self(path))
    }

    /// That the tree of `size` extends the tree of `old`; nothing where it cannot. From 0, and to the same size, it is empty.
    pub fn consistency(old: u64, size: u64) -> Option<Self> {
        if old > size {
            return None;
        }
        if old == 0 || old == size {
            return Some(Self(Vec::new()));
        }
        let (mut from, mut to, mut path) = (0, size, Vec::new());
        while to > old {
            let middle = from + split(to - from);
            if old <= middle {
                path.push((middle, to));
                to = middle;
            } else {
                path.push((from, middle));
                from = middle;
            }
        }
        // The subtree that ends at `old`: left out where it is the whole old tree, whose root the verifier has.
        if from > 0 {
            path.push((from, to));
        }
        path.reverse();
        Some(Self(path))
    }

    /// The root of the tree of `size`: one hash.
    pub fn root(size: u64) -> Self {
        Self(vec![(0, size)])
    }

    /// The hash tiles that must be at hand: level and number.
    pub fn tiles(&self) -> BTreeSet<(u8, u64)> {
        let nodes = self.0.iter().flat_map(|range| nodes(*range));
        nodes.map(|(level, index)| place(level, index)).map(|(level, n, ..)| (level, n)).collect()
    }

    /// The proof's hashes; `tile` gives the hashes of a level's tile, 32 bytes each, as many as there are.
    pub fn make<'t>(&self, tile: impl Fn(u8, u64) -> Option<&'t [u8]>) -> Option<Vec<Hash>> {
        self.0.iter().map(|range| hash_of(*range, &tile)).collect()
    }
}

/// The largest power of two below `n`, for `n` of 2 or more.
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// The full subtrees that a range consists of, largest first: level above the leaves, number from the left.
fn nodes((from, to): Range) -> impl Iterator<Item = (u32, u64)> {
    let mut from = from;
    std::iter::from_fn(move || {
        let level = (to - from).checked_ilog2()?;
        let index = from >> level;
        from += 1 << level;
        Some((level, index))
    })
}

/// Where a node lies: tile level and number, its first hash there, and over how many it spans.
fn place(level: u32, index: u64) -> (u8, u64, usize, usize) {
    let below = level % 8;
    let first = index << below;
    let at = usize::try_from(first % TILE).unwrap_or(0);
    (u8::try_from(level / 8).unwrap_or(u8::MAX), first / TILE, at, 1 << below)
}

fn hash_of<'t>(range: Range, tile: &impl Fn(u8, u64) -> Option<&'t [u8]>) -> Option<Hash> {
    let mut roots = Vec::new();
    for (level, index) in nodes(range) {
        let (level, n, at, count) = place(level, index);
        let (hashes, _) = tile(level, n)?.as_chunks::<32>();
        roots.push(subtree(hashes.get(at..at + count)?));
    }
    let last = roots.pop();
    Some(last.map_or_else(empty_root, |last| roots.iter().rev().fold(last, |right, left| node(left, &right))))
}

/// Whether the proof shows that `leaf` is number `index` of the tree of `size` with that root.
pub fn includes(leaf: Hash, index: u64, size: u64, root: &Hash, proof: &[Hash]) -> bool {
    if index >= size {
        return false;
    }
    let mut hash = leaf;
    let whole = climb((index, size - 1), proof, |step, from_left| {
        hash = if from_left { node(step, &hash) } else { node(&hash, step) };
    });
    whole && hash == *root
}

/// Whether the proof shows that the tree of `size` extends the tree of `old`.
pub fn extends((old, old_root): (u64, &Hash), (size, root): (u64, &Hash), proof: &[Hash]) -> bool {
    if old > size {
        return false;
    }
    if old == 0 {
        return proof.is_empty() && *old_root == empty_root() && (size > 0 || old_root == root);
    }
    if old == size {
        return proof.is_empty() && old_root == root;
    }
    // Where the old tree is full its root is the proof's first hash, left out.
    let (first, steps) = if old.is_power_of_two() {
        (*old_root, proof)
    } else {
        let Some((first, steps)) = proof.split_first() else { return false };
        (*first, steps)
    };
    let trailing = (old - 1).trailing_ones();
    let (mut old_hash, mut hash) = (first, first);
    let whole = climb(((old - 1) >> trailing, (size - 1) >> trailing), steps, |step, from_left| {
        if from_left {
            old_hash = node(step, &old_hash);
            hash = node(step, &hash);
        } else {
            hash = node(&hash, step);
        }
    });
    whole && old_hash == *old_root && hash == *root
}

/// Climbs from node `at` of a level whose last node is `last`, a step of the proof at a time: `each` hears it, and whether it
/// stands to the left. Whether the proof ends just at the root.
fn climb((mut at, mut last): (u64, u64), proof: &[Hash], mut each: impl FnMut(&Hash, bool)) -> bool {
    for step in proof {
        if last == 0 {
            return false;
        }
        let from_left = at & 1 == 1 || at == last;
        each(step, from_left);
        if from_left && at & 1 == 0 {
            // The last node has no sister here: it climbs as it is.
            let zeros = at.trailing_zeros().min(63);
            at >>= zeros;
            last >>= zeros;
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0
}
