//! The way of a lookup, and there is no other:
//!
//! ```text
//!   request ── identify ── locate ── decide ── record ── open ── respond
//!              identity     records   policy    audit     seal     api
//! ```
//!
//! Each step takes by value what the one before gave. `record` consumes the decided lookup and gives it back only when
//! its entry is on disk; `open` consumes that permit. A refusal takes the same way and opens nothing.

mod facts;
mod replay;

use gridvault_audit::{RecordError, Subject, SubjectType};
use gridvault_policy::{Asked, Basis, Decision, FieldId, Outcome, Purpose, Reason, RecordKey, RecordType};
use uuid::Uuid;

pub use self::replay::{Again, NoReplay, facts as facts_of_entry, replay};
use crate::Vault;
use crate::identity::{Caller, Capacity, Party, Unidentified, recall};
use crate::permit::{About, Lookup, Permit};
use crate::records::{Located, Wanted, locate};
use crate::seal::{Released, SealError, Secret};
use crate::store::{StoreError, Table};
use crate::trail::Expect;

/// How often a lookup is decided anew because a right moved under it.
const TRIES: u32 = 4;

/// What is asked: well-formed, but nothing in it believed yet.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The kind of record asked for.
    pub kind: RecordType,
    /// The record's id.
    pub record: Uuid,
    /// The fields, each once, all within that kind's reach.
    pub fields: Vec<FieldId>,
    /// What for.
    pub purpose: Purpose,
    /// On what basis, where said; with its reference.
    pub basis: Option<(Basis, Option<String>)>,
    /// The task it serves.
    pub task: Option<Uuid>,
    /// Our request id, for the entry.
    pub request: String,
}

/// How a lookup ended.
pub enum Looked {
    /// Decided, recorded and opened; perhaps every field denied.
    Released(Released),
    /// Recorded; there is no such record, or the caller may not know of it.
    Unknown(Released),
    /// Recorded; the purpose needs a task and none was named.
    TaskNeeded(Released),
    /// Recorded; two or more bases could be proven and none was named.
    BasisNeeded(Released),
}

/// Why a lookup gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// There is no caller, or none in one post.
    #[error(transparent)]
    Unidentified(#[from] Unidentified),
    /// Another policy is in force than this program's.
    #[error("another policy is in force than this program's")]
    Outdated,
    /// Rights moved under it too often.
    #[error("rights moved while the lookup was decided")]
    Moving,
    /// The trail could not be written: nothing was opened.
    #[error("the lookup could not be recorded")]
    Unrecorded(#[source] RecordError),
    /// The record could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The envelopes did not open.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// The whole way, from token to values. Where a right moved under it, the whole way again.
pub async fn look_up(
    vault: &Vault,
    token: &Secret,
    capacity: Capacity,
    ask: &Ask,
) -> Result<Looked, LookupError> {
    for _ in 0..TRIES {
        match recorded(vault, token, capacity, ask).await {
            Ok((permit, located, ending)) => {
                let released = vault.keys.open(permit, &located.into_envelopes())?;
                return Ok(ending.with(released));
            }
            Err(LookupError::Unrecorded(RecordError::Stale)) => {}
            Err(error) => return Err(error),
        }
    }
    tracing::warn!("a lookup was sent back {TRIES} times");
    Err(LookupError::Moving)
}

/// The way up to the permit: for who opens later, within the permit's time.
pub async fn permit(
    vault: &Vault,
    token: &Secret,
    capacity: Capacity,
    ask: &Ask,
) -> Result<Permit, LookupError> {
    recorded(vault, token, capacity, ask).await.map(|(permit, _, _)| permit)
}

async fn recorded(
    vault: &Vault,
    token: &Secret,
    capacity: Capacity,
    ask: &Ask,
) -> Result<(Permit, Located, Ending), LookupError> {
    let caller = recall(vault, token, capacity).await?;
    if vault.outdated() {
        vault.reload().await?;
        if vault.outdated() {
            return Err(LookupError::Outdated);
        }
    }
    let located = locate(vault, &caller, &Wanted { kind: ask.kind, id: ask.record, task: ask.task }).await?;
    let (lookup, ending) = decide(vault, &caller, &located, ask).await?;
    let permit = vault.log.record(lookup).await.map_err(LookupError::Unrecorded)?;
    Ok((permit, located, ending))
}

enum Ending {
    Plain,
    Unknown,
    TaskNeeded,
    BasisNeeded,
}

impl Ending {
    fn with(self, released: Released) -> Looked {
        match self {
            Self::Plain => Looked::Released(released),
            Self::Unknown => Looked::Unknown(released),
            Self::TaskNeeded => Looked::TaskNeeded(released),
            Self::BasisNeeded => Looked::BasisNeeded(released),
        }
    }
}

/// Gathers the facts, decides, and says what it is all about.
async fn decide(
    vault: &Vault,
    caller: &Caller,
    located: &Located,
    ask: &Ask,
) -> Result<(Lookup, Ending), LookupError> {
    let book = vault.book.load();
    let mut gathered = facts::gather(vault, &book, caller, located, ask)?;
    let asked = asked(located, ask);
    let evidence = std::mem::take(&mut gathered.evidence);
    let (decision, ending) = match gathered.refusal {
        Some((reason, ending)) => (book.refuse(gathered.facts, &asked, reason), ending),
        None => (gathered.decide(&book, &asked), Ending::Plain),
    };
    let subject = subject(vault, located, ask, &decision, &ending).await?;
    let own = located.own.as_ref().filter(|_| !matches!(ending, Ending::Unknown));
    let place = located.place.as_ref().filter(|_| own.is_some());
    let about = About {
        who: caller.who(),
        actor: caller.actor(),
        subject,
        records: own
            .into_iter()
            .chain(place)
            .map(|f| (f.header.kind, RecordKey(f.id.into_bytes()), f.header.envelopes))
            .collect(),
        cells: located.cells(),
        post_areas: caller.post().map(|post| post.assignment.areas.clone()).unwrap_or_default(),
        today: crate::clock::civil_date(caller.now()),
        basis_ref: evidence.basis_ref,
        task: located.task.as_ref().map(|(id, _)| id.to_string()),
        consent: evidence.consent,
        record_rev: own.map_or(0, |found| found.rev),
        expect: Expect {
            facts_rev: caller.facts_rev(),
            records: own.into_iter().chain(place).map(|f| (f.id.as_bytes().to_vec(), f.rev)).collect(),
        },
        request: ask.request.clone(),
        policy: book.manifest_hash(),
    };
    Ok((Lookup::new(decision, about), ending))
}

/// Each field with the record that holds it: the record's own, or its place's.
fn asked(located: &Located, ask: &Ask) -> Vec<Asked> {
    let place = located.place.as_ref().map_or(ask.record, |found| found.id);
    let holder = |field: FieldId| match (ask.kind, field.record()) {
        (RecordType::Person | RecordType::Ticket, RecordType::Premises) => place,
        _ => ask.record,
    };
    ask.fields
        .iter()
        .map(|field| Asked { record: RecordKey(holder(*field).into_bytes()), field: *field })
        .collect()
}

/// Whom the entry is about: by audit tags, never by ids; an unknown record has none.
async fn subject(
    vault: &Vault,
    located: &Located,
    ask: &Ask,
    decision: &Decision,
    ending: &Ending,
) -> Result<Option<Subject>, StoreError> {
    let Some(own) = &located.own else { return Ok(None) };
    let Some(tag) = own.header.tag_bytes() else { return Ok(None) };
    let kind = match own.header.kind {
        RecordType::Person => SubjectType::Person,
        RecordType::Premises => SubjectType::Premises,
        RecordType::Ticket => SubjectType::Ticket,
    };
    let mut subject = Subject { kind, tag, place: None, also: Vec::new() };
    if matches!(ending, Ending::Unknown) {
        return Ok(Some(subject));
    }
    let asks_place =
        ask.kind != RecordType::Premises && ask.fields.iter().any(|f| f.record() == RecordType::Premises);
    subject.place = located.place.as_ref().filter(|_| asks_place).and_then(|place| place.header.tag_bytes());
    let shows_address = decision.fields().iter().any(|d| {
        d.field().as_str() == "premises.address" && matches!(d.outcome(), Outcome::Clear | Outcome::Masked)
    });
    let premises = match ask.kind {
        RecordType::Premises => Some(own.id),
        RecordType::Ticket => located.place.as_ref().map(|place| place.id),
        RecordType::Person => None,
    };
    if let (true, Some(premises)) = (shows_address, premises) {
        subject.also = residents_at(vault, premises).await?;
    }
    Ok(Some(subject))
}

/// Tags of those who live at a premises, at most 50.
async fn residents_at(vault: &Vault, premises: Uuid) -> Result<Vec<[u8; 16]>, StoreError> {
    let rows = vault.store.children(Table::Records, premises.as_bytes()).await?;
    let mut tags: Vec<_> = rows
        .iter()
        .filter_map(|row| vault.keys.check::<crate::authority::Header>(row))
        .filter(|header| header.kind == RecordType::Person)
        .filter_map(|header| header.tag_bytes())
        .take(50)
        .collect();
    tags.sort_unstable();
    Ok(tags)
}

/// Whether the caller may know that the record exists.
fn may_know(vault: &Vault, caller: &Caller, located: &Located, ask: &Ask) -> bool {
    let Some(own) = &located.own else { return false };
    let by_post = |post: &crate::identity::Post| {
        let relation = located.relation(vault, post, caller.now());
        let post = &post.assignment;
        vault.book.load().may_know(post.role, post.department, relation, ask.kind, ask.purpose)
    };
    match caller.party() {
        Party::Resident(record) => *record == own.id,
        Party::Service { behalf: None, .. } => located.named_by_own_task,
        Party::Post(post) | Party::Service { behalf: Some(post), .. } => {
            located.named_by_own_task || by_post(post)
        }
    }
}

/// The reason that stands for a record one may not know of, there or not.
fn unknown_reason(vault: &Vault, caller: &Caller, purpose: Purpose) -> Reason {
    let book = vault.book.load();
    if book.uses_purpose(caller.role(), caller.department(), purpose) {
        Reason::GridScope
    } else {
        Reason::PurposeRole
    }
}
