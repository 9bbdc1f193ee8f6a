//! Measures what each promise costs, in one run, interleaved:
//! `cargo run --release -p gridvault-tests --bin bench -- --write` (writes docs/benchmarks.*).
//! `--short` shows only that it runs; `--only questions --entries N` fills a log and asks it; `--only growth --entries N` looks up before a short log and a long one, and verifies the long one; `--only bytes` weighs an entry; `--only PATH --clients N --on sqlite|postgres` loads one route, for a profile.

mod byhand;
mod load;
mod process;
mod questions;
mod report;
mod single;
mod stages;
mod street;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use gridvault_tests::{Cluster, On, Site};
use load::Rate;
use serde_json::{Value, json};
use stages::STAGES;
use street::Street;

/// How much is measured.
pub struct Plan {
    pub residents: u32,
    /// The log is filled up to so many entries, for what grows with it.
    pub entries: u64,
    /// Residents who are looked up, in turn.
    pub asked: usize,
    pub clients: Vec<usize>,
    pub rounds: usize,
    pub each: Duration,
}

fn option(name: &str) -> Option<String> {
    std::env::args().skip_while(|a| a != name).nth(1)
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        if let Some(path) = option("--only") {
            return only(&path).await;
        }
        let short = std::env::args().any(|a| a == "--short");
        let residents = option("--residents").map(|n| n.parse().unwrap());
        let plan = if short {
            Plan {
                residents: 300,
                entries: 1_000,
                asked: 4,
                clients: vec![4],
                rounds: 1,
                each: Duration::from_millis(200),
            }
        } else {
            Plan {
                residents: residents.unwrap_or(100_000),
                entries: 1_000_000,
                asked: 500,
                clients: vec![1, 16, 64, 256],
                rounds: 5,
                each: Duration::from_secs(1),
            }
        };
        let measured = measure(&plan).await;
        let page = report::markdown(&measured);
        println!("{page}");
        if std::env::args().any(|a| a == "--write") {
            let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
            std::fs::create_dir_all(&docs).unwrap();
            std::fs::write(docs.join("benchmarks.md"), page).unwrap();
            std::fs::write(docs.join("benchmarks.svg"), report::chart(&measured)).unwrap();
            let text = serde_json::to_string_pretty(&measured).unwrap();
            std::fs::write(docs.join("benchmarks.json"), text + "\n").unwrap();
        }
    });
}

async fn measure(plan: &Plan) -> Value {
    let cluster = Cluster::start();
    let lite = || Site::new(On::Sqlite);
    let sqlite = database(plan, lite().await, lite().await, lite().await).await;
    let within = || Site::within(cluster.options());
    let postgres = database(plan, within().await, within().await, within().await).await;
    let by_hand = byhand::measure(plan, &cluster).await;
    let (decide, verify, load) =
        tokio::task::spawn_blocking(|| (single::decide(), single::verify(), single::load())).await.unwrap();
    json!({
        "residents": plan.residents, "rounds": plan.rounds, "seconds_each": plan.each.as_secs_f64(),
        "machine": machine(), "sqlite": sqlite, "postgres": postgres, "by_hand": by_hand,
        "decide_ns": decide, "verify": verify, "load_ms": load,
    })
}

fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|l| l.strip_prefix("model name\t: ")).unwrap_or("unknown");
    format!("{model}, {} cores", std::thread::available_parallelism().map_or(1, usize::from))
}

async fn database(plan: &Plan, site: Site, small: Site, long: Site) -> Value {
    let asked = questions::measure(long, plan.entries).await;
    let street = Street::make(site, plan.residents, plan.asked).await;
    let imported_bytes = process::bytes(&street.site).await;
    let address = stages::serve(&street).await;
    let mut rates = Vec::new();
    for clients in &plan.clients {
        rates.push(json!({ "clients": clients, "stages": stages(plan, &street, address, *clients).await }));
    }
    let instances =
        if street.site.on == On::Postgres { Some(two(plan, &street, address).await) } else { None };
    let entry_bytes = entry_bytes(&street, address, plan.each * 4).await;
    let growth = growth(plan, &street, address, small).await;
    street.vault.close().await;
    json!({
        "import_per_second": street.imported, "rates": rates, "two_instances": instances,
        "bytes_per_resident": imported_bytes / f64::from(plan.residents), "bytes_per_lookup": entry_bytes, "growth": growth,
        "process": process::measure(plan, &street).await, "verify": process::verify(&street).await,
        "no_durability": in_memory(plan, street.site.on).await, "questions": asked,
    })
}

/// Bytes on disk that a lookup's entry adds, with everything that follows it.
async fn entry_bytes(street: &Street, address: SocketAddr, during: Duration) -> f64 {
    let now = async || {
        while street.vault.questions.follow(64).await.unwrap() > 0 {}
        (process::bytes(&street.site).await, size(street).await)
    };
    let before = now().await;
    let requests = load::requests("/v1/lookups", &street.token, &street.bodies);
    load::rate(&[address], 64, during, &requests).await;
    let after = now().await;
    (after.0 - before.0) / (after.1 - before.1)
}

async fn size(street: &Street) -> f64 {
    street.vault.store.head().await.unwrap().unwrap().size as f64
}

/// What a tenth of the residents and hardly any history answer within, and all of them behind a long log.
async fn growth(plan: &Plan, large: &Street, address: SocketAddr, site: Site) -> Value {
    let small = Street::make(site, plan.residents / 10, plan.asked).await;
    let filled = large.fill(plan.entries).await;
    let small_address = stages::serve(&small).await;
    let ask = async |street: &Street, address: SocketAddr| {
        let requests = load::requests("/v1/lookups", &street.token, &street.bodies);
        load::rate(&[address], 16, plan.each, &requests).await.p50
    };
    let mut rounds = Vec::new();
    for _ in 0..plan.rounds {
        rounds.push((ask(&small, small_address).await, ask(large, address).await));
    }
    small.vault.close().await;
    json!({
        "entries": size(large).await, "entries_filled_per_second": filled,
        "small_p50_ms": median(rounds.iter().map(|(small, _)| *small)),
        "large_p50_ms": median(rounds.iter().map(|(_, large)| *large)),
        "ratio": median(rounds.iter().map(|(small, large)| large / small)),
    })
}

/// Every stage in turn, in every round; medians.
async fn stages(plan: &Plan, street: &Street, address: SocketAddr, clients: usize) -> Value {
    let prepared = STAGES.map(|(path, _)| load::requests(path, &street.token, &street.bodies));
    let mut rounds: Vec<Vec<Rate>> = Vec::new();
    for _ in 0..plan.rounds {
        let mut round = Vec::new();
        for requests in &prepared {
            round.push(load::rate(&[address], clients, plan.each, requests).await);
        }
        rounds.push(round);
    }
    let mut out = serde_json::Map::new();
    for (n, (path, _)) in STAGES.iter().enumerate() {
        let of = |value: fn(&Rate) -> f64| median(rounds.iter().map(|round| value(&round[n])));
        let row =
            json!({ "per_second": of(|r| r.per_second), "p50_ms": of(|r| r.p50), "p99_ms": of(|r| r.p99) });
        out.insert((*path).to_owned(), row);
    }
    // Ratios within a round, for the machine's speed moves between rounds.
    for (name, floor) in [("full_to_floor", 1), ("full_to_floor_read", 2)] {
        let ratio = median(rounds.iter().map(|round| round[6].per_second / round[floor].per_second));
        out.insert(name.into(), json!(ratio));
    }
    out.into()
}

/// A second instance on the same server, in this process: both together against one, each with its own writer.
async fn two(plan: &Plan, street: &Street, first: SocketAddr) -> Value {
    let clock = std::sync::Arc::new(gridvault::clock::SystemClock);
    let other = gridvault_tests::open(&street.site.instance("pin-b"), clock, None).await;
    let other = Street { vault: std::sync::Arc::new(other), ..street.again() };
    let second = stages::serve(&other).await;
    let requests = load::requests("/v1/lookups", &street.token, &street.bodies);
    let (mut ones, mut boths, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        let one = load::rate(&[first], 64, plan.each * 2, &requests).await.per_second;
        let both = load::rate(&[first, second], 64, plan.each * 2, &requests).await.per_second;
        ones.push(one);
        boths.push(both);
        ratios.push(both / one);
    }
    other.vault.close().await;
    json!({ "one": median(ones), "two": median(boths), "ratio": median(ratios) })
}

/// A full lookup where an fsync costs nothing: the same binary, files in memory.
async fn in_memory(plan: &Plan, on: On) -> Value {
    let memory = Path::new("/dev/shm");
    if !memory.exists() {
        return Value::Null;
    }
    let (cluster, site) = match on {
        On::Sqlite => (None, Site::in_folder(memory)),
        On::Postgres => {
            let cluster = Cluster::start_in(memory);
            let site = Site::within(cluster.options()).await;
            (Some(cluster), site)
        }
    };
    let street = Street::make(site, plan.residents.min(20_000), plan.asked).await;
    let address = stages::serve(&street).await;
    let requests = load::requests("/v1/lookups", &street.token, &street.bodies);
    let mut rates = Vec::new();
    for _ in 0..plan.rounds {
        rates.push(load::rate(&[address], 64, plan.each, &requests).await.per_second);
    }
    street.vault.close().await;
    drop(cluster);
    json!(median(rates))
}

pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

async fn only(path: &str) {
    let number = |name: &str, default: u32| option(name).map_or(default, |n| n.parse().unwrap());
    let cluster = (option("--on").as_deref() == Some("postgres")).then(Cluster::start);
    let site = match &cluster {
        Some(cluster) => Site::within(cluster.options()).await,
        None => match option("--folder") {
            Some(folder) => Site::in_folder(folder.as_ref()),
            None => Site::new(On::Sqlite).await,
        },
    };
    if path == "questions" {
        let asked = questions::measure(site, number("--entries", 1_000_000).into()).await;
        println!("{asked:#}");
        return;
    }
    let street = Street::make(site, number("--residents", 20_000), 200).await;
    let address = stages::serve(&street).await;
    println!("import {:.0}/s", street.imported);
    if path == "growth" {
        let plan = Plan {
            residents: number("--residents", 20_000),
            entries: number("--entries", 1_000_000).into(),
            asked: 200,
            clients: vec![],
            rounds: 9,
            each: Duration::from_secs(1),
        };
        let small = match option("--folder") {
            Some(folder) => Site::in_folder(folder.as_ref()),
            None => Site::new(On::Sqlite).await,
        };
        let growth = growth(&plan, &street, address, small).await;
        println!("{growth:#}\n{:#}", process::verify(&street).await);
        return street.vault.close().await;
    }
    let clients = usize::try_from(number("--clients", 64)).unwrap();
    let during = Duration::from_secs(number("--seconds", 3).into());
    if path == "bytes" {
        println!("{:.0} bytes a lookup entry", entry_bytes(&street, address, during).await);
        return;
    }
    for (stage, _) in STAGES.iter().filter(|(stage, _)| path == "all" || path == *stage) {
        let requests = load::requests(stage, &street.token, &street.bodies);
        let rate = load::rate(&[address], clients, during, &requests).await;
        println!("{stage}: {:.0}/s, p50 {:.2} ms, p99 {:.2} ms", rate.per_second, rate.p50, rate.p99);
    }
}
