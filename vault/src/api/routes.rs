//! Every route, with everything that is said of it: what it takes, gives, refuses and enters.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post};
use serde_json::json;

use super::doors::{Door, door};
use super::problem::Name;
use super::{
    areas, catalog, docs, health, imports, lookups, me, people, proposals, residents, searches, services,
    sessions, shapes, tasks, verifier,
};
use crate::register::{Correction, NewTask, Newcomer, PremisesCorrection};

/// Every door with all that is said of it.
pub(super) fn all_doors() -> Vec<Door> {
    let mut doors = lookup_doors();
    doors.extend(register_doors());
    doors.extend(task_doors());
    doors.extend(office_doors());
    doors.extend(service_doors());
    doors.extend(super::consent_routes::doors());
    doors.extend(super::trail_routes::doors());
    doors.extend(open_doors());
    doors
}

fn lookup_doors() -> Vec<Door> {
    use Name::{BasisRequired, TaskRequired};
    vec![
        door("POST", "/v1/lookups", "Look one record up", post(lookups::create))
            .takes::<lookups::Request>()
            .gives::<shapes::LookupShape>(200, "Each field with its outcome and the rule that decided it.")
            .refuses(&[TaskRequired, BasisRequired])
            .enters(&["lookup"]),
        door("POST", "/v1/lookups/batch", "Look up to 500 records up", post(lookups::create_batch))
            .takes::<lookups::BatchRequest>()
            .gives::<shapes::BatchShape>(200, "An answer per record; an entry for each.")
            .enters(&["lookup"]),
        door("POST", "/v1/searches", "Find residents", post(searches::create))
            .takes::<searches::SearchRequest>()
            .gives::<shapes::SearchShape>(
                200,
                "What is within reach; nothing where there is nothing or it is out of reach.",
            )
            .refuses(&[TaskRequired])
            .enters(&["search", "lookup"]),
        door(
            "POST",
            "/v1/verifications",
            "Have claims about a resident verified",
            post(searches::verify_claims),
        )
        .takes::<searches::VerificationRequest>()
        .gives::<shapes::VerificationShape>(200, "Whether all of them hold.")
        .refuses(&[TaskRequired])
        .enters(&["verification"]),
        door("GET", "/v1/me/lookups", "Who looked at me", get(me::lookups))
            .asks("after", json!({ "type": "string" }), "Behind that line.")
            .asks("limit", json!({ "type": "integer", "minimum": 1, "maximum": 500 }), "Lines at most.")
            .gives::<shapes::LinesOfMine>(200, "The newest first.")
            .enters(&["trail.read"]),
        door("GET", "/v1/me/lookups/{lookup}/proof", "The proof of such a line", get(me::proof))
            .gives_media(
                200,
                "A tlog-proof file, as soon as a published checkpoint covers the entry.",
                "text/plain",
            )
            .enters(&["trail.read"]),
        door("GET", "/v1/self", "What I may ask for, and what it needs", get(catalog::own))
            .gives::<shapes::SelfShape>(200, "Every capacity that the token gives."),
        door(
            "GET",
            "/v1/catalog",
            "Fields, purposes, bases, reasons and kinds in both languages",
            get(catalog::catalog),
        )
        .gives::<shapes::CatalogShape>(200, "Every word.")
        .gives_nothing(304, "As known by its ETag."),
    ]
}

fn register_doors() -> Vec<Door> {
    use Name::Conflict;
    vec![
        door("POST", "/v1/residents", "Collect a resident", post(residents::create))
            .in_a_post()
            .once()
            .takes::<Newcomer>()
            .gives::<shapes::Made>(201, "Held from now on: a data steward's.")
            .gives::<shapes::Proposed>(202, "Proposed, known or not: a worker's.")
            .refuses(&[Conflict])
            .enters(&["resident.created", "import.batch"]),
        door("PATCH", "/v1/residents/{id}", "Correct a resident's record", patch(residents::correct))
            .in_a_post()
            .takes::<Correction>()
            .gives_nothing(204, "It says so now.")
            .gives::<shapes::Proposed>(202, "Another ID number, said by a worker: proposed, known or not.")
            .refuses(&[Conflict])
            .enters(&["resident.corrected", "import.batch"]),
        door("POST", "/v1/residents/{id}/erasure", "Ask for a resident's erasure", post(residents::ask))
            .in_a_post()
            .takes::<residents::ErasureRequest>()
            .gives_nothing(202, "Frozen until somebody else decides.")
            .refuses(&[Conflict])
            .enters(&["resident.restricted"]),
        door("PATCH", "/v1/residents/{id}/erasure", "Decide on an erasure", patch(residents::decide))
            .in_a_post()
            .takes::<residents::ErasureDecision>()
            .gives_nothing(204, "Shredded, or in use again.")
            .refuses(&[Conflict])
            .enters(&["resident.erased", "resident.restricted"]),
        door(
            "PATCH",
            "/v1/premises/{id}",
            "Correct a premises, or move it to other cells",
            patch(residents::correct_place),
        )
        .in_a_post()
        .takes::<PremisesCorrection>()
        .gives_nothing(204, "It says so now, or from the moment given.")
        .refuses(&[Conflict])
        .enters(&["premises.corrected"]),
    ]
}

fn task_doors() -> Vec<Door> {
    use Name::Conflict;
    vec![
        door("POST", "/v1/tasks", "Register a task", post(tasks::create))
            .in_a_post()
            .takes::<NewTask>()
            .gives::<shapes::TaskShape>(201, "The task.")
            .gives::<shapes::TaskShape>(200, "The task that this source and number made before.")
            .refuses(&[Conflict])
            .enters(&["task.opened", "ticket.created"]),
        door("PATCH", "/v1/tasks/{id}", "Close or confirm a task", patch(tasks::move_on))
            .in_a_post()
            .takes::<tasks::Course>()
            .gives_nothing(204, "Done.")
            .refuses(&[Conflict])
            .enters(&["task.closed", "task.opened"]),
        door("POST", "/v1/imports", "Take a register in", post(imports::create))
            .in_a_post()
            .needs(
                "kind",
                json!({ "type": "string", "enum": ["areas", "premises", "people", "residents"] }),
                "What it brings.",
            )
            .asks("dry_run", json!({ "type": "boolean" }), "Check only.")
            .asks(
                "notice",
                json!({ "type": "string", "format": "uuid" }),
                "The notice that the residents were given.",
            )
            .takes_lines::<shapes::ImportLine>()
            .gives::<shapes::ImportShape>(200, "What came of it.")
            .refuses(&[Conflict])
            .enters(&["import.batch"]),
        door("GET", "/v1/proposals", "Proposals to be decided on", get(proposals::list))
            .in_a_post()
            .gives::<shapes::ProposalsShape>(200, "Those that are open."),
        door("GET", "/v1/proposals/{id}", "A proposal's lines", get(proposals::read))
            .in_a_post()
            .gives::<shapes::LinesShape>(200, "As an import has them.")
            .refuses(&[Conflict])
            .enters(&["trail.read"]),
        door(
            "POST",
            "/v1/proposals/{id}/confirm",
            "Confirm somebody else's proposal",
            post(proposals::confirm),
        )
        .in_a_post()
        .gives::<shapes::ConfirmedShape>(
            200,
            "What it made; of the codes of new staff the first halves, this once.",
        )
        .refuses(&[Conflict])
        .enters(&["import.batch"]),
        door(
            "GET",
            "/v1/proposals/{id}/codes",
            "The second halves of new staff's codes",
            get(proposals::codes),
        )
        .in_a_post()
        .gives::<shapes::HalvesShape>(
            200,
            "For who proposed them; together with the first they sign in once.",
        )
        .refuses(&[Conflict])
        .enters(&["trail.read"]),
        door(
            "POST",
            "/v1/proposals/{id}/refuse",
            "Refuse a proposal, or take it back",
            post(proposals::refuse),
        )
        .in_a_post()
        .gives_nothing(204, "Nothing comes of it.")
        .refuses(&[Conflict])
        .enters(&["import.batch"]),
    ]
}

fn office_doors() -> Vec<Door> {
    use Name::Conflict;
    let limit = || json!({ "type": "integer", "minimum": 1, "maximum": 500 });
    vec![
        door("GET", "/v1/people", "Staff with their posts", get(people::list))
            .in_a_post()
            .asks("after", json!({ "type": "string", "format": "uuid" }), "Behind that person.")
            .asks("limit", limit(), "People at most.")
            .gives::<shapes::PeopleShape>(200, "A page.")
            .enters(&["trail.read"]),
        door("POST", "/v1/people", "Propose a member of staff", post(people::create))
            .in_a_post()
            .takes::<people::NewMember>()
            .gives::<shapes::Proposed>(202, "Counts when confirmed.")
            .refuses(&[Conflict])
            .enters(&["import.batch"]),
        door("GET", "/v1/people/{id}/assignments", "The posts of a member of staff", get(people::list_posts))
            .in_a_post()
            .gives::<shapes::PostsShape>(200, "Live and ended ones."),
        door("POST", "/v1/people/{id}/assignments", "Propose a further post", post(people::create_post))
            .in_a_post()
            .takes::<people::NewPost>()
            .gives::<shapes::Proposed>(202, "Counts when confirmed.")
            .refuses(&[Conflict])
            .enters(&["import.batch"]),
        door("PATCH", "/v1/assignments/{id}", "End a post", patch(people::end))
            .in_a_post()
            .takes::<people::Ending>()
            .gives_nothing(204, "Ended at once.")
            .refuses(&[Conflict])
            .enters(&["assignment.ended"]),
    ]
}

fn service_doors() -> Vec<Door> {
    use Name::Conflict;
    vec![
        door("GET", "/v1/services", "Services with their agreements", get(services::list))
            .in_a_post()
            .gives::<shapes::ServicesShape>(200, "Who may ask for what, and for whom it acts."),
        door("POST", "/v1/services", "Admit a service under its agreement", post(services::create))
            .in_a_post()
            .takes::<services::NewService>()
            .gives::<shapes::AdmittedShape>(
                201,
                "Its token is given this once; it is good when a second person has confirmed it.",
            )
            .enters(&["service.created"]),
        door(
            "PATCH",
            "/v1/services/{id}",
            "Confirm what was granted to a service, or end it",
            patch(services::move_on),
        )
        .in_a_post()
        .takes::<services::ServiceCourse>()
        .gives_nothing(204, "Good from now on, or ended at once.")
        .refuses(&[Conflict])
        .enters(&["agreement.ended", "agreement.granted"]),
        door("POST", "/v1/services/{id}/agreements", "Renew a service's agreement", post(services::renew))
            .in_a_post()
            .takes::<services::Renewal>()
            .gives_nothing(
                201,
                "Proposed: it stands in the place of the one before when a second person has confirmed it.",
            )
            .refuses(&[Conflict])
            .enters(&["service.created"]),
        door("GET", "/v1/services/{id}/tokens", "A service's tokens", get(services::list_tokens))
            .in_a_post()
            .gives::<shapes::TokensShape>(200, "Never the token itself."),
        door("POST", "/v1/services/{id}/tokens", "Issue a further token", post(services::issue))
            .in_a_post()
            .gives::<shapes::TokenShape>(201, "Given this once.")
            .refuses(&[Conflict])
            .enters(&["token.issued"]),
        door("DELETE", "/v1/tokens/{token}", "Revoke a token", delete(services::revoke))
            .in_a_post()
            .gives_nothing(204, "It opens nothing any more.")
            .refuses(&[Conflict])
            .enters(&["token.revoked"]),
        door("GET", "/v1/areas", "Areas of every scheme", get(areas::list))
            .gives::<shapes::AreasShape>(200, "Live and ended ones."),
        door("POST", "/v1/areas", "Propose areas, or changes to them", post(areas::create))
            .in_a_post()
            .takes::<areas::NewAreas>()
            .gives::<shapes::Proposed>(202, "Counts when confirmed.")
            .refuses(&[Conflict])
            .enters(&["import.batch"]),
        door("GET", "/v1/areas/check", "Look the map over", get(areas::check))
            .in_a_post()
            .gives::<shapes::MapShape>(200, "Faults with examples, and how many posts reach a premises."),
    ]
}

fn open_doors() -> Vec<Door> {
    vec![
        door("POST", "/v1/sessions", "Sign in with a one-time code", post(sessions::create))
            .open()
            .takes::<sessions::Request>()
            .gives::<shapes::TokenShape>(201, "A session's token.")
            .refuses(&[Name::Unauthenticated])
            .enters(&["auth.signed_in"]),
        door("DELETE", "/v1/sessions/current", "Sign out", delete(sessions::end))
            .in_a_post()
            .gives_nothing(204, "The session has ended.")
            .enters(&["session.ended"]),
        door("GET", "/healthz", "Whether it runs", get(health::alive))
            .open()
            .gives::<shapes::Alive>(200, "It does."),
        door("GET", "/readyz", "Whether it can record", get(health::ready))
            .open()
            .gives::<shapes::Ready>(200, "It can."),
        door("GET", "/openapi.json", "This description", get(described)).open().gives_media(
            200,
            "OpenAPI 3.1.",
            "application/json",
        ),
        door("GET", "/verify", "Check a proof", get(verifier::page)).open().gives_media(
            200,
            "One page that works offline too, with the keys of this log.",
            "text/html",
        ),
        door("GET", "/docs", "This description, for reading", get(docs::page)).open().gives_media(
            200,
            "One page, without anything from elsewhere.",
            "text/html",
        ),
    ]
}

async fn described() -> Response {
    static TEXT: std::sync::LazyLock<String> = std::sync::LazyLock::new(super::openapi::description);
    ([(header::CONTENT_TYPE, "application/json")], TEXT.as_str()).into_response()
}
