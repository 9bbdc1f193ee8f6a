//! What the index holds of entries, or private parts, that are removed goes with them, in the same transaction. What was
//! counted of them stays counted. And what was erased is erased again in a database of before.

use std::collections::BTreeMap;

use super::database::values;
use super::prunings::Removed;
use super::words::{FOLLOWED, LOCK_FOLLOWED};
use super::write::{SHRED, SHRED_FORMER};
use super::{BLOCK, Batch, Bits, Store, StoreError};

/// Rows dropped in one transaction.
const AT_A_TIME: i64 = 20_000;

pub(super) const HELD: &str = "SELECT held FROM entry_words WHERE tenant = $1 AND word = $2 AND block = $3";
pub(super) const HOLD: &str =
    "UPDATE entry_words SET held = $4 WHERE tenant = $1 AND word = $2 AND block = $3";
pub(super) const DROP_HELD: &str = "DELETE FROM entry_words WHERE tenant = $1 AND word = $2 AND block = $3";
/// How far they follow first, so that nothing is looked for in what is left meanwhile.
pub(super) const DROP_FOLLOWED: [&str; 2] =
    ["DELETE FROM followed WHERE tenant = $1", "DELETE FROM tallies WHERE tenant = $1"];
pub(super) const DROP_WORDS: &str = "DELETE FROM entry_words WHERE tenant = $1 AND (word, block) IN \
     (SELECT word, block FROM entry_words WHERE tenant = $1 ORDER BY word, block LIMIT $2)";

/// Of a record that was erased: its envelopes, present and former, then its index terms.
pub(super) const SHRED_AGAIN: [&str; 3] =
    [SHRED, SHRED_FORMER, "DELETE FROM terms WHERE tenant = $1 AND record = $2"];

impl Store {
    /// Destroys what is held of records that were erased: a database of before may have been put in place. Gives how many of
    /// them were held.
    pub async fn shred(&self, records: &[uuid::Uuid]) -> Result<u64, StoreError> {
        if records.is_empty() {
            return Ok(0);
        }
        let (mut batch, mut held) = (self.begin().await?, 0);
        let [present, former, terms] = SHRED_AGAIN;
        for record in records {
            let values = values![self.tenant.as_str(), &record.as_bytes()[..]];
            let there = batch.run(present, values).await? + batch.run(former, values).await?;
            // The index of terms is by term: it is looked through only where there is something to find.
            if there > 0 {
                batch.run(terms, values).await?;
                held += 1;
            }
        }
        batch.commit().await?;
        Ok(held)
    }

    /// Drops words and tallies, to be made anew from the entries.
    pub async fn drop_words(&self) -> Result<(), StoreError> {
        for sql in DROP_FOLLOWED {
            self.execute_alone(sql, values![self.tenant.as_str()]).await?;
        }
        while self.execute_alone(DROP_WORDS, values![self.tenant.as_str(), AT_A_TIME]).await? > 0 {}
        Ok(())
    }
}

impl Batch<'_> {
    /// Takes out what is held of these entries; of what is not followed yet nothing is held.
    pub(super) async fn forget(&mut self, entries: &[Removed]) -> Result<(), StoreError> {
        let tenant = self.tenant();
        self.conn.execute(LOCK_FOLLOWED, values![tenant]).await?;
        let rows = self.conn.fetch(FOLLOWED, values![tenant]).await?;
        let blocks = rows.first().map_or(Ok(0), |row| row.int(0))?;
        let mut words: BTreeMap<(i64, i64), Bits> = BTreeMap::new();
        for entry in entries.iter().filter(|entry| entry.seq.div_euclid(BLOCK) < blocks) {
            let place = u16::try_from(entry.seq.rem_euclid(BLOCK)).unwrap_or(u16::MAX);
            for word in &entry.words {
                words.entry((*word, entry.seq.div_euclid(BLOCK))).or_default().set(place);
            }
        }
        for ((word, block), gone) in words {
            self.hold_less(word, block, gone).await?;
        }
        Ok(())
    }

    async fn hold_less(&mut self, word: i64, block: i64, gone: Bits) -> Result<(), StoreError> {
        let tenant = self.tenant();
        let rows = self.conn.fetch(HELD, values![tenant, word, block]).await?;
        let Some(held) = rows.first().map(|row| row.bytes(0)).transpose()? else { return Ok(()) };
        // One that cannot be read was not written so: verifying says it.
        let Some(held) = Bits::from_bytes(held) else { return Ok(()) };
        let left = held.without(gone);
        if left.is_empty() {
            self.run(DROP_HELD, values![tenant, word, block]).await?;
        } else {
            self.run(HOLD, values![tenant, word, block, &left.to_bytes()[..]]).await?;
        }
        Ok(())
    }
}
