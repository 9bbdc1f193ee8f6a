//! Consents as a bribed worker would make them: each is denied, or opens nothing that matters, and stays to be found.

use gridvault::authority::{Channel, ConsentEvent, Delivery, Due};
use gridvault::register::consent_code;
use gridvault::store::Table;
use gridvault::trail::{Act, Change};
use gridvault_audit::Kind;
use gridvault_tests::{On, TestVault, on_both, system_entry};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::consent_kit::{Kit, VISIT, born, sheet};

const FIELDS: [&str; 2] = ["person.name", "elder.living_alone"];

/// The chief has a task, and records a separate consent for it himself.
async fn recorded(t: &TestVault, resident: Uuid, n: u8) -> (Uuid, Value) {
    let post = t.task(0).assignment;
    let task = t.open_task(&format!("own-{n}"), VISIT, Some(resident), None, post).await;
    let body = json!({ "purpose": VISIT, "fields": FIELDS, "state": "given", "method": "signature",
        "basis_kind": "separate", "evidence": sheet(n) });
    let path = format!("/v1/residents/{resident}/consents?assignment={post}");
    let answer = t.call("POST", &path, Some(&t.chief().token), Some(&body)).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let look =
        json!({ "resident": resident, "fields": FIELDS, "purpose": VISIT, "task": task, "assignment": post });
    (answer.body["id"].as_str().unwrap().parse().unwrap(), look)
}

on_both!(a_worker_who_records_a_consent_for_the_own_task_gets_nothing_sensitive_and_the_resident_hears_of_it);
async fn a_worker_who_records_a_consent_for_the_own_task_gets_nothing_sensitive_and_the_resident_hears_of_it(
    on: On,
) {
    let t = TestVault::street(on).await;
    let resident = t.demo.residents[8].id;
    let (post, second) = (t.task(0).assignment, t.caller("grid_chief", "minors").assignment.unwrap());
    let chief = &t.chief().token;
    // Without a task of the own there is nothing to record.
    let body = json!({ "purpose": VISIT, "state": "given", "method": "signature" });
    let path = format!("/v1/residents/{resident}/consents?assignment={post}");
    assert_eq!(t.call("POST", &path, Some(chief), Some(&body)).await.status, 403);
    let (id, look) = recorded(&t, resident, 1).await;
    let seen = t.look(chief, look.clone()).await;
    assert_eq!((seen.outcome(FIELDS[0]), seen.reason(FIELDS[1])), ("clear", "needs_separate"));
    let dues = t.vault.store.children(Table::Dues, resident.as_bytes()).await.unwrap();
    let due: Due = t.vault.keys.check(&dues[0]).unwrap();
    assert_eq!((due.about, due.by - due.since), (id, 7 * 24 * gridvault_tests::HOUR));
    // He does not say it again as the resident, nor confirms it: in this post, or in another of his own with a task there.
    let as_resident = json!({ "purpose": VISIT, "state": "given", "method": "self_service" });
    assert_eq!(t.call("POST", &path, Some(chief), Some(&as_resident)).await.status, 400);
    t.open_task("second", VISIT, Some(resident), None, second).await;
    let met = json!({ "confirmed": true, "method": "signature" });
    for post in [post, second] {
        let path = format!("/v1/consents/{id}?assignment={post}");
        let refused = t.call("PATCH", &path, Some(chief), Some(&met)).await;
        assert_eq!((refused.status, &refused.body["reason"]["code"]), (403, &json!("conflict_of_interest")));
        assert_eq!(t.entries(1).await[0].0["reason"], "conflict_of_interest");
    }
    assert_eq!(t.look(chief, look.clone()).await.reason(FIELDS[1]), "needs_separate");
    // A colleague without any business there does not know of it; the clerk, who met the resident, does.
    let other =
        t.demo.callers.iter().find(|c| c.role == "grid_chief" && c.holder != t.chief().holder).unwrap();
    let path = format!("/v1/consents/{id}");
    assert_eq!(t.call("PATCH", &path, Some(&other.token), Some(&met)).await.status, 404);
    assert_eq!(t.call("PATCH", &path, Some(&Kit::of(&t).clerk), Some(&met)).await.status, 200);
    assert_eq!(t.look(chief, look).await.outcome(FIELDS[1]), "clear");
}

on_both!(who_recorded_a_consent_does_not_confirm_it_by_a_code_that_went_out_by_the_own_hand);
async fn who_recorded_a_consent_does_not_confirm_it_by_a_code_that_went_out_by_the_own_hand(on: On) {
    let t = TestVault::street(on).await;
    let kit = Kit::of(&t);
    let resident = t.demo.residents[8].id;
    let (id, look) = recorded(&t, resident, 1).await;
    let path = format!("/v1/consents/{id}");
    let code = consent_code(&t.vault.keys, id);
    let type_in = async |code: &str| {
        t.call("PATCH", &path, Some(&kit.clerk), Some(&json!({ "code": code }))).await.status
    };
    assert_eq!(type_in(code.reveal()).await, 409, "it never went out");
    told(&t, resident, t.chief().holder).await;
    assert_eq!(type_in(code.reveal()).await, 409, "he sent it himself");
    told(&t, resident, t.caller("window_clerk", "none").holder).await;
    assert_eq!(type_in("1234 5678").await, 400);
    let (public, private) = t.entries(1).await.pop().unwrap();
    assert_eq!(
        (&public["kind"], &private["detail"]["code"]),
        (&json!("finding.raised"), &json!("consent_code_wrong"))
    );
    let grouped = format!("{} {}", &code.reveal()[..4], &code.reveal()[4..]);
    assert_eq!(type_in(&grouped).await, 200);
    assert_eq!(t.look(&t.chief().token, look).await.outcome(FIELDS[1]), "clear");
    assert_eq!(type_in(code.reveal()).await, 409, "once");
    // Guessing ends after five.
    let next = t.demo.residents[9].id;
    let (id, _) = recorded(&t, next, 2).await;
    told(&t, next, t.caller("window_clerk", "none").holder).await;
    let path = format!("/v1/consents/{id}");
    let right = consent_code(&t.vault.keys, id);
    for n in 0..5 {
        let body = json!({ "code": format!("{n}") });
        assert_eq!(t.call("PATCH", &path, Some(&kit.clerk), Some(&body)).await.status, 400);
    }
    let body = json!({ "code": right.reveal() });
    assert_eq!(t.call("PATCH", &path, Some(&kit.clerk), Some(&body)).await.status, 409);
}

/// That the resident was told of what is owed, by that member of staff.
async fn told(t: &TestVault, resident: Uuid, by: Uuid) {
    let keys = &t.vault.keys;
    let row = t.vault.store.children(Table::Dues, resident.as_bytes()).await.unwrap().pop().unwrap();
    let mut due: Due = keys.check(&row).unwrap();
    let id = Uuid::now_v7();
    let delivery = Delivery {
        notice: None,
        hash: None,
        channel: Some(Channel::Sms),
        at: t.vault.now(),
        by: Some(by),
        witness: None,
        confirmed_by: None,
        evidence: None,
    };
    due.told = Some(id);
    let rows = vec![
        keys.row(Table::Deliveries, id.as_bytes(), 1, Some(resident.as_bytes()), &delivery).unwrap(),
        keys.row(Table::Dues, &row.id, row.rev + 1, row.parent.as_deref(), &due).unwrap(),
    ];
    let act = Act::new(keys, system_entry(Kind::NoticeDelivered), Change::rows(rows));
    t.vault.log.record(act).await.unwrap();
}

on_both!(nobody_gives_back_what_a_resident_withdrew);
async fn nobody_gives_back_what_a_resident_withdrew(on: On) {
    let t = TestVault::street(on).await;
    let kit = Kit::of(&t);
    let resident = t.task(0).resident.unwrap();
    let session = t.sign_in(resident).await;
    let own = json!({ "state": "withdrawn" });
    assert_eq!(
        t.call("PUT", &format!("/v1/me/consents/{VISIT}"), Some(&session), Some(&own)).await.status,
        200
    );
    // Not at once, not after a no that staff put in between, not after half a year.
    for state in ["given", "renewed", "requested", "refused", "deferred", "withdrawn"] {
        let body = json!({ "purpose": VISIT, "state": state, "method": "signature" });
        assert_eq!(kit.says(&kit.steward, resident, &body).await.status, 409, "{state}");
    }
    t.clock.step(crate::consent_kit::day(200));
    let steward = kit.fresh(&t).await;
    crate::consent_kit::informed(&t, resident).await;
    let body = json!({ "purpose": VISIT, "state": "given", "method": "signature" });
    assert_eq!(kit.says(&steward, resident, &body).await.status, 409);
}

on_both!(a_worker_is_no_guardian_or_proxy_of_a_resident_in_the_own_grid);
async fn a_worker_is_no_guardian_or_proxy_of_a_resident_in_the_own_grid(on: On) {
    let t = TestVault::street(on).await;
    let kit = Kit::of(&t);
    let child = born(&t, "2018-03-01", 16).await;
    let second =
        t.demo.callers.iter().filter(|c| c.role == "grid_chief").find(|c| c.area != t.chief().area).unwrap();
    let register = async |token: &str, staff: Uuid| {
        let body = json!({ "kind": "guardian", "staff": staff, "relation": "99", "proof": "committee_designation",
            "from": "2026-11-01", "to": "2030-11-24" });
        t.call("POST", &format!("/v1/residents/{child}/mandates"), Some(token), Some(&body)).await
    };
    let refused = register(&kit.steward, t.chief().holder).await;
    assert_eq!((refused.status, &refused.body["reason"]["code"]), (403, &json!("conflict_of_interest")));
    assert_eq!(t.entries(1).await[0].0["reason"], "conflict_of_interest");
    // Nor does anybody register the own self, or is a worker anybody's registrar.
    assert_eq!(register(&kit.clerk, t.caller("window_clerk", "none").holder).await.status, 403);
    assert_eq!(register(&t.chief().token, second.holder).await.status, 403);
    assert_eq!(register(&kit.steward, Uuid::new_v4()).await.status, 400);
}

on_both!(a_witness_is_somebody_else);
async fn a_witness_is_somebody_else(on: On) {
    let t = TestVault::street(on).await;
    let kit = Kit::of(&t);
    let resident = t.demo.residents[8].id;
    let code = async |witness: Option<Uuid>| {
        let mut body = json!({ "purpose": VISIT, "state": "given", "method": "fingerprint_witnessed" });
        if let Some(witness) = witness {
            body["witness"] = json!(witness);
        }
        let answer = kit.says(&kit.steward, resident, &body).await;
        (answer.status, answer.body["errors"][0]["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(code(None).await, (400, "required".to_owned()));
    assert_eq!(code(Some(resident)).await, (400, "somebody_else".to_owned()));
    let steward = t.caller("data_steward", "none").holder;
    assert_eq!(code(Some(steward)).await, (400, "somebody_else".to_owned()), "who records it is no witness");
    assert_eq!(code(Some(Uuid::new_v4())).await, (400, "unknown".to_owned()));
    assert_eq!(code(Some(t.caller("window_clerk", "none").holder)).await.0, 201);
}

on_both!(of_consents_at_once_on_two_instances_each_is_there_once_and_chained);
async fn of_consents_at_once_on_two_instances_each_is_there_once_and_chained(on: On) {
    let t = TestVault::street(on).await;
    let other = t.instance("pin-2").await;
    let resident = t.task(0).resident.unwrap();
    let session = t.sign_in(resident).await;
    let before = t.vault.store.children(Table::Consents, resident.as_bytes()).await.unwrap().len();
    let put = async |t: &TestVault, state: &str| {
        let body = json!({ "state": state });
        t.call("PUT", &format!("/v1/me/consents/{VISIT}"), Some(&session), Some(&body)).await.status
    };
    let mut taken = 0;
    for _ in 0..6 {
        let (one, two, three) = tokio::join!(put(&t, "given"), put(&other, "given"), put(&other, "refused"));
        for status in [one, two, three] {
            assert!(matches!(status, 200 | 409), "{status}");
            taken += usize::from(status == 200);
        }
    }
    let rows = t.vault.store.children(Table::Consents, resident.as_bytes()).await.unwrap();
    assert_eq!(rows.len() - before, taken);
    let events: Vec<ConsentEvent> = rows.iter().map(|row| t.vault.keys.check(row).unwrap()).collect();
    for (n, event) in events.iter().enumerate() {
        assert_eq!(event.number as usize, n + 1);
        let prev = n.checked_sub(1).map(|n| data_encoding::HEXLOWER.encode(&t.vault.keys.digest(&rows[n])));
        assert_eq!(event.prev, prev);
    }
    assert!(matches!(t.verified().await.verdict, gridvault::trail::Verdict::Proven));
}

on_both!(the_privacy_officer_finds_a_consent_void_with_a_finding_behind_it);
async fn the_privacy_officer_finds_a_consent_void_with_a_finding_behind_it(on: On) {
    let t = TestVault::street(on).await;
    let resident = t.task(0).resident.unwrap();
    let path = format!("/v1/residents/{resident}/consents");
    let list = t.call("GET", &path, Some(t.officer()), None).await;
    let id = list.body["consents"][0]["event"].as_str().unwrap().to_owned();
    let finding =
        t.vault.log.record(Act::new(&t.vault.keys, system_entry(Kind::FindingRaised), Change::none()));
    let finding = finding.await.unwrap().receipt().seq;
    let path = format!("/v1/consents/{id}/invalidate");
    let void = async |token: &str, finding: u64| {
        let body = json!({ "reason": "not_the_resident", "finding": finding });
        t.call("POST", &path, Some(token), Some(&body)).await.status
    };
    assert_eq!(void(&t.caller("data_steward", "none").token, finding).await, 403);
    assert_eq!(void(t.officer(), 0).await, 400, "entry 0 is no finding");
    assert_eq!(t.look(&t.chief().token, t.visit(0, &FIELDS)).await.status, 200);
    assert_eq!(void(t.officer(), finding).await, 201);
    assert_eq!(t.look(&t.chief().token, t.visit(0, &FIELDS)).await.reason(FIELDS[0]), "consent_none");
    assert_eq!(void(t.officer(), finding).await, 409);
    let list = t.call("GET", &format!("/v1/residents/{resident}/consents"), Some(t.officer()), None).await;
    assert_eq!(list.body["consents"][0]["state"], "invalidated");
}

on_both!(a_worker_reads_how_a_consent_stands_and_no_more_and_of_strangers_nothing);
async fn a_worker_reads_how_a_consent_stands_and_no_more_and_of_strangers_nothing(on: On) {
    let t = TestVault::street(on).await;
    let read = async |token: &str, resident: Uuid, post: Option<Uuid>| {
        let query = post.map(|post| format!("?assignment={post}")).unwrap_or_default();
        t.call("GET", &format!("/v1/residents/{resident}/consents{query}"), Some(token), None).await
    };
    let own = t.task(0).resident.unwrap();
    let seen = read(&t.chief().token, own, t.chief().assignment).await;
    assert_eq!((seen.status, &seen.body["events"]), (200, &Value::Null), "{}", seen.text);
    let visit = seen.body["consents"].as_array().unwrap().iter().find(|c| c["purpose"] == VISIT).unwrap();
    assert_eq!(visit, &json!({ "purpose": VISIT, "state": "given" }));
    let far = t.demo.residents.iter().find(|r| Some(&r.area) != t.chief().area.as_ref()).unwrap().id;
    let (gone, elsewhere) = (Uuid::new_v4(), read(&t.chief().token, far, t.chief().assignment).await);
    assert_eq!(elsewhere.status, 404);
    assert_eq!(elsewhere.body, read(&t.chief().token, gone, t.chief().assignment).await.body);
    assert_eq!(read(&t.caller("auditor", "none").token, own, None).await.status, 404);
    assert_eq!(read(&t.caller("service", "hotline_12345").token, own, None).await.status, 404);
    // The clerk, with a task that names the resident, reads it all.
    let clerk = t.caller("window_clerk", "none");
    assert_eq!(read(&clerk.token, own, None).await.status, 404);
    t.open_task("window", "window_service", Some(own), None, clerk.assignment.unwrap()).await;
    assert!(read(&clerk.token, own, None).await.body["events"].is_array());
}
