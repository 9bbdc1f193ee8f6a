//! Tasks: why somebody may look just now.

use gridvault_policy::Purpose;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Holder;

/// What kind of task it is (domain words).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// 案件
    Case,
    /// 探访
    Visit,
    /// 检查
    Inspection,
    /// 登记
    Registration,
    /// 申请
    Application,
    /// 调解
    Mediation,
    /// 矫正小组
    CorrectionTeam,
    /// 未保档案
    ChildFile,
    /// 应急
    Emergency,
    /// 权利请求
    RightsRequest,
    /// 调取
    LegalRequest,
    /// 数据核实
    QualityCheck,
}

impl TaskKind {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::Visit => "visit",
            Self::Inspection => "inspection",
            Self::Registration => "registration",
            Self::Application => "application",
            Self::Mediation => "mediation",
            Self::CorrectionTeam => "correction_team",
            Self::ChildFile => "child_file",
            Self::Emergency => "emergency",
            Self::RightsRequest => "rights_request",
            Self::LegalRequest => "legal_request",
            Self::QualityCheck => "quality_check",
        }
    }
}

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

    /// Whether it names this record.
    pub fn names(&self, record: Uuid) -> bool {
        self.ticket == Some(record) || self.residents.contains(&record) || self.premises.contains(&record)
    }

    /// Every record that it names.
    pub fn records(&self) -> impl Iterator<Item = Uuid> + '_ {
        self.ticket.iter().chain(&self.residents).chain(&self.premises).copied()
    }
}
