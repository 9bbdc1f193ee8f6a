//! Routes beside the real ones that go the way of a lookup so far and no further: what each step adds is its share.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use gridvault::Vault;
use gridvault::api::{App, router};
use gridvault::authority::Token;
use gridvault::identity::{Caller, Capacity, recall};
use gridvault::lookup::{Ask, permit};
use gridvault::records::{Wanted, locate};
use gridvault::seal::Secret;
use gridvault::store::Table;
use gridvault_policy::{FieldId, Purpose, RecordType};
use serde::Deserialize;
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use uuid::Uuid;

use crate::street::Street;

/// A stage's route, and what it does.
pub const STAGES: [(&str, &str); 7] = [
    ("/nothing", "the router and the generator, nothing else"),
    ("/floor", "token check as in a lookup, one SELECT of header and envelopes, ciphertext answered"),
    ("/floor-read", "the same with the token's row read each time"),
    ("/caller", "the caller identified"),
    ("/located", "and the record located, every MAC checked"),
    ("/permitted", "and decided and recorded, durably"),
    ("/v1/lookups", "and opened and answered: a full lookup"),
];

/// The driver and the pool of the vault's own reads.
enum Floor {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

#[derive(Clone)]
struct Stages {
    vault: Arc<Vault>,
    floor: Arc<Floor>,
}

#[derive(Deserialize)]
struct Body {
    resident: Uuid,
    fields: Vec<String>,
    purpose: Purpose,
    task: Uuid,
    assignment: Uuid,
}

/// The real router with the stages beside it.
pub async fn serve(street: &Street) -> std::net::SocketAddr {
    let floor = match street.site.url() {
        None => {
            let file = street.site.dir.path().join("vault.db");
            let options =
                SqliteConnectOptions::new().filename(file).read_only(true).pragma("query_only", "ON");
            let pool = SqlitePoolOptions::new().max_connections(8).test_before_acquire(false);
            Floor::Sqlite(pool.connect_with(options.disable_statement_logging()).await.unwrap())
        }
        Some(url) => {
            let options: PgConnectOptions = url.parse().unwrap();
            let pool = PgPoolOptions::new().max_connections(8).test_before_acquire(false);
            Floor::Postgres(pool.connect_with(options.disable_statement_logging()).await.unwrap())
        }
    };
    let stages = Stages { vault: Arc::clone(&street.vault), floor: Arc::new(floor) };
    let extra = Router::new()
        .route("/nothing", post(|| async { "{}" }))
        .route("/floor", post(floor_remembered))
        .route("/floor-read", post(floor_read))
        .route("/caller", post(caller))
        .route("/located", post(located))
        .route("/permitted", post(permitted))
        .with_state(stages);
    let app = router(App::new(Arc::clone(&street.vault))).merge(extra);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = app.into_make_service_with_connect_info::<std::net::SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

fn token(headers: &HeaderMap) -> Secret {
    Secret::new(headers["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap())
}

async fn called(stages: &Stages, headers: &HeaderMap, body: &Body) -> Caller {
    let capacity = Capacity { assignment: Some(body.assignment), on_behalf_of: None };
    recall(&stages.vault, &token(headers), capacity).await.unwrap()
}

async fn floor_remembered(
    State(stages): State<Stages>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Vec<u8>, StatusCode> {
    let body: Body = serde_json::from_slice(&bytes).map_err(|_| StatusCode::BAD_REQUEST)?;
    called(&stages, &headers, &body).await;
    Ok(select(&stages.floor, body.resident).await)
}

async fn floor_read(
    State(stages): State<Stages>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Vec<u8>, StatusCode> {
    let body: Body = serde_json::from_slice(&bytes).map_err(|_| StatusCode::BAD_REQUEST)?;
    let id = stages.vault.keys.credential_id(&token(&headers));
    let row = stages.vault.store.row(Table::Tokens, &id).await.unwrap().ok_or(StatusCode::UNAUTHORIZED)?;
    stages.vault.keys.check::<Token>(&row).ok_or(StatusCode::UNAUTHORIZED)?;
    Ok(select(&stages.floor, body.resident).await)
}

async fn select(floor: &Floor, resident: Uuid) -> Vec<u8> {
    let sql = "SELECT r.body, e.sealed FROM records r JOIN envelopes e ON e.tenant = r.tenant AND e.record = r.id \
               WHERE r.tenant = $1 AND r.id = $2";
    let id = &resident.as_bytes()[..];
    let found: (Vec<u8>, Vec<u8>) = match floor {
        Floor::Sqlite(pool) => sqlx::query_as(sql).bind("donggaodi").bind(id).fetch_one(pool).await.unwrap(),
        Floor::Postgres(pool) => {
            sqlx::query_as(sql).bind("donggaodi").bind(id).fetch_one(pool).await.unwrap()
        }
    };
    found.1
}

async fn caller(State(stages): State<Stages>, headers: HeaderMap, bytes: Bytes) -> &'static str {
    let body: Body = serde_json::from_slice(&bytes).unwrap();
    std::hint::black_box(called(&stages, &headers, &body).await);
    "{}"
}

async fn located(State(stages): State<Stages>, headers: HeaderMap, bytes: Bytes) -> &'static str {
    let body: Body = serde_json::from_slice(&bytes).unwrap();
    let caller = called(&stages, &headers, &body).await;
    let wanted = Wanted { kind: RecordType::Person, id: body.resident, task: Some(body.task) };
    std::hint::black_box(locate(&stages.vault, &caller, &wanted).await.unwrap());
    "{}"
}

async fn permitted(State(stages): State<Stages>, headers: HeaderMap, bytes: Bytes) -> &'static str {
    let body: Body = serde_json::from_slice(&bytes).unwrap();
    let ask = Ask {
        kind: RecordType::Person,
        record: body.resident,
        fields: body.fields.iter().map(|id| FieldId::parse(id).unwrap()).collect(),
        purpose: body.purpose,
        basis: None,
        task: Some(body.task),
        manner: gridvault::lookup::Manner::VIEW,
        request: "bench".into(),
    };
    let capacity = Capacity { assignment: Some(body.assignment), on_behalf_of: None };
    std::hint::black_box(permit(&stages.vault, &token(&headers), capacity, &ask).await.unwrap());
    "{}"
}
