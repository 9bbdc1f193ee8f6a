//! What rights rest on: areas, posts, services, letters, tasks, consents, credentials, as their rows hold them.

mod area;
mod consent;
mod due;
mod emergency;
mod factor;
mod mandate;
mod notice;
mod post;
mod roster;
mod task;
mod task_kind;

use std::borrow::Cow;
use std::collections::BTreeMap;

use gridvault_audit::Json;
use gridvault_policy::Obligation;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use area::{Area, AreaMap, Level};
pub use consent::{
    Circumstances, ConsentBy, ConsentEvent, ConsentKind, ConsentState, Consented, Notices, Present, Speaker,
    Standing, effective_tier, standing,
};
pub use due::{Due, Why};
pub use emergency::{Danger, Demand, Document, Done, Embargo, Emergency, Organ, Verdict};
pub use factor::{COUNTS_AFTER, Factor, FactorKind};
pub use mandate::{Mandate, MandateKind};
pub use notice::{Channel, Confirmer, Delivery, Notice, NoticeItems, Series};
pub use post::{Agreement, Assignment, DelegatedBy, Letter, Pending, Service, StaffMember};
pub use roster::{Duties, ROSTERED_FOR, Roster};
pub use task::{Confirmation, Task, TaskEnd, TaskKind};

/// Whom a token or code stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// A member of staff.
    Person(Uuid),
    /// A grid service.
    Service(Uuid),
    /// A resident, by the record.
    Resident(Uuid),
}

impl Holder {
    /// The holder's id.
    pub fn id(&self) -> Uuid {
        match self {
            Self::Person(id) | Self::Service(id) | Self::Resident(id) => *id,
        }
    }
}

/// A token's row; its id is the token's HMAC.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Token {
    /// Whom it stands for.
    pub holder: Holder,
    /// The device posture fixed at issue.
    pub posture: gridvault_policy::Posture,
    /// Until when, UTC microseconds.
    pub expires: i64,
    /// Given for a code, so that it ends with the session.
    pub session: bool,
    /// Ended before its time.
    pub revoked: bool,
    /// Not good before a second person has confirmed it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pending: bool,
}

/// A one-time sign-in code's row; its id is the code's HMAC.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Code {
    /// Whom it signs in.
    pub holder: Holder,
    /// Until when, UTC microseconds.
    pub expires: i64,
    /// Good once only; a demonstration's codes are good for its run.
    pub once: bool,
    /// Whether it was used or withdrawn.
    pub used: bool,
}

/// The header of a record: what can be known of it without a key, and what its envelopes must be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Header {
    /// Person, premises or ticket.
    pub kind: gridvault_policy::RecordType,
    /// The audit tag, 32 hex digits: how the trail names this record.
    pub tag: String,
    /// A person's home, or a ticket's place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Uuid>,
    /// The revision that its envelopes must have.
    pub envelopes: i64,
    /// How the record stands beside being deceased, which is the facts envelope's: live, frozen or erased.
    #[serde(default = "live", skip_serializing_if = "is_live")]
    pub state: gridvault_policy::RecordState,
    /// Erasure as asked for, until somebody else decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erasure: Option<Erasure>,
    /// The cells of a premises, by scheme.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cells: BTreeMap<gridvault_policy::Scheme, String>,
    /// Later cells of a premises, each from its moment on, in the order of their moments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<Move>,
    /// The notice under which a person's data were collected; none: not informed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Uuid>,
    /// How many consent events a person has: one missing or added is noticed, and two at once cannot both be the next.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub consents: u32,
    /// It is doubted that the person can understand what is consented to: no consent counts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub doubted: bool,
    /// The open task that a ticket belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Uuid>,
    /// Where a person was to be reached before lately: word of what could be abused goes there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reached: Vec<Reached>,
}

/// Word of what could be abused goes to where somebody was to be reached before the changes of so long.
pub const REACHED_BEFORE: i64 = crate::clock::days(30);

/// How a person was to be reached until a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Until when, UTC microseconds.
    pub until: i64,
    /// The home before; none: it was the phone that changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<Uuid>,
    /// The revision of the envelopes that held the phone before.
    pub envelopes: i64,
}

/// A premises goes over to another cell of a scheme.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// The scheme.
    pub scheme: gridvault_policy::Scheme,
    /// The cell's code.
    pub cell: String,
    /// From when, UTC microseconds.
    pub from: i64,
}

/// An erasure that one person asked for and another decides on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Who asked.
    pub by: Holder,
    /// When, UTC microseconds.
    pub at: i64,
    /// Why, a word.
    pub reason: String,
}

fn live() -> gridvault_policy::RecordState {
    gridvault_policy::RecordState::Live
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the serialiser asks with a reference")]
fn is_live(state: &gridvault_policy::RecordState) -> bool {
    *state == gridvault_policy::RecordState::Live
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the serialiser asks with a reference")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl Header {
    /// The header of a new record.
    pub fn new(kind: gridvault_policy::RecordType, tag: [u8; 16]) -> Self {
        Self {
            kind,
            tag: data_encoding::HEXLOWER.encode(&tag),
            place: None,
            envelopes: 1,
            state: live(),
            erasure: None,
            cells: BTreeMap::new(),
            moves: Vec::new(),
            notice: None,
            consents: 0,
            doubted: false,
            task: None,
            reached: Vec::new(),
        }
    }

    /// A premises' cell in a scheme on that moment.
    pub fn cell(&self, scheme: gridvault_policy::Scheme, at: i64) -> Option<&str> {
        let moved = self.moves.iter().rev().find(|to| to.scheme == scheme && to.from <= at);
        moved.map(|to| to.cell.as_str()).or_else(|| self.cells.get(&scheme).map(String::as_str))
    }

    /// The audit tag's bytes.
    pub fn tag_bytes(&self) -> Option<[u8; 16]> {
        data_encoding::HEXLOWER.decode(self.tag.as_bytes()).ok()?.try_into().ok()
    }
}

/// An obligation as answers and entries say it.
pub fn obligation_json(obligation: &Obligation) -> Json {
    let mut out = BTreeMap::new();
    out.insert(Cow::Borrowed("kind"), Json::from(obligation.kind.as_str()));
    if let Some(scope) = obligation.scope {
        out.insert(Cow::Borrowed("scope"), Json::from(scope));
    }
    if let Some(days) = obligation.days {
        out.insert(Cow::Borrowed("days"), Json::Int(i64::from(days)));
    }
    Json::Map(out)
}
