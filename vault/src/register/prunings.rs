//! Removing old entries from the trail: proposed by a privacy officer, confirmed by a second person, never of the last three
//! years, and only as far as a checkpoint that was published; entries whole only as far as one that a witness cosigned.

use gridvault_audit::{Json, Kind, cosignatures};
use gridvault_policy::Role;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::proposals::proposed_pruning;
use super::tasks::invalid;
use super::{RegisterError, entry, word};
use crate::Vault;
use crate::identity::Caller;
use crate::store::EntryFilter;
use crate::trail::{Act, Change, KEPT_FOR, Parts, is_old};

/// What is to be removed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderedPruning {
    /// `entries` or `private_parts`.
    pub what: String,
    /// Of the entries before this number: the size of a published checkpoint.
    pub upto: i64,
}

/// Proposes to remove what is older than `before`, UTC microseconds; gives the proposal.
pub async fn propose_pruning(
    vault: &Vault,
    caller: &Caller,
    what: Parts,
    before: i64,
    request: &str,
) -> Result<Uuid, RegisterError> {
    if caller.role() != Role::PrivacyOfficer {
        return Err(RegisterError::Forbidden);
    }
    if before > caller.now() - KEPT_FOR {
        return Err(invalid("/before", "kept_for_three_years"));
    }
    let upto = newest_before(vault, what, before / 1_000_000).await?.ok_or(RegisterError::Conflict)?;
    are_old(vault, upto, caller.now()).await?;
    proposed_pruning(vault, caller, OrderedPruning { what: what.as_str().to_owned(), upto }, request).await
}

/// Whether the last entry before that number says itself that it is old enough: when a checkpoint was published, the database
/// alone says.
pub(super) async fn are_old(vault: &Vault, upto: i64, now: i64) -> Result<(), RegisterError> {
    let filter =
        EntryFilter { after: Some(upto - 2), before: Some(upto), limit: 1, ..EntryFilter::default() };
    let last = vault.store.entries(&filter).await?;
    if last.iter().all(|entry| is_old(&entry.public, now)) { Ok(()) } else { Err(RegisterError::Conflict) }
}

/// The size of the newest checkpoint of before that time, Unix seconds, that will do.
async fn newest_before(vault: &Vault, what: Parts, before: i64) -> Result<Option<i64>, RegisterError> {
    let witnesses: Vec<_> = vault.publisher.witnesses().iter().map(|one| one.key.clone()).collect();
    let (mut behind, mut newest) = (-1, None);
    loop {
        let page = vault.store.checkpoints(behind).await?;
        for one in page.iter().filter(|one| one.asked && one.slot < before) {
            let cosigned = cosignatures(&one.note, &witnesses).is_ok_and(|by| !by.is_empty());
            if cosigned || what == Parts::Private {
                newest = Some(one.size);
            }
        }
        match page.last() {
            Some(last) if last.slot < before => behind = last.slot,
            _ => return Ok(newest),
        }
    }
}

/// What a confirmed proposal does: the entry that says so, and the order.
pub(super) fn pruned(vault: &Vault, caller: &Caller, of: &OrderedPruning, request: &str) -> Act {
    let mut pruned = entry(Kind::TrailPruned, caller, request);
    pruned.private.detail.insert("what", word(of.what.clone()));
    pruned.private.detail.insert("upto", Json::Int(of.upto));
    Act::new(&vault.keys, pruned, Change::pruning(of.what.clone(), of.upto))
}
