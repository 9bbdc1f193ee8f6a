//! Backups: the whole database as of one moment in one SQLite file, whichever database it comes from, and back into either.
//! What lies in it is what lies in the database: ciphertext, rows and log; never a key.

mod files;
mod notes;
mod restore;

use std::path::{Path, PathBuf};

use gridvault_audit::VerifierKey;

pub(crate) use notes::Notes;
pub use restore::{Restored, Standing, restore};

use crate::clock::Clock;
use crate::store::{Location, Store, StoreError};
use crate::trail::{Trust, Verdict, Verified, verify_database};
use crate::vault::{Layout, OpenError};
use files::Aside;
use notes::Note;

/// Why nothing was backed up or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file is where one is to be made.
    #[error("`{0}` is there already: nothing is written over it")]
    Exists(String),
    /// An unfinished file is there.
    #[error("`{0}` is there: another one is under way, or was cut off; if so, remove it")]
    Unfinished(String),
    /// A file could not be read or written.
    #[error("`{0}`: {1}")]
    Io(String, #[source] std::io::Error),
    /// What was copied does not hold together.
    #[error("{0} is not whole{1}: {2}")]
    NotWhole(&'static str, String, String),
    /// What is to be backed up is not there.
    #[error("`{0}` is not there: nothing to back up")]
    Nothing(String),
    /// It could not be copied: the disk is full, most often.
    #[error("the copy could not be made: {0}")]
    Copy(#[source] StoreError),
    /// The database could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Somebody has the vault open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The target cannot take it.
    #[error("{0}")]
    Target(String),
}

/// A backup that was made.
pub struct Made {
    /// What verifying the file found.
    pub verified: Verified,
    /// Its size, bytes.
    pub bytes: u64,
    /// Where the note lies that the server enters into the trail; nothing where it could not be left.
    pub note: Option<PathBuf>,
}

/// Backs up what that layout names into a new file, while whoever serves it goes on; verified before it gets its name.
pub async fn make(
    layout: &Layout,
    file: &Path,
    key: Option<&VerifierKey>,
    clock: &dyn Clock,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Made, BackupError> {
    if file.exists() {
        return Err(BackupError::Exists(file.display().to_string()));
    }
    if layout.database.file().is_some_and(|database| !database.exists()) {
        return Err(BackupError::Nothing(layout.database.to_string()));
    }
    // Before the copy, which then holds at least as much as the pin names.
    let pinned = std::fs::read_to_string(&layout.pin).ok();
    let aside = Aside::create(file.to_owned(), ".part")?;
    Store::copy_out(&layout.database, aside.path()).await.map_err(BackupError::Copy)?;
    let verified =
        verify(&Location::File(aside.path().to_owned()), key, pinned, "the backup", progress).await?;
    let bytes = aside.keep(file)?;
    let note = Note::new("backup.made", &verified, clock.now()).leave(&layout.pin);
    Ok(Made { verified, bytes, note })
}

/// Verifies a database; one that is not whole is an error.
async fn verify(
    location: &Location,
    key: Option<&VerifierKey>,
    against: Option<String>,
    what: &'static str,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Verified, BackupError> {
    let store = Store::open_to_verify(location).await?;
    let trust = Trust { key: key.cloned(), against: against.into_iter().collect(), ..Trust::default() };
    let verified = verify_database(&store, &trust, progress).await;
    store.close().await;
    let verified = verified?;
    if let Verdict::Broken { seq, why } = &verified.verdict {
        let entry = seq.map_or_else(String::new, |seq| format!(" at entry {seq}"));
        return Err(BackupError::NotWhole(what, entry, why.clone()));
    }
    Ok(verified)
}
