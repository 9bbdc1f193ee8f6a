//! Tasks: why somebody may look just now.

use gridvault_policy::Purpose;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Holder;
pub use super::task_kind::{TaskEnd, TaskKind};

/// A task's row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Task {
    /// Its kind.
    pub kind: TaskKind,
    /// What its lookups are for.
    pub purpose: Purpose,
    /// Residents that it names.
    pub residents: Vec<Uuid>,
    /// Premises that it names.
    pub premises: Vec<Uuid>,
    /// The ticket that came with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Uuid>,
    /// The posts that it is given to.
    pub assignees: Vec<Uuid>,
    /// From when, UTC microseconds.
    pub opens: i64,
    /// Until when (not included).
    pub closes: i64,
    /// When it was closed, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<i64>,
    /// How it ended, a word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// The fields that it is about (ids), where it says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// Who else confirmed it, where somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<Confirmation>,
    /// Who registered it.
    pub opener: Holder,
    /// Registered after the day on which it began.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// The earlier task of the same event, with which it closes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_as: Option<Uuid>,
    /// Later tasks of the same event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub linked: Vec<Uuid>,
}

/// A confirmation by a second person.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Confirmation {
    /// The person.
    pub by: Uuid,
    /// When, UTC microseconds.
    pub at: i64,
    /// Until when (not included), where it stands longer than a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
}

/// A confirmation is of the day: what was agreed to once is not agreed to for as long as the task is open.
const A_DAY: i64 = 86_400_000_000;

impl Confirmation {
    /// That person's, at that moment: it stands for a day where a task's is asked for.
    pub fn new(by: Uuid, at: i64) -> Self {
        Self { by, at, until: None }
    }

    /// Until when it holds (not included).
    pub fn until(&self) -> i64 {
        self.until.unwrap_or(self.at.saturating_add(A_DAY))
    }

    /// Whether it holds on that moment.
    pub fn live(&self, at: i64) -> bool {
        at < self.until()
    }
}

impl Task {
    /// Whether it is open on that moment.
    pub fn open(&self, at: i64) -> bool {
        self.closed.is_none() && self.opens <= at && at < self.closes
    }

    /// Whether that member of staff opened it: what one opens for oneself gives less.
    pub fn opened_by(&self, person: Uuid) -> bool {
        self.opener == Holder::Person(person)
    }

    /// Whether it is of that person's own making, so that it gives less: an emergency is declared by whoever is there, told and
    /// reviewed; for an application or a request the second person stands who confirmed it.
    pub fn self_made(&self, person: Uuid, confirmed: bool) -> bool {
        let counts = match self.kind {
            TaskKind::Emergency => false,
            TaskKind::Application | TaskKind::LegalRequest | TaskKind::RightsRequest => !confirmed,
            _ => true,
        };
        counts && self.opened_by(person)
    }

    /// Whether it names this record.
    pub fn names(&self, record: Uuid) -> bool {
        self.ticket == Some(record) || self.residents.contains(&record) || self.premises.contains(&record)
    }

    /// Every record that it names.
    pub fn records(&self) -> impl Iterator<Item = Uuid> + '_ {
        self.ticket.iter().chain(&self.residents).chain(&self.premises).copied()
    }
}
