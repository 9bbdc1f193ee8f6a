//! Keeping the register right: corrections by whom the rules let write, and by the data steward, who writes without reading.

use std::collections::BTreeMap;

use gridvault_audit::{Entry, Kind, RecordError};
use gridvault_policy::{Action, Basis, FieldId, Listing, Purpose, RecordType, Role};
use serde::Deserialize;
use uuid::Uuid;

use super::correct::{Correcting, corrected};
use super::proposals::{OfResident, ProposedCorrection, propose_resident};
use super::tasks::invalid;
use super::{Fresh, RegisterError, entry};
use crate::Vault;
use crate::clock::civil_date;
use crate::identity::{Capacity, identify};
use crate::lookup::{Ask, Decided, LookupError, Manner, decide_write};
use crate::records::{Wanted, values};
use crate::seal::Secret;
use crate::store::Table;
use crate::trail::{Act, Change};
use crate::vault::Nature;

/// Fields corrected at once.
const FIELDS: usize = 64;
/// How often it is decided anew because a right moved under it.
const TRIES: u32 = 4;

/// What is said of a resident now.
#[derive(Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    /// Values by field; null: no longer held.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Option<String>>", extend("propertyNames" = serde_json::json!({ "$ref": "#/components/schemas/StoredField" })))]
    pub fields: BTreeMap<String, Option<String>>,
    /// The home, where the resident has moved.
    #[serde(default)]
    pub premises: Option<Uuid>,
    /// What for; a data steward corrects for `data_quality`.
    #[serde(default)]
    #[schemars(with = "Option<crate::words::PurposeWord>")]
    pub purpose: Option<Purpose>,
    /// On what basis, where said.
    #[serde(default)]
    #[schemars(with = "Option<crate::words::BasisWord>")]
    pub basis: Option<Basis>,
    /// The task that it serves.
    #[serde(default)]
    pub task: Option<Uuid>,
    /// What it rests on (证据种类), a word.
    #[serde(default)]
    #[schemars(with = "Option<crate::words::Identifier>")]
    pub evidence: Option<String>,
}

/// The values of a request, each in its one spelling.
pub(super) fn spelled(
    vault: &Vault,
    kind: RecordType,
    fields: &BTreeMap<String, Option<String>>,
) -> Result<Vec<(FieldId, Option<Secret>)>, RegisterError> {
    if fields.len() > FIELDS {
        return Err(invalid("/fields", "too_many"));
    }
    let (synthetic, today) = (vault.nature == Nature::Synthetic, civil_date(vault.now()));
    let mut out = Vec::with_capacity(fields.len());
    for (id, text) in fields {
        // What is no field of ours is not repeated: it may be anything.
        let member =
            if crate::words::is_like_a_name(id) { format!("/fields/{id}") } else { "/fields".into() };
        let field = FieldId::parse(id).map_err(|unknown| invalid(&member, unknown.code()))?;
        if field.record() != kind || field.is_derived() {
            return Err(invalid(&member, "not_of_this_record"));
        }
        let required = ["person.name", "person.id_type", "person.id_no", "premises.code", "premises.address"];
        if text.is_none() && required.contains(&field.as_str()) {
            return Err(invalid(&member, "required"));
        }
        let value = match text {
            None => None,
            Some(text) => {
                let value = values::normalise(field, text, synthetic, today);
                Some(value.map_err(|error| invalid(&member, error.code))?.value)
            }
        };
        out.push((field, value));
    }
    Ok(out)
}

/// Corrects a resident's record. Whether a value was held already is not told: it is no question to be asked by writing. Another
/// ID number is a proposal where a worker says it, whose id comes back: else the record would tell whether it was taken.
pub async fn correct_resident(
    vault: &Vault,
    token: &Secret,
    capacity: Capacity,
    id: Uuid,
    correction: &Correction,
    request: &str,
) -> Result<Option<Uuid>, RegisterError> {
    let fields = spelled(vault, RecordType::Person, &correction.fields)?;
    if fields.is_empty() && correction.premises.is_none() {
        return Err(invalid("/fields", "required"));
    }
    evidence(correction.evidence.as_deref())?;
    for _ in 0..TRIES {
        match resident(vault, (token, capacity), id, correction, &fields, request).await {
            Err(RegisterError::Unrecorded(RecordError::Stale)) => {}
            done => return done,
        }
    }
    Err(RegisterError::Unrecorded(RecordError::Stale))
}

async fn resident(
    vault: &Vault,
    (token, capacity): (&Secret, Capacity),
    id: Uuid,
    correction: &Correction,
    fields: &[(FieldId, Option<Secret>)],
    request: &str,
) -> Result<Option<Uuid>, RegisterError> {
    let caller = identify(vault, token, capacity).await?;
    let lookup = match caller.role() {
        Role::DataSteward => None,
        _ => Some(allowed(vault, (token, capacity), id, correction, fields, request).await?),
    };
    let row = vault.store.row(Table::Records, id.as_bytes()).await?.ok_or(RegisterError::Unknown("/id"))?;
    let header: Option<crate::authority::Header> = vault.keys.check(&row);
    let person = header.filter(|header| header.kind == RecordType::Person);
    person.ok_or(RegisterError::Unknown("/id"))?;
    if let Some(home) = correction.premises {
        super::tasks::header(vault, home, RecordType::Premises)
            .await?
            .ok_or(RegisterError::Unknown("/premises"))?;
    }
    if lookup.is_none()
        && let Some(other) = other_holder(vault, id, fields).await?
    {
        return Err(collided(vault, entry(Kind::ResidentCorrected, &caller, request), other).await);
    }
    let envelopes = vault.store.envelopes(&[id.as_bytes()]).await?;
    let envelopes = envelopes.first().ok_or(RegisterError::Conflict)?;
    let correcting =
        Correcting { row: &row, envelopes, fields, place: correction.premises, cells: &[], found: false };
    let corrected = corrected(vault, &correcting)?;
    let (mut entry, expect) = match lookup {
        None => (entry(Kind::ResidentCorrected, &caller, request), None),
        Some(lookup) if fields.iter().any(|(field, _)| field.as_str() == "person.id_no") => {
            let proposed =
                OfResident::Correction(ProposedCorrection::of(&row, correction, corrected.as_ref()));
            return propose_resident(vault, &caller, proposed, Fresh::plain(), &lookup).await.map(Some);
        }
        Some(lookup) => {
            let (entry, expect) = lookup.written(Kind::ResidentCorrected);
            (entry, Some(expect))
        }
    };
    let change = match corrected {
        Some(corrected) => {
            corrected.describe(&mut entry);
            corrected.change
        }
        None => Change::none(),
    };
    say_evidence(&mut entry, correction.evidence.as_deref());
    vault.log.record(Act::new(&vault.keys, entry, Change { expect, ..change })).await?;
    Ok(None)
}

/// The decision that lets a worker write so; a refusal is on record before it is answered.
async fn allowed(
    vault: &Vault,
    (token, capacity): (&Secret, Capacity),
    id: Uuid,
    correction: &Correction,
    fields: &[(FieldId, Option<Secret>)],
    request: &str,
) -> Result<crate::permit::Lookup, RegisterError> {
    let mut asked: Vec<FieldId> = fields.iter().map(|(field, _)| *field).collect();
    if correction.premises.is_some() {
        let home = FieldId::parse("person.residence_premises").map_err(|_| invalid("/premises", "field"))?;
        asked.push(home);
    }
    let manner = Manner { action: Action::Write, ..Manner::VIEW };
    let ask = ask(id, asked, correction, manner, request);
    let wanted = Wanted { kind: RecordType::Person, id, task: correction.task };
    let Decided { lookup, allowed, unknown, .. } = decide_write(vault, token, capacity, wanted, &ask).await?;
    if allowed { Ok(lookup) } else { Err(refused(vault, lookup, unknown).await) }
}

pub(super) fn evidence(word: Option<&str>) -> Result<(), RegisterError> {
    match word {
        Some(word) if !crate::words::is_identifier(word) => Err(invalid("/evidence", "identifier")),
        _ => Ok(()),
    }
}

pub(super) fn say_evidence(entry: &mut gridvault_audit::Entry, evidence: Option<&str>) {
    if let Some(evidence) = evidence {
        entry.private.detail.insert("evidence", super::word(evidence));
    }
}

pub(super) fn ask(
    record: Uuid,
    fields: Vec<FieldId>,
    correction: &Correction,
    manner: Manner,
    request: &str,
) -> Ask {
    debug_assert!(manner.listing != Some(Listing::Many));
    Ask {
        kind: RecordType::Person,
        record,
        fields,
        purpose: correction.purpose.unwrap_or(Purpose::DataQuality),
        basis: correction.basis.map(|basis| (basis, None)),
        task: correction.task,
        manner,
        request: request.to_owned(),
    }
}

/// A refusal of the rules, on record before it is answered.
pub(super) async fn refused(vault: &Vault, lookup: crate::permit::Lookup, unknown: bool) -> RegisterError {
    let denied = lookup.decision().fields().iter().find_map(|f| Some((f.rule(), f.reason()?)));
    match vault.log.record(lookup).await {
        Err(error) => error.into(),
        Ok(_) if unknown => RegisterError::Unknown("/id"),
        Ok(_) => match denied {
            Some((rule, reason)) => RegisterError::Denied { rule, reason },
            None => RegisterError::Forbidden,
        },
    }
}

impl From<LookupError> for RegisterError {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::Unidentified(error) => error.into(),
            LookupError::Unrecorded(error) => error.into(),
            LookupError::Store(error) => Self::Store(error),
            LookupError::Seal(error) => Self::Seal(error),
            LookupError::Refused(..) | LookupError::TooMany(..) => Self::Forbidden,
            LookupError::Moving | LookupError::Outdated => Self::Unrecorded(RecordError::Stale),
        }
    }
}

/// Another record that holds the ID number among these fields.
async fn other_holder(
    vault: &Vault,
    id: Uuid,
    fields: &[(FieldId, Option<Secret>)],
) -> Result<Option<Uuid>, RegisterError> {
    let number = fields.iter().find(|(field, _)| field.as_str() == "person.id_no");
    let Some((field, Some(value))) = number else { return Ok(None) };
    let Some(term) = vault.keys.value_term(*field, value) else { return Ok(None) };
    let holders = vault.store.holders(field.number(), &term, 2).await?;
    Ok(holders.iter().filter_map(|holder| Uuid::from_slice(holder).ok()).find(|holder| *holder != id))
}

/// Two records with one number: nothing is written, and that the steward learnt it is a finding.
async fn collided(vault: &Vault, mut entry: Entry, other: Uuid) -> RegisterError {
    entry.public.kind = Kind::FindingRaised;
    entry.private.detail.insert("code", super::word("same_person"));
    entry.private.detail.insert("other", super::word(other.to_string()));
    match vault.log.record(Act::new(&vault.keys, entry, Change::none())).await {
        Ok(_) => RegisterError::Conflict,
        Err(error) => error.into(),
    }
}
