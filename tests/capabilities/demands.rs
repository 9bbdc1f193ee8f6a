//! Demands of authorities: by a document, approved by somebody else, kept back for a time and then shown.

use gridvault::authority::{Holder, Why};
use gridvault::register::{issue_token, watch_emergencies};
use gridvault_policy::Posture;
use gridvault_tests::{Answer, HOUR, On, TestVault, on_both};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::emergencies::{another_officer, deputy, owed};
use crate::proofs::publish;

const DAY: i64 = 24 * HOUR;
pub(crate) const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

pub(crate) fn demand(resident: Uuid, embargo: Option<&str>) -> Value {
    let mut body = json!({ "document": "示例公（刑）调证字〔2026〕12号", "sha256": DIGEST, "organ": "police",
        "residents": [resident], "fields": ["person.name", "person.phone"] });
    if let Some(until) = embargo {
        body["embargo_until"] = json!(until);
    }
    body
}

/// A token that outlives the embargo.
async fn lasting(t: &TestVault, holder: Holder) -> String {
    let posture = if matches!(holder, Holder::Resident(_)) { Posture::Unmanaged } else { Posture::Office };
    issue_token(&t.vault, holder, posture, 400 * DAY).await.unwrap().reveal().to_owned()
}

/// The officer's token and the steward's.
async fn keepers(t: &TestVault) -> (String, String) {
    let of = |role| Holder::Person(t.caller(role, "none").holder);
    (lasting(t, of("privacy_officer")).await, lasting(t, of("data_steward")).await)
}

async fn opened(t: &TestVault, token: &str, body: &Value) -> String {
    let answer = t.call("POST", "/v1/demands", Some(token), Some(body)).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.body["id"].as_str().unwrap().to_owned()
}

async fn step(t: &TestVault, token: &str, id: &str, body: Value) -> u16 {
    t.call("PATCH", &format!("/v1/demands/{id}"), Some(token), Some(&body)).await.status
}

async fn approve(t: &TestVault, token: &str, id: &str) -> u16 {
    step(t, token, id, json!({ "approved": true })).await
}

async fn look(t: &TestVault, token: &str, id: &str, resident: Uuid) -> Answer {
    let body = json!({ "resident": resident, "fields": ["person.name", "person.phone", "person.birth_date"],
        "purpose": "legal_request", "basis": { "kind": "legal_request", "ref": id }, "task": id });
    t.look(token, body).await
}

on_both!(d35_a_demand_needs_its_document_and_a_second_person);
async fn d35_a_demand_needs_its_document_and_a_second_person(on: On) {
    let t = TestVault::street(on).await;
    let (officer, steward) = keepers(&t).await;
    let resident = t.task(0).resident.unwrap();
    let with = |member: &str, value: Value| {
        let mut body = demand(resident, None);
        match value {
            Value::Null => drop(body.as_object_mut().unwrap().remove(member)),
            value => body[member] = value,
        }
        body
    };
    let size = t.size().await;
    for (member, value) in [
        ("document", Value::Null),
        ("document", json!("")),
        ("document", json!("民警口头要求")),
        ("sha256", Value::Null),
        ("sha256", json!("x")),
        ("organ", json!("a_friend")),
        ("residents", json!([])),
        ("residents", json!([Uuid::new_v4()])),
        ("fields", json!([])),
        ("fields", json!(["person.religion"])),
        ("fields", json!(["derived.age_band"])),
        ("embargo_until", json!("2026-11-24T09:00:00+08:00")),
        ("embargo_until", json!("2027-06-30")),
        ("assignee", json!(t.chief().assignment)),
    ] {
        let refused = t.call("POST", "/v1/demands", Some(&officer), Some(&with(member, value.clone()))).await;
        assert_eq!(refused.status, 400, "{member} {value} {}", refused.text);
    }
    assert_eq!(t.size().await, size, "what is not a demand leaves none");
    // By word of mouth there is no basis.
    let oral = json!({ "resident": resident, "fields": ["person.name"], "purpose": "legal_request", "task": t.task(0).id });
    let oral = t.look(&officer, oral).await;
    assert_eq!(oral.status, 403, "{}", oral.text);
    assert!(["no_task", "no_basis", "not_assigned"].contains(&oral.reason("person.name")), "{}", oral.text);
    // Neither before it is approved, nor by the approval of who asked or of who carries it out.
    let id = opened(&t, &officer, &demand(resident, None)).await;
    let before = look(&t, &officer, &id, resident).await;
    assert_eq!((before.status, before.reason("person.name")), (403, "needs_approval"), "{}", before.text);
    assert_eq!(approve(&t, &officer, &id).await, 403);
    assert_eq!(approve(&t, &t.chief().token, &id).await, 403);
    let task = format!("/v1/tasks/{id}");
    assert_eq!(t.call("PATCH", &task, Some(&steward), Some(&json!({ "confirmed": true }))).await.status, 409);
    let own = t.caller("privacy_officer", "none").assignment;
    let mut of_the_steward = demand(resident, None);
    of_the_steward["assignee"] = json!(own);
    let second = opened(&t, &steward, &of_the_steward).await;
    assert_eq!((approve(&t, &officer, &second).await, approve(&t, &steward, &second).await), (403, 403));
    assert_eq!(approve(&t, &steward, &id).await, 204);
    assert_eq!(approve(&t, &steward, &id).await, 409, "once");
    let after = look(&t, &officer, &id, resident).await;
    assert_eq!(after.status, 200, "{}", after.text);
    let got =
        ["person.name", "person.phone", "person.birth_date"].map(|field| after.outcome(field).to_owned());
    assert_eq!(got, ["clear", "clear", "masked"], "clear is what the document names");
    // Nobody whom it does not name, nobody else by it, and for thirty days.
    let other = look(&t, &officer, &id, t.task(1).resident.unwrap()).await;
    assert_eq!((other.status, other.reason("person.name")), (403, "subject_not_in_task"));
    let third = another_officer(&t, "P7").await;
    let stranger = look(&t, &third, &id, resident).await;
    assert_eq!((stranger.status, stranger.reason("person.name")), (403, "not_assigned"));
    t.clock.step(29 * DAY);
    assert_eq!(look(&t, &officer, &id, resident).await.outcome("person.name"), "clear");
    t.clock.step(DAY);
    assert_eq!(look(&t, &officer, &id, resident).await.reason("person.name"), "task_closed");
    watch_emergencies(&t.vault).await.unwrap();
    t.clock.step(HOUR);
    watch_emergencies(&t.vault).await.unwrap();
    let told: Vec<_> = owed(&t).await.iter().map(|due| (due.resident, due.why)).collect();
    assert_eq!(told, [(resident, Why::Demand)]);
}

/// What the resident sees, by pages of one line, and how many statements it took.
async fn statement(t: &TestVault, session: &str) -> (Vec<Value>, u64) {
    let (mut lines, mut after, before) = (Vec::new(), String::new(), t.vault.store.statements());
    loop {
        let path = format!("/v1/me/lookups?limit=1{after}");
        let page = t.call("GET", &path, Some(session), None).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let shown = page.body["lookups"].as_array().unwrap().clone();
        assert_eq!(shown.len(), 1, "no page has a gap: {}", page.text);
        lines.extend(shown);
        match page.body["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return (lines, t.vault.store.statements() - before),
        }
    }
}

on_both!(d35_an_embargoed_line_shows_in_no_way_and_appears_when_its_embargo_ends);
async fn d35_an_embargoed_line_shows_in_no_way_and_appears_when_its_embargo_ends(on: On) {
    let t = TestVault::street(on).await;
    let (officer, steward) = keepers(&t).await;
    let (one, other) = (t.task(0).resident.unwrap(), t.task(5).resident.unwrap());
    let id = opened(&t, &officer, &demand(one, Some("2027-01-15"))).await;
    assert_eq!(approve(&t, &steward, &id).await, 204);
    assert_eq!(t.entries(1).await[0].0["kind"], "embargo.set");
    // Two residents with the same two lines; of one something else was looked at in between.
    for task in [0, 5] {
        t.look(&t.chief().token, t.visit(task, &["person.name"])).await;
    }
    let hidden = look(&t, &officer, &id, one).await;
    assert_eq!(hidden.status, 200, "{}", hidden.text);
    let hidden = hidden.body["lookup"]["id"].as_str().unwrap().to_owned();
    for task in [0, 5] {
        t.look(&t.chief().token, t.visit(task, &["person.phone"])).await;
    }
    publish(&t).await;
    let sessions = [lasting(&t, Holder::Resident(one)).await, lasting(&t, Holder::Resident(other)).await];
    let (seen, cost) = statement(&t, &sessions[0]).await;
    let (alike, same) = statement(&t, &sessions[1]).await;
    assert_eq!((seen.len(), alike.len()), (2, 2));
    assert_eq!(cost, same, "the same work for both");
    assert!(seen.iter().all(|line| line["basis"] == "consent" && line["id"] != json!(hidden)));
    let bare = |lines: &[Value]| -> Vec<String> {
        let members = lines.iter().map(|line| line.as_object().unwrap().keys().cloned().collect::<Vec<_>>());
        members.map(|members| members.join(" ")).collect()
    };
    assert_eq!(bare(&seen), bare(&alike));
    // Its proof is not there, as one that never was; nor does its id lead anywhere as a cursor.
    let proof = async |session: &str, id: &str| {
        let (before, path) = (t.vault.store.statements(), format!("/v1/me/lookups/{id}/proof"));
        let answer = t.call("GET", &path, Some(session), None).await;
        (answer.status, answer.text, t.vault.store.statements() - before)
    };
    assert_eq!(proof(&sessions[0], &hidden).await, proof(&sessions[0], &"ab".repeat(16)).await);
    assert_eq!(proof(&sessions[0], &hidden).await.0, 404);
    let behind = async |id: &str| {
        t.call("GET", &format!("/v1/me/lookups?after={id}"), Some(&sessions[0]), None).await.text
    };
    assert_eq!(behind(&hidden).await, behind(&"ab".repeat(16)).await);
    // Nobody is owed word of it yet.
    watch_emergencies(&t.vault).await.unwrap();
    assert!(owed(&t).await.is_empty());
    // At midnight of the day it ends, whether or not anybody has looked at the clock.
    t.clock.step(gridvault::clock::parse_time("2027-01-15").unwrap() - t.vault.now() - 1);
    let session = lasting(&t, Holder::Resident(one)).await;
    assert_eq!(statement(&t, &session).await.0.len(), 2);
    t.clock.step(1);
    let (after, _) = statement(&t, &session).await;
    assert_eq!(after.iter().filter(|line| line["id"] == json!(hidden)).count(), 1, "{after:?}");
    assert_eq!(after[1]["basis"], "legal_request");
    assert_eq!(proof(&session, &hidden).await.0, 200);
    watch_emergencies(&t.vault).await.unwrap();
    watch_emergencies(&t.vault).await.unwrap();
    let ended =
        t.entries(40).await.into_iter().filter(|(public, _)| public["kind"] == "embargo.ended").count();
    let told: Vec<_> =
        owed(&t).await.iter().map(|due| (due.resident, due.why, due.about.to_string())).collect();
    assert_eq!((ended, told), (1, vec![(one, Why::Demand, id)]));
    assert!(owed(&t).await[0].since >= t.vault.now() - HOUR);
    assert!(matches!(t.verified().await.verdict, gridvault::trail::Verdict::Proven));
}

on_both!(d35_no_embargo_runs_without_end_or_longer_by_one_persons_word);
async fn d35_no_embargo_runs_without_end_or_longer_by_one_persons_word(on: On) {
    let t = TestVault::street(on).await;
    let (officer, steward) = keepers(&t).await;
    let resident = t.task(0).resident.unwrap();
    let id = opened(&t, &officer, &demand(resident, Some("2027-01-15"))).await;
    let longer = |until: &str| json!({ "embargo_until": until, "document": "〔2027〕3号", "sha256": DIGEST });
    assert_eq!(step(&t, &officer, &id, longer("2027-03-01")).await, 409, "there is none before the approval");
    assert_eq!(approve(&t, &steward, &id).await, 204);
    assert_eq!(look(&t, &officer, &id, resident).await.status, 200);
    for wrong in [
        json!({ "embargo_until": "2027-03-01" }),
        json!({ "embargo_until": "2027-03-01", "document": "2027-3" }),
        longer("2027-08-01"),
        longer("2026-11-01"),
        json!({ "approved": true, "embargo_until": "2027-03-01", "document": "2027-3", "sha256": DIGEST }),
        json!({ "approved": false }),
    ] {
        assert_eq!(step(&t, &officer, &id, wrong.clone()).await, 400, "{wrong}");
    }
    let visible = async || {
        let session = lasting(&t, Holder::Resident(resident)).await;
        let lines = t.call("GET", "/v1/me/lookups", Some(&session), None).await;
        !lines.body["lookups"].as_array().unwrap().is_empty()
    };
    assert_eq!(step(&t, &officer, &id, longer("2027-03-01")).await, 204);
    assert_eq!(approve(&t, &officer, &id).await, 403, "not by who proposed it");
    // Nobody else agreed: it ends when it was to end, and what was shown is not taken back.
    t.clock.step(gridvault::clock::parse_time("2027-01-15").unwrap() - t.vault.now());
    assert!(visible().await);
    assert_eq!(approve(&t, &steward, &id).await, 409);
    assert_eq!(step(&t, &officer, &id, longer("2027-03-01")).await, 409);
    // Agreed in time, it lasts, and ends by itself too.
    let renewed = opened(&t, &officer, &demand(resident, Some("2027-02-01"))).await;
    assert_eq!(approve(&t, &steward, &renewed).await, 204);
    assert_eq!(step(&t, &officer, &renewed, longer("2027-07-01")).await, 204);
    assert_eq!(approve(&t, &steward, &renewed).await, 204);
    let list = t.call("GET", "/v1/demands?limit=1", Some(&officer), None).await;
    let shown = &list.body["demands"][0];
    assert_eq!(
        (&shown["embargoed"], &shown["embargo_until"]),
        (&json!(true), &json!("2027-07-01T00:00:00+08:00"))
    );
    assert_eq!(shown["document"], "示例公（刑）调证字〔2026〕12号");
    assert!(list.body["next"].is_string());
    for row in t.vault.store.all(gridvault::store::Table::Demands).await.unwrap() {
        assert!(!String::from_utf8(row.body).unwrap().contains("调证字"), "its number lies sealed");
    }
}

on_both!(d35_an_embargo_whose_row_cannot_be_read_has_not_ended);
async fn d35_an_embargo_whose_row_cannot_be_read_has_not_ended(on: On) {
    let t = TestVault::street(on).await;
    let (officer, steward) = keepers(&t).await;
    let resident = t.task(0).resident.unwrap();
    let id = opened(&t, &officer, &demand(resident, Some("2027-01-15"))).await;
    assert_eq!(approve(&t, &steward, &id).await, 204);
    assert_eq!(look(&t, &officer, &id, resident).await.status, 200);
    t.site.sql("UPDATE demands SET rev = rev + 1").await;
    let session = lasting(&t, Holder::Resident(resident)).await;
    let lines = t.call("GET", "/v1/me/lookups", Some(&session), None).await;
    assert_eq!(lines.body, json!({ "lookups": [], "next": null }));
    gridvault::register::raise_broken_rows(&t.vault).await.unwrap();
    assert_eq!(crate::emergencies::findings(&t, "row_mac").await.len(), 1, "and an officer hears of it");
}

on_both!(d35_a_deputy_approves_and_reads_nothing_by_being_one);
async fn d35_a_deputy_approves_and_reads_nothing_by_being_one(on: On) {
    let t = TestVault::street(on).await;
    let officer = t.officer().to_owned();
    let resident = t.task(0).resident.unwrap();
    let clerk = t.caller("window_clerk", "none").holder;
    let stands_in = deputy(&t, clerk).await;
    let in_post = |path: &str| format!("{path}?assignment={}", stands_in.post);
    // What the deputy asked for is carried out by no deputy, and approved by somebody else.
    let own =
        t.call("POST", &in_post("/v1/demands"), Some(&stands_in.token), Some(&demand(resident, None))).await;
    assert_eq!(own.status, 400, "{}", own.text);
    let mut for_the_officer = demand(resident, None);
    for_the_officer["assignee"] = json!(t.caller("privacy_officer", "none").assignment);
    let own = t.call("POST", &in_post("/v1/demands"), Some(&stands_in.token), Some(&for_the_officer)).await;
    let approval = json!({ "approved": true });
    let path = in_post(&format!("/v1/demands/{}", own.body["id"].as_str().unwrap()));
    assert_eq!(t.call("PATCH", &path, Some(&stands_in.token), Some(&approval)).await.status, 403);
    let id = opened(&t, &officer, &demand(resident, None)).await;
    let path = in_post(&format!("/v1/demands/{id}"));
    assert_eq!(t.call("PATCH", &path, Some(&stands_in.token), Some(&approval)).await.status, 204);
    assert_eq!(look(&t, &officer, &id, resident).await.status, 200);
    for (purpose, task) in
        [("legal_request", json!(id)), ("compliance_audit", Value::Null), ("resident_access", Value::Null)]
    {
        let mut body = json!({ "resident": resident, "fields": ["person.name"], "purpose": purpose, "assignment": stands_in.post });
        if !task.is_null() {
            body["task"] = task;
        }
        let looked = t.look(&stands_in.token, body.clone()).await;
        assert_eq!(
            (looked.status, looked.reason("person.name")),
            (403, "purpose_role"),
            "{purpose} {}",
            looked.text
        );
        // The officer's own post is masked at least for an audit: what refuses the deputy is being one.
        if purpose == "compliance_audit" {
            body.as_object_mut().unwrap().remove("assignment");
            assert_eq!(t.look(&officer, body).await.status, 200);
        }
    }
    // It ends, and with it what it gave.
    t.clock.step(70 * DAY);
    assert_eq!(t.call("GET", &in_post("/v1/demands"), Some(&stands_in.token), None).await.status, 401);
}
