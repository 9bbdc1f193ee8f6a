//! Recording consent events: by who speaks, signed in, or by staff on that word; each with what it rests on.

mod after;
mod checks;
mod confirm;
mod entries;
mod person;
mod read;
mod said;

use gridvault_audit::Json;
use gridvault_policy::{Basis, FieldId, Reason, Tier};
use uuid::Uuid;

use self::after::{to_erase, told};
pub(super) use self::checks::works_near;
pub use self::confirm::{Confirming, confirm_consent, confirm_own, consent_code, invalidate_consent};
pub(super) use self::entries::refused;
use self::entries::{describe, entry_kind, refuse};
pub use self::person::{Held, Person};
pub use self::read::{Reading, consent_held, consents_of};
pub use self::said::NewConsent;
use self::said::{METHODS, kind, until, well_formed};
use self::said::{SpeakerKind, SpeakerSaid};
use super::factors;
use super::findings::finding;
use super::tasks::invalid;
use super::{RegisterError, entry, word};
use crate::Vault;
use crate::authority::{ConsentBy, ConsentEvent, ConsentKind, ConsentState, Speaker, effective_tier};
use crate::clock::days;
use crate::identity::Caller;
use crate::store::Table;
use crate::trail::{Act, Change};

/// T3 and T4 are consented to for a year at most, T1 and T2 for two (domain rule after PIPL 19).
const SENSITIVE_FOR: i64 = days(365);
const ORDINARY_FOR: i64 = days(730);

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
    let speaker = person.speaker(caller, by, new.expressed_by, new.purpose)?;
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
    if new.state.agrees() {
        factors::may_give(vault, caller, &fields, request).await?;
    }
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
        // What is made from fields is covered by these.
        let covered = |covers: &dyn Fn(&str) -> bool| {
            covers(field.as_str())
                || field.is_derived() && field.inputs().iter().all(|input| covers(input.as_str()))
        };
        if told.is_some_and(|told| !covered(&|id| told.iter().any(|field| field == id))) {
            return Some("not_in_notice");
        }
        mandate.filter(|mandate| !covered(&|id| mandate.covers(id))).map(|_| "not_in_mandate")
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
