//! How many residents somebody is given in a day: distinct ones, over all tasks, posts and intakes, counted by the person and by
//! the service. The count is a row of its own, moved in the transaction of the task that counts.

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{RegisterError, finding};
use crate::Vault;
use crate::authority::{Holder, Task};
use crate::clock::{civil_date, start_of_day};
use crate::identity::Caller;
use crate::store::{Row, Table};
use crate::trail::{Act, Change};

/// Whom somebody was given on a day: keyed digests, which say nothing beside the key and match no other day's.
#[derive(Default, Serialize, Deserialize)]
struct Given {
    residents: BTreeSet<String>,
    /// What was too much, and is a finding already.
    told: bool,
}

/// The rows that count this task's residents for the people whom it is given to and for the service that opens it, on the day
/// on which it opens; `TooMany` where one of them has had enough, with a finding once a day.
pub(super) async fn counted(
    vault: &Vault,
    caller: &Caller,
    task: &Task,
    people: &[Uuid],
) -> Result<Vec<Row>, RegisterError> {
    if task.residents.is_empty() {
        return Ok(Vec::new());
    }
    let day = civil_date(task.opens.max(caller.now()));
    let daily = vault.daily;
    let mut takers: Vec<(Uuid, u32)> = people.iter().map(|person| (*person, daily.per_worker)).collect();
    if let Holder::Service(service) = task.opener {
        takers.push((service, daily.per_service));
    }
    let mut rows = Vec::new();
    for (who, most) in takers {
        let id = vault.keys.term("task residents", &format!("{who} {day}")).as_ref().to_vec();
        let row = vault.store.row(Table::Quotas, &id).await?;
        let (rev, mut given): (i64, Given) = match &row {
            // A count that does not hold is no reason to begin anew.
            Some(row) => (row.rev, vault.keys.check(row).ok_or(RegisterError::Conflict)?),
            None => (0, Given::default()),
        };
        let before = given.residents.len();
        for resident in &task.residents {
            let digest = vault.keys.term("task resident", &format!("{who} {day} {resident}"));
            given.residents.insert(HEXLOWER.encode(digest.as_ref().get(..8).unwrap_or_default()));
        }
        if given.residents.len() == before {
            continue;
        }
        if given.residents.len() > usize::try_from(most).unwrap_or(usize::MAX) {
            tell(vault, caller, (&id, rev), row.as_ref()).await?;
            let tomorrow = civil_date(caller.now()).tomorrow().ok().and_then(start_of_day);
            let left = tomorrow.unwrap_or_default().saturating_sub(caller.now()) / 1_000_000;
            return Err(RegisterError::TooMany(u32::try_from(left.max(1)).unwrap_or(u32::MAX)));
        }
        rows.push(vault.keys.row(Table::Quotas, &id, rev + 1, None, &given)?);
    }
    Ok(rows)
}

async fn tell(
    vault: &Vault,
    caller: &Caller,
    (id, rev): (&[u8], i64),
    row: Option<&Row>,
) -> Result<(), RegisterError> {
    let mut given: Given = row.and_then(|row| vault.keys.check(row)).unwrap_or_default();
    if std::mem::replace(&mut given.told, true) {
        return Ok(());
    }
    let row = vault.keys.row(Table::Quotas, id, rev + 1, None, &given)?;
    let act = Act::new(&vault.keys, finding(caller, "too_many_residents", ""), Change::rows(vec![row]));
    match vault.log.record(act).await {
        // Somebody else told it.
        Err(gridvault_audit::RecordError::Conflict) => Ok(()),
        told => Ok(told.map(|_| ())?),
    }
}
