//! `GET /v1/consents/{id}/receipt` and `/v1/me/consents/{id}/receipt`, as JSON and as a page to be printed.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use gridvault_audit::Kind;
use serde_json::json;

use super::extract::{Context, Id};
use super::problem::Name;
use super::{App, Problem, receipt_page};
use crate::identity::Party;
use crate::register::{Receipt, consent_held, receipt};

pub(super) async fn own(State(app): State<App>, id: Id, context: Context) -> Result<Response, Problem> {
    Ok(as_json(&made(&app, id, &context, true).await?))
}

pub(super) async fn own_page(State(app): State<App>, id: Id, context: Context) -> Result<Response, Problem> {
    Ok(as_page(&made(&app, id, &context, true).await?))
}

pub(super) async fn of_staff(State(app): State<App>, id: Id, context: Context) -> Result<Response, Problem> {
    Ok(as_json(&made(&app, id, &context, false).await?))
}

pub(super) async fn page_of_staff(
    State(app): State<App>,
    id: Id,
    context: Context,
) -> Result<Response, Problem> {
    Ok(as_page(&made(&app, id, &context, false).await?))
}

/// The receipt, for who may have it: alike for the others and where there is none. That it was made is on record.
async fn made(app: &App, id: Id, context: &Context, own: bool) -> Result<Receipt, Problem> {
    let caller = context.plain_caller(app).await?;
    if matches!(caller.party(), Party::Resident(_)) != own {
        return Err(context.problem(Name::NotFound));
    }
    let id = id.known(context)?;
    let failed = |error: &_| Problem::of_register(error, context.language);
    let (person, seq, event) = consent_held(&app.vault, &caller, id).await.map_err(|error| failed(&error))?;
    let looked = (Kind::TrailRead, "receipt");
    person.looked_at(&app.vault, &caller, looked, &context.request).await.map_err(|error| failed(&error))?;
    let made = receipt(&app.vault, &person, (id, seq, &event), caller.now()).await;
    made.map_err(|error| failed(&error))
}

fn as_json(receipt: &Receipt) -> Response {
    let mut body = json!({ "receipt": receipt.body, "signed": receipt.note, "hash": receipt.hash,
        "check_code": receipt.check_code(), "code": receipt.code, "key": receipt.key });
    if let (Some(proof), Some(body)) = (&receipt.proof, body.as_object_mut()) {
        body.insert("proof".into(), proof.clone().into());
    }
    axum::Json(body).into_response()
}

fn as_page(receipt: &Receipt) -> Response {
    let mut response = receipt_page::page(receipt).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if let Ok(policy) = HeaderValue::from_str(&receipt_page::policy()) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
