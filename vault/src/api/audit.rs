//! `/v1/audit/entries/…`: the trail for officers and auditors, entry by entry; each look is itself an entry.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gridvault_audit::Kind;
use serde::Deserialize;
use serde_json::{Value, json};

use super::extract::{Body, Context};
use super::me::proof_file;
use super::problem::Name;
use super::{App, Problem};
use crate::clock::parse_time;
use crate::register;
use crate::store::{EntryFilter, StoredEntry};
use crate::trail::Parts;

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
    let caller = context.reader(app).await?;
    let seq: i64 = seq.parse().map_err(|_| context.problem(Name::NotFound))?;
    let number = u64::try_from(seq).map_err(|_| context.problem(Name::NotFound))?;
    context.enter(app, &caller, (Kind::TrailRead, view), Some(("seq", seq))).await?;
    Ok(number)
}

pub(super) fn failed(context: &Context, error: &crate::store::StoreError) -> Problem {
    tracing::error!(%error, "the trail could not be read");
    context.problem(Name::Internal)
}

/// What an officer sees of an entry.
pub(super) fn both_parts(entry: &StoredEntry) -> Value {
    let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap_or_default();
    let mut out = json!({ "public": read(&entry.public) });
    if let (Some(private), Some(out)) = (&entry.private, out.as_object_mut()) {
        out.insert("private".into(), read(private));
    }
    out
}
