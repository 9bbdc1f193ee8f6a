//! What posts were granted, and what they used.

use gridvault_tests::{HOUR, On, TestVault, on_both};
use serde_json::{Value, json};

on_both!(the_nominal_posting_to_all_grids_shows);
async fn the_nominal_posting_to_all_grids_shows(on: On) {
    let t = TestVault::street(on).await;
    for (n, times) in [(0, 3), (5, 1)] {
        for _ in 0..times {
            assert_eq!(t.look(&t.chief().token, t.visit(n, &["person.name"])).await.status, 200);
        }
    }
    assert_eq!(t.look(&t.chief().token, t.visit(4, &["person.name"])).await.status, 200);
    assert_eq!(t.look(&t.chief().token, t.visit(2, &["person.name"])).await.status, 403);
    let used = t.call("GET", "/v1/assignments/usage?days=7", Some(t.officer()), None).await;
    assert_eq!((used.status, &used.body["whole"]), (200, &json!(true)), "{}", used.text);
    let of = |used: &Value, id: &Value| {
        used["assignments"].as_array().unwrap().iter().find(|post| post["id"] == *id).unwrap().clone()
    };
    let nominal = t.caller("dispatched_officer", "urban_management");
    let post = of(&used.body, &json!(nominal.assignment));
    assert_eq!(
        (&post["grids_granted"], &post["grids_used"], &post["lookups"]),
        (&json!(43), &json!(0), &json!(0))
    );
    assert_eq!(post["label"], json!(nominal.name));
    let chief = of(&used.body, &json!(t.task(0).assignment));
    assert_eq!((&chief["grids_granted"], &chief["grids_used"]), (&json!(1), &json!(1)));
    assert_eq!((&chief["lookups"], &chief["refused"]), (&json!(5), &json!(1)));
    assert_eq!(chief["purposes_used"], json!(["emergency_notice", "home_visit_care"]));
    let granted = chief["purposes_granted"].as_array().unwrap();
    assert!(
        granted.contains(&json!("fire_safety_check")) && !granted.contains(&json!("minor_protection")),
        "{chief}"
    );
    // No name of anybody, and the reading is on record.
    assert!(!used.text.contains("演示"), "{}", used.text);
    let (public, private) = t.entries(1).await.pop().unwrap();
    assert_eq!(
        (&public["kind"], &private["detail"]["view"], &private["detail"]["days"]),
        (&json!("trail.read"), &json!("usage"), &json!(7))
    );
    // What is older is not of these days.
    t.clock.step(8 * 24 * HOUR);
    let later = t.call("GET", "/v1/assignments/usage?days=7", Some(t.officer()), None).await;
    assert_eq!(of(&later.body, &json!(t.task(0).assignment))["lookups"], 0);
    let whole = t.call("GET", "/v1/assignments/usage", Some(t.officer()), None).await;
    assert_eq!(of(&whole.body, &json!(t.task(0).assignment))["lookups"], 5);
    assert_eq!(t.call("GET", "/v1/assignments/usage?days=0", Some(t.officer()), None).await.status, 400);
}
