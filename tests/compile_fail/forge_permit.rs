//! A permit cannot be written down: only the log makes one.
use gridvault::permit::{Lookup, Permit};
use gridvault_audit::Receipt;

fn forge(lookup: Lookup, receipt: Receipt) -> Permit {
    Permit { subject: lookup, receipt, token: [0; 16], since: std::time::Instant::now() }
}

fn main() {}
