//! How residents sign in: the code of the window, the second factor, and `GET /v1/me`, which shows both before anything else.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gridvault_audit::{Json, Kind};
use gridvault_policy::Role;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::extract::{Body, Context, Id};
use super::me::{area_name, failed, own_tag};
use super::{App, Problem};
use crate::Vault;
use crate::clock::rfc3339;
use crate::identity::{Caller, Party};
use crate::register::{RegisterError, add_factor, drop_factors, give_code, owed_to};
use crate::store::{EntryFilter, StoredEntry};

/// Sign-ins and codes that are shown.
const SHOWN: i64 = 50;

/// The open application at the window that the code is for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CodeRequest")]
pub(super) struct CodeFor {
    task: Uuid,
}

pub(super) async fn give(
    State(app): State<App>,
    id: Id,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: CodeFor = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    let id = id.known(&context)?;
    let given = give_code(&app.vault, &caller, id, body.task, &context.request).await;
    let (code, expires) = given.map_err(|error| Problem::of_register(&error, context.language))?;
    let body = json!({ "code": code.reveal(), "expires": rfc3339(expires) });
    Ok((StatusCode::CREATED, axum::Json(body)).into_response())
}

/// A code that came by letter or message.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewFactor")]
pub(super) struct Sent {
    #[schemars(length(max = 64))]
    code: String,
}

/// Guessing is slowed as it is for signing in.
pub(super) async fn add(
    State(app): State<App>,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: Sent = context.body(&bytes)?;
    if body.code.len() > 64 {
        return Err(Problem::invalid(context.language, &[("/code".into(), "too_long")]));
    }
    let caller = context.plain_caller(&app).await?;
    if let Some(seconds) = app.throttle.wait(&context.source) {
        return Err(context.problem(super::problem::Name::TooManyRequests).retry_after(seconds));
    }
    match add_factor(&app.vault, &caller, &body.code, &context.request).await {
        Ok(from) => {
            app.throttle.right_code(&context.source);
            let body = json!({ "counts_from": rfc3339(from) });
            Ok((StatusCode::CREATED, axum::Json(body)).into_response())
        }
        Err(error) => {
            if matches!(error, RegisterError::Invalid { .. }) {
                app.throttle.wrong_code(&context.source);
            }
            Err(Problem::of_register(&error, context.language))
        }
    }
}

pub(super) async fn drop_all(State(app): State<App>, context: Context) -> Result<StatusCode, Problem> {
    let caller = context.plain_caller(&app).await?;
    let dropped = drop_factors(&app.vault, &caller, &context.request).await;
    dropped.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok(StatusCode::NO_CONTENT)
}

/// The resident's own page: codes and sign-ins, the second factor, and how much word is owed.
pub(super) async fn mine(State(app): State<App>, context: Context) -> Result<Response, Problem> {
    let caller = context.plain_caller(&app).await?;
    let tag = own_tag(&app, &context, &caller).await?;
    context.enter(&app, &caller, (Kind::TrailRead, "own_page"), None).await?;
    let filter = EntryFilter {
        kinds: [Kind::CredentialChanged, Kind::AuthSignedIn].map(|kind| kind.as_str().to_owned()).to_vec(),
        record: Some(tag.to_vec()),
        newest_first: true,
        limit: SHOWN,
        ..EntryFilter::default()
    };
    let entries = app.vault.store.entries(&filter).await.map_err(|error| failed(&context, &error))?;
    let sign_ins: Vec<Value> = entries.iter().filter_map(|entry| sign_in(&app.vault, entry)).collect();
    let owed = match caller.party() {
        Party::Resident(resident) => owed_to(&app.vault, *resident, caller.now()).await,
        _ => Ok(Vec::new()),
    };
    let owed = owed.map_err(|error| Problem::of_register(&error, context.language))?;
    let page = json!({ "sign_ins": sign_ins, "second_factor": second_factor(&caller), "owed": owed.len() });
    Ok(axum::Json(page).into_response())
}

fn second_factor(caller: &Caller) -> Value {
    match caller.factor_from() {
        None => json!({ "state": "none" }),
        Some(from) if caller.has_factor() => json!({ "state": "counts", "from": rfc3339(from) }),
        Some(from) => json!({ "state": "waits", "from": rfc3339(from) }),
    }
}

/// A sign-in or a code as a resident reads it.
fn sign_in(vault: &Vault, entry: &StoredEntry) -> Option<Value> {
    let public = Json::parse_canonical(&entry.public).ok()?;
    let private = entry.private.as_deref().and_then(|bytes| Json::parse_canonical(bytes).ok());
    let what = private.as_ref().and_then(|private| private.get("detail")?.text("what"));
    let what = match (public.text("kind"), what) {
        (Some("auth.signed_in"), _) => "signed_in",
        (_, Some("factor_sent")) => "factor_sent",
        (_, Some("factor_added" | "factor_invented")) => "factor_added",
        (_, Some("factors_dropped")) => "factors_dropped",
        _ => "code_given",
    };
    let who = public.get("who")?;
    let area = who.text("area").map(|code| area_name(vault, code));
    let role = who.text("role").and_then(Role::parse).filter(|role| *role != Role::Resident);
    let by = format!("{}{}", area.clone().unwrap_or_default(), role.map_or("系统", Role::zh));
    let text = match what {
        "signed_in" => "凭登录码登录".to_owned(),
        "factor_sent" => format!("{by}寄出了确认码"),
        "factor_added" => "登记了另一登录凭证".to_owned(),
        "factors_dropped" => "撤销了另一登录凭证".to_owned(),
        _ => format!("{by}发出了登录码"),
    };
    let mut out = json!({ "at": rfc3339(entry.at), "what": what, "text": text });
    if let Some(out) = out.as_object_mut() {
        out.extend(role.map(|role| ("role".to_owned(), role.as_str().into())));
        out.extend(area.map(|area| ("area".to_owned(), area.into())));
    }
    Some(out)
}
