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

/// One row that holds all: the driver hands each row from its own thread to ours, which costs more than reading it.
macro_rules! gathered {
    ($($part:literal),+ $(,)?) => {
        concat!(
            "SELECT json_group_array(json_array(t, hex(id), rev, hex(ref), hex(body), hex(mac), seq)) FROM (",
            $($part),+,
            ")"
        )
    };
}

const IDENTITY: &str = gathered!(
    "SELECT 'heads' AS t, leaf AS id, facts_rev AS rev, NULL AS ref, leaf AS body, leaf AS mac, at AS seq FROM heads WHERE tenant = $1 ",
    "UNION ALL SELECT 'tokens', id, rev, ref, body, mac, seq FROM tokens WHERE tenant = $1 AND id = $2 ",
    "UNION ALL SELECT 'assignments', id, rev, ref, body, mac, seq FROM assignments WHERE tenant = $1 ",
    "AND ref = (SELECT ref FROM tokens WHERE tenant = $1 AND id = $2) ",
    "UNION ALL SELECT 'letters', id, rev, ref, body, mac, seq FROM letters WHERE tenant = $1 ",
    "AND ref = (SELECT ref FROM tokens WHERE tenant = $1 AND id = $2) ",
    "UNION ALL SELECT 'services', id, rev, ref, body, mac, seq FROM services WHERE tenant = $1 ",
    "AND id = (SELECT ref FROM tokens WHERE tenant = $1 AND id = $2) ",
    "UNION ALL SELECT 'assignments', id, rev, ref, body, mac, seq FROM assignments WHERE tenant = $1 AND id = $3 ",
    "UNION ALL SELECT 'letters', id, rev, ref, body, mac, seq FROM letters WHERE tenant = $1 ",
    "AND ref = (SELECT ref FROM assignments WHERE tenant = $1 AND id = $3)",
);

const LOCATE: &str = gathered!(
    "SELECT 'records' AS t, id, rev, ref, body, mac, seq FROM records WHERE tenant = $1 AND id = $2 ",
    "UNION ALL SELECT 'records', id, rev, ref, body, mac, seq FROM records WHERE tenant = $1 ",
    "AND id = (SELECT ref FROM records WHERE tenant = $1 AND id = $2) ",
    "UNION ALL SELECT 'envelopes', record, rev, dek, body, NULL, tier FROM envelopes WHERE tenant = $1 AND record = $2 ",
    "UNION ALL SELECT 'envelopes', record, rev, dek, body, NULL, tier FROM envelopes WHERE tenant = $1 ",
    "AND record = (SELECT ref FROM records WHERE tenant = $1 AND id = $2) ",
    "UNION ALL SELECT 'consents', id, rev, ref, body, mac, seq FROM consents WHERE tenant = $1 AND ref = $2 ",
    "UNION ALL SELECT 'tasks', id, rev, ref, body, mac, seq FROM tasks WHERE tenant = $1 AND id = $3 ",
    "UNION ALL SELECT 'tasks', t.id, t.rev, t.ref, t.body, t.mac, t.seq FROM task_links l ",
    "JOIN tasks t ON t.tenant = l.tenant AND t.id = l.task WHERE l.tenant = $1 AND l.record = $2",
);

/// Table, id, revision, parent (or data key), body, MAC, entry number (or tier, or time); bytes in hex.
type Gathered = (String, String, i64, Option<String>, String, Option<String>, i64);

const TERM: &str =
    "SELECT record FROM terms WHERE tenant = $1 AND field = $2 AND term = $3 ORDER BY record LIMIT 20";

impl Store {
    /// The rows behind a token (by its HMAC) and, for a service acting for somebody, behind that post.
    pub async fn identity(
        &self,
        token: &[u8],
        on_behalf_of: Option<&[u8]>,
    ) -> Result<IdentityRows, StoreError> {
        let mut found = IdentityRows::default();
        for row in self.gathered(IDENTITY, token, on_behalf_of).await? {
            match Table::parse(&row.0) {
                Some(table) => found.rows.push(authority(table, row)?),
                None => (found.facts_rev, found.at) = (row.2, row.6),
            }
        }
        Ok(found)
    }

    /// The rows of a record and of its place, and the task that the caller names with those open on the record.
    pub async fn locate(&self, record: &[u8], task: Option<&[u8]>) -> Result<LocatedRows, StoreError> {
        let mut found = LocatedRows::default();
        for row in self.gathered(LOCATE, record, task).await? {
            match Table::parse(&row.0) {
                Some(table) => found.rows.push(authority(table, row)?),
                None => found.envelopes.push(EnvelopeRow {
                    record: bytes(&row.1)?,
                    tier: row.6,
                    rev: row.2,
                    dek: row.3.as_deref().map_or(Ok(Vec::new()), bytes)?,
                    body: bytes(&row.4)?,
                }),
            }
        }
        Ok(found)
    }

    async fn gathered(
        &self,
        sql: &'static str,
        first: &[u8],
        second: Option<&[u8]>,
    ) -> Result<Vec<Gathered>, StoreError> {
        let row =
            sqlx::query(sql).bind(&self.tenant).bind(first).bind(second).fetch_one(self.count()).await?;
        let text: &str = row.try_get(0)?;
        serde_json::from_str(text).map_err(|_| StoreError::Corrupt("rows of another shape"))
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

fn authority(table: Table, row: Gathered) -> Result<Row, StoreError> {
    let (_, id, rev, parent, body, mac, seq) = row;
    let parent = parent.filter(|p| !p.is_empty()).as_deref().map(bytes).transpose()?;
    let mac = bytes(mac.as_deref().unwrap_or_default())?;
    Ok(Row { table, id: bytes(&id)?, rev, parent, body: bytes(&body)?, mac, seq })
}

fn bytes(hex: &str) -> Result<Vec<u8>, StoreError> {
    data_encoding::HEXUPPER.decode(hex.as_bytes()).map_err(|_| StoreError::Corrupt("bytes that are none"))
}

fn plain(table: Table, row: &SqliteRow) -> Result<Row, StoreError> {
    Ok(Row {
        table,
        id: row.try_get(0)?,
        rev: row.try_get(1)?,
        parent: row.try_get(2)?,
        body: row.try_get(3)?,
        mac: row.try_get(4)?,
        seq: row.try_get(5)?,
    })
}
