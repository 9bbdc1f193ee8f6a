//! `/v1/rosters`: who is on duty; `/v1/assignments/usage`: what posts were granted and used.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::extract::{Body, Context, Id};
use super::{App, Problem};
use crate::register::{NewShift, Step, add_shift, move_shift, rosters, usage};

/// The longest time that usage is asked for, in days.
const LONGEST: i64 = 366;

pub(super) async fn list(State(app): State<App>, context: Context) -> Result<Response, Problem> {
    let (after, limit) = (context.asked::<Uuid>("after")?, context.limit(100)?);
    let caller = context.plain_caller(&app).await?;
    let listed = rosters(&app.vault, &caller, after, limit).await;
    let (shifts, next) = listed.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(axum::Json(json!({ "rosters": shifts, "next": next })).into_response())
}

pub(super) async fn create(
    State(app): State<App>,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: NewShift = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    let id = add_shift(&app.vault, &caller, body, &context.request).await;
    let id = id.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok((StatusCode::CREATED, axum::Json(json!({ "id": id }))).into_response())
}

/// One step of a shift: a second person confirms it, or it is taken back.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ShiftStep {
    #[serde(default)]
    confirmed: bool,
    #[serde(default)]
    ended: bool,
}

pub(super) async fn move_on(
    State(app): State<App>,
    id: Id,
    context: Context,
    Body(bytes): Body,
) -> Result<StatusCode, Problem> {
    let body: ShiftStep = context.body(&bytes)?;
    let step = match (body.confirmed, body.ended) {
        (true, false) => Step::Confirm,
        (false, true) => Step::End,
        _ => return Err(Problem::invalid(context.language, &[("/confirmed".into(), "one")])),
    };
    let caller = context.plain_caller(&app).await?;
    let moved = move_shift(&app.vault, &caller, id.known(&context)?, step, &context.request).await;
    moved.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn used(State(app): State<App>, context: Context) -> Result<Response, Problem> {
    let last = context.asked::<i64>("days")?.unwrap_or(30);
    if !(1..=LONGEST).contains(&last) {
        return Err(Problem::invalid(context.language, &[("?days".to_owned(), "from_1_to_366")]));
    }
    let caller = context.plain_caller(&app).await?;
    let used = usage(&app.vault, &caller, last, &context.request).await;
    Ok(axum::Json(used.map_err(|error| Problem::of_register(&error, context.language))?).into_response())
}
