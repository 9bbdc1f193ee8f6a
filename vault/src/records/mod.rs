//! Records: persons, premises and tickets, found by id with everything a decision needs, as ciphertext.

mod consents;
mod find;
mod locate;
pub mod values;

pub use consents::ConsentLog;
pub use find::{CELL, People, by_ids, living_at, living_in};
pub(crate) use locate::is_own;
pub use locate::{Found, Located, Wanted, locate};
