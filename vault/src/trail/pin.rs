//! The pin: the newest signed head in a file outside the database, so that an older copy put back is noticed.

use std::convert::Infallible;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gridvault_audit::{Checkpoint, VerifierKey};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

const AT_MOST_EVERY: Duration = Duration::from_secs(1);

/// The pinned checkpoint, if the file is there; one that does not verify is as bad as none.
pub(super) fn read(path: &Path, key: &VerifierKey) -> std::io::Result<Option<Checkpoint>> {
    match std::fs::read_to_string(path) {
        Ok(note) => Ok(Checkpoint::open(&note, std::slice::from_ref(key)).ok()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes the pin whole or not at all: aside, fsync, rename, fsync of the folder.
pub(super) fn write(path: &Path, note: &str) -> std::io::Result<()> {
    let aside = path.with_extension("new");
    let mut file = std::fs::File::create(&aside)?;
    file.write_all(note.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&aside, path)?;
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => std::fs::File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

/// Keeps the pin behind the head, at most once a second; ends with a last write as soon as both senders are dropped.
pub(super) fn keep(
    path: PathBuf,
    mut heads: watch::Receiver<String>,
    mut stopped: oneshot::Receiver<Infallible>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let (mut pinned, mut stopping) = (String::new(), false);
        loop {
            let open = heads.changed().await.is_ok();
            let note = heads.borrow_and_update().clone();
            if note != pinned {
                let (path, text) = (path.clone(), note.clone());
                match tokio::task::spawn_blocking(move || write(&path, &text)).await {
                    Ok(Ok(())) => pinned = note,
                    Ok(Err(error)) => {
                        tracing::warn!(%error, "the pin could not be written; it will be tried again");
                    }
                    Err(error) => tracing::warn!(%error, "the pin was not written"),
                }
            }
            if !open {
                return;
            }
            // Nothing is ever sent: it ends with its sender.
            stopping = stopping || tokio::time::timeout(AT_MOST_EVERY, &mut stopped).await.is_ok();
        }
    })
}
