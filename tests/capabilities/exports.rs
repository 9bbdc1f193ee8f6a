//! The log in its public layout, copied from a database and from a server: one log, verified offline, and every byte of it counts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gridvault::export::{Remote, Snapshot, Source, export, verify_export};
use gridvault::seal::Secret;
use gridvault::store::Store;
use gridvault::trail::{Trust, Verdict, Verified};
use gridvault_tests::{On, TestVault, on_both};

use crate::proofs::publish;

async fn database(t: &TestVault) -> Source {
    let store = Store::open_to_verify(&t.site.location()).await.unwrap();
    Source::Database(Box::new(Snapshot::of(store, Some(t.vault.log_key.clone())).await.unwrap()))
}

/// The vault's own doors on a port.
async fn server(t: &TestVault, token: Option<&str>) -> Source {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/log/donggaodi", listener.local_addr().unwrap());
    let routes = gridvault::api::router(gridvault::api::App::new(Arc::clone(&t.vault)));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Source::Server(Remote::new(&url, None, token.map(Secret::new)).unwrap())
}

fn trust(t: &TestVault) -> Trust {
    let pin = std::fs::read_to_string(t.site.layout().pin).unwrap();
    Trust { key: Some(t.vault.log_key.clone()), against: vec![pin], ..Trust::default() }
}

async fn verify(folder: &Path, trust: &Trust) -> Verified {
    verify_export(&Source::Folder(folder.to_owned()), trust, &|_, _| ()).await.unwrap()
}

pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all.sort();
    all
}

on_both!(a_database_and_a_server_give_the_same_log_and_it_verifies_offline);
async fn a_database_and_a_server_give_the_same_log_and_it_verifies_offline(on: On) {
    let t = TestVault::street(on).await;
    let shown = publish(&t).await;
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (dir.path().join("a"), dir.path().join("b"));
    let (officer, anybody) = (server(&t, Some(t.officer())).await, server(&t, None).await);
    let copied = export(&officer, &b, &|_, _| ()).await.unwrap();
    assert_eq!(copied.size, shown.size);
    let now = database(&t).await;
    export(&now, &a, &|_, _| ()).await.unwrap();
    assert!(export(&anybody, &dir.path().join("c"), &|_, _| ()).await.is_err(), "entries need a token");
    for folder in [&a, &b] {
        let verified = verify(folder, &Trust::default()).await;
        assert!(
            matches!(&verified.verdict, Verdict::Consistent(why) if why.contains("no verifier key")),
            "{verified:?}"
        );
        assert_eq!(verified.origin, "test/donggaodi");
    }
    // The pin is ahead of what was published, not of what lies in the database.
    assert_eq!(verify(&a, &trust(&t)).await.verdict, Verdict::Proven);
    let against = Trust { against: vec![t.vault.publisher.newest().unwrap().note.clone()], ..trust(&t) };
    let verified = verify(&b, &against).await;
    assert_eq!((verified.verdict, verified.entries, verified.checkpoints), (Verdict::Proven, shown.size, 3));
    let full = |folder: &Path| std::fs::read(folder.join("tile/entries/000")).unwrap();
    assert_eq!(full(&a), full(&b));
    // Hashes alone, as a stranger has them.
    let verified = verify_export(&anybody, &against, &|_, _| ()).await.unwrap();
    assert!(
        matches!(&verified.verdict, Verdict::Consistent(why) if why.contains("were not seen")),
        "{verified:?}"
    );
    assert_eq!(verified.root, data_encoding::HEXLOWER.encode(&shown.root));
    // A proof from each of them is the same.
    for source in [&officer, &now, &Source::Folder(a.clone())] {
        let proof = source.prove(7).await.unwrap();
        assert!(proof.verify(&t.vault.log_key, &[]).is_ok());
        assert!(source.prove(1 << 40).await.is_err());
    }
}

on_both!(an_export_goes_on_where_it_was_and_copies_nothing_twice);
async fn an_export_goes_on_where_it_was_and_copies_nothing_twice(on: On) {
    let t = TestVault::street(on).await;
    publish(&t).await;
    let dir = tempfile::tempdir().unwrap();
    let first = export(&database(&t).await, dir.path(), &|_, _| ()).await.unwrap();
    let again = export(&database(&t).await, dir.path(), &|_, _| ()).await.unwrap();
    assert_eq!((again.size, again.written), (first.size, 1), "the kept checkpoint");
    // Broken off: what is missing is copied, what is there is not.
    std::fs::remove_file(dir.path().join("tile/entries/000")).unwrap();
    assert_eq!(export(&database(&t).await, dir.path(), &|_, _| ()).await.unwrap().written, 2);
    for _ in 0..300 {
        t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
    }
    publish(&t).await;
    let more = export(&database(&t).await, dir.path(), &|_, _| ()).await.unwrap();
    assert!(more.size > first.size && more.written < 15, "{more:?}");
    assert_eq!(verify(dir.path(), &trust(&t)).await.verdict, Verdict::Proven);
    // Nothing is left of narrower tiles.
    let partial = files(dir.path()).iter().filter(|file| file.to_string_lossy().contains(".p/")).count();
    assert_eq!(partial, 4, "two levels of hashes, entries, private parts: {:?}", files(dir.path()));
    // Of another log nothing is mixed in.
    let other = TestVault::street(On::Sqlite).await;
    other.look(&other.chief().token, other.visit(0, &["person.name"])).await;
    let theirs = export(&database(&other).await, dir.path(), &|_, _| ()).await;
    assert!(theirs.is_err(), "it is of fewer entries");
}

#[tokio::test]
async fn no_byte_of_an_export_can_be_another_and_no_file_be_missing() {
    let t = TestVault::street(On::Sqlite).await;
    publish(&t).await;
    let dir = tempfile::tempdir().unwrap();
    export(&database(&t).await, dir.path(), &|_, _| ()).await.unwrap();
    let trust = trust(&t);
    assert_eq!(verify(dir.path(), &trust).await.verdict, Verdict::Proven);
    let mut rng = fastrand::Rng::new();
    let mut tried = 0;
    for file in files(dir.path()) {
        let name = file.strip_prefix(dir.path()).unwrap().to_string_lossy().into_owned();
        // Names of keys and witnesses: nothing is believed of them where a key is given.
        if name.ends_with(".json") {
            continue;
        }
        let good = std::fs::read(&file).unwrap();
        for _ in 0..12 {
            let mut bad = good.clone();
            let at = rng.usize(..bad.len());
            match rng.u8(..4) {
                0 => bad[at] ^= 1 << rng.u8(..8),
                1 => drop(bad.remove(at)),
                2 => bad.insert(at, rng.u8(..)),
                _ => bad.truncate(at),
            }
            if bad == good {
                continue;
            }
            std::fs::write(&file, &bad).unwrap();
            let found = verify_export(&Source::Folder(dir.path().to_owned()), &trust, &|_, _| ()).await;
            let refused = found.is_err() || matches!(found.unwrap().verdict, Verdict::Broken { .. });
            assert!(refused, "{name} at {at}");
            tried += 1;
        }
        std::fs::remove_file(&file).unwrap();
        let found = verify_export(&Source::Folder(dir.path().to_owned()), &trust, &|_, _| ()).await;
        // A kept checkpoint that is gone says nothing of what is there.
        let refused = found.is_err() || matches!(found.unwrap().verdict, Verdict::Broken { .. });
        assert!(refused || name.starts_with("checkpoints/"), "{name} is gone");
        std::fs::write(&file, &good).unwrap();
    }
    assert!(tried > 80);
    assert_eq!(verify(dir.path(), &trust).await.verdict, Verdict::Proven);
}

on_both!(what_is_blank_in_an_export_without_an_order_is_not_whole);
async fn what_is_blank_in_an_export_without_an_order_is_not_whole(on: On) {
    let t = TestVault::street(on).await;
    publish(&t).await;
    let dir = tempfile::tempdir().unwrap();
    export(&database(&t).await, dir.path(), &|_, _| ()).await.unwrap();
    let blank = |layer: &str| std::fs::write(dir.path().join(layer).join("000"), vec![0u8; 512]).unwrap();
    blank("private");
    let why = |verified: Verified| match verified.verdict {
        Verdict::Broken { seq, why } => (seq, why),
        other => panic!("{other:?}"),
    };
    let (seq, words) = why(verify(dir.path(), &trust(&t)).await);
    assert!(seq == Some(255) && words.contains("private part"), "{seq:?} {words}");
    blank("tile/entries");
    let (seq, words) = why(verify(dir.path(), &trust(&t)).await);
    assert!(seq == Some(255) && words.contains("it is missing"), "{seq:?} {words}");
}

#[tokio::test]
async fn an_export_over_another_history_keeps_both_and_fails() {
    let t = TestVault::street(On::Sqlite).await;
    publish(&t).await;
    t.vault.close().await;
    let twin = Arc::new(t.site.copy().await);
    let (clock, demo, dir) = (Arc::clone(&t.clock), t.demo.clone(), tempfile::tempdir().unwrap());
    for (site, looks) in [(&t.site, 3), (&twin, 9)] {
        let layout = site.layout();
        let t = TestVault::reopened(Arc::clone(site), &layout, Arc::clone(&clock), demo.clone()).await;
        for _ in 0..looks {
            t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
        }
        publish(&t).await;
        let before = std::fs::read(dir.path().join("checkpoint")).ok();
        let copied = export(&database(&t).await, dir.path(), &|_, _| ()).await;
        t.vault.close().await;
        let Some(before) = before else { continue };
        assert!(copied.unwrap_err().to_string().contains("another history"));
        assert_eq!(std::fs::read(dir.path().join("checkpoint")).unwrap(), before);
        let other = std::fs::read_to_string(dir.path().join("checkpoint.other")).unwrap();
        assert!(gridvault_audit::Checkpoint::open(&other, std::slice::from_ref(&t.vault.log_key)).is_ok());
        let verified = verify(dir.path(), &Trust { against: vec![other], ..trust(&t) }).await;
        assert!(matches!(verified.verdict, Verdict::Broken { .. }), "{verified:?}");
    }
}

#[tokio::test]
async fn an_export_writes_through_no_link_and_reads_no_endless_file() {
    let t = TestVault::street(On::Sqlite).await;
    publish(&t).await;
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let held = elsewhere.path().join("7");
    std::fs::write(&held, "held").unwrap();
    std::fs::create_dir_all(dir.path().join("tile/0")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), dir.path().join("tile/0/001.p")).unwrap();
    let copied = export(&database(&t).await, dir.path(), &|_, _| ()).await;
    assert!(copied.unwrap_err().to_string().contains("is a link"));
    assert_eq!(std::fs::read_to_string(&held).unwrap(), "held");
    std::fs::remove_file(dir.path().join("tile/0/001.p")).unwrap();
    export(&database(&t).await, dir.path(), &|_, _| ()).await.unwrap();
    std::fs::remove_file(dir.path().join("private/000")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", dir.path().join("private/000")).unwrap();
    let read = verify_export(&Source::Folder(dir.path().to_owned()), &trust(&t), &|_, _| ()).await;
    assert!(read.unwrap_err().to_string().contains("is no file"));
    // A size that nobody has: said at once, without a list of its tiles.
    for size in [1 << 60, u64::MAX] {
        let note = format!("test/donggaodi\n{size}\n{}\n\n\u{2014} x AAAAAAA=\n", "A".repeat(43) + "=");
        std::fs::write(dir.path().join("checkpoint"), note).unwrap();
        let source = Source::Folder(dir.path().to_owned());
        let read = verify_export(&source, &Trust::default(), &|_, _| ()).await;
        assert!(!matches!(read.map(|v| v.verdict), Ok(Verdict::Proven)));
        assert!(export(&source, &elsewhere.path().join("copy"), &|_, _| ()).await.is_err());
        assert!(source.prove(3).await.is_err());
    }
}
