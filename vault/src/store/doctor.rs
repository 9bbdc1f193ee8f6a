//! What an operator wants to know of a database's settings.

use super::{Store, StoreError};

/// A setting of the database, and whether commits survive with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Whether it may stay so.
    pub good: bool,
}

/// The other settings of SQLite hold for a connection, and each of ours sets them.
const SQLITE: [(&str, &str, &str); 2] = [
    ("journal_mode", "PRAGMA journal_mode", "wal"),
    ("page_size", "SELECT CAST(page_size AS TEXT) FROM pragma_page_size()", "8192"),
];
const POSTGRES: &str = "SELECT name, setting FROM pg_settings WHERE name IN \
    ('fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums', 'server_version') ORDER BY name";

impl Store {
    /// The settings that decide whether a commit survives a crash.
    pub async fn settings(&self) -> Result<Vec<Setting>, StoreError> {
        let mut found = Vec::new();
        if self.database.is_file() {
            for (name, sql, wanted) in SQLITE {
                let rows = self.fetch(sql, &[]).await?;
                let value =
                    rows.first().ok_or(StoreError::Corrupt("a setting is missing"))?.text(0)?.to_owned();
                found.push(Setting { name: name.into(), good: value == wanted, value });
            }
            return Ok(found);
        }
        let rows = self.fetch(POSTGRES, &[]).await?;
        rows.map(|row| {
            let (name, value) = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
            // Checksums are advised, not asked for: the trail finds what was changed by itself.
            let good = value != "off" || name == "data_checksums";
            Ok(Setting { name, value, good })
        })
    }
}
