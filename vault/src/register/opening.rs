//! Whether a task may be opened as it is asked for: by whom, for what and for whom, from when until when.

use gridvault_policy::{FieldId, Purpose, RecordType, Relation, Role};
use uuid::Uuid;

use super::RegisterError;
use super::tasks::{NewTask, header, invalid};
use crate::Vault;
use crate::authority::{Assignment, Header, TaskKind};
use crate::clock::{civil_date, days, parse_end, parse_time, start_of_day};
use crate::identity::{Caller, Party, Post};
use crate::store::Table;

/// A task names at most so many residents.
pub(super) const RESIDENTS: usize = 30;
/// And at most so many fields.
pub(super) const FIELDS: usize = 64;
/// A task is open at most so long.
const LONGEST: i64 = days(400);
/// Where nothing is said, so long.
const USUAL: i64 = days(14);
/// It may have begun so long before it is registered.
const LATEST: i64 = days(3);
/// And begins at most so long behind it.
const AHEAD: i64 = days(30);

/// Whether the caller may open it, and whether it would be a task of the caller's own.
pub(super) fn may_open(caller: &Caller, new: &NewTask) -> Result<bool, RegisterError> {
    let Party::Post(post) = caller.party() else {
        return match caller.party() {
            Party::Service { agreement, .. } if agreement.purposes.contains(&new.purpose) => Ok(false),
            _ => Err(RegisterError::Forbidden),
        };
    };
    let own = new.assignees.as_slice() == [post.id];
    match (post.assignment.role, new.kind) {
        (Role::DataSteward, _) => Ok(false),
        (Role::WindowClerk, TaskKind::Application) if new.purpose == Purpose::WindowService => Ok(own),
        (
            Role::GridChief | Role::GridAssistant | Role::DispatchedOfficer,
            TaskKind::Case | TaskKind::Inspection,
        ) if own => Ok(true),
        _ => Err(RegisterError::Forbidden),
    }
}

/// What the request names is there, and given to whom it may be. Gives the people behind the assignees.
pub(super) async fn check(
    vault: &Vault,
    caller: &Caller,
    new: &NewTask,
    own: bool,
) -> Result<Vec<Uuid>, RegisterError> {
    // What somebody declares, or an authority demands, is no task to be registered: each has a door of its own.
    if matches!(new.purpose, Purpose::EmergencyRescue | Purpose::LegalRequest) {
        return Err(invalid("/purpose", "own_door"));
    }
    if !new.kind.purposes().contains(&new.purpose) {
        return Err(invalid("/purpose", "not_of_kind"));
    }
    for (member, text) in [("/source", &new.source), ("/number", &new.number)] {
        if !crate::words::is_identifier(text) {
            return Err(invalid(member, "identifier"));
        }
    }
    if new.residents.len() > RESIDENTS || new.premises.len() > RESIDENTS || new.assignees.len() > RESIDENTS {
        return Err(invalid("/residents", "too_many"));
    }
    if new.residents.is_empty() && new.premises.is_empty() && new.case.is_none() {
        return Err(invalid("/residents", "required"));
    }
    if new.fields.len() > FIELDS {
        return Err(invalid("/fields", "too_many"));
    }
    if new.fields.iter().any(|id| FieldId::parse(id).is_err()) {
        return Err(invalid("/fields", "field_unknown"));
    }
    if new.purpose == Purpose::DataQuality && new.fields.len() != 1 {
        return Err(invalid("/fields", "one"));
    }
    let mut people = Vec::new();
    for post in &new.assignees {
        let row = vault.store.row(Table::Assignments, post.as_bytes()).await?;
        let post: Assignment =
            row.and_then(|r| vault.keys.check(&r)).ok_or(RegisterError::Unknown("/assignees"))?;
        let same = caller.post().is_some_and(|own| own.assignment.person == post.person);
        // A clerk's colleague at the window, and nobody else.
        let clerk = caller.role() == Role::WindowClerk && post.role != Role::WindowClerk;
        if (same && !own) || clerk {
            return Err(RegisterError::Forbidden);
        }
        // Who acts for people gives them no tasks: it would look under their names at whatever it likes.
        if let Party::Service { agreement, .. } = caller.party()
            && agreement.acts_for.contains(&post.role)
        {
            return Err(RegisterError::Forbidden);
        }
        people.push(post.person);
    }
    people.sort_unstable();
    people.dedup();
    let worker = caller.post().filter(|_| own && caller.role() != Role::WindowClerk);
    let place = new.case.as_ref().map(|case| case.place);
    for (ids, kind, member) in [
        (new.residents.as_slice(), RecordType::Person, "/residents"),
        (new.premises.as_slice(), RecordType::Premises, "/premises"),
        (place.as_slice(), RecordType::Premises, "/case/place"),
    ] {
        for id in ids {
            let (_, header) = header(vault, *id, kind).await?.ok_or(RegisterError::Unknown(member))?;
            // What lies elsewhere is as if it were not there.
            if let Some(post) = worker
                && !of_the_own_grid(vault, post, &header, caller.now()).await?
            {
                return Err(RegisterError::Unknown(member));
            }
        }
    }
    Ok(people)
}

async fn of_the_own_grid(
    vault: &Vault,
    post: &Post,
    header: &Header,
    now: i64,
) -> Result<bool, RegisterError> {
    let post = &post.assignment;
    let home = match (header.kind, header.place) {
        (RecordType::Premises, _) => None,
        (_, None) => return Ok(false),
        (_, Some(place)) => {
            super::tasks::header(vault, place, RecordType::Premises).await?.map(|(_, home)| home)
        }
    };
    let cell = home.as_ref().unwrap_or(header).cell(post.scheme, now);
    Ok(vault.areas().relation(post.scheme, &post.areas, cell, now) == Relation::OwnGrid)
}

/// From when until when, and whether it comes late.
pub(super) fn times(new: &NewTask, now: i64) -> Result<(i64, i64, bool), RegisterError> {
    let read = |member: &str, text: &str, read: fn(&str) -> Option<i64>| {
        read(text).ok_or_else(|| invalid(member, "time"))
    };
    let opens = new.opens.as_deref().map_or(Ok(now), |text| read("/opens", text, parse_time))?;
    if opens > now.saturating_add(AHEAD) {
        return Err(invalid("/opens", "out_of_bounds"));
    }
    if opens < now.saturating_sub(LATEST) {
        return Err(invalid("/opens", "too_late"));
    }
    let today = start_of_day(civil_date(now)).unwrap_or(now);
    if opens < today && !new.late {
        return Err(invalid("/late", "required"));
    }
    let closes = match new.closes.as_deref() {
        Some(text) => read("/closes", text, parse_end)?,
        None if new.kind == TaskKind::Visit => return Err(invalid("/closes", "required")),
        None => opens.saturating_add(USUAL),
    };
    if closes <= opens || closes <= now || closes - opens > LONGEST {
        return Err(invalid("/closes", "out_of_bounds"));
    }
    Ok((opens, closes, new.late && opens < now))
}
