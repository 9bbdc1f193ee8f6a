//! Verifying: whether what somebody claims of a record is held so. Only yes or no comes out; a record that is not there, or
//! out of reach, is a no, and each no is on record before it is said.

use gridvault_audit::{Receipt, RecordError};
use gridvault_policy::{Action, Basis, FieldId, Purpose, Reason, RecordType, Tier};
use uuid::Uuid;

use super::batch::one;
use super::quota::{Meter, Room, counted_as, raise, until_tomorrow};
use super::search::{By, task_refusal};
use super::{Ask, LookupError, Manner, TRIES, caller};
use crate::Vault;
use crate::identity::{Caller, Capacity, Party};
use crate::permit::{Sought, Verification};
use crate::seal::{SealError, Secret};

/// Records that one value may point at.
const HOLDERS: i64 = 8;

/// Of whom it is claimed.
#[derive(Clone)]
pub enum Target {
    /// A record.
    Record(Uuid),
    /// Whoever has that ID number or phone.
    Value(By, Secret),
}

impl Target {
    /// How the trail tells one target from another: kind and value of its term.
    fn term(&self) -> (&'static str, String) {
        match self {
            Self::Record(id) => ("record", id.to_string()),
            Self::Value(by, value) => (by.as_str(), value.reveal().to_owned()),
        }
    }
}

/// What is claimed, each value normalised.
#[derive(Clone)]
pub struct Claim {
    /// Of whom.
    pub target: Target,
    /// What.
    pub claims: Vec<(FieldId, Secret)>,
    /// What for.
    pub purpose: Purpose,
    /// On what basis, where said.
    pub basis: Option<(Basis, Option<String>)>,
    /// The task that it serves.
    pub task: Option<Uuid>,
    /// Our request id.
    pub request: String,
}

/// What came of it.
pub struct Verified {
    /// The entry.
    pub receipt: Receipt,
    /// Whether all of it holds.
    pub holds: bool,
}

/// Verifies the claims.
pub async fn verify(
    vault: &Vault,
    token: &Secret,
    capacity: Capacity,
    claim: &Claim,
) -> Result<Verified, LookupError> {
    // Another of the same person's may be counted at the same time.
    for _ in 0..4 * TRIES {
        let caller = caller(vault, token, capacity).await?;
        match tried(vault, &caller, claim).await {
            Err(LookupError::Unrecorded(RecordError::Stale | RecordError::Conflict)) => {}
            done => return done,
        }
    }
    Err(LookupError::Moving)
}

async fn tried(vault: &Vault, caller: &Caller, claim: &Claim) -> Result<Verified, LookupError> {
    let (kind, value) = claim.target.term();
    let sought = || Sought::new(&vault.keys, kind, &value);
    if let Some(reason) = refusal(vault, caller, claim).await? {
        let receipt = refused(vault, caller, claim, sought()?, reason).await?;
        return Err(LookupError::Refused(reason, receipt));
    }
    let records = targets(vault, &claim.target).await?;
    // By what was named, for only that may be answered by, and by whom it found.
    let mut counted = vec![counted_as(vault, kind, &value)];
    counted.extend(records.iter().map(|id| counted_as(vault, "record", &id.to_string())));
    counted.dedup();
    let meter = Meter::of(vault, caller).await?;
    // Too often about somebody, under other names: a no like that of nobody, or it would tell that there is somebody.
    let spent = meter.spent(counted.get(1..).unwrap_or_default());
    let records = if spent { Vec::new() } else { records };
    let count = match meter.verification(&counted)? {
        Room::Yes(count) => count,
        Room::No(told) => {
            let receipt = refused(vault, caller, claim, sought()?, Reason::Rate).await?;
            if let Some(count) = told {
                raise(vault, caller, ("verification_misses", Reason::Rate), &count)
                    .await
                    .map_err(LookupError::Unrecorded)?;
            }
            return Err(LookupError::TooMany(until_tomorrow(caller.now()), receipt));
        }
    };
    // Where there is no such record, one that is not there is asked.
    let records = if records.is_empty() { vec![Uuid::new_v4()] } else { records };
    let (mut verifications, mut envelopes) = (Vec::new(), Vec::new());
    for (n, record) in records.iter().enumerate() {
        let (lookup, located, _) = one(vault, caller, &ask(claim, *record)).await?;
        let count = (n == 0).then(|| count.clone());
        verifications.push(Verification::new(lookup, claim.claims.clone(), sought()?, count));
        envelopes.push(located.into_envelopes());
    }
    // For the entry of how it ends: the same work whichever way.
    let (ending, _, _) =
        one(vault, caller, &ask(claim, records.first().copied().unwrap_or_default())).await?;
    let recorded = vault.log.record_all(verifications).await.map_err(LookupError::Unrecorded)?;
    let (mut holds, mut receipt) = (false, None);
    for (recorded, envelopes) in recorded.into_iter().zip(envelopes) {
        let (of, all) = vault.keys.verify(recorded, &envelopes)?;
        holds |= all;
        if all || receipt.is_none() {
            receipt = Some(of);
        }
    }
    let mut ending = Some(ending);
    for _ in 0..8 * TRIES {
        let held = if holds { Some(Meter::of(vault, caller).await?.held(&counted)?) } else { None };
        let lookup = match ending.take() {
            Some(lookup) => lookup,
            None => one(vault, caller, &ask(claim, records.first().copied().unwrap_or_default())).await?.0,
        };
        match vault.log.record(Verification::ended(lookup, sought()?, held)).await {
            // Another of the same person's was counted meanwhile.
            Err(RecordError::Conflict) => {}
            Err(error) => return Err(LookupError::Unrecorded(error)),
            Ok(_) => return Ok(Verified { receipt: receipt.ok_or(SealError::Crypto)?, holds }),
        }
    }
    Err(LookupError::Moving)
}

/// Refused before any record is looked at: nobody is located.
async fn refused(
    vault: &Vault,
    caller: &Caller,
    claim: &Claim,
    sought: Sought,
    reason: Reason,
) -> Result<Box<Receipt>, LookupError> {
    let (lookup, _, _) = one(vault, caller, &ask(claim, Uuid::new_v4())).await?;
    let recorded = vault.log.record(Verification::refused(lookup, sought, reason)).await;
    Ok(Box::new(recorded.map_err(LookupError::Unrecorded)?.receipt().clone()))
}

/// Why nobody of that post may verify so, whoever it is about.
async fn refusal(vault: &Vault, caller: &Caller, claim: &Claim) -> Result<Option<Reason>, LookupError> {
    if claim.claims.iter().any(|(field, _)| field.tier() == Tier::T4) {
        return Ok(Some(Reason::TierList));
    }
    if let Party::Service { agreement, .. } = caller.party()
        && !agreement.purposes.contains(&claim.purpose)
    {
        return Ok(Some(Reason::PurposeRole));
    }
    let book = vault.book.load();
    let (role, department) = match caller.post() {
        Some(post) => (post.assignment.role, post.assignment.department),
        None => (caller.role(), caller.department()),
    };
    if !book.uses_purpose(role, department, claim.purpose, Action::Match) {
        return Ok(Some(Reason::PurposeRole));
    }
    let compares = |field: FieldId| book.does(role, department, claim.purpose, Action::Match, field);
    if !claim.claims.iter().all(|(field, _)| compares(*field)) {
        return Ok(Some(Reason::FieldNotForPurpose));
    }
    task_refusal(vault, caller, claim.purpose, claim.task).await
}

/// The records that it may be about.
async fn targets(vault: &Vault, target: &Target) -> Result<Vec<Uuid>, LookupError> {
    let (by, value) = match target {
        Target::Record(id) => return Ok(vec![*id]),
        Target::Value(by, value) => (by, value),
    };
    let field = by.field().ok_or(SealError::Crypto)?;
    let term = vault.keys.value_term(field, value).ok_or(SealError::Crypto)?;
    let found = vault.store.holders(field.number(), &term, HOLDERS).await?;
    Ok(found.iter().filter_map(|id| Uuid::from_slice(id).ok()).collect())
}

fn ask(claim: &Claim, record: Uuid) -> Ask {
    Ask {
        kind: RecordType::Person,
        record,
        fields: claim.claims.iter().map(|(field, _)| *field).collect(),
        purpose: claim.purpose,
        basis: claim.basis.clone(),
        task: claim.task,
        // A record that the caller names has to be named by the task as well.
        manner: Manner {
            action: Action::Match,
            lifted: matches!(claim.target, Target::Value(..)),
            ..Manner::VIEW
        },
        request: claim.request.clone(),
    }
}
