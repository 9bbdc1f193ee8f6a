//! Whether the process is alive, and whether it can answer: what a supervisor or a load balancer asks. How long the log is
//! tells how much is looked up, and is no stranger's.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::extract::language;
use super::problem::Name;
use super::{App, Problem};

pub(super) async fn alive() -> Json<Value> {
    Json(json!({ "alive": true }))
}

pub(super) async fn ready(State(app): State<App>, request: Request) -> Response {
    match app.vault.store.head().await {
        Ok(Some(_)) if app.vault.log.sink().hints().halted().is_none() => {
            let witnesses = app.vault.publisher.witnessing().as_str();
            Json(json!({ "ready": true, "witnesses": witnesses })).into_response()
        }
        Ok(Some(_)) => Problem::new(Name::LogRollback, language(request.headers())).into_response(),
        _ => Problem::new(Name::AuditUnavailable, language(request.headers())).into_response(),
    }
}
