//! Letters of delegation: two signatures, what a department delegates, valid to the minute; posts and agreements that end.

use gridvault::authority::Holder;
use gridvault::clock::rfc3339;
use gridvault::register::{appoint, issue_token};
use gridvault_policy::{Posture, Role};
use gridvault_tests::{Answer, HOUR, MORNING, On, TestVault, on_both};
use serde_json::{Value, json};
use uuid::Uuid;

/// A letter of civil affairs for home visits in the first grid, from this morning on.
pub(crate) fn letter(t: &TestVault, number: &str, person: Uuid) -> Value {
    json!({ "number": number, "department": "civil_affairs", "statute": "社会救助暂行办法", "article": "4", "unit": "示例一社区居委会",
        "person": person, "purposes": ["home_visit_care"], "areas": [t.chief().area], "from": "2026-11-24", "to": "2027-06-30" })
}

async fn register(t: &TestVault, token: &str, body: &Value) -> Answer {
    t.call("POST", "/v1/letters", Some(token), Some(body)).await
}

async fn sign(t: &TestVault, token: &str, id: &Value) -> u16 {
    let path = format!("/v1/letters/{}", id.as_str().unwrap());
    t.call("PATCH", &path, Some(token), Some(&json!({ "signed": true }))).await.status
}

async fn revoke(t: &TestVault, token: &str, id: &str) -> u16 {
    t.call("POST", &format!("/v1/letters/{id}/revoke"), Some(token), None).await.status
}

/// A person appointed to a post, with a token.
async fn appointed(t: &TestVault, role: Role, number: &str) -> (Uuid, String) {
    let person = appoint(&t.vault, role, number).await.unwrap().person;
    let token =
        issue_token(&t.vault, Holder::Person(person), Posture::Office, 24 * 400 * HOUR).await.unwrap();
    (person, token.reveal().to_owned())
}

on_both!(d20_a_letter_gives_nothing_before_two_people_have_signed_it_and_nothing_once_it_is_revoked);
async fn d20_a_letter_gives_nothing_before_two_people_have_signed_it_and_nothing_once_it_is_revoked(on: On) {
    let t = TestVault::street(on).await;
    let (steward, officer) = (t.caller("data_steward", "none").token.clone(), t.officer().to_owned());
    let assistant = t.caller("grid_assistant", "civil_affairs");
    let look = async || t.look(&assistant.token, t.visit(9, &["person.name", "elder.living_alone"])).await;
    assert_eq!(look().await.reason("person.name"), "no_basis");
    let made = register(&t, &steward, &letter(&t, "授权书-01", assistant.holder)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(look().await.reason("person.name"), "no_basis", "one signature is none");
    let id = &made.body["id"];
    // Neither the one who registered it, nor the one named, nor somebody without a say.
    assert_eq!(sign(&t, &steward, id).await, 403);
    assert_eq!(sign(&t, &assistant.token, id).await, 403);
    assert_eq!(sign(&t, &t.caller("auditor", "none").token, id).await, 403);
    assert_eq!(sign(&t, &officer, id).await, 204);
    assert_eq!(sign(&t, &officer, id).await, 409);
    let (public, private) = t.entries(1).await.remove(0);
    assert_eq!(
        (&public["kind"], &private["detail"]["signatures"]),
        (&json!("delegation.granted"), &json!(2))
    );
    assert!(!private.to_string().contains("授权书"), "what people write stands in the row alone");
    let live = look().await;
    assert_eq!((live.outcome("person.name"), live.outcome("elder.living_alone")), ("clear", "clear"));
    assert_eq!(revoke(&t, &assistant.token, id.as_str().unwrap()).await, 403);
    assert_eq!(revoke(&t, &steward, id.as_str().unwrap()).await, 204);
    assert_eq!(look().await.status, 403, "at once");
    assert_eq!(revoke(&t, &steward, id.as_str().unwrap()).await, 409);
    assert_eq!(sign(&t, &officer, id).await, 409, "nothing revives it");
}

on_both!(d20_a_letter_ends_at_its_minute_and_another_follows_it_but_does_not_lie_beside_it_unsaid);
async fn d20_a_letter_ends_at_its_minute_and_another_follows_it_but_does_not_lie_beside_it_unsaid(on: On) {
    // S04, S05.
    let t = TestVault::street(on).await;
    let (steward, officer) = (t.caller("data_steward", "none").token.clone(), t.officer().to_owned());
    let assistant = t.caller("grid_assistant", "floating_population");
    let look = async || t.look(&assistant.token, t.visit(8, &["person.name"])).await;
    assert_eq!(look().await.outcome("person.name"), "clear");
    let list = t.call("GET", "/v1/letters", Some(&steward), None).await;
    let imported =
        list.body["letters"].as_array().unwrap().iter().find(|l| l["person"] == json!(assistant.holder));
    let imported = imported.unwrap()["id"].as_str().unwrap().to_owned();
    let mut body = letter(&t, "授权书-02", assistant.holder);
    body["department"] = json!("floating_population");
    body["purposes"] = json!(["floating_population_registration"]);
    body["from"] = json!(rfc3339(MORNING));
    body["to"] = json!(rfc3339(MORNING + 2 * HOUR));
    // It would extend what there is: only as what it is.
    assert_eq!(register(&t, &steward, &body).await.status, 409);
    body["renews"] = json!(Uuid::now_v7());
    assert_eq!(register(&t, &steward, &body).await.body["errors"][0]["pointer"], "/renews");
    body["renews"] = json!(imported);
    let made = register(&t, &steward, &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    body["number"] = json!("授权书-03");
    assert_eq!(
        register(&t, &steward, &body).await.status,
        409,
        "two that renew the same lie beside each other"
    );
    assert_eq!(sign(&t, &officer, &made.body["id"]).await, 204);
    assert_eq!(t.entries(1).await[0].1["detail"]["renews"], json!(imported));
    assert_eq!(revoke(&t, &officer, &imported).await, 204);
    assert_eq!(look().await.outcome("person.name"), "clear", "the second one is live");
    t.clock.step(2 * HOUR - 1);
    assert_eq!(look().await.outcome("person.name"), "clear");
    t.clock.step(1);
    assert_eq!(look().await.reason("person.name"), "letter_expired");
    // Nothing extends it: it cannot be signed or registered again.
    assert_eq!(sign(&t, &officer, &made.body["id"]).await, 409);
    body["number"] = json!("授权书-02");
    body["to"] = json!("2027-06-30");
    assert_eq!(register(&t, &steward, &body).await.status, 409, "a number is given once");
}

on_both!(d20_nobody_signs_for_oneself_through_another_post_or_while_acting_on_a_letter);
async fn d20_nobody_signs_for_oneself_through_another_post_or_while_acting_on_a_letter(on: On) {
    let t = TestVault::street(on).await;
    let demo = t.caller("data_steward", "none");
    let (_, officer) = appointed(&t, Role::PrivacyOfficer, "P9").await;
    let (person, steward) = appointed(&t, Role::DataSteward, "S9").await;
    // The steward gets a second post as privacy officer.
    let post = json!({ "role": "privacy_officer", "scheme": "social_grid", "areas": ["110106006000"], "from": "2026-11-24" });
    let path = format!("/v1/people/{person}/assignments");
    let proposed = t.call("POST", &path, Some(&demo.token), Some(&post)).await;
    let path = format!("/v1/proposals/{}/confirm", proposed.body["proposal"].as_str().unwrap());
    assert_eq!(t.call("POST", &path, Some(t.officer()), None).await.status, 200);
    let posts = t.call("GET", &format!("/v1/people/{person}/assignments"), Some(t.officer()), None).await;
    let held = |role: &str| {
        let posts = posts.body["assignments"].as_array().unwrap();
        posts.iter().find(|post| post["role"] == role).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let (as_steward, as_officer) = (held("data_steward"), held("privacy_officer"));
    let assistant = t.caller("grid_assistant", "civil_affairs").holder;
    let path = format!("/v1/letters?assignment={as_steward}");
    let made = t.call("POST", &path, Some(&steward), Some(&letter(&t, "L-1", assistant))).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let path = format!("/v1/letters/{}?assignment={as_officer}", made.body["id"].as_str().unwrap());
    let signed = json!({ "signed": true });
    assert_eq!(
        t.call("PATCH", &path, Some(&steward), Some(&signed)).await.status,
        403,
        "one person, two posts"
    );
    // A letter that names the steward: neither registered nor signed by that person.
    let path = format!("/v1/letters?assignment={as_steward}");
    let own = letter(&t, "L-2", person);
    assert_eq!(t.call("POST", &path, Some(&steward), Some(&own)).await.status, 403);
    let made = register(&t, &demo.token, &own).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let path = format!("/v1/letters/{}?assignment={as_officer}", made.body["id"].as_str().unwrap());
    assert_eq!(t.call("PATCH", &path, Some(&steward), Some(&signed)).await.status, 403, "one's own");
    assert_eq!(sign(&t, &officer, &made.body["id"]).await, 204);
    // Who acts on a letter issues none (PIPL 21(3)).
    let path = format!("/v1/letters?assignment={as_steward}");
    let further = letter(&t, "L-3", t.caller("grid_informant", "none").holder);
    assert_eq!(t.call("POST", &path, Some(&steward), Some(&further)).await.status, 403);
    assert_eq!(register(&t, &demo.token, &further).await.status, 201);
    // Each refusal is on record.
    let refused = t.entries(20).await.iter().filter(|(public, _)| public["kind"] == "auth.refused").count();
    assert!(refused >= 4, "{refused}");
}

on_both!(d20_a_letter_is_for_what_its_department_delegates_within_a_year_and_for_grids);
async fn d20_a_letter_is_for_what_its_department_delegates_within_a_year_and_for_grids(on: On) {
    let t = TestVault::street(on).await;
    let steward = t.caller("data_steward", "none").token.clone();
    let person = t.caller("grid_assistant", "civil_affairs").holder;
    for (member, value, pointer, code) in [
        ("department", json!("police"), "/department", "delegates_nothing"),
        ("department", json!("labour"), "/purposes/0", "not_delegated"),
        ("purposes", json!(["home_visit_care", "minor_protection"]), "/purposes/1", "not_delegated"),
        ("purposes", json!([]), "/purposes", "required"),
        ("fields", json!(["person.name", "person.id_no"]), "/fields/1", "field_not_for_purpose"),
        ("fields", json!(["person.religion"]), "/fields/0", "field_unknown"),
        ("areas", json!(["110106006901099"]), "/areas/0", "area_unknown"),
        ("areas", json!(["110106006901"]), "/areas/0", "not_a_grid"),
        ("to", json!("2027-11-25"), "/to", "out_of_bounds"),
        ("to", json!("2026-11-23"), "/to", "out_of_bounds"),
        ("person", json!(Uuid::now_v7()), "/person", "unknown"),
        ("text", json!("AB"), "/text", "digest"),
        ("number", json!("一\n二"), "/number", "too_long"),
    ] {
        let mut body = letter(&t, "L-1", person);
        body[member] = value;
        let answer = register(&t, &steward, &body).await;
        let error = &answer.body["errors"][0];
        assert_eq!(
            (answer.status, &error["pointer"], &error["code"]),
            (400, &json!(pointer), &json!(code)),
            "{member}: {}",
            answer.text
        );
    }
    // Twelve months to the day; the last day counts as a whole.
    let mut body = letter(&t, "L-1", person);
    (body["from"], body["to"]) = (json!("2026-11-25"), json!("2027-11-24"));
    assert_eq!(register(&t, &steward, &body).await.status, 201);
}

on_both!(letters_posts_and_agreements_that_end_soon_are_listed);
async fn letters_posts_and_agreements_that_end_soon_are_listed(on: On) {
    let t = TestVault::street(on).await;
    let officer = t.officer();
    let soon =
        async |n: i64| t.call("GET", &format!("/v1/letters?expiring={n}"), Some(officer), None).await.body;
    let near = soon(30).await;
    assert_eq!(near, json!({ "letters": [], "assignments": [], "services": [] }));
    // The demonstration's letter and post end in June, its agreements in a year.
    let half = soon(300).await;
    assert_eq!(half["letters"][0]["number"], "授权书-演示-流管-01");
    assert_eq!(
        (half["letters"][0]["live"].clone(), half["letters"][0]["statute"].clone()),
        (json!(true), json!("居住证暂行条例"))
    );
    assert_eq!(half["assignments"][0]["role"], "grid_assistant");
    assert_eq!(half["services"], json!([]));
    assert_eq!(soon(366).await["services"].as_array().unwrap().len(), 4);
    for wrong in ["0", "367", "x"] {
        let answer = t.call("GET", &format!("/v1/letters?expiring={wrong}"), Some(officer), None).await;
        assert_eq!(answer.status, 400, "{wrong}");
    }
    // An import does not extend a letter unsaid either.
    let holder = t.caller("grid_assistant", "floating_population").holder;
    let post = json!({ "role": "grid_assistant", "department": "floating_population", "scheme": "social_grid",
        "areas": [t.chief().area], "from": "2026-12-01", "to": "2027-10-31", "letter": "授权书-演示-流管-02" });
    let path = format!("/v1/people/{holder}/assignments");
    let steward = &t.caller("data_steward", "none").token;
    let proposed = t.call("POST", &path, Some(steward), Some(&post)).await;
    assert_eq!(proposed.body["errors"][0]["code"], "letter_overlaps", "{}", proposed.text);
    // Who made the import and who confirmed it stand for the letters in it.
    let rows = t.vault.store.all(gridvault::store::Table::Letters).await.unwrap();
    let held: gridvault::authority::Letter = t.vault.keys.check(&rows[0]).unwrap();
    let (one, two) = (held.signed[0].by, held.signed[1].by);
    assert_eq!(one, t.caller("data_steward", "none").holder);
    assert_eq!(two, t.caller("privacy_officer", "none").holder);
}

on_both!(d13_an_agreement_that_has_ended_opens_nothing_for_the_service_or_through_it);
async fn d13_an_agreement_that_has_ended_opens_nothing_for_the_service_or_through_it(on: On) {
    let t = TestVault::street(on).await;
    let backend = t.caller("service", "terminal_backend");
    let look = async || {
        let mut body = t.visit(0, &["person.name"]);
        body["assignment"] = Value::Null;
        body["on_behalf_of"] = json!(t.task(0).assignment);
        // A token that would outlive the agreement.
        let token =
            issue_token(&t.vault, Holder::Service(backend.holder), Posture::Service, 24 * 400 * HOUR).await;
        t.look(token.unwrap().reveal(), body).await.status
    };
    assert_eq!(look().await, 200);
    t.clock.step(24 * 365 * HOUR);
    assert_eq!(look().await, 401, "the last minute is over");
    let t = TestVault::street(on).await;
    let path = format!("/v1/services/{}", t.caller("service", "terminal_backend").holder);
    let mut body = t.visit(0, &["person.name"]);
    body["assignment"] = Value::Null;
    body["on_behalf_of"] = json!(t.task(0).assignment);
    let token = &t.caller("service", "terminal_backend").token;
    assert_eq!(t.look(token, body.clone()).await.status, 200);
    assert_eq!(t.call("PATCH", &path, Some(t.officer()), Some(&json!({ "ended": true }))).await.status, 204);
    assert_eq!(t.look(token, body).await.status, 401, "ended before its time, too");
}

on_both!(d20_a_post_that_has_ended_opens_nothing_and_old_entries_keep_the_old_map);
async fn d20_a_post_that_has_ended_opens_nothing_and_old_entries_keep_the_old_map(on: On) {
    let t = TestVault::street(on).await;
    let (steward, officer) = (t.caller("data_steward", "none").token.clone(), t.officer().to_owned());
    let civil = t.caller("dispatched_officer", "civil_affairs");
    let look = async || t.look(&civil.token, t.visit(6, &["person.name"])).await;
    assert_eq!(look().await.status, 200);
    let before = t.entries(1).await.remove(0);
    assert_eq!(before.0["who"]["area"], json!(civil.area));
    // The first grid merges into its neighbour: who was posted there stands in no live cell any more.
    let first = civil.area.clone().unwrap();
    let merged = json!({ "areas": [{ "scheme": "social_grid", "code": first, "parent": "110106006901", "level": "grid",
        "name": "示例一社区第1网格", "from": "2026-01-01", "to": rfc3339(MORNING + HOUR), "into": "110106006901005" }] });
    let proposed = t.call("POST", "/v1/areas", Some(&steward), Some(&merged)).await;
    assert_eq!(proposed.status, 202, "{}", proposed.text);
    let path = format!("/v1/proposals/{}/confirm", proposed.body["proposal"].as_str().unwrap());
    assert_eq!(t.call("POST", &path, Some(&officer), None).await.status, 200);
    assert_eq!(look().await.status, 200, "until its minute");
    t.clock.step(HOUR);
    let moved = look().await;
    assert_eq!((moved.status, moved.reason("person.name")), (403, "grid_scope"), "{}", moved.text);
    // The post ends: its token opens no door at all, and what was entered stays as it was then.
    let path = format!("/v1/assignments/{}", civil.assignment.unwrap());
    assert_eq!(t.call("PATCH", &path, Some(&steward), Some(&json!({ "ended": true }))).await.status, 204);
    let size = t.size().await;
    for (method, path) in [("GET", "/v1/tasks"), ("GET", "/v1/areas/check"), ("GET", "/v1/people")] {
        let answer = t.call(method, path, Some(&civil.token), None).await;
        assert_eq!((answer.status, answer.problem()), (403, "denied"), "{path}: {}", answer.text);
    }
    let gone = look().await;
    assert_eq!((gone.status, gone.problem()), (403, "denied"));
    assert_eq!(t.size().await, size + 4, "each of them is on record");
    let filter =
        gridvault::store::EntryFilter { kinds: vec!["lookup".into()], limit: 1, ..Default::default() };
    let entry = t.vault.store.entries(&filter).await.unwrap().remove(0);
    let kept: Value = serde_json::from_slice(&entry.public).unwrap();
    assert_eq!((&kept, &kept["who"]["area"]), (&before.0, &json!(first)));
}
