//! Consent: one purpose at a time, under a notice that was given, no longer than it may be, withdrawn in one step, never asked
//! for again soon.

use gridvault_policy::Purpose;
use gridvault_tests::{HOUR, On, TestVault, on_both};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::consent_kit::{Kit, VISIT, VISITED, day, deliver, informed, notice, session, sheet};

on_both!(a_withdrawal_is_obeyed_by_the_next_lookup_and_a_new_consent_too);
async fn a_withdrawal_is_obeyed_by_the_next_lookup_and_a_new_consent_too(on: On) {
    let t = TestVault::street(on).await;
    let chief = &t.chief().token;
    let session = t.sign_in(t.task(0).resident.unwrap()).await;
    let put =
        async |body| t.call("PUT", "/v1/me/consents/home_visit_care", Some(&session), Some(&body)).await;
    assert_eq!(t.look(chief, t.visit(0, &["person.name"])).await.status, 200);
    assert_eq!(put(json!({ "state": "withdrawn" })).await.status, 200);
    let denied = t.look(chief, t.visit(0, &["person.name"])).await;
    assert_eq!((denied.status, denied.reason("person.name")), (403, "consent_withdrawn"));
    assert_eq!(put(json!({ "state": "withdrawn" })).await.status, 409);
    assert_eq!(put(json!({ "state": "given", "fields": ["person.name"] })).await.status, 200);
    let some = t.look(chief, t.visit(0, &["person.name", "person.phone"])).await;
    assert_eq!((some.outcome("person.name"), some.reason("person.phone")), ("clear", "consent_none"));
    let kinds: Vec<_> = t.entries(2).await.into_iter().map(|(public, _)| public["kind"].clone()).collect();
    assert_eq!(kinds, [json!("consent.given"), json!("lookup")]);
    // Only what the purpose may use can be consented to.
    assert_eq!(
        put(json!({ "state": "given", "fields": ["person.id_no"] })).await.body["errors"][0]["code"],
        "field_not_for_purpose"
    );
    assert_eq!(
        t.call(
            "PUT",
            "/v1/me/consents/social_assistance",
            Some(&session),
            Some(&json!({ "state": "given" }))
        )
        .await
        .status,
        400
    );
}

on_both!(a_consent_recorded_by_staff_opens_nothing_sensitive);
async fn a_consent_recorded_by_staff_opens_nothing_sensitive(on: On) {
    let t = TestVault::street(on).await;
    let answer = t.look(&t.chief().token, t.visit(5, &["person.name", "elder.living_alone"])).await;
    assert_eq!(
        (answer.outcome("person.name"), answer.reason("elder.living_alone")),
        ("clear", "needs_separate")
    );
    let resident = t.task(0).resident.unwrap();
    let body = json!({ "purpose": "home_visit_care", "fields": ["person.name"], "state": "given", "method": "signature" });
    let path = format!("/v1/residents/{resident}/consents");
    for (role, department, status) in [
        ("window_clerk", "none", 201),
        ("data_steward", "none", 201),
        ("dispatched_officer", "police", 403),
        ("auditor", "none", 403),
    ] {
        let answer = t.call("POST", &path, Some(&t.caller(role, department).token), Some(&body)).await;
        assert_eq!(answer.status, status, "{role}: {}", answer.text);
    }
    let other = t.sign_in(t.task(1).resident.unwrap()).await;
    assert_eq!(t.call("POST", &path, Some(&other), Some(&body)).await.status, 403);
}

on_both!(d05_a_consent_is_for_one_purpose_and_a_signature_is_for_one_consent);
async fn d05_a_consent_is_for_one_purpose_and_a_signature_is_for_one_consent(on: On) {
    let t = TestVault::street(on).await;
    let kit = Kit::of(&t);
    let resident = t.demo.residents[8].id;
    let two = json!({ "purpose": [VISIT, "service_matching"], "state": "given", "method": "signature" });
    let answer = kit.says(&kit.steward, resident, &two).await;
    assert_eq!((answer.status, &answer.body["errors"][0]["pointer"]), (400, &json!("/purpose")));
    let mut both = json!({ "purpose": VISIT, "purposes": [VISIT, "service_matching"], "state": "given", "method": "signature" });
    assert_eq!(kit.says(&kit.steward, resident, &both).await.status, 400);
    both.as_object_mut().unwrap().remove("purposes");
    // A separate consent has a sheet of its own, which is good for no other purpose and on no other day.
    let separate = |purpose: &str, sheet: Option<&str>| {
        let mut body =
            json!({ "purpose": purpose, "state": "given", "method": "signature", "basis_kind": "separate" });
        if let Some(sheet) = sheet {
            body["evidence"] = json!(sheet);
        }
        body
    };
    let code = async |body: Value| {
        let answer = kit.says(&kit.steward, resident, &body).await;
        let code = answer.body["errors"][0]["code"].as_str().unwrap_or_default().to_owned();
        (answer.status, code)
    };
    assert_eq!(code(separate(VISIT, None)).await, (400, "required".to_owned()));
    assert_eq!(code(separate(VISIT, Some("ab"))).await, (400, "sha256".to_owned()));
    assert_eq!(code(separate(VISIT, Some(&sheet(1)))).await.0, 201);
    assert_eq!(code(separate("service_matching", Some(&sheet(1)))).await, (400, "used_before".to_owned()));
    assert_eq!(code(separate(VISIT, Some(&sheet(1)))).await, (400, "used_before".to_owned()));
    assert_eq!(code(separate("service_matching", Some(&sheet(2)))).await.0, 201);
    // Said to be general, it may not name what is sensitive.
    let general = json!({ "purpose": VISIT, "fields": ["elder.living_alone"], "state": "given", "method": "signature", "basis_kind": "general" });
    let refused = kit.says(&kit.steward, resident, &general).await;
    assert_eq!((refused.status, &refused.body["reason"]["code"]), (403, &json!("needs_separate")));
    let (public, private) = t.entries(1).await.pop().unwrap();
    assert_eq!((&public["kind"], &public["reason"]), (&json!("auth.refused"), &json!("needs_separate")));
    assert!(private["subject"]["tag"].is_string());
}

on_both!(d05_without_a_separate_consent_nothing_sensitive_opens_whoever_confirms_it);
async fn d05_without_a_separate_consent_nothing_sensitive_opens_whoever_confirms_it(on: On) {
    let t = TestVault::street(on).await;
    let kit = Kit::of(&t);
    // By staff in the demonstration, as a general consent.
    let resident = t.task(5).resident.unwrap();
    let list = t.call("GET", &format!("/v1/residents/{resident}/consents"), Some(&kit.steward), None).await;
    let id = list.body["consents"][0]["event"].as_str().unwrap().to_owned();
    let fields = ["person.name", "elder.living_alone"];
    assert_eq!(t.look(&t.chief().token, t.visit(5, &fields)).await.reason(fields[1]), "needs_separate");
    let met = json!({ "confirmed": true, "method": "signature" });
    let confirmed = t.call("PATCH", &format!("/v1/consents/{id}"), Some(&kit.clerk), Some(&met)).await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.text);
    assert_eq!(t.look(&t.chief().token, t.visit(5, &fields)).await.reason(fields[1]), "needs_separate");
    // The resident's own word is one.
    let session = t.sign_in(resident).await;
    let own = t
        .call("PUT", &format!("/v1/me/consents/{VISIT}"), Some(&session), Some(&json!({ "state": "given" })))
        .await;
    assert_eq!(own.status, 200, "{}", own.text);
    assert_eq!(t.look(&t.chief().token, t.visit(5, &fields)).await.outcome(fields[1]), "clear");
}

on_both!(d06_a_material_notice_stops_the_added_part_and_leaves_the_old_one);
async fn d06_a_material_notice_stops_the_added_part_and_leaves_the_old_one(on: On) {
    let t = TestVault::street(on).await;
    let resident = t.task(0).resident.unwrap();
    notice(&t, ("GN", 11), &[Purpose::HomeVisitCare], &["person.name", "person.phone"], false, 0).await;
    let session = session(&t, resident).await;
    let put = async |body: Value| {
        t.call("PUT", &format!("/v1/me/consents/{VISIT}"), Some(&session), Some(&body)).await
    };
    let beyond = put(json!({ "state": "given", "fields": ["elder.living_alone"] })).await;
    assert_eq!((beyond.status, &beyond.body["errors"][0]["code"]), (400, &json!("not_in_notice")));
    assert_eq!(put(json!({ "state": "given" })).await.status, 200);
    let fields = ["person.name", "person.phone", "elder.living_alone"];
    let look = async || t.look(&t.chief().token, t.visit(0, &fields)).await;
    let before = look().await;
    assert_eq!((before.outcome(fields[0]), before.reason(fields[2])), ("clear", "consent_none"));
    // A version that is the same in substance asks for nothing.
    notice(&t, ("GN", 12), &[Purpose::HomeVisitCare], &fields[..2], false, 0).await;
    assert_eq!(look().await.reason(fields[2]), "consent_none");
    // One from tomorrow on does not count today.
    notice(&t, ("GN", 13), &[Purpose::HomeVisitCare], &fields, true, t.vault.now() + 24 * HOUR).await;
    assert_eq!(look().await.reason(fields[2]), "consent_none");
    t.clock.step(24 * HOUR);
    let after = look().await;
    assert_eq!(
        (after.outcome(fields[0]), after.outcome(fields[1])),
        ("clear", "clear"),
        "the old part stays"
    );
    assert_eq!(after.reason(fields[2]), "needs_renewal");
    let list = t.call("GET", "/v1/me/consents", Some(&session), None).await;
    assert_eq!(list.body["consents"][0]["state"], "needs_renewal");
    assert_eq!(put(json!({ "state": "renewed" })).await.status, 200);
    assert_eq!(look().await.outcome(fields[2]), "clear");
    let list = t.call("GET", "/v1/me/consents", Some(&session), None).await;
    assert_eq!(list.body["consents"][0]["state"], "renewed");
}

on_both!(d06_staff_record_a_consent_only_under_a_notice_that_was_given_lately);
async fn d06_staff_record_a_consent_only_under_a_notice_that_was_given_lately(on: On) {
    let t = TestVault::street(on).await;
    let kit = Kit::of(&t);
    let resident = t.demo.residents[8].id;
    let first = notice(&t, ("GN", 11), &[Purpose::HomeVisitCare], &VISITED, false, 0).await;
    let given = |notice: Option<Uuid>| {
        let mut body = json!({ "purpose": VISIT, "state": "given", "method": "signature" });
        if let Some(notice) = notice {
            body["notice"] = json!(notice);
        }
        body
    };
    let reason = async |body: Value| {
        let answer = kit.says(&kit.steward, resident, &body).await;
        (answer.status, answer.body["reason"]["code"].as_str().unwrap_or_default().to_owned())
    };
    let stale = (403, "notice_stale".to_owned());
    assert_eq!(reason(given(None)).await, stale, "nobody has told the resident");
    assert_eq!(t.entries(1).await[0].0["reason"], "notice_stale");
    let asked = json!({ "purpose": VISIT, "state": "requested", "method": "signature" });
    assert_eq!(reason(asked).await, stale);
    deliver(&t, resident, first, t.vault.now() - 31 * 24 * HOUR).await;
    assert_eq!(reason(given(Some(first))).await, stale, "31 days ago");
    deliver(&t, resident, first, t.vault.now() - 29 * 24 * HOUR).await;
    assert_eq!(reason(given(Some(first))).await.0, 201);
    // What has been superseded is stale, though it was given.
    let second = notice(&t, ("GN", 12), &[Purpose::HomeVisitCare], &VISITED, false, 0).await;
    assert_eq!(reason(given(Some(first))).await, stale);
    deliver(&t, resident, second, t.vault.now()).await;
    assert_eq!(reason(given(Some(second))).await.0, 201);
    // To take a consent back needs no notice.
    t.clock.step(40 * 24 * HOUR);
    let token = kit.fresh(&t).await;
    let back = json!({ "purpose": VISIT, "state": "withdrawn", "method": "signature" });
    assert_eq!(kit.says(&token, resident, &back).await.status, 201);
}

on_both!(d07_a_withdrawal_is_obeyed_by_the_next_lookup_takes_one_step_and_leaves_a_job);
async fn d07_a_withdrawal_is_obeyed_by_the_next_lookup_takes_one_step_and_leaves_a_job(on: On) {
    let t = TestVault::street(on).await;
    let kit = Kit::of(&t);
    let other = t.instance("pin-2").await;
    let fields = ["person.name", "elder.living_alone"];
    let session = t.sign_in(t.task(0).resident.unwrap()).await;
    assert_eq!(t.look(&t.chief().token, t.visit(0, &fields)).await.outcome(fields[1]), "clear");
    // As many steps as giving: one, by the resident, the clerk or the steward.
    let back = json!({ "state": "withdrawn" });
    let own = other.call("PUT", &format!("/v1/me/consents/{VISIT}"), Some(&session), Some(&back)).await;
    assert_eq!(own.status, 200, "{}", own.text);
    for t in [&t, &other] {
        let denied = t.look(&t.chief().token, t.visit(0, &fields)).await;
        assert_eq!((denied.status, denied.reason(fields[0])), (403, "consent_withdrawn"));
    }
    let entries = t.entries(5).await;
    let job = entries.iter().find(|(_, private)| private["detail"]["code"] == "erase_or_freeze").unwrap();
    assert_eq!(job.0["kind"], "finding.raised");
    let listed = job.1["detail"]["fields"].as_array().unwrap();
    assert!(
        listed.contains(&json!("elder.living_alone")) && !listed.contains(&json!("person.name")),
        "{listed:?}"
    );
    // 15 working days from Tuesday, 24 November: Tuesday, 15 December.
    assert_eq!(job.1["detail"]["until"], json!(t.vault.now() + 21 * 24 * HOUR));
    for (n, token) in [(5, &kit.clerk), (6, &kit.steward)] {
        let resident = t.task(n).resident.unwrap();
        let body = json!({ "purpose": VISIT, "state": "withdrawn", "method": "signature" });
        assert_eq!(kit.says(token, resident, &body).await.status, 201);
        let list =
            t.call("GET", &format!("/v1/residents/{resident}/consents"), Some(&kit.steward), None).await;
        assert_eq!(list.body["consents"][0]["state"], "withdrawn");
    }
    // What was before stays as it was.
    assert!(matches!(t.verified().await.verdict, gridvault::trail::Verdict::Proven));
}

on_both!(d08_who_said_no_is_not_asked_again_for_half_a_year_unless_of_the_own_accord);
async fn d08_who_said_no_is_not_asked_again_for_half_a_year_unless_of_the_own_accord(on: On) {
    for no in ["refused", "deferred", "withdrawn"] {
        let t = TestVault::street(on).await;
        let kit = Kit::of(&t);
        let resident = t.task(5).resident.unwrap();
        let say = async |token: &str, state: &str| {
            let body = json!({ "purpose": VISIT, "state": state, "method": "signature" });
            kit.says(token, resident, &body).await.status
        };
        assert_eq!(say(&kit.clerk, no).await, 201);
        // The service goes on: the resident's other tasks are as they were.
        for state in ["requested", "given"] {
            assert_eq!(say(&kit.steward, state).await, 409, "{no}, then {state}");
            let (public, private) = t.entries(1).await.pop().unwrap();
            assert_eq!(
                (&public["kind"], &private["detail"]["code"]),
                (&json!("finding.raised"), &json!("cool_off"))
            );
            assert_eq!(public["purpose"], VISIT);
        }
        t.clock.step(day(179));
        let steward = kit.fresh(&t).await;
        informed(&t, resident).await;
        assert_eq!(say(&steward, "requested").await, 409);
        t.clock.step(day(1));
        assert_eq!(say(&steward, "requested").await, 201, "after half a year");
    }
    let t = TestVault::street(on).await;
    let kit = Kit::of(&t);
    let resident = t.task(5).resident.unwrap();
    let refused = json!({ "purpose": VISIT, "state": "refused", "method": "signature" });
    assert_eq!(kit.says(&kit.clerk, resident, &refused).await.status, 201);
    assert_eq!(
        t.look(&t.chief().token, t.visit(5, &["person.name"])).await.reason("person.name"),
        "consent_none"
    );
    let session = t.sign_in(resident).await;
    let own = json!({ "state": "given" });
    assert_eq!(
        t.call("PUT", &format!("/v1/me/consents/{VISIT}"), Some(&session), Some(&own)).await.status,
        200
    );
    assert_eq!(t.look(&t.chief().token, t.visit(5, &["person.name"])).await.status, 200);
}

on_both!(a_consent_lasts_no_longer_than_it_may_and_shorter_where_that_is_said);
async fn a_consent_lasts_no_longer_than_it_may_and_shorter_where_that_is_said(on: On) {
    let t = TestVault::street(on).await;
    let kit = Kit::of(&t);
    let resident = t.task(5).resident.unwrap();
    let give = async |fields: Value, until: Option<i64>| {
        let mut body = json!({ "purpose": VISIT, "fields": fields, "state": "given", "method": "signature" });
        if let Some(until) = until {
            body["until"] = json!(gridvault::clock::rfc3339(t.vault.now() + until));
        }
        kit.says(&kit.steward, resident, &body).await.status
    };
    let (plain, sensitive) = (json!(["person.name"]), json!(["person.name", "elder.living_alone"]));
    assert_eq!(give(plain.clone(), Some(day(731))).await, 400);
    assert_eq!(give(sensitive.clone(), Some(day(366))).await, 400);
    assert_eq!(give(sensitive, None).await, 201);
    let list = async || {
        let path = format!("/v1/residents/{resident}/consents");
        t.call("GET", &path, Some(&kit.steward), None).await.body["consents"][0].clone()
    };
    assert!(list().await["until"].as_str().unwrap().starts_with("2027-11-24"));
    assert_eq!(give(plain.clone(), None).await, 201);
    assert!(list().await["until"].as_str().unwrap().starts_with("2028-11-23"));
    assert_eq!(give(plain, Some(2 * HOUR)).await, 201);
    let look = async || t.look(&t.chief().token, t.visit(5, &["person.name"])).await;
    assert_eq!(look().await.status, 200);
    t.clock.step(2 * HOUR);
    assert_eq!(look().await.reason("person.name"), "consent_expired");
    assert_eq!(list().await["state"], "expired");
}
