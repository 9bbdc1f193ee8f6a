//! `/v1/tasks`: registered one by one or many at once, listed, moved on.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::extract::{Body, Context};
use super::problem::Name;
use super::{App, Problem, refusals};
use crate::register::{
    NewTask, Opened, RegisterError, close_task, confirm_task, held_tasks, open_task, revoke_approval,
};

/// Tasks of one batch.
const MOST: usize = 500;

pub(super) async fn create(
    State(app): State<App>,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: NewTask = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    let opened = open_task(&app.vault, &caller, body, &context.request).await;
    let opened = opened.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok((status(opened), axum::Json(said(opened))).into_response())
}

fn status(opened: Opened) -> StatusCode {
    if opened.new { StatusCode::CREATED } else { StatusCode::OK }
}

fn said(opened: Opened) -> Value {
    let mut body = json!({ "id": opened.id });
    if let (Some(ticket), Some(body)) = (opened.ticket, body.as_object_mut()) {
        body.insert("ticket".into(), json!(ticket));
    }
    body
}

/// Tasks of another system, up to 500.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TaskBatch {
    #[schemars(length(min = 1, max = 500))]
    tasks: Vec<NewTask>,
}

/// Each as if it came alone, in their order: one that is refused does not keep the others out, and what was taken before is
/// given again.
pub(super) async fn create_batch(
    State(app): State<App>,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: TaskBatch = context.body(&bytes)?;
    if body.tasks.is_empty() || body.tasks.len() > MOST {
        return Err(Problem::invalid(context.language, &[("/tasks".into(), "from_1_to_500")]));
    }
    // What is not in form is refused before anything is registered; what does not fit, one by one.
    for (n, task) in body.tasks.iter().enumerate() {
        if let Some((member, code)) = task.ill_formed() {
            return Err(Problem::invalid(context.language, &[(format!("/tasks/{n}{member}"), code)]));
        }
    }
    let caller = context.plain_caller(&app).await?;
    let mut answers = Vec::with_capacity(body.tasks.len());
    let mut forbidden = 0;
    for task in body.tasks {
        let answer = match open_task(&app.vault, &caller, task, &context.request).await {
            Ok(opened) => {
                let mut said = said(opened);
                if let Some(said) = said.as_object_mut() {
                    said.insert("status".into(), status(opened).as_u16().into());
                }
                said
            }
            // Nothing more is recorded: what follows would fail alike.
            Err(error @ (RegisterError::Unrecorded(_) | RegisterError::Store(_))) => {
                return Err(Problem::of_register(&error, context.language));
            }
            Err(error) => {
                forbidden += usize::from(matches!(error, RegisterError::Forbidden));
                let problem = Problem::of_register(&error, context.language).among_others();
                json!({ "status": problem.get("status"), "problem": problem })
            }
        };
        answers.push(answer);
    }
    if forbidden == answers.len() {
        return Err(Problem::of_register(&RegisterError::Forbidden, context.language));
    }
    if forbidden > 0 {
        refusals::enter(&app, &caller, "/v1/tasks/batch", &context).await?;
    }
    Ok(axum::Json(json!({ "tasks": answers })).into_response())
}

pub(super) async fn list(State(app): State<App>, context: Context) -> Result<Response, Problem> {
    let (after, limit) = (context.asked::<Uuid>("after")?, context.limit(100)?);
    let caller = context.plain_caller(&app).await?;
    let listed = held_tasks(&app.vault, &caller, after, limit).await;
    let (tasks, next) = listed.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(axum::Json(json!({ "tasks": tasks, "next": next })).into_response())
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
