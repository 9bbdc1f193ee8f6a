//! The trail at rest: the one sink that the log has, begun, pinned, and checked at every start.

mod batch;
mod change;
mod erased;
mod pin;
mod standing;
mod start;
mod tags;
mod verify;
mod writer;

pub use change::{Act, Change, Expect};
pub use erased::Erased;
pub use start::{Started, TrailError, start};
pub use verify::{Verdict, Verified, verify_database};
pub use writer::Writer;
