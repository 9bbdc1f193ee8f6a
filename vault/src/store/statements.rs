//! Every statement is prepared on a migrated SQLite and, where there is one, on a migrated PostgreSQL.

use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::sqlite::SqlitePool;
use sqlx::{AssertSqlSafe, Executor as _, SqlSafeStr as _};

use super::entries::{COLUMNS, INDEXED, NUMBERED, PUBLIC, TAGS, TIME_OF, TOUCHING};
use super::forget::{DROP_FOLLOWED, DROP_HELD, DROP_WORDS, HELD, HOLD, SHRED_AGAIN};
use super::gather::LOCATE;
use super::heads::HEAD;
use super::keys::{WANTED, by_keys, by_numbers};
use super::lives::{END, FORMER, LEFT, moves, restate};
use super::load::{ENVELOPES_OF, HOLDERS, IDENTITY, OPEN_TASKS, PAGE, holders};
use super::prunings::{DONE, ORDER, PRUNINGS, REMOVE, REMOVE_PRIVATE, REMOVE_TAGS};
use super::tiles::{
    ASKED, DROP_CHECKPOINT, DROP_TILES, KEPT, LAST_TILE, NEWEST, OF_SIZE, PUBLISH, PUT_TILES, TILE,
};
use super::words::{
    ALL_POSTINGS, ALL_TALLIES, FOLLOW_ON, FOLLOWED, LOCK_FOLLOWED, OF_BLOCK, PARTS, POSTINGS, PUT_TALLIES,
    PUT_WORDS,
};
use super::write::{
    DROP_TERM, ENTRIES, ENTRY_TAGS, ENVELOPES, FIRST_HEAD, KEEP_FORMER, LINKS, MOVE_HEAD, REVS, REWRAP, SALT,
    SHRED, SHRED_FORMER, TERMS, UNLINK,
};
use super::{EntryFilter, Table, TallyFilter};

/// Those that are said alike and are no part of a family.
const FIXED: &[&str] = &[
    IDENTITY,
    OPEN_TASKS,
    HEAD,
    TAGS,
    INDEXED,
    UNLINK,
    SALT,
    PUBLIC,
    FIRST_HEAD,
    MOVE_HEAD,
    HOLDERS,
    KEEP_FORMER,
    DROP_TERM,
    SHRED,
    SHRED_FORMER,
    TILE,
    LAST_TILE,
    DROP_TILES,
    NEWEST,
    KEPT,
    OF_SIZE,
    PUBLISH,
    ASKED,
    DROP_CHECKPOINT,
    FORMER,
    LEFT,
    PRUNINGS,
    ORDER,
    DONE,
    REMOVE,
    REMOVE_PRIVATE,
    REMOVE_TAGS,
    NUMBERED,
    TIME_OF,
    FOLLOWED,
    FOLLOW_ON,
    ALL_POSTINGS,
    ALL_TALLIES,
    OF_BLOCK,
    LOCK_FOLLOWED,
    PARTS,
    HELD,
    HOLD,
    DROP_HELD,
    DROP_WORDS,
];

/// The statements that both take, then those that are said apart (SQLite's, PostgreSQL's).
fn statements() -> (Vec<String>, Vec<[String; 2]>) {
    let filter = EntryFilter {
        kinds: vec!["lookup".into(), "login".into()],
        record: Some(vec![]),
        salt: Some(vec![]),
        from: Some(0),
        to: Some(0),
        after: Some(0),
        before: Some(0),
        newest_first: true,
        limit: 1,
    };
    let fixed = FIXED
        .iter()
        .copied()
        .chain(PAGE)
        .chain(REWRAP)
        .chain(TOUCHING)
        .chain(POSTINGS)
        .chain(DROP_FOLLOWED)
        .chain(END)
        .chain(SHRED_AGAIN);
    let mut both: Vec<String> = fixed.map(str::to_owned).chain(moves()).collect();
    let mut keyed = vec![REVS.to_owned(), holders(1), ENVELOPES_OF.to_owned()];
    for table in Table::ALL {
        keyed.extend([table.select_by_ids().to_owned(), table.select_by_refs().to_owned()]);
    }
    for select in &keyed {
        both.extend(by_keys(select, "", &[&[0][..]; 3]).map(|(sql, _)| sql.0));
    }
    both.extend(by_numbers(COLUMNS, "", &[0; 3]).map(|(sql, _)| sql.0));
    for by in [[true; 4], [true, false, false, false], [false, false, true, false]] {
        let narrowed = TallyFilter {
            by,
            kinds: vec!["lookup".into(), "search".into()],
            only: [const { Some(String::new()) }; 3],
            days: vec![0..1, 2..3],
            limit: 1,
        };
        both.extend([narrowed.statement("").0, TallyFilter { by, ..TallyFilter::default() }.statement("").0]);
    }
    both.extend([filter.statement("").0, EntryFilter::default().statement("").0]);
    let mut apart: Vec<_> = [ENVELOPES, TERMS, LINKS, ENTRIES, ENTRY_TAGS, PUT_TILES, PUT_WORDS, PUT_TALLIES]
        .iter()
        .map(super::insert::Insert::texts)
        .collect();
    apart.push(WANTED.map(|wanted| format!("{wanted} {LOCATE}")));
    for table in Table::ALL {
        let selects = [
            table.select_all(),
            table.select_behind(),
            table.select_one(),
            table.select_by_ref(),
            table.update(),
        ];
        both.extend(selects.map(str::to_owned));
        both.push(restate(*table));
        apart.push(table.insert().texts());
    }
    (both, apart)
}

#[tokio::test]
async fn sqlite_takes_every_statement() {
    let pool = SqlitePool::connect("sqlite::memory:").await.unwrap();
    sqlx::migrate!("../migrations/sqlite").run(&pool).await.unwrap();
    let (both, apart) = statements();
    for sql in both.into_iter().chain(apart.into_iter().map(|[sqlite, _]| sqlite)) {
        let prepared = pool.prepare(AssertSqlSafe(sql.clone()).into_sql_str()).await;
        assert!(prepared.is_ok(), "{sql}");
    }
}

#[tokio::test]
async fn postgres_takes_every_statement() {
    #[expect(clippy::disallowed_methods, reason = "the test command says where the cluster is")]
    let url = std::env::var("GRIDVAULT_TEST_POSTGRES").expect("`./tests/run` starts a cluster");
    let options: PgConnectOptions = url.parse().unwrap();
    let name = format!("statements_{}", uuid::Uuid::new_v4().simple());
    let server = PgPool::connect_with(options.clone()).await.unwrap();
    server.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    let pool = PgPool::connect_with(options.database(&name)).await.unwrap();
    sqlx::migrate!("../migrations/postgres").run(&pool).await.unwrap();
    let (both, apart) = statements();
    for sql in both.into_iter().chain(apart.into_iter().map(|[_, postgres]| postgres)) {
        let prepared = pool.prepare(AssertSqlSafe(sql.clone()).into_sql_str()).await;
        assert!(prepared.is_ok(), "{sql}: {:?}", prepared.err());
    }
    pool.close().await;
    server.execute(AssertSqlSafe(format!("DROP DATABASE {name}"))).await.unwrap();
}
