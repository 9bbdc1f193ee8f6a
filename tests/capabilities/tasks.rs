//! Tasks: who may open which, for what, for how long; what a task of one's own making gives; many at once; one event from
//! several intakes; the day's limit.

use std::collections::HashSet;

use gridvault::authority::Header;
use gridvault::clock::{days, rfc3339};
use gridvault::store::{EntryFilter, Table};
use gridvault_policy::RecordType;
use gridvault_tests::{Answer, HOUR, MORNING, On, TestVault, on_both};
use serde_json::{Value, json};
use uuid::Uuid;

async fn open(t: &TestVault, token: &str, body: &Value) -> Answer {
    t.call("POST", "/v1/tasks", Some(token), Some(body)).await
}

/// A case of the first chief's at the home of the first task's resident, opened by the chief.
fn own_case(t: &TestVault, number: &str) -> Value {
    json!({ "source": "patrol", "number": number, "kind": "case", "purpose": "case_handling",
        "residents": [t.task(0).resident], "assignees": [t.task(0).assignment],
        "case": { "kind": "environment_property", "place": t.task(0).premises, "reporter": { "name": "示例反映人", "phone": "12099990001" } } })
}

fn as_chief(t: &TestVault) -> String {
    format!("/v1/tasks?assignment={}", t.task(0).assignment)
}

async fn open_own(t: &TestVault, body: &Value) -> Answer {
    t.call("POST", &as_chief(t), Some(&t.chief().token), Some(body)).await
}

fn error(answer: &Answer) -> (u16, String, String) {
    let error = &answer.body["errors"][0];
    let text = |member: &str| error[member].as_str().unwrap_or_default().to_owned();
    (answer.status, text("pointer"), text("code"))
}

fn refused(pointer: &str, code: &str) -> (u16, String, String) {
    (400, pointer.to_owned(), code.to_owned())
}

/// Records of that kind.
async fn records(t: &TestVault, kind: RecordType) -> Vec<Uuid> {
    let rows = t.vault.store.all(Table::Records).await.unwrap();
    let held = rows.iter().filter(|row| t.vault.keys.check::<Header>(row).is_some_and(|h| h.kind == kind));
    held.map(|row| Uuid::from_slice(&row.id).unwrap()).collect()
}

async fn findings(t: &TestVault, code: &str) -> usize {
    let filter = EntryFilter { kinds: vec!["finding.raised".into()], limit: 1000, ..Default::default() };
    let of = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap()["detail"]["code"] == code;
    let entries = t.vault.store.entries(&filter).await.unwrap();
    entries.iter().filter(|entry| of(entry.private.as_deref().unwrap())).count()
}

on_both!(d01_a_field_is_read_and_written_for_the_purposes_that_it_is_listed_for);
async fn d01_a_field_is_read_and_written_for_the_purposes_that_it_is_listed_for(on: On) {
    let t = TestVault::street(on).await;
    let read = t.look(&t.chief().token, t.visit(0, &["person.id_no", "person.name"])).await;
    assert_eq!(
        (read.outcome("person.name"), read.reason("person.id_no")),
        ("clear", "field_not_for_purpose")
    );
    let task = t.task(0);
    let path = format!("/v1/residents/{}?assignment={}", task.resident.unwrap(), task.assignment);
    let size = t.size().await;
    let body = json!({ "fields": { "person.id_no": "990106198507311238" }, "purpose": "home_visit_care", "task": task.id });
    let written = t.call("PATCH", &path, Some(&t.chief().token), Some(&body)).await;
    assert_eq!(
        (written.status, written.body["reason"]["code"].as_str()),
        (403, Some("field_not_for_purpose")),
        "{}",
        written.text
    );
    assert_eq!(t.size().await, size + 1, "the attempt is on record");
    let (public, _) = t.entries(1).await.pop().unwrap();
    assert_eq!((&public["result"], &public["action"]), (&json!("denied"), &json!("write")));
    // Nor is a task opened for a purpose that its kind does not serve, or about a field that is none.
    let steward = &t.caller("data_steward", "none").token;
    let mut body = json!({ "source": "s", "number": "1", "kind": "visit", "purpose": "floating_population_registration",
        "residents": [task.resident], "assignees": [task.assignment], "closes": "2026-12-24" });
    assert_eq!(error(&open(&t, steward, &body).await), refused("/purpose", "not_of_kind"));
    (body["purpose"], body["fields"]) = (json!("home_visit_care"), json!(["person.religion"]));
    assert_eq!(error(&open(&t, steward, &body).await), refused("/fields", "field_unknown"));
}

on_both!(d04_nothing_is_given_without_a_purpose_a_basis_and_a_task);
async fn d04_nothing_is_given_without_a_purpose_a_basis_and_a_task(on: On) {
    let t = TestVault::street(on).await;
    let fields = ["person.name", "person.phone", "premises.address", "derived.lives_in_area"];
    for caller in t.demo.callers.iter().filter(|caller| caller.assignment.is_some()) {
        for task in &t.demo.tasks {
            for named in [Some(task.id), None] {
                let mut body = json!({ "resident": task.resident, "fields": fields, "purpose": task.purpose,
                    "task": named, "assignment": caller.assignment });
                if task.resident.is_none() {
                    body["resident"] = Value::Null;
                    body["premises"] = json!(task.premises);
                    body["fields"] = json!(["premises.address", "premises.code"]);
                }
                let answer = t.look(&caller.token, body).await;
                assert!(named.is_some() || answer.status != 200, "without a task: {}", answer.text);
            }
        }
    }
    let filter = EntryFilter { kinds: vec!["lookup".into()], limit: 10_000, ..Default::default() };
    let (mut given, mut others) = (0, 0);
    for entry in t.vault.store.entries(&filter).await.unwrap() {
        let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
        let (public, private) = (read(&entry.public), read(entry.private.as_deref().unwrap()));
        if public["result"] == "denied" {
            others += 1;
            continue;
        }
        given += 1;
        assert!(
            public["purpose"].is_string() && public["basis"] != "none" && private["task"].is_string(),
            "{public} {private}"
        );
        let oversees = public["who"]["role"] == "grid_supervisor";
        assert!(oversees || private["facts"]["task_state"] == "open_mine", "{private}");
    }
    assert!(given >= 8 && others > 100, "{given} {others}");
}

on_both!(d04_a_task_serves_from_its_minute_to_its_minute);
async fn d04_a_task_serves_from_its_minute_to_its_minute(on: On) {
    let t = TestVault::street(on).await;
    let steward = &t.caller("data_steward", "none").token;
    let task = |number: &str| {
        json!({ "source": "s", "number": number, "kind": "case", "purpose": "case_handling",
        "residents": [t.task(0).resident], "assignees": [t.task(0).assignment] })
    };
    let look = async |task: &Value| {
        let body = json!({ "resident": t.task(0).resident, "fields": ["person.name"], "purpose": "case_handling",
            "task": task["id"], "assignment": t.task(0).assignment });
        t.look(&t.chief().token, body).await
    };
    // Fourteen days where nothing is said.
    let usual = open(&t, steward, &task("1")).await.body;
    let mut ahead = task("2");
    (ahead["opens"], ahead["closes"]) = (json!(rfc3339(MORNING + HOUR)), json!(rfc3339(MORNING + 2 * HOUR)));
    let ahead = open(&t, steward, &ahead).await.body;
    assert_eq!(look(&usual).await.outcome("person.name"), "masked");
    assert_eq!(look(&ahead).await.reason("person.name"), "task_closed", "not yet");
    t.clock.step(HOUR);
    assert_eq!(look(&ahead).await.outcome("person.name"), "masked");
    t.clock.step(HOUR);
    assert_eq!(look(&ahead).await.reason("person.name"), "task_closed");
    t.clock.step(days(14) - 2 * HOUR - 1);
    assert_eq!(look(&usual).await.outcome("person.name"), "masked");
    t.clock.step(1);
    assert_eq!(look(&usual).await.reason("person.name"), "task_closed");
    // A visit is open as long as its plan says.
    let mut visit = task("3");
    (visit["kind"], visit["purpose"]) = (json!("visit"), json!("home_visit_care"));
    assert_eq!(error(&open(&t, steward, &visit).await), refused("/closes", "required"));
}

on_both!(d18_what_is_sensitive_needs_a_task_that_somebody_else_opened);
async fn d18_what_is_sensitive_needs_a_task_that_somebody_else_opened(on: On) {
    let t = TestVault::street(on).await;
    let mut sensitive = t.visit(0, &["elder.living_alone"]);
    assert_eq!(t.look(&t.chief().token, sensitive.clone()).await.outcome("elder.living_alone"), "clear");
    sensitive["task"] = Value::Null;
    assert_eq!(t.look(&t.chief().token, sensitive).await.problem(), "task-required");
    // A visit is nobody's to open for oneself; nor for a colleague.
    let mut visit = json!({ "source": "patrol", "number": "v", "kind": "visit", "purpose": "home_visit_care",
        "residents": [t.task(0).resident], "assignees": [t.task(0).assignment], "closes": "2026-12-24" });
    let size = t.size().await;
    assert_eq!(open_own(&t, &visit).await.status, 403);
    assert_eq!(t.size().await, size + 1, "on record");
    visit["assignees"] = json!([t.caller("dispatched_officer", "civil_affairs").assignment]);
    assert_eq!(open_own(&t, &visit).await.status, 403);
    let mut both = own_case(&t, "two");
    both["assignees"] = json!([t.task(0).assignment, t.caller("dispatched_officer", "police").assignment]);
    assert_eq!(open_own(&t, &both).await.status, 403);
    // A case is: of the ticket, the place and the resident it gives what identifies nobody, and masks.
    let made = open_own(&t, &own_case(&t, "1")).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let fields = ["case.kind", "person.name", "case.reporter_phone", "premises.address", "premises.code"];
    let look = async |task: &Value, ticket: &Value| {
        let body = json!({ "ticket": ticket, "fields": fields, "purpose": "case_handling", "task": task, "assignment": t.task(0).assignment });
        t.look(&t.chief().token, body).await
    };
    let own = look(&made.body["id"], &made.body["ticket"]).await;
    let outcomes: Vec<&str> = fields.iter().map(|field| own.outcome(field)).collect();
    assert_eq!(outcomes, ["clear", "masked", "masked", "masked", "clear"], "{}", own.text);
    let (_, private) = t.entries(1).await.pop().unwrap();
    assert_eq!(private["facts"]["flags"], json!(["self_made"]));
    // The same, opened by the desk: as the rules have it. And nobody's confirmation makes one's own into such a one.
    let anothers = look(&json!(t.task(1).id), &json!(t.task(1).ticket)).await;
    assert_eq!(anothers.outcome("case.reporter_phone"), "clear");
    let path = format!("/v1/tasks/{}", made.body["id"].as_str().unwrap());
    t.call("PATCH", &path, Some(t.officer()), Some(&json!({ "confirmed": true }))).await;
    assert_eq!(look(&made.body["id"], &made.body["ticket"]).await.outcome("case.reporter_phone"), "masked");
    // An entry of it is decided anew as it was.
    let entry = t.entries(1).await.pop().unwrap();
    let json = |value: &Value| gridvault_audit::Json::parse_canonical(value.to_string().as_bytes()).unwrap();
    let again = gridvault::lookup::replay(&t.vault.book.load(), &json(&entry.0), &json(&entry.1)).unwrap();
    assert!(again.iter().all(|field| field.same && field.recorded == field.again), "{again:?}");
}

on_both!(a_task_of_ones_own_names_the_own_grid_alone_and_one_in_ten_is_looked_at);
async fn a_task_of_ones_own_names_the_own_grid_alone_and_one_in_ten_is_looked_at(on: On) {
    let t = TestVault::street(on).await;
    let elsewhere = t.demo.residents.iter().find(|r| !r.area.starts_with("110106006901")).unwrap().id;
    for resident in [elsewhere, Uuid::new_v4()] {
        let mut body = own_case(&t, "x");
        body["residents"] = json!([resident]);
        assert_eq!(error(&open_own(&t, &body).await), refused("/residents", "unknown"));
    }
    let far = t.demo.premises.iter().find(|p| !p.area.starts_with("110106006901")).unwrap().id;
    let mut body = own_case(&t, "x");
    body["case"]["place"] = json!(far);
    assert_eq!(error(&open_own(&t, &body).await), refused("/case/place", "unknown"));
    let own = |n: usize| {
        json!({ "source": "patrol", "number": format!("i-{n}"), "kind": "inspection", "purpose": "fire_safety_check",
        "premises": [t.task(0).premises], "assignees": [t.task(0).assignment] })
    };
    for n in 0..80 {
        assert_eq!(open_own(&t, &own(n)).await.status, 201);
    }
    // Of eighty, about eight: beyond 1 to 30 once in a million runs.
    let looked_at = findings(&t, "sample_self_task").await;
    assert!((1..=30).contains(&looked_at), "{looked_at}");
    // What others open is not sampled.
    let steward = &t.caller("data_steward", "none").token;
    for n in 100..140 {
        assert_eq!(open(&t, steward, &own(n)).await.status, 201);
    }
    assert_eq!(findings(&t, "sample_self_task").await, looked_at);
    // A supervisor, an informant, an auditor open none.
    for role in ["grid_supervisor", "grid_informant", "auditor"] {
        let caller = t.caller(role, "none");
        let mut body = own(200);
        body["assignees"] = json!([caller.assignment]);
        assert_eq!(open(&t, &caller.token, &body).await.status, 403, "{role}");
    }
}

on_both!(tasks_split_over_posts_and_days_do_not_pass_the_days_limit);
async fn tasks_split_over_posts_and_days_do_not_pass_the_days_limit(on: On) {
    let t = TestVault::street(on).await;
    let steward = &t.caller("data_steward", "none").token;
    let people = records(&t, RecordType::Person).await;
    let posts: Vec<Uuid> =
        t.demo.callers.iter().filter(|c| c.holder == t.chief().holder).filter_map(|c| c.assignment).collect();
    assert_eq!(posts.len(), 2);
    let task = |n: usize, post: Uuid, residents: &[Uuid]| {
        json!({ "source": "s", "number": format!("t-{n}"), "kind": "case",
        "purpose": "case_handling", "residents": residents, "assignees": [post] })
    };
    // The demonstration has given the chief six already.
    assert_eq!(open(&t, steward, &task(1, posts[0], &people[..30])).await.status, 201);
    assert_eq!(open(&t, steward, &task(2, posts[1], &people[30..50])).await.status, 201);
    // The same once more count once.
    assert_eq!(open(&t, steward, &task(3, posts[1], &people[..30])).await.status, 201);
    let size = t.size().await;
    let over = open(&t, steward, &task(4, posts[0], &people[50..80])).await;
    assert_eq!((over.status, over.problem()), (429, "too-many-requests"), "{}", over.text);
    assert!(over.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() > 3600);
    assert_eq!((findings(&t, "too_many_residents").await, t.size().await), (1, size + 1));
    assert_eq!(open(&t, steward, &task(5, posts[1], &people[50..80])).await.status, 429);
    assert_eq!(findings(&t, "too_many_residents").await, 1, "told once a day");
    // By whomever it is opened, the person is the same; another person has a count of the own.
    let hotline = &t.caller("service", "hotline_12345").token;
    assert_eq!(open(&t, hotline, &task(6, posts[0], &people[50..80])).await.status, 429);
    let police = t.caller("dispatched_officer", "police").assignment.unwrap();
    assert_eq!(open(&t, steward, &task(7, police, &people[50..80])).await.status, 201);
    // One that opens tomorrow is tomorrow's, and tomorrow's is full in its turn.
    let tomorrow = |n: usize, residents: &[Uuid]| {
        let mut body = task(n, posts[0], residents);
        body["opens"] = json!("2026-11-25");
        body
    };
    assert_eq!(open(&t, steward, &tomorrow(8, &people[50..80])).await.status, 201);
    assert_eq!(open(&t, steward, &tomorrow(9, &people[80..110])).await.status, 201);
    assert_eq!(open(&t, steward, &tomorrow(10, &people[..30])).await.status, 429);
    t.clock.step(days(1));
    assert_eq!(open(&t, steward, &task(11, posts[1], &people[..30])).await.status, 429);
    t.clock.step(days(1));
    assert_eq!(open(&t, steward, &task(12, posts[1], &people[..30])).await.status, 201);
}

on_both!(a_late_registration_is_marked_and_makes_no_earlier_look_right);
async fn a_late_registration_is_marked_and_makes_no_earlier_look_right(on: On) {
    let t = TestVault::street(on).await;
    let steward = &t.caller("data_steward", "none").token;
    let task = |number: &str, opens: i64, late: bool| {
        json!({ "source": "s", "number": number, "kind": "case", "purpose": "case_handling",
        "residents": [t.task(5).resident], "assignees": [t.task(0).assignment], "opens": rfc3339(opens), "late": late })
    };
    // Somebody looks first, and opens the task for it afterwards.
    let look = async |task: Value| {
        let body = json!({ "resident": t.task(5).resident, "fields": ["person.name"], "purpose": "case_handling",
            "task": task, "assignment": t.task(0).assignment });
        t.look(&t.chief().token, body).await
    };
    assert_eq!(look(Value::Null).await.problem(), "task-required");
    let before = t.entries(1).await.pop().unwrap();
    let yesterday = MORNING - 30 * HOUR;
    assert_eq!(error(&open(&t, steward, &task("1", yesterday, false)).await), refused("/late", "required"));
    let made = open(&t, steward, &task("1", yesterday, true)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let (_, private) = t.entries(1).await.pop().unwrap();
    assert_eq!(private["detail"]["late"], 1);
    assert_eq!(look(made.body["id"].clone()).await.status, 200);
    let filter = EntryFilter { kinds: vec!["lookup".into()], limit: 1, ..Default::default() };
    let kept = t.vault.store.entries(&filter).await.unwrap().remove(0);
    let kept: Value = serde_json::from_slice(&kept.public).unwrap();
    assert_eq!((&kept, &kept["result"]), (&before.0, &json!("denied")), "what was refused stays so");
    let list = t.call("GET", &as_chief(&t), Some(&t.chief().token), None).await;
    let late = |id: &Value| {
        list.body["tasks"].as_array().unwrap().iter().find(|task| task["id"] == *id).unwrap()["late"].clone()
    };
    assert_eq!((late(&made.body["id"]), late(&json!(t.task(0).id))), (json!(true), json!(false)));
    // Seventy-two hours, and thirty days ahead.
    assert_eq!(open(&t, steward, &task("2", MORNING - 72 * HOUR, true)).await.status, 201);
    assert_eq!(
        error(&open(&t, steward, &task("3", MORNING - 73 * HOUR, true)).await),
        refused("/opens", "too_late")
    );
    assert_eq!(
        error(&open(&t, steward, &task("4", MORNING + days(31), false)).await),
        refused("/opens", "out_of_bounds")
    );
    // For oneself it is a finding.
    assert_eq!(findings(&t, "late_self_task").await, 0);
    let mut own = own_case(&t, "late");
    (own["opens"], own["late"]) = (json!(rfc3339(yesterday)), json!(true));
    assert_eq!(open_own(&t, &own).await.status, 201);
    assert_eq!(findings(&t, "late_self_task").await, 1);
}

on_both!(one_event_from_several_intakes_is_one_and_closes_as_one);
async fn one_event_from_several_intakes_is_one_and_closes_as_one(on: On) {
    let t = TestVault::street(on).await;
    let (steward, hotline) =
        (&t.caller("data_steward", "none").token, &t.caller("service", "hotline_12345").token);
    let first = t.task(1);
    let case = |source: &str, same: Value| {
        json!({ "source": source, "number": "e-1", "kind": "case", "purpose": "case_handling",
        "assignees": [first.assignment], "same_as": same,
        "case": { "kind": "environment_property", "place": first.premises } })
    };
    let second = open(&t, steward, &case("96005", json!(first.id))).await;
    assert_eq!(second.status, 201, "{}", second.text);
    assert_eq!(t.entries(1).await[0].1["detail"]["same_as"], json!(first.id));
    // The patrol's is linked to what the second was: one event.
    let third = open_own(&t, &case("patrol", second.body["id"].clone())).await;
    assert_eq!(third.status, 201, "{}", third.text);
    let held = async |id: &Value| {
        let list = t.call("GET", &as_chief(&t), Some(&t.chief().token), None).await;
        list.body["tasks"].as_array().unwrap().iter().find(|task| task["id"] == *id).cloned()
    };
    assert_eq!(held(&json!(first.id)).await.unwrap()["linked"], json!([second.body["id"], third.body["id"]]));
    for later in [&second, &third] {
        assert_eq!(held(&later.body["id"]).await.unwrap()["same_as"], json!(first.id));
    }
    // Another place, another purpose, nothing at all: another event.
    let mut far = case("x", json!(first.id));
    far["case"]["place"] = json!(t.task(0).premises);
    for other in [far, case("y", json!(t.task(0).id)), case("z", json!(Uuid::now_v7()))] {
        assert_eq!(error(&open(&t, steward, &other).await), refused("/same_as", "unknown"));
    }
    // It closes with the first, and not the first with it.
    let close = async |id: &Value, token: &str| {
        let path = format!("/v1/tasks/{}", id.as_str().unwrap());
        t.call("PATCH", &path, Some(token), Some(&json!({ "closed": true, "outcome": "done" }))).await.status
    };
    assert_eq!(close(&third.body["id"], steward).await, 204);
    assert!(held(&json!(first.id)).await.is_some());
    assert_eq!(close(&json!(first.id), hotline).await, 204);
    assert_eq!((held(&json!(first.id)).await, held(&second.body["id"]).await), (None, None));
    let closed: Vec<Value> =
        t.entries(2).await.iter().map(|(_, private)| private["detail"]["outcome"].clone()).collect();
    assert_eq!(closed, [json!("done"), json!("duplicate")]);
    assert_eq!(close(&second.body["id"], steward).await, 409);
}

on_both!(many_tasks_come_at_once_each_with_its_answer_and_once);
async fn many_tasks_come_at_once_each_with_its_answer_and_once(on: On) {
    let t = TestVault::street(on).await;
    let hotline = &t.caller("service", "hotline_12345").token;
    let task = |n: usize| {
        json!({ "source": "12345", "number": format!("b-{n}"), "kind": "case", "purpose": "case_handling",
        "residents": [t.task(n % 8).resident.or(t.task(0).resident)], "assignees": [t.task(0).assignment] })
    };
    let mut tasks: Vec<Value> = (0..40).map(task).collect();
    tasks[3]["residents"] = json!([Uuid::new_v4()]);
    tasks[5]["purpose"] = json!("home_visit_care");
    tasks[7]["number"] = json!("b-6");
    let batch = async |tasks: &[Value]| {
        t.call("POST", "/v1/tasks/batch", Some(hotline), Some(&json!({ "tasks": tasks }))).await
    };
    let first = batch(&tasks).await;
    assert_eq!(first.status, 200, "{}", first.text);
    let answers = first.body["tasks"].as_array().unwrap();
    let statuses: Vec<u64> = answers.iter().map(|answer| answer["status"].as_u64().unwrap()).collect();
    let expected: Vec<u64> = (0..40)
        .map(|n| match n {
            3 => 400,
            5 => 403,
            7 => 200,
            _ => 201,
        })
        .collect();
    assert_eq!(statuses, expected);
    assert_eq!(answers[3]["problem"]["errors"][0]["pointer"], "/residents");
    assert_eq!(answers[6]["id"], answers[7]["id"]);
    assert_eq!(t.entries(1).await[0].0["kind"], "auth.refused", "what was forbidden is on record");
    let again = batch(&tasks).await;
    let ids = |answer: &Answer| {
        answer.body["tasks"].as_array().unwrap().iter().map(|task| task["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&first), ids(&again));
    let distinct: HashSet<String> =
        ids(&first).iter().filter_map(|id| Some(id.as_str()?.to_owned())).collect();
    assert_eq!(distinct.len(), 37);
    // What is not well-formed refuses the whole; so does a batch of nothing but what is forbidden.
    tasks[9]["kind"] = json!("party");
    let wrong = batch(&tasks).await;
    assert_eq!(error(&wrong), refused("/tasks/9/kind", "not_understood"), "{}", wrong.text);
    assert_eq!(error(&batch(&[]).await), refused("/tasks", "from_1_to_500"));
    let mut visit = task(50);
    visit["purpose"] = json!("home_visit_care");
    assert_eq!(batch(&[visit.clone(), visit]).await.status, 403);
    // Two of the same at once are one.
    let one = [task(60)];
    let (a, b) = tokio::join!(batch(&one), batch(&one));
    assert_eq!(ids(&a), ids(&b), "{} {}", a.text, b.text);
}

on_both!(a_service_is_given_so_many_residents_a_day);
async fn a_service_is_given_so_many_residents_a_day(on: On) {
    use gridvault::{Daily, Layout};
    let t = TestVault::street(on).await;
    let people = records(&t, RecordType::Person).await;
    let layout = Layout { daily: Daily { per_worker: 1000, per_service: 40 }, ..t.site.layout() };
    let t = t.again(&layout).await;
    let hotline = &t.caller("service", "hotline_12345").token;
    let task = |n: usize, residents: &[Uuid]| {
        json!({ "source": "12345", "number": format!("s-{n}"), "kind": "case",
        "purpose": "case_handling", "residents": residents, "assignees": [] })
    };
    // One the demonstration's case named.
    let others: Vec<Uuid> = people.into_iter().filter(|id| t.task(1).resident != Some(*id)).collect();
    assert_eq!(open(&t, hotline, &task(1, &others[..30])).await.status, 201);
    assert_eq!(open(&t, hotline, &task(2, &others[30..39])).await.status, 201);
    assert_eq!(open(&t, hotline, &task(3, &others[39..40])).await.status, 429);
    assert_eq!(open(&t, hotline, &task(4, &others[..30])).await.status, 201, "known ones count once");
}

on_both!(everybody_sees_the_own_open_tasks_and_no_value_of_anybody);
async fn everybody_sees_the_own_open_tasks_and_no_value_of_anybody(on: On) {
    let t = TestVault::street(on).await;
    let list = async |path: &str, token: &str| t.call("GET", path, Some(token), None).await;
    let ids = |answer: &Answer| {
        answer.body["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| t["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let own: Vec<String> = t
        .demo
        .tasks
        .iter()
        .filter(|task| task.open && task.assignment == t.task(0).assignment)
        .map(|task| task.id.to_string())
        .collect();
    let chief = list(&as_chief(&t), &t.chief().token).await;
    assert_eq!(ids(&chief), own);
    let officer = list("/v1/tasks", t.officer()).await;
    assert_eq!(ids(&officer).len(), t.demo.tasks.iter().filter(|task| task.open).count());
    let desk = list("/v1/tasks", &t.caller("service", "hotline_12345").token).await;
    assert_eq!(ids(&desk), [t.task(1).id.to_string(), t.task(10).id.to_string()]);
    assert_eq!(ids(&list("/v1/tasks", &t.caller("auditor", "none").token).await), Vec::<String>::new());
    assert_eq!(list("/v1/tasks", &t.sign_in(t.task(0).resident.unwrap()).await).await.status, 403);
    // Page by page it is the same.
    let (mut paged, mut path) = (Vec::new(), "/v1/tasks?limit=3".to_owned());
    loop {
        let page = list(&path, t.officer()).await;
        assert!(ids(&page).len() <= 3);
        paged.extend(ids(&page));
        let Some(next) = page.body["next"].as_str() else { break };
        path = format!("/v1/tasks?limit=3&after={next}");
    }
    assert_eq!(paged, ids(&officer));
    for value in ["示例", "120"] {
        assert!(!chief.text.contains(&format!("\"{value}")), "{}", chief.text);
    }
    // Past its time it is in nobody's hands any more.
    t.clock.step(days(15));
    assert_eq!(ids(&list("/v1/tasks", t.officer()).await), Vec::<String>::new());
}

on_both!(a_task_ends_with_a_word_of_its_kind_and_the_catalogue_says_which);
async fn a_task_ends_with_a_word_of_its_kind_and_the_catalogue_says_which(on: On) {
    let t = TestVault::street(on).await;
    let path = format!("/v1/tasks/{}?assignment={}", t.task(0).id, t.task(0).assignment);
    let close = async |outcome: &str| {
        let body = json!({ "closed": true, "outcome": outcome });
        t.call("PATCH", &path, Some(&t.chief().token), Some(&body)).await
    };
    for wrong in ["finished", "unfounded"] {
        assert_eq!(error(&close(wrong).await), refused("/outcome", "word_unknown"), "{wrong}");
    }
    assert_eq!(close("refused_by_resident").await.status, 204);
    let catalog = t.call("GET", "/v1/catalog", Some(&t.chief().token), None).await.body;
    let visit =
        catalog["task_kinds"].as_array().unwrap().iter().find(|kind| kind["id"] == "visit").unwrap().clone();
    assert!(visit["outcomes"].as_array().unwrap().contains(&json!("refused_by_resident")));
    assert!(visit["purposes"].as_array().unwrap().contains(&json!("home_visit_care")));
    let known: HashSet<&str> =
        catalog["outcomes"].as_array().unwrap().iter().map(|word| word["id"].as_str().unwrap()).collect();
    for kind in catalog["task_kinds"].as_array().unwrap() {
        assert!(
            kind["outcomes"].as_array().unwrap().iter().all(|word| known.contains(word.as_str().unwrap()))
        );
    }
    assert_eq!(catalog["task_list"][0]["id"], "XZ-01");
}

on_both!(a_clerk_opens_an_application_which_counts_when_a_second_person_saw_the_resident);
async fn a_clerk_opens_an_application_which_counts_when_a_second_person_saw_the_resident(on: On) {
    let t = TestVault::street(on).await;
    let clerk = t.caller("window_clerk", "none");
    let task = |kind: &str, purpose: &str, post: Value| {
        json!({ "source": "window", "number": "w-1", "kind": kind, "purpose": purpose,
        "residents": [t.task(0).resident], "assignees": [post], "fields": ["person.id_no"] })
    };
    let own = json!(clerk.assignment);
    assert_eq!(open(&t, &clerk.token, &task("case", "case_handling", own.clone())).await.status, 403);
    assert_eq!(
        open(&t, &clerk.token, &task("application", "social_assistance", own.clone())).await.status,
        403
    );
    assert_eq!(
        open(&t, &clerk.token, &task("application", "window_service", json!(t.task(0).assignment)))
            .await
            .status,
        403
    );
    let made = open(&t, &clerk.token, &task("application", "window_service", own)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let look = async || {
        let body = json!({ "resident": t.task(0).resident, "fields": ["person.id_no"], "purpose": "window_service", "task": made.body["id"] });
        t.look(&clerk.token, body).await
    };
    assert_eq!(look().await.status, 403);
    let path = format!("/v1/tasks/{}", made.body["id"].as_str().unwrap());
    let confirm = async |token: &str| {
        t.call("PATCH", &path, Some(token), Some(&json!({ "confirmed": true }))).await.status
    };
    assert_eq!(confirm(&clerk.token).await, 403);
    assert_eq!(confirm(t.officer()).await, 204);
    assert_eq!(look().await.outcome("person.id_no"), "clear");
    t.clock.step(days(1));
    assert_eq!(look().await.status, 403, "the resident was there that day");
}
