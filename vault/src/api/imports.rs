//! `POST /v1/imports?kind=…&dry_run=…`: JSON lines in, what came of them out.

use axum::extract::{FromRequest as _, Request, State};
use axum::response::{IntoResponse, Response};
use gridvault_policy::Role;
use serde_json::{Value, json};

use super::extract::{Body, Context};
use super::{App, Problem};
use crate::import::{ImportKind, Outcome, run};
use crate::register::RegisterError;

pub(super) async fn create(
    State(app): State<App>,
    context: Context,
    request: Request,
) -> Result<Response, Problem> {
    let invalid =
        |pointer: &str| Problem::invalid(context.language, &[(pointer.to_owned(), "not_understood")]);
    let kind: Option<String> = context.asked("kind")?;
    let kind = kind.and_then(|kind| ImportKind::parse(&kind)).ok_or_else(|| invalid("?kind"))?;
    let (dry_run, notice) = (context.asked("dry_run")?.unwrap_or(false), context.asked("notice")?);
    // A large body is read for those who may send one only.
    let caller = context.plain_caller(&app).await?;
    if caller.role() != Role::DataSteward {
        return Err(Problem::of_register(&RegisterError::Forbidden, context.language));
    }
    let Body(bytes) = Body::from_request(request, &app).await?;
    let text = std::str::from_utf8(&bytes).map_err(|_| invalid(""))?;
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let outcome = run(&app.vault, &caller, kind, &lines, (notice, dry_run, &context.request)).await;
    let outcome = outcome.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(axum::Json(outcome_json(&outcome)).into_response())
}

/// What an import came to, as JSON.
pub(crate) fn outcome_json(outcome: &Outcome) -> Value {
    let mut out = json!({
        "rows": outcome.rows,
        "created": outcome.created,
        "corrected": outcome.corrected,
        "held": outcome.held,
        "refused": outcome.refused,
        "findings": outcome.findings,
        "mended": outcome.mended,
        "duplicates": outcome.duplicates,
    });
    if let (Some(proposal), Some(out)) = (outcome.proposal, out.as_object_mut()) {
        out.insert("proposal".into(), json!(proposal));
    }
    out
}
