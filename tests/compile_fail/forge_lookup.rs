//! A decided lookup is made by the way of a lookup only, from a decision that nobody else gets.
use gridvault::permit::Lookup;
use gridvault_policy::Decision;

fn other_record(lookup: Lookup, mine: Lookup) -> (Decision, Lookup) {
    (lookup.decision, Lookup { about: mine.about, ..lookup })
}

fn main() {}
