//! `POST /v1/residents`, `PATCH /v1/residents/{id}`, their erasure, and `PATCH /v1/premises/{id}`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gridvault_policy::Role;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::extract::{Body, Context, Id};
use super::{App, Problem};
use crate::register::{
    Collected, Correction, Newcomer, Once, PremisesCorrection, ask_erasure, collect_resident,
    correct_premises, correct_resident, decide_erasure,
};

pub(super) async fn create(
    State(app): State<App>,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: Newcomer = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    let fresh = match context.once(&app, &caller, "residents", &bytes).await? {
        Once::First(fresh) => fresh,
        Once::Again(id) if caller.role() == Role::DataSteward => {
            return Ok((StatusCode::CREATED, axum::Json(json!({ "id": id }))).into_response());
        }
        Once::Again(id) => {
            return Ok((StatusCode::ACCEPTED, axum::Json(json!({ "proposal": id }))).into_response());
        }
    };
    let made =
        collect_resident(&app.vault, context.token()?, context.capacity(), &body, fresh, &context.request)
            .await;
    Ok(match made.map_err(|error| Problem::of_register(&error, context.language))? {
        Collected::Made(id) => (StatusCode::CREATED, axum::Json(json!({ "id": id }))).into_response(),
        Collected::Proposed(id) => {
            (StatusCode::ACCEPTED, axum::Json(json!({ "proposal": id }))).into_response()
        }
    })
}

pub(super) async fn correct(
    State(app): State<App>,
    id: Id,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: Correction = context.body(&bytes)?;
    context.plain_caller(&app).await?;
    let id = id.known(&context)?;
    let corrected =
        correct_resident(&app.vault, context.token()?, context.capacity(), id, &body, &context.request).await;
    Ok(match corrected.map_err(|error| Problem::of_register(&error, context.language))? {
        None => StatusCode::NO_CONTENT.into_response(),
        Some(proposal) => (StatusCode::ACCEPTED, axum::Json(json!({ "proposal": proposal }))).into_response(),
    })
}

/// Why a record is to be erased.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ErasureRequest {
    /// A word, such as `withdrawn`, `purpose_met`, `unlawful`.
    #[schemars(with = "crate::words::Identifier")]
    reason: String,
}

pub(super) async fn ask(
    State(app): State<App>,
    id: Id,
    context: Context,
    Body(bytes): Body,
) -> Result<StatusCode, Problem> {
    let body: ErasureRequest = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    let id = id.known(&context)?;
    let asked = ask_erasure(&app.vault, &caller, id, &body.reason, &context.request).await;
    asked.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(StatusCode::ACCEPTED)
}

/// Another person's decision on an erasure.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ErasureDecision {
    granted: bool,
}

pub(super) async fn decide(
    State(app): State<App>,
    id: Id,
    context: Context,
    Body(bytes): Body,
) -> Result<StatusCode, Problem> {
    let body: ErasureDecision = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    let id = id.known(&context)?;
    let decided = decide_erasure(&app.vault, &caller, id, body.granted, &context.request).await;
    decided.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn correct_place(
    State(app): State<App>,
    id: Id,
    context: Context,
    Body(bytes): Body,
) -> Result<StatusCode, Problem> {
    let body: PremisesCorrection = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    let id = id.known(&context)?;
    let corrected = correct_premises(&app.vault, &caller, id, &body, &context.request).await;
    corrected.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(StatusCode::NO_CONTENT)
}
