//! `POST /v1/residents/{id}/mandates`, `PATCH /v1/mandates/{id}`, `PATCH /v1/residents/{id}/capacity`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::extract::{Body, Context, Id};
use super::{App, Problem};
use crate::register::{NewMandate, confirm_mandate, doubt_capacity, end_mandate, register_mandate};

pub(super) async fn create(
    State(app): State<App>,
    id: Id,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: NewMandate = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    let resident = id.known(&context)?;
    let made = register_mandate(&app.vault, &caller, resident, body, &context.request).await;
    let id = made.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok((StatusCode::CREATED, axum::Json(json!({ "id": id }))).into_response())
}

/// One step of a mandate: confirmed by a second person, or ended.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MandateStep {
    /// That a second person confirms it.
    #[serde(default)]
    confirmed: bool,
    /// That it ends.
    #[serde(default)]
    ended: bool,
}

pub(super) async fn move_on(
    State(app): State<App>,
    id: Id,
    context: Context,
    Body(bytes): Body,
) -> Result<StatusCode, Problem> {
    let body: MandateStep = context.body(&bytes)?;
    if body.confirmed == body.ended {
        return Err(Problem::invalid(context.language, &[("/confirmed".to_owned(), "one")]));
    }
    let caller = context.plain_caller(&app).await?;
    let id = id.known(&context)?;
    let moved = if body.ended {
        end_mandate(&app.vault, &caller, id, &context.request).await
    } else {
        confirm_mandate(&app.vault, &caller, id, &context.request).await
    };
    moved.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(StatusCode::NO_CONTENT)
}

/// A doubt whether a resident can understand what is consented to.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CapacityDoubt")]
pub(super) struct Doubt {
    /// Noted, or lifted.
    doubted: bool,
    /// A word for the reason.
    #[schemars(with = "crate::words::Identifier")]
    reason: String,
}

pub(super) async fn doubt(
    State(app): State<App>,
    id: Id,
    context: Context,
    Body(bytes): Body,
) -> Result<StatusCode, Problem> {
    let body: Doubt = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    let resident = id.known(&context)?;
    let noted = (body.doubted, body.reason.as_str());
    let done = doubt_capacity(&app.vault, &caller, resident, noted, &context.request).await;
    done.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(StatusCode::NO_CONTENT)
}
