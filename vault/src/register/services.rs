//! Granting agreements to services, and letters of delegation to named people.

use gridvault_audit::Kind;
use gridvault_policy::{Department, Posture};
use uuid::Uuid;

use super::{RegisterError, entry_by, system_who, word};
use crate::Vault;
use crate::authority::{Agreement, Holder, Letter, Service};
use crate::identity::{Issued, actor};
use crate::seal::Secret;
use crate::store::Table;
use crate::trail::{Act, Change};

/// Takes a service in under its agreement; gives its id and its token, which expires with the agreement.
pub async fn add_service(
    vault: &Vault,
    kind: Department,
    agreement: Agreement,
) -> Result<(Uuid, Secret), RegisterError> {
    let id = Uuid::now_v7();
    let token = Issued::token(&vault.keys, Holder::Service(id), Posture::Service, agreement.to, false)?;
    let service = vault.keys.row(Table::Services, id.as_bytes(), 1, None, &Service { kind, agreement })?;
    let mut granted = entry_by(Kind::AgreementGranted, system_who(), actor(Uuid::nil()), "");
    granted.private.detail.insert("service", word(kind.as_str()));
    vault.log.record(Act::new(&vault.keys, granted, Change::rows(vec![service, token.row]))).await?;
    Ok((id, token.secret))
}

/// Grants a letter of delegation; gives its id.
pub async fn grant_letter(vault: &Vault, letter: Letter) -> Result<Uuid, RegisterError> {
    let id = Uuid::now_v7();
    let row = vault.keys.row(Table::Letters, id.as_bytes(), 1, Some(letter.person.as_bytes()), &letter)?;
    let mut granted = entry_by(Kind::DelegationGranted, system_who(), actor(Uuid::nil()), "");
    granted.private.detail.insert("person", word(letter.person.to_string()));
    vault.log.record(Act::new(&vault.keys, granted, Change::rows(vec![row]))).await?;
    Ok(id)
}
