//! Measures a full lookup against its floor, in one run, interleaved: `cargo run --release -p gridvault-tests --bin bench`.
//!
//! Floor: the same router, token check, driver and pool, one SELECT of header and envelope by key, ciphertext answered.
//! The load comes from the same two cores, over loopback, on kept connections; its own cost is the row `nothing`.

mod load;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use gridvault::Vault;
use gridvault::api::{App, router};
use gridvault::authority::Token;
use gridvault::clock::SystemClock;
use gridvault::demo::{DemoFile, make, refresh};
use gridvault::seal::Secret;
use gridvault::store::Table;
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

struct Plan {
    residents: u32,
    clients: Vec<usize>,
    seconds: f64,
    rounds: usize,
}

fn main() {
    let short = std::env::args().any(|a| a == "--short");
    let residents = std::env::args().skip_while(|a| a != "--residents").nth(1).and_then(|n| n.parse().ok());
    let plan = if short {
        Plan { residents: 200, clients: vec![4], seconds: 0.3, rounds: 1 }
    } else {
        Plan { residents: residents.unwrap_or(100_000), clients: vec![1, 64], seconds: 3.0, rounds: 5 }
    };
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(run(plan));
}

async fn run(plan: Plan) {
    let dir = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let clock = Arc::new(SystemClock);
    let vault = gridvault_tests::open(
        &gridvault::Layout::in_folder(dir.path()),
        clock,
        Some(gridvault::Nature::Synthetic),
    )
    .await;
    let mut demo = make(&vault, plan.residents, 7).await.unwrap();
    refresh(&vault, &mut demo).await.unwrap();
    let made = begun.elapsed();
    let vault = Arc::new(vault);
    println!(
        "{} residents imported and ready in {:.1} s ({:.0} residents/s with sealing and an entry each)",
        plan.residents,
        made.as_secs_f64(),
        f64::from(plan.residents) / made.as_secs_f64()
    );
    println!(
        "vault.db {:.1} MiB, {:.0} bytes a resident with all that belongs to it",
        size(dir.path()) / 1048576.0,
        size(dir.path()) / f64::from(plan.residents)
    );
    let address = serve(&vault, dir.path()).await;
    println!(
        "{:>8} {:>9} {:>12} {:>12} {:>12} {:>10}",
        "clients", "", "floor/s", "full/s", "nothing/s", "full÷floor"
    );
    for clients in &plan.clients {
        let mut rows: Vec<[f64; 3]> = Vec::new();
        for _ in 0..plan.rounds {
            let mut row = [0.0; 3];
            for (place, request) in row.iter_mut().zip(requests(&demo)) {
                *place = load::rate(address, *clients, Duration::from_secs_f64(plan.seconds), request).await;
            }
            rows.push(row);
        }
        let median = |i: usize| {
            let mut values: Vec<f64> = rows.iter().map(|r| r[i]).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        let mut ratios: Vec<f64> = rows.iter().map(|r| r[1] / r[0]).collect();
        ratios.sort_by(f64::total_cmp);
        println!(
            "{clients:>8} {:>9} {:>12.0} {:>12.0} {:>12.0} {:>10.2}",
            "median",
            median(0),
            median(1),
            median(2),
            ratios[ratios.len() / 2]
        );
    }
    vault.close().await;
}

fn size(dir: &std::path::Path) -> f64 {
    ["vault.db", "vault.db-wal"]
        .iter()
        .filter_map(|f| std::fs::metadata(dir.join(f)).ok())
        .map(|m| m.len() as f64)
        .sum()
}

/// Floor, full, nothing.
fn requests(demo: &DemoFile) -> [Vec<u8>; 3] {
    let task = &demo.tasks[0];
    let fields = [
        "person.name",
        "person.phone",
        "person.sex",
        "person.language_need",
        "premises.address",
        "person.birth_date",
        "elder.living_alone",
        "disability.category",
        "derived.age_over_80",
        "derived.reachable_by_phone",
    ];
    let body = json!({ "resident": task.resident, "fields": fields, "purpose": task.purpose, "task": task.id, "assignment": task.assignment });
    let token = &demo.callers[0].token;
    ["/floor", "/v1/lookups", "/nothing"].map(|path| load::request(path, token, &body.to_string()))
}

struct Floor {
    vault: Arc<Vault>,
    pool: SqlitePool,
}

async fn serve(vault: &Arc<Vault>, dir: &std::path::Path) -> std::net::SocketAddr {
    let options =
        SqliteConnectOptions::new().filename(dir.join("vault.db")).read_only(true).pragma("query_only", "ON");
    let pool = SqlitePoolOptions::new().max_connections(8).connect_with(options).await.unwrap();
    let floor = Arc::new(Floor { vault: Arc::clone(vault), pool });
    let extra = Router::new()
        .route("/floor", post(floor_lookup))
        .with_state(floor)
        .route("/nothing", post(|| async { "{}" }));
    let app = router(App::new(Arc::clone(vault))).merge(extra);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = app.into_make_service_with_connect_info::<std::net::SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

async fn floor_lookup(
    State(floor): State<Arc<Floor>>,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Result<Vec<u8>, StatusCode> {
    let token = headers["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap();
    let id = floor.vault.keys.credential_id(&Secret::new(token));
    let row = floor.vault.store.row(Table::Tokens, &id).await.unwrap().ok_or(StatusCode::UNAUTHORIZED)?;
    floor.vault.keys.check::<Token>(&row).ok_or(StatusCode::UNAUTHORIZED)?;
    let ask: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let record: uuid::Uuid = ask["resident"].as_str().unwrap().parse().unwrap();
    let sql = "SELECT r.body, e.sealed FROM records r JOIN envelopes e ON e.tenant = r.tenant AND e.record = r.id \
               WHERE r.tenant = $1 AND r.id = $2";
    let found: (Vec<u8>, Vec<u8>) = sqlx::query_as(sql)
        .bind("donggaodi")
        .bind(&record.as_bytes()[..])
        .fetch_one(&floor.pool)
        .await
        .unwrap();
    Ok(found.1)
}
