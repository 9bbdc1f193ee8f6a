//! What a resident has to be told, and until when.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a resident has to be told something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// An emergency in which the resident's data were looked up (PIPL 18(2)).
    Emergency,
    /// A consent that staff recorded in the resident's name.
    ConsentRecorded,
    /// A sign-in code, or another means to sign in, was given out in the resident's name.
    SignIn,
    /// Somebody became guardian or proxy.
    Mandate,
    /// An authority's demand, once its embargo has ended.
    Demand,
}

impl Why {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Emergency => "emergency",
            Self::ConsentRecorded => "consent_recorded",
            Self::SignIn => "sign_in",
            Self::Mandate => "mandate",
            Self::Demand => "demand",
        }
    }

    /// What the resident is told of, in Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Emergency => "紧急情况下查看了您的信息",
            Self::ConsentRecorded => "工作人员登记了您的同意",
            Self::SignIn => "以您的名义发出了登录码",
            Self::Mandate => "登记了您的监护人或代理人",
            Self::Demand => "有关机关依法调取了您的信息",
        }
    }
}

/// A due's row: that a resident has to be told of something.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Due {
    /// Who has to be told.
    pub resident: Uuid,
    /// Why.
    pub why: Why,
    /// What of: the emergency, the consent event, the code's task, the mandate, the demand.
    pub about: Uuid,
    /// Since when, UTC microseconds; an embargoed one not before its embargo has ended.
    pub since: i64,
    /// Until when at the latest.
    pub by: i64,
    /// The delivery by which it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Uuid>,
    /// That it was not told in time is on record as a finding.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overdue: bool,
}
