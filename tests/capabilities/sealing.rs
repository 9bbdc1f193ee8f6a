//! The stored formats, opened by a second implementation (aes-gcm) from the passphrase on.

use std::path::Path;

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, Key, KeyInit as _, Nonce};
use data_encoding::BASE64;
use gridvault::store::Store;
use gridvault_policy::FieldId;
use gridvault_tests::{On, PASSPHRASE, TestVault, on_both};
use serde_json::Value;

/// Length-prefixed parts behind label and suite, as every ciphertext binds them.
fn bound(label: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in [label.as_bytes(), &[1u8][..]].iter().chain(parts) {
        out.extend_from_slice(&u32::try_from(part.len()).unwrap().to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

fn open(key: &[u8], bound: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    assert_eq!(sealed[0], 1, "suite");
    let key: [u8; 32] = key.try_into().unwrap();
    let nonce: [u8; 12] = sealed[1..13].try_into().unwrap();
    let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(key));
    cipher.decrypt(&Nonce::from(nonce), Payload { msg: &sealed[13..], aad: bound }).ok()
}

/// The tier keys, from the key file and the passphrase.
fn keys(dir: &Path) -> impl Fn(&str) -> Vec<u8> {
    let file: Value = serde_json::from_slice(&std::fs::read(dir.join("keys.json")).unwrap()).unwrap();
    let text = |pointer: &str| file.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let salt = BASE64.decode(text("/root/salt").as_bytes()).unwrap();
    let params = argon2::Params::new(65536, 3, 1, Some(32)).unwrap();
    let mut outer = [0; 32];
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password_into(PASSPHRASE.as_bytes(), &salt, &mut outer)
        .unwrap();
    let of = |name: &str| bound("gridvault key", &[b"test", b"donggaodi", name.as_bytes()]);
    let root = open(&outer, &of("root"), &BASE64.decode(text("/root/wrapped").as_bytes()).unwrap()).unwrap();
    move |name| {
        let wrapped = file["keys"][name].as_str().unwrap();
        open(
            &root,
            &bound("gridvault key", &[b"test", b"donggaodi", name.as_bytes()]),
            &BASE64.decode(wrapped.as_bytes()).unwrap(),
        )
        .unwrap()
    }
}

/// One tier's envelope, as the stored bytes have it.
struct Envelope {
    tier: u8,
    dek: Vec<u8>,
    body: Vec<u8>,
}

/// Tier (1), length (2) and wrapped data key, length (4) and sealed fields, for each tier.
fn envelopes(mut bytes: &[u8]) -> Vec<Envelope> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let dek = usize::from(u16::from_be_bytes([bytes[1], bytes[2]]));
        let (head, rest) = bytes.split_at(3 + dek);
        let body = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        found.push(Envelope { tier: head[0], dek: head[3..].to_vec(), body: rest[4..4 + body].to_vec() });
        bytes = &rest[4 + body..];
    }
    found
}

on_both!(what_ring_sealed_another_implementation_opens_in_its_place_only);
async fn what_ring_sealed_another_implementation_opens_in_its_place_only(on: On) {
    let t = TestVault::street(on).await;
    let resident = t.task(0).resident.unwrap();
    let shown =
        t.look(&t.chief().token, t.visit(0, &["person.name"])).await.value("person.name").unwrap().to_owned();
    let key = keys(t.site.dir.path());
    let rows = t.vault.store.locate(resident.as_bytes(), None).await.unwrap();
    let row = rows.envelopes.iter().find(|e| e.record == resident.as_bytes()).unwrap();
    let envelopes = envelopes(&row.sealed);
    assert_eq!(envelopes.len(), 5, "everybody has an envelope of every tier and the facts");
    let place = |record: &[u8], tier: u8| -> Vec<Vec<u8>> {
        vec![
            b"test".to_vec(),
            b"donggaodi".to_vec(),
            record.to_vec(),
            vec![tier],
            1u16.to_be_bytes().to_vec(),
            1i64.to_be_bytes().to_vec(),
        ]
    };
    let with = |label: &str, record: &[u8], tier: u8, last: &[u8]| {
        let parts = place(record, tier);
        let mut parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        parts.push(last);
        bound(label, &parts)
    };
    for envelope in &envelopes {
        let tier = envelope.tier;
        let kek = key(if tier == 0 { "kek/facts/1".to_owned() } else { format!("kek/T{tier}/1") }.as_str());
        let dek = open(
            &kek,
            &with("gridvault dek", resident.as_bytes(), tier, &1u16.to_be_bytes()),
            &envelope.dek[2..],
        )
        .unwrap();
        match tier {
            2 => {
                let name = FieldId::parse("person.name").unwrap();
                let mut rest = envelope.body.as_slice();
                let mut found = None;
                while !rest.is_empty() {
                    let number = u16::from_be_bytes([rest[0], rest[1]]);
                    let length = usize::from(u16::from_be_bytes([rest[2], rest[3]]));
                    if number == name.number() {
                        found = Some(rest[4..4 + length].to_vec());
                    }
                    rest = &rest[4 + length..];
                }
                let sealed = found.unwrap();
                let own = with("gridvault field", resident.as_bytes(), 2, b"person.name");
                assert_eq!(open(&dek, &own, &sealed), Some(shown.clone().into_bytes()));
                // Nowhere else: another field, record, tier, revision.
                let other = t.task(1).resident.unwrap();
                for wrong in [
                    with("gridvault field", resident.as_bytes(), 2, b"person.former_name"),
                    with("gridvault field", other.as_bytes(), 2, b"person.name"),
                    with("gridvault field", resident.as_bytes(), 1, b"person.name"),
                    with("gridvault dek", resident.as_bytes(), 2, b"person.name"),
                ] {
                    assert_eq!(open(&dek, &wrong, &sealed), None);
                }
            }
            3 | 4 => {
                let label: &[u8] = if tier == 3 { b"T3" } else { b"T4" };
                let block =
                    open(&dek, &with("gridvault field", resident.as_bytes(), tier, label), &envelope.body)
                        .unwrap();
                assert_eq!(block.len(), if tier == 3 { 256 } else { 512 });
            }
            _ => {}
        }
    }
}

on_both!(sensitive_facts_do_not_show_by_size_or_absence);
async fn sensitive_facts_do_not_show_by_size_or_absence(on: On) {
    let t = TestVault::street(on).await;
    let mut sizes = std::collections::BTreeMap::<u8, std::collections::BTreeSet<usize>>::new();
    for resident in &t.demo.residents {
        let rows = t.vault.store.locate(resident.id.as_bytes(), None).await.unwrap().envelopes;
        let row = rows.iter().find(|row| row.record == resident.id.as_bytes()).unwrap();
        for envelope in envelopes(&row.sealed) {
            if matches!(envelope.tier, 0 | 3 | 4) {
                sizes.entry(envelope.tier).or_default().insert(envelope.body.len());
            }
        }
    }
    assert_eq!(
        sizes.values().map(std::collections::BTreeSet::len).collect::<Vec<_>>(),
        [1, 1, 1],
        "{sizes:?}"
    );
}

on_both!(an_envelope_moved_or_put_back_does_not_open);
async fn an_envelope_moved_or_put_back_does_not_open(on: On) {
    let t = TestVault::street(on).await;
    let (a, b) = (t.task(0).resident.unwrap(), t.task(5).resident.unwrap());
    let (from, to) = (on.literal(b.as_bytes()), on.literal(a.as_bytes()));
    let moved = format!(
        "UPDATE envelopes SET sealed = (SELECT sealed FROM envelopes WHERE record = {from}) WHERE record = {to}"
    );
    assert_eq!(t.site.sql(&moved).await, 1);
    let moved = t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
    assert_eq!((moved.status, moved.problem()), (500, "internal"));
    assert!(moved.value("person.name").is_none());
    assert_eq!(t.site.sql(&format!("UPDATE envelopes SET rev = 2 WHERE record = {from}")).await, 1);
    assert_eq!(t.look(&t.chief().token, t.visit(5, &["person.name"])).await.status, 500);
}

on_both!(another_logs_permit_opens_nothing_here);
async fn another_logs_permit_opens_nothing_here(on: On) {
    // Two vaults from one key file: each unsealing has a token of its own.
    let t = TestVault::street(on).await;
    let unsealed = gridvault::seal::unseal(
        &t.site.dir.path().join("keys.json"),
        &gridvault::seal::Secret::new(PASSPHRASE),
    )
    .unwrap();
    let ask = gridvault::lookup::Ask {
        kind: gridvault_policy::RecordType::Person,
        record: t.task(0).resident.unwrap(),
        fields: vec![FieldId::parse("person.name").unwrap()],
        purpose: gridvault_policy::Purpose::HomeVisitCare,
        basis: None,
        task: Some(t.task(0).id),
        manner: gridvault::lookup::Manner::VIEW,
        request: "test".into(),
    };
    let capacity =
        gridvault::identity::Capacity { assignment: Some(t.task(0).assignment), on_behalf_of: None };
    let token = gridvault::seal::Secret::new(t.chief().token.clone());
    let permit = gridvault::lookup::permit(&t.vault, &token, capacity, &ask).await.unwrap();
    let envelopes = t.vault.store.locate(ask.record.as_bytes(), None).await.unwrap().envelopes;
    let refused = unsealed.keyring.open(permit, &envelopes);
    assert!(matches!(refused, Err(gridvault::seal::SealError::Permit)));
    let permit = gridvault::lookup::permit(&t.vault, &token, capacity, &ask).await.unwrap();
    let others = t.vault.store.locate(t.task(5).resident.unwrap().as_bytes(), None).await.unwrap().envelopes;
    assert!(
        matches!(t.vault.keys.open(permit, &others), Err(gridvault::seal::SealError::Tampered)),
        "another record's envelopes"
    );
    let permit = gridvault::lookup::permit(&t.vault, &token, capacity, &ask).await.unwrap();
    assert!(t.vault.keys.open(permit, &envelopes).is_ok());
    let _: &Store = &t.vault.store;
}
