//! `/v1/services`, their agreements and tokens, `/v1/tokens/{id}`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gridvault_policy::Department;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::extract::{Body, Context, Id};
use super::{App, Problem};
use crate::clock::rfc3339;
use crate::register::{
    NewAgreement, admit_service, confirm_service, end_agreement, issue_service_token, renew_agreement,
    revoke_token, services, tokens,
};

/// A grid service under its agreement.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewService {
    #[schemars(with = "crate::words::DepartmentWord")]
    kind: Department,
    agreement: NewAgreement,
}

pub(super) async fn list(State(app): State<App>, context: Context) -> Result<Response, Problem> {
    let caller = context.plain_caller(&app).await?;
    let list = services(&app.vault, &caller).await;
    let list = list.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(axum::Json(json!({ "services": list })).into_response())
}

pub(super) async fn create(
    State(app): State<App>,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: NewService = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    let admitted = admit_service(&app.vault, &caller, body.kind, body.agreement, &context.request).await;
    let (id, token) = admitted.map_err(|error| Problem::of_register(&error, context.language))?;
    let body = json!({ "id": id, "token": token.reveal() });
    Ok((StatusCode::CREATED, axum::Json(body)).into_response())
}

/// An agreement in the place of the one before.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Renewal {
    agreement: NewAgreement,
}

pub(super) async fn renew(
    State(app): State<App>,
    id: Id,
    context: Context,
    Body(bytes): Body,
) -> Result<StatusCode, Problem> {
    let body: Renewal = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    let id = id.known(&context)?;
    let renewed = renew_agreement(&app.vault, &caller, id, body.agreement, &context.request).await;
    renewed.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(StatusCode::CREATED)
}

/// What may be done to a service: what somebody else granted is confirmed, or all of it ends.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceCourse {
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
    let body: ServiceCourse = context.body(&bytes)?;
    if body.ended == body.confirmed {
        return Err(Problem::invalid(context.language, &[("/ended".into(), "one_of_ended_and_confirmed")]));
    }
    let caller = context.plain_caller(&app).await?;
    let id = id.known(&context)?;
    let moved = if body.ended {
        end_agreement(&app.vault, &caller, id, &context.request).await
    } else {
        confirm_service(&app.vault, &caller, id, &context.request).await
    };
    moved.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn issue(State(app): State<App>, id: Id, context: Context) -> Result<Response, Problem> {
    let caller = context.plain_caller(&app).await?;
    let issued = issue_service_token(&app.vault, &caller, id.known(&context)?, &context.request).await;
    let (token, expires) = issued.map_err(|error| Problem::of_register(&error, context.language))?;
    let body = json!({ "token": token.reveal(), "expires": rfc3339(expires) });
    Ok((StatusCode::CREATED, axum::Json(body)).into_response())
}

pub(super) async fn list_tokens(
    State(app): State<App>,
    id: Id,
    context: Context,
) -> Result<Response, Problem> {
    let caller = context.plain_caller(&app).await?;
    let list = tokens(&app.vault, &caller, id.known(&context)?).await;
    let list = list.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(axum::Json(json!({ "tokens": list })).into_response())
}

pub(super) async fn revoke(
    State(app): State<App>,
    Path(token): Path<String>,
    context: Context,
) -> Result<StatusCode, Problem> {
    let caller = context.plain_caller(&app).await?;
    let revoked = revoke_token(&app.vault, &caller, &token, &context.request).await;
    revoked.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(StatusCode::NO_CONTENT)
}
