//! A decision cannot be written down: only the book of rules makes one.
use gridvault_policy::{Decision, Facts};

fn forge(facts: Facts) -> Decision {
    Decision { facts, behind: None, fields: vec![], obligations: vec![] }
}

fn main() {}
