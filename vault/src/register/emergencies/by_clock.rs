//! What comes by the clock: emergencies whose time is up are settled, reviews are reminded of, embargoes end.

use gridvault_audit::{Json, Kind, RecordError};
use uuid::Uuid;

use super::{moved, settle, workdays};
use crate::Vault;
use crate::authority::Emergency;
use crate::register::begin::system;
use crate::register::{RegisterError, demands, word};
use crate::store::{Row, Table};
use crate::trail::{Act, Change};

/// What was decided at the last moment is on record by then: a permit is good for seconds.
const BEHIND: i64 = 60_000_000;

/// Looks after emergencies and demands; whatever is due is done once, however often and by how many instances this is called.
pub async fn watch_emergencies(vault: &Vault) -> Result<(), RegisterError> {
    let now = vault.now();
    for row in vault.store.all(Table::Emergencies).await? {
        let (Some(emergency), Ok(id)) = (vault.keys.check::<Emergency>(&row), Uuid::from_slice(&row.id))
        else {
            continue;
        };
        let settles = emergency.ended.is_some() || now >= emergency.until.saturating_add(BEHIND);
        if emergency.looked_up.is_none() && settles {
            told(settle::emergency(vault, id).await);
        } else {
            told(remind(vault, &row, (id, emergency), now).await);
        }
    }
    demands::watch(vault, now).await
}

/// Another instance may have been faster; then it is done. One that cannot be looked after now keeps nobody from being told of
/// another: it is logged, and tried again; why it cannot is a finding where its row was meddled with.
pub(in crate::register) fn told(done: Result<(), RegisterError>) {
    match done {
        Ok(()) | Err(RegisterError::Conflict | RegisterError::Unrecorded(RecordError::Stale)) => {}
        Err(error) => tracing::warn!(%error, "an emergency or a demand could not be looked after"),
    }
}

/// Officers and deputies are reminded of a review when the first and the second working day have passed, and told when it is
/// overdue: from then on the declarer declares no other.
async fn remind(
    vault: &Vault,
    row: &Row,
    (id, mut emergency): (Uuid, Emergency),
    now: i64,
) -> Result<(), RegisterError> {
    if emergency.review.is_some() {
        return Ok(());
    }
    let steps = [workdays::after(emergency.at, 1), workdays::after(emergency.at, 2), emergency.review_by];
    let due = steps.iter().filter(|step| now >= **step).count();
    let before = usize::from(emergency.reminded);
    if due <= before {
        return Ok(());
    }
    emergency.reminded = u8::try_from(due).unwrap_or(u8::MAX);
    let mut change = Change::rows(vec![moved(vault, row, &emergency)?]);
    let mut acts = Vec::new();
    for step in before + 1..=due {
        let mut finding = system(Kind::FindingRaised);
        let code = if step > 2 { "review_overdue" } else { "review_due" };
        finding.private.task = Some(id.to_string());
        finding.private.detail.insert("code", word(code));
        finding.private.detail.insert("day", Json::Int(i64::try_from(step).unwrap_or(i64::MAX)));
        finding.private.detail.insert("emergency", word(id.to_string()));
        finding.private.detail.insert("person", word(emergency.person.to_string()));
        acts.push(Act::new(&vault.keys, finding, std::mem::take(&mut change)));
    }
    vault.log.record_all(acts).await?;
    Ok(())
}
