//! Deciding on a demand: somebody else approves it, or another end of its embargo.

use gridvault_audit::{Json, Kind};
use gridvault_policy::Role;
use uuid::Uuid;

use super::{document, end_of_embargo, find, moved, say};
use crate::Vault;
use crate::authority::{Confirmation, Done, Embargo, Holder};
use crate::identity::Caller;
use crate::register::course::given_to;
use crate::register::{RegisterError, entry};
use crate::trail::{Act, Change};

/// One step of a demand.
pub enum DemandStep {
    /// Approved: the demand, or what is proposed of its embargo.
    Approved,
    /// Another end of the embargo, with the document that it rests on.
    Embargo {
        /// Until when.
        until: String,
        /// The document's number.
        document: String,
        /// SHA-256 of the document, hex.
        sha256: String,
    },
}

/// Takes the step: a privacy officer, a deputy or a data steward. Who approves neither asked for it nor carries it out.
pub async fn decide_demand(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    step: DemandStep,
    request: &str,
) -> Result<(), RegisterError> {
    let Holder::Person(person) = caller.holder() else { return Err(RegisterError::Forbidden) };
    if !matches!(caller.role(), Role::PrivacyOfficer | Role::DataSteward) {
        return Err(RegisterError::Forbidden);
    }
    let ((row, mut demand), (task_row, mut task)) = find(vault, id).await?;
    let now = caller.now();
    let acts = match step {
        DemandStep::Embargo { until, document: number, sha256 } => {
            // What was shown is not taken back, nor is what was never kept from anybody.
            if !demand.embargoed(now) {
                return Err(RegisterError::Conflict);
            }
            let until = end_of_embargo(&until, now, demand.at)?;
            let document = Some(document(vault, id, &number, &sha256)?);
            demand.proposed = Some(Embargo { until, document, by: person });
            let mut proposed = entry(Kind::TaskOpened, caller, request);
            say(&mut proposed, id);
            proposed.private.detail.insert("embargo_proposed", Json::Int(until));
            vec![Act::new(&vault.keys, proposed, Change::rows(vec![moved(vault, &row, &demand)?]))]
        }
        DemandStep::Approved if demand.approved.is_none() => {
            let own = demand.requester == person || given_to(vault, &task, person).await?;
            if own {
                return Err(RegisterError::Forbidden);
            }
            if !task.open(now) {
                return Err(RegisterError::Conflict);
            }
            // Asked for long ago, it would begin as a longer one than anybody asked for.
            let embargo = demand.embargo.take().filter(|embargo| now < embargo.until);
            demand.embargo = embargo;
            demand.approved = Some(Done { by: person, at: now });
            task.confirmed = Some(Confirmation { by: person, at: now, until: Some(task.closes) });
            let rows = vec![moved(vault, &task_row, &task)?, moved(vault, &row, &demand)?];
            let mut approved = entry(Kind::TaskOpened, caller, request);
            say(&mut approved, id);
            approved.private.detail.insert("confirmed", Json::Int(1));
            let mut acts = vec![Act::new(&vault.keys, approved, Change::rows(rows))];
            if let Some(embargo) = &demand.embargo {
                acts.push(set(vault, caller, id, embargo, Change::none(), request));
            }
            acts
        }
        DemandStep::Approved => {
            let proposed = demand.proposed.take().ok_or(RegisterError::Conflict)?;
            if proposed.by == person {
                return Err(RegisterError::Forbidden);
            }
            if !demand.embargoed(now) || proposed.until <= now {
                return Err(RegisterError::Conflict);
            }
            demand.embargo = Some(proposed.clone());
            let change = Change::rows(vec![moved(vault, &row, &demand)?]);
            vec![set(vault, caller, id, &proposed, change, request)]
        }
    };
    vault.log.record_all(acts).await?;
    Ok(())
}

fn set(vault: &Vault, caller: &Caller, id: Uuid, embargo: &Embargo, change: Change, request: &str) -> Act {
    let mut set = entry(Kind::EmbargoSet, caller, request);
    say(&mut set, id);
    set.private.detail.insert("until", Json::Int(embargo.until));
    Act::new(&vault.keys, set, change)
}
