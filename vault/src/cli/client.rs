//! Asking a server over HTTP.

use std::path::Path;

use serde_json::Value;

use super::Failure;
use crate::config::read_secret;
use crate::seal::Secret;

/// The token: from a file, or from `GRIDVAULT_TOKEN`.
pub(super) fn token(file: Option<&Path>) -> Result<Secret, Failure> {
    if let Some(path) = file {
        return Ok(read_secret(path)?);
    }
    #[expect(clippy::disallowed_methods, reason = "the one setting of the client")]
    let set = std::env::var("GRIDVAULT_TOKEN");
    set.map(Secret::new).map_err(|_| Failure("no token: name --token-file or set GRIDVAULT_TOKEN".into(), 2))
}

/// Posts a body; gives status and answer.
pub(super) fn post(
    url: &str,
    token: &Secret,
    content_type: &str,
    body: &[u8],
) -> Result<(u16, Value), Failure> {
    let sent = agent()?
        .post(url)
        .header("authorization", &format!("Bearer {}", token.reveal()))
        .header("content-type", content_type)
        .header("accept-language", "en")
        .send(body);
    answered(url, sent)
}

/// Gets what lies there; gives status and answer.
pub(super) fn get(url: &str, token: &Secret) -> Result<(u16, Value), Failure> {
    let sent = agent()?
        .get(url)
        .header("authorization", &format!("Bearer {}", token.reveal()))
        .header("accept-language", "en")
        .call();
    answered(url, sent)
}

fn answered(
    url: &str,
    sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Result<(u16, Value), Failure> {
    let mut response = sent.map_err(|error| Failure(format!("{url}: {error}"), 1))?;
    let status = response.status().as_u16();
    let text = response.body_mut().with_config().limit(64 * 1024 * 1024).read_to_string();
    let text = text.map_err(|error| Failure(format!("{url}: {error}"), 1))?;
    Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
}

fn agent() -> Result<ureq::Agent, Failure> {
    crate::tls::agent(None).map_err(|words| Failure(words, 1))
}

/// What a problem says to people.
pub(super) fn problem(status: u16, answer: &Value) -> Failure {
    let word = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (title, reason) = (word("/title"), word("/reason/en"));
    let errors = answer.get("errors").map(Value::to_string).unwrap_or_default();
    Failure(format!("{status} {title} {reason} {errors}").trim_end().to_owned(), 1)
}
