//! The resident signs in and sees who looked; officers read the trail; each look at it is on record.

use gridvault_tests::{HOUR, On, TestVault, on_both};
use serde_json::json;

on_both!(d22_a_resident_sees_the_line_of_each_lookup_that_showed_something);
async fn d22_a_resident_sees_the_line_of_each_lookup_that_showed_something(on: On) {
    let t = TestVault::street(on).await;
    let resident = t.task(0).resident.unwrap();
    t.look(&t.chief().token, t.visit(0, &["person.name", "person.birth_date", "person.id_no"])).await;
    let mut denied = t.visit(0, &["person.name"]);
    denied.as_object_mut().unwrap().remove("task");
    t.look(&t.chief().token, denied).await;
    let session = t.sign_in(resident).await;
    let answer = t.call("GET", "/v1/me/lookups", Some(&session), None).await;
    assert_eq!(answer.status, 200);
    let lines = answer.body["lookups"].as_array().unwrap();
    assert_eq!(lines.len(), 1, "{}", answer.text);
    let line = &lines[0];
    assert_eq!(line["at"], "2026-11-24T09:30:00+08:00");
    assert_eq!(line["who"], json!({ "role": "grid_chief", "area": "示例一社区第1网格", "through": null }));
    assert_eq!(line["fields"], json!({ "person.name": "clear", "person.birth_date": "masked" }));
    assert_eq!(
        (&line["purpose"], &line["basis"], &line["proof"]),
        (&json!("home_visit_care"), &json!("consent"), &json!("pending"))
    );
    insta::assert_snapshot!(line["text"].as_str().unwrap());
    assert!(line.get("seq").is_none());
    assert_eq!(t.entries(1).await[0].0["kind"], "trail.read");
    // Nobody else sees it.
    let other = t.sign_in(t.task(1).resident.unwrap()).await;
    assert_eq!(t.call("GET", "/v1/me/lookups", Some(&other), None).await.body["lookups"], json!([]));
    assert_eq!(t.call("GET", "/v1/me/lookups", Some(&t.chief().token), None).await.status, 403);
    // Pages go on from a line's id.
    for _ in 0..3 {
        t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
    }
    let first = t.call("GET", "/v1/me/lookups?limit=2", Some(&session), None).await;
    let next = first.body["next"].as_str().unwrap();
    let second = t.call("GET", &format!("/v1/me/lookups?limit=2&after={next}"), Some(&session), None).await;
    assert_eq!(
        (first.body["lookups"].as_array().unwrap().len(), second.body["lookups"].as_array().unwrap().len()),
        (2, 2)
    );
    assert!(second.body["next"].is_null());
}

on_both!(a_look_at_an_address_stands_on_the_statement_of_those_who_live_there);
async fn a_look_at_an_address_stands_on_the_statement_of_those_who_live_there(on: On) {
    let t = TestVault::street(on).await;
    let (task, resident) = (t.task(0), t.task(0).resident.unwrap());
    let fire = t.open_task("f-1", "fire_safety_check", None, task.premises, task.assignment).await;
    let body = json!({ "premises": task.premises, "fields": ["premises.address"], "purpose": "fire_safety_check", "task": fire, "assignment": task.assignment });
    assert_eq!(t.look(&t.chief().token, body).await.status, 200);
    let session = t.sign_in(resident).await;
    let lines = t.call("GET", "/v1/me/lookups", Some(&session), None).await;
    assert_eq!(lines.body["lookups"][0]["fields"], json!({ "premises.address": "clear" }));
}

on_both!(officers_and_auditors_read_the_trail_and_nobody_else);
async fn officers_and_auditors_read_the_trail_and_nobody_else(on: On) {
    let t = TestVault::street(on).await;
    t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
    let ask = json!({ "kinds": ["lookup"], "record": t.task(0).resident, "limit": 10 });
    for role in ["privacy_officer", "auditor"] {
        let answer =
            t.call("POST", "/v1/audit/queries", Some(&t.caller(role, "none").token), Some(&ask)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let entries = answer.body["entries"].as_array().unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0]["public"]["result"], "allowed");
        assert_eq!(entries[0]["private"]["actor"]["assignment"], json!(t.task(0).assignment));
        assert_eq!(t.entries(1).await[0].0["kind"], "trail.read");
    }
    for role in ["data_steward", "grid_supervisor"] {
        let answer =
            t.call("POST", "/v1/audit/queries", Some(&t.caller(role, "none").token), Some(&ask)).await;
        assert_eq!(answer.status, 403, "{role}");
    }
    let officer = &t.caller("privacy_officer", "none").token;
    let page = t.call("POST", "/v1/audit/queries", Some(officer), Some(&json!({ "limit": 3 }))).await;
    assert_eq!(page.body["next"], 2);
    let wrong =
        t.call("POST", "/v1/audit/queries", Some(officer), Some(&json!({ "kinds": ["lokup"] }))).await;
    assert_eq!(wrong.status, 400);
}

on_both!(sessions_begin_with_a_code_end_when_told_and_expire);
async fn sessions_begin_with_a_code_end_when_told_and_expire(on: On) {
    let t = TestVault::street(on).await;
    let resident = t.task(0).resident.unwrap();
    let session = t.sign_in(resident).await;
    assert_eq!(t.entries(1).await[0].0["kind"], "auth.signed_in");
    assert_eq!(t.call("DELETE", "/v1/sessions/current", Some(&session), None).await.status, 204);
    assert_eq!(t.call("GET", "/v1/me/lookups", Some(&session), None).await.status, 401);
    let session = t.sign_in(resident).await;
    t.clock.step(13 * HOUR);
    assert_eq!(t.call("GET", "/v1/me/lookups", Some(&session), None).await.status, 401);
    // Guessing is slowed: after five wrong codes a source waits.
    let wrong = json!({ "code": "AAAA-BBBB-CCCC-DDDD" });
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(t.call("POST", "/v1/sessions", None, Some(&wrong)).await.status);
    }
    assert!(statuses[..5].iter().all(|s| *s == 401) && statuses.contains(&429), "{statuses:?}");
}

on_both!(a_one_time_code_signs_in_once);
async fn a_one_time_code_signs_in_once(on: On) {
    use gridvault::authority::Holder;
    use gridvault::register::issue_code;
    let t = TestVault::street(on).await;
    let code = issue_code(&t.vault, Holder::Resident(t.task(0).resident.unwrap()), HOUR, true).await.unwrap();
    let typed = json!({ "code": code.reveal().to_lowercase().replace('-', " ") });
    assert_eq!(t.call("POST", "/v1/sessions", None, Some(&typed)).await.status, 201);
    assert_eq!(t.call("POST", "/v1/sessions", None, Some(&typed)).await.status, 401);
    let late = issue_code(&t.vault, Holder::Resident(t.task(0).resident.unwrap()), HOUR, true).await.unwrap();
    t.clock.step(2 * HOUR);
    assert_eq!(
        t.call("POST", "/v1/sessions", None, Some(&json!({ "code": late.reveal() }))).await.status,
        401
    );
}
