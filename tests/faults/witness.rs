//! What a witness remembers: it cosigns nothing that does not extend what it cosigned before, whatever becomes of its disk.

use data_encoding::HEXLOWER;
use gridvault::witness::{NotCosigned, Witness, WitnessError};
use gridvault_audit::{AddCheckpoint, Checkpoint, LogKey, Refusal, TileEdge, WitnessKey, leaf_hash};
use zeroize::Zeroizing;

fn log() -> LogKey {
    LogKey::from_seed(&[1; 32], "test/street").unwrap()
}

fn key() -> WitnessKey {
    WitnessKey::from_seed(&Zeroizing::new([2; 32]), "witness.test").unwrap()
}

fn file() -> String {
    HEXLOWER.encode(ring::digest::digest(&ring::digest::SHA256, b"test/street").as_ref())
}

/// A checkpoint of `size` numbered leaves, of a history named by `history`.
fn note(size: u8, history: u8) -> String {
    let mut edge = TileEdge::default();
    (0..size).for_each(|n| edge.push(leaf_hash(&[history, n]), |_, _, _| {}));
    log().sign(&Checkpoint { origin: "test/street".into(), size: size.into(), root: edge.frontier().root() })
}

fn first(size: u8, history: u8) -> AddCheckpoint {
    AddCheckpoint { old: 0, proof: vec![], note: note(size, history) }
}

#[test]
fn what_was_seen_is_remembered_and_never_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Witness::open(folder.path(), key(), &[log().verifier()]);
    let witness = open().unwrap();
    assert!(matches!(open().err(), Some(WitnessError::Locked(_))));
    assert_eq!(witness.newest(&file()), None);
    let line = witness.add(&first(5, 0), 1_000).unwrap();
    let cosigned = format!("{}{line}", note(5, 0));
    assert_eq!(witness.newest(&file()), Some(cosigned.clone()));
    assert_eq!(key().verifier().cosigned(&cosigned).unwrap().unwrap().time, 1_000);
    drop(witness);
    let witness = open().unwrap();
    assert_eq!(witness.newest(&file()), Some(cosigned));
    let refusal = |request: &AddCheckpoint| match witness.add(request, 900) {
        Err(NotCosigned::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    assert_eq!(refusal(&first(5, 0)), Refusal::OtherSize(5));
    assert_eq!(refusal(&AddCheckpoint { old: 5, ..first(5, 1) }), Refusal::NotExtended);
    assert_eq!(refusal(&AddCheckpoint { old: 5, ..first(3, 0) }), Refusal::Form);
    let elsewhere = LogKey::from_seed(&[1; 32], "test/elsewhere").unwrap();
    let unknown = elsewhere.sign(&Checkpoint { origin: "test/elsewhere".into(), size: 1, root: [0; 32] });
    assert_eq!(refusal(&AddCheckpoint { old: 0, proof: vec![], note: unknown }), Refusal::UnknownLog);
    // The same again is cosigned again, and time does not go back.
    assert_eq!(witness.add(&AddCheckpoint { old: 5, ..first(5, 0) }, 900).unwrap(), line);
}

#[test]
fn a_file_that_holds_something_else_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Witness::open(folder.path(), key(), &[log().verifier()]);
    open().unwrap().add(&first(5, 0), 1_000).unwrap();
    let file = folder.path().join(file());
    let good = std::fs::read_to_string(&file).unwrap();
    let cut: String = good.split_inclusive('\n').take(3).collect();
    for bad in [String::new(), note(5, 0), note(6, 0), good.replacen("\n5\n", "\n6\n", 1), cut] {
        std::fs::write(&file, bad).unwrap();
        assert!(matches!(open().err(), Some(WitnessError::Forgotten(_))));
    }
    std::fs::write(&file, good).unwrap();
    assert!(open().is_ok());
}

#[test]
fn what_cannot_be_written_is_not_cosigned() {
    let folder = tempfile::tempdir().unwrap();
    let witness = Witness::open(folder.path(), key(), &[log().verifier()]).unwrap();
    witness.add(&first(5, 0), 1_000).unwrap();
    // Where the file is to be written aside there is a folder.
    let aside = folder.path().join(format!("{}.new", file()));
    std::fs::create_dir(&aside).unwrap();
    let same = AddCheckpoint { old: 5, ..first(5, 0) };
    assert!(matches!(witness.add(&same, 1_101), Err(NotCosigned::Disk(_))));
    std::fs::remove_dir(aside).unwrap();
    assert!(witness.add(&same, 1_102).is_ok());
}

#[test]
fn of_those_that_extend_one_size_one_is_cosigned() {
    let folder = tempfile::tempdir().unwrap();
    let witness = Witness::open(folder.path(), key(), &[log().verifier()]).unwrap();
    let cosigned = std::thread::scope(|scope| {
        let witness = &witness;
        let tries: Vec<_> =
            (0..8).map(|n| scope.spawn(move || witness.add(&first(4, n), 1).is_ok())).collect();
        tries.into_iter().filter_map(|done| done.join().unwrap().then_some(())).count()
    });
    assert_eq!(cosigned, 1);
}
