//! What a lookup reads: one statement for the caller, one for the record (see [`super::gather`]), each a consistent snapshot.

use std::collections::HashMap;

use super::database::{Cells, values};
use super::keys::by_keys;
use super::{Row, Store, StoreError, Table};

/// A record's envelopes: every tier that its kind has, sealed, in one row.
#[derive(Clone, Debug)]
pub struct EnvelopesRow {
    /// The record they belong to.
    pub record: Vec<u8>,
    /// Their revision; the header says which one counts.
    pub rev: i64,
    /// The envelopes, each with its tier and its wrapped data key.
    pub sealed: Vec<u8>,
}

/// Where envelopes lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    /// Those that count.
    Present,
    /// Those of revisions before.
    Former,
}

/// The caller's rows: token, posts, letters, shifts, person or service, and those of the post acted for.
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
    pub envelopes: Vec<EnvelopesRow>,
}

pub(super) const IDENTITY: &str = "\
SELECT 'heads' AS t, leaf AS id, facts_rev AS rev, leaf AS ref, leaf AS body, leaf AS mac, at AS seq FROM heads WHERE tenant = $1 \
UNION ALL SELECT 'tokens', id, rev, ref, body, mac, seq FROM tokens WHERE tenant = $1 AND id = $2 \
UNION ALL SELECT 'assignments', id, rev, ref, body, mac, seq FROM assignments WHERE tenant = $1 \
  AND ref = (SELECT ref FROM tokens WHERE tenant = $1 AND id = $2) \
UNION ALL SELECT 'letters', id, rev, ref, body, mac, seq FROM letters WHERE tenant = $1 \
  AND ref = (SELECT ref FROM tokens WHERE tenant = $1 AND id = $2) \
UNION ALL SELECT 'factors', id, rev, ref, body, mac, seq FROM factors WHERE tenant = $1 \
  AND ref = (SELECT ref FROM tokens WHERE tenant = $1 AND id = $2) \
UNION ALL SELECT 'services', id, rev, ref, body, mac, seq FROM services WHERE tenant = $1 \
  AND id = (SELECT ref FROM tokens WHERE tenant = $1 AND id = $2) \
UNION ALL SELECT 'assignments', id, rev, ref, body, mac, seq FROM assignments WHERE tenant = $1 AND id = $3 \
UNION ALL SELECT 'letters', id, rev, ref, body, mac, seq FROM letters WHERE tenant = $1 \
  AND ref = (SELECT ref FROM assignments WHERE tenant = $1 AND id = $3) \
UNION ALL SELECT 'rosters', id, rev, ref, body, mac, seq FROM rosters WHERE tenant = $1 \
  AND ref = (SELECT ref FROM tokens WHERE tenant = $1 AND id = $2) AND id >= $4 \
UNION ALL SELECT 'rosters', id, rev, ref, body, mac, seq FROM rosters WHERE tenant = $1 \
  AND ref = (SELECT ref FROM assignments WHERE tenant = $1 AND id = $3) AND id >= $4";

/// Tasks that are linked to a record, which closed ones are not, behind one.
pub(super) const OPEN_TASKS: &str = "\
SELECT t.id, t.rev, t.ref, t.body, t.mac, t.seq FROM tasks t WHERE t.tenant = $1 \
AND t.id IN (SELECT task FROM task_links WHERE tenant = $1 AND task > $2) ORDER BY t.id LIMIT $3";

/// Records whose field has one of the terms that follow.
pub(super) fn holders(field: u16) -> String {
    format!("SELECT term, record FROM terms WHERE tenant = $1 AND field = {field} AND term")
}

/// Envelopes in the order of their records, behind one.
pub(super) const PAGE: [&str; 2] = [
    "SELECT record, rev, sealed FROM envelopes WHERE tenant = $1 AND (record, rev) > ($2, $3) ORDER BY record, rev LIMIT $4",
    "SELECT record, rev, sealed FROM history WHERE tenant = $1 AND (record, rev) > ($2, $3) ORDER BY record, rev LIMIT $4",
];

/// Every record whose field has that term.
pub(super) const HOLDERS: &str =
    "SELECT record FROM terms WHERE tenant = $1 AND field = $2 AND term = $3 ORDER BY record LIMIT $4";

/// Envelopes of the records that follow.
pub(super) const ENVELOPES_OF: &str =
    "SELECT record, rev, sealed FROM envelopes WHERE tenant = $1 AND record";

impl LocatedRows {
    /// Adds a row of `LOCATE`.
    pub(super) fn add(&mut self, row: Cells<'_>) -> Result<(), StoreError> {
        self.rows.push(authority(named(row.text(1)?)?, row, 2)?);
        if let Some(sealed) = row.maybe_bytes(9)? {
            let (record, sealed) = (row.bytes(2)?.to_vec(), sealed.to_vec());
            self.envelopes.push(EnvelopesRow { record, rev: row.int(8)?, sealed });
        }
        Ok(())
    }
}

impl Store {
    /// The rows behind a token (by its HMAC) and, for a service acting for somebody, behind that post; of shifts those whose id
    /// is that one or a later.
    pub async fn identity(
        &self,
        token: &[u8],
        on_behalf_of: Option<&[u8]>,
        shifts_since: &[u8],
    ) -> Result<IdentityRows, StoreError> {
        let rows =
            self.fetch(IDENTITY, values![self.tenant.as_str(), token, on_behalf_of, shifts_since]).await?;
        let mut found = IdentityRows::default();
        for row in rows.iter() {
            match row.text(0)? {
                "heads" => (found.facts_rev, found.at) = (row.int(2)?, row.int(6)?),
                table => found.rows.push(authority(named(table)?, row, 1)?),
            }
        }
        Ok(found)
    }

    /// The rows of a record and of its place, and the task that the caller names with those open on the record.
    pub async fn locate(&self, record: &[u8], task: Option<&[u8]>) -> Result<LocatedRows, StoreError> {
        self.asked();
        self.gathering.locate(record, task).await
    }

    /// One row by its key.
    pub async fn row(&self, table: Table, id: &[u8]) -> Result<Option<Row>, StoreError> {
        let rows = self.fetch(table.select_one(), values![self.tenant.as_str(), id]).await?;
        rows.first().map(|row| authority(table, row, 0)).transpose()
    }

    /// The rows that hang on `parent`, oldest first.
    pub async fn children(&self, table: Table, parent: &[u8]) -> Result<Vec<Row>, StoreError> {
        let rows = self.fetch(table.select_by_ref(), values![self.tenant.as_str(), parent]).await?;
        rows.map(|row| authority(table, row, 0))
    }

    /// Every row of a table, by key.
    pub async fn all(&self, table: Table) -> Result<Vec<Row>, StoreError> {
        let rows = self.fetch(table.select_all(), values![self.tenant.as_str()]).await?;
        rows.map(|row| authority(table, row, 0))
    }

    /// The rows of a table behind that key, by key: at most so many.
    pub async fn behind(&self, table: Table, id: &[u8], limit: i64) -> Result<Vec<Row>, StoreError> {
        let rows = self.fetch(table.select_behind(), values![self.tenant.as_str(), id, limit]).await?;
        rows.map(|row| authority(table, row, 0))
    }

    /// Tasks that nobody has closed, behind that one, by id: at most so many.
    pub async fn open_tasks(&self, after: &[u8], limit: i64) -> Result<Vec<Row>, StoreError> {
        let rows = self.fetch(OPEN_TASKS, values![self.tenant.as_str(), after, limit]).await?;
        rows.map(|row| authority(Table::Tasks, row, 0))
    }

    /// The rows of these keys, in no order.
    pub async fn rows(&self, table: Table, ids: &[&[u8]]) -> Result<Vec<Row>, StoreError> {
        self.keyed(table, table.select_by_ids(), ids).await
    }

    /// The rows that hang on any of these, in no order.
    pub async fn children_of(&self, table: Table, parents: &[&[u8]]) -> Result<Vec<Row>, StoreError> {
        self.keyed(table, table.select_by_refs(), parents).await
    }

    async fn keyed(&self, table: Table, select: &str, keys: &[&[u8]]) -> Result<Vec<Row>, StoreError> {
        let mut found = Vec::with_capacity(keys.len());
        for (sql, values) in by_keys(select, &self.tenant, keys) {
            found.extend(self.fetch(sql, &values).await?.map(|row| authority(table, row, 0))?);
        }
        Ok(found)
    }

    /// The present envelopes of these records, in no order.
    pub async fn envelopes(&self, records: &[&[u8]]) -> Result<Vec<EnvelopesRow>, StoreError> {
        let mut found = Vec::with_capacity(records.len());
        for (sql, values) in by_keys(ENVELOPES_OF, &self.tenant, records) {
            found.extend(self.fetch(sql, &values).await?.map(|row| {
                let (record, sealed) = (row.bytes(0)?.to_vec(), row.bytes(2)?.to_vec());
                Ok(EnvelopesRow { record, rev: row.int(1)?, sealed })
            })?);
        }
        Ok(found)
    }

    /// A page of envelopes, present ones or those of history, behind that record and revision.
    pub async fn envelopes_behind(
        &self,
        shelf: Shelf,
        (record, rev): (&[u8], i64),
        limit: i64,
    ) -> Result<Vec<EnvelopesRow>, StoreError> {
        let [present, former] = PAGE;
        let sql = if shelf == Shelf::Present { present } else { former };
        let rows = self.fetch(sql, values![self.tenant.as_str(), record, rev, limit]).await?;
        rows.map(|row| {
            let (record, sealed) = (row.bytes(0)?.to_vec(), row.bytes(2)?.to_vec());
            Ok(EnvelopesRow { record, rev: row.int(1)?, sealed })
        })
    }

    /// The records whose field has that blind-index term, at most so many.
    pub async fn holders(&self, field: u16, term: &[u8], limit: i64) -> Result<Vec<Vec<u8>>, StoreError> {
        let rows = self.fetch(HOLDERS, values![self.tenant.as_str(), i64::from(field), term, limit]).await?;
        rows.map(|row| Ok(row.bytes(0)?.to_vec()))
    }

    /// A record for each of these blind-index terms of a field, where one has it.
    pub async fn by_terms(
        &self,
        field: u16,
        terms: &[Vec<u8>],
    ) -> Result<HashMap<Vec<u8>, Vec<u8>>, StoreError> {
        let terms: Vec<&[u8]> = terms.iter().map(Vec::as_slice).collect();
        let mut found = HashMap::with_capacity(terms.len());
        for (sql, values) in by_keys(&holders(field), &self.tenant, &terms) {
            for row in self.fetch(sql, &values).await?.iter() {
                found.insert(row.bytes(0)?.to_vec(), row.bytes(1)?.to_vec());
            }
        }
        Ok(found)
    }
}

fn named(table: &str) -> Result<Table, StoreError> {
    Table::parse(table).ok_or(StoreError::Corrupt("a table of another name"))
}

fn authority(table: Table, row: Cells<'_>, first: usize) -> Result<Row, StoreError> {
    Ok(Row {
        table,
        id: row.bytes(first)?.to_vec(),
        rev: row.int(first + 1)?,
        parent: row.maybe_bytes(first + 2)?.map(<[u8]>::to_vec),
        body: row.bytes(first + 3)?.to_vec(),
        mac: row.bytes(first + 4)?.to_vec(),
        seq: row.int(first + 5)?,
    })
}
