//! Deciding who may write: like a lookup, with another action; what is written carries the decision's entry.

use gridvault_policy::Outcome;

use super::{Ask, LookupError, caller, decide};
use crate::Vault;
use crate::identity::Capacity;
use crate::permit::Lookup;
use crate::records::{Wanted, locate};
use crate::seal::Secret;

/// A change that was decided upon, with what it is about.
pub(crate) struct Decided {
    pub(crate) lookup: Lookup,
    /// Whether every field may be written.
    pub(crate) allowed: bool,
    /// Whether the caller may not know of the record, or it is not there.
    pub(crate) unknown: bool,
}

/// Decides whether the fields of the ask may be written; `wanted` is what is located: the record, or a newcomer's home.
pub(crate) async fn decide_write(
    vault: &Vault,
    token: &Secret,
    capacity: Capacity,
    wanted: Wanted,
    ask: &Ask,
) -> Result<Decided, LookupError> {
    let caller = caller(vault, token, capacity).await?;
    let located = locate(vault, &caller, &wanted).await?;
    let (lookup, ending) = decide(vault, &caller, &located, ask).await?;
    let allowed = lookup.decision().fields().iter().all(|field| field.outcome() == Outcome::Clear);
    let unknown = matches!(ending, super::Ending::Unknown);
    Ok(Decided { lookup, allowed, unknown })
}
