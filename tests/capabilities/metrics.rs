//! Metrics: on the operator's listener only, and nothing in them that tells of people, posts, purposes or rules.

use std::collections::BTreeSet;
use std::sync::Arc;

use gridvault::api::{Doors, serve};
use gridvault_policy::{Purpose, Role};
use gridvault_tests::{On, TestVault, on_both, post};
use serde_json::json;
use tokio::net::TcpListener;

fn fetch(url: &str) -> (u16, String) {
    let agent =
        ureq::Agent::new_with_config(ureq::Agent::config_builder().http_status_as_error(false).build());
    let mut answer = agent.get(url).call().unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}

on_both!(after_a_days_requests_the_metrics_name_routes_and_nothing_else);
async fn after_a_days_requests_the_metrics_name_routes_and_nothing_else(on: On) {
    let t = TestVault::street(on).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let admin = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let operator = format!("http://{}", admin.local_addr().unwrap());
    let pin = Some(t.site.layout().pin);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let doors = Doors { admin: Some(admin), pin, ..listener.into() };
    let serving = tokio::spawn(serve(Arc::clone(&t.vault), doors, async move {
        let _ = stopped.await;
    }));
    let demo = t.demo.clone();
    let vault = Arc::clone(&t.vault);
    let asked = tokio::task::spawn_blocking(move || {
        // A day's requests: every caller with every task, what is unknown, what is wrong, what nobody may.
        let mut refused = 0;
        for caller in &demo.callers {
            for task in &demo.tasks {
                let (kind, record) =
                    task.resident.map_or(("premises", task.premises), |id| ("resident", Some(id)));
                let body = json!({ kind: record, "fields": ["person.name"], "purpose": task.purpose, "task": task.id, "assignment": caller.assignment });
                post(&format!("{url}/v1/lookups"), &caller.token, &body);
            }
            fetch(&format!("{url}/v1/me/lookups?after={}", caller.token));
            post(&format!("{url}/v1/residents/{}/consents", demo.residents[0].id), &caller.token, &json!({}));
            post(&format!("{url}/v1/{}", caller.token), "x", &json!({}));
        }
        for purpose in Purpose::ALL {
            post(&format!("{url}/v1/me/consents/{}", purpose.as_str()), "x", &json!({}));
        }
        for _ in 0..7 {
            refused +=
                u32::from(post(&format!("{url}/v1/audit/queries"), "gv1_x", &json!({ "limit": 1 })).0 == 401);
        }
        assert_eq!(refused, 7);
        // Callers never see the metrics.
        assert_eq!(fetch(&format!("{url}/metrics")).0, 404);
        for (path, status) in [("/healthz", 200), ("/readyz", 200), ("/v1/catalog", 404), ("/", 404)] {
            assert_eq!(fetch(&format!("{operator}{path}")).0, status, "{path}");
        }
        let (status, page) = fetch(&format!("{operator}/metrics"));
        assert_eq!(status, 200);
        (page, demo)
    });
    let (page, demo) = asked.await.unwrap();

    let sample = |line: &str| -> f64 {
        let value =
            page.lines().find_map(|l| l.strip_prefix(line)).unwrap_or_else(|| panic!("{line}: {page}"));
        value.trim().parse().unwrap()
    };
    let entries = vault.store.head().await.unwrap().unwrap().size;
    assert!((sample("gridvault_log_entries ") - f64::from(i32::try_from(entries).unwrap())).abs() < 0.5);
    assert!(sample("gridvault_credentials_refused_total ") >= 7.0);
    assert!(sample("gridvault_requests_total{route=\"/v1/lookups\",status=\"2xx\"} ") >= 1.0);
    assert!(sample("gridvault_requests_total{route=\"/v1/lookups\",status=\"4xx\"} ") >= 1.0);
    assert!(sample("gridvault_log_written_total ") >= sample("gridvault_log_batches_total "));
    assert!(sample("gridvault_pin_entries ") <= sample("gridvault_log_entries "));
    let kind = if on == On::Sqlite { "database=\"sqlite\"" } else { "database=\"postgres\"" };
    assert!(page.contains(kind));

    // The labels are these and no others, and routes are templates.
    let api = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../vault/src/api");
    let files = std::fs::read_dir(api).unwrap().map(|file| file.unwrap().path());
    let sources: String = files.filter_map(|file| std::fs::read_to_string(file).ok()).collect();
    let mut labels = BTreeSet::new();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let inside = line.split_once('{').map_or("", |(_, rest)| rest.rsplit_once('}').unwrap().0);
        for pair in inside.split(',').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap();
            labels.insert(name);
            let value = value.trim_matches('"');
            assert!(name != "route" || value == "-" || sources.contains(&format!("\"{value}\"")), "{line}");
        }
    }
    assert_eq!(labels, BTreeSet::from(["database", "instance", "le", "route", "status"]));
    let rest: String = page.lines().filter(|l| !l.starts_with('#')).map(|l| format!("{l}\n")).collect();
    let words = Role::ALL.iter().map(|r| r.as_str()).chain(Purpose::ALL.iter().map(|p| p.as_str()));
    for word in words.chain(["R-0", "gv1_", "social_grid", demo.tenant.as_str(), "test"]) {
        // `resident` is a word of routes too: as a whole word it is none.
        let found = rest.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).any(|w| w == word);
        assert!(!found, "{word} in {rest}");
    }
    for area in demo.callers.iter().filter_map(|c| c.area.as_deref()) {
        assert!(!rest.contains(area), "{area}");
    }
    stop.send(()).unwrap();
    serving.await.unwrap();
}
