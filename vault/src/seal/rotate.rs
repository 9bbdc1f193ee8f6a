//! New KEKs in the place of old ones: added, everything wrapped anew, and the old ones destroyed. What was erased before cannot
//! be opened from any backup from then on, for the keys of its keys are gone.

use std::path::Path;

use super::{SealError, Secret, keyfile};

/// Adds KEKs of a new version to the key file; gives the version. A ring opened from then on seals under them.
pub fn add_keks(path: &Path, passphrase: &Secret) -> Result<u16, SealError> {
    keyfile::add_keks(path, passphrase)
}

/// Destroys the KEKs of every version before that one.
pub fn drop_keks(path: &Path, passphrase: &Secret, before: u16) -> Result<(), SealError> {
    keyfile::drop_keks(path, passphrase, before)
}

/// The versions of the KEKs in the key file, oldest first, without its passphrase.
pub fn kek_versions(path: &Path) -> Result<Vec<u16>, SealError> {
    keyfile::kek_versions(path)
}
