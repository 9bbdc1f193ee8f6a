//! What a resident was told, and is owed word of still: for the resident, and for those who answer for it.

use gridvault_audit::Kind;
use gridvault_policy::{RecordState, RecordType};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::correct::subject;
use super::notices::{Published, newest, notices};
use super::services::reads;
use super::tasks::header;
use super::{RegisterError, entry, word};
use crate::Vault;
use crate::authority::{Delivery, Due, Header};
use crate::clock::rfc3339;
use crate::identity::{Caller, Party};
use crate::store::{EntryFilter, Row, Table};
use crate::trail::{Act, Change};

/// What a resident was given, in its order.
pub async fn deliveries(vault: &Vault, resident: Uuid) -> Result<Vec<(Uuid, Delivery)>, RegisterError> {
    let rows = vault.store.children(Table::Deliveries, resident.as_bytes()).await?;
    let read = |row: &Row| Some((Uuid::from_slice(&row.id).ok()?, vault.keys.check::<Delivery>(row)?));
    let mut found: Vec<_> = rows.iter().filter_map(read).collect();
    found.sort_by_key(|(_, delivery)| delivery.at);
    Ok(found)
}

/// What a resident is still owed word of, the oldest first. What an embargo covers is not there yet.
pub async fn owed_to(vault: &Vault, resident: Uuid, now: i64) -> Result<Vec<(Uuid, Due)>, RegisterError> {
    let rows = vault.store.children(Table::Dues, resident.as_bytes()).await?;
    let read = |row: &Row| Some((Uuid::from_slice(&row.id).ok()?, vault.keys.check::<Due>(row)?));
    let open = |(_, due): &(Uuid, Due)| due.told.is_none() && due.since <= now;
    Ok(rows.iter().filter_map(read).filter(open).collect())
}

/// What a resident was given and is owed, for a data steward, a privacy officer or an auditor; that it was read is on record.
///
/// # Errors
/// `Forbidden` for other roles; `Unknown("/id")`.
pub async fn informed(
    vault: &Vault,
    caller: &Caller,
    resident: Uuid,
    request: &str,
) -> Result<Value, RegisterError> {
    reads(caller)?;
    let held = header(vault, resident, RecordType::Person).await?;
    let (_, held) =
        held.filter(|(_, held)| held.state != RecordState::Erased).ok_or(RegisterError::Unknown("/id"))?;
    let mut read = entry(Kind::TrailRead, caller, request);
    read.private.subject = subject(&held);
    read.private.detail.insert("view", word("informed"));
    vault.log.record(Act::new(&vault.keys, read, Change::none())).await?;
    account(vault, resident, &held, caller.now()).await
}

/// Likewise, for the resident alone.
///
/// # Errors
/// `Unknown("/id")` where the caller is no resident.
pub async fn own_notices(vault: &Vault, caller: &Caller, request: &str) -> Result<Value, RegisterError> {
    let Party::Resident(resident) = caller.party() else { return Err(RegisterError::Unknown("/id")) };
    let held = header(vault, *resident, RecordType::Person).await?;
    let (_, held) = held.ok_or(RegisterError::Unknown("/id"))?;
    let mut read = entry(Kind::TrailRead, caller, request);
    read.private.subject = subject(&held);
    read.private.detail.insert("view", word("own_notices"));
    vault.log.record(Act::new(&vault.keys, read, Change::none())).await?;
    account(vault, *resident, &held, caller.now()).await
}

async fn account(vault: &Vault, resident: Uuid, held: &Header, now: i64) -> Result<Value, RegisterError> {
    let all = notices(vault).await?;
    let mut given: Vec<Value> = Vec::new();
    let found = deliveries(vault, resident).await?;
    if let Some(first) = held.notice.filter(|first| !found.iter().any(|(_, d)| d.notice == Some(*first))) {
        let at = collected_at(vault, held).await?;
        given.push(version(&all, first, at.map(|at| ("at", rfc3339(at).into()))));
    }
    for (id, delivery) in &found {
        let mut said = match delivery.notice {
            Some(notice) => version(&all, notice, None),
            None => json!({}),
        };
        if let Some(said) = said.as_object_mut() {
            said.insert("delivery".into(), json!(id));
            said.insert("at".into(), rfc3339(delivery.at).into());
            said.extend(delivery.channel.map(|channel| ("channel".to_owned(), json!(channel))));
            said.extend(delivery.confirmed_by.map(|by| ("confirmed_by".to_owned(), json!(by))));
            said.insert("witnessed".into(), delivery.witness.is_some().into());
        }
        given.push(said);
    }
    let owed = owed_to(vault, resident, now).await?;
    let owed: Vec<Value> = owed.iter().map(|(id, due)| due_json(*id, due, now)).collect();
    Ok(json!({ "given": given, "owed": owed, "informed": standing(&all, held.notice, now) }))
}

/// A due as an answer has it; of whom it is, is the reader's to know.
pub(super) fn due_json(id: Uuid, due: &Due, now: i64) -> Value {
    json!({ "id": id, "why": due.why, "text": due.why.zh(), "since": rfc3339(due.since), "by": rfc3339(due.by),
        "overdue": now >= due.by })
}

fn version(all: &[Published], id: Uuid, more: Option<(&str, Value)>) -> Value {
    let mut out = Map::from_iter([("notice".to_owned(), json!(id))]);
    if let Some(p) = all.iter().find(|p| p.id == id) {
        out.insert("series".into(), json!(p.notice.series));
        out.insert("version".into(), p.notice.version.into());
        out.insert("title".into(), p.notice.series.zh().into());
    }
    out.extend(more.map(|(name, value)| (name.to_owned(), value)));
    Value::Object(out)
}

/// Whether a resident who was given that is informed by what is in force now: `newest`, `older` or `none` (D09).
pub(super) fn standing(all: &[Published], given: Option<Uuid>, now: i64) -> &'static str {
    let Some(given) = all.iter().find(|p| Some(p.id) == given) else { return "none" };
    match newest(all, given.notice.series, now) {
        Some(newest) if newest.notice.version > given.notice.version => "older",
        _ => "newest",
    }
}

/// When the record was made, as the trail has it.
pub(in crate::register) async fn collected_at(
    vault: &Vault,
    held: &Header,
) -> Result<Option<i64>, RegisterError> {
    let filter = EntryFilter {
        kinds: vec![Kind::ResidentCreated.as_str().to_owned()],
        record: held.tag_bytes().map(|tag| tag.to_vec()),
        limit: 1,
        ..EntryFilter::default()
    };
    Ok(vault.store.entries(&filter).await?.first().map(|entry| entry.at))
}
