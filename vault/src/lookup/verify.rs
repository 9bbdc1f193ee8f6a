//! Verifying: whether what somebody claims of a record is held so. Only yes or no comes out; a record that is not there, or
//! out of reach, is a no, and each no is on record before it is said.

use gridvault_audit::{Receipt, RecordError};
use gridvault_policy::{Action, Basis, FieldId, Purpose, Reason, RecordType, Tier};
use uuid::Uuid;

use super::batch::one;
use super::quota::{Today, raise, until_tomorrow};
use super::search::{By, task_refusal};
use super::{Ask, LookupError, Manner, TRIES, caller};
use crate::Vault;
use crate::identity::{Caller, Capacity, Party};
use crate::permit::{Lookup, Sought, Verification};
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
    for _ in 0..TRIES {
        let caller = caller(vault, token, capacity).await?;
        match tried(vault, &caller, claim).await {
            Err(LookupError::Unrecorded(RecordError::Stale)) => {}
            done => return done,
        }
    }
    Err(LookupError::Moving)
}

async fn tried(vault: &Vault, caller: &Caller, claim: &Claim) -> Result<Verified, LookupError> {
    let (kind, value) = claim.target.term();
    let sought = || Sought::new(&vault.keys, kind, &value);
    let refused = refusal(vault, caller, claim).await?;
    let enough = Today::of(vault, caller).await?.missed_enough(vault, caller, kind, &value);
    let reason = refused.or(enough.as_ref().map(|_| Reason::Rate));
    if let Some(reason) = reason {
        // Refused before any record is looked at: nobody is located.
        let (lookup, _, _) = one(vault, caller, &ask(claim, Uuid::new_v4())).await?;
        let refused = Verification::refused(lookup, sought()?, reason);
        let recorded = vault.log.record(refused).await.map_err(LookupError::Unrecorded)?;
        let receipt = Box::new(recorded.receipt().clone());
        if let (Reason::Rate, Some(first)) = (reason, enough) {
            if first.0 {
                raise(vault, caller, "verification_misses").await.map_err(LookupError::Unrecorded)?;
            }
            return Err(LookupError::TooMany(until_tomorrow(caller.now()), receipt));
        }
        return Err(LookupError::Refused(reason, receipt));
    }
    let mut verifications = Vec::new();
    let mut envelopes = Vec::new();
    let mut miss: Option<Lookup> = None;
    for record in targets(vault, &claim.target).await? {
        let ask = ask(claim, record);
        let (lookup, located, _) = one(vault, caller, &ask).await?;
        if miss.is_none() {
            // Alike whoever it is about: decided once more, for the entry of a miss.
            miss = Some(one(vault, caller, &ask).await?.0);
        }
        verifications.push(Verification::new(lookup, claim.claims.clone(), sought()?));
        envelopes.push(located.into_envelopes());
    }
    let recorded = vault.log.record_all(verifications).await.map_err(LookupError::Unrecorded)?;
    let (mut holds, mut receipt) = (false, None);
    for (recorded, envelopes) in recorded.into_iter().zip(envelopes) {
        let (of, all) = vault.keys.verify(recorded, &envelopes)?;
        holds |= all;
        if all || receipt.is_none() {
            receipt = Some(of);
        }
    }
    if let (false, Some(lookup)) = (holds, miss) {
        let missed = Verification::missed(lookup, sought()?);
        vault.log.record(missed).await.map_err(LookupError::Unrecorded)?;
    }
    Ok(Verified { receipt: receipt.ok_or(SealError::Crypto)?, holds })
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

/// The records that it may be about; where there is none, one that is not there.
async fn targets(vault: &Vault, target: &Target) -> Result<Vec<Uuid>, LookupError> {
    let (by, value) = match target {
        Target::Record(id) => return Ok(vec![*id]),
        Target::Value(by, value) => (by, value),
    };
    let field = by.field().ok_or(SealError::Crypto)?;
    let term = vault.keys.value_term(field, value).ok_or(SealError::Crypto)?;
    let found = vault.store.holders(field.number(), &term, HOLDERS).await?;
    let mut ids: Vec<Uuid> = found.iter().filter_map(|id| Uuid::from_slice(id).ok()).collect();
    if ids.is_empty() {
        ids.push(Uuid::new_v4());
    }
    Ok(ids)
}

fn ask(claim: &Claim, record: Uuid) -> Ask {
    Ask {
        kind: RecordType::Person,
        record,
        fields: claim.claims.iter().map(|(field, _)| *field).collect(),
        purpose: claim.purpose,
        basis: claim.basis.clone(),
        task: claim.task,
        manner: Manner { action: Action::Match, lifted: true, ..Manner::VIEW },
        request: claim.request.clone(),
    }
}
