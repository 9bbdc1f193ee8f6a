//! The one writer's transaction: savepoint per change, entries in one insert, the head by compare-and-set.

use std::collections::HashMap;

use sqlx::pool::PoolConnection;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};

use super::{EnvelopeRow, Row, Store, StoreError, StoredHead};

/// A blind-index term of a record's field.
#[derive(Clone, Debug)]
pub struct Term {
    /// The field's number in the catalogue.
    pub field: u16,
    /// HMAC-SHA-256 of the normalised value.
    pub term: Vec<u8>,
    /// The record that holds it.
    pub record: Vec<u8>,
}

/// An entry to be written, with the columns kept beside its bytes.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// Number in the log.
    pub seq: i64,
    /// Log time, microseconds.
    pub at: i64,
    /// Its kind's word.
    pub kind: &'static str,
    /// The actor's id.
    pub actor: String,
    /// The audit tag of the record it is about.
    pub record: Option<[u8; 16]>,
    /// Those of the further records it touches.
    pub tags: Vec<[u8; 16]>,
    /// Its public salt.
    pub salt: [u8; 16],
    /// The public part's bytes.
    pub public: Vec<u8>,
    /// The private part's bytes.
    pub private: Vec<u8>,
}

/// Rows of one multi-row insert: well under SQLite's 32,766 variables.
const CHUNK: usize = 256;

/// An open write transaction of one tenant. Dropped without `commit` or `give_up`, its connection is closed with it: after
/// a full disk SQLite has rolled back by itself, and only a new connection knows for certain where it stands.
pub struct Batch<'s> {
    conn: PoolConnection<Sqlite>,
    tenant: &'s str,
    ended: bool,
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.conn.close_on_drop();
        }
    }
}

impl Store {
    /// Begins the writer's transaction.
    pub async fn begin(&self) -> Result<Batch<'_>, StoreError> {
        let conn = self.writer.acquire().await?;
        let mut batch = Batch { conn, tenant: &self.tenant, ended: false };
        batch.run("BEGIN IMMEDIATE").await?;
        Ok(batch)
    }
}

impl Batch<'_> {
    fn conn(&mut self) -> &mut SqliteConnection {
        &mut self.conn
    }

    async fn run(&mut self, sql: &'static str) -> Result<(), StoreError> {
        sqlx::query(sql).execute(self.conn()).await?;
        Ok(())
    }

    /// Opens the savepoint of one change.
    pub async fn savepoint(&mut self) -> Result<(), StoreError> {
        self.run("SAVEPOINT change_one").await
    }

    /// Keeps the change.
    pub async fn keep(&mut self) -> Result<(), StoreError> {
        self.run("RELEASE change_one").await
    }

    /// Takes the change back; the batch goes on.
    pub async fn take_back(&mut self) -> Result<(), StoreError> {
        self.run("ROLLBACK TO change_one").await?;
        self.run("RELEASE change_one").await
    }

    /// Size and leaf of the stored head, if the log was begun.
    pub async fn head_size(&mut self) -> Result<Option<(i64, Vec<u8>)>, StoreError> {
        let tenant = self.tenant;
        let row = sqlx::query("SELECT size, leaf FROM heads WHERE tenant = $1")
            .bind(tenant)
            .fetch_optional(self.conn())
            .await?;
        row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
    }

    /// The present revisions of these records' headers.
    pub async fn record_revs(&mut self, ids: &[Vec<u8>]) -> Result<HashMap<Vec<u8>, i64>, StoreError> {
        let mut revs = HashMap::with_capacity(ids.len());
        for chunk in ids.chunks(CHUNK) {
            let mut query = QueryBuilder::new("SELECT id, rev FROM records WHERE tenant = ");
            query.push_bind(self.tenant).push(" AND id IN (");
            let mut list = query.separated(", ");
            for id in chunk {
                list.push_bind(id);
            }
            query.push(")");
            for row in query.build().fetch_all(self.conn()).await? {
                revs.insert(row.try_get(0)?, row.try_get(1)?);
            }
        }
        Ok(revs)
    }

    /// Inserts the row at revision 1, or moves it from the revision before; anything else is a conflict.
    pub async fn put(&mut self, row: &Row, seq: i64) -> Result<(), StoreError> {
        let tenant = self.tenant;
        let sql = if row.rev == 1 { row.table.insert() } else { row.table.update() };
        let done = sqlx::query(sql)
            .bind(tenant)
            .bind(&row.id)
            .bind(row.rev)
            .bind(&row.parent)
            .bind(&row.body)
            .bind(&row.mac)
            .bind(seq)
            .execute(self.conn())
            .await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict) }
    }

    /// Writes a record's envelopes, replacing those of the revision before.
    pub async fn put_envelopes(&mut self, envelopes: &[EnvelopeRow]) -> Result<(), StoreError> {
        for chunk in envelopes.chunks(CHUNK) {
            let mut query =
                QueryBuilder::new("INSERT INTO envelopes (tenant, record, tier, rev, dek, body) ");
            query.push_values(chunk, |mut row, e| {
                row.push_bind(self.tenant);
                row.push_bind(&e.record)
                    .push_bind(e.tier)
                    .push_bind(e.rev)
                    .push_bind(&e.dek)
                    .push_bind(&e.body);
            });
            query.push(
                " ON CONFLICT (tenant, record, tier) DO UPDATE SET rev = excluded.rev, dek = excluded.dek, body = excluded.body",
            );
            query.build().execute(&mut *self.conn).await?;
        }
        Ok(())
    }

    /// Adds blind-index terms.
    pub async fn put_terms(&mut self, terms: &[Term]) -> Result<(), StoreError> {
        for chunk in terms.chunks(CHUNK) {
            let mut query = QueryBuilder::new("INSERT INTO terms (tenant, field, term, record) ");
            query.push_values(chunk, |mut row, t| {
                row.push_bind(self.tenant);
                row.push_bind(i64::from(t.field)).push_bind(&t.term).push_bind(&t.record);
            });
            query.build().execute(&mut *self.conn).await?;
        }
        Ok(())
    }

    /// Links an open task to a record that it names.
    pub async fn link_task(&mut self, task: &[u8], record: &[u8]) -> Result<(), StoreError> {
        self.task_link("INSERT INTO task_links (tenant, record, task) VALUES ($1, $2, $3)", task, record)
            .await
    }

    /// Drops the link of a task that closed.
    pub async fn unlink_task(&mut self, task: &[u8], record: &[u8]) -> Result<(), StoreError> {
        self.task_link("DELETE FROM task_links WHERE tenant = $1 AND record = $2 AND task = $3", task, record)
            .await
    }

    async fn task_link(&mut self, sql: &'static str, task: &[u8], record: &[u8]) -> Result<(), StoreError> {
        let tenant = self.tenant;
        sqlx::query(sql).bind(tenant).bind(record).bind(task).execute(self.conn()).await?;
        Ok(())
    }

    /// Appends the batch's entries.
    pub async fn put_entries(&mut self, entries: &[NewEntry]) -> Result<(), StoreError> {
        for chunk in entries.chunks(CHUNK) {
            let mut query = QueryBuilder::new(
                "INSERT INTO entries (tenant, seq, at, kind, actor, record, salt, public, private) ",
            );
            query.push_values(chunk, |mut row, e| {
                row.push_bind(self.tenant).push_bind(e.seq).push_bind(e.at).push_bind(e.kind);
                row.push_bind(&e.actor).push_bind(e.record.as_ref().map(|t| &t[..])).push_bind(&e.salt[..]);
                row.push_bind(&e.public).push_bind(&e.private);
            });
            query.build().execute(&mut *self.conn).await?;
        }
        let tags: Vec<_> = entries.iter().flat_map(|e| e.tags.iter().map(|t| (e.seq, t))).collect();
        for chunk in tags.chunks(CHUNK) {
            let mut query = QueryBuilder::new("INSERT INTO entry_tags (tenant, tag, seq) ");
            query.push_values(chunk, |mut row, (seq, tag)| {
                row.push_bind(self.tenant).push_bind(&tag[..]).push_bind(*seq);
            });
            query.build().execute(&mut *self.conn).await?;
        }
        Ok(())
    }

    /// Moves the head from `size` entries to the new one (or writes the first), by compare-and-set.
    pub async fn move_head(&mut self, from: Option<i64>, head: &StoredHead) -> Result<(), StoreError> {
        let tenant = self.tenant;
        let sql = match from {
            None => {
                "INSERT INTO heads (tenant, size, leaf, at, frontier, facts_rev, checkpoint) \
                 SELECT $1, $2, $3, $4, $5, $6, $7 WHERE $8 = 0"
            }
            Some(_) => {
                "UPDATE heads SET size = $2, leaf = $3, at = $4, frontier = $5, facts_rev = $6, checkpoint = $7 \
                 WHERE tenant = $1 AND size = $8"
            }
        };
        let done = sqlx::query(sql)
            .bind(tenant)
            .bind(head.size)
            .bind(&head.leaf)
            .bind(head.at)
            .bind(&head.frontier)
            .bind(head.facts_rev)
            .bind(&head.checkpoint)
            .bind(from.unwrap_or(0))
            .execute(self.conn())
            .await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict) }
    }

    /// Makes it durable. Only behind this may anybody be answered.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        self.run("COMMIT").await?;
        self.ended = true;
        Ok(())
    }

    /// Takes everything back.
    pub async fn give_up(mut self) -> Result<(), StoreError> {
        self.run("ROLLBACK").await?;
        self.ended = true;
        Ok(())
    }
}
