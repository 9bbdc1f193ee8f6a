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
h2,h3{border-top:1px solid #ccc;padding-top:1rem;margin-top:2rem}code,pre{font:14px/1.4 ui-monospace,monospace;overflow-wrap:anywhere}\
pre{background:#f5f5f5;padding:.75rem;overflow:auto}dt{font-weight:600}dd{margin-left:1.5rem}summary{cursor:pointer}nav li{margin:.25rem 0}\
@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}pre{background:#242424}a{color:#8ab4f8}}";

fn style_hash() -> String {
    data_encoding::BASE64.encode(ring::digest::digest(&ring::digest::SHA256, STYLE.as_bytes()).as_ref())
}

/// An operation with where it stands.
type Door<'d> = (&'d str, &'d String, String, &'d Value);

fn written(description: &str) -> String {
    let document: Value = serde_json::from_str(description).unwrap_or_default();
    let mut doors: Vec<Door<'_>> = members(document.get("paths"))
        .flat_map(|(path, operations)| members(Some(operations)).map(move |(method, of)| (path, method, of)))
        .map(|(path, method, of)| {
            let tag = of.pointer("/tags/0").and_then(Value::as_str).unwrap_or("server");
            (tag, path, method.to_uppercase(), of)
        })
        .collect();
    doors.sort_by_key(|(tag, path, method, _)| (*tag, *path, method.clone()));
    let mut out = format!(
        "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>gridvault API</title><style>{STYLE}</style><h1>gridvault API</h1><p>{}</p>\
         <p><a href=\"/openapi.json\">openapi.json</a> (OpenAPI 3.1)</p><nav>",
        prose(&document, "/info/description")
    );
    let mut under = "";
    for (tag, path, method, of) in &doors {
        if under != *tag {
            put(&mut out, format_args!("{}<p>{tag}</p><ul>", if under.is_empty() { "" } else { "</ul>" }));
            under = tag;
        }
        put(
            &mut out,
            format_args!(
                "<li><a href=\"#{}\"><code>{method} {path}</code></a> {}</li>",
                text(of, "/operationId"),
                prose(of, "/summary")
            ),
        );
    }
    out.push_str("</ul></nav>");
    for door in &doors {
        operation(&mut out, &document, door);
    }
    out.push_str("<h2>Schemas</h2>");
    for (name, of) in members(document.pointer("/components/schemas")) {
        schema(&mut out, name, of);
    }
    out.push_str("</html>");
    out
}

fn operation(out: &mut String, document: &Value, (_, path, method, of): &Door<'_>) {
    let id = text(of, "/operationId");
    put(
        out,
        format_args!("<h2 id=\"{id}\"><code>{method} {path}</code></h2><p>{}</p>", prose(of, "/summary")),
    );
    if let Some(entries) = of.get("x-entries").and_then(Value::as_array) {
        let kinds: Vec<&str> = entries.iter().filter_map(Value::as_str).collect();
        put(out, format_args!("<p>Entries: <code>{}</code></p>", kinds.join("</code> <code>")));
    }
    for of in of.get("parameters").and_then(Value::as_array).into_iter().flatten() {
        let (name, place) = (text(of, "/name"), text(of, "/in"));
        let kind = of.get("schema").map(kind).unwrap_or_default();
        put(out, format_args!("<p><code>{name}</code> ({place}): {kind}. {}</p>", prose(of, "/description")));
    }
    for (media, content) in members(of.pointer("/requestBody/content")) {
        let body = content.get("schema").map(kind).unwrap_or_default();
        put(out, format_args!("<p>Body, <code>{media}</code>: {body}</p>"));
        if let Some(example) = content.get("example") {
            json(out, "Example", example);
        }
    }
    out.push_str("<dl>");
    for (status, answer) in members(of.get("responses")) {
        // Refusals are said once for all doors.
        let named = answer.get("$ref").and_then(Value::as_str).and_then(|at| at.strip_prefix('#'));
        let answer = named.and_then(|at| document.pointer(at)).unwrap_or(answer);
        let body = answer.pointer("/content/application~1json/schema").map(kind).unwrap_or_default();
        put(out, format_args!("<dt>{status} {body}</dt><dd>{}</dd>", prose(answer, "/description")));
    }
    out.push_str("</dl>");
}

/// An object's members each on a line of its own; anything else as it is described.
fn schema(out: &mut String, name: &str, of: &Value) {
    let name = escaped(name);
    put(
        out,
        format_args!("<h3 id=\"schema-{name}\"><code>{name}</code></h3><p>{}</p>", prose(of, "/description")),
    );
    let required: Vec<&str> = of
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut listed = members(of.get("properties")).peekable();
    if listed.peek().is_none() {
        return json(out, "As it is described", of);
    }
    out.push_str("<dl>");
    for (member, of) in listed {
        let must = if required.contains(&member.as_str()) { "" } else { ", optional" };
        let kind = kind(of);
        put(out, format_args!("<dt><code>{}</code>: {kind}{must}</dt>", escaped(member)));
        put(out, format_args!("<dd>{}</dd>", prose(of, "/description")));
    }
    out.push_str("</dl>");
}

/// What kind of value that is, in a few words; a schema with a name as a link to it.
fn kind(of: &Value) -> String {
    if let Some(name) = of.get("$ref").and_then(Value::as_str).and_then(|at| at.rsplit('/').next()) {
        return format!("<a href=\"#schema-{0}\">{0}</a>", escaped(name));
    }
    for several in ["anyOf", "oneOf"] {
        if let Some(of) = of.get(several).and_then(Value::as_array) {
            return of.iter().map(kind).collect::<Vec<_>>().join(" or ");
        }
    }
    if let Some(items) = of.get("items") {
        return format!("list of {}", kind(items));
    }
    if let Some(values) = of.get("additionalProperties").filter(|values| values.is_object()) {
        return format!("{} by name", kind(values));
    }
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if let Some(words) = of.get("enum").and_then(Value::as_array) {
        return words
            .iter()
            .map(|w| format!("<code>{}</code>", escaped(&word(w))))
            .collect::<Vec<_>>()
            .join(" ");
    }
    if let Some(only) = of.get("const") {
        return format!("<code>{}</code>", escaped(&word(only)));
    }
    let types = match of.get("type") {
        Some(Value::Array(types)) => types.iter().map(word).collect::<Vec<_>>().join(" or "),
        Some(one) => word(one),
        None => "anything".into(),
    };
    let format = text(of, "/format");
    if format.is_empty() { escaped(&types) } else { format!("{} ({format})", escaped(&types)) }
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

fn text(value: &Value, pointer: &str) -> String {
    escaped(value.pointer(pointer).and_then(Value::as_str).unwrap_or_default())
}

/// A text in which words between backticks are code.
fn prose(value: &Value, pointer: &str) -> String {
    let mut out = String::new();
    for (at, part) in text(value, pointer).split('`').enumerate() {
        if at % 2 == 1 {
            put(&mut out, format_args!("<code>{part}</code>"));
        } else {
            out.push_str(part);
        }
    }
    out
}

fn json(out: &mut String, title: &str, value: &Value) {
    let pretty = escaped(&serde_json::to_string_pretty(value).unwrap_or_default());
    put(out, format_args!("<details><summary>{title}</summary><pre>{pretty}</pre></details>"));
}

fn put(out: &mut String, part: std::fmt::Arguments<'_>) {
    // Writing to a text does not fail.
    out.write_fmt(part).unwrap_or_default();
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
