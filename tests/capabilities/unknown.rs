//! What is not there and what one may not know of answer alike: body, statements, HMACs, entries.

use gridvault_tests::{Answer, On, TestVault, on_both};
use serde_json::{Value, json};
use uuid::Uuid;

struct Cost {
    statements: u64,
    macs: u64,
    entries: i64,
    answer: Answer,
    entry: (Value, Value),
}

async fn ask(t: &TestVault, token: &str, body: Value) -> Cost {
    let (statements, macs, entries) = (t.vault.store.statements(), t.vault.keys.macs(), t.size().await);
    let answer = t.look(token, body).await;
    let (statements, macs) = (t.vault.store.statements() - statements - 1, t.vault.keys.macs() - macs);
    let entries = t.size().await - entries;
    Cost { statements, macs, entries, answer, entry: t.entries(1).await.pop().unwrap() }
}

fn shape(value: &Value) -> Value {
    let mut value = value.clone();
    for member in ["id", "hash"] {
        value["lookup"][member] = json!("?");
    }
    value
}

on_both!(unknown_and_unknowable_cost_and_say_the_same);
async fn unknown_and_unknowable_cost_and_say_the_same(on: On) {
    let t = TestVault::street(on).await;
    let grid = t.chief().area.clone().unwrap();
    let neighbour = t.demo.residents.iter().find(|r| r.area != grid).unwrap().id;
    let far_premises = t.demo.premises.iter().find(|p| p.area != grid).unwrap().id;
    let hotline = t.caller("service", "hotline_12345");
    let post = t.task(0).assignment;
    let second =
        t.demo.callers.iter().filter(|c| c.role == "grid_chief" && c.department == "none").nth(1).unwrap();
    for (kind, hidden, token, purpose, post) in [
        ("resident", neighbour, &t.chief().token, "home_visit_care", Some(post)),
        ("resident", neighbour, &t.chief().token, "social_assistance", Some(post)),
        ("premises", far_premises, &t.chief().token, "fire_safety_check", Some(post)),
        ("ticket", t.task(10).ticket.unwrap(), &second.token, "case_handling", second.assignment),
        ("resident", neighbour, &hotline.token, "case_handling", None),
    ] {
        let field = match kind {
            "resident" => "person.name",
            "premises" => "premises.address",
            _ => "case.reporter_phone",
        };
        let body = |id: Uuid| {
            let mut body = json!({ kind: id, "fields": [field], "purpose": purpose });
            if let Some(post) = post {
                body["assignment"] = json!(post);
            }
            body
        };
        // The caller is remembered from here on, so that what is counted is the record's work alone.
        ask(&t, token, body(Uuid::new_v4())).await;
        let known = ask(&t, token, body(hidden)).await;
        let unknown = ask(&t, token, body(Uuid::new_v4())).await;
        assert_eq!(
            (known.answer.status, unknown.answer.status),
            (404, 404),
            "{kind} {purpose}: {}",
            known.answer.text
        );
        assert_eq!(shape(&known.answer.body), shape(&unknown.answer.body));
        assert_eq!(known.answer.text.len(), unknown.answer.text.len());
        assert_eq!(known.statements, unknown.statements, "{kind} {purpose}");
        assert_eq!(known.macs, unknown.macs, "{kind} {purpose}");
        assert_eq!((known.entries, unknown.entries), (1, 1));
        for member in ["kind", "who", "purpose", "basis", "fields", "result", "reason"] {
            assert_eq!(known.entry.0[member], unknown.entry.0[member], "{member}");
        }
        assert_eq!(known.entry.1["facts"], unknown.entry.1["facts"]);
        assert!(known.entry.1["subject"].is_object() && unknown.entry.1["subject"].is_null());
    }
}

on_both!(a_record_of_another_kind_is_not_there);
async fn a_record_of_another_kind_is_not_there(on: On) {
    let t = TestVault::street(on).await;
    let body = json!({ "resident": t.task(0).premises, "fields": ["person.name"], "purpose": "home_visit_care", "assignment": t.task(0).assignment });
    assert_eq!(t.look(&t.chief().token, body).await.status, 404);
}
