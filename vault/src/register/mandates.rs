//! Who speaks for a resident: registered by one person, confirmed by another, ended by either or by the resident; and the
//! doubt whether a resident can understand what is consented to.

use gridvault_audit::{Entry, Json, Kind};
use gridvault_policy::{AgeClass, FieldId, Purpose, Role};
use serde::Deserialize;
use uuid::Uuid;

use super::consents::{Person, works_near};
use super::correct::subject;
use super::dues::owe;
use super::tasks::invalid;
use super::{RegisterError, entry, word};
use crate::Vault;
use crate::authority::{Confirmation, Mandate, MandateKind, Why};
use crate::clock::{days, parse_time};
use crate::identity::{Caller, Party};
use crate::store::{Row, Table};
use crate::trail::{Act, Change};

/// Until whom the resident is told of a mandate.
const TOLD_WITHIN: i64 = days(7);
/// A proxy's letter is good for three years at most, a guardian's mandate for the time of a childhood.
const LETTER_FOR: i64 = days(3 * 366);
const CHILDHOOD: i64 = days(18 * 366);

/// Family relations (GB/T 4761-2008, two digits), of those who may be guardians or proxies.
const RELATIONS: &[&str] = &[
    "02", "10", "11", "12", "20", "21", "22", "23", "24", "25", "26", "27", "28", "29", "30", "31", "32",
    "33", "34", "35", "36", "37", "38", "39", "40", "41", "42", "43", "44", "45", "46", "47", "48", "49",
    "50", "51", "52", "53", "54", "55", "56", "57", "58", "59", "60", "61", "62", "63", "64", "65", "66",
    "67", "68", "69", "70", "71", "72", "73", "74", "75", "76", "77", "78", "79", "80", "81", "82", "83",
    "84", "85", "86", "87", "88", "89", "97", "99",
];

/// What may prove a mandate: the household register, a birth certificate, a designation by a court or a residents' committee,
/// a letter.
const PROOFS: &[&str] =
    &["household_register", "birth_certificate", "court_designation", "committee_designation", "letter"];

/// A mandate as registered.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMandate {
    /// Guardian or proxy.
    pub kind: MandateKind,
    /// The resident who speaks, where held.
    #[serde(default)]
    pub person: Option<Uuid>,
    /// The member of staff who speaks, where it is one.
    #[serde(default)]
    pub staff: Option<Uuid>,
    /// How they are related (GB/T 4761).
    #[schemars(extend("enum" = RELATIONS))]
    pub relation: String,
    /// What proves it.
    #[schemars(extend("enum" = PROOFS))]
    pub proof: String,
    /// The letter's number; a proxy has one.
    #[serde(default)]
    #[schemars(with = "Option<crate::words::Identifier>")]
    pub number: Option<String>,
    /// For what; none said: for everything. A proxy's letter says it.
    #[serde(default)]
    #[schemars(with = "Vec<crate::words::PurposeWord>", length(max = 30))]
    pub purposes: Vec<Purpose>,
    /// For which fields; none said: for all.
    #[serde(default)]
    #[schemars(with = "Vec<crate::words::StoredFieldWord>", length(max = 64))]
    pub fields: Vec<String>,
    /// From when.
    #[schemars(with = "crate::words::When")]
    pub from: String,
    /// Until when.
    #[schemars(with = "crate::words::When")]
    pub to: String,
}

/// Registers who speaks for a resident; gives its id. Nothing of it counts before a second person has confirmed it. A data
/// steward or a window clerk.
pub async fn register_mandate(
    vault: &Vault,
    caller: &Caller,
    resident: Uuid,
    new: NewMandate,
    request: &str,
) -> Result<Uuid, RegisterError> {
    let Party::Post(post) = caller.party() else { return Err(RegisterError::Forbidden) };
    if !matches!(caller.role(), Role::DataSteward | Role::WindowClerk) {
        return Err(RegisterError::Forbidden);
    }
    let person = Person::find(vault, caller, resident).await?;
    let (from, to) = well_formed(&new, caller.now())?;
    speaks(vault, caller, &person, &new).await?;
    if let Some(staff) = new.staff
        && (staff == caller.holder().id() || works_near(vault, &person, staff, caller.now()).await?)
    {
        let conflict = gridvault_policy::Reason::ConflictOfInterest;
        return Err(super::consents::refused(vault, caller, &person, "mandates", conflict, request).await);
    }
    let mandate = Mandate {
        kind: new.kind,
        person: new.person,
        staff: new.staff,
        relation: new.relation,
        proof: new.proof,
        number: new.number,
        purposes: new.purposes,
        fields: new.fields,
        from,
        to,
        by: (post.assignment.person, post.id),
        confirmed: None,
        ended: None,
    };
    let id = Uuid::now_v7();
    let row = vault.keys.row(Table::Mandates, id.as_bytes(), 1, Some(resident.as_bytes()), &mandate)?;
    let mut registered = entry(Kind::DelegationGranted, caller, request);
    describe(&mut registered, &person, id, &mandate);
    registered.private.detail.insert("confirmed", Json::Int(0));
    vault.log.record(Act::new(&vault.keys, registered, Change::rows(vec![row]))).await?;
    Ok(id)
}

/// Confirms a mandate that somebody else registered; the resident is told of it.
pub async fn confirm_mandate(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    request: &str,
) -> Result<(), RegisterError> {
    let keeps = matches!(caller.role(), Role::DataSteward | Role::WindowClerk | Role::PrivacyOfficer);
    let (Party::Post(post), true) = (caller.party(), keeps) else { return Err(RegisterError::Forbidden) };
    let (row, resident, mut mandate) = find(vault, id).await?;
    if mandate.by.0 == post.assignment.person {
        return Err(RegisterError::Forbidden);
    }
    if mandate.confirmed.is_some() || mandate.ended.is_some() || mandate.to <= caller.now() {
        return Err(RegisterError::Conflict);
    }
    let person = Person::find(vault, caller, resident).await?;
    if mandate.staff == Some(post.assignment.person) {
        let conflict = gridvault_policy::Reason::ConflictOfInterest;
        return Err(super::consents::refused(vault, caller, &person, "mandates", conflict, request).await);
    }
    mandate.confirmed = Some(Confirmation::new(post.assignment.person, caller.now()));
    let mut granted = entry(Kind::DelegationGranted, caller, request);
    describe(&mut granted, &person, id, &mandate);
    granted.private.detail.insert("confirmed", Json::Int(1));
    let term = (caller.now(), caller.now().saturating_add(TOLD_WITHIN));
    let rows = vec![
        vault.keys.row(Table::Mandates, &row.id, row.rev + 1, row.parent.as_deref(), &mandate)?,
        owe(&vault.keys, resident, (Why::Mandate, id), term)?,
    ];
    vault.log.record(Act::new(&vault.keys, granted, Change::rows(rows))).await?;
    Ok(())
}

/// Ends a mandate at once: staff who keep them, who speaks by it, or the resident, whose word is enough to end a letter.
pub async fn end_mandate(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    request: &str,
) -> Result<(), RegisterError> {
    let (row, resident, mut mandate) = match find(vault, id).await {
        // Who may not end any is not told which there are.
        Err(RegisterError::Unknown(_)) if !keeps(caller) => return Err(RegisterError::Forbidden),
        found => found?,
    };
    let may = match caller.party() {
        Party::Resident(own) => {
            mandate.person == Some(*own) || *own == resident && mandate.kind == MandateKind::Proxy
        }
        _ => keeps(caller),
    };
    if !may {
        return Err(RegisterError::Forbidden);
    }
    if mandate.ended.is_some() {
        return Err(RegisterError::Conflict);
    }
    mandate.ended = Some(caller.now());
    let person = Person::find(vault, caller, resident).await?;
    let mut ended = entry(Kind::DelegationRevoked, caller, request);
    describe(&mut ended, &person, id, &mandate);
    let row = vault.keys.row(Table::Mandates, &row.id, row.rev + 1, row.parent.as_deref(), &mandate)?;
    vault.log.record(Act::new(&vault.keys, ended, Change::rows(vec![row]))).await?;
    Ok(())
}

/// Notes or lifts the doubt whether a resident can understand what is consented to: while it is noted no consent counts. One
/// person notes it; the privacy officer alone lifts it.
pub async fn doubt_capacity(
    vault: &Vault,
    caller: &Caller,
    resident: Uuid,
    (doubted, reason): (bool, &str),
    request: &str,
) -> Result<(), RegisterError> {
    let may = match caller.role() {
        Role::PrivacyOfficer => true,
        Role::DataSteward | Role::WindowClerk => doubted,
        _ => false,
    };
    if !may {
        return Err(RegisterError::Forbidden);
    }
    if !crate::words::is_identifier(reason) {
        return Err(invalid("/reason", "identifier"));
    }
    let person = Person::find(vault, caller, resident).await?;
    if person.header.doubted == doubted {
        return Err(RegisterError::Conflict);
    }
    let mut noted = entry(Kind::ResidentRestricted, caller, request);
    noted.private.subject = subject(&person.header);
    noted.private.detail.insert("doubted", Json::Int(i64::from(doubted)));
    noted.private.detail.insert("reason", word(reason));
    let row = person.moved(vault, |header| header.doubted = doubted)?;
    vault.log.record(Act::new(&vault.keys, noted, Change::rows(vec![row]))).await?;
    Ok(())
}

fn keeps(caller: &Caller) -> bool {
    matches!(caller.role(), Role::DataSteward | Role::WindowClerk | Role::PrivacyOfficer)
}

async fn find(vault: &Vault, id: Uuid) -> Result<(Row, Uuid, Mandate), RegisterError> {
    let unknown = RegisterError::Unknown("/id");
    let Some(row) = vault.store.row(Table::Mandates, id.as_bytes()).await? else { return Err(unknown) };
    let resident = row.parent.as_deref().and_then(|parent| Uuid::from_slice(parent).ok());
    let (Some(resident), Some(mandate)) = (resident, vault.keys.check(&row)) else { return Err(unknown) };
    Ok((row, resident, mandate))
}

fn well_formed(new: &NewMandate, now: i64) -> Result<(i64, i64), RegisterError> {
    if !RELATIONS.contains(&new.relation.as_str()) {
        return Err(invalid("/relation", "word_unknown"));
    }
    if !PROOFS.contains(&new.proof.as_str()) {
        return Err(invalid("/proof", "word_unknown"));
    }
    if new.number.as_deref().is_some_and(|number| !crate::words::is_identifier(number)) {
        return Err(invalid("/number", "identifier"));
    }
    let proxy = new.kind == MandateKind::Proxy;
    if proxy && new.number.is_none() {
        return Err(invalid("/number", "required"));
    }
    if proxy && new.purposes.is_empty() {
        return Err(invalid("/purposes", "required"));
    }
    if new.purposes.len() > 30 || new.fields.len() > 64 {
        return Err(invalid("/fields", "too_many"));
    }
    if let Some(i) = new.fields.iter().position(|id| FieldId::parse(id).is_err()) {
        return Err(invalid(&format!("/fields/{i}"), "field_unknown"));
    }
    let from = parse_time(&new.from).ok_or_else(|| invalid("/from", "time"))?;
    let to = parse_time(&new.to).ok_or_else(|| invalid("/to", "time"))?;
    let longest = if proxy { LETTER_FOR } else { CHILDHOOD };
    if to <= from || to <= now || to.saturating_sub(from) > longest {
        return Err(invalid("/to", "out_of_bounds"));
    }
    Ok((from, to))
}

/// Whether that person may speak for the resident: a living adult, not the resident; a guardian of somebody under age.
async fn speaks(
    vault: &Vault,
    caller: &Caller,
    person: &Person,
    new: &NewMandate,
) -> Result<(), RegisterError> {
    let adult = person.age == AgeClass::Adult;
    match new.kind {
        MandateKind::Guardian if adult => return Err(invalid("/kind", "of_age")),
        MandateKind::Proxy if person.age == AgeClass::Under14 => return Err(invalid("/kind", "under_age")),
        // Who may not understand it gives no letter.
        MandateKind::Proxy if person.header.doubted => return Err(RegisterError::Conflict),
        _ => {}
    }
    let Some(other) = new.person else {
        let known = match new.staff {
            Some(staff) => vault.store.row(Table::People, staff.as_bytes()).await?.is_some(),
            None => true,
        };
        return if known { Ok(()) } else { Err(RegisterError::Unknown("/staff")) };
    };
    if other == person.id || new.staff.is_some() {
        return Err(invalid("/person", "somebody_else"));
    }
    let other = match Person::find(vault, caller, other).await {
        Err(RegisterError::Unknown(_)) => return Err(RegisterError::Unknown("/person")),
        found => found?,
    };
    if other.age != AgeClass::Adult || other.deceased || other.header.doubted {
        return Err(invalid("/person", "not_of_age"));
    }
    Ok(())
}

fn describe(entry: &mut Entry, person: &Person, id: Uuid, mandate: &Mandate) {
    entry.private.subject = subject(&person.header);
    entry.private.detail.insert("mandate", word(id.to_string()));
    entry.private.detail.insert("kind", word(mandate.kind.as_str()));
    entry.private.detail.insert("relation", word(mandate.relation.clone()));
    entry.private.detail.insert("proof", word(mandate.proof.clone()));
    if let Some(who) = mandate.person.or(mandate.staff) {
        entry.private.detail.insert("who", word(who.to_string()));
    }
    entry.private.detail.insert("to", Json::Int(mandate.to));
}
