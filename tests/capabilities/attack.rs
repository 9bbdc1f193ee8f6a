//! A worker with a valid post and task spends an hour on finding out what the rules keep back: by lookups, batches, searches,
//! verifications, writing. What comes back is the same for what is so and what is not; and the trail shows the attempt.

use std::collections::BTreeSet;

use gridvault_tests::{Answer, On, TestVault, on_both};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::searching::said;

/// An answer without what is random in it.
fn shape(answer: &Answer) -> String {
    fn blank(value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    if ["id", "hash", "record", "proposal"].contains(&name.as_str()) {
                        *member = json!("?");
                    } else {
                        blank(member);
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(blank),
            _ => {}
        }
    }
    let mut body = answer.body.clone();
    blank(&mut body);
    format!("{} {body}", answer.status)
}

struct Worker<'t> {
    t: &'t TestVault,
    token: String,
    said: Vec<String>,
}

impl Worker<'_> {
    async fn ask(&mut self, path: &str, body: Value) -> Answer {
        let answer = self.t.call("POST", path, Some(&self.token), Some(&body)).await;
        self.said.push(answer.text.clone());
        answer
    }
}

on_both!(an_hour_of_a_workers_attempts_tells_nothing_that_the_rules_keep_back);
async fn an_hour_of_a_workers_attempts_tells_nothing_that_the_rules_keep_back(on: On) {
    let t = TestVault::street(on).await;
    // The fourth resident withdrew the consent; an emergency task names the resident to the chief: phone and name masked.
    let task = t.task(4);
    let (victim, phone, number) = (task.resident.unwrap(), said(3, "person.phone"), said(3, "person.id_no"));
    let with = |mut body: Value| {
        for (member, value) in [
            ("purpose", json!(task.purpose)),
            ("task", json!(task.id)),
            ("assignment", json!(task.assignment)),
        ] {
            body[member] = value;
        }
        body
    };
    let mut worker = Worker { t: &t, token: t.chief().token.clone(), said: Vec::new() };
    let begun = t.size().await;

    let given = worker
        .ask("/v1/lookups", with(json!({ "resident": victim, "fields": ["person.phone", "person.name"] })))
        .await;
    let masked = given.value("person.phone").unwrap().to_owned();
    assert_eq!(masked, format!("{}****{}", &phone[..3], &phone[7..]));
    // The four hidden digits, by search: the right guess answers like a wrong one.
    let mut shapes = BTreeSet::new();
    for guess in 0..60 {
        let guess =
            if guess == 30 { phone.clone() } else { format!("{}{guess:04}{}", &phone[..3], &phone[7..]) };
        shapes
            .insert(shape(&worker.ask("/v1/searches", with(json!({ "by": "phone", "value": guess }))).await));
    }
    for value in [&number, "990106194901010013", "990106198507311238"] {
        shapes.insert(shape(
            &worker.ask("/v1/searches", with(json!({ "by": "id_number", "value": value }))).await,
        ));
    }
    assert_eq!(shapes.len(), 1, "{shapes:?}");
    // By verification, of the record and by value.
    let mut shapes = BTreeSet::new();
    for (claim, value) in
        [("person.phone", phone.as_str()), ("person.phone", "12000000000"), ("person.id_no", &number)]
    {
        for target in [
            json!({ "resident": victim }),
            json!({ "by": "phone", "value": phone }),
            json!({ "resident": Uuid::new_v4() }),
        ] {
            let mut body = with(target);
            body["claims"] = json!({ claim: value });
            shapes.insert(shape(&worker.ask("/v1/verifications", body).await));
        }
    }
    assert_eq!(shapes.len(), 1, "no rule lets this post compare: {shapes:?}");
    // By asking for the same in every other way: purposes, bases, batches.
    let fields = [
        "person.phone",
        "person.id_no",
        "person.birth_date",
        "derived.age_band",
        "person.emergency_contact_phone",
    ];
    for purpose in [
        "home_visit_care",
        "case_handling",
        "data_quality",
        "floating_population_registration",
        "social_assistance",
        "emergency_rescue",
        "window_service",
    ] {
        for basis in ["consent", "statutory_duty", "delegation", "emergency", "self", "legal_request", "none"]
        {
            let mut body = with(json!({ "resident": victim, "fields": fields, "basis": { "kind": basis } }));
            body["purpose"] = json!(purpose);
            worker.ask("/v1/lookups", body.clone()).await;
            body["residents"] = json!([victim]);
            body.as_object_mut().unwrap().remove("resident");
            worker.ask("/v1/lookups/batch", body).await;
        }
    }
    // By writing: what is so and what is not are accepted or refused alike, and nothing is answered.
    let mut shapes = BTreeSet::new();
    for value in [&phone, "12000000000"] {
        let body = with(json!({ "fields": { "person.phone": value } }));
        let path = format!("/v1/residents/{victim}?assignment={}", task.assignment);
        let mut body = body;
        body.as_object_mut().unwrap().remove("assignment");
        shapes.insert(shape(&t.call("PATCH", &path, Some(&worker.token), Some(&body)).await));
    }
    assert_eq!(shapes.len(), 1, "{shapes:?}");

    // Whether somebody is in a special group: of a member and of others, the same answer.
    let steward = &t.caller("data_steward", "none").token;
    let other = t.task(5).resident.unwrap();
    for (field, value) in [("correct.flag", "yes"), ("mental.care_flag", "yes"), ("disability.category", "6")]
    {
        let body = json!({ "fields": { field: value } });
        let marked = t.call("PATCH", &format!("/v1/residents/{victim}"), Some(steward), Some(&body)).await;
        assert_eq!(marked.status, 204, "{}", marked.text);
    }
    let special = [
        "correct.flag",
        "correct.type",
        "mental.care_flag",
        "disability.category",
        "dv.notice",
        "derived.service_target",
    ];
    for purpose in ["emergency_notice", "case_handling", "community_corrections_support", "health_followup"] {
        let mut shapes = BTreeSet::new();
        for resident in [victim, other] {
            let mut body = with(json!({ "resident": resident, "fields": special }));
            body["purpose"] = json!(purpose);
            // Without the task, which names only one of them.
            body["task"] = json!(null);
            shapes.insert(shape(&worker.ask("/v1/lookups", body).await));
        }
        assert_eq!(shapes.len(), 1, "{purpose}: {shapes:?}");
    }

    // Whether somebody lives elsewhere: of a neighbour grid's resident and of nobody, the same answer.
    let far = t.demo.residents.iter().find(|r| r.area != "110106006901001").unwrap().id;
    let mut shapes = BTreeSet::new();
    for id in [far, Uuid::new_v4()] {
        shapes.insert(shape(
            &worker
                .ask(
                    "/v1/lookups",
                    with(json!({ "resident": id, "fields": ["derived.lives_in_area", "person.name"] })),
                )
                .await,
        ));
        let batch = worker
            .ask("/v1/lookups/batch", with(json!({ "residents": [id], "fields": ["person.name"] })))
            .await;
        assert_eq!(batch.body["lookups"][0]["problem"], "not-found");
    }
    assert_eq!(shapes.len(), 1, "{shapes:?}");
    let mut shapes = BTreeSet::new();
    for area in
        ["110106006905002", "110106006901002", "city_management-01", "nowhere", "110106006905002-00001"]
    {
        for name in ["王小", "wangxiao", "李明"] {
            shapes.insert(shape(
                &worker.ask("/v1/searches", with(json!({ "by": "name", "value": name, "area": area }))).await,
            ));
        }
        shapes.insert(shape(
            &worker.ask("/v1/searches", with(json!({ "by": "premises", "value": area }))).await,
        ));
    }
    assert_eq!(shapes.len(), 1, "{shapes:?}");

    // Nothing of all that was said holds what is kept back.
    let all = worker.said.join("\n");
    for secret in [&phone, &number, &said(3, "person.birth_date"), &said(3, "person.name")] {
        assert!(!all.contains(secret.as_str()), "{secret}");
    }
    // Each attempt has its entry, by this worker; asking on is a finding.
    let asked = i64::try_from(worker.said.len()).unwrap();
    assert!(t.size().await - begun >= asked, "{asked} attempts");
    let mut last = 200;
    for _ in 0..120 {
        last = worker.ask("/v1/searches", with(json!({ "by": "name", "value": "没有此人" }))).await.status;
    }
    assert_eq!(last, 429);
    let query = json!({ "kinds": ["finding.raised"], "actor": t.chief().holder });
    let findings = t.call("POST", "/v1/audit/queries", Some(t.officer()), Some(&query)).await;
    assert_eq!(findings.body["entries"][0]["private"]["detail"]["code"], "search_quota", "{}", findings.text);
}
