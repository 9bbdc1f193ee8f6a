//! `/v1/emergencies`: break-glass.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gridvault_policy::{Basis, Purpose};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::extract::{Body, Context, Id};
use super::{App, Problem};
use crate::clock::rfc3339;
use crate::register::{
    NewEmergency, RegisterError, Reviewed, confirm_emergency, declare_emergency, emergencies, end_emergency,
    review_emergency,
};

pub(super) async fn declare(
    State(app): State<App>,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: NewEmergency = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    let declared = declare_emergency(&app.vault, &caller, body, &context.request).await;
    let declared = declared.map_err(|error| {
        // Whoever is kept from it may have somebody in danger.
        if matches!(error, RegisterError::Denied { .. }) {
            app.metrics.emergency(false);
        }
        Problem::of_register(&error, context.language)
    })?;
    app.metrics.emergency(true);
    let body = json!({
        "id": declared.id, "until": rfc3339(declared.until), "review_by": rfc3339(declared.review_by),
        "residents": declared.residents, "waiting": declared.waiting,
    });
    Ok((StatusCode::CREATED, axum::Json(body)).into_response())
}

/// That a second person confirms it: what else it names is open from now on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "EmergencyConfirmation")]
pub(super) struct Confirmed {
    #[schemars(extend("const" = true))]
    confirmed: bool,
}

pub(super) async fn confirm(
    State(app): State<App>,
    id: Id,
    context: Context,
    Body(bytes): Body,
) -> Result<StatusCode, Problem> {
    let body: Confirmed = context.body(&bytes)?;
    if !body.confirmed {
        return Err(Problem::invalid(context.language, &[("/confirmed".into(), "only_true")]));
    }
    let caller = context.plain_caller(&app).await?;
    let done = confirm_emergency(&app.vault, &caller, id.known(&context)?, &context.request).await;
    done.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn end(State(app): State<App>, id: Id, context: Context) -> Result<StatusCode, Problem> {
    let caller = context.plain_caller(&app).await?;
    let done = end_emergency(&app.vault, &caller, id.known(&context)?, &context.request).await;
    done.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the reviewer says.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "EmergencyReview")]
pub(super) struct Review {
    outcome: Reviewed,
}

pub(super) async fn review(
    State(app): State<App>,
    id: Id,
    context: Context,
    Body(bytes): Body,
) -> Result<StatusCode, Problem> {
    let body: Review = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    let id = id.known(&context)?;
    let done = review_emergency(&app.vault, &caller, id, body.outcome, &context.request).await;
    done.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn list(State(app): State<App>, context: Context) -> Result<Response, Problem> {
    let (after, limit) = (context.asked::<Uuid>("after")?, context.limit(50)?);
    let caller = context.plain_caller(&app).await?;
    let listed = emergencies(&app.vault, &caller, after, limit, &context.request).await;
    let (listed, next) = listed.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(axum::Json(json!({ "emergencies": listed, "next": next })).into_response())
}

/// The task of a lookup: where none is named, the emergency that is named as its basis.
pub(super) fn task_of(
    task: Option<Uuid>,
    purpose: Purpose,
    basis: Option<&(Basis, Option<String>)>,
) -> Option<Uuid> {
    let emergency = match basis {
        Some((Basis::Emergency, Some(id))) if purpose == Purpose::EmergencyRescue => id.parse().ok(),
        _ => None,
    };
    task.or(emergency)
}
