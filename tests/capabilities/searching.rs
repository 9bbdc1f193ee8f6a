//! Searching and verifying: what is within reach is found, what is not is a miss, and both are on record and counted.

use gridvault_tests::{Answer, On, TestVault, on_both};
use serde_json::{Value, json};
use uuid::Uuid;

/// What the street's register says of the demonstration's resident `n` (the first twelve are in its order).
pub(crate) fn said(n: usize, field: &str) -> String {
    let today = "2026-11-24".parse().unwrap();
    let street = gridvault::demo::street::street(120, 7, today);
    let line: Value = serde_json::from_str(&street.residents[n]).unwrap();
    line["fields"][field].as_str().unwrap().to_owned()
}

fn somebody_elsewhere() -> String {
    let today = "2026-11-24".parse().unwrap();
    let street = gridvault::demo::street::street(120, 7, today);
    let lines = street.residents.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let far = |line: &Value| !line["premises"].as_str().unwrap().starts_with("110106006901001");
    lines.rev().find(far).unwrap()["fields"]["person.id_no"].as_str().unwrap().to_owned()
}

async fn search(t: &TestVault, token: &str, body: Value) -> Answer {
    t.call("POST", "/v1/searches", Some(token), Some(&body)).await
}

fn visit(t: &TestVault, by: &str, value: &str) -> Value {
    let task = t.task(0);
    json!({ "by": by, "value": value, "purpose": "home_visit_care", "task": task.id, "assignment": task.assignment })
}

fn found(answer: &Answer) -> Vec<Uuid> {
    let results = answer.body["results"].as_array().unwrap_or_else(|| panic!("{}", answer.text));
    results.iter().map(|hit| hit["resident"].as_str().unwrap().parse().unwrap()).collect()
}

on_both!(a_search_finds_within_reach_and_shows_a_masked_name);
async fn a_search_finds_within_reach_and_shows_a_masked_name(on: On) {
    let t = TestVault::street(on).await;
    let (own, chief) = (t.task(0).resident.unwrap(), &t.chief().token);
    let name = said(0, "person.name");
    let masked = format!("{}**", name.chars().next().unwrap());
    // Whoever would see the number may search by it.
    let police = t.task(7);
    let of_police = |by: &str, value: &str| json!({ "by": by, "value": value, "purpose": police.purpose, "task": police.id, "assignment": police.assignment });
    let officer = &t.caller("dispatched_officer", "police").token;
    for (token, body, wanted) in [
        (chief, visit(&t, "phone", &said(0, "person.phone")), Some(own)),
        (chief, visit(&t, "id_number", &said(0, "person.id_no")), None),
        (officer, of_police("id_number", &said(6, "person.id_no")), police.resident),
    ] {
        let answer = search(&t, token, body.clone()).await;
        assert_eq!(found(&answer), wanted.into_iter().collect::<Vec<_>>(), "{body}: {}", answer.text);
        if wanted.is_none() {
            continue;
        }
        let entries = t.entries(2).await;
        assert_eq!((&entries[0].0["kind"], &entries[1].0["kind"]), (&json!("search"), &json!("lookup")));
        assert_eq!(entries[1].0["fields"][0][0], "masked");
        let value = body["value"].as_str().unwrap();
        assert!(!format!("{entries:?}").contains(value), "the term stands as a keyed digest only");
    }
    let answer = search(&t, chief, visit(&t, "phone", &said(0, "person.phone"))).await;
    let hit = &answer.body["results"][0];
    assert_eq!((hit["name"].as_str().unwrap(), &hit["area"]), (masked.as_str(), &json!("110106006901001")));
    search(&t, chief, visit(&t, "phone", &said(0, "person.phone"))).await;
    // Twice the same search is never twice the same term.
    let terms: Vec<Value> = t.entries(4).await.iter().map(|(_, p)| p["detail"]["term"].clone()).collect();
    assert_ne!(terms[0], terms[2]);
    // By characters, and by pinyin.
    let two: String = name.chars().skip(1).collect();
    for value in [name.as_str(), two.as_str()] {
        let answer = search(&t, chief, visit(&t, "name", value)).await;
        assert!(found(&answer).contains(&own), "{value}: {}", answer.text);
    }
    let one = search(&t, chief, visit(&t, "name", &two.chars().take(1).collect::<String>())).await;
    assert_eq!(found(&one), Vec::<Uuid>::new(), "one character is too few for an area");
    let mut home = visit(&t, "name", &two.chars().take(1).collect::<String>());
    home["area"] = json!(said_home(0));
    assert!(found(&search(&t, chief, home).await).contains(&own), "and enough for a home");
    let by_home = search(&t, chief, visit(&t, "premises", &said_home(0))).await;
    assert!(found(&by_home).contains(&own), "{}", by_home.text);
    // Who looked: the lookup that showed the name, not the search.
    let resident = t.sign_in(own).await;
    let lines = t.call("GET", "/v1/me/lookups", Some(&resident), None).await;
    assert!(
        lines.body["lookups"]
            .as_array()
            .unwrap()
            .iter()
            .all(|l| l["fields"] == json!({ "person.name": "masked" }))
    );
}

fn said_home(n: usize) -> String {
    let street = gridvault::demo::street::street(120, 7, "2026-11-24".parse().unwrap());
    serde_json::from_str::<Value>(&street.residents[n]).unwrap()["premises"].as_str().unwrap().to_owned()
}

on_both!(a_miss_and_a_hit_out_of_reach_are_one_answer);
async fn a_miss_and_a_hit_out_of_reach_are_one_answer(on: On) {
    let t = TestVault::street(on).await;
    let chief = &t.chief().token;
    let nobody = "990106194901010013";
    // The caller is remembered from here on.
    search(&t, chief, visit(&t, "id_number", nobody)).await;
    let mut seen = Vec::new();
    for value in [nobody.to_owned(), somebody_elsewhere(), said(3, "person.id_no")] {
        let (statements, macs, size) = (t.vault.store.statements(), t.vault.keys.macs(), t.size().await);
        let answer = search(&t, chief, visit(&t, "id_number", &value)).await;
        assert_eq!(found(&answer), Vec::<Uuid>::new());
        let cost = (t.vault.store.statements() - statements - 1, answer.text.len());
        let (macs, size) = (t.vault.keys.macs() - macs, t.size().await - size);
        seen.push((cost, macs, size));
        let (public, private) = t.entries(1).await.pop().unwrap();
        assert_eq!((&public["kind"], &public["result"]), (&json!("search"), &json!("allowed")));
        assert!(private["subject"].is_null());
    }
    // The third one withdrew the consent: within the grid, and not on the list.
    assert_eq!(seen[0].0, seen[1].0, "statements and length");
    assert_eq!(seen[0].2, seen[1].2, "entries");
    assert!(seen[1].1.abs_diff(seen[0].1) <= 2, "MACs: {seen:?}");
    // Where a name is shown masked, it is found by the whole of it only: else it would come out character by character.
    let case = t.task(1);
    let in_case = |value: &str| json!({ "by": "name", "value": value, "purpose": "case_handling", "task": case.id, "assignment": case.assignment });
    let whole = said(0, "person.name");
    let part: String = whole.chars().skip(1).collect();
    assert!(found(&search(&t, chief, in_case(&whole)).await).contains(&t.task(0).resident.unwrap()));
    assert!(!found(&search(&t, chief, in_case(&part)).await).contains(&t.task(0).resident.unwrap()));
    // Another grid's names are nobody's.
    let mut far = visit(&t, "name", "王小");
    far["area"] = json!("110106006905002");
    assert_eq!(found(&search(&t, chief, far.clone()).await), Vec::<Uuid>::new());
    far["area"] = json!("nowhere");
    assert_eq!(found(&search(&t, chief, far).await), Vec::<Uuid>::new());
}

on_both!(who_may_not_search_is_told_so_before_anything_is_looked_at);
async fn who_may_not_search_is_told_so_before_anything_is_looked_at(on: On) {
    let t = TestVault::street(on).await;
    let number = said(0, "person.id_no");
    let reason = |answer: &Answer| answer.body["reason"]["code"].as_str().unwrap_or("-").to_owned();
    for (role, department) in [("grid_supervisor", "none"), ("grid_informant", "none"), ("auditor", "none")] {
        let token = &t.caller(role, department).token;
        let body =
            json!({ "by": "id_number", "value": number, "purpose": "home_visit_care", "task": t.task(0).id });
        let answer = search(&t, token, body).await;
        assert_eq!((answer.status, reason(&answer)), (403, "purpose_role".into()), "{role}");
        assert_eq!(t.entries(1).await[0].0["reason"], "purpose_role");
    }
    let chief = &t.chief().token;
    let mut body = visit(&t, "id_number", &number);
    body["task"] = json!(null);
    assert_eq!(search(&t, chief, body.clone()).await.problem(), "task-required");
    body["task"] = json!(t.task(2).id);
    assert_eq!(reason(&search(&t, chief, body.clone()).await), "task_closed");
    body["task"] = json!(t.task(6).id);
    assert_eq!(reason(&search(&t, chief, body.clone()).await), "not_assigned");
    body["task"] = json!(t.task(1).id);
    assert_eq!(search(&t, chief, body.clone()).await.problem(), "task-required", "another purpose's task");
    for (member, value, pointer) in
        [("value", json!("123"), "/value"), ("by", json!("face"), "/by"), ("area", json!("a b"), "/area")]
    {
        let mut body = visit(&t, "id_number", &number);
        body[member] = value;
        let answer = search(&t, chief, body).await;
        assert_eq!((answer.status, &answer.body["errors"][0]["pointer"]), (400, &json!(pointer)));
    }
}

on_both!(searches_are_counted_from_the_trail_and_too_many_are_a_finding);
async fn searches_are_counted_from_the_trail_and_too_many_are_a_finding(on: On) {
    let t = TestVault::street(on).await;
    let chief = &t.chief().token;
    let mut last = 200;
    let mut asked = 0;
    while last == 200 && asked < 120 {
        last = search(&t, chief, visit(&t, "name", "没有此人")).await.status;
        asked += 1;
    }
    assert_eq!((last, asked), (429, 101));
    let again = search(&t, chief, visit(&t, "name", "没有此人")).await;
    assert_eq!(again.problem(), "too-many-requests");
    assert!(again.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 60);
    let kinds: Vec<Value> = t.entries(3).await.iter().map(|(p, _)| p["kind"].clone()).collect();
    assert_eq!(kinds, [json!("search"), json!("finding.raised"), json!("search")], "one finding a day");
    // Another instance counts the same entries; another day begins anew.
    let b = t.instance("pin-b").await;
    assert_eq!(search(&b, chief, visit(&t, "name", "没有此人")).await.status, 429);
    assert_eq!(search(&t, chief, visit(&t, "phone", &said(0, "person.phone"))).await.status, 200);
    t.clock.step(24 * gridvault_tests::HOUR);
    assert_eq!(search(&t, chief, visit(&t, "name", "没有此人")).await.status, 200);
}

async fn verify(t: &TestVault, token: &str, body: Value) -> Answer {
    t.call("POST", "/v1/verifications", Some(token), Some(&body)).await
}

fn call(t: &TestVault, phone: &str, name: &str) -> Value {
    json!({ "by": "phone", "value": phone, "claims": { "person.name": name }, "purpose": "case_handling", "task": t.task(1).id })
}

on_both!(a_verification_says_yes_or_no_and_misses_are_counted);
async fn a_verification_says_yes_or_no_and_misses_are_counted(on: On) {
    let t = TestVault::street(on).await;
    let hotline = &t.caller("service", "hotline_12345").token;
    let (name, phone) = (said(0, "person.name"), said(0, "person.phone"));
    let yes = verify(&t, hotline, call(&t, &phone, &name)).await;
    assert_eq!((yes.status, &yes.body["holds"]), (200, &json!(true)), "{}", yes.text);
    let entries = t.entries(2).await;
    assert_eq!(
        (&entries[0].0["kind"], &entries[0].0["fields"][0][0]),
        (&json!("verification"), &json!("matched"))
    );
    assert_eq!((&entries[1].0["result"], &entries[1].1["detail"]["held"]), (&json!("allowed"), &json!(1)));
    // The resident sees that something was compared.
    let resident = t.sign_in(t.task(0).resident.unwrap()).await;
    let lines = t.call("GET", "/v1/me/lookups", Some(&resident), None).await;
    assert_eq!(lines.body["lookups"][0]["fields"], json!({ "person.name": "matched" }), "{}", lines.text);
    assert_eq!(lines.body["lookups"].as_array().unwrap().len(), 1);
    // Unknown, and known with another name: a miss each, alike.
    let size = t.size().await;
    let no = verify(&t, hotline, call(&t, &phone, "张三丰")).await;
    let nobody = verify(&t, hotline, call(&t, "12012345678", &name)).await;
    for answer in [&no, &nobody] {
        assert_eq!((answer.status, &answer.body["holds"]), (200, &json!(false)), "{}", answer.text);
    }
    assert_eq!(no.text.len(), nobody.text.len());
    assert_eq!(t.size().await - size, 4, "what was asked, and that it did not hold");
    for _ in 0..4 {
        assert_eq!(verify(&t, hotline, call(&t, &phone, "张三丰")).await.status, 200);
    }
    let enough = verify(&t, hotline, call(&t, &phone, &name)).await;
    assert_eq!((enough.status, enough.problem()), (429, "too-many-requests"), "also the right one");
    let kinds: Vec<Value> = t.entries(2).await.iter().map(|(p, _)| p["kind"].clone()).collect();
    assert_eq!(kinds, [json!("verification"), json!("finding.raised")]);
    // By another of the same person's numbers: no, as of nobody. Too many would tell whose number it is, and yes would go on.
    let by_number = |value: &str| {
        let mut body = call(&t, value, &name);
        body["by"] = json!("id_number");
        body
    };
    for number in [said(0, "person.id_no").as_str(), "990106194901010013"] {
        let size = t.size().await;
        let answer = verify(&t, hotline, by_number(number)).await;
        assert_eq!((answer.status, &answer.body["holds"]), (200, &json!(false)), "{}", answer.text);
        assert_eq!(t.size().await - size, 2);
    }
    assert_eq!(verify(&t, hotline, call(&t, &said(1, "person.phone"), "张三丰")).await.status, 200);
    let entries = format!("{:?}", t.entries(40).await);
    for value in [&name, &phone, &"张三丰".to_owned()] {
        assert!(!entries.contains(value.as_str()));
    }
}

on_both!(many_at_once_are_no_more_than_one_after_another);
async fn many_at_once_are_no_more_than_one_after_another(on: On) {
    let t = TestVault::street(on).await;
    let hotline = &t.caller("service", "hotline_12345").token;
    let phone = said(0, "person.phone");
    let asked: Vec<_> = (0..24).map(|n| call(&t, &phone, ["张三丰", "李四光", "王五"][n % 3])).collect();
    let answers = futures(asked.iter().map(|body| verify(&t, hotline, body.clone()))).await;
    let compared = answers.iter().filter(|answer| answer.status == 200).count();
    assert!(compared <= 5, "{compared} were compared");
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 429 | 503)));
}

async fn futures<F: Future<Output = Answer>>(all: impl Iterator<Item = F>) -> Vec<Answer> {
    let mut answers = Vec::new();
    let mut waiting: Vec<_> = all.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        waiting.retain_mut(|one| match one.as_mut().poll(context) {
            std::task::Poll::Ready(answer) => {
                answers.push(answer);
                false
            }
            std::task::Poll::Pending => true,
        });
        if waiting.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    answers
}

on_both!(only_what_the_rules_let_compare_is_compared);
async fn only_what_the_rules_let_compare_is_compared(on: On) {
    let t = TestVault::street(on).await;
    let hotline = &t.caller("service", "hotline_12345").token;
    let reason = |answer: &Answer| answer.body["reason"]["code"].as_str().unwrap_or("-").to_owned();
    let with = |field: &str, value: &str| {
        let mut body = call(&t, &said(0, "person.phone"), "王小明");
        body["claims"] = json!({ field: value });
        body
    };
    let special = verify(&t, hotline, with("mental.care_flag", "yes")).await;
    assert_eq!((special.status, reason(&special)), (403, "tier_list".into()), "{}", special.text);
    let number = verify(&t, hotline, with("person.id_no", "990106194901010013")).await;
    assert_eq!((number.status, reason(&number)), (403, "field_not_for_purpose".into()));
    let odd = verify(&t, hotline, with("person.religion", "x")).await;
    assert_eq!((odd.status, &odd.body["errors"][0]["code"]), (400, &json!("field_prohibited")));
    let officer = &t.caller("dispatched_officer", "police").token;
    let mut body = call(&t, &said(0, "person.phone"), "王小明");
    body["task"] = json!(t.task(7).id);
    assert_eq!(reason(&verify(&t, officer, body).await), "purpose_role");
    // A chief whose post cites the duty checks an identity number: only whether it agrees.
    let resident = t.task(0).resident.unwrap();
    let steward = &t.caller("data_steward", "none").token;
    let member = json!({ "number": "Q001", "name": "核实员", "role": "grid_chief", "scheme": "social_grid", "areas": ["110106006901001"],
        "from": "2026-01-01", "instrument": "数据核实更正" });
    t.import("people", steward, member.to_string()).await;
    let people = t.call("GET", "/v1/people?limit=500", Some(t.officer()), None).await;
    let new =
        people.body["people"].as_array().unwrap().iter().find(|p| p["number"] == "Q001").unwrap().clone();
    let post: Uuid = new["assignments"][0]["id"].as_str().unwrap().parse().unwrap();
    let holder = gridvault::authority::Holder::Person(new["id"].as_str().unwrap().parse().unwrap());
    let chief = gridvault::register::issue_token(
        &t.vault,
        holder,
        gridvault_policy::Posture::Office,
        gridvault_tests::HOUR,
    );
    let chief = chief.await.unwrap();
    let chief = chief.reveal();
    let task = json!({ "source": "plan", "number": "Q-1", "kind": "quality_check", "purpose": "data_quality", "fields": ["person.name"],
        "residents": [resident], "assignees": [post], "opens": "2026-11-24T00:00:00+08:00", "closes": "2026-12-01T00:00:00+08:00" });
    let task = t.call("POST", "/v1/tasks", Some(steward), Some(&task)).await.body["id"].clone();
    let check = |id: Uuid, number: &str| json!({ "resident": id, "claims": { "person.id_no": number }, "purpose": "data_quality", "task": task, "assignment": post });
    let yes = verify(&t, chief, check(resident, &said(0, "person.id_no"))).await;
    assert_eq!(yes.body["holds"], true, "{} {:?}", yes.text, t.entries(2).await);
    // Of a neighbour grid's resident, and of nobody: no, and the same work.
    let far = t.demo.residents.iter().find(|r| r.area != "110106006901001").unwrap().id;
    let far = verify(&t, chief, check(far, &somebody_elsewhere())).await;
    let nobody = verify(&t, chief, check(Uuid::new_v4(), &somebody_elsewhere())).await;
    assert_eq!((far.status, &far.body["holds"]), (nobody.status, &nobody.body["holds"]));
    assert_eq!(far.body["holds"], false);
    assert_eq!(far.text.len(), nobody.text.len());
}
