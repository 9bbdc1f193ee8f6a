//! Proofs against the definition of RFC 6962, against another implementation, and against everything that is no proof.

use std::collections::HashMap;

use proptest::prelude::*;
use zeroize::Zeroizing;

use crate::proof::{ProofPlan, extends, includes};
use crate::tile::{Layer, Tile, TileEdge};
use crate::tree::{Frontier, Hash, leaf_hash, node};
use crate::{AddCheckpoint, Checkpoint, LogKey, ProofError, ProofFile, Refusal, Seen, WitnessKey};

/// A log of numbered leaves with all of its tiles.
struct Numbers {
    size: u64,
    tiles: HashMap<(u8, u64), Vec<u8>>,
}

fn leaf(n: u64) -> Hash {
    leaf_hash(&n.to_be_bytes())
}

impl Numbers {
    fn new(size: u64) -> Self {
        let (mut tiles, mut edge) = (HashMap::new(), TileEdge::default());
        for n in 0..size {
            edge.push(leaf(n), |level, n, hashes| {
                tiles.insert((level, n), hashes.concat());
            });
        }
        for (level, n, hashes) in edge.partial() {
            tiles.insert((level, n), hashes.concat());
        }
        Self { size, tiles }
    }

    fn make(&self, plan: &ProofPlan) -> Vec<Hash> {
        for (level, n) in plan.tiles() {
            assert!(Tile::in_log(Layer::Hashes(level), n, self.size).covers() <= self.size);
        }
        plan.make(|level, n| {
            assert!(plan.tiles().contains(&(level, n)));
            self.tiles.get(&(level, n)).map(Vec::as_slice)
        })
        .unwrap()
    }

    fn inclusion(&self, index: u64, size: u64) -> Vec<Hash> {
        self.make(&ProofPlan::inclusion(index, size).unwrap())
    }

    fn consistency(&self, old: u64, size: u64) -> Vec<Hash> {
        self.make(&ProofPlan::consistency(old, size).unwrap())
    }

    fn root(&self, size: u64) -> Hash {
        self.make(&ProofPlan::root(size))[0]
    }
}

/// RFC 6962 section 2.1 as it is written.
fn root(from: u64, to: u64) -> Hash {
    match to - from {
        0 => Frontier::default().root(),
        1 => leaf(from),
        n => {
            let k = n.next_power_of_two() / 2;
            node(&root(from, from + k), &root(from + k, to))
        }
    }
}

/// RFC 6962 section 2.1.1: PATH.
fn path(index: u64, from: u64, to: u64) -> Vec<Hash> {
    if to - from == 1 {
        return vec![];
    }
    let k = (to - from).next_power_of_two() / 2;
    let (mut path, last) = if index - from < k {
        (self::path(index, from, from + k), root(from + k, to))
    } else {
        (self::path(index, from + k, to), root(from, from + k))
    };
    path.push(last);
    path
}

/// RFC 6962 section 2.1.2: SUBPROOF.
fn subproof(old: u64, from: u64, to: u64, whole: bool) -> Vec<Hash> {
    if old == to {
        return if whole { vec![] } else { vec![root(from, to)] };
    }
    let k = (to - from).next_power_of_two() / 2;
    let (mut proof, last) = if old - from <= k {
        (subproof(old, from, from + k, whole), root(from + k, to))
    } else {
        (subproof(old, from + k, to, false), root(from, from + k))
    };
    proof.push(last);
    proof
}

#[test]
fn every_proof_of_small_trees_is_the_definition_s_and_holds() {
    let log = Numbers::new(70);
    for size in 1..=70 {
        assert_eq!(log.root(size), root(0, size));
        for index in 0..size {
            let proof = log.inclusion(index, size);
            assert_eq!(proof, path(index, 0, size), "{index} of {size}");
            assert!(includes(leaf(index), index, size, &root(0, size), &proof));
        }
        for old in 0..=size {
            let proof = log.consistency(old, size);
            let defined = if old == 0 { vec![] } else { subproof(old, 0, size, true) };
            assert_eq!(proof, defined, "{old} to {size}");
            assert!(extends((old, &root(0, old)), (size, &root(0, size)), &proof), "{old} to {size}");
        }
        assert!(
            ProofPlan::inclusion(size, size).is_none() && ProofPlan::consistency(size + 1, size).is_none()
        );
    }
}

/// The tree by Cloudflare's `tlog_tiles`, all stored hashes in a list.
struct Other(Vec<tlog_tiles::Hash>);

impl tlog_tiles::HashReader for Other {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::tlog::Error> {
        Ok(indexes.iter().map(|i| self.0[usize::try_from(*i).unwrap()]).collect())
    }
}

#[test]
fn another_implementation_makes_the_same_roots_and_proofs_and_takes_ours() {
    let size = 70_000;
    let log = Numbers::new(size);
    let mut other = Other(Vec::new());
    for n in 0..size {
        let hashes = tlog_tiles::stored_hashes_for_record_hash(n, tlog_tiles::Hash(leaf(n)), &other).unwrap();
        other.0.extend(hashes);
    }
    for at in [1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 65_793, size] {
        let theirs = tlog_tiles::tree_hash(at, &other).unwrap();
        assert_eq!(theirs.0, log.root(at), "{at}");
        for index in [0, 1, at / 3, at / 2, at - 1].into_iter().filter(|i| *i < at) {
            let proof: Vec<_> = log.inclusion(index, at).into_iter().map(tlog_tiles::Hash).collect();
            assert_eq!(tlog_tiles::prove_record(at, index, &other).unwrap(), proof, "{index} of {at}");
            tlog_tiles::check_record(&proof, at, theirs, index, tlog_tiles::Hash(leaf(index))).unwrap();
        }
        for old in [1, 2, 255, 256, 257, at / 3, at / 2, at].into_iter().filter(|o| (1..=at).contains(o)) {
            let proof: Vec<_> = log.consistency(old, at).into_iter().map(tlog_tiles::Hash).collect();
            assert_eq!(tlog_tiles::prove_tree(at, old, &other).unwrap(), proof, "{old} to {at}");
            let before = tlog_tiles::Hash(log.root(old));
            tlog_tiles::check_tree(&proof, at, theirs, old, before).unwrap();
        }
    }
}

proptest! {
    #[test]
    fn nothing_but_the_proof_is_taken(size in 1u64..600, a in any::<u64>(), b in any::<u64>(), how in 0usize..5, at in any::<prop::sample::Index>(), bit in 0usize..256) {
        let log = Numbers::new(size);
        let (index, old) = (a % size, b % (size + 1));
        let spoil = |proof: &[Hash]| -> Option<Vec<Hash>> {
            let mut proof = proof.to_vec();
            match how {
                0 => proof.push([7; 32]),
                1 => { proof.pop()?; }
                2 if !proof.is_empty() => { let i = at.index(proof.len()); proof[i][bit / 8] ^= 1 << (bit % 8); }
                3 if proof.len() > 1 => { let i = at.index(proof.len() - 1); if proof[i] == proof[i + 1] { return None } proof.swap(i, i + 1); }
                4 => proof.insert(0, [7; 32]),
                _ => return None,
            }
            Some(proof)
        };
        let root = log.root(size);
        let inclusion = log.inclusion(index, size);
        prop_assert!(includes(leaf(index), index, size, &root, &inclusion));
        prop_assert!(!includes(leaf(index + 1), index, size, &root, &inclusion));
        prop_assert!((0..size).filter(|other| includes(leaf(index), *other, size, &root, &inclusion)).eq([index]));
        if let Some(spoilt) = spoil(&inclusion) {
            prop_assert!(!includes(leaf(index), index, size, &root, &spoilt));
        }
        let consistency = log.consistency(old, size);
        let before = log.root(old);
        prop_assert!(extends((old, &before), (size, &root), &consistency));
        let mut other = before;
        other[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!extends((old, &other), (size, &root), &consistency));
        prop_assert!(old == 0 || !extends((old, &before), (size, &other), &consistency));
        if let Some(spoilt) = spoil(&consistency) {
            prop_assert!(!extends((old, &before), (size, &root), &spoilt));
        }
    }
}

fn key() -> LogKey {
    LogKey::from_seed(&[1; 32], "demo/donggaodi").unwrap()
}

fn sign(size: u64, root: Hash) -> String {
    key().sign(&Checkpoint { origin: "demo/donggaodi".into(), size, root })
}

#[test]
fn another_implementation_reads_our_notes_and_checkpoints() {
    let note = sign(70, root(0, 70));
    let theirs =
        tlog_tiles::Checkpoint::from_bytes(note.split_inclusive('\n').take(3).collect::<String>().as_bytes())
            .unwrap();
    assert_eq!(
        (theirs.size(), theirs.hash().0, theirs.origin().to_owned()),
        (70, root(0, 70), "demo/donggaodi".to_owned())
    );
    let verifier = signed_note::StandardVerifier::new(&key().verifier().to_string()).unwrap();
    let parsed = signed_note::Note::from_bytes(note.as_bytes()).unwrap();
    let verified = parsed.verify(&signed_note::VerifierList::new(vec![Box::new(verifier)])).unwrap();
    assert_eq!((verified.0.len(), verified.1.len()), (1, 0));
}

/// A log of entries that say their number and log.
fn entry(n: u64) -> Vec<u8> {
    format!("{{\"log\":\"demo/donggaodi\",\"seq\":{n}}}").into_bytes()
}

#[test]
fn a_proof_file_proves_its_entry_and_no_byte_of_it_can_be_another() {
    let mut edge = TileEdge::default();
    (0..11).for_each(|n| edge.push(leaf_hash(&entry(n)), |_, _, _| {}));
    let hashes = edge.partial().next().unwrap().2.concat();
    let path = ProofPlan::inclusion(6, 11).unwrap().make(|_, _| Some(&hashes)).unwrap();
    let witness = WitnessKey::from_seed(&Zeroizing::new([5; 32]), "witness.example").unwrap();
    let note = sign(11, edge.frontier().root());
    let checkpoint = format!("{note}{}", witness.cosign(&note, 1_800_000_000).unwrap());
    let file = ProofFile { public: entry(6), index: 6, path, checkpoint };
    let (verifier, witnesses) = (key().verifier(), [witness.verifier()]);
    let (_, cosigned) = file.verify(&verifier, &witnesses).unwrap();
    assert_eq!(cosigned.len(), 1);
    let text = file.to_string();
    assert_eq!(ProofFile::parse(&text), Ok(file.clone()));
    for i in 0..text.len() {
        for bit in 0..7 {
            let mut other = text.clone().into_bytes();
            other[i] ^= 1 << bit;
            let Ok(other) = String::from_utf8(other) else { continue };
            let taken = ProofFile::parse(&other).and_then(|file| file.verify(&verifier, &witnesses));
            // A line of nobody known may say anything: then a cosignature is missing.
            assert!(
                taken.is_err() || taken.is_ok_and(|(_, cosigned)| cosigned.is_empty()),
                "byte {i} bit {bit}"
            );
        }
    }
    let other = ProofFile { public: entry(7), ..file.clone() };
    assert_eq!(other.verify(&verifier, &[]), Err(ProofError::NotIncluded));
    let other = ProofFile { index: 5, ..file };
    assert_eq!(other.verify(&verifier, &[]), Err(ProofError::NotIncluded));
}

#[test]
fn an_entry_that_names_another_place_is_no_proof() {
    let lying = entry(3);
    let note = sign(1, leaf_hash(&lying));
    let file = ProofFile { public: lying, index: 0, path: vec![], checkpoint: note };
    assert_eq!(file.verify(&key().verifier(), &[]), Err(ProofError::Entry));
}

#[test]
fn a_witness_takes_what_extends_and_nothing_else() {
    let log = Numbers::new(300);
    let add = |old: u64, size: u64| AddCheckpoint {
        old,
        proof: log.consistency(old, size),
        note: sign(size, log.root(size)),
    };
    let keys = [key().verifier()];
    let seen = |size: u64| Seen { size, root: log.root(size) };
    let good = add(100, 257);
    assert_eq!(AddCheckpoint::parse(&good.to_string()), Ok(good.clone()));
    assert_eq!(good.origin().as_deref(), Ok("demo/donggaodi"));
    assert_eq!(good.consider(&keys, &seen(100)).unwrap().0.size, 257);
    assert!(add(0, 257).consider(&keys, &Seen::nothing()).is_ok());
    assert!(add(257, 257).consider(&keys, &seen(257)).is_ok());
    assert_eq!(good.consider(&keys, &seen(257)), Err(Refusal::OtherSize(257)));
    assert_eq!(add(0, 200).consider(&keys, &seen(257)), Err(Refusal::OtherSize(257)));
    assert_eq!(AddCheckpoint { old: 258, ..add(100, 257) }.consider(&keys, &seen(258)), Err(Refusal::Form));
    let forked = |size| AddCheckpoint { note: sign(size, [3; 32]), ..add(100, size) };
    assert_eq!(forked(257).consider(&keys, &seen(100)), Err(Refusal::NotExtended));
    let same = AddCheckpoint { old: 257, proof: vec![], note: sign(257, [3; 32]) };
    assert_eq!(same.consider(&keys, &seen(257)), Err(Refusal::NotExtended));
    let without = AddCheckpoint { proof: vec![], ..add(100, 257) };
    assert_eq!(without.consider(&keys, &seen(100)), Err(Refusal::NotExtended));
    let other = LogKey::from_seed(&[2; 32], "demo/donggaodi").unwrap();
    assert_eq!(good.consider(&[other.verifier()], &seen(100)), Err(Refusal::Unsigned));
    let long = AddCheckpoint { proof: vec![[1; 32]; 64], ..good };
    assert_eq!(AddCheckpoint::parse(&long.to_string()), Err(Refusal::Form));
    for bad in ["", "old 1\n", "old 01\n\nx", "old -1\n\nx", "new 1\n\nx", "old 1\nAAAA\n\nx"] {
        assert_eq!(AddCheckpoint::parse(bad), Err(Refusal::Form), "{bad}");
    }
}
