//! An instance in a process of its own: how soon it answers, how much memory it holds; and what lies on disk.

use std::time::Instant;

use gridvault::store::Store;
use gridvault::trail::{Trust, Verdict, verify_database};
use gridvault_tests::{Instance, On, Site, post};
use serde_json::{Value, json};
use sqlx::Row as _;

use crate::street::Street;
use crate::{Plan, load};

/// Start to first answer, then memory before and under load.
pub async fn measure(plan: &Plan, street: &Street) -> Value {
    let begun = Instant::now();
    let mut instance = Instance::start(&street.site, "pin");
    let body: Value = serde_json::from_str(&street.bodies[0]).unwrap();
    let (status, answer) = post(&format!("{}/v1/lookups", instance.url), &street.token, &body);
    assert_eq!(status, 200, "{answer}");
    let started = begun.elapsed().as_secs_f64();
    let idle = instance.memory();
    let address = instance.url.strip_prefix("http://").unwrap().parse().unwrap();
    let requests = load::requests("/v1/lookups", &street.token, &street.bodies);
    load::rate(&[address], 64, plan.each * 4, &requests).await;
    let serving = instance.memory();
    instance.signal("TERM");
    let mib = |bytes: u64| bytes as f64 / 1_048_576.0;
    json!({ "start_seconds": started, "idle_mib": mib(idle), "serving_mib": mib(serving) })
}

/// The whole log and every row of authority, as `gridvault audit verify` does.
pub async fn verify(street: &Street) -> Value {
    let store = Store::open_to_verify(&street.site.location()).await.unwrap();
    let pin = std::fs::read_to_string(street.site.layout().pin).unwrap();
    let begun = Instant::now();
    let verified = verify_database(
        &store,
        &Trust { key: Some(street.vault.log_key.clone()), against: vec![pin], ..Trust::default() },
        &|_| (),
    )
    .await
    .unwrap();
    assert_eq!(verified.verdict, Verdict::Proven);
    let seconds = begun.elapsed().as_secs_f64();
    store.close().await;
    json!({ "entries": verified.entries, "seconds": seconds, "per_second": verified.entries as f64 / seconds })
}

/// Bytes that the database holds on disk, its write-ahead log left out.
pub async fn bytes(site: &Site) -> f64 {
    if site.on == On::Sqlite {
        let sql = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
        let file = sqlx::sqlite::SqliteConnectOptions::new().filename(site.dir.path().join("vault.db"));
        let pool = sqlx::sqlite::SqlitePool::connect_with(file.read_only(true)).await.unwrap();
        let bytes = sqlx::query(sql).fetch_one(&pool).await.unwrap().get::<i64, _>(0);
        pool.close().await;
        return bytes as f64;
    }
    let pool = sqlx::PgPool::connect(&site.url().unwrap()).await.unwrap();
    let sql = "SELECT pg_database_size(current_database())";
    let bytes = sqlx::query(sql).fetch_one(&pool).await.unwrap().get::<i64, _>(0);
    pool.close().await;
    bytes as f64
}
