//! What a resident signs in with beside a code: a second factor, which counts once it is old enough.

use serde::{Deserialize, Serialize};

use crate::clock::days;

/// A second factor counts so long after it was added: who stole a moment at the counter meets the letter that tells of it first.
pub const COUNTS_AFTER: i64 = days(3);

/// A kind of second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactorKind {
    /// A code that came by letter or message to the home or phone on record.
    Message,
}

impl FactorKind {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
        }
    }
}

/// A second factor's row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Factor {
    /// Its kind.
    pub kind: FactorKind,
    /// The HMAC of the code that was sent, hex, until it is entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Until when that code may be entered, UTC microseconds.
    pub expires: i64,
    /// Since when it is the resident's; none: the code has not been entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    /// Taken away, or replaced.
    #[serde(default)]
    pub revoked: bool,
}

impl Factor {
    /// Since when it counts, perhaps in days to come.
    pub fn counts_from(&self) -> Option<i64> {
        self.since.filter(|_| !self.revoked).map(|since| since.saturating_add(COUNTS_AFTER))
    }
}
