//! Who may see what, and why. Pure: words, facts and rules in, a decision out; no I/O, no clock, no randomness.
//!
//! ```text
//!   rules.csv ─strict reader─▶ rules ─casbin─▶ masks          Facts + Asked ─▶ Book::decide ─▶ Decision
//!                                 (every row × value, once)         AND of 17 masks, first row left
//! ```
//!
//! A rule is a box: a set of values per dimension. A matching deny beats every permit; no rule means no; among permits
//! the most specific decides and names the reason. casbin evaluates every row against every value of each dimension when
//! a version is loaded, and stays at hand as the oracle; deciding itself is a few ANDs. Where nothing permits, the first
//! group of facts with which no permit is left says why.
//!
//! A [`Decision`] has private fields and one maker, so whoever holds one has asked a [`Book`].

mod book;
mod bundle;
mod calendar;
mod caps;
mod cases;
mod catalog;
mod check;
mod classes;
mod compile;
mod day;
mod decision;
mod error;
mod explain;
mod facts;
mod instruments;
mod join;
mod list;
mod matrix;
mod offer;
mod own_task;
mod parse;
#[cfg(test)]
mod search;
mod space;
mod words;

pub use book::Book;
pub use bundle::Bundle;
pub use calendar::{Calendar, calendar};
pub use cases::{CaseReport, Situation, Unmissed, run_cases, unmissed};
pub use catalog::{FieldId, FieldSet, UnknownField, ValueKind, belongs};
pub use check::{Exceptions, check};
pub use day::Day;
pub use decision::{Decision, FieldDecision, Obligation, RuleId, Verdict};
pub use error::PolicyError;
pub use explain::{Explanation, Miss};
pub use facts::{Asked, Facts, Reach, RecordKey};
pub use instruments::{Grant, Instruments, Item, Letters, instruments, items, letters};
pub use list::Listing;
pub use matrix::matrix;
pub use offer::Offer;
pub use parse::Rule;
pub use space::{Change, diff};
pub use words::{
    Action, AgeClass, Basis, Department, Duty, Form, Layer, ObligationKind, Outcome, Posture, Purpose,
    Reason, RecordState, RecordType, Relation, Role, Scheme, TaskState, Tier, needs_task,
};
