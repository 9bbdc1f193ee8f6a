//! Confirming somebody else's proposal.

use gridvault_audit::{Json, Kind};
use uuid::Uuid;

use super::made::{Made, made};
use super::resident::Comes;
use super::{Proposal, Stand, batch, open_one};
use crate::Vault;
use crate::identity::Caller;
use crate::import::ImportKind;
use crate::import::rows::RowError;
use crate::register::people::NewPerson;
use crate::register::prunings::{are_old, pruned};
use crate::register::{RegisterError, entry, word};
use crate::seal::Secret;
use crate::store::Table;
use crate::trail::{Act, Change};

/// What a confirmed proposal made.
pub struct Confirmed {
    /// Rows made or moved.
    pub made: usize,
    /// New staff: id, number and the first half of the code; the other half is the proposer's to hand over.
    pub people: Vec<(Uuid, String, String)>,
    /// Residents' records, made or corrected.
    pub residents: Vec<Uuid>,
    /// Lines that can no longer be taken.
    pub errors: Vec<RowError>,
}

/// Confirms somebody else's proposal and makes what it says, in one transaction.
pub async fn confirm_proposal(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    request: &str,
) -> Result<Confirmed, RegisterError> {
    let (row, mut proposal) = open_one(vault, caller, id).await?;
    if proposal.by == caller.holder() {
        return Err(RegisterError::Forbidden);
    }
    let mut held = false;
    let mut made = match (&proposal.resident, &proposal.pruning) {
        (None, Some(of)) => {
            are_old(vault, of.upto, caller.now()).await?;
            Made { acts: vec![pruned(vault, caller, of, request)], ..Made::default() }
        }
        (Some(resident), _) => match resident.comes_to(vault, caller, request).await? {
            Comes::Made(record, act) => Made { acts: vec![*act], residents: vec![record], ..Made::default() },
            Comes::Nothing => Made::default(),
            Comes::Held => {
                held = true;
                Made::default()
            }
        },
        (None, None) => {
            let kind = ImportKind::parse(&proposal.kind).ok_or(RegisterError::Unknown("/id"))?;
            let text = vault.keys.open_staff(id.as_bytes(), &proposal.sealed)?;
            let lines: Vec<&str> = text.reveal().lines().collect();
            made(vault, caller, kind, &lines, request).await?
        }
    };
    let count = made.acts.len();
    proposal.decide(Stand::Confirmed, caller.holder(), caller.now());
    // Whoever knows the whole code is the new person: each of the two hands one half over.
    let halves: Vec<(String, String, Secret)> = made.people.iter().map(NewPerson::halves).collect();
    if !halves.is_empty() {
        let kept: Vec<String> =
            halves.iter().map(|(number, _, half)| format!("{number} {}", half.reveal())).collect();
        proposal.sealed = vault.keys.seal_staff(id.as_bytes(), &Secret::new(kept.join("\n")))?;
    }
    let mut confirmed = batch(caller, id, &proposal, request);
    confirmed.private.detail.insert("created", Json::Int(i64::try_from(count).unwrap_or(i64::MAX)));
    confirmed.private.detail.insert("proposed_by", word(proposal.by.id().to_string()));
    if held {
        confirmed.private.detail.insert("finding", word("same_person"));
    }
    let row = proposal.row(vault, id, row.rev + 1)?;
    made.acts.push(Act::new(&vault.keys, confirmed, Change::rows(vec![row])));
    vault.log.record_all(made.acts).await?;
    vault.reload().await?;
    let errors = if held {
        vec![RowError { row: 1, column: "person.id_no".into(), code: "same_person" }]
    } else {
        made.errors
    };
    let people = made.people.iter().zip(halves).map(|(person, (number, half, _))| (person.id, number, half));
    Ok(Confirmed { made: count, people: people.collect(), residents: made.residents, errors })
}

/// The second halves of the codes of new staff, for who proposed them.
pub async fn second_halves(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    request: &str,
) -> Result<Vec<(String, String)>, RegisterError> {
    let row = vault.store.row(Table::Proposals, id.as_bytes()).await?.ok_or(RegisterError::Unknown("/id"))?;
    let proposal: Proposal = vault.keys.check(&row).ok_or(RegisterError::Unknown("/id"))?;
    if proposal.by != caller.holder() {
        return Err(RegisterError::Forbidden);
    }
    if proposal.stand != Stand::Confirmed || proposal.sealed.is_empty() {
        return Err(RegisterError::Conflict);
    }
    let mut read = entry(Kind::TrailRead, caller, request);
    read.private.detail.insert("view", word("codes"));
    read.private.detail.insert("proposal", word(id.to_string()));
    vault.log.record(Act::new(&vault.keys, read, Change::none())).await?;
    let text = vault.keys.open_staff(id.as_bytes(), &proposal.sealed)?;
    let half = |line: &str| line.split_once(' ').map(|(number, half)| (number.to_owned(), half.to_owned()));
    Ok(text.reveal().lines().filter_map(half).collect())
}
