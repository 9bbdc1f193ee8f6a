//! Services and their agreements and tokens; letters of delegation to named people.

use gridvault_audit::{Entry, Json, Kind};
use gridvault_policy::{Department, Posture, Purpose, Role};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::tasks::invalid;
use super::{RegisterError, entry, entry_by, system_who, word};
use crate::Vault;
use crate::authority::{Agreement, Holder, Pending, Service, Token};
use crate::clock::{days, parse_time, rfc3339};
use crate::identity::{Caller, Issued, Party, actor};
use crate::seal::Secret;
use crate::store::{Row, Table};
use crate::trail::{Act, Change};

/// An agreement runs three years at most.
const LONGEST: i64 = days(3 * 366);

/// An agreement as it comes in.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAgreement {
    /// The purposes that the service may use or register tasks for.
    #[schemars(with = "Vec<crate::words::PurposeWord>", length(min = 1))]
    pub purposes: Vec<Purpose>,
    /// The roles that it may act for.
    #[serde(default)]
    #[schemars(with = "Vec<crate::words::RoleWord>")]
    pub acts_for: Vec<Role>,
    /// From when.
    #[schemars(with = "crate::words::When")]
    pub from: String,
    /// Until when.
    #[schemars(with = "crate::words::When")]
    pub to: String,
}

impl NewAgreement {
    fn checked(self, now: i64) -> Result<Agreement, RegisterError> {
        let time = |member: &str, text: &str| {
            parse_time(text).ok_or_else(|| invalid(&format!("/agreement/{member}"), "time"))
        };
        let (from, to) = (time("from", &self.from)?, time("to", &self.to)?);
        if to <= from || to <= now || to - from > LONGEST {
            return Err(invalid("/agreement/to", "out_of_bounds"));
        }
        if self.purposes.is_empty() {
            return Err(invalid("/agreement/purposes", "required"));
        }
        let staff = [Role::GridChief, Role::GridAssistant, Role::DispatchedOfficer, Role::WindowClerk];
        if self.acts_for.iter().any(|role| !staff.contains(role)) {
            return Err(invalid("/agreement/acts_for", "not_acted_for"));
        }
        Ok(Agreement { purposes: self.purposes, acts_for: self.acts_for, from, to, ended: false })
    }
}

fn officer(caller: &Caller) -> Result<(), RegisterError> {
    match caller.party() {
        Party::Post(post) if post.assignment.role == Role::PrivacyOfficer => Ok(()),
        _ => Err(RegisterError::Forbidden),
    }
}

/// Takes a service in under its agreement; gives its id and its token, which expires with the agreement. Neither is good
/// before a second person has confirmed it: whoever admits a service could ask in its name. The privacy officer.
pub async fn admit_service(
    vault: &Vault,
    caller: &Caller,
    kind: Department,
    agreement: NewAgreement,
    request: &str,
) -> Result<(Uuid, Secret), RegisterError> {
    officer(caller)?;
    if !kind.is_service() {
        return Err(invalid("/kind", "not_a_service"));
    }
    let agreement = agreement.checked(caller.now())?;
    let id = Uuid::now_v7();
    let token = Issued::pending(&vault.keys, id, agreement.to)?;
    let pending = Some(Pending { by: caller.holder().id(), agreement: Some(agreement.clone()) });
    let service = Service { kind, agreement: Agreement { ended: true, ..agreement }, pending };
    let mut created = entry(Kind::ServiceCreated, caller, request);
    describe(&mut created, id, &service);
    let row = vault.keys.row(Table::Services, id.as_bytes(), 1, None, &service)?;
    vault.log.record(Act::new(&vault.keys, created, Change::rows(vec![row, token.row]))).await?;
    Ok((id, token.secret))
}

/// Likewise, by the machine itself, and at once.
pub async fn add_service(
    vault: &Vault,
    kind: Department,
    agreement: Agreement,
) -> Result<(Uuid, Secret), RegisterError> {
    let id = Uuid::now_v7();
    let token = Issued::token(&vault.keys, Holder::Service(id), Posture::Service, agreement.to, false)?;
    let mut granted = entry_by(Kind::AgreementGranted, system_who(), actor(Uuid::nil()), "");
    let service = Service { kind, agreement, pending: None };
    describe(&mut granted, id, &service);
    let service = vault.keys.row(Table::Services, id.as_bytes(), 1, None, &service)?;
    vault.log.record(Act::new(&vault.keys, granted, Change::rows(vec![service, token.row]))).await?;
    Ok((id, token.secret))
}

/// What is granted, in words: the row's digest alone would not say it once the row has moved on.
fn describe(entry: &mut Entry, id: Uuid, service: &Service) {
    let pending = service.pending.as_ref().and_then(|pending| pending.agreement.as_ref());
    let agreement = pending.unwrap_or(&service.agreement);
    let list = |words: Vec<&'static str>| Json::List(words.into_iter().map(Json::from).collect());
    entry.private.detail.insert("service", word(service.kind.as_str()));
    entry.private.detail.insert("id", word(id.to_string()));
    entry.private.detail.insert("purposes", list(agreement.purposes.iter().map(|p| p.as_str()).collect()));
    entry.private.detail.insert("acts_for", list(agreement.acts_for.iter().map(|r| r.as_str()).collect()));
    entry.private.detail.insert("to", Json::Int(agreement.to));
}

async fn find(vault: &Vault, id: Uuid) -> Result<(Row, Service), RegisterError> {
    let row = vault.store.row(Table::Services, id.as_bytes()).await?.ok_or(RegisterError::Unknown("/id"))?;
    let service = vault.keys.check(&row).ok_or(RegisterError::Unknown("/id"))?;
    Ok((row, service))
}

/// Puts another agreement in the place of a service's, once a second person has confirmed it.
pub async fn renew_agreement(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    agreement: NewAgreement,
    request: &str,
) -> Result<(), RegisterError> {
    officer(caller)?;
    let agreement = agreement.checked(caller.now())?;
    let (row, mut service) = find(vault, id).await?;
    // What waits is confirmed as it was granted: nobody puts something else in its place, or lets it pass as the own.
    if service.pending.is_some() {
        return Err(RegisterError::Conflict);
    }
    service.pending = Some(Pending { by: caller.holder().id(), agreement: Some(agreement) });
    let mut asked = entry(Kind::ServiceCreated, caller, request);
    describe(&mut asked, id, &service);
    asked.private.detail.insert("renewed", Json::Int(1));
    let row = vault.keys.row(Table::Services, &row.id, row.rev + 1, None, &service)?;
    vault.log.record(Act::new(&vault.keys, asked, Change::rows(vec![row]))).await?;
    Ok(())
}

/// Confirms what somebody else granted to a service: its agreement, and the tokens that wait. A privacy officer or a data
/// steward.
pub async fn confirm_service(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    request: &str,
) -> Result<(), RegisterError> {
    if !matches!(caller.role(), Role::PrivacyOfficer | Role::DataSteward) {
        return Err(RegisterError::Forbidden);
    }
    let (row, mut service) = find(vault, id).await?;
    let Some(pending) = service.pending.take() else { return Err(RegisterError::Conflict) };
    if pending.by == caller.holder().id() {
        return Err(RegisterError::Forbidden);
    }
    let mut acts = Vec::new();
    // What the former one allowed ends with an entry that sends lookups back.
    if pending.agreement.is_some() && service.agreement.live(caller.now()) {
        let mut ended = entry(Kind::AgreementEnded, caller, request);
        ended.private.detail.insert("id", word(id.to_string()));
        ended.private.detail.insert("renewed", Json::Int(1));
        acts.push(Act::new(&vault.keys, ended, Change::none()));
    }
    service.agreement = pending.agreement.unwrap_or(service.agreement);
    let mut granted = entry(Kind::AgreementGranted, caller, request);
    describe(&mut granted, id, &service);
    granted.private.detail.insert("granted_by", word(pending.by.to_string()));
    let mut rows = vec![vault.keys.row(Table::Services, &row.id, row.rev + 1, None, &service)?];
    for row in vault.store.children(Table::Tokens, id.as_bytes()).await? {
        let token: Option<Token> = vault.keys.check(&row);
        if let Some(mut token) = token.filter(|token| token.pending && !token.revoked) {
            token.pending = false;
            rows.push(vault.keys.row(Table::Tokens, &row.id, row.rev + 1, row.parent.as_deref(), &token)?);
        }
    }
    acts.push(Act::new(&vault.keys, granted, Change::rows(rows)));
    vault.log.record_all(acts).await?;
    Ok(())
}

/// Ends a service's agreement at once, and every token with it.
pub async fn end_agreement(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    request: &str,
) -> Result<(), RegisterError> {
    officer(caller)?;
    let (row, mut service) = find(vault, id).await?;
    if service.agreement.ended && service.pending.is_none() {
        return Err(RegisterError::Conflict);
    }
    (service.agreement.ended, service.pending) = (true, None);
    let mut ended = entry(Kind::AgreementEnded, caller, request);
    describe(&mut ended, id, &service);
    let mut rows = vec![vault.keys.row(Table::Services, &row.id, row.rev + 1, None, &service)?];
    for row in vault.store.children(Table::Tokens, id.as_bytes()).await? {
        if let Some(mut token) = vault.keys.check::<Token>(&row).filter(|token| !token.revoked) {
            token.revoked = true;
            rows.push(vault.keys.row(Table::Tokens, &row.id, row.rev + 1, row.parent.as_deref(), &token)?);
        }
    }
    // An entry names a hundred rows at most; further tokens end with the agreement.
    rows.truncate(90);
    vault.log.record(Act::new(&vault.keys, ended, Change::rows(rows))).await?;
    Ok(())
}

/// Every service with its agreement: who may ask for what, and for whom it acts.
pub async fn services(vault: &Vault, caller: &Caller) -> Result<Vec<Value>, RegisterError> {
    reads(caller)?;
    let rows = vault.store.all(Table::Services).await?;
    let say = |row: &Row| {
        let service: Service = vault.keys.check(row)?;
        let live = service.agreement.live(caller.now());
        let asked = service.pending.as_ref().and_then(|pending| pending.agreement.as_ref());
        let mut out = json!({ "id": Uuid::from_slice(&row.id).ok()?, "kind": service.kind, "live": live,
            "pending": service.pending.is_some(), "agreement": agreement_json(&service.agreement) });
        if let (Some(asked), Some(out)) = (asked, out.as_object_mut()) {
            out.insert("pending_agreement".into(), agreement_json(asked));
        }
        Some(out)
    };
    Ok(rows.iter().filter_map(say).collect())
}

fn agreement_json(agreement: &Agreement) -> Value {
    json!({ "purposes": agreement.purposes, "acts_for": agreement.acts_for, "from": rfc3339(agreement.from),
        "to": rfc3339(agreement.to) })
}

/// Who keeps or oversees the office's posts and services may read them.
pub(super) fn reads(caller: &Caller) -> Result<(), RegisterError> {
    match caller.party() {
        Party::Post(_)
            if matches!(
                caller.role(),
                Role::PrivacyOfficer | Role::DataSteward | Role::Auditor | Role::SecurityAdmin
            ) =>
        {
            Ok(())
        }
        _ => Err(RegisterError::Forbidden),
    }
}

/// Issues a further token to a service, good as long as its agreement, once a second person has confirmed it; the one before
/// stays until it is revoked.
pub async fn issue_service_token(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    request: &str,
) -> Result<(Secret, i64), RegisterError> {
    officer(caller)?;
    let (row, mut service) = find(vault, id).await?;
    if !service.agreement.live(caller.now()) || service.pending.is_some() {
        return Err(RegisterError::Conflict);
    }
    let until = service.agreement.to;
    let token = Issued::pending(&vault.keys, id, until)?;
    service.pending = Some(Pending { by: caller.holder().id(), agreement: None });
    let mut issued = entry(Kind::TokenIssued, caller, request);
    issued.private.detail.insert("holder", word(id.to_string()));
    issued.private.detail.insert("posture", word(Posture::Service.as_str()));
    let row = vault.keys.row(Table::Services, &row.id, row.rev + 1, None, &service)?;
    vault.log.record(Act::new(&vault.keys, issued, Change::rows(vec![row, token.row]))).await?;
    Ok((token.secret, until))
}

/// The tokens of a service or a member of staff: never the token itself, which is not kept.
pub async fn tokens(vault: &Vault, caller: &Caller, holder: Uuid) -> Result<Vec<Value>, RegisterError> {
    reads(caller)?;
    let rows = vault.store.children(Table::Tokens, holder.as_bytes()).await?;
    let say = |row: &Row| {
        let token: Token = vault.keys.check(row)?;
        let id = data_encoding::HEXLOWER.encode(&row.id);
        Some(json!({ "id": id, "posture": token.posture, "expires": rfc3339(token.expires),
            "session": token.session, "live": !token.revoked && !token.pending && caller.now() < token.expires }))
    };
    Ok(rows.iter().filter_map(say).collect())
}

/// Revokes a token by its id, whoever holds it: one person is enough to take a right away.
pub async fn revoke_token(
    vault: &Vault,
    caller: &Caller,
    id: &str,
    request: &str,
) -> Result<(), RegisterError> {
    if !matches!(caller.role(), Role::PrivacyOfficer | Role::DataSteward | Role::SecurityAdmin) {
        return Err(RegisterError::Forbidden);
    }
    let id = data_encoding::HEXLOWER.decode(id.as_bytes()).map_err(|_| RegisterError::Unknown("/id"))?;
    let row = vault.store.row(Table::Tokens, &id).await?.ok_or(RegisterError::Unknown("/id"))?;
    let mut token: Token = vault.keys.check(&row).ok_or(RegisterError::Unknown("/id"))?;
    if token.revoked {
        return Err(RegisterError::Conflict);
    }
    token.revoked = true;
    let mut revoked = entry(Kind::TokenRevoked, caller, request);
    revoked.private.detail.insert("holder", word(token.holder.id().to_string()));
    let row = vault.keys.row(Table::Tokens, &id, row.rev + 1, row.parent.as_deref(), &token)?;
    vault.log.record(Act::new(&vault.keys, revoked, Change::rows(vec![row]))).await?;
    Ok(())
}
