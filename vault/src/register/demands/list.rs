//! Demands as officers, auditors and stewards see them.

use gridvault_audit::Kind;
use gridvault_policy::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use super::find;
use crate::Vault;
use crate::authority::{Demand, Task};
use crate::clock::rfc3339;
use crate::identity::Caller;
use crate::register::{RegisterError, entry, word};
use crate::store::{Row, Table};
use crate::trail::{Act, Change};

/// Demands, the newest first, before `after`. That they were read is on record.
pub async fn demands(
    vault: &Vault,
    caller: &Caller,
    after: Option<Uuid>,
    limit: usize,
    request: &str,
) -> Result<(Vec<Value>, Option<Uuid>), RegisterError> {
    if !matches!(caller.role(), Role::PrivacyOfficer | Role::Auditor | Role::DataSteward) {
        return Err(RegisterError::Forbidden);
    }
    let mut read = entry(Kind::TrailRead, caller, request);
    read.private.detail.insert("view", word("demands"));
    vault.log.record(Act::new(&vault.keys, read, Change::none())).await?;
    let mut rows = vault.store.all(Table::Demands).await?;
    rows.sort_unstable_by(|a, b| b.id.cmp(&a.id));
    let before = |row: &&Row| after.is_none_or(|after| row.id.as_slice() < &after.as_bytes()[..]);
    let mut ids = rows.iter().filter(before).filter_map(|row| Uuid::from_slice(&row.id).ok());
    let mut list = Vec::new();
    let mut last = None;
    for id in ids.by_ref().take(limit) {
        last = Some(id);
        // One that cannot be read is a finding already, and shown to nobody.
        if let Ok(((_, demand), (_, task))) = find(vault, id).await {
            list.push(say(vault, id, &demand, &task, caller.now())?);
        }
    }
    let next = last.filter(|_| ids.next().is_some());
    Ok((list, next))
}

fn say(vault: &Vault, id: Uuid, demand: &Demand, task: &Task, now: i64) -> Result<Value, RegisterError> {
    let number = vault.keys.open_staff(id.as_bytes(), &demand.document.number)?;
    let embargo = demand.embargo.as_ref().map(|embargo| rfc3339(embargo.until));
    let proposed = demand.proposed.as_ref().map(|embargo| rfc3339(embargo.until));
    let mut said = json!({
        "id": id, "document": number.reveal(), "sha256": demand.document.sha256, "organ": demand.organ,
        "residents": task.residents, "fields": task.fields, "requester": demand.requester,
        "assignee": task.assignees.first(), "at": rfc3339(demand.at), "closes": rfc3339(task.closes),
        "open": task.open(now), "approved_by": demand.approved.map(|done| done.by),
        "embargoed": demand.embargoed(now), "embargo_until": embargo, "embargo_proposed": proposed,
    });
    if let Some(said) = said.as_object_mut() {
        said.retain(|_, member| !member.is_null());
    }
    Ok(said)
}
