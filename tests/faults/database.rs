//! A PostgreSQL that is killed, stands still, or is cut off in the middle of COMMIT, under load: whatever anybody received has
//! its entry, the log is whole, and service is back without hands.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gridvault::Layout;
use gridvault::store::{EntryFilter, Location};
use gridvault::trail::{Act, Change, Verdict};
use gridvault_tests::{Cluster, Cut, CuttingProxy, Site, TestVault, system_entry};
use serde_json::json;

fn long(short: usize, long: usize) -> usize {
    if std::env::var_os("GRIDVAULT_LONG").is_some() { long } else { short }
}

/// Clients that look up and note what they received.
struct Load {
    stop: Arc<AtomicBool>,
    received: Arc<Mutex<HashSet<String>>>,
    refused: Arc<AtomicUsize>,
    workers: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    fn on(doors: &[Arc<TestVault>], clients: usize) -> Self {
        let load = Self {
            stop: Arc::new(AtomicBool::new(false)),
            received: Arc::default(),
            refused: Arc::default(),
            workers: Vec::new(),
        };
        let workers = (0..clients).map(|n| {
            let t = Arc::clone(&doors[n % doors.len()]);
            let (stop, received, refused) =
                (Arc::clone(&load.stop), Arc::clone(&load.received), Arc::clone(&load.refused));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let answer = t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
                    match answer.status {
                        200 => {
                            let id = answer.body["lookup"]["id"].as_str().unwrap().to_owned();
                            assert!(received.lock().unwrap().insert(id), "an entry was answered twice");
                        }
                        429 | 503 => {
                            assert!(answer.value("person.name").is_none());
                            refused.fetch_add(1, Ordering::Relaxed);
                            tokio::time::sleep(Duration::from_millis(5)).await;
                        }
                        other => panic!("{other}: {}", answer.text),
                    }
                }
            })
        });
        let workers = workers.collect();
        Self { workers, ..load }
    }

    fn received(&self) -> usize {
        self.received.lock().unwrap().len()
    }

    /// Waits until answers come again.
    async fn served_again(&self) {
        let (before, begun) = (self.received(), Instant::now());
        while self.received() < before + 3 {
            assert!(begun.elapsed() < Duration::from_secs(40), "service is not back");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends the load; every answer received is on record in a log that is whole.
    async fn settle(self, t: &TestVault) {
        self.stop.store(true, Ordering::Relaxed);
        for worker in self.workers {
            worker.await.unwrap();
        }
        let verified = t.verified().await;
        assert_eq!(verified.verdict, Verdict::Proven);
        let filter = EntryFilter { kinds: vec!["lookup".into()], limit: i64::MAX, ..Default::default() };
        let entries = t.vault.store.entries(&filter).await.unwrap();
        let written: HashSet<_> = entries.iter().map(|e| data_encoding::HEXLOWER.encode(&e.salt)).collect();
        assert_eq!(written.len(), entries.len(), "an entry was written twice");
        let received = self.received.lock().unwrap();
        assert!(received.len() > 10, "the load came through");
        let missing: Vec<_> = received.difference(&written).collect();
        assert!(missing.is_empty(), "{missing:?} were answered but are not on record");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cut_in_the_middle_of_commit_loses_and_doubles_nothing() {
    let site = Site::within(gridvault_tests::cluster()).await;
    let direct = TestVault::street_at(site).await;
    let socket = gridvault_tests::cluster().get_socket().unwrap().clone();
    let proxy = CuttingProxy::start(&socket);
    let url = direct.site.url_through(proxy.folder().to_str().unwrap()).unwrap();
    let layout = Layout { database: Location::parse(&url).unwrap(), ..direct.site.instance("pin-p") };
    let through = Arc::new(direct.instance_at(&layout).await);
    let load = Load::on(&[Arc::clone(&through)], 8);
    let rounds = long(18, 150);
    for round in 0..rounds {
        let (cuts, how) = (proxy.cuts(), [Cut::Before, Cut::After, Cut::Amid][round % 3]);
        proxy.cut_next(how);
        while proxy.cuts() == cuts {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        load.served_again().await;
    }
    assert_eq!(load.refused.load(Ordering::Relaxed), 0, "each batch was found or written again");
    load.settle(&through).await;
    // A change that was cut off is made once: consents are counted under the header's MAC.
    let session = through.sign_in(through.task(0).resident.unwrap()).await;
    for how in [Cut::Before, Cut::After, Cut::Amid] {
        for state in ["withdrawn", "given"] {
            proxy.cut_next(how);
            let body = json!({ "state": state });
            let put =
                through.call("PUT", "/v1/me/consents/home_visit_care", Some(&session), Some(&body)).await;
            assert_eq!(put.status, 200, "{how:?} {state}: {}", put.text);
        }
    }
    assert_eq!(through.verified().await.verdict, Verdict::Proven);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_never_comes_is_found_and_not_made_again() {
    let direct = TestVault::street(gridvault_tests::On::Postgres).await;
    let proxy = CuttingProxy::start(gridvault_tests::cluster().get_socket().unwrap());
    let url = direct.site.url_through(proxy.folder().to_str().unwrap()).unwrap();
    let layout = Layout { database: Location::parse(&url).unwrap(), ..direct.site.instance("pin-p") };
    let through = direct.instance_at(&layout).await;
    let session = through.sign_in(through.task(0).resident.unwrap()).await;
    let before = through.size().await;
    proxy.cut_next(Cut::Silence);
    let body = json!({ "state": "withdrawn" });
    let put = through.call("PUT", "/v1/me/consents/home_visit_care", Some(&session), Some(&body)).await;
    assert_eq!((put.status, proxy.cuts()), (200, 1), "{}", put.text);
    // The withdrawal, and the finding of what is to be erased or frozen after it.
    assert_eq!(through.size().await, before + 2, "it was made once");
    assert_eq!(through.verified().await.verdict, Verdict::Proven);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_or_stands_still_is_served_from_again() {
    let cluster = Cluster::start();
    let a = Arc::new(TestVault::street_at(Site::within(cluster.options()).await).await);
    let b = Arc::new(a.instance("pin-b").await);
    let load = Load::on(&[Arc::clone(&a), Arc::clone(&b)], 6);
    load.served_again().await;
    let mut rng = fastrand::Rng::new();
    for _ in 0..long(4, 50) {
        tokio::time::sleep(Duration::from_millis(rng.u64(20..200))).await;
        cluster.tell("kill");
        tokio::time::sleep(Duration::from_millis(rng.u64(0..300))).await;
        cluster.tell("start");
        load.served_again().await;
    }
    for _ in 0..long(1, 3) {
        cluster.tell("pause");
        tokio::time::sleep(Duration::from_secs(10)).await;
        cluster.tell("resume");
        load.served_again().await;
    }
    load.settle(&a).await;
    a.vault.close().await;
    b.vault.close().await;
}

#[tokio::test]
async fn a_writer_that_stands_still_with_the_lock_holds_the_others_up_for_seconds_only() {
    let a = TestVault::street(gridvault_tests::On::Postgres).await;
    // As an instance does that is stopped between locking the head and committing.
    let stuck = gridvault::store::Store::open(&a.site.location(), "donggaodi", false).await.unwrap();
    let mut batch = stuck.begin().await.unwrap();
    batch.lock_head().await.unwrap().unwrap();
    let begun = Instant::now();
    let answer = a.look(&a.chief().token, a.visit(0, &["person.name"])).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
    // What it still wanted to write has nowhere to go.
    assert!(batch.lock_head().await.is_err());
    assert!(batch.commit().await.is_err());
    assert_eq!(a.verified().await.verdict, Verdict::Proven);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_answered_429_and_a_client_that_hangs_up_leaves_a_whole_log() {
    let cluster = Cluster::start();
    let t = Arc::new(TestVault::street_at(Site::within(cluster.options()).await).await);
    assert_eq!(t.look(&t.chief().token, t.visit(0, &["person.name"])).await.status, 200);
    let record = || {
        let t = Arc::clone(&t);
        async move {
            let entry = system_entry(gridvault_audit::Kind::KeyUnsealed);
            t.vault.log.record(Act::new(&t.vault.keys, entry, Change::none())).await.map(|_| ())
        }
    };
    cluster.tell("pause");
    // Twice as many as may wait: the rest is told to come back, at once.
    let waiting: Vec<_> = (0..9000).map(|_| tokio::spawn(record())).collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let answer = record().await.unwrap_err();
    assert_eq!(answer, gridvault_audit::RecordError::Busy { retry_after_secs: 1 });
    // Half of those that wait hang up.
    for (n, task) in waiting.iter().enumerate() {
        if n % 2 == 0 {
            task.abort();
        }
    }
    cluster.tell("resume");
    let (mut done, mut busy) = (0, 0);
    for task in waiting {
        match task.await {
            Ok(Ok(())) => done += 1,
            Ok(Err(gridvault_audit::RecordError::Busy { .. })) => busy += 1,
            Ok(Err(error)) => panic!("{error}"),
            Err(_) => {}
        }
    }
    assert!(done > 1500 && busy > 1500, "{done} {busy}");
    assert_eq!(t.look(&t.chief().token, t.visit(0, &["person.name"])).await.status, 200);
    t.vault.close().await;
    assert_eq!(t.verified().await.verdict, Verdict::Proven);
}
