//! Verifying the layout: every entry, every tile, every kept checkpoint, against what was given from outside.

use gridvault_audit::{
    ChainVerifier, Checkpoint, Fault, Kind, Layer, Reading, Tile, TileEdge, VerifierKey, unbundle,
};
use serde_json::Value;

use super::{ExportError, Source};
use crate::trail::{Gaps, Milestones, Trust, Verdict, Verified};

/// Verifies what the source holds. Where its entries may not be read, only that its hashes add up can be said. `progress`
/// hears how many entries of how many are done.
pub async fn verify_export(
    source: &Source,
    trust: &Trust,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Verified, ExportError> {
    let note = source.checkpoint().await?;
    let mut run = Run {
        source,
        chain: ChainVerifier::new(trust.key.as_ref().map(VerifierKey::name)),
        edge: TileEdge::default(),
        milestones: Milestones::default(),
        gaps: Gaps::default(),
        removed: 0,
        redacted: 0,
        unseen: false,
    };
    let (origin, size, broken) = match run.begin(trust, &note).await? {
        Ok(Checkpoint { origin, size, .. }) => (origin, size, run.entries(size, progress).await?),
        Err(why) => (String::new(), 0, Some(fault(None, why))),
    };
    // Where no entry was read, the checkpoint alone names the log.
    let named = run.chain.head().origin().to_owned();
    let origin = if named.is_empty() { origin } else { named };
    let broken = broken.or_else(|| run.milestones.fault(&origin, size));
    let broken = broken.or_else(|| run.gaps.fault().map(|(seq, why)| fault(Some(seq), why.into())));
    let broken = broken.or_else(|| run.milestones.cut(size));
    Ok(run.outcome(broken))
}

struct Run<'s> {
    source: &'s Source,
    chain: ChainVerifier,
    edge: TileEdge,
    milestones: Milestones,
    gaps: Gaps,
    removed: u64,
    redacted: u64,
    /// Whether entries were not to be had: nothing but hashes was looked at.
    unseen: bool,
}

impl Run<'_> {
    /// Opens the newest checkpoint and the kept ones; words where one does not hold.
    async fn begin(&mut self, trust: &Trust, note: &str) -> Result<Result<Checkpoint, String>, ExportError> {
        self.milestones = match Milestones::given(trust) {
            Ok(given) => given,
            Err(why) => return Ok(Err(why)),
        };
        if let Err(why) = self.own_keys(trust, note).await? {
            return Ok(Err(why));
        }
        for size in self.source.kept().await? {
            let path = format!("checkpoints/{size}");
            let kept = self.source.get(&path).await?.and_then(|bytes| String::from_utf8(bytes).ok());
            let kept = kept
                .map_or_else(|| Err(format!("`{path}` is no checkpoint")), |note| self.milestones.add(&note));
            match kept {
                Ok(kept) if kept.size == size => {}
                Ok(_) => return Ok(Err(format!("`{path}` is of another size"))),
                Err(why) => return Ok(Err(why)),
            }
        }
        Ok(self.milestones.add(note))
    }

    /// Without a key of one's own, the one that lies inside must at least have signed: that proves nothing of where it is from.
    async fn own_keys(&self, trust: &Trust, note: &str) -> Result<Result<(), String>, ExportError> {
        if trust.key.is_some() {
            return Ok(Ok(()));
        }
        let keys = self.source.get("keys.json").await?.unwrap_or_default();
        let keys: Value = serde_json::from_slice(&keys).unwrap_or_default();
        let keys = keys.get("keys").and_then(Value::as_array).into_iter().flatten();
        let keys: Vec<_> =
            keys.filter_map(|one| VerifierKey::parse(one.get("key")?.as_str()?).ok()).collect();
        let signed = keys.is_empty() || Checkpoint::open(note, &keys).is_ok();
        Ok(if signed { Ok(()) } else { Err("the checkpoint is not signed by the key in `keys.json`".into()) })
    }

    async fn entries(
        &mut self,
        size: u64,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<Option<Verdict>, ExportError> {
        self.milestones.pass(self.chain.head());
        for public in Tile::of_layer(Layer::Entries, size) {
            let private = Tile { layer: Layer::Private, ..public };
            let hashes = Tile { layer: Layer::Hashes(0), ..public };
            let Some(leaves) = self.source.get(&hashes.to_string()).await? else {
                return Ok(Some(missing(hashes)));
            };
            let bundles = (self.bundle(public).await?, self.bundle(private).await?);
            let broken = match bundles {
                (Some(publics), Some(privates)) => self.bundles(public, &publics, &privates, &leaves),
                (None, None) if matches!(self.source, Source::Server(_)) => {
                    self.hashes_alone(hashes, &leaves)
                }
                (None, _) => Some(missing(public)),
                (_, None) => Some(missing(private)),
            };
            if broken.is_some() {
                return Ok(broken);
            }
            if let Some(broken) = self.tiles(public, size, &leaves).await? {
                return Ok(Some(broken));
            }
            progress(public.covers(), size);
        }
        Ok(None)
    }

    /// A bundle, if it may be read: a server refuses those without a token.
    async fn bundle(&self, tile: Tile) -> Result<Option<Vec<u8>>, ExportError> {
        match self.source {
            Source::Server(remote) if remote.token.is_none() => Ok(None),
            source => source.get(&tile.to_string()).await,
        }
    }

    fn bundles(&mut self, tile: Tile, publics: &[u8], privates: &[u8], leaves: &[u8]) -> Option<Verdict> {
        let width = usize::from(tile.width);
        let (leaves, rest) = leaves.as_chunks::<32>();
        let (Some(publics), Some(privates)) = (unbundle(publics), unbundle(privates)) else {
            return Some(fault(
                Some(tile.first()),
                format!("`{tile}` or its private parts come apart unevenly"),
            ));
        };
        if [publics.len(), privates.len(), leaves.len()] != [width; 3] || !rest.is_empty() {
            return Some(fault(Some(tile.first()), format!("`{tile}` holds more or less than it says")));
        }
        let parts: Vec<_> =
            publics.iter().zip(&privates).map(|(p, q)| (*p, (!q.is_empty()).then_some(*q))).collect();
        for (((public, private), reading), leaf) in parts.iter().zip(Reading::of_all(&parts)).zip(leaves) {
            let seq = self.chain.head().size();
            let taken = if public.is_empty() {
                self.redacted += 1;
                self.gaps.missing(seq);
                self.chain.pass_over(*leaf);
                Ok(*leaf)
            } else {
                if private.is_none() {
                    self.removed += 1;
                    self.gaps.bare(seq);
                }
                self.chain.take(reading).map(|entry| {
                    if let (Kind::TrailPruned, Some(private)) = (entry.kind, &entry.private) {
                        self.gaps.order(private.view());
                    }
                    entry.leaf
                })
            };
            match taken {
                Ok(made) if made == *leaf => {}
                Ok(_) => return Some(fault(Some(seq), "the tile names another entry here".into())),
                Err(Fault { seq, what }) => return Some(fault(Some(seq), what.to_string())),
            }
            self.milestones.pass(self.chain.head());
        }
        None
    }

    fn hashes_alone(&mut self, tile: Tile, leaves: &[u8]) -> Option<Verdict> {
        let (leaves, rest) = leaves.as_chunks::<32>();
        if leaves.len() != usize::from(tile.width) || !rest.is_empty() {
            return Some(fault(Some(tile.first()), format!("`{tile}` holds more or less than it says")));
        }
        self.unseen = true;
        for leaf in leaves {
            self.chain.pass_over(*leaf);
            self.milestones.pass(self.chain.head());
        }
        None
    }

    /// The tiles above: those that these leaves fill and, at the end, the last ones.
    async fn tiles(&mut self, of: Tile, size: u64, leaves: &[u8]) -> Result<Option<Verdict>, ExportError> {
        let mut made = Vec::new();
        for leaf in leaves.as_chunks::<32>().0 {
            self.edge.push(*leaf, |level, n, hashes| made.push((level, n, hashes.concat())));
        }
        if self.edge.size() == size {
            made.extend(self.edge.partial().map(|(level, n, hashes)| (level, n, hashes.concat())));
        }
        for (level, n, hashes) in made.into_iter().filter(|(level, ..)| *level > 0) {
            let width = u16::try_from(hashes.len() / 32).unwrap_or(256);
            let tile = Tile { layer: Layer::Hashes(level), n, width };
            if self.source.get(&tile.to_string()).await?.is_none_or(|held| held != hashes) {
                let why = format!("`{tile}` is not the one that the entries make");
                return Ok(Some(fault(Some(of.first()), why)));
            }
        }
        Ok(None)
    }

    fn outcome(self, broken: Option<Verdict>) -> Verified {
        let unseen =
            || Verdict::Consistent("entries were not seen, only their hashes: say --token-file".into());
        let whole = || if self.unseen { unseen() } else { self.milestones.verdict() };
        let verdict = broken.unwrap_or_else(whole);
        let head = self.chain.head();
        let (entries, origin) = (head.size(), head.origin().to_owned());
        let root = data_encoding::HEXLOWER.encode(&head.frontier().root());
        let (removed, redacted) = (self.removed, self.redacted);
        let (checkpoints, cosigned, agreed) = self.milestones.into_figures();
        Verified { verdict, entries, root, origin, removed, redacted, checkpoints, cosigned, agreed }
    }
}

fn missing(tile: Tile) -> Verdict {
    fault(Some(tile.first()), format!("`{tile}` is missing"))
}

fn fault(seq: Option<u64>, why: String) -> Verdict {
    Verdict::Broken { seq, why }
}
