//! The tree at rest: tiles that follow the entries, and what is read out of them. Tiles are made of entries and can be made
//! anew; nothing that they say is believed unless it adds up to a signed root.

use std::collections::HashMap;

use gridvault_audit::{Checkpoint, Layer, ProofFile, ProofPlan, Tile, TileEdge, bundle, extends};

use super::prune::leaves;
use super::standing::signed;
use crate::store::{EntryFilter, Store, StoreError};

/// Entries between two writes of tiles: 16 full tiles.
const AT_A_TIME: u64 = 4096;

/// The right edge of the tiles, as far as they follow the entries.
#[derive(Clone, Default)]
pub(super) struct Tree(TileEdge);

impl Tree {
    /// As the tiles at rest have it; empty where they do not hold together.
    pub(super) async fn at_rest(store: &Store) -> Result<Self, StoreError> {
        edge_at_rest(store).await.map(Self)
    }

    pub(super) fn size(&self) -> u64 {
        self.0.size()
    }

    pub(super) fn root(&self) -> [u8; 32] {
        self.0.frontier().root()
    }

    /// Follows the entries up to `size`, and writes the tiles.
    pub(super) async fn grow(&mut self, store: &Store, size: u64) -> Result<(), StoreError> {
        while self.size() < size {
            let to = size.min(self.size() + AT_A_TIME);
            let (mut edge, mut tiles) = (self.0.clone(), Vec::new());
            for leaf in leaves(store, self.size(), to).await? {
                edge.push(leaf, |level, n, hashes| tiles.push((level, n, hashes.concat())));
            }
            tiles.extend(edge.partial().map(|(level, n, hashes)| (level, n, hashes.concat())));
            store.put_tiles(&tiles).await?;
            self.0 = edge;
        }
        Ok(())
    }

    /// Brings the tiles up to that checkpoint. Where they do not add up to it they are made anew, once; then the entries do not.
    pub(super) async fn reach(&mut self, store: &Store, checkpoint: &Checkpoint) -> Result<bool, StoreError> {
        self.grow(store, checkpoint.size).await?;
        if self.size() > checkpoint.size || self.root() == checkpoint.root {
            return Ok(true);
        }
        self.make_anew(store, checkpoint).await
    }

    /// Whether the entries up to the newer checkpoint extend the older one. Tiles that do not show it are made anew, once.
    pub(super) async fn shows(
        &mut self,
        store: &Store,
        older: &Checkpoint,
        newer: &Checkpoint,
    ) -> Result<bool, StoreError> {
        if older.size > newer.size {
            return Ok(false);
        }
        Ok(follows(store, older, newer).await?
            || (self.make_anew(store, newer).await? && follows(store, older, newer).await?))
    }

    /// Drops all tiles, to be made again; but for those that alone still have the leaf hashes of removed entries.
    pub(super) async fn forget(&mut self, store: &Store) -> Result<(), StoreError> {
        tracing::error!("the tiles do not add up to what was signed: they are made anew");
        let prunings = store.prunings().await?;
        let upto = prunings.iter().filter_map(|one| u64::try_from(one.upto).ok()).max().unwrap_or(0);
        store.drop_tiles(upto.div_ceil(gridvault_audit::TILE)).await?;
        *self = Self::default();
        Ok(())
    }

    /// Makes all tiles again from the entries; whether these add up to the checkpoint.
    async fn make_anew(&mut self, store: &Store, checkpoint: &Checkpoint) -> Result<bool, StoreError> {
        self.forget(store).await?;
        self.grow(store, checkpoint.size).await?;
        Ok(self.root() == checkpoint.root)
    }
}

/// The right edge of the tiles at rest; an empty one where they do not hold together.
pub(crate) async fn edge_at_rest(store: &Store) -> Result<TileEdge, StoreError> {
    let size = store.tiled().await?;
    let mut held = HashMap::new();
    for tile in TileEdge::of_size(size) {
        let Layer::Hashes(level) = tile.layer else { continue };
        held.extend(store.tile(level, tile.n).await?.map(|hashes| (tile, hashes)));
    }
    Ok(TileEdge::resume(size, |tile| held.get(&tile).cloned()).unwrap_or_default())
}

/// The tiles that a proof needs, as far as they are there, by level and number.
async fn tiles_for(store: &Store, plan: &ProofPlan) -> Result<HashMap<(u8, u64), Vec<u8>>, StoreError> {
    let mut tiles = HashMap::new();
    for (level, n) in plan.tiles() {
        tiles.extend(store.tile(level, n).await?.map(|hashes| ((level, n), hashes)));
    }
    Ok(tiles)
}

/// The hashes of a proof; nothing where the tiles do not reach so far.
async fn make(store: &Store, plan: &ProofPlan) -> Result<Option<Vec<[u8; 32]>>, StoreError> {
    let tiles = tiles_for(store, plan).await?;
    Ok(plan.make(|level, n| tiles.get(&(level, n)).map(Vec::as_slice)))
}

/// The root that the tiles have at that size.
pub(super) async fn root_at(store: &Store, size: u64) -> Result<Option<[u8; 32]>, StoreError> {
    Ok(make(store, &ProofPlan::root(size)).await?.and_then(|root| root.first().copied()))
}

/// That the newer checkpoint extends the tree of `old` leaves; nothing where the tiles do not show it.
pub(super) async fn consistency(
    store: &Store,
    old: u64,
    newer: &Checkpoint,
) -> Result<Option<Vec<[u8; 32]>>, StoreError> {
    match ProofPlan::consistency(old, newer.size) {
        Some(plan) => make(store, &plan).await,
        None => Ok(None),
    }
}

/// Whether the tiles show that the newer checkpoint extends the older.
async fn follows(store: &Store, older: &Checkpoint, newer: &Checkpoint) -> Result<bool, StoreError> {
    let proof = consistency(store, older.size, newer).await?;
    Ok(proof.is_some_and(|proof| extends((older.size, &older.root), (newer.size, &newer.root), &proof)))
}

/// The proof that entry `seq` is in the log, under that signed checkpoint; nothing where it does not cover the entry, or where
/// the entry's bytes were removed.
pub(super) async fn prove(store: &Store, seq: u64, note: &str) -> Result<Option<ProofFile>, StoreError> {
    let Some(plan) = ProofPlan::inclusion(seq, parsed(note)?.size) else { return Ok(None) };
    let Some(public) = store.public_bytes(signed(seq), signed(seq) + 1).await?.pop() else { return Ok(None) };
    let tiles = tiles_for(store, &plan).await?;
    let proof = ProofFile::of((seq, public), note, |level, n| tiles.get(&(level, n)).map(Vec::as_slice));
    proof.map(Some).ok_or(StoreError::Corrupt("an entry or a tile is not what the signed root covers"))
}

/// The proof that entry `seq` is in a log, under its newest published checkpoint; nothing where that does not cover it.
pub async fn prove_published(store: &Store, seq: u64) -> Result<Option<ProofFile>, StoreError> {
    match store.newest_checkpoint(true).await? {
        Some(newest) => prove(store, seq, &newest.note).await,
        None => Ok(None),
    }
}

/// What a note that lies here says; whose signature is under it was looked at before, or is by who reads on.
fn parsed(note: &str) -> Result<Checkpoint, StoreError> {
    Checkpoint::parse_unverified(note).map_err(|_| StoreError::Corrupt("a note is no checkpoint"))
}

/// Brings the tiles of a log that ends up to its head, so that every line of it can be proven for ever.
pub(crate) async fn settle(store: &Store, head: &Checkpoint) -> Result<(), StoreError> {
    if Tree::at_rest(store).await?.reach(store, head).await? {
        return Ok(());
    }
    Err(StoreError::Corrupt("the entries do not add up to the signed head"))
}

/// A file of the layout, of a log that shows `size` entries; nothing where it is not in there.
pub(super) async fn file(store: &Store, tile: Tile, size: u64) -> Result<Option<Vec<u8>>, StoreError> {
    if tile.covers() > size {
        return Ok(None);
    }
    let Layer::Hashes(level) = tile.layer else { return bundle_of(store, tile).await.map(Some) };
    let hashes = store.tile(level, tile.n).await?;
    Ok(hashes.and_then(|hashes| hashes.get(..usize::from(tile.width) * 32).map(<[u8]>::to_vec)))
}

/// Entries that were removed are there with length 0.
pub(crate) async fn bundle_of(store: &Store, tile: Tile) -> Result<Vec<u8>, StoreError> {
    let (first, width) = (signed(tile.first()), i64::from(tile.width));
    let filter = EntryFilter {
        after: Some(first - 1),
        before: Some(first + width),
        limit: width,
        ..EntryFilter::default()
    };
    let mut parts = vec![Vec::new(); usize::from(tile.width)];
    for entry in store.entries(&filter).await? {
        let at = usize::try_from(entry.seq - first).unwrap_or(usize::MAX);
        let part = if tile.layer == Layer::Entries { Some(entry.public) } else { entry.private };
        if let (Some(place), Some(part)) = (parts.get_mut(at), part) {
            *place = part;
        }
    }
    Ok(bundle(parts.iter().map(Vec::as_slice)))
}
