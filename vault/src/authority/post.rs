//! Posts, letters of delegation, services and their agreements: each valid from a minute to a minute.

use gridvault_policy::{Department, Purpose, Role, Scheme};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::task::Confirmation;

/// A member of staff: name and number sealed, for the trail and the answers name posts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StaffMember {
    /// Number and name under the staff key, base64.
    pub sealed: String,
}

/// A post (岗位): a role with department, scheme, areas and validity.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Assignment {
    /// Who holds it.
    pub person: Uuid,
    /// Its role.
    pub role: Role,
    /// The department behind it.
    pub department: Department,
    /// The scheme that its areas belong to.
    pub scheme: Scheme,
    /// Its areas' codes.
    pub areas: Vec<String>,
    /// From when, UTC microseconds.
    pub from: i64,
    /// Until when (not included).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<i64>,
    /// The instrument it cites beyond those of its role and department (职权依据).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument: Option<String>,
    /// Ended before its time.
    #[serde(default)]
    pub ended: bool,
    /// A privacy officer's deputy (代理): reviews and approves, and looks nothing up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deputy: bool,
}

impl Assignment {
    /// Whether it is held on that moment.
    pub fn live(&self, at: i64) -> bool {
        !self.ended && self.from <= at && self.to.is_none_or(|to| at < to)
    }
}

/// A letter of delegation (授权书, PIPL 21): named person, purposes, fields, areas, dates; it expires hard, and whoever it
/// names delegates nothing further.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Letter {
    /// Its number.
    pub number: String,
    /// The department that delegates.
    pub department: Department,
    /// The person named.
    pub person: Uuid,
    /// What for.
    pub purposes: Vec<Purpose>,
    /// Which fields.
    pub fields: Vec<String>,
    /// In which areas (codes).
    pub areas: Vec<String>,
    /// From when, UTC microseconds.
    pub from: i64,
    /// Until when (not included).
    pub to: i64,
    /// Revoked before its time.
    #[serde(default)]
    pub revoked: bool,
    /// The law that the department delegates from.
    #[serde(default)]
    pub law: DelegatedBy,
    /// The unit that it is given to (受委托单位).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// Not good before a second person has signed it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pending: bool,
    /// Who signed it: who registered it, and the second person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signed: Vec<Confirmation>,
    /// The letter that it follows on, beside which it may lie in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renews: Option<Uuid>,
}

/// A statute and its article, with the digest of its text as it was then.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct DelegatedBy {
    /// The statute.
    pub statute: String,
    /// The article.
    pub article: String,
    /// SHA-256 of the article's text, hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl Letter {
    /// Whether it holds on that moment.
    pub fn live(&self, at: i64) -> bool {
        !self.revoked && !self.pending && self.from <= at && at < self.to
    }

    /// Whether both give the same person something of one department for one purpose in one area at one time.
    pub fn overlaps(&self, other: &Self) -> bool {
        fn share<T: PartialEq>(a: &[T], b: &[T]) -> bool {
            a.iter().any(|one| b.contains(one))
        }
        self.person == other.person
            && self.department == other.department
            && self.from < other.to
            && other.from < self.to
            && share(&self.purposes, &other.purposes)
            && share(&self.areas, &other.areas)
    }
}

/// A grid service with its agreement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Service {
    /// Its kind, one of the service words of department.
    pub kind: Department,
    /// What it was granted.
    pub agreement: Agreement,
    /// What one person has granted and nobody has confirmed yet: an agreement in the place of this one, or the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Pending>,
}

/// A grant to a service that a second person has to confirm.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pending {
    /// Who granted it.
    pub by: Uuid,
    /// The agreement; none: a further token only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Agreement>,
}

/// What a service was granted.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// The purposes it may use or register tasks for.
    pub purposes: Vec<Purpose>,
    /// The roles it may act for, with `on_behalf_of`.
    #[serde(default)]
    pub acts_for: Vec<Role>,
    /// From when, UTC microseconds.
    pub from: i64,
    /// Until when (not included).
    pub to: i64,
    /// Ended before its time.
    #[serde(default)]
    pub ended: bool,
}

impl Agreement {
    /// Whether it holds on that moment.
    pub fn live(&self, at: i64) -> bool {
        !self.ended && self.from <= at && at < self.to
    }
}
