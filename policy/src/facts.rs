//! What a decision rests on: classes only, never a person; gathered with evidence by whoever asks.

use crate::catalog::{FieldId, FieldSet};
use crate::words::{
    Action, AgeClass, Basis, Department, Duty, Posture, Purpose, Reason, RecordState, RecordType, Relation,
    Role, TaskState, Tier,
};

/// The facts of one lookup: one post, one basis.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The role acted in.
    pub role: Role,
    /// The department behind the post, or the service's kind.
    pub department: Department,
    /// How near the post is to the record.
    pub relation: Relation,
    /// The kind of record asked for.
    pub record: RecordType,
    /// What for.
    pub purpose: Purpose,
    /// On what basis; `none` where nothing could be proven.
    pub basis: Basis,
    /// What is done.
    pub action: Action,
    /// On duty.
    pub duty: Duty,
    /// The device.
    pub posture: Posture,
    /// The task named.
    pub task: TaskState,
    /// Age class of the person; `adult` for places and tickets.
    pub age: AgeClass,
    /// How the record stands.
    pub state: RecordState,
    /// Whether a live letter names the post's holder, the purpose and the place.
    pub letter: bool,
    /// Whether somebody other than the caller confirmed it, as the law asks: a person in charge (child files), a second
    /// person (requests), the resident being there (the window), the guardian (a child's consent).
    pub confirmed: bool,
    /// Whether whoever asks opened the task for themselves: then it gives what [`crate::own_task`] leaves.
    pub self_made: bool,
    /// The fields that the task itself names: those of an application, the one to be checked, those of a document.
    pub named: FieldSet,
    /// Which fields the basis covers.
    pub reach: Reach,
    /// Why the task is not an open one of the caller's.
    pub why_task: Option<Reason>,
    /// Why there is no basis.
    pub why_basis: Option<Reason>,
}

/// Which fields a basis covers.
#[derive(Clone, Debug)]
pub enum Reach {
    /// All that the rules permit.
    All,
    /// These; the others are refused with that reason.
    Only {
        /// The fields covered.
        fields: FieldSet,
        /// Why not the others.
        otherwise: Reason,
    },
    /// These; of the others some have a reason of their own.
    Told {
        /// The fields covered.
        fields: FieldSet,
        /// Fields not covered, each lot with its reason; the first that has a field says why.
        why: Vec<(FieldSet, Reason)>,
        /// Why not the rest.
        otherwise: Reason,
    },
}

impl Reach {
    /// What both cover; what this one leaves out keeps its reason.
    #[must_use]
    pub fn within(&self, other: &Self) -> Self {
        let (Some(own), Some(bound)) = (self.fields(), other.fields()) else {
            return if matches!(self, Self::All) { other.clone() } else { self.clone() };
        };
        let mut fields = FieldSet::default();
        for field in FieldId::all().filter(|field| own.contains(*field) && bound.contains(*field)) {
            fields.insert(field);
        }
        match self {
            Self::All => other.clone(),
            Self::Only { otherwise, .. } => Self::Only { fields, otherwise: *otherwise },
            Self::Told { why, otherwise, .. } => {
                Self::Told { fields, why: why.clone(), otherwise: *otherwise }
            }
        }
    }

    fn fields(&self) -> Option<&FieldSet> {
        match self {
            Self::All => None,
            Self::Only { fields, .. } | Self::Told { fields, .. } => Some(fields),
        }
    }

    /// Why a field is not covered; nothing of one that is.
    pub fn refuses(&self, field: FieldId) -> Option<Reason> {
        match self {
            Self::All => None,
            Self::Only { fields, otherwise } => (!fields.contains(field)).then_some(*otherwise),
            Self::Told { fields, .. } if fields.contains(field) => None,
            Self::Told { why, otherwise, .. } => {
                Some(why.iter().find(|(of, _)| of.contains(field)).map_or(*otherwise, |(_, reason)| *reason))
            }
        }
    }
}

/// A record's random key; opaque here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RecordKey(pub [u8; 16]);

/// A field asked for, with the record that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The record.
    pub record: RecordKey,
    /// The field.
    pub field: FieldId,
}

/// The dimensions in the order of the rule file's columns.
pub(crate) const DIMENSIONS: usize = 17;

/// Names of the dimensions: columns of the rules and arguments of the rule engine.
pub(crate) const NAMES: [&str; DIMENSIONS] = [
    "role",
    "department",
    "relation",
    "record",
    "field",
    "tier",
    "named",
    "purpose",
    "basis",
    "action",
    "duty",
    "posture",
    "task",
    "age",
    "state",
    "letter",
    "confirmed",
];

pub(crate) const ROLE: usize = 0;
pub(crate) const DEPARTMENT: usize = 1;
pub(crate) const RELATION: usize = 2;
pub(crate) const RECORD: usize = 3;
pub(crate) const FIELD: usize = 4;
pub(crate) const TIER: usize = 5;
pub(crate) const NAMED: usize = 6;
pub(crate) const PURPOSE: usize = 7;
pub(crate) const BASIS: usize = 8;
pub(crate) const ACTION: usize = 9;
pub(crate) const DUTY: usize = 10;
pub(crate) const POSTURE: usize = 11;
pub(crate) const TASK: usize = 12;
pub(crate) const AGE: usize = 13;
pub(crate) const STATE: usize = 14;
pub(crate) const LETTER: usize = 15;
pub(crate) const CONFIRMED: usize = 16;

/// A point of the space that the rules speak of: a value's index per dimension.
pub(crate) type Class = [usize; DIMENSIONS];

/// The values of a dimension, in order.
pub(crate) fn values(dimension: usize) -> Vec<&'static str> {
    macro_rules! all {
        ($t:ty) => {
            <$t>::ALL.iter().map(|w| w.as_str()).collect()
        };
    }
    match dimension {
        ROLE => all!(Role),
        DEPARTMENT => all!(Department),
        RELATION => all!(Relation),
        RECORD => all!(RecordType),
        FIELD => FieldId::all().map(FieldId::as_str).collect(),
        TIER => all!(Tier),
        PURPOSE => all!(Purpose),
        BASIS => all!(Basis),
        ACTION => all!(Action),
        DUTY => all!(Duty),
        POSTURE => all!(Posture),
        TASK => all!(TaskState),
        AGE => all!(AgeClass),
        STATE => all!(RecordState),
        _ => vec!["no", "yes"],
    }
}

impl Facts {
    /// Facts of which nothing is proven yet: elsewhere, no basis, no task, a bare device; a view of an adult's record in use.
    /// Whoever proves more says so over it.
    pub fn unproven(role: Role, record: RecordType, purpose: Purpose) -> Self {
        Self {
            role,
            department: Department::None,
            relation: Relation::Elsewhere,
            record,
            purpose,
            basis: Basis::None,
            action: Action::View,
            duty: Duty::On,
            posture: Posture::Unmanaged,
            task: TaskState::None,
            age: AgeClass::Adult,
            state: RecordState::Live,
            letter: false,
            confirmed: false,
            self_made: false,
            named: FieldSet::default(),
            reach: Reach::All,
            why_task: None,
            why_basis: None,
        }
    }

    /// The tier that counts for a field of this record: raised where it is about a child.
    pub fn effective_tier(&self, field: FieldId) -> Tier {
        match field.record() {
            RecordType::Person => field.tier().effective(self.age),
            _ => field.tier(),
        }
    }

    pub(crate) fn class(&self, field: FieldId) -> Class {
        [
            self.role.index(),
            self.department.index(),
            self.relation.index(),
            self.record.index(),
            field.index(),
            self.effective_tier(field).index(),
            usize::from(self.named.contains(field)),
            self.purpose.index(),
            self.basis.index(),
            self.action.index(),
            self.duty.index(),
            self.posture.index(),
            self.task.index(),
            self.age.index(),
            self.state.index(),
            usize::from(self.letter),
            usize::from(self.confirmed),
        ]
    }
}
