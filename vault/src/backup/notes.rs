//! Notes that a backup or a restore leaves beside the pin, for neither has the keys to write to the trail: the server
//! enters them as it finds them, at the latest at its next start.

use std::collections::HashSet;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use gridvault_audit::{Json, Kind, RecordError};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::files::{folder, own_as_folder};
use crate::Vault;
use crate::identity::actor;
use crate::register::{entry_by, system_who, word};
use crate::seal::write_new;
use crate::trail::{Act, Change, Verified};

/// A note is short, and there are few.
const LONGEST: u64 = 1024;
const MOST: usize = 100;

/// What was done.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Note {
    kind: String,
    /// Entries in it, and the root of the tree over them, hex.
    entries: i64,
    root: String,
    /// When, UTC microseconds.
    at: i64,
}

impl Note {
    pub(super) fn new(kind: &str, verified: &Verified, at: i64) -> Self {
        let entries = i64::try_from(verified.entries).unwrap_or(i64::MAX);
        Self { kind: kind.into(), entries, root: verified.root.clone(), at }
    }

    /// Leaves it beside the pin; gives its path, or nothing where that may not be written.
    pub(super) fn leave(&self, pin: &Path) -> Option<PathBuf> {
        let path = folder(pin).join(format!("{}{}", prefix(pin)?, Uuid::now_v7().simple()));
        let aside = path.with_extension("new");
        let text = serde_json::to_vec(self).ok()?;
        let left = write_new(&aside, &text).and_then(|()| {
            // There is nothing secret in it, and the server may be another user.
            std::fs::set_permissions(&aside, std::fs::Permissions::from_mode(0o644))?;
            own_as_folder(&aside);
            std::fs::rename(&aside, &path)
        });
        left.ok().map(|()| path)
    }

    fn read(path: &Path) -> Option<Self> {
        let mut text = Vec::new();
        std::fs::File::open(path).ok()?.take(LONGEST).read_to_end(&mut text).ok()?;
        let note: Self = serde_json::from_slice(&text).ok()?;
        let hex = note.root.len() == 64 && note.root.bytes().all(|b| b.is_ascii_hexdigit());
        (hex && note.kind().is_some()).then_some(note)
    }

    fn kind(&self) -> Option<Kind> {
        Kind::parse(&self.kind).filter(|kind| matches!(kind, Kind::BackupMade | Kind::BackupRestored))
    }
}

/// The notes beside a pin, as the server goes through them.
pub(crate) struct Notes {
    pin: PathBuf,
    /// Entered, and still there.
    entered: HashSet<PathBuf>,
}

impl Notes {
    pub(crate) fn beside(pin: PathBuf) -> Self {
        Self { pin, entered: HashSet::new() }
    }

    /// Enters what was noted since the last call, and removes the notes.
    pub(crate) async fn enter(&mut self, vault: &Vault) -> Result<(), RecordError> {
        for path in self.found() {
            if let Some((note, kind)) =
                Note::read(&path).and_then(|note| note.kind().map(|kind| (note, kind)))
            {
                let mut entry = entry_by(kind, system_who(), actor(Uuid::nil()), "");
                entry.private.detail.insert("entries", Json::Int(note.entries));
                entry.private.detail.insert("root", word(note.root));
                entry.private.detail.insert("done", Json::Int(note.at));
                vault.log.record(Act::new(&vault.keys, entry, Change::none())).await?;
            } else {
                tracing::warn!("a note beside the pin cannot be read: it is removed");
            }
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::warn!(%error, "a note beside the pin could not be removed");
                self.entered.insert(path);
            }
        }
        Ok(())
    }

    fn found(&self) -> Vec<PathBuf> {
        let (Some(prefix), Ok(files)) = (prefix(&self.pin), std::fs::read_dir(folder(&self.pin))) else {
            return Vec::new();
        };
        let ours = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.and_then(|name| name.strip_prefix(&prefix)).is_some_and(|id| id.len() == 32)
        };
        let paths = files.filter_map(|file| Some(file.ok()?.path())).filter(ours);
        let mut paths: Vec<_> = paths.filter(|path| !self.entered.contains(path)).take(MOST).collect();
        paths.sort();
        paths
    }
}

fn prefix(pin: &Path) -> Option<String> {
    Some(format!("{}.note-", pin.file_name()?.to_str()?))
}
