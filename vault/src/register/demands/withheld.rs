//! Which lines of a statement are kept back.

use std::collections::HashSet;

use gridvault_audit::Json;
use gridvault_policy::Basis;
use uuid::Uuid;

use crate::Vault;
use crate::authority::Demand;
use crate::store::{StoreError, StoredEntry, Table};

/// The demands whose lines may be shown on that moment. Every statement is read with the same of them, whoever's it is: nothing
/// about its making tells a resident whether there is one about the own record.
pub struct Withheld {
    shown: HashSet<String>,
}

impl Withheld {
    /// As it is on that moment.
    pub async fn at(vault: &Vault, now: i64) -> Result<Self, StoreError> {
        let rows = vault.store.all(Table::Demands).await?;
        let shown = rows.iter().filter_map(|row| {
            let demand: Demand = vault.keys.check(row)?;
            let id = Uuid::from_slice(&row.id).ok()?;
            (!demand.embargoed(now)).then(|| id.to_string())
        });
        Ok(Self { shown: shown.collect() })
    }

    /// Whether the lookup of that entry is kept off statements. One whose demand cannot be read is: an embargo counts as ended
    /// only where its row says so. Without its private part an entry is older than any embargo lasts.
    pub fn hides(&self, entry: &StoredEntry, public: &Json) -> bool {
        if public.text("basis") != Some(Basis::LegalRequest.as_str()) {
            return false;
        }
        let Some(private) = &entry.private else { return false };
        let private = Json::parse_canonical(private).ok();
        let task = private.as_ref().and_then(|private| private.text("task"));
        task.is_none_or(|task| !self.shown.contains(task))
    }
}
