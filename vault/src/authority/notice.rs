//! Notices to residents (告知书): versions with all that the law asks them to say, and that a resident was given one.

use std::collections::BTreeMap;

use gridvault_policy::Purpose;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The series of a notice.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
pub enum Series {
    /// General (PIPL 17).
    #[serde(rename = "GN")]
    General,
    /// Sensitive personal information (PIPL 30).
    #[serde(rename = "SN")]
    Sensitive,
    /// Minors under 14 (PIPL 31).
    #[serde(rename = "NM")]
    Minors,
    /// After an emergency (PIPL 18(2)).
    #[serde(rename = "EM")]
    Emergency,
}

impl Series {
    /// Every series.
    pub const ALL: &'static [Self] = &[Self::General, Self::Sensitive, Self::Minors, Self::Emergency];

    /// Its title in Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::General => "个人信息处理告知书",
            Self::Sensitive => "敏感个人信息处理告知书",
            Self::Minors => "未满十四周岁未成年人个人信息处理告知书",
            Self::Emergency => "紧急情况下处理个人信息的事后告知书",
        }
    }

    /// Its title in English.
    pub fn en(self) -> &'static str {
        match self {
            Self::General => "Notice on the processing of personal information",
            Self::Sensitive => "Notice on the processing of sensitive personal information",
            Self::Minors => "Notice on the personal information of children under 14",
            Self::Emergency => "Notice after an emergency",
        }
    }

    /// Whether it is given before data are collected; the one after an emergency is not.
    pub fn collects(self) -> bool {
        self != Self::Emergency
    }
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::General => "GN",
            Self::Sensitive => "SN",
            Self::Minors => "NM",
            Self::Emergency => "EM",
        }
    }
}

/// A version of a notice, as its row holds it. It counts from `valid_from` on, once two persons have approved it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Notice {
    /// Its series.
    pub series: Series,
    /// Version in the series, from 1.
    pub version: u32,
    /// SHA-256 of its canonical content, hex: items and texts in every language; a large print has the same.
    pub hash: String,
    /// The purposes that it speaks of.
    #[serde(default)]
    pub purposes: Vec<Purpose>,
    /// The fields that it speaks of (ids).
    #[serde(default)]
    pub fields: Vec<String>,
    /// The items by language (`zh-CN` always), as the law lists them.
    #[serde(default)]
    pub items: BTreeMap<String, NoticeItems>,
    /// From when it is valid, UTC microseconds.
    #[serde(default)]
    pub valid_from: i64,
    /// Whether purpose, way or kinds of data changed, so that consents under the version before need renewal (PIPL 14(2)).
    #[serde(default)]
    pub material_change: bool,
    /// The persons who approved it, two at last; the author is the first.
    #[serde(default)]
    pub approved: Vec<Uuid>,
    /// Whether one of those who approved it did so as the privacy officer.
    #[serde(default)]
    pub by_officer: bool,
    /// When the second approved it, UTC microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_at: Option<i64>,
    /// Refused, or taken back by its author: it never counts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
}

/// What a notice says in one language (PIPL 17, 30; 网络数据安全管理条例 21).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeItems {
    /// Handler's name.
    pub handler: String,
    /// Handler's contact.
    pub contact: String,
    /// The privacy officer's contact.
    pub privacy_officer: String,
    /// What for, in plain words.
    pub purpose: String,
    /// In which ways.
    pub ways: String,
    /// Why sensitive data are needed and what it means for the resident; required where any field is T3 or T4.
    #[serde(default)]
    pub necessity: String,
    /// Who receives them: name, contact, purpose, way, kinds.
    pub recipients: String,
    /// How long they are kept.
    pub retention: String,
    /// What becomes of them then.
    pub retention_end: String,
    /// Rights and how to use them.
    pub rights: String,
    /// How to withdraw.
    pub withdrawal: String,
    /// Where to complain (网信部门).
    pub complaint: String,
    /// What happens if the resident does not agree.
    pub refusal: String,
    /// Rules for children under 14; required in the series NM.
    #[serde(default)]
    pub minors: String,
    /// What changed since the version before.
    #[serde(default)]
    pub changes: String,
}

impl Notice {
    /// Since when it counts: its day has come and two persons have approved it; none while they have not.
    pub fn since(&self) -> Option<i64> {
        let approved = self.approved_at.filter(|_| self.approved.len() >= 2 && !self.refused)?;
        Some(approved.max(self.valid_from))
    }

    /// Whether two persons had approved it by then and its day had come.
    pub fn live(&self, at: i64) -> bool {
        self.since().is_some_and(|since| since <= at)
    }
}

/// How a notice reached a resident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// On paper, signed.
    PaperSigned,
    /// Read aloud, before a witness.
    ReadAloud,
    /// By a link.
    WechatLink,
    /// By post.
    Posted,
    /// By a message.
    Sms,
}

impl Channel {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PaperSigned => "paper_signed",
            Self::ReadAloud => "read_aloud",
            Self::WechatLink => "wechat_link",
            Self::Posted => "posted",
            Self::Sms => "sms",
        }
    }
}

/// Who confirmed having been informed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confirmer {
    /// The resident.
    Subject,
    /// The guardian.
    Guardian,
    /// The proxy.
    Proxy,
}

/// That a resident was given a version of a notice.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Delivery {
    /// The version; none: word of what was owed, without a notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Uuid>,
    /// Its hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// How; none: the register that brought the resident said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// When, UTC microseconds.
    pub at: i64,
    /// The person of staff who did it; none: the import that brought the resident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Uuid>,
    /// The person of staff who witnessed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<Uuid>,
    /// Who confirmed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_by: Option<Confirmer>,
    /// SHA-256 of the evidence (a signed sheet, a recording), hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}
