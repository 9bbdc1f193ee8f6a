//! Rosters (排班): a shift counts when a second person has confirmed it; so does covering for somebody (代班).

use gridvault_audit::{Entry, Json, Kind};
use gridvault_policy::Role;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::tasks::invalid;
use super::{RegisterError, entry, word};
use crate::Vault;
use crate::authority::{Assignment, Confirmation, ROSTERED_FOR, Roster};
use crate::clock::{days, parse_time, rfc3339};
use crate::identity::{Caller, Party};
use crate::store::{Row, Table};
use crate::trail::{Act, Change};

/// A shift runs a day at most; who covers for somebody does so for a month at most.
const SHIFT: i64 = days(1);
const COVERING: i64 = days(31);
/// A roster is made so long ahead at most.
const AHEAD: i64 = days(100);

/// A shift as it is entered: of a member of staff, named as such or by a post.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewShift {
    /// The member of staff; or else:
    #[serde(default)]
    person: Option<Uuid>,
    /// a post of theirs.
    #[serde(default)]
    assignment: Option<Uuid>,
    /// From when.
    #[schemars(with = "crate::words::When")]
    from: String,
    /// Until when.
    #[schemars(with = "crate::words::When")]
    to: String,
    /// The post of somebody else that is covered for.
    #[serde(default)]
    covers: Option<Uuid>,
}

/// What is done with a shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A second person confirms it.
    Confirm,
    /// It is taken back.
    End,
}

/// Enters a shift; gives its id. A data steward's, and of nobody's own.
pub async fn add_shift(
    vault: &Vault,
    caller: &Caller,
    new: NewShift,
    request: &str,
) -> Result<Uuid, RegisterError> {
    let by = keeper(caller, &[Role::DataSteward])?;
    let time = |member: &str, text: &str| parse_time(text).ok_or_else(|| invalid(member, "time"));
    let (from, to) = (time("/from", &new.from)?, time("/to", &new.to)?);
    let most = if new.covers.is_some() { COVERING } else { SHIFT };
    if to <= from || to <= caller.now() || to - from > most || from > caller.now().saturating_add(AHEAD) {
        return Err(invalid("/to", "out_of_bounds"));
    }
    let person = match (new.person, new.assignment) {
        (Some(person), None) => {
            let known = vault.store.row(Table::People, person.as_bytes()).await?;
            known.map(|_| person).ok_or(RegisterError::Unknown("/person"))?
        }
        (None, Some(post)) => {
            post_of(vault, post).await?.ok_or(RegisterError::Unknown("/assignment"))?.person
        }
        _ => return Err(invalid("/person", "required")),
    };
    if person == by {
        return Err(RegisterError::Forbidden);
    }
    if let Some(covers) = new.covers {
        let covered = post_of(vault, covers).await?.filter(|post| post.live(from.max(caller.now())));
        let covered = covered.ok_or(RegisterError::Unknown("/covers"))?;
        if covered.person == person {
            return Err(invalid("/covers", "of_another"));
        }
    }
    let random = vault.keys.random()?;
    let random = random.first_chunk().ok_or(crate::seal::SealError::Crypto)?;
    let id = Roster::id(to, random);
    let shift = Roster { person, from, to, covers: new.covers, by, confirmed: None, ended: false };
    let mut entered = entry(Kind::AssignmentGranted, caller, request);
    describe(&mut entered, id, &shift);
    let row = vault.keys.row(Table::Rosters, id.as_bytes(), 1, Some(person.as_bytes()), &shift)?;
    vault.log.record(Act::new(&vault.keys, entered, Change::rows(vec![row]))).await?;
    Ok(id)
}

/// Confirms somebody else's shift, by a person who is neither the one that entered it nor the one on duty; or takes it back.
pub async fn move_shift(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    step: Step,
    request: &str,
) -> Result<(), RegisterError> {
    let person = keeper(caller, &[Role::DataSteward, Role::PrivacyOfficer])?;
    let row = vault.store.row(Table::Rosters, id.as_bytes()).await?.ok_or(RegisterError::Unknown("/id"))?;
    let mut shift: Roster = vault.keys.check(&row).ok_or(RegisterError::Unknown("/id"))?;
    if person == shift.person || (step == Step::Confirm && person == shift.by) {
        return Err(RegisterError::Forbidden);
    }
    if shift.ended || shift.to <= caller.now() || (step == Step::Confirm && shift.confirmed.is_some()) {
        return Err(RegisterError::Conflict);
    }
    match step {
        Step::Confirm => shift.confirmed = Some(Confirmation::new(person, caller.now())),
        Step::End => shift.ended = true,
    }
    let row = vault.keys.row(Table::Rosters, id.as_bytes(), row.rev + 1, row.parent.as_deref(), &shift)?;
    let said = |kind, rows| {
        let mut moved = entry(kind, caller, request);
        describe(&mut moved, id, &shift);
        Act::new(&vault.keys, moved, Change::rows(rows))
    };
    // A shift gives duty, and it binds: whoever had no roster could ask at any hour. That ends with an entry that sends
    // lookups back.
    let acts = match step {
        Step::Confirm => {
            vec![said(Kind::AssignmentEnded, Vec::new()), said(Kind::AssignmentGranted, vec![row])]
        }
        Step::End => vec![said(Kind::AssignmentEnded, vec![row])],
    };
    vault.log.record_all(acts).await?;
    Ok(())
}

/// Shifts that are not over, and those of the last fortnight, in the order in which they end: behind `after`.
pub async fn rosters(
    vault: &Vault,
    caller: &Caller,
    after: Option<Uuid>,
    limit: usize,
) -> Result<(Vec<Value>, Option<Uuid>), RegisterError> {
    keeper(caller, &[Role::DataSteward, Role::PrivacyOfficer, Role::Auditor])?;
    let since = Roster::ending_since(caller.now() - ROSTERED_FOR);
    let after = after.map_or(since, |after| after.max(since));
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = vault.store.behind(Table::Rosters, after.as_bytes(), most).await?;
    let next = (rows.len() == limit).then(|| rows.last().and_then(|row| Uuid::from_slice(&row.id).ok()));
    Ok((rows.iter().filter_map(|row| shift_json(vault, row)).collect(), next.flatten()))
}

fn shift_json(vault: &Vault, row: &Row) -> Option<Value> {
    let shift: Roster = vault.keys.check(row)?;
    let mut out = json!({ "id": Uuid::from_slice(&row.id).ok()?, "person": shift.person,
        "from": rfc3339(shift.from), "to": rfc3339(shift.to), "confirmed": shift.confirmed.is_some(),
        "ended": shift.ended });
    if let (Some(covers), Some(out)) = (shift.covers, out.as_object_mut()) {
        out.insert("covers".into(), json!(covers));
    }
    Some(out)
}

fn describe(entry: &mut Entry, id: Uuid, shift: &Roster) {
    let detail = &mut entry.private.detail;
    detail.insert("roster", word(id.to_string()));
    detail.insert("person", word(shift.person.to_string()));
    detail.insert("from", Json::Int(shift.from));
    detail.insert("to", Json::Int(shift.to));
    detail.insert("confirmed", Json::Int(i64::from(shift.confirmed.is_some())));
    if let Some(covers) = shift.covers {
        detail.insert("covers", word(covers.to_string()));
    }
}

async fn post_of(vault: &Vault, id: Uuid) -> Result<Option<Assignment>, RegisterError> {
    let row = vault.store.row(Table::Assignments, id.as_bytes()).await?;
    Ok(row.and_then(|row| vault.keys.check(&row)))
}

/// The person behind a post of one of these roles.
fn keeper(caller: &Caller, roles: &[Role]) -> Result<Uuid, RegisterError> {
    match caller.party() {
        Party::Post(post) if roles.contains(&post.assignment.role) => Ok(post.assignment.person),
        _ => Err(RegisterError::Forbidden),
    }
}
