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
use crate::register::{NewTask, close_task, confirm_task, open_task, revoke_approval};

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

/// One step of a task: `closed` with its `outcome`, or `confirmed`, perhaps `until` a moment; `confirmed: false` takes that back.
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
    /// That its assignee's word is confirmed by another, for a day; or that this is taken back.
    confirmed: Option<bool>,
    /// Until when it stands confirmed: of a child's file, for the child protection worker, a year at most.
    #[schemars(with = "Option<crate::words::When>")]
    until: Option<String>,
}

enum Step {
    Closed(String),
    Confirmed(Option<String>),
    Revoked,
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
    let step = match (body.closed, body.confirmed, body.outcome, body.until) {
        (true, None, Some(outcome), None) => Step::Closed(outcome),
        (false, Some(true), None, until) => Step::Confirmed(until),
        (false, Some(false), None, None) => Step::Revoked,
        (true, None, None, None) => return invalid("/outcome", "required"),
        _ => return invalid("/closed", "only_true"),
    };
    let caller = context.plain_caller(&app).await?;
    let Ok(Path(id)) = id else { return Err(context.problem(Name::NotFound)) };
    let (vault, request) = (&app.vault, &context.request);
    let moved = match step {
        Step::Closed(outcome) => close_task(vault, &caller, id, &outcome, request).await,
        Step::Confirmed(until) => confirm_task(vault, &caller, id, until.as_deref(), request).await,
        Step::Revoked => revoke_approval(vault, &caller, id, request).await,
    };
    moved.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(StatusCode::NO_CONTENT)
}
