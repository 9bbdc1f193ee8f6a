//! Copying the layout into a folder: what is there is not asked for again, so that a copy that was broken off goes on, and
//! one of last week costs what came since.

use std::path::Path;

use gridvault_audit::{Checkpoint, Layer, Tile};

use super::{ExportError, Source, bad};
use crate::disk::write_whole;

/// What was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Entries that the folder holds.
    pub size: u64,
    /// Files that were written; the others were there.
    pub written: u64,
}

/// Copies the log up to its newest checkpoint into `folder`; `progress` hears how many entries are done.
pub async fn export(
    source: &Source,
    folder: &Path,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Copied, ExportError> {
    let note = source.checkpoint().await?;
    let checkpoint =
        Checkpoint::parse_unverified(&note).map_err(|_| bad("checkpoint", "is no checkpoint"))?;
    let size = checkpoint.size;
    if let Some(before) = super::read(&folder.join("checkpoint"))? {
        let before =
            std::str::from_utf8(&before).ok().and_then(|note| Checkpoint::parse_unverified(note).ok());
        let before = before.ok_or_else(|| bad("checkpoint", "in the folder is none"))?;
        if before.origin != checkpoint.origin || before.size > size {
            return Err(bad(
                "checkpoint",
                "in the folder is of another log, or of more entries than there are",
            ));
        }
        if !source.follows(&before, &checkpoint).await? {
            return Err(forked(folder, "checkpoint", &note));
        }
    }
    let mut copied = Copied { size, written: 0 };
    let bundles = [Layer::Entries, Layer::Private].into_iter().flat_map(|layer| Tile::of_layer(layer, size));
    for tile in Tile::of_size(size).chain(bundles) {
        copied.written += u64::from(copy_tile(source, folder, tile).await?);
        if tile.layer == Layer::Private {
            progress(tile.first() + u64::from(tile.width), size);
        }
    }
    for kept in source.kept().await?.into_iter().filter(|kept| *kept <= size) {
        let path = format!("checkpoints/{kept}");
        // One that is here may have been cosigned since, and says the same.
        if let (Some(here), Some(there)) = (super::read(&folder.join(&path))?, source.get(&path).await?) {
            let root = |note: &[u8]| Checkpoint::parse_unverified(std::str::from_utf8(note).ok()?).ok();
            if root(&here) != root(&there) {
                return Err(forked(folder, &path, &String::from_utf8_lossy(&there)));
            }
        }
        copied.written += u64::from(copy(source, folder, &path).await?);
    }
    for path in ["keys.json", "witnesses.json"] {
        copy(source, folder, path).await?;
    }
    // Last, for it says that the others are there.
    write(folder, "checkpoint", note.as_bytes())?;
    Ok(copied)
}

/// Another history than the folder has: what the folder holds is the evidence, and stays; the other note is put beside it.
fn forked(folder: &Path, path: &str, theirs: &str) -> ExportError {
    let beside = format!("{path}.other");
    let written = write(folder, &beside, theirs.as_bytes());
    written
        .err()
        .unwrap_or_else(|| bad(path, "is of another history than the one in the folder: both are kept"))
}

/// Nothing on the way leads out of the folder.
fn plain(folder: &Path, path: &str) -> Result<(), ExportError> {
    let mut at = folder.to_owned();
    for part in Path::new(path).components() {
        at.push(part);
        if at.symlink_metadata().is_ok_and(|found| found.is_symlink()) {
            return Err(ExportError::Bad(
                at.display().to_string(),
                "is a link: nothing is written through it",
            ));
        }
    }
    Ok(())
}

/// Whether it had to be written.
async fn copy_tile(source: &Source, folder: &Path, tile: Tile) -> Result<bool, ExportError> {
    let path = tile.to_string();
    let full = Tile { width: 256, ..tile }.to_string();
    if folder.join(&path).exists() {
        return Ok(false);
    }
    if !copy(source, folder, &path).await? {
        return Err(bad(&path, "is not there, or may not be read with this token"));
    }
    // Narrower ones are of no use any more.
    let partial = folder.join(format!("{full}.p"));
    plain(folder, &format!("{full}.p/1"))?;
    for other in partial.read_dir().into_iter().flatten().flatten() {
        let narrower = other.file_name().to_str().is_some_and(|name| name.parse::<u8>().is_ok());
        if narrower && other.path() != folder.join(&path) {
            std::fs::remove_file(other.path())
                .map_err(|e| ExportError::File(other.path().display().to_string(), e))?;
        }
    }
    if path == full && partial.exists() {
        std::fs::remove_dir(&partial).map_err(|e| ExportError::File(partial.display().to_string(), e))?;
    }
    Ok(true)
}

async fn copy(source: &Source, folder: &Path, path: &str) -> Result<bool, ExportError> {
    match source.get(path).await? {
        Some(bytes) => write(folder, path, &bytes).map(|()| true),
        None => Ok(false),
    }
}

/// Whole, or not under its name.
fn write(folder: &Path, path: &str, bytes: &[u8]) -> Result<(), ExportError> {
    plain(folder, path)?;
    let path = folder.join(path);
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.and_then(|()| write_whole(&path, bytes))
        .map_err(|error| ExportError::File(path.display().to_string(), error))
}
