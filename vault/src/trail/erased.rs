//! The list of erased records outside of the database: one from before an erasure, put back, is shredded by it again.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use uuid::Uuid;

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
        let line = |line: &str| {
            let (entry, record) = line.rsplit_once(' ')?;
            let within = entry
                .split_once(' ')
                .is_some_and(|(origin, seq)| origin == log && seq.parse::<u64>().is_ok_and(|seq| seq < size));
            record.parse().ok().filter(|_| !within)
        };
        Ok(text.lines().filter_map(line).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_erasure_counts_as_done_only_where_its_own_log_has_the_entry() {
        let folder = tempfile::tempdir().unwrap();
        let list = Erased::beside(&folder.path().join("pin"));
        assert!(list.beyond("d/t", 0).unwrap().is_empty());
        let records: Vec<Uuid> = (1..=3).map(Uuid::from_u128).collect();
        list.note("d/t", 7, records[0]);
        list.note("d/t/2", 7, records[1]);
        let text = std::fs::read_to_string(list.path()).unwrap();
        std::fs::write(list.path(), format!("{text}7 {}\n", records[2])).unwrap();
        assert_eq!(list.beyond("d/t", 7).unwrap(), records);
        assert_eq!(list.beyond("d/t", 8).unwrap(), records[1..]);
        assert_eq!(list.beyond("d/t/2", 8).unwrap(), [records[0], records[2]], "the last names no log");
    }
}
