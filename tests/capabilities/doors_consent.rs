//! The right way through the doors of consents, mandates and receipts.

use gridvault::trail::{Act, Change};
use gridvault_audit::Kind;
use gridvault_tests::{TestVault, system_entry};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::consent_kit::{VISIT, born, sheet};
use crate::doors::{KEEPERS, Pass};

/// How such a door is passed; nothing where it is another's.
pub async fn pass(t: &TestVault, method: &str, path: &str) -> Option<Pass> {
    let steward = t.caller("data_steward", "none").token.clone();
    let clerk = t.caller("window_clerk", "none").token.clone();
    let officer = t.officer().to_owned();
    let resident = t.task(0).resident.unwrap();
    let pass = |path: String, token: &str, roles, status, body: Value| {
        let body = Some(body.to_string()).filter(|_| !body.is_null());
        Some(Pass { path, body, token: token.to_owned(), roles, status })
    };
    let own = async || t.sign_in(resident).await;
    match (method, path) {
        ("GET", "/v1/me/consents") => pass(path.into(), &own().await, &["resident"], 200, Value::Null),
        ("GET", "/v1/me/consents/{id}/receipt" | "/v1/me/consents/{id}/receipt/page") => {
            let path = path.replace("{id}", &standing(t, resident).await.to_string());
            pass(path, &own().await, &[], 200, Value::Null)
        }
        ("GET", "/v1/consents/{id}/receipt" | "/v1/consents/{id}/receipt/page") => {
            let path = path.replace("{id}", &standing(t, resident).await.to_string());
            pass(path, &officer, KEEPERS, 200, Value::Null)
        }
        ("GET", "/v1/residents/{id}/consents") => {
            // Workers of the grid and of the street see how it stands.
            let roles =
                &["data_steward", "privacy_officer", "grid_chief", "dispatched_officer", "grid_assistant"];
            pass(path.replace("{id}", &resident.to_string()), &officer, roles, 200, Value::Null)
        }
        ("PATCH", "/v1/consents/{id}") => {
            let id = recorded(t, &steward, path, method).await;
            let body = json!({ "confirmed": true, "method": "signature" });
            let roles = &["window_clerk", "data_steward", "privacy_officer"];
            pass(path.replace("{id}", &id.to_string()), &clerk, roles, 200, body)
        }
        ("POST", "/v1/consents/{id}/invalidate") => {
            let found = Act::new(&t.vault.keys, system_entry(Kind::FindingRaised), Change::none());
            let finding = t.vault.log.record(found).await.unwrap().receipt().seq;
            let id = recorded(t, &steward, path, method).await;
            let body = json!({ "reason": "not_the_resident", "finding": finding });
            pass(path.replace("{id}", &id.to_string()), &officer, &["privacy_officer"], 201, body)
        }
        ("POST", "/v1/residents/{id}/mandates") => {
            let child = born(t, "2018-03-01", 21).await;
            let path = path.replace("{id}", &child.to_string());
            pass(path, &steward, &["data_steward", "window_clerk"], 201, mandate(t))
        }
        ("PATCH", "/v1/mandates/{id}") => {
            let child = born(t, "2018-03-02", 22).await;
            let at = format!("/v1/residents/{child}/mandates");
            let made = t.call("POST", &at, Some(&steward), Some(&mandate(t))).await;
            let path = path.replace("{id}", made.body["id"].as_str().unwrap());
            let roles = &["window_clerk", "data_steward", "privacy_officer"];
            pass(path, &clerk, roles, 204, json!({ "ended": true }))
        }
        ("PATCH", "/v1/residents/{id}/capacity") => {
            let path = path.replace("{id}", &t.demo.residents[10].id.to_string());
            let body = json!({ "doubted": true, "reason": "does_not_understand" });
            pass(path, &steward, &["data_steward", "window_clerk", "privacy_officer"], 204, body)
        }
        _ => None,
    }
}

fn mandate(t: &TestVault) -> Value {
    json!({ "kind": "guardian", "person": t.task(1).resident, "relation": "51", "proof": "household_register",
        "from": "2026-11-01", "to": "2030-11-24" })
}

/// The event that the resident's consent rests on.
async fn standing(t: &TestVault, resident: Uuid) -> Uuid {
    let path = format!("/v1/residents/{resident}/consents");
    let list = t.call("GET", &path, Some(t.officer()), None).await;
    list.body["consents"][0]["event"].as_str().unwrap().parse().unwrap()
}

/// A consent that the steward has recorded, of a resident of its own for each door.
async fn recorded(t: &TestVault, steward: &str, path: &str, method: &str) -> Uuid {
    let n = if method == "PATCH" { 8 } else { 9 };
    let body = json!({ "purpose": VISIT, "state": "given", "method": "signature", "basis_kind": "separate",
        "evidence": sheet(u8::try_from(path.len()).unwrap()) });
    let at = format!("/v1/residents/{}/consents", t.demo.residents[n].id);
    let made = t.call("POST", &at, Some(steward), Some(&body)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.body["id"].as_str().unwrap().parse().unwrap()
}
