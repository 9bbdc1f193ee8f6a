//! How the doors of emergencies, demands and minors' data are passed rightly.

use gridvault_tests::{HOUR, TestVault};
use serde_json::{Value, json};

use crate::demands::demand;
use crate::doors::Pass;
use crate::emergencies::{Rescuer, chief, declare};

const KEEPERS: &[&str] = &["data_steward", "privacy_officer"];
const RESCUERS: &[&str] = &["grid_chief", "grid_assistant", "dispatched_officer"];

pub(crate) async fn pass(t: &TestVault, method: &str, path: &str) -> Option<Pass> {
    let (officer, steward) = (t.officer().to_owned(), t.caller("data_steward", "none").token.clone());
    let (by, resident) = (chief(t), t.task(0).resident.unwrap());
    let everywhere = t.caller("dispatched_officer", "urban_management");
    let pass = |path: String, token: &str, roles, status, body: Value| {
        let body = Some(body.to_string()).filter(|_| !body.is_null());
        Some(Pass { path, body, token: token.to_owned(), roles, status })
    };
    let fire = |residents: Value| json!({ "event": "119-1", "reason": "fire", "residents": residents });
    let declared = async |by: &Rescuer, residents: Value| {
        let answer = declare(t, by, fire(residents)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        format!("/v1/emergencies/{}", answer.body["id"].as_str().unwrap())
    };
    match (method, path) {
        ("POST", "/v1/emergencies") => {
            pass(path.to_owned(), &everywhere.token, RESCUERS, 201, fire(json!([resident])))
        }
        ("GET", "/v1/emergencies") => pass(
            path.to_owned(),
            &officer,
            &[
                "privacy_officer",
                "auditor",
                "data_steward",
                "grid_supervisor",
                "grid_chief",
                "grid_assistant",
                "dispatched_officer",
            ],
            200,
            Value::Null,
        ),
        ("PATCH", "/v1/emergencies/{id}") => {
            let by = Rescuer { token: everywhere.token.clone(), post: everywhere.assignment.unwrap() };
            let many: Vec<_> = t.demo.residents.iter().map(|r| r.id).take(21).collect();
            let path = declared(&by, json!(many)).await;
            pass(path, &officer, KEEPERS, 204, json!({ "confirmed": true }))
        }
        ("POST", "/v1/emergencies/{id}/end") => {
            let path = format!("{}/end", declared(&by, json!([resident])).await);
            pass(path, &officer, &["data_steward", "privacy_officer", "grid_chief"], 204, Value::Null)
        }
        ("POST", "/v1/emergencies/{id}/review") => {
            let path = format!("{}/review", declared(&by, json!([resident])).await);
            t.clock.step(4 * HOUR);
            pass(path, &officer, &["privacy_officer"], 204, json!({ "outcome": "justified" }))
        }
        ("GET", "/v1/demands") => {
            pass(path.to_owned(), &officer, &["privacy_officer", "auditor", "data_steward"], 200, Value::Null)
        }
        ("POST", "/v1/demands") => {
            pass(path.to_owned(), &officer, KEEPERS, 201, demand(resident, Some("2027-03-01")))
        }
        ("PATCH", "/v1/demands/{id}") => {
            let made = t
                .call("POST", "/v1/demands", Some(&officer), Some(&demand(resident, Some("2027-03-01"))))
                .await;
            let path = format!("/v1/demands/{}", made.body["id"].as_str().unwrap());
            pass(path, &steward, &["data_steward"], 204, json!({ "approved": true }))
        }
        ("GET", "/v1/audit/minors") => {
            pass(format!("{path}?year=2026"), &officer, &["privacy_officer", "auditor"], 200, Value::Null)
        }
        _ => None,
    }
}
