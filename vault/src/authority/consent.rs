//! Consent: events that are only added, and the present state as a fold over them.

use gridvault_policy::{FieldId, FieldSet, Purpose, Reach, Reason, Tier};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a consent event says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentState {
    /// Given.
    Given,
    /// Withdrawn.
    Withdrawn,
}

/// Who recorded it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentBy {
    /// The resident, signed in.
    Resident,
    /// Staff, on the resident's word: opens T1 and T2 only until it is confirmed from outside.
    Staff,
}

/// A consent event's row, for one purpose.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConsentEvent {
    /// Its number among the person's consent events, from 1: their order, under the row's MAC.
    pub number: u32,
    /// For what.
    pub purpose: Purpose,
    /// Which fields (ids).
    pub fields: Vec<String>,
    /// What it says.
    pub state: ConsentState,
    /// How it was expressed, a word.
    pub method: String,
    /// Who recorded it.
    pub by: ConsentBy,
    /// The notice version it was given under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Uuid>,
    /// When, UTC microseconds.
    pub at: i64,
    /// Until when at most (not included).
    pub until: i64,
}

/// The present state for one purpose: which event stands and what it covers, or why there is none.
/// `events` are (id, entry number, event), in their order.
pub fn standing<'e>(
    events: impl Iterator<Item = (Uuid, i64, &'e ConsentEvent)>,
    purpose: Purpose,
    at: i64,
) -> Result<(Uuid, i64, Reach), Reason> {
    let last = events.filter(|(_, _, event)| event.purpose == purpose).last();
    let Some((id, seq, event)) = last else { return Err(Reason::ConsentNone) };
    match event.state {
        ConsentState::Withdrawn => Err(Reason::ConsentWithdrawn),
        ConsentState::Given if at >= event.until => Err(Reason::ConsentExpired),
        ConsentState::Given => Ok((id, seq, event.reach())),
    }
}

impl ConsentEvent {
    fn reach(&self) -> Reach {
        let mut fields = FieldSet::default();
        let mut held_back = false;
        for field in self.fields.iter().filter_map(|id| FieldId::parse(id).ok()) {
            if self.by == ConsentBy::Staff && field.tier() > Tier::T2 {
                held_back = true;
            } else {
                fields.insert(field);
            }
        }
        Reach::Only { fields, otherwise: if held_back { Reason::NeedsSeparate } else { Reason::ConsentNone } }
    }
}
