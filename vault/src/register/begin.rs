//! The log's first entries, and those of each start.

use std::borrow::Cow;

use gridvault_audit::{Entry, Json, Kind, Log, RecordError, Who, WhoType};
use gridvault_policy::Book;
use uuid::Uuid;

use super::entry_by;
use crate::identity::actor;
use crate::seal::Keyring;
use crate::store::{EntryFilter, Store, StoreError, Table};
use crate::trail::{Act, Change, WitnessNews, Writer};
use crate::vault::{Nature, OpenError, Vault};

/// What entries of the machine itself say of who.
pub fn system_who() -> Who {
    Who { kind: WhoType::System, role: None, department: None, area: None, through: None }
}

pub(super) fn system(kind: Kind) -> Entry {
    entry_by(kind, system_who(), actor(Uuid::nil()), "")
}

/// Begins the log: what it is, the tenant, the policy in force.
pub async fn begin(keys: &Keyring, log: &Log<Writer>, book: &Book, nature: Nature) -> Result<(), OpenError> {
    let mut created = system(Kind::LogCreated);
    created.public.about.insert("synthetic", Json::Bool(nature == Nature::Synthetic));
    let tenant = system(Kind::TenantCreated);
    let mut policy = system(Kind::PolicyActivated);
    policy.public.policy = Some(book.manifest_hash());
    let hash = data_encoding::HEXLOWER.encode(&book.manifest_hash());
    let row = keys.row(Table::Policies, hash.as_bytes(), 1, None, &serde_json::json!({ "active": true }))?;
    let acts = vec![
        Act::new(keys, created, Change::none()),
        Act::new(keys, tenant, Change::none()),
        Act::new(keys, policy, Change::rows(vec![row])),
    ];
    log.record_all(acts).await?;
    Ok(())
}

/// Records that the keys were opened, and the policy where another one is in force.
pub async fn unsealed(vault: &Vault) -> Result<(), OpenError> {
    let mut acts = vec![Act::new(&vault.keys, system(Kind::KeyUnsealed), Change::none())];
    let hash = vault.book.load().manifest_hash();
    if policy_in_force(vault).await? != Some(hash) {
        let mut policy = system(Kind::PolicyActivated);
        policy.public.policy = Some(hash);
        let id = data_encoding::HEXLOWER.encode(&hash);
        let before = vault.store.row(Table::Policies, id.as_bytes()).await?.map_or(0, |row| row.rev);
        let body = serde_json::json!({ "active": true });
        let row = vault.keys.row(Table::Policies, id.as_bytes(), before + 1, None, &body)?;
        acts.push(Act::new(&vault.keys, policy, Change::rows(vec![row])));
    }
    match vault.log.record_all(acts).await {
        // Another instance of the same version was faster.
        Err(RecordError::Conflict) if policy_in_force(vault).await? == Some(hash) => Ok(()),
        done => Ok(done.map(|_| ())?),
    }
}

/// Manifest hash of the policy that was activated last.
pub async fn policy_in_force(vault: &Vault) -> Result<Option<[u8; 32]>, StoreError> {
    let rows = vault.store.all(Table::Policies).await?;
    let sound = rows.iter().filter(|row| vault.keys.check::<serde_json::Value>(row).is_some());
    let newest = sound.max_by_key(|row| row.seq);
    Ok(newest.and_then(|row| data_encoding::HEXLOWER.decode(&row.id).ok()?.try_into().ok()))
}

/// Whether the log's entry 0 says synthetic.
pub async fn nature(store: &Store) -> Result<Nature, StoreError> {
    let first = store.entries(&EntryFilter { limit: 1, ..EntryFilter::default() }).await?;
    let entry = first.first().ok_or(StoreError::Corrupt("the log has no entry 0"))?;
    let public =
        Json::parse_canonical(&entry.public).map_err(|_| StoreError::Corrupt("entry 0 cannot be read"))?;
    match public.get("about").and_then(|about| about.get("synthetic")) {
        Some(Json::Bool(true)) => Ok(Nature::Synthetic),
        _ => Ok(Nature::Real),
    }
}

/// A finding: the machine's clock leapt ahead and was not believed.
pub async fn raise_clock(vault: &Vault) -> Result<(), RecordError> {
    let mut finding = system(Kind::FindingRaised);
    finding.private.detail.insert("code", Json::Text(Cow::Borrowed("clock_ahead")));
    vault.log.record(Act::new(&vault.keys, finding, Change::none())).await.map(|_| ())
}

/// A witness that could not be asked, or that shows something else.
pub async fn tell_of_witness(vault: &Vault, news: &WitnessNews) -> Result<(), RecordError> {
    let kind = if news.disagreed { Kind::WitnessDisagreed } else { Kind::WitnessUnreachable };
    let mut entry = system(kind);
    entry.private.detail.insert("witness", super::word(&news.witness));
    entry.private.detail.insert("size", Json::Int(i64::try_from(news.size).unwrap_or(i64::MAX)));
    vault.log.record(Act::new(&vault.keys, entry, Change::none())).await.map(|_| ())
}

/// Findings: authority rows whose MAC failed and that are not on record yet, each an entry.
pub async fn raise_broken_rows(vault: &Vault) -> Result<(), RecordError> {
    for row in vault.keys.broken_rows() {
        let mut finding = system(Kind::FindingRaised);
        finding.private.detail.insert("code", Json::Text(Cow::Borrowed("row_mac")));
        finding.private.detail.insert("row", super::word(row.as_str()));
        vault.log.record(Act::new(&vault.keys, finding, Change::none())).await?;
        vault.keys.told_broken(row);
    }
    Ok(())
}
