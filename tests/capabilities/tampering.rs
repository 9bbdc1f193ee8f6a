//! Whoever can write the database cannot rewrite history or rights unseen: verifying names the first bad entry.

use std::path::Path;

use gridvault::store::Store;
use gridvault::trail::{Verdict, verify_database};
use gridvault_audit::VerifierKey;
use gridvault_tests::{TestVault, try_open};
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

/// Verifies a folder as `gridvault audit verify --data` does.
async fn verify(dir: &Path, key: Option<&str>) -> Verdict {
    let store = Store::open_to_verify(&dir.join("vault.db")).await.unwrap();
    let key = key.map(|k| VerifierKey::parse(k).unwrap());
    let against: Vec<String> = std::fs::read_to_string(dir.join("pin")).into_iter().collect();
    let verified = verify_database(&store, key.as_ref(), &against, &|_| ()).await.unwrap();
    store.close().await;
    verified.verdict
}

fn bad(verdict: &Verdict) -> Option<u64> {
    match verdict {
        Verdict::Broken { seq, .. } => *seq,
        other => panic!("not found: {other:?}"),
    }
}

struct Stopped {
    _t: TestVault,
    dir: std::path::PathBuf,
    key: String,
    last: i64,
    first_lookup: i64,
}

/// A street with some lookups, stopped cleanly.
async fn stopped() -> Stopped {
    let t = TestVault::street().await;
    for n in [0, 5, 0] {
        assert_eq!(t.look(&t.chief().token, t.visit(n, &["person.name"])).await.status, 200);
    }
    let session = t.sign_in(t.task(0).resident.unwrap()).await;
    let body = json!({ "state": "withdrawn" });
    assert_eq!(
        t.call("PUT", "/v1/me/consents/home_visit_care", Some(&session), Some(&body)).await.status,
        200
    );
    let last = t.size().await - 1;
    let filter =
        gridvault::store::EntryFilter { kinds: vec!["lookup".into()], limit: 1, ..Default::default() };
    let first_lookup = t.vault.store.entries(&filter).await.unwrap()[0].seq;
    t.vault.close().await;
    let dir = t.dir.path().to_owned();
    Stopped { dir, key: t.demo.log_key.clone(), last, first_lookup, _t: t }
}

/// A copy of the stopped vault with one statement run on it, that changed something.
async fn with(stopped: &Stopped, sql: &str) -> tempfile::TempDir {
    with_maybe(stopped, sql).await.unwrap_or_else(|| panic!("it changed nothing: {sql}"))
}

/// Likewise; nothing where the statement changed nothing.
async fn with_maybe(stopped: &Stopped, sql: &str) -> Option<tempfile::TempDir> {
    let copy = tempfile::tempdir().unwrap();
    for file in ["vault.db", "pin", "keys.json"] {
        std::fs::copy(stopped.dir.join(file), copy.path().join(file)).unwrap();
    }
    let options = SqliteConnectOptions::new().filename(copy.path().join("vault.db"));
    let pool = SqlitePool::connect_with(options).await.unwrap();
    let done = sqlx::query(sqlx::AssertSqlSafe(sql.to_owned())).execute(&pool).await.unwrap();
    pool.close().await;
    (done.rows_affected() > 0).then_some(copy)
}

#[tokio::test]
async fn a_whole_log_is_proven_with_its_key_and_only_consistent_without() {
    let s = stopped().await;
    assert!(!s.dir.join("vault.db-wal").exists(), "a clean stop leaves one file");
    assert_eq!(verify(&s.dir, Some(&s.key)).await, Verdict::Proven);
    assert!(matches!(verify(&s.dir, None).await, Verdict::Consistent(_)));
    std::fs::remove_file(s.dir.join("pin")).unwrap();
    assert!(matches!(verify(&s.dir, Some(&s.key)).await, Verdict::Consistent(_)));
}

#[tokio::test]
async fn no_entry_can_be_edited_removed_swapped_or_cut_unseen() {
    let s = stopped().await;
    let middle = s.last / 2;
    let entry = |n: i64| u64::try_from(n).unwrap();
    let text = "CAST(public AS TEXT)";
    for (sql, expected) in [
        (
            format!(
                "UPDATE entries SET public = CAST(replace({text}, '\"v\":1', '\"v\":2') AS BLOB) WHERE seq = {middle}"
            ),
            middle,
        ),
        (
            format!(
                "UPDATE entries SET public = CAST(replace({text}, 'grid_chief', 'grid_chiex') AS BLOB) WHERE seq = (SELECT min(seq) FROM entries WHERE kind = 'lookup')"
            ),
            s.first_lookup,
        ),
        (
            format!(
                "UPDATE entries SET private = CAST(replace(CAST(private AS TEXT), '\"salt\"', '\"sal7\"') AS BLOB) WHERE seq = {}",
                s.last
            ),
            s.last,
        ),
        (format!("DELETE FROM entries WHERE seq = {middle}"), middle),
        (format!("UPDATE entries SET seq = 1000000 WHERE seq = {middle}"), middle),
        (format!("UPDATE entries SET kind = 'search' WHERE seq = {middle}"), middle),
        (format!("UPDATE entries SET at = at + 1 WHERE seq = {middle}"), middle),
        (format!("UPDATE entries SET actor = 'somebody' WHERE seq = {middle}"), middle),
        (format!("UPDATE entries SET record = zeroblob(16) WHERE seq = {}", s.first_lookup), s.first_lookup),
        (format!("DELETE FROM entries WHERE seq > {}", s.last - 2), s.last - 1),
        ("INSERT INTO entry_tags (tenant, tag, seq) VALUES ('donggaodi', zeroblob(16), 3)".to_owned(), 3),
    ] {
        let copy = with(&s, &sql).await;
        let verdict = verify(copy.path(), Some(&s.key)).await;
        assert_eq!(bad(&verdict), Some(entry(expected)), "{sql}: {verdict:?}");
    }
    // The last entry is named by the head alone.
    let copy = with(&s, &format!("UPDATE entries SET public = CAST(replace({text}, 'home_visit_care', 'home_visit_cart') AS BLOB) WHERE seq = {}", s.last)).await;
    assert_eq!(bad(&verify(copy.path(), Some(&s.key)).await), Some(entry(s.last)));
    // Two entries whose bytes change places.
    let copy = with(&s, &format!("UPDATE entries SET public = (SELECT public FROM entries e WHERE e.seq = {0} + {1} - entries.seq) WHERE seq IN ({0}, {1})", middle, middle + 1)).await;
    assert_eq!(bad(&verify(copy.path(), Some(&s.key)).await), Some(entry(middle)));
}

#[tokio::test]
async fn any_flipped_byte_of_any_entry_is_found_where_it_is() {
    let s = stopped().await;
    let mut rng = fastrand::Rng::with_seed(3);
    let rounds = if std::env::var_os("GRIDVAULT_LONG").is_some() { 400 } else { 24 };
    for _ in 0..rounds {
        let (seq, at) = (rng.i64(0..=s.last), rng.usize(1..300));
        let column = if rng.bool() { "public" } else { "private" };
        let sql = format!(
            "UPDATE entries SET {column} = CAST(substr({column}, 1, {at} - 1) || CAST(X'01' AS BLOB) || substr({column}, {at} + 1) AS BLOB) \
             WHERE seq = {seq} AND length({column}) > {at}"
        );
        let copy = with_maybe(&s, &sql).await;
        if let Some(copy) = copy {
            assert_eq!(bad(&verify(copy.path(), Some(&s.key)).await), u64::try_from(seq).ok(), "{sql}");
        }
    }
}

#[tokio::test]
async fn no_right_can_be_inserted_edited_revived_or_put_back_unseen() {
    let s = stopped().await;
    let withdrawal = "(SELECT max(seq) FROM consents)";
    for sql in [
        // a right made without an entry, as a copy of a true row
        "INSERT INTO assignments SELECT tenant, randomblob(16), rev, ref, body, mac, seq FROM assignments LIMIT 1",
        // the withdrawal taken away
        &format!("DELETE FROM consents WHERE seq = {withdrawal}"),
        // a grid added to a post
        "UPDATE assignments SET body = CAST(replace(CAST(body AS TEXT), '110106006901002', '110106006901003') AS BLOB) WHERE CAST(body AS TEXT) LIKE '%110106006901002%'",
        // a closed task put back as it was
        "UPDATE tasks SET rev = 1 WHERE rev = 2",
        "UPDATE records SET seq = seq + 1 WHERE seq = (SELECT max(seq) FROM records)",
        "DELETE FROM tokens WHERE seq = (SELECT max(seq) FROM tokens)",
    ] {
        let copy = with(&s, sql).await;
        let verdict = verify(copy.path(), Some(&s.key)).await;
        assert!(
            matches!(&verdict, Verdict::Broken { seq: Some(_), why } if why.contains("row `")),
            "{sql}: {verdict:?}"
        );
    }
    for sql in [
        "UPDATE heads SET facts_rev = facts_rev, leaf = zeroblob(32)",
        "UPDATE heads SET size = size + 1",
        "UPDATE heads SET checkpoint = replace(checkpoint, 'donggaodi', 'elsewhere')",
    ] {
        let copy = with(&s, sql).await;
        bad_at_all(&verify(copy.path(), Some(&s.key)).await);
    }
}

fn bad_at_all(verdict: &Verdict) {
    assert!(matches!(verdict, Verdict::Broken { .. }), "{verdict:?}");
}

#[tokio::test]
async fn a_row_that_was_edited_is_not_there_and_raises_a_finding() {
    let t = TestVault::street().await;
    assert_eq!(t.look(&t.chief().token, t.visit(0, &["person.name"])).await.status, 200);
    let path = t.dir.path().join("vault.db");
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(path)).await.unwrap();
    let sql = "UPDATE consents SET body = CAST(replace(CAST(body AS TEXT), 'home_visit_care', 'emergency_notice') AS BLOB)";
    sqlx::query(sql).execute(&pool).await.unwrap();
    pool.close().await;
    let denied = t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
    assert_eq!((denied.status, denied.reason("person.name")), (403, "consent_none"));
    gridvault::register::raise_broken_rows(&t.vault).await.unwrap();
    let (public, private) = t.entries(1).await.pop().unwrap();
    assert_eq!((&public["kind"], &private["detail"]["code"]), (&json!("finding.raised"), &json!("row_mac")));
}

#[tokio::test]
async fn a_withdrawal_taken_out_of_the_database_revives_nothing() {
    let t = TestVault::street().await;
    let session = t.sign_in(t.task(0).resident.unwrap()).await;
    let body = json!({ "state": "withdrawn" });
    t.call("PUT", "/v1/me/consents/home_visit_care", Some(&session), Some(&body)).await;
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(t.dir.path().join("vault.db")))
        .await
        .unwrap();
    for sql in [
        "UPDATE consents SET seq = 1 WHERE seq = (SELECT max(seq) FROM consents)",
        "DELETE FROM consents WHERE seq = 1",
    ] {
        sqlx::query(sql).execute(&pool).await.unwrap();
        assert_eq!(t.look(&t.chief().token, t.visit(0, &["person.name"])).await.status, 403, "{sql}");
    }
    pool.close().await;
    gridvault::register::raise_broken_rows(&t.vault).await.unwrap();
    assert_eq!(t.entries(1).await[0].0["kind"], "finding.raised");
    let given = json!({ "state": "given" });
    assert_eq!(
        t.call("PUT", "/v1/me/consents/home_visit_care", Some(&session), Some(&given)).await.status,
        409
    );
}

#[tokio::test]
async fn an_older_copy_or_a_missing_pin_is_a_rollback() {
    let s = stopped().await;
    let clock = || std::sync::Arc::new(gridvault::clock::SystemClock);
    let words = async |dir: &Path| match try_open(dir, clock(), None).await {
        Ok(vault) => {
            vault.close().await;
            "opened".to_owned()
        }
        Err(error) => error.to_string(),
    };
    let old = with(&s, "UPDATE heads SET facts_rev = facts_rev + 0").await;
    // The true vault goes on; its pin then names more than the old copy has.
    assert_eq!(words(&s.dir).await, "opened");
    std::fs::copy(s.dir.join("pin"), old.path().join("pin")).unwrap();
    assert!(words(old.path()).await.contains("older copy"), "{}", words(old.path()).await);
    bad_at_all(&verify(old.path(), Some(&s.key)).await);
    std::fs::remove_file(old.path().join("pin")).unwrap();
    assert!(words(old.path()).await.contains("put that file back"));
    // A head that says another time than its last entry would move every validity after it.
    let later = with(&s, "UPDATE heads SET at = at + 86400000000").await;
    assert!(words(later.path()).await.contains("log-rollback"), "{}", words(later.path()).await);
    // A history that does not extend the pin.
    let other = with(&s, "DELETE FROM entries WHERE seq = 5").await;
    bad_at_all(&verify(other.path(), Some(&s.key)).await);
}
