//! Where a log's hashes and entries lie: C2SP tlog-tiles, height 8.

use std::fmt;

use crate::tree::{Frontier, Hash, subtree};

/// Hashes in a full tile, entries in a full bundle.
pub const TILE: u64 = 256;

/// What a tile or bundle holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layer {
    /// Hashes of that tile level, 0 to 63.
    Hashes(u8),
    /// Public parts: officers' and auditors' only.
    Entries,
    /// Private parts, likewise.
    Private,
}

impl Layer {
    /// How many hashes or entries it holds of a log of `size`.
    fn held(self, size: u64) -> u64 {
        match self {
            Self::Hashes(level) => size / span(level),
            Self::Entries | Self::Private => size,
        }
    }
}

/// A file of the layout: `tile/<L>/<N>`, `tile/entries/<N>` or `private/<N>`, partial ones with `.p/<W>` behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tile {
    /// What it holds.
    pub layer: Layer,
    /// Its number from the left.
    pub n: u64,
    /// How much it holds, 1 to 256.
    pub width: u16,
}

impl Tile {
    /// Reads a path, strictly.
    pub fn parse(path: &str) -> Option<Self> {
        let (layer, rest) = match path.split_once('/')? {
            ("private", rest) => (Layer::Private, rest),
            ("tile", rest) => match rest.split_once('/')? {
                ("entries", rest) => (Layer::Entries, rest),
                (level, rest) => (Layer::Hashes(decimal(level)?.try_into().ok().filter(|l| *l < 64)?), rest),
            },
            _ => return None,
        };
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => {
                (number, decimal(width)?.try_into().ok().filter(|w| (1..256).contains(w))?)
            }
            None => (rest, 256),
        };
        let mut n: u64 = 0;
        for group in number.split('/') {
            let digits = group.strip_prefix('x').unwrap_or(group);
            if digits.len() != 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            n = n.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
        }
        let tile = Self { layer, n, width };
        // One spelling alone: groups with `x`, no leading group of zeros.
        (tile.to_string() == path).then_some(tile)
    }

    /// How many leaves of the log must be there before this is.
    pub fn covers(&self) -> u64 {
        let hashes = self.n.saturating_mul(TILE).saturating_add(u64::from(self.width));
        match self.layer {
            Layer::Hashes(level) => hashes.saturating_mul(span(level)),
            Layer::Entries | Layer::Private => hashes,
        }
    }

    /// Number of the first entry of a bundle.
    pub fn first(&self) -> u64 {
        self.n.saturating_mul(TILE)
    }

    /// The file of that layer and number as a log of `size` has it, which must reach so far.
    pub fn in_log(layer: Layer, n: u64, size: u64) -> Self {
        let width = layer.held(size).saturating_sub(n.saturating_mul(TILE)).clamp(1, TILE);
        Self { layer, n, width: u16::try_from(width).unwrap_or(256) }
    }

    /// Every file of that layer that a log of `size` has, from the left.
    pub fn of_layer(layer: Layer, size: u64) -> impl Iterator<Item = Self> {
        (0..layer.held(size).div_ceil(TILE)).map(move |n| Self::in_log(layer, n, size))
    }

    /// Every hash tile that a log of `size` has, level by level.
    pub fn of_size(size: u64) -> impl Iterator<Item = Self> {
        (0..8u8)
            .take_while(move |level| size >= span(*level))
            .flat_map(move |level| Self::of_layer(Layer::Hashes(level), size))
    }
}

/// Leaves beneath one hash of a tile level.
pub(crate) fn span(level: u8) -> u64 {
    1u64.checked_shl(u32::from(level) * 8).unwrap_or(u64::MAX)
}

/// Digits without sign and without leading zeros.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.layer {
            Layer::Hashes(level) => write!(f, "tile/{level}/")?,
            Layer::Entries => f.write_str("tile/entries/")?,
            Layer::Private => f.write_str("private/")?,
        }
        let mut groups = vec![self.n % 1000];
        let mut rest = self.n / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        while let Some(group) = groups.pop() {
            let (x, slash) = if groups.is_empty() { ("", "") } else { ("x", "/") };
            write!(f, "{x}{group:03}{slash}")?;
        }
        if u64::from(self.width) < TILE { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

/// The right edge of the tiles: of each level the hashes of its last tile, fewer than 256. Pushing leaves gives tiles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TileEdge {
    size: u64,
    levels: Vec<Vec<Hash>>,
}

impl TileEdge {
    /// The last tiles of a log of `size`, as far as they are not full: what [`Self::resume`] reads.
    pub fn of_size(size: u64) -> impl Iterator<Item = Tile> {
        let partial = move |level| {
            let hashes = size / span(level);
            let width = u16::try_from(hashes % TILE).ok().filter(|width| *width > 0)?;
            Some(Tile { layer: Layer::Hashes(level), n: hashes / TILE, width })
        };
        (0..8).filter_map(partial)
    }

    /// The edge of a log of `size`, its last tiles read back by `tile`: nothing where one is missing or too short.
    pub fn resume(size: u64, tile: impl Fn(Tile) -> Option<Vec<u8>>) -> Option<Self> {
        let depth = (0..8u8).take_while(|level| size >= span(*level)).count();
        let mut levels = vec![Vec::new(); depth];
        for of in Self::of_size(size) {
            let Layer::Hashes(level) = of.layer else { continue };
            let bytes = tile(of)?;
            let (hashes, _) = bytes.as_chunks::<32>();
            *levels.get_mut(usize::from(level))? = hashes.get(..usize::from(of.width))?.to_vec();
        }
        Some(Self { size, levels })
    }

    /// Leaves so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf; `full` takes each tile that it fills: level, number, hashes.
    pub fn push(&mut self, leaf: Hash, mut full: impl FnMut(u8, u64, &[Hash])) {
        self.size += 1;
        let mut hash = leaf;
        for level in 0..8u8 {
            let at = usize::from(level);
            if self.levels.len() == at {
                self.levels.push(Vec::with_capacity(256));
            }
            let Some(hashes) = self.levels.get_mut(at) else { return };
            hashes.push(hash);
            if hashes.len() < 256 {
                return;
            }
            full(level, self.size / span(level) / TILE - 1, hashes);
            hash = subtree(hashes);
            hashes.clear();
        }
    }

    /// The tiles that are not full yet: level, number, hashes.
    pub fn partial(&self) -> impl Iterator<Item = (u8, u64, &[Hash])> {
        let levels = self.levels.iter().zip(0u8..);
        levels
            .filter(|(hashes, _)| !hashes.is_empty())
            .map(|(hashes, level)| (level, self.size / span(level) / TILE, hashes.as_slice()))
    }

    /// The right edge of the tree over the same leaves.
    pub fn frontier(&self) -> Frontier {
        let mut nodes = Vec::new();
        for hashes in self.levels.iter().rev() {
            let mut rest = hashes.as_slice();
            while !rest.is_empty() {
                // The largest full subtree that still fits.
                let (left, right) = rest.split_at(1 << rest.len().ilog2());
                nodes.extend_from_slice(&subtree(left));
                rest = right;
            }
        }
        Frontier::from_bytes(self.size, &nodes).unwrap_or_default()
    }
}

/// Bundles entries: of each its length as big-endian uint16, then its bytes; one that was removed has length 0.
pub fn bundle<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    for entry in entries {
        // An entry is measured when it is prepared: at most 16 KiB.
        out.extend_from_slice(&u16::try_from(entry.len()).unwrap_or(0).to_be_bytes());
        out.extend_from_slice(entry);
    }
    out
}

/// The entries of a bundle; nothing where the lengths do not come out even.
pub fn unbundle(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry);
        bytes = rest;
    }
    bytes.is_empty().then_some(entries)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::tree::leaf_hash;

    #[test]
    fn paths_are_those_of_the_specification() {
        let tile = |layer, n, width| Tile { layer, n, width };
        for (path, is) in [
            ("tile/0/x001/x234/067", tile(Layer::Hashes(0), 1_234_067, 256)),
            ("tile/2/000.p/1", tile(Layer::Hashes(2), 0, 1)),
            ("tile/63/000", tile(Layer::Hashes(63), 0, 256)),
            ("tile/entries/x001/000.p/255", tile(Layer::Entries, 1000, 255)),
            ("private/273.p/112", tile(Layer::Private, 273, 112)),
        ] {
            assert_eq!(Tile::parse(path), Some(is), "{path}");
            assert_eq!(is.to_string(), path);
        }
        for bad in [
            "tile/0/1",
            "tile/0/x000/001",
            "tile/0/x001",
            "tile/00/001",
            "tile/64/001",
            "tile/0/001.p/0",
            "tile/0/001.p/256",
            "tile/0/001.p/01",
            "tile/0/001.p/",
            "tile/0/001/",
            "tile/0/001/002",
            "/tile/0/001",
            "tile/entries/../001",
            "tile/0/+01",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
            "private/0001",
            "tile/-1/001",
            "",
            "tile/0",
        ] {
            assert_eq!(Tile::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn seventy_thousand_entries_have_the_tiles_that_the_format_names() {
        let of = |level| {
            Tile::of_size(70_000)
                .filter(|t| t.layer == Layer::Hashes(level))
                .map(|t| t.width)
                .collect::<Vec<_>>()
        };
        assert_eq!(of(0).len(), 274);
        assert_eq!((of(0)[..273].iter().all(|w| *w == 256), of(0)[273]), (true, 112));
        assert_eq!(of(1), [256, 17]);
        assert_eq!(of(2), [1]);
        assert_eq!(Tile::of_size(0).count(), 0);
        assert_eq!(
            Tile::of_size(256).map(|t| t.to_string()).collect::<Vec<_>>(),
            ["tile/0/000", "tile/1/000.p/1"]
        );
    }

    /// Every tile of a log of `size`, pushed leaf by leaf, stopping and resuming at `stops`.
    fn tiles(size: u64, stops: &[u64]) -> (HashMap<(u8, u64), Vec<u8>>, TileEdge) {
        let mut held: HashMap<(u8, u64), Vec<u8>> = HashMap::new();
        let mut edge = TileEdge::default();
        for n in 0..size {
            edge.push(leaf_hash(&n.to_be_bytes()), |level, n, hashes| {
                held.insert((level, n), hashes.concat());
            });
            if stops.contains(&(n + 1)) || n + 1 == size {
                for (level, n, hashes) in edge.partial() {
                    held.insert((level, n), hashes.concat());
                }
                edge = TileEdge::resume(edge.size(), |tile| match tile.layer {
                    Layer::Hashes(level) => held.get(&(level, tile.n)).cloned(),
                    _ => None,
                })
                .unwrap();
            }
        }
        (held, edge)
    }

    #[test]
    fn the_tiles_of_every_size_are_there_and_have_the_trees_root() {
        let mut tree = Frontier::default();
        for size in 1..=1500u64 {
            tree.push(leaf_hash(&(size - 1).to_be_bytes()));
            if size % 97 == 0 || (250..=260).contains(&size) || (510..=514).contains(&size) {
                let (held, edge) = tiles(size, &[1, 3, 255, 256, 257, 300, 512]);
                assert_eq!(edge.frontier(), tree, "{size}");
                for tile in Tile::of_size(size) {
                    let Layer::Hashes(level) = tile.layer else { panic!("a hash tile") };
                    assert_eq!(
                        held.get(&(level, tile.n)).map(Vec::len),
                        Some(usize::from(tile.width) * 32),
                        "{size} {tile}"
                    );
                }
            }
        }
    }

    proptest! {
        #[test]
        fn a_path_reads_back(level in 0u8..64, n in 0u64..10_000_000_000, width in 1u16..=256) {
            for layer in [Layer::Hashes(level), Layer::Entries, Layer::Private] {
                let tile = Tile { layer, n, width };
                prop_assert_eq!(Tile::parse(&tile.to_string()), Some(tile));
            }
        }

        #[test]
        fn no_other_text_is_a_path(text in "(tile|private)/([0-9]{1,2}|entries|x?[0-9]{3})(/x?[0-9]{3}){0,3}(\\.p/[0-9]{1,3})?") {
            if let Some(tile) = Tile::parse(&text) {
                prop_assert_eq!(tile.to_string(), text);
            }
        }

        #[test]
        fn a_bundle_comes_apart_as_it_was(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..20)) {
            let bytes = bundle(entries.iter().map(Vec::as_slice));
            prop_assert_eq!(unbundle(&bytes), Some(entries.iter().map(Vec::as_slice).collect()));
            if !bytes.is_empty() {
                let cut = unbundle(&bytes[..bytes.len() - 1]);
                prop_assert!(cut.is_none_or(|cut| cut.len() < entries.len()));
            }
        }
    }
}
