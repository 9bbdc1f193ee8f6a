//! A resident who is not held yet, taken in by a data steward or proposed by a worker.

use gridvault_audit::{Json, Kind};
use gridvault_policy::FieldId;
use serde_json::{Map, Value, json};

use super::keep::{Collected, Newcomer};
use super::{Fresh, RegisterError, Seen, add_residents, entry, propose_sealed};
use crate::Vault;
use crate::identity::Caller;
use crate::import::ImportKind;
use crate::import::rows::ResidentRow;
use crate::seal::Secret;

/// Takes the newcomer in, or proposes it.
pub(super) async fn take(
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
    let row = ResidentRow { row: 1, id: Some(fresh.id), premises_code: home, fields, findings: Vec::new() };
    let mut seen = Seen::new();
    let make = |kind: Kind| {
        let mut made = entry(kind, caller, request);
        made.private.detail.insert("source", Json::from("counter"));
        made
    };
    let mut added = add_residents(vault, vec![row], new.notice, &mut seen, &make).await?;
    if !added.errors.is_empty() {
        return Err(super::tasks::invalid("/premises", "unknown"));
    }
    // Held already: a correction is another door's.
    let Some(id) = added.made.pop() else { return Err(RegisterError::Conflict) };
    let acts = added.acts.into_iter().map(|act| act.with(&vault.keys, fresh.along.clone()));
    vault.log.record_all(acts.collect()).await?;
    Ok(Collected::Made(id))
}
