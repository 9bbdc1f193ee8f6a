//! `GET /verify`: a page on which anybody checks a proof file, here or from a disk, without asking us anything.

use std::sync::LazyLock;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::App;

/// One file that needs nothing else: it works just so when it was saved.
const PAGE: &str = include_str!("pages/verifier.html");
/// Where the page takes the keys of the log and of its witnesses.
const KEYS: &str = r#"{"keys":[],"origin":"","witnesses":[]}"#;

/// The policy that the page says of itself, so that what is sent with it never differs.
fn policy() -> Option<HeaderValue> {
    static POLICY: LazyLock<Option<String>> = LazyLock::new(|| {
        let (_, behind) = PAGE.split_once("http-equiv=\"Content-Security-Policy\" content=\"")?;
        let (policy, _) = behind.split_once('"')?;
        Some(format!("{policy}; frame-ancestors 'none'"))
    });
    HeaderValue::from_str(POLICY.as_deref()?).ok()
}

pub(super) async fn page(State(app): State<App>) -> Response {
    let publisher = &app.vault.publisher;
    let read = |text: String| serde_json::from_str::<Value>(&text).unwrap_or_default();
    let (keys, witnesses) = (read(publisher.keys_json()), read(publisher.witnesses_json()));
    let of = |from: &Value, name: &str| from.get(name).cloned().unwrap_or_default();
    let keys = json!({ "keys": of(&keys, "keys"), "origin": of(&keys, "origin"), "witnesses": of(&witnesses, "witnesses") });
    let page = PAGE.replacen(KEYS, &keys.to_string().replace('<', "\\u003c"), 1);
    let mut response = page.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if let Some(policy) = policy() {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
