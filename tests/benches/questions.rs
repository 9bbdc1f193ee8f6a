//! Officers' questions to a long log: how soon a page and counts are answered, and what answers them costs.
//! `--only questions --entries 5000000 [--on postgres] [--folder DIR]`

use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use gridvault::api::{App, router};
use gridvault::authority::Holder;
use gridvault::clock::{Clock, ManualClock, day_number, days};
use gridvault::register::{appoint, issue_token};
use gridvault::trail::{Act, Aspect, Change, CountQuestion, Question};
use gridvault::{Nature, Vault};
use gridvault_policy::{Posture, Role};
use gridvault_tests::{HOUR, MORNING, Site, some_entry};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::process;

/// Entries in one group.
const TOGETHER: u64 = 512;
/// Days over which they lie.
const OVER: i64 = 365;
/// Each question is asked so many times, each time of something else.
const ASKED: usize = 200;

/// A log of so many entries, followed, and asked.
pub async fn measure(site: Site, entries: u64) -> Value {
    let site = Arc::new(site);
    let clock = Arc::new(ManualClock::at(MORNING));
    let dynamic = Arc::clone(&clock) as Arc<dyn Clock>;
    let vault = gridvault_tests::open(&site.layout(), dynamic, Some(Nature::Synthetic)).await;
    let vault = Arc::new(vault);
    let tasks = (entries / 3).max(1);
    let filled = fill(&vault, &clock, entries, tasks).await;
    let before = process::bytes(&site).await;
    let begun = Instant::now();
    while vault.questions.follow(64).await.unwrap() > 0 {}
    let followed = vault.store.followed().await.unwrap() * 1024;
    let follow = followed as f64 / begun.elapsed().as_secs_f64();
    vault.store.count_anew().await;
    let index_bytes = (process::bytes(&site).await - before) / followed as f64;
    let mut asked = serde_json::Map::new();
    let mut rng = fastrand::Rng::with_seed(1);
    for (name, ask) in QUESTIONS {
        let mut times = Vec::new();
        let mut found = 0;
        for _ in 0..ASKED {
            let question = ask(&mut rng, tasks, entries);
            let begun = Instant::now();
            found += vault.questions.ask(&question).await.unwrap().entries.len();
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        asked.insert((*name).into(), row(times, found as f64 / ASKED as f64));
    }
    for (name, by, last) in [
        ("counts by day", [true, false, false, false], OVER),
        ("counts by grid and role, 30 days", [false, true, true, false], 30),
        ("counts by purpose", [false, false, false, true], OVER),
    ] {
        let mut times = Vec::new();
        for n in 0..20 {
            let to = day_number(clock.now()) - n;
            let question =
                CountQuestion { by, from: Some(to - last), to: Some(to), ..CountQuestion::default() };
            let begun = Instant::now();
            vault.questions.count(&question).await.unwrap();
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        asked.insert(name.into(), row(times, f64::NAN));
    }
    asked.insert("over HTTP, entered: denied, newest first".into(), over_http(&vault).await);
    vault.close().await;
    json!({
        "entries": followed, "entries_filled_per_second": filled, "followed_per_second": follow,
        "index_bytes_per_entry": index_bytes, "asked": asked,
    })
}

async fn fill(vault: &Vault, clock: &ManualClock, entries: u64, tasks: u64) -> f64 {
    let (mut rng, begun) = (fastrand::Rng::with_seed(7), Instant::now());
    let groups = entries.div_ceil(TOGETHER);
    for _ in 0..groups {
        let acts = (0..TOGETHER).map(|_| Act::new(&vault.keys, some_entry(&mut rng, tasks), Change::none()));
        vault.log.record_all(acts.collect()).await.unwrap();
        clock.step(days(OVER) / i64::try_from(groups).unwrap());
    }
    entries as f64 / begun.elapsed().as_secs_f64()
}

/// The same through the real router, its own entry written first.
async fn over_http(vault: &Arc<Vault>) -> Value {
    let officer = appoint(vault, Role::PrivacyOfficer, "P1").await.unwrap();
    let token = issue_token(vault, Holder::Person(officer.person), Posture::Office, HOUR).await.unwrap();
    let app = App::new(Arc::clone(vault));
    let body =
        json!({ "kinds": ["lookup"], "result": "denied", "newest_first": true, "limit": 100 }).to_string();
    let mut times = Vec::new();
    for _ in 0..ASKED {
        let request = Request::post("/v1/audit/queries")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", token.reveal()))
            .body(Body::from(body.clone()))
            .unwrap();
        let begun = Instant::now();
        let answer = router(app.clone()).oneshot(request).await.unwrap();
        assert_eq!(answer.status(), 200);
        to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    row(times, 100.0)
}

fn row(mut times: Vec<f64>, found: f64) -> Value {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
    json!({ "p50_ms": at(0.5), "p99_ms": at(0.99), "found": found })
}

type Ask = fn(&mut fastrand::Rng, u64, u64) -> Question;

fn of(words: &[(Aspect, &str)], newest_first: bool) -> Question {
    let words = words.iter().map(|(aspect, word)| (*aspect, vec![(*word).to_owned()])).collect();
    Question { words, newest_first, limit: 100, ..Question::default() }
}

const QUESTIONS: &[(&str, Ask)] = &[
    ("denied, newest first", |_, _, _| of(&[(Aspect::Result, "denied")], true)),
    ("denied, anywhere on", |rng, _, entries| Question {
        after: Some(rng.u64(..entries).cast_signed()),
        ..of(&[(Aspect::Kind, "lookup"), (Aspect::Result, "denied")], false)
    }),
    ("of an actor, newest first", |rng, _, _| {
        of(&[(Aspect::Actor, &Uuid::from_u64_pair(1, rng.u64(..500)).to_string())], true)
    }),
    ("of an actor, denied for a reason", |rng, _, _| {
        let actor = Uuid::from_u64_pair(1, rng.u64(..500)).to_string();
        of(&[(Aspect::Actor, &actor), (Aspect::Result, "denied"), (Aspect::Reason, "grid_scope")], true)
    }),
    ("of a task", |rng, tasks, _| {
        of(&[(Aspect::Task, &Uuid::from_u64_pair(2, rng.u64(..tasks)).to_string())], false)
    }),
    ("of a device, purpose and outcome", |rng, _, _| {
        let device = format!("terminal-{}", rng.u8(..));
        let words = [
            (Aspect::Device, device.as_str()),
            (Aspect::Purpose, "case_handling"),
            (Aspect::Outcome, "derived"),
        ];
        of(&words, false)
    }),
    ("of a grid on a day", |rng, _, _| {
        let day = MORNING + days(rng.i64(1..OVER));
        let grid = format!("1101060069{:02}", rng.u8(1..44));
        Question { from: Some(day), to: Some(day + days(1)), ..of(&[(Aspect::Grid, &grid)], false) }
    }),
    ("of a record", |rng, tasks, _| Question {
        record: Some(u128::from(rng.u64(..tasks)).to_be_bytes().to_vec()),
        ..of(&[], true)
    }),
    ("on a day, whatever it be", |rng, _, _| Question {
        from: Some(MORNING + days(rng.i64(1..OVER))),
        ..of(&[], false)
    }),
    ("500 of a purpose", |rng, _, entries| Question {
        after: Some(rng.u64(..entries).cast_signed()),
        limit: 500,
        ..of(&[(Aspect::Purpose, "case_handling")], false)
    }),
    ("nothing, of two words that many say", |_, _, _| {
        of(&[(Aspect::Result, "failed"), (Aspect::Outcome, "clear")], true)
    }),
];
