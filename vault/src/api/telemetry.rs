//! What the operator learns of a request: one line and one count, of its route's template, status and time; never an id,
//! a query, a token or a value.

use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, Method, StatusCode};

use super::metrics::Metrics;

/// A request under way.
pub(super) struct Asked {
    begun: Instant,
    method: Method,
    route: Option<MatchedPath>,
    request: String,
    trace: Option<String>,
}

impl Asked {
    /// Begins with what came in; `id` is ours.
    pub(super) fn new(request: &Request, id: &str) -> Self {
        Self {
            begun: Instant::now(),
            method: request.method().clone(),
            route: request.extensions().get::<MatchedPath>().cloned(),
            request: id.to_owned(),
            trace: trace_id(request.headers()),
        }
    }

    /// Ends with that status: a count, and a line in the log.
    pub(super) fn answered(self, metrics: &Metrics, status: StatusCode) {
        let route = self.route.as_ref().map_or("-", MatchedPath::as_str);
        let elapsed = self.begun.elapsed();
        metrics.answered(route, status.as_u16(), elapsed);
        // Whoever calls may invent a method.
        let method = if is_usual(&self.method) { self.method.as_str() } else { "-" };
        tracing::info!(
            method,
            route,
            status = status.as_u16(),
            ms = milliseconds(elapsed),
            request = self.request,
            trace = self.trace,
            "answered"
        );
    }
}

fn is_usual(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS]
        .contains(method)
}

/// With one digit behind the point.
fn milliseconds(elapsed: Duration) -> f64 {
    (elapsed.as_secs_f64() * 10_000.0).round() / 10.0
}

/// The trace id of a well-formed `traceparent` (W3C Trace Context): `00-<32 hex>-<16 hex>-<2 hex>`, none of the ids all zero.
fn trace_id(headers: &HeaderMap) -> Option<String> {
    let mut all = headers.get_all("traceparent").iter();
    let (Some(text), None) = (all.next(), all.next()) else { return None };
    let text = text.to_str().ok()?;
    let mut parts = text.split('-');
    let hex = |part: &&str, length| {
        part.len() == length && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let version = parts.next().filter(|v| hex(v, 2) && *v != "ff")?;
    let trace = parts.next().filter(|t| hex(t, 32) && t.bytes().any(|b| b != b'0'))?;
    parts.next().filter(|p| hex(p, 16) && p.bytes().any(|b| b != b'0'))?;
    parts.next().filter(|f| hex(f, 2))?;
    // Later versions may say more.
    (version != "00" || parts.next().is_none()).then(|| trace.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_id_is_taken_over_only_if_well_formed() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.append("traceparent", text.parse().unwrap());
            trace_id(&headers)
        };
        let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        assert_eq!(read(&format!("00-{trace}-{parent}-01")).as_deref(), Some(trace));
        assert_eq!(read(&format!("01-{trace}-{parent}-01-more")).as_deref(), Some(trace));
        let (zeros, no_parent) = ("0".repeat(32), "0".repeat(16));
        for wrong in [
            String::new(),
            "王小明".into(),
            format!("00-{trace}-{parent}"),
            format!("00-{trace}-{parent}-01-more"),
            format!("ff-{trace}-{parent}-01"),
            format!("00-{zeros}-{parent}-01"),
            format!("00-{trace}-{no_parent}-01"),
            format!("00-{}-{parent}-01", trace.to_uppercase()),
            format!("00-{trace}0-{parent}-01"),
        ] {
            let value = axum::http::HeaderValue::from_bytes(wrong.as_bytes()).unwrap();
            let headers = HeaderMap::from_iter([("traceparent".parse().unwrap(), value)]);
            assert_eq!(trace_id(&headers), None, "{wrong}");
        }
    }
}
