//! The doors of notices, of what residents are told, and of how they sign in, with everything that is said of them.

use axum::routing::{get, patch, post};
use serde_json::json;

use super::doors::{Door, door};
use super::notice_shapes as said;
use super::problem::Name;
use super::{notices, shapes};
use crate::register::{Informing, NewNotice};

/// Every one of them.
pub(super) fn doors() -> Vec<Door> {
    let mut doors = notice_doors();
    doors.extend(informing_doors());
    doors
}

fn notice_doors() -> Vec<Door> {
    use Name::{Conflict, NotFound};
    vec![
        door("GET", "/v1/notices", "The notices to residents", get(notices::list))
            .open()
            .gives::<said::NoticesShape>(
                200,
                "Every version that was approved, the newest of each series last.",
            ),
        door("POST", "/v1/notices", "Propose a version of a notice", post(notices::create))
            .in_a_post()
            .takes::<NewNotice>()
            .gives::<said::ProposedNoticeShape>(
                201,
                "Counts when another person has approved it and its day has come.",
            )
            .refuses(&[Conflict])
            .enters(&["notice.published"]),
        door("GET", "/v1/notices/proposed", "Versions that wait for approval", get(notices::proposed))
            .in_a_post()
            .gives::<said::ProposedNoticesShape>(200, "Whole, as they would be published."),
        door("GET", "/v1/notices/{id}", "A notice", get(notices::read))
            .open()
            .asks("print", json!({ "type": "string", "enum": ["normal", "large"] }), "As a page to print.")
            .asks("lang", json!({ "type": "string", "enum": ["zh-CN", "en"] }), "The page's language.")
            .gives::<said::NoticeShape>(
                200,
                "What it says, with its digest; as a page where `print` asks for one.",
            )
            .gives_media(200, "A page to print.", "text/html")
            .refuses(&[NotFound]),
        door("PATCH", "/v1/notices/{id}", "Approve or refuse a proposed version", patch(notices::move_on))
            .in_a_post()
            .takes::<notices::Approval>()
            .gives_nothing(204, "Approved, or refused for good.")
            .refuses(&[Conflict])
            .enters(&["notice.published"]),
    ]
}

fn informing_doors() -> Vec<Door> {
    vec![
        door(
            "POST",
            "/v1/residents/{id}/informed",
            "Record that a resident was informed",
            post(notices::deliver),
        )
        .in_a_post()
        .takes::<Informing>()
        .gives::<shapes::Made>(201, "The delivery.")
        .refuses(&[Name::Conflict])
        .enters(&["notice.delivered"]),
        door("GET", "/v1/residents/{id}/informed", "What a resident was told", get(notices::delivered))
            .in_a_post()
            .gives::<said::InformedShape>(200, "Notices and word of what was owed, and what is owed still.")
            .enters(&["trail.read"]),
        door("GET", "/v1/me/notices", "What I was told", get(notices::mine))
            .gives::<said::InformedShape>(200, "Notices and word of what was owed, and what is owed still.")
            .enters(&["trail.read"]),
    ]
}
