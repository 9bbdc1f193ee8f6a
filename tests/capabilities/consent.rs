//! Consent: given and withdrawn in one step, obeyed by the next lookup.

use gridvault_tests::{HOUR, On, TestVault, on_both};
use serde_json::json;

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

on_both!(a_consent_ends_after_a_year);
async fn a_consent_ends_after_a_year(on: On) {
    let t = TestVault::street(on).await;
    t.clock.step(366 * 24 * HOUR);
    // Tokens and tasks have ended as well: the consent's own end shows in the fold.
    use gridvault::authority::{ConsentEvent, standing};
    use gridvault::store::Table;
    let rows = t.vault.store.children(Table::Consents, t.task(0).resident.unwrap().as_bytes()).await.unwrap();
    let events: Vec<ConsentEvent> = rows.iter().filter_map(|row| t.vault.keys.check(row)).collect();
    let standing = standing(
        events.iter().map(|e| (uuid::Uuid::nil(), 1, e)),
        gridvault_policy::Purpose::HomeVisitCare,
        gridvault_tests::MORNING + 366 * 24 * HOUR,
    );
    assert_eq!(standing.err(), Some(gridvault_policy::Reason::ConsentExpired));
}
