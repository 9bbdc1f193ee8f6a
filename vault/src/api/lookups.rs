//! `POST /v1/lookups`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use gridvault_audit::Receipt;
use gridvault_policy::{
    Basis, FieldDecision, FieldId, Obligation, Outcome, Purpose, Reason, RecordType, belongs,
};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

use super::extract::{Body, Context};
use super::problem::Name;
use super::{App, Problem};
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

fn denied(context: &Context, name: Name, released: &Released) -> Problem {
    let Answer { lookup, fields, obligations } = Answer::of(released);
    let problem = context.problem(name).with("lookup", value(lookup)).with("fields", value(fields));
    let problem = problem.with("obligations", value(obligations));
    match (released.decision.reason(), released.decision.fields().first()) {
        (Some(reason), Some(first)) => problem
            .with("rule", first.rule().to_string().into())
            .with("reason", value(ReasonBody::of(reason))),
        _ => problem,
    }
}

fn value(body: impl Serialize) -> Value {
    serde_json::to_value(body).unwrap_or_default()
}

/// The answer, written straight from what was released.
#[derive(Serialize)]
struct Answer<'r> {
    lookup: EntryNames,
    fields: Fields<'r>,
    obligations: Vec<ObligationBody>,
}

impl<'r> Answer<'r> {
    fn of(released: &'r Released) -> Self {
        Self {
            lookup: EntryNames::of(&released.receipt),
            fields: Fields(released),
            obligations: released.decision.obligations().iter().map(ObligationBody::of).collect(),
        }
    }
}

#[derive(Serialize)]
struct EntryNames {
    id: String,
    hash: String,
}

impl EntryNames {
    fn of(receipt: &Receipt) -> Self {
        Self { id: HEXLOWER.encode(&receipt.salt), hash: HEXLOWER.encode(&receipt.leaf) }
    }
}

/// Each field by its id.
struct Fields<'r>(&'r Released);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pairs = self.0.decision.fields().iter().zip(&self.0.answers);
        serializer
            .collect_map(pairs.map(|(decided, answer)| (decided.field().as_str(), Field { decided, answer })))
    }
}

struct Field<'r> {
    decided: &'r FieldDecision,
    answer: &'r FieldAnswer,
}

impl Serialize for Field<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { decided, answer } = self;
        let mut out = serializer.serialize_map(None)?;
        out.serialize_entry("outcome", answer.outcome.as_str())?;
        if let Some(value) = &answer.value {
            out.serialize_entry("value", value.reveal())?;
        }
        if let (Some(form), Outcome::Masked) = (decided.form(), answer.outcome) {
            out.serialize_entry("form", form.as_str())?;
        }
        out.serialize_entry("rule", &format_args!("{}", decided.rule()))?;
        if let Some(reason) = decided.reason() {
            out.serialize_entry("reason", &ReasonBody::of(reason))?;
        }
        out.end()
    }
}

#[derive(Serialize)]
struct ReasonBody {
    code: &'static str,
    zh: &'static str,
    en: &'static str,
}

impl ReasonBody {
    fn of(reason: Reason) -> Self {
        Self { code: reason.as_str(), zh: reason.zh(), en: reason.en() }
    }
}

#[derive(Serialize)]
struct ObligationBody {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<u32>,
}

impl ObligationBody {
    fn of(obligation: &Obligation) -> Self {
        Self { kind: obligation.kind.as_str(), scope: obligation.scope, days: obligation.days }
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
