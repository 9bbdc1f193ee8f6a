//! Receipts of consents: with what the standard asks for, no value, signed; checked offline by our own command and by others'.

use std::path::Path;
use std::process::{Command, Output};

use data_encoding::BASE64;
use gridvault_policy::Purpose;
use gridvault_tests::{On, TestVault, binary, on_both};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::consent_kit::{Kit, VISIT, VISITED, notice};
use crate::proofs::publish;
use crate::searching::said;

/// The resident of the first task gives a consent under a notice; gives the event.
async fn given(t: &TestVault) -> (String, Uuid) {
    notice(t, ("GN", 11), &[Purpose::HomeVisitCare], &VISITED, false, 0).await;
    let session = t.sign_in(t.task(0).resident.unwrap()).await;
    let path = format!("/v1/me/consents/{VISIT}");
    let made = t.call("PUT", &path, Some(&session), Some(&json!({ "state": "given" }))).await;
    assert_eq!(made.status, 200, "{}", made.text);
    (session, made.body["id"].as_str().unwrap().parse().unwrap())
}

fn verify(file: &Path, more: &[&str]) -> Output {
    Command::new(binary()).args(["receipt", "verify"]).arg(file).args(more).output().unwrap()
}

on_both!(d05_a_receipt_says_what_was_consented_to_and_no_value_and_holds_offline);
async fn d05_a_receipt_says_what_was_consented_to_and_no_value_and_holds_offline(on: On) {
    let t = TestVault::street(on).await;
    let (session, id) = given(&t).await;
    let path = format!("/v1/me/consents/{id}/receipt");
    let early = t.call("GET", &path, Some(&session), None).await;
    assert_eq!((early.status, &early.body["proof"]), (200, &Value::Null), "{}", early.text);
    publish(&t).await;
    let answer = t.call("GET", &path, Some(&session), None).await;
    let receipt = &answer.body["receipt"];
    for (pointer, expected) in [
        ("/record_id", json!(id)),
        ("/purpose/zh", json!("探访关爱")),
        ("/purpose/en", receipt["purpose"]["en"].clone()),
        ("/pii_information/2/pii_type", json!("elder.living_alone")),
        ("/pii_information/2/tier", json!("T3")),
        ("/pii_information/2/sensitive", json!(true)),
        ("/pii_controllers/0/party_name", json!("示例街道办事处")),
        ("/pii_controllers/0/privacy_officer", json!("个保负责人 010-00000000")),
        ("/privacy_notice/version", json!(11)),
        ("/event/event_state", json!("given")),
        ("/event/event_type", json!("separate")),
        ("/event/entity_id", json!("subject")),
        ("/present_state", json!("given")),
        ("/withdrawal_method", json!("自助页面或窗口一步撤回")),
        ("/complaint", json!("12377")),
        ("/suite", json!("intl")),
        ("/jurisdiction", json!("CN")),
        ("/lawful_basis", json!("consent")),
    ] {
        assert_eq!(receipt.pointer(pointer), Some(&expected), "{pointer}: {}", answer.text);
    }
    assert!(
        receipt["purpose"]["en"].is_string()
            && receipt["event"]["event_time"].as_str().unwrap().ends_with('Z')
    );
    let number: Uuid = receipt["receipt_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(number.get_version_num(), 4);
    assert!(receipt["log"]["checkpoint"]["size"].as_u64() > receipt["log"]["entry"].as_u64());
    // Nothing in it names the resident, as people do or as the trail does.
    let row =
        t.vault.store.row(gridvault::store::Table::Records, t.task(0).resident.unwrap().as_bytes()).await;
    let header: gridvault::authority::Header = t.vault.keys.check(&row.unwrap().unwrap()).unwrap();
    for secret in [
        &said(0, "person.name"),
        &said(0, "person.phone"),
        &header.tag,
        &t.task(0).resident.unwrap().to_string(),
    ] {
        assert!(!answer.text.contains(secret.as_str()));
    }
    let keys = t.call("GET", "/log/donggaodi/keys.json", None, None).await;
    assert_eq!(keys.body["receipts"], json!([answer.body["key"]]));

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("receipt.json");
    let key = answer.body["key"].as_str().unwrap();
    let log_key = t.vault.log_key.to_string();
    std::fs::write(&file, &answer.text).unwrap();
    let code = answer.body["check_code"].as_str().unwrap();
    let whole = verify(&file, &["--key", key, "--log-key", &log_key, "--check-code", code, "--json"]);
    assert!(whole.status.success(), "{}", String::from_utf8_lossy(&whole.stderr));
    let told: Value = serde_json::from_slice(&whole.stdout).unwrap();
    assert_eq!((&told["state"], &told["purpose"]), (&json!("given"), &json!(VISIT)));
    assert!(told["in_log_of"].is_u64());
    // Without a proof it is signed and unconfirmed.
    std::fs::write(&file, &early.text).unwrap();
    assert!(verify(&file, &["--key", key]).status.success());
    assert!(!verify(&file, &["--key", key, "--log-key", &log_key]).status.success());
    // The note alone, and what the printed code says.
    let note = answer.body["signed"].as_str().unwrap();
    std::fs::write(&file, note).unwrap();
    assert!(verify(&file, &["--key", key]).status.success());
    assert!(!verify(&file, &["--key", key, "--check-code", "00000 00000"]).status.success());
    let printed = answer.body["code"].as_str().unwrap();
    std::fs::write(&file, printed).unwrap();
    let by_code = verify(&file, &["--key", key, "--check-code", code]);
    assert!(by_code.status.success(), "{}", String::from_utf8_lossy(&by_code.stderr));

    // Every byte of it counts, and so does the key.
    for at in (0..note.len()).step_by(7) {
        let mut other = note.as_bytes().to_vec();
        other[at] ^= 1;
        std::fs::write(&file, &other).unwrap();
        assert!(!verify(&file, &["--key", key]).status.success(), "byte {at}");
    }
    for at in (5..printed.len()).step_by(13) {
        let mut other = printed.as_bytes().to_vec();
        other[at] ^= 1;
        std::fs::write(&file, &other).unwrap();
        assert!(!verify(&file, &["--key", key]).status.success(), "byte {at}");
    }
    let mut shown = answer.body.clone();
    shown["receipt"]["purpose"]["zh"] = json!("统计汇总");
    std::fs::write(&file, shown.to_string()).unwrap();
    assert!(!verify(&file, &["--key", key]).status.success(), "shown otherwise than signed");
    std::fs::write(&file, note).unwrap();
    let foreign = gridvault_audit::SigningKey::from_seed(&[9; 32].into(), "test/donggaodi/receipts").unwrap();
    assert!(!verify(&file, &["--key", &foreign.verifier().to_string()]).status.success());

    by_openssl(note, key, folder.path());
}

/// The signature as OpenSSL sees it, from the published form of the note alone.
fn by_openssl(note: &str, key: &str, folder: &Path) {
    let (text, line) = note.rsplit_once("\n\n").unwrap();
    let signature = BASE64.decode(line.trim_end().rsplit(' ').next().unwrap().as_bytes()).unwrap();
    let public = BASE64.decode(key.splitn(3, '+').nth(2).unwrap().as_bytes()).unwrap();
    // SubjectPublicKeyInfo of Ed25519 (RFC 8410) before the 32 bytes.
    let mut der = data_encoding::HEXLOWER.decode(b"302a300506032b6570032100").unwrap();
    der.extend_from_slice(&public[1..]);
    let at = |name: &str| folder.join(name).display().to_string();
    std::fs::write(at("key.der"), der).unwrap();
    std::fs::write(at("signature"), &signature[4..]).unwrap();
    let checks = |text: &str| {
        std::fs::write(at("text"), text).unwrap();
        let mut command = Command::new("openssl");
        command.args(["pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", &at("key.der")]);
        command.args(["-sigfile", &at("signature"), "-in", &at("text")]);
        command.output().unwrap().status.success()
    };
    assert!(checks(&format!("{text}\n")));
    assert!(!checks(&format!("{text} \n")));
}

on_both!(a_receipt_shown_again_after_a_withdrawal_is_told_from_one_that_stands);
async fn a_receipt_shown_again_after_a_withdrawal_is_told_from_one_that_stands(on: On) {
    let t = TestVault::street(on).await;
    let (session, id) = given(&t).await;
    let path = format!("/v1/me/consents/{id}/receipt");
    let before = t.call("GET", &path, Some(&session), None).await.body;
    let body = json!({ "state": "withdrawn" });
    let put = t.call("PUT", &format!("/v1/me/consents/{VISIT}"), Some(&session), Some(&body)).await;
    let after = t.call("GET", &path, Some(&session), None).await.body;
    assert_eq!(before["receipt"]["receipt_id"], after["receipt"]["receipt_id"], "one number for one event");
    assert_eq!(
        (&before["receipt"]["present_state"], &after["receipt"]["present_state"]),
        (&json!("given"), &json!("withdrawn"))
    );
    assert_ne!(before["check_code"], after["check_code"]);
    let withdrawn = format!("/v1/me/consents/{}/receipt", put.body["id"].as_str().unwrap());
    let receipt = t.call("GET", &withdrawn, Some(&session), None).await.body;
    assert_eq!(receipt["receipt"]["event"]["event_state"], "withdrawn");
}

on_both!(a_receipt_is_given_to_whom_it_is_about_and_to_who_keeps_it_and_printed_in_chinese);
async fn a_receipt_is_given_to_whom_it_is_about_and_to_who_keeps_it_and_printed_in_chinese(on: On) {
    let t = TestVault::street(on).await;
    let kit = Kit::of(&t);
    let (session, id) = given(&t).await;
    let other = t.sign_in(t.task(1).resident.unwrap()).await;
    let staff = format!("/v1/consents/{id}/receipt");
    for (path, token, status) in [
        (format!("/v1/me/consents/{id}/receipt"), &other, 404),
        (format!("/v1/me/consents/{}/receipt", Uuid::new_v4()), &session, 404),
        (format!("/v1/me/consents/{id}/receipt"), &kit.steward, 404),
        (staff.clone(), &session, 404),
        (staff.clone(), &t.caller("auditor", "none").token, 404),
        (staff.clone(), &t.caller("dispatched_officer", "police").token, 404),
        (staff.clone(), &kit.clerk, 404),
        (staff.clone(), &kit.steward, 200),
        (staff, &t.officer().to_owned(), 200),
    ] {
        assert_eq!(t.call("GET", &path, Some(token), None).await.status, status, "{path}");
    }
    let (public, private) = t.entries(1).await.pop().unwrap();
    assert_eq!((&public["kind"], &private["detail"]["view"]), (&json!("trail.read"), &json!("receipt")));
    let page = t.call("GET", &format!("/v1/me/consents/{id}/receipt/page"), Some(&session), None).await;
    let receipt = t.call("GET", &format!("/v1/me/consents/{id}/receipt"), Some(&session), None).await.body;
    assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(page.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    for words in [
        "同意回执",
        "探访关爱",
        "独居",
        "自助页面或窗口一步撤回",
        "12377",
        "<svg",
        receipt["check_code"].as_str().unwrap(),
    ] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    assert!(!page.text.contains("<script") && !page.text.contains("http"));
}
