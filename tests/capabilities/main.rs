//! What the vault does for people, capability by capability, through its real router.

mod catalog;
mod confirm;
mod consent;
mod doors;
mod import;
mod instances;
mod look_up;
mod metrics;
mod random;
mod sealing;
mod tampering;
mod unknown;
mod who_looked;
