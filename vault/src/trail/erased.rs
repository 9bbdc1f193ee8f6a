//! The list of erased records outside of the database: a backup from before an erasure, put back, is shredded by it again.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use uuid::Uuid;

/// A line per erasure: number of its entry, id of the record. Neither says anything of anybody.
#[derive(Clone, Debug)]
pub struct Erased(PathBuf);

impl Erased {
    /// The list that belongs to that pin.
    pub fn beside(pin: &Path) -> Self {
        let mut name = pin.file_name().unwrap_or_default().to_owned();
        name.push(".erased");
        Self(pin.with_file_name(name))
    }

    /// Adds a line, durably. What fails is told in the log: the erasure itself is done.
    pub fn note(&self, seq: u64, record: Uuid) {
        let noted =
            std::fs::OpenOptions::new().create(true).append(true).open(&self.0).and_then(|mut file| {
                file.write_all(format!("{seq} {record}\n").as_bytes())?;
                file.sync_all()
            });
        if let Err(error) = noted {
            tracing::error!(%error, list = %self.0.display(), "an erasure could not be noted beside the pin");
        }
    }

    /// The records erased by entries from that number on.
    pub fn since(&self, seq: u64) -> std::io::Result<Vec<Uuid>> {
        let text = match std::fs::read_to_string(&self.0) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            read => read?,
        };
        let line = |line: &str| {
            let (at, record) = line.split_once(' ')?;
            let later = at.parse::<u64>().ok()? >= seq;
            record.parse().ok().filter(|_| later)
        };
        Ok(text.lines().filter_map(line).collect())
    }
}
