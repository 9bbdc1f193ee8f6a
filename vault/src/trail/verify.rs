//! Verifying a database offline: chain, columns, signed head, pin, and every authority row against what the trail says of it.

use std::sync::Arc;

use gridvault_audit::{
    ChainVerifier, Fault, FaultKind, Json, Kind, Part, Reading, VerifierKey, View, leaf_hash,
};

use super::change::{FIRST_FACTS_REV, narrows};
use super::prune::{Gaps, further_tags, leaf_of_removed};
use super::questions::Words;
use super::rows::{Numbers, Told};
use super::standing::signed;
use super::tags::Tags;
use super::tiles::Tiles;
use super::trust::{Milestones, Trust, Verdict, Verified};
use tokio::sync::mpsc;

use crate::store::{EntryFilter, Store, StoreError, StoredEntry, StoredHead};

const AT_A_TIME: i64 = 512;

/// Verifies the whole log of the store's tenant: entries, columns, tree, tiles, kept checkpoints, head, and every row that a
/// right relies on. `progress` hears numbers done.
pub async fn verify_database(
    store: &Arc<Store>,
    trust: &Trust,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Verified, StoreError> {
    walk(store, trust, progress).await.map(|(verified, _)| verified)
}

/// Likewise, with what the log says of rows.
pub(crate) async fn walk(
    store: &Arc<Store>,
    trust: &Trust,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<(Verified, Told), StoreError> {
    let mut run = Run {
        chain: ChainVerifier::new(trust.key.as_ref().map(VerifierKey::name)),
        told: Told::default(),
        removed: 0,
        tags: Tags::new()?,
        words: Words::new(store).await?,
        facts_rev: FIRST_FACTS_REV,
        redacted: 0,
        gaps: Gaps::of(store).await?,
        tiles: Tiles::of(store).await?,
        milestones: Milestones::default(),
    };
    let early = match Milestones::given(trust) {
        Ok(given) => {
            run.milestones = given;
            run.kept(store).await?
        }
        Err(why) => Some(broken(None, why)),
    };
    let broken = match run.entries(store, progress).await? {
        Some(broken) => Some(broken),
        None => run.rest(store, early).await?,
    };
    let head = run.chain.head();
    let verdict = broken.unwrap_or_else(|| run.milestones.verdict());
    let (entries, origin) = (head.size(), head.origin().to_owned());
    let root = data_encoding::HEXLOWER.encode(&head.frontier().root());
    let (removed, redacted) = (run.removed, run.redacted);
    let (checkpoints, cosigned, agreed) = run.milestones.into_figures();
    let verified =
        Verified { verdict, entries, root, origin, removed, redacted, checkpoints, cosigned, agreed };
    Ok((verified, run.told))
}

/// The log page by page; the next is read while one is verified.
fn pages(store: Arc<Store>, mut filter: EntryFilter) -> mpsc::Receiver<Result<Vec<StoredEntry>, StoreError>> {
    let (send, pages) = mpsc::channel(4);
    tokio::spawn(async move {
        loop {
            let page = store.entries(&filter).await;
            match page.as_ref().map(|page| page.last()) {
                Ok(None) => return,
                Ok(Some(last)) => filter.after = Some(last.seq),
                Err(_) => {}
            }
            // Nobody listens any more once a fault was found.
            if send.send(page).await.is_err() {
                return;
            }
        }
    });
    pages
}

struct Run {
    chain: ChainVerifier,
    told: Told,
    removed: u64,
    tags: Tags,
    words: Words,
    /// The revision of rights that the entries come to.
    facts_rev: i64,
    /// Entries that were removed whole.
    redacted: u64,
    gaps: Gaps,
    tiles: Tiles,
    milestones: Milestones,
}

impl Run {
    async fn entries(
        &mut self,
        store: &Arc<Store>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Option<Verdict>, StoreError> {
        self.milestones.pass(self.chain.head());
        let filter = EntryFilter { limit: AT_A_TIME, ..EntryFilter::default() };
        let mut pages = pages(Arc::clone(store), filter);
        while let Some(page) = pages.recv().await {
            let page = page?;
            let bytes: Vec<_> = page.iter().map(|e| (&e.public[..], e.private.as_deref())).collect();
            for (entry, reading) in page.iter().zip(Reading::of_all(&bytes)) {
                if let Some(broken) = self.removed_before(store, entry.seq).await? {
                    return Ok(Some(broken));
                }
                if let Err(fault) = self.entry(entry, reading) {
                    return Ok(Some(self.blame(store, entry, fault).await?));
                }
                self.milestones.pass(self.chain.head());
                if let Some(why) = self.tiles.follow(store, self.chain.head().leaf()).await? {
                    return Ok(Some(broken(Some(self.chain.head().size() - 1), why)));
                }
            }
            progress(self.chain.head().size());
        }
        Ok(None)
    }

    /// Entries before that number that were removed: their leaf hashes stand in the tiles.
    async fn removed_before(&mut self, store: &Store, seq: i64) -> Result<Option<Verdict>, StoreError> {
        loop {
            let next = self.chain.head().size();
            if u64::try_from(seq) == Ok(next) || !self.gaps.may_miss(next) {
                return Ok(None);
            }
            let Some(leaf) = leaf_of_removed(store, next).await? else {
                return Ok(Some(broken(Some(next), "it is missing, and so is its tile".into())));
            };
            self.chain.pass_over(leaf);
            self.words.pass_over(signed(next));
            self.redacted += 1;
            self.gaps.missing(next);
            self.milestones.pass(self.chain.head());
            if let Some(why) = self.tiles.follow(store, &leaf).await? {
                return Ok(Some(broken(Some(next), why)));
            }
        }
    }

    /// The published checkpoints that are kept, each to be passed on the way.
    async fn kept(&mut self, store: &Store) -> Result<Option<Verdict>, StoreError> {
        let mut behind = -1;
        loop {
            let page = store.checkpoints(behind).await?;
            let Some(last) = page.last() else { return Ok(None) };
            behind = last.slot;
            for kept in &page {
                if let Err(why) = self.milestones.add(&kept.note) {
                    return Ok(Some(broken(None, why)));
                }
            }
        }
    }

    /// An entry that does not follow from the one before: which of the two was changed? If what comes behind still names
    /// this one, it is the one before.
    async fn blame(&self, store: &Store, entry: &StoredEntry, fault: Fault) -> Result<Verdict, StoreError> {
        if fault.what != FaultKind::Previous || fault.seq == 0 {
            return Ok(broken(Some(fault.seq), fault.what.to_string()));
        }
        let leaf = leaf_hash(&entry.public);
        let behind = EntryFilter { after: Some(entry.seq), limit: 1, ..EntryFilter::default() };
        let named = match store.entries(&behind).await?.first() {
            Some(next) => {
                Json::parse_canonical(&next.public).ok().and_then(|p| p.text("prev").map(str::to_owned))
            }
            None => store.head().await?.map(|head| data_encoding::HEXLOWER.encode(&head.leaf)),
        };
        let genuine = named.as_deref() == Some(&data_encoding::HEXLOWER.encode(&leaf));
        Ok(if genuine {
            broken(Some(fault.seq - 1), "it was changed: the entry behind it names another".into())
        } else {
            broken(Some(fault.seq), fault.what.to_string())
        })
    }

    fn entry(&mut self, entry: &StoredEntry, reading: Reading<'_>) -> Result<(), Fault> {
        let seq = self.chain.head().size();
        let verified = self.chain.take(reading)?;
        self.facts_rev += i64::from(narrows(verified.kind));
        let column = |what: &str| Fault { seq, what: FaultKind::Member(what.to_owned()) };
        let same = u64::try_from(entry.seq) == Ok(verified.seq)
            && entry.at == verified.at
            && entry.kind == verified.kind.as_str()
            && verified.public.view().text("salt") == Some(&data_encoding::HEXLOWER.encode(&entry.salt));
        if !same {
            return Err(column("a column beside it"));
        }
        let private = verified.private.as_ref().map(Part::view);
        self.words.take(entry.seq, entry.at, verified.public.view(), private);
        let Some(private) = private else {
            self.removed += 1;
            self.gaps.bare(verified.seq);
            self.tags.forget(entry.seq);
            return Ok(());
        };
        if verified.kind == Kind::TrailPruned {
            self.gaps.order(private);
        }
        let subject = private.get("subject").and_then(|s| s.text("tag")).map(str::to_owned);
        let same = private.get("actor").and_then(|a| a.text("id")) == entry.actor.as_deref()
            && subject == entry.record.as_deref().map(|tag| data_encoding::HEXLOWER.encode(tag));
        if !same {
            return Err(column("an index beside its private part"));
        }
        for tag in further_tags(private) {
            self.tags.name(entry.seq, &tag);
        }
        for (row, digest) in private.get("state").and_then(View::members).into_iter().flatten() {
            if let Some(digest) = digest.as_text() {
                self.told.tell(row, verified.seq, digest);
            }
        }
        Ok(())
    }

    async fn rest(&mut self, store: &Store, early: Option<Verdict>) -> Result<Option<Verdict>, StoreError> {
        if early.is_some() {
            return Ok(early);
        }
        let size = self.chain.head().size();
        let stored = store.head().await?;
        if let Some(found) = self.head(stored.as_ref()) {
            return Ok(Some(found));
        }
        if let Some(found) = self.milestones.fault(self.chain.head().origin(), size) {
            return Ok(Some(found));
        }
        if let Some((seq, why)) = self.gaps.fault() {
            return Ok(Some(broken(Some(seq), why.into())));
        }
        if let Some(why) = self.tiles.rest(size) {
            return Ok(Some(broken(Some(size), why)));
        }
        if let Some(found) = self.index(store).await? {
            return Ok(Some(found));
        }
        if let Some((seq, why)) = self.words.differ(store).await? {
            return Ok(Some(broken(seq.and_then(|seq| u64::try_from(seq).ok()), why)));
        }
        if let Some(found) = self.milestones.cut(size) {
            return Ok(Some(found));
        }
        // What a former life made belongs to the present one, which restates it.
        if store.tenant().contains('/') {
            return Ok(None);
        }
        let differs = self.told.differ(store, self.chain.head().origin(), Numbers::Own).await?;
        Ok(differs.map(|(seq, why)| broken(Some(seq), why)))
    }

    /// The index of further tags against what the private parts name; the first entry that it has otherwise.
    async fn index(&self, store: &Store) -> Result<Option<Verdict>, StoreError> {
        let Some((from, to)) = self.tags.differ(store).await? else { return Ok(None) };
        let indexed = store.entry_tags(from, to).await?;
        let filter = EntryFilter {
            after: Some(from - 1),
            before: Some(to),
            limit: to - from,
            ..EntryFilter::default()
        };
        let why = "an index beside its private part";
        for entry in store.entries(&filter).await? {
            let Some(private) = &entry.private else { continue };
            let named = Part::read(private).map(|part| further_tags(part.view())).unwrap_or_default();
            let held: Vec<&Vec<u8>> =
                indexed.iter().filter(|(seq, _)| *seq == entry.seq).map(|(_, tag)| tag).collect();
            if held != named.iter().collect::<Vec<_>>() {
                return Ok(Some(broken(
                    u64::try_from(entry.seq).ok(),
                    FaultKind::Member(why.into()).to_string(),
                )));
            }
        }
        Ok(Some(broken(None, format!("{why}, for an entry that is not there"))))
    }

    fn head(&self, stored: Option<&StoredHead>) -> Option<Verdict> {
        let head = self.chain.head();
        let Some(stored) = stored else {
            return (head.size() > 0).then(|| broken(None, "the head row is missing".into()));
        };
        let size = u64::try_from(stored.size).unwrap_or(0);
        if size > head.size() {
            return Some(broken(Some(head.size()), format!("missing: the head names {size} entries")));
        }
        let signed = match self.milestones.open(&stored.checkpoint) {
            Ok(signed) => signed,
            Err(why) => return Some(broken(None, format!("the head: {why}"))),
        };
        let same = size == head.size()
            && stored.leaf == head.leaf()
            && stored.at == head.at()
            && stored.frontier == head.frontier().to_bytes()
            && stored.facts_rev == self.facts_rev
            && signed.size == size
            && signed.origin == head.origin()
            && signed.root == head.frontier().root();
        (!same)
            .then(|| broken(size.checked_sub(1), "the head row says something else than the entries".into()))
    }
}

fn broken(seq: Option<u64>, why: String) -> Verdict {
    Verdict::Broken { seq, why }
}
