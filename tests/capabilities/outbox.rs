//! The outbox: what residents are owed, letters and messages for it, and what happens when it is not told in time.

use gridvault::register::watch;
use gridvault_tests::{HOUR, On, TestVault, on_both};
use serde_json::{Value, json};

use crate::sign_in::{code, due, letter, newcomer, session};

on_both!(d10_word_that_is_not_given_in_time_is_a_finding_once);
async fn d10_word_that_is_not_given_in_time_is_a_finding_once(on: On) {
    let t = TestVault::street(on).await;
    let resident = newcomer(&t);
    code(&t, "o-1", resident).await;
    let findings = async || {
        let entries = t.entries(200).await;
        entries.iter().filter(|(_, p)| p["detail"]["code"] == "notice_overdue").cloned().collect::<Vec<_>>()
    };
    let watched = watch(&t.vault).await.unwrap();
    assert_eq!((watched.dues, watched.overdue, findings().await.len()), (1, 0, 0));
    t.clock.step(72 * HOUR);
    let watched = watch(&t.vault).await.unwrap();
    assert_eq!((watched.dues, watched.overdue, findings().await.len()), (1, 1, 1));
    let (public, private) = findings().await.pop().unwrap();
    assert_eq!((&public["kind"], &private["detail"]["why"]), (&json!("finding.raised"), &json!("sign_in")));
    assert!(private["subject"]["tag"].is_string() && !public.to_string().contains("sign_in"));
    watch(&t.vault).await.unwrap();
    assert_eq!(findings().await.len(), 1, "once");
    let listed = t.call("GET", "/v1/notices/due", Some(t.officer()), None).await;
    assert_eq!((&listed.body["overdue"], &listed.body["dues"][0]["overdue"]), (&json!(1), &json!(true)));
    // Told, it is closed, and nothing of it is overdue any more.
    let told = json!({ "channel": "posted", "dues": [due(&t, resident).await] });
    let path = format!("/v1/residents/{resident}/informed");
    let clerk = &t.caller("window_clerk", "none").token;
    assert_eq!(t.call("POST", &path, Some(clerk), Some(&told)).await.status, 201);
    assert_eq!(t.call("POST", &path, Some(clerk), Some(&told)).await.status, 409, "once");
    assert_eq!(watch(&t.vault).await.unwrap().dues, 0);
    assert!(matches!(t.verified().await.verdict, gridvault::trail::Verdict::Proven));
}

on_both!(what_is_owed_to_one_is_not_closed_by_word_to_another);
async fn what_is_owed_to_one_is_not_closed_by_word_to_another(on: On) {
    let t = TestVault::street(on).await;
    let resident = newcomer(&t);
    code(&t, "o-1", resident).await;
    let body = json!({ "channel": "posted", "dues": [due(&t, resident).await] });
    let path = format!("/v1/residents/{}/informed", t.task(0).resident.unwrap());
    let refused = t.call("POST", &path, Some(&t.caller("data_steward", "none").token), Some(&body)).await;
    assert_eq!((refused.status, &refused.body["errors"][0]["pointer"]), (400, &json!("/dues")));
    assert_eq!(t.call("GET", "/v1/notices/due", Some(t.officer()), None).await.body["open"], 1);
}

on_both!(a_letter_holds_name_and_address_and_the_resident_sees_that_it_was_printed);
async fn a_letter_holds_name_and_address_and_the_resident_sees_that_it_was_printed(on: On) {
    let t = TestVault::street(on).await;
    let resident = newcomer(&t);
    let given = code(&t, "o-1", resident).await;
    let size = t.size().await;
    let printed = letter(&t, resident).await;
    assert!(
        printed.contains("以您的名义发出了登录码")
            && printed.contains("12pt")
            && printed.contains("网信部门")
    );
    // On record before it leaves: one entry for the letter, exactly those two fields.
    let entries = t.entries(t.size().await - size).await;
    let looked: Vec<_> = entries.iter().filter(|(public, _)| public["kind"] == "lookup").collect();
    assert_eq!(looked.len(), 1);
    let public = &looked[0].0;
    assert_eq!((&public["action"], &public["purpose"]), (&json!("print"), &json!("resident_access")));
    let fields: Vec<&Value> =
        public["fields"].as_array().unwrap().iter().flat_map(|g| g[3].as_array().unwrap()).collect();
    assert_eq!(fields, [&json!("person.name"), &json!("premises.address")]);
    let session = session(&t, &given).await.body["token"].as_str().unwrap().to_owned();
    let mine = t.call("GET", "/v1/me/lookups", Some(&session), None).await;
    let text = mine.body["lookups"][0]["text"].as_str().unwrap();
    assert!(text.contains("打印了您的姓名"), "{text}");
    // Not a lookup's door: printed or exported is only what the outbox makes.
    let clerk = t.caller("window_clerk", "none");
    let body = json!({ "resident": resident, "fields": ["person.name"], "purpose": "resident_access" });
    let looked = t.look(&clerk.token, body).await;
    assert_eq!((looked.status, looked.reason("person.name")), (403, "purpose_role"), "{}", looked.text);
}

on_both!(nobody_prints_word_of_the_code_that_they_gave);
async fn nobody_prints_word_of_the_code_that_they_gave(on: On) {
    let t = TestVault::street(on).await;
    let resident = newcomer(&t);
    code(&t, "o-1", resident).await;
    let clerk = &t.caller("window_clerk", "none").token;
    let body = json!({ "dues": [due(&t, resident).await] });
    for path in ["/v1/notices/letters", "/v1/notices/messages"] {
        let size = t.size().await;
        let refused = t.call("POST", path, Some(clerk), Some(&body)).await;
        assert_eq!((refused.status, &refused.body["reason"]["code"]), (403, &json!("conflict_of_interest")));
        let entries = t.entries(t.size().await - size).await;
        assert_eq!(entries.len(), 1, "refused once, and nothing was opened");
        assert_eq!(entries[0].0["kind"], "auth.refused");
        for role in ["data_steward", "auditor"] {
            assert_eq!(
                t.call("POST", path, Some(&t.caller(role, "none").token), Some(&body)).await.status,
                403
            );
        }
    }
}

on_both!(who_is_not_informed_gets_the_notice_by_letter_or_a_message_and_nobody_else_of_the_grid);
async fn who_is_not_informed_gets_the_notice_by_letter_or_a_message_and_nobody_else_of_the_grid(on: On) {
    let t = TestVault::street(on).await;
    let clerk = &t.caller("window_clerk", "none").token;
    let grid = t.chief().area.clone().unwrap();
    let run = json!({ "uninformed_in": grid, "print": "large" });
    let none = t.call("POST", "/v1/notices/letters", Some(clerk), Some(&run)).await;
    assert!(none.status == 200 && !none.text.contains("<section>"), "{}", none.text);
    let new = |number: &str, birth: &str, phone: &str| {
        json!({ "premises": t.task(0).premises, "fields": { "person.name": "新居民", "person.id_type": "resident_id",
            "person.id_no": number, "person.birth_date": birth, "person.phone": phone } })
    };
    for new in [
        new("990106198507311238", "1985-07-31", "12055559999"),
        new("990106201506010155", "2015-06-01", "12055558888"),
    ] {
        let steward = &t.caller("data_steward", "none").token;
        let made = t.call("POST", "/v1/residents", Some(steward), Some(&new)).await;
        assert_eq!(made.status, 201, "{}", made.text);
    }
    let letters = t.call("POST", "/v1/notices/letters", Some(clerk), Some(&run)).await;
    assert_eq!(letters.text.matches("新居民 收").count(), 1, "{}", letters.text);
    assert!(
        letters.text.contains("18pt")
            && letters.text.contains("收集哪些")
            && letters.text.contains("须当面告知")
    );
    let sent =
        t.call("POST", "/v1/notices/messages", Some(clerk), Some(&json!({ "uninformed_in": grid }))).await;
    assert_eq!(sent.headers["content-type"], "text/csv; charset=utf-8");
    assert!(sent.text.contains("12055559999") && !sent.text.contains("新居民"), "{}", sent.text);
    assert!(!sent.text.contains("12055558888"), "a child's phone is not handed out: {}", sent.text);
    for (body, pointer) in [
        (json!({}), "/dues"),
        (json!({ "uninformed_in": "nowhere" }), "/uninformed_in"),
        (json!({ "dues": vec![uuid::Uuid::now_v7(); 501] }), "/dues"),
        (json!({ "dues": [uuid::Uuid::now_v7()], "uninformed_in": grid }), "/uninformed_in"),
    ] {
        let refused = t.call("POST", "/v1/notices/letters", Some(clerk), Some(&body)).await;
        assert_eq!((refused.status, &refused.body["errors"][0]["pointer"]), (400, &json!(pointer)), "{body}");
    }
}
