//! Consent: events that are only added, and the present state as a fold over them.
//!
//! ```text
//!   requested ─▶ given ─▶ renewed        computed at reading: expired, needs_renewal, invalid
//!       │          │ └──▶ withdrawn
//!       ├─▶ refused└────▶ invalidated    a refusal ends what stands, a deferral or a request leaves it
//!       └─▶ deferred
//! ```

mod fold;
mod notices;
#[cfg(test)]
mod tests;

use gridvault_policy::{AgeClass, Purpose};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use fold::{Consented, Standing, effective_tier, standing};
pub use notices::Notices;

use super::Mandate;

/// What a consent event says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentState {
    /// Asked for.
    Requested,
    /// Given.
    Given,
    /// Refused.
    Refused,
    /// Left for later.
    Deferred,
    /// Withdrawn.
    Withdrawn,
    /// Given again, in the place of one before.
    Renewed,
    /// What staff recorded is confirmed from outside the person who recorded it.
    Confirmed,
    /// Found void by the privacy officer.
    Invalidated,
}

impl ConsentState {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Given => "given",
            Self::Refused => "refused",
            Self::Deferred => "deferred",
            Self::Withdrawn => "withdrawn",
            Self::Renewed => "renewed",
            Self::Confirmed => "confirmed",
            Self::Invalidated => "invalidated",
        }
    }

    /// Whether it says yes.
    pub fn agrees(self) -> bool {
        matches!(self, Self::Given | Self::Renewed)
    }
}

/// How a consent stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Present {
    /// Nobody has asked or said anything.
    None,
    /// Asked for, not answered.
    Requested,
    /// Given.
    Given,
    /// Given again.
    Renewed,
    /// Refused.
    Refused,
    /// Left for later.
    Deferred,
    /// Withdrawn.
    Withdrawn,
    /// Its time has run out.
    Expired,
    /// A newer notice says more, or the child has turned 14.
    NeedsRenewal,
    /// Who gave it speaks for the resident no more, the resident has died, or may not understand it.
    Invalid,
    /// Found void by the privacy officer.
    Invalidated,
}

impl Present {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Requested => "requested",
            Self::Given => "given",
            Self::Renewed => "renewed",
            Self::Refused => "refused",
            Self::Deferred => "deferred",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::NeedsRenewal => "needs_renewal",
            Self::Invalid => "invalid",
            Self::Invalidated => "invalidated",
        }
    }

    /// Where an event leads from here; nothing where it cannot be.
    #[must_use]
    pub fn next(self, said: ConsentState) -> Option<Self> {
        use ConsentState as Said;
        let stood =
            matches!(self, Self::Given | Self::Renewed | Self::Expired | Self::NeedsRenewal | Self::Invalid);
        match said {
            Said::Given => Some(Self::Given),
            Said::Refused => Some(Self::Refused),
            // What stands is not shaken by a question, nor by putting it off.
            Said::Requested | Said::Deferred if stood => Some(self),
            Said::Requested => Some(Self::Requested),
            Said::Deferred => Some(Self::Deferred),
            Said::Renewed => (stood && self != Self::Invalid).then_some(Self::Renewed),
            Said::Withdrawn => stood.then_some(Self::Withdrawn),
            Said::Invalidated => stood.then_some(Self::Invalidated),
            Said::Confirmed => matches!(self, Self::Given | Self::Renewed).then_some(self),
        }
    }
}

/// Who recorded it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentBy {
    /// Who speaks, signed in: the resident, or the guardian or proxy.
    Resident,
    /// Staff, on that word: opens T1 and T2 only until it is confirmed from outside.
    Staff,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "mandate", rename_all = "snake_case")]
pub enum Speaker {
    /// The resident.
    #[default]
    Subject,
    /// A guardian, by that mandate.
    Guardian(Uuid),
    /// A proxy, by that letter.
    Proxy(Uuid),
}

impl Speaker {
    /// The mandate spoken by.
    pub fn mandate(self) -> Option<Uuid> {
        match self {
            Self::Subject => None,
            Self::Guardian(id) | Self::Proxy(id) => Some(id),
        }
    }

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Guardian(_) => "guardian",
            Self::Proxy(_) => "proxy",
        }
    }
}

/// What kind of consent it is (PIPL 13, 14, 29).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentKind {
    /// For ordinary data: T1 and T2.
    #[default]
    General,
    /// Separate (单独同意), with a signature of its own: T3 and T4 as well.
    Separate,
    /// Separate and in writing (书面同意).
    Written,
}

impl ConsentKind {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Separate => "separate",
            Self::Written => "written",
        }
    }
}

/// A consent event's row, for one purpose.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConsentEvent {
    /// Its number among the person's consent events, from 1: their order, under the row's MAC.
    pub number: u32,
    /// Digest of the row of the event before, hex: with the number it makes a chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prev: Option<String>,
    /// For what.
    pub purpose: Purpose,
    /// Which fields (ids).
    pub fields: Vec<String>,
    /// What kind it is.
    #[serde(default)]
    pub basis_kind: ConsentKind,
    /// What it says.
    pub state: ConsentState,
    /// The event that it confirms or finds void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Uuid>,
    /// How it was expressed, a word.
    pub method: String,
    /// Who speaks.
    #[serde(default)]
    pub speaker: Speaker,
    /// Who recorded it.
    pub by: ConsentBy,
    /// The person of staff who recorded it, and the post acted in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staff: Option<(Uuid, Uuid)>,
    /// Who witnessed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<Uuid>,
    /// SHA-256 of the evidence (the signed sheet, the recording), hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// The notice version it was given under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Uuid>,
    /// When, UTC microseconds.
    pub at: i64,
    /// Until when at most (not included).
    pub until: i64,
}

impl ConsentEvent {
    /// Whether the speaker recorded it, or it is a consent of its own for what is sensitive.
    pub fn is_separate(&self) -> bool {
        self.by == ConsentBy::Resident || self.basis_kind != ConsentKind::General
    }
}

/// What the present state depends on beside the events.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'c> {
    /// The resident's age class now.
    pub age: AgeClass,
    /// Whether the resident has died.
    pub deceased: bool,
    /// Whether it is doubted that the resident can understand what is consented to.
    pub doubted: bool,
    /// Who speaks for the resident.
    pub mandates: &'c [(Uuid, Mandate)],
    /// The notices.
    pub notices: &'c Notices,
}
