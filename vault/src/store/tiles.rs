//! The tree's tiles and the published checkpoints, as they lie: made from the entries, and believed only where they add up
//! to a signed root.

use super::database::{Cells, values};
use super::insert::{Column, Insert};
use super::{Store, StoreError};

/// A checkpoint that was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// Its place on the grid, Unix seconds.
    pub slot: i64,
    /// Entries.
    pub size: i64,
    /// Whether every witness was asked: before that it is not shown.
    pub asked: bool,
    /// The signed note, with its cosignatures.
    pub note: String,
}

pub(super) const TILE: &str = "SELECT hashes FROM tiles WHERE tenant = $1 AND level = $2 AND n = $3";
pub(super) const LAST_TILE: &str =
    "SELECT n, hashes FROM tiles WHERE tenant = $1 AND level = 0 ORDER BY n DESC LIMIT 1";
/// A tile only grows: whoever comes late with a shorter one changes nothing.
pub(super) const PUT_TILES: Insert = Insert {
    into: "tiles (tenant, level, n, hashes)",
    columns: &[Column::Text, Column::Int, Column::Int, Column::Bytes],
    tail: " ON CONFLICT (tenant, level, n) DO UPDATE SET hashes = excluded.hashes \
           WHERE length(excluded.hashes) > length(tiles.hashes)",
    alone: true,
};
pub(super) const DROP_TILES: &str = "DELETE FROM tiles WHERE tenant = $1 AND (level > 0 OR n >= $2)";
pub(super) const NEWEST: &str = "SELECT slot, size, asked, note FROM checkpoints WHERE tenant = $1 AND asked >= $2 \
     ORDER BY slot DESC LIMIT 1";
pub(super) const KEPT: &str =
    "SELECT slot, size, asked, note FROM checkpoints WHERE tenant = $1 AND slot > $2 ORDER BY slot LIMIT 500";
pub(super) const OF_SIZE: &str = "SELECT slot, size, asked, note FROM checkpoints WHERE tenant = $1 AND size = $2 \
     AND asked = 1 ORDER BY slot DESC LIMIT 1";
pub(super) const PUBLISH: &str = "INSERT INTO checkpoints (tenant, slot, size, asked, note) VALUES ($1, $2, $3, 0, $4) \
     ON CONFLICT (tenant, slot) DO NOTHING";
pub(super) const ASKED: &str = "UPDATE checkpoints SET asked = 1, note = $3 WHERE tenant = $1 AND slot = $2";
pub(super) const DROP_CHECKPOINT: &str = "DELETE FROM checkpoints WHERE tenant = $1 AND slot = $2";

impl Store {
    /// The hashes of a tile, as many as there are.
    pub async fn tile(&self, level: u8, n: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let n = i64::try_from(n).unwrap_or(i64::MAX);
        let rows = self.fetch(TILE, values![self.tenant.as_str(), i64::from(level), n]).await?;
        rows.first().map(|row| Ok(row.bytes(0)?.to_vec())).transpose()
    }

    /// How many leaves the tiles hold.
    pub async fn tiled(&self) -> Result<u64, StoreError> {
        let rows = self.fetch(LAST_TILE, values![self.tenant.as_str()]).await?;
        let Some(row) = rows.first() else { return Ok(0) };
        let (n, hashes) = (u64::try_from(row.int(0)?), row.bytes(1)?.len() / 32);
        let before = n.unwrap_or(0).saturating_mul(gridvault_audit::TILE);
        Ok(before.saturating_add(u64::try_from(hashes).unwrap_or(0)))
    }

    /// Drops every tile but the first `kept` of leaves, to be made anew from the entries.
    pub async fn drop_tiles(&self, kept: u64) -> Result<(), StoreError> {
        let kept = i64::try_from(kept).unwrap_or(i64::MAX);
        self.execute_alone(DROP_TILES, values![self.tenant.as_str(), kept]).await.map(|_| ())
    }

    /// The newest checkpoint on the grid; where `shown`, of those that every witness was asked about.
    pub async fn newest_checkpoint(&self, shown: bool) -> Result<Option<StoredCheckpoint>, StoreError> {
        let rows = self.fetch(NEWEST, values![self.tenant.as_str(), i64::from(shown)]).await?;
        rows.first().map(checkpoint).transpose()
    }

    /// The checkpoints behind that place on the grid, in order: a page of at most 500.
    pub async fn checkpoints(&self, behind: i64) -> Result<Vec<StoredCheckpoint>, StoreError> {
        self.fetch(KEPT, values![self.tenant.as_str(), behind]).await?.map(checkpoint)
    }

    /// A shown checkpoint of exactly that size.
    pub async fn checkpoint_of(&self, size: i64) -> Result<Option<StoredCheckpoint>, StoreError> {
        let rows = self.fetch(OF_SIZE, values![self.tenant.as_str(), size]).await?;
        rows.first().map(checkpoint).transpose()
    }

    /// Takes that place on the grid; false where another instance was first.
    pub async fn take_slot(&self, slot: i64, size: i64, note: &str) -> Result<bool, StoreError> {
        Ok(self.execute_alone(PUBLISH, values![self.tenant.as_str(), slot, size, note]).await? == 1)
    }

    /// The witnesses were asked: the note is shown from now on.
    pub async fn show_checkpoint(&self, slot: i64, note: &str) -> Result<(), StoreError> {
        self.execute_alone(ASKED, values![self.tenant.as_str(), slot, note]).await.map(|_| ())
    }

    /// Drops checkpoints that need not be kept.
    pub async fn drop_checkpoints(&self, slots: &[i64]) -> Result<(), StoreError> {
        for slot in slots {
            self.execute_alone(DROP_CHECKPOINT, values![self.tenant.as_str(), *slot]).await?;
        }
        Ok(())
    }
}

fn checkpoint(row: Cells<'_>) -> Result<StoredCheckpoint, StoreError> {
    Ok(StoredCheckpoint {
        slot: row.int(0)?,
        size: row.int(1)?,
        asked: row.int(2)? == 1,
        note: row.text(3)?.to_owned(),
    })
}
