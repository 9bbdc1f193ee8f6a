//! The demonstration: a synthetic street, ready to use.

mod file;
mod make;
mod notice;
mod steps;
pub mod street;

pub use file::{DemoCaller, DemoFile, DemoPremises, DemoResident, DemoTask};
pub use make::{DemoError, make, refresh};
pub use steps::steps;
