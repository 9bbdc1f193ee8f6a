//! `POST /v1/residents/{id}/consents` and `PUT /v1/me/consents/{purpose}`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gridvault_policy::Purpose;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::extract::{Body, Context};
use super::problem::Name;
use super::{App, Problem};
use crate::authority::ConsentState;
use crate::identity::Party;
use crate::register::{NewConsent, record_consent};

pub(super) async fn create(
    State(app): State<App>,
    id: Result<Path<Uuid>, axum::extract::rejection::PathRejection>,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: NewConsent = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    let Ok(Path(resident)) = id else { return Err(context.problem(Name::NotFound)) };
    let id = record_consent(&app.vault, &caller, resident, body, &context.request).await;
    let id = id.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok((StatusCode::CREATED, axum::Json(json!({ "id": id }))).into_response())
}

/// The resident's own consent for one purpose.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OwnConsent")]
pub(super) struct Own {
    state: ConsentState,
    /// Which fields; none said: all that the purpose's rules name.
    #[schemars(with = "Option<Vec<crate::words::StoredFieldWord>>", length(min = 1))]
    fields: Option<Vec<String>>,
}

/// The resident's own: giving and withdrawing take one step each.
pub(super) async fn put_own(
    State(app): State<App>,
    Path(purpose): Path<String>,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: Own = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    let Party::Resident(resident) = caller.party() else { return Err(context.problem(Name::NotFound)) };
    let Some(purpose) = Purpose::parse(&purpose) else { return Err(context.problem(Name::NotFound)) };
    let new = NewConsent {
        purpose,
        fields: body.fields,
        state: body.state,
        method: "self_service".into(),
        notice: None,
    };
    let id = record_consent(&app.vault, &caller, *resident, new, &context.request).await;
    let id = id.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok((StatusCode::OK, axum::Json(json!({ "id": id }))).into_response())
}
