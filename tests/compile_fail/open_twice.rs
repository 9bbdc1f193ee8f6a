//! Opening consumes the permit.
use gridvault::permit::Permit;
use gridvault::seal::Keyring;
use gridvault::store::EnvelopeRow;

fn open(keys: &Keyring, permit: Permit, envelopes: &[EnvelopeRow]) {
    let _ = keys.open(permit, envelopes);
    let _ = keys.open(permit, envelopes);
}

fn main() {}
