//! Proposing: checked as it would be taken, and nothing of it counts.

use gridvault_audit::{Json, Kind};
use gridvault_policy::Role;
use serde::Deserialize;
use uuid::Uuid;

use super::made::made;
use super::{OfResident, Proposal, batch};
use crate::Vault;
use crate::identity::Caller;
use crate::import::ImportKind;
use crate::import::rows::{self, RowError};
use crate::register::tasks::invalid;
use crate::register::{Fresh, OrderedPruning, RegisterError, entry, word};
use crate::seal::Secret;
use crate::store::Table;
use crate::trail::{Act, Change};

/// Lines of one proposal: what confirming it makes is one transaction.
const LINES: usize = 2_000;
/// Proposals that one person or service may have open.
const OPEN_AT_ONCE: usize = 50;

/// Which lines a proposal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// None: they are only checked.
    Check,
    /// Those that can be taken.
    Fitting,
    /// All of them, or none.
    All,
}

/// Proposes lines of an import, each checked as it would be taken. Gives the proposal, unless nothing would come of it, and
/// what is wrong with lines.
pub async fn propose(
    vault: &Vault,
    caller: &Caller,
    kind: ImportKind,
    lines: &[&str],
    take: Take,
    request: &str,
) -> Result<(Option<Uuid>, Vec<RowError>), RegisterError> {
    if lines.len() > LINES {
        return Err(invalid("", "too_many"));
    }
    // Only a privacy officer names a deputy, and no deputy another.
    let names_deputy = kind == ImportKind::People
        && lines.iter().any(|line| rows::post(line, 1).is_ok_and(|post| post.deputy));
    if names_deputy && (caller.role() != Role::PrivacyOfficer || caller.is_deputy()) {
        return Err(RegisterError::Forbidden);
    }
    let made = made(vault, caller, kind, lines, &[], request).await?;
    let taken: Vec<&str> = lines
        .iter()
        .zip(1u64..)
        .filter(|(line, n)| !made.errors.iter().any(|error| error.row == row_of(line, *n)))
        .map(|(line, _)| *line)
        .collect();
    // What would change nothing needs nobody's confirmation.
    let refused = take == Take::All && !made.errors.is_empty();
    if taken.is_empty() || made.acts.is_empty() || refused || take == Take::Check {
        let mut looked = entry(Kind::ImportBatch, caller, request);
        looked.private.detail.insert("kind", word(kind.as_str()));
        looked.private.detail.insert("created", Json::Int(0));
        if take == Take::Check {
            looked.private.detail.insert("dry_run", Json::Int(1));
        }
        vault.log.record(Act::new(&vault.keys, looked, Change::none())).await?;
        return Ok((None, made.errors));
    }
    room(vault, caller).await?;
    let id = Uuid::new_v4();
    let proposal = Proposal {
        lines: taken.len(),
        sealed: vault.keys.seal_staff(id.as_bytes(), &Secret::new(taken.join("\n")))?,
        ..Proposal::open(kind.as_str(), caller)
    };
    let mut proposed = batch(caller, id, &proposal, request);
    proposed.private.detail.insert("proposed", Json::Int(1));
    let row = proposal.row(vault, id, 1)?;
    vault.log.record(Act::new(&vault.keys, proposed, Change::rows(vec![row]))).await?;
    Ok((Some(id), made.errors))
}

/// Proposes to remove old entries from the trail; gives the proposal.
pub(in crate::register) async fn proposed_pruning(
    vault: &Vault,
    caller: &Caller,
    pruning: OrderedPruning,
    request: &str,
) -> Result<Uuid, RegisterError> {
    room(vault, caller).await?;
    let id = Uuid::new_v4();
    let proposal = Proposal { pruning: Some(pruning), ..Proposal::open("pruning", caller) };
    let mut proposed = batch(caller, id, &proposal, request);
    proposed.private.detail.insert("proposed", Json::Int(1));
    let row = proposal.row(vault, id, 1)?;
    vault.log.record(Act::new(&vault.keys, proposed, Change::rows(vec![row]))).await?;
    Ok(id)
}

/// Proposes of a resident what the rules let the caller write; the entry is the decision's.
pub(in crate::register) async fn propose_resident(
    vault: &Vault,
    caller: &Caller,
    resident: OfResident,
    fresh: Fresh,
    lookup: &crate::permit::Lookup,
) -> Result<Uuid, RegisterError> {
    room(vault, caller).await?;
    let (mut entry, expect) = lookup.written(Kind::ImportBatch);
    let kind = resident.kind();
    let proposal = Proposal { resident: Some(resident), ..Proposal::open(kind, caller) };
    entry.private.detail.insert("kind", word(kind));
    entry.private.detail.insert("proposal", word(fresh.id.to_string()));
    entry.private.detail.insert("proposed", Json::Int(1));
    let mut rows = vec![proposal.row(vault, fresh.id, 1)?];
    rows.extend(fresh.along);
    let change = Change { expect: Some(expect), ..Change::rows(rows) };
    vault.log.record(Act::new(&vault.keys, entry, change)).await?;
    Ok(fresh.id)
}

/// Nobody fills the list of those who decide.
async fn room(vault: &Vault, caller: &Caller) -> Result<(), RegisterError> {
    let own = vault.store.children(Table::Proposals, caller.holder().id().as_bytes()).await?;
    let open = own.iter().filter_map(|row| vault.keys.check::<Proposal>(row));
    let open = open.filter(|proposal| proposal.is_open(caller.now())).count();
    if open >= OPEN_AT_ONCE { Err(RegisterError::Conflict) } else { Ok(()) }
}

/// The number by which a line calls itself, or its place.
fn row_of(line: &str, place: u64) -> u64 {
    #[derive(Deserialize)]
    struct Numbered {
        row: Option<u64>,
    }
    serde_json::from_str::<Numbered>(line).ok().and_then(|numbered| numbered.row).unwrap_or(place)
}
