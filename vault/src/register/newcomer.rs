//! A resident who is not held yet, taken in by a data steward or proposed by a worker.

use std::collections::BTreeMap;

use gridvault_audit::{Json, Kind};
use gridvault_policy::{Action, Basis, FieldId, Purpose, RecordType, Role};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::keep::{refused, spelled};
use super::tasks::invalid;
use super::{Fresh, RegisterError, Seen, add_residents, entry, propose_sealed};
use crate::Vault;
use crate::clock::civil_date;
use crate::identity::{Caller, Capacity, identify};
use crate::import::ImportKind;
use crate::import::rows::ResidentRow;
use crate::lookup::{Ask, Decided, Manner, decide_write};
use crate::records::Wanted;
use crate::seal::{Secret, facts_of};
use crate::store::Table;

/// A resident not held yet.
#[derive(Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Newcomer {
    /// Values by field.
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
            newcomer: Some(facts_of(&fields).age_class(civil_date(vault.now()))),
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
    take(vault, &caller, new, fields, (steward, fresh), request).await
}

/// Takes the newcomer in, or proposes it.
async fn take(
    vault: &Vault,
    caller: &Caller,
    new: &Newcomer,
    fields: Vec<(FieldId, Secret)>,
    (steward, fresh): (bool, Fresh),
    request: &str,
) -> Result<Collected, RegisterError> {
    let home = new.premises.to_string();
    if !steward {
        let mut given = Map::new();
        for (field, value) in &fields {
            given.insert(field.as_str().to_owned(), Value::from(value.reveal()));
        }
        let line = Secret::new(json!({ "premises": home, "fields": given }).to_string());
        let proposal =
            propose_sealed(vault, caller, (ImportKind::Residents, &line, new.notice), fresh, request).await?;
        return Ok(Collected::Proposed(proposal));
    }
    let row = ResidentRow {
        row: 1,
        id: Some(fresh.id),
        premises_code: home,
        fields,
        findings: Vec::new(),
        mended: Vec::new(),
    };
    let mut seen = Seen::new();
    let make = |kind: Kind| {
        let mut made = entry(kind, caller, request);
        made.private.detail.insert("source", Json::from("counter"));
        made
    };
    let mut added = add_residents(vault, vec![row], new.notice, &mut seen, &make).await?;
    if !added.errors.is_empty() {
        return Err(invalid("/premises", "unknown"));
    }
    // Held already: a correction is another door's.
    let Some(id) = added.made.pop() else { return Err(RegisterError::Conflict) };
    let acts = added.acts.into_iter().map(|act| act.with(&vault.keys, fresh.along.clone()));
    vault.log.record_all(acts.collect()).await?;
    Ok(Collected::Made(id))
}
