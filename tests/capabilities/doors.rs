//! Every door: without a token, with a wrong one, with bodies that are not well-formed. And each lookup its entry.

use gridvault_tests::{On, TestVault, on_both};
use serde_json::{Value, json};

const DOORS: &[(&str, &str)] = &[
    ("POST", "/v1/lookups"),
    ("DELETE", "/v1/sessions/current"),
    ("POST", "/v1/tasks"),
    ("PATCH", "/v1/tasks/00000000-0000-7000-8000-000000000000"),
    ("POST", "/v1/residents/00000000-0000-4000-8000-000000000000/consents"),
    ("PUT", "/v1/me/consents/home_visit_care"),
    ("GET", "/v1/me/lookups"),
    ("POST", "/v1/audit/queries"),
    ("GET", "/v1/self"),
    ("GET", "/v1/catalog"),
    ("POST", "/v1/imports?kind=areas"),
];

/// A body that each door understands.
fn body(path: &str) -> Value {
    let id = "00000000-0000-4000-8000-000000000000";
    match path {
        "/v1/lookups" => json!({ "resident": id, "fields": ["person.name"], "purpose": "home_visit_care" }),
        "/v1/tasks" => {
            json!({ "source": "s", "number": "1", "kind": "visit", "purpose": "home_visit_care", "assignees": [], "opens": "2026-11-24", "closes": "2026-11-25" })
        }
        "/v1/me/consents/home_visit_care" => json!({ "state": "withdrawn" }),
        "/v1/audit/queries" => json!({}),
        p if p.ends_with("/consents") => {
            json!({ "purpose": "home_visit_care", "state": "given", "method": "signature" })
        }
        _ => json!({ "closed": true, "outcome": "done" }),
    }
}

on_both!(no_door_opens_without_a_live_token);
async fn no_door_opens_without_a_live_token(on: On) {
    let t = TestVault::street(on).await;
    let forged = format!("gv1_{}", "A".repeat(43));
    let size = t.size().await;
    for (method, path) in DOORS {
        for token in [None, Some(forged.as_str()), Some(""), Some("gv1_")] {
            let answer = t.call(method, path, token, Some(&body(path))).await;
            assert_eq!(
                (answer.status, answer.problem()),
                (401, "unauthenticated"),
                "{method} {path} {token:?} {}",
                answer.text
            );
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
        }
        let text =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../vault/src/api/router.rs"))
                .unwrap();
        let route = path.split('?').next().unwrap().split("00000000").next().unwrap();
        assert!(text.contains(route.trim_end_matches("home_visit_care")), "{path} is no route");
    }
    assert_eq!(t.size().await, size, "unknown credentials are counted, not entered one by one");
}

on_both!(what_is_not_well_formed_is_refused_with_a_pointer_and_without_an_entry);
async fn what_is_not_well_formed_is_refused_with_a_pointer_and_without_an_entry(on: On) {
    let t = TestVault::street(on).await;
    let token = &t.chief().token;
    let size = t.size().await;
    let id = t.task(0).resident.unwrap();
    for (text, pointer) in [
        ("{".to_owned(), ""),
        ("[]".to_owned(), ""),
        (json!({ "resident": id, "fields": ["person.name"], "purpose": "home_visit_care", "x": 1 }).to_string(), "/x"),
        (json!({ "resident": id, "fields": ["person.name"], "purpose": "visit" }).to_string(), "/purpose"),
        (json!({ "resident": "1", "fields": ["person.name"], "purpose": "home_visit_care" }).to_string(), "/resident"),
        (json!({ "fields": ["person.name"], "purpose": "home_visit_care" }).to_string(), ""),
        (json!({ "resident": id, "premises": id, "fields": ["person.name"], "purpose": "home_visit_care" }).to_string(), ""),
        (json!({ "resident": id, "fields": [], "purpose": "home_visit_care" }).to_string(), "/fields"),
        (json!({ "resident": id, "fields": ["person.name", "person.name"], "purpose": "home_visit_care" }).to_string(), "/fields/1"),
        (json!({ "resident": id, "fields": ["person.religion"], "purpose": "home_visit_care" }).to_string(), "/fields/0"),
        (json!({ "resident": id, "fields": ["case.id"], "purpose": "home_visit_care" }).to_string(), "/fields/0"),
        (format!("{{\"resident\":\"{id}\",\"resident\":\"{id}\",\"fields\":[\"person.name\"],\"purpose\":\"home_visit_care\"}}"), ""),
        (json!({ "resident": id, "fields": vec!["person.name"; 65], "purpose": "home_visit_care" }).to_string(), "/fields"),
    ] {
        let answer = t.call_raw("POST", "/v1/lookups", Some(token), Some(text.clone())).await;
        assert_eq!((answer.status, answer.problem()), (400, "invalid-request"), "{text}: {}", answer.text);
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        let errors = answer.body["errors"].as_array().unwrap();
        assert!(errors.iter().any(|e| e["pointer"] == pointer), "{text}: {}", answer.text);
    }
    let large = t.call_raw("POST", "/v1/lookups", Some(token), Some("x".repeat(300_000))).await;
    assert_eq!((large.status, large.problem()), (413, "too-large"));
    for (method, path) in [("GET", "/nowhere"), ("GET", "/v1/lookups"), ("PATCH", "/v1/tasks/x")] {
        let steward = &t.caller("data_steward", "none").token;
        let answer = t.call(method, path, Some(steward), Some(&body(path))).await;
        assert_eq!((answer.status, answer.problem()), (404, "not-found"), "{method} {path}");
        assert!(answer.headers.contains_key("x-request-id"));
    }
    assert_eq!(t.size().await, size);
}

on_both!(titles_are_chinese_unless_english_is_asked_for_and_health_is_told);
async fn titles_are_chinese_unless_english_is_asked_for_and_health_is_told(on: On) {
    let t = TestVault::street(on).await;
    assert_eq!(t.call("GET", "/nowhere", None, None).await.body["title"], "没有这条记录");
    assert_eq!(t.call("GET", "/healthz", None, None).await.status, 200);
    let ready = t.call("GET", "/readyz", None, None).await;
    assert_eq!((ready.status, &ready.body["ready"]), (200, &json!(true)));
}

on_both!(tasks_are_registered_once_for_others_and_within_the_agreement);
async fn tasks_are_registered_once_for_others_and_within_the_agreement(on: On) {
    let t = TestVault::street(on).await;
    let (steward, hotline) =
        (&t.caller("data_steward", "none").token, &t.caller("service", "hotline_12345").token);
    let task = |purpose: &str, number: &str| {
        json!({ "source": "12345", "number": number, "kind": "case", "purpose": purpose, "residents": [t.task(0).resident],
            "assignees": [t.task(0).assignment], "opens": "2026-11-24T09:00:00+08:00", "closes": "2026-11-30T09:00:00+08:00" })
    };
    let first = t.call("POST", "/v1/tasks", Some(hotline), Some(&task("case_handling", "a-1"))).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let again = t.call("POST", "/v1/tasks", Some(hotline), Some(&task("case_handling", "a-1"))).await;
    assert_eq!((again.status, &again.body["id"]), (200, &first.body["id"]));
    assert_eq!(
        t.call("POST", "/v1/tasks", Some(steward), Some(&task("case_handling", "a-1"))).await.status,
        409
    );
    assert_eq!(
        t.call("POST", "/v1/tasks", Some(hotline), Some(&task("home_visit_care", "a-2"))).await.status,
        403
    );
    let officer = &t.caller("dispatched_officer", "police").token;
    assert_eq!(
        t.call("POST", "/v1/tasks", Some(officer), Some(&task("case_handling", "a-3"))).await.status,
        403
    );
    let mut own = task("case_handling", "a-4");
    own["assignees"] = json!([t.caller("data_steward", "none").assignment]);
    assert_eq!(t.call("POST", "/v1/tasks", Some(steward), Some(&own)).await.status, 403);
    for (member, value) in [
        ("source", json!("a b")),
        ("closes", json!("2026-11-24T08:00:00+08:00")),
        ("residents", json!([uuid::Uuid::new_v4()])),
        ("opens", json!("soon")),
    ] {
        let mut wrong = task("case_handling", "a-5");
        wrong[member] = value;
        assert_eq!(t.call("POST", "/v1/tasks", Some(hotline), Some(&wrong)).await.status, 400, "{member}");
    }
    let path = format!("/v1/tasks/{}", first.body["id"].as_str().unwrap());
    let close = json!({ "closed": true, "outcome": "done" });
    assert_eq!(t.call("PATCH", &path, Some(officer), Some(&close)).await.status, 404);
    assert_eq!(t.call("PATCH", &path, Some(hotline), Some(&close)).await.status, 204);
    assert_eq!(t.call("PATCH", &path, Some(hotline), Some(&close)).await.status, 409);
    // A handler of several posts says in which one a task is closed.
    let path = format!("/v1/tasks/{}", t.task(1).id);
    let chief = &t.chief().token;
    assert_eq!(t.call("PATCH", &path, Some(chief), Some(&close)).await.problem(), "assignment-required");
    let path = format!("{path}?assignment={}", t.task(1).assignment);
    assert_eq!(t.call("PATCH", &path, Some(chief), Some(&close)).await.status, 204);
    let entry = t.entries(1).await.pop().unwrap();
    assert_eq!(entry.0["kind"], "task.closed");
    assert_eq!(entry.1["state"].as_object().unwrap().len(), 1);
}
