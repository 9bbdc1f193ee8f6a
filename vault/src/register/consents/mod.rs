//! Recording consent events: by who speaks, signed in, or by staff on that word; each with what it rests on.

mod checks;
mod confirm;
mod person;
mod read;

use gridvault_audit::{Entry, Json, Kind};
use gridvault_policy::{AgeClass, Basis, FieldId, Purpose, Reason, RecordType, Tier};
use serde::Deserialize;
use uuid::Uuid;

pub(super) use checks::works_near;
pub use confirm::{Confirming, confirm_consent, confirm_own, consent_code, invalidate_consent};
pub use person::{Held, Person};
pub use read::{Reading, consent_held, consents_of};

use super::correct::subject;
use super::dues::owe;
use super::findings::finding;
use super::tasks::invalid;
use super::{RegisterError, entry, word};
use crate::Vault;
use crate::authority::{
    ConsentBy, ConsentEvent, ConsentKind, ConsentState, Speaker, Why, effective_tier, standing,
};
use crate::clock::{civil_date, days, parse_time};
use crate::identity::{Caller, Party};
use crate::store::{Row, Table};
use crate::trail::{Act, Change};

/// T3 and T4 are consented to for a year at most, T1 and T2 for two (domain rule after PIPL 19).
const SENSITIVE_FOR: i64 = days(365);
const ORDINARY_FOR: i64 = days(730);
/// What staff recorded in a resident's name, the resident is told within so many days.
const TOLD_WITHIN: i64 = days(7);

/// How a consent may be expressed.
const METHODS: &[&str] =
    &["signature", "fingerprint_witnessed", "sms_code", "voice_recorded", "self_service"];

/// A consent event as it comes in.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConsent {
    /// For what: one purpose (PIPL 14, 29).
    #[schemars(with = "crate::words::PurposeWord")]
    pub purpose: Purpose,
    /// Which fields; none said: all that the purpose's rules name.
    #[serde(default)]
    #[schemars(with = "Option<Vec<crate::words::StoredFieldWord>>", length(min = 1))]
    pub fields: Option<Vec<String>>,
    /// What is said.
    #[schemars(with = "SaidWord")]
    pub state: ConsentState,
    /// How it was expressed.
    #[schemars(extend("enum" = METHODS))]
    pub method: String,
    /// The notice version it is given under; none said: the newest in force that speaks of the purpose.
    #[serde(default)]
    pub notice: Option<Uuid>,
    /// What kind it is; T3 and T4 need a separate one. Said of nothing but a yes.
    #[serde(default)]
    pub basis_kind: Option<ConsentKind>,
    /// Until when, where it is to end before its time.
    #[serde(default)]
    #[schemars(with = "Option<crate::words::When>")]
    pub until: Option<String>,
    /// Who speaks; none said: the resident.
    #[serde(default)]
    pub expressed_by: Option<SpeakerSaid>,
    /// Who witnessed it: a member of staff other than who records it, or another resident.
    #[serde(default)]
    pub witness: Option<Uuid>,
    /// SHA-256 of the signed sheet or of the recording, hex; a separate consent has its own.
    #[serde(default)]
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    pub evidence: Option<String>,
}

/// The words of a consent event that may be said from outside.
#[derive(schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ConsentSaid")]
#[expect(dead_code, reason = "described, never made")]
enum SaidWord {
    Requested,
    Given,
    Refused,
    Deferred,
    Withdrawn,
    Renewed,
}

/// Who speaks for the resident.
#[derive(Clone, Copy, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpeakerSaid {
    /// In what capacity.
    pub kind: SpeakerKind,
    /// By which mandate, of a guardian or a proxy.
    #[serde(default)]
    pub mandate: Option<Uuid>,
}

/// In what capacity somebody speaks.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpeakerKind {
    /// The resident.
    Subject,
    /// A guardian.
    Guardian,
    /// A proxy.
    Proxy,
}

impl NewConsent {
    /// An event with nothing more than what must be said.
    pub fn new(purpose: Purpose, state: ConsentState, method: &str) -> Self {
        Self {
            purpose,
            fields: None,
            state,
            method: method.to_owned(),
            notice: None,
            basis_kind: None,
            until: None,
            expressed_by: None,
            witness: None,
            evidence: None,
        }
    }
}

/// Records a consent event of that resident; gives its id. Who speaks signed in opens all its fields; what staff (data
/// steward, window clerk, a grid worker with an open task that names the resident) record opens T1 and T2 only, until it is
/// confirmed from outside. A withdrawal is obeyed by the next lookup.
pub async fn record_consent(
    vault: &Vault,
    caller: &Caller,
    resident: Uuid,
    new: NewConsent,
    request: &str,
) -> Result<Uuid, RegisterError> {
    let person = Person::find(vault, caller, resident).await?;
    let by = person.recorder(caller)?;
    person.in_use()?;
    let speaker = person.speaker(caller, by, new.expressed_by)?;
    let held = person.held()?;
    well_formed(&new, by)?;
    let refused = async |reason| refuse(vault, caller, &person, new.purpose, reason, request).await;
    let asks = new.state.agrees() || new.state == ConsentState::Requested;
    if new.state.agrees()
        && let Some(reason) = person.may_agree(speaker)
    {
        return Err(refused(reason).await);
    }
    if let Some(reason) = checks::conflict(vault, caller, &person, speaker, new.state).await? {
        return Err(refused(reason).await);
    }
    let (notice, stale) = checks::notice(vault, caller, &person, &new, by).await?;
    if asks && stale {
        return Err(refused(Reason::NoticeStale).await);
    }
    let fields = fields(vault, &person, &new, speaker, notice.filter(|_| asks))?;
    let sensitive = fields.iter().any(|field| effective_tier(*field, person.age) >= Tier::T3);
    let basis_kind = kind(&new, by);
    if new.state.agrees() && sensitive && new.fields.is_some() && new.basis_kind == Some(ConsentKind::General)
    {
        return Err(refused(Reason::NeedsSeparate).await);
    }
    checks::evidence(&new, by, basis_kind, &held.events)?;
    checks::witness(vault, caller, &person, &new).await?;
    if by == ConsentBy::Staff && asks && checks::cooling_off(&held.events, new.purpose, caller.now()) {
        let mut pestered = finding(caller, "cool_off", request);
        describe(&mut pestered, &person, new.purpose);
        vault.log.record(Act::new(&vault.keys, pestered, Change::none())).await?;
        return Err(RegisterError::Conflict);
    }
    checks::follows(vault, caller, &person, &held.events, &new, by)?;
    let longest = if sensitive { SENSITIVE_FOR } else { ORDINARY_FOR };
    let event = ConsentEvent {
        number: person.header.consents + 1,
        prev: held.last.clone(),
        purpose: new.purpose,
        fields: fields.iter().map(|field| field.as_str().to_owned()).collect(),
        basis_kind,
        state: new.state,
        of: None,
        method: new.method,
        speaker,
        by,
        staff: caller.post().filter(|_| by == ConsentBy::Staff).map(|post| (post.assignment.person, post.id)),
        witness: new.witness,
        evidence: new.evidence,
        notice,
        at: caller.now(),
        until: until(new.until.as_deref(), caller.now(), longest)?,
    };
    append(vault, caller, &person, event, request).await
}

/// Adds an event behind the others, and what follows from it: who has to be told, and what is to be erased.
async fn append(
    vault: &Vault,
    caller: &Caller,
    person: &Person,
    event: ConsentEvent,
    request: &str,
) -> Result<Uuid, RegisterError> {
    let id = Uuid::now_v7();
    let keys = &vault.keys;
    let mut rows = vec![keys.row(Table::Consents, id.as_bytes(), 1, Some(person.id.as_bytes()), &event)?];
    // The header counts the event in the same transaction: of two at once the second finds the header moved on.
    rows.push(person.counted(vault)?);
    rows.extend(told(vault, person, &event, id)?);
    let mut said = entry(entry_kind(event.state), caller, request);
    describe(&mut said, person, event.purpose);
    said.private.detail.insert("consent", word(id.to_string()));
    said.private.detail.insert("number", Json::Int(i64::from(event.number)));
    said.private.detail.insert("state", word(event.state.as_str()));
    said.private.detail.insert("method", word(event.method.clone()));
    said.private.detail.insert("speaker", word(event.speaker.as_str()));
    let words = [
        ("of", event.of.map(|of| of.to_string())),
        ("mandate", event.speaker.mandate().map(|mandate| mandate.to_string())),
        ("witness", event.witness.map(|witness| witness.to_string())),
        ("evidence", event.evidence.clone()),
        ("notice", event.notice.map(|notice| notice.to_string())),
    ];
    for (name, value) in words {
        if let Some(value) = value {
            said.private.detail.insert(name, word(value));
        }
    }
    let mut acts = vec![Act::new(keys, said, Change::rows(rows))];
    if matches!(event.state, ConsentState::Withdrawn | ConsentState::Invalidated) {
        acts.extend(to_erase(vault, caller, person, &event, request));
    }
    vault.log.record_all(acts).await?;
    Ok(id)
}

/// Rows that say who has to be told: the resident of what staff recorded; of T4 of 14 to 17 the guardians too.
fn told(vault: &Vault, person: &Person, event: &ConsentEvent, id: Uuid) -> Result<Vec<Row>, RegisterError> {
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
fn to_erase(
    vault: &Vault,
    caller: &Caller,
    person: &Person,
    ended: &ConsentEvent,
    request: &str,
) -> Option<Act> {
    let book = vault.book.load();
    let other_basis = |field: FieldId| {
        Purpose::ALL.iter().any(|purpose| {
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
    let fields = ended.fields.iter().filter_map(|id| FieldId::parse(id).ok());
    let rest: Vec<Json> = fields
        .filter(|field| field.record() == RecordType::Person)
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

fn describe(entry: &mut Entry, person: &Person, purpose: Purpose) {
    entry.public.purpose = Some(purpose.as_str().into());
    entry.private.subject = subject(&person.header);
}

/// Enters that a consent for that purpose was refused, and gives the refusal.
async fn refuse(
    vault: &Vault,
    caller: &Caller,
    person: &Person,
    purpose: Purpose,
    reason: Reason,
    request: &str,
) -> RegisterError {
    let mut refused = entry(Kind::AuthRefused, caller, request);
    describe(&mut refused, person, purpose);
    refused.private.detail.insert("door", word("consents"));
    entered(vault, refused, reason).await
}

/// Likewise, of what is for no purpose.
pub(super) async fn refused(
    vault: &Vault,
    caller: &Caller,
    person: &Person,
    door: &'static str,
    reason: Reason,
    request: &str,
) -> RegisterError {
    let mut refused = entry(Kind::AuthRefused, caller, request);
    refused.private.subject = subject(&person.header);
    refused.private.detail.insert("door", word(door));
    entered(vault, refused, reason).await
}

async fn entered(vault: &Vault, mut refused: Entry, reason: Reason) -> RegisterError {
    refused.public.result = Some(gridvault_audit::ResultWord::Denied);
    refused.public.reason = Some(reason.as_str().into());
    match vault.log.record(Act::new(&vault.keys, refused, Change::none())).await {
        Ok(_) => RegisterError::Denied { rule: gridvault_policy::RuleId::NONE, reason },
        Err(error) => error.into(),
    }
}

fn entry_kind(state: ConsentState) -> Kind {
    match state {
        ConsentState::Requested => Kind::ConsentRequested,
        // A confirmation is the giving of what was held back.
        ConsentState::Given | ConsentState::Confirmed => Kind::ConsentGiven,
        ConsentState::Refused => Kind::ConsentRefused,
        ConsentState::Deferred => Kind::ConsentDeferred,
        ConsentState::Withdrawn => Kind::ConsentWithdrawn,
        ConsentState::Renewed => Kind::ConsentRenewed,
        ConsentState::Invalidated => Kind::ConsentInvalidated,
    }
}

fn well_formed(new: &NewConsent, by: ConsentBy) -> Result<(), RegisterError> {
    let claimed = new.method == "self_service" && by == ConsentBy::Staff;
    if !METHODS.contains(&new.method.as_str()) || claimed {
        return Err(invalid("/method", "word_unknown"));
    }
    if matches!(new.state, ConsentState::Confirmed | ConsentState::Invalidated) {
        return Err(invalid("/state", "word_unknown"));
    }
    let is_digest = |text: &str| text.len() == 64 && data_encoding::HEXLOWER.decode(text.as_bytes()).is_ok();
    if new.evidence.as_deref().is_some_and(|text| !is_digest(text)) {
        return Err(invalid("/evidence", "sha256"));
    }
    Ok(())
}

/// What a signed-in speaker says of one purpose is a consent of its own; staff say what was signed.
fn kind(new: &NewConsent, by: ConsentBy) -> ConsentKind {
    match by {
        ConsentBy::Resident => ConsentKind::Separate,
        ConsentBy::Staff => new.basis_kind.unwrap_or_default(),
    }
}

fn until(said: Option<&str>, now: i64, longest: i64) -> Result<i64, RegisterError> {
    let most = now.saturating_add(longest);
    let Some(said) = said else { return Ok(most) };
    let until = parse_time(said).ok_or_else(|| invalid("/until", "time"))?;
    if until <= now || until > most { Err(invalid("/until", "out_of_bounds")) } else { Ok(until) }
}

/// The fields consented to: of those that the purpose's rules name on consent, within the notice and the mandate.
fn fields(
    vault: &Vault,
    person: &Person,
    new: &NewConsent,
    speaker: Speaker,
    notice: Option<Uuid>,
) -> Result<Vec<FieldId>, RegisterError> {
    let usable = vault.book.load().fields_of(new.purpose, Basis::Consent);
    if usable.is_empty() {
        return Err(invalid("/purpose", "purpose_has_no_fields"));
    }
    let notices = vault.notices();
    let told = notice.and_then(|id| notices.find(id)).map(|notice| notice.fields.as_slice());
    let told = told.filter(|fields| !fields.is_empty());
    let mandate = speaker.mandate().and_then(|id| person.mandate(id));
    let why_not = |field: &FieldId| {
        if !usable.contains(field) {
            return Some("field_not_for_purpose");
        }
        if told.is_some_and(|told| !told.iter().any(|id| id == field.as_str())) {
            return Some("not_in_notice");
        }
        mandate.filter(|mandate| !mandate.covers(field.as_str())).map(|_| "not_in_mandate")
    };
    let Some(named) = &new.fields else {
        let all: Vec<FieldId> = usable.iter().filter(|field| why_not(field).is_none()).copied().collect();
        return if all.is_empty() { Err(invalid("/fields", "required")) } else { Ok(all) };
    };
    if named.is_empty() || named.len() > 64 {
        return Err(invalid("/fields", "required"));
    }
    let mut fields = Vec::with_capacity(named.len());
    for (i, id) in named.iter().enumerate() {
        let field = FieldId::parse(id).map_err(|_| "field_not_for_purpose");
        let field = field.and_then(|field| why_not(&field).map_or(Ok(field), Err));
        fields.push(field.map_err(|code| invalid(&format!("/fields/{i}"), code))?);
    }
    Ok(fields)
}

/// Whether the caller acts in a post.
fn in_post(caller: &Caller) -> bool {
    matches!(caller.party(), Party::Post(_))
}
