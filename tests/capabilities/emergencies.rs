//! Break-glass: declared, told, over, reviewed; and what somebody tries who wants to look and not to rescue.

use gridvault::authority::{Due, Holder, Why};
use gridvault::register::{appoint, issue_token, watch_emergencies};
use gridvault::store::Table;
use gridvault_policy::{Posture, Role};
use gridvault_tests::{Answer, HOUR, On, TestVault, on_both};
use serde_json::{Value, json};
use uuid::Uuid;

const DAY: i64 = 24 * HOUR;

/// Somebody who may declare, in one post.
pub(crate) struct Rescuer {
    pub(crate) token: String,
    pub(crate) post: Uuid,
}

pub(crate) fn chief(t: &TestVault) -> Rescuer {
    Rescuer { token: t.chief().token.clone(), post: t.chief().assignment.unwrap() }
}

pub(crate) async fn declare(t: &TestVault, by: &Rescuer, body: Value) -> Answer {
    let path = format!("/v1/emergencies?assignment={}", by.post);
    t.call("POST", &path, Some(&by.token), Some(&body)).await
}

fn fire(place: Option<Uuid>, residents: &[Uuid]) -> Value {
    let mut body = json!({ "event": "119-20261124-0031", "reason": "fire", "residents": residents });
    if let Some(place) = place {
        body["place"] = json!(place);
    }
    body
}

async fn declared(t: &TestVault, by: &Rescuer, residents: &[Uuid]) -> String {
    let answer = declare(t, by, fire(None, residents)).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.body["id"].as_str().unwrap().to_owned()
}

/// A look at somebody on the emergency's strength alone.
async fn rescue(t: &TestVault, by: &Rescuer, emergency: &str, resident: Uuid) -> Answer {
    let body = json!({
        "resident": resident, "fields": ["person.name", "person.phone", "premises.address"],
        "purpose": "emergency_rescue", "basis": { "kind": "emergency", "ref": emergency }, "assignment": by.post,
    });
    t.look(&by.token, body).await
}

/// The reason for which every field was refused.
fn why(answer: &Answer) -> &str {
    answer.body["reason"]["code"].as_str().unwrap_or("(none)")
}

async fn review(t: &TestVault, token: &str, emergency: &str, outcome: &str) -> u16 {
    let path = format!("/v1/emergencies/{emergency}/review");
    t.call("POST", &path, Some(token), Some(&json!({ "outcome": outcome }))).await.status
}

async fn end(t: &TestVault, by: &Rescuer, emergency: &str) -> u16 {
    let path = format!("/v1/emergencies/{emergency}/end?assignment={}", by.post);
    t.call("POST", &path, Some(&by.token), None).await.status
}

/// Another privacy officer, just appointed.
pub(crate) async fn another_officer(t: &TestVault, number: &str) -> String {
    let officer = appoint(&t.vault, Role::PrivacyOfficer, number).await.unwrap();
    let holder = Holder::Person(officer.person);
    issue_token(&t.vault, holder, Posture::Office, 60 * DAY).await.unwrap().reveal().to_owned()
}

/// Whom a resident is owed word of, and of what.
pub(crate) async fn owed(t: &TestVault) -> Vec<Due> {
    let rows = t.vault.store.all(Table::Dues).await.unwrap();
    let of_consents = |due: &Due| due.why == gridvault::authority::Why::ConsentRecorded;
    rows.iter().filter_map(|row| t.vault.keys.check(row)).filter(|due| !of_consents(due)).collect()
}

/// The findings of that code, oldest first.
pub(crate) async fn findings(t: &TestVault, code: &str) -> Vec<Value> {
    let entries = t.entries(10_000).await;
    let found = entries
        .into_iter()
        .filter(|(public, private)| public["kind"] == "finding.raised" && private["detail"]["code"] == code);
    found.map(|(_, private)| private["detail"].clone()).collect()
}

on_both!(d34_an_emergency_opens_its_place_for_four_hours_and_not_a_moment_longer);
async fn d34_an_emergency_opens_its_place_for_four_hours_and_not_a_moment_longer(on: On) {
    let t = TestVault::street(on).await;
    // Three at night.
    t.clock.step(17 * HOUR + HOUR / 2);
    let (by, task) = (chief(&t), t.task(0));
    let resident = task.resident.unwrap();
    let answer = declare(&t, &by, fire(task.premises, &[])).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.body["residents"], json!([resident]), "who lives there, and nobody else");
    assert_eq!(answer.body["until"], "2026-11-25T07:00:00+08:00");
    assert_eq!(answer.body["review_by"], "2026-12-01T00:00:00+08:00");
    let id = answer.body["id"].as_str().unwrap();
    // The officer and the unit are told with it.
    let told = t.entries(2).await;
    assert_eq!(
        (&told[0].0["kind"], &told[1].0["kind"]),
        (&json!("emergency.declared"), &json!("finding.raised"))
    );
    assert_eq!(told[0].0["who"]["area"], "110106006901001");
    let detail = &told[1].1["detail"];
    assert_eq!((&detail["code"], &detail["emergency"]), (&json!("emergency"), &json!(id)));
    assert_eq!((&detail["within_30_days"], &detail["not_named_before"]), (&json!(1), &json!(1)));
    // Without it there is no basis; with it all that a rescue needs, and its number is not.
    let body = json!({ "resident": resident, "fields": ["person.name"], "purpose": "emergency_rescue", "assignment": by.post });
    assert_eq!(why(&t.look(&by.token, body).await), "no_basis");
    let look = rescue(&t, &by, id, resident).await;
    assert_eq!(look.status, 200, "{}", look.text);
    for field in ["person.name", "person.phone", "premises.address"] {
        assert_eq!(look.outcome(field), "clear", "{field}");
    }
    let (public, private) = t.entries(1).await.pop().unwrap();
    assert_eq!(
        (&public["basis"], &private["basis_ref"], &private["task"]),
        (&json!("emergency"), &json!(id), &json!(id))
    );
    // To the moment.
    t.clock.step(4 * HOUR - 1);
    assert_eq!(rescue(&t, &by, id, resident).await.status, 200);
    t.clock.step(1);
    assert_eq!(why(&rescue(&t, &by, id, resident).await), "task_closed");
    // It is not prolonged: neither confirmed nor ended any more.
    let path = format!("/v1/emergencies/{id}");
    let confirm = t.call("PATCH", &path, Some(t.officer()), Some(&json!({ "confirmed": true }))).await;
    assert_eq!((confirm.status, end(&t, &by, id).await), (409, 409));
    // The resident reads of it.
    let session = t.sign_in(resident).await;
    let lines = t.call("GET", "/v1/me/lookups", Some(&session), None).await;
    assert_eq!(lines.body["lookups"][0]["basis"], "emergency");
}

on_both!(d34_breaking_glass_reaches_whom_the_post_and_the_declaration_reach_and_nobody_else);
async fn d34_breaking_glass_reaches_whom_the_post_and_the_declaration_reach_and_nobody_else(on: On) {
    let t = TestVault::street(on).await;
    let by = chief(&t);
    let (named, neighbour) = (t.task(0).resident.unwrap(), t.task(1).resident.unwrap());
    let elsewhere = t.demo.residents.iter().find(|r| !r.area.starts_with("110106006901001")).unwrap().id;
    // On a resident elsewhere: alike to one that is not there, each on record.
    let size = t.size().await;
    let mut bodies = Vec::new();
    for body in [
        fire(None, &[elsewhere]),
        fire(None, &[Uuid::new_v4()]),
        fire(None, &[named, elsewhere]),
        fire(Some(Uuid::new_v4()), &[]),
        fire(Some(named), &[]),
        fire(Some(t.demo.premises.iter().find(|p| p.area != "110106006901001").unwrap().id), &[]),
    ] {
        let refused = declare(&t, &by, body).await;
        assert_eq!((refused.status, refused.problem()), (404, "not-found"), "{}", refused.text);
        bodies.push(refused.text);
    }
    bodies.dedup();
    assert_eq!((bodies.len(), t.size().await - size), (1, 6));
    for (public, _) in t.entries(6).await {
        assert_eq!((&public["kind"], &public["reason"]), (&json!("auth.refused"), &json!("grid_scope")));
    }
    // On more than was declared: not the neighbour, by lookup or by search.
    let id = declared(&t, &by, &[named]).await;
    let more = rescue(&t, &by, &id, neighbour).await;
    assert_eq!((more.status, why(&more)), (403, "subject_not_in_task"), "{}", more.text);
    assert_eq!(rescue(&t, &by, &id, elsewhere).await.status, 404);
    for (who, found) in [(0, 1), (1, 0)] {
        let search = json!({ "by": "phone", "value": crate::searching::said(who, "person.phone"), "purpose": "emergency_rescue",
            "basis": { "kind": "emergency", "ref": id }, "assignment": by.post });
        let hits = t.call("POST", "/v1/searches", Some(&by.token), Some(&search)).await;
        assert_eq!(hits.body["results"].as_array().map(Vec::len), Some(found), "{}", hits.text);
    }
    // Nor does it open anything for another purpose, another post of the same person, or another person.
    let mut visit = t.visit(1, &["person.name"]);
    visit["task"] = json!(id);
    assert_eq!(t.look(&by.token, visit).await.status, 403);
    let minors =
        Rescuer { token: by.token.clone(), post: t.caller("grid_chief", "minors").assignment.unwrap() };
    let other = t.caller("dispatched_officer", "urban_management");
    let other = Rescuer { token: other.token.clone(), post: other.assignment.unwrap() };
    for stranger in [&minors, &other] {
        let look = rescue(&t, stranger, &id, named).await;
        assert_eq!((look.status, why(&look)), (403, "not_assigned"), "{}", look.text);
    }
    assert_eq!(rescue(&t, &by, &id, named).await.status, 200);
}

on_both!(d34_nobody_else_makes_an_emergency_and_none_is_made_without_its_number);
async fn d34_nobody_else_makes_an_emergency_and_none_is_made_without_its_number(on: On) {
    let t = TestVault::street(on).await;
    let (by, resident) = (chief(&t), t.task(0).resident.unwrap());
    let place = t.task(0).premises;
    let with = |member: &str, value: Value| {
        let mut body = fire(None, &[resident]);
        body[member] = value;
        body
    };
    let size = t.size().await;
    for (body, pointer) in [
        (json!({ "reason": "fire", "residents": [resident] }), ""),
        (with("event", json!("")), "/event"),
        (with("event", json!("领导口头交办")), "/event"),
        (with("reason", json!("curiosity")), "/reason"),
        (with("place", json!(place)), ""),
        (json!({ "event": "1", "reason": "fire" }), ""),
        (with("residents", json!([resident, resident])), "/residents"),
        (with("hours", json!(48)), "/hours"),
    ] {
        let refused = declare(&t, &by, body.clone()).await;
        let got = (refused.status, refused.body["errors"][0]["pointer"].as_str());
        assert_eq!(got, (400, Some(pointer)), "{body} {}", refused.text);
    }
    assert_eq!(t.size().await, size);
    for (role, department) in [
        ("grid_supervisor", "none"),
        ("grid_informant", "none"),
        ("window_clerk", "none"),
        ("data_steward", "none"),
        ("privacy_officer", "none"),
        ("service", "terminal_backend"),
    ] {
        let caller = t.caller(role, department);
        let refused =
            t.call("POST", "/v1/emergencies", Some(&caller.token), Some(&fire(None, &[resident]))).await;
        assert_eq!(refused.status, 403, "{role} {}", refused.text);
    }
    // Who registers tasks registers no emergency, and an emergency of another purpose is none.
    let task = |purpose: &str| {
        json!({ "source": "s", "number": purpose, "kind": "emergency", "purpose": purpose, "residents": [resident],
            "assignees": [by.post], "opens": "2026-11-24", "closes": "2026-12-24" })
    };
    let steward = &t.caller("data_steward", "none").token;
    for purpose in ["emergency_rescue", "legal_request"] {
        let refused = t.call("POST", "/v1/tasks", Some(steward), Some(&task(purpose))).await;
        assert_eq!(refused.body["errors"][0]["code"], "own_door", "{}", refused.text);
    }
    let notice = t.call("POST", "/v1/tasks", Some(steward), Some(&task("emergency_notice"))).await;
    let id = notice.body["id"].as_str().unwrap();
    assert_eq!(why(&rescue(&t, &by, id, resident).await), "no_basis");
}

on_both!(d34_more_than_twenty_are_opened_by_a_second_person);
async fn d34_more_than_twenty_are_opened_by_a_second_person(on: On) {
    let t = TestVault::street(on).await;
    let officer = t.caller("dispatched_officer", "urban_management");
    let by = Rescuer { token: officer.token.clone(), post: officer.assignment.unwrap() };
    let many: Vec<Uuid> = t.demo.residents.iter().map(|r| r.id).take(25).collect();
    let answer = declare(&t, &by, fire(None, &many)).await;
    assert_eq!((answer.status, &answer.body["waiting"]), (201, &json!(5)), "{}", answer.text);
    let id = answer.body["id"].as_str().unwrap().to_owned();
    assert_eq!(rescue(&t, &by, &id, many[19]).await.status, 200);
    assert_eq!(why(&rescue(&t, &by, &id, many[20]).await), "subject_not_in_task");
    let path = format!("/v1/emergencies/{id}");
    let confirm = async |token: &str| {
        t.call("PATCH", &path, Some(token), Some(&json!({ "confirmed": true }))).await.status
    };
    // Not the declarer, whatever other post there is; nor a colleague; nor by the door of other tasks.
    assert_eq!(confirm(&by.token).await, 403);
    assert_eq!(confirm(&t.caller("dispatched_officer", "police").token).await, 403);
    let elsewhere = format!("/v1/tasks/{id}");
    let steward = t.caller("data_steward", "none").token.clone();
    let confirmed = json!({ "confirmed": true });
    assert_eq!(t.call("PATCH", &elsewhere, Some(&steward), Some(&confirmed)).await.status, 409);
    assert_eq!(confirm(&steward).await, 204);
    assert_eq!(confirm(t.officer()).await, 409, "once");
    assert_eq!(rescue(&t, &by, &id, many[24]).await.status, 200);
    // Who let more be opened does not say afterwards that it was needed.
    t.clock.step(4 * HOUR);
    let second = another_officer(&t, "P7").await;
    assert_eq!(review(&t, &second, &id, "justified").await, 204);
    let too_many: Vec<Uuid> = (0..91).map(|_| Uuid::new_v4()).collect();
    assert_eq!(declare(&t, &by, fire(None, &too_many)).await.status, 400);
}

on_both!(d34_an_overdue_review_bars_the_next_break_glass_after_two_reminders);
async fn d34_an_overdue_review_bars_the_next_break_glass_after_two_reminders(on: On) {
    let t = TestVault::street(on).await;
    let (by, resident) = (chief(&t), t.task(0).resident.unwrap());
    // Tuesday, half past nine: due at the end of Friday.
    let id = declared(&t, &by, &[resident]).await;
    t.clock.step(DAY);
    watch_emergencies(&t.vault).await.unwrap();
    assert!(findings(&t, "review_due").await.is_empty(), "the first working day has not passed");
    t.clock.step(15 * HOUR);
    for _ in 0..2 {
        watch_emergencies(&t.vault).await.unwrap();
    }
    assert_eq!(findings(&t, "review_due").await.len(), 1, "once");
    t.clock.step(DAY);
    watch_emergencies(&t.vault).await.unwrap();
    let reminded = findings(&t, "review_due").await;
    assert_eq!(reminded.iter().map(|f| &f["day"]).collect::<Vec<_>>(), [&json!(1), &json!(2)]);
    // In time another is declared; the finding tells that it is the second, on others.
    let again = declared(&t, &by, &[t.task(1).resident.unwrap()]).await;
    let told = findings(&t, "emergency").await.pop().unwrap();
    assert_eq!(
        (&told["within_30_days"], &told["not_named_before"], &told["unreviewed"]),
        (&json!(2), &json!(1), &json!(1))
    );
    t.clock.step(DAY);
    // Whether or not anybody looked at the clock.
    let barred = declare(&t, &by, fire(None, &[resident])).await;
    assert_eq!((barred.status, why(&barred)), (403, "needs_approval"), "{}", barred.text);
    let entries = t.entries(2).await;
    assert_eq!(
        (&entries[0].0["kind"], &entries[0].0["reason"]),
        (&json!("auth.refused"), &json!("needs_approval"))
    );
    assert_eq!(findings(&t, "emergency_barred").await.len(), 1);
    // A second post of the same person does not help; another person still rescues.
    let minors =
        Rescuer { token: by.token.clone(), post: t.caller("grid_chief", "minors").assignment.unwrap() };
    assert_eq!(declare(&t, &minors, fire(None, &[resident])).await.status, 403);
    let police = t.caller("dispatched_officer", "police");
    let police = Rescuer { token: police.token.clone(), post: police.assignment.unwrap() };
    assert_eq!(declare(&t, &police, fire(None, &[resident])).await.status, 201);
    watch_emergencies(&t.vault).await.unwrap();
    assert_eq!(findings(&t, "review_overdue").await.len(), 1);
    assert_eq!(review(&t, t.officer(), &id, "justified").await, 204);
    assert_eq!(review(&t, t.officer(), &again, "justified").await, 204);
    assert_eq!(declare(&t, &by, fire(None, &[resident])).await.status, 201);
    assert!(matches!(t.verified().await.verdict, gridvault::trail::Verdict::Proven));
}

on_both!(d34_a_row_of_an_emergency_that_was_meddled_with_counts_as_unreviewed);
async fn d34_a_row_of_an_emergency_that_was_meddled_with_counts_as_unreviewed(on: On) {
    let t = TestVault::street(on).await;
    let (by, resident) = (chief(&t), t.task(0).resident.unwrap());
    declared(&t, &by, &[resident]).await;
    t.site.sql("UPDATE emergencies SET rev = rev + 1").await;
    let barred = declare(&t, &by, fire(None, &[resident])).await;
    assert_eq!((barred.status, why(&barred)), (403, "needs_approval"), "{}", barred.text);
}

on_both!(d34_the_reviewer_is_another_person_of_another_unit);
async fn d34_the_reviewer_is_another_person_of_another_unit(on: On) {
    let t = TestVault::street(on).await;
    let (by, resident) = (chief(&t), t.task(0).resident.unwrap());
    let (first, second) = (t.officer().to_owned(), another_officer(&t, "P8").await);
    // The declarer is made a deputy as well, and so is a colleague of the same grid.
    let declarer = deputy(&t, t.chief().holder).await;
    let colleague = deputy(&t, t.caller("grid_assistant", "civil_affairs").holder).await;
    let stranger = deputy(&t, t.caller("window_clerk", "none").holder).await;
    let id = declared(&t, &by, &[resident]).await;
    assert_eq!(review(&t, &first, &id, "justified").await, 409, "nobody says so in advance");
    t.clock.step(4 * HOUR);
    let as_deputy = async |deputy: &Rescuer, outcome: &str| {
        let path = format!("/v1/emergencies/{id}/review?assignment={}", deputy.post);
        t.call("POST", &path, Some(&deputy.token), Some(&json!({ "outcome": outcome }))).await.status
    };
    assert_eq!(as_deputy(&declarer, "justified").await, 403);
    assert_eq!(as_deputy(&colleague, "justified").await, 403);
    assert_eq!(review(&t, &t.caller("data_steward", "none").token, &id, "justified").await, 403);
    assert_eq!(as_deputy(&stranger, "lifted").await, 409);
    assert_eq!(as_deputy(&stranger, "not_justified").await, 204);
    assert_eq!(review(&t, &first, &id, "justified").await, 409, "it is said");
    assert_eq!(findings(&t, "emergency_not_justified").await.len(), 1);
    // It bars until a second officer lifts it.
    assert_eq!(why(&declare(&t, &by, fire(None, &[resident])).await), "needs_approval");
    assert_eq!(as_deputy(&declarer, "lifted").await, 403);
    assert_eq!(as_deputy(&stranger, "lifted").await, 403);
    assert_eq!(review(&t, &second, &id, "lifted").await, 204);
    assert_eq!(declare(&t, &by, fire(None, &[resident])).await.status, 201);
}

/// That person as a privacy officer's deputy: named by the officer, confirmed by the steward.
pub(crate) async fn deputy(t: &TestVault, person: Uuid) -> Rescuer {
    let body = json!({ "role": "privacy_officer", "scheme": "social_grid", "areas": ["110106006000"],
        "from": "2026-11-24", "to": "2027-01-31", "deputy": true });
    let path = format!("/v1/people/{person}/assignments");
    let proposed = t.call("POST", &path, Some(t.officer()), Some(&body)).await;
    assert_eq!(proposed.status, 202, "{}", proposed.text);
    let confirm = format!("/v1/proposals/{}/confirm", proposed.body["proposal"].as_str().unwrap());
    let steward = &t.caller("data_steward", "none").token;
    let confirmed = t.call("POST", &confirm, Some(steward), None).await;
    assert_eq!((confirmed.status, &confirmed.body["refused"]), (200, &json!([])), "{}", confirmed.text);
    let posts = t.call("GET", &path, Some(t.officer()), None).await;
    let posts = posts.body["assignments"].as_array().unwrap().clone();
    let post = posts.iter().find(|post| post["deputy"] == true).unwrap()["id"].as_str().unwrap();
    let token = issue_token(&t.vault, Holder::Person(person), Posture::Office, 60 * DAY).await.unwrap();
    Rescuer { token: token.reveal().to_owned(), post: post.parse().unwrap() }
}

on_both!(d10_whoever_was_looked_up_in_an_emergency_is_owed_word_within_three_days);
async fn d10_whoever_was_looked_up_in_an_emergency_is_owed_word_within_three_days(on: On) {
    let t = TestVault::street(on).await;
    let by = chief(&t);
    let people: Vec<Uuid> = t.demo.residents.iter().map(|r| r.id).take(6).collect();
    let began = t.vault.now();
    // One ends by itself, one by its declarer, one is closed by the door of other tasks; each names two and looks at one.
    let mut all = Vec::new();
    for pair in people.chunks(2) {
        let id = declared(&t, &by, pair).await;
        assert_eq!(rescue(&t, &by, &id, pair[0]).await.status, 200);
        // A refusal shows nothing, and nobody is told of it.
        let body = json!({ "resident": pair[1], "fields": ["person.id_no"], "purpose": "emergency_rescue",
            "basis": { "kind": "emergency", "ref": id }, "assignment": by.post });
        assert_eq!(t.look(&by.token, body).await.status, 403);
        all.push(id);
    }
    let other = t.instance("other").await;
    assert_eq!(end(&t, &by, &all[1]).await, 204);
    let path = format!("/v1/tasks/{}?assignment={}", all[2], by.post);
    let close = json!({ "closed": true, "outcome": "done" });
    assert_eq!(t.call("PATCH", &path, Some(&by.token), Some(&close)).await.status, 204);
    let told: Vec<Uuid> = owed(&t).await.iter().map(|due| due.resident).collect();
    assert_eq!(told, [people[2]], "an ended one at once");
    assert_eq!(why(&rescue(&t, &by, &all[1], people[3]).await), "task_closed");
    watch_emergencies(&t.vault).await.unwrap();
    assert_eq!(owed(&t).await.len(), 1);
    t.clock.step(4 * HOUR + HOUR);
    for vault in [&t.vault, &other.vault, &t.vault] {
        watch_emergencies(vault).await.unwrap();
    }
    let dues = owed(&t).await;
    let mut told: Vec<Uuid> = dues.iter().map(|due| due.resident).collect();
    let mut looked_up = vec![people[0], people[2], people[4]];
    told.sort_unstable();
    looked_up.sort_unstable();
    assert_eq!(told, looked_up, "each once, and nobody else");
    for due in &dues {
        assert!(due.why == Why::Emergency && all.contains(&due.about.to_string()) && due.told.is_none());
        assert_eq!(due.by, began + 3 * DAY, "within 72 hours of the beginning");
        assert!(due.since < due.by);
    }
    let list = t.call("GET", "/v1/emergencies", Some(t.officer()), None).await;
    for emergency in list.body["emergencies"].as_array().unwrap() {
        assert_eq!(
            (&emergency["looked_up"], &emergency["open"]),
            (&json!(1), &json!(false)),
            "{}",
            list.text
        );
    }
    assert!(matches!(t.verified().await.verdict, gridvault::trail::Verdict::Proven));
}

on_both!(d10_one_that_cannot_be_looked_after_keeps_nobody_from_being_told_of_another);
async fn d10_one_that_cannot_be_looked_after_keeps_nobody_from_being_told_of_another(on: On) {
    let t = TestVault::street(on).await;
    let by = chief(&t);
    let (broken, sound) = (t.task(0).resident.unwrap(), t.task(1).resident.unwrap());
    for resident in [broken, sound] {
        let id = declared(&t, &by, &[resident]).await;
        assert_eq!(rescue(&t, &by, &id, resident).await.status, 200);
        if resident == broken {
            let key = on.literal(id.parse::<Uuid>().unwrap().as_bytes());
            assert_eq!(t.site.sql(&format!("UPDATE tasks SET rev = rev + 1 WHERE id = {key}")).await, 1);
        }
    }
    t.clock.step(5 * HOUR);
    watch_emergencies(&t.vault).await.unwrap();
    assert_eq!(owed(&t).await.iter().map(|due| due.resident).collect::<Vec<_>>(), [sound]);
}

on_both!(emergencies_are_listed_for_those_who_look_after_them_and_their_declarers);
async fn emergencies_are_listed_for_those_who_look_after_them_and_their_declarers(on: On) {
    let t = TestVault::street(on).await;
    let by = chief(&t);
    let mut all = Vec::new();
    for n in [0, 1, 2] {
        all.push(declared(&t, &by, &[t.demo.residents[n].id]).await);
    }
    all.reverse();
    let list = async |token: &str, query: &str| {
        t.call("GET", &format!("/v1/emergencies?{query}"), Some(token), None).await
    };
    let ids = |answer: &Answer| -> Vec<String> {
        let list = answer.body["emergencies"].as_array().unwrap();
        list.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    let first = list(t.officer(), "limit=2").await;
    assert_eq!(ids(&first), all[..2]);
    assert_eq!(t.entries(1).await[0].0["kind"], "trail.read");
    let next = first.body["next"].as_str().unwrap();
    let second = list(t.officer(), &format!("limit=2&after={next}")).await;
    assert_eq!((ids(&second), &second.body["next"]), (all[2..].to_vec(), &Value::Null));
    assert_eq!(first.body["emergencies"][0]["person"], json!(t.chief().holder));
    // A supervisor sees the process and no persons; another chief nothing of it.
    let supervisor = list(&t.caller("grid_supervisor", "none").token, "").await;
    assert_eq!(ids(&supervisor), all);
    assert!(!supervisor.text.contains("person") && !supervisor.text.contains(&t.chief().holder.to_string()));
    assert_eq!(ids(&list(&by.token, &format!("assignment={}", by.post)).await), all);
    let other =
        t.demo.callers.iter().filter(|c| c.role == "grid_chief").find(|c| c.holder != t.chief().holder);
    assert_eq!(ids(&list(&other.unwrap().token, "").await), Vec::<String>::new());
    assert_eq!(list(&t.caller("window_clerk", "none").token, "").await.status, 403);
    let end = format!("/v1/emergencies/{}/end", all[0]);
    assert_eq!(t.call("POST", &end, Some(&other.unwrap().token), None).await.status, 404);
}
