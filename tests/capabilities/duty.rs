//! Duty: the office's time, rosters, covering for somebody; asked outside of it.

use gridvault::clock::rfc3339;
use gridvault::store::EntryFilter;
use gridvault_tests::{Answer, HOUR, MORNING, On, TestVault, on_both};
use serde_json::{Value, json};

/// A shift of the second chief's so many hours from this morning on.
pub(crate) fn shift(t: &TestVault, from: i64, to: i64) -> Value {
    let post = t.demo.callers.iter().filter(|c| c.role == "grid_chief").nth(2).unwrap().assignment;
    json!({ "assignment": post, "from": rfc3339(MORNING + from * HOUR), "to": rfc3339(MORNING + to * HOUR) })
}

async fn enter(t: &TestVault, body: &Value) -> Answer {
    t.call("POST", "/v1/rosters", Some(&t.caller("data_steward", "none").token), Some(body)).await
}

async fn step(t: &TestVault, token: &str, id: &Value, step: Value) -> u16 {
    t.call("PATCH", &format!("/v1/rosters/{}", id.as_str().unwrap()), Some(token), Some(&step)).await.status
}

/// A shift of the first chief's, in force.
async fn rostered(t: &TestVault, from: i64, to: i64) -> Value {
    let body = json!({ "person": t.chief().holder, "from": rfc3339(MORNING + from * HOUR), "to": rfc3339(MORNING + to * HOUR) });
    let made = enter(t, &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(step(t, t.officer(), &made.body["id"], json!({ "confirmed": true })).await, 204);
    made.body["id"].clone()
}

async fn findings(t: &TestVault, code: &str) -> usize {
    let filter = EntryFilter { kinds: vec!["finding.raised".into()], limit: 1000, ..Default::default() };
    let entries = t.vault.store.entries(&filter).await.unwrap();
    entries
        .iter()
        .filter(|entry| {
            let private: Value = serde_json::from_slice(entry.private.as_deref().unwrap()).unwrap();
            private["detail"]["code"] == code
        })
        .count()
}

on_both!(without_a_roster_the_night_is_permitted_and_noticed_once_a_person_and_day);
async fn without_a_roster_the_night_is_permitted_and_noticed_once_a_person_and_day(on: On) {
    let t = TestVault::street(on).await;
    let other = t.instance("pin-b").await;
    let look = async |t: &TestVault| t.look(&t.chief().token, t.visit(0, &["person.name"])).await.status;
    assert_eq!(look(&t).await, 200);
    assert_eq!(findings(&t, "off_hours").await, 0);
    // 17:59, and 18:00.
    t.clock.step(8 * HOUR + HOUR / 2 - 60_000_000);
    assert_eq!((look(&t).await, findings(&t, "off_hours").await), (200, 0));
    t.clock.step(60_000_000);
    for door in [&t, &other, &t, &other] {
        assert_eq!(look(door).await, 200);
    }
    assert_eq!(findings(&t, "off_hours").await, 1, "once, over all instances");
    let (public, private) = t.entries(5).await.remove(0);
    assert_eq!((&public["kind"], &public["reason"]), (&json!("finding.raised"), &json!("off_duty")));
    assert_eq!(private["actor"]["id"], json!(t.chief().holder));
    // Another person, and another day.
    let police = t.caller("dispatched_officer", "police");
    assert_eq!(t.look(&police.token, t.visit(7, &["person.name"])).await.status, 200);
    assert_eq!(findings(&t, "off_hours").await, 2);
    t.clock.step(24 * HOUR);
    assert_eq!((look(&t).await, findings(&t, "off_hours").await), (200, 3));
    // A day off is outside the office's time, whatever the hour: Saturday noon.
    t.clock.step(2 * 24 * HOUR + 18 * HOUR);
    assert_eq!((look(&t).await, findings(&t, "off_hours").await), (200, 4));
    // Searches and comparisons are noticed like lookups; services and residents have no hours.
    let session = t.sign_in(t.task(0).resident.unwrap()).await;
    assert_eq!(t.call("GET", "/v1/me/lookups", Some(&session), None).await.status, 200);
    assert_eq!(findings(&t, "off_hours").await, 4);
}

on_both!(with_a_roster_the_night_is_denied_but_for_emergency_notices);
async fn with_a_roster_the_night_is_denied_but_for_emergency_notices(on: On) {
    // Hard denial 6; the duty part of S13.
    let t = TestVault::street(on).await;
    let look = async |n| t.look(&t.chief().token, t.visit(n, &["person.name"])).await;
    // A shift this evening from 19:30 to 23:30.
    rostered(&t, 10, 14).await;
    assert_eq!(look(0).await.status, 200, "in the office's time");
    t.clock.step(9 * HOUR);
    let before = look(0).await;
    assert_eq!((before.status, before.reason("person.name")), (403, "off_duty"), "{}", before.text);
    assert_eq!(before.body["fields"]["person.name"]["rule"], "R-310");
    let (_, private) = t.entries(1).await.pop().unwrap();
    assert_eq!(private["facts"]["duty"], "off");
    assert_eq!(look(4).await.outcome("person.name"), "masked", "an emergency notice goes out all the same");
    t.clock.step(HOUR);
    assert_eq!(look(0).await.status, 200, "on the minute");
    t.clock.step(4 * HOUR - 1);
    assert_eq!(look(0).await.status, 200);
    t.clock.step(1);
    assert_eq!(look(0).await.reason("person.name"), "off_duty");
    // Through a service that acts for the chief it is the same.
    let backend = t.caller("service", "terminal_backend");
    let mut body = t.visit(0, &["person.name"]);
    (body["assignment"], body["on_behalf_of"]) = (Value::Null, json!(t.task(0).assignment));
    assert_eq!(t.look(&backend.token, body).await.reason("person.name"), "off_duty");
    assert_eq!(findings(&t, "off_hours").await, 0);
    // Held to the roster for its week and for two weeks behind it, and then no longer.
    t.clock.step(13 * 24 * HOUR);
    assert_eq!(t.look(&t.chief().token, t.visit(4, &["person.name"])).await.status, 200);
    let task = t.open_task("late", "home_visit_care", t.task(0).resident, None, t.task(0).assignment).await;
    let night = async || {
        let mut body = t.visit(0, &["person.name"]);
        body["task"] = json!(task);
        t.look(&t.chief().token, body).await
    };
    assert_eq!(night().await.reason("person.name"), "off_duty");
    t.clock.step(24 * HOUR);
    assert_eq!(night().await.status, 200);
    assert_eq!(findings(&t, "off_hours").await, 1);
}

on_both!(a_shift_counts_when_a_second_person_has_confirmed_it_and_until_it_is_taken_back);
async fn a_shift_counts_when_a_second_person_has_confirmed_it_and_until_it_is_taken_back(on: On) {
    let t = TestVault::street(on).await;
    let other = t.instance("pin-b").await;
    let (steward, officer) = (t.caller("data_steward", "none"), t.officer());
    let look = async |t: &TestVault| t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
    rostered(&t, 1, 2).await;
    t.clock.step(10 * HOUR);
    assert_eq!(look(&t).await.reason("person.name"), "off_duty");
    let body = json!({ "person": t.chief().holder, "from": rfc3339(MORNING + 10 * HOUR), "to": rfc3339(MORNING + 12 * HOUR) });
    let made = enter(&t, &body).await;
    assert_eq!(look(&t).await.status, 403, "one person's word");
    let id = &made.body["id"];
    let confirm = json!({ "confirmed": true });
    assert_eq!(step(&t, &steward.token, id, confirm.clone()).await, 403, "who entered it");
    assert_eq!(step(&t, &t.caller("auditor", "none").token, id, confirm.clone()).await, 403);
    assert_eq!(step(&t, officer, id, confirm.clone()).await, 204);
    assert_eq!(step(&t, officer, id, confirm).await, 409);
    assert_eq!((look(&t).await.status, look(&other).await.status), (200, 200));
    assert_eq!(step(&t, officer, id, json!({ "ended": true })).await, 204);
    assert_eq!((look(&t).await.status, look(&other).await.status), (403, 403), "at once, everywhere");
    // Nobody's own; and only what can be a shift.
    let own = json!({ "person": steward.holder, "from": rfc3339(MORNING + 12 * HOUR), "to": rfc3339(MORNING + 14 * HOUR) });
    assert_eq!(enter(&t, &own).await.status, 403);
    let post = json!(t.chief().assignment);
    for (member, value, pointer) in [
        ("to", json!(rfc3339(MORNING + 40 * HOUR)), "/to"),
        ("to", json!(rfc3339(MORNING + 9 * HOUR)), "/to"),
        ("from", json!("noon"), "/from"),
        ("person", json!(uuid::Uuid::now_v7()), "/person"),
        ("assignment", post.clone(), "/person"),
        ("covers", post, "/covers"),
    ] {
        let mut wrong = body.clone();
        wrong[member] = value;
        let answer = enter(&t, &wrong).await;
        assert_eq!(
            (answer.status, &answer.body["errors"][0]["pointer"]),
            (400, &json!(pointer)),
            "{member}: {}",
            answer.text
        );
    }
    let list = t.call("GET", "/v1/rosters?limit=1", Some(officer), None).await;
    let next = list.body["next"].as_str().unwrap().to_owned();
    assert_eq!(list.body["rosters"].as_array().unwrap().len(), 1);
    let rest = t.call("GET", &format!("/v1/rosters?after={next}"), Some(officer), None).await;
    assert_eq!(
        (rest.body["rosters"][0]["ended"].clone(), rest.body["next"].clone()),
        (json!(true), Value::Null)
    );
}

on_both!(who_covers_for_somebody_does_so_in_two_steps_and_for_the_shift);
async fn who_covers_for_somebody_does_so_in_two_steps_and_for_the_shift(on: On) {
    let t = TestVault::street(on).await;
    let covered = t.demo.callers.iter().filter(|c| c.role == "grid_chief").nth(2).unwrap();
    let body = json!({ "person": t.chief().holder, "from": rfc3339(MORNING + HOUR), "to": rfc3339(MORNING + 3 * 24 * HOUR), "covers": covered.assignment });
    let made = enter(&t, &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let duty = async || {
        assert_eq!(t.look(&t.chief().token, t.visit(0, &["person.name"])).await.status, 200);
        t.entries(1).await.pop().unwrap().1["facts"]["duty"].as_str().unwrap().to_owned()
    };
    t.clock.step(2 * HOUR);
    assert_eq!(duty().await, "on", "one step is none");
    assert_eq!(step(&t, t.officer(), &made.body["id"], json!({ "confirmed": true })).await, 204);
    assert_eq!(duty().await, "covering");
    t.clock.step(12 * HOUR);
    assert_eq!(duty().await, "covering", "at night, too");
    t.clock.step(60 * HOUR);
    assert_eq!(duty().await, "on");
}
