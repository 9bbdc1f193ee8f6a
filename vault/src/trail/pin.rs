//! The pin: the newest signed head in a file outside the database, so that an older copy put back is noticed.

use std::convert::Infallible;
use std::path::PathBuf;
use std::time::Duration;

use gridvault_audit::{Checkpoint, VerifierKey};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::disk::write_whole;

const AT_MOST_EVERY: Duration = Duration::from_secs(1);

/// Files of evidence that are kept at most: whoever can make witnesses disagree must not fill the disk.
const MOST_EVIDENCE: usize = 100;

/// Where the pin lies.
#[derive(Clone, Debug)]
pub(super) struct Pin(pub(super) PathBuf);

impl Pin {
    /// The pinned checkpoint, if the file is there; one that does not verify is as bad as none.
    pub(super) fn read(&self, key: &VerifierKey) -> std::io::Result<Option<Checkpoint>> {
        match std::fs::read_to_string(&self.0) {
            Ok(note) => Ok(Checkpoint::open(&note, std::slice::from_ref(key)).ok()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes the pin: whole, or it stays as it was.
    pub(super) fn write(&self, note: &str) -> std::io::Result<()> {
        write_whole(&self.0, note.as_bytes())
    }

    /// Keeps both notes where a witness shows another history than this one: `<pin>.<witness>-<size>.disagreed`.
    pub(super) fn keep_evidence(&self, witness: &str, ours: &str, theirs: &str) {
        let size = Checkpoint::parse_unverified(theirs).map_or(0, |theirs| theirs.size);
        let path = self.0.with_extension(format!("{witness}-{size}.disagreed"));
        let others =
            self.0.parent().and_then(|folder| folder.read_dir().ok()).into_iter().flatten().flatten();
        let kept =
            others.filter(|other| other.path().extension().is_some_and(|end| end == "disagreed")).count();
        if path.exists() || kept >= MOST_EVIDENCE {
            return;
        }
        if let Err(error) = write_whole(&path, format!("{ours}\n{theirs}").as_bytes()) {
            tracing::error!(%error, ours, theirs, "what a witness shows could not be kept");
        }
    }
}

/// Keeps the pin behind the head, at most once a second; ends with a last write as soon as both senders are dropped.
pub(super) fn keep(
    pin: Pin,
    mut heads: watch::Receiver<String>,
    mut stopped: oneshot::Receiver<Infallible>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let (mut pinned, mut stopping) = (String::new(), false);
        loop {
            let open = heads.changed().await.is_ok();
            let note = heads.borrow_and_update().clone();
            if note != pinned {
                let (pin, text) = (pin.clone(), note.clone());
                match tokio::task::spawn_blocking(move || pin.write(&text)).await {
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
