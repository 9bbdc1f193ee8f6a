//! What a request brings: body, token, language, request id; each refused as a problem, in the contract's order.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use gridvault_policy::{Posture, Reason};
use serde::de::DeserializeOwned;
use serde_json::json;
use uuid::Uuid;

use super::problem::Name;
use super::refusals::AtTheDoor;
use super::{App, Language, Problem};
use crate::identity::{Caller, Capacity, Party, Unidentified, identify};
use crate::register::{Once, once};
use crate::seal::Secret;

/// A request's circumstances.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) language: Language,
    pub(super) request: String,
    pub(super) source: String,
    token: Option<Secret>,
    /// `?assignment=`: the post acted in, of anything but a lookup (whose body names it).
    assignment: Option<Uuid>,
    /// `Idempotency-Key`.
    key: Option<String>,
    at: AtTheDoor,
}

/// Put into the request by the router's outermost layer.
#[derive(Clone, Debug)]
pub(super) struct RequestId(pub(super) String);

impl FromRequestParts<App> for Context {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Problem> {
        let request = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        let source = parts
            .extensions
            .get::<axum::extract::ConnectInfo<std::net::SocketAddr>>()
            .map_or_else(|| "unknown".to_owned(), |info| info.0.ip().to_string());
        let query = parts.uri.query().unwrap_or_default();
        let assignment = query.split('&').find_map(|pair| pair.strip_prefix("assignment=")?.parse().ok());
        let (language, token) = (language(&parts.headers), bearer(&parts.headers));
        let at = parts.extensions.get::<AtTheDoor>().cloned().unwrap_or_default();
        let key = parts.headers.get("idempotency-key");
        let key = key.map(|key| key.to_str().unwrap_or_default().to_owned());
        Ok(Self { language, request, source, token, assignment, key, at })
    }
}

/// Chinese unless English is asked for first.
pub(super) fn language(headers: &HeaderMap) -> Language {
    let asked = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if asked.trim_start().to_ascii_lowercase().starts_with("en") { Language::En } else { Language::Zh }
}

fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let token = value.strip_prefix("Bearer ")?.trim();
    (token.len() <= 128).then(|| Secret::new(token))
}

impl Context {
    pub(super) fn problem(&self, name: Name) -> Problem {
        Problem::new(name, self.language)
    }

    /// The body as JSON of a closed shape: unknown, missing and repeated members are `invalid-request` with a pointer.
    pub(super) fn body<T: DeserializeOwned>(&self, bytes: &Bytes) -> Result<T, Problem> {
        if let Ok(read) = serde_json::from_slice(bytes) {
            return Ok(read);
        }
        // Again, to say where it is wrong.
        let mut from = serde_json::Deserializer::from_slice(bytes);
        let read = serde_path_to_error::deserialize(&mut from);
        let read = read
            .map_err(|error| Problem::invalid(self.language, &[(pointer(error.path()), "not_understood")]))?;
        from.end().map_err(|_| Problem::invalid(self.language, &[(String::new(), "trailing")]))?;
        Ok(read)
    }

    /// The bearer token.
    pub(super) fn token(&self) -> Result<&Secret, Problem> {
        self.token.as_ref().ok_or_else(|| self.problem(Name::Unauthenticated))
    }

    /// The post that the query names.
    pub(super) fn capacity(&self) -> Capacity {
        Capacity { assignment: self.assignment, on_behalf_of: None }
    }

    /// Whether this request was heard before under its `Idempotency-Key`.
    pub(super) async fn once(
        &self,
        app: &App,
        caller: &Caller,
        route: &str,
        body: &[u8],
    ) -> Result<Once, Problem> {
        let once = once(&app.vault, caller, route, self.key.as_deref(), body).await;
        once.map_err(|error| Problem::of_register(&error, self.language))
    }

    /// The caller of anything but a lookup.
    pub(super) async fn plain_caller(&self, app: &App) -> Result<Caller, Problem> {
        let caller = identify(&app.vault, self.token()?, self.capacity()).await;
        let caller = caller.map_err(|error| self.unidentified(app, &error))?;
        // Lookups are decided by the rules, which name postures; everything else is done at a device of the office's.
        let unmanaged =
            caller.posture() == Posture::Unmanaged && !matches!(caller.party(), Party::Resident(_));
        if caller.posture() == Posture::Lost || unmanaged {
            let reason = Reason::DeviceRevoked;
            self.at.is(&caller, reason);
            let words = json!({ "code": reason.as_str(), "zh": reason.zh(), "en": reason.en() });
            return Err(self.problem(Name::Denied).with("reason", words));
        }
        self.at.is(&caller, Reason::PurposeRole);
        Ok(caller)
    }

    /// Why there is no caller, outside. Unknown credentials are counted, not entered one by one.
    pub(super) fn unidentified(&self, app: &App, error: &Unidentified) -> Problem {
        match error {
            Unidentified::Unauthenticated => {
                app.throttle.refused(&self.source);
                app.metrics.refused();
            }
            Unidentified::PostNeeded(nobody) | Unidentified::NoPost(nobody) => self.at.is_nobody(nobody),
            Unidentified::Store(_) => {}
        }
        Problem::of_unidentified(error, self.language)
    }
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut out = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => out.push_str(&format!("/{index}")),
            // Names of the closed shape only: what a client invents is not repeated.
            Segment::Map { key } if super::is_identifier(key) => out.push_str(&format!("/{key}")),
            _ => {}
        }
    }
    out
}

/// The id in a path. One that cannot be an id names nothing that is there.
pub(super) struct Id(Option<Uuid>);

impl Id {
    pub(super) fn known(self, context: &Context) -> Result<Uuid, Problem> {
        self.0.ok_or_else(|| context.problem(Name::NotFound))
    }
}

impl FromRequestParts<App> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let path = axum::extract::Path::<Uuid>::from_request_parts(parts, app).await;
        Ok(Self(path.ok().map(|path| path.0)))
    }
}

/// The body's bytes within the route's limit; larger ones are `too-large`.
pub(super) struct Body(pub(super) Bytes);

impl FromRequest<App> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let language = language(request.headers());
        match Bytes::from_request(request, app).await {
            Ok(bytes) => Ok(Self(bytes)),
            Err(_) => Err(Problem::new(Name::TooLarge, language)),
        }
    }
}
