//! The trail's doors, with everything that is said of them.

use axum::routing::{MethodRouter, get, post};
use serde_json::json;

use super::doors::{Door, door};
use super::problem::Name;
use super::{App, audit, log, queries, shapes};

const BYTES: &str = "application/octet-stream";

/// For officers and auditors, and the log itself for whoever comes.
pub(super) fn doors() -> Vec<Door> {
    let mut doors = reading_doors();
    doors.extend(log_doors());
    doors
}

fn reading_doors() -> Vec<Door> {
    vec![
        door("POST", "/v1/audit/queries", "Ask the trail", post(queries::create))
            .in_a_post()
            .takes::<queries::Ask>()
            .gives::<shapes::TrailAnswer>(200, "Entries that fit, in their order; or counts.")
            .enters(&["trail.read"]),
        door("GET", "/v1/audit/entries/{seq}", "An entry of the trail", get(audit::entry))
            .in_a_post()
            .gives::<shapes::EntryShape>(200, "Both of its parts, unless they were removed.")
            .enters(&["trail.read"]),
        door("GET", "/v1/audit/entries/{seq}/proof", "The proof of an entry", get(audit::proof))
            .in_a_post()
            .gives_media(
                200,
                "A tlog-proof file, as soon as a published checkpoint covers the entry.",
                "text/plain",
            )
            .enters(&["trail.read"]),
        door("POST", "/v1/audit/prunings", "Propose to remove old entries", post(audit::prune))
            .in_a_post()
            .takes::<audit::PruningRequest>()
            .gives::<shapes::Proposed>(202, "Removed when a second person has confirmed it.")
            .refuses(&[Name::Conflict])
            .enters(&["import.batch"]),
    ]
}

/// Of each entry its length, two bytes, then its bytes.
fn bundle(path: &'static str, summary: &'static str, handler: MethodRouter<App>) -> Door {
    let words = "Of each its length, two bytes, then its bytes; length 0 where it was removed.";
    door("GET", path, summary, handler).in_a_post().gives_media(200, words, BYTES).enters(&["trail.exported"])
}

/// The log in the layout of C2SP tlog-tiles.
fn log_doors() -> Vec<Door> {
    let open = &[Name::NotFound, Name::InvalidRequest];
    vec![
        door("GET", "/log/{tenant}/checkpoint", "The newest published checkpoint", get(log::checkpoint))
            .open()
            .gives_media(200, "A signed note, with the cosignatures of witnesses.", "text/plain")
            .refuses(open),
        door(
            "GET",
            "/log/{tenant}/checkpoints",
            "Sizes of the checkpoints that are kept",
            get(log::checkpoints),
        )
        .open()
        .asks("after", json!({ "type": "integer", "minimum": 0 }), "`next` of the page before.")
        .gives::<shapes::SizesShape>(200, "A page.")
        .refuses(open),
        door("GET", "/log/{tenant}/checkpoints/{size}", "A checkpoint that is kept", get(log::kept))
            .open()
            .gives_media(200, "A signed note, with the cosignatures of witnesses.", "text/plain")
            .refuses(open),
        door("GET", "/log/{tenant}/keys.json", "The log's verifier keys", get(log::keys))
            .open()
            .gives::<shapes::LogKeysShape>(200, "Each with the sizes that it is good for.")
            .refuses(open),
        door("GET", "/log/{tenant}/witnesses.json", "The witnesses that are asked", get(log::witnesses))
            .open()
            .gives::<shapes::WitnessesShape>(200, "Their verifier keys.")
            .refuses(open),
        door("GET", "/log/{tenant}/tile/{*tile}", "A tile of the tree's hashes", get(log::hashes))
            .open()
            .gives_media(200, "At most 256 hashes of 32 bytes.", BYTES)
            .refuses(open),
        bundle("/log/{tenant}/tile/entries/{*n}", "A bundle of entries: public parts", get(log::entries)),
        bundle("/log/{tenant}/private/{*n}", "A bundle of entries: private parts", get(log::private)),
    ]
}
