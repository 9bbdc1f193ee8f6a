use gridvault::permit::Permit;
use gridvault::seal::{Keyring, Released, SealError};
use gridvault::store::EnvelopesRow;

fn open(keys: &Keyring, permit: Permit, envelopes: &[EnvelopesRow]) -> Result<Released, SealError> {
    keys.open(permit, envelopes)
}

fn main() {}
