//! Correcting a premises, and letting it go over to other cells.

use std::collections::BTreeMap;

use gridvault_audit::{Json, Kind};
use gridvault_policy::{RecordType, Role, Scheme};
use serde::Deserialize;
use uuid::Uuid;

use super::correct::{Correcting, corrected};
use super::keep::{evidence, say_evidence, spelled};
use super::tasks::invalid;
use super::{RegisterError, entry};
use crate::Vault;
use crate::authority::{Header, Move};
use crate::clock::parse_time;
use crate::identity::Caller;
use crate::store::Table;
use crate::trail::Act;

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
    let header: Option<Header> = vault.keys.check(&row);
    let premises = header.filter(|header| header.kind == RecordType::Premises);
    premises.ok_or(RegisterError::Unknown("/id"))?;
    let correcting =
        Correcting { row: &row, envelopes, fields: &fields, place: None, cells: &cells, found: false };
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
