//! Registering a demand.

use gridvault_audit::Kind;
use gridvault_policy::{Basis, FieldId, Purpose, RecordType, Role};
use serde::Deserialize;
use uuid::Uuid;

use super::{document, end_of_embargo, say};
use crate::Vault;
use crate::authority::{Assignment, Demand, Embargo, Holder, Organ, Task, TaskKind};
use crate::clock::days;
use crate::identity::Caller;
use crate::register::tasks::{header, invalid};
use crate::register::{RegisterError, entry, word};
use crate::store::Table;
use crate::trail::{Act, Change};

/// A demand is carried out within this time.
const OPEN_FOR: i64 = days(30);
/// It names at most so many residents and fields.
const RESIDENTS: usize = 30;
const FIELDS: usize = 64;

/// A demand as it comes in, with its document (调取通知书).
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDemand {
    /// The document's number, as it stands there.
    #[schemars(length(min = 1, max = 80))]
    pub document: String,
    /// SHA-256 of the document, hex.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    pub sha256: String,
    /// Whose it is.
    pub organ: Organ,
    /// The residents whom it names.
    #[schemars(length(min = 1, max = 30), extend("uniqueItems" = true))]
    pub residents: Vec<Uuid>,
    /// The fields that it names.
    #[schemars(with = "Vec<crate::words::StoredFieldWord>", length(min = 1, max = 64))]
    pub fields: Vec<String>,
    /// Until when its lines are kept off the residents' statements, where the document asks for that.
    #[serde(default)]
    #[schemars(with = "Option<crate::words::When>")]
    pub embargo_until: Option<String>,
    /// The privacy officer's post that carries it out; the caller's own where nothing is said.
    #[serde(default)]
    pub assignee: Option<Uuid>,
}

/// Registers a demand, by a data steward or a privacy officer; it opens nothing before somebody else has approved it.
pub async fn open_demand(
    vault: &Vault,
    caller: &Caller,
    new: NewDemand,
    request: &str,
) -> Result<Uuid, RegisterError> {
    let Holder::Person(requester) = caller.holder() else { return Err(RegisterError::Forbidden) };
    if !matches!(caller.role(), Role::PrivacyOfficer | Role::DataSteward) {
        return Err(RegisterError::Forbidden);
    }
    let (id, now) = (Uuid::now_v7(), caller.now());
    let fields = fields(vault, &new.fields)?;
    let demand = Demand {
        document: document(vault, id, &new.document, &new.sha256)?,
        organ: new.organ,
        requester,
        at: now,
        approved: None,
        embargo: match &new.embargo_until {
            None => None,
            Some(text) => {
                let until = end_of_embargo(text, now, now)?;
                Some(Embargo { until, document: None, by: requester })
            }
        },
        proposed: None,
        disclosed: false,
        settled: false,
    };
    if new.residents.is_empty() || new.residents.len() > RESIDENTS {
        return Err(invalid("/residents", "from_1_to_30"));
    }
    for (n, resident) in new.residents.iter().enumerate() {
        if new.residents.iter().take(n).any(|earlier| earlier == resident) {
            return Err(invalid("/residents", "repeated"));
        }
        header(vault, *resident, RecordType::Person).await?.ok_or(RegisterError::Unknown("/residents"))?;
    }
    let task = Task {
        kind: TaskKind::LegalRequest,
        purpose: Purpose::LegalRequest,
        residents: new.residents,
        premises: Vec::new(),
        ticket: None,
        assignees: vec![executing(vault, caller, new.assignee).await?],
        opens: now,
        closes: now.saturating_add(OPEN_FOR),
        closed: None,
        outcome: None,
        fields,
        confirmed: None,
        opener: caller.holder(),
    };
    let change = Change {
        links: task.records().map(|record| (id, record)).collect(),
        ..Change::rows(vec![
            vault.keys.row(Table::Tasks, id.as_bytes(), 1, None, &task)?,
            vault.keys.row(Table::Demands, id.as_bytes(), 1, None, &demand)?,
        ])
    };
    let mut opened = entry(Kind::TaskOpened, caller, request);
    say(&mut opened, id);
    opened.private.detail.insert("kind", word(task.kind.as_str()));
    opened.private.detail.insert("organ", word(demand.organ.as_str()));
    vault.log.record(Act::new(&vault.keys, opened, change)).await?;
    Ok(id)
}

/// The fields, of those that the rules give on a demand at all.
fn fields(vault: &Vault, named: &[String]) -> Result<Vec<String>, RegisterError> {
    if named.is_empty() || named.len() > FIELDS {
        return Err(invalid("/fields", "from_1_to_64"));
    }
    let given = vault.book.load().fields_of(Purpose::LegalRequest, Basis::LegalRequest);
    for (n, id) in named.iter().enumerate() {
        if !FieldId::parse(id).is_ok_and(|field| given.contains(&field)) {
            return Err(invalid(&format!("/fields/{n}"), "field_not_for_purpose"));
        }
    }
    Ok(named.to_vec())
}

/// The post that carries it out: a privacy officer's own, never a deputy's, for by being a deputy nobody reads.
async fn executing(vault: &Vault, caller: &Caller, named: Option<Uuid>) -> Result<Uuid, RegisterError> {
    let own = caller.post().map(|post| post.id);
    let id = named.or(own).ok_or(RegisterError::Forbidden)?;
    let row = vault.store.row(Table::Assignments, id.as_bytes()).await?;
    let post: Option<Assignment> = row.and_then(|row| vault.keys.check(&row));
    let executes =
        post.is_some_and(|post| post.role == Role::PrivacyOfficer && !post.deputy && post.live(caller.now()));
    if executes { Ok(id) } else { Err(RegisterError::Unknown("/assignee")) }
}
