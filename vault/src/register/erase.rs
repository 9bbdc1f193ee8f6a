//! Erasure (删除): one person asks, and the record is frozen; another grants it, and nothing that was held can be opened again.

use gridvault_audit::{Json, Kind, RecordError};
use gridvault_policy::{RecordState, RecordType, Role};
use uuid::Uuid;

use super::correct::subject;
use super::tasks::invalid;
use super::{RegisterError, entry, entry_by, word};
use crate::Vault;
use crate::authority::{Code, Erasure, Header, Holder, Token};
use crate::identity::{Caller, Party, actor};
use crate::store::{Row, Table};
use crate::trail::{Act, Change};

fn may(caller: &Caller) -> Result<(), RegisterError> {
    match caller.party() {
        Party::Post(post) if matches!(post.assignment.role, Role::DataSteward | Role::PrivacyOfficer) => {
            Ok(())
        }
        _ => Err(RegisterError::Forbidden),
    }
}

async fn find(vault: &Vault, id: Uuid) -> Result<(Row, Header), RegisterError> {
    let row = vault.store.row(Table::Records, id.as_bytes()).await?.ok_or(RegisterError::Unknown("/id"))?;
    let header: Header = vault.keys.check(&row).ok_or(RegisterError::Unknown("/id"))?;
    // What was erased is not there; a premises or a ticket is not erased by this door.
    if header.kind != RecordType::Person || header.state == RecordState::Erased {
        return Err(RegisterError::Unknown("/id"));
    }
    Ok((row, header))
}

/// Asks for a resident's erasure; until it is decided the record is only kept.
pub async fn ask_erasure(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    reason: &str,
    request: &str,
) -> Result<(), RegisterError> {
    may(caller)?;
    if !crate::words::is_identifier(reason) {
        return Err(invalid("/reason", "identifier"));
    }
    let (row, mut header) = find(vault, id).await?;
    if header.erasure.is_some() {
        return Err(RegisterError::Conflict);
    }
    header.state = RecordState::Frozen;
    header.erasure = Some(Erasure { by: caller.holder(), at: caller.now(), reason: reason.to_owned() });
    let mut frozen = entry(Kind::ResidentRestricted, caller, request);
    frozen.private.subject = subject(&header);
    frozen.private.detail.insert("reason", word(reason));
    frozen.private.detail.insert("restricted", Json::Int(1));
    let row = vault.keys.row(Table::Records, &row.id, row.rev + 1, row.parent.as_deref(), &header)?;
    vault.log.record(Act::new(&vault.keys, frozen, Change::rows(vec![row]))).await?;
    Ok(())
}

/// Decides on an erasure that somebody else asked for: granted, the record is shredded; refused, it is in use again.
pub async fn decide_erasure(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    granted: bool,
    request: &str,
) -> Result<(), RegisterError> {
    may(caller)?;
    let (row, header) = find(vault, id).await?;
    let Some(asked) = &header.erasure else { return Err(RegisterError::Conflict) };
    if asked.by == caller.holder() {
        return Err(RegisterError::Forbidden);
    }
    if granted {
        shred(vault, caller, &row, header, request).await
    } else {
        lift(vault, caller, &row, header, request).await
    }
}

async fn lift(
    vault: &Vault,
    caller: &Caller,
    row: &Row,
    mut header: Header,
    request: &str,
) -> Result<(), RegisterError> {
    (header.state, header.erasure) = (RecordState::Live, None);
    let mut lifted = entry(Kind::ResidentRestricted, caller, request);
    lifted.private.subject = subject(&header);
    lifted.private.detail.insert("restricted", Json::Int(0));
    let row = vault.keys.row(Table::Records, &row.id, row.rev + 1, row.parent.as_deref(), &header)?;
    vault.log.record(Act::new(&vault.keys, lifted, Change::rows(vec![row]))).await?;
    Ok(())
}

/// Envelopes with their keys, former ones, index terms and the audit tag are destroyed; what signs the resident in ends. What
/// stays is that there was a record of this id. It is complete when the keys that wrapped its keys are destroyed as well.
async fn shred(
    vault: &Vault,
    caller: &Caller,
    row: &Row,
    header: Header,
    request: &str,
) -> Result<(), RegisterError> {
    let id = Uuid::from_slice(&row.id).map_err(|_| RegisterError::Unknown("/id"))?;
    let mut erased = entry(Kind::ResidentErased, caller, request);
    erased.private.subject = subject(&header);
    erased.private.detail.insert("stage", word("live"));
    if let Some(asked) = &header.erasure {
        erased.private.detail.insert("reason", word(asked.reason.clone()));
        erased.private.detail.insert("asked_by", word(asked.by.id().to_string()));
    }
    let envelopes = vault.store.envelopes(&[&row.id]).await?;
    let dropped = match envelopes.first() {
        Some(envelopes) => vault.keys.held_terms(id, header.kind, envelopes, header.envelopes)?,
        None => Vec::new(),
    };
    let mut rows = vec![emptied(vault, row, header)?];
    rows.extend(ended(vault, id).await?);
    rows.extend(super::proposals::refused_of(vault, id, &dropped, caller.holder()).await?);
    let change = Change { rows, dropped, shredded: vec![id], ..Change::default() };
    let recorded = vault.log.record(Act::new(&vault.keys, erased, change)).await?;
    vault.erased.note(vault.log_key.name(), recorded.receipt().seq, id);
    Ok(())
}

/// The header that stays: that there was a record of this id.
fn emptied(vault: &Vault, row: &Row, header: Header) -> Result<Row, RegisterError> {
    let rest = Header {
        tag: String::new(),
        place: None,
        envelopes: 0,
        state: RecordState::Erased,
        notice: None,
        ..header
    };
    Ok(vault.keys.row(Table::Records, &row.id, row.rev + 1, None, &rest)?)
}

/// Records that were erased and stand in the database as before, for one of before was put in place: erased again, on record.
/// What they held is destroyed already.
pub async fn erase_again(vault: &Vault, records: &[Uuid]) -> Result<(), RegisterError> {
    for id in records {
        let Some(row) = vault.store.row(Table::Records, id.as_bytes()).await? else { continue };
        let header = vault.keys.check::<Header>(&row).filter(|header| header.state != RecordState::Erased);
        let Some(header) = header else { continue };
        let mut erased = entry_by(Kind::ResidentErased, super::system_who(), actor(Uuid::nil()), "");
        erased.private.subject = subject(&header);
        erased.private.detail.insert("stage", word("again"));
        let mut rows = vec![emptied(vault, &row, header)?];
        rows.extend(ended(vault, *id).await?);
        rows.extend(super::proposals::refused_of(vault, *id, &[], Holder::Person(Uuid::nil())).await?);
        let change = Change { rows, shredded: vec![*id], ..Change::default() };
        match vault.log.record(Act::new(&vault.keys, erased, change)).await {
            // Another instance was faster.
            Ok(_) | Err(RecordError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The resident's tokens and codes, as they end.
async fn ended(vault: &Vault, resident: Uuid) -> Result<Vec<Row>, RegisterError> {
    let mut rows = Vec::new();
    for row in vault.store.children(Table::Tokens, resident.as_bytes()).await? {
        if let Some(mut token) = vault.keys.check::<Token>(&row).filter(|token| !token.revoked) {
            token.revoked = true;
            rows.push(vault.keys.row(Table::Tokens, &row.id, row.rev + 1, row.parent.as_deref(), &token)?);
        }
    }
    for row in vault.store.children(Table::Codes, resident.as_bytes()).await? {
        if let Some(mut code) = vault.keys.check::<Code>(&row).filter(|code| !code.used) {
            code.used = true;
            rows.push(vault.keys.row(Table::Codes, &row.id, row.rev + 1, row.parent.as_deref(), &code)?);
        }
    }
    // An entry names a hundred rows at most; so many sign-ins of one resident there are not.
    rows.truncate(90);
    Ok(rows)
}
