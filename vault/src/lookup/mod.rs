//! The way of a lookup, and there is no other:
//!
//! ```text
//!   request ── identify ── locate ── decide ── record ── open ── respond
//!              identity     records   policy    audit     seal     api
//! ```
//!
//! Each step takes by value what the one before gave. `record` consumes the decided lookup and gives it back only when
//! its entry is on disk; `open` consumes that permit. A refusal takes the same way and opens nothing.

mod batch;
mod consent;
mod decide;
mod facts;
mod night;
mod of_task;
mod quota;
mod replay;
mod scope;
mod search;
mod verify;
mod write;

use gridvault_audit::RecordError;
use gridvault_policy::{Action, AgeClass, Basis, FieldId, Listing, Purpose, Reason, RecordType};
use uuid::Uuid;

pub use self::batch::{AsOf, Item, look_up_all, look_up_each};
use self::decide::decide;

pub use self::replay::{Again, NoReplay, facts as facts_of_entry, replay};
pub use self::scope::spelled;
pub use self::search::{By, Found, Hit, Query, search};
pub use self::verify::{Claim, Target, Verified, verify};
pub(crate) use self::write::{Decided, decide_write};
use crate::Vault;
use crate::identity::{Caller, Capacity, Unidentified, recall};
use crate::permit::Permit;
use crate::records::{Located, Wanted, locate};
use crate::seal::{Released, SealError, Secret};
use crate::store::StoreError;

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
    /// In what manner.
    pub manner: Manner,
    /// Our request id, for the entry.
    pub request: String,
}

/// In what manner a record is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// What is done with the fields.
    pub action: Action,
    /// Whether it is shown in a list.
    pub listing: Option<Listing>,
    /// Whether the caller's task may stand for a record that it does not name: a search or a comparison is how one comes to
    /// know which record a task is about.
    pub lifted: bool,
    /// A person who is not held yet, of that age: what is located is the home.
    pub newcomer: Option<AgeClass>,
}

impl Manner {
    /// One record, looked at.
    pub const VIEW: Self = Self { action: Action::View, listing: None, lifted: false, newcomer: None };
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
    /// Refused before any record was looked at; on record.
    #[error("refused: {0}")]
    Refused(Reason, Box<gridvault_audit::Receipt>),
    /// Too much was asked today; on record. Seconds until it is another day.
    #[error("too much was asked today")]
    TooMany(u32, Box<gridvault_audit::Receipt>),
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
            Ok((permit, located, ending)) => return Ok(ending.with(opened(vault, permit, located)?)),
            Err(LookupError::Unrecorded(RecordError::Stale)) => {}
            Err(error) => return Err(error),
        }
    }
    tracing::warn!("a lookup was sent back {TRIES} times");
    Err(LookupError::Moving)
}

/// The one place where anything is opened.
fn opened(vault: &Vault, permit: Permit, located: Located) -> Result<Released, LookupError> {
    Ok(vault.keys.open(permit, &located.into_envelopes())?)
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
    let caller = caller(vault, token, capacity).await?;
    let located = locate(vault, &caller, &Wanted { kind: ask.kind, id: ask.record, task: ask.task }).await?;
    let (lookup, ending) = decide(vault, &caller, &located, ask).await?;
    let permit = vault.log.record(lookup).await.map_err(LookupError::Unrecorded)?;
    Ok((permit, located, ending))
}

/// Who asks, under a policy that this program has.
async fn caller(vault: &Vault, token: &Secret, capacity: Capacity) -> Result<Caller, LookupError> {
    let caller = recall(vault, token, capacity).await?;
    if vault.outdated() {
        vault.reload().await?;
        if vault.outdated() {
            return Err(LookupError::Outdated);
        }
    }
    if caller.is_off_hours() {
        night::notice(vault, &caller).await?;
    }
    Ok(caller)
}

/// What is decided of a lookup beside its fields.
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
