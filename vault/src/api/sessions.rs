//! `POST /v1/sessions` and `DELETE /v1/sessions/current`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::extract::{Body, Context};
use super::problem::Name;
use super::{App, Problem};
use crate::clock::rfc3339;
use crate::register::{RegisterError, sign_in, sign_out};

/// A one-time code: a resident's, or a member of staff's first.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SignIn")]
pub(super) struct Request {
    #[schemars(length(max = 64))]
    code: String,
}

pub(super) async fn create(
    State(app): State<App>,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: Request = context.body(&bytes)?;
    if body.code.len() > 64 {
        return Err(Problem::invalid(context.language, &[("/code".into(), "too_long")]));
    }
    if let Some(seconds) = app.throttle.wait(&context.source) {
        return Err(context.problem(Name::TooManyRequests).retry_after(seconds));
    }
    match sign_in(&app.vault, &body.code, &context.request).await {
        Ok(signed_in) => {
            app.throttle.right_code(&context.source);
            let body = json!({ "token": signed_in.token.reveal(), "expires": rfc3339(signed_in.expires) });
            Ok((StatusCode::CREATED, axum::Json(body)).into_response())
        }
        Err(error) => {
            if matches!(error, RegisterError::Unauthenticated) {
                app.throttle.wrong_code(&context.source);
                app.metrics.refused();
            }
            Err(Problem::of_register(&error, context.language))
        }
    }
}

pub(super) async fn end(State(app): State<App>, context: Context) -> Result<StatusCode, Problem> {
    let caller = context.plain_caller(&app).await?;
    let ended = sign_out(&app.vault, &caller, &context.request).await;
    ended.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(StatusCode::NO_CONTENT)
}
