//! Signing in and out, and handing out tokens and codes.

use gridvault_audit::{Kind, RecordError, Subject, Who, WhoType};
use gridvault_policy::{Posture, RecordType};

use super::{RegisterError, entry_by, system_who, word};
use crate::Vault;
use crate::authority::{Code, Holder, Token};
use crate::clock::days;
use crate::identity::{Caller, Issued, actor, code_id};
use crate::seal::Secret;
use crate::store::Table;
use crate::trail::{Act, Change};

/// A session's length at most.
const SESSION: i64 = days(1) / 2;

/// What signing in gives.
pub struct SignedIn {
    /// The bearer token; not kept.
    pub token: Secret,
    /// Until when, UTC microseconds.
    pub expires: i64,
}

/// Exchanges a one-time code for a session's token. An unknown, used or expired code is `Unauthenticated`, alike.
pub async fn sign_in(vault: &Vault, typed: &str, request: &str) -> Result<SignedIn, RegisterError> {
    let id = code_id(&vault.keys, typed);
    let row = vault.store.row(Table::Codes, &id).await?.ok_or(RegisterError::Unauthenticated)?;
    let mut code: Code = vault.keys.check(&row).ok_or(RegisterError::Unauthenticated)?;
    let now = vault.now();
    if code.used || now >= code.expires {
        return Err(RegisterError::Unauthenticated);
    }
    let expires = now.saturating_add(SESSION);
    let issued = Issued::token(&vault.keys, code.holder, Posture::Office, expires, true)?;
    let mut rows = vec![issued.row];
    if code.once {
        code.used = true;
        rows.push(vault.keys.row(Table::Codes, &id, row.rev + 1, row.parent.as_deref(), &code)?);
    }
    let mut signed_in = entry_by(Kind::AuthSignedIn, who(code.holder), actor(code.holder.id()), request);
    signed_in.private.subject = subject_of(vault, code.holder).await?;
    signed_in.private.detail.insert("method", word("code"));
    match vault.log.record(Act::new(&vault.keys, signed_in, Change::rows(rows))).await {
        // Two used the same code at once: the second finds it used.
        Err(RecordError::Conflict) => Err(RegisterError::Unauthenticated),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(SignedIn { token: issued.secret, expires }),
    }
}

/// Ends the session that the caller's token stands for.
pub async fn sign_out(vault: &Vault, caller: &Caller, request: &str) -> Result<(), RegisterError> {
    let row =
        vault.store.row(Table::Tokens, caller.token_id()).await?.ok_or(RegisterError::Unauthenticated)?;
    let mut token: Token = vault.keys.check(&row).ok_or(RegisterError::Unauthenticated)?;
    token.revoked = true;
    let row = vault.keys.row(Table::Tokens, &row.id, row.rev + 1, row.parent.as_deref(), &token)?;
    let mut ended = super::entry(Kind::SessionEnded, caller, request);
    ended.private.subject = subject_of(vault, token.holder).await?;
    vault.log.record(Act::new(&vault.keys, ended, Change::rows(vec![row]))).await?;
    Ok(())
}

/// Issues a token of that posture to a holder; the secret is given once.
pub async fn issue_token(
    vault: &Vault,
    holder: Holder,
    posture: Posture,
    lasts: i64,
) -> Result<Secret, RegisterError> {
    let issued = Issued::token(&vault.keys, holder, posture, vault.now().saturating_add(lasts), false)?;
    let mut entry = entry_by(Kind::TokenIssued, system_who(), actor(holder.id()), "");
    entry.private.detail.insert("posture", word(posture.as_str()));
    vault.log.record(Act::new(&vault.keys, entry, Change::rows(vec![issued.row]))).await?;
    Ok(issued.secret)
}

/// Issues a sign-in code to a holder; the secret is given once.
pub async fn issue_code(
    vault: &Vault,
    holder: Holder,
    lasts: i64,
    once: bool,
) -> Result<Secret, RegisterError> {
    let issued = Issued::code(&vault.keys, holder, vault.now().saturating_add(lasts), once)?;
    let mut entry = entry_by(Kind::CredentialChanged, system_who(), actor(holder.id()), "");
    entry.private.subject = subject_of(vault, holder).await?;
    entry.private.detail.insert("what", word("code_given"));
    vault.log.record(Act::new(&vault.keys, entry, Change::rows(vec![issued.row]))).await?;
    Ok(issued.secret)
}

/// A resident's record, as entries of the own sign-ins name it; nobody else's.
pub(super) async fn subject_of(vault: &Vault, holder: Holder) -> Result<Option<Subject>, RegisterError> {
    let Holder::Resident(resident) = holder else { return Ok(None) };
    let held = super::tasks::header(vault, resident, RecordType::Person).await?;
    Ok(held.and_then(|(_, held)| super::correct::subject(&held)))
}

fn who(holder: Holder) -> Who {
    let kind = match holder {
        Holder::Person(_) => WhoType::Person,
        Holder::Service(_) => WhoType::Service,
        Holder::Resident(_) => WhoType::Resident,
    };
    Who { kind, role: None, department: None, area: None, through: None }
}
