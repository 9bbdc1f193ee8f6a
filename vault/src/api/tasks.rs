//! `POST /v1/tasks`, `PATCH /v1/tasks/{id}`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::extract::{Body, Context};
use super::problem::Name;
use super::{App, Problem};
use crate::register::{NewTask, close_task, open_task};

pub(super) async fn create(
    State(app): State<App>,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: NewTask = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    let opened = open_task(&app.vault, &caller, body, &context.request).await;
    let opened = opened.map_err(|error| Problem::of_register(&error, context.language))?;
    let mut body = json!({ "id": opened.id });
    if let (Some(ticket), Some(body)) = (opened.ticket, body.as_object_mut()) {
        body.insert("ticket".into(), json!(ticket));
    }
    let status = if opened.new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, axum::Json(body)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Close {
    closed: bool,
    outcome: String,
}

pub(super) async fn close(
    State(app): State<App>,
    id: Result<Path<Uuid>, axum::extract::rejection::PathRejection>,
    context: Context,
    Body(bytes): Body,
) -> Result<StatusCode, Problem> {
    let body: Close = context.body(&bytes)?;
    if !body.closed {
        return Err(Problem::invalid(context.language, &[("/closed".into(), "only_true")]));
    }
    let caller = context.plain_caller(&app).await?;
    let Ok(Path(id)) = id else { return Err(context.problem(Name::NotFound)) };
    let closed = close_task(&app.vault, &caller, id, &body.outcome, &context.request).await;
    closed.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(StatusCode::NO_CONTENT)
}
