//! Records: persons, premises and tickets, found by id with everything a decision needs, as ciphertext.

mod locate;
pub mod values;

pub(crate) use locate::is_own;
pub use locate::{Found, Located, Wanted, locate};
