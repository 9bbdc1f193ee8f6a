//! The API's description (OpenAPI 3.1), made from the doors.

use std::collections::{BTreeMap, BTreeSet};

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::doors::{Door, Gives};
use super::problem::Name;
use super::routes::all_doors;
use super::{examples, shapes};

const ABOUT: &str = "A vault for residents' personal data: every lookup is decided by role, grid, purpose and legal basis, and on \
record before any value leaves. 居民个人信息保险库：每次查阅都按岗位、网格、目的和法律依据裁定，先记录，后给出。\n\n\
Members are snake_case, times RFC 3339 with an offset, ids UUIDs. What a request says that is not described here is refused, \
never passed over. Titles are Chinese unless `Accept-Language` begins with `en`. Every answer has an `X-Request-Id`: \
name it when you ask the office about one.";

/// The description, as pretty JSON.
pub fn description() -> String {
    let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text.push('\n');
    text
}

fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
        // `uint32` and the like are no formats of JSON Schema: generators stumble over them.
        let plain = |schema: &mut Schema| {
            let width =
                schema.get("format").and_then(Value::as_str).is_some_and(|format| format.contains("int"));
            if width {
                schema.remove("format");
            }
        };
        settings.transforms.push(Box::new(RecursiveTransform(plain)));
    });
    let mut make = settings.into_generator();
    make.subschema_for::<shapes::Problem>();
    let mut paths: Map<String, Value> = Map::new();
    let mut refusals: BTreeMap<String, Value> = BTreeMap::new();
    for door in all_doors() {
        let operation = operation(&door, &mut make, &mut refusals);
        let path = paths.entry(door.path.replace('*', "")).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(door.method.to_ascii_lowercase(), operation);
        }
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "gridvault",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": ABOUT,
        },
        "servers": [{ "url": "/" }],
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": {
                "type": "http", "scheme": "bearer",
                "description": "256 random bits with the prefix `gv1_`, issued to a service or for a one-time code.",
            } },
            "headers": {
                "X-Request-Id": { "description": "The request's id, ours.", "required": true,
                    "schema": { "type": "string", "pattern": "^[0-9a-f]{32}$" } },
                "Retry-After": { "description": "Seconds to wait before asking again, where asking again may help.",
                    "schema": { "type": "integer", "minimum": 1 } },
                "ETag": { "description": "Changes when the words do.", "required": true, "schema": { "type": "string" } },
            },
            "responses": refusals,
            "schemas": make.take_definitions(true),
        },
    });
    plainly_named(document)
}

/// `LookupShape` is a name of ours; outside it is called `Lookup`.
fn plainly_named(document: Value) -> Value {
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    let named: BTreeSet<&str> = schemas.into_iter().flat_map(Map::keys).map(String::as_str).collect();
    let mut text = document.to_string();
    for name in &named {
        if let Some(short) = name.strip_suffix("Shape").filter(|short| !named.contains(short)) {
            text = text.replace(&format!("/{name}\""), &format!("/{short}\""));
            text = text.replace(&format!("\"{name}\":"), &format!("\"{short}\":"));
        }
    }
    serde_json::from_str(&text).unwrap_or(document)
}

fn operation(door: &Door, make: &mut SchemaGenerator, refusals: &mut BTreeMap<String, Value>) -> Value {
    let mut out = json!({
        "operationId": name(door),
        "summary": door.summary,
        "tags": [door.path.split('/').nth(2).filter(|_| door.path.starts_with("/v1/")).unwrap_or("operation")],
        "responses": responses(door, make, refusals),
    });
    let Some(members) = out.as_object_mut() else { return out };
    if door.open {
        members.insert("security".into(), json!([]));
    }
    if let Some((schema, media)) = &door.takes {
        let mut content = json!({ "schema": schema(make) });
        if let (Some(example), Some(content)) =
            (examples::body(door.method, door.path), content.as_object_mut())
        {
            content.insert("example".into(), example);
        }
        members.insert("requestBody".into(), json!({ "required": true, "content": { *media: content } }));
    }
    let parameters = parameters(door);
    if !parameters.is_empty() {
        members.insert("parameters".into(), Value::Array(parameters));
    }
    if !door.enters.is_empty() {
        members.insert("x-entries".into(), json!(door.enters));
    }
    out
}

/// `POST /v1/residents/{id}/erasure` → `post_residents_id_erasure`.
fn name(door: &Door) -> String {
    let words =
        door.path.trim_start_matches("/v1").split(['/', '{', '}', '.', '*']).filter(|word| !word.is_empty());
    let path: Vec<&str> = words.collect();
    format!("{}_{}", door.method.to_ascii_lowercase(), path.join("_"))
}

fn parameters(door: &Door) -> Vec<Value> {
    let mut out = Vec::new();
    for part in door.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        let schema = match part {
            "id" => json!({ "type": "string", "format": "uuid" }),
            "purpose" => json!({ "$ref": "#/components/schemas/Purpose" }),
            "seq" | "size" => json!({ "type": "integer", "minimum": 0 }),
            "*tile" => {
                json!({ "type": "string", "pattern": r"^[0-9]{1,2}/(x[0-9]{3}/)*[0-9]{3}(\.p/[0-9]{1,3})?$" })
            }
            "*n" => json!({ "type": "string", "pattern": r"^(x[0-9]{3}/)*[0-9]{3}(\.p/[0-9]{1,3})?$" }),
            _ => json!({ "$ref": "#/components/schemas/Identifier" }),
        };
        let part = part.trim_start_matches('*');
        out.push(json!({ "name": part, "in": "path", "required": true, "schema": schema }));
    }
    for of in &door.query {
        let (name, doc, required) = (of.name, of.doc, of.required);
        out.push(json!({ "name": name, "in": "query", "required": required, "description": doc, "schema": of.schema }));
    }
    if door.once {
        out.push(json!({ "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "The same key within 24 hours makes nothing twice.",
            "schema": { "$ref": "#/components/schemas/Identifier" } }));
    }
    out
}

fn responses(door: &Door, make: &mut SchemaGenerator, refusals: &mut BTreeMap<String, Value>) -> Value {
    let mut out = Map::new();
    for Gives { status, doc, schema, media } in &door.gives {
        let mut headers = header("X-Request-Id");
        if door.path == "/v1/catalog" {
            headers.extend(header("ETag"));
        }
        let mut answer =
            Map::from_iter([("description".into(), json!(doc)), ("headers".into(), headers.into())]);
        if let Some(schema) = schema {
            answer.insert("content".into(), json!({ *media: { "schema": schema(make) } }));
        } else if !media.is_empty() {
            answer.insert("content".into(), json!({ *media: {} }));
        }
        // The same answer in another form stands beside the first.
        let also = answer.get("content").and_then(Value::as_object).cloned().unwrap_or_default();
        match out
            .get_mut(&status.to_string())
            .and_then(|first| first.get_mut("content"))
            .and_then(Value::as_object_mut)
        {
            Some(content) => content.extend(also),
            None => drop(out.insert(status.to_string(), answer.into())),
        }
    }
    let mut names: Vec<Name> = door.refuses.clone();
    let unasked = door.open && door.takes.is_none() && door.query.is_empty();
    names
        .extend(super::problem::EVERYWHERE.iter().filter(|name| !unasked || name.status().is_server_error()));
    if !door.open {
        names.extend(super::problem::BEHIND_A_TOKEN);
    }
    for status in names.iter().map(|name| name.status().as_u16()).collect::<BTreeSet<_>>() {
        let alike = Name::ALL.iter().filter(|name| name.status().as_u16() == status && names.contains(name));
        let alike: Vec<Name> = alike.copied().collect();
        let title = alike.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join("Or");
        out.insert(status.to_string(), json!({ "$ref": format!("#/components/responses/{title}") }));
        refusals.entry(title).or_insert_with(|| refusal(status, &alike));
    }
    Value::Object(out)
}

/// The answer of that status, for one of these reasons; said once for all doors.
fn refusal(status: u16, names: &[Name]) -> Value {
    let mut headers = header("X-Request-Id");
    if matches!(status, 429 | 503) {
        headers.extend(header("Retry-After"));
    }
    let words: Vec<String> =
        names.iter().map(|name| format!("`{}`: {}", name.as_str(), name.english())).collect();
    json!({
        "description": words.join("; "),
        "headers": headers,
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    })
}

fn header(name: &str) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }))])
}
