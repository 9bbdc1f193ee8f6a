//! A block as the words and tallies hold it, gathered entry by entry.

use std::collections::BTreeMap;

use gridvault_audit::{Part, View};

use super::words::tell;
use crate::clock::{day_number, month_number};
use crate::store::{BLOCK, Bits, Counted, Posting, StoreError, StoredEntry, Tally};

/// The kinds of entries that are counted.
pub(super) const COUNTED: [&str; 3] = ["lookup", "search", "verification"];

/// Words of the entries of one block.
#[derive(Default)]
pub(super) struct Gathered(Vec<(i64, u16)>);

impl Gathered {
    /// An entry at that place says this.
    pub(super) fn take(&mut self, place: u16, public: View<'_>, private: Option<View<'_>>) {
        tell(public, private, |aspect, word| self.0.push((aspect.key(word), place)));
    }

    /// Each word's entries, in the order of the words; begins anew.
    pub(super) fn finish(&mut self) -> Vec<(i64, Bits)> {
        self.0.sort_unstable();
        let mut words: Vec<(i64, Bits)> = Vec::new();
        for (word, place) in self.0.drain(..) {
            match words.last_mut() {
                Some((last, bits)) if *last == word => bits.set(place),
                _ => {
                    let mut bits = Bits::default();
                    bits.set(place);
                    words.push((word, bits));
                }
            }
        }
        words
    }
}

/// As what an entry is counted on its day, and whether as refused; nothing where it is none of those.
pub(super) fn counted(at: i64, public: View<'_>) -> Option<(Counted, bool)> {
    let kind = public.text("kind").filter(|kind| COUNTED.contains(kind))?;
    let who = public.get("who");
    let owned = |word: Option<&str>| word.unwrap_or_default().to_owned();
    let of = Counted {
        day: day_number(at),
        kind: kind.to_owned(),
        grid: owned(who.and_then(|who| who.text("area"))),
        role: owned(who.and_then(|who| who.text("role"))),
        purpose: owned(public.text("purpose")),
    };
    Some((of, public.text("result") == Some("denied")))
}

/// The same, as counted in its month: a year is twelve sums and not 365.
pub(super) fn of_month(of: &Counted, at: i64) -> Counted {
    Counted { day: -month_number(at), ..of.clone() }
}

/// Sums, with entries and those refused.
pub(super) fn add(sums: &mut BTreeMap<Counted, (i64, i64)>, of: Counted, refused: bool) {
    let (entries, of_these) = sums.entry(of).or_default();
    *entries += 1;
    *of_these += i64::from(refused);
}

/// What a whole block's entries come to.
pub(super) fn rows_of(block: i64, entries: &[StoredEntry]) -> Result<(Vec<Posting>, Vec<Tally>), StoreError> {
    let (mut gathered, mut sums) = (Gathered::default(), BTreeMap::new());
    for entry in entries {
        let (public, private) = parts(entry)?;
        gathered.take(place(entry.seq), public.view(), private.as_ref().map(Part::view));
        if let Some((of, refused)) = counted(entry.at, public.view()) {
            add(&mut sums, of_month(&of, entry.at), refused);
            add(&mut sums, of, refused);
        }
    }
    let words = gathered.finish().into_iter();
    let words = words.map(|(word, bits)| Posting { word, block, held: bits.to_bytes() }).collect();
    let tallies = sums.into_iter().map(|(of, (entries, refused))| Tally { of, entries, refused }).collect();
    Ok((words, tallies))
}

/// The keys of an entry's words; of its private part's alone, unless those of the whole are asked for.
pub(in crate::trail) fn keys_of(entry: &StoredEntry, whole: bool) -> Vec<i64> {
    let mut keys = Vec::new();
    if let Ok((public, private)) = parts(entry) {
        tell(public.view(), private.as_ref().map(Part::view), |aspect, word| {
            if whole || aspect.is_private() {
                keys.push(aspect.key(word));
            }
        });
    }
    keys
}

/// An entry's parts as they read.
pub(super) fn parts(entry: &StoredEntry) -> Result<(Part<'_>, Option<Part<'_>>), StoreError> {
    let read = |bytes| Part::read(bytes).map_err(|_| StoreError::Corrupt("an entry is not canonical"));
    Ok((read(&entry.public)?, entry.private.as_deref().map(read).transpose()?))
}

/// The place of an entry in its block.
pub(super) fn place(seq: i64) -> u16 {
    u16::try_from(seq.rem_euclid(BLOCK)).unwrap_or(u16::MAX)
}
