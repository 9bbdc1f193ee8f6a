//! Whoever can write the database cannot rewrite history or rights unseen: verifying names the first bad entry.

use gridvault::store::Store;
use gridvault::trail::{Trust, Verdict, verify_database};
use gridvault_audit::VerifierKey;
use gridvault_tests::{On, Site, TestVault, on_both, try_open};
use serde_json::json;

/// Verifies what lies there as `gridvault audit verify` does, against its pin.
async fn verify(site: &Site, key: Option<&str>) -> Verdict {
    let store = Store::open_to_verify(&site.location()).await.unwrap();
    let key = key.map(|k| VerifierKey::parse(k).unwrap());
    let against: Vec<String> = std::fs::read_to_string(site.layout().pin).into_iter().collect();
    let verified =
        verify_database(&store, &Trust { key, against, ..Trust::default() }, &|_| ()).await.unwrap();
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
    site: std::sync::Arc<Site>,
    key: String,
    last: i64,
    first_lookup: i64,
}

/// A street with some lookups, stopped cleanly.
async fn stopped(on: On) -> Stopped {
    let t = TestVault::street(on).await;
    for n in [0, 5, 0] {
        assert_eq!(
            t.look(&t.chief().token, t.visit(n, &["person.name", "premises.address"])).await.status,
            200
        );
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
    let key = t.demo.log_key.clone();
    Stopped { site: t.site, key, last, first_lookup }
}

/// A copy of the stopped vault with one statement run on it, that changed something.
async fn with(stopped: &Stopped, sql: &str) -> Site {
    let copy = stopped.site.copy().await;
    assert!(copy.sql(sql).await > 0, "it changed nothing: {sql}");
    copy
}

on_both!(a_whole_log_is_proven_with_its_key_and_only_consistent_without);
async fn a_whole_log_is_proven_with_its_key_and_only_consistent_without(on: On) {
    let s = stopped(on).await;
    assert!(!s.site.dir.path().join("vault.db-wal").exists(), "a clean stop leaves one file");
    assert_eq!(verify(&s.site, Some(&s.key)).await, Verdict::Proven);
    assert!(matches!(verify(&s.site, None).await, Verdict::Consistent(_)));
    std::fs::remove_file(s.site.layout().pin).unwrap();
    assert!(matches!(verify(&s.site, Some(&s.key)).await, Verdict::Consistent(_)));
}

on_both!(no_entry_can_be_edited_removed_swapped_or_cut_unseen);
async fn no_entry_can_be_edited_removed_swapped_or_cut_unseen(on: On) {
    let s = stopped(on).await;
    let middle = s.last / 2;
    let entry = |n: i64| u64::try_from(n).unwrap();
    let set = |column: &str, from: &str, to: &str| {
        format!("UPDATE entries SET {column} = {} WHERE seq = ", on.replaced(column, from, to))
    };
    let zeros = on.literal(&[0; 16]);
    for (sql, expected) in [
        (format!("{}{middle}", set("public", "\"v\":1", "\"v\":2")), middle),
        (format!("{}{}", set("public", "grid_chief", "grid_chiex"), s.first_lookup), s.first_lookup),
        (format!("{}{}", set("private", "\"salt\"", "\"sal7\""), s.last), s.last),
        (format!("DELETE FROM entries WHERE seq = {middle}"), middle),
        (format!("UPDATE entries SET seq = 1000000 WHERE seq = {middle}"), middle),
        (format!("UPDATE entries SET kind = 'search' WHERE seq = {middle}"), middle),
        (format!("UPDATE entries SET at = at + 1 WHERE seq = {middle}"), middle),
        (format!("UPDATE entries SET actor = 'somebody' WHERE seq = {middle}"), middle),
        (format!("UPDATE entries SET record = {zeros} WHERE seq = {}", s.first_lookup), s.first_lookup),
        (format!("DELETE FROM entries WHERE seq > {}", s.last - 2), s.last - 1),
        (format!("INSERT INTO entry_tags (tenant, tag, seq) VALUES ('donggaodi', {zeros}, 3)"), 3),
    ] {
        let copy = with(&s, &sql).await;
        let verdict = verify(&copy, Some(&s.key)).await;
        assert_eq!(bad(&verdict), Some(entry(expected)), "{sql}: {verdict:?}");
        copy.drop().await;
    }
    // A tag taken out of the index hides a lookup from the resident at whose address it was.
    let copy = with(&s, "DELETE FROM entry_tags WHERE seq = (SELECT max(seq) FROM entry_tags)").await;
    bad_at_all(&verify(&copy, Some(&s.key)).await);
    let copy = with(&s, "UPDATE entry_tags SET seq = -5 WHERE seq = (SELECT max(seq) FROM entry_tags)").await;
    bad_at_all(&verify(&copy, Some(&s.key)).await);
    // The last entry is named by the head alone.
    let copy = with(&s, &format!("{}{}", set("public", "home_visit_care", "home_visit_cart"), s.last)).await;
    assert_eq!(bad(&verify(&copy, Some(&s.key)).await), Some(entry(s.last)));
    // Two entries whose bytes change places.
    let copy = with(&s, &format!("UPDATE entries SET public = (SELECT public FROM entries e WHERE e.seq = {0} + {1} - entries.seq) WHERE seq IN ({0}, {1})", middle, middle + 1)).await;
    assert_eq!(bad(&verify(&copy, Some(&s.key)).await), Some(entry(middle)));
}

on_both!(any_flipped_byte_of_any_entry_is_found_where_it_is);
async fn any_flipped_byte_of_any_entry_is_found_where_it_is(on: On) {
    let s = stopped(on).await;
    let mut rng = fastrand::Rng::with_seed(3);
    let rounds = if std::env::var_os("GRIDVAULT_LONG").is_some() { 400 } else { 24 };
    for _ in 0..rounds {
        let (seq, at) = (rng.i64(0..=s.last), rng.usize(1..300));
        let column = if rng.bool() { "public" } else { "private" };
        let before = match on {
            On::Sqlite => format!(
                "CAST(substr({column}, 1, {at} - 1) || CAST(X'01' AS BLOB) || substr({column}, {at} + 1) AS BLOB)"
            ),
            On::Postgres => format!("set_byte({column}, {at} - 1, 1)"),
        };
        let copy = s.site.copy().await;
        let sql =
            format!("UPDATE entries SET {column} = {before} WHERE seq = {seq} AND length({column}) > {at}");
        if copy.sql(&sql).await > 0 {
            assert_eq!(bad(&verify(&copy, Some(&s.key)).await), u64::try_from(seq).ok(), "{sql}");
        }
        copy.drop().await;
    }
}

on_both!(no_right_can_be_inserted_edited_revived_or_put_back_unseen);
async fn no_right_can_be_inserted_edited_revived_or_put_back_unseen(on: On) {
    let s = stopped(on).await;
    let withdrawal = "(SELECT max(seq) FROM consents)";
    for sql in [
        // a right made without an entry, as a copy of a true row
        &format!(
            "INSERT INTO assignments SELECT tenant, {}, rev, ref, body, mac, seq FROM assignments LIMIT 1",
            on.literal(&[7; 16])
        ),
        // the withdrawal taken away
        &format!("DELETE FROM consents WHERE seq = {withdrawal}"),
        // a grid added to a post
        &format!(
            "UPDATE assignments SET body = {} WHERE {} LIKE '%110106006901002%'",
            on.replaced("body", "110106006901002", "110106006901003"),
            on.text("body")
        ),
        // a closed task put back as it was
        "UPDATE tasks SET rev = 1 WHERE rev = 2",
        "UPDATE records SET seq = seq + 1 WHERE seq = (SELECT max(seq) FROM records)",
        "DELETE FROM tokens WHERE seq = (SELECT max(seq) FROM tokens)",
    ] {
        let copy = with(&s, sql).await;
        let verdict = verify(&copy, Some(&s.key)).await;
        assert!(
            matches!(&verdict, Verdict::Broken { seq: Some(_), why } if why.contains("row `")),
            "{sql}: {verdict:?}"
        );
    }
    for sql in [
        &format!("UPDATE heads SET leaf = {}", on.literal(&[0; 32])),
        "UPDATE heads SET size = size + 1",
        "UPDATE heads SET checkpoint = replace(checkpoint, 'donggaodi', 'elsewhere')",
    ] {
        let copy = with(&s, sql).await;
        bad_at_all(&verify(&copy, Some(&s.key)).await);
    }
}

fn bad_at_all(verdict: &Verdict) {
    assert!(matches!(verdict, Verdict::Broken { .. }), "{verdict:?}");
}

on_both!(a_row_that_was_edited_is_not_there_and_raises_a_finding);
async fn a_row_that_was_edited_is_not_there_and_raises_a_finding(on: On) {
    let t = TestVault::street(on).await;
    assert_eq!(t.look(&t.chief().token, t.visit(0, &["person.name"])).await.status, 200);
    t.site
        .sql(&format!(
            "UPDATE consents SET body = {}",
            on.replaced("body", "home_visit_care", "emergency_notice")
        ))
        .await;
    let denied = t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
    assert_eq!((denied.status, denied.reason("person.name")), (403, "consent_none"));
    gridvault::register::raise_broken_rows(&t.vault).await.unwrap();
    let (public, private) = t.entries(1).await.pop().unwrap();
    assert_eq!((&public["kind"], &private["detail"]["code"]), (&json!("finding.raised"), &json!("row_mac")));
}

on_both!(a_withdrawal_taken_out_of_the_database_revives_nothing);
async fn a_withdrawal_taken_out_of_the_database_revives_nothing(on: On) {
    let t = TestVault::street(on).await;
    let session = t.sign_in(t.task(0).resident.unwrap()).await;
    let body = json!({ "state": "withdrawn" });
    t.call("PUT", "/v1/me/consents/home_visit_care", Some(&session), Some(&body)).await;
    for sql in [
        "UPDATE consents SET seq = 1 WHERE seq = (SELECT max(seq) FROM consents)",
        "DELETE FROM consents WHERE seq = 1",
    ] {
        t.site.sql(sql).await;
        assert_eq!(t.look(&t.chief().token, t.visit(0, &["person.name"])).await.status, 403, "{sql}");
    }
    gridvault::register::raise_broken_rows(&t.vault).await.unwrap();
    assert_eq!(t.entries(1).await[0].0["kind"], "finding.raised");
    let given = json!({ "state": "given" });
    assert_eq!(
        t.call("PUT", "/v1/me/consents/home_visit_care", Some(&session), Some(&given)).await.status,
        409
    );
}

on_both!(an_older_copy_or_a_missing_pin_is_a_rollback);
async fn an_older_copy_or_a_missing_pin_is_a_rollback(on: On) {
    let s = stopped(on).await;
    let clock = || std::sync::Arc::new(gridvault::clock::SystemClock);
    let words = async |site: &Site| match try_open(&site.layout(), clock(), None).await {
        Ok(vault) => {
            vault.close().await;
            "opened".to_owned()
        }
        Err(error) => error.to_string(),
    };
    let old = with(&s, "UPDATE heads SET facts_rev = facts_rev + 0").await;
    // The true vault goes on; its pin then names more than the old copy has.
    assert_eq!(words(&s.site).await, "opened");
    std::fs::copy(s.site.layout().pin, old.layout().pin).unwrap();
    assert!(words(&old).await.contains("older copy"), "{}", words(&old).await);
    bad_at_all(&verify(&old, Some(&s.key)).await);
    std::fs::remove_file(old.layout().pin).unwrap();
    assert!(words(&old).await.contains("put that file back"));
    // A head that says another time than its last entry would move every validity after it.
    let later = with(&s, "UPDATE heads SET at = at + 86400000000").await;
    assert!(words(&later).await.contains("log-rollback"), "{}", words(&later).await);
    // A revision of rights that the entries do not come to.
    let lower = with(&s, "UPDATE heads SET facts_rev = facts_rev - 1").await;
    bad_at_all(&verify(&lower, Some(&s.key)).await);
    // A history that does not extend the pin.
    let other = with(&s, "DELETE FROM entries WHERE seq = 5").await;
    bad_at_all(&verify(&other, Some(&s.key)).await);
}
