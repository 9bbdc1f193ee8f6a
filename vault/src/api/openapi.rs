//! The API's description (OpenAPI 3.1), made from the doors.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::doors::{Door, Gives};
use super::problem::Name;
use super::routes::all_doors;

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
    });
    let mut make = settings.into_generator();
    let mut paths: Map<String, Value> = Map::new();
    for door in all_doors() {
        let operation = operation(&door, &mut make);
        let path = paths.entry(door.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(door.method.to_ascii_lowercase(), operation);
        }
    }
    let mut schemas = make.take_definitions(true);
    schemas.insert("Problem".into(), problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "gridvault",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": "A vault for residents' personal data: every lookup is decided by role, grid, purpose and legal basis, and on record before any value leaves. 居民个人信息保险库：每次查阅都按岗位、网格、目的和法律依据裁定，先记录，后给出。",
        },
        "servers": [{ "url": "/" }],
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": {
                "type": "http", "scheme": "bearer",
                "description": "256 random bits with the prefix `gv1_`, issued to a service or for a one-time code.",
            } },
            "schemas": schemas,
        },
    })
}

fn operation(door: &Door, make: &mut schemars::SchemaGenerator) -> Value {
    let mut out = json!({
        "operationId": name(door),
        "summary": door.summary,
        "tags": [door.path.split('/').nth(2).filter(|_| door.path.starts_with("/v1/")).unwrap_or("operation")],
        "responses": responses(door, make),
    });
    let Some(members) = out.as_object_mut() else { return out };
    if door.open {
        members.insert("security".into(), json!([]));
    }
    if let Some((schema, media)) = &door.takes {
        let schema = schema(make);
        let content = json!({ *media: { "schema": schema } });
        members.insert("requestBody".into(), json!({ "required": true, "content": content }));
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
        door.path.trim_start_matches("/v1").split(['/', '{', '}', '.']).filter(|word| !word.is_empty());
    let path: Vec<&str> = words.collect();
    format!("{}_{}", door.method.to_ascii_lowercase(), path.join("_"))
}

fn parameters(door: &Door) -> Vec<Value> {
    let mut out = Vec::new();
    for part in door.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        let schema = match part {
            "id" => json!({ "type": "string", "format": "uuid" }),
            "purpose" => json!({ "$ref": "#/components/schemas/Purpose" }),
            _ => json!({ "type": "string", "pattern": "^[A-Za-z0-9._:-]{1,64}$" }),
        };
        out.push(json!({ "name": part, "in": "path", "required": true, "schema": schema }));
    }
    for of in &door.query {
        let (name, doc, required) = (of.name, of.doc, of.required);
        out.push(json!({ "name": name, "in": "query", "required": required, "description": doc, "schema": of.schema }));
    }
    if door.once {
        out.push(json!({ "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "The same key within 24 hours makes nothing twice.",
            "schema": { "type": "string", "pattern": "^[A-Za-z0-9._:-]{1,64}$" } }));
    }
    out
}

fn responses(door: &Door, make: &mut schemars::SchemaGenerator) -> Value {
    let mut out = Map::new();
    for Gives { status, doc, schema, media } in &door.gives {
        let mut answer = json!({ "description": doc });
        if let (Some(schema), Some(answer)) = (schema, answer.as_object_mut()) {
            let schema = schema(make);
            answer.insert("content".into(), json!({ *media: { "schema": schema } }));
        } else if let (false, Some(answer)) = (media.is_empty(), answer.as_object_mut()) {
            answer.insert("content".into(), json!({ *media: {} }));
        }
        out.insert(status.to_string(), answer);
    }
    let mut refusals: Vec<Name> = door.refuses.clone();
    refusals.extend(super::problem::EVERYWHERE);
    if !door.open {
        refusals.extend(super::problem::BEHIND_A_TOKEN);
    }
    let mut by_status: std::collections::BTreeMap<u16, Vec<&str>> = std::collections::BTreeMap::new();
    for name in refusals {
        let names = by_status.entry(name.status().as_u16()).or_default();
        if !names.contains(&name.as_str()) {
            names.push(name.as_str());
        }
    }
    for (status, names) in by_status {
        let content =
            json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } });
        out.insert(status.to_string(), json!({ "description": names.join(", "), "content": content }));
    }
    Value::Object(out)
}

/// Every refusal (RFC 9457).
fn problem() -> Value {
    let names: Vec<String> =
        Name::ALL.iter().map(|n| format!("urn:gridvault:problem:{}", n.as_str())).collect();
    json!({
        "type": "object",
        "required": ["type", "title", "status"],
        "properties": {
            "type": { "type": "string", "enum": names },
            "title": { "type": "string", "description": "In the request's language: Chinese, or English where that is asked for first." },
            "status": { "type": "integer" },
            "errors": { "type": "array", "items": { "type": "object", "required": ["pointer", "code"],
                "properties": { "pointer": { "type": "string" }, "code": { "type": "string" } } } },
            "rule": { "type": "string", "pattern": "^R-[0-9]{3}$" },
            "reason": { "type": "object", "required": ["code"], "properties": {
                "code": { "type": "string" }, "zh": { "type": "string" }, "en": { "type": "string" } } },
            "lookup": { "type": "object" },
            "fields": { "type": "object" },
            "obligations": { "type": "array", "items": { "type": "object" } },
        },
    })
}
