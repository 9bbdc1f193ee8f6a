//! `/v1/demands`: what authorities demand by a document.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::extract::{Body, Context, Id};
use super::{App, Problem};
use crate::register::{DemandStep, NewDemand, decide_demand, demands, open_demand};

pub(super) async fn open(
    State(app): State<App>,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: NewDemand = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    let id = open_demand(&app.vault, &caller, body, &context.request).await;
    let id = id.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok((StatusCode::CREATED, axum::Json(json!({ "id": id }))).into_response())
}

/// One step of a demand: `approved`, or another end of its embargo with the document that says so.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DemandStep")]
pub(super) struct Course {
    /// That the demand, or what is proposed of its embargo, is approved.
    #[serde(default)]
    approved: bool,
    /// Until when its lines are to be kept back; somebody else has to approve it.
    #[schemars(with = "Option<crate::words::When>")]
    embargo_until: Option<String>,
    /// The number of the document that says so.
    #[schemars(length(min = 1, max = 80))]
    document: Option<String>,
    /// SHA-256 of that document, hex.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    sha256: Option<String>,
}

impl Course {
    fn step(self) -> Result<DemandStep, (&'static str, &'static str)> {
        match (self.approved, self.embargo_until, self.document, self.sha256) {
            (true, None, None, None) => Ok(DemandStep::Approved),
            (false, Some(until), Some(document), Some(sha256)) => {
                Ok(DemandStep::Embargo { until, document, sha256 })
            }
            (false, Some(_), None, _) => Err(("/document", "required")),
            (false, Some(_), _, None) => Err(("/sha256", "required")),
            _ => Err(("/approved", "only_true")),
        }
    }
}

pub(super) async fn decide(
    State(app): State<App>,
    id: Id,
    context: Context,
    Body(bytes): Body,
) -> Result<StatusCode, Problem> {
    let body: Course = context.body(&bytes)?;
    let step = body.step();
    let step =
        step.map_err(|(pointer, code)| Problem::invalid(context.language, &[(pointer.to_owned(), code)]))?;
    let caller = context.plain_caller(&app).await?;
    let done = decide_demand(&app.vault, &caller, id.known(&context)?, step, &context.request).await;
    done.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn list(State(app): State<App>, context: Context) -> Result<Response, Problem> {
    let (after, limit) = (context.asked::<Uuid>("after")?, context.limit(50)?);
    let caller = context.plain_caller(&app).await?;
    let listed = demands(&app.vault, &caller, after, limit, &context.request).await;
    let (listed, next) = listed.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(axum::Json(json!({ "demands": listed, "next": next })).into_response())
}
