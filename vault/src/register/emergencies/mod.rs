//! Break-glass (应急调阅): somebody in a grid post declares an emergency, which is a task for four hours; it is told at once,
//! reviewed by somebody of another unit within three working days, and whoever was looked up is told of it.
//!
//! ```text
//!   declare ── (confirm: more than 20) ── look up ── end, or four hours ── settle: who was looked up is owed word
//!      └────────────── review within three working days, reminded twice ── justified, or not until lifted
//! ```

mod by_clock;
mod course;
mod declare;
mod list;
mod review;
pub(super) mod settle;
mod workdays;

use gridvault_audit::{Json, Kind, ResultWord};
use gridvault_policy::{Reason, RuleId};
use uuid::Uuid;

pub(super) use by_clock::told;
pub use by_clock::watch_emergencies;
pub use course::{confirm_emergency, end_emergency};
pub use declare::{Declared, NewEmergency, declare_emergency};
pub use list::emergencies;
pub use review::{Reviewed, review_emergency};

use super::{RegisterError, entry, findings, word};
use crate::Vault;
use crate::authority::{Emergency, Task};
use crate::identity::Caller;
use crate::store::{Row, Table};
use crate::trail::{Act, Change};

/// The emergency of that id with its task, both as stored.
async fn find(vault: &Vault, id: Uuid) -> Result<((Row, Emergency), (Row, Task)), RegisterError> {
    let key = id.as_bytes();
    let unknown = RegisterError::Unknown("/id");
    let row = vault.store.row(Table::Emergencies, key).await?;
    let emergency = row.and_then(|row| vault.keys.check(&row).map(|emergency| (row, emergency)));
    let task = vault.store.row(Table::Tasks, key).await?;
    let task = task.and_then(|row| vault.keys.check(&row).map(|task| (row, task)));
    emergency.zip(task).ok_or(unknown)
}

/// The row as it stands from now on.
fn moved(vault: &Vault, row: &Row, emergency: &Emergency) -> Result<Row, RegisterError> {
    Ok(vault.keys.row(row.table, &row.id, row.rev + 1, row.parent.as_deref(), emergency)?)
}

/// A refusal with its entry; one that a barred person ran into, with a finding: somebody may be in danger.
async fn refused(
    vault: &Vault,
    caller: &Caller,
    reason: Reason,
    told: Option<&'static str>,
    request: &str,
) -> RegisterError {
    let mut refusal = entry(Kind::AuthRefused, caller, request);
    refusal.public.result = Some(ResultWord::Denied);
    refusal.public.reason = Some(reason.as_str().into());
    refusal.private.detail.insert("door", word("post_emergencies"));
    let mut acts = vec![Act::new(&vault.keys, refusal, Change::none())];
    if let Some(code) = told {
        acts.push(Act::new(&vault.keys, findings::finding(caller, code, request), Change::none()));
    }
    match vault.log.record_all(acts).await {
        Err(error) => RegisterError::Unrecorded(error),
        // Nobody learns whether there is such a record elsewhere.
        Ok(_) if reason == Reason::GridScope => RegisterError::Unknown("/id"),
        Ok(_) => RegisterError::Denied { rule: RuleId::NONE, reason },
    }
}

/// A number in an entry's detail.
fn int(n: usize) -> Json {
    Json::Int(i64::try_from(n).unwrap_or(i64::MAX))
}
