//! Old entries are removed, or their private parts, and everything that is left verifies; nothing younger than three years,
//! and nothing that a row of rights rests on.

use gridvault::Layout;
use gridvault::export::{Snapshot, Source, export, verify_export};
use gridvault::store::Store;
use gridvault::trail::{Publishing, Trust, Verdict, WitnessAddress, prune, verify_database};
use gridvault::witness::{Witness, router};
use gridvault_audit::{ProofFile, WitnessKey};
use gridvault_tests::{Answer, HOUR, MORNING, On, TestVault, on_both};
use serde_json::json;
use std::sync::Arc;
use zeroize::Zeroizing;

use crate::proofs::publish;

const YEAR: i64 = 366 * 24 * HOUR;

pub(crate) async fn witness(t: &TestVault, folder: &std::path::Path) -> WitnessAddress {
    let own = WitnessKey::from_seed(&Zeroizing::new([1; 32]), "witness.test").unwrap();
    let key = own.verifier();
    let witness = Witness::open(folder, own, std::slice::from_ref(&t.vault.log_key)).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let routes = router(Arc::new(witness), Arc::new(gridvault::clock::ManualClock::at(MORNING)));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    WitnessAddress { key, url }
}

async fn propose(t: &TestVault, what: &str, before: &str) -> Answer {
    let body = json!({ "what": what, "before": before });
    t.call("POST", "/v1/audit/prunings", Some(t.officer()), Some(&body)).await
}

async fn confirm(t: &TestVault, proposed: &Answer, token: &str) -> u16 {
    let path = format!("/v1/proposals/{}/confirm", proposed.body["proposal"].as_str().unwrap());
    t.call("POST", &path, Some(token), None).await.status
}

/// Credentials that hold on the day on which it is.
pub(crate) async fn fresh(t: &TestVault, role: &str) -> String {
    let holder = gridvault::authority::Holder::Person(t.caller(role, "none").holder);
    let token =
        gridvault::register::issue_token(&t.vault, holder, gridvault_policy::Posture::Office, HOUR).await;
    token.unwrap().reveal().to_owned()
}

on_both!(d32_only_what_is_older_than_three_years_is_removed_and_the_rest_verifies);
async fn d32_only_what_is_older_than_three_years_is_removed_and_the_rest_verifies(on: On) {
    let folder = tempfile::tempdir().unwrap();
    let t = TestVault::street(on).await;
    let address = witness(&t, folder.path()).await;
    let layout = Layout {
        publishing: Publishing { witnesses: vec![address.clone()], ..Publishing::default() },
        ..t.site.layout()
    };
    let mut t = t.again(&layout).await;
    for _ in 0..800 {
        t.look(&t.chief().token, t.visit(0, &["person.name", "premises.address"])).await;
    }
    // Words and counts follow a whole block of them.
    assert_eq!(t.vault.questions.follow(9).await.unwrap(), 1);
    let old = publish(&t).await;
    let proof =
        t.call("GET", &format!("/v1/audit/entries/{}/proof", old.size - 1), Some(t.officer()), None).await;
    let young = propose(&t, "entries", "2023-01-01T00:00:00+08:00").await;
    assert_eq!((young.status, young.problem()), (409, "conflict"), "no checkpoint is as old: {}", young.text);
    assert_eq!(
        propose(&t, "entries", "2026-01-01T00:00:00+08:00").await.body["errors"][0]["code"],
        "kept_for_three_years"
    );
    // Four years later.
    t.clock.step(4 * YEAR);
    t = t.again(&layout).await;
    let (officer, steward) = (fresh(&t, "privacy_officer").await, fresh(&t, "data_steward").await);
    let ask = async |what: &str| {
        let body = json!({ "what": what, "before": "2027-01-01T00:00:00+08:00" });
        t.call("POST", "/v1/audit/prunings", Some(&officer), Some(&body)).await
    };
    let refused = t
        .call(
            "POST",
            "/v1/audit/prunings",
            Some(&steward),
            Some(&json!({ "what": "entries", "before": "2027-01-01T00:00:00+08:00" })),
        )
        .await;
    assert_eq!(refused.status, 403);
    for (what, removed, redacted) in [("private_parts", true, false), ("entries", false, true)] {
        let proposed = ask(what).await;
        assert_eq!(proposed.status, 202, "{}", proposed.text);
        assert_eq!(t.entries(1).await[0].0["kind"], "import.batch");
        assert_eq!(confirm(&t, &proposed, &officer).await, 403, "not by who proposed it");
        assert_eq!(confirm(&t, &proposed, &steward).await, 200);
        assert_eq!(
            prune(&t.vault.store, t.vault.now()).await.unwrap(),
            0,
            "no reader would find the order yet"
        );
        publish(&t).await;
        let gone = prune(&t.vault.store, t.vault.now()).await.unwrap();
        assert!(gone > 3, "{what}: {gone}");
        assert_eq!(prune(&t.vault.store, t.vault.now()).await.unwrap(), 0, "once");
        publish(&t).await;
        let verified = t.verified().await;
        assert_eq!(verified.verdict, Verdict::Proven, "{what}");
        assert_eq!(
            (verified.removed > 0, verified.redacted > 0),
            (removed, redacted),
            "{what}: {verified:?}"
        );
    }
    // What was handed out before still holds; so does the log as it is exported and started.
    let proof = ProofFile::parse(&proof.text).unwrap();
    assert!(proof.verify(&t.vault.log_key, &[address.key]).is_ok());
    let gone = t.call("GET", "/v1/audit/entries/0/proof", Some(&officer), None).await;
    assert_eq!(gone.status, 200, "entry 0 says what the log is: it is kept");
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_to_verify(&t.site.location()).await.unwrap();
    let source =
        Source::Database(Box::new(Snapshot::of(store, Some(t.vault.log_key.clone())).await.unwrap()));
    export(&source, dir.path(), &|_, _| ()).await.unwrap();
    let pin = std::fs::read_to_string(t.site.layout().pin).unwrap();
    let trust = Trust { key: Some(t.vault.log_key.clone()), against: vec![pin], ..Trust::default() };
    let exported = verify_export(&Source::Folder(dir.path().to_owned()), &trust, &|_, _| ()).await.unwrap();
    assert_eq!(exported.verdict, Verdict::Proven);
    assert!(exported.redacted > 0);
    let t = t.again(&layout).await;
    assert_eq!(t.verified().await.verdict, Verdict::Proven);
}

on_both!(entries_taken_out_as_if_they_were_old_are_named);
async fn entries_taken_out_as_if_they_were_old_are_named(on: On) {
    let t = TestVault::street(on).await;
    for _ in 0..3 {
        t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
    }
    t.sign_in(t.task(0).resident.unwrap()).await;
    let shown = publish(&t).await;
    t.vault.close().await;
    let trust = Trust { key: Some(t.vault.log_key.clone()), ..Trust::default() };
    for (claim, what) in [(true, "no entry ordered its removal"), (false, "number")] {
        let copy = t.site.copy().await;
        let gone = format!("DELETE FROM entries WHERE kind = 'lookup' AND seq < {}", shown.size);
        assert_eq!(copy.sql(&gone).await, 3);
        if claim {
            let order = format!("INSERT INTO prunings VALUES ('donggaodi', 'entries', {}, 1)", shown.size);
            assert_eq!(copy.sql(&order).await, 1);
        }
        let store = Store::open_to_verify(&copy.location()).await.unwrap();
        let verdict = verify_database(&store, &trust, &|_| ()).await.unwrap().verdict;
        let Verdict::Broken { why, .. } = &verdict else { panic!("{verdict:?}") };
        assert!(why.contains(what), "{why}");
    }
}

on_both!(d32_what_was_ordered_of_what_is_young_by_its_own_bytes_is_kept);
async fn d32_what_was_ordered_of_what_is_young_by_its_own_bytes_is_kept(on: On) {
    let t = TestVault::street(on).await;
    t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
    publish(&t).await;
    // Somebody who writes the database makes a checkpoint old; the officer is honest.
    assert!(t.site.sql("UPDATE checkpoints SET slot = slot - 4 * 366 * 86400").await > 0);
    let proposed = propose(&t, "private_parts", "2023-01-01T00:00:00+08:00").await;
    assert_eq!((proposed.status, proposed.problem()), (409, "conflict"), "{}", proposed.text);
    // And an order that no entry gave is not carried out.
    let order =
        "INSERT INTO prunings (tenant, what, upto, done) VALUES ('donggaodi', 'private_parts', 300, 0)";
    assert_eq!(t.site.sql(order).await, 1);
    assert_eq!(prune(&t.vault.store, t.vault.now() + 9 * YEAR).await.unwrap(), 0);
    assert_eq!(t.verified().await.removed, 0);
}

on_both!(a_private_part_that_nobody_ordered_to_remove_is_missed);
async fn a_private_part_that_nobody_ordered_to_remove_is_missed(on: On) {
    let t = TestVault::street(on).await;
    t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
    let last = t.size().await - 1;
    t.vault.close().await;
    for sql in [
        "DELETE FROM entry_tags WHERE seq IN (SELECT seq FROM entries WHERE kind = 'lookup')",
        "UPDATE entries SET private = NULL, actor = NULL, record = NULL WHERE kind = 'lookup'",
    ] {
        t.site.sql(sql).await;
    }
    let store = Store::open_to_verify(&t.site.location()).await.unwrap();
    let pin = std::fs::read_to_string(t.site.layout().pin).unwrap();
    let trust = Trust { key: Some(t.vault.log_key.clone()), against: vec![pin], ..Trust::default() };
    let Verdict::Broken { seq, why } = verify_database(&store, &trust, &|_| ()).await.unwrap().verdict else {
        panic!("it verifies");
    };
    assert_eq!(seq, u64::try_from(last).ok());
    assert!(why.contains("private part"), "{why}");
    store.close().await;
}
