//! The figures as a page with a table each, and the shares of a lookup as a chart.

use std::fmt::Write as _;

use serde_json::Value;

use crate::stages::STAGES;

const METHOD: &str = "\
One program, one run, stages interleaved round by round; every figure is the median of the rounds, ratios are taken within a
round. Server, load and database share the machine. Clients are kept connections over loopback that ask for 500 residents in turn,
ten fields each, every one with a task and a consent of its own. The stages are routes beside the real one that go the way of
a lookup so far and no further, so that the difference between two neighbours is what that step costs. *Floor* is the same
router, token check, driver and pool, with one SELECT of header and envelopes by key, the ciphertext answered. In memory, an
fsync costs nothing: that row is the lookup without durability. *By hand* is a plpgsql function over pgcrypto AES with a
chained audit row in the same transaction, driven by pgbench.

`cargo run --release -p gridvault-tests --bin bench -- --write`
";

fn number(value: &Value, pointer: &str) -> f64 {
    value.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN)
}

fn slowest(questions: &Value) -> f64 {
    let asked = questions["asked"].as_object().into_iter().flatten();
    asked.map(|(_, row)| number(row, "/p99_ms")).fold(0.0, f64::max)
}

fn of_stage(rates: &Value, path: &str, member: &str) -> f64 {
    rates["stages"][path][member].as_f64().unwrap_or(f64::NAN)
}

pub fn markdown(measured: &Value) -> String {
    let mut out = String::from("# Benchmarks\n\n");
    out.push_str(METHOD);
    let _ = writeln!(
        out,
        "\n{} residents; {}; {} rounds of {} s each.\n\n![Microseconds of the machine per lookup, by step](benchmarks.svg)",
        measured["residents"],
        measured["machine"].as_str().unwrap_or(""),
        measured["rounds"],
        measured["seconds_each"]
    );
    for (name, title) in [("sqlite", "SQLite"), ("postgres", "PostgreSQL")] {
        let database = &measured[name];
        let _ = writeln!(out, "\n## {title}\n");
        let rates = database["rates"].as_array().cloned().unwrap_or_default();
        let heads: Vec<String> = rates.iter().map(|r| format!("{} clients", r["clients"])).collect();
        let _ = writeln!(out, "| answers per second (p50 ms) | {} |", heads.join(" | "));
        let _ = writeln!(out, "| --- |{}", " ---: |".repeat(heads.len()));
        for (path, what) in STAGES {
            let cells: Vec<String> = rates
                .iter()
                .map(|r| {
                    format!("{:.0} ({:.2})", of_stage(r, path, "per_second"), of_stage(r, path, "p50_ms"))
                })
                .collect();
            let _ = writeln!(out, "| `{path}`: {what} | {} |", cells.join(" | "));
        }
        for (member, what) in [
            ("full_to_floor", "full ÷ floor"),
            ("full_to_floor_read", "full ÷ floor that reads the token's row"),
        ] {
            let cells: Vec<String> =
                rates.iter().map(|r| format!("{:.2}", number(r, &format!("/stages/{member}")))).collect();
            let _ = writeln!(out, "| **{what}** | {} |", cells.join(" | "));
        }
        let _ = writeln!(out, "\n| | |\n| --- | ---: |");
        let mut row = |what: &str, value: String| {
            let _ = writeln!(out, "| {what} | {value} |");
        };
        row(
            "full at 64 clients in memory, without durability",
            format!("{:.0}/s", number(database, "/no_durability")),
        );
        row(
            "import: residents of ten sealed fields and more, each with an entry",
            format!("{:.0}/s", number(database, "/import_per_second")),
        );
        row(
            "bytes on disk per imported resident, entry, indexes and home included",
            format!("{:.0}", number(database, "/bytes_per_resident")),
        );
        row(
            "bytes on disk per lookup entry of ten fields with its indexes",
            format!("{:.0}", number(database, "/bytes_per_lookup")),
        );
        row(
            "`audit verify` of the whole database",
            format!(
                "{:.0} entries/s ({} entries)",
                number(database, "/verify/per_second"),
                database["verify"]["entries"]
            ),
        );
        row("start to first answer", format!("{:.2} s", number(database, "/process/start_seconds")));
        row(
            "memory: idle; serving 64 clients",
            format!(
                "{:.0}; {:.0} MiB",
                number(database, "/process/idle_mib"),
                number(database, "/process/serving_mib")
            ),
        );
        row(
            "p50 at 16 clients with all residents and the log filled up ÷ with a tenth of both",
            format!(
                "{:.2} ({:.2} to {:.2} ms, {:.0} entries)",
                number(database, "/growth/ratio"),
                number(database, "/growth/large_p50_ms"),
                number(database, "/growth/small_p50_ms"),
                number(database, "/growth/entries")
            ),
        );
        row(
            "officers' questions to a log of so many entries: the slowest question's p99, page of 100 to 500",
            format!(
                "{:.1} ms ({} entries)",
                slowest(&database["questions"]),
                database["questions"]["entries"]
            ),
        );
        row(
            "entries that words and tallies follow; bytes that they add to an entry",
            format!(
                "{:.0}/s; {:.0}",
                number(database, "/questions/followed_per_second"),
                number(database, "/questions/index_bytes_per_entry")
            ),
        );
        if database["two_instances"].is_object() {
            row(
                "two instances together ÷ one, 64 clients",
                format!(
                    "{:.2} ({:.0}/s to {:.0}/s)",
                    number(database, "/two_instances/ratio"),
                    number(database, "/two_instances/two"),
                    number(database, "/two_instances/one")
                ),
            );
        }
    }
    let at_64 = |name: &str| {
        let rates = measured[name]["rates"].as_array().cloned().unwrap_or_default();
        let rate = rates.iter().find(|r| r["clients"] == 64).or(rates.last()).cloned().unwrap_or_default();
        of_stage(&rate, "/v1/lookups", "per_second")
    };
    let by_hand = number(measured, "/by_hand/per_second");
    let _ = writeln!(out, "\n## Beside them\n\n| | |\n| --- | ---: |");
    let _ = writeln!(out, "| by hand in SQL with pgcrypto, 64 connections | {by_hand:.0}/s |");
    let _ = writeln!(out, "| full lookups on PostgreSQL ÷ by hand | {:.1} |", at_64("postgres") / by_hand);
    let _ = writeln!(
        out,
        "| facts to decision, ten fields, one thread | {:.2} µs |",
        number(measured, "/decide_ns") / 1e3
    );
    let _ = writeln!(out, "| loading the rules with every check | {:.0} ms |", number(measured, "/load_ms"));
    let _ = writeln!(
        out,
        "| verifying in memory, one thread: hashes and tree | {:.0} entries/s |",
        number(measured, "/verify/hashes_per_second")
    );
    let _ = writeln!(
        out,
        "| verifying in memory, one thread: canonical form and members too | {:.0} entries/s |",
        number(measured, "/verify/whole_per_second")
    );
    let _ = writeln!(
        out,
        "| the same on all cores | {:.0} entries/s |",
        number(measured, "/verify/all_cores_per_second")
    );
    out
}

/// What each step adds to a lookup at 64 clients, microseconds of the whole machine.
pub fn chart(measured: &Value) -> String {
    const STEPS: [(&str, &str, &str, &str); 5] = [
        ("", "/nothing", "HTTP and load", "#9aa5b1"),
        ("/nothing", "/caller", "authentication", "#f0b429"),
        ("/caller", "/located", "reading and checking the record", "#2bb0ed"),
        ("/located", "/permitted", "deciding and recording, durable", "#7b2cbf"),
        ("/permitted", "/v1/lookups", "opening and answering", "#3ebd93"),
    ];
    let mut out = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 900 250\" font-family=\"sans-serif\" font-size=\"13\">\n",
    );
    let cost = |name: &str, path: &str| {
        let rates = measured[name]["rates"].as_array().cloned().unwrap_or_default();
        let rate = rates.iter().find(|r| r["clients"] == 64).or(rates.last()).cloned().unwrap_or_default();
        if path.is_empty() { 0.0 } else { 1e6 / of_stage(&rate, path, "per_second") }
    };
    let most = ["sqlite", "postgres"].map(|name| cost(name, "/v1/lookups")).into_iter().fold(1.0, f64::max);
    for (n, (name, title)) in [("sqlite", "SQLite"), ("postgres", "PostgreSQL")].into_iter().enumerate() {
        let y = 40 + n * 70;
        let _ = writeln!(out, "<text x=\"10\" y=\"{}\">{title}</text>", y + 24);
        let mut x = 110.0;
        for (before, after, what, colour) in STEPS {
            let micros = (cost(name, after) - cost(name, before)).max(0.0);
            let width = micros / most * 760.0;
            let _ = writeln!(
                out,
                "<rect x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"38\" fill=\"{colour}\"><title>{what}: {micros:.0} µs</title></rect>"
            );
            if width > 28.0 {
                let _ = writeln!(
                    out,
                    "<text x=\"{:.1}\" y=\"{}\" fill=\"#fff\" text-anchor=\"middle\">{micros:.0}</text>",
                    x + width / 2.0,
                    y + 24
                );
            }
            x += width;
        }
    }
    out.push_str(
        "<text x=\"10\" y=\"22\">Microseconds of the machine per lookup at 64 clients, by step</text>\n",
    );
    let mut x = 110.0;
    for (_, _, what, colour) in STEPS {
        let _ = writeln!(
            out,
            "<rect x=\"{x:.0}\" y=\"190\" width=\"12\" height=\"12\" fill=\"{colour}\"/><text x=\"{:.0}\" y=\"201\" font-size=\"11\">{what}</text>",
            x + 16.0
        );
        x += 40.0 + 6.2 * what.chars().count() as f64;
    }
    out + "</svg>\n"
}
