//! What a request brings: body, query, token, language, request id; each refused as a problem, in the contract's order.

use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Query, Request};
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

/// The longest page.
pub(super) const MOST: usize = 500;

/// A request's circumstances.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) language: Language,
    pub(super) request: String,
    pub(super) source: String,
    token: Option<Secret>,
    /// The members of the query, each one that the door asks for, and once.
    query: Vec<(String, String)>,
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
        let (language, token) = (language(&parts.headers), bearer(&parts.headers));
        let query = query(parts, language)?;
        let at = parts.extensions.get::<AtTheDoor>().cloned().unwrap_or_default();
        let key = parts.headers.get("idempotency-key");
        let key = key.map(|key| key.to_str().unwrap_or_default().to_owned());
        let mut context = Self { language, request, source, token, query, assignment: None, key, at };
        context.assignment = context.asked("assignment")?;
        Ok(context)
    }
}

/// What the query says. One that names what the door does not ask for, or says a thing twice, is refused: a member that
/// goes unheard is a request misread.
fn query(parts: &Parts, language: Language) -> Result<Vec<(String, String)>, Problem> {
    let refused = |pointer: String, code| Problem::invalid(language, &[(pointer, code)]);
    let read = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
    let Query(pairs) = read.map_err(|_| refused("?".into(), "not_understood"))?;
    let route = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
    let asks = super::doors::asks(parts.method.as_str(), route);
    for (i, (name, _)) in pairs.iter().enumerate() {
        if !asks.contains(&name.as_str()) {
            return Err(refused("?".into(), "unknown"));
        }
        if pairs.iter().take(i).any(|(earlier, _)| earlier == name) {
            return Err(refused(format!("?{name}"), "repeated"));
        }
    }
    Ok(pairs)
}

/// Chinese unless English is asked for first.
pub(super) fn language(headers: &HeaderMap) -> Language {
    let asked = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if asked.trim_start().to_ascii_lowercase().starts_with("en") { Language::En } else { Language::Zh }
}

/// The token, without the blanks around it.
pub(super) fn bearer(headers: &HeaderMap) -> Option<Secret> {
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
        // A list would be read as the members' values in their order, which is no shape of ours.
        if bytes.trim_ascii_start().starts_with(b"[") {
            return Err(Problem::invalid(self.language, &[(String::new(), "not_understood")]));
        }
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

    /// A member of the query, if it is there.
    pub(super) fn asked<T: FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        let Some((_, text)) = self.query.iter().find(|(member, _)| member == name) else { return Ok(None) };
        let read = text.parse().map(Some);
        read.map_err(|_| Problem::invalid(self.language, &[(format!("?{name}"), "not_understood")]))
    }

    /// How many a page may hold: `?limit=`, from 1 to 500.
    pub(super) fn limit(&self, otherwise: usize) -> Result<usize, Problem> {
        let limit = self.asked("limit")?.unwrap_or(otherwise);
        if (1..=MOST).contains(&limit) {
            return Ok(limit);
        }
        Err(Problem::invalid(self.language, &[("?limit".to_owned(), "from_1_to_500")]))
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
            // What a client invents is not repeated.
            Segment::Map { key } if crate::words::is_like_a_name(key) => out.push_str(&format!("/{key}")),
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
