//! What ends a proposal without anybody deciding on it: time, an erasure, the end of the keys that it is sealed by.

use gridvault_audit::Json;
use gridvault_audit::Kind;
use uuid::Uuid;

use super::{OPEN_FOR, Proposal, Stand};
use crate::Vault;
use crate::authority::Holder;
use crate::identity::actor;
use crate::register::{RegisterError, entry_by, system_who, word};
use crate::store::{Row, Table, Term};
use crate::trail::{Act, Change};

/// The rows of open proposals that are of that record or of a person with these terms, as they are refused: whoever is erased
/// is not made anew.
pub(in crate::register) async fn refused_of(
    vault: &Vault,
    record: Uuid,
    terms: &[Term],
    by: Holder,
) -> Result<Vec<Row>, RegisterError> {
    let mut rows = Vec::new();
    for row in vault.store.all(Table::Proposals).await? {
        let Some(mut proposal) = vault.keys.check::<Proposal>(&row) else { continue };
        if proposal.resident.as_ref().is_some_and(|resident| resident.is_of(record, terms)) {
            proposal.decide(Stand::Refused, by, vault.now());
            rows.push(proposal.row(vault, Uuid::from_slice(&row.id).unwrap_or_default(), row.rev + 1)?);
        }
    }
    Ok(rows)
}

/// Empties the proposals that nobody decided on in time; gives how many there were. Where `residents` is said, those of
/// residents that are still open too: the keys that they are sealed by are about to end.
pub async fn clear_proposals(vault: &Vault, residents: bool) -> Result<usize, RegisterError> {
    let mut cleared = 0;
    for row in vault.store.all(Table::Proposals).await? {
        let Some(mut proposal) = vault.keys.check::<Proposal>(&row) else { continue };
        let holds = !proposal.sealed.is_empty() || proposal.resident.is_some();
        let ends = !proposal.is_open(vault.now()) && vault.now() >= proposal.at + OPEN_FOR;
        if !(holds && (ends || (residents && proposal.resident.is_some()))) {
            continue;
        }
        let stand = if proposal.stand == Stand::Open { Stand::Refused } else { proposal.stand };
        let by = proposal.decided.map_or(proposal.by, |(by, _)| by);
        proposal.decide(stand, by, vault.now());
        let id = Uuid::from_slice(&row.id).unwrap_or_default();
        let mut cleared_one = entry_by(Kind::ImportBatch, system_who(), actor(Uuid::nil()), "");
        cleared_one.private.detail.insert("proposal", word(id.to_string()));
        cleared_one.private.detail.insert("lapsed", Json::Int(1));
        let change = Change::rows(vec![proposal.row(vault, id, row.rev + 1)?]);
        vault.log.record(Act::new(&vault.keys, cleared_one, change)).await?;
        cleared += 1;
    }
    Ok(cleared)
}
