//! The doors of emergencies, demands and the account of minors' data, with everything that is said of them.

use axum::routing::{get, patch, post};
use serde_json::json;

use super::doors::{Door, Size, door};
use super::problem::Name::Conflict;
use super::{demands, emergencies, minors, oversight_shapes as shapes, shapes::Made};
use crate::register::{NewDemand, NewEmergency};

/// For declarers, and for those who look after them.
pub(super) fn doors() -> Vec<Door> {
    let mut doors = emergency_doors();
    doors.extend(demand_doors());
    let minors =
        door("GET", "/v1/audit/minors", "A year's access to minors' data, in numbers", get(minors::year));
    let minors = Door { size: Size::Register, ..minors };
    doors.push(
        minors
            .in_a_post()
            .needs("year", json!({ "type": "integer", "minimum": 2000, "maximum": 2999 }), "In Beijing.")
            .gives::<shapes::MinorsShape>(200, "By month and role, and the approvals.")
            .enters(&["trail.read"]),
    );
    doors
}

fn emergency_doors() -> Vec<Door> {
    vec![
        paged(door("GET", "/v1/emergencies", "Emergencies: all, or one's own", get(emergencies::list)))
            .gives::<shapes::EmergenciesShape>(200, "The newest first.")
            .enters(&["trail.read"]),
        door("POST", "/v1/emergencies", "Declare an emergency (break-glass)", post(emergencies::declare))
            .in_a_post()
            .takes::<NewEmergency>()
            .gives::<shapes::DeclaredShape>(201, "Open for four hours; its id is the basis of its lookups.")
            .enters(&["emergency.declared"]),
        door(
            "PATCH",
            "/v1/emergencies/{id}",
            "Confirm an emergency of many residents",
            patch(emergencies::confirm),
        )
        .in_a_post()
        .takes::<emergencies::Confirmed>()
        .gives_nothing(204, "All whom it names may be looked up.")
        .refuses(&[Conflict])
        .enters(&["emergency.declared"]),
        door("POST", "/v1/emergencies/{id}/end", "End an emergency", post(emergencies::end))
            .in_a_post()
            .gives_nothing(204, "Nothing is looked up by it any more; who was is owed word.")
            .refuses(&[Conflict])
            .enters(&["emergency.ended"]),
        door("POST", "/v1/emergencies/{id}/review", "Review an emergency", post(emergencies::review))
            .in_a_post()
            .takes::<emergencies::Review>()
            .gives_nothing(204, "Said.")
            .refuses(&[Conflict])
            .enters(&["emergency.reviewed"]),
    ]
}

fn demand_doors() -> Vec<Door> {
    vec![
        paged(door("GET", "/v1/demands", "Demands of authorities", get(demands::list)))
            .gives::<shapes::DemandsShape>(200, "The newest first.")
            .enters(&["trail.read"]),
        door("POST", "/v1/demands", "Register an authority's demand", post(demands::open))
            .in_a_post()
            .takes::<NewDemand>()
            .gives::<Made>(201, "The demand, and the task of its lookups once somebody else approved it.")
            .enters(&["task.opened"]),
        door(
            "PATCH",
            "/v1/demands/{id}",
            "Approve a demand, or move the end of its embargo",
            patch(demands::decide),
        )
        .in_a_post()
        .takes::<demands::Course>()
        .gives_nothing(204, "Done.")
        .refuses(&[Conflict])
        .enters(&["task.opened", "embargo.set"]),
    ]
}

fn paged(door: Door) -> Door {
    door.in_a_post().asks("after", json!({ "type": "string", "format": "uuid" }), "Before that one.").asks(
        "limit",
        json!({ "type": "integer", "minimum": 1, "maximum": 500 }),
        "So many at most.",
    )
}
