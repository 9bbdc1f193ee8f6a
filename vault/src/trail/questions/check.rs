//! Whether words and tallies hold what the entries say, and no more, as far as they follow them.

use std::collections::{BTreeMap, HashMap};

use gridvault_audit::View;

use super::block::{Gathered, counted, of_month, parts, place};
use super::words::is_private;
use crate::clock::{day_number, first_of_month};
use crate::store::{BLOCK, Bits, Counted, EntryFilter, Store, StoreError, Tally};
use crate::trail::sums::{Hashing, Sums};

/// Rows of the index read at a time.
const AT_A_TIME: i64 = 8192;

/// What the entries say, summed up block by block while they go by.
pub(in crate::trail) struct Words {
    hashing: Hashing,
    /// Entries in the blocks that are followed.
    followed: i64,
    gathered: Gathered,
    /// Per block over all (word, which entries).
    said: Sums,
    /// Entries without their private part, by block: nothing can be said of their private words.
    removed: HashMap<i64, Bits>,
    /// Entries that were removed whole, by block: nothing can be said of any word of theirs.
    gone: HashMap<i64, Bits>,
    /// The day until which entries were removed: what was counted of them stays counted.
    gone_until: Option<i64>,
    tallies: BTreeMap<Counted, Sum>,
    seen: i64,
}

/// Entries, those refused, and the first of them.
struct Sum {
    entries: i64,
    refused: i64,
    first: i64,
}

/// The first bad entry, where one can be named, and why.
type Found = (Option<i64>, String);

impl Words {
    pub(in crate::trail) async fn new(store: &Store) -> Result<Self, StoreError> {
        Ok(Self {
            hashing: Hashing::new()?,
            followed: store.followed().await?.saturating_mul(BLOCK),
            gathered: Gathered::default(),
            said: Sums::default(),
            removed: HashMap::new(),
            gone: HashMap::new(),
            gone_until: None,
            tallies: BTreeMap::new(),
            seen: 0,
        })
    }

    /// An entry that was removed whole goes by.
    pub(in crate::trail) fn pass_over(&mut self, seq: i64) {
        if seq < self.followed {
            self.gone.entry(seq / BLOCK).or_default().set(place(seq));
            // Until the next one that is there tells the day.
            self.gone_until = Some(i64::MAX);
        }
        self.end(seq);
    }

    /// An entry as it goes by, in order.
    pub(in crate::trail) fn take(&mut self, seq: i64, at: i64, public: View<'_>, private: Option<View<'_>>) {
        if self.gone_until == Some(i64::MAX) {
            self.gone_until = Some(day_number(at));
        }
        if seq >= self.followed {
            return self.end(seq);
        }
        let block = seq / BLOCK;
        self.gathered.take(place(seq), public, private);
        if private.is_none() {
            self.removed.entry(block).or_default().set(place(seq));
        }
        if let Some((of, refused)) = counted(at, public) {
            for of in [of_month(&of, at), of] {
                let sum = self.tallies.entry(of).or_insert(Sum { entries: 0, refused: 0, first: seq });
                sum.entries += 1;
                sum.refused += i64::from(refused);
            }
        }
        self.end(seq);
    }

    /// That entry went by; with the last one of a block what its words hold is summed up.
    fn end(&mut self, seq: i64) {
        self.seen = seq + 1;
        if self.seen % BLOCK != 0 || seq >= self.followed {
            return;
        }
        let block = seq / BLOCK;
        for (word, bits) in self.gathered.finish() {
            let hash = self.hash(word, block, &bits.to_bytes());
            self.said.add(block, hash);
        }
    }

    /// Reads words and tallies once; what they have otherwise.
    pub(in crate::trail) async fn differ(&self, store: &Store) -> Result<Option<Found>, StoreError> {
        if self.followed > self.seen || self.followed < 0 {
            let why = format!("the index of words follows {} entries, here are {}", self.followed, self.seen);
            return Ok(Some((None, why)));
        }
        let (mut indexed, mut behind) = (Sums::default(), (i64::MIN, i64::MIN));
        loop {
            let page = store.all_postings(behind.0, behind.1, AT_A_TIME).await?;
            for posting in &page {
                if let Some(held) = self.known(posting.word, posting.block, &posting.held) {
                    indexed.add(posting.block, self.hash(posting.word, posting.block, &held));
                }
            }
            match page.last() {
                Some(last) => behind = (last.word, last.block),
                None => break,
            }
        }
        if let Some(block) = self.said.differ(&indexed) {
            return self.blame(store, block).await.map(Some);
        }
        Ok(self.tally(store.all_tallies().await?))
    }

    /// What a row says of entries of which anything can be said; nothing where it says nothing.
    fn known(&self, word: i64, block: i64, held: &[u8]) -> Option<Vec<u8>> {
        let removed = self.unsaid(word, block);
        let (false, Some(bits)) = (removed.is_empty(), Bits::from_bytes(held)) else {
            return Some(held.to_vec());
        };
        let bits = bits.without(removed);
        (!bits.is_empty()).then(|| bits.to_bytes())
    }

    /// Entries of a block of which it cannot be said whether they hold the word.
    fn unsaid(&self, word: i64, block: i64) -> Bits {
        let of = |map: &HashMap<i64, Bits>| map.get(&block).copied().unwrap_or_default();
        let gone = of(&self.gone);
        if is_private(word) { gone.or(of(&self.removed)) } else { gone }
    }

    /// The first entry of a block that is held otherwise.
    async fn blame(&self, store: &Store, block: i64) -> Result<Found, StoreError> {
        const WHY: &str = "the index of words is not what the entries say";
        if block >= self.followed / BLOCK {
            return Ok((None, format!("{WHY}: it holds block {block}, which it does not follow")));
        }
        let filter = EntryFilter {
            after: Some(block * BLOCK - 1),
            before: Some((block + 1) * BLOCK),
            limit: BLOCK,
            ..EntryFilter::default()
        };
        let mut gathered = Gathered::default();
        for entry in store.entries(&filter).await? {
            let (public, private) = parts(&entry)?;
            gathered.take(place(entry.seq), public.view(), private.as_ref().map(gridvault_audit::Part::view));
        }
        let mut words: HashMap<i64, Bits> = gathered.finish().into_iter().collect();
        for posting in store.postings_of(block).await? {
            // What cannot be read holds none.
            let held = Bits::from_bytes(&posting.held).unwrap_or_default();
            let said = words.entry(posting.word).or_default();
            *said = said.apart(held);
        }
        let wrong = words.into_iter().map(|(word, apart)| apart.without(self.unsaid(word, block)));
        let first = wrong.fold(Bits::default(), Bits::or).places().next();
        Ok((first.map(|place| block * BLOCK + i64::from(place)), WHY.into()))
    }

    fn tally(&self, tallies: Vec<Tally>) -> Option<Found> {
        let said = |of: &Counted| {
            let (unit, number) = if of.day < 0 { ("month", -of.day) } else { ("day", of.day) };
            format!("the tally of {unit} {number} is not what the entries say")
        };
        let mut held: BTreeMap<Counted, (i64, i64)> =
            tallies.into_iter().map(|tally| (tally.of, (tally.entries, tally.refused))).collect();
        let mut wrong: Option<(i64, &Counted)> = None;
        for (of, sum) in &self.tallies {
            let right = held.remove(of).is_some_and(|(entries, refused)| {
                let same = (entries, refused) == (sum.entries, sum.refused);
                same || (self.counted_before(of) && entries >= sum.entries && refused >= sum.refused)
            });
            if !right && wrong.is_none_or(|(first, _)| sum.first < first) {
                wrong = Some((sum.first, of));
            }
        }
        if let Some((first, of)) = wrong {
            return Some((Some(first), said(of)));
        }
        held.into_keys().find(|of| !self.counted_before(of)).map(|of| (None, said(&of)))
    }

    /// Whether entries of that day, or month, were counted before they were removed.
    fn counted_before(&self, of: &Counted) -> bool {
        let first = if of.day < 0 { first_of_month(-of.day) } else { of.day };
        self.gone_until.is_some_and(|until| first <= until)
    }

    fn hash(&self, word: i64, block: i64, held: &[u8]) -> u128 {
        self.hashing.of(&[&word.to_be_bytes(), &block.to_be_bytes(), held])
    }
}
