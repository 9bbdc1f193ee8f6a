//! Putting a backup in place: copied and verified aside, then whole under the database's name or in one transaction.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use gridvault_audit::{Checkpoint, VerifierKey};

use super::files::{Aside, io, own_as_folder, sync_folder};
use super::notes::Note;
use super::{BackupError, verify};
use crate::clock::{Clock, file_stamp};
use crate::store::{Location, Store};
use crate::trail::{Erased, Verified};
use crate::vault::{Layout, Lock};

/// How what was restored stands to the pin: `serve` compares again, with the log's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It goes as far as the pin, or further.
    Fits,
    /// The pin names so many entries: more than there are.
    Older(u64),
    /// No pin is there.
    NoPin,
}

/// What was restored.
pub struct Restored {
    /// What verifying it found.
    pub verified: Verified,
    /// How it stands to the pin.
    pub standing: Standing,
    /// Where the database of before lies now.
    pub before: Option<PathBuf>,
}

/// Puts a backup where that layout says. A database that is there already is moved aside where `replace` is said, else
/// nothing is done.
pub async fn restore(
    file: &Path,
    layout: &Layout,
    replace: bool,
    key: Option<&VerifierKey>,
    clock: &dyn Clock,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Restored, BackupError> {
    is_backup(file)?;
    // Nobody may serve from there meanwhile.
    let lock = layout.database.file().map(Lock::take).transpose()?;
    if let Some(database) = layout.database.file() {
        own_as_folder(&database.with_extension("lock"));
    }
    if Store::is_begun(&layout.database).await? {
        refuse(layout, replace)?;
    }
    let becomes = layout.database.file().unwrap_or(&layout.pin).to_owned();
    let aside = Aside::create(becomes, ".restoring")?;
    std::fs::copy(file, aside.path()).map_err(io(file))?;
    let copied = Location::File(aside.path().to_owned());
    let mut verified = verify(&copied, key, None, "the backup", progress).await?;
    before_use(aside.path(), layout, &verified).await?;
    let mut before = None;
    match layout.database.file() {
        Some(database) => {
            Store::as_served(aside.path()).await?;
            before = move_aside(database, clock)?;
            aside.keep(database)?;
        }
        None => {
            Store::copy_in(aside.path(), &layout.database).await.map_err(BackupError::Copy)?;
            verified = verify(&layout.database, key, None, "what was loaded", progress).await?;
        }
    }
    drop(lock);
    let standing = standing(&layout.pin, &verified);
    if Note::new("backup.restored", &verified, clock.now()).leave(&layout.pin).is_none() {
        tracing::warn!("no note could be left beside the pin: the trail will not tell of it");
    }
    Ok(Restored { verified, standing, before })
}

/// What has to be done to a database that comes from a backup before it takes its place: it lies there as an SQLite file,
/// whichever database it goes to. Whatever was destroyed since the backup was made is destroyed in it here.
async fn before_use(copied: &Path, layout: &Layout, verified: &Verified) -> Result<(), BackupError> {
    let list = Erased::beside(&layout.pin);
    let erased = list.beyond(&verified.origin, verified.entries).map_err(io(list.path()))?;
    if !erased.is_empty() {
        Store::shred_in(copied, &erased).await?;
        tracing::warn!(
            erasures = erased.len(),
            "what was erased since the backup was made is erased in it too"
        );
    }
    Ok(())
}

/// A database that is there is not lost by mistake.
fn refuse(layout: &Layout, replace: bool) -> Result<(), BackupError> {
    let words = match layout.database.file() {
        Some(_) if replace => return Ok(()),
        Some(path) => format!("`{}` is there already: say --replace to move it aside", path.display()),
        None => {
            format!("`{}` holds a vault: make a new database and name it in `database.url`", layout.database)
        }
    };
    Err(BackupError::Target(words))
}

fn is_backup(file: &Path) -> Result<(), BackupError> {
    let mut head = [0; 16];
    let mut open = std::fs::File::open(file).map_err(io(file))?;
    if open.read_exact(&mut head).is_err() || head != *b"SQLite format 3\0" {
        return Err(BackupError::Target(format!("`{}` is no backup", file.display())));
    }
    Ok(())
}

/// The database with what lies beside it, so that it can be opened there as it was. A write-ahead log must go even where
/// its database is gone: it would be taken for the new one's.
fn move_aside(database: &Path, clock: &dyn Clock) -> Result<Option<PathBuf>, BackupError> {
    let name = |path: &Path, ending: &str| PathBuf::from(format!("{}{ending}", path.display()));
    if !["-wal", "-shm", ""].iter().any(|ending| name(database, ending).exists()) {
        return Ok(None);
    }
    let before = name(database, &format!(".before-{}", file_stamp(clock.now())));
    if before.exists() {
        return Err(BackupError::Exists(before.display().to_string()));
    }
    // The file last: cut off before it, the next try finds it still there.
    for ending in ["-wal", "-shm", ""] {
        let from = name(database, ending);
        if from.exists() {
            std::fs::rename(&from, name(&before, ending)).map_err(io(&from))?;
        }
    }
    sync_folder(database)?;
    Ok(Some(before))
}

fn standing(pin: &Path, verified: &Verified) -> Standing {
    let pinned = std::fs::read_to_string(pin).ok().and_then(|note| Checkpoint::parse_unverified(&note).ok());
    match pinned {
        None => Standing::NoPin,
        Some(pinned) if pinned.size > verified.entries => Standing::Older(pinned.size),
        Some(_) => Standing::Fits,
    }
}
