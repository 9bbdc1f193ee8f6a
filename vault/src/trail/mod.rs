//! The trail at rest: the one sink that the log has, begun, pinned, and checked at every start.

mod batch;
mod change;
mod erased;
mod keep;
mod pin;
mod prune;
mod publish;
mod questions;
mod standing;
mod start;
mod sums;
mod tags;
mod tiles;
mod tree;
mod trust;
mod verify;
mod witnesses;
mod witnessing;
mod writer;

pub use change::{Act, Change, Expect};
pub use erased::Erased;
pub(crate) use prune::{Gaps, KEPT_FOR, is_old, leaves};
pub use prune::{Parts, prune};
pub use publish::{PublishError, Published, Publisher, Publishing};
pub use questions::{Aspect, Count, CountQuestion, Counts, Page, Question, Questions};
pub use start::{Beside, Started, TrailError, start};
pub use tree::prove_published;
pub(crate) use tree::{bundle_of, edge_at_rest, publish_last};
pub(crate) use trust::Milestones;
pub use trust::{Trust, Verdict, Verified};
pub use verify::verify_database;
pub use witnesses::WitnessAddress;
pub(crate) use witnesses::newest_seen;
pub use witnessing::{WitnessNews, Witnessing};
pub use writer::Writer;
