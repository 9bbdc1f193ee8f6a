//! An example of each body, for the API's description. A test sends every one of them to a demonstration, with ids of its own.

use serde_json::{Value, json};

const RESIDENT: &str = "6f1c2f0a-7d64-4e0b-9a51-2f3d1b2a9e01";
const PREMISES: &str = "30201f73-0be2-4bb2-a709-b2c3688d9e52";
const TASK: &str = "019ab3d2-5c10-7252-9b0f-33c255ae959e";
const POST: &str = "019ab3d2-5be7-751a-b301-b60a39b5135e";
const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const GRID: &str = "110106006901001";

/// A body for that door.
pub(super) fn body(method: &str, path: &str) -> Option<Value> {
    let known = of_lookups(method, path).or_else(|| of_records(method, path));
    let known = known.or_else(|| of_office(method, path)).or_else(|| of_authority(method, path));
    known.or_else(|| super::notice_examples::body(method, path))
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
        ("PATCH", "/v1/consents/{id}") => json!({ "confirmed": true, "method": "signature" }),
        ("POST", "/v1/consents/{id}/invalidate") => json!({ "reason": "not_the_resident", "finding": 128 }),
        ("POST", "/v1/residents/{id}/mandates") => {
            json!({ "kind": "guardian", "person": RESIDENT, "relation": "51",
            "proof": "household_register", "purposes": ["home_visit_care"], "from": "2026-11-24", "to": "2030-11-24" })
        }
        ("PATCH", "/v1/mandates/{id}") => json!({ "confirmed": true }),
        ("PATCH", "/v1/residents/{id}/capacity") => {
            json!({ "doubted": true, "reason": "does_not_understand" })
        }
        ("POST", "/v1/tasks") => json!({ "source": "12345", "number": "2026-11-24-0017", "kind": "case",
            "purpose": "case_handling", "residents": [RESIDENT], "assignees": [POST] }),
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
        ("POST", "/v1/emergencies") => {
            json!({ "event": "119-20261124-0031", "reason": "fire", "place": PREMISES })
        }
        ("PATCH", "/v1/emergencies/{id}") => json!({ "confirmed": true }),
        ("POST", "/v1/emergencies/{id}/review") => json!({ "outcome": "justified" }),
        ("POST", "/v1/demands") => {
            json!({ "document": "示例公（刑）调证字〔2026〕12号", "sha256": DIGEST, "organ": "police",
            "residents": [RESIDENT], "fields": ["person.name", "person.phone"], "embargo_until": "2027-03-01" })
        }
        ("PATCH", "/v1/demands/{id}") => json!({ "approved": true }),
        ("POST", "/v1/areas") => json!({ "areas": [{ "scheme": "social_grid", "code": "110106006901099",
            "parent": "110106006901", "level": "grid", "name": "示例一社区第99网格", "from": "2026-12-01" }] }),
        _ => return None,
    })
}

fn of_authority(method: &str, path: &str) -> Option<Value> {
    let task = json!({ "source": "12345", "number": "2026-11-24-0018", "kind": "case",
        "purpose": "case_handling", "residents": [RESIDENT], "assignees": [POST] });
    Some(match (method, path) {
        ("POST", "/v1/letters") => json!({ "number": "授权书-示例-01", "department": "civil_affairs",
            "statute": "社会救助暂行办法", "article": "4", "unit": "示例一社区居委会", "person": POST,
            "purposes": ["home_visit_care"], "areas": [GRID],
            "from": "2026-12-01T00:00:00+08:00", "to": "2027-11-30" }),
        ("PATCH", "/v1/letters/{id}") => json!({ "signed": true }),
        ("POST", "/v1/tasks/batch") => json!({ "tasks": [task] }),
        ("POST", "/v1/rosters") => json!({ "assignment": POST, "from": "2026-11-28T08:30:00+08:00",
            "to": "2026-11-28T18:00:00+08:00" }),
        ("PATCH", "/v1/rosters/{id}") => json!({ "confirmed": true }),
        _ => return None,
    })
}
