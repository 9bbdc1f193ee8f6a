//! Residents sign in: a code of the window, word of it, a second factor that counts after three days; and what each opens.

use gridvault_tests::{Answer, HOUR, MORNING, On, TestVault, on_both};
use serde_json::{Value, json};
use uuid::Uuid;

/// An application at the window of that resident's, given to the clerk; confirmed by the privacy officer, or not.
pub(crate) async fn application(t: &TestVault, number: &str, resident: Uuid, confirmed: bool) -> Uuid {
    let steward = &t.caller("data_steward", "none").token;
    let body = json!({ "source": "window", "number": number, "kind": "application", "purpose": "window_service",
        "residents": [resident], "assignees": [t.caller("window_clerk", "none").assignment],
        "closes": "2026-12-30T00:00:00+08:00" });
    let opened = t.call("POST", "/v1/tasks", Some(steward), Some(&body)).await;
    assert_eq!(opened.status, 201, "{}", opened.text);
    let id: Uuid = opened.body["id"].as_str().unwrap().parse().unwrap();
    if confirmed {
        let path = format!("/v1/tasks/{id}");
        let answer = t.call("PATCH", &path, Some(t.officer()), Some(&json!({ "confirmed": true }))).await;
        assert_eq!(answer.status, 204, "{}", answer.text);
    }
    id
}

async fn ask_code(t: &TestVault, token: &str, resident: Uuid, task: Uuid) -> Answer {
    t.call("POST", &format!("/v1/residents/{resident}/codes"), Some(token), Some(&json!({ "task": task })))
        .await
}

/// A code that the clerk gives to the resident at the window.
pub(crate) async fn code(t: &TestVault, number: &str, resident: Uuid) -> String {
    let task = application(t, number, resident, true).await;
    let given = ask_code(t, &t.caller("window_clerk", "none").token, resident, task).await;
    assert_eq!(given.status, 201, "{}", given.text);
    given.body["code"].as_str().unwrap().to_owned()
}

/// The newest thing that the resident is owed word of.
pub(crate) async fn due(t: &TestVault, resident: Uuid) -> String {
    let due = t.call("GET", "/v1/notices/due?limit=500", Some(t.officer()), None).await;
    assert_eq!(due.status, 200, "{}", due.text);
    let owed = due.body["dues"].as_array().unwrap().iter().rev();
    let mut owed = owed.filter(|due| due["resident"] == json!(resident) && due["why"] == "sign_in");
    owed.next().expect("nothing is owed")["id"].as_str().unwrap().to_owned()
}

/// The letter of what is owed to the resident last, as the privacy officer prints it.
pub(crate) async fn letter(t: &TestVault, resident: Uuid) -> String {
    let body = json!({ "dues": [due(t, resident).await] });
    let letters = t.call("POST", "/v1/notices/letters", Some(t.officer()), Some(&body)).await;
    assert_eq!(letters.status, 200, "{}", letters.text);
    letters.text
}

/// The code that the letter brings.
pub(crate) async fn confirmation(t: &TestVault, resident: Uuid) -> String {
    let letter = letter(t, resident).await;
    let code = letter.split("确认码 ").nth(1).unwrap_or_else(|| panic!("no code in {letter}"));
    code.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
}

pub(crate) async fn session(t: &TestVault, code: &str) -> Answer {
    t.call("POST", "/v1/sessions", None, Some(&json!({ "code": code }))).await
}

/// A resident who has never signed in: none of the demonstration's first eight.
pub(crate) fn newcomer(t: &TestVault) -> Uuid {
    t.demo.residents[9].id
}

async fn own(t: &TestVault, token: &str, resident: Uuid, fields: &[&str]) -> Answer {
    let body = json!({ "resident": resident, "fields": fields, "purpose": "resident_access" });
    t.look(token, body).await
}

on_both!(a_code_of_the_window_is_good_once_and_for_a_quarter_of_an_hour_and_the_resident_has_word_of_it);
async fn a_code_of_the_window_is_good_once_and_for_a_quarter_of_an_hour_and_the_resident_has_word_of_it(
    on: On,
) {
    let t = TestVault::street(on).await;
    let resident = newcomer(&t);
    let clerk = &t.caller("window_clerk", "none").token;
    let task = application(&t, "w-1", resident, true).await;
    let code = async || ask_code(&t, clerk, resident, task).await.body["code"].as_str().unwrap().to_owned();
    let (first, second) = (code().await, code().await);
    assert_eq!(session(&t, &first).await.status, 401, "a newer one withdraws it");
    assert_eq!(session(&t, &second).await.status, 201);
    assert_eq!(session(&t, &second).await.status, 401, "once");
    let third = code().await;
    t.clock.step(HOUR / 4);
    assert_eq!(session(&t, &third).await.status, 401, "a quarter of an hour");
    let due = t.call("GET", "/v1/notices/due", Some(t.officer()), None).await;
    let owed = due.body["dues"].as_array().unwrap();
    assert_eq!(owed.len(), 3);
    assert!(owed.iter().all(|due| due["why"] == "sign_in" && due["resident"] == json!(resident)));
    // Codes that follow before the resident had word of the first are a finding.
    let entries = t.entries(12).await;
    let again = entries.iter().filter(|(_, private)| private["detail"]["code"] == "code_given_again");
    assert_eq!(again.count(), 2);
    // Neither the code nor whom it is for stands in the public part.
    let given: Vec<_> = entries
        .iter()
        .filter(|(public, p)| p["detail"]["what"] == "code_given" && public["who"]["role"] == "window_clerk")
        .collect();
    assert_eq!(given.len(), 3);
    assert!(given.iter().all(|(public, private)| {
        private["subject"]["tag"].is_string() && !public.to_string().contains(&resident.to_string())
    }));
}

on_both!(a_clerk_gives_no_code_without_a_confirmed_application_that_names_the_resident);
async fn a_clerk_gives_no_code_without_a_confirmed_application_that_names_the_resident(on: On) {
    let t = TestVault::street(on).await;
    let (resident, other) = (newcomer(&t), t.demo.residents[10].id);
    let clerk = t.caller("window_clerk", "none").clone();
    let refused = async |task: Uuid, resident: Uuid| {
        let answer = ask_code(&t, &clerk.token, resident, task).await;
        assert_eq!(answer.status, 403, "{}", answer.text);
        answer.body["reason"]["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(refused(Uuid::now_v7(), resident).await, "no_task");
    assert_eq!(refused(t.task(0).id, t.task(0).resident.unwrap()).await, "not_assigned");
    let unconfirmed = application(&t, "w-1", resident, false).await;
    assert_eq!(refused(unconfirmed, resident).await, "needs_approval");
    let confirmed = application(&t, "w-2", resident, true).await;
    assert_eq!(refused(confirmed, other).await, "subject_not_in_task");
    assert_eq!(refused(confirmed, Uuid::new_v4()).await, "subject_not_in_task", "there or not, alike");
    let (public, private) = t.entries(1).await.pop().unwrap();
    assert_eq!((&public["kind"], &public["reason"]), (&json!("auth.refused"), &json!("subject_not_in_task")));
    assert!(private["subject"].is_null());
    // Of the day: a confirmation of yesterday is none.
    t.clock.step(25 * HOUR);
    assert_eq!(refused(confirmed, resident).await, "needs_approval");
    // Nor does the steward who opened it, or the officer who confirmed it, give one.
    for role in ["data_steward", "privacy_officer"] {
        let answer = ask_code(&t, &t.caller(role, "none").token, resident, confirmed).await;
        assert_eq!(answer.status, 403, "{role}");
    }
    let close = json!({ "closed": true, "outcome": "done" });
    let fresh = application(&t, "w-3", resident, true).await;
    t.call("PATCH", &format!("/v1/tasks/{fresh}"), Some(&clerk.token), Some(&close)).await;
    assert_eq!(refused(fresh, resident).await, "task_closed");
}

on_both!(a_session_by_a_code_alone_reads_masked_values_until_a_second_factor_is_three_days_old);
async fn a_session_by_a_code_alone_reads_masked_values_until_a_second_factor_is_three_days_old(on: On) {
    let t = TestVault::street(on).await;
    let resident = newcomer(&t);
    let given = code(&t, "w-1", resident).await;
    let token = session(&t, &given).await.body["token"].as_str().unwrap().to_owned();
    let fields = ["person.name", "person.phone", "person.id_no", "premises.code"];
    let seen = own(&t, &token, resident, &fields).await;
    let outcomes: Vec<&str> = fields.iter().map(|field| seen.outcome(field)).collect();
    assert_eq!(outcomes, ["masked", "masked", "denied", "clear"], "{}", seen.text);
    assert_eq!(seen.reason("person.id_no"), "needs_approval");
    // Consent to what is sensitive is not given so; withdrawing and ordinary consent are free.
    let consent =
        async |body: Value| t.call("PUT", "/v1/me/consents/home_visit_care", Some(&token), Some(&body)).await;
    let sensitive = json!({ "state": "given", "fields": ["person.name", "elder.living_alone"] });
    let refused = consent(sensitive.clone()).await;
    assert_eq!((refused.status, &refused.body["reason"]["code"]), (403, &json!("needs_approval")));
    assert_eq!(consent(json!({ "state": "given", "fields": ["person.name"] })).await.status, 200);
    assert_eq!(consent(json!({ "state": "withdrawn" })).await.status, 200);
    // What is guessed is no second factor; the code of the letter is, three days on.
    let enter = async |code: &str| {
        t.call("POST", "/v1/me/factors", Some(&token), Some(&json!({ "code": code }))).await
    };
    assert_eq!(enter("AAAA-AAAA-AAAA-AAAA").await.status, 400);
    assert_eq!(enter(&given).await.status, 400, "the sign-in code is none");
    let sent = confirmation(&t, resident).await;
    assert_eq!(session(&t, &sent).await.status, 401, "and the letter's code signs nobody in");
    let added = enter(&sent).await;
    assert_eq!(added.status, 201, "{}", added.text);
    assert_eq!(enter(&sent).await.status, 400, "once");
    let page = async |token: &str| t.call("GET", "/v1/me", Some(token), None).await.body;
    assert_eq!(page(&token).await["second_factor"]["state"], "waits");
    assert_eq!(own(&t, &token, resident, &fields).await.outcome("person.name"), "masked");
    t.clock.step(71 * HOUR);
    let later = code(&t, "w-2", resident).await;
    let token = session(&t, &later).await.body["token"].as_str().unwrap().to_owned();
    assert_eq!(own(&t, &token, resident, &fields).await.outcome("person.name"), "masked");
    t.clock.step(HOUR + 1);
    let seen = own(&t, &token, resident, &fields).await;
    assert!(fields.iter().all(|field| seen.outcome(field) == "clear"), "{}", seen.text);
    let consent =
        async |body: Value| t.call("PUT", "/v1/me/consents/home_visit_care", Some(&token), Some(&body)).await;
    assert_eq!(consent(sensitive).await.status, 200);
    // Taken away, nothing but masked values is left.
    assert_eq!(page(&token).await["second_factor"]["state"], "counts");
    assert_eq!(t.call("DELETE", "/v1/me/factors", Some(&token), None).await.status, 204);
    assert_eq!(own(&t, &token, resident, &fields).await.outcome("person.name"), "masked");
}

on_both!(special_data_and_what_concerns_minors_and_violence_are_never_read_from_afar);
async fn special_data_and_what_concerns_minors_and_violence_are_never_read_from_afar(on: On) {
    let t = TestVault::street(on).await;
    let fields = [
        "health.chronic_note",
        "correct.flag",
        "mental.care_flag",
        "dv.notice",
        "minor.flag",
        "minor.situation",
    ];
    let mut answers = Vec::new();
    // Residents of whom there is something of it and residents of whom there is nothing, all with a second factor.
    for i in 0..8 {
        let resident = t.demo.residents[i].id;
        let token = t.sign_in(resident).await;
        assert_eq!(own(&t, &token, resident, &["person.name"]).await.outcome("person.name"), "clear");
        let seen = own(&t, &token, resident, &fields).await;
        assert!(fields.iter().all(|field| seen.reason(field) == "needs_approval"), "{}", seen.text);
        let mut body = seen.body;
        body["lookup"] = Value::Null;
        answers.push(body);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "alike whether there is anything");
}

on_both!(the_own_page_shows_codes_and_sign_ins_first_the_newest_on_top);
async fn the_own_page_shows_codes_and_sign_ins_first_the_newest_on_top(on: On) {
    let t = TestVault::street(on).await;
    let resident = newcomer(&t);
    let given = code(&t, "w-1", resident).await;
    let token = session(&t, &given).await.body["token"].as_str().unwrap().to_owned();
    let page = t.call("GET", "/v1/me", Some(&token), None).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let what: Vec<&str> =
        page.body["sign_ins"].as_array().unwrap().iter().map(|s| s["what"].as_str().unwrap()).collect();
    assert_eq!(what[..2], ["signed_in", "code_given"]);
    assert_eq!(page.body["sign_ins"][1]["role"], "window_clerk");
    assert!(page.body["sign_ins"][1]["text"].as_str().unwrap().contains("发出了登录码"));
    assert_eq!((&page.body["owed"], &page.body["second_factor"]["state"]), (&json!(1), &json!("none")));
    // Nobody else's are on it, and nobody else reads it.
    let other = t.sign_in(t.demo.residents[11].id).await;
    let page = t.call("GET", "/v1/me", Some(&other), None).await;
    assert!(!page.text.contains("window_clerk"), "{}", page.text);
    assert_eq!(t.call("GET", "/v1/me", Some(t.officer()), None).await.status, 404);
}

on_both!(word_of_a_code_goes_to_the_home_and_phone_of_before_the_last_thirty_days);
async fn word_of_a_code_goes_to_the_home_and_phone_of_before_the_last_thirty_days(on: On) {
    let t = TestVault::street(on).await;
    let resident = newcomer(&t);
    let steward = &t.caller("data_steward", "none").token;
    let path = format!("/v1/residents/{resident}");
    let messages = async || {
        let body = json!({ "dues": [due(&t, resident).await] });
        let sent = t.call("POST", "/v1/notices/messages", Some(t.officer()), Some(&body)).await;
        assert_eq!(sent.status, 200, "{}", sent.text);
        sent.text
    };
    let address = |letter: &str| {
        letter.split("<section>\n<p>").nth(1).unwrap().split("<br>").next().unwrap().to_owned()
    };
    code(&t, "w-1", resident).await;
    let (home, phone) = (address(&letter(&t, resident).await), messages().await);
    let phone = phone.split("\",\"").nth(2).unwrap().to_owned();
    assert!(phone.starts_with("12"), "{phone}");
    // A bribed colleague changes both, and a code is given the same day.
    let elsewhere = t.demo.premises.iter().find(|p| p.area != t.demo.residents[9].area).unwrap().id;
    for body in [
        json!({ "fields": { "person.phone": "12199990001" } }),
        json!({ "fields": { "person.phone": "12199990002" }, "premises": elsewhere }),
    ] {
        let corrected = t.call("PATCH", &path, Some(steward), Some(&body)).await;
        assert_eq!(corrected.status, 204, "{}", corrected.text);
    }
    code(&t, "w-2", resident).await;
    assert_eq!(address(&letter(&t, resident).await), home);
    let sent = messages().await;
    assert!(sent.contains(&phone) && !sent.contains("1219999000"), "{sent}");
    // After thirty days the new ones are the resident's.
    t.clock.step(31 * 24 * HOUR);
    let steward = fresh(&t, "data_steward").await;
    let officer = fresh(&t, "privacy_officer").await;
    let due = t.call("GET", "/v1/notices/due", Some(&officer), None).await.body["dues"][0]["id"].clone();
    let body = json!({ "dues": [due] });
    let sent = t.call("POST", "/v1/notices/messages", Some(&officer), Some(&body)).await.text;
    assert!(sent.contains("12199990002"), "{sent}");
    let printed = t.call("POST", "/v1/notices/letters", Some(&officer), Some(&body)).await.text;
    assert_ne!(address(&printed), home);
    drop(steward);
    assert!(t.vault.now() > MORNING);
}

/// A token for today: those of the demonstration end after thirty days.
async fn fresh(t: &TestVault, role: &str) -> String {
    use gridvault::authority::Holder;
    let holder = Holder::Person(t.caller(role, "none").holder);
    let token =
        gridvault::register::issue_token(&t.vault, holder, gridvault_policy::Posture::Office, HOUR).await;
    token.unwrap().reveal().to_owned()
}
