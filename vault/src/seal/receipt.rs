//! The keys that sign receipts of consents: of their own, for the log's key signs heads and nothing else.

use std::path::Path;

use gridvault_audit::SigningKey;

use super::keyfile::{self, Opened};
use super::{Keyring, SealError, Secret};

/// The keys of every version, named `<origin>/receipts`.
pub(super) fn keys(opened: &Opened, origin: &str) -> Result<Vec<SigningKey>, SealError> {
    let name = format!("{origin}/receipts");
    let broken = SealError::KeyFile("its receipt key is broken");
    let mut keys = Vec::new();
    for version in opened.receipt_versions() {
        let seed = opened.key(&format!("receipt/{version}"))?;
        keys.push(
            SigningKey::from_seed(seed, &name)
                .map_err(|_| SealError::KeyFile("its receipt key is broken"))?,
        );
    }
    if keys.is_empty() { Err(broken) } else { Ok(keys) }
}

/// Adds a key that signs receipts from the next start on; gives its version.
pub fn add_receipt_key(path: &Path, passphrase: &Secret) -> Result<u16, SealError> {
    keyfile::add_receipt_key(path, passphrase)
}

/// The versions of the keys that sign receipts, oldest first, without the passphrase.
pub fn receipt_versions(path: &Path) -> Result<Vec<u16>, SealError> {
    keyfile::receipt_versions(path)
}

impl Keyring {
    /// The signature line under a receipt's text, by the newest key.
    pub fn sign_receipt(&self, text: &str) -> String {
        self.receipts.last().map(|key| key.sign(text)).unwrap_or_default()
    }

    /// What verifies the receipts signed from now on.
    pub fn receipt_key(&self) -> String {
        self.receipts.last().map(|key| key.verifier().to_string()).unwrap_or_default()
    }

    /// What verifies receipts, older ones too: the oldest first.
    pub fn receipt_keys(&self) -> Vec<String> {
        self.receipts.iter().map(|key| key.verifier().to_string()).collect()
    }
}
