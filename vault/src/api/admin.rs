//! What is told to those who look after the machine, on a listener of its own: metrics and health.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use gridvault_audit::Checkpoint;
use tokio::sync::Semaphore;

use super::metrics::Page;
use super::{App, health};
use crate::trail::Witnessing;

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What the metrics tell beside the counts.
pub(super) struct Told {
    /// Room for further connections.
    pub(super) room: Arc<Semaphore>,
    /// Connections there may be.
    pub(super) connections: usize,
    pub(super) pin: Option<PathBuf>,
}

/// The routes.
pub(super) fn router(app: App, told: Told) -> Router {
    let told = Arc::new(told);
    Router::new()
        .route("/metrics", get(move |State(app): State<App>| async move { metrics(&app, &told).await }))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .with_state(app)
}

async fn metrics(app: &App, told: &Told) -> Response {
    let (mut page, now) = (Page::default(), app.vault.clock.now());
    let database = if app.vault.store.is_file() { "sqlite" } else { "postgres" };
    page.head("gridvault_info", "Which instance this is, and on what database.", "gauge");
    let labels = format!("database=\"{database}\",instance=\"{}\"", instance());
    page.line("gridvault_info", &labels, 1);
    app.metrics.write(&mut page);
    let open = told.connections.saturating_sub(told.room.available_permits());
    page.gauge("gridvault_connections", "Connections of callers that are open.", open);
    let (hints, writer) = (app.vault.log.sink().hints(), app.vault.log.sink());
    page.gauge("gridvault_log_queue", "Changes waiting to be written.", writer.waiting());
    let (batches, written) = hints.written();
    page.counter("gridvault_log_batches_total", "Transactions that this instance committed.", batches);
    page.counter("gridvault_log_written_total", "Entries that this instance committed.", written);
    let head = app.vault.store.head().await.ok().flatten();
    page.gauge("gridvault_database_up", "Whether the database answered just now.", u8::from(head.is_some()));
    if let Some(head) = head {
        page.gauge("gridvault_log_entries", "Entries in the log.", head.size);
        let age = seconds(now - head.at);
        page.gauge("gridvault_last_commit_age_seconds", "Age of the last entry, any instance's.", age);
    }
    witnesses(app, &mut page);
    if let Some((entries, at)) = told.pin.as_deref().and_then(pin) {
        page.gauge("gridvault_pin_entries", "Entries that the pin names.", entries);
        page.gauge("gridvault_pin_age_seconds", "Since the pin was written.", seconds(now - at));
    }
    ([(header::CONTENT_TYPE, TEXT), (header::CACHE_CONTROL, "no-store")], page.finish()).into_response()
}

/// What was published, who cosigned it, and whether anything stands in the way.
fn witnesses(app: &App, page: &mut Page) {
    let (publisher, halted) = (&app.vault.publisher, app.vault.log.sink().hints().halted().is_some());
    page.gauge("gridvault_log_halted", "Whether the log is stopped: log-rollback.", u8::from(halted));
    page.gauge("gridvault_witnesses", "Witnesses that are asked.", publisher.witnesses().len());
    let standing = publisher.witnessing();
    let is = |one: Witnessing| u8::from(standing == one);
    page.gauge(
        "gridvault_witness_unreachable",
        "Whether a witness could not be asked.",
        is(Witnessing::Unreachable),
    );
    page.gauge(
        "gridvault_witness_disagreed",
        "Whether a witness shows something else.",
        is(Witnessing::Disagreed),
    );
    if let Some(newest) = publisher.newest() {
        page.gauge(
            "gridvault_published_entries",
            "Entries that the newest checkpoint names.",
            newest.checkpoint.size,
        );
        page.gauge("gridvault_published_cosignatures", "Witnesses that cosigned it.", newest.cosigned);
    }
}

/// This machine's name.
fn instance() -> String {
    let name = rustix::system::uname();
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    name.nodename().to_string_lossy().chars().filter(plain).collect()
}

/// Entries that the pin names, and when it was written.
fn pin(path: &Path) -> Option<(u64, i64)> {
    let pinned = Checkpoint::parse_unverified(&std::fs::read_to_string(path).ok()?).ok()?;
    let written = std::fs::metadata(path).ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some((pinned.size, i64::try_from(written.as_micros()).ok()?))
}

fn seconds(micros: i64) -> i64 {
    micros.max(0) / 1_000_000
}
