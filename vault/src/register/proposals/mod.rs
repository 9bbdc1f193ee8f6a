//! Proposals: staff and areas, and newcomers that workers register, count only when a second person has confirmed them. No
//! one of the two can sign in as whom they made: each gets half of the code.

mod confirm;
mod lapse;
mod made;
mod propose;
mod resident;

use gridvault_audit::{Json, Kind};
use gridvault_policy::Role;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::confirm::{Confirmed, confirm_proposal, second_halves};
pub use self::lapse::clear_proposals;
pub(super) use self::lapse::refused_of;
pub use self::propose::{Take, propose};
pub(super) use self::propose::{propose_resident, proposed_pruning};
pub(super) use self::resident::{OfResident, ProposedCorrection};
use super::prunings::OrderedPruning;
use super::{RegisterError, entry, word};
use crate::Vault;
use crate::authority::Holder;
use crate::clock::{days, rfc3339};
use crate::identity::{Caller, Party};
use crate::store::{Row, Table};
use crate::trail::{Act, Change};

/// Who proposes expects an answer within this time; then it lapses.
const OPEN_FOR: i64 = days(30);

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
    /// What it would make: `areas`, `people`, `residents` or `corrections`.
    pub kind: String,
    /// Who proposed it.
    pub by: Holder,
    /// When, UTC microseconds.
    pub at: i64,
    /// How many lines.
    pub lines: usize,
    /// The lines under the staff key, base64; once confirmed, what the proposer has to hand over.
    pub sealed: String,
    /// What it is of a resident, sealed as a record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resident: Option<OfResident>,
    /// What it would remove from the trail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pruning: Option<OrderedPruning>,
    /// How it stands.
    pub stand: Stand,
    /// Who decided, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<(Holder, i64)>,
}

impl Proposal {
    fn open(kind: &str, caller: &Caller) -> Self {
        Self {
            kind: kind.to_owned(),
            by: caller.holder(),
            at: caller.now(),
            lines: 1,
            sealed: String::new(),
            resident: None,
            pruning: None,
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
        (self.sealed, self.resident) = (String::new(), None);
    }
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
    if let Some(pruning) = &proposal.pruning {
        let line = serde_json::json!({ "what": pruning.what, "upto": pruning.upto });
        return Ok(vec![line]);
    }
    // A resident's values are seen by nobody before they are held.
    if proposal.resident.is_some() {
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
