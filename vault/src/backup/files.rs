//! Files that are whole under their name or not there: written aside, synced, renamed, never over another.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::BackupError;
use crate::seal::write_new;

/// An error of that file's.
pub(super) fn io(path: &Path) -> impl Fn(std::io::Error) -> BackupError {
    let path = path.display().to_string();
    move |error| BackupError::Io(path.clone(), error)
}

/// A file under way, mode 0600; removed unless it is kept.
pub(super) struct Aside {
    path: PathBuf,
    kept: bool,
}

impl Aside {
    /// Makes it empty, under the name of what it is to become and that ending.
    pub(super) fn create(becomes: PathBuf, ending: &str) -> Result<Self, BackupError> {
        let mut name = becomes.into_os_string();
        name.push(ending);
        let path = PathBuf::from(name);
        match write_new(&path, b"") {
            Ok(()) => Ok(Self { path, kept: false }),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                Err(BackupError::Unfinished(path.display().to_string()))
            }
            Err(error) => Err(io(&path)(error)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it durable and gives it its name; gives its size.
    pub(super) fn keep(mut self, name: &Path) -> Result<u64, BackupError> {
        let file = std::fs::File::open(&self.path).map_err(io(&self.path))?;
        file.sync_all().map_err(io(&self.path))?;
        let bytes = file.metadata().map_err(io(&self.path))?.len();
        own_as_folder(&self.path);
        rename_new(&self.path, name)?;
        self.kept = true;
        sync_folder(name)?;
        Ok(bytes)
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let journal = PathBuf::from(format!("{}-journal", self.path.display()));
        for path in [&self.path, &journal] {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    tracing::warn!(%error, "an unfinished file could not be removed");
                }
                _ => {}
            }
        }
    }
}

/// Renames, but not over another file.
fn rename_new(from: &Path, to: &Path) -> Result<(), BackupError> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        // Some network file systems cannot promise it.
        Err(Errno::INVAL | Errno::NOSYS) if !to.exists() => std::fs::rename(from, to).map_err(io(to)),
        Err(Errno::EXIST | Errno::INVAL | Errno::NOSYS) => Err(BackupError::Exists(to.display().to_string())),
        Err(error) => Err(io(to)(error.into())),
    }
}

/// The folder of a file.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What was renamed in it stays so after a crash.
pub(super) fn sync_folder(path: &Path) -> Result<(), BackupError> {
    let folder = folder(path);
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(io(folder))
}

/// What root writes into the vault's folder belongs to the vault, which could not open it otherwise.
pub(super) fn own_as_folder(path: &Path) {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let owned = std::fs::metadata(folder(path))
        .and_then(|folder| std::os::unix::fs::chown(path, Some(folder.uid()), Some(folder.gid())));
    if let Err(error) = owned {
        tracing::warn!(%error, "a file could not be given to its folder's owner");
    }
}
