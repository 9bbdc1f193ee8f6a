//! Recording consent events: by the resident, or by staff on the resident's word.

use gridvault_audit::{Kind, Subject, SubjectType};
use gridvault_policy::{Basis, FieldId, Purpose, RecordState, RecordType, Role, Tier};
use serde::Deserialize;
use uuid::Uuid;

use super::tasks::{header, invalid};
use super::{RegisterError, entry, word};
use crate::Vault;
use crate::authority::{ConsentBy, ConsentEvent, ConsentState, Header, standing};
use crate::clock::days;
use crate::identity::{Caller, Party};
use crate::store::Table;
use crate::trail::{Act, Change};

/// T3 and T4 are consented to for a year at most, T1 and T2 for two (domain rule after PIPL 19).
const SENSITIVE_FOR: i64 = days(365);
const ORDINARY_FOR: i64 = days(730);

/// How a consent may be expressed.
const METHODS: &[&str] =
    &["signature", "fingerprint_witnessed", "sms_code", "voice_recorded", "self_service"];

/// A consent event as it comes in.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConsent {
    /// For what.
    #[schemars(with = "crate::words::PurposeWord")]
    pub purpose: Purpose,
    /// Which fields; none said: all that the purpose's rules name.
    #[serde(default)]
    #[schemars(with = "Option<Vec<crate::words::StoredFieldWord>>", length(min = 1))]
    pub fields: Option<Vec<String>>,
    /// Given or withdrawn.
    pub state: ConsentState,
    /// How it was expressed.
    #[schemars(extend("enum" = METHODS))]
    pub method: String,
    /// The notice version it is given under.
    #[serde(default)]
    pub notice: Option<Uuid>,
}

/// Records a consent event of that resident; gives its id. The resident's own covers all its fields; one recorded by
/// staff (data steward, window clerk) opens T1 and T2 only. A withdrawal is obeyed by the next lookup.
pub async fn record_consent(
    vault: &Vault,
    caller: &Caller,
    resident: Uuid,
    new: NewConsent,
    request: &str,
) -> Result<Uuid, RegisterError> {
    let by = match caller.party() {
        Party::Resident(own) if *own == resident => ConsentBy::Resident,
        Party::Post(post) if matches!(post.assignment.role, Role::DataSteward | Role::WindowClerk) => {
            ConsentBy::Staff
        }
        _ => return Err(RegisterError::Forbidden),
    };
    let (rev, mut header) =
        header(vault, resident, RecordType::Person).await?.ok_or(RegisterError::Unknown("/id"))?;
    // What is frozen is only kept, and what is erased is not there.
    match header.state {
        RecordState::Frozen => return Err(RegisterError::Conflict),
        RecordState::Erased => return Err(RegisterError::Unknown("/id")),
        RecordState::Live | RecordState::Deceased => {}
    }
    if !METHODS.contains(&new.method.as_str()) {
        return Err(invalid("/method", "word_unknown"));
    }
    if let Some(notice) = new.notice
        && vault.store.row(Table::Notices, notice.as_bytes()).await?.is_none()
    {
        return Err(RegisterError::Unknown("/notice"));
    }
    let fields = fields(vault, new.purpose, new.fields.as_deref())?;
    if new.state == ConsentState::Given {
        super::factors::may_give(vault, caller, &fields, request).await?;
    }
    let now = caller.now();
    let events = events(vault, resident, &header).await?;
    // What the resident took back, only the resident gives again.
    let last = events.iter().rev().map(|(_, _, event)| event).find(|event| event.purpose == new.purpose);
    let withdrew = last.is_some_and(|e| e.state == ConsentState::Withdrawn && e.by == ConsentBy::Resident);
    if by == ConsentBy::Staff && new.state == ConsentState::Given && withdrew {
        return Err(RegisterError::Conflict);
    }
    if new.state == ConsentState::Withdrawn {
        let stands = standing(events.iter().map(|(id, seq, event)| (*id, *seq, event)), new.purpose, now);
        stands.map_err(|_| RegisterError::Conflict)?;
    }
    header.consents += 1;
    let sensitive = fields.iter().any(|field| field.tier() >= Tier::T3);
    let event = ConsentEvent {
        number: header.consents,
        purpose: new.purpose,
        fields: fields.iter().map(|field| field.as_str().to_owned()).collect(),
        state: new.state,
        method: new.method,
        by,
        notice: new.notice,
        at: now,
        until: now.saturating_add(if sensitive { SENSITIVE_FOR } else { ORDINARY_FOR }),
    };
    let id = Uuid::now_v7();
    let keys = &vault.keys;
    // The header counts the event in the same transaction: of two at once the second finds the header moved on.
    let change = Change::rows(vec![
        keys.row(Table::Consents, id.as_bytes(), 1, Some(resident.as_bytes()), &event)?,
        keys.row(
            Table::Records,
            resident.as_bytes(),
            rev + 1,
            header.place.as_ref().map(|p| &p.as_bytes()[..]),
            &header,
        )?,
    ]);
    let (kind, change) = match new.state {
        ConsentState::Given => (Kind::ConsentGiven, change),
        ConsentState::Withdrawn => (Kind::ConsentWithdrawn, change),
    };
    let mut entry = entry(kind, caller, request);
    entry.public.purpose = Some(new.purpose.as_str().into());
    entry.private.subject = header.tag_bytes().map(|tag| Subject {
        kind: SubjectType::Person,
        tag,
        place: None,
        also: Vec::new(),
    });
    entry.private.detail.insert("consent", word(id.to_string()));
    entry.private.detail.insert("method", word(event.method));
    vault.log.record(Act::new(&vault.keys, entry, change)).await?;
    Ok(id)
}

fn fields(vault: &Vault, purpose: Purpose, named: Option<&[String]>) -> Result<Vec<FieldId>, RegisterError> {
    let usable = vault.book.load().fields_of(purpose, Basis::Consent);
    if usable.is_empty() {
        return Err(invalid("/purpose", "purpose_has_no_fields"));
    }
    let Some(named) = named else { return Ok(usable) };
    if named.is_empty() || named.len() > 64 {
        return Err(invalid("/fields", "required"));
    }
    let mut fields = Vec::with_capacity(named.len());
    for (i, id) in named.iter().enumerate() {
        let field = FieldId::parse(id).ok().filter(|field| usable.contains(field));
        fields.push(field.ok_or_else(|| invalid(&format!("/fields/{i}"), "field_not_for_purpose"))?);
    }
    Ok(fields)
}

async fn events(
    vault: &Vault,
    resident: Uuid,
    header: &Header,
) -> Result<Vec<(Uuid, i64, ConsentEvent)>, RegisterError> {
    let rows = vault.store.children(Table::Consents, resident.as_bytes()).await?;
    let mut events: Vec<(Uuid, i64, ConsentEvent)> = rows
        .iter()
        .filter_map(|row| Some((Uuid::from_slice(&row.id).ok()?, row.seq, vault.keys.check(row)?)))
        .collect();
    events.sort_by_key(|(_, _, event)| event.number);
    if crate::records::consents_are_whole(header, &events) {
        Ok(events)
    } else {
        Err(RegisterError::Conflict)
    }
}
