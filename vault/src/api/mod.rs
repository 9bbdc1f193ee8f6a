//! HTTP: the router, what comes in checked into domain types, what goes out as JSON or a problem.

mod answer;
mod areas;
mod audit;
mod catalog;
mod consents;
mod docs;
mod doors;
mod examples;
mod extract;
mod imports;
mod lookups;
mod me;
mod openapi;
mod people;
mod problem;
mod proposals;
mod residents;
mod router;
mod routes;
mod searches;
mod services;
mod sessions;
mod shapes;
mod tasks;
mod throttle;

use crate::words::is_identifier;
pub use doors::{DoorPlate, doors};
pub(crate) use imports::outcome_json;
pub use openapi::description;
pub use problem::{Language, Problem};
pub(crate) use proposals::confirmed_json;
pub use router::{App, router, serve};
