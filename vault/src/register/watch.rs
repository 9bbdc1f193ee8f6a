//! What comes by the clock: looked over once a minute by the server, and by whoever calls it. A check enters what it finds once,
//! and says so in the row that it is about, so that another instance does not find it again.

use gridvault_audit::{Kind, RecordError};
use gridvault_policy::RecordType;

use super::begin::system;
use super::correct::subject;
use super::{RegisterError, word};
use crate::Vault;
use crate::authority::Due;
use crate::store::Table;
use crate::trail::{Act, Change};

/// What was looked over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// What residents are owed word of and were not told.
    pub dues: u64,
    /// Of these, those whose time has passed.
    pub overdue: u64,
}

/// Looks everything over as of now. Each check is a line here.
///
/// # Errors
/// What could not be read or entered; it is tried again a minute later.
pub async fn watch(vault: &Vault) -> Result<Watched, RegisterError> {
    overdue(vault, vault.now()).await
}

/// Word that was not given in time is a finding, once (D10).
async fn overdue(vault: &Vault, now: i64) -> Result<Watched, RegisterError> {
    let mut watched = Watched::default();
    for row in vault.store.all(Table::Dues).await? {
        let due: Option<Due> = vault.keys.check(&row);
        let Some(mut due) = due.filter(|due| due.told.is_none() && due.since <= now) else { continue };
        watched.dues += 1;
        if now < due.by {
            continue;
        }
        watched.overdue += 1;
        if due.overdue {
            continue;
        }
        due.overdue = true;
        let held = super::tasks::header(vault, due.resident, RecordType::Person).await?;
        let mut finding = system(Kind::FindingRaised);
        finding.private.subject = held.and_then(|(_, held)| subject(&held));
        finding.private.detail.insert("code", word("notice_overdue"));
        finding.private.detail.insert("due", word(Table::Dues.row_name(&row.id)));
        finding.private.detail.insert("why", word(due.why.as_str()));
        let row = vault.keys.row(Table::Dues, &row.id, row.rev + 1, row.parent.as_deref(), &due)?;
        match vault.log.record(Act::new(&vault.keys, finding, Change::rows(vec![row]))).await {
            // Told meanwhile, or found by another instance.
            Ok(_) | Err(RecordError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(watched)
}
