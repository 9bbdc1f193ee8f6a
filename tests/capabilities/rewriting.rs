//! History rewritten by somebody who has more than the database: all later hashes computed anew, the head mended, tiles,
//! checkpoints and pin put right, the log's own key at hand. What finds it is said beside each.

use std::sync::Arc;

use gridvault::clock::{Clock, ManualClock};
use gridvault::seal::{Secret, unseal};
use gridvault::store::{EntryFilter, Store, StoredEntry, StoredHead};
use gridvault::trail::{Publishing, Trust, Verdict, WitnessAddress, verify_database};
use gridvault::witness::{Witness, router};
use gridvault::{Layout, OpenError};
use gridvault_audit::{Checkpoint, Frontier, LogKey, VerifierKey, WitnessKey, leaf_hash};
use gridvault_tests::{MORNING, On, PASSPHRASE, Site, TestVault, on_both, try_open};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::proofs::publish;

/// A stopped street with what a reader and a witness hold of it.
struct Stopped {
    site: Arc<Site>,
    key: VerifierKey,
    /// A published checkpoint that a reader kept.
    kept: String,
    witness: WitnessAddress,
    _folder: tempfile::TempDir,
}

async fn stopped(on: On) -> Stopped {
    let t = TestVault::street(on).await;
    let folder = tempfile::tempdir().unwrap();
    let own = WitnessKey::from_seed(&Zeroizing::new([1; 32]), "witness.test").unwrap();
    let key = own.verifier();
    let witness = Witness::open(folder.path(), own, std::slice::from_ref(&t.vault.log_key)).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let witness_at = WitnessAddress { key, url: format!("http://{}", listener.local_addr().unwrap()) };
    let routes = router(Arc::new(witness), Arc::new(ManualClock::at(MORNING)));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let asking = asking(&t.site, &witness_at);
    let t = t.again(&asking).await;
    for _ in 0..3 {
        t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
    }
    publish(&t).await;
    let newest = t.vault.publisher.newest().unwrap();
    assert_eq!(newest.cosigned, 1);
    t.vault.close().await;
    let key = t.vault.log_key.clone();
    Stopped {
        site: Arc::clone(&t.site),
        key,
        kept: newest.note.clone(),
        witness: witness_at,
        _folder: folder,
    }
}

fn asking(site: &Site, witness: &WitnessAddress) -> Layout {
    let publishing = Publishing { witnesses: vec![witness.clone()], ..Publishing::default() };
    Layout { publishing, ..site.layout() }
}

/// What `audit verify` says with the log's key, against the pin and, where one is given, a checkpoint kept elsewhere.
async fn verify(site: &Site, key: &VerifierKey, kept: Option<&str>) -> Verdict {
    let store = Store::open_to_verify(&site.location()).await.unwrap();
    let mut against: Vec<String> = std::fs::read_to_string(site.layout().pin).into_iter().collect();
    against.extend(kept.map(str::to_owned));
    let trust = Trust { key: Some(key.clone()), against, ..Trust::default() };
    let verified = verify_database(&store, &trust, &|_| ()).await.unwrap();
    store.close().await;
    verified.verdict
}

/// Why it does not start; nothing where it does.
async fn starts(layout: &Layout) -> Option<String> {
    let clock = Arc::new(ManualClock::at(MORNING + 3_600_000_000)) as Arc<dyn Clock>;
    match try_open(layout, clock, None).await {
        Ok(vault) => {
            vault.close().await;
            None
        }
        Err(OpenError::Trail(error)) => Some(error.to_string()),
        Err(error) => panic!("{error}"),
    }
}

/// What the attacker mends beside the entries.
struct Mended<'k> {
    /// Signs the new head; without it the old signature stays.
    key: Option<&'k LogKey>,
    /// Whether tiles, published checkpoints and pin are put right too.
    everything: bool,
}

/// A copy whose entries were changed, with every later hash computed anew.
async fn rewritten(s: &Stopped, mended: Mended<'_>, change: impl Fn(&mut Vec<StoredEntry>)) -> Site {
    let copy = s.site.copy().await;
    let store = Store::open_to_verify(&copy.location()).await.unwrap();
    let filter = EntryFilter { limit: i64::MAX, ..Default::default() };
    let (mut entries, head) = (store.entries(&filter).await.unwrap(), store.head().await.unwrap().unwrap());
    store.close().await;
    change(&mut entries);
    let (mut tree, mut prev) = (Frontier::default(), [0; 32]);
    let mut rows = Vec::new();
    for (entry, seq) in entries.iter_mut().zip(0..) {
        let mut public: Value = serde_json::from_slice(&entry.public).unwrap();
        public["seq"] = json!(seq);
        public["prev"] = json!(data_encoding::HEXLOWER.encode(&prev));
        entry.public = serde_json::to_vec(&public).unwrap();
        prev = leaf_hash(&entry.public);
        tree.push(prev);
        let bytes = |bytes: Option<&[u8]>| bytes.map_or("NULL".to_owned(), |b| copy.on.literal(b));
        let text = |text: &Option<String>| text.as_ref().map_or("NULL".to_owned(), |t| format!("'{t}'"));
        let (private, record) = (bytes(entry.private.as_deref()), bytes(entry.record.as_deref()));
        let (salt, public) = (bytes(Some(&entry.salt)), bytes(Some(&entry.public)));
        let (at, kind, actor) = (entry.at, &entry.kind, text(&entry.actor));
        rows.push(format!(
            "('donggaodi', {seq}, {at}, '{kind}', {actor}, {record}, {salt}, {public}, {private})"
        ));
    }
    copy.sql("DELETE FROM entries").await;
    copy.sql(&format!("INSERT INTO entries VALUES {}", rows.join(", "))).await;
    let checkpoint = Checkpoint { origin: s.key.name().to_owned(), size: tree.size(), root: tree.root() };
    let note = mended.key.map_or(head.checkpoint, |key| key.sign(&checkpoint));
    let at = entries.last().unwrap().at;
    let head = StoredHead {
        size: i64::try_from(tree.size()).unwrap(),
        leaf: prev.to_vec(),
        at,
        frontier: tree.to_bytes(),
        checkpoint: note,
        ..head
    };
    put_head(&copy, &head).await;
    if mended.everything {
        copy.sql("DELETE FROM tiles").await;
        copy.sql("DELETE FROM checkpoints").await;
        std::fs::write(copy.layout().pin, &head.checkpoint).unwrap();
    }
    copy
}

async fn put_head(site: &Site, head: &StoredHead) {
    let (leaf, frontier) = (site.on.literal(&head.leaf), site.on.literal(&head.frontier));
    let sql = format!(
        "UPDATE heads SET size = {}, leaf = {leaf}, at = {}, frontier = {frontier}, facts_rev = {}, checkpoint = '{}'",
        head.size, head.at, head.facts_rev, head.checkpoint
    );
    assert_eq!(site.sql(&sql).await, 1);
}

fn log_key(s: &Stopped) -> LogKey {
    unseal(&s.site.layout().keys, &Secret::new(PASSPHRASE)).unwrap().log_key
}

fn is_broken(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Broken { why, .. } => why,
        other => panic!("not found: {other:?}"),
    }
}

/// An entry says another role than it did.
#[expect(clippy::ptr_arg, reason = "one of several changes, of which others take entries out")]
fn edit(entries: &mut Vec<StoredEntry>) {
    let at = entries.iter().position(|entry| entry.kind == "lookup").unwrap();
    let text = String::from_utf8(entries[at].public.clone()).unwrap();
    entries[at].public = text.replace("grid_chief", "auditor").into_bytes();
    assert_ne!(text.as_bytes(), entries[at].public);
}

/// An entry that never was, in the middle: a copy of another with a salt of its own.
fn insert(entries: &mut Vec<StoredEntry>) {
    let at = entries.iter().position(|entry| entry.kind == "lookup").unwrap();
    let mut more = entries[at].clone();
    let salt = [7; 16];
    let text = String::from_utf8(more.public).unwrap();
    let hex = data_encoding::HEXLOWER.encode(&more.salt);
    more.public = text.replace(&hex, &data_encoding::HEXLOWER.encode(&salt)).into_bytes();
    more.salt = salt.to_vec();
    entries.insert(at, more);
}

/// A lookup that never was: taken out.
fn take_out(entries: &mut Vec<StoredEntry>) {
    let at = entries.iter().position(|entry| entry.kind == "lookup").unwrap();
    entries.remove(at);
}

on_both!(d33_all_later_hashes_computed_anew_without_the_key_are_found_by_verify_and_at_the_start);
async fn d33_all_later_hashes_computed_anew_without_the_key_are_found_by_verify_and_at_the_start(on: On) {
    let s = stopped(on).await;
    for change in [edit as fn(&mut Vec<StoredEntry>), insert, take_out] {
        for everything in [false, true] {
            let copy = rewritten(&s, Mended { key: None, everything }, change).await;
            is_broken(&verify(&copy, &s.key, None).await);
            let why = starts(&copy.layout()).await.expect("it starts");
            assert!(why.starts_with("log-rollback"), "{why}");
        }
    }
}

on_both!(a_head_signed_by_another_key_is_found_by_verify_and_at_the_start);
async fn a_head_signed_by_another_key_is_found_by_verify_and_at_the_start(on: On) {
    let s = stopped(on).await;
    let other = LogKey::from_seed(&[9; 32], s.key.name()).unwrap();
    let copy = rewritten(&s, Mended { key: Some(&other), everything: true }, edit).await;
    is_broken(&verify(&copy, &s.key, None).await);
    assert!(starts(&copy.layout()).await.is_some());
    // Whoever believes the key that lies with it is told that nothing is proven.
    let verdict = {
        let store = Store::open_to_verify(&copy.location()).await.unwrap();
        let pin = std::fs::read_to_string(copy.layout().pin).unwrap();
        let trust = Trust { against: vec![pin], ..Trust::default() };
        verify_database(&store, &trust, &|_| ()).await.unwrap().verdict
    };
    assert!(!matches!(verdict, Verdict::Proven), "{verdict:?}");
}

on_both!(with_the_logs_own_key_only_what_others_hold_tells);
async fn with_the_logs_own_key_only_what_others_hold_tells(on: On) {
    let s = stopped(on).await;
    let key = log_key(&s);
    // Pin and published checkpoints left as they are: they tell.
    let copy = rewritten(&s, Mended { key: Some(&key), everything: false }, edit).await;
    is_broken(&verify(&copy, &s.key, None).await);
    assert!(starts(&copy.layout()).await.is_some());
    // All of it mended: a reader's earlier checkpoint and the witness still tell, and nothing on this machine does.
    let copy = rewritten(&s, Mended { key: Some(&key), everything: true }, edit).await;
    let why = verify(&copy, &s.key, Some(&s.kept)).await;
    assert!(is_broken(&why).contains("another history than the checkpoint"), "{why:?}");
    let why = starts(&asking(&copy, &s.witness)).await.expect("it starts");
    assert!(why.contains("witness.test"), "{why}");
    assert_eq!(starts(&copy.layout()).await, None, "a machine alone cannot know");
}

on_both!(newest_entries_dropped_with_the_head_mended_are_found_by_what_is_left);
async fn newest_entries_dropped_with_the_head_mended_are_found_by_what_is_left(on: On) {
    let s = stopped(on).await;
    // A true head of before, with its signature; made by hand here, for every batch had one.
    let key = log_key(&s);
    let cut = |entries: &mut Vec<StoredEntry>| entries.truncate(entries.len() - 4);
    let copy = rewritten(&s, Mended { key: Some(&key), everything: false }, cut).await;
    assert!(is_broken(&verify(&copy, &s.key, None).await).contains("cut"));
    assert!(starts(&copy.layout()).await.is_some(), "the pin is ahead");
    // The pin put back too: tiles and published checkpoints are ahead.
    let head = {
        let store = Store::open_to_verify(&copy.location()).await.unwrap();
        store.head().await.unwrap().unwrap()
    };
    std::fs::write(copy.layout().pin, &head.checkpoint).unwrap();
    let why = starts(&copy.layout()).await.expect("it starts");
    assert!(why.contains("taken away"), "{why}");
    copy.sql("DELETE FROM tiles").await;
    let why = starts(&copy.layout()).await.expect("it starts");
    assert!(why.contains("older state than was published"), "{why}");
    copy.sql("DELETE FROM checkpoints").await;
    assert!(starts(&asking(&copy, &s.witness)).await.expect("it starts").contains("witness.test"));
    assert!(is_broken(&verify(&copy, &s.key, Some(&s.kept)).await).contains("cut"));
}

on_both!(tiles_and_published_checkpoints_that_were_altered_are_named);
async fn tiles_and_published_checkpoints_that_were_altered_are_named(on: On) {
    let s = stopped(on).await;
    assert_eq!(verify(&s.site, &s.key, Some(&s.kept)).await, Verdict::Proven);
    let zeros = if on == On::Sqlite { "zeroblob(8192)" } else { "decode(repeat('00', 8192), 'hex')" };
    for (sql, says) in [
        (format!("UPDATE tiles SET hashes = {zeros} WHERE level = 0 AND n = 0"), "tile 0/0"),
        ("DELETE FROM tiles WHERE level = 1".to_owned(), "tile 1/0"),
        (
            format!(
                "INSERT INTO tiles SELECT tenant, level, n + 9, {zeros} FROM tiles WHERE level = 0 AND n = 0"
            ),
            "cut",
        ),
        ("UPDATE checkpoints SET note = replace(note, '=', 'A')".to_owned(), "checkpoint"),
    ] {
        let copy = s.site.copy().await;
        assert!(copy.sql(&sql).await > 0, "{sql}");
        let verdict = verify(&copy, &s.key, None).await;
        assert!(is_broken(&verdict).contains(says), "{sql}: {verdict:?}");
        copy.drop().await;
    }
}
