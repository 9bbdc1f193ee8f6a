//! The doors of consents, of who speaks for a resident, and of receipts, with everything that is said of them.

use axum::routing::{get, patch, post, put};
use serde_json::json;

use super::doors::{Door, door};
use super::problem::Name;
use super::{consent_shapes as said, consents, mandates, receipts, shapes};
use crate::register::{NewConsent, NewMandate};

/// Every event that a consent's entry may record.
const EVENTS: &[&str] = &[
    "consent.given",
    "consent.withdrawn",
    "consent.refused",
    "consent.deferred",
    "consent.renewed",
    "consent.requested",
    "finding.raised",
];

/// For the resident, for who speaks for one, for who records and for who oversees.
pub(super) fn doors() -> Vec<Door> {
    let mut doors = own_doors();
    doors.extend(staff_doors());
    doors.extend(mandate_doors());
    doors
}

fn own_doors() -> Vec<Door> {
    let for_whom = || json!({ "type": "string", "format": "uuid" });
    vec![
        door("GET", "/v1/me/consents", "My consents, and who speaks for me", get(consents::list_own))
            .asks("for", for_whom(), "The resident spoken for, by a guardian or a proxy.")
            .gives::<said::ConsentsShape>(200, "How each stands, and every event.")
            .enters(&["trail.read"]),
        door("PUT", "/v1/me/consents/{purpose}", "Give or withdraw my consent", put(consents::put_own))
            .takes::<consents::Own>()
            .gives::<shapes::Made>(200, "The consent event.")
            .refuses(&[Name::Conflict])
            .enters(EVENTS),
        door("GET", "/v1/me/consents/{id}/receipt", "The receipt of a consent of mine", get(receipts::own))
            .gives::<said::ReceiptShape>(200, "Signed; checked offline by `gridvault receipt verify`.")
            .enters(&["trail.read"]),
        door("GET", "/v1/me/consents/{id}/receipt/page", "The same, to be printed", get(receipts::own_page))
            .gives_media(200, "One page in Chinese, with a QR code and a check code.", "text/html")
            .enters(&["trail.read"]),
    ]
}

fn staff_doors() -> Vec<Door> {
    use Name::Conflict;
    vec![
        door("POST", "/v1/residents/{id}/consents", "Record a resident's consent", post(consents::create))
            .in_a_post()
            .takes::<NewConsent>()
            .gives::<shapes::Made>(201, "The consent event.")
            .refuses(&[Conflict])
            .enters(EVENTS),
        door("GET", "/v1/residents/{id}/consents", "A resident's consents", get(consents::list))
            .in_a_post()
            .gives::<said::ConsentsShape>(
                200,
                "For who keeps or oversees them all of it; for other staff how each stands.",
            )
            .enters(&["trail.read"]),
        door("PATCH", "/v1/consents/{id}", "Confirm a consent from outside", patch(consents::step))
            .in_a_post()
            .takes::<consents::Step>()
            .gives::<shapes::Made>(200, "The event of the confirmation.")
            .refuses(&[Conflict])
            .enters(&["consent.given", "finding.raised"]),
        door("POST", "/v1/consents/{id}/invalidate", "Find a consent void", post(consents::invalidate))
            .in_a_post()
            .takes::<consents::Invalidation>()
            .gives::<shapes::Made>(201, "The event.")
            .refuses(&[Conflict])
            .enters(&["consent.invalidated", "finding.raised"]),
        door("GET", "/v1/consents/{id}/receipt", "The receipt of a consent", get(receipts::of_staff))
            .in_a_post()
            .gives::<said::ReceiptShape>(200, "Signed; checked offline by `gridvault receipt verify`.")
            .enters(&["trail.read"]),
        door(
            "GET",
            "/v1/consents/{id}/receipt/page",
            "The same, to be printed",
            get(receipts::page_of_staff),
        )
        .in_a_post()
        .gives_media(200, "One page in Chinese, with a QR code and a check code.", "text/html")
        .enters(&["trail.read"]),
    ]
}

fn mandate_doors() -> Vec<Door> {
    use Name::Conflict;
    vec![
        door("POST", "/v1/residents/{id}/mandates", "Register a guardian or proxy", post(mandates::create))
            .in_a_post()
            .takes::<NewMandate>()
            .gives::<shapes::Made>(201, "Good when a second person has confirmed it.")
            .refuses(&[Conflict])
            .enters(&["delegation.granted"]),
        door("PATCH", "/v1/mandates/{id}", "Confirm a mandate, or end it", patch(mandates::move_on))
            .in_a_post()
            .takes::<mandates::MandateStep>()
            .gives_nothing(204, "Good from now on, or ended at once.")
            .refuses(&[Conflict])
            .enters(&["delegation.granted", "delegation.revoked"]),
        door(
            "PATCH",
            "/v1/residents/{id}/capacity",
            "Note or lift a doubt whether a resident understands",
            patch(mandates::doubt),
        )
        .in_a_post()
        .takes::<mandates::Doubt>()
        .gives_nothing(204, "While it is noted no consent counts.")
        .refuses(&[Conflict])
        .enters(&["resident.restricted"]),
    ]
}
