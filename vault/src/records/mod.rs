//! Records: persons, premises and tickets, found by id with everything a decision needs, as ciphertext.

mod locate;
pub mod values;

pub use locate::{Found, Located, Wanted, locate};
pub(crate) use locate::{consents_are_whole, is_own};
