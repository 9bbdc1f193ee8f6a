//! The shapes of answers about emergencies, demands and minors, for the API's description alone.
#![expect(dead_code, reason = "shapes are described, never made")]

use schemars::JsonSchema;
use uuid::Uuid;

use super::shapes::left_out;
use crate::authority::{Danger, Organ};
use crate::words::{DepartmentWord, Moment, RoleWord};

/// An emergency just declared.
#[derive(JsonSchema)]
pub(super) struct DeclaredShape {
    /// The basis and the task of its lookups.
    id: Uuid,
    #[schemars(with = "Moment")]
    until: String,
    #[schemars(with = "Moment")]
    review_by: String,
    /// Who may be looked up now.
    residents: Vec<Uuid>,
    /// How many more, once a second person has confirmed it.
    waiting: u64,
}

/// How a review ended.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub(super) enum ReviewWord {
    Justified,
    NotJustified,
    Lifted,
}

/// An emergency.
#[derive(JsonSchema)]
#[schemars(transform = left_out)]
pub(super) struct EmergencyShape {
    id: Uuid,
    event: String,
    reason: Danger,
    /// The declarer's unit, as it was then.
    #[schemars(with = "DepartmentWord")]
    department: String,
    areas: Vec<String>,
    /// Who declared it; not told to supervisors.
    person: Option<Uuid>,
    place: Option<Uuid>,
    #[schemars(with = "Moment")]
    at: String,
    #[schemars(with = "Moment")]
    until: String,
    open: bool,
    /// How many residents it names.
    residents: u64,
    /// How many of them were looked up, once it is settled.
    looked_up: Option<u64>,
    /// Whether a second person confirmed it.
    confirmed: bool,
    #[schemars(with = "Moment")]
    review_by: String,
    review: Option<ReviewWord>,
    /// Whether it keeps its declarer from declaring another.
    bars: bool,
}

/// A page of emergencies.
#[derive(JsonSchema)]
#[schemars(transform = left_out)]
pub(super) struct EmergenciesShape {
    emergencies: Vec<EmergencyShape>,
    next: Option<Uuid>,
}

/// A demand.
#[derive(JsonSchema)]
#[schemars(transform = left_out)]
pub(super) struct DemandShape {
    id: Uuid,
    /// The document's number.
    document: String,
    sha256: String,
    organ: Organ,
    residents: Vec<Uuid>,
    fields: Vec<String>,
    requester: Uuid,
    /// The post that carries it out.
    assignee: Option<Uuid>,
    #[schemars(with = "Moment")]
    at: String,
    #[schemars(with = "Moment")]
    closes: String,
    open: bool,
    approved_by: Option<Uuid>,
    /// Whether its lines are kept off the residents' statements just now.
    embargoed: bool,
    #[schemars(with = "Option<Moment>")]
    embargo_until: Option<String>,
    /// Another end of it, which nobody has approved yet.
    #[schemars(with = "Option<Moment>")]
    embargo_proposed: Option<String>,
}

/// A page of demands.
#[derive(JsonSchema)]
#[schemars(transform = left_out)]
pub(super) struct DemandsShape {
    demands: Vec<DemandShape>,
    next: Option<Uuid>,
}

/// Lookups of minors' T4 data in a month by a role.
#[derive(JsonSchema)]
pub(super) struct MinorAccessShape {
    #[schemars(regex(pattern = "^[0-9]{4}-[0-9]{2}$"))]
    month: String,
    #[schemars(with = "RoleWord")]
    role: String,
    /// Lookups that showed some.
    shown: u64,
    /// Of these, under an approval.
    approved: u64,
    /// Of these, in an emergency.
    emergencies: u64,
    /// Lookups that asked for some and were shown none.
    refused: u64,
}

/// Approvals of minors' files in a month.
#[derive(JsonSchema)]
pub(super) struct MinorApprovalShape {
    #[schemars(regex(pattern = "^[0-9]{4}-[0-9]{2}$"))]
    month: String,
    /// Of a day.
    given: u64,
    standing: u64,
    revoked: u64,
}

/// A year's account; counts, never persons.
#[derive(JsonSchema)]
pub(super) struct MinorsShape {
    year: u16,
    accesses: Vec<MinorAccessShape>,
    approvals: Vec<MinorApprovalShape>,
    /// Lookups whose private part was removed.
    removed: u64,
}
