//! SIGKILL at random instants under load: whatever anybody received has its entry, the log is whole, the server starts again.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gridvault::store::{EntryFilter, Store};
use gridvault::trail::{Trust, Verdict, verify_database};
use gridvault_audit::VerifierKey;
use gridvault_tests::Server;
use serde_json::json;

#[test]
fn every_answer_that_a_client_received_has_its_entry_after_a_kill() {
    let rounds = if std::env::var_os("GRIDVAULT_LONG").is_some() { 50 } else { 6 };
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("demo");
    let mut rng = fastrand::Rng::new();
    let received = Arc::new(Mutex::new(HashSet::<String>::new()));
    let mut server = Server::start(&data, 150);
    for round in 0..rounds {
        let stop = Arc::new(AtomicBool::new(false));
        let workers: Vec<_> = (0..4)
            .map(|_| {
                let (stop, received, demo) = (Arc::clone(&stop), Arc::clone(&received), server.demo.clone());
                std::thread::spawn(move || load(&demo, &stop, &received))
            })
            .collect();
        std::thread::sleep(Duration::from_millis(rng.u64(50..900)));
        server.kill();
        stop.store(true, Ordering::Relaxed);
        for worker in workers {
            worker.join().unwrap();
        }
        server = Server::start(&data, 150);
        let written = written(&data, &server.demo.log_key);
        let received = received.lock().unwrap();
        let missing: Vec<_> = received.iter().filter(|id| !written.contains(*id)).collect();
        assert!(missing.is_empty(), "round {round}: {missing:?} were answered but are not on record");
    }
    assert!(received.lock().unwrap().len() > 20, "the load came through");
}

/// Looks up as fast as it can and notes each answer received.
fn load(demo: &gridvault::demo::DemoFile, stop: &AtomicBool, received: &Mutex<HashSet<String>>) {
    let task = &demo.tasks[0];
    let body = json!({ "resident": task.resident, "fields": ["person.name", "person.id_no"], "purpose": task.purpose, "task": task.id, "assignment": task.assignment });
    let agent =
        ureq::Agent::new_with_config(ureq::Agent::config_builder().http_status_as_error(false).build());
    while !stop.load(Ordering::Relaxed) {
        let sent = agent
            .post(format!("{}/v1/lookups", demo.url))
            .header("authorization", format!("Bearer {}", demo.callers[0].token))
            .header("content-type", "application/json")
            .send(body.to_string().as_bytes());
        let Ok(mut response) = sent else { continue };
        let Ok(text) = response.body_mut().read_to_string() else { continue };
        let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["fields"]["person.name"]["outcome"], "clear", "{text}");
        received.lock().unwrap().insert(answer["lookup"]["id"].as_str().unwrap().to_owned());
    }
}

/// Ids of the lookups on record, of a log that is whole.
fn written(data: &std::path::Path, key: &str) -> HashSet<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open_to_verify(&gridvault::Layout::in_folder(data).database).await.unwrap();
        let pin = std::fs::read_to_string(data.join("pin")).unwrap();
        let key = VerifierKey::parse(key).unwrap();
        let verified = verify_database(
            &store,
            &Trust { key: Some(key), against: vec![pin], ..Trust::default() },
            &|_| (),
        )
        .await
        .unwrap();
        assert_eq!(verified.verdict, Verdict::Proven);
        let filter = EntryFilter { kinds: vec!["lookup".into()], limit: i64::MAX, ..Default::default() };
        let entries = store.entries(&filter).await.unwrap();
        entries.iter().map(|e| data_encoding::HEXLOWER.encode(&e.salt)).collect()
    })
}
