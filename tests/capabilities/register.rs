//! Keeping a register: corrections with history, moves, erasure by two persons, proposals, posts, services, keys of repeats.

use gridvault_tests::{HOUR, On, TestVault, on_both};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::searching::said;

async fn count(t: &TestVault, table: &str, record: Uuid) -> u64 {
    // Rows are counted by changing nothing of them.
    let column = if table == "records" { "id" } else { "record" };
    t.site
        .sql(&format!(
            "UPDATE {table} SET rev = rev WHERE {column} = {}",
            t.site.on.literal(record.as_bytes())
        ))
        .await
}

on_both!(d03_a_correction_is_a_new_revision_and_what_was_is_history);
async fn d03_a_correction_is_a_new_revision_and_what_was_is_history(on: On) {
    let t = TestVault::street(on).await;
    let steward = &t.caller("data_steward", "none").token;
    let resident = t.task(0).resident.unwrap();
    let path = format!("/v1/residents/{resident}");
    let visit = t.visit(0, &["person.name", "person.phone"]);
    let before = t.look(&t.chief().token, visit.clone()).await.value("person.phone").unwrap().to_owned();
    let body = json!({ "fields": { "person.phone": "+86 12099990001" }, "evidence": "visit" });
    let corrected = t.call("PATCH", &path, Some(steward), Some(&body)).await;
    assert_eq!(corrected.status, 204, "{}", corrected.text);
    let (public, private) = t.entries(1).await.pop().unwrap();
    assert_eq!(public["kind"], "resident.corrected");
    assert_eq!(private["detail"]["fields"], json!(["person.phone"]));
    assert!(!private.to_string().contains("9999"));
    let after = t.look(&t.chief().token, visit.clone()).await;
    assert_eq!(after.value("person.phone"), Some("12099990001"));
    assert_eq!(count(&t, "history", resident).await, 1);
    // The new phone is found, the old one is not.
    let find = async |value: &str| {
        let body = json!({ "by": "phone", "value": value, "purpose": "home_visit_care", "task": t.task(0).id, "assignment": t.task(0).assignment });
        let answer = t.call("POST", "/v1/searches", Some(&t.chief().token), Some(&body)).await;
        answer.body["results"].as_array().unwrap().len()
    };
    assert_eq!((find("12099990001").await, find(&before).await), (1, 0));
    // What says the same changes nothing, is on record, and is not told apart.
    let again = t.call("PATCH", &path, Some(steward), Some(&body)).await;
    assert_eq!((again.status, count(&t, "history", resident).await), (204, 1));
    assert!(t.entries(1).await[0].1["state"].is_null());
    for (body, status) in [
        (json!({ "fields": {} }), 400),
        (json!({ "fields": { "person.name": null } }), 400),
        (json!({ "fields": { "person.phone": "1" } }), 400),
        (json!({ "fields": { "premises.address": "x" } }), 400),
        (json!({ "fields": { "person.phone": null }, "premises": Uuid::new_v4() }), 400),
    ] {
        assert_eq!(t.call("PATCH", &path, Some(steward), Some(&body)).await.status, status, "{body}");
    }
    let gone = format!("/v1/residents/{}", Uuid::new_v4());
    assert_eq!(t.call("PATCH", &gone, Some(steward), Some(&body)).await.status, 404);
    let dead = json!({ "fields": { "person.deceased_on": "2026-11-20" }, "evidence": "certificate" });
    assert_eq!(t.call("PATCH", &path, Some(steward), Some(&dead)).await.status, 204);
    assert_eq!(t.look(&t.chief().token, visit).await.status, 403, "a consent ends with a life");
    assert!(matches!(t.verified().await.verdict, gridvault::trail::Verdict::Proven));
}

on_both!(workers_write_what_the_rules_let_them_and_learn_nothing_by_it);
async fn workers_write_what_the_rules_let_them_and_learn_nothing_by_it(on: On) {
    let t = TestVault::street(on).await;
    let task = t.task(7);
    let (resident, police) = (task.resident.unwrap(), &t.caller("dispatched_officer", "police").token);
    let path = format!("/v1/residents/{resident}?assignment={}", task.assignment);
    let body = |fields: Value| json!({ "fields": fields, "purpose": task.purpose, "task": task.id });
    // Another ID number waits for who may know whose it is: held by somebody, by nobody, or the same as before.
    let (right, held, free) = (said(6, "person.id_no"), said(0, "person.id_no"), "990106194901010013");
    let steward = &t.caller("data_steward", "none").token;
    for (number, made, code) in [(right.as_str(), 0, None), (&held, 0, Some("same_person")), (free, 1, None)]
    {
        let size = t.size().await;
        let said = body(json!({ "person.id_no": number }));
        let answer = t.call("PATCH", &path, Some(police), Some(&said)).await;
        assert_eq!((answer.status, t.size().await - size), (202, 1), "{}", answer.text);
        let (public, private) = t.entries(1).await.pop().unwrap();
        assert_eq!((&public["action"], &public["fields"][0][0]), (&json!("write"), &json!("clear")));
        assert!(!private.to_string().contains(number));
        let proposal = format!("/v1/proposals/{}", answer.body["proposal"].as_str().unwrap());
        assert_eq!(t.call("GET", &proposal, Some(steward), None).await.status, 403, "nobody sees the values");
        assert_eq!(t.call("POST", &format!("{proposal}/confirm"), Some(police), None).await.status, 403);
        let history = count(&t, "history", resident).await;
        let confirmed = t.call("POST", &format!("{proposal}/confirm"), Some(steward), None).await;
        assert_eq!(confirmed.body["made"], made, "{}", confirmed.text);
        assert_eq!(confirmed.body["refused"][0]["code"].as_str(), code);
        assert_eq!(count(&t, "history", resident).await - history, made);
    }
    // What was proposed of a record that has moved on is not written over it.
    let said = body(json!({ "person.id_no": right }));
    let old = t.call("PATCH", &path, Some(police), Some(&said)).await;
    let phone = body(json!({ "person.phone": "12099990003" }));
    assert_eq!(t.call("PATCH", &path, Some(police), Some(&phone)).await.status, 204);
    let confirm = format!("/v1/proposals/{}/confirm", old.body["proposal"].as_str().unwrap());
    assert_eq!(t.call("POST", &confirm, Some(steward), None).await.status, 409);
    // A steward is told, and that is on record.
    let size = t.size().await;
    let told = json!({ "fields": { "person.id_no": held } });
    let answer = t.call("PATCH", &format!("/v1/residents/{resident}"), Some(steward), Some(&told)).await;
    assert_eq!((answer.status, t.size().await - size), (409, 1), "{}", answer.text);
    assert_eq!(t.entries(1).await[0].1["detail"]["code"], "same_person");
    let refused =
        t.call("PATCH", &path, Some(police), Some(&body(json!({ "elder.living_alone": "01" })))).await;
    assert_eq!((refused.status, refused.problem()), (403, "denied"), "{}", refused.text);
    assert_eq!(t.entries(1).await[0].0["result"], "denied");
    let neighbour =
        t.demo.residents.iter().find(|r| r.area != "110106006901001" && r.id != resident).unwrap().id;
    let chief = t.task(0);
    for id in [neighbour, Uuid::new_v4()] {
        let path = format!("/v1/residents/{id}?assignment={}", chief.assignment);
        let body = json!({ "fields": { "person.phone": "12099990001" }, "purpose": "data_quality", "task": chief.id });
        assert_eq!(t.call("PATCH", &path, Some(&t.chief().token), Some(&body)).await.status, 404);
    }
}

on_both!(a_newcomer_is_taken_in_by_a_steward_and_proposed_by_a_worker_known_or_not);
async fn a_newcomer_is_taken_in_by_a_steward_and_proposed_by_a_worker_known_or_not(on: On) {
    let t = TestVault::street(on).await;
    let steward = &t.caller("data_steward", "none").token;
    let home = t.demo.premises[0].id;
    let new = |number: &str| json!({ "premises": home, "fields": { "person.name": "新居民", "person.id_type": "resident_id", "person.id_no": number } });
    let made = t.call("POST", "/v1/residents", Some(steward), Some(&new("990106198507311238"))).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let again = t.call("POST", "/v1/residents", Some(steward), Some(&new("990106198507311238"))).await;
    assert_eq!((again.status, again.problem()), (409, "conflict"));
    // The police officer registers: whether the number is held makes no difference.
    let police = t.caller("dispatched_officer", "police");
    let post = police.assignment.unwrap();
    let grid = police.area.clone().unwrap();
    let home = t.demo.premises.iter().find(|p| p.area == grid).unwrap().id;
    let task = t.open_task("reg-1", "floating_population_registration", None, Some(home), post).await;
    let path = format!("/v1/residents?assignment={post}");
    let mut answers = Vec::new();
    for number in ["990106194901010013", "990106198507311238"] {
        let mut body = new(number);
        body["premises"] = json!(home);
        body["purpose"] = json!("floating_population_registration");
        body["task"] = json!(task);
        answers.push(t.call("POST", &path, Some(&police.token), Some(&body)).await);
    }
    assert_eq!((answers[0].status, answers[1].status), (202, 202), "{}", answers[0].text);
    assert_eq!(answers[0].text.len(), answers[1].text.len());
    let confirm = |answer: &gridvault_tests::Answer| {
        format!("/v1/proposals/{}/confirm", answer.body["proposal"].as_str().unwrap())
    };
    let own = t.call("POST", &confirm(&answers[0]), Some(&police.token), None).await;
    assert_eq!(own.status, 403);
    let read = format!("/v1/proposals/{}", answers[0].body["proposal"].as_str().unwrap());
    assert_eq!(t.call("GET", &read, Some(steward), None).await.status, 403, "values are seen by nobody");
    let confirmed = t.call("POST", &confirm(&answers[0]), Some(steward), None).await;
    assert_eq!(confirmed.body["residents"].as_array().unwrap().len(), 1, "{}", confirmed.text);
    // Who was held already stays as it is: what is held is corrected by who may know it.
    let confirmed = t.call("POST", &confirm(&answers[1]), Some(steward), None).await;
    assert_eq!(confirmed.body["residents"], json!([]), "{}", confirmed.text);
    assert_eq!(confirmed.body["refused"][0]["code"], "same_person");
    assert_eq!(t.entries(1).await[0].1["detail"]["finding"], "same_person");
    let twice = t.call("POST", &confirm(&answers[1]), Some(steward), None).await;
    assert_eq!((twice.status, twice.problem()), (409, "conflict"));
}

on_both!(d11_an_erasure_takes_two_and_leaves_nothing_to_open);
async fn d11_an_erasure_takes_two_and_leaves_nothing_to_open(on: On) {
    let t = TestVault::street(on).await;
    let (steward, officer) = (&t.caller("data_steward", "none").token, t.officer());
    let resident = t.task(0).resident.unwrap();
    let session = t.sign_in(resident).await;
    let path = format!("/v1/residents/{resident}/erasure");
    let ask = json!({ "reason": "withdrawn" });
    assert_eq!(t.call("POST", &path, Some(&t.chief().token), Some(&ask)).await.status, 403);
    assert_eq!(t.call("PATCH", &path, Some(officer), Some(&json!({ "granted": true }))).await.status, 409);
    assert_eq!(t.call("POST", &path, Some(steward), Some(&ask)).await.status, 202);
    // Frozen: kept and not used.
    let visit = t.visit(0, &["person.name"]);
    let frozen = t.look(&t.chief().token, visit.clone()).await;
    assert_eq!((frozen.status, frozen.reason("person.name")), (403, "frozen"), "{}", frozen.text);
    let correction = json!({ "fields": { "person.phone": "12099990001" } });
    let own = format!("/v1/residents/{resident}");
    assert_eq!(t.call("PATCH", &own, Some(steward), Some(&correction)).await.status, 409);
    let grant = json!({ "granted": true });
    assert_eq!(t.call("PATCH", &path, Some(steward), Some(&grant)).await.status, 403, "not by who asked");
    // Refused, it is in use again; asked anew and granted, it is gone.
    assert_eq!(t.call("PATCH", &path, Some(officer), Some(&json!({ "granted": false }))).await.status, 204);
    assert_eq!(t.look(&t.chief().token, visit.clone()).await.status, 200);
    assert_eq!(t.call("POST", &path, Some(steward), Some(&ask)).await.status, 202);
    assert_eq!(t.call("PATCH", &path, Some(officer), Some(&grant)).await.status, 204);
    let (public, private) = t.entries(1).await.pop().unwrap();
    assert_eq!((&public["kind"], &private["detail"]["stage"]), (&json!("resident.erased"), &json!("live")));
    for table in ["envelopes", "history"] {
        assert_eq!(count(&t, table, resident).await, 0, "{table}");
    }
    let gone = t.look(&t.chief().token, visit).await;
    // There is nothing left that would lie anywhere.
    assert_eq!((gone.status, gone.reason("person.name")), (403, "grid_scope"), "{}", gone.text);
    assert!(
        t.entries(1).await[0].1["subject"].is_null(),
        "the tag is gone: nothing new is tied to the person"
    );
    assert_eq!(t.call("GET", "/v1/me/lookups", Some(&session), None).await.status, 401);
    for by in ["id_no", "phone"] {
        let value = said(0, &format!("person.{by}"));
        let by = if by == "id_no" { "id_number" } else { by };
        let body = json!({ "by": by, "value": value, "purpose": "home_visit_care", "task": t.task(0).id, "assignment": t.task(0).assignment });
        let found = t.call("POST", "/v1/searches", Some(&t.chief().token), Some(&body)).await;
        assert_eq!(found.body["results"], json!([]), "{by}: {}", found.text);
    }
    assert_eq!(t.call("POST", &path, Some(steward), Some(&ask)).await.status, 404);
    assert!(matches!(t.verified().await.verdict, gridvault::trail::Verdict::Proven));
    // Outside of the database stands which record it was, for a backup that is put back.
    let list = t.site.dir.path().join("pin.erased");
    assert!(std::fs::read_to_string(list).unwrap().contains(&resident.to_string()));
}

on_both!(whoever_is_erased_is_not_made_anew_by_an_old_proposal);
async fn whoever_is_erased_is_not_made_anew_by_an_old_proposal(on: On) {
    let t = TestVault::street(on).await;
    let (steward, police) =
        (&t.caller("data_steward", "none").token, t.caller("dispatched_officer", "police"));
    let (post, grid) = (police.assignment.unwrap(), police.area.clone().unwrap());
    let home = t.demo.premises.iter().find(|p| p.area == grid).unwrap().id;
    let task = t.open_task("reg-1", "floating_population_registration", None, Some(home), post).await;
    let body = json!({ "premises": home, "purpose": "floating_population_registration", "task": task,
        "fields": { "person.name": said(0, "person.name"), "person.id_type": "resident_id", "person.id_no": said(0, "person.id_no") } });
    let path = format!("/v1/residents?assignment={post}");
    let proposed = t.call("POST", &path, Some(&police.token), Some(&body)).await;
    assert_eq!(proposed.status, 202, "{}", proposed.text);
    let (public, _) = t.entries(1).await.pop().unwrap();
    assert_eq!(
        (&public["kind"], &public["action"], &public["purpose"]),
        (&json!("import.batch"), &json!("write"), &json!("floating_population_registration"))
    );
    let path = format!("/v1/residents/{}/erasure", t.task(0).resident.unwrap());
    t.call("POST", &path, Some(steward), Some(&json!({ "reason": "withdrawn" }))).await;
    assert_eq!(
        t.call("PATCH", &path, Some(t.officer()), Some(&json!({ "granted": true }))).await.status,
        204
    );
    let confirm = format!("/v1/proposals/{}/confirm", proposed.body["proposal"].as_str().unwrap());
    assert_eq!(t.call("POST", &confirm, Some(steward), None).await.status, 409);
    assert!(matches!(t.verified().await.verdict, gridvault::trail::Verdict::Proven));
}

on_both!(an_index_that_was_tampered_with_corrects_nobody);
async fn an_index_that_was_tampered_with_corrects_nobody(on: On) {
    let t = TestVault::street(on).await;
    let steward = &t.caller("data_steward", "none").token;
    let (one, other) = (t.task(0).resident.unwrap(), t.task(5).resident.unwrap());
    // The terms of one record are put under another's name.
    let (a, b) = (t.site.on.literal(one.as_bytes()), t.site.on.literal(other.as_bytes()));
    t.site.sql(&format!("DELETE FROM terms WHERE record = {b}")).await;
    t.site.sql(&format!("UPDATE terms SET record = {b} WHERE record = {a}")).await;
    let number = said(0, "person.id_no");
    let line = json!({ "premises": t.task(0).premises, "fields": { "person.name": said(0, "person.name"), "person.id_type": "resident_id",
        "person.id_no": number, "person.phone": "12099990001" } });
    let answer =
        t.call_raw("POST", "/v1/imports?kind=residents", Some(steward), Some(line.to_string())).await;
    assert_eq!(
        (&answer.body["corrected"], &answer.body["refused"][0]["code"]),
        (&json!(0), &json!("index")),
        "{}",
        answer.text
    );
    // Two records do not come by one number.
    let path = format!("/v1/residents/{other}");
    let body = json!({ "fields": { "person.id_no": said(9, "person.id_no") } });
    assert_eq!(t.call("PATCH", &path, Some(steward), Some(&body)).await.status, 409);
}

on_both!(an_erasure_is_complete_when_the_keys_of_its_keys_are_gone);
async fn an_erasure_is_complete_when_the_keys_of_its_keys_are_gone(on: On) {
    use gridvault::register::{keks_added, keks_destroyed, rewrap};
    use gridvault::seal::{Secret, add_keks, drop_keks, kek_versions, unseal};
    use gridvault_tests::PASSPHRASE;
    let t = TestVault::street(on).await;
    let steward = t.caller("data_steward", "none").token.clone();
    let (resident, other) = (t.task(0).resident.unwrap(), t.task(5).resident.unwrap());
    let correction = json!({ "fields": { "person.phone": "12099990001" } });
    let path = format!("/v1/residents/{other}");
    assert_eq!(t.call("PATCH", &path, Some(&steward), Some(&correction)).await.status, 204);
    // What a backup from before holds.
    let kept = t.vault.store.envelopes(&[resident.as_bytes()]).await.unwrap().pop().unwrap();
    let path = format!("/v1/residents/{resident}/erasure");
    t.call("POST", &path, Some(&steward), Some(&json!({ "reason": "withdrawn" }))).await;
    assert_eq!(
        t.call("PATCH", &path, Some(t.officer()), Some(&json!({ "granted": true }))).await.status,
        204
    );
    let (layout, passphrase) = (t.site.layout(), Secret::new(PASSPHRASE));
    let before = unseal(&layout.keys, &passphrase).unwrap().keyring;
    assert!(before.facts(&kept, 1, "2026-11-24".parse().unwrap()).is_ok(), "until then a backup opens");
    t.vault.close().await;
    assert_eq!(add_keks(&layout.keys, &passphrase).unwrap(), 2);
    let t = TestVault::reopened(t.site.clone(), &layout, t.clock.clone(), t.demo.clone()).await;
    keks_added(&t.vault, 2).await.unwrap();
    assert!(rewrap(&t.vault, &|_| ()).await.unwrap() > 120);
    assert_eq!(rewrap(&t.vault, &|_| ()).await.unwrap(), 0, "nothing is wrapped by the old ones any more");
    drop_keks(&layout.keys, &passphrase, 2).unwrap();
    assert_eq!(kek_versions(&layout.keys).unwrap(), [2]);
    assert_eq!(keks_destroyed(&t.vault, 2).await.unwrap(), 1);
    let (public, private) = t.entries(1).await.pop().unwrap();
    assert_eq!(
        (&public["kind"], &private["detail"]["stage"]),
        (&json!("resident.erased"), &json!("complete"))
    );
    assert_eq!(keks_destroyed(&t.vault, 2).await.unwrap(), 0);
    t.vault.close().await;
    let after = unseal(&layout.keys, &passphrase).unwrap().keyring;
    assert!(after.facts(&kept, 1, "2026-11-24".parse().unwrap()).is_err(), "and nothing opens it any more");
    let t = TestVault::reopened(t.site.clone(), &layout, t.clock.clone(), t.demo.clone()).await;
    assert_eq!(
        t.look(&t.chief().token, t.visit(5, &["person.name"])).await.value("person.name"),
        Some(&*said(4, "person.name"))
    );
    assert!(matches!(t.verified().await.verdict, gridvault::trail::Verdict::Proven));
}

on_both!(grids_merge_and_premises_move_on_the_minute);
async fn grids_merge_and_premises_move_on_the_minute(on: On) {
    let t = TestVault::street(on).await;
    let steward = &t.caller("data_steward", "none").token;
    let own = "110106006901001";
    let far = t.demo.residents.iter().find(|r| r.area != own).unwrap();
    let (far, other) = (far.id, far.area.as_str());
    let look = |id: Uuid| json!({ "resident": id, "fields": ["derived.lives_in_area"], "purpose": "case_handling", "task": t.task(1).id, "assignment": t.task(1).assignment });
    let chief = &t.chief().token;
    assert_eq!(t.look(chief, look(far)).await.status, 404);
    // The neighbour grid merges into the chief's own in two hours.
    let at = "2026-11-24T11:30:00+08:00";
    let areas = json!({ "areas": [{ "scheme": "social_grid", "code": other, "parent": "110106006901", "level": "grid",
        "name": "示例一社区第2网格", "into": own, "from": "2026-01-01", "to": at }] });
    let proposed = t.call("POST", "/v1/areas", Some(steward), Some(&areas)).await;
    assert_eq!(proposed.status, 202, "{}", proposed.text);
    let id = proposed.body["proposal"].as_str().unwrap();
    let lines = t.call("GET", &format!("/v1/proposals/{id}"), Some(t.officer()), None).await;
    assert_eq!(lines.body["lines"][0]["into"], own, "{}", lines.text);
    let confirm = format!("/v1/proposals/{id}/confirm");
    assert_eq!(t.call("POST", &confirm, Some(steward), None).await.status, 403, "not by who proposed it");
    let open = t.call("GET", "/v1/proposals", Some(t.officer()), None).await;
    assert_eq!(
        (&open.body["proposals"][0]["id"], &open.body["proposals"][0]["own"]),
        (&json!(id), &json!(false))
    );
    let confirmed = t.call("POST", &confirm, Some(t.officer()), None).await;
    assert_eq!(
        (&confirmed.body["made"], &confirmed.body["refused"]),
        (&json!(1), &json!([])),
        "{}",
        confirmed.text
    );
    assert_eq!(t.look(chief, look(far)).await.status, 404, "not yet");
    t.clock.step(2 * HOUR);
    let now = t.look(chief, look(far)).await;
    assert_ne!(now.status, 404, "on the minute: {}", now.text);
    // A premises goes over to another grid, later.
    let resident = t.task(1).resident.unwrap();
    let home = t.task(1).premises.unwrap();
    let body = json!({ "cells": { "social_grid": "110106006905002" }, "from": "2026-11-24T12:30:00+08:00", "evidence": "map" });
    let moved = t.call("PATCH", &format!("/v1/premises/{home}"), Some(steward), Some(&body)).await;
    assert_eq!(moved.status, 204, "{}", moved.text);
    let outcome = async || t.look(chief, look(resident)).await.reason("derived.lives_in_area").to_owned();
    assert_eq!(outcome().await, "(none)");
    t.clock.step(HOUR);
    assert_eq!(outcome().await, "grid_scope", "the task still names the resident, who lives elsewhere now");
    for body in [
        json!({ "cells": { "social_grid": "nowhere" } }),
        json!({ "cells": { "social_grid": own }, "from": "2026-11-01T00:00:00+08:00" }),
        json!({}),
    ] {
        let path = format!("/v1/premises/{home}");
        assert_eq!(t.call("PATCH", &path, Some(steward), Some(&body)).await.status, 400, "{body}");
    }
    let map = t.call("GET", "/v1/areas/check", Some(steward), None).await;
    let faults = map.body["faults"].as_array().unwrap();
    let fault = |code: &str| faults.iter().find(|f| f["code"] == code).unwrap()["count"].as_u64().unwrap();
    assert_eq!((fault("premises_without_cell"), fault("premises_in_ended_cell")), (0, 0), "{}", map.text);
    assert!(fault("cells_without_chief") > 30);
    assert!(matches!(t.verified().await.verdict, gridvault::trail::Verdict::Proven));
}

on_both!(staff_and_posts_come_by_two_and_end_by_one);
async fn staff_and_posts_come_by_two_and_end_by_one(on: On) {
    let t = TestVault::street(on).await;
    let steward = &t.caller("data_steward", "none").token;
    let post = |role: &str| json!({ "role": role, "scheme": "social_grid", "areas": ["110106006901003"], "from": "2026-01-01" });
    let member =
        |number: &str, role: &str| json!({ "number": number, "name": "新同事", "assignments": [post(role)] });
    for role in ["grid_chief", "grid_supervisor"] {
        let token = &t.caller(role, "none").token;
        let path = if role == "grid_chief" {
            format!("/v1/people?assignment={}", t.task(0).assignment)
        } else {
            "/v1/people".into()
        };
        assert_eq!(t.call("POST", &path, Some(token), Some(&member("N1", "grid_chief"))).await.status, 403);
    }
    // A steward does not make a second steward alone.
    let proposed = t.call("POST", "/v1/people", Some(steward), Some(&member("N1", "data_steward"))).await;
    assert_eq!(proposed.status, 202, "{}", proposed.text);
    let confirm = |answer: &gridvault_tests::Answer| {
        format!("/v1/proposals/{}/confirm", answer.body["proposal"].as_str().unwrap())
    };
    assert_eq!(t.call("POST", &confirm(&proposed), Some(steward), None).await.status, 403);
    let list = async || {
        let path = "/v1/people?limit=500";
        let answer = t.call("GET", path, Some(t.officer()), None).await;
        answer.body["people"].as_array().unwrap().clone()
    };
    let before = list().await.len();
    let confirmed = t.call("POST", &confirm(&proposed), Some(t.officer()), None).await;
    // Each of the two has half of the code: neither can sign in as whom they made.
    let first = confirmed.body["people"][0]["code_first_half"].as_str().unwrap().to_owned();
    let halves = confirm(&proposed).replace("/confirm", "/codes");
    assert_eq!(t.call("GET", &halves, Some(t.officer()), None).await.status, 403);
    let second = t.call("GET", &halves, Some(steward), None).await;
    let second = second.body["people"][0]["code_second_half"].as_str().unwrap().to_owned();
    for half in [&first, &second] {
        assert_eq!(t.call("POST", "/v1/sessions", None, Some(&json!({ "code": half }))).await.status, 401);
    }
    let code = format!("{first}-{second}");
    let people = list().await;
    assert_eq!(people.len(), before + 1);
    let new = people.iter().find(|p| p["number"] == "N1").unwrap();
    assert_eq!((&new["name"], new["assignments"].as_array().unwrap().len()), (&json!("新同事"), 1));
    let session = t.call("POST", "/v1/sessions", None, Some(&json!({ "code": code }))).await;
    let token = session.body["token"].as_str().unwrap().to_owned();
    assert_eq!(t.call("GET", "/v1/proposals", Some(&token), None).await.status, 200);
    // A further post, and its end.
    let path = format!("/v1/people/{}/assignments", new["id"].as_str().unwrap());
    let proposed = t.call("POST", &path, Some(steward), Some(&post("grid_chief"))).await;
    assert_eq!(
        t.call("POST", &confirm(&proposed), Some(t.officer()), None).await.status,
        200,
        "{}",
        proposed.text
    );
    let posts = t.call("GET", &path, Some(steward), None).await;
    assert_eq!(posts.body["assignments"].as_array().unwrap().len(), 2);
    assert_eq!(t.call("GET", "/v1/proposals", Some(&token), None).await.problem(), "assignment-required");
    let end = json!({ "ended": true });
    for post in posts.body["assignments"].as_array().unwrap() {
        let path = format!("/v1/assignments/{}", post["id"].as_str().unwrap());
        assert_eq!(t.call("PATCH", &path, Some(steward), Some(&json!({ "ended": false }))).await.status, 400);
        assert_eq!(t.call("PATCH", &path, Some(steward), Some(&end)).await.status, 204);
        assert_eq!(t.call("PATCH", &path, Some(steward), Some(&end)).await.status, 409);
    }
    assert_eq!(t.call("GET", "/v1/proposals", Some(&token), None).await.status, 403);
    let own = t.caller("data_steward", "none").assignment.unwrap();
    assert_eq!(
        t.call("PATCH", &format!("/v1/assignments/{own}"), Some(steward), Some(&end)).await.status,
        403
    );
    // Refused, a proposal makes nothing.
    let proposed = t.call("POST", "/v1/people", Some(steward), Some(&member("N2", "auditor"))).await;
    let refuse = confirm(&proposed).replace("confirm", "refuse");
    assert_eq!(t.call("POST", &refuse, Some(t.officer()), None).await.status, 204);
    assert_eq!(t.call("POST", &confirm(&proposed), Some(t.officer()), None).await.status, 409);
    let wrong = json!({ "number": "N3", "name": "x", "assignments": [{ "role": "grid_chief", "scheme": "social_grid", "areas": ["nowhere"], "from": "2026-01-01" }] });
    let answer = t.call("POST", "/v1/people", Some(steward), Some(&wrong)).await;
    assert_eq!((answer.status, &answer.body["errors"][0]["code"]), (400, &json!("area_unknown")));
    // The post goes to whose name is read, and two that watch each other do not fall together, also not later.
    let mut other = member("N1", "grid_chief");
    other["name"] = json!("别的名字");
    let answer = t.call("POST", "/v1/people", Some(steward), Some(&other)).await;
    assert_eq!((answer.status, &answer.body["errors"][0]["code"]), (400, &json!("name_differs")));
    let (mut later, mut now) = (post("auditor"), post("security_admin"));
    later["from"] = json!("2027-01-01");
    let proposed = t.call("POST", &path, Some(steward), Some(&later)).await;
    assert_eq!(t.call("POST", &confirm(&proposed), Some(t.officer()), None).await.status, 200);
    let answer = t.call("POST", &path, Some(steward), Some(&now)).await;
    assert_eq!((answer.status, &answer.body["errors"][0]["code"]), (400, &json!("held_apart")));
    now["to"] = json!("2026-12-31");
    assert_eq!(t.call("POST", &path, Some(steward), Some(&now)).await.status, 202);
    // What has not begun is taken away all the same, once.
    let posts = t.call("GET", &path, Some(steward), None).await;
    let posts = posts.body["assignments"].as_array().unwrap().clone();
    let auditor = posts.iter().find(|post| post["role"] == "auditor").unwrap()["id"].as_str().unwrap();
    let auditor = format!("/v1/assignments/{auditor}");
    assert_eq!(t.call("PATCH", &auditor, Some(steward), Some(&end)).await.status, 204);
    assert_eq!(t.call("PATCH", &auditor, Some(steward), Some(&end)).await.status, 409);
    // Pages.
    let first = t.call("GET", "/v1/people?limit=5", Some(t.officer()), None).await;
    let next = first.body["next"].as_str().unwrap().to_owned();
    let second = t.call("GET", &format!("/v1/people?limit=5&after={next}"), Some(t.officer()), None).await;
    assert_ne!(first.body["people"], second.body["people"]);
}

on_both!(the_last_officers_do_not_end_each_other_and_a_letter_ends_with_its_post);
async fn the_last_officers_do_not_end_each_other_and_a_letter_ends_with_its_post(on: On) {
    let t = TestVault::street(on).await;
    let steward = &t.caller("data_steward", "none").token;
    let line = json!({ "number": "N9", "name": "第二位", "assignments": [{ "role": "privacy_officer", "scheme": "social_grid", "areas": ["110106006000"], "from": "2026-01-01" }] });
    let proposed = t.call("POST", "/v1/people", Some(steward), Some(&line)).await;
    let confirm = format!("/v1/proposals/{}/confirm", proposed.body["proposal"].as_str().unwrap());
    assert_eq!(t.call("POST", &confirm, Some(t.officer()), None).await.status, 200);
    let people = t.call("GET", "/v1/people?limit=500", Some(steward), None).await;
    let posts =
        people.body["people"].as_array().unwrap().iter().flat_map(|p| p["assignments"].as_array().unwrap());
    let officers: Vec<String> = posts
        .filter(|post| post["role"] == "privacy_officer")
        .map(|post| format!("/v1/assignments/{}", post["id"].as_str().unwrap()))
        .collect();
    assert_eq!(officers.len(), 2);
    let end = json!({ "ended": true });
    let (one, two) = tokio::join!(
        t.call("PATCH", &officers[0], Some(steward), Some(&end)),
        t.call("PATCH", &officers[1], Some(steward), Some(&end))
    );
    let ended = [one.status, two.status].iter().filter(|status| **status == 204).count();
    assert_eq!(ended, 1, "{} {}", one.text, two.text);
    // A letter names a person, and is good for the post that it was given for.
    let assistant = t.caller("grid_assistant", "floating_population").assignment.unwrap();
    let path = format!("/v1/assignments/{assistant}");
    assert_eq!(t.call("PATCH", &path, Some(steward), Some(&end)).await.status, 204);
    let kinds: Vec<Value> = t.entries(2).await.iter().map(|(p, _)| p["kind"].clone()).collect();
    assert_eq!(kinds, [json!("assignment.ended"), json!("delegation.revoked")]);
}

on_both!(services_are_admitted_renewed_and_ended_by_the_privacy_officer);
async fn services_are_admitted_renewed_and_ended_by_the_privacy_officer(on: On) {
    let t = TestVault::street(on).await;
    let officer = t.officer();
    let steward = &t.caller("data_steward", "none").token;
    let agreement = |purposes: &[&str], to: &str| json!({ "purposes": purposes, "from": "2026-11-24T00:00:00+08:00", "to": to });
    let body = json!({ "kind": "hotline_96005", "agreement": agreement(&["case_handling"], "2027-11-24T00:00:00+08:00") });
    assert_eq!(t.call("POST", "/v1/services", Some(steward), Some(&body)).await.status, 403);
    let admitted = t.call("POST", "/v1/services", Some(officer), Some(&body)).await;
    assert_eq!(admitted.status, 201, "{}", admitted.text);
    let (id, token) = (admitted.body["id"].as_str().unwrap(), admitted.body["token"].as_str().unwrap());
    // Whoever admits a service could ask in its name: it asks when somebody else has confirmed it.
    let path = format!("/v1/services/{id}");
    let confirm = json!({ "confirmed": true });
    assert_eq!(t.call("GET", "/v1/self", Some(token), None).await.status, 401);
    assert_eq!(t.call("PATCH", &path, Some(officer), Some(&confirm)).await.status, 403);
    assert_eq!(t.call("PATCH", &path, Some(steward), Some(&confirm)).await.status, 204);
    assert_eq!(t.call("PATCH", &path, Some(steward), Some(&confirm)).await.status, 409);
    let own = t.call("GET", "/v1/self", Some(token), None).await;
    assert_eq!(own.body["capacities"][0]["department"], "hotline_96005");
    for (wrong, pointer) in [
        (
            json!({ "kind": "police", "agreement": agreement(&["case_handling"], "2027-01-01T00:00:00+08:00") }),
            "/kind",
        ),
        (
            json!({ "kind": "hotline_96005", "agreement": agreement(&[], "2027-01-01T00:00:00+08:00") }),
            "/agreement/purposes",
        ),
        (
            json!({ "kind": "hotline_96005", "agreement": agreement(&["case_handling"], "2026-11-24T00:00:01+08:00") }),
            "/agreement/to",
        ),
        (
            json!({ "kind": "hotline_96005", "agreement": agreement(&["case_handling"], "2036-01-01T00:00:00+08:00") }),
            "/agreement/to",
        ),
    ] {
        let answer = t.call("POST", "/v1/services", Some(officer), Some(&wrong)).await;
        assert_eq!(
            (answer.status, &answer.body["errors"][0]["pointer"]),
            (400, &json!(pointer)),
            "{}",
            answer.text
        );
    }
    let tokens = format!("/v1/services/{id}/tokens");
    let further = t.call("POST", &tokens, Some(officer), None).await;
    assert_eq!(further.status, 201, "{}", further.text);
    assert_eq!(t.call("GET", "/v1/self", further.body["token"].as_str(), None).await.status, 401);
    assert_eq!(t.call("PATCH", &path, Some(steward), Some(&confirm)).await.status, 204);
    assert_eq!(t.call("GET", "/v1/self", further.body["token"].as_str(), None).await.status, 200);
    let held = t.call("GET", &tokens, Some(steward), None).await;
    assert_eq!(held.body["tokens"].as_array().unwrap().len(), 2);
    assert!(!held.text.contains("gv1_"));
    let second = further.body["token"].as_str().unwrap();
    for token in held.body["tokens"].as_array().unwrap() {
        let path = format!("/v1/tokens/{}", token["id"].as_str().unwrap());
        assert_eq!(t.call("DELETE", &path, Some(steward), None).await.status, 204);
        assert_eq!(t.call("DELETE", &path, Some(steward), None).await.status, 409);
    }
    for token in [token, second] {
        assert_eq!(t.call("GET", "/v1/self", Some(token), None).await.status, 401);
    }
    assert_eq!(t.call("DELETE", "/v1/tokens/xyz", Some(steward), None).await.status, 404);
    // Renewed and ended.
    let fresh = t.call("POST", &tokens, Some(officer), None).await.body["token"].as_str().unwrap().to_owned();
    assert_eq!(t.call("PATCH", &path, Some(steward), Some(&confirm)).await.status, 204);
    let renewal = json!({ "agreement": agreement(&["statistics"], "2027-06-01T00:00:00+08:00") });
    let renew = format!("{path}/agreements");
    assert_eq!(t.call("POST", &renew, Some(officer), Some(&renewal)).await.status, 201);
    let ours = async || {
        let list = t.call("GET", "/v1/services", Some(steward), None).await;
        list.body["services"].as_array().unwrap().iter().find(|s| s["id"] == id).unwrap().clone()
    };
    assert_eq!(
        (&ours().await["agreement"]["purposes"], &ours().await["pending"]),
        (&json!(["case_handling"]), &json!(true))
    );
    // Whoever confirms sees what waits, and nobody puts something else in its place, also not for the own to pass.
    assert_eq!(ours().await["pending_agreement"]["purposes"], json!(["statistics"]));
    assert_eq!(t.call("POST", &renew, Some(officer), Some(&renewal)).await.status, 409);
    assert_eq!(t.call("POST", &tokens, Some(officer), None).await.status, 409);
    assert_eq!(t.call("PATCH", &path, Some(steward), Some(&confirm)).await.status, 204);
    assert_eq!(
        (&ours().await["agreement"]["purposes"], &ours().await["live"]),
        (&json!(["statistics"]), &json!(true))
    );
    let kinds: Vec<Value> = t.entries(2).await.iter().map(|(p, _)| p["kind"].clone()).collect();
    assert_eq!(kinds, [json!("agreement.ended"), json!("agreement.granted")]);
    assert_eq!(t.entries(1).await[0].1["detail"]["purposes"], json!(["statistics"]));
    let end = json!({ "ended": true });
    assert_eq!(t.call("PATCH", &path, Some(officer), Some(&end)).await.status, 204);
    assert_eq!(t.call("GET", "/v1/self", Some(&fresh), None).await.status, 401);
    assert_eq!(t.call("POST", &tokens, Some(officer), None).await.status, 409);
}

on_both!(the_same_key_makes_nothing_twice);
async fn the_same_key_makes_nothing_twice(on: On) {
    let t = TestVault::street(on).await;
    let steward = &t.caller("data_steward", "none").token;
    let new = |name: &str| json!({ "premises": t.demo.premises[0].id, "fields": { "person.name": name, "person.id_type": "resident_id", "person.id_no": "990106198507311238" } });
    let ask =
        async |key: &str, body: Value| t.call_with_key("POST", "/v1/residents", steward, key, &body).await;
    let first = ask("key-1", new("新居民")).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let size = t.size().await;
    let again = ask("key-1", new("新居民")).await;
    assert_eq!((again.status, &again.body["id"]), (201, &first.body["id"]));
    assert_eq!(t.size().await, size, "heard before: nothing was done");
    assert_eq!(ask("key-1", new("别人")).await.status, 409, "the same key for something else");
    assert_eq!(ask("key-2", new("新居民")).await.status, 409, "another key: the number is held");
    assert_eq!(ask("not a key", new("新居民")).await.status, 400);
    t.clock.step(25 * HOUR);
    assert_eq!(
        ask("key-1", new("新居民")).await.status,
        409,
        "a day later the key is forgotten, the resident is not"
    );
}
