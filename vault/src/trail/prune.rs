//! Removing what is older than the log has to be kept: entries whole, their leaf hashes staying in the tiles, or their private
//! parts alone, while every hash stands. What made a row that a right relies on is kept, and so is what tells of the log itself.

use gridvault_audit::{Kind, Part, View, parse_at};

use super::questions::keys_of;
use super::standing::signed;
use crate::clock::days;
use crate::store::{EntryFilter, Removed, Store, StoreError, StoredEntry};

/// The law's floor for records of processing, and ours.
pub(crate) const KEPT_FOR: i64 = days(3 * 366);

/// Entries looked at in one transaction.
const AT_A_TIME: i64 = 500;

/// What may be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parts {
    /// Both parts of entries.
    Entries,
    /// The private parts alone.
    Private,
}

impl Parts {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Entries => "entries",
            Self::Private => "private_parts",
        }
    }

    /// The parts of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Entries, Self::Private].into_iter().find(|parts| parts.as_str() == word)
    }
}

/// Carries out what was ordered and is not done; gives how many entries it removed something of. Broken off, it goes on when
/// it is asked again. Whatever was ordered, an entry that is younger by its own bytes is kept: `now` is log time.
pub async fn prune(store: &Store, now: i64) -> Result<u64, StoreError> {
    let mut removed = 0;
    for pruning in store.prunings().await?.into_iter().filter(|pruning| !pruning.done) {
        let Some(parts) = Parts::parse(&pruning.what) else { continue };
        if !is_ordered(store, parts, pruning.upto).await? {
            continue;
        }
        let mut behind = -1;
        loop {
            let filter = EntryFilter {
                after: Some(behind),
                before: Some(pruning.upto),
                limit: AT_A_TIME,
                ..EntryFilter::default()
            };
            let page = store.entries(&filter).await?;
            let Some(last) = page.last() else { break };
            behind = last.seq;
            let old = page.iter().filter(|entry| is_old(&entry.public, now));
            let old: Vec<Removed> = old.filter_map(|entry| of(entry, parts)).collect();
            store.remove(&old, parts == Parts::Entries).await?;
            removed += u64::try_from(old.len()).unwrap_or(0);
        }
        store.pruned(&pruning).await?;
    }
    Ok(removed)
}

/// Whether an entry of this log ordered it, and a published checkpoint covers that entry: whoever reads the log as far as it is
/// published finds why something is missing.
async fn is_ordered(store: &Store, parts: Parts, upto: i64) -> Result<bool, StoreError> {
    let published = store.newest_checkpoint(true).await?.map_or(0, |newest| newest.size);
    let filter = EntryFilter {
        kinds: vec![Kind::TrailPruned.as_str().to_owned()],
        before: Some(published),
        newest_first: true,
        limit: AT_A_TIME,
        ..EntryFilter::default()
    };
    let orders = |entry: &StoredEntry| {
        let private = Part::read(entry.private.as_deref()?).ok()?;
        let detail = private.view().get("detail")?;
        Some(detail.text("what") == Some(parts.as_str()) && detail.int("upto") == Some(upto))
    };
    Ok(store.entries(&filter).await?.iter().any(|entry| orders(entry) == Some(true)))
}

/// Whether an entry says itself that it is older than the log has to be kept; columns beside it are not asked.
pub(crate) fn is_old(public: &[u8], now: i64) -> bool {
    let said = Part::read(public).ok().and_then(|part| parse_at(part.view().text("at")?));
    said.is_some_and(|at| at <= now.saturating_sub(KEPT_FOR))
}

/// What is to be removed of an entry; nothing where it is kept.
fn of(entry: &StoredEntry, parts: Parts) -> Option<Removed> {
    let kept = matches!(
        Kind::parse(&entry.kind)?,
        Kind::LogCreated
            | Kind::LogClosed
            | Kind::KeyRotated
            | Kind::KeyDestroyed
            | Kind::TrailPruned
            | Kind::PolicyActivated
    );
    if kept {
        return None;
    }
    let Some(private) = &entry.private else {
        // Only of those that made no row was it removed.
        return (parts == Parts::Entries).then(|| Removed {
            seq: entry.seq,
            tags: Vec::new(),
            words: keys_of(entry, true),
        });
    };
    let private = Part::read(private).ok()?;
    if private.view().get("state").is_some() {
        return None;
    }
    let (tags, words) = (further_tags(private.view()), keys_of(entry, parts == Parts::Entries));
    Some(Removed { seq: entry.seq, tags, words })
}

/// The audit tags that a private part names beside its subject's, sorted as the index keeps them.
pub(super) fn further_tags(private: View<'_>) -> Vec<Vec<u8>> {
    let mut tags = Vec::new();
    if let Some(subject) = private.get("subject") {
        let also = subject.get("also").and_then(View::items).into_iter().flatten();
        let named = subject.text("place").into_iter().chain(also.filter_map(View::as_text));
        tags.extend(named.filter_map(|tag| data_encoding::HEXLOWER.decode(tag.as_bytes()).ok()));
    }
    tags.sort();
    tags.dedup();
    tags
}

/// What is missing of a log, to be held against the entries that ordered its removal once these are verified.
#[derive(Default)]
pub(crate) struct Gaps {
    /// Up to which entry a database claims that entries were removed.
    claimed: u64,
    /// Up to which entry the trail ordered to remove entries, and private parts.
    ordered: (u64, u64),
    /// The last entry that is missing, and the last without its private part.
    last: (Option<u64>, Option<u64>),
}

impl Gaps {
    pub(super) async fn of(store: &Store) -> Result<Self, StoreError> {
        let prunings = store.prunings().await?;
        let entries = prunings.iter().filter(|one| one.what == Parts::Entries.as_str());
        let claimed = entries.filter_map(|one| u64::try_from(one.upto).ok()).max().unwrap_or(0);
        Ok(Self { claimed, ..Self::default() })
    }

    /// Whether that entry may be missing, as far as the database claims. The first says what the log is, and never is.
    pub(super) fn may_miss(&self, seq: u64) -> bool {
        seq > 0 && seq < self.claimed
    }

    /// That entry is missing.
    pub(crate) fn missing(&mut self, seq: u64) {
        self.last.0 = Some(seq);
    }

    /// That entry has no private part.
    pub(crate) fn bare(&mut self, seq: u64) {
        self.last.1 = Some(seq);
    }

    /// A verified `trail.pruned` with its private part.
    pub(crate) fn order(&mut self, private: View<'_>) {
        let Some(detail) = private.get("detail") else { return };
        let upto = detail.int("upto").and_then(|upto| u64::try_from(upto).ok()).unwrap_or(0);
        match detail.text("what").and_then(Parts::parse) {
            Some(Parts::Entries) => self.ordered.0 = self.ordered.0.max(upto),
            Some(Parts::Private) => self.ordered.1 = self.ordered.1.max(upto),
            None => {}
        }
    }

    /// An entry of which something is missing that no entry ordered to be removed, and words.
    pub(crate) fn fault(&self) -> Option<(u64, &'static str)> {
        let (entries, parts) = self.ordered;
        let behind = |last: Option<u64>, ordered| last.filter(|seq| *seq == 0 || *seq >= ordered);
        let gone =
            behind(self.last.0, entries).map(|seq| (seq, "it is missing, and no entry ordered its removal"));
        let bare = || behind(self.last.1, entries.max(parts));
        let bare =
            || bare().map(|seq| (seq, "its private part is missing, and no entry ordered its removal"));
        gone.or_else(bare)
    }
}

/// The leaf hash of an entry that was removed, as its tile has it.
pub(super) async fn leaf_of_removed(store: &Store, seq: u64) -> Result<Option<[u8; 32]>, StoreError> {
    let hashes = store.tile(0, seq / gridvault_audit::TILE).await?.unwrap_or_default();
    let at = usize::try_from(seq % gridvault_audit::TILE).unwrap_or(0);
    Ok(hashes.as_chunks::<32>().0.get(at).copied())
}

/// The leaf hashes of entries `from` up to, not including, `to`: those that were removed as their tiles have them.
pub(crate) async fn leaves(store: &Store, from: u64, to: u64) -> Result<Vec<[u8; 32]>, StoreError> {
    let entries = store.numbered_public(signed(from), signed(to)).await?;
    let mut entries = entries.into_iter().peekable();
    let mut leaves = Vec::with_capacity(usize::try_from(to - from).unwrap_or(0));
    for seq in from..to {
        match entries.next_if(|(number, _)| *number == signed(seq)) {
            Some((_, public)) => leaves.push(gridvault_audit::leaf_hash(&public)),
            None => leaves
                .push(leaf_of_removed(store, seq).await?.ok_or(StoreError::Corrupt("an entry is missing"))?),
        }
    }
    Ok(leaves)
}
