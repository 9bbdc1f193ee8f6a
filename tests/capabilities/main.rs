//! What the vault does for people, capability by capability, through its real router.

mod attack;
mod batch;
mod catalog;
mod confirm;
mod consent;
mod described;
mod doors;
mod erased;
mod exports;
mod import;
mod instances;
mod look_up;
mod metrics;
mod proofs;
mod pruning;
mod queries;
mod random;
mod register;
mod registers;
mod rewriting;
mod sealing;
mod searching;
mod tampering;
mod unknown;
mod who_looked;
mod workbooks;
