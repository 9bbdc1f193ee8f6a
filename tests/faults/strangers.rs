//! What a stranger can do to a witness, and somebody who writes the database to what the witnesses are asked.

use std::path::Path;
use std::sync::Arc;

use gridvault::clock::Clock;
use gridvault::trail::{PublishError, Witnessing};
use gridvault::witness::{Witness, WitnessError};
use gridvault_audit::{AddCheckpoint, Checkpoint, LogKey, origin_hash};
use gridvault_tests::{On, TestVault, on_both, try_open};

use crate::witnesses::{Near, asking, key, publish};

/// A signature line that is in form, and nobody's.
const JUNK: &str = "\u{2014} x AAAAAAA=\n";

fn log() -> LogKey {
    LogKey::from_seed(&[1; 32], "test/street").unwrap()
}

fn open(folder: &Path) -> Result<Witness, WitnessError> {
    Witness::open(folder, key(1), &[log().verifier()])
}

/// The note of five entries, and the request that brings it first.
fn five() -> (String, AddCheckpoint) {
    let note = log().sign(&Checkpoint { origin: "test/street".into(), size: 5, root: [3; 32] });
    (note.clone(), AddCheckpoint { old: 0, proof: vec![], note })
}

#[test]
fn whatever_stands_under_a_note_a_witness_keeps_the_logs_line_and_its_own() {
    let other = log().sign(&Checkpoint { origin: "test/street".into(), size: 9, root: [0; 32] });
    for junk in [JUNK.repeat(63), key(1).cosign(&other, 5).unwrap()] {
        let folder = tempfile::tempdir().unwrap();
        let witness = open(folder.path()).unwrap();
        let (note, first) = five();
        witness.add(&first, 1).unwrap();
        let padded = AddCheckpoint { old: 5, proof: vec![], note: format!("{note}{junk}") };
        let line = witness.add(&padded, 100).unwrap();
        let shown = witness.newest(&origin_hash("test/street")).unwrap();
        assert_eq!(shown, format!("{note}{line}"));
        assert_eq!(witness.verifier().cosigned(&shown).unwrap().unwrap().time, 100);
        drop(witness);
        assert_eq!(open(folder.path()).unwrap().newest(&origin_hash("test/street")), Some(shown));
    }
}

#[test]
fn the_same_asked_again_at_once_costs_a_witness_no_disk() {
    let folder = tempfile::tempdir().unwrap();
    let witness = open(folder.path()).unwrap();
    let (note, first) = five();
    let line = witness.add(&first, 50).unwrap();
    let file = folder.path().join(origin_hash("test/street"));
    std::fs::remove_file(&file).unwrap();
    let again = AddCheckpoint { old: 5, proof: vec![], note };
    assert_eq!(witness.add(&again, 59).unwrap(), line);
    assert!(!file.exists());
    assert_ne!(witness.add(&again, 60).unwrap(), line, "a later one says the later time");
    assert!(file.exists());
}

#[test]
fn a_witness_whose_state_is_gone_does_not_begin_from_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let witness = open(folder.path()).unwrap();
    drop(open(folder.path()));
    witness.add(&five().1, 1).unwrap();
    drop(witness);
    let file = folder.path().join(origin_hash("test/street"));
    let state = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(matches!(open(folder.path()), Err(WitnessError::Forgotten(_))));
    std::fs::write(&file, state).unwrap();
    assert!(open(folder.path()).is_ok());
}

#[tokio::test]
async fn a_stranger_s_lines_do_not_blind_a_witness_to_a_database_that_was_put_back() {
    let t = TestVault::street(On::Sqlite).await;
    let near = Near::of(&t.vault, 1).await;
    let layout = asking(&t.site, &[&near.address]);
    let t = t.again(&layout).await;
    publish(&t).await;
    t.vault.close().await;
    let yesterday = t.site.copy().await;
    let (clock, demo) = (Arc::clone(&t.clock), t.demo.clone());
    let t = TestVault::reopened(Arc::clone(&t.site), &layout, Arc::clone(&clock), demo).await;
    for _ in 0..9 {
        t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
    }
    publish(&t).await;
    let newest = t.vault.publisher.newest().unwrap();
    t.vault.close().await;
    let lines = newest.note.lines().filter(|line| line.starts_with('\u{2014}')).count();
    let note = format!("{}{}", newest.note, JUNK.repeat(64 - lines));
    let body = format!("old {}\n\n{note}", newest.checkpoint.size);
    let url = format!("{}/add-checkpoint", near.address.url);
    let asked = tokio::task::spawn_blocking(move || ureq::post(&url).send(body).unwrap().status().as_u16());
    assert_eq!(asked.await.unwrap(), 200);
    let put_back = asking(&yesterday, &[&near.address]);
    let started = try_open(&put_back, Arc::clone(&clock) as Arc<dyn Clock>, None).await;
    let why = started.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(why.contains("log-rollback"), "{why}");
}

on_both!(a_checkpoint_of_a_time_to_come_stops_the_log);
async fn a_checkpoint_of_a_time_to_come_stops_the_log(on: On) {
    let t = TestVault::street(on).await;
    let near = Near::of(&t.vault, 1).await;
    let layout = asking(&t.site, &[&near.address]);
    let t = t.again(&layout).await;
    publish(&t).await;
    assert_eq!(t.vault.publisher.witnessing(), Witnessing::Witnessed);
    // Nothing is published any more: nothing is said to be witnessed.
    t.clock.step(1_200_000_000);
    assert_eq!(t.vault.publisher.witnessing(), Witnessing::Unwitnessed);
    let later = "INSERT INTO checkpoints SELECT tenant, 9000000000, size, 1, note FROM checkpoints ORDER BY slot DESC LIMIT 1";
    assert_eq!(t.site.sql(later).await, 1);
    assert!(matches!(t.vault.publisher.publish().await, Err(PublishError::Rollback(_))));
    assert_eq!(t.look(&t.chief().token, t.visit(0, &["person.name"])).await.status, 503);
}
