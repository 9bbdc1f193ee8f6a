//! Instances in processes of their own: killed at random, stopped for a while, and a second one where only one may be.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gridvault::clock::SystemClock;
use gridvault::demo::{DemoFile, make, refresh};
use gridvault::store::EntryFilter;
use gridvault::trail::{Trust, Verdict, verify_database};
use gridvault::{Nature, store::Store};
use gridvault_audit::VerifierKey;
use gridvault_tests::{Instance, On, Site, on_both, post};
use serde_json::json;

fn long(short: usize, long: usize) -> usize {
    if std::env::var_os("GRIDVAULT_LONG").is_some() { long } else { short }
}

/// A street by the machine's clock, stopped.
async fn street(on: On) -> (Site, DemoFile) {
    let site = Site::new(on).await;
    let vault = gridvault_tests::open(&site.layout(), Arc::new(SystemClock), Some(Nature::Synthetic)).await;
    let mut demo = make(&vault, 120, 7).await.unwrap();
    refresh(&vault, &mut demo).await.unwrap();
    vault.close().await;
    (site, demo)
}

/// Clients of one instance, who note each answer received until it is gone.
struct Clients {
    gone: Arc<AtomicBool>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Clients {
    fn of(instance: &Instance, demo: &DemoFile, received: &Arc<Mutex<HashSet<String>>>) -> Self {
        let gone = Arc::new(AtomicBool::new(false));
        let threads = (0..3)
            .map(|_| {
                let (gone, received) = (Arc::clone(&gone), Arc::clone(received));
                let (url, task) = (format!("{}/v1/lookups", instance.url), demo.tasks[0].clone());
                let token = demo.callers[0].token.clone();
                std::thread::spawn(move || {
                    let body = json!({ "resident": task.resident, "fields": ["person.name"], "purpose": task.purpose, "task": task.id, "assignment": task.assignment });
                    while !gone.load(Ordering::Relaxed) {
                        let (status, answer) = post(&url, &token, &body);
                        if status == 200 {
                            let id = answer["lookup"]["id"].as_str().unwrap().to_owned();
                            received.lock().unwrap().insert(id);
                        }
                    }
                })
            })
            .collect();
        Self { gone, threads }
    }

    fn leave(self) {
        self.gone.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
    }
}

async fn settle(site: &Site, demo: &DemoFile, received: &Mutex<HashSet<String>>) {
    let store = Store::open_to_verify(&site.location()).await.unwrap();
    let pin = std::fs::read_to_string(site.layout().pin).unwrap();
    let key = VerifierKey::parse(&demo.log_key).unwrap();
    let verified =
        verify_database(&store, &Trust { key: Some(key), against: vec![pin], ..Trust::default() }, &|_| ())
            .await
            .unwrap();
    assert_eq!(verified.verdict, Verdict::Proven);
    let filter = EntryFilter { kinds: vec!["lookup".into()], limit: i64::MAX, ..Default::default() };
    let entries = store.entries(&filter).await.unwrap();
    let written: HashSet<_> = entries.iter().map(|e| data_encoding::HEXLOWER.encode(&e.salt)).collect();
    assert_eq!(written.len(), entries.len());
    store.close().await;
    let received = received.lock().unwrap();
    let missing: Vec<_> = received.difference(&written).collect();
    assert!(missing.is_empty(), "{missing:?} were answered but are not on record");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_is_killed_at_random_and_the_other_serves_on() {
    let (site, demo) = street(On::Postgres).await;
    site.instance("pin-b");
    let received = Arc::default();
    let steady = Instance::start(&site, "pin");
    let steady_clients = Clients::of(&steady, &demo, &received);
    let mut rng = fastrand::Rng::new();
    for _ in 0..long(4, 50) {
        let mut killed = Instance::start(&site, "pin-b");
        let clients = Clients::of(&killed, &demo, &received);
        tokio::time::sleep(Duration::from_millis(rng.u64(50..600))).await;
        killed.signal("KILL");
        clients.leave();
        let before = received.lock().unwrap().len();
        let begun = Instant::now();
        while received.lock().unwrap().len() < before + 3 {
            assert!(begun.elapsed() < Duration::from_secs(20), "the other does not serve on");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    steady_clients.leave();
    settle(&site, &demo, &received).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_is_stopped_for_a_while_and_the_log_goes_on_as_one() {
    let (site, demo) = street(On::Postgres).await;
    site.instance("pin-b");
    let received = Arc::default();
    let (first, mut second) = (Instance::start(&site, "pin"), Instance::start(&site, "pin-b"));
    let clients = [Clients::of(&first, &demo, &received), Clients::of(&second, &demo, &received)];
    let mut rng = fastrand::Rng::new();
    for _ in 0..long(3, 50) {
        tokio::time::sleep(Duration::from_millis(rng.u64(50..300))).await;
        second.signal("STOP");
        let before = received.lock().unwrap().len();
        let begun = Instant::now();
        // Stopped with the head locked, it holds the other up until the server ends its transaction.
        while received.lock().unwrap().len() < before + 10 {
            assert!(begun.elapsed() < Duration::from_secs(20), "the other does not serve on");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        second.signal("CONT");
    }
    for clients in clients {
        clients.leave();
    }
    drop((first, second));
    settle(&site, &demo, &received).await;
}

on_both!(a_second_instance_starts_on_a_server_and_not_on_a_file);
async fn a_second_instance_starts_on_a_server_and_not_on_a_file(on: On) {
    let (site, _) = street(on).await;
    site.instance("pin-b");
    let mut first = Instance::start(&site, "pin");
    let second = Instance::try_start(&site, "pin-b");
    match on {
        On::Postgres => second.unwrap().signal("TERM"),
        On::Sqlite => assert!(second.err().unwrap().contains("another process has this vault open")),
    }
    first.signal("TERM");
}
