//! Random operations on one clock moved by hand, through two instances where the database takes two, with commits cut,
//! requests dropped, instances restarted and dropped, older copies put back. After each operation and each run:
//!
//! - a lookup gives a value if and only if consent and task stand at that moment, on whichever instance it is asked;
//! - every answer that was received has its entry, once; no entry holds a value that was received;
//! - in the log's order no lookup on consent is allowed behind a withdrawal, or on a task behind its closing;
//! - the log is whole and proven against every pin; log time never goes back;
//! - an older copy of the database does not open.
//!
//! Not a failure: an entry whose answer nobody received; after a dropped change, that it was or was not made.

mod op;
mod reproductions;
mod run;

use gridvault_tests::On;

fn seeds() -> u64 {
    if std::env::var_os("GRIDVAULT_LONG").is_some() { 100 } else { 5 }
}

async fn all(on: On) {
    for seed in 0..seeds() {
        let ops = op::random(seed, on, 60);
        let shown = format!("seed {seed} on {on:?}: {ops:?}");
        let done = tokio::spawn(run::run(on, ops)).await;
        assert!(done.is_ok(), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_operations_break_no_promise_on_sqlite() {
    all(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn random_operations_break_no_promise_on_postgres() {
    all(On::Postgres).await;
}
