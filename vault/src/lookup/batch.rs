//! Several records for one purpose, task and basis: each decided and entered by itself, all in one transaction.

use futures_util::future::try_join_all;
use gridvault_audit::RecordError;
use gridvault_policy::{Listing, RecordType};
use uuid::Uuid;

use super::{Ask, Looked, LookupError, Manner, TRIES, caller, decide, opened};
use crate::Vault;
use crate::identity::{Caller, Capacity};
use crate::permit::Lookup;
use crate::records::{Located, Wanted, locate};
use crate::seal::Secret;

/// So many records of one task are shown as the rules have it; more as a list.
const FEW: usize = 20;

/// One record's answer.
pub struct Item {
    /// The record asked for.
    pub record: Uuid,
    /// How it ended.
    pub looked: Looked,
}

/// Looks up all of these records as `ask` says (whose own record is not asked for): an answer for each, in their order.
pub async fn look_up_all(
    vault: &Vault,
    token: &Secret,
    capacity: Capacity,
    records: &[(RecordType, Uuid)],
    ask: &Ask,
) -> Result<Vec<Item>, LookupError> {
    let few = records.len() <= FEW && ask.task.is_some();
    let listing = if few { Listing::Few } else { Listing::Many };
    let manner = Manner { listing: Some(listing), ..Manner::VIEW };
    let asks =
        records.iter().map(|(kind, record)| Ask { kind: *kind, record: *record, manner, ..ask.clone() });
    let asks: Vec<(Ask, AsOf)> = asks.map(|ask| (ask, AsOf::Now)).collect();
    look_up_each(vault, token, capacity, &asks).await
}

/// As of when a record is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// As it stands.
    Now,
    /// Home and phone as they were before the changes of the last 30 days, where the former revision is still kept.
    Before,
}

/// Looks up each of these as it is asked for, all in one transaction: an answer for each, in their order.
pub async fn look_up_each(
    vault: &Vault,
    token: &Secret,
    capacity: Capacity,
    asks: &[(Ask, AsOf)],
) -> Result<Vec<Item>, LookupError> {
    for _ in 0..TRIES {
        let caller = caller(vault, token, capacity).await?;
        let decided = try_join_all(asks.iter().map(|(ask, of)| one_as_of(vault, &caller, ask, *of))).await?;
        let (mut lookups, mut rest) = (Vec::with_capacity(asks.len()), Vec::with_capacity(asks.len()));
        for (lookup, located, ending) in decided {
            lookups.push(lookup);
            rest.push((located, ending));
        }
        let permits = match vault.log.record_all(lookups).await {
            Ok(permits) => permits,
            Err(RecordError::Stale) => continue,
            Err(error) => return Err(LookupError::Unrecorded(error)),
        };
        let pairs = permits.into_iter().zip(rest).zip(asks);
        let items = pairs.map(|((permit, (located, ending)), (ask, _))| {
            Ok(Item { record: ask.record, looked: ending.with(opened(vault, permit, located)?) })
        });
        return items.collect();
    }
    Err(LookupError::Moving)
}

/// A record located and decided upon; nothing of it is recorded yet.
pub(super) async fn one(
    vault: &Vault,
    caller: &Caller,
    ask: &Ask,
) -> Result<(Lookup, Located, super::Ending), LookupError> {
    one_as_of(vault, caller, ask, AsOf::Now).await
}

async fn one_as_of(
    vault: &Vault,
    caller: &Caller,
    ask: &Ask,
    of: AsOf,
) -> Result<(Lookup, Located, super::Ending), LookupError> {
    let wanted = Wanted { kind: ask.kind, id: ask.record, task: ask.task };
    let mut located = locate(vault, caller, &wanted).await?;
    if of == AsOf::Before {
        located.before(vault, caller.now()).await?;
    }
    let (lookup, ending) = decide(vault, caller, &located, ask).await?;
    Ok((lookup, located, ending))
}
