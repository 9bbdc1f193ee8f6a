//! The course of a task behind its opening: confirmed by somebody else, closed.

use gridvault_audit::{Json, Kind};
use gridvault_policy::Role;
use uuid::Uuid;

use super::approvals::{has_own_door, standing};
use super::tasks::invalid;
use super::{RegisterError, entry, word};
use crate::Vault;
use crate::authority::{Assignment, Confirmation, Holder, Task, TaskEnd};
use crate::identity::Caller;
use crate::store::{Row, Table};
use crate::trail::{Act, Change};

/// Closes a task, by its opener, whom it is given to, or a data steward, and with it the later ones of the same event;
/// `outcome` is one of its kind's words.
pub async fn close_task(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    outcome: &str,
    request: &str,
) -> Result<(), RegisterError> {
    if !crate::words::is_identifier(outcome) {
        return Err(invalid("/outcome", "identifier"));
    }
    let (row, task) = find(vault, id).await?;
    let steward = caller.role() == Role::DataSteward;
    if task.opener != caller.holder() && !steward && !crate::records::is_own(&task, caller) {
        return Err(RegisterError::Unknown("/id"));
    }
    if task.closed.is_some() {
        return Err(RegisterError::Conflict);
    }
    let end = task.kind.ends().iter().find(|end| end.as_str() == outcome);
    let end = *end.ok_or_else(|| invalid("/outcome", "word_unknown"))?;
    let linked = task.linked.clone();
    let mut acts = vec![closed(vault, caller, (id, row, task), end, request)?];
    // The later ones of the same event are done with it.
    for later in linked {
        let (row, task) = find(vault, later).await?;
        if task.closed.is_none() {
            acts.push(closed(vault, caller, (later, row, task), TaskEnd::Duplicate, request)?);
        }
    }
    vault.log.record_all(acts).await?;
    Ok(())
}

fn closed(
    vault: &Vault,
    caller: &Caller,
    (id, row, mut task): (Uuid, Row, Task),
    end: TaskEnd,
    request: &str,
) -> Result<Act, RegisterError> {
    task.closed = Some(caller.now());
    task.outcome = Some(end.as_str().to_owned());
    let change = Change {
        rows: vec![vault.keys.row(Table::Tasks, id.as_bytes(), row.rev + 1, row.parent.as_deref(), &task)?],
        unlinks: task.records().map(|record| (id, record)).collect(),
        ..Change::default()
    };
    let mut closed = entry(Kind::TaskClosed, caller, request);
    closed.public.purpose = Some(task.purpose.as_str().into());
    closed.private.task = Some(id.to_string());
    closed.private.detail.insert("outcome", word(end.as_str()));
    closed.private.detail.insert("rev", Json::Int(row.rev + 1));
    Ok(Act::new(&vault.keys, closed, change))
}

/// Confirms a task (负责人批准、第二人): a privacy officer or a data steward who neither opened it nor is given it. What the
/// rules give with a confirmation alone, they give from now on: for a day, or until the moment given where that may be.
pub async fn confirm_task(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    until: Option<&str>,
    request: &str,
) -> Result<(), RegisterError> {
    let Holder::Person(person) = caller.holder() else { return Err(RegisterError::Forbidden) };
    if !matches!(caller.role(), Role::PrivacyOfficer | Role::DataSteward) {
        return Err(RegisterError::Forbidden);
    }
    let (row, mut task) = find(vault, id).await?;
    if task.opener == caller.holder() || given_to(vault, &task, person).await? {
        return Err(RegisterError::Forbidden);
    }
    let now = caller.now();
    let stands = task.confirmed.is_some_and(|confirmation| confirmation.live(now));
    if stands || has_own_door(&task) || !task.open(now) {
        return Err(RegisterError::Conflict);
    }
    let until = match until {
        None => None,
        Some(until) => Some(standing(vault, &task, until, now).await?),
    };
    task.confirmed = Some(Confirmation { by: person, at: now, until });
    let moved = vault.keys.row(Table::Tasks, id.as_bytes(), row.rev + 1, row.parent.as_deref(), &task)?;
    let mut confirmed = entry(Kind::TaskOpened, caller, request);
    confirmed.public.purpose = Some(task.purpose.as_str().into());
    confirmed.private.task = Some(id.to_string());
    confirmed.private.detail.insert("confirmed", Json::Int(1));
    confirmed.private.detail.extend(until.map(|until| ("until", Json::Int(until))));
    confirmed.private.detail.insert("rev", Json::Int(row.rev + 1));
    vault.log.record(Act::new(&vault.keys, confirmed, Change::rows(vec![moved]))).await?;
    Ok(())
}

pub(super) async fn find(vault: &Vault, id: Uuid) -> Result<(Row, Task), RegisterError> {
    let row = vault.store.row(Table::Tasks, id.as_bytes()).await?.ok_or(RegisterError::Unknown("/id"))?;
    let task = vault.keys.check(&row).ok_or(RegisterError::Unknown("/id"))?;
    Ok((row, task))
}

/// Whether a post of that person's is among the task's.
pub(super) async fn given_to(vault: &Vault, task: &Task, person: Uuid) -> Result<bool, RegisterError> {
    for post in &task.assignees {
        let row = vault.store.row(Table::Assignments, post.as_bytes()).await?;
        let post: Option<Assignment> = row.and_then(|row| vault.keys.check(&row));
        if post.is_none_or(|post| post.person == person) {
            return Ok(true);
        }
    }
    Ok(false)
}
