//! `/v1/areas` and `/v1/areas/check`.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use gridvault_policy::Scheme;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::extract::{Body, Context};
use super::people::proposed;
use super::{App, Problem};
use crate::authority::Level;
use crate::identity::capacities;
use crate::import::ImportKind;
use crate::register::{areas, check_areas};

/// Areas to be made or changed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAreas {
    #[schemars(length(min = 1, max = 1000))]
    areas: Vec<NewArea>,
}

/// An area: of a known code, what is said otherwise is changed.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewArea {
    #[schemars(with = "crate::words::SchemeWord")]
    scheme: Scheme,
    #[schemars(with = "crate::words::Identifier")]
    code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    level: Level,
    #[schemars(length(min = 1, max = 50))]
    name: String,
    /// The area that it merges into at its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    into: Option<String>,
    /// From when.
    #[schemars(with = "crate::words::When")]
    from: String,
    /// Until when; a day counts as a whole.
    #[schemars(with = "Option<crate::words::When>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
}

pub(super) async fn list(State(app): State<App>, context: Context) -> Result<Response, Problem> {
    capacities(&app.vault, context.token()?).await.map_err(|error| context.unidentified(&app, &error))?;
    app.vault.reload().await.map_err(|error| Problem::of_store(&error, context.language))?;
    Ok(axum::Json(json!({ "areas": areas(&app.vault) })).into_response())
}

pub(super) async fn create(
    State(app): State<App>,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: NewAreas = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    if body.areas.is_empty() || body.areas.len() > 1000 {
        return Err(Problem::invalid(context.language, &[("/areas".into(), "from_1_to_1000")]));
    }
    let lines: Vec<String> = body.areas.iter().filter_map(|area| serde_json::to_string(area).ok()).collect();
    proposed(&app, &context, &caller, (ImportKind::Areas, "areas"), &lines).await
}

pub(super) async fn check(State(app): State<App>, context: Context) -> Result<Response, Problem> {
    let caller = context.plain_caller(&app).await?;
    let checked = check_areas(&app.vault, &caller).await;
    let checked = checked.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(axum::Json(checked).into_response())
}
