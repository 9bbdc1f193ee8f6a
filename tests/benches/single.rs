//! What one thread does without a database: a decision, and verifying entries in memory.

use std::time::Instant;

use gridvault_audit::{ChainVerifier, Frontier, Head, Kind, Reading, leaf_hash};
use gridvault_policy::{
    Asked, Basis, Book, Bundle, Day, Facts, FieldId, Posture, Purpose, RecordKey, RecordType, Relation, Role,
    TaskState,
};
use ring::rand::SystemRandom;
use serde_json::{Value, json};

use crate::median;
use crate::street::FIELDS;

/// Loading the rules with every check, milliseconds.
pub fn load() -> f64 {
    let day = Day::parse("2026-11-24").unwrap();
    median((0..5).map(|_| {
        let begun = Instant::now();
        std::hint::black_box(Bundle::builtin().load(day).unwrap());
        begun.elapsed().as_secs_f64() * 1e3
    }))
}

/// Facts to decision for ten fields, nanoseconds.
pub fn decide() -> f64 {
    let book = Book::compile(&Bundle::builtin(), Day::parse("2026-11-24").unwrap()).unwrap();
    let facts = Facts {
        relation: Relation::OwnGrid,
        basis: Basis::Consent,
        posture: Posture::Terminal,
        task: TaskState::OpenMine,
        ..Facts::unproven(Role::GridChief, RecordType::Person, Purpose::HomeVisitCare)
    };
    let asked: Vec<Asked> =
        FIELDS.map(|id| Asked { record: RecordKey([7; 16]), field: FieldId::parse(id).unwrap() }).to_vec();
    median((0..9).map(|_| {
        let begun = Instant::now();
        for _ in 0..10_000 {
            std::hint::black_box(book.decide(facts.clone(), &asked));
        }
        begun.elapsed().as_nanos() as f64 / 10_000.0
    }))
}

/// Entries per second of one thread: hash and tree; and with canonical form and members too.
pub fn verify() -> Value {
    let (mut head, rng) = (Head::new("bench/one").unwrap(), SystemRandom::new());
    let entries: Vec<(Vec<u8>, Vec<u8>)> = (0..50_000i64)
        .map(|n| {
            let entry = match n {
                0 => gridvault_tests::system_entry(Kind::LogCreated),
                _ => gridvault_tests::lookup_entry(&FIELDS),
            };
            let sealed = head.append(&entry.prepare(&rng).unwrap(), n);
            (sealed.public, sealed.private)
        })
        .collect();
    let rate = |work: &dyn Fn()| {
        median((0..3).map(|_| {
            let begun = Instant::now();
            work();
            entries.len() as f64 / begun.elapsed().as_secs_f64()
        }))
    };
    let hashes = rate(&|| {
        let mut tree = Frontier::default();
        for (public, _) in &entries {
            tree.push(leaf_hash(public));
        }
        assert_eq!(tree.root(), head.frontier().root());
    });
    let whole = rate(&|| {
        let mut chain = ChainVerifier::new(Some("bench/one"));
        for (public, private) in &entries {
            chain.push(public, Some(private)).unwrap();
        }
    });
    let all_cores = rate(&|| {
        let mut chain = ChainVerifier::new(Some("bench/one"));
        for page in entries.chunks(512) {
            let bytes: Vec<_> = page.iter().map(|(a, b)| (&a[..], Some(&b[..]))).collect();
            for reading in Reading::of_all(&bytes) {
                chain.take(reading).unwrap();
            }
        }
    });
    json!({ "hashes_per_second": hashes, "whole_per_second": whole, "all_cores_per_second": all_cores, "public_bytes": entries[1].0.len() })
}
