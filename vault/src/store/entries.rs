//! Reading the trail back: in order for verifying, filtered for officers and residents.

use sqlx::AssertSqlSafe;

use super::database::{Cells, Value, values};
use super::keys::by_numbers;
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
    /// Only entries that touch the record with this audit tag.
    pub record: Option<Vec<u8>>,
    /// Only the one with this public salt.
    pub salt: Option<Vec<u8>>,
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

pub(super) const COLUMNS: &str =
    "SELECT seq, at, kind, actor, record, salt, public, private FROM entries WHERE tenant = $1";
pub(super) const PUBLIC: &str =
    "SELECT public FROM entries WHERE tenant = $1 AND seq >= $2 AND seq < $3 ORDER BY seq";
pub(super) const NUMBERED: &str =
    "SELECT seq, public FROM entries WHERE tenant = $1 AND seq >= $2 AND seq < $3 ORDER BY seq";
pub(super) const TAGS: &str =
    "SELECT seq, tag FROM entry_tags WHERE tenant = $1 AND seq >= $2 AND seq < $3 ORDER BY seq, tag";

pub(super) const INDEXED: &str = "SELECT tag, seq FROM entry_tags WHERE tenant = $1 AND (tag, seq) > ($2, $3) \
     ORDER BY tag, seq LIMIT $4";

pub(super) const TIME_OF: &str =
    "SELECT at FROM entries WHERE tenant = $1 AND seq >= $2 ORDER BY seq LIMIT 1";
/// Each way by its own index; in order, and back.
pub(super) const TOUCHING: [&str; 2] = [
    "SELECT seq FROM (SELECT seq FROM entries WHERE tenant = $1 AND record = $2 AND seq >= $3 AND seq < $4 \
     ORDER BY seq LIMIT $5) a UNION SELECT seq FROM (SELECT seq FROM entry_tags WHERE tenant = $1 AND tag = $2 \
     AND seq >= $3 AND seq < $4 ORDER BY seq LIMIT $5) b ORDER BY seq LIMIT $5",
    "SELECT seq FROM (SELECT seq FROM entries WHERE tenant = $1 AND record = $2 AND seq >= $3 AND seq < $4 \
     ORDER BY seq DESC LIMIT $5) a UNION SELECT seq FROM (SELECT seq FROM entry_tags WHERE tenant = $1 AND tag = $2 \
     AND seq >= $3 AND seq < $4 ORDER BY seq DESC LIMIT $5) b ORDER BY seq DESC LIMIT $5",
];

impl EntryFilter {
    /// The statement with its values, the tenant's first.
    pub(super) fn statement<'a>(&'a self, tenant: &'a str) -> (String, Vec<Value<'a>>) {
        let (mut sql, mut values) = (COLUMNS.to_owned(), vec![Value::from(tenant)]);
        let mut bind = |sql: &mut String, before: &str, value: Value<'a>, after: &str| {
            values.push(value);
            sql.push_str(&format!("{before}${}{after}", values.len()));
        };
        if !self.kinds.is_empty() {
            for (n, kind) in self.kinds.iter().enumerate() {
                bind(&mut sql, if n == 0 { " AND kind IN (" } else { ", " }, kind.as_str().into(), "");
            }
            sql.push(')');
        }
        if let Some(tag) = &self.record {
            bind(&mut sql, " AND (record = ", tag.as_slice().into(), "");
            let further = " OR seq IN (SELECT seq FROM entry_tags WHERE tenant = $1 AND tag = ";
            bind(&mut sql, further, tag.as_slice().into(), "))");
        }
        if let Some(salt) = &self.salt {
            bind(&mut sql, " AND salt = ", salt.as_slice().into(), "");
        }
        for (bound, compare) in [
            (self.from, " AND at >= "),
            (self.to, " AND at < "),
            (self.after, " AND seq > "),
            (self.before, " AND seq < "),
        ] {
            if let Some(value) = bound {
                bind(&mut sql, compare, value.into(), "");
            }
        }
        let order = if self.newest_first { " ORDER BY seq DESC LIMIT " } else { " ORDER BY seq LIMIT " };
        bind(&mut sql, order, self.limit.into(), "");
        (sql, values)
    }
}

impl Store {
    /// Entries that fit the filter, in the order it asks for.
    pub async fn entries(&self, filter: &EntryFilter) -> Result<Vec<StoredEntry>, StoreError> {
        let (sql, values) = filter.statement(&self.tenant);
        self.fetch(AssertSqlSafe(sql), &values).await?.map(entry)
    }

    /// The entries of these numbers, in their order or back.
    pub async fn numbered(&self, numbers: &[i64], back: bool) -> Result<Vec<StoredEntry>, StoreError> {
        let mut entries = Vec::with_capacity(numbers.len());
        for (sql, values) in by_numbers(COLUMNS, &self.tenant, numbers) {
            entries.extend(self.fetch(sql, &values).await?.map(entry)?);
        }
        entries.sort_unstable_by_key(|entry| entry.seq);
        if back {
            entries.reverse();
        }
        Ok(entries)
    }

    /// The log time of the first entry with that number or a later one.
    pub async fn time_of(&self, seq: i64) -> Result<Option<i64>, StoreError> {
        let rows = self.fetch(TIME_OF, values![self.tenant.as_str(), seq]).await?;
        rows.first().map(|row| row.int(0)).transpose()
    }

    /// The numbers, from and to (not included), of entries that touch the record with this audit tag, in their order or back:
    /// at most so many.
    pub async fn touching(
        &self,
        tag: &[u8],
        numbers: std::ops::Range<i64>,
        back: bool,
        limit: i64,
    ) -> Result<Vec<i64>, StoreError> {
        let [on, backwards] = TOUCHING;
        let values = values![self.tenant.as_str(), tag, numbers.start, numbers.end, limit];
        let rows = self.fetch(if back { backwards } else { on }, values).await?;
        rows.map(|row| row.int(0))
    }

    /// The public bytes of the entries numbered `from` up to, not including, `to`.
    pub async fn public_bytes(&self, from: i64, to: i64) -> Result<Vec<Vec<u8>>, StoreError> {
        let rows = self.fetch(PUBLIC, values![self.tenant.as_str(), from, to]).await?;
        rows.map(|row| Ok(row.bytes(0)?.to_vec()))
    }

    /// Likewise, each with its number: those that were removed are not there.
    pub async fn numbered_public(&self, from: i64, to: i64) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        let rows = self.fetch(NUMBERED, values![self.tenant.as_str(), from, to]).await?;
        rows.map(|row| Ok((row.int(0)?, row.bytes(1)?.to_vec())))
    }

    /// Rows of the index of further tags, in its order, behind that tag and number: at most so many.
    pub async fn indexed_tags(
        &self,
        tag: &[u8],
        seq: i64,
        limit: i64,
    ) -> Result<Vec<(Vec<u8>, i64)>, StoreError> {
        let rows = self.fetch(INDEXED, values![self.tenant.as_str(), tag, seq, limit]).await?;
        rows.map(|row| Ok((row.bytes(0)?.to_vec(), row.int(1)?)))
    }

    /// The further audit tags that the index holds for entries `from` up to, not including, `to`: (number, tag), sorted.
    pub async fn entry_tags(&self, from: i64, to: i64) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        let rows = self.fetch(TAGS, values![self.tenant.as_str(), from, to]).await?;
        rows.map(|row| Ok((row.int(0)?, row.bytes(1)?.to_vec())))
    }
}

fn entry(row: Cells<'_>) -> Result<StoredEntry, StoreError> {
    Ok(StoredEntry {
        seq: row.int(0)?,
        at: row.int(1)?,
        kind: row.text(2)?.to_owned(),
        actor: row.maybe_text(3)?.map(str::to_owned),
        record: row.maybe_bytes(4)?.map(<[u8]>::to_vec),
        salt: row.bytes(5)?.to_vec(),
        public: row.bytes(6)?.to_vec(),
        private: row.maybe_bytes(7)?.map(<[u8]>::to_vec),
    })
}
