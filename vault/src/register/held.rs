//! Open tasks, for whoever has them in hand: ids and words, nothing of a person.

use gridvault_policy::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use super::RegisterError;
use crate::Vault;
use crate::authority::{Holder, Task};
use crate::clock::rfc3339;
use crate::identity::{Caller, Party};
use crate::store::Row;

/// Rows read at a time.
const AT_A_TIME: i64 = 500;

/// Open tasks behind `after`, in the order of their ids: those of the post acted in; a service's own; all for who keeps or
/// oversees tasks. Gives the `after` of the next page where there may be more.
pub async fn held_tasks(
    vault: &Vault,
    caller: &Caller,
    after: Option<Uuid>,
    limit: usize,
) -> Result<(Vec<Value>, Option<Uuid>), RegisterError> {
    let all = matches!(caller.role(), Role::DataSteward | Role::PrivacyOfficer);
    let own = |task: &Task| match caller.party() {
        Party::Post(post) => task.assignees.contains(&post.id),
        Party::Service { id, .. } => task.opener == Holder::Service(*id),
        Party::Resident(_) => false,
    };
    if matches!(caller.party(), Party::Resident(_)) {
        return Err(RegisterError::Forbidden);
    }
    let mut behind = after.unwrap_or(Uuid::nil());
    let mut list = Vec::new();
    loop {
        let rows = vault.store.open_tasks(behind.as_bytes(), AT_A_TIME).await?;
        let last = i64::try_from(rows.len()).unwrap_or(i64::MAX) < AT_A_TIME;
        for row in &rows {
            let Ok(id) = Uuid::from_slice(&row.id) else { continue };
            if list.len() == limit {
                return Ok((list, Some(behind)));
            }
            behind = id;
            list.extend(said(vault, caller, row, |task| all || own(task)));
        }
        if last {
            return Ok((list, None));
        }
    }
}

fn said(vault: &Vault, caller: &Caller, row: &Row, theirs: impl Fn(&Task) -> bool) -> Option<Value> {
    // What would not name the caller costs no MAC.
    let read = serde_json::from_slice::<Task>(&row.body).ok().filter(|task| theirs(task))?;
    let task: Task = vault.keys.check_read(row, Some(read))?;
    // One that has not begun is not over; one whose time has passed is.
    if task.closed.is_some() || task.closes <= caller.now() {
        return None;
    }
    let own = caller.post().is_some_and(|post| task.opened_by(post.assignment.person));
    let mut out = json!({ "id": Uuid::from_slice(&row.id).ok()?, "kind": task.kind, "purpose": task.purpose,
        "residents": task.residents, "premises": task.premises, "assignees": task.assignees,
        "opens": rfc3339(task.opens), "closes": rfc3339(task.closes), "late": task.late, "own": own,
        "confirmed": task.confirmed.is_some(), "linked": task.linked });
    let more = [("ticket", task.ticket), ("same_as", task.same_as)];
    for (name, id) in more {
        if let (Some(id), Some(out)) = (id, out.as_object_mut()) {
            out.insert(name.into(), json!(id));
        }
    }
    Some(out)
}
