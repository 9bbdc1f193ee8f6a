//! `GET /docs`: the description for reading, one page made here, without a script and without anything from elsewhere.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

/// The page.
pub(super) async fn page() -> Response {
    static PAGE: LazyLock<String> = LazyLock::new(|| written(&super::openapi::description()));
    let mut response = PAGE.as_str().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    let policy = format!("default-src 'none'; style-src 'sha256-{}'; frame-ancestors 'none'", style_hash());
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}\
h2{border-top:1px solid #ccc;padding-top:1rem;margin-top:2rem}code,pre{font:14px/1.4 ui-monospace,monospace}\
pre{background:#f5f5f5;padding:.75rem;overflow:auto}dt{font-weight:600}summary{cursor:pointer}\
@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}pre{background:#242424}a{color:#8ab4f8}}";

fn style_hash() -> String {
    data_encoding::BASE64.encode(ring::digest::digest(&ring::digest::SHA256, STYLE.as_bytes()).as_ref())
}

fn written(description: &str) -> String {
    let document: Value = serde_json::from_str(description).unwrap_or_default();
    let mut out = format!(
        "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>gridvault API</title><style>{STYLE}</style><h1>gridvault API</h1><p>{}</p>\
         <p><a href=\"/openapi.json\">openapi.json</a> (OpenAPI 3.1)</p>",
        text(&document, "/info/description")
    );
    for (path, operations) in members(document.get("paths")) {
        for (method, operation) in members(Some(operations)) {
            put(
                &mut out,
                format_args!(
                    "<h2 id=\"{}\"><code>{} {path}</code></h2><p>{}</p>",
                    text(operation, "/operationId"),
                    method.to_uppercase(),
                    text(operation, "/summary")
                ),
            );
            let entries = operation.get("x-entries").and_then(Value::as_array);
            if let Some(entries) = entries {
                let kinds: Vec<&str> = entries.iter().filter_map(Value::as_str).collect();
                put(&mut out, format_args!("<p>Entries: <code>{}</code></p>", kinds.join("</code> <code>")));
            }
            for of in operation.get("parameters").and_then(Value::as_array).into_iter().flatten() {
                put(
                    &mut out,
                    format_args!(
                        "<p><code>{}</code> ({}) {}</p>",
                        text(of, "/name"),
                        text(of, "/in"),
                        text(of, "/description")
                    ),
                );
            }
            for (media, content) in members(operation.pointer("/requestBody/content")) {
                schema(&mut out, &format!("Body, {media}"), content.get("schema"));
                schema(&mut out, "Example", content.get("example"));
            }
            out.push_str("<dl>");
            for (status, answer) in members(operation.get("responses")) {
                // Refusals are said once for all doors.
                let named = answer.get("$ref").and_then(Value::as_str).and_then(|at| at.strip_prefix('#'));
                let answer = named.and_then(|at| document.pointer(at)).unwrap_or(answer);
                put(&mut out, format_args!("<dt>{status}</dt><dd>{}</dd>", text(answer, "/description")));
            }
            out.push_str("</dl>");
        }
    }
    out.push_str("<h2>Schemas</h2>");
    for (name, of) in members(document.pointer("/components/schemas")) {
        schema(&mut out, name, Some(of));
    }
    out.push_str("</html>");
    out
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

fn text(value: &Value, pointer: &str) -> String {
    escaped(value.pointer(pointer).and_then(Value::as_str).unwrap_or_default())
}

fn schema(out: &mut String, title: &str, schema: Option<&Value>) {
    let pretty = schema.map(|schema| serde_json::to_string_pretty(schema).unwrap_or_default());
    put(
        out,
        format_args!(
            "<details><summary>{}</summary><pre>{}</pre></details>",
            escaped(title),
            escaped(&pretty.unwrap_or_default())
        ),
    );
}

fn put(out: &mut String, part: std::fmt::Arguments<'_>) {
    // Writing to a text does not fail.
    out.write_fmt(part).unwrap_or_default();
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
