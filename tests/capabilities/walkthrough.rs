//! From an empty vault to a refused lookup, over HTTP alone, as an office would begin: register, staff by two, notice, newcomer,
//! the window, consent and its receipt, a visit, the resident's own lines, a withdrawal that another instance obeys.

use std::process::Command;

use gridvault::authority::Header;
use gridvault::import::ImportKind;
use gridvault::store::Table;
use gridvault_policy::RecordType;
use gridvault_tests::{HOUR, On, TestVault, binary, notice, on_both};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::import::fixture;
use crate::proofs::publish;

const VISIT: &str = "home_visit_care";
const HOME: &str = "110106006905002-00001";
const GRID: &str = "110106006905002";

/// Somebody's token, by whom the vault is asked.
struct Walk<'t> {
    t: &'t TestVault,
    steward: String,
}

impl Walk<'_> {
    async fn ask(&self, token: &str, method: &str, path: &str, body: Value, status: u16) -> Value {
        let body = Some(&body).filter(|body| !body.is_null());
        let answer = self.t.call(method, path, Some(token).filter(|token| !token.is_empty()), body).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
        answer.body
    }

    /// A member of staff: proposed by the steward, confirmed by the officer, signed in by both halves of the code.
    async fn staff(&self, number: &str, role: &str, areas: &[&str]) -> (String, Value) {
        let post = json!({ "role": role, "scheme": "social_grid", "areas": areas, "from": "2026-01-01" });
        let new = json!({ "number": number, "name": "新同事", "assignments": [post] });
        let proposal = self.ask(&self.steward, "POST", "/v1/people", new, 202).await["proposal"].clone();
        let at = format!("/v1/proposals/{}", proposal.as_str().unwrap());
        let made = self.ask(self.t.officer(), "POST", &format!("{at}/confirm"), Value::Null, 200).await;
        let rest = self.ask(&self.steward, "GET", &format!("{at}/codes"), Value::Null, 200).await;
        let half = |of: &Value, name: &str| of["people"][0][name].as_str().unwrap().to_owned();
        let code = format!("{}-{}", half(&made, "code_first_half"), half(&rest, "code_second_half"));
        let session = self.ask("", "POST", "/v1/sessions", json!({ "code": code }), 201).await;
        let token = session["token"].as_str().unwrap().to_owned();
        let own = self.ask(&token, "GET", "/v1/self", Value::Null, 200).await;
        (token, own["capacities"][0]["assignment"].clone())
    }

    async fn task(&self, number: &str, kind: &str, purpose: &str, resident: &Value, post: &Value) -> Value {
        let body = json!({ "source": "walk", "number": number, "kind": kind, "purpose": purpose,
            "residents": [resident], "assignees": [post], "closes": "2026-11-30T00:00:00+08:00" });
        self.ask(&self.steward, "POST", "/v1/tasks", body, 201).await["id"].clone()
    }
}

/// The one resident whom the vault holds.
async fn only_person(t: &TestVault) -> Uuid {
    let rows = t.vault.store.all(Table::Records).await.unwrap();
    let person = rows.iter().find(|row| {
        let header: Option<Header> = t.vault.keys.check(row);
        header.is_some_and(|header| header.kind == RecordType::Person)
    });
    Uuid::from_slice(&person.unwrap().id).unwrap()
}

on_both!(d07_from_an_empty_vault_to_a_lookup_that_is_refused_after_a_withdrawal);
async fn d07_from_an_empty_vault_to_a_lookup_that_is_refused_after_a_withdrawal(on: On) {
    let (t, steward) = TestVault::empty(on).await;
    let walk = Walk { t: &t, steward };
    for kind in [ImportKind::Areas, ImportKind::Premises] {
        t.import(kind.as_str(), &walk.steward, fixture(kind)).await;
    }
    let (chief, post) = walk.staff("C1", "grid_chief", &[GRID]).await;
    let (clerk, window) = walk.staff("W1", "window_clerk", &["110106006000"]).await;
    let told = t.publish(&walk.steward, notice("GN", &["person.name", "person.phone"])).await;

    let new = json!({ "premises": HOME, "fields": { "person.name": "王小明", "person.id_type": "resident_id",
        "person.id_no": "990106195507311234", "person.birth_date": "1955-07-31", "person.phone": "12099990001" } });
    let path = format!("/v1/imports?kind=residents&notice={told}");
    let made = t.call_raw("POST", &path, Some(&walk.steward), Some(new.to_string())).await;
    assert_eq!((made.status, &made.body["created"]), (200, &json!(1)), "{}", made.text);
    let resident = json!(only_person(&t).await);
    let visit = walk.task("1", "visit", VISIT, &resident, &post).await;
    let look = json!({ "resident": resident, "fields": ["person.name"], "purpose": VISIT, "task": visit });
    let refused = walk.ask(&chief, "POST", "/v1/lookups", look.clone(), 403).await;
    assert_eq!(refused["fields"]["person.name"]["reason"]["code"], "consent_none", "{refused}");

    // At the window: an application that a second person saw, a code, and the resident's own word.
    let application = walk.task("2", "application", "window_service", &resident, &window).await;
    let at = format!("/v1/tasks/{}", application.as_str().unwrap());
    walk.ask(t.officer(), "PATCH", &at, json!({ "confirmed": true }), 204).await;
    let codes = format!("/v1/residents/{}/codes", resident.as_str().unwrap());
    let code = walk.ask(&clerk, "POST", &codes, json!({ "task": application }), 201).await["code"].clone();
    let session = walk.ask("", "POST", "/v1/sessions", json!({ "code": code }), 201).await;
    let own = session["token"].as_str().unwrap().to_owned();
    let consent = format!("/v1/me/consents/{VISIT}");
    let given = walk.ask(&own, "PUT", &consent, json!({ "state": "given" }), 200).await["id"].clone();
    let seen = walk.ask(&chief, "POST", "/v1/lookups", look.clone(), 200).await;
    assert_eq!(seen["fields"]["person.name"]["value"], "王小明");

    // The resident's line, in Chinese; the receipt, checked without the vault.
    publish(&t).await;
    let lines = walk.ask(&own, "GET", "/v1/me/lookups", Value::Null, 200).await;
    let text = lines["lookups"][0]["text"].as_str().unwrap();
    assert!(text.contains("探访关爱") && text.contains("网格长") && text.contains("姓名"), "{text}");
    assert_eq!(lines["lookups"][0]["proof"], "ready");
    let receipt = format!("/v1/me/consents/{}/receipt", given.as_str().unwrap());
    let receipt = walk.ask(&own, "GET", &receipt, Value::Null, 200).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("receipt.json");
    std::fs::write(&file, receipt.to_string()).unwrap();
    let checked = Command::new(binary())
        .args(["receipt", "verify"])
        .arg(&file)
        .args(["--key", receipt["key"].as_str().unwrap(), "--log-key", &t.vault.log_key.to_string()])
        .output()
        .unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));

    // One step takes it back, and the other instance obeys.
    let other = t.instance("other").await;
    walk.ask(&own, "PUT", &consent, json!({ "state": "withdrawn" }), 200).await;
    let refused = other.call("POST", "/v1/lookups", Some(&chief), Some(&look)).await;
    assert_eq!(
        (refused.status, refused.reason("person.name")),
        (403, "consent_withdrawn"),
        "{}",
        refused.text
    );
    t.clock.step(HOUR);
    assert!(matches!(t.verified().await.verdict, gridvault::trail::Verdict::Proven));
}
