//! How residents come to sign in: a code at the window, in a task that a second person confirmed; then a second factor, a code
//! that came to the home or phone on record, which counts after three days.

use data_encoding::HEXLOWER;
use gridvault_audit::{Json, Kind, ResultWord, Subject};
use gridvault_policy::{AgeClass, FieldId, Purpose, Reason, RecordState, RecordType, Role, RuleId, Tier};
use uuid::Uuid;

use super::correct::subject;
use super::dues::owe;
use super::findings::finding;
use super::tasks::{header, invalid};
use super::told::owed_to;
use super::{RegisterError, entry, word};
use crate::Vault;
use crate::authority::{Code, Factor, FactorKind, Header, Holder, Task, TaskKind, Why};
use crate::clock::{civil_date, days};
use crate::identity::{Caller, Issued, Party, code_id};
use crate::records::is_own;
use crate::seal::{SealError, Secret};
use crate::store::{Row, Table};
use crate::trail::{Act, Change};

/// A code of the window is good so long, and once.
const CODE: i64 = 15 * 60 * 1_000_000;
/// Until when at the latest the resident has word of it.
const WORD: i64 = days(3);
/// A confirmation of the task is of the day.
const CONFIRMED: i64 = days(1);
/// A code that was sent may be entered so long.
const SENT: i64 = days(30);

/// A code for the resident who stands at the window, given this once: the older ones are withdrawn, and the resident is owed
/// word of it. The clerk does it in an open application of the own post, which a second person confirmed today.
///
/// # Errors
/// `Forbidden` for other roles; `Denied` (on record) where the task does not carry it, or the resident is a child or dead;
/// `Unknown("/id")`, `Unknown("/task")`.
pub async fn give_code(
    vault: &Vault,
    caller: &Caller,
    resident: Uuid,
    task: Uuid,
    request: &str,
) -> Result<(Secret, i64), RegisterError> {
    match caller.party() {
        Party::Post(post) if post.assignment.role == Role::WindowClerk => {}
        _ => return Err(RegisterError::Forbidden),
    }
    let now = caller.now();
    if let Some(reason) = task_refuses(vault, caller, resident, task).await? {
        return Err(denied(vault, caller, reason, request).await);
    }
    // Who does not know of the resident has learnt nothing up to here: the task names the record.
    let found = header(vault, resident, RecordType::Person).await?;
    let (_, held) =
        found.filter(|(_, h)| h.state != RecordState::Erased).ok_or(RegisterError::Unknown("/id"))?;
    if let Some(reason) = person_refuses(vault, resident, &held, now).await? {
        return Err(denied(vault, caller, reason, request).await);
    }
    let expires = now.saturating_add(CODE);
    let issued = Issued::code(&vault.keys, Holder::Resident(resident), expires, true)?;
    let mut rows = older_codes(vault, resident).await?;
    let withdrawn = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    rows.push(issued.row);
    rows.push(owe(&vault.keys, resident, (Why::SignIn, task), (now, now.saturating_add(WORD)))?);
    let mut given = entry(Kind::CredentialChanged, caller, request);
    given.public.purpose = Some(Purpose::WindowService.as_str().into());
    given.private.subject = subject(&held);
    given.private.task = Some(task.to_string());
    given.private.detail.insert("what", word("code_given"));
    given.private.detail.insert("withdrawn", Json::Int(withdrawn));
    let mut acts = vec![Act::new(&vault.keys, given, Change::rows(rows))];
    // Another code while word of the last one has not been given: somebody may be signing in before the resident knows.
    if owed_to(vault, resident, now).await?.iter().any(|(_, due)| due.why == Why::SignIn) {
        let mut again = finding(caller, "code_given_again", request);
        again.private.subject = subject(&held);
        acts.push(Act::new(&vault.keys, again, Change::none()));
    }
    vault.log.record_all(acts).await?;
    Ok((issued.secret, expires))
}

/// Why the task does not carry a code; what it says of others is nobody's to try out.
async fn task_refuses(
    vault: &Vault,
    caller: &Caller,
    resident: Uuid,
    id: Uuid,
) -> Result<Option<Reason>, RegisterError> {
    let now = caller.now();
    let row = vault.store.row(Table::Tasks, id.as_bytes()).await?;
    let task: Option<Task> = row.and_then(|row| vault.keys.check(&row));
    let Some(task) = task else { return Ok(Some(Reason::NoTask)) };
    let of_window = task.kind == TaskKind::Application && task.purpose == Purpose::WindowService;
    let confirmed = task.confirmed.filter(|c| now < c.at.saturating_add(CONFIRMED));
    Ok(match () {
        () if !is_own(&task, caller) => Some(Reason::NotAssigned),
        () if !of_window => Some(Reason::NoTask),
        () if !task.residents.contains(&resident) => Some(Reason::SubjectNotInTask),
        () if !task.open(now) => Some(Reason::TaskClosed),
        () if confirmed.is_none_or(|c| c.by == caller.holder().id()) => Some(Reason::NeedsApproval),
        () => None,
    })
}

/// A child's guardian signs in, not the child; nobody signs in for the dead.
async fn person_refuses(
    vault: &Vault,
    resident: Uuid,
    held: &Header,
    now: i64,
) -> Result<Option<Reason>, RegisterError> {
    let envelopes = vault.store.envelopes(&[resident.as_bytes()]).await?;
    let envelopes = envelopes.first().ok_or(SealError::Tampered)?;
    let (age, deceased) = vault.keys.facts(envelopes, held.envelopes, civil_date(now))?;
    Ok(match (age, deceased) {
        (_, true) => Some(Reason::NoBasis),
        (AgeClass::Under14, _) => Some(Reason::NeedsGuardian),
        _ => None,
    })
}

/// The resident's codes that were not used, withdrawn.
async fn older_codes(vault: &Vault, resident: Uuid) -> Result<Vec<Row>, RegisterError> {
    let mut rows = Vec::new();
    for row in vault.store.children(Table::Codes, resident.as_bytes()).await? {
        let code: Option<Code> = vault.keys.check(&row);
        if let Some(mut code) = code.filter(|code| !code.used) {
            code.used = true;
            rows.push(vault.keys.row(Table::Codes, &row.id, row.rev + 1, row.parent.as_deref(), &code)?);
        }
    }
    Ok(rows)
}

/// A refusal with its reason, on record before it is answered.
pub(super) async fn denied(vault: &Vault, caller: &Caller, reason: Reason, request: &str) -> RegisterError {
    let mut refused = entry(Kind::AuthRefused, caller, request);
    refused.public.result = Some(ResultWord::Denied);
    refused.public.reason = Some(reason.as_str().into());
    refused.private.detail.insert("of", word("sign_in"));
    match vault.log.record(Act::new(&vault.keys, refused, Change::none())).await {
        Ok(_) => RegisterError::Denied { rule: RuleId::NONE, reason },
        Err(error) => error.into(),
    }
}

/// A code to be sent to where the resident is to be reached: entered, it becomes a second factor. One that was sent before
/// and not entered is replaced. The act is to be recorded before the code leaves.
pub(super) async fn send_code(
    vault: &Vault,
    caller: &Caller,
    resident: Uuid,
    about: Option<Subject>,
    request: &str,
) -> Result<(Secret, Act), RegisterError> {
    let issued = Issued::code(&vault.keys, Holder::Resident(resident), 0, true)?;
    let mut rows = Vec::new();
    for (row, factor) in factors(vault, resident).await? {
        if factor.since.is_none() && !factor.revoked {
            let gone = Factor { revoked: true, code: None, ..factor };
            rows.push(vault.keys.row(Table::Factors, &row.id, row.rev + 1, row.parent.as_deref(), &gone)?);
        }
    }
    let factor = Factor {
        kind: FactorKind::Message,
        // Never a sign-in code: it lies in another table, and is looked for there alone.
        code: Some(HEXLOWER.encode(&code_id(&vault.keys, issued.secret.reveal()))),
        expires: caller.now().saturating_add(SENT),
        since: None,
        revoked: false,
    };
    let id = Uuid::now_v7();
    rows.push(vault.keys.row(Table::Factors, id.as_bytes(), 1, Some(resident.as_bytes()), &factor)?);
    let mut sent = entry(Kind::CredentialChanged, caller, request);
    sent.private.subject = about;
    sent.private.detail.insert("what", word("factor_sent"));
    Ok((issued.secret, Act::new(&vault.keys, sent, Change::rows(rows))))
}

/// Enters a code that was sent: a second factor from now on. Gives the moment from which it counts.
///
/// # Errors
/// `Unknown("/id")` where the caller is no resident; `Invalid("/code")` where no such code was sent or it is too old.
pub async fn add_factor(
    vault: &Vault,
    caller: &Caller,
    typed: &str,
    request: &str,
) -> Result<i64, RegisterError> {
    let Party::Resident(resident) = caller.party() else { return Err(RegisterError::Unknown("/id")) };
    let (_, held) =
        header(vault, *resident, RecordType::Person).await?.ok_or(RegisterError::Unknown("/id"))?;
    let (now, code) = (caller.now(), HEXLOWER.encode(&code_id(&vault.keys, typed)));
    let sent = factors(vault, *resident).await?.into_iter().find(|(_, factor)| {
        let open = factor.since.is_none() && !factor.revoked && now < factor.expires;
        open && factor.code.as_ref() == Some(&code)
    });
    let (row, factor) = sent.ok_or_else(|| invalid("/code", "unknown"))?;
    let factor = Factor { code: None, since: Some(now), ..factor };
    let from = factor.counts_from().unwrap_or(now);
    let row = vault.keys.row(Table::Factors, &row.id, row.rev + 1, row.parent.as_deref(), &factor)?;
    let mut added = entry(Kind::CredentialChanged, caller, request);
    added.private.subject = subject(&held);
    added.private.detail.insert("what", word("factor_added"));
    added.private.detail.insert("kind", word(factor.kind.as_str()));
    vault.log.record(Act::new(&vault.keys, added, Change::rows(vec![row]))).await?;
    Ok(from)
}

/// Takes every second factor of the caller's away: who lost the phone begins again.
///
/// # Errors
/// `Unknown("/id")` where the caller is no resident; `Conflict` where there is none.
pub async fn drop_factors(vault: &Vault, caller: &Caller, request: &str) -> Result<(), RegisterError> {
    let Party::Resident(resident) = caller.party() else { return Err(RegisterError::Unknown("/id")) };
    let (_, held) =
        header(vault, *resident, RecordType::Person).await?.ok_or(RegisterError::Unknown("/id"))?;
    let mut rows = Vec::new();
    for (row, factor) in factors(vault, *resident).await?.into_iter().filter(|(_, factor)| !factor.revoked) {
        let gone = Factor { revoked: true, code: None, ..factor };
        rows.push(vault.keys.row(Table::Factors, &row.id, row.rev + 1, row.parent.as_deref(), &gone)?);
    }
    if rows.is_empty() {
        return Err(RegisterError::Conflict);
    }
    let mut dropped = entry(Kind::CredentialChanged, caller, request);
    dropped.private.subject = subject(&held);
    dropped.private.detail.insert("what", word("factors_dropped"));
    vault.log.record(Act::new(&vault.keys, dropped, Change::rows(rows))).await?;
    Ok(())
}

/// What a resident signed in by a code alone may not give: consent to sensitive data. Withdrawing is free always.
///
/// # Errors
/// `Denied` with `needs_approval`, on record.
pub(super) async fn may_give(
    vault: &Vault,
    caller: &Caller,
    fields: &[FieldId],
    request: &str,
) -> Result<(), RegisterError> {
    let fresh = matches!(caller.party(), Party::Resident(_)) && !caller.has_factor();
    if fresh && fields.iter().any(|field| field.tier() >= Tier::T3) {
        return Err(denied(vault, caller, Reason::NeedsApproval, request).await);
    }
    Ok(())
}

async fn factors(vault: &Vault, resident: Uuid) -> Result<Vec<(Row, Factor)>, RegisterError> {
    let rows = vault.store.children(Table::Factors, resident.as_bytes()).await?;
    Ok(rows.into_iter().filter_map(|row| vault.keys.check(&row).map(|factor| (row, factor))).collect())
}

/// A second factor of an invented resident's, as if it had been added long ago: a demonstration has no post.
///
/// # Errors
/// `Forbidden` in a vault that holds real people.
pub async fn invented_factor(vault: &Vault, resident: Uuid) -> Result<(), RegisterError> {
    if vault.nature != crate::vault::Nature::Synthetic {
        return Err(RegisterError::Forbidden);
    }
    let now = vault.now();
    let since = now.saturating_sub(2 * crate::authority::COUNTS_AFTER);
    let factor =
        Factor { kind: FactorKind::Message, code: None, expires: now, since: Some(since), revoked: false };
    let id = Uuid::now_v7();
    let row = vault.keys.row(Table::Factors, id.as_bytes(), 1, Some(resident.as_bytes()), &factor)?;
    let mut added = super::begin::system(Kind::CredentialChanged);
    added.private.subject = super::credentials::subject_of(vault, Holder::Resident(resident)).await?;
    added.private.detail.insert("what", word("factor_invented"));
    vault.log.record(Act::new(&vault.keys, added, Change::rows(vec![row]))).await?;
    Ok(())
}
