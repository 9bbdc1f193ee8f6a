use gridvault::permit::Permit;
use gridvault::seal::{Keyring, Released, SealError};
use gridvault::store::EnvelopeRow;

fn open(keys: &Keyring, permit: Permit, envelopes: &[EnvelopeRow]) -> Result<Released, SealError> {
    keys.open(permit, envelopes)
}

fn main() {}
