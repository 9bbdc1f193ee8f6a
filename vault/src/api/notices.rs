//! `/v1/notices`, `/v1/residents/{id}/informed` and `GET /v1/me/notices`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gridvault_policy::Role;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::extract::{Body, Context, Id};
use super::notice_page::{self, Print};
use super::problem::Name;
use super::{App, Problem};
use crate::clock::rfc3339;
use crate::register::{
    Informing, NewNotice, Published, RegisterError, approve_notice, content, inform, informed, newest,
    notice, notices, own_notices, propose_notice, refuse_notice,
};

pub(super) async fn create(
    State(app): State<App>,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: NewNotice = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    let id = propose_notice(&app.vault, &caller, body, &context.request).await;
    let id = id.map_err(|error| Problem::of_register(&error, context.language))?;
    let made =
        notice(&app.vault, id).await.map_err(|error| Problem::of_register(&error, context.language))?;
    let made = made.ok_or_else(|| context.problem(Name::Internal))?;
    let body = json!({ "id": id, "version": made.notice.version, "hash": made.notice.hash });
    Ok((StatusCode::CREATED, axum::Json(body)).into_response())
}

/// A second person's word on a proposed version, or that its author takes it back.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NoticeStep")]
pub(super) struct Approval {
    approved: bool,
}

pub(super) async fn move_on(
    State(app): State<App>,
    id: Id,
    context: Context,
    Body(bytes): Body,
) -> Result<StatusCode, Problem> {
    let body: Approval = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    let id = id.known(&context)?;
    let moved = match body.approved {
        true => approve_notice(&app.vault, &caller, id, &context.request).await,
        false => refuse_notice(&app.vault, &caller, id, &context.request).await,
    };
    moved.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(StatusCode::NO_CONTENT)
}

/// The versions that were approved, for whoever asks: what is collected and why is no secret (PIPL 7).
pub(super) async fn list(State(app): State<App>, context: Context) -> Result<Response, Problem> {
    let all = all(&app, &context).await?;
    let now = app.vault.now();
    let approved = all.iter().filter(|p| p.notice.approved_at.is_some());
    let approved: Vec<Value> = approved.map(|p| brief(&all, p, now)).collect();
    Ok(axum::Json(json!({ "notices": approved })).into_response())
}

/// The versions that wait for a second person, whole, for those who may be one.
pub(super) async fn proposed(State(app): State<App>, context: Context) -> Result<Response, Problem> {
    let caller = context.plain_caller(&app).await?;
    if !matches!(caller.role(), Role::DataSteward | Role::PrivacyOfficer) {
        return Err(Problem::of_register(&RegisterError::Forbidden, context.language));
    }
    let all = all(&app, &context).await?;
    let open = all.iter().filter(|p| p.notice.approved_at.is_none() && !p.notice.refused);
    let open: Vec<Value> = open.map(|p| whole(&all, p, caller.now())).collect();
    Ok(axum::Json(json!({ "notices": open })).into_response())
}

pub(super) async fn read(State(app): State<App>, id: Id, context: Context) -> Result<Response, Problem> {
    let print = context.asked::<Print>("print")?;
    let language = context.asked::<String>("lang")?.unwrap_or_else(|| "zh-CN".into());
    let id = id.known(&context)?;
    let all = all(&app, &context).await?;
    let found = all.iter().find(|p| p.id == id && p.notice.approved_at.is_some());
    let found = found.ok_or_else(|| context.problem(Name::NotFound))?;
    match print {
        None => Ok(axum::Json(whole(&all, found, app.vault.now())).into_response()),
        Some(print) => {
            notice_page::notice(found, &language, print).ok_or_else(|| context.problem(Name::NotFound))
        }
    }
}

async fn all(app: &App, context: &Context) -> Result<Vec<Published>, Problem> {
    notices(&app.vault).await.map_err(|error| Problem::of_register(&error, context.language))
}

/// How a version stands: waiting for a second person, for its day, in force, or replaced.
fn state(all: &[Published], of: &Published, now: i64) -> &'static str {
    match of.notice.since() {
        None => "proposed",
        Some(since) if now < since => "approved",
        Some(_) if newest(all, of.notice.series, now).is_some_and(|newest| newest.id == of.id) => "in_force",
        Some(_) => "superseded",
    }
}

fn brief(all: &[Published], of: &Published, now: i64) -> Value {
    json!({ "id": of.id, "series": of.notice.series, "version": of.notice.version, "title": of.notice.series.zh(),
        "state": state(all, of, now), "valid_from": rfc3339(of.notice.valid_from),
        "material_change": of.notice.material_change, "hash": of.notice.hash })
}

fn whole(all: &[Published], of: &Published, now: i64) -> Value {
    let mut out = brief(all, of, now);
    // As the digest takes it: SHA-256 of its canonical JSON (RFC 8785) is `hash`.
    let said = serde_json::from_slice::<Value>(&content(&of.notice).to_bytes()).unwrap_or_default();
    if let Some(out) = out.as_object_mut() {
        out.insert("approvals".into(), of.notice.approved.len().into());
        out.insert("content".into(), said);
    }
    out
}

pub(super) async fn deliver(
    State(app): State<App>,
    id: Id,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: Informing = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    let id = id.known(&context)?;
    let made = inform(&app.vault, &caller, id, &body, &context.request).await;
    let made = made.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok((StatusCode::CREATED, axum::Json(json!({ "id": made }))).into_response())
}

pub(super) async fn delivered(State(app): State<App>, id: Id, context: Context) -> Result<Response, Problem> {
    let caller = context.plain_caller(&app).await?;
    let id = id.known(&context)?;
    let account = informed(&app.vault, &caller, id, &context.request).await;
    let account = account.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(axum::Json(account).into_response())
}

pub(super) async fn mine(State(app): State<App>, context: Context) -> Result<Response, Problem> {
    let caller = context.plain_caller(&app).await?;
    let account = own_notices(&app.vault, &caller, &context.request).await;
    let account = account.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(axum::Json(account).into_response())
}
