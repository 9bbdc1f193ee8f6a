//! Keeping the register right: corrections by whom the rules let write, and by the data steward, who writes without reading.

use std::collections::BTreeMap;

use gridvault_audit::{Json, Kind, RecordError};
use gridvault_policy::{Action, Basis, FieldId, Listing, Purpose, RecordType, Role, Scheme};
use serde::Deserialize;
use uuid::Uuid;

use super::correct::{Correcting, corrected};
use super::tasks::invalid;
use super::{Fresh, RegisterError, entry};
use crate::Vault;
use crate::authority::Move;
use crate::clock::{civil_date, parse_time};
use crate::identity::{Caller, Capacity, identify};
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

/// What is said of a premises now.
#[derive(Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PremisesCorrection {
    /// Values by field; null: no longer held.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Option<String>>", extend("propertyNames" = serde_json::json!({ "$ref": "#/components/schemas/StoredField" })))]
    pub fields: BTreeMap<String, Option<String>>,
    /// The cell that it goes over to, by scheme.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>", extend("propertyNames" = serde_json::json!({ "$ref": "#/components/schemas/Scheme" })))]
    pub cells: BTreeMap<Scheme, String>,
    /// From when it lies there; at once where nothing is said.
    #[serde(default)]
    #[schemars(with = "Option<crate::words::When>")]
    pub from: Option<String>,
    /// What it rests on, a word.
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

/// Corrects a resident's record. Whether a value was held already is not told: it is no question to be asked by writing.
pub async fn correct_resident(
    vault: &Vault,
    token: &Secret,
    capacity: Capacity,
    id: Uuid,
    correction: &Correction,
    request: &str,
) -> Result<(), RegisterError> {
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
) -> Result<(), RegisterError> {
    let caller = identify(vault, token, capacity).await?;
    let (mut entry, expect) = if caller.role() == Role::DataSteward {
        (entry(Kind::ResidentCorrected, &caller, request), None)
    } else {
        let mut asked: Vec<FieldId> = fields.iter().map(|(field, _)| *field).collect();
        if correction.premises.is_some() {
            let home =
                FieldId::parse("person.residence_premises").map_err(|_| invalid("/premises", "field"))?;
            asked.push(home);
        }
        let manner = Manner { action: Action::Write, ..Manner::VIEW };
        let ask = ask(id, asked, correction, manner, request);
        let wanted = Wanted { kind: RecordType::Person, id, task: correction.task };
        let Decided { lookup, allowed, unknown, .. } =
            decide_write(vault, token, capacity, wanted, &ask).await?;
        if !allowed {
            return Err(refused(vault, lookup, unknown).await);
        }
        let (entry, expect) = lookup.written(Kind::ResidentCorrected);
        (entry, Some(expect))
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
    let envelopes = vault.store.envelopes(&[id.as_bytes()]).await?;
    let envelopes = envelopes.first().ok_or(RegisterError::Conflict)?;
    let correcting = Correcting { row: &row, envelopes, fields, place: correction.premises, cells: &[] };
    let change = match corrected(vault, &correcting)? {
        Some(corrected) => {
            corrected.describe(&mut entry);
            corrected.change
        }
        None => Change::none(),
    };
    say_evidence(&mut entry, correction.evidence.as_deref());
    vault.log.record(Act::new(&vault.keys, entry, Change { expect, ..change })).await?;
    Ok(())
}

/// A resident not held yet.
#[derive(Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Newcomer {
    /// Values by field.
    #[schemars(extend("propertyNames" = serde_json::json!({ "$ref": "#/components/schemas/StoredField" })))]
    pub fields: BTreeMap<String, String>,
    /// The home.
    pub premises: Uuid,
    /// The notice that the resident was given; none: not informed, and counted so.
    #[serde(default)]
    pub notice: Option<Uuid>,
    /// What for; a data steward collects for `data_quality`.
    #[serde(default)]
    #[schemars(with = "Option<crate::words::PurposeWord>")]
    pub purpose: Option<Purpose>,
    /// On what basis, where said.
    #[serde(default)]
    #[schemars(with = "Option<crate::words::BasisWord>")]
    pub basis: Option<Basis>,
    /// The task that it serves, which names the home.
    #[serde(default)]
    pub task: Option<Uuid>,
}

/// What became of a newcomer.
#[derive(Clone, Copy, Debug)]
pub enum Collected {
    /// Held from now on.
    Made(Uuid),
    /// Proposed: a data steward, who may know who is held already, confirms it.
    Proposed(Uuid),
}

/// Collects a resident. What a worker registers is a proposal, known or not: it is no question to be asked by writing.
pub async fn collect_resident(
    vault: &Vault,
    token: &Secret,
    capacity: Capacity,
    new: &Newcomer,
    fresh: Fresh,
    request: &str,
) -> Result<Collected, RegisterError> {
    let given = new.fields.iter().map(|(id, text)| (id.clone(), Some(text.clone()))).collect();
    let fields = spelled(vault, RecordType::Person, &given)?;
    let fields: Vec<(FieldId, Secret)> = fields.into_iter().filter_map(|(f, v)| Some((f, v?))).collect();
    for must in ["person.name", "person.id_type", "person.id_no"] {
        if !fields.iter().any(|(field, _)| field.as_str() == must) {
            return Err(invalid(&format!("/fields/{must}"), "required"));
        }
    }
    let caller = identify(vault, token, capacity).await?;
    if let Some(notice) = new.notice
        && vault.store.row(Table::Notices, notice.as_bytes()).await?.is_none()
    {
        return Err(invalid("/notice", "unknown"));
    }
    let steward = caller.role() == Role::DataSteward;
    if !steward {
        let manner = Manner {
            action: Action::Write,
            lifted: false,
            newcomer: Some(crate::seal::facts_of(&fields).age_class(civil_date(vault.now()))),
            listing: None,
        };
        let asked = fields.iter().map(|(field, _)| *field).filter(|field| field.as_str() != "person.id_type");
        let ask = Ask {
            kind: RecordType::Person,
            record: new.premises,
            fields: asked.collect(),
            purpose: new.purpose.unwrap_or(Purpose::DataQuality),
            basis: new.basis.map(|basis| (basis, None)),
            task: new.task,
            manner,
            request: request.to_owned(),
        };
        let wanted = Wanted { kind: RecordType::Premises, id: new.premises, task: new.task };
        let Decided { lookup, allowed, unknown, .. } =
            decide_write(vault, token, capacity, wanted, &ask).await?;
        if !allowed {
            return Err(refused(vault, lookup, unknown).await);
        }
    }
    super::newcomer::take(vault, &caller, new, fields, (steward, fresh), request).await
}

/// Corrects a premises, or lets it go over to other cells: a data steward only.
pub async fn correct_premises(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    correction: &PremisesCorrection,
    request: &str,
) -> Result<(), RegisterError> {
    if caller.role() != Role::DataSteward {
        return Err(RegisterError::Forbidden);
    }
    let fields = spelled(vault, RecordType::Premises, &correction.fields)?;
    if fields.is_empty() && correction.cells.is_empty() {
        return Err(invalid("/fields", "required"));
    }
    evidence(correction.evidence.as_deref())?;
    let from = match &correction.from {
        None => caller.now(),
        Some(text) => parse_time(text).ok_or_else(|| invalid("/from", "time"))?,
    };
    // What was decided stays decided: a premises does not move in the past.
    if from < caller.now() {
        return Err(invalid("/from", "in_the_past"));
    }
    let areas = vault.areas();
    let mut cells = Vec::new();
    for (scheme, cell) in &correction.cells {
        if areas.live(*scheme, cell, from).is_none() {
            return Err(invalid(&format!("/cells/{scheme}"), "area_unknown"));
        }
        cells.push(Move { scheme: *scheme, cell: cell.clone(), from });
    }
    let row = vault.store.row(Table::Records, id.as_bytes()).await?.ok_or(RegisterError::Unknown("/id"))?;
    let envelopes = vault.store.envelopes(&[id.as_bytes()]).await?;
    let envelopes = envelopes.first().ok_or(RegisterError::Unknown("/id"))?;
    let header: Option<crate::authority::Header> = vault.keys.check(&row);
    let premises = header.filter(|header| header.kind == RecordType::Premises);
    premises.ok_or(RegisterError::Unknown("/id"))?;
    let correcting = Correcting { row: &row, envelopes, fields: &fields, place: None, cells: &cells };
    let Some(corrected) = corrected(vault, &correcting)? else { return Ok(()) };
    let mut entry = entry(Kind::PremisesCorrected, caller, request);
    corrected.describe(&mut entry);
    if !cells.is_empty() {
        entry.private.detail.insert("from", Json::Int(from));
    }
    say_evidence(&mut entry, correction.evidence.as_deref());
    vault.log.record(Act::new(&vault.keys, entry, corrected.change)).await?;
    vault.reload().await?;
    Ok(())
}

fn evidence(word: Option<&str>) -> Result<(), RegisterError> {
    match word {
        Some(word) if !crate::words::is_identifier(word) => Err(invalid("/evidence", "identifier")),
        _ => Ok(()),
    }
}

fn say_evidence(entry: &mut gridvault_audit::Entry, evidence: Option<&str>) {
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
