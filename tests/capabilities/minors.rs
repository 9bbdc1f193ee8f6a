//! Minors' data: nothing without a live approval, which stands longer for a child protection worker's files alone; the yearly
//! account of it; and deputies, named by two.

use gridvault_tests::{HOUR, On, TestVault, on_both};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::emergencies::{another_officer, chief, declare, deputy};

const DAY: i64 = 24 * HOUR;

/// A child of eleven with a file, in the chief's grid.
async fn child(t: &TestVault) -> Uuid {
    let fields = json!({ "person.name": "示例儿童", "person.id_type": "resident_id", "person.id_no": "990106201506010155",
        "person.birth_date": "2015-06-01", "minor.school": "示例小学", "disability.category": "1" });
    let body = json!({ "premises": t.task(0).premises, "fields": fields });
    let made =
        t.call("POST", "/v1/residents", Some(&t.caller("data_steward", "none").token), Some(&body)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.body["id"].as_str().unwrap().parse().unwrap()
}

async fn open(t: &TestVault, number: &str, kind: &str, residents: &[Uuid], post: Option<Uuid>) -> String {
    let body = json!({ "source": "test", "number": number, "kind": kind, "purpose": "minor_protection", "residents": residents,
        "assignees": [post], "opens": "2026-11-24T00:00:00+08:00", "closes": "2027-12-24T00:00:00+08:00" });
    let answer =
        t.call("POST", "/v1/tasks", Some(&t.caller("data_steward", "none").token), Some(&body)).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.body["id"].as_str().unwrap().to_owned()
}

async fn step(t: &TestVault, token: &str, task: &str, body: Value) -> (u16, String) {
    let answer = t.call("PATCH", &format!("/v1/tasks/{task}"), Some(token), Some(&body)).await;
    (answer.status, answer.body["errors"][0]["code"].as_str().unwrap_or_default().to_owned())
}

async fn look(t: &TestVault, child: Uuid, task: &str) -> (u16, String) {
    let worker = t.caller("grid_chief", "minors");
    let body = json!({ "resident": child, "fields": ["minor.school", "person.name"], "purpose": "minor_protection",
        "task": task, "assignment": worker.assignment });
    let answer = t.look(&worker.token, body).await;
    let said =
        if answer.status == 200 { answer.outcome("minor.school") } else { answer.reason("minor.school") };
    (answer.status, said.to_owned())
}

on_both!(d19b_a_childs_file_opens_with_a_live_approval_of_somebody_else_and_for_a_day);
async fn d19b_a_childs_file_opens_with_a_live_approval_of_somebody_else_and_for_a_day(on: On) {
    let t = TestVault::street(on).await;
    let child = child(&t).await;
    let worker = t.caller("grid_chief", "minors");
    let task = open(&t, "c1", "child_file", &[child], worker.assignment).await;
    let officer = t.officer().to_owned();
    assert_eq!(look(&t, child, &task).await, (403, "needs_approval".into()));
    // Neither of the worker's own, nor of who opened it.
    let yes = json!({ "confirmed": true });
    let own = format!("/v1/tasks/{task}?assignment={}", worker.assignment.unwrap());
    assert_eq!(t.call("PATCH", &own, Some(&worker.token), Some(&yes)).await.status, 403);
    assert_eq!(step(&t, &t.caller("data_steward", "none").token, &task, yes.clone()).await.0, 403);
    let stands_in = deputy(&t, worker.holder).await;
    let own = format!("/v1/tasks/{task}?assignment={}", stands_in.post);
    assert_eq!(
        t.call("PATCH", &own, Some(&stands_in.token), Some(&yes)).await.status,
        403,
        "nor as a deputy"
    );
    assert_eq!(step(&t, &officer, &task, yes.clone()).await.0, 204);
    assert_eq!(look(&t, child, &task).await, (200, "clear".into()));
    t.clock.step(DAY - 1);
    assert_eq!(look(&t, child, &task).await, (200, "clear".into()));
    assert_eq!(step(&t, &officer, &task, yes.clone()).await.0, 409, "it stands");
    t.clock.step(1);
    assert_eq!(look(&t, child, &task).await, (403, "needs_approval".into()));
    // Given anew, for another day, and taken back.
    assert_eq!(step(&t, &officer, &task, yes).await.0, 204);
    assert_eq!(look(&t, child, &task).await, (200, "clear".into()));
    let no = json!({ "confirmed": false });
    assert_eq!(step(&t, &t.caller("window_clerk", "none").token, &task, no.clone()).await.0, 403);
    assert_eq!(step(&t, &officer, &task, no.clone()).await.0, 204);
    assert_eq!(t.entries(1).await[0].0["kind"], "delegation.revoked");
    assert_eq!(look(&t, child, &task).await, (403, "needs_approval".into()));
    assert_eq!(step(&t, &officer, &task, no).await.0, 409);
}

on_both!(d19b_a_standing_approval_is_the_child_protection_workers_alone_child_by_child);
async fn d19b_a_standing_approval_is_the_child_protection_workers_alone_child_by_child(on: On) {
    let t = TestVault::street(on).await;
    let child = child(&t).await;
    let (worker, police) =
        (t.caller("grid_chief", "minors").assignment, t.caller("dispatched_officer", "police").assignment);
    let officer = t.officer().to_owned();
    let until = |until: &str| json!({ "confirmed": true, "until": until });
    let file = open(&t, "c1", "child_file", &[child], worker).await;
    for (task, moment, code) in [
        (file.clone(), "2027-11-30", "out_of_bounds"),
        (file.clone(), "2026-11-20", "out_of_bounds"),
        (file.clone(), "for ever", "time"),
        (
            t.open_task("c2", "home_visit_care", Some(child), None, worker.unwrap()).await.to_string(),
            "2026-12-20",
            "not_a_childs_file",
        ),
        (
            open(&t, "c3", "child_file", &[child, t.task(0).resident.unwrap()], worker).await,
            "2027-06-01",
            "not_a_childs_file",
        ),
        (open(&t, "c4", "child_file", &[child], police).await, "2027-06-01", "not_a_child_protection_worker"),
    ] {
        assert_eq!(step(&t, &officer, &task, until(moment)).await, (400, code.to_owned()), "{moment}");
    }
    assert_eq!(step(&t, &officer, &file, until("2027-11-24")).await.0, 204);
    t.clock.step(300 * DAY);
    let token = gridvault::register::issue_token(
        &t.vault,
        gridvault::authority::Holder::Person(t.chief().holder),
        gridvault_policy::Posture::Office,
        90 * DAY,
    );
    let token = token.await.unwrap();
    let look = async || {
        let body = json!({ "resident": child, "fields": ["minor.school"], "purpose": "minor_protection", "task": file, "assignment": worker });
        let answer = t.look(token.reveal(), body).await;
        (answer.status, answer.outcome("minor.school").to_owned(), answer.reason("minor.school").to_owned())
    };
    assert_eq!(look().await.0, 200);
    t.clock.step(65 * DAY);
    assert_eq!(look().await.2, "needs_approval", "a year is over");
    let officer = another_officer(&t, "P8").await;
    assert_eq!(step(&t, &officer, &file, json!({ "confirmed": false })).await.0, 409);
}

on_both!(d19b_no_other_duty_reads_a_minors_special_data_without_an_approval);
async fn d19b_no_other_duty_reads_a_minors_special_data_without_an_approval(on: On) {
    let t = TestVault::street(on).await;
    let child = child(&t).await;
    let officer = t.caller("dispatched_officer", "civil_affairs");
    let body = json!({ "source": "test", "number": "r1", "kind": "application", "purpose": "social_assistance", "residents": [child],
        "assignees": [officer.assignment], "opens": "2026-11-24T00:00:00+08:00", "closes": "2026-12-24T00:00:00+08:00" });
    let steward = &t.caller("data_steward", "none").token;
    let task = t.call("POST", "/v1/tasks", Some(steward), Some(&body)).await.body["id"].clone();
    let look = async || {
        let body = json!({ "resident": child, "fields": ["disability.category"], "purpose": "social_assistance", "task": task });
        t.look(&officer.token, body).await
    };
    let refused = look().await;
    assert_eq!(
        (refused.status, refused.reason("disability.category")),
        (403, "needs_approval"),
        "{}",
        refused.text
    );
    let id = task.as_str().unwrap();
    assert_eq!(step(&t, t.officer(), id, json!({ "confirmed": true })).await.0, 204);
    assert_eq!(look().await.outcome("disability.category"), "clear");
}

on_both!(d19b_the_yearly_account_counts_and_names_nobody);
async fn d19b_the_yearly_account_counts_and_names_nobody(on: On) {
    let t = TestVault::street(on).await;
    let child = child(&t).await;
    let worker = t.caller("grid_chief", "minors").assignment;
    let task = open(&t, "c1", "child_file", &[child], worker).await;
    look(&t, child, &task).await;
    assert_eq!(step(&t, t.officer(), &task, json!({ "confirmed": true })).await.0, 204);
    for _ in 0..2 {
        look(&t, child, &task).await;
    }
    t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
    let by = chief(&t);
    let declared =
        declare(&t, &by, json!({ "event": "120-1", "reason": "medical", "residents": [child] })).await;
    assert_eq!(declared.status, 201, "{}", declared.text);
    let body = json!({ "resident": child, "fields": ["disability.category"], "purpose": "emergency_rescue", "assignment": by.post,
        "basis": { "kind": "emergency", "ref": declared.body["id"] } });
    assert_eq!(t.look(&by.token, body).await.status, 200);
    assert_eq!(step(&t, t.officer(), &task, json!({ "confirmed": false })).await.0, 204);
    let year = async |token: &str, year: &str| {
        t.call("GET", &format!("/v1/audit/minors?year={year}"), Some(token), None).await
    };
    let account = year(t.officer(), "2026").await;
    assert_eq!(account.status, 200, "{}", account.text);
    let row = json!({ "month": "2026-11", "role": "grid_chief", "shown": 3, "approved": 2, "emergencies": 1, "refused": 1 });
    assert_eq!(account.body["accesses"], json!([row]));
    assert_eq!(
        account.body["approvals"],
        json!([{ "month": "2026-11", "given": 1, "standing": 0, "revoked": 1 }])
    );
    for somebody in [child.to_string(), t.chief().holder.to_string(), task] {
        assert!(!account.text.contains(&somebody));
    }
    assert_eq!(t.entries(1).await[0].0["kind"], "trail.read");
    assert_eq!(year(t.officer(), "2025").await.body["accesses"], json!([]));
    assert_eq!(year(&t.caller("auditor", "none").token, "2026").await.status, 200);
    assert_eq!(year(&t.caller("data_steward", "none").token, "2026").await.status, 403);
    assert_eq!(year(t.officer(), "26").await.status, 400);
}

on_both!(d19b_a_deputy_is_named_by_the_officer_confirmed_by_another_and_ends);
async fn d19b_a_deputy_is_named_by_the_officer_confirmed_by_another_and_ends(on: On) {
    let t = TestVault::street(on).await;
    let (officer, steward) = (t.caller("privacy_officer", "none"), t.caller("data_steward", "none"));
    let clerk = t.caller("window_clerk", "none").holder;
    let body = |more: Value| {
        let mut body = json!({ "role": "privacy_officer", "scheme": "social_grid", "areas": ["110106006000"],
            "from": "2026-11-24", "to": "2027-01-31", "deputy": true });
        for (member, value) in more.as_object().unwrap() {
            body[member] = value.clone();
        }
        body
    };
    let propose = async |token: &str, person: Uuid, more: Value| {
        let path = format!("/v1/people/{person}/assignments");
        t.call("POST", &path, Some(token), Some(&body(more))).await
    };
    // Not by the steward, not oneself, not for long, not of another role, not an auditor.
    assert_eq!(propose(&steward.token, clerk, json!({})).await.status, 403);
    assert_eq!(propose(&officer.token, officer.holder, json!({})).await.status, 403);
    for (more, pointer) in
        [(json!({ "to": "2027-03-31" }), "/to"), (json!({ "role": "data_steward" }), "/deputy")]
    {
        let refused = propose(&officer.token, clerk, more).await;
        assert_eq!(
            (refused.status, &refused.body["errors"][0]["pointer"]),
            (400, &json!(pointer)),
            "{}",
            refused.text
        );
    }
    let auditor = propose(&officer.token, t.caller("auditor", "none").holder, json!({})).await;
    assert_eq!(auditor.body["errors"][0]["code"], "held_apart", "{}", auditor.text);
    // Named, and not confirmed by the named one, nor by who named.
    let named = propose(&officer.token, steward.holder, json!({})).await;
    let confirm = format!("/v1/proposals/{}/confirm", named.body["proposal"].as_str().unwrap());
    for token in [&steward.token, &officer.token] {
        assert_eq!(t.call("POST", &confirm, Some(token), None).await.status, 403);
    }
    // A deputy names no deputy.
    let stands_in = deputy(&t, clerk).await;
    let path = format!("/v1/people/{}/assignments?assignment={}", steward.holder, stands_in.post);
    assert_eq!(t.call("POST", &path, Some(&stands_in.token), Some(&body(json!({})))).await.status, 403);
}
