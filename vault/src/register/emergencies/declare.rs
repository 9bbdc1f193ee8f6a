//! Declaring an emergency.

use std::collections::{HashMap, HashSet};

use gridvault_audit::Kind;
use gridvault_policy::{Facts, Purpose, Reason, RecordState, RecordType};
use serde::Deserialize;
use uuid::Uuid;

use super::course::declares;
use super::{int, refused, workdays};
use crate::Vault;
use crate::authority::{Danger, Emergency, Header, Task, TaskKind};
use crate::clock::days;
use crate::identity::{Caller, Party, Post};
use crate::register::findings::finding;
use crate::register::tasks::invalid;
use crate::register::{RegisterError, entry, word};
use crate::store::{Row, Table};
use crate::trail::{Act, Change, Expect};

/// An emergency lasts four hours and is not prolonged.
const LASTS: i64 = days(1) / 6;
/// So many residents one person opens; more, a second.
pub(super) const ALONE: usize = 20;
/// And so many at most.
const MOST: usize = 90;
/// Working days within which it is reviewed.
const REVIEWED_IN: u8 = 3;
/// What somebody did within this time is told with the next one.
const LATELY: i64 = days(30);

/// An emergency as declared: the residents of one place, or residents one by one.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEmergency {
    /// The number of the event, as the command centre or the hotline gave it.
    #[schemars(with = "crate::words::Identifier")]
    pub event: String,
    /// What danger it is.
    pub reason: Danger,
    /// The premises whose residents are in danger.
    #[serde(default)]
    pub place: Option<Uuid>,
    /// Residents, one by one.
    #[serde(default)]
    #[schemars(length(max = 90), extend("uniqueItems" = true))]
    pub residents: Vec<Uuid>,
}

/// What was declared.
pub struct Declared {
    /// The emergency, which is its lookups' basis and task.
    pub id: Uuid,
    /// Who may be looked up now.
    pub residents: Vec<Uuid>,
    /// How many more, once a second person has confirmed it.
    pub waiting: usize,
    /// Until when.
    pub until: i64,
    /// Until when it must be reviewed.
    pub review_by: i64,
}

/// Declares an emergency, by a chief, an assistant or a dispatched officer in a live post, for residents whom the post reaches.
/// Told at once: the entry and a finding with it. An overdue review, or a verdict that nobody has lifted, bars the declarer.
pub async fn declare_emergency(
    vault: &Vault,
    caller: &Caller,
    new: NewEmergency,
    request: &str,
) -> Result<Declared, RegisterError> {
    let Party::Post(post) = caller.party() else { return Err(RegisterError::Forbidden) };
    if !declares(post.assignment.role) {
        return Err(RegisterError::Forbidden);
    }
    check(&new)?;
    let before = before(vault, caller).await?;
    if before.barred {
        return Err(refused(vault, caller, Reason::NeedsApproval, Some("emergency_barred"), request).await);
    }
    let found = match new.place {
        Some(place) => living_there(vault, post, place, caller.now()).await?,
        None => named(vault, post, &new.residents, caller.now()).await?,
    };
    let Some(residents) = found else {
        return Err(refused(vault, caller, Reason::GridScope, None, request).await);
    };
    if residents.is_empty() {
        return Err(invalid("/place", "nobody_lives_there"));
    }
    if residents.len() > MOST {
        return Err(invalid("/place", "too_many"));
    }
    let (id, now) = (Uuid::now_v7(), caller.now());
    let open: Vec<Uuid> = residents.iter().take(ALONE).copied().collect();
    let emergency = Emergency {
        person: post.assignment.person,
        post: post.id,
        department: post.assignment.department,
        scheme: post.assignment.scheme,
        areas: post.assignment.areas.clone(),
        event: new.event,
        danger: new.reason,
        place: new.place,
        residents,
        at: now,
        until: now.saturating_add(LASTS),
        review_by: workdays::after(now, REVIEWED_IN),
        confirmed: None,
        ended: None,
        review: None,
        lifted: None,
        reminded: 0,
        looked_up: None,
    };
    let waiting = emergency.residents.len() - open.len();
    let task = task(&emergency, open.clone(), caller);
    record(vault, caller, (id, &emergency, &task), &before, request).await?;
    let Emergency { until, review_by, .. } = emergency;
    Ok(Declared { id, residents: open, waiting, until, review_by })
}

fn check(new: &NewEmergency) -> Result<(), RegisterError> {
    // An emergency without its number is somebody's wish to look.
    if !crate::words::is_identifier(&new.event) {
        return Err(invalid("/event", "identifier"));
    }
    if new.place.is_some() != new.residents.is_empty() {
        return Err(invalid("", "exactly_one_of_place_residents"));
    }
    if new.residents.len() > MOST {
        return Err(invalid("/residents", "too_many"));
    }
    if new.residents.iter().collect::<HashSet<_>>().len() != new.residents.len() {
        return Err(invalid("/residents", "repeated"));
    }
    Ok(())
}

fn task(emergency: &Emergency, residents: Vec<Uuid>, caller: &Caller) -> Task {
    Task {
        kind: TaskKind::Emergency,
        purpose: Purpose::EmergencyRescue,
        residents,
        premises: emergency.place.into_iter().collect(),
        ticket: None,
        assignees: vec![emergency.post],
        opens: emergency.at,
        closes: emergency.until,
        closed: None,
        outcome: None,
        fields: Vec::new(),
        confirmed: None,
        opener: caller.holder(),
    }
}

/// The declaration, and with it the finding by which officers and the unit hear of it, in one transaction.
async fn record(
    vault: &Vault,
    caller: &Caller,
    (id, emergency, task): (Uuid, &Emergency, &Task),
    before: &Before,
    request: &str,
) -> Result<(), RegisterError> {
    let (keys, key) = (&vault.keys, id.as_bytes());
    let rows = vec![
        keys.row(Table::Tasks, key, 1, None, task)?,
        keys.row(Table::Emergencies, key, 1, Some(emergency.person.as_bytes()), emergency)?,
    ];
    let change = Change {
        // A post that ends at this moment declares nothing any more.
        expect: Some(Expect { facts_rev: caller.facts_rev(), records: Vec::new() }),
        links: task.records().map(|record| (id, record)).collect(),
        ..Change::rows(rows)
    };
    let mut declared = entry(Kind::EmergencyDeclared, caller, request);
    declared.public.purpose = Some(Purpose::EmergencyRescue.as_str().into());
    declared.private.task = Some(id.to_string());
    let mut told = finding(caller, "emergency", request);
    told.private.task = Some(id.to_string());
    for entry in [&mut declared, &mut told] {
        entry.private.detail.insert("emergency", word(id.to_string()));
        entry.private.detail.insert("reason", word(emergency.danger.as_str()));
        entry.private.detail.insert("residents", int(emergency.residents.len()));
    }
    // Whoever breaks glass again and again, for other people each time, is seen by it.
    let others = emergency.residents.iter().filter(|resident| !before.residents.contains(*resident)).count();
    told.private.detail.insert("within_30_days", int(before.lately + 1));
    told.private.detail.insert("not_named_before", int(others));
    told.private.detail.insert("unreviewed", int(before.unreviewed));
    let acts = vec![Act::new(keys, declared, change), Act::new(keys, told, Change::none())];
    vault.log.record_all(acts).await?;
    Ok(())
}

/// What the same person declared before.
#[derive(Default)]
struct Before {
    barred: bool,
    lately: usize,
    unreviewed: usize,
    residents: HashSet<Uuid>,
}

async fn before(vault: &Vault, caller: &Caller) -> Result<Before, RegisterError> {
    let rows = vault.store.children(Table::Emergencies, caller.holder().id().as_bytes()).await?;
    let mut before = Before::default();
    for row in &rows {
        // One that cannot be read is one that nobody has reviewed.
        let Some(emergency) = vault.keys.check::<Emergency>(row) else {
            before.barred = true;
            continue;
        };
        before.barred |= emergency.bars(caller.now());
        before.unreviewed += usize::from(emergency.review.is_none());
        if caller.now() - emergency.at < LATELY {
            before.lately += 1;
            before.residents.extend(emergency.residents);
        }
    }
    Ok(before)
}

/// Whether the rules let the post look at somebody who lives there, in an emergency.
fn reaches(vault: &Vault, post: &Post, home: &Header, at: i64) -> bool {
    let post = &post.assignment;
    let cell = home.cell(post.scheme, at);
    let relation = vault.areas().relation(post.scheme, &post.areas, cell, at);
    let facts = Facts {
        department: post.department,
        relation,
        ..Facts::unproven(post.role, RecordType::Person, Purpose::EmergencyRescue)
    };
    vault.book.load().reaches(&facts)
}

/// Those who live at a premises within reach, as it is now; none where there is no such premises, or it is out of reach.
async fn living_there(
    vault: &Vault,
    post: &Post,
    place: Uuid,
    at: i64,
) -> Result<Option<Vec<Uuid>>, RegisterError> {
    let row = vault.store.row(Table::Records, place.as_bytes()).await?;
    let home = header(vault, row.as_ref()).filter(|home| home.kind == RecordType::Premises);
    // The same work for one that is not there.
    let nowhere = Header::new(RecordType::Premises, [0; 16]);
    let within = reaches(vault, post, home.as_ref().unwrap_or(&nowhere), at);
    if home.is_none() || !within {
        return Ok(None);
    }
    let rows = vault.store.children(Table::Records, place.as_bytes()).await?;
    let lives = |row: &Row| {
        let person: Header = vault.keys.check(row)?;
        let held = person.kind == RecordType::Person && person.state != RecordState::Erased;
        held.then(|| Uuid::from_slice(&row.id).ok())?
    };
    Ok(Some(rows.iter().filter_map(lives).collect()))
}

/// The named residents, where every one of them is there and within reach; the same statements and checks either way.
async fn named(
    vault: &Vault,
    post: &Post,
    residents: &[Uuid],
    at: i64,
) -> Result<Option<Vec<Uuid>>, RegisterError> {
    let people = headers(vault, residents).await?;
    let home = |id: &Uuid| {
        let person =
            people.get(id).filter(|p| p.kind == RecordType::Person && p.state != RecordState::Erased);
        person.and_then(|person| person.place)
    };
    let places: Vec<Uuid> = residents.iter().map(|id| home(id).unwrap_or_else(Uuid::new_v4)).collect();
    let homes = headers(vault, &places).await?;
    let nowhere = Header::new(RecordType::Premises, [0; 16]);
    let mut all = true;
    for place in &places {
        all &= reaches(vault, post, homes.get(place).unwrap_or(&nowhere), at);
    }
    Ok(all.then(|| residents.to_vec()))
}

async fn headers(vault: &Vault, ids: &[Uuid]) -> Result<HashMap<Uuid, Header>, RegisterError> {
    let keys: Vec<&[u8]> = ids.iter().map(|id| &id.as_bytes()[..]).collect();
    let rows = vault.store.rows(Table::Records, &keys).await?;
    let mut found = HashMap::new();
    for id in ids {
        let row = rows.iter().find(|row| row.id == id.as_bytes());
        found.extend(header(vault, row).map(|header| (*id, header)));
    }
    Ok(found)
}

fn header(vault: &Vault, row: Option<&Row>) -> Option<Header> {
    match row {
        Some(row) => vault.keys.check(row),
        None => {
            vault.keys.check_nothing();
            None
        }
    }
}
