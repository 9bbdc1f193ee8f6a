//! Proposals: staff and areas, and newcomers that workers register, count only when a second person has confirmed them. No
//! one of the two can sign in as whom they made: each gets half of the code.

use gridvault_audit::{Json, Kind};
use gridvault_policy::Role;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::newcomer::Proposed;
use super::people::NewPerson;
use super::tasks::invalid;
use super::{Fresh, RegisterError, add_areas, add_people, entry, entry_by, system_who, word};
use crate::Vault;
use crate::authority::Holder;
use crate::clock::{days, rfc3339};
use crate::identity::{Caller, Party, actor};
use crate::import::ImportKind;
use crate::import::rows::{self, RowError};
use crate::seal::Secret;
use crate::store::{Row, Table, Term};
use crate::trail::{Act, Change};

/// Who proposes expects an answer within this time; then it lapses.
const OPEN_FOR: i64 = days(30);
/// Lines of one proposal: what confirming it makes is one transaction.
const LINES: usize = 2_000;
/// Proposals that one person or service may have open.
const OPEN_AT_ONCE: usize = 50;

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
    /// The lines under the staff key, base64; once confirmed, what the proposer has to hand over.
    pub sealed: String,
    /// The newcomer that it is, sealed as a record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newcomer: Option<Proposed>,
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
    let made = make(vault, caller, kind, lines, request).await?;
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
    room(vault, caller).await?;
    let id = Uuid::new_v4();
    let proposal = Proposal {
        lines: taken.len(),
        sealed: vault.keys.seal_staff(id.as_bytes(), &Secret::new(taken.join("\n")))?,
        ..Proposal::open(kind, caller)
    };
    let mut proposed = batch(caller, id, &proposal, request);
    proposed.private.detail.insert("proposed", Json::Int(1));
    let row = proposal.row(vault, id, 1)?;
    vault.log.record(Act::new(&vault.keys, proposed, Change::rows(vec![row]))).await?;
    Ok((Some(id), made.errors))
}

impl Proposal {
    fn open(kind: ImportKind, caller: &Caller) -> Self {
        Self {
            kind: kind.as_str().to_owned(),
            by: caller.holder(),
            at: caller.now(),
            lines: 1,
            sealed: String::new(),
            newcomer: None,
            stand: Stand::Open,
            decided: None,
        }
    }

    fn is_open(&self, now: i64) -> bool {
        self.stand == Stand::Open && now < self.at + OPEN_FOR
    }

    /// Its row hangs on who proposed it.
    fn row(&self, vault: &Vault, id: Uuid, rev: i64) -> Result<Row, RegisterError> {
        Ok(vault.keys.row(Table::Proposals, id.as_bytes(), rev, Some(self.by.id().as_bytes()), self)?)
    }

    /// What it says is not kept any longer.
    fn decide(&mut self, stand: Stand, by: Holder, at: i64) {
        (self.stand, self.decided) = (stand, Some((by, at)));
        (self.sealed, self.newcomer) = (String::new(), None);
    }
}

/// Nobody fills the list of those who decide.
async fn room(vault: &Vault, caller: &Caller) -> Result<(), RegisterError> {
    let own = vault.store.children(Table::Proposals, caller.holder().id().as_bytes()).await?;
    let open = own.iter().filter_map(|row| vault.keys.check::<Proposal>(row));
    let open = open.filter(|proposal| proposal.is_open(caller.now())).count();
    if open >= OPEN_AT_ONCE { Err(RegisterError::Conflict) } else { Ok(()) }
}

/// Proposes a newcomer whom the rules let the caller write; the entry is the decision's.
pub(super) async fn propose_newcomer(
    vault: &Vault,
    caller: &Caller,
    newcomer: Proposed,
    fresh: Fresh,
    lookup: crate::permit::Lookup,
) -> Result<Uuid, RegisterError> {
    room(vault, caller).await?;
    let (mut entry, expect) = lookup.written(Kind::ImportBatch);
    let proposal = Proposal { newcomer: Some(newcomer), ..Proposal::open(ImportKind::Residents, caller) };
    entry.private.detail.insert("proposal", word(fresh.id.to_string()));
    entry.private.detail.insert("proposed", Json::Int(1));
    let mut rows = vec![proposal.row(vault, fresh.id, 1)?];
    rows.extend(fresh.along);
    let change = Change { expect: Some(expect), ..Change::rows(rows) };
    vault.log.record(Act::new(&vault.keys, entry, change)).await?;
    Ok(fresh.id)
}

/// The rows of open proposals that are of a person with these terms, as they are refused: whoever is erased is not made anew.
pub(super) async fn refused_of(vault: &Vault, terms: &[Term], by: Holder) -> Result<Vec<Row>, RegisterError> {
    let mut rows = Vec::new();
    for row in vault.store.all(Table::Proposals).await? {
        let Some(mut proposal) = vault.keys.check::<Proposal>(&row) else { continue };
        if proposal.newcomer.as_ref().is_some_and(|newcomer| newcomer.is_of(terms)) {
            proposal.decide(Stand::Refused, by, vault.now());
            rows.push(proposal.row(vault, Uuid::from_slice(&row.id).unwrap_or_default(), row.rev + 1)?);
        }
    }
    Ok(rows)
}

/// Empties the proposals that nobody decided on in time; gives how many there were. Where `newcomers` is said, those that are
/// still open too: the keys that they are sealed by are about to end.
pub async fn clear_proposals(vault: &Vault, newcomers: bool) -> Result<usize, RegisterError> {
    let mut cleared = 0;
    for row in vault.store.all(Table::Proposals).await? {
        let Some(mut proposal) = vault.keys.check::<Proposal>(&row) else { continue };
        let holds = !proposal.sealed.is_empty() || proposal.newcomer.is_some();
        let ends = !proposal.is_open(vault.now()) && vault.now() >= proposal.at + OPEN_FOR;
        if !(holds && (ends || (newcomers && proposal.newcomer.is_some()))) {
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
    /// New staff: id, number and the first half of the code; the other half is the proposer's to hand over.
    pub people: Vec<(Uuid, String, String)>,
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
    let mut made = match &proposal.newcomer {
        Some(newcomer) => {
            let entry = entry(Kind::ResidentCreated, caller, request);
            let (residents, acts) = newcomer.made(vault, entry).await?.into_iter().unzip();
            Made { acts, residents, ..Made::default() }
        }
        None => {
            let kind = ImportKind::parse(&proposal.kind).ok_or(RegisterError::Unknown("/id"))?;
            let text = vault.keys.open_staff(id.as_bytes(), &proposal.sealed)?;
            let lines: Vec<&str> = text.reveal().lines().collect();
            make(vault, caller, kind, &lines, request).await?
        }
    };
    let count = made.acts.len();
    let held = proposal.newcomer.is_some() && count == 0;
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

/// Refuses a proposal; who proposed it may take it back so.
pub async fn refuse_proposal(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    request: &str,
) -> Result<(), RegisterError> {
    let (row, mut proposal) = open_one(vault, caller, id).await?;
    proposal.decide(Stand::Refused, caller.holder(), caller.now());
    let mut refused = batch(caller, id, &proposal, request);
    refused.public.result = Some(gridvault_audit::ResultWord::Denied);
    let row = proposal.row(vault, id, row.rev + 1)?;
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
        .filter(|(_, proposal)| proposal.is_open(caller.now()))
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
    if proposal.newcomer.is_some() {
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
    if !proposal.is_open(caller.now()) {
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
        ImportKind::Residents | ImportKind::Premises => return Err(invalid("/kind", "not_proposed")),
    }
    Ok(made)
}

fn taken<T>(rows: impl Iterator<Item = Result<T, RowError>>, refused: &mut Vec<RowError>) -> Vec<T> {
    rows.filter_map(|row| row.map_err(|error| refused.push(error)).ok()).collect()
}
