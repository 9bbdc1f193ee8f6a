//! Every door, as the router has them: without a token, with wrong ones, for every role, with bodies that are not well-formed;
//! and the entry that each leaves.

use gridvault::api::doors;
use gridvault::authority::Holder;
use gridvault::register::issue_token;
use gridvault_policy::Posture;
use gridvault_tests::{Answer, HOUR, On, TestVault, on_both};
use serde_json::{Value, json};

use crate::proofs::publish;
use crate::searching::said;

/// How a door is passed rightly: by whom, with what; and who else may pass it.
struct Pass {
    path: String,
    body: Option<String>,
    token: String,
    /// Roles (a service: its kind) that may pass it.
    roles: &'static [&'static str],
    status: u16,
}

const ANYBODY: &[&str] = &["*"];
const KEEPERS: &[&str] = &["data_steward", "privacy_officer"];
const READERS: &[&str] = &["data_steward", "privacy_officer", "auditor"];

/// The right way through each door. A door that is missing here fails the tests: nobody would have tried it.
#[expect(clippy::too_many_lines, reason = "a table")]
async fn pass(t: &TestVault, method: &str, path: &str) -> Pass {
    let steward = t.caller("data_steward", "none").token.clone();
    let officer = t.officer().to_owned();
    let (resident, premises) = (t.task(0).resident.unwrap(), t.task(0).premises.unwrap());
    let own = async || t.sign_in(resident).await;
    let pass = |token: String, roles, status, body: Value| Pass {
        path: path.replace("{id}", &resident.to_string()),
        body: Some(body.to_string()).filter(|_| !body.is_null()),
        token,
        roles,
        status,
    };
    let at = |mut pass: Pass, path: String| {
        pass.path = path;
        pass
    };
    let new = |number: &str| json!({ "number": number, "name": "新同事", "assignments": [{ "role": "grid_chief", "scheme": "social_grid", "areas": ["110106006901003"], "from": "2026-01-01" }] });
    let proposal = async |number: &str| {
        let answer = t.call("POST", "/v1/people", Some(&steward), Some(&new(number))).await;
        answer.body["proposal"].as_str().unwrap().to_owned()
    };
    let service = t.caller("service", "service_circle").holder;
    let hotline = t.caller("service", "hotline_12345").holder;
    let platform = t.caller("service", "governance_platform").holder;
    match (method, path) {
        ("POST", "/v1/lookups") => {
            pass(t.chief().token.clone(), &["grid_chief"], 200, t.visit(0, &["person.name"]))
        }
        ("POST", "/v1/lookups/batch") => {
            let body = json!({ "residents": [resident], "fields": ["person.name"], "purpose": "home_visit_care", "task": t.task(0).id, "assignment": t.task(0).assignment });
            pass(t.chief().token.clone(), &["grid_chief"], 200, body)
        }
        ("POST", "/v1/searches") => {
            let body = json!({ "by": "id_number", "value": said(0, "person.id_no"), "purpose": "home_visit_care", "task": t.task(0).id, "assignment": t.task(0).assignment });
            pass(t.chief().token.clone(), &["grid_chief"], 200, body)
        }
        ("POST", "/v1/verifications") => {
            let body = json!({ "by": "phone", "value": said(0, "person.phone"), "claims": { "person.name": "王小明" }, "purpose": "case_handling", "task": t.task(1).id });
            pass(t.caller("service", "hotline_12345").token.clone(), &["hotline_12345"], 200, body)
        }
        ("GET", "/v1/me/lookups") => pass(own().await, &["resident"], 200, Value::Null),
        ("PUT", "/v1/me/consents/{purpose}") => {
            let body = json!({ "state": "withdrawn" });
            at(pass(own().await, &["resident"], 200, body), "/v1/me/consents/home_visit_care".into())
        }
        ("POST", "/v1/audit/queries") => pass(officer, &["privacy_officer", "auditor"], 200, json!({})),
        ("POST", "/v1/audit/prunings") => {
            // Nothing here is three years old: what an order does is tried beside (`pruning.rs`).
            let body = json!({ "what": "private_parts", "before": "2023-06-01T00:00:00+08:00" });
            pass(officer, &["privacy_officer"], 409, body)
        }
        ("GET", "/v1/me/lookups/{lookup}/proof") => {
            let looked = t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
            publish(t).await;
            let path = format!("/v1/me/lookups/{}/proof", looked.body["lookup"]["id"].as_str().unwrap());
            at(pass(own().await, &["resident"], 200, Value::Null), path)
        }
        ("GET", "/v1/audit/entries/{seq}" | "/v1/audit/entries/{seq}/proof") => {
            publish(t).await;
            let path = path.replace("{seq}", "3");
            at(pass(officer, &["privacy_officer", "auditor"], 200, Value::Null), path)
        }
        ("GET", "/log/{tenant}/tile/entries/{*n}" | "/log/{tenant}/private/{*n}") => {
            publish(t).await;
            // Once an hour it leaves an entry.
            t.clock.step(HOUR);
            let path = path.replace("{tenant}", "donggaodi").replace("{*n}", "000");
            at(pass(officer, &["privacy_officer", "auditor"], 200, Value::Null), path)
        }
        ("GET", "/v1/self" | "/v1/catalog") => pass(own().await, ANYBODY, 200, Value::Null),
        ("POST", "/v1/residents") => {
            let body = json!({ "premises": premises, "fields": { "person.name": "新居民", "person.id_type": "resident_id", "person.id_no": "990106198507311238" } });
            pass(steward, &["data_steward"], 201, body)
        }
        ("PATCH", "/v1/residents/{id}") => {
            pass(steward, &["data_steward"], 204, json!({ "fields": { "person.phone": "12099990001" } }))
        }
        ("POST", "/v1/residents/{id}/erasure") => {
            pass(steward, KEEPERS, 202, json!({ "reason": "withdrawn" }))
        }
        ("PATCH", "/v1/residents/{id}/erasure") => {
            let asked = format!("/v1/residents/{resident}/erasure");
            t.call("POST", &asked, Some(&steward), Some(&json!({ "reason": "withdrawn" }))).await;
            pass(officer, KEEPERS, 204, json!({ "granted": false }))
        }
        ("PATCH", "/v1/premises/{id}") => {
            let body = json!({ "fields": { "premises.use": "02" } });
            at(pass(steward, &["data_steward"], 204, body), format!("/v1/premises/{premises}"))
        }
        ("POST", "/v1/residents/{id}/consents") => {
            let body = json!({ "purpose": "home_visit_care", "state": "withdrawn", "method": "signature" });
            let path = format!("/v1/residents/{}/consents", t.task(9).resident.unwrap());
            at(pass(steward, &["data_steward", "window_clerk"], 201, body), path)
        }
        ("POST", "/v1/tasks") => {
            let body = json!({ "source": "s", "number": "1", "kind": "visit", "purpose": "home_visit_care", "residents": [resident], "assignees": [t.task(0).assignment], "opens": "2026-11-24", "closes": "2026-11-25" });
            pass(steward, &["data_steward", "terminal_backend"], 201, body)
        }
        ("PATCH", "/v1/tasks/{id}") => {
            let body = json!({ "closed": true, "outcome": "done" });
            let path = format!("/v1/tasks/{}", t.task(6).id);
            at(pass(steward, &["data_steward", "dispatched_officer"], 204, body), path)
        }
        ("POST", "/v1/imports") => {
            let mut pass =
                at(pass(steward, &["data_steward"], 200, Value::Null), "/v1/imports?kind=premises".into());
            pass.body = Some(
                json!({ "fields": { "premises.code": "NEW-1", "premises.address": "新楼1号" }, "cells": {} })
                    .to_string(),
            );
            pass
        }
        ("GET", "/v1/proposals") => pass(officer, KEEPERS, 200, Value::Null),
        ("GET", "/v1/proposals/{id}") => {
            let path = format!("/v1/proposals/{}", proposal("N1").await);
            at(pass(officer, KEEPERS, 200, Value::Null), path)
        }
        ("GET", "/v1/proposals/{id}/codes") => {
            let id = proposal("N5").await;
            t.call("POST", &format!("/v1/proposals/{id}/confirm"), Some(&officer), None).await;
            at(pass(steward, &["data_steward"], 200, Value::Null), format!("/v1/proposals/{id}/codes"))
        }
        ("POST", "/v1/proposals/{id}/confirm" | "/v1/proposals/{id}/refuse") => {
            // The steward proposed it, and may take it back, not confirm it.
            let roles: &[&str] = if path.ends_with("confirm") { &["privacy_officer"] } else { KEEPERS };
            let number = if path.ends_with("confirm") { "N2" } else { "N3" };
            let path = path.replace("{id}", &proposal(number).await);
            at(pass(officer, roles, if number == "N2" { 200 } else { 204 }, Value::Null), path)
        }
        ("GET", "/v1/people") => pass(officer, READERS, 200, Value::Null),
        ("POST", "/v1/people") => pass(steward, KEEPERS, 202, new("N4")),
        ("GET", "/v1/people/{id}/assignments") => {
            let path = format!("/v1/people/{}/assignments", t.chief().holder);
            at(pass(officer, READERS, 200, Value::Null), path)
        }
        ("POST", "/v1/people/{id}/assignments") => {
            let path = format!("/v1/people/{}/assignments", t.caller("grid_supervisor", "none").holder);
            at(pass(steward, KEEPERS, 202, new("")["assignments"][0].clone()), path)
        }
        ("PATCH", "/v1/assignments/{id}") => {
            let path =
                format!("/v1/assignments/{}", t.caller("dispatched_officer", "justice").assignment.unwrap());
            at(pass(steward, KEEPERS, 204, json!({ "ended": true })), path)
        }
        ("GET", "/v1/services") => pass(officer, READERS, 200, Value::Null),
        ("POST", "/v1/services") => {
            let body = json!({ "kind": "hotline_96005", "agreement": { "purposes": ["case_handling"], "from": "2026-11-24", "to": "2027-11-24" } });
            pass(officer, &["privacy_officer"], 201, body)
        }
        ("PATCH", "/v1/services/{id}") => {
            let path = format!("/v1/services/{service}");
            at(pass(officer, &["privacy_officer"], 204, json!({ "ended": true })), path)
        }
        ("POST", "/v1/services/{id}/agreements") => {
            let body = json!({ "agreement": { "purposes": ["service_matching"], "from": "2026-11-24", "to": "2027-11-24" } });
            at(pass(officer, &["privacy_officer"], 201, body), format!("/v1/services/{platform}/agreements"))
        }
        ("GET", "/v1/services/{id}/tokens") => {
            at(pass(officer, READERS, 200, Value::Null), format!("/v1/services/{hotline}/tokens"))
        }
        ("POST", "/v1/services/{id}/tokens") => at(
            pass(officer, &["privacy_officer"], 201, Value::Null),
            format!("/v1/services/{hotline}/tokens"),
        ),
        ("DELETE", "/v1/tokens/{token}") => {
            let list = t.call("GET", &format!("/v1/services/{hotline}/tokens"), Some(&officer), None).await;
            let id = list.body["tokens"][0]["id"].as_str().unwrap().to_owned();
            at(pass(steward, KEEPERS, 204, Value::Null), format!("/v1/tokens/{id}"))
        }
        ("GET", "/v1/areas") => pass(steward, ANYBODY, 200, Value::Null),
        ("POST", "/v1/areas") => {
            let area = json!({ "scheme": "social_grid", "code": "110106006901099", "name": "新网格", "level": "grid", "parent": "110106006901", "from": "2026-01-01" });
            pass(steward, KEEPERS, 202, json!({ "areas": [area] }))
        }
        ("GET", "/v1/areas/check") => pass(officer, READERS, 200, Value::Null),
        ("DELETE", "/v1/sessions/current") => pass(own().await, ANYBODY, 204, Value::Null),
        _ => panic!("{method} {path} is a door that nobody tries: say here how it is passed"),
    }
}

async fn knock(t: &TestVault, method: &str, pass: &Pass, token: Option<&str>) -> Answer {
    t.call_raw(method, &pass.path, token, pass.body.clone()).await
}

/// Every role's token, with the name that the table knows it by, and the post to act in where there are several.
async fn everybody(t: &TestVault) -> Vec<(String, String, Option<uuid::Uuid>)> {
    let name = |c: &gridvault::demo::DemoCaller| {
        if c.role == "service" { c.department.clone() } else { c.role.clone() }
    };
    let mut all: Vec<_> = t.demo.callers.iter().map(|c| (name(c), c.token.clone(), c.assignment)).collect();
    all.push(("resident".into(), t.sign_in(t.task(5).resident.unwrap()).await, None));
    all
}

on_both!(d16_no_door_opens_without_a_live_token_of_this_tenants);
async fn d16_no_door_opens_without_a_live_token_of_this_tenants(on: On) {
    let t = TestVault::street(on).await;
    let (elsewhere, foreign) = TestVault::empty(On::Sqlite).await;
    drop(elsewhere);
    let forged = format!("gv1_{}", "A".repeat(43));
    let holder = Holder::Person(t.caller("data_steward", "none").holder);
    let issue = async |posture, lasts| {
        issue_token(&t.vault, holder, posture, lasts).await.unwrap().reveal().to_owned()
    };
    let (expired, ended) = (issue(Posture::Office, 1).await, issue(Posture::Office, HOUR).await);
    assert_eq!(t.call("DELETE", "/v1/sessions/current", Some(&ended), None).await.status, 204);
    t.clock.step(1_000_000);
    let mut passes = Vec::new();
    for door in doors().iter().filter(|door| !door.open) {
        passes.push((door.method, pass(&t, door.method, door.path).await));
    }
    let size = t.size().await;
    for (method, pass) in &passes {
        for token in
            [None, Some(""), Some("gv1_"), Some(&*forged), Some(&*foreign), Some(&*expired), Some(&*ended)]
        {
            let answer = knock(&t, method, pass, token).await;
            let got = (answer.status, answer.problem());
            assert_eq!(got, (401, "unauthenticated"), "{method} {} {token:?} {}", pass.path, answer.text);
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
        }
    }
    assert_eq!(t.size().await, size, "unknown credentials are counted, not entered one by one");
}

on_both!(no_door_but_a_lookups_opens_for_a_device_that_is_not_the_offices);
async fn no_door_but_a_lookups_opens_for_a_device_that_is_not_the_offices(on: On) {
    let t = TestVault::street(on).await;
    for door in doors()
        .iter()
        .filter(|door| !door.open && !matches!(door.path, "/v1/self" | "/v1/catalog" | "/v1/areas"))
    {
        if door.path.starts_with("/v1/me") || door.method == "DELETE" {
            continue;
        }
        if door.method == "GET" && door.path == "/v1/areas" {
            continue;
        }
        let pass = pass(&t, door.method, door.path).await;
        let who = t.demo.callers.iter().find(|c| c.token == pass.token).unwrap();
        let holder =
            if who.role == "service" { Holder::Service(who.holder) } else { Holder::Person(who.holder) };
        for posture in [Posture::Lost, Posture::Unmanaged] {
            let token = issue_token(&t.vault, holder, posture, HOUR).await.unwrap();
            let answer = knock(&t, door.method, &pass, Some(token.reveal())).await;
            let shown = answer.status == 200
                && (answer.text.contains("\"clear\"")
                    || answer.text.contains("\"name\"")
                    || answer.text.contains("\"holds\":true"));
            assert!(!shown, "{} {} {posture}: {}", door.method, door.path, answer.text);
            if !matches!(
                door.path,
                "/v1/lookups" | "/v1/lookups/batch" | "/v1/searches" | "/v1/verifications"
            ) {
                assert_eq!(
                    answer.body["reason"]["code"], "device_revoked",
                    "{} {}: {}",
                    door.method, door.path, answer.text
                );
            }
        }
    }
}

on_both!(every_door_refuses_every_role_that_has_no_business_behind_it);
async fn every_door_refuses_every_role_that_has_no_business_behind_it(on: On) {
    let t = TestVault::street(on).await;
    let all = everybody(&t).await;
    for door in doors().iter().filter(|door| !door.open) {
        let pass = pass(&t, door.method, door.path).await;
        if pass.roles == ANYBODY {
            continue;
        }
        for (name, token, post) in all.iter().filter(|(name, _, _)| !pass.roles.contains(&name.as_str())) {
            let mut path = pass.path.clone();
            let named_in_the_body = ["/v1/lookups", "/v1/searches", "/v1/verifications", "/v1/me"];
            if let (Some(post), false) = (post, named_in_the_body.iter().any(|door| path.starts_with(door))) {
                path = format!("{path}{}assignment={post}", if path.contains('?') { '&' } else { '?' });
            }
            let answer = t.call_raw(door.method, &path, Some(token), pass.body.clone()).await;
            let refused = matches!(answer.status, 403 | 404) || shows_nothing(&answer);
            assert!(
                refused,
                "{} {} lets {name} in: {} {}",
                door.method, door.path, answer.status, answer.text
            );
            assert!(answer.status < 400 || answer.headers["content-type"] == "application/problem+json");
        }
    }
}

/// An answer that is given alike whether there is something or not.
fn shows_nothing(answer: &Answer) -> bool {
    let refused = |item: &Value| item["problem"].is_string();
    answer.status == 200
        && (answer.body["results"] == json!([])
            || answer.body["holds"] == json!(false)
            || answer.body["lookups"].as_array().is_some_and(|l| !l.is_empty() && l.iter().all(refused)))
}

on_both!(every_door_leaves_the_entry_that_it_says);
async fn every_door_leaves_the_entry_that_it_says(on: On) {
    let t = TestVault::street(on).await;
    for door in doors().iter().filter(|door| !door.open && door.path != "/v1/sessions/current") {
        let pass = pass(&t, door.method, door.path).await;
        let size = t.size().await;
        let answer = knock(&t, door.method, &pass, Some(&pass.token)).await;
        assert_eq!(answer.status, pass.status, "{} {}: {}", door.method, pass.path, answer.text);
        let left = t.size().await - size;
        if pass.status == 409 {
            continue;
        }
        if door.enters.is_empty() {
            assert_eq!(left, 0, "{} {} says that it leaves no entry", door.method, door.path);
            continue;
        }
        let kinds: Vec<String> = t
            .entries(left)
            .await
            .iter()
            .map(|(public, _)| public["kind"].as_str().unwrap().to_owned())
            .collect();
        assert!(
            kinds.iter().any(|kind| door.enters.contains(&kind.as_str())),
            "{} {} left {kinds:?}",
            door.method,
            door.path
        );
    }
    assert!(matches!(t.verified().await.verdict, gridvault::trail::Verdict::Proven));
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
        (json!([id, null, null, ["person.name"], "home_visit_care", null, null, null, null]).to_string(), ""),
        (json!({ "resident": id, "990106199001010010": 1 }).to_string(), ""),
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
    // Nor is a query passed over that the door does not ask for, says a thing twice, or cannot be read.
    let officer = t.officer();
    for (path, pointer) in [
        ("/v1/people?sort=name", "?"),
        ("/v1/people?limit=5&limit=6", "?limit"),
        ("/v1/people?limit=0", "?limit"),
        ("/v1/people?assignment=mine", "?assignment"),
        ("/v1/self?assignment=mine", "?"),
    ] {
        let answer = t.call("GET", path, Some(officer), None).await;
        let got = (answer.problem(), &answer.body["errors"][0]["pointer"]);
        assert_eq!(got, ("invalid-request", &json!(pointer)), "{path}: {}", answer.text);
    }
    let large = t.call_raw("POST", "/v1/lookups", Some(token), Some("x".repeat(300_000))).await;
    assert_eq!((large.status, large.problem()), (413, "too-large"));
    for (method, path) in [("GET", "/nowhere"), ("GET", "/v1/lookups"), ("PATCH", "/v1/tasks/x")] {
        let steward = &t.caller("data_steward", "none").token;
        let body = json!({ "closed": true, "outcome": "done" });
        let answer = t.call(method, path, Some(steward), Some(&body)).await;
        assert_eq!((answer.status, answer.problem()), (404, "not-found"), "{method} {path}");
        assert!(answer.headers.contains_key("x-request-id"));
    }
    assert_eq!(t.size().await, size);
}

on_both!(what_is_wrong_with_one_of_several_is_said_of_that_one);
async fn what_is_wrong_with_one_of_several_is_said_of_that_one(on: On) {
    let t = TestVault::street(on).await;
    let officer = t.officer();
    let post = |from: &str| json!({ "role": "grid_chief", "scheme": "social_grid", "areas": ["110106006901003"], "from": from });
    let area = |from: &str| json!({ "scheme": "social_grid", "code": "110106006901098", "name": "新网格", "level": "grid", "parent": "110106006901", "from": from });
    let member =
        |number: &str, posts: &[Value]| json!({ "number": number, "name": "新同事", "assignments": posts });
    for (path, body, pointer) in [
        ("/v1/people", member("N7", &[post("2026-01-01"), post("soon")]), "/assignments/1/from"),
        ("/v1/people", member("N 7", &[post("2026-01-01")]), "/number"),
        ("/v1/areas", json!({ "areas": [area("2026-01-01"), area("2026-01-01T08:00:00")] }), "/areas/1/from"),
    ] {
        let answer = t.call("POST", path, Some(officer), Some(&body)).await;
        let got = (answer.problem(), &answer.body["errors"][0]["pointer"]);
        assert_eq!(got, ("invalid-request", &json!(pointer)), "{path}: {}", answer.text);
    }
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
