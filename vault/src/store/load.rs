//! What a lookup reads: one statement for the caller, one for the record, each a consistent snapshot.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Row, Store, StoreError, Table};

/// One tier of a record, sealed.
#[derive(Clone, Debug)]
pub struct EnvelopeRow {
    /// The record it belongs to.
    pub record: Vec<u8>,
    /// 1 to 4 for T1 to T4, 0 for the facts envelope.
    pub tier: i64,
    /// Its revision; the header says which one counts.
    pub rev: i64,
    /// KEK version (two bytes, big-endian), then the wrapped data key.
    pub dek: Vec<u8>,
    /// The sealed fields.
    pub body: Vec<u8>,
}

/// The caller's rows: token, posts, letters, person or service, and those of the post acted for.
#[derive(Debug, Default)]
pub struct IdentityRows {
    /// Rows still to be checked.
    pub rows: Vec<Row>,
    /// Revision of rights, read in the same snapshot.
    pub facts_rev: i64,
    /// Log time of the newest entry, microseconds.
    pub at: i64,
}

/// The record's rows: headers (its own and its place's), consents, tasks, and the sealed envelopes.
#[derive(Debug, Default)]
pub struct LocatedRows {
    /// Rows still to be checked.
    pub rows: Vec<Row>,
    /// Envelopes of the record and of its place.
    pub envelopes: Vec<EnvelopeRow>,
}

const IDENTITY: &str = "\
SELECT 'heads' AS t, leaf AS id, facts_rev AS rev, leaf AS ref, leaf AS body, leaf AS mac, at AS seq FROM heads WHERE tenant = $1 \
UNION ALL SELECT 'tokens', id, rev, ref, body, mac, seq FROM tokens WHERE tenant = $1 AND id = $2 \
UNION ALL SELECT 'assignments', id, rev, ref, body, mac, seq FROM assignments WHERE tenant = $1 \
  AND ref = (SELECT ref FROM tokens WHERE tenant = $1 AND id = $2) \
UNION ALL SELECT 'letters', id, rev, ref, body, mac, seq FROM letters WHERE tenant = $1 \
  AND ref = (SELECT ref FROM tokens WHERE tenant = $1 AND id = $2) \
UNION ALL SELECT 'services', id, rev, ref, body, mac, seq FROM services WHERE tenant = $1 \
  AND id = (SELECT ref FROM tokens WHERE tenant = $1 AND id = $2) \
UNION ALL SELECT 'assignments', id, rev, ref, body, mac, seq FROM assignments WHERE tenant = $1 AND id = $3 \
UNION ALL SELECT 'letters', id, rev, ref, body, mac, seq FROM letters WHERE tenant = $1 \
  AND ref = (SELECT ref FROM assignments WHERE tenant = $1 AND id = $3)";

const LOCATE: &str = "\
SELECT 'records' AS t, id, rev, ref, body, mac, seq FROM records WHERE tenant = $1 AND id = $2 \
UNION ALL SELECT 'records', id, rev, ref, body, mac, seq FROM records WHERE tenant = $1 \
  AND id = (SELECT ref FROM records WHERE tenant = $1 AND id = $2) \
UNION ALL SELECT 'envelopes', record, rev, dek, body, dek, tier FROM envelopes WHERE tenant = $1 AND record = $2 \
UNION ALL SELECT 'envelopes', record, rev, dek, body, dek, tier FROM envelopes WHERE tenant = $1 \
  AND record = (SELECT ref FROM records WHERE tenant = $1 AND id = $2) \
UNION ALL SELECT 'consents', id, rev, ref, body, mac, seq FROM consents WHERE tenant = $1 AND ref = $2 \
UNION ALL SELECT 'tasks', id, rev, ref, body, mac, seq FROM tasks WHERE tenant = $1 AND id = $3 \
UNION ALL SELECT 'tasks', t.id, t.rev, t.ref, t.body, t.mac, t.seq FROM task_links l \
  JOIN tasks t ON t.tenant = l.tenant AND t.id = l.task WHERE l.tenant = $1 AND l.record = $2";

const TERM: &str =
    "SELECT record FROM terms WHERE tenant = $1 AND field = $2 AND term = $3 ORDER BY record LIMIT 20";

impl Store {
    /// The rows behind a token (by its HMAC) and, for a service acting for somebody, behind that post.
    pub async fn identity(
        &self,
        token: &[u8],
        on_behalf_of: Option<&[u8]>,
    ) -> Result<IdentityRows, StoreError> {
        let rows = sqlx::query(IDENTITY)
            .bind(&self.tenant)
            .bind(token)
            .bind(on_behalf_of)
            .fetch_all(self.count())
            .await?;
        let mut found = IdentityRows::default();
        for row in &rows {
            match table(row)? {
                Some(table) => found.rows.push(authority(table, row)?),
                None => (found.facts_rev, found.at) = (row.try_get(2)?, row.try_get(6)?),
            }
        }
        Ok(found)
    }

    /// The rows of a record and of its place, and the task that the caller names with those open on the record.
    pub async fn locate(&self, record: &[u8], task: Option<&[u8]>) -> Result<LocatedRows, StoreError> {
        let rows =
            sqlx::query(LOCATE).bind(&self.tenant).bind(record).bind(task).fetch_all(self.count()).await?;
        let mut found = LocatedRows::default();
        for row in &rows {
            match table(row)? {
                Some(table) => found.rows.push(authority(table, row)?),
                None => found.envelopes.push(EnvelopeRow {
                    record: row.try_get(1)?,
                    tier: row.try_get(6)?,
                    rev: row.try_get(2)?,
                    dek: row.try_get(3)?,
                    body: row.try_get(4)?,
                }),
            }
        }
        Ok(found)
    }

    /// One row by its key.
    pub async fn row(&self, table: Table, id: &[u8]) -> Result<Option<Row>, StoreError> {
        let row =
            sqlx::query(table.select_one()).bind(&self.tenant).bind(id).fetch_optional(self.count()).await?;
        row.map(|row| plain(table, &row)).transpose()
    }

    /// The rows that hang on `parent`, oldest first.
    pub async fn children(&self, table: Table, parent: &[u8]) -> Result<Vec<Row>, StoreError> {
        let rows = sqlx::query(table.select_by_ref())
            .bind(&self.tenant)
            .bind(parent)
            .fetch_all(self.count())
            .await?;
        rows.iter().map(|row| plain(table, row)).collect()
    }

    /// Every row of a table, by key.
    pub async fn all(&self, table: Table) -> Result<Vec<Row>, StoreError> {
        let rows = sqlx::query(table.select_all()).bind(&self.tenant).fetch_all(self.count()).await?;
        rows.iter().map(|row| plain(table, row)).collect()
    }

    /// Records whose field has that blind-index term, at most 20.
    pub async fn by_term(&self, field: u16, term: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
        let rows = sqlx::query(TERM)
            .bind(&self.tenant)
            .bind(i64::from(field))
            .bind(term)
            .fetch_all(self.count())
            .await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }
}

/// `None` for what is no authority row.
fn table(row: &SqliteRow) -> Result<Option<Table>, StoreError> {
    let name: &str = row.try_get(0)?;
    match Table::parse(name) {
        None if !matches!(name, "heads" | "envelopes") => Err(StoreError::Corrupt("a table of another name")),
        found => Ok(found),
    }
}

fn authority(table: Table, row: &SqliteRow) -> Result<Row, StoreError> {
    at_offset(table, row, 1)
}

fn plain(table: Table, row: &SqliteRow) -> Result<Row, StoreError> {
    at_offset(table, row, 0)
}

fn at_offset(table: Table, row: &SqliteRow, first: usize) -> Result<Row, StoreError> {
    Ok(Row {
        table,
        id: row.try_get(first)?,
        rev: row.try_get(first + 1)?,
        parent: row.try_get(first + 2)?,
        body: row.try_get(first + 3)?,
        mac: row.try_get(first + 4)?,
        seq: row.try_get(first + 5)?,
    })
}
