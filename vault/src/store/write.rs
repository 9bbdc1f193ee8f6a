//! The one writer's transaction: savepoint per change, entries in one insert, the head by compare-and-set.

use std::collections::HashMap;
use std::time::Duration;

use sqlx::AssertSqlSafe;

use super::database::{Connection, Value, values};
use super::heads::{HEAD, head};
use super::insert::{Column, Insert};
use super::keys::by_keys;
use super::tiles::PUT_TILES;
use super::{EnvelopesRow, Row, Shelf, Store, StoreError, StoredHead, Table};

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

pub(super) const ENVELOPES: Insert = Insert {
    into: "envelopes (tenant, record, rev, sealed)",
    columns: &[Column::Text, Column::Bytes, Column::Int, Column::Bytes],
    tail: " ON CONFLICT (tenant, record) DO UPDATE SET rev = excluded.rev, sealed = excluded.sealed",
    alone: true,
};
pub(super) const TERMS: Insert = Insert {
    into: "terms (tenant, field, term, record)",
    columns: &[Column::Text, Column::Int, Column::Bytes, Column::Bytes],
    tail: "",
    alone: true,
};
pub(super) const LINKS: Insert = Insert {
    into: "task_links (tenant, record, task)",
    columns: &[Column::Text, Column::Bytes, Column::Bytes],
    tail: "",
    alone: true,
};
pub(super) const ENTRIES: Insert = Insert {
    into: "entries (tenant, seq, at, kind, actor, record, salt, public, private)",
    columns: &[
        Column::Text,
        Column::Int,
        Column::Int,
        Column::Text,
        Column::Text,
        Column::Bytes,
        Column::Bytes,
        Column::Bytes,
        Column::Bytes,
    ],
    tail: "",
    alone: false,
};
pub(super) const ENTRY_TAGS: Insert = Insert {
    into: "entry_tags (tenant, tag, seq)",
    columns: &[Column::Text, Column::Bytes, Column::Int],
    tail: "",
    alone: false,
};
pub(super) const KEEP_FORMER: &str = "INSERT INTO history (tenant, record, rev, sealed) \
     SELECT tenant, record, rev, sealed FROM envelopes WHERE tenant = $1 AND record = $2 AND rev = $3 - 1";
pub(super) const REWRAP: [&str; 2] = [
    "UPDATE envelopes SET sealed = $4 WHERE tenant = $1 AND record = $2 AND rev = $3",
    "UPDATE history SET sealed = $4 WHERE tenant = $1 AND record = $2 AND rev = $3",
];
pub(super) const DROP_TERM: &str =
    "DELETE FROM terms WHERE tenant = $1 AND field = $2 AND term = $3 AND record = $4";
pub(super) const SHRED: &str = "DELETE FROM envelopes WHERE tenant = $1 AND record = $2";
pub(super) const SHRED_FORMER: &str = "DELETE FROM history WHERE tenant = $1 AND record = $2";
pub(super) const UNLINK: &str = "DELETE FROM task_links WHERE tenant = $1 AND record = $2 AND task = $3";
pub(super) const REVS: &str = "SELECT id, rev FROM records WHERE tenant = $1 AND id";
pub(super) const SALT: &str = "SELECT salt FROM entries WHERE tenant = $1 AND seq = $2";
pub(super) const FIRST_HEAD: &str = "INSERT INTO heads (tenant, size, leaf, at, frontier, facts_rev, checkpoint) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)";
pub(super) const MOVE_HEAD: &str = "UPDATE heads SET size = $2, leaf = $3, at = $4, frontier = $5, facts_rev = $6, checkpoint = $7 \
     WHERE tenant = $1 AND size = $8";

/// How often what may be done twice is tried, and the pause between.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(200);

/// An open write transaction of one tenant. Dropped without `commit` or `give_up`, its connection is closed with it: after
/// a full disk SQLite has rolled back by itself, and only a new connection knows for certain where it stands.
pub struct Batch<'s> {
    pub(super) conn: Connection,
    tenant: &'s str,
    ended: bool,
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.conn.close();
        }
    }
}

impl Store {
    /// Begins the writer's transaction.
    pub async fn begin(&self) -> Result<Batch<'_>, StoreError> {
        let conn = self.database.writer().await?;
        let begin = conn.begin();
        let mut batch = Batch { conn, tenant: &self.tenant, ended: false };
        batch.conn.control(begin).await?;
        Ok(batch)
    }
}

/// What is written beside the log: it must be such that doing it twice does no more.
enum Alone<'a> {
    Statement(&'static str, &'a [Value<'a>]),
    Tiles(&'a [Vec<Value<'a>>]),
}

impl Store {
    /// One statement in a transaction of its own; how many rows it changed.
    pub(super) async fn execute_alone(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        self.alone(Alone::Statement(sql, values)).await
    }

    /// Writes tiles: level, number, hashes. Behind it they are durable.
    pub async fn put_tiles(&self, tiles: &[(u8, u64, Vec<u8>)]) -> Result<(), StoreError> {
        let rows = tiles.iter().map(|(level, n, hashes)| {
            let n = i64::try_from(*n).unwrap_or(i64::MAX);
            values![self.tenant.as_str(), i64::from(*level), n, &hashes[..]].to_vec()
        });
        self.alone(Alone::Tiles(&rows.collect::<Vec<_>>())).await.map(|_| ())
    }

    /// Tried anew, a few times, where the connection was lost or another transaction was in the way.
    async fn alone(&self, what: Alone<'_>) -> Result<u64, StoreError> {
        let mut left = TRIES;
        loop {
            left -= 1;
            match self.once(&what).await {
                Err(StoreError::Lost | StoreError::Retry) if left > 0 => tokio::time::sleep(PAUSE).await,
                done => return done,
            }
        }
    }

    async fn once(&self, what: &Alone<'_>) -> Result<u64, StoreError> {
        let mut batch = self.begin().await?;
        let changed = match what {
            Alone::Statement(sql, values) => batch.conn.execute(*sql, values).await?,
            Alone::Tiles(rows) => batch.conn.insert(&PUT_TILES, rows).await.map(|()| 0)?,
        };
        batch.commit().await?;
        Ok(changed)
    }
}

impl<'s> Batch<'s> {
    pub(super) fn tenant(&self) -> &'s str {
        self.tenant
    }

    pub(super) async fn run(
        &mut self,
        sql: impl sqlx::SqlSafeStr,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        self.conn.execute(sql, values).await
    }

    /// The stored head, if the log was begun; locked until the transaction ends, so that no other instance writes.
    pub async fn lock_head(&mut self) -> Result<Option<StoredHead>, StoreError> {
        let sql = format!("{HEAD}{}", self.conn.for_update());
        let rows = self.conn.fetch(AssertSqlSafe(sql), values![self.tenant]).await?;
        rows.first().map(head).transpose()
    }

    /// The salt of entry `seq`, if there is one.
    pub async fn salt(&mut self, seq: i64) -> Result<Option<Vec<u8>>, StoreError> {
        let rows = self.conn.fetch(SALT, values![self.tenant, seq]).await?;
        rows.first().map(|row| Ok(row.bytes(0)?.to_vec())).transpose()
    }

    /// The present revisions of these records' headers.
    pub async fn record_revs(&mut self, ids: &[&[u8]]) -> Result<HashMap<Vec<u8>, i64>, StoreError> {
        let mut revs = HashMap::with_capacity(ids.len());
        for (sql, values) in by_keys(REVS, self.tenant, ids) {
            for row in self.conn.fetch(sql, &values).await?.iter() {
                revs.insert(row.bytes(0)?.to_vec(), row.int(1)?);
            }
        }
        Ok(revs)
    }

    /// Opens the savepoint of one change.
    pub async fn savepoint(&mut self) -> Result<(), StoreError> {
        self.conn.control("SAVEPOINT change_one").await
    }

    /// Keeps the change.
    pub async fn keep(&mut self) -> Result<(), StoreError> {
        self.conn.control("RELEASE SAVEPOINT change_one").await
    }

    /// Takes the change back; the batch goes on.
    pub async fn take_back(&mut self) -> Result<(), StoreError> {
        self.conn.control("ROLLBACK TO SAVEPOINT change_one").await?;
        self.keep().await
    }

    /// Inserts rows at revision 1, each with the number of its entry, and moves the others from the revision before;
    /// anything else is a conflict.
    pub async fn put(&mut self, rows: &[(&Row, i64)]) -> Result<(), StoreError> {
        for table in Table::ALL {
            let fresh = rows.iter().filter(|(row, _)| row.table == *table && row.rev == 1);
            let fresh: Vec<_> = fresh.map(|(row, seq)| self.columns(row, *seq).to_vec()).collect();
            self.conn.insert(&table.insert(), &fresh).await?;
        }
        for (row, seq) in rows.iter().filter(|(row, _)| row.rev != 1) {
            let columns = self.columns(row, *seq);
            if self.conn.execute(row.table.update(), &columns).await? != 1 {
                return Err(StoreError::Conflict);
            }
        }
        Ok(())
    }

    fn columns<'v>(&self, row: &'v Row, seq: i64) -> [Value<'v>; 7]
    where
        Self: 'v,
    {
        [
            Value::from(self.tenant),
            Value::from(&row.id[..]),
            Value::from(row.rev),
            Value::from(row.parent.as_deref()),
            Value::from(&row.body[..]),
            Value::from(&row.mac[..]),
            Value::from(seq),
        ]
    }

    /// Writes records' envelopes; those of the revision before are kept as history.
    pub async fn put_envelopes(&mut self, envelopes: &[&EnvelopesRow]) -> Result<(), StoreError> {
        let tenant = self.tenant;
        for e in envelopes.iter().filter(|e| e.rev > 1) {
            if self.conn.execute(KEEP_FORMER, values![tenant, &e.record[..], e.rev]).await? != 1 {
                return Err(StoreError::Conflict);
            }
        }
        let rows = envelopes.iter().map(|e| values![tenant, &e.record[..], e.rev, &e.sealed[..]].to_vec());
        self.conn.insert(&ENVELOPES, &rows.collect::<Vec<_>>()).await
    }

    /// Puts the same envelopes, wrapped anew, where they lie; one that was corrected or shredded meanwhile is left.
    pub async fn rewrap(&mut self, shelf: Shelf, envelopes: &[EnvelopesRow]) -> Result<(), StoreError> {
        let [present, former] = REWRAP;
        let sql = if shelf == Shelf::Present { present } else { former };
        for e in envelopes {
            self.conn.execute(sql, values![self.tenant, &e.record[..], e.rev, &e.sealed[..]]).await?;
        }
        Ok(())
    }

    /// Adds blind-index terms.
    pub async fn put_terms(&mut self, terms: &[&Term]) -> Result<(), StoreError> {
        let tenant = self.tenant;
        let rows =
            terms.iter().map(|t| values![tenant, i64::from(t.field), &t.term[..], &t.record[..]].to_vec());
        self.conn.insert(&TERMS, &rows.collect::<Vec<_>>()).await
    }

    /// Drops blind-index terms of values that are no longer held.
    pub async fn drop_terms(&mut self, terms: &[&Term]) -> Result<(), StoreError> {
        for t in terms {
            let values = values![self.tenant, i64::from(t.field), &t.term[..], &t.record[..]];
            self.conn.execute(DROP_TERM, values).await?;
        }
        Ok(())
    }

    /// Destroys a record's envelopes, present and former, and with them every key that opens them.
    pub async fn shred(&mut self, record: &[u8]) -> Result<(), StoreError> {
        for sql in [SHRED, SHRED_FORMER] {
            self.conn.execute(sql, values![self.tenant, record]).await?;
        }
        Ok(())
    }

    /// Links open tasks to records that they name: (task, record).
    pub async fn link_tasks(&mut self, links: &[(&[u8], &[u8])]) -> Result<(), StoreError> {
        let tenant = self.tenant;
        let rows = links.iter().map(|(task, record)| values![tenant, *record, *task].to_vec());
        self.conn.insert(&LINKS, &rows.collect::<Vec<_>>()).await
    }

    /// Drops the link of a task that closed.
    pub async fn unlink_task(&mut self, task: &[u8], record: &[u8]) -> Result<(), StoreError> {
        self.conn.execute(UNLINK, values![self.tenant, record, task]).await?;
        Ok(())
    }

    /// Appends the batch's entries.
    pub async fn put_entries(&mut self, entries: &[NewEntry]) -> Result<(), StoreError> {
        let tenant = self.tenant;
        let rows: Vec<_> = entries
            .iter()
            .map(|e| {
                vec![
                    Value::from(tenant),
                    e.seq.into(),
                    e.at.into(),
                    e.kind.into(),
                    e.actor.as_str().into(),
                    e.record.as_ref().map(|tag| &tag[..]).into(),
                    e.salt[..].into(),
                    e.public[..].into(),
                    e.private[..].into(),
                ]
            })
            .collect();
        self.conn.insert(&ENTRIES, &rows).await?;
        let tags = entries.iter().flat_map(|e| e.tags.iter().map(|tag| (e.seq, tag)));
        let tags: Vec<_> = tags.map(|(seq, tag)| values![tenant, &tag[..], seq].to_vec()).collect();
        self.conn.insert(&ENTRY_TAGS, &tags).await
    }

    /// Moves the head from `size` entries to the new one (or writes the first), by compare-and-set.
    pub async fn move_head(&mut self, from: Option<i64>, head: &StoredHead) -> Result<(), StoreError> {
        let mut bound = vec![
            Value::from(self.tenant),
            head.size.into(),
            head.leaf[..].into(),
            head.at.into(),
            head.frontier[..].into(),
            head.facts_rev.into(),
            head.checkpoint.as_str().into(),
        ];
        let sql = if from.is_some() { MOVE_HEAD } else { FIRST_HEAD };
        bound.extend(from.map(Value::from));
        if self.conn.execute(sql, &bound).await? == 1 { Ok(()) } else { Err(StoreError::Conflict) }
    }

    /// Makes it durable. Only behind this may anybody be answered.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        self.conn.control("COMMIT").await?;
        self.ended = true;
        Ok(())
    }

    /// Takes everything back.
    pub async fn give_up(mut self) -> Result<(), StoreError> {
        self.conn.control("ROLLBACK").await?;
        self.ended = true;
        Ok(())
    }
}
