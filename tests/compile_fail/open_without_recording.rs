//! A decided lookup that is not recorded opens nothing.
use gridvault::permit::Lookup;
use gridvault::seal::{Keyring, Released, SealError};
use gridvault::store::EnvelopesRow;

fn open(keys: &Keyring, lookup: Lookup, envelopes: &[EnvelopesRow]) -> Result<Released, SealError> {
    keys.open(lookup, envelopes)
}

fn main() {}
