//! Several records at once: each its own decision and entry, and less than one alone would show.

use gridvault_tests::{On, TestVault, on_both};
use serde_json::{Value, json};
use uuid::Uuid;

fn notice(t: &TestVault, residents: &[Uuid], fields: &[&str]) -> Value {
    json!({ "residents": residents, "fields": fields, "purpose": "home_visit_care", "task": t.task(0).id, "assignment": t.task(0).assignment })
}

on_both!(a_batch_has_an_answer_and_an_entry_for_each_record);
async fn a_batch_has_an_answer_and_an_entry_for_each_record(on: On) {
    let t = TestVault::street(on).await;
    let token = &t.chief().token;
    let own = t.task(0).resident.unwrap();
    let neighbour = t.demo.residents.iter().find(|r| r.area != "110106006901001").unwrap().id;
    let nobody = Uuid::new_v4();
    let size = t.size().await;
    let fields = ["person.name", "elder.living_alone", "person.birth_date"];
    let answer = t
        .call("POST", "/v1/lookups/batch", Some(token), Some(&notice(&t, &[own, neighbour, nobody], &fields)))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(t.size().await - size, 3);
    let lookups = answer.body["lookups"].as_array().unwrap();
    let [first, far, none] = lookups.as_slice() else { panic!("{}", answer.text) };
    assert_eq!(first["record"], json!(own));
    assert_eq!(first["fields"]["person.name"]["outcome"], "clear", "one of few, within one task");
    assert_eq!(first["fields"]["person.birth_date"]["form"], "M-band");
    assert_eq!(first["fields"]["elder.living_alone"]["reason"]["code"], "tier_list");
    for unknown in [far, none] {
        assert_eq!(unknown["problem"], "not-found");
        assert!(unknown.get("fields").is_none());
    }
    assert_eq!(far.to_string().len(), none.to_string().len());
    // Decided anew from what the entries hold: the same.
    let (public, private) = t.entries(3).await.swap_remove(0);
    let json = |value: &Value| gridvault_audit::Json::parse_canonical(value.to_string().as_bytes()).unwrap();
    let again = gridvault::lookup::replay(&t.vault.book.load(), &json(&public), &json(&private)).unwrap();
    assert!(again.iter().all(|field| field.same || field.recorded.contains("tier_list")), "{again:?}");
}

on_both!(of_many_only_masks_are_shown_and_of_wrong_lists_nothing);
async fn of_many_only_masks_are_shown_and_of_wrong_lists_nothing(on: On) {
    let t = TestVault::street(on).await;
    let token = &t.chief().token;
    let mut many = vec![t.task(0).resident.unwrap()];
    many.extend((0..20).map(|_| Uuid::new_v4()));
    let body = notice(&t, &many, &["person.name", "person.phone", "person.sex"]);
    let answer = t.call("POST", "/v1/lookups/batch", Some(token), Some(&body)).await;
    let first = &answer.body["lookups"][0]["fields"];
    assert_eq!(
        (&first["person.name"]["outcome"], &first["person.phone"]["form"]),
        (&json!("masked"), &json!("M-tel"))
    );
    assert_eq!(first["person.sex"]["reason"]["code"], "tier_list", "what no mask hides is not in a list");
    for (wrong, pointer) in [
        (notice(&t, &[many[0], many[0]], &["person.name"]), "/residents"),
        (notice(&t, &[], &["person.name"]), ""),
        (notice(&t, &vec![many[0]; 501], &["person.name"]), "/residents"),
        (notice(&t, &[many[0]], &["case.id"]), "/fields/0"),
        (
            json!({ "residents": [many[0]], "premises": [many[0]], "fields": ["person.name"], "purpose": "home_visit_care" }),
            "",
        ),
    ] {
        let answer = t.call("POST", "/v1/lookups/batch", Some(token), Some(&wrong)).await;
        assert_eq!(
            (answer.status, &answer.body["errors"][0]["pointer"]),
            (400, &json!(pointer)),
            "{}",
            answer.text
        );
    }
}
