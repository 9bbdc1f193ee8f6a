//! Random requests through the API: what was decided and recorded is what casbin says of the recorded facts.

use std::collections::HashMap;

use gridvault::lookup::{facts_of_entry, replay};
use gridvault::store::EntryFilter;
use gridvault_policy::{FieldId, Purpose, RecordType, Relation};
use gridvault_tests::{On, TestVault};
use serde_json::{Value, json};

const REQUESTS: usize = 20_000;

#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_random_requests_are_decided_as_casbin_decides() {
    let t = std::sync::Arc::new(TestVault::street(On::Sqlite).await);
    let requests: Vec<(String, Value)> = requests(&t);
    let first = t.size().await;
    let parts = requests.chunks(REQUESTS / 8).map(<[_]>::to_vec).collect::<Vec<_>>();
    let mut workers = Vec::new();
    for part in parts {
        let t = std::sync::Arc::clone(&t);
        workers.push(tokio::spawn(async move {
            for (token, body) in part {
                let answer = t.look(&token, body).await;
                assert!(matches!(answer.status, 200 | 403 | 404), "{}", answer.text);
                assert!(answer.status == 200 || !answer.text.contains("\"value\""), "{}", answer.text);
            }
        }));
    }
    for worker in workers {
        worker.await.unwrap();
    }
    let filter = EntryFilter {
        kinds: vec!["lookup".into()],
        after: Some(first - 1),
        limit: i64::MAX,
        ..Default::default()
    };
    let entries = t.vault.store.entries(&filter).await.unwrap();
    assert_eq!(entries.len(), REQUESTS, "each request has its entry");
    let book = t.vault.book.load_full();
    let mut asked = HashMap::new();
    let (mut compared, mut permitted, mut replayed) = (0, 0, 0);
    for entry in &entries {
        let part = |bytes: &[u8]| gridvault_audit::Json::parse_canonical(bytes).unwrap();
        let (public, private) = (part(&entry.public), part(entry.private.as_deref().unwrap()));
        for again in replay(&book, &public, &private).into_iter().flatten() {
            assert!(again.same, "{public:?} {private:?}: {again:?}");
            replayed += 1;
        }
        let Some((facts, None)) = facts_of_entry(&public, &private) else { continue };
        let early = ["grid_scope", "no_task"].contains(&public.text("reason").unwrap_or_default());
        if early || facts.relation == Relation::Elsewhere {
            continue;
        }
        let public: Value = serde_json::from_slice(&entry.public).unwrap();
        for group in public["fields"].as_array().unwrap() {
            for field in group[3].as_array().unwrap() {
                let field = FieldId::parse(field.as_str().unwrap()).unwrap();
                let key = format!("{facts:?} {field:?}");
                let oracle = asked.entry(key).or_insert_with(|| book.oracle(&facts, field).unwrap());
                let recorded = (group[0].as_str().unwrap(), group[1].as_str().unwrap().to_owned());
                let said = (oracle.0.as_str(), oracle.1.to_string());
                // What a basis does not cover is refused though a rule would permit it.
                let uncovered = recorded.1 == "R-000"
                    && ["consent_none", "needs_separate", "no_basis"].contains(&group[2].as_str().unwrap());
                assert!(recorded == said || uncovered, "{public}: casbin says {said:?}");
                compared += 1;
                permitted += usize::from(recorded.0 != "denied");
            }
        }
    }
    assert!(compared > REQUESTS && permitted > 500, "{compared} {permitted} {}", asked.len());
    assert!(replayed > 2 * REQUESTS, "{replayed}");
}

/// Requests around the demonstration's tasks: mostly its own records, posts and purposes, each changed now and then.
fn requests(t: &TestVault) -> Vec<(String, Value)> {
    let mut rng = fastrand::Rng::with_seed(11);
    let fields: Vec<FieldId> = FieldId::all().collect();
    let callers: Vec<_> =
        t.demo.callers.iter().filter(|c| c.area.as_deref() != Some("110106006901003")).collect();
    (0..REQUESTS)
        .map(|_| {
            let task = &t.demo.tasks[rng.usize(..t.demo.tasks.len())];
            let holder = callers.iter().find(|c| c.assignment == Some(task.assignment)).unwrap();
            let caller = if rng.u8(..3) > 0 { holder } else { &callers[rng.usize(..callers.len())] };
            let (kind, record, asked) = match rng.u8(..4) {
                0 => ("premises", task.premises, RecordType::Premises),
                1 if task.ticket.is_some() => ("ticket", task.ticket, RecordType::Ticket),
                _ => (
                    "resident",
                    task.resident.or(Some(t.demo.residents[rng.usize(..t.demo.residents.len())].id)),
                    RecordType::Person,
                ),
            };
            let purpose = if rng.u8(..5) > 0 {
                task.purpose.as_str()
            } else {
                Purpose::ALL[rng.usize(..Purpose::ALL.len())].as_str()
            };
            let mut names: Vec<&str> = (0..rng.usize(1..8))
                .map(|_| fields[rng.usize(..fields.len())])
                .filter(|f| gridvault_policy::belongs(asked, *f))
                .map(FieldId::as_str)
                .collect();
            names.push(if asked == RecordType::Person { "person.name" } else { "premises.code" });
            names.sort_unstable();
            names.dedup();
            let mut body = json!({ kind: record, "fields": names, "purpose": purpose });
            if rng.u8(..8) > 0 {
                body["task"] = json!(task.id);
            }
            if let Some(post) = caller.assignment {
                body["assignment"] = json!(post);
            } else if caller.department == "terminal_backend" {
                body["on_behalf_of"] = json!(task.assignment);
            }
            (caller.token.clone(), body)
        })
        .collect()
}
