//! `POST /v1/lookups` and `POST /v1/lookups/batch`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gridvault_policy::{Basis, FieldId, Purpose, Reason, RecordType, belongs};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{Answer, EntryNames, ReasonBody, value};
use super::emergencies::task_of;
use super::extract::{Body, Context};
use super::problem::Name;
use super::{App, Problem};
use crate::identity::{Capacity, Nobody, Unidentified};
use crate::lookup::{Ask, Looked, LookupError, Manner, look_up, look_up_all};
use crate::register;
use crate::seal::Released;
use crate::trail::{Act, Change};

const FIELDS: usize = 64;
const RECORDS: usize = 500;

/// A lookup: exactly one of resident, premises and ticket is asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LookupRequest")]
pub(super) struct Request {
    resident: Option<Uuid>,
    premises: Option<Uuid>,
    ticket: Option<Uuid>,
    #[schemars(with = "Vec<crate::words::FieldWord>", length(min = 1, max = 64), extend("uniqueItems" = true))]
    fields: Vec<String>,
    #[schemars(with = "crate::words::PurposeWord")]
    purpose: Purpose,
    basis: Option<BasisBody>,
    /// The task that it serves, where the purpose asks for one.
    task: Option<Uuid>,
    /// The post acted in, where more than one is held.
    assignment: Option<Uuid>,
    /// The post that a service acts for.
    on_behalf_of: Option<Uuid>,
}

/// A legal basis, perhaps with what it rests on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LegalBasis")]
pub(super) struct BasisBody {
    #[schemars(with = "crate::words::BasisWord")]
    pub(super) kind: Basis,
    #[serde(rename = "ref")]
    #[schemars(with = "Option<crate::words::Identifier>")]
    pub(super) reference: Option<String>,
}

/// Several records for one purpose, basis and task: all residents, all premises or all tickets.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BatchRequest {
    #[serde(default)]
    #[schemars(length(max = 500), extend("uniqueItems"=true))]
    residents: Vec<Uuid>,
    #[serde(default)]
    #[schemars(length(max = 500), extend("uniqueItems"=true))]
    premises: Vec<Uuid>,
    #[serde(default)]
    #[schemars(length(max = 500), extend("uniqueItems"=true))]
    tickets: Vec<Uuid>,
    #[schemars(with = "Vec<crate::words::FieldWord>", length(min = 1, max = 64), extend("uniqueItems" = true))]
    fields: Vec<String>,
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
    let body: Request = context.body(&bytes)?;
    let capacity = Capacity { assignment: body.assignment, on_behalf_of: body.on_behalf_of };
    let ask = ask(body, &context)?;
    // On the heap: what carries it through the layers is then small.
    let looked = match Box::pin(look_up(&app.vault, context.token()?, capacity, &ask)).await {
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
        Looked::Released(released) => (StatusCode::OK, axum::Json(Answer::of(&released))).into_response(),
        Looked::TaskNeeded(released) => denied(&context, Name::TaskRequired, &released).into_response(),
        Looked::BasisNeeded(released) => denied(&context, Name::BasisRequired, &released).into_response(),
        // Alike whether there is no such record or the caller may not know of it.
        Looked::Unknown(released) => context
            .problem(Name::NotFound)
            .with("lookup", value(EntryNames::of(&released.receipt)))
            .into_response(),
    })
}

fn ask(body: Request, context: &Context) -> Result<Ask, Problem> {
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
    let (fields, basis) = checked(context, kind, &body.fields, body.basis)?;
    Ok(Ask {
        kind,
        record,
        fields,
        purpose: body.purpose,
        task: task_of(body.task, body.purpose, basis.as_ref()),
        basis,
        manner: Manner::VIEW,
        request: context.request.clone(),
    })
}

type Checked = (Vec<FieldId>, Option<(Basis, Option<String>)>);

/// The fields, each once and of that kind of record, and the basis.
fn checked(
    context: &Context,
    kind: RecordType,
    ids: &[String],
    basis: Option<BasisBody>,
) -> Result<Checked, Problem> {
    let mut errors = Vec::new();
    if ids.is_empty() || ids.len() > FIELDS {
        errors.push(("/fields".to_owned(), "from_1_to_64"));
    }
    let mut fields: Vec<FieldId> = Vec::with_capacity(ids.len().min(FIELDS));
    for (i, id) in ids.iter().take(FIELDS).enumerate() {
        match FieldId::parse(id) {
            Err(unknown) => errors.push((format!("/fields/{i}"), unknown.code())),
            Ok(field) if fields.contains(&field) => errors.push((format!("/fields/{i}"), "repeated")),
            Ok(field) if !belongs(kind, field) => errors.push((format!("/fields/{i}"), "not_of_this_record")),
            Ok(field) => fields.push(field),
        }
    }
    if let Some(reference) = basis.as_ref().and_then(|basis| basis.reference.as_deref())
        && !super::is_identifier(reference)
    {
        errors.push(("/basis/ref".to_owned(), "identifier"));
    }
    if !errors.is_empty() {
        return Err(Problem::invalid(context.language, &errors));
    }
    Ok((fields, basis.map(|basis| (basis.kind, basis.reference))))
}

pub(super) async fn create_batch(
    State(app): State<App>,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let body: BatchRequest = context.body(&bytes)?;
    let invalid = |pointer: &str, code| Problem::invalid(context.language, &[(pointer.to_owned(), code)]);
    let named = [
        (RecordType::Person, "/residents", &body.residents),
        (RecordType::Premises, "/premises", &body.premises),
        (RecordType::Ticket, "/tickets", &body.tickets),
    ];
    let mut kinds = named.into_iter().filter(|(_, _, ids)| !ids.is_empty());
    let (Some((kind, pointer, ids)), None) = (kinds.next(), kinds.next()) else {
        return Err(invalid("", "exactly_one_of_residents_premises_tickets"));
    };
    if ids.len() > RECORDS {
        return Err(invalid(pointer, "from_1_to_500"));
    }
    let distinct: std::collections::HashSet<&Uuid> = ids.iter().collect();
    if distinct.len() != ids.len() {
        return Err(invalid(pointer, "repeated"));
    }
    let records: Vec<(RecordType, Uuid)> = ids.iter().map(|id| (kind, *id)).collect();
    let (fields, basis) = checked(&context, kind, &body.fields, body.basis)?;
    let capacity = Capacity { assignment: body.assignment, on_behalf_of: body.on_behalf_of };
    let ask = Ask {
        kind,
        record: Uuid::nil(),
        fields,
        purpose: body.purpose,
        task: task_of(body.task, body.purpose, basis.as_ref()),
        basis,
        manner: Manner::VIEW,
        request: context.request.clone(),
    };
    let items = match Box::pin(look_up_all(&app.vault, context.token()?, capacity, &records, &ask)).await {
        Ok(items) => items,
        Err(LookupError::Unidentified(Unidentified::PostNeeded(nobody))) => {
            return refused(&app, &context, &ask, *nobody, Name::AssignmentRequired).await;
        }
        Err(LookupError::Unidentified(Unidentified::NoPost(nobody))) => {
            return refused(&app, &context, &ask, *nobody, Name::Denied).await;
        }
        Err(LookupError::Unidentified(error)) => return Err(context.unidentified(&app, &error)),
        Err(error) => return Err(Problem::of_lookup(&error, context.language)),
    };
    let lookups: Vec<Value> = items
        .iter()
        .map(|item| {
            let (released, problem) = match &item.looked {
                Looked::Released(released) if released.decision.reason().is_some() => {
                    (released, Some(Name::Denied))
                }
                Looked::Released(released) => (released, None),
                Looked::TaskNeeded(released) => (released, Some(Name::TaskRequired)),
                Looked::BasisNeeded(released) => (released, Some(Name::BasisRequired)),
                Looked::Unknown(released) => (released, Some(Name::NotFound)),
            };
            let mut out = match problem {
                Some(Name::NotFound) => json!({ "lookup": EntryNames::of(&released.receipt) }),
                _ => value(Answer::of(released)),
            };
            if let Some(out) = out.as_object_mut() {
                out.insert("record".into(), json!(item.record));
                if let Some(problem) = problem {
                    out.insert("problem".into(), json!(problem.as_str()));
                }
            }
            out
        })
        .collect();
    Ok(axum::Json(json!({ "lookups": lookups })).into_response())
}

fn denied(context: &Context, name: Name, released: &Released) -> Problem {
    let Answer { lookup, fields, obligations } = Answer::of(released);
    let problem = context.problem(name).with("lookup", value(lookup)).with("fields", value(fields));
    let problem = problem.with("obligations", value(obligations)).entered();
    match (released.decision.reason(), released.decision.fields().first()) {
        (Some(reason), Some(first)) => problem
            .with("rule", first.rule().to_string().into())
            .with("reason", value(ReasonBody::of(reason))),
        _ => problem,
    }
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
    let names = value(EntryNames::of(recorded.receipt()));
    Ok(context
        .problem(name)
        .with("lookup", names)
        .with("reason", value(ReasonBody::of(reason)))
        .into_response())
}
