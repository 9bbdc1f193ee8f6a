//! Nor converted from what is not recorded.
use gridvault::permit::{Lookup, Permit};

fn convert(lookup: Lookup) -> Permit {
    lookup.into()
}

fn main() {}
