//! What a consent event must rest on before it is taken.

use gridvault_policy::{AgeClass, Purpose, Reason, Relation, Role};
use uuid::Uuid;

use super::{NewConsent, Person};
use crate::Vault;
use crate::authority::{
    Assignment, ConsentBy, ConsentEvent, ConsentKind, ConsentState, Delivery, Header, Holder, Present,
    Series, Speaker, standing,
};
use crate::clock::days;
use crate::identity::Caller;
use crate::register::RegisterError;
use crate::register::tasks::invalid;
use crate::register::told::collected_at;
use crate::store::Table;

/// A notice is fresh so long after it was given.
const FRESH: i64 = days(30);
/// After a no nobody is asked again for so long, unless of the own accord (网络数据安全管理条例 22(5)).
const COOL_OFF: i64 = days(180);

/// Roles that work in grids.
const GRID_ROLES: &[Role] = &[
    Role::GridChief,
    Role::GridAssistant,
    Role::DispatchedOfficer,
    Role::GridSupervisor,
    Role::GridInformant,
];

/// The notice that it is given under, and whether it was not given to the resident within 30 days, or is no longer the
/// newest. Who speaks signed in reads it there and then.
pub(super) async fn notice(
    vault: &Vault,
    caller: &Caller,
    person: &Person,
    new: &NewConsent,
    by: ConsentBy,
) -> Result<(Option<Uuid>, bool), RegisterError> {
    let (notices, now) = (vault.notices(), caller.now());
    let series = match person.age {
        AgeClass::Under14 => [Series::Minors, Series::Sensitive, Series::General],
        _ => [Series::Sensitive, Series::General, Series::Minors],
    };
    let id = match new.notice {
        Some(id) => id,
        None => match notices.newest(new.purpose, &series, now) {
            Some((id, _)) => id,
            None => return Ok((None, false)),
        },
    };
    let notice = notices.find(id).ok_or(RegisterError::Unknown("/notice"))?;
    if !notice.live(now) {
        return Err(invalid("/notice", "not_in_force"));
    }
    if !notice.purposes.is_empty() && !notice.purposes.contains(&new.purpose) {
        return Err(invalid("/notice", "not_of_purpose"));
    }
    let newest = notices.newest(new.purpose, &[notice.series], now);
    let superseded = newest.is_some_and(|(newest, _)| newest != id);
    let rows = vault.store.children(Table::Deliveries, person.id.as_bytes()).await?;
    let lately = now.saturating_sub(FRESH)..=now;
    let mut fresh = rows.iter().filter_map(|row| vault.keys.check::<Delivery>(row)).any(|delivery| {
        delivery.notice == Some(id)
            && delivery.hash.as_ref() == Some(&notice.hash)
            && lately.contains(&delivery.at)
    });
    // The register that brought the resident said which notice was given with it.
    if !fresh && person.header.notice == Some(id) {
        fresh = collected_at(vault, &person.header).await?.is_some_and(|at| lately.contains(&at));
    }
    Ok((Some(id), superseded || by == ConsentBy::Staff && !fresh))
}

/// Whether the recorder has an interest of the own in it: speaks for the resident, or who speaks works in the resident's grid.
pub(super) async fn conflict(
    vault: &Vault,
    caller: &Caller,
    person: &Person,
    speaker: Speaker,
    said: ConsentState,
) -> Result<Option<Reason>, RegisterError> {
    let staff = speaker.mandate().and_then(|id| person.mandate(id)).and_then(|mandate| mandate.staff);
    let Some(staff) = staff.filter(|_| said.agrees()) else { return Ok(None) };
    let own = caller.holder() == Holder::Person(staff);
    let conflict = own || works_near(vault, person, staff, caller.now()).await?;
    Ok(conflict.then_some(Reason::ConflictOfInterest))
}

/// Whether that member of staff holds a post in the person's grid.
pub(in crate::register) async fn works_near(
    vault: &Vault,
    person: &Person,
    staff: Uuid,
    at: i64,
) -> Result<bool, RegisterError> {
    let rows = vault.store.children(Table::Assignments, staff.as_bytes()).await?;
    let posts = rows.iter().filter_map(|row| vault.keys.check::<Assignment>(row));
    Ok(posts.filter(|post| post.live(at) && GRID_ROLES.contains(&post.role)).any(|post| {
        post.areas.is_empty()
            || matches!(person.relation(vault, &post, at), Relation::OwnGrid | Relation::OwnCommunity)
    }))
}

/// A separate consent that staff record has a signature of its own: of no other purpose, and of no earlier day.
pub(super) fn evidence(
    new: &NewConsent,
    by: ConsentBy,
    kind: ConsentKind,
    events: &[(Uuid, i64, ConsentEvent)],
) -> Result<(), RegisterError> {
    let Some(evidence) = &new.evidence else {
        let needed = by == ConsentBy::Staff && new.state.agrees() && kind != ConsentKind::General;
        return if needed { Err(invalid("/evidence", "required")) } else { Ok(()) };
    };
    let used = events.iter().any(|(_, _, event)| event.evidence.as_ref() == Some(evidence));
    if used { Err(invalid("/evidence", "used_before")) } else { Ok(()) }
}

/// The witness is somebody else: not who records it, not who speaks.
pub(super) async fn witness(
    vault: &Vault,
    caller: &Caller,
    person: &Person,
    new: &NewConsent,
) -> Result<(), RegisterError> {
    let Some(witness) = new.witness else {
        let needed = new.method == "fingerprint_witnessed";
        return if needed { Err(invalid("/witness", "required")) } else { Ok(()) };
    };
    if witness == person.id || witness == caller.holder().id() {
        return Err(invalid("/witness", "somebody_else"));
    }
    if vault.store.row(Table::People, witness.as_bytes()).await?.is_some() {
        return Ok(());
    }
    let row = vault.store.row(Table::Records, witness.as_bytes()).await?;
    let held = row.and_then(|row| vault.keys.check::<Header>(&row));
    let person = held.is_some_and(|header| header.kind == gridvault_policy::RecordType::Person);
    if person { Ok(()) } else { Err(RegisterError::Unknown("/witness")) }
}

/// Whether the resident said no within the last 180 days and has not said yes since.
pub(super) fn cooling_off(events: &[(Uuid, i64, ConsentEvent)], purpose: Purpose, now: i64) -> bool {
    let said = events.iter().rev().map(|(_, _, event)| event).filter(|event| event.purpose == purpose);
    let no = [ConsentState::Refused, ConsentState::Deferred, ConsentState::Withdrawn];
    let last = said.into_iter().find(|event| event.state.agrees() || no.contains(&event.state));
    last.is_some_and(|event| !event.state.agrees() && now < event.at.saturating_add(COOL_OFF))
}

/// Whether the event may follow upon what stands; what the resident took back, only the resident gives again.
pub(super) fn follows(
    vault: &Vault,
    caller: &Caller,
    person: &Person,
    events: &[(Uuid, i64, ConsentEvent)],
    new: &NewConsent,
    by: ConsentBy,
) -> Result<(), RegisterError> {
    let said = events.iter().rev().map(|(_, _, event)| event).filter(|event| event.purpose == new.purpose);
    let decided = [ConsentState::Refused, ConsentState::Withdrawn];
    let last = said.into_iter().find(|event| event.state.agrees() || decided.contains(&event.state));
    let withdrew = last.is_some_and(|e| e.state == ConsentState::Withdrawn && e.by == ConsentBy::Resident);
    if by == ConsentBy::Staff && withdrew {
        return Err(RegisterError::Conflict);
    }
    let notices = vault.notices();
    let now = person.circumstances(&notices);
    let in_order = events.iter().map(|(id, seq, event)| (*id, *seq, event));
    let present: Present = standing(in_order, new.purpose, &now, caller.now()).present;
    present.next(new.state).map(|_| ()).ok_or(RegisterError::Conflict)
}
