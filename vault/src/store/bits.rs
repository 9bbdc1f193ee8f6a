//! Which entries of a block: a bit each; at rest a list of places where they are few, else all bits.

/// Entries of a block: what answers questions follows so many at once.
pub const BLOCK: i64 = 1024;
const WORDS: usize = 16;
/// From so many on, all bits are shorter than the list.
const MANY: usize = 64;

/// Some of the entries of a block, by their places in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bits([u64; WORDS]);

impl Bits {
    /// Those from that place to the other (not included).
    pub fn between(from: i64, to: i64) -> Self {
        let mut bits = Self::default();
        for (word, first) in bits.0.iter_mut().zip((0..).step_by(64)) {
            let below = |place: i64| match place - first {
                ..=0 => 0,
                n @ 1..64 => (1u64 << n) - 1,
                _ => u64::MAX,
            };
            *word = below(to) & !below(from);
        }
        bits
    }

    /// That place, too.
    pub fn set(&mut self, place: u16) {
        if let Some(word) = self.0.get_mut(usize::from(place / 64)) {
            *word |= 1 << (place % 64);
        }
    }

    /// Those that are in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.with(other, |a, b| a & b)
    }

    /// Those that are in either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.with(other, |a, b| a | b)
    }

    /// Those that are not in the other.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        self.with(other, |a, b| a & !b)
    }

    /// Those that are in one of both alone.
    #[must_use]
    pub fn apart(self, other: Self) -> Self {
        self.with(other, |a, b| a ^ b)
    }

    fn with(mut self, other: Self, of: impl Fn(u64, u64) -> u64) -> Self {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word = of(*word, other);
        }
        self
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0 == [0; WORDS]
    }

    /// The places, in order.
    pub fn places(self) -> impl DoubleEndedIterator<Item = u16> {
        let words: Vec<(u16, u64)> = (0..).step_by(64).zip(self.0).collect();
        words.into_iter().flat_map(|(first, word)| {
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| first + bit)
        })
    }

    /// As it lies in the index.
    pub fn to_bytes(self) -> Vec<u8> {
        let many = self.0.iter().map(|word| word.count_ones() as usize).sum::<usize>() >= MANY;
        if many {
            self.0.iter().flat_map(|word| word.to_be_bytes()).collect()
        } else {
            self.places().flat_map(u16::to_be_bytes).collect()
        }
    }

    /// From the index; nothing where it cannot be that.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut bits = Self::default();
        if bytes.len() == WORDS * 8 {
            for (word, bytes) in bits.0.iter_mut().zip(bytes.as_chunks::<8>().0) {
                *word = u64::from_be_bytes(*bytes);
            }
        } else {
            for place in bytes.as_chunks::<2>().0 {
                bits.set(u16::from_be_bytes(*place));
            }
        }
        (bits.to_bytes() == bytes).then_some(bits)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Places at random, the same ones for each seed: fewer or more of them.
    fn some(seed: u64) -> BTreeSet<u16> {
        let step = |n: u64| n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let numbers = std::iter::successors(Some(step(seed)), |n| Some(step(*n)));
        numbers
            .map(|n| u16::try_from(n >> 54).unwrap())
            .take(usize::try_from(seed * seed % 300).unwrap())
            .collect()
    }

    fn of(places: &BTreeSet<u16>) -> Bits {
        let mut bits = Bits::default();
        for place in places {
            bits.set(*place);
        }
        bits
    }

    #[test]
    fn bits_are_a_set() {
        for seed in 0..200 {
            let (one, other) = (some(seed), some(seed + 7));
            let (a, b) = (of(&one), of(&other));
            assert_eq!(Bits::from_bytes(&a.to_bytes()), Some(a));
            assert!(a.to_bytes().len() <= 128);
            assert!(a.places().eq(one.iter().copied()));
            assert!(a.places().rev().eq(one.iter().rev().copied()));
            assert!(a.and(b).places().eq(one.intersection(&other).copied()));
            assert!(a.or(b).places().eq(one.union(&other).copied()));
            assert!(a.without(b).places().eq(one.difference(&other).copied()));
            assert!(a.apart(b).places().eq(one.symmetric_difference(&other).copied()));
            assert_eq!(a.is_empty(), one.is_empty());
        }
    }

    #[test]
    fn between_is_a_range() {
        for from in (-100..1200).step_by(13) {
            for to in [from - 1, from, from + 1, from + 64, from + 200, 1023, 1024, i64::MAX] {
                let places = Bits::between(from, to).places().map(i64::from);
                assert!(places.eq((0..1024).filter(|place| (from..to).contains(place))), "{from}..{to}");
            }
        }
    }

    #[test]
    fn what_was_not_written_so_is_nothing() {
        let descending = [0, 9, 0, 8].to_vec();
        for bytes in
            [vec![0], vec![4, 0], descending, vec![0, 1, 0, 1], vec![0; 126], vec![0; 128], vec![0; 130]]
        {
            assert_eq!(Bits::from_bytes(&bytes), None, "{bytes:?}");
        }
    }
}
