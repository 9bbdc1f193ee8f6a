//! Backups: made while serving, whole, without anything readable, and back into either database.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use gridvault::Layout;
use gridvault::backup::{BackupError, Standing, make, restore};
use gridvault::store::{Location, Store};
use gridvault::trail::{Trust, Verdict, verify_database};
use gridvault_tests::{On, Server, Site, TestVault, binary, on_both, post};
use serde_json::json;

fn gridvault(words: &[&str], data: &Path) -> Output {
    Command::new(binary()).args(words).arg("--data").arg(data).output().unwrap()
}

fn words(out: &Output) -> String {
    String::from_utf8_lossy(&[&out.stdout[..], &out.stderr].concat()).into_owned()
}

#[test]
fn a_backup_under_load_is_whole_holds_nothing_readable_and_is_put_back() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("demo");
    let mut server = Server::start(&data, 150);
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let workers: Vec<_> = (0..3)
        .map(|_| {
            let (stop, answered, demo) = (Arc::clone(&stop), Arc::clone(&answered), server.demo.clone());
            std::thread::spawn(move || {
                let task = &demo.tasks[0];
                let body = json!({ "resident": task.resident, "fields": ["person.name", "person.phone"], "purpose": task.purpose, "task": task.id, "assignment": task.assignment });
                while !stop.load(Ordering::Relaxed) {
                    let url = format!("{}/v1/lookups", demo.url);
                    if post(&url, &demo.callers[0].token, &body).0 == 200 {
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    let key = server.demo.log_key.clone();
    let mut sizes = Vec::new();
    for n in 0..3 {
        std::thread::sleep(std::time::Duration::from_millis(300));
        let before = answered.load(Ordering::Relaxed);
        let file = dir.path().join(format!("{n}.backup"));
        let out = gridvault(&["backup", file.to_str().unwrap(), "--json", "--key", &key], &data);
        assert_eq!(out.status.code(), Some(0), "{}", words(&out));
        let made: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
        assert_eq!((&made["result"], &made["noted"]), (&json!("whole, origin proven"), &json!(true)));
        assert!(made["entries"].as_u64().unwrap() > before, "all that was answered before is in it");
        sizes.push(made["entries"].as_u64().unwrap());
        let verified = Command::new(binary())
            .args(["audit", "verify", "--database", &format!("sqlite://{}", file.display()), "--key", &key])
            .output()
            .unwrap();
        assert_eq!(verified.status.code(), Some(3), "{}", words(&verified));
    }
    stop.store(true, Ordering::Relaxed);
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    assert!(sizes.is_sorted() && answered.load(Ordering::Relaxed) > 20, "{sizes:?}");
    assert!(!dir.path().join("0.backup.part").exists());

    // Never over a file.
    let held = std::fs::read(dir.path().join("0.backup")).unwrap();
    let again = gridvault(&["backup", dir.path().join("0.backup").to_str().unwrap()], &data);
    assert!(
        again.status.code() == Some(1) && words(&again).contains("is there already"),
        "{}",
        words(&again)
    );
    assert_eq!(std::fs::read(dir.path().join("0.backup")).unwrap(), held);
    // Not while it is served.
    let busy = gridvault(&["restore", dir.path().join("2.backup").to_str().unwrap(), "--replace"], &data);
    assert!(
        busy.status.code() == Some(1) && words(&busy).contains("has this vault open"),
        "{}",
        words(&busy)
    );

    // The last one, of the vault at rest, is as new as the pin: put elsewhere with keys and pin it serves.
    server.stop();
    let last = dir.path().join("last.backup");
    assert_eq!(gridvault(&["backup", last.to_str().unwrap()], &data).status.code(), Some(0));
    let elsewhere = dir.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    for name in ["keys.json", "pin", "passphrase", "demo.json"] {
        std::fs::copy(data.join(name), elsewhere.join(name)).unwrap();
    }
    nothing_readable(&last, &data);
    let out = gridvault(&["restore", last.to_str().unwrap(), "--key", &key], &elsewhere);
    assert_eq!(out.status.code(), Some(0), "{}", words(&out));
    let mut moved = Server::start(&elsewhere, 150);
    let task = moved.demo.tasks[0].clone();
    let body = json!({ "resident": task.resident, "fields": ["person.name"], "purpose": task.purpose, "task": task.id, "assignment": task.assignment });
    assert_eq!(moved.post("/v1/lookups", &moved.demo.callers[0].token, &body).0, 200);
    noted(&moved, "backup.restored");
    moved.stop();

    // An older one is put in place, but never served: the pin is ahead.
    let refused = gridvault(&["restore", dir.path().join("0.backup").to_str().unwrap()], &data);
    assert!(refused.status.code() == Some(1) && words(&refused).contains("--replace"), "{}", words(&refused));
    let older = gridvault(&["restore", dir.path().join("0.backup").to_str().unwrap(), "--replace"], &data);
    assert_eq!(older.status.code(), Some(3), "{}", words(&older));
    assert!(words(&older).contains("put back the newest backup"), "{}", words(&older));
    let error = Server::try_start(&data, 150).err().unwrap();
    assert!(error.contains("log-rollback") && error.contains("put back the newest"), "{error}");
    // What was there before lies aside, whole; put back it serves, and the trail has the backups and the restore.
    let mut files = std::fs::read_dir(&data).unwrap().map(|file| file.unwrap().path());
    let before = files.find(|path| path.to_str().unwrap().contains("vault.db.before-")).unwrap();
    std::fs::rename(before, data.join("vault.db")).unwrap();
    let mut server = Server::start(&data, 150);
    noted(&server, "backup.made");
    noted(&server, "backup.restored");
    server.stop();
    assert!(
        !std::fs::read_dir(&data).unwrap().any(|f| f
            .unwrap()
            .file_name()
            .to_str()
            .unwrap()
            .contains("note-"))
    );
}

/// Waits until the trail has an entry of that kind.
fn noted(server: &Server, kind: &str) {
    let officer = server.demo.caller("privacy_officer", "none").unwrap();
    for _ in 0..150 {
        let body = json!({ "kinds": [kind], "limit": 5 });
        let (status, answer) = server.post("/v1/audit/queries", &officer.token, &body);
        assert_eq!(status, 200, "{answer}");
        if let Some(entry) = answer["entries"].as_array().unwrap().first() {
            assert!(entry["private"]["detail"]["entries"].as_u64().unwrap() > 100, "{entry}");
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("no {kind} in the trail");
}

/// No value of a resident's, no token, no key, no passphrase.
fn nothing_readable(file: &Path, data: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    let bytes = std::fs::read(file).unwrap();
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    let mut server = Server::start(data, 150);
    let task = server.demo.tasks[0].clone();
    let body = json!({ "resident": task.resident, "fields": ["person.name", "person.phone"], "purpose": task.purpose, "task": task.id, "assignment": task.assignment });
    let (_, answer) = server.post("/v1/lookups", &server.demo.callers[0].token, &body);
    server.stop();
    let name = answer["fields"]["person.name"]["value"].as_str().unwrap();
    assert!(name.chars().count() >= 2, "{answer}");
    let mut needles: Vec<Vec<u8>> =
        vec![name.as_bytes().to_vec(), name.encode_utf16().flat_map(u16::to_le_bytes).collect()];
    needles.push(data_encoding::BASE64.encode(name.as_bytes()).into_bytes());
    needles.push(data_encoding::HEXLOWER.encode(name.as_bytes()).into_bytes());
    needles.extend(server.demo.callers.iter().map(|caller| caller.token.clone().into_bytes()));
    needles.push(std::fs::read_to_string(data.join("passphrase")).unwrap().trim().as_bytes().to_vec());
    let keys: serde_json::Value =
        serde_json::from_slice(&std::fs::read(data.join("keys.json")).unwrap()).unwrap();
    let wrapped =
        keys["keys"].as_object().unwrap().values().chain([&keys["root"]["wrapped"], &keys["root"]["salt"]]);
    for key in wrapped.map(|key| key.as_str().unwrap()) {
        needles.push(key.as_bytes().to_vec());
        needles.push(data_encoding::BASE64.decode(key.as_bytes()).unwrap());
    }
    assert!(needles.len() > 40);
    for needle in needles {
        assert!(!holds(&needle), "{}", String::from_utf8_lossy(&needle));
    }
}

on_both!(a_backup_of_either_database_goes_back_into_either);
async fn a_backup_of_either_database_goes_back_into_either(on: On) {
    let t = TestVault::street(on).await;
    let chief = t.chief().token.clone();
    assert_eq!(t.look(&chief, t.visit(0, &["person.name"])).await.status, 200);
    let (clock, demo, key) = (Arc::clone(&t.clock), t.demo.clone(), t.vault.log_key.clone());
    let site = Arc::clone(&t.site);
    let visit = t.visit(0, &["person.name", "person.phone"]);
    let expected = t.look(&chief, visit.clone()).await;
    // While it is asked.
    let busy = async {
        for _ in 0..40 {
            assert_eq!(t.look(&chief, visit.clone()).await.status, 200);
        }
    };
    let meanwhile = site.dir.path().join("meanwhile");
    let layout = site.layout();
    let (made, ()) = tokio::join!(make(&layout, &meanwhile, Some(&key), &*clock, &|_| ()), busy);
    let made = made.unwrap();
    assert_eq!(made.verified.verdict, Verdict::Proven);
    assert!(i64::try_from(made.verified.entries).unwrap() <= t.size().await);
    t.vault.close().await;
    drop(t);
    let file = site.dir.path().join("b");
    let made = make(&site.layout(), &file, Some(&key), &*clock, &|_| ()).await.unwrap();
    assert_eq!(made.verified.verdict, Verdict::Proven);
    for other in [On::Sqlite, On::Postgres] {
        let place = Site::new(other).await;
        for name in ["keys.json", "pin"] {
            std::fs::copy(site.dir.path().join(name), place.dir.path().join(name)).unwrap();
        }
        let restored = restore(&file, &place.layout(), false, Some(&key), &*clock, &|_| ()).await.unwrap();
        assert_eq!((restored.standing, restored.before), (Standing::Fits, None));
        assert_eq!(
            (&restored.verified.root, restored.verified.entries),
            (&made.verified.root, made.verified.entries)
        );
        let again = restore(&file, &place.layout(), other == On::Postgres, None, &*clock, &|_| ()).await;
        assert!(matches!(again, Err(BackupError::Target(_))), "{:?}", again.err());
        let left: Vec<_> =
            std::fs::read_dir(place.dir.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
        assert!(!left.iter().any(|name| name.to_str().unwrap().contains("restoring")), "{left:?}");
        let layout = place.layout();
        let t = TestVault::reopened(Arc::new(place), &layout, Arc::clone(&clock), demo.clone()).await;
        let answer = t.look(&chief, visit.clone()).await;
        assert_eq!(answer.body["fields"], expected.body["fields"]);
        let verified = t.verified().await;
        assert_eq!(verified.verdict, Verdict::Proven);
        t.vault.close().await;
    }
}

on_both!(what_was_erased_since_a_backup_is_erased_in_it_too);
async fn what_was_erased_since_a_backup_is_erased_in_it_too(on: On) {
    let t = TestVault::street(on).await;
    let (resident, other) = (t.task(0).resident.unwrap(), t.task(5).resident.unwrap());
    let file = t.site.dir.path().join("b");
    make(&t.site.layout(), &file, Some(&t.vault.log_key), &*t.clock, &|_| ()).await.unwrap();
    let path = format!("/v1/residents/{resident}/erasure");
    let steward = t.caller("data_steward", "none").token.clone();
    let asked =
        t.call("POST", &path, Some(&steward), Some(&serde_json::json!({ "reason": "withdrawn" }))).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    let granted =
        t.call("PATCH", &path, Some(t.officer()), Some(&serde_json::json!({ "granted": true }))).await;
    assert_eq!(granted.status, 204, "{}", granted.text);
    t.vault.close().await;
    let place = Site::new(on).await;
    for name in ["keys.json", "pin", "pin.erased"] {
        std::fs::copy(t.site.dir.path().join(name), place.dir.path().join(name)).unwrap();
    }
    let restored =
        restore(&file, &place.layout(), false, Some(&t.vault.log_key), &*t.clock, &|_| ()).await.unwrap();
    assert!(matches!(restored.standing, Standing::Older(_)), "{:?}", restored.standing);
    let store = gridvault::store::Store::open_to_verify(&place.location()).await.unwrap();
    let held = store.envelopes(&[resident.as_bytes(), other.as_bytes()]).await.unwrap();
    assert_eq!(held.iter().map(|e| e.record.as_slice()).collect::<Vec<_>>(), [other.as_bytes()]);
    store.close().await;
    // And what is older than the pin is not served.
    let opened = gridvault_tests::try_open(&place.layout(), Arc::clone(&t.clock) as Arc<_>, None).await;
    assert!(opened.is_err_and(|error| error.to_string().contains("rollback")));
}

on_both!(what_is_not_whole_is_neither_backed_up_nor_restored);
async fn what_is_not_whole_is_neither_backed_up_nor_restored(on: On) {
    let t = TestVault::street(on).await;
    t.vault.close().await;
    let (layout, clock) = (t.site.layout(), Arc::clone(&t.clock));
    let at = |name: &str| t.site.dir.path().join(name);
    make(&layout, &at("good"), None, &*clock, &|_| ()).await.unwrap();
    // Edited behind the vault's back: no file is left.
    let tag = on.literal(&[7; 16]);
    t.site.sql(&format!("UPDATE entries SET record = {tag} WHERE seq = 3")).await;
    let bad = make(&layout, &at("bad"), None, &*clock, &|_| ()).await;
    assert!(matches!(bad, Err(BackupError::NotWhole(..))), "{:?}", bad.err());
    assert!(!at("bad").exists() && !at("bad.part").exists());
    // An edited backup, a cut one, something else: nothing is put in place, and what is there stays.
    let place = Site::new(on).await;
    let size = std::fs::metadata(at("good")).unwrap().len();
    std::fs::copy(at("good"), at("edited")).unwrap();
    edit(&at("edited")).await;
    std::fs::write(at("cut"), &std::fs::read(at("good")).unwrap()[..usize::try_from(size / 2).unwrap()])
        .unwrap();
    std::fs::write(at("else"), vec![b'x'; 9000]).unwrap();
    for name in ["edited", "cut", "else", "none"] {
        let done = restore(&at(name), &place.layout(), true, None, &*clock, &|_| ()).await;
        assert!(done.is_err(), "{name}");
        assert!(!Store::is_begun(&place.location()).await.unwrap(), "{name}");
    }
    if on == On::Sqlite {
        // A write-ahead log that lost its database is not taken for the new one's.
        std::fs::write(place.dir.path().join("vault.db-wal"), [7; 40_000]).unwrap();
        let done = restore(&at("good"), &place.layout(), false, None, &*clock, &|_| ()).await.unwrap();
        assert!(!place.dir.path().join("vault.db-wal").exists());
        let left = std::path::PathBuf::from(format!("{}-wal", done.before.unwrap().display()));
        assert_eq!(std::fs::metadata(left).unwrap().len(), 40_000);
        let store = Store::open_to_verify(&place.location()).await.unwrap();
        assert!(store.settings().await.unwrap().iter().all(|setting| setting.good), "set as a server's");
        store.close().await;
    }
    // One that is there is moved aside, and only where that is said.
    let there = restore(&at("good"), &layout, false, None, &*clock, &|_| ()).await;
    assert!(matches!(there, Err(BackupError::Target(_))), "{:?}", there.err());
    if on == On::Sqlite {
        let done = restore(&at("good"), &layout, true, None, &*clock, &|_| ()).await.unwrap();
        let before = Location::File(done.before.unwrap());
        let store = Store::open_to_verify(&before).await.unwrap();
        let verdict = verify_database(&store, &Trust::default(), &|_| ()).await.unwrap().verdict;
        assert!(matches!(verdict, Verdict::Broken { .. }), "what was moved aside is what was there");
        store.close().await;
    }
}

async fn edit(file: &Path) {
    let dir = file.parent().unwrap();
    let layout = Layout::in_folder(dir);
    let kept = layout.database.file().unwrap().with_extension("kept");
    let there = layout.database.file().unwrap().exists();
    if there {
        std::fs::rename(layout.database.file().unwrap(), &kept).unwrap();
    }
    let out = Command::new("sqlite3")
        .arg(file)
        .arg("UPDATE entries SET at = at + 1 WHERE seq = 5")
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", words(&out));
    if there {
        std::fs::rename(&kept, layout.database.file().unwrap()).unwrap();
    }
}
