//! `/v1/audit/…`: the trail for officers and auditors; each look is itself an entry.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gridvault_audit::{Json, Kind};
use gridvault_policy::Role;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::extract::{Body, Context};
use super::me::proof_file;
use super::problem::Name;
use super::{App, Problem};
use crate::authority::Header;
use crate::clock::parse_time;
use crate::register;
use crate::store::{EntryFilter, StoredEntry, Table};
use crate::trail::{Act, Change, Parts};

/// What is asked of the trail; what is not said does not narrow it.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TrailQuery")]
pub(super) struct Ask {
    /// Kinds of entries.
    #[serde(default)]
    #[schemars(with = "Vec<crate::words::KindWord>")]
    kinds: Vec<String>,
    /// The person or service that acted.
    actor: Option<Uuid>,
    /// The resident, premises or ticket that it is about.
    record: Option<Uuid>,
    #[schemars(with = "Option<crate::words::When>")]
    from: Option<String>,
    #[schemars(with = "Option<crate::words::When>")]
    to: Option<String>,
    /// `next` of the page before.
    after: Option<i64>,
    /// Entries at most; 100 where nothing is said.
    #[schemars(range(min = 1, max = 500))]
    limit: Option<i64>,
}

pub(super) async fn query(
    State(app): State<App>,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let ask: Ask = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    if !matches!(caller.role(), Role::PrivacyOfficer | Role::Auditor) {
        return Err(context.problem(Name::Denied));
    }
    let filter = filter(&app, &context, ask).await?;
    let mut read = register::entry(Kind::TrailRead, &caller, &context.request);
    read.private.detail.insert("view", Json::from("query"));
    read.private.detail.insert("limit", Json::Int(filter.limit));
    let recorded = app.vault.log.record(Act::new(&app.vault.keys, read, Change::none())).await;
    recorded.map_err(|error| Problem::of_record(&error, context.language))?;
    let entries = app.vault.store.entries(&filter).await.map_err(|error| failed(&context, &error))?;
    let full = i64::try_from(entries.len()).unwrap_or(i64::MAX) == filter.limit;
    let next = entries.last().filter(|_| full).map(|entry| entry.seq);
    let entries: Vec<Value> = entries.iter().map(both_parts).collect();
    Ok(axum::Json(json!({ "entries": entries, "next": next })).into_response())
}

/// An entry, by its number.
pub(super) async fn entry(
    State(app): State<App>,
    context: Context,
    Path(seq): Path<String>,
) -> Result<Response, Problem> {
    let seq = reader_of(&app, &context, &seq, "entry").await?;
    let at = i64::try_from(seq).unwrap_or(i64::MAX);
    let filter = EntryFilter {
        after: Some(at - 1),
        before: Some(at.saturating_add(1)),
        limit: 1,
        ..EntryFilter::default()
    };
    let entries = app.vault.store.entries(&filter).await.map_err(|error| failed(&context, &error))?;
    let entry = entries.first().ok_or_else(|| context.problem(Name::NotFound))?;
    Ok(axum::Json(both_parts(entry)).into_response())
}

/// The proof that an entry is in the log.
pub(super) async fn proof(
    State(app): State<App>,
    context: Context,
    Path(seq): Path<String>,
) -> Result<Response, Problem> {
    let seq = reader_of(&app, &context, &seq, "proof").await?;
    let proof = app.vault.publisher.prove(seq).await.map_err(|error| failed(&context, &error))?;
    Ok(proof_file(seq, &proof.ok_or_else(|| context.problem(Name::NotFound))?))
}

/// What is to be removed from the trail.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PruningRequest")]
pub(super) struct PruningRequest {
    /// Both parts of entries, or their private parts alone.
    what: PrunedParts,
    /// Of entries before this moment: three years ago at least.
    #[schemars(with = "crate::words::When")]
    before: String,
}

#[derive(Clone, Copy, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
enum PrunedParts {
    Entries,
    PrivateParts,
}

/// Proposes to remove old entries; a second person confirms it.
pub(super) async fn prune(
    State(app): State<App>,
    context: Context,
    Body(bytes): Body,
) -> Result<Response, Problem> {
    let ask: PruningRequest = context.body(&bytes)?;
    let caller = context.plain_caller(&app).await?;
    let before = parse_time(&ask.before)
        .ok_or_else(|| Problem::invalid(context.language, &[("/before".to_owned(), "time")]))?;
    let what = match ask.what {
        PrunedParts::Entries => Parts::Entries,
        PrunedParts::PrivateParts => Parts::Private,
    };
    let proposal = register::propose_pruning(&app.vault, &caller, what, before, &context.request).await;
    let proposal = proposal.map_err(|error| Problem::of_register(&error, context.language))?;
    Ok((StatusCode::ACCEPTED, axum::Json(json!({ "proposal": proposal }))).into_response())
}

/// An officer or auditor, whose look at that entry is on record from here on.
async fn reader_of(app: &App, context: &Context, seq: &str, view: &'static str) -> Result<u64, Problem> {
    let caller = context.plain_caller(app).await?;
    if !matches!(caller.role(), Role::PrivacyOfficer | Role::Auditor) {
        return Err(context.problem(Name::Denied));
    }
    let seq: i64 = seq.parse().map_err(|_| context.problem(Name::NotFound))?;
    let number = u64::try_from(seq).map_err(|_| context.problem(Name::NotFound))?;
    let mut read = register::entry(Kind::TrailRead, &caller, &context.request);
    read.private.detail.insert("view", Json::from(view));
    read.private.detail.insert("seq", Json::Int(seq));
    let recorded = app.vault.log.record(Act::new(&app.vault.keys, read, Change::none())).await;
    recorded.map_err(|error| Problem::of_record(&error, context.language))?;
    Ok(number)
}

fn failed(context: &Context, error: &crate::store::StoreError) -> Problem {
    tracing::error!(%error, "the trail could not be read");
    context.problem(Name::Internal)
}

async fn filter(app: &App, context: &Context, ask: Ask) -> Result<EntryFilter, Problem> {
    let invalid = |pointer: &str, code| Problem::invalid(context.language, &[(pointer.to_owned(), code)]);
    if ask.kinds.iter().any(|kind| Kind::parse(kind).is_none()) {
        return Err(invalid("/kinds", "word_unknown"));
    }
    let time = |text: Option<String>, pointer| match text {
        None => Ok(None),
        Some(text) => parse_time(&text).map(Some).ok_or_else(|| invalid(pointer, "time")),
    };
    let limit = ask.limit.unwrap_or(100);
    if !(1..=500).contains(&limit) {
        return Err(invalid("/limit", "from_1_to_500"));
    }
    let record = match ask.record {
        None => None,
        Some(id) => {
            let row = app.vault.store.row(Table::Records, id.as_bytes()).await;
            let row = row.map_err(|_| context.problem(Name::Internal))?;
            let tag = row.and_then(|row| app.vault.keys.check::<Header>(&row)).and_then(|h| h.tag_bytes());
            // A record that is not there has no entries: an impossible tag finds none.
            Some(tag.map_or_else(Vec::new, |tag| tag.to_vec()))
        }
    };
    Ok(EntryFilter {
        kinds: ask.kinds,
        actor: ask.actor.map(|id| id.to_string()),
        record,
        from: time(ask.from, "/from")?,
        to: time(ask.to, "/to")?,
        after: ask.after,
        limit,
        ..EntryFilter::default()
    })
}

fn both_parts(entry: &StoredEntry) -> Value {
    let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap_or_default();
    let mut out = json!({ "public": read(&entry.public) });
    if let (Some(private), Some(out)) = (&entry.private, out.as_object_mut()) {
        out.insert("private".into(), read(private));
    }
    out
}
