//! Emergencies as officers, auditors, stewards and supervisors see them, and declarers their own.

use gridvault_audit::Kind;
use gridvault_policy::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use super::course::declares;
use crate::Vault;
use crate::authority::Emergency;
use crate::clock::rfc3339;
use crate::identity::Caller;
use crate::register::{RegisterError, entry, word};
use crate::store::{Row, Table};
use crate::trail::{Act, Change};

/// Emergencies, the newest first, before `after`. That they were read is on record.
pub async fn emergencies(
    vault: &Vault,
    caller: &Caller,
    after: Option<Uuid>,
    limit: usize,
    request: &str,
) -> Result<(Vec<Value>, Option<Uuid>), RegisterError> {
    let all = matches!(
        caller.role(),
        Role::PrivacyOfficer | Role::Auditor | Role::DataSteward | Role::GridSupervisor
    );
    if !all && !declares(caller.role()) {
        return Err(RegisterError::Forbidden);
    }
    let mut read = entry(Kind::TrailRead, caller, request);
    read.private.detail.insert("view", word("emergencies"));
    vault.log.record(Act::new(&vault.keys, read, Change::none())).await?;
    let mut rows = match all {
        true => vault.store.all(Table::Emergencies).await?,
        false => vault.store.children(Table::Emergencies, caller.holder().id().as_bytes()).await?,
    };
    rows.sort_unstable_by(|a, b| b.id.cmp(&a.id));
    let before = |row: &&Row| after.is_none_or(|after| row.id.as_slice() < &after.as_bytes()[..]);
    // A supervisor sees the process, not the persons.
    let persons = caller.role() != Role::GridSupervisor;
    let mut shown = rows.iter().filter(before).filter_map(|row| {
        let emergency: Emergency = vault.keys.check(row)?;
        let id = Uuid::from_slice(&row.id).ok()?;
        Some((id, say(id, &emergency, caller.now(), persons)))
    });
    let list: Vec<(Uuid, Value)> = shown.by_ref().take(limit).collect();
    let next = shown.next().and_then(|_| list.last().map(|(id, _)| *id));
    Ok((list.into_iter().map(|(_, said)| said).collect(), next))
}

fn say(id: Uuid, emergency: &Emergency, now: i64, persons: bool) -> Value {
    let review = emergency.review.map(|(verdict, _)| match emergency.lifted {
        Some(_) => "lifted",
        None => verdict.as_str(),
    });
    let ended = emergency.ended.map_or(emergency.until, |done| done.at);
    let mut said = json!({
        "id": id, "event": emergency.event, "reason": emergency.danger, "department": emergency.department,
        "areas": emergency.areas, "at": rfc3339(emergency.at), "until": rfc3339(ended), "open": !emergency.over(now),
        "person": persons.then_some(emergency.person), "place": emergency.place.filter(|_| persons),
        "residents": emergency.residents.len(), "looked_up": emergency.looked_up,
        "confirmed": emergency.confirmed.is_some(), "review_by": rfc3339(emergency.review_by), "review": review,
        "bars": emergency.bars(now),
    });
    if let Some(said) = said.as_object_mut() {
        said.retain(|_, member| !member.is_null());
    }
    said
}
