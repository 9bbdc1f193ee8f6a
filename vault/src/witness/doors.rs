//! What a witness answers: `add-checkpoint`, the newest checkpoint of each log, its own key.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use gridvault_audit::{AddCheckpoint, Refusal};
use tower_http::timeout::TimeoutLayer;

use super::{NotCosigned, Witness};
use crate::clock::Clock;

/// A note, and 63 hashes in base64.
const BODY: usize = 16 * 1024;
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
const TEXT: &str = "text/plain; charset=utf-8";
/// tlog-witness: the answer to a log that believes another size.
const SIZE: &str = "text/x.tlog.size";

#[derive(Clone)]
struct Door {
    witness: Arc<Witness>,
    clock: Arc<dyn Clock>,
}

/// The routes of a witness.
pub fn router(witness: Arc<Witness>, clock: Arc<dyn Clock>) -> Router {
    Router::new()
        .route("/", get(about))
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/add-checkpoint", post(add))
        .route("/{origin}/checkpoint", get(newest))
        .layer(DefaultBodyLimit::max(BODY))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, ANSWER_WITHIN))
        .with_state(Door { witness, clock })
}

/// Its verifier key and the logs that it follows.
async fn about(State(door): State<Door>) -> Response {
    let mut text = format!("witness {}\n", door.witness.verifier());
    for origin in door.witness.origins() {
        text.push_str(&format!("follows {origin}\n"));
    }
    said(StatusCode::OK, TEXT, text)
}

async fn newest(State(door): State<Door>, Path(origin): Path<String>) -> Response {
    match door.witness.newest(&origin) {
        Some(note) => said(StatusCode::OK, TEXT, note),
        None => said(StatusCode::NOT_FOUND, TEXT, "nothing was seen of that log\n".into()),
    }
}

async fn add(State(door): State<Door>, body: String) -> Response {
    let request = match AddCheckpoint::parse(&body) {
        Ok(request) => request,
        Err(refusal) => return refused(refusal),
    };
    let now = u64::try_from(door.clock.now() / 1_000_000).unwrap_or(0);
    let done = tokio::task::spawn_blocking(move || door.witness.add(&request, now)).await;
    match done {
        Ok(Ok(line)) => said(StatusCode::OK, TEXT, line),
        Ok(Err(NotCosigned::Refused(refusal))) => refused(refusal),
        Ok(Err(error)) => {
            tracing::error!(%error, "nothing was cosigned");
            said(StatusCode::INTERNAL_SERVER_ERROR, TEXT, "nothing was cosigned\n".into())
        }
        Err(_) => said(StatusCode::INTERNAL_SERVER_ERROR, TEXT, "nothing was cosigned\n".into()),
    }
}

fn refused(refusal: Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
    match refusal {
        Refusal::OtherSize(size) => said(status, SIZE, format!("{size}\n")),
        _ => {
            tracing::warn!(%refusal, "a checkpoint was refused");
            said(status, TEXT, format!("{refusal}\n"))
        }
    }
}

fn said(status: StatusCode, kind: &'static str, text: String) -> Response {
    (status, [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], text).into_response()
}
