//! An example of each body about notices, what residents are told, and how they sign in.

use serde_json::{Value, json};

const TASK: &str = "019ab3d2-5c10-7252-9b0f-33c255ae959e";
const NOTICE: &str = "0f3c7a54-8f6d-8b1e-9a41-6f0a2b7c1d02";
const DUE: &str = "019ab3d2-6a01-7cc1-b6e2-0d9f5b7a8c11";

/// A body for that door.
pub(super) fn body(method: &str, path: &str) -> Option<Value> {
    Some(match (method, path) {
        ("POST", "/v1/notices") => json!({
            "series": "SN",
            "items": { "zh-CN": {
                "handler": "示例街道办事处",
                "contact": "示例区示例路1号，电话 010-00000000",
                "privacy_officer": "个人信息保护负责人，电话 010-00000001",
                "purpose": "上门探访独居、高龄老人",
                "ways": "登记、保存、查询；每次查看都有记录",
                "necessity": "知道您独居或高龄，才能按时探访；默认遮盖、单独加密",
                "recipients": "不向其他单位提供",
                "retention": "探访期间，最长一年",
                "retention_end": "销毁密钥，再也打不开",
                "rights": "查看、复制、更正、删除：社区服务站窗口或自助码",
                "withdrawal": "用自助码、到窗口或打电话，立即生效",
                "complaint": "网信部门，电话 12377",
                "refusal": "不同意的，只是不探访，其他服务照常"
            } },
            "purposes": ["home_visit_care"],
            "fields": ["person.name", "person.phone", "premises.address", "elder.living_alone"],
            "valid_from": "2026-12-01"
        }),
        ("PATCH", "/v1/notices/{id}") => json!({ "approved": true }),
        ("POST", "/v1/residents/{id}/informed") => {
            json!({ "notice": NOTICE, "channel": "paper_signed", "confirmed_by": "subject",
            "evidence": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" })
        }
        ("POST", "/v1/residents/{id}/codes") => json!({ "task": TASK }),
        ("POST", "/v1/me/factors") => json!({ "code": "QW4M-8Z2K-T7RD-2LPA" }),
        ("POST", "/v1/notices/letters") => json!({ "dues": [DUE], "print": "large" }),
        ("POST", "/v1/notices/messages") => json!({ "dues": [DUE] }),
        _ => return None,
    })
}
