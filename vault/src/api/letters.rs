//! `/v1/letters`: letters of delegation.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::extract::{Body, Context, Id};
use super::{App, Problem};
use crate::register::{NewLetter, letters, register_letter, revoke_letter, sign_letter};

/// The furthest end that is asked for, in days.
const FURTHEST: i64 = 366;

pub(super) async fn list(State(app): State<App>, context: Context) -> Result<Response, Problem> {
    let expiring = context.asked::<i64>("expiring")?;
    if expiring.is_some_and(|n| !(1..=FURTHEST).contains(&n)) {
        return Err(Problem::invalid(context.language, &[("?expiring".to_owned(), "from_1_to_366")]));
    }
    let caller = context.plain_caller(&app).await?;
    let list = letters(&app.vault, &caller, expiring).await;
    Ok(axum::Json(list.map_err(|error| Problem::of_register(&error, context.language))?).into_response())
}

pub(super) async fn create(
    State(app): State<App>,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: NewLetter = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    let id = register_letter(&app.vault, &caller, body, &context.request).await;
    let id = id.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok((StatusCode::CREATED, axum::Json(json!({ "id": id }))).into_response())
}

/// What a second person does with a letter: signs it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Signature {
    #[schemars(extend("const" = true))]
    signed: bool,
}

pub(super) async fn sign(
    State(app): State<App>,
    id: Id,
    context: Context,
    Body(bytes): Body,
) -> Result<StatusCode, Problem> {
    let body: Signature = context.body(&bytes)?;
    if !body.signed {
        return Err(Problem::invalid(context.language, &[("/signed".into(), "only_true")]));
    }
    let caller = context.plain_caller(&app).await?;
    let signed = sign_letter(&app.vault, &caller, id.known(&context)?, &context.request).await;
    signed.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn revoke(State(app): State<App>, id: Id, context: Context) -> Result<StatusCode, Problem> {
    let caller = context.plain_caller(&app).await?;
    let revoked = revoke_letter(&app.vault, &caller, id.known(&context)?, &context.request).await;
    revoked.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(StatusCode::NO_CONTENT)
}
