//! The shapes of what is said of notices, of what residents were told, and of how they sign in.
#![expect(dead_code, reason = "shapes are described, never made")]

use std::collections::BTreeMap;

use schemars::JsonSchema;
use uuid::Uuid;

use super::shapes::{left_out, shapes};
use crate::authority::{Channel, Confirmer, Series, Why};
use crate::words::{Moment, PurposeWord, RoleWord, StoredFieldWord};

/// How a version of a notice stands.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum NoticeState {
    Proposed,
    Approved,
    InForce,
    Superseded,
}

/// By which version a resident is informed.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum InformedBy {
    Newest,
    Older,
    None,
}

/// What happened to the ways of signing in.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum SignInKind {
    CodeGiven,
    SignedIn,
    FactorSent,
    FactorAdded,
    FactorsDropped,
}

/// How the second factor stands.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum FactorState {
    None,
    Waits,
    Counts,
}

shapes! {
    /// What a resident has to be told.
    DueShape { id: Uuid, resident: Uuid, why: Why, text: String, #[schemars(with = "Moment")] since: String,
        #[schemars(with = "Moment")] by: String, overdue: bool }
    /// A page of it.
    DuesShape { dues: Vec<DueShape>, next: Option<Uuid>, open: u64, overdue: u64, uninformed: u64 }
    /// Residents by what they were told.
    CountsOfInformedShape { residents: u64, informed: u64, by_older_version: u64, unnotified: u64 }
    /// The same, of an area.
    AreaCoverageShape { area: String, name: String, residents: u64, informed: u64, by_older_version: u64, unnotified: u64 }
    /// How far residents are informed.
    CoverageShape { street: CountsOfInformedShape, communities: Vec<AreaCoverageShape>,
        grids: Vec<AreaCoverageShape>, in_no_grid: CountsOfInformedShape }
    /// A sign-in code.
    CodeShape { code: String, #[schemars(with = "Moment")] expires: String }
    /// Since when a second factor counts.
    FactorShape { #[schemars(with = "Moment")] counts_from: String }
    /// A sign-in, or what makes one possible.
    SignInShape { #[schemars(with = "Moment")] at: String, what: SignInKind, text: String,
        #[schemars(with = "Option<RoleWord>")] role: Option<String>, area: Option<String> }
    /// The second factor.
    SecondFactorShape { state: FactorState, #[schemars(with = "Option<Moment>")] from: Option<String> }
    /// The resident's own page.
    OwnPageShape { sign_ins: Vec<SignInShape>, second_factor: SecondFactorShape, owed: u64 }
    /// A proposed version, by its id.
    ProposedNoticeShape { id: Uuid, version: u32, #[schemars(regex(pattern = "^[0-9a-f]{64}$"))] hash: String }
    /// A version in brief.
    NoticeBriefShape { id: Uuid, series: Series, version: u32, title: String, state: NoticeState,
        #[schemars(with = "Moment")] valid_from: String, material_change: bool,
        #[schemars(regex(pattern = "^[0-9a-f]{64}$"))] hash: String }
    /// Versions that were approved.
    NoticesShape { notices: Vec<NoticeBriefShape> }
    /// What a version says: SHA-256 of its canonical JSON (RFC 8785) is the hash.
    NoticeContentShape { series: Series, version: u32, #[schemars(with = "Vec<PurposeWord>")] purposes: Vec<String>,
        #[schemars(with = "Vec<StoredFieldWord>")] fields: Vec<String>, items: BTreeMap<String, SaidItems>,
        #[schemars(with = "Moment")] valid_from: String, material_change: bool }
    /// A version.
    NoticeShape { id: Uuid, series: Series, version: u32, title: String, state: NoticeState,
        #[schemars(with = "Moment")] valid_from: String, material_change: bool,
        #[schemars(regex(pattern = "^[0-9a-f]{64}$"))] hash: String, approvals: u32, content: NoticeContentShape }
    /// Versions that wait for a second person.
    ProposedNoticesShape { notices: Vec<NoticeShape> }
    /// What a resident was given: a version, or word of something.
    GivenShape { notice: Option<Uuid>, series: Option<Series>, version: Option<u32>, title: Option<String>,
        delivery: Option<Uuid>, channel: Option<Channel>, #[schemars(with = "Option<Moment>")] at: Option<String>,
        confirmed_by: Option<Confirmer>, witnessed: Option<bool> }
    /// What a resident is still owed word of.
    OwedShape { id: Uuid, why: Why, text: String, #[schemars(with = "Moment")] since: String,
        #[schemars(with = "Moment")] by: String, overdue: bool }
    /// What a resident was told, and is still owed.
    InformedShape { given: Vec<GivenShape>, owed: Vec<OwedShape>, informed: InformedBy }
}

/// Items of one language; empty ones are left out.
#[derive(JsonSchema)]
#[schemars(transparent)]
struct SaidItems(BTreeMap<String, String>);
