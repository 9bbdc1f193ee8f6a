//! `POST /v1/lookups`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use gridvault_policy::{Basis, FieldDecision, FieldId, Outcome, Purpose, Reason, RecordType, belongs};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::extract::{Body, Context};
use super::problem::Name;
use super::{App, Problem};
use crate::authority::obligation_json;
use crate::identity::{Capacity, Nobody, Unidentified};
use crate::lookup::{Ask, Looked, LookupError, look_up};
use crate::register;
use crate::seal::{FieldAnswer, Released};
use crate::trail::{Act, Change};

const FIELDS: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    resident: Option<Uuid>,
    premises: Option<Uuid>,
    ticket: Option<Uuid>,
    fields: Vec<String>,
    purpose: Purpose,
    basis: Option<BasisBody>,
    task: Option<Uuid>,
    assignment: Option<Uuid>,
    on_behalf_of: Option<Uuid>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BasisBody {
    kind: Basis,
    #[serde(rename = "ref")]
    reference: Option<String>,
}

pub(super) async fn create(
    State(app): State<App>,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: Request = context.body(&bytes)?;
    let capacity = Capacity { assignment: body.assignment, on_behalf_of: body.on_behalf_of };
    let ask = ask(body, &context)?;
    let looked = match look_up(&app.vault, context.token()?, capacity, &ask).await {
        Ok(looked) => looked,
        Err(LookupError::Unidentified(Unidentified::PostNeeded(nobody))) => {
            return refused(&app, &context, &ask, *nobody, Name::AssignmentRequired).await;
        }
        Err(LookupError::Unidentified(Unidentified::NoPost(nobody))) => {
            return refused(&app, &context, &ask, *nobody, Name::Denied).await;
        }
        Err(LookupError::Unidentified(error)) => return Err(context.unidentified(&app, &error)),
        Err(error) => return Err(Problem::of_lookup(&error, context.language)),
    };
    Ok(match looked {
        Looked::Released(released) if released.decision.reason().is_some() => {
            denied(&context, Name::Denied, &released).into_response()
        }
        Looked::Released(released) => (StatusCode::OK, axum::Json(answer(&released))).into_response(),
        Looked::TaskNeeded(released) => denied(&context, Name::TaskRequired, &released).into_response(),
        Looked::BasisNeeded(released) => denied(&context, Name::BasisRequired, &released).into_response(),
        // Alike whether there is no such record or the caller may not know of it.
        Looked::Unknown(released) => {
            context.problem(Name::NotFound).with("lookup", entry_names(&released)).into_response()
        }
    })
}

fn ask(body: Request, context: &Context) -> Result<Ask, Problem> {
    let mut errors = Vec::new();
    let named = [
        (RecordType::Person, body.resident),
        (RecordType::Premises, body.premises),
        (RecordType::Ticket, body.ticket),
    ];
    let mut records = named.into_iter().filter_map(|(kind, id)| Some((kind, id?)));
    let (Some((kind, record)), None) = (records.next(), records.next()) else {
        let error = (String::new(), "exactly_one_of_resident_premises_ticket");
        return Err(Problem::invalid(context.language, &[error]));
    };
    if body.fields.is_empty() || body.fields.len() > FIELDS {
        errors.push(("/fields".to_owned(), "from_1_to_64"));
    }
    let mut fields: Vec<FieldId> = Vec::with_capacity(body.fields.len().min(FIELDS));
    for (i, id) in body.fields.iter().take(FIELDS).enumerate() {
        match FieldId::parse(id) {
            Err(unknown) => errors.push((format!("/fields/{i}"), unknown.code())),
            Ok(field) if fields.contains(&field) => errors.push((format!("/fields/{i}"), "repeated")),
            Ok(field) if !belongs(kind, field) => errors.push((format!("/fields/{i}"), "not_of_this_record")),
            Ok(field) => fields.push(field),
        }
    }
    if let Some(reference) = body.basis.as_ref().and_then(|basis| basis.reference.as_deref())
        && !super::is_identifier(reference)
    {
        errors.push(("/basis/ref".to_owned(), "identifier"));
    }
    if !errors.is_empty() {
        return Err(Problem::invalid(context.language, &errors));
    }
    let basis = body.basis.map(|basis| (basis.kind, basis.reference));
    Ok(Ask {
        kind,
        record,
        fields,
        purpose: body.purpose,
        basis,
        task: body.task,
        request: context.request.clone(),
    })
}

fn answer(released: &Released) -> Value {
    json!({ "lookup": entry_names(released), "fields": fields(released), "obligations": obligations(released) })
}

fn denied(context: &Context, name: Name, released: &Released) -> Problem {
    let problem =
        context.problem(name).with("lookup", entry_names(released)).with("fields", fields(released));
    let problem = problem.with("obligations", obligations(released));
    match (released.decision.reason(), released.decision.fields().first()) {
        (Some(reason), Some(first)) => {
            problem.with("rule", first.rule().to_string().into()).with("reason", reason_json(reason))
        }
        _ => problem,
    }
}

fn entry_names(released: &Released) -> Value {
    json!({ "id": HEXLOWER.encode(&released.receipt.salt), "hash": HEXLOWER.encode(&released.receipt.leaf) })
}

fn fields(released: &Released) -> Value {
    let pairs = released.decision.fields().iter().zip(&released.answers);
    Value::Object(
        pairs
            .map(|(decided, answer)| (decided.field().as_str().to_owned(), field(decided, answer)))
            .collect(),
    )
}

fn field(decided: &FieldDecision, answer: &FieldAnswer) -> Value {
    let mut out = Map::new();
    out.insert("outcome".into(), answer.outcome.as_str().into());
    if let Some(value) = &answer.value {
        out.insert("value".into(), value.reveal().into());
    }
    if let (Some(form), Outcome::Masked) = (decided.form(), answer.outcome) {
        out.insert("form".into(), form.as_str().into());
    }
    out.insert("rule".into(), decided.rule().to_string().into());
    if let Some(reason) = decided.reason() {
        out.insert("reason".into(), reason_json(reason));
    }
    Value::Object(out)
}

fn obligations(released: &Released) -> Value {
    let list = released.decision.obligations().iter();
    Value::Array(
        list.map(|o| {
            let bytes = obligation_json(o).to_bytes();
            serde_json::from_slice(&bytes).unwrap_or_default()
        })
        .collect(),
    )
}

fn reason_json(reason: Reason) -> Value {
    json!({ "code": reason.as_str(), "zh": reason.zh(), "en": reason.en() })
}

/// A known caller without a post to act in: refused, and entered.
async fn refused(
    app: &App,
    context: &Context,
    ask: &Ask,
    nobody: Nobody,
    name: Name,
) -> Result<Response, Problem> {
    let reason = Reason::PurposeRole;
    let mut entry =
        register::entry_by(gridvault_audit::Kind::Lookup, nobody.who, nobody.actor, &context.request);
    entry.public.purpose = Some(ask.purpose.as_str().into());
    entry.public.action = Some("view".into());
    entry.public.result = Some(gridvault_audit::ResultWord::Denied);
    entry.public.reason = Some(reason.as_str().into());
    let recorded = app.vault.log.record(Act::new(&app.vault.keys, entry, Change::none())).await;
    let recorded = recorded.map_err(|error| Problem::of_record(&error, context.language))?;
    let receipt = recorded.receipt();
    let names = json!({ "id": HEXLOWER.encode(&receipt.salt), "hash": HEXLOWER.encode(&receipt.leaf) });
    Ok(context.problem(name).with("lookup", names).with("reason", reason_json(reason)).into_response())
}
