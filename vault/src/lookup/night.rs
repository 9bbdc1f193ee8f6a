//! Somebody asks outside the office's time, and no roster says that it is the duty: permitted, and a finding once a person and
//! day, before anything is looked up. Asked again it costs nothing.

use gridvault_policy::Reason;
use serde_json::json;

use super::{LookupError, quota};
use crate::Vault;
use crate::clock::day_number;
use crate::identity::Caller;
use crate::permit::Count;
use crate::store::Table;

/// Raises the finding, unless this instance or another has.
pub(super) async fn notice(vault: &Vault, caller: &Caller) -> Result<(), LookupError> {
    let Some(post) = caller.post() else { return Ok(()) };
    let (person, day) = (post.assignment.person, day_number(caller.now()));
    if vault.noticed.was(person, day) {
        return Ok(());
    }
    let id = vault.keys.term("off hours", &format!("{person} {day}")).as_ref().to_vec();
    if vault.store.row(Table::Quotas, &id).await?.is_none() {
        let told = json!({ "told": true });
        let count = Count::of(&vault.keys, vault.keys.row(Table::Quotas, &id, 1, None, &told)?);
        quota::raise(vault, caller, ("off_hours", Reason::OffDuty), &count)
            .await
            .map_err(LookupError::Unrecorded)?;
    }
    vault.noticed.note(person, day);
    Ok(())
}
