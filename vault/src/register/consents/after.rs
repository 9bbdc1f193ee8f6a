//! What follows from a consent event: who has to be told of it, and what has to be erased or frozen.

use gridvault_audit::Json;
use gridvault_policy::{AgeClass, Basis, FieldId, Purpose, RecordType, Tier};
use uuid::Uuid;

use super::Person;
use super::entries::describe;
use crate::Vault;
use crate::authority::{ConsentBy, ConsentEvent, Why, standing};
use crate::clock::{civil_date, days};
use crate::identity::Caller;
use crate::register::RegisterError;
use crate::register::dues::owe;
use crate::register::findings::finding;
use crate::store::Row;
use crate::trail::{Act, Change};

/// What staff recorded in a resident's name, the resident is told within so many days.
const TOLD_WITHIN: i64 = days(7);

/// Purposes that look at what is held for others, and are no ground to hold it.
const ON_TOP: &[Purpose] = &[
    Purpose::ResidentAccess,
    Purpose::ComplianceAudit,
    Purpose::DataQuality,
    Purpose::LegalRequest,
    Purpose::EmergencyRescue,
    Purpose::EmergencyNotice,
    Purpose::Statistics,
];

/// Rows that say who has to be told: the resident of what staff recorded; of T4 of 14 to 17 the guardians too.
pub(super) fn told(
    vault: &Vault,
    person: &Person,
    event: &ConsentEvent,
    id: Uuid,
) -> Result<Vec<Row>, RegisterError> {
    let mut whom = Vec::new();
    if event.by == ConsentBy::Staff {
        whom.push(person.id);
    }
    let special = event.fields.iter().filter_map(|id| FieldId::parse(id).ok()).any(|f| f.tier() == Tier::T4);
    if person.age == AgeClass::From14To17 && event.state.agrees() && special {
        let live = person.mandates.iter().filter(|(_, mandate)| mandate.live(event.at));
        whom.extend(live.filter_map(|(_, mandate)| mandate.person));
    }
    let owed = |resident: &Uuid| {
        let about = (Why::ConsentRecorded, id);
        Ok(owe(&vault.keys, *resident, about, (event.at, event.at.saturating_add(TOLD_WITHIN)))?)
    };
    whom.iter().map(owed).collect()
}

/// The finding that what nothing else is a basis for has to be erased or frozen, within 15 working days.
pub(super) fn to_erase(
    vault: &Vault,
    caller: &Caller,
    person: &Person,
    ended: &ConsentEvent,
    request: &str,
) -> Option<Act> {
    let book = vault.book.load();
    let other_basis = |field: FieldId| {
        Purpose::ALL.iter().filter(|purpose| !ON_TOP.contains(purpose)).any(|purpose| {
            [Basis::StatutoryDuty, Basis::Delegation]
                .iter()
                .any(|basis| book.fields_of(*purpose, *basis).contains(&field))
        })
    };
    let held = person.held().ok()?;
    let now = person.circumstances(&held.notices);
    let consented = |field: FieldId| {
        Purpose::ALL
            .iter()
            .filter(|purpose| **purpose != ended.purpose)
            .any(|purpose| standing(held.in_order(), *purpose, &now, caller.now()).refuses(field).is_none())
    };
    let stood = standing(held.in_order(), ended.purpose, &now, caller.now());
    let (_, _, yes) = stood.event?;
    let fields = yes.fields.iter().filter_map(|id| FieldId::parse(id).ok());
    let rest: Vec<Json> = fields
        .filter(|field| field.record() == RecordType::Person && !field.is_derived())
        .filter(|field| !other_basis(*field) && !consented(*field))
        .map(|field| Json::from(field.as_str()))
        .collect();
    if rest.is_empty() {
        return None;
    }
    let mut job = finding(caller, "erase_or_freeze", request);
    describe(&mut job, person, ended.purpose);
    job.private.detail.insert("fields", Json::List(rest));
    job.private.detail.insert("until", Json::Int(working_days(caller.now(), 15)));
    Some(Act::new(&vault.keys, job, Change::none()))
}

/// The moment so many weekdays later.
fn working_days(from: i64, many: u32) -> i64 {
    let (mut at, mut left) = (from, many);
    while left > 0 {
        at = at.saturating_add(days(1));
        let weekday = civil_date(at).weekday();
        if !matches!(weekday, jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday) {
            left -= 1;
        }
    }
    at
}
