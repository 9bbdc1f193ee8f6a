//! The right way through the doors of letters, tasks, rosters and usage.

use gridvault_tests::TestVault;
use serde_json::{Value, json};

use crate::doors::Pass;
use crate::duty::shift;
use crate::letters::letter;

const READERS: &[&str] = &["data_steward", "privacy_officer", "auditor"];
const KEEPERS: &[&str] = &["data_steward", "privacy_officer"];

pub(crate) async fn pass(t: &TestVault, method: &str, path: &str) -> Option<Pass> {
    let steward = t.caller("data_steward", "none").token.clone();
    let officer = t.officer().to_owned();
    let pass = |token: &str, roles, status, path: String, body: Value| Pass {
        path,
        body: Some(body.to_string()).filter(|_| !body.is_null()),
        token: token.to_owned(),
        roles,
        status,
    };
    let registered = async |number: &str| {
        let body = letter(t, number, t.caller("grid_supervisor", "none").holder);
        let made = t.call("POST", "/v1/letters", Some(&steward), Some(&body)).await;
        made.body["id"].as_str().unwrap_or_else(|| panic!("{}", made.text)).to_owned()
    };
    let entered = async || {
        let made = t.call("POST", "/v1/rosters", Some(&steward), Some(&shift(t, 1, 5))).await;
        made.body["id"].as_str().unwrap_or_else(|| panic!("{}", made.text)).to_owned()
    };
    let own = path.to_owned();
    Some(match (method, path) {
        ("GET", "/v1/letters") => {
            pass(&officer, KEEPERS, 200, "/v1/letters?expiring=300".into(), Value::Null)
        }
        ("POST", "/v1/letters") => {
            let body = letter(t, "D-1", t.caller("grid_informant", "none").holder);
            pass(&steward, &["data_steward"], 201, own, body)
        }
        ("PATCH", "/v1/letters/{id}") => {
            let path = format!("/v1/letters/{}", registered("D-2").await);
            pass(&officer, &["privacy_officer"], 204, path, json!({ "signed": true }))
        }
        ("POST", "/v1/letters/{id}/revoke") => {
            // Beside the one before, of another person.
            let body = letter(t, "D-3", t.caller("auditor", "none").holder);
            let made = t.call("POST", "/v1/letters", Some(&steward), Some(&body)).await;
            let path = format!("/v1/letters/{}/revoke", made.body["id"].as_str().unwrap());
            pass(&officer, KEEPERS, 204, path, Value::Null)
        }
        ("GET", "/v1/tasks") => {
            // Everybody but residents, each their own.
            pass(&officer, &["*"], 200, own, Value::Null)
        }
        ("POST", "/v1/tasks/batch") => {
            let task = json!({ "source": "s", "number": "b-1", "kind": "case", "purpose": "case_handling",
                "residents": [t.task(0).resident], "assignees": [t.task(0).assignment] });
            pass(
                &steward,
                &["data_steward", "hotline_12345", "grid_chief"],
                200,
                own,
                json!({ "tasks": [task] }),
            )
        }
        ("GET", "/v1/rosters") => pass(&officer, READERS, 200, own, Value::Null),
        ("POST", "/v1/rosters") => pass(&steward, &["data_steward"], 201, own, shift(t, 0, 4)),
        ("PATCH", "/v1/rosters/{id}") => {
            let path = format!("/v1/rosters/{}", entered().await);
            pass(&officer, &["privacy_officer"], 204, path, json!({ "confirmed": true }))
        }
        ("GET", "/v1/assignments/usage") => {
            pass(&officer, &["privacy_officer", "auditor"], 200, own, Value::Null)
        }
        _ => return None,
    })
}
