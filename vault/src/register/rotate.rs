//! Rotating the KEKs: every envelope's data keys wrapped by the newest, and on record when the older ones are destroyed: then
//! what was erased before is erased in every backup too.

use gridvault_audit::{Json, Kind};

use super::{RegisterError, begin::system_who, entry_by, word};
use crate::Vault;
use crate::identity::actor;
use crate::store::{EntryFilter, Shelf, StoreError};
use crate::trail::{Act, Change};

/// Envelopes in one transaction.
const AT_A_TIME: i64 = 500;

/// Says on record that KEKs of that version are in use from now on. Newcomers that are still proposed are let go: they are
/// sealed by keys that end.
pub async fn keks_added(vault: &Vault, version: u16) -> Result<(), RegisterError> {
    super::clear_proposals(vault, true).await?;
    tell(vault, Kind::KeyRotated, version, &[]).await
}

/// Wraps what is not wrapped by the newest KEKs yet; `progress` hears how many envelopes were seen. Gives how many were
/// wrapped anew: a pass that gives none is the proof that the older ones open nothing any more.
pub async fn rewrap(vault: &Vault, progress: &(dyn Fn(u64) + Sync)) -> Result<u64, RegisterError> {
    let (mut seen, mut wrapped) = (0, 0);
    for shelf in [Shelf::Present, Shelf::Former] {
        let mut behind = (Vec::new(), 0);
        loop {
            let page = vault.store.envelopes_behind(shelf, (&behind.0, behind.1), AT_A_TIME).await?;
            let Some(last) = page.last() else { break };
            behind = (last.record.clone(), last.rev);
            seen += page.len() as u64;
            let mut anew = Vec::new();
            for envelopes in &page {
                anew.extend(vault.keys.rewrapped(envelopes)?);
            }
            if !anew.is_empty() {
                let mut batch = vault.store.begin().await?;
                batch.rewrap(shelf, &anew).await?;
                batch.commit().await?;
            }
            wrapped += anew.len() as u64;
            progress(seen);
        }
    }
    Ok(wrapped)
}

/// Says on record that the KEKs before that version are destroyed, and how many erasures are complete thereby.
pub async fn keks_destroyed(vault: &Vault, version: u16) -> Result<u64, RegisterError> {
    let waiting = erasures_waiting(vault).await?;
    tell(vault, Kind::KeyDestroyed, version, &[]).await?;
    if waiting > 0 {
        let count = Json::Int(i64::try_from(waiting).unwrap_or(i64::MAX));
        tell(vault, Kind::ResidentErased, version, &[("stage", word("complete")), ("erasures", count)])
            .await?;
    }
    Ok(waiting)
}

/// Erasures that are live and not complete yet.
pub async fn erasures_waiting(vault: &Vault) -> Result<u64, StoreError> {
    let kinds = vec![Kind::ResidentErased.as_str().to_owned()];
    let filter = EntryFilter { kinds, newest_first: true, limit: 100_000, ..EntryFilter::default() };
    let stage = |private: &[u8]| {
        let private = Json::parse_canonical(private).ok()?;
        Some(private.get("detail")?.text("stage")? == "complete")
    };
    let erased = vault.store.entries(&filter).await?;
    let since = erased.iter().take_while(|entry| entry.private.as_deref().and_then(stage) != Some(true));
    Ok(since.count() as u64)
}

/// Says on record that receipts are signed by a key of that version from now on.
pub async fn receipt_key_added(vault: &Vault, version: u16) -> Result<(), RegisterError> {
    tell(vault, Kind::KeyRotated, version, &[("key", word("receipt"))]).await
}

async fn tell(
    vault: &Vault,
    kind: Kind,
    version: u16,
    more: &[(&'static str, Json)],
) -> Result<(), RegisterError> {
    let mut told = entry_by(kind, system_who(), actor(uuid::Uuid::nil()), "");
    told.private.detail.insert("key", word("kek"));
    told.private.detail.insert("version", Json::Int(i64::from(version)));
    told.private.detail.extend(more.iter().cloned());
    vault.log.record(Act::new(&vault.keys, told, Change::none())).await?;
    Ok(())
}
