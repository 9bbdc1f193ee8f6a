//! What the officer's questions are answered from, as it lies: which entries of a block hold a word, counts of each day, and
//! how many blocks both follow. Made from the entries, once; a block's rows change only where something of its entries is
//! removed.

use sqlx::AssertSqlSafe;

use super::database::{Value, values};
use super::insert::{Column, Insert};
use super::{BLOCK, Batch, Store, StoreError, StoredEntry};

/// The entries of one block that hold a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The word's key.
    pub word: i64,
    /// The block's number.
    pub block: i64,
    /// Which of its entries.
    pub held: Vec<u8>,
}

/// What entries are counted by; empty where an entry says nothing of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counted {
    /// Days since 1970, in Beijing; of a month's sum its number from the year 0, negative.
    pub day: i64,
    /// The kind's word.
    pub kind: String,
    /// The area of the post.
    pub grid: String,
    /// The role acted in.
    pub role: String,
    /// The purpose.
    pub purpose: String,
}

/// How many entries there are of a sort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Their sort.
    pub of: Counted,
    /// All.
    pub entries: i64,
    /// Of these refused.
    pub refused: i64,
}

/// Which tallies to sum up, and by what; members left out do not narrow.
#[derive(Clone, Debug, Default)]
pub struct TallyFilter {
    /// Whether sums are apart by day, grid, role and purpose.
    pub by: [bool; 4],
    /// Only these kinds.
    pub kinds: Vec<String>,
    /// Only this grid, role, purpose.
    pub only: [Option<String>; 3],
    /// Days and months that are summed up, each from one on and before another.
    pub days: Vec<std::ops::Range<i64>>,
    /// Sums at most.
    pub limit: i64,
}

/// By what sums are apart.
const BY: [&str; 4] = ["day", "grid", "role", "purpose"];

pub(super) const FOLLOWED: &str = "SELECT blocks FROM followed WHERE tenant = $1";
/// Whoever comes second changes nothing, and so writes nothing.
pub(super) const FOLLOW_ON: &str = "INSERT INTO followed (tenant, blocks) VALUES ($1, $3) \
     ON CONFLICT (tenant) DO UPDATE SET blocks = excluded.blocks WHERE followed.blocks = $2";
/// Holds up whoever follows or removes until the transaction ends.
pub(super) const LOCK_FOLLOWED: &str = "INSERT INTO followed (tenant, blocks) VALUES ($1, 0) \
     ON CONFLICT (tenant) DO UPDATE SET blocks = followed.blocks";
pub(super) const PARTS: &str =
    "SELECT count(*), count(private) FROM entries WHERE tenant = $1 AND seq >= $2 AND seq < $3";
pub(super) const PUT_WORDS: Insert = Insert {
    into: "entry_words (tenant, word, block, held)",
    columns: &[Column::Text, Column::Int, Column::Int, Column::Bytes],
    // What lies there already was not made by following, and must not hold it up.
    tail: " ON CONFLICT (tenant, word, block) DO UPDATE SET held = excluded.held",
    alone: false,
};
pub(super) const PUT_TALLIES: Insert = Insert {
    into: "tallies (tenant, day, kind, grid, role, purpose, entries, refused)",
    columns: &[
        Column::Text,
        Column::Int,
        Column::Text,
        Column::Text,
        Column::Text,
        Column::Text,
        Column::Int,
        Column::Int,
    ],
    tail: " ON CONFLICT (tenant, day, kind, grid, role, purpose) DO UPDATE \
           SET entries = tallies.entries + excluded.entries, refused = tallies.refused + excluded.refused",
    alone: false,
};
/// From the first block to the last, and back.
pub(super) const POSTINGS: [&str; 2] = [
    "SELECT block, held FROM entry_words WHERE tenant = $1 AND word = $2 AND block >= $3 AND block < $4 \
     ORDER BY block LIMIT $5",
    "SELECT block, held FROM entry_words WHERE tenant = $1 AND word = $2 AND block >= $3 AND block < $4 \
     ORDER BY block DESC LIMIT $5",
];
pub(super) const ALL_POSTINGS: &str = "SELECT word, block, held FROM entry_words \
     WHERE tenant = $1 AND (word, block) > ($2, $3) ORDER BY word, block LIMIT $4";
pub(super) const OF_BLOCK: &str =
    "SELECT word, block, held FROM entry_words WHERE tenant = $1 AND block = $2 ORDER BY word";
pub(super) const ALL_TALLIES: &str = "SELECT day, kind, grid, role, purpose, entries, refused FROM tallies WHERE tenant = $1 \
     ORDER BY day, kind, grid, role, purpose";

impl TallyFilter {
    /// The statement with its values. The number of blocks that the tallies follow stands in every row, for both must be of
    /// one moment.
    pub(super) fn statement<'a>(&'a self, tenant: &'a str) -> (String, Vec<Value<'a>>) {
        let (mut narrowed, mut values) = (String::new(), vec![Value::from(tenant)]);
        let mut bind = |before: &str, value: Value<'a>, after: &str| {
            values.push(value);
            narrowed.push_str(&format!("{before}${}{after}", values.len()));
        };
        for (n, kind) in self.kinds.iter().enumerate() {
            let last = n + 1 == self.kinds.len();
            bind(
                if n == 0 { " AND kind IN (" } else { ", " },
                kind.as_str().into(),
                if last { ")" } else { "" },
            );
        }
        for (before, word) in [" AND grid = ", " AND role = ", " AND purpose = "].into_iter().zip(&self.only)
        {
            if let Some(word) = word {
                bind(before, word.as_str().into(), "");
            }
        }
        // No range is no day.
        narrowed.push_str(" AND (1 = 0");
        let mut bind = |before: &str, day: i64, after: &str| {
            values.push(day.into());
            narrowed.push_str(&format!("{before}${}{after}", values.len()));
        };
        for days in &self.days {
            bind(" OR (day >= ", days.start, "");
            bind(" AND day < ", days.end, ")");
        }
        narrowed.push(')');
        values.push(self.limit.into());
        let said = |of: &str, by: &bool| match (*by, of) {
            (true, of) => of.to_owned(),
            (false, "day") => "CAST(0 AS BIGINT)".to_owned(),
            (false, _) => "''".to_owned(),
        };
        let columns: Vec<String> =
            BY.iter().zip(&self.by).map(|(of, by)| format!("{} AS {of}", said(of, by))).collect();
        let grouped: Vec<&str> = BY.iter().zip(&self.by).filter(|(_, by)| **by).map(|(of, _)| *of).collect();
        let sql = format!(
            "SELECT f.blocks, COALESCE(t.day, 0), COALESCE(t.grid, ''), COALESCE(t.role, ''), COALESCE(t.purpose, ''), \
             COALESCE(t.entries, 0), COALESCE(t.refused, 0) \
             FROM (SELECT COALESCE(MAX(blocks), 0) AS blocks FROM followed WHERE tenant = $1) f LEFT JOIN \
             (SELECT {}, CAST(SUM(entries) AS BIGINT) AS entries, CAST(SUM(refused) AS BIGINT) AS refused \
             FROM tallies WHERE tenant = $1{narrowed} GROUP BY {} LIMIT ${}) t ON 1 = 1",
            columns.join(", "),
            grouped.join(", "),
            values.len()
        );
        (sql, values)
    }
}

impl Store {
    /// How many blocks the words and tallies follow.
    pub async fn followed(&self) -> Result<i64, StoreError> {
        let rows = self.fetch(FOLLOWED, values![self.tenant.as_str()]).await?;
        rows.first().map_or(Ok(0), |row| row.int(0))
    }

    /// Writes what the entries of a block hold, in one transaction; false where another instance has, or where something of
    /// them was removed meanwhile.
    pub async fn follow_block(
        &self,
        block: i64,
        entries: &[StoredEntry],
        words: &[Posting],
        tallies: &[Tally],
    ) -> Result<bool, StoreError> {
        let tenant = self.tenant.as_str();
        let mut batch = self.begin().await?;
        let moved = batch.conn.execute(FOLLOW_ON, values![tenant, block, block + 1]).await? == 1;
        if !moved || !batch.are_there(block, entries).await? {
            batch.give_up().await?;
            return Ok(false);
        }
        let rows = words.iter().map(|p| values![tenant, p.word, p.block, &p.held[..]].to_vec());
        batch.conn.insert(&PUT_WORDS, &rows.collect::<Vec<_>>()).await?;
        let rows = tallies.iter().map(|Tally { of, entries, refused }| {
            let words = [&of.kind, &of.grid, &of.role, &of.purpose].map(|word| Value::from(word.as_str()));
            let mut row = vec![Value::from(tenant), of.day.into()];
            row.extend(words);
            row.extend([Value::from(*entries), Value::from(*refused)]);
            row
        });
        batch.conn.insert(&PUT_TALLIES, &rows.collect::<Vec<_>>()).await?;
        batch.commit().await?;
        Ok(true)
    }

    /// The blocks from and to (not included) that hold a word, in their order or back: at most so many.
    pub async fn postings(
        &self,
        word: i64,
        blocks: std::ops::Range<i64>,
        back: bool,
        limit: i64,
    ) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        let [on, backwards] = POSTINGS;
        let values = values![self.tenant.as_str(), word, blocks.start, blocks.end, limit];
        let rows = self.fetch(if back { backwards } else { on }, values).await?;
        rows.map(|row| Ok((row.int(0)?, row.bytes(1)?.to_vec())))
    }

    /// Every posting behind that word and block, in their order: at most so many.
    pub async fn all_postings(&self, word: i64, block: i64, limit: i64) -> Result<Vec<Posting>, StoreError> {
        let rows = self.fetch(ALL_POSTINGS, values![self.tenant.as_str(), word, block, limit]).await?;
        rows.map(|row| Ok(Posting { word: row.int(0)?, block: row.int(1)?, held: row.bytes(2)?.to_vec() }))
    }

    /// Every posting of a block. The index does not lie in this order: it is read as a whole.
    pub async fn postings_of(&self, block: i64) -> Result<Vec<Posting>, StoreError> {
        let rows = self.fetch(OF_BLOCK, values![self.tenant.as_str(), block]).await?;
        rows.map(|row| Ok(Posting { word: row.int(0)?, block: row.int(1)?, held: row.bytes(2)?.to_vec() }))
    }

    /// Every tally.
    pub async fn all_tallies(&self) -> Result<Vec<Tally>, StoreError> {
        let rows = self.fetch(ALL_TALLIES, values![self.tenant.as_str()]).await?;
        rows.map(|row| {
            let word = |column| row.text(column).map(str::to_owned);
            let of = Counted {
                day: row.int(0)?,
                kind: word(1)?,
                grid: word(2)?,
                role: word(3)?,
                purpose: word(4)?,
            };
            Ok(Tally { of, entries: row.int(5)?, refused: row.int(6)? })
        })
    }

    /// Sums of tallies, and how many blocks they follow.
    pub async fn tallied(&self, filter: &TallyFilter) -> Result<(i64, Vec<Tally>), StoreError> {
        let (sql, values) = filter.statement(&self.tenant);
        let rows = self.fetch(AssertSqlSafe(sql), &values).await?;
        let blocks = rows.first().map_or(Ok(0), |row| row.int(0))?;
        let mut sums = rows.map(|row| {
            let word = |column| row.text(column).map(str::to_owned);
            let of = Counted {
                day: row.int(1)?,
                grid: word(2)?,
                role: word(3)?,
                purpose: word(4)?,
                kind: String::new(),
            };
            Ok(Tally { of, entries: row.int(5)?, refused: row.int(6)? })
        })?;
        // Of nothing there is one row all the same, which says how far they follow.
        sums.retain(|sum| sum.entries > 0);
        Ok((blocks, sums))
    }
}

impl Batch<'_> {
    /// Whether these are the entries of a block, none of them removed, nor its private part.
    async fn are_there(&mut self, block: i64, entries: &[StoredEntry]) -> Result<bool, StoreError> {
        let values = values![self.tenant(), block * BLOCK, (block + 1) * BLOCK];
        let rows = self.conn.fetch(PARTS, values).await?;
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let private = entries.iter().filter(|entry| entry.private.is_some()).count();
        let row = rows.first().ok_or(StoreError::Corrupt("a count is missing"))?;
        Ok((row.int(0)?, row.int(1)?) == (count(entries.len()), count(private)))
    }
}
