use gridvault_policy::{Decision, Verdict};

fn read(decision: Decision) -> (Verdict, Decision) {
    (decision.verdict(), decision)
}

fn main() {}
