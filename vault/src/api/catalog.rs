//! `GET /v1/self` and `GET /v1/catalog`: what a developer reads first. Nothing personal in either.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gridvault_audit::Kind;
use gridvault_policy::{Basis, Book, FieldId, Purpose, Reason, items, needs_task};
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

use super::extract::Context;
use super::{App, Problem};
use crate::authority::{TaskEnd, TaskKind};
use crate::clock::rfc3339;
use crate::identity::{Caller, Party, capacities};

/// The caller's live posts, or the agreement, each with the fields it could see at best.
pub(super) async fn own(State(app): State<App>, context: Context) -> Result<Response, Problem> {
    let callers = capacities(&app.vault, context.token()?).await;
    let callers = callers.map_err(|error| context.unidentified(&app, &error))?;
    let book = app.vault.book.load_full();
    let list: Vec<Value> = callers.iter().map(|caller| capacity(&book, caller)).collect();
    Ok(axum::Json(json!({ "capacities": list })).into_response())
}

fn capacity(book: &Book, caller: &Caller) -> Value {
    let mut purposes = Map::new();
    let allowed = |purpose: Purpose| match caller.party() {
        Party::Service { agreement, .. } => agreement.purposes.contains(&purpose),
        _ => true,
    };
    for offer in book.offers(caller.role(), caller.department()) {
        if !allowed(offer.purpose) {
            continue;
        }
        let purpose = purposes.entry(offer.purpose.as_str()).or_insert_with(|| {
            json!({ "zh": offer.purpose.zh(), "en": offer.purpose.en(), "task": needs_task(offer.purpose), "fields": {} })
        });
        let needs: Map<String, Value> =
            offer.needs.iter().map(|(name, words)| ((*name).to_owned(), json!(words))).collect();
        let mut field = json!({ "outcome": offer.outcome, "rule": offer.rule.to_string(), "needs": needs });
        if let (Some(form), Some(object)) = (offer.form, field.as_object_mut()) {
            object.insert("form".into(), json!(form));
        }
        if let Some(fields) = purpose.get_mut("fields").and_then(Value::as_object_mut) {
            fields.insert(offer.field.as_str().to_owned(), field);
        }
    }
    let mut out = json!({
        "role": caller.role(), "department": caller.department(), "posture": caller.posture(), "purposes": purposes,
    });
    let more = match caller.party() {
        Party::Post(post) => json!({
            "assignment": post.id, "scheme": post.assignment.scheme, "areas": post.assignment.areas,
            "from": rfc3339(post.assignment.from), "to": post.assignment.to.map(rfc3339),
        }),
        Party::Service { id, agreement, .. } => json!({
            "service": id, "acts_for": agreement.acts_for, "from": rfc3339(agreement.from), "to": rfc3339(agreement.to),
        }),
        Party::Resident(record) => json!({ "resident": record }),
    };
    if let (Some(out), Value::Object(more)) = (out.as_object_mut(), more) {
        out.extend(more.into_iter().filter(|(_, value)| !value.is_null()));
    }
    out
}

/// Every word that a request or an answer may hold, in both languages.
pub(super) async fn catalog(
    State(app): State<App>,
    context: Context,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    capacities(&app.vault, context.token()?).await.map_err(|error| context.unidentified(&app, &error))?;
    let body = words(&app.vault.book.load()).to_string();
    let tag = format!("\"{}\"", data_encoding::HEXLOWER.encode(digest(&SHA256, body.as_bytes()).as_ref()));
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| {
        known
            .to_str()
            .is_ok_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag))
    });
    let etag = HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\""));
    Ok(if known {
        (StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response()
    } else {
        let json = HeaderValue::from_static("application/json");
        ([(header::ETAG, etag), (header::CONTENT_TYPE, json)], body).into_response()
    })
}

fn words(book: &Book) -> Value {
    let field = |field: FieldId| {
        let codes: Vec<Value> =
            field.codes().iter().map(|[id, zh, en]| json!({ "id": id, "zh": zh, "en": en })).collect();
        json!({
            "id": field.as_str(), "zh": field.zh(), "en": field.en(), "tier": field.tier(), "mask": field.mask(),
            "record": field.record(), "derived": field.is_derived(),
            "inputs": field.inputs().iter().map(|input| input.as_str()).collect::<Vec<_>>(),
            "codes": codes,
        })
    };
    let purpose = |purpose: &Purpose| {
        json!({
            "id": purpose, "zh": purpose.zh(), "en": purpose.en(), "task": needs_task(*purpose),
            "bases": Basis::ALL.iter().filter(|basis| !book.fields_of(*purpose, **basis).is_empty()).collect::<Vec<_>>(),
        })
    };
    let task_kind = |kind: &TaskKind| {
        let [zh, en] = kind.names();
        let outcomes: Vec<&str> = kind.ends().iter().map(|end| end.as_str()).collect();
        json!({ "id": kind, "zh": zh, "en": en, "purposes": kind.purposes(), "outcomes": outcomes })
    };
    let outcome = |end: &TaskEnd| {
        let [zh, en] = end.names();
        json!({ "id": end.as_str(), "zh": zh, "en": en })
    };
    json!({
        "policy": data_encoding::HEXLOWER.encode(&book.manifest_hash()),
        "fields": FieldId::all().map(field).collect::<Vec<_>>(),
        "purposes": Purpose::ALL.iter().map(purpose).collect::<Vec<_>>(),
        "bases": Basis::ALL.iter().map(|b| json!({ "id": b, "zh": b.zh(), "en": b.en() })).collect::<Vec<_>>(),
        "reasons": Reason::ALL.iter().map(|r| json!({ "id": r, "zh": r.zh(), "en": r.en() })).collect::<Vec<_>>(),
        "task_kinds": TaskKind::ALL.iter().map(task_kind).collect::<Vec<_>>(),
        "outcomes": TaskEnd::ALL.iter().map(outcome).collect::<Vec<_>>(),
        "task_list": items().iter().map(|item| json!({ "id": item.id, "zh": item.name, "purposes": item.purposes })).collect::<Vec<_>>(),
        "kinds": Kind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>(),
    })
}
