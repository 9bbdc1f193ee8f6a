//! The course of an emergency: a second person for more than 20 residents, and its end.

use gridvault_audit::{Json, Kind};
use gridvault_policy::{Purpose, Role};
use uuid::Uuid;

use super::{find, int, moved, settle};
use crate::Vault;
use crate::authority::{Done, Holder, Task};
use crate::identity::Caller;
use crate::register::{RegisterError, entry, word};
use crate::store::{Row, Table};
use crate::trail::{Act, Change};

/// Opens the residents beyond the first 20: a privacy officer or a data steward, never the declarer. It lasts no longer thereby.
pub async fn confirm_emergency(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    request: &str,
) -> Result<(), RegisterError> {
    let Holder::Person(person) = caller.holder() else { return Err(RegisterError::Forbidden) };
    if !matches!(caller.role(), Role::PrivacyOfficer | Role::DataSteward) {
        return Err(RegisterError::Forbidden);
    }
    let ((row, mut emergency), (task_row, mut task)) = find(vault, id).await?;
    if emergency.person == person {
        return Err(RegisterError::Forbidden);
    }
    let waiting = task.residents.len() < emergency.residents.len();
    if !waiting || emergency.confirmed.is_some() || !task.open(caller.now()) {
        return Err(RegisterError::Conflict);
    }
    let more: Vec<Uuid> =
        emergency.residents.iter().filter(|id| !task.residents.contains(id)).copied().collect();
    emergency.confirmed = Some(Done { by: person, at: caller.now() });
    let links = more.iter().map(|resident| (id, *resident)).collect();
    let opened = more.len();
    task.residents.extend(more);
    let rows = vec![task_moved(vault, &task_row, &task)?, moved(vault, &row, &emergency)?];
    let mut confirmed = entry(Kind::EmergencyDeclared, caller, request);
    confirmed.public.purpose = Some(Purpose::EmergencyRescue.as_str().into());
    confirmed.private.task = Some(id.to_string());
    confirmed.private.detail.insert("emergency", word(id.to_string()));
    confirmed.private.detail.insert("confirmed", Json::Int(1));
    confirmed.private.detail.insert("residents", int(opened));
    let change = Change { links, ..Change::rows(rows) };
    vault.log.record(Act::new(&vault.keys, confirmed, change)).await?;
    Ok(())
}

/// Ends an emergency: the declarer, a privacy officer or a data steward. What was looked up by it is told from then on.
pub async fn end_emergency(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    request: &str,
) -> Result<(), RegisterError> {
    let Holder::Person(person) = caller.holder() else { return Err(RegisterError::Forbidden) };
    let keeper = matches!(caller.role(), Role::PrivacyOfficer | Role::DataSteward);
    if !keeper && !declares(caller.role()) {
        return Err(RegisterError::Forbidden);
    }
    let ((row, mut emergency), (task_row, mut task)) = find(vault, id).await?;
    if !keeper && emergency.person != person {
        return Err(RegisterError::Unknown("/id"));
    }
    if emergency.over(caller.now()) {
        return Err(RegisterError::Conflict);
    }
    emergency.ended = Some(Done { by: person, at: caller.now() });
    let unlinks = task.records().map(|record| (id, record)).collect();
    let mut rows = vec![moved(vault, &row, &emergency)?];
    if task.closed.is_none() {
        (task.closed, task.outcome) = (Some(caller.now()), Some("ended".to_owned()));
        rows.push(task_moved(vault, &task_row, &task)?);
    }
    let mut ended = entry(Kind::EmergencyEnded, caller, request);
    ended.public.purpose = Some(Purpose::EmergencyRescue.as_str().into());
    ended.private.task = Some(id.to_string());
    ended.private.detail.insert("emergency", word(id.to_string()));
    let change = Change { unlinks, ..Change::rows(rows) };
    vault.log.record(Act::new(&vault.keys, ended, change)).await?;
    // Nothing is looked up by it any more: whoever was is owed word. Where this fails, the clock does it.
    if let Err(error) = settle::emergency(vault, id).await {
        tracing::warn!(%error, "an emergency that ended is still to be settled");
    }
    Ok(())
}

/// Whether that role may declare one.
pub(super) fn declares(role: Role) -> bool {
    matches!(role, Role::GridChief | Role::GridAssistant | Role::DispatchedOfficer)
}

pub(super) fn task_moved(vault: &Vault, row: &Row, task: &Task) -> Result<Row, RegisterError> {
    Ok(vault.keys.row(Table::Tasks, &row.id, row.rev + 1, row.parent.as_deref(), task)?)
}
