//! What holds for all routes: limits, times, request ids, headers, one form of refusal.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use uuid::Uuid;

use super::doors::Size;
use super::extract::{RequestId, language};
use super::metrics::Metrics;
use super::problem::Name;
use super::rate::{self, Rate};
use super::reading::Readers;
use super::refusals::{AtTheDoor, entered};
use super::routes::all_doors;
use super::telemetry::Asked;
use super::throttle::Throttle;
use super::{Language, Limits, Problem};
use crate::Vault;
use crate::vault::Nature;

const ANSWER_WITHIN: Duration = Duration::from_secs(30);
const IMPORT_WITHIN: Duration = Duration::from_secs(1800);

/// What every handler shares.
#[derive(Clone)]
pub struct App {
    /// The open vault.
    pub vault: Arc<Vault>,
    pub(super) throttle: Arc<Throttle>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) limits: Limits,
    pub(super) rate: Arc<Rate>,
    pub(super) readers: Arc<Readers>,
}

impl App {
    /// The application over an open vault, within the usual limits.
    pub fn new(vault: Arc<Vault>) -> Self {
        Self::within(vault, Limits::default())
    }

    /// Likewise, within those.
    pub fn within(vault: Arc<Vault>, limits: Limits) -> Self {
        Self {
            vault,
            throttle: Arc::default(),
            metrics: Arc::default(),
            limits,
            rate: Arc::default(),
            readers: Arc::default(),
        }
    }
}

/// The routes.
pub fn router(app: App) -> Router {
    let (mut quick, mut long) = (Router::new(), Router::new());
    for door in all_doors() {
        match door.size {
            Size::Quick => quick = quick.route(door.path, door.handler),
            Size::Register => long = long.route(door.path, door.handler),
        }
    }
    let quick = quick
        .layer(DefaultBodyLimit::max(app.limits.body))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, ANSWER_WITHIN));
    let long = long
        .layer(DefaultBodyLimit::max(app.limits.import_body))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, IMPORT_WITHIN));
    quick
        .merge(long)
        .fallback(nowhere)
        .method_not_allowed_fallback(nowhere)
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(app.clone(), around))
        .with_state(app)
}

async fn nowhere(request: Request) -> Problem {
    Problem::new(Name::NotFound, language(request.headers()))
}

/// What was refused below our handlers (a body too large, an answer that took too long, a panic) is a problem like any other.
fn refused_alike(response: Response, language: Language) -> Response {
    let status = response.status();
    let ours =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/problem+json");
    if ours || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let name = match status {
        StatusCode::PAYLOAD_TOO_LARGE => Name::TooLarge,
        StatusCode::GATEWAY_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE => Name::AuditUnavailable,
        status if status.is_client_error() => Name::InvalidRequest,
        _ => Name::Internal,
    };
    Problem::new(name, language).into_response()
}

/// A door as an entry names it: `post_residents_id`.
fn door(request: &Request) -> String {
    let path = request.extensions().get::<axum::extract::MatchedPath>();
    let path = path.map_or("-", axum::extract::MatchedPath::as_str);
    let words = path.trim_start_matches("/v1/").split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    format!("{}_{}", request.method().as_str().to_ascii_lowercase(), words.join("_"))
}

/// A request id of ours on the way in; on the way out the headers of what is personal, and a line in the log without
/// anything of it.
async fn around(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = Uuid::now_v7().simple().to_string();
    request.extensions_mut().insert(RequestId(id.clone()));
    let at = AtTheDoor::default();
    request.extensions_mut().insert(at.clone());
    let door = door(&request);
    let asked = Asked::new(&request, &id);
    let language = language(request.headers());
    // Health is asked for by machines that must not be refused.
    let limited = app.limits.requests_per_minute != u32::MAX;
    let counted = limited && request.uri().path().starts_with("/v1/");
    let waits = counted.then(|| app.rate.wait(rate::caller(&request), app.limits.requests_per_minute));
    let mut response = match waits.flatten() {
        Some(seconds) => Problem::new(Name::TooManyRequests, language).retry_after(seconds).into_response(),
        None => {
            let response = refused_alike(next.run(request).await, language);
            entered(&app, &at, (&door, &id), response, language).await
        }
    };
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
    if app.vault.nature == Nature::Synthetic {
        headers.insert(HeaderName::from_static("x-gridvault-demo"), HeaderValue::from_static("1"));
    }
    asked.answered(&app.metrics, response.status());
    response
}
