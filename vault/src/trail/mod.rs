//! The trail at rest: the one sink that the log has, begun, pinned, and checked at every start.

mod batch;
mod change;
mod erased;
mod keep;
mod pin;
mod publish;
mod questions;
mod standing;
mod start;
mod sums;
mod tags;
mod tree;
mod verify;
mod witnesses;
mod writer;

pub use change::{Act, Change, Expect};
pub use erased::Erased;
pub use publish::{PublishError, Published, Publisher, Publishing, WitnessNews, Witnessing};
pub use questions::{Aspect, Count, CountQuestion, Counts, Page, Question, Questions};
pub use start::{Beside, Started, TrailError, start};
pub use verify::{Verdict, Verified, verify_database};
pub use witnesses::WitnessAddress;
pub use writer::Writer;
