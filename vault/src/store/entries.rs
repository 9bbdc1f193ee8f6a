//! Reading the trail back: in order for verifying, filtered for officers and residents.

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _};

use super::{Store, StoreError};

/// An entry as stored, with the columns kept beside its bytes for searching.
#[derive(Clone, Debug)]
pub struct StoredEntry {
    /// Number in the log.
    pub seq: i64,
    /// Log time, microseconds.
    pub at: i64,
    /// Its kind's word.
    pub kind: String,
    /// The actor's id.
    pub actor: Option<String>,
    /// The audit tag of the record it is about.
    pub record: Option<Vec<u8>>,
    /// Its public salt.
    pub salt: Vec<u8>,
    /// The public part's bytes.
    pub public: Vec<u8>,
    /// The private part's bytes, unless removed.
    pub private: Option<Vec<u8>>,
}

/// What to look for in the trail; members left out do not narrow.
#[derive(Clone, Debug, Default)]
pub struct EntryFilter {
    /// Only these kinds.
    pub kinds: Vec<String>,
    /// Only entries of this actor.
    pub actor: Option<String>,
    /// Only entries that touch the record with this audit tag.
    pub record: Option<Vec<u8>>,
    /// From this log time on, microseconds.
    pub from: Option<i64>,
    /// Before this log time, microseconds.
    pub to: Option<i64>,
    /// Behind this number.
    pub after: Option<i64>,
    /// Before this number.
    pub before: Option<i64>,
    /// Newest first.
    pub newest_first: bool,
    /// At most so many.
    pub limit: i64,
}

const COLUMNS: &str =
    "SELECT seq, at, kind, actor, record, salt, public, private FROM entries WHERE tenant = ";

impl Store {
    /// Entries that fit the filter, in the order it asks for.
    pub async fn entries(&self, filter: &EntryFilter) -> Result<Vec<StoredEntry>, StoreError> {
        let mut query = QueryBuilder::new(COLUMNS);
        query.push_bind(&self.tenant);
        if !filter.kinds.is_empty() {
            query.push(" AND kind IN (");
            let mut list = query.separated(", ");
            for kind in &filter.kinds {
                list.push_bind(kind);
            }
            query.push(")");
        }
        if let Some(actor) = &filter.actor {
            query.push(" AND actor = ").push_bind(actor);
        }
        if let Some(tag) = &filter.record {
            query.push(" AND (record = ").push_bind(tag);
            query.push(" OR seq IN (SELECT seq FROM entry_tags WHERE tenant = ").push_bind(&self.tenant);
            query.push(" AND tag = ").push_bind(tag).push("))");
        }
        for (bound, sql) in [
            (filter.from, " AND at >= "),
            (filter.to, " AND at < "),
            (filter.after, " AND seq > "),
            (filter.before, " AND seq < "),
        ] {
            if let Some(value) = bound {
                query.push(sql).push_bind(value);
            }
        }
        query.push(if filter.newest_first { " ORDER BY seq DESC" } else { " ORDER BY seq" });
        query.push(" LIMIT ").push_bind(filter.limit);
        let rows = query.build().fetch_all(self.count()).await?;
        rows.iter().map(entry).collect()
    }

    /// The further audit tags that the index holds for entries `from` up to, not including, `to`: (number, tag), sorted.
    pub async fn entry_tags(&self, from: i64, to: i64) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        let rows = sqlx::query(
            "SELECT seq, tag FROM entry_tags WHERE tenant = $1 AND seq >= $2 AND seq < $3 ORDER BY seq, tag",
        )
        .bind(&self.tenant)
        .bind(from)
        .bind(to)
        .fetch_all(self.count())
        .await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }
}

fn entry(row: &SqliteRow) -> Result<StoredEntry, StoreError> {
    Ok(StoredEntry {
        seq: row.try_get(0)?,
        at: row.try_get(1)?,
        kind: row.try_get(2)?,
        actor: row.try_get(3)?,
        record: row.try_get(4)?,
        salt: row.try_get(5)?,
        public: row.try_get(6)?,
        private: row.try_get(7)?,
    })
}
