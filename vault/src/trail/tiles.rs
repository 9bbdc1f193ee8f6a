//! The tiles at rest against those that the entries make, while these are read from the first.

use gridvault_audit::TileEdge;

use crate::store::{Store, StoreError};

/// A log's tiles under comparison.
pub(super) struct Tiles {
    edge: TileEdge,
    /// Leaves that the tiles at rest hold.
    held: u64,
}

impl Tiles {
    pub(super) async fn of(store: &Store) -> Result<Self, StoreError> {
        Ok(Self { edge: TileEdge::default(), held: store.tiled().await? })
    }

    /// The next leaf; words where a tile that it fills, or the last ones, are other than at rest.
    pub(super) async fn follow(
        &mut self,
        store: &Store,
        leaf: &[u8; 32],
    ) -> Result<Option<String>, StoreError> {
        if self.edge.size() >= self.held {
            return Ok(None);
        }
        let mut made = Vec::new();
        self.edge.push(*leaf, |level, n, hashes| made.push((level, n, hashes.concat())));
        if self.edge.size() == self.held {
            made.extend(self.edge.partial().map(|(level, n, hashes)| (level, n, hashes.concat())));
        }
        for (level, n, hashes) in made {
            if store.tile(level, n).await?.is_none_or(|held| held != hashes) {
                return Ok(Some(format!("tile {level}/{n} is not the one that the entries make")));
            }
        }
        Ok(None)
    }

    /// Words where there are tiles of more entries than the log has.
    pub(super) fn rest(&self, size: u64) -> Option<String> {
        (self.held > size).then(|| format!("cut: the tiles are of {} entries, here are {size}", self.held))
    }
}
