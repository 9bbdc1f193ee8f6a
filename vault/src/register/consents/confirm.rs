//! Confirming from outside what staff recorded: by who speaks, by a code that went to the number on record, or by somebody of
//! another unit who met the resident; and finding a consent void.

use gridvault_audit::{Json, Kind};
use gridvault_policy::{FieldId, Purpose, Role};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{METHODS, Person, append, describe, refuse};
use crate::Vault;
use crate::authority::{
    Assignment, ConsentBy, ConsentEvent, ConsentKind, ConsentState, Delivery, Due, Speaker, Why, standing,
};
use crate::clock::days;
use crate::identity::{Caller, Party};
use crate::register::factors;
use crate::register::findings::finding;
use crate::register::tasks::invalid;
use crate::register::{RegisterError, word};
use crate::seal::{Keyring, Secret};
use crate::store::{EntryFilter, Table};
use crate::trail::{Act, Change};

/// A code confirms for so long.
const CODE_FOR: i64 = days(14);
/// Wrong codes that are borne for one consent.
const MISSES: u32 = 5;

/// How it is confirmed.
pub enum Confirming {
    /// By the code that went out to the resident.
    Code(String),
    /// By somebody who met the resident, and how they said so.
    Met(String),
}

/// Wrong codes so far.
#[derive(Default, Serialize, Deserialize)]
struct Misses {
    misses: u32,
}

/// The code that goes out to the resident with the notice of a consent recorded in the own name: eight digits, known to nobody
/// before. Whoever sends it puts it into the message to the number on record as it was 30 days ago, and nowhere else.
pub fn consent_code(keys: &Keyring, event: Uuid) -> Secret {
    let tag = keys.term("consent confirmation", &event.to_string());
    let number = tag.as_ref().iter().take(8).fold(0u64, |n, byte| n << 8 | u64::from(*byte));
    Secret::new(format!("{:08}", number % 100_000_000))
}

/// Confirms what staff recorded, by who speaks, signed in.
pub async fn confirm_own(
    vault: &Vault,
    caller: &Caller,
    resident: Uuid,
    purpose: Purpose,
    request: &str,
) -> Result<Uuid, RegisterError> {
    let person = Person::find(vault, caller, resident).await?;
    person.recorder(caller)?;
    person.in_use()?;
    let speaker = person.speaker(caller, ConsentBy::Resident, None, purpose)?;
    if let Some(reason) = person.may_agree(speaker) {
        return Err(refuse(vault, caller, &person, purpose, reason, request).await);
    }
    let (of, event) = unconfirmed(&person, purpose, caller.now())?;
    // A code alone is the window's: who gave it out must not confirm with it what the window recorded.
    let fields: Vec<FieldId> = event.fields.iter().filter_map(|id| FieldId::parse(id).ok()).collect();
    factors::may_give(vault, caller, &fields, request).await?;
    // One guardian's word is confirmed by that guardian.
    if event.speaker != speaker {
        return Err(RegisterError::Conflict);
    }
    let said = Word { method: "self_service", by: ConsentBy::Resident, speaker };
    append(vault, caller, &person, confirmation(&person, (of, &event), caller, said)?, request).await
}

/// Confirms a consent that somebody else recorded.
pub async fn confirm_consent(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    how: Confirming,
    request: &str,
) -> Result<Uuid, RegisterError> {
    let (resident, event) = consent(vault, id).await?;
    let person = Person::find(vault, caller, resident).await?;
    if !matches!(caller.party(), Party::Post(_)) {
        return Err(RegisterError::Unknown("/id"));
    }
    let overseer = caller.role() == Role::PrivacyOfficer;
    if !person.is_kept_by(caller) && !overseer {
        return Err(RegisterError::Unknown("/id"));
    }
    person.in_use()?;
    let (of, event) = unconfirmed(&person, event.purpose, caller.now())?;
    if of != id {
        return Err(RegisterError::Conflict);
    }
    let method = match how {
        Confirming::Code(code) => {
            code_fits(vault, caller, &person, (of, &event), &code, request).await?;
            "sms_code".to_owned()
        }
        Confirming::Met(method) => {
            if !METHODS.contains(&method.as_str()) || matches!(method.as_str(), "self_service" | "sms_code") {
                return Err(invalid("/method", "word_unknown"));
            }
            if !is_outside(vault, caller, &event).await? {
                let conflict = gridvault_policy::Reason::ConflictOfInterest;
                return Err(refuse(vault, caller, &person, event.purpose, conflict, request).await);
            }
            method
        }
    };
    let said = Word { method: &method, by: ConsentBy::Staff, speaker: event.speaker };
    append(vault, caller, &person, confirmation(&person, (of, &event), caller, said)?, request).await
}

/// Finds a consent void, with the reason and the finding behind it. The privacy officer.
pub async fn invalidate_consent(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    (reason, behind): (&str, i64),
    request: &str,
) -> Result<Uuid, RegisterError> {
    if caller.role() != Role::PrivacyOfficer {
        return Err(RegisterError::Forbidden);
    }
    if !crate::words::is_identifier(reason) {
        return Err(invalid("/reason", "identifier"));
    }
    let (resident, event) = consent(vault, id).await?;
    let filter = EntryFilter {
        kinds: vec![Kind::FindingRaised.as_str().to_owned()],
        after: Some(behind.saturating_sub(1)),
        before: Some(behind.saturating_add(1)),
        limit: 1,
        ..EntryFilter::default()
    };
    if vault.store.entries(&filter).await?.is_empty() {
        return Err(RegisterError::Unknown("/finding"));
    }
    let person = Person::find(vault, caller, resident).await?;
    let held = person.held()?;
    let now = person.circumstances(&held.notices);
    let stands = standing(held.in_order(), event.purpose, &now, caller.now());
    let stood = stands.event.is_some_and(|(yes, _, _)| yes == id);
    if !stood || stands.present.next(ConsentState::Invalidated).is_none() {
        return Err(RegisterError::Conflict);
    }
    let said = Word { method: reason, by: ConsentBy::Staff, speaker: event.speaker };
    let void = ConsentEvent {
        state: ConsentState::Invalidated,
        ..confirmation(&person, (id, &event), caller, said)?
    };
    append(vault, caller, &person, void, request).await
}

/// A consent event with the resident it is about.
pub(super) async fn consent(vault: &Vault, id: Uuid) -> Result<(Uuid, ConsentEvent), RegisterError> {
    let unknown = RegisterError::Unknown("/id");
    let Some(row) = vault.store.row(Table::Consents, id.as_bytes()).await? else { return Err(unknown) };
    let resident = row.parent.as_deref().and_then(|parent| Uuid::from_slice(parent).ok());
    resident.zip(vault.keys.check(&row)).ok_or(unknown)
}

/// The yes that stands for the purpose and waits to be confirmed.
fn unconfirmed(person: &Person, purpose: Purpose, at: i64) -> Result<(Uuid, ConsentEvent), RegisterError> {
    let held = person.held()?;
    let now = person.circumstances(&held.notices);
    let stands = standing(held.in_order(), purpose, &now, at);
    match (stands.why, stands.event) {
        (None, Some((id, _, event))) if !stands.confirmed => Ok((id, event.clone())),
        _ => Err(RegisterError::Conflict),
    }
}

/// How something is said of a consent.
struct Word<'w> {
    method: &'w str,
    by: ConsentBy,
    speaker: Speaker,
}

fn confirmation(
    person: &Person,
    (of, event): (Uuid, &ConsentEvent),
    caller: &Caller,
    said: Word<'_>,
) -> Result<ConsentEvent, RegisterError> {
    let staff = caller.post().filter(|_| said.by == ConsentBy::Staff);
    Ok(ConsentEvent {
        number: person.header.consents + 1,
        prev: person.held()?.last,
        state: ConsentState::Confirmed,
        of: Some(of),
        method: said.method.to_owned(),
        speaker: said.speaker,
        by: said.by,
        staff: staff.map(|post| (post.assignment.person, post.id)),
        witness: None,
        evidence: None,
        at: caller.now(),
        basis_kind: if event.is_separate() { event.basis_kind } else { ConsentKind::General },
        ..event.clone()
    })
}

/// Whether the caller is another person than who recorded it, of another department or of other areas.
async fn is_outside(vault: &Vault, caller: &Caller, event: &ConsentEvent) -> Result<bool, RegisterError> {
    let (Some(post), Some((recorder, as_post))) = (caller.post(), event.staff) else { return Ok(false) };
    let other = post.assignment.person != recorder && event.witness != Some(post.assignment.person);
    let row = vault.store.row(Table::Assignments, as_post.as_bytes()).await?;
    let Some(recorded) = row.and_then(|row| vault.keys.check::<Assignment>(&row)) else { return Ok(false) };
    let own = &post.assignment;
    let same_areas = own.areas.is_empty() && recorded.areas.is_empty()
        || own.areas.iter().any(|area| recorded.areas.contains(area));
    let other_unit = own.department != recorded.department || own.scheme != recorded.scheme || !same_areas;
    Ok(other && other_unit)
}

/// Whether it is the code that went out; it counts only where somebody other than who recorded the consent sent it.
async fn code_fits(
    vault: &Vault,
    caller: &Caller,
    person: &Person,
    (of, event): (Uuid, &ConsentEvent),
    code: &str,
    request: &str,
) -> Result<(), RegisterError> {
    if caller.now() >= event.at.saturating_add(CODE_FOR) || !went_out(vault, person, (of, event)).await? {
        return Err(RegisterError::Conflict);
    }
    let id = vault.keys.term("consent code misses", &of.to_string()).as_ref().to_vec();
    let row = vault.store.row(Table::Quotas, &id).await?;
    let (rev, mut missed) = match &row {
        Some(row) => (row.rev, vault.keys.check::<Misses>(row).ok_or(RegisterError::Conflict)?),
        None => (0, Misses::default()),
    };
    if missed.misses >= MISSES {
        return Err(RegisterError::Conflict);
    }
    let typed: String = code.chars().filter(char::is_ascii_digit).collect();
    // Digests are compared, so that nothing is learnt from how long it takes.
    let right = consent_code(&vault.keys, of);
    let digest = |code: &str| vault.keys.term("consent code", code);
    if digest(&typed).as_ref() == digest(right.reveal()).as_ref() {
        return Ok(());
    }
    missed.misses += 1;
    let mut wrong = finding(caller, "consent_code_wrong", request);
    describe(&mut wrong, person, event.purpose);
    wrong.private.detail.insert("consent", word(of.to_string()));
    wrong.private.detail.insert("misses", Json::Int(i64::from(missed.misses)));
    let row = vault.keys.row(Table::Quotas, &id, rev + 1, None, &missed)?;
    vault.log.record(Act::new(&vault.keys, wrong, Change::rows(vec![row]))).await?;
    Err(invalid("/code", "wrong"))
}

/// Whether the resident was told of it, by somebody who did not record it.
async fn went_out(
    vault: &Vault,
    person: &Person,
    (of, event): (Uuid, &ConsentEvent),
) -> Result<bool, RegisterError> {
    for row in vault.store.children(Table::Dues, person.id.as_bytes()).await? {
        let due: Option<Due> = vault.keys.check(&row);
        let due = due.filter(|due| due.why == Why::ConsentRecorded && due.about == of);
        let Some(told) = due.and_then(|due| due.told) else { continue };
        let row = vault.store.row(Table::Deliveries, told.as_bytes()).await?;
        let delivery: Option<Delivery> = row.and_then(|row| vault.keys.check(&row));
        let recorder = event.staff.map(|(recorder, _)| recorder);
        if delivery.is_some_and(|delivery| delivery.by.is_none() || delivery.by != recorder) {
            return Ok(true);
        }
    }
    Ok(false)
}
