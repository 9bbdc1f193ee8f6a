//! HTTP: the router, what comes in checked into domain types, what goes out as JSON or a problem.

mod accept;
mod admin;
mod audit;
mod catalog;
mod consents;
mod extract;
mod health;
mod imports;
mod lookups;
mod me;
mod metrics;
mod peer;
mod problem;
mod router;
mod serve;
mod sessions;
mod tasks;
mod telemetry;
mod throttle;

pub(crate) use imports::outcome_json;
pub use problem::{Language, Problem};
pub use router::{App, router};
pub use serve::{Doors, Limits, serve};

/// Whether a client's identifier is one: `[A-Za-z0-9._:-]{1,64}`.
pub(crate) fn is_identifier(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'-'))
}
