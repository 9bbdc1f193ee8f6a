//! A log and its witnesses: cosigned, unreachable, lying, killed; a log that was put back or told twice.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use gridvault::clock::{Clock, ManualClock};
use gridvault::trail::{Publishing, TrailError, WitnessAddress, Witnessing};
use gridvault::witness::{Witness, router};
use gridvault::{Layout, OpenError, Vault};
use gridvault_audit::{Checkpoint, WitnessKey, WitnessVerifier, cosignatures, origin_hash};
use gridvault_tests::{MORNING, On, Site, TestVault, binary, on_both, try_open};
use tokio::net::TcpListener;
use zeroize::Zeroizing;

/// From one place on the grid to the next, microseconds.
const GRID: i64 = 300_000_000;

/// A witness in this process; ends with its task.
pub(crate) struct Near {
    pub(crate) address: WitnessAddress,
    witness: Arc<Witness>,
    _folder: tempfile::TempDir,
}

pub(crate) async fn listen(routes: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    url
}

pub(crate) fn key(n: u8) -> WitnessKey {
    WitnessKey::from_seed(&Zeroizing::new([n; 32]), &format!("witness.test/{n}")).unwrap()
}

impl Near {
    pub(crate) async fn of(vault: &Vault, n: u8) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let witness =
            Arc::new(Witness::open(folder.path(), key(n), std::slice::from_ref(&vault.log_key)).unwrap());
        let url = listen(router(Arc::clone(&witness), Arc::new(ManualClock::at(MORNING)))).await;
        Self { address: WitnessAddress { key: key(n).verifier(), url }, witness, _folder: folder }
    }
}

pub(crate) fn asking(site: &Site, witnesses: &[&WitnessAddress]) -> Layout {
    let witnesses = witnesses.iter().map(|one| (*one).clone()).collect();
    Layout { publishing: Publishing { witnesses, ..Publishing::default() }, ..site.layout() }
}

pub(crate) async fn publish(t: &TestVault) -> Vec<gridvault::trail::WitnessNews> {
    t.clock.step(GRID);
    let news = t.vault.publisher.publish().await.unwrap();
    for one in &news {
        gridvault::register::tell_of_witness(&t.vault, one).await.unwrap();
    }
    news
}

fn cosigned(t: &TestVault, key: &WitnessVerifier) -> bool {
    let note = t.vault.publisher.newest().unwrap().note.clone();
    cosignatures(&note, std::slice::from_ref(key)).unwrap().len() == 1
}

on_both!(checkpoints_are_cosigned_by_every_witness_that_answers);
async fn checkpoints_are_cosigned_by_every_witness_that_answers(on: On) {
    let t = TestVault::street(on).await;
    let (first, second) = (Near::of(&t.vault, 1).await, Near::of(&t.vault, 2).await);
    let gone = WitnessAddress { key: key(3).verifier(), url: "http://127.0.0.1:1".into() };
    let layout = asking(&t.site, &[&first.address, &second.address]);
    let t = t.again(&layout).await;
    assert!(publish(&t).await.is_empty());
    assert!(cosigned(&t, &first.address.key) && cosigned(&t, &second.address.key));
    assert_eq!(t.vault.publisher.witnessing(), Witnessing::Witnessed);
    let size = t.vault.publisher.newest().unwrap().checkpoint.size;
    // More entries, and none: both are published and cosigned.
    t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
    publish(&t).await;
    assert!(t.vault.publisher.newest().unwrap().checkpoint.size > size);
    publish(&t).await;
    assert!(cosigned(&t, &first.address.key) && cosigned(&t, &second.address.key));
    // One that does not answer is entered once, and keeps nothing back.
    let layout = asking(&t.site, &[&first.address, &gone]);
    let t = t.again(&layout).await;
    assert_eq!(publish(&t).await.len(), 1);
    assert_eq!(t.entries(1).await[0].0["kind"], "witness.unreachable");
    assert_eq!(t.entries(1).await[0].1["detail"]["witness"], gone.id());
    assert!(publish(&t).await.is_empty());
    assert_eq!(t.vault.publisher.witnessing(), Witnessing::Unreachable);
    assert!(cosigned(&t, &first.address.key));
    let ready = t.call("GET", "/readyz", None, None).await;
    assert_eq!(ready.body["witnesses"], "unreachable");
    let proof = t.call("GET", "/v1/audit/entries/3/proof", Some(t.officer()), None).await;
    let proof = gridvault_audit::ProofFile::parse(&proof.text).unwrap();
    let (_, by) = proof.verify(&t.vault.log_key, &[first.address.key.clone(), gone.key]).unwrap();
    assert_eq!(by.len(), 1);
}

#[tokio::test]
async fn a_witness_that_lies_cosigns_nothing_and_is_entered() {
    let t = TestVault::street(On::Sqlite).await;
    let honest = Near::of(&t.vault, 1).await;
    // It answers with another key's line, with garbage, and with what it shows nowhere.
    let lies: [fn(String) -> (u16, String); 5] = [
        |body| {
            let note = body.split_once("\n\n").unwrap().1.to_owned();
            (200, key(9).cosign(&note, 1).unwrap().replace("witness.test/9", "witness.test/2"))
        },
        |_| (200, "\u{2014} witness.test/2 AAAA\n".into()),
        |_| (200, String::new()),
        |_| (422, String::new()),
        |_| (409, "999999\n".into()),
    ];
    let mut t = t;
    for (n, lie) in lies.into_iter().enumerate() {
        let shown = |_: axum::extract::Path<String>| async { "no checkpoint" };
        let routes = Router::new()
            .route(
                "/add-checkpoint",
                post(move |body: String| async move {
                    let (status, text) = lie(body);
                    (axum::http::StatusCode::from_u16(status).unwrap(), text)
                }),
            )
            .route("/{origin}/checkpoint", axum::routing::get(shown));
        let liar = WitnessAddress { key: key(2).verifier(), url: listen(routes).await };
        let layout = asking(&t.site, &[&honest.address, &liar]);
        t = t.again(&layout).await;
        let news = publish(&t).await;
        assert_eq!(news.iter().map(|one| one.disagreed).collect::<Vec<_>>(), [true], "lie {n}");
        assert_eq!(t.entries(1).await[0].0["kind"], "witness.disagreed");
        assert_eq!(t.vault.publisher.witnessing(), Witnessing::Disagreed);
        assert!(cosigned(&t, &honest.address.key) && !cosigned(&t, &liar.key), "lie {n}");
        assert_eq!(t.look(&t.chief().token, t.visit(0, &["person.name"])).await.status, 200);
    }
}

#[tokio::test]
async fn a_witness_that_shows_what_it_saw_and_cosigns_no_more_is_not_called_a_witness() {
    let t = TestVault::street(On::Sqlite).await;
    let near = Near::of(&t.vault, 1).await;
    let layout = asking(&t.site, &[&near.address]);
    let t = t.again(&layout).await;
    publish(&t).await;
    let seen = near.witness.newest(&origin_hash(t.vault.log_key.name())).unwrap();
    t.vault.close().await;
    let TestVault { site, clock, demo, .. } = t;
    // It goes on showing what it cosigned once, and refuses whatever extends it: in each way that there is.
    for (status, text) in [(422, ""), (409, "999999\n"), (409, "1\n")] {
        let shown = seen.clone();
        let routes = Router::new()
            .route("/{origin}/checkpoint", axum::routing::get(move || async move { shown }))
            .route(
                "/add-checkpoint",
                post(move || async move { (axum::http::StatusCode::from_u16(status).unwrap(), text) }),
            );
        let stubborn = WitnessAddress { key: near.address.key.clone(), url: listen(routes).await };
        let layout = asking(&site, &[&stubborn]);
        let u = TestVault::reopened(Arc::clone(&site), &layout, Arc::clone(&clock), demo.clone()).await;
        u.look(&u.chief().token, u.visit(0, &["person.name"])).await;
        assert!(publish(&u).await[0].disagreed, "{status} {text}");
        assert_eq!(u.vault.publisher.witnessing(), Witnessing::Disagreed);
        assert!(!cosigned(&u, &near.address.key));
        u.vault.close().await;
    }
}

on_both!(a_database_put_back_with_its_pin_is_known_by_its_witness);
async fn a_database_put_back_with_its_pin_is_known_by_its_witness(on: On) {
    let t = TestVault::street(on).await;
    let near = Near::of(&t.vault, 1).await;
    let layout = asking(&t.site, &[&near.address]);
    let t = t.again(&layout).await;
    publish(&t).await;
    t.vault.close().await;
    let yesterday = t.site.copy().await;
    let clock = Arc::clone(&t.clock);
    let demo = t.demo.clone();
    let t = TestVault::reopened(Arc::clone(&t.site), &layout, Arc::clone(&clock), demo.clone()).await;
    t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
    publish(&t).await;
    // Database and pin of yesterday: nothing on this machine tells.
    let put_back = asking(&yesterday, &[&near.address]);
    let opened = try_open(&put_back, Arc::clone(&clock) as Arc<dyn Clock>, None).await;
    let Err(OpenError::Trail(TrailError::Rollback(why))) = opened else { panic!("it starts") };
    assert!(why.contains("witness.test/1"), "{why}");
    let kept = evidence(yesterday.dir.path());
    assert_eq!(
        kept.matches("test/donggaodi").count(),
        4,
        "both notes are kept, each with its signature: {kept}"
    );
    assert_eq!(t.vault.publisher.witnessing(), Witnessing::Witnessed);
    // Without its witness it starts: then nothing says otherwise.
    let blind = try_open(&yesterday.layout(), Arc::clone(&clock) as Arc<dyn Clock>, None).await.unwrap();
    blind.close().await;
}

/// What was kept where a witness showed another history.
fn evidence(folder: &Path) -> String {
    let files = folder.read_dir().unwrap().map(|file| file.unwrap().path());
    let mut kept = files.filter(|path| path.extension().is_some_and(|end| end == "disagreed"));
    std::fs::read_to_string(kept.next().expect("evidence is kept")).unwrap()
}

on_both!(two_histories_of_one_log_are_found_and_the_second_one_stops);
async fn two_histories_of_one_log_are_found_and_the_second_one_stops(on: On) {
    let t = TestVault::street(on).await;
    let near = Near::of(&t.vault, 1).await;
    t.vault.close().await;
    let twin = Arc::new(t.site.copy().await);
    let (clock, demo) = (Arc::clone(&t.clock), t.demo.clone());
    // Both are opened before either is witnessed, as by one who shows two readers two logs.
    let (here, there) = (asking(&t.site, &[&near.address]), asking(&twin, &[&near.address]));
    let t = TestVault::reopened(Arc::clone(&t.site), &here, Arc::clone(&clock), demo.clone()).await;
    let u = TestVault::reopened(Arc::clone(&twin), &there, Arc::clone(&clock), demo).await;
    t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
    u.look(&u.chief().token, u.visit(0, &["person.name"])).await;
    publish(&t).await;
    assert!(cosigned(&t, &near.address.key));
    u.clock.step(GRID);
    let refused = u.vault.publisher.publish().await.unwrap_err().to_string();
    assert!(refused.starts_with("log-rollback"), "{refused}");
    assert!(evidence(twin.dir.path()).contains("test/donggaodi"));
    let answer = u.look(&u.chief().token, u.visit(0, &["person.name"])).await;
    assert_eq!((answer.status, answer.problem()), (503, "log-rollback"));
    assert_eq!(u.call("GET", "/readyz", None, None).await.problem(), "log-rollback");
    assert_eq!(t.look(&t.chief().token, t.visit(0, &["person.name"])).await.status, 200);
    let held = near.witness.newest(&origin_hash(t.vault.log_key.name())).unwrap();
    let held = Checkpoint::open(&held, std::slice::from_ref(&t.vault.log_key)).unwrap();
    assert_eq!(held, t.vault.publisher.newest().unwrap().checkpoint);
}

/// `gridvault witness` in a process of its own.
pub(crate) struct Far {
    pub(crate) child: Child,
    pub(crate) address: WitnessAddress,
}

impl Far {
    pub(crate) fn start(folder: &Path, log: &str, listen: &str) -> Self {
        use std::io::BufRead as _;
        let settings = format!(
            "[server]\nlisten = \"{listen}\"\n[witness]\nname = \"witness.test/far\"\nkey_file = \"{0}/key\"\nstate_dir = \"{0}/state\"\nlogs = [\"{log}\"]\n",
            folder.display()
        );
        std::fs::write(folder.join("witness.toml"), settings).unwrap();
        let mut child = Command::new(binary())
            .args(["witness", "--config"])
            .arg(folder.join("witness.toml"))
            // So that its calls have their places (`syscalls`).
            .env("TOKIO_WORKER_THREADS", "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        let mut line = || lines.next().expect("it starts").unwrap();
        let (key, url) = (line(), line());
        let key = WitnessVerifier::parse(key.strip_prefix("witness ").unwrap()).unwrap();
        let address = WitnessAddress { key, url: url.strip_prefix("serving on ").unwrap().to_owned() };
        Self { child, address }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_killed_at_random_under_load_forgets_nothing_and_needs_no_hands() {
    let t = TestVault::street(On::Sqlite).await;
    let folder = tempfile::tempdir().unwrap();
    let mut far = Far::start(folder.path(), &t.vault.log_key.to_string(), "127.0.0.1:0");
    let (listen, its_key) =
        (far.address.url.strip_prefix("http://").unwrap().to_owned(), far.address.key.clone());
    let near = Near::of(&t.vault, 1).await;
    let layout = asking(&t.site, &[&near.address, &far.address]);
    let t = Arc::new(t.again(&layout).await);
    let rounds = if std::env::var_os("GRIDVAULT_LONG").is_some() { 200 } else { 12 };
    let mut rng = fastrand::Rng::new();
    let (mut seen, mut with, mut without) = (0, 0, 0);
    for _ in 0..rounds {
        let load = tokio::spawn({
            let t = Arc::clone(&t);
            async move {
                for _ in 0..6 {
                    t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
                    publish(&t).await;
                    // Whatever is published as cosigned verifies, and every answer of the near one came through.
                    assert!(cosigned(&t, &key(1).verifier()));
                }
            }
        });
        tokio::time::sleep(Duration::from_millis(rng.u64(0..60))).await;
        far.kill();
        tokio::time::sleep(Duration::from_millis(rng.u64(0..60))).await;
        load.await.unwrap();
        if cosigned(&t, &its_key) {
            with += 1
        } else {
            without += 1
        }
        far = Far::start(folder.path(), &t.vault.log_key.to_string(), &listen);
        assert_eq!(far.address.key, its_key);
        publish(&t).await;
        let now = t.vault.publisher.newest().unwrap().checkpoint.size;
        assert!(cosigned(&t, &its_key), "it goes on where it was");
        assert!(now > seen);
        seen = now;
    }
    assert_eq!(t.vault.publisher.witnessing(), Witnessing::Witnessed);
    println!("{rounds} kills: {with} times all was cosigned before, {without} times not");
    far.kill();
}
