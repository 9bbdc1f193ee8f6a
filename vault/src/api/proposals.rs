//! `/v1/proposals`: what one person proposed and another decides on.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::extract::{Context, Id};
use super::{App, Problem};
use crate::register::{
    Confirmed, confirm_proposal, open_proposals, read_proposal, refuse_proposal, second_halves,
};

pub(super) async fn list(State(app): State<App>, context: Context) -> Result<Response, Problem> {
    let caller = context.plain_caller(&app).await?;
    let open = open_proposals(&app.vault, &caller).await;
    let open = open.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(axum::Json(json!({ "proposals": open })).into_response())
}

pub(super) async fn read(State(app): State<App>, id: Id, context: Context) -> Result<Response, Problem> {
    let caller = context.plain_caller(&app).await?;
    let lines = read_proposal(&app.vault, &caller, id.known(&context)?, &context.request).await;
    let lines = lines.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(axum::Json(json!({ "lines": lines })).into_response())
}

pub(super) async fn confirm(State(app): State<App>, id: Id, context: Context) -> Result<Response, Problem> {
    let caller = context.plain_caller(&app).await?;
    let confirmed = confirm_proposal(&app.vault, &caller, id.known(&context)?, &context.request).await;
    let confirmed = confirmed.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(axum::Json(confirmed_json(&confirmed)).into_response())
}

pub(super) async fn refuse(State(app): State<App>, id: Id, context: Context) -> Result<StatusCode, Problem> {
    let caller = context.plain_caller(&app).await?;
    let refused = refuse_proposal(&app.vault, &caller, id.known(&context)?, &context.request).await;
    refused.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(StatusCode::NO_CONTENT)
}

/// The other halves of the codes, for who proposed the new staff.
pub(super) async fn codes(State(app): State<App>, id: Id, context: Context) -> Result<Response, Problem> {
    let caller = context.plain_caller(&app).await?;
    let halves = second_halves(&app.vault, &caller, id.known(&context)?, &context.request).await;
    let halves = halves.map_err(|error| Problem::of_register(&error, context.language))?;
    let people: Vec<Value> =
        halves.iter().map(|(number, half)| json!({ "number": number, "code_second_half": half })).collect();
    Ok(axum::Json(json!({ "people": people })).into_response())
}

/// What a confirmation made; of the codes of new staff the first halves, this once.
pub(crate) fn confirmed_json(confirmed: &Confirmed) -> Value {
    let people: Vec<Value> = confirmed
        .people
        .iter()
        .map(|(id, number, half)| json!({ "id": id, "number": number, "code_first_half": half }))
        .collect();
    json!({ "made": confirmed.made, "people": people, "residents": confirmed.residents, "refused": confirmed.errors })
}
