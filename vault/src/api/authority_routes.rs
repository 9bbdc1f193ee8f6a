//! Doors of who may do what: letters of delegation, tasks by the dozen, rosters, what was granted and used.

use axum::routing::{get, patch, post};
use serde_json::json;

use super::doors::{Door, door};
use super::problem::Name::Conflict;
use super::{authority_shapes as shapes, letters, rosters, shapes as common, tasks};
use crate::register::{NewLetter, NewShift};

/// Letters, tasks, rosters, usage.
pub(super) fn doors() -> Vec<Door> {
    let mut doors = letter_doors();
    doors.extend(task_doors());
    doors.extend(duty_doors());
    doors
}

fn letter_doors() -> Vec<Door> {
    vec![
        door("GET", "/v1/letters", "Letters of delegation, and what ends soon", get(letters::list))
            .in_a_post()
            .asks(
                "expiring",
                json!({ "type": "integer", "minimum": 1, "maximum": 366 }),
                "Only what ends within so many days; then posts and agreements too.",
            )
            .gives::<shapes::LettersShape>(200, "Those that are not over."),
        door("POST", "/v1/letters", "Register a letter of delegation", post(letters::create))
            .in_a_post()
            .takes::<NewLetter>()
            .gives::<common::Made>(201, "It is good when a second person has signed it.")
            .refuses(&[Conflict])
            .enters(&["delegation.granted"]),
        door(
            "PATCH",
            "/v1/letters/{id}",
            "Sign a letter that somebody else registered",
            patch(letters::sign),
        )
        .in_a_post()
        .takes::<letters::Signature>()
        .gives_nothing(204, "Good from its day on.")
        .refuses(&[Conflict])
        .enters(&["delegation.granted"]),
        door("POST", "/v1/letters/{id}/revoke", "Revoke a letter of delegation", post(letters::revoke))
            .in_a_post()
            .gives_nothing(204, "It gives nothing any more.")
            .refuses(&[Conflict])
            .enters(&["delegation.revoked"]),
    ]
}

fn task_doors() -> Vec<Door> {
    let limit = || json!({ "type": "integer", "minimum": 1, "maximum": 500 });
    vec![
        door("GET", "/v1/tasks", "Open tasks in hand", get(tasks::list))
            .in_a_post()
            .asks("after", json!({ "type": "string", "format": "uuid" }), "Behind that task.")
            .asks("limit", limit(), "Tasks at most.")
            .gives::<shapes::TasksShape>(
                200,
                "Those of the post acted in, or that the service opened; all for who keeps them.",
            ),
        door("POST", "/v1/tasks/batch", "Register up to 500 tasks", post(tasks::create_batch))
            .in_a_post()
            .takes::<tasks::TaskBatch>()
            .gives::<shapes::OpenedShape>(200, "An answer for each, in their order.")
            .enters(&["task.opened", "ticket.created"]),
    ]
}

fn duty_doors() -> Vec<Door> {
    let limit = || json!({ "type": "integer", "minimum": 1, "maximum": 500 });
    vec![
        door("GET", "/v1/rosters", "Shifts of duty", get(rosters::list))
            .in_a_post()
            .asks("after", json!({ "type": "string", "format": "uuid" }), "Behind that shift.")
            .asks("limit", limit(), "Shifts at most.")
            .gives::<shapes::RostersShape>(
                200,
                "Those of the last two weeks and those to come, as they end.",
            ),
        door("POST", "/v1/rosters", "Enter a shift, or covering for somebody", post(rosters::create))
            .in_a_post()
            .takes::<NewShift>()
            .gives::<common::Made>(201, "It counts when a second person has confirmed it.")
            .enters(&["assignment.granted"]),
        door("PATCH", "/v1/rosters/{id}", "Confirm a shift, or take it back", patch(rosters::move_on))
            .in_a_post()
            .takes::<rosters::ShiftStep>()
            .gives_nothing(204, "Done.")
            .refuses(&[Conflict])
            .enters(&["assignment.granted", "assignment.ended"]),
        door("GET", "/v1/assignments/usage", "What posts were granted and used", get(rosters::used))
            .in_a_post()
            .asks(
                "days",
                json!({ "type": "integer", "minimum": 1, "maximum": 366 }),
                "In the last so many days; 30 where nothing is said.",
            )
            .gives::<shapes::UsageShape>(200, "Per post: grids and purposes granted and used, lookups.")
            .enters(&["trail.read"]),
    ]
}
