//! The rules as an officer asks them: shown, tested, explained, compared, and entries decided anew.

use std::path::Path;
use std::process::Command;

use gridvault_tests::{Server, binary};

fn policy(arguments: &[&str]) -> (String, i32) {
    let done = Command::new(binary()).arg("policy").args(arguments).output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    (text, done.status.code().unwrap())
}

const ON: [&str; 2] = ["--on", "2026-11-24"];

#[test]
fn an_officer_reads_tests_and_questions_the_rules() {
    let (shown, code) = policy(&[&["show"], &ON[..]].concat());
    assert_eq!(code, 0);
    for words in ["| 探访关爱 home visits |", "R-021 clear", "网格督导员 grid supervisor"] {
        assert!(shown.contains(words), "{words}");
    }
    let (checked, code) = policy(&[&["check"], &ON[..]].concat());
    assert!(code == 0 && checked.contains(", 0 faults") && checked.contains("meaning  "), "{checked}");
    let (tested, code) = policy(&[&["test"], &ON[..]].concat());
    assert!(code == 0 && tested.contains("0 failed") && !tested.contains("no case misses"), "{tested}");
    let everyday = ["role=grid_chief", "purpose=home_visit_care", "basis=consent"];
    let closed =
        [&["explain", "person.name"], &everyday[..], &["task=closed", "why_task=task_closed"]].concat();
    let (why, code) = policy(&closed);
    assert_eq!(code, 0, "{why}");
    assert!(
        why.contains("denied R-000 task_closed") && why.contains("7 只差 nearest     task=open_mine"),
        "{why}"
    );
    // Of sensitive fields what an asker could fake is no hint.
    let sensitive =
        [&["explain", "elder.living_alone"], &everyday[..], &["task=none", "why_task=no_task"]].concat();
    let (why, _) = policy(&sensitive);
    let told = why.lines().find(|line| line.starts_with('7')).unwrap();
    assert!(!told.contains("task="), "{why}");
    for wrong in [&["explain", "person.religion"][..], &["explain", "person.name", "role"], &["explain"]] {
        assert_eq!(policy(wrong).1, 2, "{wrong:?}");
    }
}

#[test]
fn two_versions_are_compared_class_by_class_and_a_bad_one_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/../policy/rules");
    for file in ["model.conf", "rules.csv"] {
        std::fs::copy(Path::new(rules).join(file), dir.path().join(file)).unwrap();
    }
    let folder = dir.path().to_str().unwrap();
    assert!(policy(&["diff", folder]).0.starts_with("0 classes differ"));
    let text = std::fs::read_to_string(dir.path().join("rules.csv")).unwrap();
    let write = |text: &str| std::fs::write(dir.path().join("rules.csv"), text).unwrap();
    // The chief's visit sees the band of ages no more: for one field, of one purpose and role.
    write(&text.replacen("R-023;grid_chief;", "R-023;grid_informant;", 1));
    let (differs, _) = policy(&["diff", folder]);
    assert!(
        differs.contains("denied R-000 → masked M-band R-023") && differs.contains("role=grid_chief"),
        "{differs}"
    );
    assert!(!differs.contains("person.name"), "{differs}");
    // Informants see no person: a prohibition takes it all, and the rule is an idle one.
    let (checked, code) = policy(&["check", "--bundle", folder]);
    assert!(code == 1 && checked.contains("R-023 never decides"), "{checked}");
    // Sentences, order and obligations' order are no meaning; another day is none of these rules' business.
    write(&text.replacen(";网格长只看到年龄段;", ";只看年龄段;", 1));
    assert!(policy(&["diff", folder]).0.starts_with("0 classes differ"));
    for (from, to) in [
        ("R-023;grid_chief;", "R-023;grid_cheif;"),
        ("R-023;", "R-022;"),
        (";masked;M-band;", ";Masked;M-band;"),
    ] {
        write(&text.replacen(from, to, 1));
        let (refused, code) = policy(&["check", "--bundle", folder]);
        assert!(code != 0 && refused.contains("line "), "{refused}");
    }
}

#[test]
fn every_lookup_of_a_log_is_decided_anew_from_its_entry() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("demo");
    let mut server = Server::start(&data, 300);
    let (task, chief) = (&server.demo.tasks[0], &server.demo.callers[0]);
    let body = serde_json::json!({
        "resident": task.resident, "fields": ["person.name", "person.birth_date", "person.id_no"],
        "purpose": "home_visit_care", "task": task.id, "assignment": task.assignment,
    });
    assert_eq!(server.post("/v1/lookups", &chief.token, &body).0, 200);
    server.stop();
    let folder = data.to_str().unwrap();
    let database = format!("sqlite://{}", data.join("vault.db").display());
    let last = Command::new("sqlite3")
        .args([data.join("vault.db").to_str().unwrap(), "SELECT max(seq) FROM entries WHERE kind = 'lookup'"])
        .output()
        .unwrap();
    let last = String::from_utf8(last.stdout).unwrap().trim().to_owned();
    for place in [["--data", folder], ["--database", &database]] {
        let (again, code) = policy(&[&["explain", "--seq", &last], &place[..]].concat());
        assert_eq!(code, 0, "{again}");
        assert!(again.contains("person.name = clear R-021"), "{again}");
        assert!(again.contains("person.birth_date = masked R-023 M-band"), "{again}");
    }
    let (none, code) = policy(&["explain", "--seq", "0", "--data", folder]);
    assert!(code == 2 && none.contains("no lookup"), "{none}");
    assert_eq!(policy(&["explain", "--seq", "1000000", "--data", folder]).1, 2);
}
