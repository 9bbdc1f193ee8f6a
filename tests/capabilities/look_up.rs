//! Who gets what of whom, for what: each role and service of the demonstration.

use gridvault_tests::{HOUR, MORNING, On, TestVault, on_both};
use serde_json::json;

const CARE: [&str; 5] =
    ["person.name", "person.phone", "person.birth_date", "elder.living_alone", "person.id_no"];

on_both!(a_chief_with_task_and_consent_gets_exactly_what_the_rules_allow);
async fn a_chief_with_task_and_consent_gets_exactly_what_the_rules_allow(on: On) {
    let t = TestVault::street(on).await;
    let chief = &t.chief().token;
    let answer = t.look(chief, t.visit(0, &CARE)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let outcomes: Vec<&str> = CARE.iter().map(|f| answer.outcome(f)).collect();
    assert_eq!(outcomes, ["clear", "clear", "masked", "clear", "denied"]);
    assert_eq!(answer.value("person.name").unwrap().chars().count(), 3);
    assert_eq!(answer.body["fields"]["person.birth_date"]["form"], "M-band");
    assert_eq!(answer.reason("person.id_no"), "field_not_for_purpose");
    assert_eq!(answer.body["fields"]["person.id_no"]["rule"], "R-000");
    assert_eq!(answer.body["obligations"][0]["kind"], "disclose_within");
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["x-gridvault-demo"], "1");

    // The entry was there before the answer, and says what was permitted, never a value.
    let (public, private) = t.entries(1).await.pop().unwrap();
    assert_eq!(public["salt"], answer.body["lookup"]["id"]);
    assert_eq!(public["kind"], "lookup");
    assert_eq!(public["result"], "partial");
    assert_eq!(public["who"]["role"], "grid_chief");
    assert_eq!(public["basis"], "consent");
    assert_eq!(private["task"], json!(t.task(0).id));
    assert_eq!(private["facts"]["task_state"], "open_mine");
    assert!(private["consent"].is_i64() && private["basis_ref"].is_string());
    assert!(!public.to_string().contains(answer.value("person.name").unwrap()));
    assert!(!private.to_string().contains(&t.task(0).resident.unwrap().to_string()));
}

on_both!(only_an_open_task_of_ones_own_that_names_the_record_serves);
async fn only_an_open_task_of_ones_own_that_names_the_record_serves(on: On) {
    let t = TestVault::street(on).await;
    let chief = &t.chief().token;
    let (own, post) = (t.task(0).resident.unwrap(), t.task(0).assignment);
    let ask = |task: Option<uuid::Uuid>| {
        let mut body = json!({ "resident": own, "fields": ["person.name"], "purpose": "home_visit_care", "assignment": post });
        if let Some(task) = task {
            body["task"] = json!(task);
        }
        body
    };
    let none = t.look(chief, ask(None)).await;
    assert_eq!((none.status, none.problem(), none.reason("person.name")), (403, "task-required", "no_task"));
    let other_record = t.look(chief, ask(Some(t.task(5).id))).await;
    assert_eq!((other_record.status, other_record.reason("person.name")), (403, "subject_not_in_task"));
    let officer = t.caller("dispatched_officer", "civil_affairs").assignment.unwrap();
    let anothers = t.open_task("o-1", "home_visit_care", Some(own), None, officer).await;
    assert_eq!(t.look(chief, ask(Some(anothers))).await.reason("person.name"), "not_assigned");
    let other_purpose = t.open_task("o-2", "emergency_notice", Some(own), None, post).await;
    assert_eq!(t.look(chief, ask(Some(other_purpose))).await.reason("person.name"), "no_task");
    assert_eq!(t.look(chief, ask(Some(uuid::Uuid::now_v7()))).await.reason("person.name"), "no_task");
    let closed = t.look(chief, t.visit(2, &["person.name"])).await;
    assert_eq!((closed.status, closed.reason("person.name")), (403, "task_closed"));
    assert_eq!(t.look(chief, ask(Some(t.task(0).id))).await.status, 200);
    t.clock.step(15 * 24 * HOUR);
    assert_eq!(t.look(chief, ask(Some(t.task(0).id))).await.reason("person.name"), "task_closed");
}

on_both!(neighbours_and_other_communities_are_not_found);
async fn neighbours_and_other_communities_are_not_found(on: On) {
    let t = TestVault::street(on).await;
    let (chief, post) = (t.chief(), t.task(0).assignment);
    let grid = chief.area.clone().unwrap();
    let others: Vec<_> = t.demo.residents.iter().filter(|r| r.area != grid).collect();
    assert!(
        others.iter().any(|r| r.area.starts_with(&grid[..12]))
            && others.iter().any(|r| !r.area.starts_with(&grid[..12]))
    );
    for resident in others {
        let body = json!({ "resident": resident.id, "fields": ["person.name"], "purpose": "home_visit_care", "assignment": post });
        let answer = t.look(&chief.token, body).await;
        assert_eq!((answer.status, answer.problem()), (404, "not-found"), "{}", resident.area);
        let (public, _) = t.entries(1).await.pop().unwrap();
        assert_eq!((&public["reason"], &public["result"]), (&json!("grid_scope"), &json!("denied")));
    }
    // A purpose that the post cannot use reaches nobody.
    let body = json!({ "resident": t.demo.residents[8].id, "fields": ["person.name"], "purpose": "social_assistance", "assignment": post });
    assert_eq!(t.look(&chief.token, body).await.status, 404);
    assert_eq!(t.entries(1).await[0].0["reason"], "purpose_role");
}

on_both!(an_open_task_lets_its_holder_know_of_a_record_and_hear_the_reason);
async fn an_open_task_lets_its_holder_know_of_a_record_and_hear_the_reason(on: On) {
    let t = TestVault::street(on).await;
    let police = t.caller("dispatched_officer", "police");
    let mut body = t.visit(7, &["person.id_no", "person.name", "float.arrived_on"]);
    let answer = t.look(&police.token, body.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.value("person.id_no").unwrap().len(), 18);
    assert_eq!(answer.outcome("float.arrived_on"), "absent");
    body["purpose"] = json!("home_visit_care");
    let wrong = t.look(&police.token, body).await;
    assert_eq!((wrong.status, wrong.problem(), wrong.reason("person.name")), (403, "denied", "purpose_role"));
}

on_both!(assistants_need_a_letter_and_get_what_it_covers_only);
async fn assistants_need_a_letter_and_get_what_it_covers_only(on: On) {
    let t = TestVault::street(on).await;
    let with = t.caller("grid_assistant", "floating_population");
    let fields = ["person.name", "person.birth_date", "person.id_no", "person.hukou_address"];
    let answer = t.look(&with.token, t.visit(8, &fields)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let outcomes: Vec<&str> = fields.iter().map(|f| answer.outcome(f)).collect();
    assert_eq!(outcomes, ["clear", "clear", "denied", "denied"]);
    assert_eq!(answer.body["fields"]["person.name"]["rule"], "R-062");
    let without = t.caller("grid_assistant", "civil_affairs");
    let refused = t.look(&without.token, t.visit(9, &["person.name"])).await;
    assert_eq!((refused.status, refused.reason("person.name")), (403, "no_basis"));
}

on_both!(a_letter_holds_from_its_first_minute_to_its_last);
async fn a_letter_holds_from_its_first_minute_to_its_last(on: On) {
    use gridvault::authority::{DelegatedBy, Letter};
    use gridvault::register::grant_letter;
    use gridvault_policy::{Department, Purpose, letters};
    let t = TestVault::street(on).await;
    let assistant = t.caller("grid_assistant", "civil_affairs");
    let letter = Letter {
        number: "L-1".into(),
        department: Department::CivilAffairs,
        person: assistant.holder,
        purposes: vec![Purpose::HomeVisitCare],
        fields: letters()
            .grants(Department::CivilAffairs)
            .unwrap()
            .fields
            .iter()
            .map(|f| f.as_str().into())
            .collect(),
        areas: vec![assistant.area.clone().unwrap()],
        from: MORNING + HOUR,
        to: MORNING + 2 * HOUR,
        revoked: false,
        law: DelegatedBy::default(),
        unit: String::new(),
        pending: false,
        signed: vec![],
        renews: None,
    };
    grant_letter(&t.vault, letter).await.unwrap();
    let look = async || t.look(&assistant.token, t.visit(9, &["person.name", "elder.living_alone"])).await;
    assert_eq!(look().await.reason("person.name"), "no_basis");
    t.clock.step(HOUR);
    let live = look().await;
    assert_eq!(
        (live.outcome("person.name"), live.outcome("elder.living_alone")),
        ("clear", "clear"),
        "{}",
        live.text
    );
    t.clock.step(HOUR - 1);
    assert_eq!(look().await.status, 200);
    t.clock.step(1);
    assert_eq!(look().await.status, 403);
}

on_both!(overseers_see_the_course_of_things_and_no_person);
async fn overseers_see_the_course_of_things_and_no_person(on: On) {
    let t = TestVault::street(on).await;
    let case = t.task(1);
    let supervisor = t.caller("grid_supervisor", "none");
    let body = json!({ "ticket": case.ticket, "fields": ["case.id", "case.kind", "person.name", "case.reporter_phone"], "purpose": "case_handling", "task": case.id });
    let answer = t.look(&supervisor.token, body.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.value("case.kind"), Some("environment_property"));
    for field in ["person.name", "case.reporter_phone"] {
        assert_eq!((answer.outcome(field), answer.reason(field)), ("denied", "purpose_role"));
    }
    let informant = t.caller("grid_informant", "none");
    assert_eq!(t.look(&informant.token, body).await.status, 404);
    for caller in [supervisor, informant] {
        for (n, purpose) in
            [(0, "home_visit_care"), (7, "floating_population_registration"), (4, "emergency_notice")]
        {
            let body = json!({ "resident": t.task(n).resident, "fields": ["person.name"], "purpose": purpose, "task": t.task(n).id });
            assert_eq!(t.look(&caller.token, body).await.status, 404, "{} {purpose}", caller.role);
        }
    }
}

on_both!(a_case_shows_the_reporter_to_its_handler_and_its_desk_only);
async fn a_case_shows_the_reporter_to_its_handler_and_its_desk_only(on: On) {
    let t = TestVault::street(on).await;
    let case = t.task(1);
    let fields =
        ["case.id", "person.name", "case.reporter_phone", "premises.address", "derived.responsible_areas"];
    let body = json!({ "ticket": case.ticket, "fields": fields, "purpose": "case_handling", "task": case.id, "assignment": case.assignment });
    let chief = t.look(&t.chief().token, body.clone()).await;
    let outcomes: Vec<&str> = fields.iter().map(|f| chief.outcome(f)).collect();
    assert_eq!(outcomes, ["clear", "masked", "clear", "clear", "derived"]);
    assert_eq!(chief.value("person.name"), Some("示****"));
    assert_eq!(chief.value("case.reporter_phone"), Some("12099990001"));
    assert!(chief.value("derived.responsible_areas").unwrap().contains("social_grid:110106006901001"));
    let hotline = t.caller("service", "hotline_12345");
    let own = json!({ "ticket": case.ticket, "fields": fields, "purpose": "case_handling", "task": case.id });
    let desk = t.look(&hotline.token, own.clone()).await;
    assert_eq!((desk.outcome("case.reporter_phone"), desk.outcome("person.name")), ("clear", "masked"));
    assert_eq!(desk.reason("premises.address"), "purpose_role");
    for (service, department) in
        [("service_circle", "service_circle"), ("governance_platform", "governance_platform")]
    {
        assert_eq!(
            t.look(&t.caller("service", department).token, own.clone()).await.status,
            404,
            "{service}"
        );
    }
    // The second chief's grid is another: the ticket is not there for that post.
    let second =
        t.demo.callers.iter().filter(|c| c.role == "grid_chief" && c.department == "none").nth(1).unwrap();
    let mut other = own;
    other["assignment"] = json!(second.assignment);
    assert_eq!(t.look(&second.token, other).await.status, 404);
}

on_both!(a_place_is_looked_up_without_a_person_as_a_pretext);
async fn a_place_is_looked_up_without_a_person_as_a_pretext(on: On) {
    let t = TestVault::street(on).await;
    let task = t.task(3);
    let fields = ["premises.address", "premises.occupancy", "premises.owner_phone", "premises.owner_name"];
    let body = json!({ "premises": task.premises, "fields": fields, "purpose": "fire_safety_check", "task": task.id, "assignment": task.assignment });
    let answer = t.look(&t.chief().token, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(
        (answer.outcome("premises.address"), answer.outcome("premises.owner_phone")),
        ("clear", "absent")
    );
    assert_eq!(answer.reason("premises.owner_name"), "field_not_for_purpose");
    // Those who live there are told: their tags stand with the entry.
    let (_, private) = t.entries(1).await.pop().unwrap();
    assert_eq!(private["subject"]["type"], "premises");
    assert!(!private["subject"]["also"].as_array().unwrap().is_empty());
    let body =
        json!({ "premises": task.premises, "fields": ["person.name"], "purpose": "fire_safety_check" });
    assert_eq!(t.look(&t.chief().token, body).await.body["errors"][0]["code"], "not_of_this_record");
}

on_both!(posts_are_named_live_and_ones_own);
async fn posts_are_named_live_and_ones_own(on: On) {
    let t = TestVault::street(on).await;
    let chief = t.chief();
    let mut body = t.visit(0, &["person.name"]);
    body.as_object_mut().unwrap().remove("assignment");
    let two = t.look(&chief.token, body.clone()).await;
    assert_eq!((two.status, two.problem()), (403, "assignment-required"));
    assert_eq!(t.entries(1).await[0].0["result"], "denied");
    body["assignment"] = json!(t.caller("dispatched_officer", "police").assignment);
    assert_eq!(t.look(&chief.token, body.clone()).await.status, 403);
    // The third grid's chief left in June.
    let expired =
        t.demo.callers.iter().filter(|c| c.role == "grid_chief" && c.department == "none").nth(2).unwrap();
    body["assignment"] = json!(expired.assignment);
    let gone = t.look(&expired.token, body).await;
    assert_eq!((gone.status, gone.problem()), (403, "denied"));
    assert_eq!(t.entries(1).await[0].0["reason"], "purpose_role");
}

on_both!(a_service_acting_for_a_worker_gets_the_lesser_of_both);
async fn a_service_acting_for_a_worker_gets_the_lesser_of_both(on: On) {
    let t = TestVault::street(on).await;
    let backend = t.caller("service", "terminal_backend");
    let mut body = t.visit(
        0,
        &["person.name", "elder.living_alone", "person.birth_date", "elder.help_need", "disability.category"],
    );
    body["on_behalf_of"] = body["assignment"].take();
    body.as_object_mut().unwrap().remove("assignment");
    let answer = t.look(&backend.token, body.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.outcome("person.name"), "clear");
    assert_eq!(
        (answer.outcome("elder.living_alone"), answer.value("elder.living_alone")),
        ("masked", Some("yes"))
    );
    assert_eq!(answer.outcome("person.birth_date"), "masked");
    assert_eq!(answer.outcome("elder.help_need"), "denied");
    assert_eq!(answer.outcome("disability.category"), "denied");
    let (public, private) = t.entries(1).await.pop().unwrap();
    assert_eq!(
        (&public["who"]["role"], &public["who"]["through"]),
        (&json!("grid_chief"), &json!("terminal_backend"))
    );
    assert_eq!(private["actor"]["on_behalf_of"], body["on_behalf_of"]);
    // Alone it knows of nobody; for somebody outside its agreement it does not act.
    body.as_object_mut().unwrap().remove("on_behalf_of");
    assert_eq!(t.look(&backend.token, body.clone()).await.status, 404);
    body["on_behalf_of"] = json!(t.caller("grid_supervisor", "none").assignment);
    assert_eq!(t.look(&backend.token, body).await.status, 403);
}

on_both!(d13_those_who_keep_the_system_see_no_field);
async fn d13_those_who_keep_the_system_see_no_field(on: On) {
    let t = TestVault::street(on).await;
    for role in ["data_steward", "privacy_officer", "auditor", "window_clerk"] {
        for purpose in ["home_visit_care", "case_handling", "resident_access", "emergency_notice"] {
            let body = json!({ "resident": t.task(0).resident, "fields": ["person.name"], "purpose": purpose, "task": t.task(0).id });
            let answer = t.look(&t.caller(role, "none").token, body).await;
            // Of requests of residents the privacy officer may know, but not on another's task.
            let known = (role, purpose) == ("privacy_officer", "resident_access");
            assert_eq!(answer.status, if known { 403 } else { 404 }, "{role} {purpose}");
            assert!(answer.value("person.name").is_none());
        }
    }
}
