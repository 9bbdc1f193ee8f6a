//! What becomes of demands by the clock: embargoes end, and whoever was looked up is owed word.

use gridvault_audit::{Json, Kind};
use uuid::Uuid;

use super::{find, moved, say};
use crate::Vault;
use crate::authority::{Demand, Why};
use crate::clock::days;
use crate::register::RegisterError;
use crate::register::begin::system;
use crate::register::emergencies::settle::{looked_up, owed};
use crate::register::emergencies::told;
use crate::store::Table;
use crate::trail::{Act, Change};

/// Whoever was looked up on a demand is told within this time, from when it may be told (PIPL 17, 18, 35).
const TOLD_WITHIN: i64 = days(15);
/// What was decided at the last moment is on record by then.
const BEHIND: i64 = 60_000_000;

/// Ends embargoes whose time is up, and settles demands that are over.
pub(in crate::register) async fn watch(vault: &Vault, now: i64) -> Result<(), RegisterError> {
    for row in vault.store.all(Table::Demands).await? {
        let (Some(demand), Ok(id)) = (vault.keys.check::<Demand>(&row), Uuid::from_slice(&row.id)) else {
            continue;
        };
        if !demand.settled && !demand.embargoed(now) {
            told(settle(vault, id, now).await);
        }
    }
    Ok(())
}

/// That an embargo has ended is entered, and from then on those who were looked up are owed word; so they are when the demand
/// is over.
async fn settle(vault: &Vault, id: Uuid, now: i64) -> Result<(), RegisterError> {
    let ((row, mut demand), (task_row, mut task)) = find(vault, id).await?;
    let discloses = demand.approved.is_some() && demand.embargo.is_some() && !demand.disclosed;
    let over = task.closed.is_some() || now >= task.closes.saturating_add(BEHIND);
    if !discloses && !over {
        return Ok(());
    }
    let seen = match demand.approved {
        Some(_) => looked_up(vault, id, demand.at, &task.residents).await?,
        None => Vec::new(),
    };
    let mut rows = owed(vault, &seen, (Why::Demand, id), (now, now.saturating_add(TOLD_WITHIN))).await?;
    let told = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    demand.disclosed |= discloses;
    demand.settled = over;
    let mut unlinks = Vec::new();
    if over && task.closed.is_none() {
        unlinks = task.records().map(|record| (id, record)).collect();
        (task.closed, task.outcome) = (Some(now), Some("expired".to_owned()));
        rows.push(moved(vault, &task_row, &task)?);
    }
    rows.push(moved(vault, &row, &demand)?);
    let mut entry = system(if discloses { Kind::EmbargoEnded } else { Kind::TaskClosed });
    say(&mut entry, id);
    entry.private.detail.insert("owed", Json::Int(told));
    let change = Change { unlinks, ..Change::rows(rows) };
    vault.log.record(Act::new(&vault.keys, entry, change)).await?;
    Ok(())
}
