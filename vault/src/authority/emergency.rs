//! Break-glass (应急调阅) and authorities' demands (调取), as their rows hold them.

use gridvault_policy::{Department, Scheme};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What danger an emergency is about (PIPL 13(4)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Danger {
    /// 火灾
    Fire,
    /// 燃气泄漏
    Gas,
    /// 水浸、垮塌等灾害
    Disaster,
    /// 急病、受伤
    Medical,
    /// 走失
    MissingPerson,
    /// 正在发生的侵害
    Violence,
    /// 其他危及生命健康的情形
    OtherDangerToLife,
}

impl Danger {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fire => "fire",
            Self::Gas => "gas",
            Self::Disaster => "disaster",
            Self::Medical => "medical",
            Self::MissingPerson => "missing_person",
            Self::Violence => "violence",
            Self::OtherDangerToLife => "other_danger_to_life",
        }
    }
}

/// Who did it, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The person.
    pub by: Uuid,
    /// When, UTC microseconds.
    pub at: i64,
}

/// What a reviewer found of an emergency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was one, and what was looked up was needed.
    Justified,
    /// It was none, or more was looked up than it needed.
    NotJustified,
}

impl Verdict {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Justified => "justified",
            Self::NotJustified => "not_justified",
        }
    }
}

/// A declared emergency's row, under the id of the task by which its lookups are made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Emergency {
    /// Who declared it.
    pub person: Uuid,
    /// In which post.
    pub post: Uuid,
    /// The post's department, scheme and areas as they were then: the declarer's unit.
    pub department: Department,
    /// The scheme of the areas.
    pub scheme: Scheme,
    /// The areas' codes.
    pub areas: Vec<String>,
    /// The number of the event.
    pub event: String,
    /// What danger.
    pub danger: Danger,
    /// The premises, where it was declared for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Uuid>,
    /// Every resident that it names; the task names those that may be looked up already.
    pub residents: Vec<Uuid>,
    /// When it was declared, UTC microseconds.
    pub at: i64,
    /// Until when at most (not included).
    pub until: i64,
    /// Until when it must be reviewed.
    pub review_by: i64,
    /// The second person, for more residents than one person may open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<Done>,
    /// Ended before its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Done>,
    /// The reviewer's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<(Verdict, Done)>,
    /// A second officer let the declarer break glass again after it was found not justified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifted: Option<Done>,
    /// How many reminders of the review were entered.
    #[serde(default)]
    pub reminded: u8,
    /// How many residents turned out to have been looked up, once it was over: each of them is owed word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_up: Option<u32>,
}

impl Emergency {
    /// Whether it is over: ended, or its time is up.
    pub fn over(&self, at: i64) -> bool {
        self.ended.is_some() || at >= self.until
    }

    /// Whether it keeps its declarer from declaring another: its review is overdue, or found it not justified and nobody has
    /// lifted that.
    pub fn bars(&self, at: i64) -> bool {
        match self.review {
            None => at >= self.review_by,
            Some((Verdict::Justified, _)) => false,
            Some((Verdict::NotJustified, _)) => self.lifted.is_none(),
        }
    }
}

/// What organ demands data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Organ {
    /// 公安机关
    Police,
    /// 检察院
    Procuratorate,
    /// 法院
    Court,
    /// 国家安全机关
    StateSecurity,
    /// 监察机关
    Supervision,
    /// 其他有权机关
    Other,
}

impl Organ {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Police => "police",
            Self::Procuratorate => "procuratorate",
            Self::Court => "court",
            Self::StateSecurity => "state_security",
            Self::Supervision => "supervision",
            Self::Other => "other",
        }
    }
}

/// The document that a demand, or the keeping back of its lines, rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Its number, sealed: people write it as they like.
    pub number: String,
    /// SHA-256 of the document itself, hex.
    pub sha256: String,
}

/// How long a demand's lines are kept off the resident's statement (暂缓公开).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Embargo {
    /// Until when (not included), UTC microseconds.
    pub until: i64,
    /// What it rests on, where that is another document than the demand's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Document>,
    /// Who asked for it.
    pub by: Uuid,
}

/// A demand's row, under the id of the task by which it is carried out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Demand {
    /// What it rests on.
    pub document: Document,
    /// Whose it is.
    pub organ: Organ,
    /// Who registered it.
    pub requester: Uuid,
    /// When, UTC microseconds.
    pub at: i64,
    /// Who else approved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<Done>,
    /// What is kept back; it counts from the approval on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embargo: Option<Embargo>,
    /// Another end of it, which nobody has approved yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed: Option<Embargo>,
    /// That the embargo has ended is on record.
    #[serde(default)]
    pub disclosed: bool,
    /// It is over, and those who were looked up are owed word.
    #[serde(default)]
    pub settled: bool,
}

impl Demand {
    /// Whether its lines are kept off the resident's statement on that moment.
    pub fn embargoed(&self, at: i64) -> bool {
        self.approved.is_some() && self.embargo.as_ref().is_some_and(|embargo| at < embargo.until)
    }
}
