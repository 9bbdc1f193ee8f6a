//! The right way through the doors of notices, of what residents are told, and of how they sign in.

use gridvault_tests::{TestVault, notice};
use serde_json::{Value, json};

use crate::doors::Pass;
use crate::sign_in::{code, confirmation, newcomer, session};

pub(crate) async fn pass(t: &TestVault, method: &str, path: &str) -> Option<Pass> {
    let steward = t.caller("data_steward", "none").token.clone();
    let officer = t.officer().to_owned();
    let clerk = t.caller("window_clerk", "none").token.clone();
    // A code of the window withdraws the demonstration's: that is another resident.
    let (resident, newcomer) = (t.task(0).resident.unwrap(), newcomer(t));
    let pass = |token: &str, roles, status, body: Value| Pass {
        path: path.replace("{id}", &resident.to_string()),
        body: Some(body.to_string()).filter(|_| !body.is_null()),
        token: token.to_owned(),
        roles,
        status,
    };
    let keepers: &[&str] = &["data_steward", "privacy_officer"];
    let readers: &[&str] = &["data_steward", "privacy_officer", "auditor"];
    Some(match (method, path) {
        ("POST", "/v1/notices") => pass(&steward, keepers, 201, notice("GN", &["person.name"])),
        ("GET", "/v1/notices/proposed") => pass(&officer, keepers, 200, Value::Null),
        ("PATCH", "/v1/notices/{id}") => {
            let made =
                t.call("POST", "/v1/notices", Some(&steward), Some(&notice("SN", &["person.name"]))).await;
            let id = made.body["id"].as_str().unwrap().to_owned();
            let mut pass = pass(&officer, &["privacy_officer"], 204, json!({ "approved": true }));
            pass.path = format!("/v1/notices/{id}");
            pass
        }
        ("POST", "/v1/residents/{id}/informed") => {
            let roles =
                &["data_steward", "window_clerk", "grid_chief", "grid_assistant", "dispatched_officer"];
            let list = t.call("GET", "/v1/notices", None, None).await;
            pass(
                &steward,
                roles,
                201,
                json!({ "notice": list.body["notices"][0]["id"], "channel": "paper_signed" }),
            )
        }
        ("GET", "/v1/residents/{id}/informed") => pass(&officer, readers, 200, Value::Null),
        ("GET", "/v1/me" | "/v1/me/notices") => {
            pass(&t.sign_in(resident).await, &["resident"], 200, Value::Null)
        }
        ("POST", "/v1/residents/{id}/codes") => {
            let task = crate::sign_in::application(t, "door-1", newcomer, true).await;
            let mut pass = pass(&clerk, &["window_clerk"], 201, json!({ "task": task }));
            pass.path = path.replace("{id}", &newcomer.to_string());
            pass
        }
        ("POST", "/v1/me/factors") => {
            let given = code(t, "door-2", newcomer).await;
            let own = session(t, &given).await.body["token"].as_str().unwrap().to_owned();
            let code = confirmation(t, newcomer).await;
            pass(&own, &["resident"], 201, json!({ "code": code }))
        }
        ("DELETE", "/v1/me/factors") => pass(&t.sign_in(resident).await, &["resident"], 204, Value::Null),
        ("GET", "/v1/notices/due") => {
            pass(&officer, &["data_steward", "privacy_officer", "window_clerk"], 200, Value::Null)
        }
        ("GET", "/v1/notices/coverage") => pass(&officer, readers, 200, Value::Null),
        ("POST", "/v1/notices/letters" | "/v1/notices/messages") => {
            code(t, if path.ends_with("letters") { "door-3" } else { "door-4" }, newcomer).await;
            // The clerk gave the code, and prints no word of it.
            pass(
                &officer,
                &["privacy_officer"],
                200,
                json!({ "dues": [crate::sign_in::due(t, newcomer).await] }),
            )
        }
        _ => return None,
    })
}
