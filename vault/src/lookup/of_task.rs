//! Bases that a task alone proves: an emergency that the caller declared, a demand that somebody else approved. Such tasks are
//! made by their own doors only (`register/emergencies`, `register/demands`), never registered like others.

use gridvault_policy::{Basis, Purpose, Reach, Reason};
use uuid::Uuid;

use super::Ask;
use super::facts::Proof;
use crate::authority::{Holder, Task, TaskKind};
use crate::identity::Caller;
use crate::records::{Located, is_own};

/// An open emergency that the post's own holder declared and that names the record (PIPL 13(4)). A search finds nobody by it
/// whom it does not name.
pub(super) fn emergency(caller: &Caller, located: &Located, ask: &Ask) -> Result<Proof, Reason> {
    let (id, task) = open(caller, located, ask, (TaskKind::Emergency, Purpose::EmergencyRescue))?;
    let person = caller.post().map(|post| Holder::Person(post.assignment.person));
    // Nobody else's word makes an emergency of mine: not a service's, nor whoever may register tasks.
    if person != Some(task.opener) {
        return Err(Reason::NoBasis);
    }
    Ok(proof(Basis::Emergency, id))
}

/// An open demand of an authority's, given to the caller's post, that a second person has approved (DSL 35).
pub(super) fn demand(caller: &Caller, located: &Located, ask: &Ask) -> Result<Proof, Reason> {
    let (id, task) = open(caller, located, ask, (TaskKind::LegalRequest, Purpose::LegalRequest))?;
    if !task.confirmed.is_some_and(|approval| approval.live(caller.now())) {
        return Err(Reason::NeedsApproval);
    }
    Ok(proof(Basis::LegalRequest, id))
}

/// The task that the caller names, where it is of that kind, the caller's own, open, and names the record.
fn open<'l>(
    caller: &Caller,
    located: &'l Located,
    ask: &Ask,
    (kind, purpose): (TaskKind, Purpose),
) -> Result<(Uuid, &'l Task), Reason> {
    let (id, task) = located.task.as_ref().ok_or(Reason::NoBasis)?;
    if (task.kind, task.purpose, ask.purpose) != (kind, purpose, purpose) {
        return Err(Reason::NoBasis);
    }
    if !is_own(task, caller) {
        return Err(Reason::NotAssigned);
    }
    if !task.open(caller.now()) {
        return Err(Reason::TaskClosed);
    }
    if !task.names(ask.record) {
        return Err(Reason::SubjectNotInTask);
    }
    Ok((*id, task))
}

fn proof(basis: Basis, task: Uuid) -> Proof {
    Proof { basis, reach: Reach::All, reference: Some(task.to_string()), consent: None }
}
