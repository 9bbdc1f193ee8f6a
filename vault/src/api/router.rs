//! What holds for all routes: limits, times, request ids, headers, one form of refusal.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use uuid::Uuid;

use super::doors::Size;
use super::extract::{RequestId, language};
use super::problem::Name;
use super::routes::all_doors;
use super::throttle::Throttle;
use super::{Language, Problem};
use crate::Vault;
use crate::register::{raise_broken_rows, raise_clock};
use crate::vault::Nature;

const BODY: usize = 256 * 1024;
const IMPORT_BODY: usize = 256 * 1024 * 1024;
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
const IMPORT_WITHIN: Duration = Duration::from_secs(1800);
const CLOSE_WITHIN: Duration = Duration::from_secs(20);

/// What every handler shares.
#[derive(Clone)]
pub struct App {
    /// The open vault.
    pub vault: Arc<Vault>,
    pub(super) throttle: Arc<Throttle>,
}

impl App {
    /// The application over an open vault.
    pub fn new(vault: Arc<Vault>) -> Self {
        Self { vault, throttle: Arc::default() }
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
        .layer(DefaultBodyLimit::max(BODY))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, ANSWER_WITHIN));
    let long = long
        .layer(DefaultBodyLimit::max(IMPORT_BODY))
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

/// A request id of ours on the way in; on the way out the headers of what is personal, and a line in the log without
/// anything of it.
async fn around(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = Uuid::now_v7().simple().to_string();
    request.extensions_mut().insert(RequestId(id.clone()));
    let route = request.extensions().get::<axum::extract::MatchedPath>().map(|p| p.as_str().to_owned());
    let method = request.method().clone();
    let language = language(request.headers());
    let mut response = refused_alike(next.run(request).await, language);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
    if app.vault.nature == Nature::Synthetic {
        headers.insert(HeaderName::from_static("x-gridvault-demo"), HeaderValue::from_static("1"));
    }
    let status = response.status().as_u16();
    tracing::info!(%method, route = route.as_deref().unwrap_or("-"), status, request = %id, "answered");
    response
}

/// Serves until `stop`, then lets answers under way finish and closes the vault.
pub async fn serve(
    vault: Arc<Vault>,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let app = App::new(Arc::clone(&vault));
    let upkeep = tokio::spawn(upkeep(app.clone()));
    let (told, stopping) = tokio::sync::oneshot::channel();
    let service = router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(async move {
        stop.await;
        if told.send(()).is_err() {
            tracing::debug!("the server had ended already");
        }
    });
    let mut serving = std::pin::pin!(std::future::IntoFuture::into_future(serving));
    let served = tokio::select! {
        served = &mut serving => served,
        _ = stopping => match tokio::time::timeout(CLOSE_WITHIN, serving).await {
            Ok(served) => served,
            Err(_) => {
                let _: () = tracing::warn!("answers under way were cut off");
                Ok(())
            },
        },
    };
    upkeep.abort();
    app.throttle.enter(&vault).await;
    vault.close().await;
    served
}

/// Once a second findings, once a minute refused credentials.
async fn upkeep(app: App) {
    let mut clock_told = false;
    for second in 1u64.. {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if !clock_told && app.vault.clock.was_ahead() {
            clock_told = raise_clock(&app.vault).await.is_ok();
        }
        if let Err(error) = raise_broken_rows(&app.vault).await {
            tracing::warn!(%error, "findings could not be entered");
        }
        if let Err(error) = app.vault.turn_page().await {
            tracing::error!(%error, "the rules of the new day do not hold together: those of before stay in force");
        }
        if second % 60 == 0 {
            app.throttle.enter(&app.vault).await;
        }
    }
}
