//! `/log/{tenant}/…`: the log in the layout of C2SP tlog-tiles. Hashes and checkpoints are anybody's, so that strangers may
//! watch; entries are officers' and auditors', and reading them is itself on record.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use gridvault_audit::{Kind, Layer, Tile};
use serde_json::json;

use super::extract::Context;
use super::problem::Name;
use super::{App, Problem};

/// What never changes under its name.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// What the next place on the grid changes.
const FOR_NOW: &str = "public, max-age=5";
const BYTES: &str = "application/octet-stream";
const TEXT: &str = "text/plain; charset=utf-8";
pub(super) async fn checkpoint(
    State(app): State<App>,
    context: Context,
    Path(tenant): Path<String>,
) -> Result<Response, Problem> {
    of_this_log(&app, &context, &tenant)?;
    let newest = app.vault.publisher.newest().ok_or_else(|| context.problem(Name::NotFound))?;
    Ok(file(newest.note.clone(), TEXT, FOR_NOW))
}

/// The sizes of the kept checkpoints, a page of them.
pub(super) async fn checkpoints(
    State(app): State<App>,
    context: Context,
    Path(tenant): Path<String>,
) -> Result<Response, Problem> {
    of_this_log(&app, &context, &tenant)?;
    let after: i64 = context.asked("after")?.unwrap_or(-1);
    let page = app.vault.store.checkpoints(after).await.map_err(|error| failed(&context, &error))?;
    let next = page.last().filter(|_| page.len() >= super::extract::MOST).map(|last| last.slot);
    let mut sizes: Vec<i64> = page.iter().filter(|one| one.asked).map(|one| one.size).collect();
    sizes.dedup();
    let body = json!({ "sizes": sizes, "next": next });
    Ok(file(body.to_string(), "application/json", FOR_NOW))
}

pub(super) async fn kept(
    State(app): State<App>,
    context: Context,
    Path((tenant, size)): Path<(String, String)>,
) -> Result<Response, Problem> {
    of_this_log(&app, &context, &tenant)?;
    let size: i64 = size.parse().map_err(|_| context.problem(Name::NotFound))?;
    let found = app.vault.store.checkpoint_of(size).await.map_err(|error| failed(&context, &error))?;
    let found = found.ok_or_else(|| context.problem(Name::NotFound))?;
    Ok(file(found.note, TEXT, FOR_NOW))
}

pub(super) async fn keys(
    State(app): State<App>,
    context: Context,
    Path(tenant): Path<String>,
) -> Result<Response, Problem> {
    of_this_log(&app, &context, &tenant)?;
    // Beside the log's keys those that sign receipts: the oldest first.
    let mut keys: serde_json::Value =
        serde_json::from_str(&app.vault.publisher.keys_json()).unwrap_or_default();
    if let Some(keys) = keys.as_object_mut() {
        keys.insert("receipts".into(), app.vault.keys.receipt_keys().into());
    }
    Ok(file(keys.to_string(), "application/json", FOR_NOW))
}

pub(super) async fn witnesses(
    State(app): State<App>,
    context: Context,
    Path(tenant): Path<String>,
) -> Result<Response, Problem> {
    of_this_log(&app, &context, &tenant)?;
    Ok(file(app.vault.publisher.witnesses_json(), "application/json", FOR_NOW))
}

/// A tile of hashes.
pub(super) async fn hashes(
    State(app): State<App>,
    context: Context,
    Path((tenant, tile)): Path<(String, String)>,
) -> Result<Response, Problem> {
    of_this_log(&app, &context, &tenant)?;
    let tile = Tile::parse(&format!("tile/{tile}")).filter(|tile| matches!(tile.layer, Layer::Hashes(_)));
    give(&app, &context, tile, FOR_EVER).await
}

/// A bundle of entries' public parts.
pub(super) async fn entries(
    State(app): State<App>,
    context: Context,
    Path((tenant, n)): Path<(String, String)>,
) -> Result<Response, Problem> {
    bundle(&app, &context, &tenant, &format!("tile/entries/{n}")).await
}

/// A bundle of entries' private parts.
pub(super) async fn private(
    State(app): State<App>,
    context: Context,
    Path((tenant, n)): Path<(String, String)>,
) -> Result<Response, Problem> {
    bundle(&app, &context, &tenant, &format!("private/{n}")).await
}

/// A reading of the whole log is one entry an hour: an export of it would otherwise be as long as what it exports.
async fn bundle(app: &App, context: &Context, tenant: &str, path: &str) -> Result<Response, Problem> {
    let caller = context.reader(app).await?;
    of_this_log(app, context, tenant)?;
    context.enter_hourly(app, &caller, (Kind::TrailExported, "bundles"), None).await?;
    // Parts may be removed, so that a bundle is not for ever.
    give(app, context, Tile::parse(path), "no-store").await
}

async fn give(
    app: &App,
    context: &Context,
    tile: Option<Tile>,
    cache: &'static str,
) -> Result<Response, Problem> {
    let nowhere = || context.problem(Name::NotFound);
    let bytes = app.vault.publisher.file(tile.ok_or_else(nowhere)?).await;
    let bytes = bytes.map_err(|error| failed(context, &error))?.ok_or_else(nowhere)?;
    Ok(file(bytes, BYTES, cache))
}

fn of_this_log(app: &App, context: &Context, tenant: &str) -> Result<(), Problem> {
    if tenant == app.vault.keys.tenant() { Ok(()) } else { Err(context.problem(Name::NotFound)) }
}

fn failed(context: &Context, error: &crate::store::StoreError) -> Problem {
    tracing::error!(%error, "the log could not be read");
    context.problem(Name::Internal)
}

fn file(body: impl IntoResponse, kind: &'static str, cache: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, cache)], body).into_response()
}
