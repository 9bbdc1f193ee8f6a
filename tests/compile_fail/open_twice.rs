//! Opening consumes the permit.
use gridvault::permit::Permit;
use gridvault::seal::Keyring;
use gridvault::store::EnvelopesRow;

fn open(keys: &Keyring, permit: Permit, envelopes: &[EnvelopesRow]) {
    let _ = keys.open(permit, envelopes);
    let _ = keys.open(permit, envelopes);
}

fn main() {}
