//! Who speaks for a resident: a guardian (监护人) of a child, a proxy (代理人) by letter.

use gridvault_policy::Purpose;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Confirmation;

/// In what capacity somebody speaks for a resident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MandateKind {
    /// A guardian.
    Guardian,
    /// A proxy, by a letter (授权委托书).
    Proxy,
}

impl MandateKind {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Guardian => "guardian",
            Self::Proxy => "proxy",
        }
    }
}

/// A mandate's row. It counts once a second person has confirmed it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Mandate {
    /// Guardian or proxy.
    pub kind: MandateKind,
    /// The resident who speaks, where held: then the own session is good for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Uuid>,
    /// The member of staff who speaks, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staff: Option<Uuid>,
    /// How they are related (GB/T 4761).
    pub relation: String,
    /// What proves it, a word.
    pub proof: String,
    /// The letter's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// For what; none said: for everything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<Purpose>,
    /// For which fields (ids); none said: for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// From when, UTC microseconds.
    pub from: i64,
    /// Until when (not included).
    pub to: i64,
    /// The person of staff who registered it, and the post acted in.
    pub by: (Uuid, Uuid),
    /// Who else confirmed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<Confirmation>,
    /// When it was ended before its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<i64>,
}

impl Mandate {
    /// Whether it holds on that moment.
    pub fn live(&self, at: i64) -> bool {
        self.confirmed.is_some() && self.ended.is_none() && self.from <= at && at < self.to
    }

    /// Whether it is for the purpose.
    pub fn is_for(&self, purpose: Purpose) -> bool {
        self.purposes.is_empty() || self.purposes.contains(&purpose)
    }

    /// Whether it is for the field.
    pub fn covers(&self, field: &str) -> bool {
        self.fields.is_empty() || self.fields.iter().any(|named| named == field)
    }
}
