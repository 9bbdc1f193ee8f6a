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
use crate::register::{NewTask, close_task, confirm_task, open_task};

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

/// One step of a task: `closed` with its `outcome`, or `confirmed`.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TaskStep")]
pub(super) struct Course {
    /// That it is closed.
    #[serde(default)]
    closed: bool,
    /// A word for how it ended.
    #[schemars(with = "Option<crate::words::Identifier>")]
    outcome: Option<String>,
    /// That its assignee's word is confirmed by another.
    #[serde(default)]
    confirmed: bool,
}

pub(super) async fn move_on(
    State(app): State<App>,
    id: Result<Path<Uuid>, axum::extract::rejection::PathRejection>,
    context: Context,
    Body(bytes): Body,
) -> Result<StatusCode, Problem> {
    let body: Course = context.body(&bytes)?;
    let invalid =
        |pointer: &str, code| Err(Problem::invalid(context.language, &[(pointer.to_owned(), code)]));
    // One step at a time: closed with its outcome, or confirmed.
    let step = match (body.closed, body.confirmed, body.outcome) {
        (true, false, Some(outcome)) => Some(outcome),
        (false, true, None) => None,
        (true, false, None) => return invalid("/outcome", "required"),
        _ => return invalid("/closed", "only_true"),
    };
    let caller = context.plain_caller(&app).await?;
    let Ok(Path(id)) = id else { return Err(context.problem(Name::NotFound)) };
    let moved = match step {
        Some(outcome) => close_task(&app.vault, &caller, id, &outcome, &context.request).await,
        None => confirm_task(&app.vault, &caller, id, &context.request).await,
    };
    moved.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(StatusCode::NO_CONTENT)
}
