//! Proposals: staff and areas, and newcomers that workers register, count only when a second person has confirmed them.

use gridvault_audit::{Json, Kind};
use gridvault_policy::Role;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::people::NewPerson;
use super::tasks::invalid;
use super::{AddedResidents, Fresh, RegisterError, Seen, add_areas, add_people, add_residents, entry, word};
use crate::Vault;
use crate::authority::Holder;
use crate::clock::{civil_date, days, rfc3339};
use crate::identity::{Caller, Party};
use crate::import::ImportKind;
use crate::import::rows::{self, Reading, RowError};
use crate::seal::Secret;
use crate::store::{Row, Table};
use crate::trail::{Act, Change};
use crate::vault::Nature;

/// Who proposes expects an answer within this time; then it lapses.
const OPEN_FOR: i64 = days(30);
/// Lines of one proposal.
const LINES: usize = 20_000;

/// How a proposal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stand {
    /// Nobody has decided.
    Open,
    /// A second person confirmed it, and it was made.
    Confirmed,
    /// It was refused or taken back.
    Refused,
}

/// A proposal's row. What it would make is sealed: it names people.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Proposal {
    /// What it would make: `areas`, `people` or `residents`.
    pub kind: String,
    /// Who proposed it.
    pub by: Holder,
    /// When, UTC microseconds.
    pub at: i64,
    /// How many lines.
    pub lines: usize,
    /// The lines under the staff key, base64.
    pub sealed: String,
    /// The notice that newcomers were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Uuid>,
    /// How it stands.
    pub stand: Stand,
    /// Who decided, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<(Holder, i64)>,
}

/// Proposes lines of an import, each checked as it would be taken. Gives the proposal, unless no line can be taken.
pub async fn propose(
    vault: &Vault,
    caller: &Caller,
    kind: ImportKind,
    lines: &[&str],
    dry_run: bool,
    request: &str,
) -> Result<(Option<Uuid>, Vec<RowError>), RegisterError> {
    if lines.len() > LINES {
        return Err(invalid("", "too_many"));
    }
    let made = make(vault, caller, kind, lines, None, request).await?;
    let taken: Vec<&str> = lines
        .iter()
        .zip(1u64..)
        .filter(|(line, n)| !made.errors.iter().any(|error| error.row == row_of(line, *n)))
        .map(|(line, _)| *line)
        .collect();
    // What would change nothing needs nobody's confirmation.
    if taken.is_empty() || made.acts.is_empty() || dry_run {
        let mut looked = entry(Kind::ImportBatch, caller, request);
        looked.private.detail.insert("kind", word(kind.as_str()));
        looked.private.detail.insert("created", Json::Int(0));
        if dry_run {
            looked.private.detail.insert("dry_run", Json::Int(1));
        }
        vault.log.record(Act::new(&vault.keys, looked, Change::none())).await?;
        return Ok((None, made.errors));
    }
    let text = Secret::new(taken.join("\n"));
    let id = propose_sealed(vault, caller, (kind, &text, None), Fresh::plain(), request).await?;
    Ok((Some(id), made.errors))
}

/// Proposes checked lines; they are kept sealed until somebody decides.
pub async fn propose_sealed(
    vault: &Vault,
    caller: &Caller,
    (kind, lines, notice): (ImportKind, &Secret, Option<Uuid>),
    fresh: Fresh,
    request: &str,
) -> Result<Uuid, RegisterError> {
    let id = fresh.id;
    let sealed = vault.keys.seal_staff(id.as_bytes(), lines)?;
    let proposal = Proposal {
        kind: kind.as_str().to_owned(),
        by: caller.holder(),
        at: caller.now(),
        lines: lines.reveal().lines().count(),
        sealed,
        notice,
        stand: Stand::Open,
        decided: None,
    };
    let mut rows = vec![vault.keys.row(Table::Proposals, id.as_bytes(), 1, None, &proposal)?];
    rows.extend(fresh.along);
    let mut proposed = batch(caller, id, &proposal, request);
    proposed.private.detail.insert("proposed", Json::Int(1));
    vault.log.record(Act::new(&vault.keys, proposed, Change::rows(rows))).await?;
    Ok(id)
}

/// The number by which a line calls itself, or its place.
fn row_of(line: &str, place: u64) -> u64 {
    #[derive(Deserialize)]
    struct Numbered {
        row: Option<u64>,
    }
    serde_json::from_str::<Numbered>(line).ok().and_then(|numbered| numbered.row).unwrap_or(place)
}

/// What a confirmed proposal made.
pub struct Confirmed {
    /// Rows made or moved.
    pub made: usize,
    /// New staff with their codes.
    pub people: Vec<NewPerson>,
    /// Newcomers' records.
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
    let kind = ImportKind::parse(&proposal.kind).ok_or(RegisterError::Unknown("/id"))?;
    let text = vault.keys.open_staff(id.as_bytes(), &proposal.sealed)?;
    let lines: Vec<&str> = text.reveal().lines().collect();
    let mut made = make(vault, caller, kind, &lines, proposal.notice, request).await?;
    let count = made.acts.len();
    (proposal.stand, proposal.decided) = (Stand::Confirmed, Some((caller.holder(), caller.now())));
    // The lines have become rows: they are not kept twice.
    proposal.sealed = String::new();
    let mut confirmed = batch(caller, id, &proposal, request);
    confirmed.private.detail.insert("created", Json::Int(i64::try_from(count).unwrap_or(i64::MAX)));
    confirmed.private.detail.insert("proposed_by", word(proposal.by.id().to_string()));
    let row = vault.keys.row(Table::Proposals, id.as_bytes(), row.rev + 1, None, &proposal)?;
    made.acts.push(Act::new(&vault.keys, confirmed, Change::rows(vec![row])));
    vault.log.record_all(made.acts).await?;
    vault.reload().await?;
    Ok(Confirmed { made: count, people: made.people, residents: made.residents, errors: made.errors })
}

/// Refuses a proposal; who proposed it may take it back so.
pub async fn refuse_proposal(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    request: &str,
) -> Result<(), RegisterError> {
    let (row, mut proposal) = open_one(vault, caller, id).await?;
    (proposal.stand, proposal.decided) = (Stand::Refused, Some((caller.holder(), caller.now())));
    proposal.sealed = String::new();
    let mut refused = batch(caller, id, &proposal, request);
    refused.public.result = Some(gridvault_audit::ResultWord::Denied);
    let row = vault.keys.row(Table::Proposals, id.as_bytes(), row.rev + 1, None, &proposal)?;
    vault.log.record(Act::new(&vault.keys, refused, Change::rows(vec![row]))).await?;
    Ok(())
}

/// Proposals that somebody still has to decide on, oldest first: what they are, not what they say.
pub async fn open_proposals(vault: &Vault, caller: &Caller) -> Result<Vec<serde_json::Value>, RegisterError> {
    decides(caller)?;
    let rows = vault.store.all(Table::Proposals).await?;
    let mut open: Vec<(Uuid, Proposal)> = rows
        .iter()
        .filter_map(|row| Some((Uuid::from_slice(&row.id).ok()?, vault.keys.check::<Proposal>(row)?)))
        .filter(|(_, proposal)| proposal.stand == Stand::Open && caller.now() < proposal.at + OPEN_FOR)
        .collect();
    open.sort_by_key(|(_, proposal)| proposal.at);
    let say = |(id, proposal): (Uuid, Proposal)| {
        serde_json::json!({ "id": id, "kind": proposal.kind, "lines": proposal.lines, "at": rfc3339(proposal.at),
            "until": rfc3339(proposal.at + OPEN_FOR), "own": proposal.by == caller.holder() })
    };
    Ok(open.into_iter().map(say).collect())
}

/// The lines of an open proposal, for whoever is to decide on it; that they were read is on record.
pub async fn read_proposal(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    request: &str,
) -> Result<Vec<serde_json::Value>, RegisterError> {
    let (_, proposal) = open_one(vault, caller, id).await?;
    // A newcomer's values are a resident's: they are seen by nobody before they are held.
    if proposal.kind == ImportKind::Residents.as_str() {
        return Err(RegisterError::Forbidden);
    }
    let mut read = entry(Kind::TrailRead, caller, request);
    read.private.detail.insert("view", word("proposal"));
    read.private.detail.insert("proposal", word(id.to_string()));
    vault.log.record(Act::new(&vault.keys, read, Change::none())).await?;
    let text = vault.keys.open_staff(id.as_bytes(), &proposal.sealed)?;
    Ok(text.reveal().lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

fn decides(caller: &Caller) -> Result<(), RegisterError> {
    match caller.party() {
        Party::Post(_) if matches!(caller.role(), Role::PrivacyOfficer | Role::DataSteward) => Ok(()),
        _ => Err(RegisterError::Forbidden),
    }
}

async fn open_one(vault: &Vault, caller: &Caller, id: Uuid) -> Result<(Row, Proposal), RegisterError> {
    decides(caller)?;
    let row = vault.store.row(Table::Proposals, id.as_bytes()).await?.ok_or(RegisterError::Unknown("/id"))?;
    let proposal: Proposal = vault.keys.check(&row).ok_or(RegisterError::Unknown("/id"))?;
    if proposal.stand != Stand::Open || caller.now() >= proposal.at + OPEN_FOR {
        return Err(RegisterError::Conflict);
    }
    Ok((row, proposal))
}

fn batch(caller: &Caller, id: Uuid, proposal: &Proposal, request: &str) -> gridvault_audit::Entry {
    let mut batch = entry(Kind::ImportBatch, caller, request);
    batch.private.detail.insert("kind", word(proposal.kind.as_str()));
    batch.private.detail.insert("proposal", word(id.to_string()));
    batch.private.detail.insert("lines", Json::Int(i64::try_from(proposal.lines).unwrap_or(i64::MAX)));
    batch
}

#[derive(Default)]
struct Made {
    acts: Vec<Act>,
    people: Vec<NewPerson>,
    residents: Vec<Uuid>,
    errors: Vec<RowError>,
}

/// What the lines come to, nothing recorded yet.
async fn make(
    vault: &Vault,
    caller: &Caller,
    kind: ImportKind,
    lines: &[&str],
    notice: Option<Uuid>,
    request: &str,
) -> Result<Made, RegisterError> {
    let numbered = || lines.iter().zip(1u64..);
    let entry = |kind| entry(kind, caller, request);
    let mut made = Made::default();
    match kind {
        ImportKind::Areas => {
            let rows = taken(numbered().map(|(line, n)| rows::area(line, n)), &mut made.errors);
            let (acts, errors) = add_areas(vault, rows, &entry)?;
            made.acts = acts;
            made.errors.extend(errors);
        }
        ImportKind::People => {
            let rows = taken(numbered().map(|(line, n)| rows::post(line, n)), &mut made.errors);
            let added = add_people(vault, rows, &entry).await?;
            (made.acts, made.people) = (added.acts, added.people);
            made.errors.extend(added.errors);
        }
        ImportKind::Residents => {
            let synthetic = vault.nature == Nature::Synthetic;
            let reading = Reading { synthetic, today: civil_date(vault.now()) };
            let rows = taken(numbered().map(|(line, n)| rows::resident(line, n, reading)), &mut made.errors);
            let AddedResidents { acts, errors, made: residents, .. } =
                add_residents(vault, rows, notice, &mut Seen::new(), &entry).await?;
            (made.acts, made.residents) = (acts, residents);
            made.errors.extend(errors);
        }
        ImportKind::Premises => return Err(invalid("/kind", "not_proposed")),
    }
    Ok(made)
}

fn taken<T>(rows: impl Iterator<Item = Result<T, RowError>>, refused: &mut Vec<RowError>) -> Vec<T> {
    rows.filter_map(|row| row.map_err(|error| refused.push(error)).ok()).collect()
}
