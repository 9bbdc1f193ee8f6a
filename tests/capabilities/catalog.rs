//! What a developer reads first: who am I, what could I see at best, and what the words mean.

use gridvault_tests::{On, TestVault, on_both};
use serde_json::json;

on_both!(callers_see_their_posts_and_what_each_could_see_at_best);
async fn callers_see_their_posts_and_what_each_could_see_at_best(on: On) {
    let t = TestVault::street(on).await;
    let size = t.size().await;
    let own = t.call("GET", "/v1/self", Some(&t.chief().token), None).await;
    assert_eq!(own.status, 200, "{}", own.text);
    // The first chief holds two live posts; no post need be named here.
    let capacities = own.body["capacities"].as_array().unwrap();
    assert_eq!(capacities.len(), 2, "{}", own.text);
    let post = capacities.iter().find(|c| c["assignment"] == json!(t.chief().assignment)).unwrap();
    let visit = &post["purposes"]["home_visit_care"];
    assert_eq!(visit["task"], true);
    let name = &visit["fields"]["person.name"];
    assert_eq!((&name["outcome"], &name["rule"]), (&json!("clear"), &json!("R-021")));
    assert_eq!(name["needs"]["task"], json!(["open_mine"]));
    assert_eq!(name["needs"]["basis"], json!(["consent"]));
    assert_eq!(visit["fields"]["person.birth_date"]["form"], "M-band");
    assert!(visit["fields"].get("person.id_no").is_none());
    // What it says of a clear field, a lookup in those circumstances gives.
    let look = t.look(&t.chief().token, t.visit(0, &["person.name", "person.birth_date"])).await;
    assert_eq!((look.outcome("person.name"), look.outcome("person.birth_date")), ("clear", "masked"));
    // A service sees its agreement's purposes only; who keeps the system sees none.
    let hotline = t.call("GET", "/v1/self", Some(&t.caller("service", "hotline_12345").token), None).await;
    let purposes = hotline.body["capacities"][0]["purposes"].as_object().unwrap();
    assert_eq!(purposes.keys().collect::<Vec<_>>(), ["case_handling"]);
    let auditor = t.call("GET", "/v1/self", Some(&t.caller("auditor", "none").token), None).await;
    assert_eq!(auditor.body["capacities"][0]["purposes"], json!({}));
    let resident = t.sign_in(t.task(0).resident.unwrap()).await;
    let own = t.call("GET", "/v1/self", Some(&resident), None).await;
    assert_eq!(own.body["capacities"][0]["resident"], json!(t.task(0).resident));
    assert!(t.size().await - size <= 2, "a lookup and a sign-in; reading the words leaves no entry");
}

#[tokio::test]
async fn the_catalogue_has_every_word_in_both_languages_and_a_tag() {
    let t = TestVault::street(On::Sqlite).await;
    let token = &t.chief().token;
    let words = t.call("GET", "/v1/catalog", Some(token), None).await;
    assert_eq!(words.status, 200, "{}", words.text);
    // What a value that is a code stands for is said with its field.
    let field = |id: &str| words.body["fields"].as_array().unwrap().iter().find(|f| f["id"] == id).unwrap();
    assert_eq!(field("person.sex")["codes"][2], json!({ "id": "2", "zh": "女", "en": "female" }));
    assert_eq!(field("person.name")["codes"], json!([]));
    for list in ["fields", "purposes", "bases", "reasons"] {
        for word in words.body[list].as_array().unwrap() {
            assert!(!word["zh"].as_str().unwrap().is_ascii(), "{list} {word}");
            assert!(word["en"].as_str().is_some_and(|en| en.is_ascii() && !en.is_empty()), "{list} {word}");
        }
    }
    assert_eq!(words.body["purposes"].as_array().unwrap().len(), 22);
    let visits =
        words.body["purposes"].as_array().unwrap().iter().find(|p| p["id"] == "home_visit_care").unwrap();
    assert_eq!(visits["bases"], json!(["consent"]));
    assert!(words.body["kinds"].as_array().unwrap().contains(&json!("lookup")));
    let again = t.call("GET", "/v1/catalog", Some(token), None).await;
    assert_eq!(again.headers["etag"], words.headers["etag"]);
    let tag = words.headers["etag"].to_str().unwrap();
    let unchanged = t.call_if_none_match("/v1/catalog", token, tag).await;
    assert_eq!((unchanged.status, unchanged.text.as_str()), (304, ""));
    assert_eq!(t.call_if_none_match("/v1/catalog", token, "\"other\"").await.status, 200);
}
