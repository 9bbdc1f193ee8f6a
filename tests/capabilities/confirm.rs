//! What a task says of its fields, and what somebody else must confirm.

use gridvault::demo::DemoCaller;
use gridvault_tests::{HOUR, On, TestVault, on_both};
use serde_json::{Value, json};

/// A task of that kind and purpose for the post, with fields, opened by the data steward; gives its id.
async fn open(
    t: &TestVault,
    number: &str,
    kind: &str,
    purpose: &str,
    post: Value,
    fields: &[&str],
) -> String {
    let body = json!({
        "source": "test", "number": number, "kind": kind, "purpose": purpose, "residents": [t.task(0).resident],
        "assignees": [post], "opens": "2026-11-24T00:00:00+08:00", "closes": "2026-12-24T00:00:00+08:00", "fields": fields,
    });
    let answer =
        t.call("POST", "/v1/tasks", Some(&t.caller("data_steward", "none").token), Some(&body)).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.body["id"].as_str().unwrap().to_owned()
}

on_both!(the_field_to_be_checked_is_clear_and_the_rest_is_masked);
async fn the_field_to_be_checked_is_clear_and_the_rest_is_masked(on: On) {
    let t = TestVault::street(on).await;
    let officer = t.caller("dispatched_officer", "urban_management");
    let check = async |number: &str, caller: &DemoCaller| {
        let post = json!(caller.assignment);
        let task = open(&t, number, "quality_check", "data_quality", post.clone(), &["person.phone"]).await;
        let body = json!({
            "resident": t.task(0).resident, "fields": ["person.phone", "person.name", "person.id_no"],
            "purpose": "data_quality", "task": task, "assignment": post,
        });
        t.look(&caller.token, body).await
    };
    // A chief whose post cites no such duty checks nothing.
    let chief = check("q0", t.chief()).await;
    assert_eq!((chief.status, chief.reason("person.phone")), (403, "no_basis"), "{}", chief.text);
    let look = check("q1", officer).await;
    assert_eq!(look.status, 200, "{}", look.text);
    assert_eq!((look.outcome("person.phone"), look.outcome("person.name")), ("clear", "masked"));
    assert_eq!(look.reason("person.id_no"), "field_not_for_purpose");
    let (public, private) = t.entries(1).await.pop().unwrap();
    assert_eq!(public["basis"], "statutory_duty");
    assert_eq!(private["facts"]["flags"], json!(["named:person.phone"]));
    // Fields that are none, and too many of them.
    let steward = &t.caller("data_steward", "none").token;
    let two = vec!["person.name", "person.phone"];
    for (fields, code) in
        [(vec!["person.religion"], "field_unknown"), (vec!["person.name"; 65], "too_many"), (two, "one")]
    {
        let body = json!({
            "source": "test", "number": "q2", "kind": "quality_check", "purpose": "data_quality",
            "residents": [t.task(0).resident], "assignees": [t.chief().assignment],
            "opens": "2026-11-24T00:00:00+08:00", "closes": "2026-12-24T00:00:00+08:00", "fields": fields,
        });
        let refused = t.call("POST", "/v1/tasks", Some(steward), Some(&body)).await;
        assert_eq!(
            (refused.status, &refused.body["errors"][0]["code"]),
            (400, &json!(code)),
            "{}",
            refused.text
        );
    }
}

on_both!(the_window_sees_an_application_once_a_second_person_confirmed_it);
async fn the_window_sees_an_application_once_a_second_person_confirmed_it(on: On) {
    let t = TestVault::street(on).await;
    let clerk = t.caller("window_clerk", "none");
    let fields = ["person.id_no", "person.name"];
    let task = open(&t, "w1", "application", "window_service", json!(clerk.assignment), &fields).await;
    let look = async || {
        let body = json!({
            "resident": t.task(0).resident, "fields": ["person.id_no", "person.phone"], "purpose": "window_service", "task": task,
        });
        t.look(&clerk.token, body).await
    };
    let before = look().await;
    assert_eq!(before.status, 403, "{}", before.text);
    let path = format!("/v1/tasks/{task}");
    let confirm = async |token: &str| {
        t.call("PATCH", &path, Some(token), Some(&json!({ "confirmed": true }))).await.status
    };
    // Neither who opened it, nor who is given it, nor who has no say.
    assert_eq!(confirm(&t.caller("data_steward", "none").token).await, 403);
    assert_eq!(confirm(&clerk.token).await, 403);
    assert_eq!(confirm(&t.chief().token).await, 403);
    let officer = &t.caller("privacy_officer", "none").token;
    assert_eq!(confirm(officer).await, 204);
    assert_eq!(confirm(officer).await, 409, "once");
    let (public, private) = t.entries(1).await.pop().unwrap();
    assert_eq!((&public["kind"], &private["detail"]["confirmed"]), (&json!("task.opened"), &json!(1)));
    let after = look().await;
    assert_eq!(after.status, 200, "{}", after.text);
    assert_eq!((after.outcome("person.id_no"), after.outcome("person.phone")), ("clear", "masked"));
    // One step at a time.
    for body in [
        json!({ "confirmed": true, "closed": true, "outcome": "done" }),
        json!({ "closed": true }),
        json!({}),
    ] {
        assert_eq!(t.call("PATCH", &path, Some(officer), Some(&body)).await.status, 400, "{body}");
    }
    // Closed, it gives nothing any more.
    let closed = json!({ "closed": true, "outcome": "done" });
    assert_eq!(t.call("PATCH", &path, Some(&clerk.token), Some(&closed)).await.status, 204);
    assert_eq!(look().await.status, 403);
}

on_both!(a_confirmed_task_is_no_consent_of_a_guardian);
async fn a_confirmed_task_is_no_consent_of_a_guardian(on: On) {
    let t = TestVault::street(on).await;
    let task = open(&t, "v1", "visit", "home_visit_care", json!(t.chief().assignment), &[]).await;
    let path = format!("/v1/tasks/{task}");
    let officer = &t.caller("privacy_officer", "none").token;
    assert_eq!(t.call("PATCH", &path, Some(officer), Some(&json!({ "confirmed": true }))).await.status, 204);
    let mut body = t.visit(0, &["person.name"]);
    body["task"] = json!(task);
    body["assignment"] = json!(t.chief().assignment);
    assert_eq!(t.look(&t.chief().token, body).await.status, 200);
    let (_, private) = t.entries(1).await.pop().unwrap();
    assert_eq!(
        private["facts"]["flags"],
        json!([]),
        "it rests on a consent: the task's confirmation does not count"
    );
}

on_both!(a_confirmation_is_good_for_a_day);
async fn a_confirmation_is_good_for_a_day(on: On) {
    let t = TestVault::street(on).await;
    let clerk = t.caller("window_clerk", "none");
    let task =
        open(&t, "w2", "application", "window_service", json!(clerk.assignment), &["person.id_no"]).await;
    let officer = &t.caller("privacy_officer", "none").token;
    let path = format!("/v1/tasks/{task}");
    assert_eq!(t.call("PATCH", &path, Some(officer), Some(&json!({ "confirmed": true }))).await.status, 204);
    let look = async || {
        let body = json!({
            "resident": t.task(0).resident, "fields": ["person.id_no"], "purpose": "window_service", "task": task,
        });
        t.look(&clerk.token, body).await
    };
    t.clock.step(23 * HOUR);
    assert_eq!(look().await.outcome("person.id_no"), "clear");
    t.clock.step(HOUR);
    assert_eq!(look().await.status, 403);
}

on_both!(a_service_that_acts_for_people_gets_nothing_by_a_task_of_its_own);
async fn a_service_that_acts_for_people_gets_nothing_by_a_task_of_its_own(on: On) {
    let t = TestVault::street(on).await;
    let backend = t.caller("service", "terminal_backend");
    let body = json!({
        "source": "terminal", "number": "1", "kind": "case", "purpose": "case_handling",
        "residents": [t.task(0).resident], "assignees": [], "opens": "2026-11-24T00:00:00+08:00",
        "closes": "2026-12-24T00:00:00+08:00",
    });
    let opened = t.call("POST", "/v1/tasks", Some(&backend.token), Some(&body)).await;
    assert_eq!(opened.status, 201, "{}", opened.text);
    let look = json!({
        "resident": t.task(0).resident, "fields": ["person.name", "premises.address"],
        "purpose": "case_handling", "task": opened.body["id"],
    });
    let refused = t.look(&backend.token, look).await;
    assert_eq!((refused.status, refused.reason("person.name")), (403, "no_basis"), "{}", refused.text);
}

on_both!(what_a_resident_withdrew_staff_does_not_give_again);
async fn what_a_resident_withdrew_staff_does_not_give_again(on: On) {
    let t = TestVault::street(on).await;
    let resident = t.task(0).resident.unwrap();
    let session = t.sign_in(resident).await;
    let own = async |state: &str| {
        let body = json!({ "state": state });
        t.call("PUT", "/v1/me/consents/home_visit_care", Some(&session), Some(&body)).await.status
    };
    assert_eq!(own("withdrawn").await, 200);
    let given = json!({ "purpose": "home_visit_care", "state": "given", "method": "signature" });
    let path = format!("/v1/residents/{resident}/consents");
    let steward = &t.caller("data_steward", "none").token;
    assert_eq!(t.call("POST", &path, Some(steward), Some(&given)).await.status, 409);
    assert_eq!(own("given").await, 200);
}
