//! An example of each body, for the API's description. A test sends every one of them to a demonstration, with ids of its own.

use serde_json::{Value, json};

const RESIDENT: &str = "6f1c2f0a-7d64-4e0b-9a51-2f3d1b2a9e01";
const PREMISES: &str = "30201f73-0be2-4bb2-a709-b2c3688d9e52";
const TASK: &str = "019ab3d2-5c10-7252-9b0f-33c255ae959e";
const POST: &str = "019ab3d2-5be7-751a-b301-b60a39b5135e";
const GRID: &str = "110106006901001";

/// A body for that door.
pub(super) fn body(method: &str, path: &str) -> Option<Value> {
    of_lookups(method, path)
        .or_else(|| of_records(method, path))
        .or_else(|| of_office(method, path))
        .or_else(|| super::notice_examples::body(method, path))
}

fn of_lookups(method: &str, path: &str) -> Option<Value> {
    Some(match (method, path) {
        ("POST", "/v1/sessions") => json!({ "code": "QW4M-8Z2K-T7RD" }),
        ("POST", "/v1/lookups") => {
            json!({ "resident": RESIDENT, "fields": ["person.name", "person.birth_date"],
            "purpose": "home_visit_care", "basis": { "kind": "consent" }, "task": TASK, "assignment": POST })
        }
        ("POST", "/v1/lookups/batch") => json!({ "residents": [RESIDENT], "fields": ["person.name"],
            "purpose": "home_visit_care", "task": TASK, "assignment": POST }),
        ("POST", "/v1/searches") => {
            json!({ "by": "phone", "value": "12055510123", "purpose": "home_visit_care",
            "task": TASK, "assignment": POST })
        }
        ("POST", "/v1/verifications") => json!({ "resident": RESIDENT, "claims": { "person.name": "王小明" },
            "purpose": "home_visit_care", "task": TASK, "assignment": POST }),
        ("PUT", "/v1/me/consents/{purpose}") => json!({ "state": "given" }),
        ("POST", "/v1/audit/queries") => {
            json!({ "kinds": ["lookup"], "purpose": "home_visit_care", "result": "partial",
                "from": "2026-01-01T00:00:00+08:00", "newest_first": true, "limit": 20 })
        }
        ("POST", "/v1/audit/prunings") => {
            json!({ "what": "private_parts", "before": "2022-01-01T00:00:00+08:00" })
        }
        _ => return None,
    })
}

fn of_records(method: &str, path: &str) -> Option<Value> {
    Some(match (method, path) {
        ("POST", "/v1/residents") => json!({ "premises": PREMISES, "fields": { "person.name": "示例居民",
            "person.id_type": "resident_id", "person.id_no": "990106199001010010", "person.phone": "12055510123" } }),
        ("PATCH", "/v1/residents/{id}") => {
            json!({ "fields": { "person.phone": "12055510124" }, "evidence": "seen_document" })
        }
        ("POST", "/v1/residents/{id}/erasure") => json!({ "reason": "withdrawn" }),
        ("PATCH", "/v1/residents/{id}/erasure") => json!({ "granted": false }),
        ("PATCH", "/v1/premises/{id}") => json!({ "cells": { "social_grid": GRID }, "evidence": "survey" }),
        ("POST", "/v1/residents/{id}/consents") => {
            json!({ "purpose": "home_visit_care", "fields": ["person.name"],
            "state": "given", "method": "signature" })
        }
        ("POST", "/v1/tasks") => json!({ "source": "12345", "number": "2026-11-24-0017", "kind": "case",
            "purpose": "case_handling", "residents": [RESIDENT], "assignees": [POST],
            "opens": "2026-11-24T09:00:00+08:00", "closes": "2026-12-24T18:00:00+08:00" }),
        ("PATCH", "/v1/tasks/{id}") => json!({ "closed": true, "outcome": "done" }),
        ("POST", "/v1/imports") => json!({ "scheme": "social_grid", "code": "110106006901099",
            "parent": "110106006901", "level": "grid", "name": "示例一社区第99网格", "from": "2026-12-01" }),
        _ => return None,
    })
}

fn of_office(method: &str, path: &str) -> Option<Value> {
    let post =
        json!({ "role": "grid_chief", "scheme": "social_grid", "areas": [GRID], "from": "2026-09-01" });
    let agreement = json!({ "purposes": ["case_handling"], "from": "2026-09-01T00:00:00+08:00",
        "to": "2028-09-01T00:00:00+08:00" });
    Some(match (method, path) {
        ("POST", "/v1/people") => json!({ "number": "D099", "name": "示例职员", "assignments": [post] }),
        ("POST", "/v1/people/{id}/assignments") => post,
        ("PATCH", "/v1/assignments/{id}" | "/v1/services/{id}") => json!({ "ended": true }),
        ("POST", "/v1/services") => json!({ "kind": "hotline_12345", "agreement": agreement }),
        ("POST", "/v1/services/{id}/agreements") => json!({ "agreement": agreement }),
        ("POST", "/v1/areas") => json!({ "areas": [{ "scheme": "social_grid", "code": "110106006901099",
            "parent": "110106006901", "level": "grid", "name": "示例一社区第99网格", "from": "2026-12-01" }] }),
        _ => return None,
    })
}
