//! The list of erased records outside of the database: one from before an erasure, put back, is shredded by it again.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use gridvault_audit::{Checkpoint, VerifierKey};
use uuid::Uuid;

use crate::store::{Store, StoreError};

/// A line per erasure: origin of the log, number of its entry, id of the record. None of them says anything of anybody.
#[derive(Clone, Debug)]
pub struct Erased(PathBuf);

impl Erased {
    /// The list that belongs to that pin.
    pub fn beside(pin: &Path) -> Self {
        let mut name = pin.file_name().unwrap_or_default().to_owned();
        name.push(".erased");
        Self(pin.with_file_name(name))
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Adds a line, durably. What fails is told in the log: the erasure itself is done.
    pub fn note(&self, origin: &str, seq: u64, record: Uuid) {
        let noted =
            std::fs::OpenOptions::new().create(true).append(true).open(&self.0).and_then(|mut file| {
                file.write_all(format!("{origin} {seq} {record}\n").as_bytes())?;
                file.sync_all()
            });
        if let Err(error) = noted {
            tracing::error!(%error, list = %self.0.display(), "an erasure could not be noted beside the pin");
        }
    }

    /// The records whose erasure is none of the first `size` entries of that log. Erased they were all: those of another life
    /// count, and so does a line that cannot be read but for its record.
    pub fn beyond(&self, log: &str, size: u64) -> std::io::Result<Vec<Uuid>> {
        let text = match std::fs::read_to_string(&self.0) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            read => read?,
        };
        Ok(beyond(&text, log, size))
    }

    /// Destroys anew what is held in a database of before, whose log that key verifies; gives the records.
    pub(crate) async fn apply(&self, store: &Store, key: &VerifierKey) -> Result<Vec<Uuid>, ErasedError> {
        let head = store.head().await?;
        // One that is not signed covers nothing.
        let head = head.and_then(|head| Checkpoint::open(&head.checkpoint, std::slice::from_ref(key)).ok());
        let beyond = self.beyond(key.name(), head.map_or(0, |head| head.size));
        let beyond = beyond.map_err(|error| ErasedError::List(self.0.display().to_string(), error))?;
        let held = store.shred(&beyond).await?;
        if held > 0 {
            tracing::warn!(
                held,
                "records that were erased since this database was written are erased in it too"
            );
        }
        Ok(beyond)
    }
}

fn beyond(list: &str, log: &str, size: u64) -> Vec<Uuid> {
    let line = |line: &str| {
        let (entry, record) = line.rsplit_once(' ')?;
        let within = entry
            .split_once(' ')
            .is_some_and(|(origin, seq)| origin == log && seq.parse::<u64>().is_ok_and(|seq| seq < size));
        record.parse().ok().filter(|_| !within)
    };
    list.lines().filter_map(line).collect()
}

/// Why what was erased is not known to be erased here.
#[derive(Debug, thiserror::Error)]
pub enum ErasedError {
    /// The list.
    #[error("the list of erased records `{0}` cannot be read")]
    List(String, #[source] std::io::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_erasure_counts_as_done_only_where_its_own_log_has_the_entry() {
        let records: Vec<Uuid> = (1..=3).map(Uuid::from_u128).collect();
        let list = format!("d/t 7 {}\nd/t/2 7 {}\n7 {}\ntorn", records[0], records[1], records[2]);
        assert_eq!(beyond(&list, "d/t", 7), records);
        assert_eq!(beyond(&list, "d/t", 8), records[1..]);
        assert_eq!(beyond(&list, "d/t/2", 8), [records[0], records[2]], "the last names no log");
    }
}
