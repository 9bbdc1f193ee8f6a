//! Reading consents: all of it for who keeps or oversees them and for the resident; for other staff how it stands, by purpose.

use gridvault_policy::{Basis, Facts, FieldId, Purpose, RecordType, Role};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Held, Person};
use crate::Vault;
use crate::authority::{ConsentBy, ConsentEvent, Mandate, standing};
use crate::clock::rfc3339;
use crate::identity::{Caller, Party};
use crate::register::RegisterError;

/// How much of a person's consents somebody may read.
pub enum Reading {
    /// Everything.
    Whole,
    /// How it stands for these purposes.
    Standing(Vec<Purpose>),
}

impl Reading {
    /// What that caller may read of that person; refused alike where there is nobody.
    pub fn of(vault: &Vault, caller: &Caller, person: &Person) -> Result<Self, RegisterError> {
        let keeps = match caller.party() {
            Party::Resident(own) => *own == person.id || person.spoken_for_by(*own, caller.now()).is_some(),
            Party::Service { .. } => false,
            Party::Post(_) => match caller.role() {
                Role::DataSteward | Role::PrivacyOfficer => true,
                Role::WindowClerk => person.named_by_own_task,
                _ => false,
            },
        };
        if keeps {
            return Ok(Self::Whole);
        }
        let Party::Post(post) = caller.party() else { return Err(RegisterError::Unknown("/id")) };
        let post = &post.assignment;
        let relation = person.relation(vault, post, caller.now());
        let book = vault.book.load();
        let knows = |purpose: &&Purpose| {
            let blank = Facts::unproven(post.role, RecordType::Person, **purpose);
            let facts = Facts { department: post.department, relation, ..blank };
            let of_consent = !book.fields_of(**purpose, Basis::Consent).is_empty();
            of_consent && book.reaches(&facts)
        };
        let purposes: Vec<Purpose> = Purpose::ALL.iter().filter(knows).copied().collect();
        if purposes.is_empty() { Err(RegisterError::Unknown("/id")) } else { Ok(Self::Standing(purposes)) }
    }
}

/// The consents as they stand by purpose; and, read whole, every event and who speaks for the person.
pub fn consents_of(person: &Person, reading: &Reading, at: i64) -> Result<Value, RegisterError> {
    let held = person.held()?;
    let now = person.circumstances(&held.notices);
    let mut said: Vec<Purpose> = held.events.iter().map(|(_, _, event)| event.purpose).collect();
    said.sort_unstable();
    said.dedup();
    if let Reading::Standing(purposes) = reading {
        let state = |purpose: &Purpose| {
            let stands = standing(held.in_order(), *purpose, &now, at);
            json!({ "purpose": purpose.as_str(), "state": stands.present.as_str() })
        };
        return Ok(json!({ "consents": purposes.iter().map(state).collect::<Vec<_>>() }));
    }
    let whole = |purpose: &Purpose| stands_json(&held, person, *purpose, at);
    let events = held.in_order().map(|(id, seq, event)| event_json(id, seq, event));
    let mandates = person.mandates.iter().map(|(id, mandate)| mandate_json(*id, mandate, at));
    Ok(json!({
        "consents": said.iter().map(whole).collect::<Vec<_>>(),
        "events": events.collect::<Vec<_>>(),
        "mandates": mandates.collect::<Vec<_>>(),
        "doubted": person.header.doubted,
    }))
}

/// A consent event with the person it is about, for who may read it whole or recorded it.
pub async fn consent_held(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
) -> Result<(Person, i64, ConsentEvent), RegisterError> {
    let (resident, _) = super::confirm::consent(vault, id).await?;
    let unknown = || RegisterError::Unknown("/id");
    let person = Person::find(vault, caller, resident).await.map_err(|error| match error {
        RegisterError::Forbidden => unknown(),
        other => other,
    })?;
    let held = person.held()?;
    let found = held.in_order().find(|(event, _, _)| *event == id);
    let (seq, event) = found.map(|(_, seq, event)| (seq, event.clone())).ok_or_else(unknown)?;
    let recorder = event.staff.is_some_and(|(recorder, _)| recorder == caller.holder().id());
    let whole = matches!(Reading::of(vault, caller, &person), Ok(Reading::Whole));
    if recorder || whole { Ok((person, seq, event)) } else { Err(unknown()) }
}

fn stands_json(held: &Held, person: &Person, purpose: Purpose, at: i64) -> Value {
    let now = person.circumstances(&held.notices);
    let stands = standing(held.in_order(), purpose, &now, at);
    let mut out = json!({ "purpose": purpose.as_str(), "state": stands.present.as_str(), "confirmed": stands.confirmed });
    let Some(members) = out.as_object_mut() else { return out };
    if let Some((id, _, event)) = stands.event {
        let fields = event.fields.iter().filter_map(|id| FieldId::parse(id).ok());
        let (open, held_back): (Vec<FieldId>, Vec<FieldId>) =
            fields.partition(|field| stands.refuses(*field).is_none());
        let names = |fields: &[FieldId]| fields.iter().map(|field| field.as_str()).collect::<Vec<_>>();
        members.insert("event".into(), json!(id));
        members.insert("fields".into(), json!(names(&open)));
        members.insert("held_back".into(), json!(names(&held_back)));
        members.insert("until".into(), rfc3339(event.until).into());
    }
    if let Some(why) = stands.why {
        let words = json!({ "code": why.as_str(), "zh": why.zh(), "en": why.en() });
        members.insert("reason".into(), words);
    }
    out
}

fn event_json(id: Uuid, seq: i64, event: &ConsentEvent) -> Value {
    let mut out = json!({
        "id": id, "number": event.number, "entry": seq, "purpose": event.purpose.as_str(),
        "fields": event.fields, "state": event.state.as_str(), "basis_kind": event.basis_kind.as_str(),
        "method": event.method, "expressed_by": event.speaker.as_str(),
        "recorded_by": if event.by == ConsentBy::Staff { "staff" } else { "self" },
        "at": rfc3339(event.at), "until": rfc3339(event.until),
    });
    let more = [("of", event.of), ("notice", event.notice), ("mandate", event.speaker.mandate())];
    for (name, value) in more {
        if let (Some(value), Some(out)) = (value, out.as_object_mut()) {
            out.insert(name.into(), json!(value));
        }
    }
    out
}

fn mandate_json(id: Uuid, mandate: &Mandate, at: i64) -> Value {
    let mut out = json!({
        "id": id, "kind": mandate.kind.as_str(), "relation": mandate.relation, "proof": mandate.proof,
        "purposes": mandate.purposes.iter().map(|purpose| purpose.as_str()).collect::<Vec<_>>(),
        "fields": mandate.fields, "from": rfc3339(mandate.from), "to": rfc3339(mandate.to),
        "confirmed": mandate.confirmed.is_some(), "live": mandate.live(at),
    });
    if let (Some(person), Some(out)) = (mandate.person, out.as_object_mut()) {
        out.insert("person".into(), json!(person));
    }
    out
}
