//! `docs/duties.md`: each duty of the law, how it is kept, and the tests named after it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// A line of `duties.txt`.
struct Duty<'a> {
    name: &'a str,
    source: &'a str,
    owed: &'a str,
    kept: &'a str,
    open: &'a str,
}

fn duties() -> Vec<Duty<'static>> {
    let lines = include_str!("duties.txt").lines().filter(|line| !line.starts_with('#'));
    let duty = |line: &'static str| {
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        let [name, source, owed, kept, open] = parts[..] else { panic!("not five parts: {line}") };
        Duty { name, source, owed, kept, open }
    };
    lines.map(duty).collect()
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !matches!(name.as_str(), "node_modules" | "target" | "fixtures") {
            sources(&path, into);
        } else if name.ends_with(".rs") {
            into.push(path);
        }
    }
}

/// Tests by the duty that their name begins with: `d07_…`, `d19b_…`.
fn tests() -> BTreeMap<String, Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for room in ["tests", "vault/src", "policy/src", "audit/src"] {
        sources(&root.join(room), &mut files);
    }
    files.sort();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for line in text.lines() {
            let line = line.trim_start().trim_start_matches("pub ").trim_start_matches("async ");
            let Some(name) = line.strip_prefix("fn d").and_then(|rest| rest.split('(').next()) else {
                continue;
            };
            let (number, rest) = name.split_once('_').unwrap_or_default();
            if number.starts_with(|c: char| c.is_ascii_digit()) && number.len() <= 3 && !rest.is_empty() {
                found.entry(format!("D{number}")).or_default().push(format!("d{name}"));
            }
        }
    }
    found
}

fn page() -> String {
    let tests = tests();
    let duties = duties();
    for named in tests.keys() {
        assert!(duties.iter().any(|duty| duty.name == named), "no duty {named}");
    }
    let mut page = String::from(
        "# Duties, how they are kept, and the tests named after them\n\n\
         Made from `tests/shape/duties.txt` and the names of the tests (`GRIDVAULT_BLESS=1 cargo nextest run -E \
         'test(duties)'`). What a duty means for an office is for its counsel to say.\n\n\
         | | What is owed | Source | How it is kept | Tests |\n| --- | --- | --- | --- | --- |\n",
    );
    for duty in &duties {
        let named = tests.get(duty.name).map(Vec::as_slice).unwrap_or_default();
        assert!(
            !named.is_empty() || !duty.open.is_empty(),
            "{} has no test and is not said to be open",
            duty.name
        );
        let named: Vec<String> = named.iter().map(|name| format!("`{name}`")).collect();
        let kept = if duty.kept.is_empty() { "not yet" } else { duty.kept };
        writeln!(
            page,
            "| {} | {} | {} | {kept} | {} |",
            duty.name,
            duty.owed,
            duty.source,
            named.join("<br>")
        )
        .unwrap();
    }
    page.push_str("\n## Still open\n\n");
    for duty in duties.iter().filter(|duty| !duty.open.is_empty()) {
        writeln!(page, "- {}: {}.", duty.name, duty.open).unwrap();
    }
    page
}

#[test]
fn the_page_of_duties_names_what_there_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/duties.md");
    let page = page();
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests, no setting")]
    if std::env::var("GRIDVAULT_BLESS").is_ok() {
        std::fs::write(&path, &page).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == page, "docs/duties.md is not what the tests are: GRIDVAULT_BLESS=1");
}
