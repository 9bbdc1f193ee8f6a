//! One decision is one lookup: it cannot be copied.
use gridvault_policy::Decision;

fn twice(decision: Decision) -> (Decision, Decision) {
    (decision.clone(), decision)
}

fn main() {}
