//! Recording and verifying together, over a log kept in memory.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use proptest::prelude::*;
use ring::rand::SystemRandom;

use super::*;

/// A subject with no change.
#[derive(Debug)]
struct Plain(Entry);

impl Auditable for Plain {
    type Change = ();

    fn entry(&self) -> Entry {
        self.0.clone()
    }

    fn change(&mut self) {}
}

struct Memory {
    head: Mutex<Head>,
    kept: Mutex<Vec<(Vec<u8>, Vec<u8>)>>,
}

impl Memory {
    fn new() -> Self {
        Self { head: Mutex::new(Head::new("demo/donggaodi").unwrap()), kept: Mutex::default() }
    }
}

impl Sink for Memory {
    type Change = ();

    fn append(&self, group: Vec<Item<()>>) -> impl Future<Output = Result<Vec<Receipt>, RecordError>> + Send {
        let mut head = self.head.lock().unwrap();
        let mut receipts = Vec::new();
        for item in group {
            let clock = 1_000_000 * i64::try_from(head.size()).unwrap();
            let sealed = head.append(&item.prepared, clock);
            receipts.push(Receipt {
                seq: sealed.seq,
                salt: item.prepared.salt(),
                leaf: sealed.leaf,
                at: sealed.at,
            });
            self.kept.lock().unwrap().push((sealed.public, sealed.private));
        }
        std::future::ready(Ok(receipts))
    }
}

/// The futures here are ready at once.
fn now<T>(future: impl Future<Output = T>) -> T {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("not ready"),
    }
}

fn entry(kind: Kind) -> Entry {
    Entry {
        public: Public {
            kind,
            who: Who {
                kind: WhoType::Person,
                role: Some("grid_chief".into()),
                department: None,
                area: Some("110106006901001".into()),
                through: None,
            },
            action: Some("view".into()),
            purpose: Some("home_visit_care".into()),
            basis: Some("consent".into()),
            fields: vec![FieldGroup {
                outcome: "clear".into(),
                rule: "R-021".into(),
                form_or_reason: "".into(),
                fields: vec!["person.name".into()],
            }],
            obligations: vec![],
            result: Some(ResultWord::Allowed),
            reason: None,
            about: BTreeMap::new(),
            policy: Some([7; 32]),
        },
        private: Private {
            salt: None,
            actor: Actor {
                id: "a-1".into(),
                assignment: Some("p-1".into()),
                device: None,
                session: None,
                on_behalf_of: None,
            },
            subject: Some(Subject {
                kind: SubjectType::Person,
                tag: [3; 16],
                place: None,
                also: vec![[5; 16], [4; 16]],
            }),
            basis_ref: None,
            task: Some("t-1".into()),
            consent: Some(4),
            facts: None,
            state: vec![StateDigest { row: "tasks/t-1".into(), revision: 1, digest: [9; 32] }],
            request: None,
            detail: BTreeMap::new(),
        },
    }
}

/// A log of `n` entries.
fn log_of(n: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (token, _) = born_together(Duration::from_secs(5));
    let log = Log::new(Memory::new(), token);
    let mut begin = entry(Kind::LogCreated);
    begin.public.about.insert("synthetic", Json::Bool(true));
    now(log.record(Plain(begin))).unwrap();
    for _ in 1..n {
        now(log.record(Plain(entry(Kind::Lookup)))).unwrap();
    }
    std::mem::take(&mut *log.sink().kept.lock().unwrap())
}

fn first_fault(entries: &[(Vec<u8>, Vec<u8>)]) -> Option<u64> {
    let mut verifier = ChainVerifier::new(Some("demo/donggaodi"));
    entries
        .iter()
        .find_map(|(public, private)| verifier.push(public, Some(private)).err())
        .map(|fault| fault.seq)
}

#[test]
fn what_is_recorded_verifies_and_has_the_root_of_its_leaves() {
    let entries = log_of(40);
    let mut verifier = ChainVerifier::new(None);
    let mut tree = Frontier::default();
    for (i, (public, private)) in entries.iter().enumerate() {
        let private = (i % 3 > 0).then_some(private.as_slice());
        let verified = verifier.push(public, private).unwrap();
        assert_eq!(verified.private.is_none(), i % 3 == 0);
        tree.push(leaf_hash(public));
    }
    assert_eq!(verifier.head().frontier().root(), tree.root());
    assert_eq!(verifier.head().origin(), "demo/donggaodi");
    assert!(ChainVerifier::new(Some("demo/other")).push(&entries[0].0, None).is_err());
}

#[test]
fn receipts_of_another_log_and_old_ones_are_refused() {
    let (token, ring) = born_together(Duration::from_secs(5));
    let (_other_token, other_ring) = born_together(Duration::from_secs(5));
    let (old_token, old_ring) = born_together(Duration::ZERO);
    let recorded = now(Log::new(Memory::new(), token).record(Plain(entry(Kind::LogCreated)))).unwrap();
    assert_eq!(ring.accepts(&recorded), Ok(()));
    assert_eq!(other_ring.accepts(&recorded), Err(TokenError::OtherLog));
    let old = now(Log::new(Memory::new(), old_token).record(Plain(entry(Kind::LogCreated)))).unwrap();
    std::thread::yield_now();
    assert_eq!(old_ring.accepts(&old), Err(TokenError::TooOld));
    assert!(!format!("{recorded:?}").contains("grid_chief"));
}

#[test]
fn an_entry_says_only_what_an_entry_may() {
    let prepare = |change: &dyn Fn(&mut Entry)| {
        let mut entry = entry(Kind::Lookup);
        change(&mut entry);
        entry.prepare(&SystemRandom::new()).err()
    };
    assert_eq!(prepare(&|_| ()), None);
    assert_eq!(prepare(&|e| e.public.purpose = Some("王小明".into())), Some(EntryError::Word("purpose")));
    assert_eq!(prepare(&|e| e.private.task = Some("a b".into())), Some(EntryError::Word("task")));
    assert_eq!(prepare(&|e| e.private.actor.id = "x".repeat(65)), Some(EntryError::Word("id")));
    assert_eq!(
        prepare(&|e| _ = e.private.detail.insert("note", Json::from("a note from outside"))),
        Some(EntryError::Word("detail"))
    );
    assert_eq!(
        prepare(&|e| e.private.subject.as_mut().unwrap().also = vec![[0; 16]; 51]),
        Some(EntryError::TooLarge("subject of the private"))
    );
    assert_eq!(
        prepare(&|e| e.private.state = vec![e.private.state[0].clone(); 101]),
        Some(EntryError::TooLarge("state of the private"))
    );
    let many = FieldGroup {
        outcome: "denied".into(),
        rule: "R-000".into(),
        form_or_reason: "no_task".into(),
        fields: vec!["person.emergency_contact_phone".into(); 300],
    };
    assert_eq!(prepare(&|e| e.public.fields = vec![many.clone()]), Some(EntryError::TooLarge("public")));
}

#[test]
fn the_frozen_entries_read_as_they_did() {
    let read = |name: &str| std::fs::read(format!("{}/vectors/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut verifier = ChainVerifier::new(Some("demo/donggaodi"));
    for n in 0..2 {
        let (public, private) =
            (read(&format!("good-{n}.public.json")), read(&format!("good-{n}.private.json")));
        let verified = verifier.push(&public, Some(&private)).unwrap();
        assert_eq!(
            data_encoding::HEXLOWER.encode(&verified.leaf).as_bytes(),
            read(&format!("good-{n}.leaf")).trim_ascii()
        );
    }
    for (name, member) in [
        ("bad-unknown-member", "Member"),
        ("bad-blank", "NotCanonical"),
        ("bad-order", "NotCanonical"),
        ("bad-word", "Member"),
        ("bad-gap", "Number"),
    ] {
        let fault = verifier.push(&read(&format!("{name}.public.json")), None).unwrap_err();
        assert!(format!("{:?}", fault.what).starts_with(member), "{name}: {fault:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_flipped_bit_is_found_at_its_place_or_the_next(at in 0usize..12, byte in any::<prop::sample::Index>(), bit in 0u8..8, private in any::<bool>()) {
        let mut entries = log_of(12);
        let part = if private { &mut entries[at].1 } else { &mut entries[at].0 };
        let i = byte.index(part.len());
        part[i] ^= 1 << bit;
        let fault = first_fault(&entries);
        // An edit that leaves a well-formed entry is named by the entry behind it; at the end by the head.
        prop_assert!(fault == Some(at as u64) || (!private && (fault == Some(at as u64 + 1) || at == 11)), "{fault:?}");
    }

    #[test]
    fn removed_swapped_and_repeated_entries_are_found_where_they_are(at in 0usize..11, what in 0u8..3) {
        let mut entries = log_of(12);
        match what {
            0 => _ = entries.remove(at),
            1 => entries.swap(at, at + 1),
            _ => entries.insert(at + 1, entries[at].clone()),
        }
        let place = if what == 2 { at + 1 } else { at };
        prop_assert_eq!(first_fault(&entries), Some(place as u64));
    }
}
