//! The officer's questions: which entries are of a purpose, a result, a device, how many of a day. What answers them is made
//! from the entries, behind them, block by block; what is not yet followed is read as it lies, so that no answer is stale.

mod along;
mod ask;
mod block;
mod check;
mod count;
mod follow;
mod words;

pub use ask::{Page, Question};
pub(super) use block::keys_of;
pub(super) use check::Words;
pub use count::{Count, CountQuestion, Counts};
pub use follow::Questions;
pub use words::Aspect;
