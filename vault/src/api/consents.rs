//! Consents: recorded (`POST /v1/residents/{id}/consents`, `PUT /v1/me/consents/{purpose}`), read, confirmed, found void.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gridvault_audit::Kind;
use gridvault_policy::Purpose;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::extract::{Body, Context, Id};
use super::problem::Name;
use super::{App, Problem};
use crate::authority::ConsentState;
use crate::identity::{Caller, Party};
use crate::register::{
    Confirming, NewConsent, Person, Reading, RegisterError, confirm_consent, confirm_own, consents_of,
    invalidate_consent, record_consent,
};

fn made(status: StatusCode, id: Result<Uuid, RegisterError>, context: &Context) -> Result<Response, Problem> {
    let id = id.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok((status, axum::Json(json!({ "id": id }))).into_response())
}

pub(super) async fn create(
    State(app): State<App>,
    id: Id,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: NewConsent = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    let resident = id.known(&context)?;
    let id = record_consent(&app.vault, &caller, resident, body, &context.request).await;
    made(StatusCode::CREATED, id, &context)
}

/// One's own consent for one purpose, or that of whom one speaks for.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OwnConsent")]
pub(super) struct Own {
    /// What is said.
    #[schemars(with = "OwnWord")]
    state: ConsentState,
    /// Which fields; none said: all that the purpose's rules name.
    #[schemars(with = "Option<Vec<crate::words::StoredFieldWord>>", length(min = 1))]
    fields: Option<Vec<String>>,
    /// The notice version that was shown; none said: the newest in force that speaks of the purpose.
    #[serde(default)]
    notice: Option<Uuid>,
    /// Until when, where it is to end before its time.
    #[serde(default)]
    #[schemars(with = "Option<crate::words::When>")]
    until: Option<String>,
    /// The resident spoken for, by a guardian or a proxy.
    #[serde(default, rename = "for")]
    for_whom: Option<Uuid>,
    /// With `given`: that what staff recorded is right, as it stands.
    #[serde(default)]
    confirm: bool,
}

/// What somebody signed in may say.
#[derive(schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "OwnConsentSaid")]
#[expect(dead_code, reason = "described, never made")]
enum OwnWord {
    Given,
    Renewed,
    Refused,
    Deferred,
    Withdrawn,
}

/// Giving and withdrawing take one step each.
pub(super) async fn put_own(
    State(app): State<App>,
    Path(purpose): Path<String>,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: Own = context.body(&bytes)?;
    let invalid = |at: &str, code| Problem::invalid(context.language, &[(at.to_owned(), code)]);
    if body.state == ConsentState::Requested {
        return Err(invalid("/state", "word_unknown"));
    }
    if body.confirm && (body.state != ConsentState::Given || body.fields.is_some()) {
        return Err(invalid("/confirm", "alone"));
    }
    let caller = context.plain_caller(&app).await?;
    let nowhere = || context.problem(Name::NotFound);
    let Party::Resident(own) = caller.party() else { return Err(nowhere()) };
    let purpose = Purpose::parse(&purpose).ok_or_else(nowhere)?;
    let resident = body.for_whom.unwrap_or(*own);
    let id = if body.confirm {
        confirm_own(&app.vault, &caller, resident, purpose, &context.request).await
    } else {
        let new = NewConsent {
            fields: body.fields,
            notice: body.notice,
            until: body.until,
            ..NewConsent::new(purpose, body.state, "self_service")
        };
        record_consent(&app.vault, &caller, resident, new, &context.request).await
    };
    // For whom one does not speak, is as if there were nobody.
    match id {
        Err(RegisterError::Forbidden) => Err(nowhere()),
        id => made(StatusCode::OK, id, &context),
    }
}

/// One step of a consent that somebody else recorded: the code that the resident got, or that the resident was met.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ConsentStep")]
pub(super) struct Step {
    /// The code that went out to the number on record.
    #[schemars(length(max = 64))]
    code: Option<String>,
    /// That the resident was met and said so.
    #[serde(default)]
    confirmed: bool,
    /// How the resident said so.
    #[schemars(extend("enum" = ["signature", "fingerprint_witnessed", "voice_recorded"]))]
    method: Option<String>,
}

pub(super) async fn step(
    State(app): State<App>,
    id: Id,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: Step = context.body(&bytes)?;
    let invalid = |at: &str, code| Problem::invalid(context.language, &[(at.to_owned(), code)]);
    let how = match (body.code, body.confirmed, body.method) {
        (Some(code), false, None) if code.len() <= 64 => Confirming::Code(code),
        (Some(_), _, _) => return Err(invalid("/code", "alone")),
        (None, true, Some(method)) => Confirming::Met(method),
        (None, true, None) => return Err(invalid("/method", "required")),
        (None, false, _) => return Err(invalid("/confirmed", "only_true")),
    };
    let caller = context.plain_caller(&app).await?;
    let id = id.known(&context)?;
    let confirmed = confirm_consent(&app.vault, &caller, id, how, &context.request).await;
    made(StatusCode::OK, confirmed, &context)
}

/// Why a consent is void.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ConsentInvalidation")]
pub(super) struct Invalidation {
    /// A word for the reason.
    #[schemars(with = "crate::words::Identifier")]
    reason: String,
    /// The finding behind it: its entry's number.
    #[schemars(range(min = 0))]
    finding: i64,
}

pub(super) async fn invalidate(
    State(app): State<App>,
    id: Id,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: Invalidation = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    let id = id.known(&context)?;
    let why = (body.reason.as_str(), body.finding);
    let void = invalidate_consent(&app.vault, &caller, id, why, &context.request).await;
    made(StatusCode::CREATED, void, &context)
}

pub(super) async fn list(State(app): State<App>, id: Id, context: Context) -> Result<Response, Problem> {
    let caller = context.plain_caller(&app).await?;
    let resident = id.known(&context)?;
    read(&app, &context, &caller, resident).await
}

/// One's own, or with `for` those of whom one speaks for.
pub(super) async fn list_own(State(app): State<App>, context: Context) -> Result<Response, Problem> {
    let for_whom: Option<Uuid> = context.asked("for")?;
    let caller = context.plain_caller(&app).await?;
    let Party::Resident(own) = caller.party() else { return Err(context.problem(Name::NotFound)) };
    read(&app, &context, &caller, for_whom.unwrap_or(*own)).await
}

/// What the caller may read of these consents; that it was read is on record.
async fn read(app: &App, context: &Context, caller: &Caller, resident: Uuid) -> Result<Response, Problem> {
    let failed = |error: &RegisterError| match error {
        RegisterError::Forbidden => context.problem(Name::NotFound),
        error => Problem::of_register(error, context.language),
    };
    let person = Person::find(&app.vault, caller, resident).await.map_err(|error| failed(&error))?;
    let reading = Reading::of(&app.vault, caller, &person).map_err(|error| failed(&error))?;
    person
        .looked_at(&app.vault, caller, (Kind::TrailRead, "consents"), &context.request)
        .await
        .map_err(|error| failed(&error))?;
    let body = consents_of(&person, &reading, caller.now()).map_err(|error| failed(&error))?;
    Ok(axum::Json(body).into_response())
}
