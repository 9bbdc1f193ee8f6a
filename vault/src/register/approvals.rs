//! Approvals of a manager's for minors' data (WNB 36): each of a day; one that stands longer is for the child protection worker
//! alone, child by child, and is taken back by one word.

use gridvault_audit::{Json, Kind};
use gridvault_policy::{Purpose, Role};
use uuid::Uuid;

use super::course::find;
use super::tasks::invalid;
use super::{RegisterError, entry};
use crate::Vault;
use crate::authority::{Assignment, Task, TaskKind};
use crate::clock::{days, parse_time};
use crate::identity::Caller;
use crate::store::Table;
use crate::trail::{Act, Change};

/// The instrument by which a chief is the community's child protection worker (未保专干).
const CHILD_PROTECTION: &str = "协助清单-未保专干";
/// A standing approval runs a year at most.
const STANDS_FOR: i64 = days(365);

/// Whether the task's approval is given by a door of its own: an emergency asks for none, a demand's is its own.
pub(super) fn has_own_door(task: &Task) -> bool {
    matches!(task.purpose, Purpose::EmergencyRescue | Purpose::LegalRequest)
}

/// Until when an approval of that task may stand: of one child's file, kept by child protection workers only.
pub(super) async fn standing(
    vault: &Vault,
    task: &Task,
    until: &str,
    now: i64,
) -> Result<i64, RegisterError> {
    let until = parse_time(until).ok_or_else(|| invalid("/until", "time"))?;
    if until <= now || until > now.saturating_add(STANDS_FOR) {
        return Err(invalid("/until", "out_of_bounds"));
    }
    let of_a_child = task.kind == TaskKind::ChildFile && task.purpose == Purpose::MinorProtection;
    if !of_a_child || task.residents.len() != 1 || task.assignees.is_empty() {
        return Err(invalid("/until", "not_a_childs_file"));
    }
    for post in &task.assignees {
        let row = vault.store.row(Table::Assignments, post.as_bytes()).await?;
        let post: Option<Assignment> = row.and_then(|row| vault.keys.check(&row));
        if !post.is_some_and(|post| post.live(now) && post.instrument.as_deref() == Some(CHILD_PROTECTION)) {
            return Err(invalid("/until", "not_a_child_protection_worker"));
        }
    }
    Ok(until)
}

/// Takes an approval back, by a privacy officer or a data steward: one person is enough to take a right away.
pub async fn revoke_approval(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    request: &str,
) -> Result<(), RegisterError> {
    if !matches!(caller.role(), Role::PrivacyOfficer | Role::DataSteward) {
        return Err(RegisterError::Forbidden);
    }
    let (row, mut task) = find(vault, id).await?;
    if has_own_door(&task) || !task.confirmed.is_some_and(|approval| approval.live(caller.now())) {
        return Err(RegisterError::Conflict);
    }
    task.confirmed = None;
    let moved = vault.keys.row(Table::Tasks, id.as_bytes(), row.rev + 1, row.parent.as_deref(), &task)?;
    let mut revoked = entry(Kind::DelegationRevoked, caller, request);
    revoked.public.purpose = Some(task.purpose.as_str().into());
    revoked.private.task = Some(id.to_string());
    revoked.private.detail.insert("approval", Json::Int(1));
    vault.log.record(Act::new(&vault.keys, revoked, Change::rows(vec![moved]))).await?;
    Ok(())
}
