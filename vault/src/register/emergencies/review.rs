//! Reviewing an emergency once it is over: another person, of another unit.

use gridvault_audit::{Json, Kind};
use gridvault_policy::{Department, Purpose, Role};
use serde::Deserialize;
use uuid::Uuid;

use super::{find, moved};
use crate::Vault;
use crate::authority::{Assignment, Done, Emergency, Holder, Verdict};
use crate::identity::Caller;
use crate::register::findings::finding;
use crate::register::{RegisterError, entry, word};
use crate::store::Table;
use crate::trail::{Act, Change};

/// What a privacy officer says of an emergency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reviewed {
    /// It was one, and what was looked up was needed.
    Justified,
    /// It was none, or more was looked up than it needed: the declarer declares no other.
    NotJustified,
    /// It was not, and the declarer may again: a second officer's word.
    Lifted,
}

/// Reviews an emergency, or lifts what an earlier review brought with it. A privacy officer or a deputy, who is not the declarer,
/// holds no post of the declarer's unit, did not confirm it, and did not say the former word.
pub async fn review_emergency(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    outcome: Reviewed,
    request: &str,
) -> Result<(), RegisterError> {
    let Holder::Person(person) = caller.holder() else { return Err(RegisterError::Forbidden) };
    if caller.role() != Role::PrivacyOfficer {
        return Err(RegisterError::Forbidden);
    }
    let ((row, mut emergency), _) = find(vault, id).await?;
    let confirmed = emergency.confirmed.is_some_and(|done| done.by == person);
    if emergency.person == person || confirmed || of_its_unit(vault, person, &emergency, caller.now()).await?
    {
        return Err(RegisterError::Forbidden);
    }
    // Nobody says in advance that what will be looked up was needed.
    if !emergency.over(caller.now()) {
        return Err(RegisterError::Conflict);
    }
    let done = Done { by: person, at: caller.now() };
    let mut said = entry(Kind::EmergencyReviewed, caller, request);
    let mut told = None;
    match (outcome, emergency.review, emergency.lifted) {
        (Reviewed::Justified, None, None) => emergency.review = Some((Verdict::Justified, done)),
        (Reviewed::NotJustified, None, None) => {
            emergency.review = Some((Verdict::NotJustified, done));
            told = Some(finding(caller, "emergency_not_justified", request));
        }
        (Reviewed::Lifted, Some((Verdict::NotJustified, first)), None) => {
            if first.by == person {
                return Err(RegisterError::Forbidden);
            }
            emergency.lifted = Some(done);
            said.private.detail.insert("lifted", Json::Int(1));
        }
        _ => return Err(RegisterError::Conflict),
    }
    said.public.purpose = Some(Purpose::EmergencyRescue.as_str().into());
    if let (Some((verdict, _)), None) = (emergency.review, emergency.lifted) {
        said.private.detail.insert("outcome", word(verdict.as_str()));
    }
    let mut acts = Vec::new();
    for entry in std::iter::once(&mut said).chain(told.as_mut()) {
        entry.private.task = Some(id.to_string());
        entry.private.detail.insert("emergency", word(id.to_string()));
        entry.private.detail.insert("person", word(emergency.person.to_string()));
    }
    acts.push(Act::new(&vault.keys, said, Change::rows(vec![moved(vault, &row, &emergency)?])));
    acts.extend(told.map(|told| Act::new(&vault.keys, told, Change::none())));
    vault.log.record_all(acts).await?;
    Ok(())
}

/// Whether one of that person's posts is of the unit in which the emergency was declared: of the same department, or with an
/// area of the declarer's. A second post does not make a reviewer of a colleague; one that cannot be read may be such a post.
async fn of_its_unit(
    vault: &Vault,
    person: Uuid,
    emergency: &Emergency,
    at: i64,
) -> Result<bool, RegisterError> {
    let rows = vault.store.children(Table::Assignments, person.as_bytes()).await?;
    Ok(rows.iter().any(|row| {
        let Some(post) = vault.keys.check::<Assignment>(row) else { return true };
        let department = post.department != Department::None && post.department == emergency.department;
        let area =
            post.scheme == emergency.scheme && post.areas.iter().any(|of| emergency.areas.contains(of));
        post.live(at) && (department || area)
    }))
}
