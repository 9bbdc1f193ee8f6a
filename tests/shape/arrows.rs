//! Which room knows which: read from the imports, held against a table.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Room → rooms it may name. `vault` is the open vault (`crate::Vault`, `crate::vault`).
const ALLOWED: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("disk", &[]),
    ("words", &[]),
    ("store", &[]),
    ("tls", &[]),
    ("authority", &["clock"]),
    ("permit", &["authority", "seal", "store", "trail"]),
    ("seal", &["permit", "store"]),
    ("trail", &["clock", "disk", "seal", "store", "tls"]),
    ("witness", &["clock", "disk"]),
    ("life", &["register", "seal", "store", "trail", "vault"]),
    ("export", &["disk", "seal", "store", "tls", "trail"]),
    ("identity", &["authority", "clock", "seal", "store", "vault"]),
    ("records", &["authority", "identity", "seal", "store", "vault"]),
    (
        "lookup",
        &["authority", "clock", "identity", "permit", "records", "seal", "store", "trail", "vault", "words"],
    ),
    (
        "register",
        &[
            "authority",
            "clock",
            "identity",
            "import",
            "lookup",
            "permit",
            "records",
            "seal",
            "store",
            "trail",
            "vault",
            "words",
        ],
    ),
    ("import", &["authority", "clock", "identity", "records", "register", "seal", "trail", "vault", "words"]),
    ("demo", &["authority", "clock", "identity", "import", "records", "register", "seal", "store", "vault"]),
    ("config", &["seal", "store", "trail", "vault"]),
    ("backup", &["clock", "identity", "register", "seal", "store", "trail", "vault"]),
    ("vault", &["authority", "clock", "identity", "register", "seal", "store", "trail"]),
    (
        "api",
        &[
            "authority",
            "backup",
            "clock",
            "identity",
            "import",
            "lookup",
            "records",
            "register",
            "seal",
            "store",
            "tls",
            "trail",
            "vault",
            "words",
        ],
    ),
    (
        "cli",
        &[
            "api",
            "authority",
            "backup",
            "clock",
            "config",
            "demo",
            "disk",
            "export",
            "identity",
            "import",
            "life",
            "lookup",
            "register",
            "seal",
            "store",
            "tls",
            "trail",
            "vault",
            "witness",
        ],
    ),
];

fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

#[test]
fn rooms_know_only_the_rooms_they_may() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vault/src");
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        ALLOWED.iter().map(|(r, to)| (*r, to.iter().copied().collect())).collect();
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 40);
    let mut used = BTreeSet::new();
    for file in files {
        let inner = file.strip_prefix(&root).unwrap();
        let room = inner
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_str()
            .unwrap()
            .trim_end_matches(".rs")
            .to_owned();
        if matches!(room.as_str(), "main" | "lib") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        for part in text.split("crate::").skip(1) {
            let word: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let to = if word == "Vault" { "vault".to_owned() } else { word };
            if to == room || !allowed.contains_key(to.as_str()) {
                continue;
            }
            assert!(
                allowed[room.as_str()].contains(to.as_str()),
                "{} names crate::{to}: {room} may not know it",
                inner.display()
            );
            used.insert((room.clone(), to));
        }
        assert!(room == "store" || !text.contains("sqlx::"), "{} speaks SQL", inner.display());
    }
    for (room, to) in ALLOWED.iter().flat_map(|(r, to)| to.iter().map(move |t| (*r, *t))) {
        assert!(
            used.contains(&(room.to_owned(), to.to_owned())),
            "{room} → {to} is allowed and no longer needed"
        );
    }
}

#[test]
fn the_pure_crates_stay_pure() {
    for (name, may) in [
        ("policy", ["casbin", "ring", "serde", "thiserror", "tokio", "toml"].as_slice()),
        ("audit", &["data-encoding", "ring", "serde_json", "thiserror", "zeroize"]),
    ] {
        let text = std::fs::read_to_string(
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../{name}/Cargo.toml")),
        )
        .unwrap();
        let section = text.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
        for line in section.lines().filter(|l| l.contains('=')) {
            let dependency = line.split(['.', ' ', '=']).next().unwrap();
            assert!(may.contains(&dependency), "{name} depends on {dependency}");
        }
    }
    let lookup = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../vault/src").join("lookup/mod.rs"),
    )
    .unwrap();
    assert_eq!(lookup.matches(".keys.open(").count(), 1);
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../vault/src"), &mut files);
    let callers =
        files.iter().filter(|f| std::fs::read_to_string(f).unwrap().contains(".keys.open(")).count();
    assert_eq!(callers, 1, "opening has one caller");
}
