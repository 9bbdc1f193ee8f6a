//! The doors of notices, of what residents are told, and of how they sign in, with everything that is said of them.

use axum::routing::{delete, get, patch, post};
use serde_json::json;

use super::doors::{Door, door};
use super::notice_shapes as said;
use super::problem::Name;
use super::{notices, outbox, shapes, sign_ins};
use crate::register::{Informing, NewNotice};

/// Every one of them.
pub(super) fn doors() -> Vec<Door> {
    let mut doors = notice_doors();
    doors.extend(informing_doors());
    doors.extend(outbox_doors());
    doors.extend(sign_in_doors());
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
            )
            .refuses(&[Name::InvalidRequest]),
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

fn outbox_doors() -> Vec<Door> {
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": 500 });
    vec![
        door("GET", "/v1/notices/due", "What residents have to be told", get(outbox::due))
            .in_a_post()
            .asks("after", json!({ "type": "string", "format": "uuid" }), "Behind that one.")
            .asks("limit", limit, "At most so many.")
            .gives::<said::DuesShape>(200, "The most urgent first; and how many residents are not informed.")
            .enters(&["trail.read"]),
        door("GET", "/v1/notices/coverage", "How far residents are informed", get(outbox::covered))
            .in_a_post()
            .gives::<said::CoverageShape>(200, "By grid and community; nobody is named.")
            .enters(&["trail.read"]),
        door("POST", "/v1/notices/letters", "Letters that inform, to print", post(outbox::print))
            .in_a_post()
            .takes::<outbox::SendingRun>()
            .gives_media(200, "A page, a sheet for each resident.", "text/html")
            .enters(&["lookup"]),
        door(
            "POST",
            "/v1/notices/messages",
            "Messages that inform, for the office's gateway",
            post(outbox::messages),
        )
        .in_a_post()
        .takes::<outbox::SendingRun>()
        .gives_media(200, "A line for each resident: phone and text.", "text/csv")
        .enters(&["lookup"]),
    ]
}

fn sign_in_doors() -> Vec<Door> {
    vec![
        door(
            "POST",
            "/v1/residents/{id}/codes",
            "Give the resident at the window a sign-in code",
            post(sign_ins::give),
        )
        .in_a_post()
        .takes::<sign_ins::CodeFor>()
        .gives::<said::CodeShape>(
            201,
            "Given this once, good once and for 15 minutes; older ones are withdrawn.",
        )
        .refuses(&[Name::Conflict])
        .enters(&["credential.changed"]),
        door("GET", "/v1/me", "My page", get(sign_ins::mine))
            .gives::<said::OwnPageShape>(
                200,
                "Codes given and sign-ins, the newest first; the second factor; how much word is owed.",
            )
            .enters(&["trail.read"]),
        door("POST", "/v1/me/factors", "Enter a code that came by letter or message", post(sign_ins::add))
            .takes::<sign_ins::Sent>()
            .gives::<said::FactorShape>(201, "A second factor, which counts from then on.")
            .refuses(&[Name::Conflict])
            .enters(&["credential.changed"]),
        door("DELETE", "/v1/me/factors", "Take my second factors away", delete(sign_ins::drop_all))
            .gives_nothing(204, "None counts any more.")
            .refuses(&[Name::Conflict])
            .enters(&["credential.changed"]),
    ]
}
