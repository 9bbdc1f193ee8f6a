//! `POST /v1/searches` and `POST /v1/verifications`.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use gridvault_policy::{FieldId, Purpose, RecordType, belongs};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::EntryNames;
use super::extract::{Body, Context};
use super::lookups::BasisBody;
use super::problem::Name;
use super::{App, Problem};
use crate::clock::civil_date;
use crate::identity::Capacity;
use crate::lookup::{By, Claim, Looked, LookupError, Query, Target, search, spelled, verify};
use crate::records::values::normalise;
use crate::vault::Nature;
use crate::words::is_like_a_name;

/// A search: by exact ID number or phone, by premises, or by name in one area.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SearchRequest {
    by: By,
    #[schemars(length(min = 1, max = 100))]
    value: String,
    /// A cell's code in the scheme of the post, or a premises' code: where a name is searched for.
    #[schemars(with = "Option<crate::words::Identifier>")]
    area: Option<String>,
    #[schemars(with = "crate::words::PurposeWord")]
    purpose: Purpose,
    basis: Option<BasisBody>,
    task: Option<Uuid>,
    assignment: Option<Uuid>,
    on_behalf_of: Option<Uuid>,
}

pub(super) async fn create(
    State(app): State<App>,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: SearchRequest = context.body(&bytes)?;
    let value = whole(&app, &context, body.by, &body.value, "/value")?;
    if body.area.as_ref().is_some_and(|area| !super::is_identifier(area)) {
        return Err(Problem::invalid(context.language, &[("/area".into(), "identifier")]));
    }
    let basis = body.basis.map(|basis| (basis.kind, basis.reference));
    let query = Query {
        by: body.by,
        value,
        area: body.area,
        purpose: body.purpose,
        task: super::emergencies::task_of(body.task, body.purpose, basis.as_ref()),
        basis,
        request: context.request.clone(),
    };
    let capacity = Capacity { assignment: body.assignment, on_behalf_of: body.on_behalf_of };
    let found = Box::pin(search(&app.vault, context.token()?, capacity, &query)).await;
    let found = found.map_err(|error| refused(&app, &context, &error))?;
    let hits: Vec<Value> = found
        .hits
        .iter()
        .filter_map(|hit| {
            let Looked::Released(released) = &hit.looked else { return None };
            let name = released.answers.first().and_then(|answer| answer.value.as_ref());
            let mut out = json!({ "resident": hit.record, "lookup": EntryNames::of(&released.receipt) });
            let more = [("name", name.map(|name| name.reveal().to_owned())), ("area", hit.area.clone())];
            for (member, value) in more {
                if let (Some(value), Some(out)) = (value, out.as_object_mut()) {
                    out.insert(member.into(), value.into());
                }
            }
            Some(out)
        })
        .collect();
    Ok(axum::Json(json!({ "search": EntryNames::of(&found.receipt), "results": hits })).into_response())
}

/// A verification: whether all of these claims hold of a resident, named by id or by a whole value.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VerificationRequest {
    resident: Option<Uuid>,
    by: Option<By>,
    #[schemars(length(min = 1, max = 100))]
    value: Option<String>,
    /// Whole values by field.
    #[schemars(extend("minProperties" = 1, "maxProperties" = 8, "propertyNames" = json!({ "$ref": "#/components/schemas/StoredField" })))]
    claims: BTreeMap<String, String>,
    #[schemars(with = "crate::words::PurposeWord")]
    purpose: Purpose,
    basis: Option<BasisBody>,
    task: Option<Uuid>,
    assignment: Option<Uuid>,
    on_behalf_of: Option<Uuid>,
}

const CLAIMS: usize = 8;

pub(super) async fn verify_claims(
    State(app): State<App>,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: VerificationRequest = context.body(&bytes)?;
    let invalid = |pointer: &str, code| Problem::invalid(context.language, &[(pointer.to_owned(), code)]);
    let target = match (body.resident, body.by, &body.value) {
        (Some(id), None, None) => Target::Record(id),
        (None, Some(by @ (By::IdNumber | By::Phone)), Some(value)) => {
            Target::Value(by, whole(&app, &context, by, value, "/value")?)
        }
        _ => return Err(invalid("", "exactly_one_of_resident_or_value")),
    };
    if body.claims.is_empty() || body.claims.len() > CLAIMS {
        return Err(invalid("/claims", "from_1_to_8"));
    }
    let (synthetic, today) = (app.vault.nature == Nature::Synthetic, civil_date(app.vault.now()));
    let mut claims = Vec::with_capacity(body.claims.len());
    for (id, text) in &body.claims {
        let pointer = if is_like_a_name(id) { format!("/claims/{id}") } else { "/claims".to_owned() };
        let field = FieldId::parse(id).map_err(|unknown| invalid(&pointer, unknown.code()))?;
        if field.is_derived() || !belongs(RecordType::Person, field) {
            return Err(invalid(&pointer, "not_of_this_record"));
        }
        let value =
            normalise(field, text, synthetic, today).map_err(|error| invalid(&pointer, error.code))?;
        claims.push((field, value.value));
    }
    let claim = Claim {
        target,
        claims,
        purpose: body.purpose,
        basis: body.basis.map(|basis| (basis.kind, basis.reference)),
        task: body.task,
        request: context.request.clone(),
    };
    let capacity = Capacity { assignment: body.assignment, on_behalf_of: body.on_behalf_of };
    let verified = Box::pin(verify(&app.vault, context.token()?, capacity, &claim)).await;
    let verified = verified.map_err(|error| refused(&app, &context, &error))?;
    let names = EntryNames::of(&verified.receipt);
    Ok(axum::Json(json!({ "verification": names, "holds": verified.holds })).into_response())
}

fn whole(
    app: &App,
    context: &Context,
    by: By,
    text: &str,
    pointer: &str,
) -> Result<crate::seal::Secret, Problem> {
    let (synthetic, today) = (app.vault.nature == Nature::Synthetic, civil_date(app.vault.now()));
    spelled(by, text, synthetic, today)
        .map_err(|code| Problem::invalid(context.language, &[(pointer.to_owned(), code)]))
}

/// A refusal names its entry; one for want of a task says so by its name.
fn refused(app: &App, context: &Context, error: &LookupError) -> Problem {
    match error {
        LookupError::Unidentified(error) => context.unidentified(app, error),
        LookupError::Refused(gridvault_policy::Reason::NoTask, receipt) => context
            .problem(Name::TaskRequired)
            .with("lookup", super::answer::value(EntryNames::of(receipt)))
            .entered(),
        LookupError::Refused(_, receipt) | LookupError::TooMany(_, receipt) => {
            let names = super::answer::value(EntryNames::of(receipt));
            Problem::of_lookup(error, context.language).with("lookup", names)
        }
        error => Problem::of_lookup(error, context.language),
    }
}
