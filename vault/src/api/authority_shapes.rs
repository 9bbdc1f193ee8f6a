//! The shapes of answers about letters, tasks, rosters and usage, for the API's description alone.
#![expect(dead_code, reason = "shapes are described, never made")]

use std::collections::BTreeMap;

use schemars::JsonSchema;
use uuid::Uuid;

use super::shapes::left_out;
use crate::authority::TaskKind;
use crate::words::{DepartmentWord, FieldWord, Moment, PurposeWord, RoleWord};

macro_rules! shapes {
    ($($(#[doc = $doc:literal])+ $name:ident { $($(#[$attribute:meta])* $member:ident : $kind:ty),* $(,)? })+) => {
        $(
            $(#[doc = $doc])+
            #[derive(JsonSchema)]
            #[schemars(transform = left_out)]
            pub(super) struct $name { $($(#[$attribute])* $member: $kind),* }
        )+
    };
}

shapes! {
    /// A letter of delegation.
    LetterShape {
        id: Uuid, number: String, #[schemars(with = "DepartmentWord")] department: String, statute: String, article: String,
        unit: Option<String>, person: Uuid, #[schemars(with = "Vec<PurposeWord>")] purposes: Vec<String>,
        #[schemars(with = "Vec<FieldWord>")] fields: Vec<String>, areas: Vec<String>,
        #[schemars(with = "Moment")] from: String, #[schemars(with = "Moment")] to: String,
        /// Whether it gives anything now.
        live: bool,
        /// Whether the second signature is missing.
        pending: bool, renews: Option<Uuid>,
    }
    /// A post that ends soon.
    EndingPostShape {
        id: Uuid, #[schemars(with = "RoleWord")] role: String, #[schemars(with = "DepartmentWord")] department: String,
        areas: Vec<String>, #[schemars(with = "Moment")] to: String,
    }
    /// A service whose agreement ends soon.
    EndingServiceShape { id: Uuid, #[schemars(with = "DepartmentWord")] kind: String, #[schemars(with = "Moment")] to: String }
    /// Letters, and the posts and agreements that end as soon as asked for.
    LettersShape { letters: Vec<LetterShape>, assignments: Vec<EndingPostShape>, services: Vec<EndingServiceShape> }
    /// An open task.
    HeldTaskShape {
        id: Uuid, kind: TaskKind, #[schemars(with = "PurposeWord")] purpose: String, residents: Vec<Uuid>, premises: Vec<Uuid>,
        ticket: Option<Uuid>, assignees: Vec<Uuid>, #[schemars(with = "Moment")] opens: String, #[schemars(with = "Moment")] closes: String,
        late: bool,
        /// Whether the caller opened it: then it gives T1 and masks only.
        own: bool, confirmed: bool,
        /// The first task of the same event.
        same_as: Option<Uuid>,
        /// Later tasks of the same event.
        linked: Vec<Uuid>,
    }
    /// A page of open tasks.
    TasksShape { tasks: Vec<HeldTaskShape>, next: Option<Uuid> }
    /// What became of one task of a batch.
    OpenedOneShape {
        /// 201 made, 200 made before, else as the problem says.
        status: u16, id: Option<Uuid>, ticket: Option<Uuid>, problem: Option<BTreeMap<String, serde_json::Value>>,
    }
    /// What became of a batch.
    OpenedShape { tasks: Vec<OpenedOneShape> }
    /// A shift.
    ShiftShape {
        id: Uuid, person: Uuid, #[schemars(with = "Moment")] from: String, #[schemars(with = "Moment")] to: String, covers: Option<Uuid>,
        confirmed: bool, ended: bool,
    }
    /// A page of shifts.
    RostersShape { rosters: Vec<ShiftShape>, next: Option<Uuid> }
    /// What a post was granted and used.
    UsedShape {
        id: Uuid, label: String, live: bool, grids_granted: u64, grids_used: u64, lookups: u64, refused: u64,
        #[schemars(with = "Vec<PurposeWord>")] purposes_granted: Vec<String>, #[schemars(with = "Vec<PurposeWord>")] purposes_used: Vec<String>,
    }
    /// What posts were granted and used.
    UsageShape {
        #[schemars(with = "Moment")] from: String, #[schemars(with = "Moment")] to: String,
        /// Whether every lookup of that time was counted.
        whole: bool, assignments: Vec<UsedShape>,
    }
}
