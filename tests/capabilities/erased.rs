//! What an erasure leaves: the log whole and every proof of it good, and nothing in it that names whoever is gone.

use gridvault::export::{Snapshot, Source, export, verify_export};
use gridvault::register::{keks_added, keks_destroyed, rewrap};
use gridvault::seal::{Secret, add_keks, drop_keks};
use gridvault::store::Store;
use gridvault::trail::{Trust, Verdict};
use gridvault_audit::ProofFile;
use gridvault_tests::{On, PASSPHRASE, TestVault, on_both};
use serde_json::json;
use uuid::Uuid;

use crate::exports::files;
use crate::proofs::publish;
use crate::searching::said;

/// The officer's proof of that entry.
async fn prove(t: &TestVault, entry: u64) -> String {
    let path = format!("/v1/audit/entries/{entry}/proof");
    let answer = t.call("GET", &path, Some(t.officer()), None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text
}

/// By two persons; gives the entry's number.
async fn erase(t: &TestVault, resident: Uuid) -> u64 {
    let path = format!("/v1/residents/{resident}/erasure");
    let (ask, grant) = (json!({ "reason": "withdrawn" }), json!({ "granted": true }));
    let steward = &t.caller("data_steward", "none").token;
    assert_eq!(t.call("POST", &path, Some(steward), Some(&ask)).await.status, 202);
    assert_eq!(t.call("PATCH", &path, Some(t.officer()), Some(&grant)).await.status, 204);
    let (public, _) = t.entries(1).await.pop().unwrap();
    assert_eq!(public["kind"], "resident.erased");
    public["seq"].as_u64().unwrap()
}

/// How many rows of what is live hold that tag.
async fn holding(t: &TestVault, tag: &str) -> u64 {
    let mut held = 0;
    for table in ["records", "people", "tasks", "tokens", "codes", "consents", "proposals", "repeats"] {
        let body = t.site.on.text("body");
        held += t.site.sql(&format!("UPDATE {table} SET rev = rev WHERE {body} LIKE '%{tag}%'")).await;
    }
    held
}

/// Keys of keys made anew, and those that wrapped the erased envelopes destroyed.
async fn rotated(t: TestVault) -> TestVault {
    let (layout, passphrase) = (t.site.layout(), Secret::new(PASSPHRASE));
    t.vault.close().await;
    assert_eq!(add_keks(&layout.keys, &passphrase).unwrap(), 2);
    let t = TestVault::reopened(t.site.clone(), &layout, t.clock.clone(), t.demo.clone()).await;
    keks_added(&t.vault, 2).await.unwrap();
    rewrap(&t.vault, &|_| ()).await.unwrap();
    drop_keks(&layout.keys, &passphrase, 2).unwrap();
    assert_eq!(keks_destroyed(&t.vault, 2).await.unwrap(), 1);
    t
}

on_both!(an_erasure_leaves_every_proof_good_and_nothing_in_the_log_that_names_whom);
async fn an_erasure_leaves_every_proof_good_and_nothing_in_the_log_that_names_whom(on: On) {
    let t = TestVault::street(on).await;
    let resident = t.task(0).resident.unwrap();
    let fields = ["person.name", "person.id_no", "person.phone"];
    let looked = t.look(&t.chief().token, t.visit(0, &fields)).await;
    assert_eq!(looked.value("person.name"), Some(&*said(0, "person.name")));
    let (public, private) = t.entries(1).await.pop().unwrap();
    let (seq, tag) =
        (public["seq"].as_u64().unwrap(), private["subject"]["tag"].as_str().unwrap().to_owned());
    publish(&t).await;
    let session = t.sign_in(resident).await;
    let own = format!("/v1/me/lookups/{}/proof", looked.body["lookup"]["id"].as_str().unwrap());
    let own = t.call("GET", &own, Some(&session), None).await;
    assert_eq!(own.status, 200, "{}", own.text);
    let mut proofs = vec![own.text, prove(&t, seq).await];
    assert_eq!(holding(&t, &tag).await, 1, "as long as somebody is held, the record says the tag");
    let erased = erase(&t, resident).await;
    assert_eq!(holding(&t, &tag).await, 0);
    publish(&t).await;
    proofs.extend([prove(&t, seq).await, prove(&t, erased).await]);
    let t = rotated(t).await;
    publish(&t).await;
    proofs.extend([prove(&t, seq).await, prove(&t, erased).await]);
    for proof in &proofs {
        let proof = ProofFile::parse(proof).unwrap();
        assert!(proof.verify(&t.vault.log_key, &[]).is_ok(), "the proof of entry {}", proof.index);
    }
    assert_eq!(t.verified().await.verdict, Verdict::Proven);
    assert_eq!(holding(&t, &tag).await, 0);
    // All of the log, private parts too.
    let store = Store::open_to_verify(&t.site.location()).await.unwrap();
    let source =
        Source::Database(Box::new(Snapshot::of(store, Some(t.vault.log_key.clone())).await.unwrap()));
    let folder = tempfile::tempdir().unwrap();
    export(&source, folder.path(), &|_, _| ()).await.unwrap();
    let pin = std::fs::read_to_string(t.site.layout().pin).unwrap();
    let trust = Trust { key: Some(t.vault.log_key.clone()), against: vec![pin], ..Trust::default() };
    let verified =
        verify_export(&Source::Folder(folder.path().to_owned()), &trust, &|_, _| ()).await.unwrap();
    assert_eq!(verified.verdict, Verdict::Proven);
    let files: Vec<_> = files(folder.path()).iter().map(|file| std::fs::read(file).unwrap()).collect();
    let found =
        |text: &str| files.iter().any(|file| file.windows(text.len()).any(|part| part == text.as_bytes()));
    assert!(found("resident.erased"), "what is looked through is the log");
    for field in fields {
        assert!(!found(&said(0, field)), "{field} is in the log");
    }
}
