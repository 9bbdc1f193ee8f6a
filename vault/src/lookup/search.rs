//! Searching: by exact ID number or phone, by premises, by name in one area. The search is on record before anything is
//! compared, each record shown has an entry of its own, and what is out of reach is a miss.

use futures_util::future::try_join_all;
use gridvault_audit::{Receipt, RecordError};
use gridvault_policy::{
    Action, Basis, FieldId, Listing, Outcome, Purpose, Reason, RecordType, Scheme, needs_task,
};
use serde::Deserialize;
use uuid::Uuid;

use super::quota::{Meter, Room, raise, until_tomorrow};
use super::scope::{candidates, within};
use super::{Ask, Ending, Looked, LookupError, Manner, TRIES, caller, decide, opened};
use crate::Vault;
use crate::authority::Task;
use crate::identity::{Caller, Capacity, Party};
use crate::permit::{Count, Lookup, Search, Sought};
use crate::records::{Located, Wanted, is_own, living_at, locate};
use crate::seal::{Match, SealError, Secret};
use crate::store::Table;
use crate::trail::Expect;

/// Records shown at most.
const SHOWN: usize = 20;

/// By what a record is searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// 公民身份号码, whole.
    IdNumber,
    /// 联系方式, whole.
    Phone,
    /// 姓名, two characters or more (or pinyin), in one area.
    Name,
    /// 房屋编号: who lives there.
    Premises,
}

impl By {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IdNumber => "id_number",
            Self::Phone => "phone",
            Self::Name => "name",
            Self::Premises => "premises",
        }
    }

    /// The field that is compared.
    pub fn field(self) -> Option<FieldId> {
        let id = match self {
            Self::IdNumber => "person.id_no",
            Self::Phone => "person.phone",
            Self::Name => "person.name",
            Self::Premises => "premises.code",
        };
        FieldId::parse(id).ok()
    }
}

/// What is searched for, normalised.
#[derive(Clone)]
pub struct Query {
    /// By what.
    pub by: By,
    /// The value.
    pub value: Secret,
    /// In which area: a cell's code, or a premises' code; of a name search.
    pub area: Option<String>,
    /// What for.
    pub purpose: Purpose,
    /// On what basis, where said.
    pub basis: Option<(Basis, Option<String>)>,
    /// The task that it serves.
    pub task: Option<Uuid>,
    /// Our request id.
    pub request: String,
}

impl Query {
    /// What a hit tells of the record beside its masked name; a name may be searched for within a home.
    fn tells(&self, vault: &Vault, caller: &Caller) -> Option<FieldId> {
        let areas = vault.areas();
        let cell = |area: &str| caller.post().and_then(|post| areas.find(post.assignment.scheme, area));
        let home = self.area.as_deref().is_some_and(|area| cell(area).is_none());
        let id = match self.by {
            By::IdNumber => "person.id_no",
            By::Phone => "person.phone",
            By::Name if !home => return None,
            By::Name | By::Premises => "premises.address",
        };
        FieldId::parse(id).ok()
    }
}

/// A record that was found.
pub struct Hit {
    /// The record.
    pub record: Uuid,
    /// Its cell in the scheme of the caller's post.
    pub area: Option<String>,
    /// Its masked name, and the entry that shows it.
    pub looked: Looked,
}

/// What a search gave.
pub struct Found {
    /// The search's own entry.
    pub receipt: Receipt,
    /// What was found within reach, at most 20.
    pub hits: Vec<Hit>,
}

/// Searches. What is not there and what is out of reach cost and say the same.
pub async fn search(
    vault: &Vault,
    token: &Secret,
    capacity: Capacity,
    query: &Query,
) -> Result<Found, LookupError> {
    // Another of the same person's may be counted at the same time.
    for _ in 0..4 * TRIES {
        let caller = caller(vault, token, capacity).await?;
        match tried(vault, &caller, query).await {
            Err(LookupError::Unrecorded(RecordError::Stale | RecordError::Conflict)) => {}
            done => return done,
        }
    }
    Err(LookupError::Moving)
}

async fn tried(vault: &Vault, caller: &Caller, query: &Query) -> Result<Found, LookupError> {
    let refused = refusal(vault, caller, query).await?;
    let room = match refused {
        Some(_) => None,
        None => Some(Meter::of(vault, caller).await?.search(query.by == By::Name)?),
    };
    let (count, full) = match room {
        Some(Room::Yes(count)) => (Some(count), None),
        Some(Room::No(told)) => (None, Some(told)),
        None => (None, None),
    };
    let refused = refused.or(full.as_ref().map(|_| Reason::Rate));
    let search = entry(vault, caller, query, refused, count)?;
    let recorded = vault.log.record(search).await.map_err(LookupError::Unrecorded)?;
    if let Some(told) = full {
        if let Some(count) = told {
            raise(vault, caller, ("search_quota", Reason::Rate), &count)
                .await
                .map_err(LookupError::Unrecorded)?;
        }
        let receipt = Box::new(recorded.receipt().clone());
        return Err(LookupError::TooMany(until_tomorrow(caller.now()), receipt));
    }
    if let Some(reason) = refused {
        return Err(LookupError::Refused(reason, Box::new(recorded.receipt().clone())));
    }
    let candidates = candidates(vault, caller, query).await?;
    let (receipt, mut found) = vault.keys.found(recorded, &candidates)?;
    if query.by == By::Premises {
        let homes: Vec<Uuid> = found.iter().map(|(home, _)| *home).collect();
        let near = within(vault, caller, query, &homes).await?;
        let people = living_at(vault, &near).await?;
        found = people.into_iter().map(|person| (person.record, Match::Whole)).collect();
    }
    if found.is_empty() {
        // What is out of reach is located too.
        let nobody = Wanted { kind: RecordType::Person, id: Uuid::new_v4(), task: query.task };
        locate(vault, caller, &nobody).await?;
    }
    Ok(Found { hits: shown(vault, caller, query, found).await?, receipt })
}

/// Why nobody of that post may search so, whoever is found.
async fn refusal(vault: &Vault, caller: &Caller, query: &Query) -> Result<Option<Reason>, LookupError> {
    let book = vault.book.load();
    let in_post = match caller.party() {
        Party::Resident(_) => return Ok(Some(Reason::PurposeRole)),
        Party::Service { behalf: None, .. } => false,
        _ => true,
    };
    if !book.uses_purpose(caller.role(), caller.department(), query.purpose, Action::View) {
        return Ok(Some(Reason::PurposeRole));
    }
    // A name is searched for in an area of a post; a service has none.
    if query.by == By::Name && !in_post {
        return Ok(Some(Reason::GridScope));
    }
    if let Party::Service { agreement, .. } = caller.party()
        && !agreement.purposes.contains(&query.purpose)
    {
        return Ok(Some(Reason::PurposeRole));
    }
    task_refusal(vault, caller, query.purpose, query.task).await
}

/// Whether the caller has an open task of that purpose, where it needs one.
pub(super) async fn task_refusal(
    vault: &Vault,
    caller: &Caller,
    purpose: Purpose,
    task: Option<Uuid>,
) -> Result<Option<Reason>, LookupError> {
    if !needs_task(purpose) {
        return Ok(None);
    }
    let Some(id) = task else { return Ok(Some(Reason::NoTask)) };
    let row = vault.store.row(Table::Tasks, id.as_bytes()).await?;
    let task: Option<Task> = row.and_then(|row| vault.keys.check(&row));
    Ok(match task {
        Some(task) if task.purpose != purpose => Some(Reason::NoTask),
        Some(task) if !is_own(&task, caller) => Some(Reason::NotAssigned),
        Some(task) if !task.open(caller.now()) => Some(Reason::TaskClosed),
        Some(_) => None,
        None => Some(Reason::NoTask),
    })
}

fn entry(
    vault: &Vault,
    caller: &Caller,
    query: &Query,
    refused: Option<Reason>,
    count: Option<Count>,
) -> Result<Search, LookupError> {
    let field = query.by.field().ok_or(SealError::Crypto)?;
    Ok(Search {
        who: caller.who(),
        actor: caller.actor(),
        field,
        value: query.value.clone(),
        by: query.by.as_str(),
        sought: Sought::new(&vault.keys, query.by.as_str(), query.value.reveal())?,
        purpose: query.purpose,
        task: query.task.map(|id| id.to_string()),
        refused,
        request: query.request.clone(),
        policy: vault.book.load().manifest_hash(),
        expect: Expect { facts_rev: caller.facts_rev(), records: Vec::new() },
        count,
    })
}

/// Of what was found, what the rules show to this caller for this purpose: a masked name and the area, each entered.
async fn shown(
    vault: &Vault,
    caller: &Caller,
    query: &Query,
    mut found: Vec<(Uuid, Match)>,
) -> Result<Vec<Hit>, LookupError> {
    found.sort_unstable_by_key(|(record, _)| *record);
    let (mut lookups, mut rest) = (Vec::new(), Vec::new());
    for part in found.chunks(64) {
        if lookups.len() == SHOWN {
            break;
        }
        let seen = try_join_all(part.iter().map(|found| seen(vault, caller, query, *found))).await?;
        for (lookup, located, ending) in seen.into_iter().flatten().take(SHOWN - lookups.len()) {
            lookups.push(lookup);
            rest.push((located, ending));
        }
    }
    if lookups.is_empty() {
        return Ok(Vec::new());
    }
    let permits = vault.log.record_all(lookups).await.map_err(LookupError::Unrecorded)?;
    let scheme = caller.post().map_or(Scheme::SocialGrid, |post| post.assignment.scheme);
    let hits = permits.into_iter().zip(rest).map(|(permit, (located, ending))| {
        let record = located.own.as_ref().map(|own| own.id).unwrap_or_default();
        let area = located.cells(vault, caller.now()).into_iter().find(|(of, _)| *of == scheme);
        let looked = ending.with(opened(vault, permit, located)?);
        Ok(Hit { record, area: area.map(|(_, code)| code), looked })
    });
    hits.collect()
}

/// A record as a hit, where the rules show its name at least masked, and would show or compare what it was searched by: else
/// a search would tell bit by bit what they keep back.
async fn seen(
    vault: &Vault,
    caller: &Caller,
    query: &Query,
    (record, matched): (Uuid, Match),
) -> Result<Option<(Lookup, Located, Ending)>, LookupError> {
    let name = FieldId::parse("person.name").map_err(|_| SealError::Crypto)?;
    let ask = |fields: Vec<FieldId>, manner: Manner| Ask {
        kind: RecordType::Person,
        record,
        fields,
        purpose: query.purpose,
        basis: query.basis.clone(),
        task: query.task,
        manner,
        request: query.request.clone(),
    };
    let lifted = Manner { lifted: true, ..Manner::VIEW };
    let wanted = Wanted { kind: RecordType::Person, id: record, task: query.task };
    let located = locate(vault, caller, &wanted).await?;
    let listed = Manner { listing: Some(Listing::Many), ..lifted };
    let (lookup, ending) = decide(vault, caller, &located, &ask(vec![name], listed)).await?;
    let is = |lookup: &Lookup, outcome| lookup.decision().fields().iter().all(|f| f.outcome() == outcome);
    let mut shows = is(&lookup, Outcome::Masked);
    // Part of a name is looked for where the whole one is shown: else it would come out character by character.
    if matched == Match::Part {
        let (view, _) = decide(vault, caller, &located, &ask(vec![name], lifted)).await?;
        shows &= is(&view, Outcome::Clear);
    }
    if let Some(field) = query.tells(vault, caller) {
        let compares = Manner { action: Action::Match, ..lifted };
        let (view, _) = decide(vault, caller, &located, &ask(vec![field], lifted)).await?;
        let (compared, _) = decide(vault, caller, &located, &ask(vec![field], compares)).await?;
        shows &= is(&view, Outcome::Clear) || is(&compared, Outcome::Matched);
    }
    Ok(shows.then_some((lookup, located, ending)))
}
