//! An office on PostgreSQL, by the commands alone: init, doctor, two instances, an import, verifying.

use std::process::Command;

use gridvault_tests::{On, Site};

fn sh(script: &str) -> (String, Option<i32>) {
    let out = Command::new("bash").args(["-c", script]).output().unwrap();
    let words = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
    (words, out.status.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_on_postgres_begins_is_examined_and_serves_from_two_instances() {
    let site = Site::new(On::Postgres).await;
    let (at, url) = (site.dir.path().display(), site.url().unwrap());
    std::fs::write(site.dir.path().join("pass"), "a passphrase of some length\n").unwrap();
    let settings = |pin: &str| {
        format!(
            "[deployment]\nname = \"office\"\n[server]\nlisten = \"127.0.0.1:0\"\n[database]\nurl = \"{url}\"\n\
             [keys]\nfile = \"{at}/keys.json\"\npassphrase_file = \"{at}/pass\"\n[log]\npin_file = \"{at}/{pin}\"\n"
        )
    };
    for (file, pin) in [("a.toml", "pin"), ("b.toml", "pin-b")] {
        std::fs::write(site.dir.path().join(file), settings(pin)).unwrap();
    }
    let binary = gridvault_tests::binary();
    let binary = binary.display();
    let (words, code) = sh(&format!("chmod 600 {at}/pass; {binary} init --config {at}/a.toml"));
    assert_eq!(code, Some(0), "{words}");
    let after = |label: &str| words.lines().find_map(|l| l.strip_prefix(label)).unwrap().trim().to_owned();
    let (key, steward) = (after("log key "), after("data steward, one-time code:"));
    let officer = after("privacy officer, one-time code:");
    let (words, code) = sh(&format!("{binary} doctor --config {at}/a.toml"));
    assert!(code == Some(0) && words.contains("fsync on") && !words.contains("MEND"), "{words}");
    // The second instance's pin is missing: doctor says so, and what to do.
    let (words, code) = sh(&format!("{binary} doctor --config {at}/b.toml"));
    assert!(code == Some(1) && words.contains("copy another instance's"), "{words}");
    let (words, code) = sh(&format!(
        "cp {at}/pin {at}/pin-b; serve() {{ {binary} serve --config {at}/$1.toml > {at}/$1.out 2> {at}/$1.err & }}; \
         url() {{ for i in $(seq 200); do U=$(sed -n 's/serving on //p' {at}/$1.out); [ -n \"$U\" ] && break; sleep 0.05; done; echo $U; }}; \
         serve a; A=$!; serve b; B=$!; \
         signed() {{ curl -s $1/v1/sessions -d \"{{\\\"code\\\":\\\"$2\\\"}}\" -H 'Content-Type: application/json' | sed -n 's/.*\"token\":\"\\([^\"]*\\)\".*/\\1/p'; }}; \
         signed $(url a) {steward} > {at}/token; signed $(url b) {officer} > {at}/officer; \
         {binary} import areas {fixtures}/areas.csv --url $(url b) --token-file {at}/token > {at}/proposed; \
         {binary} import confirm $(sed -n 's/.*import confirm \\([0-9a-f-]*\\).*/\\1/p' {at}/proposed) --url $(url a) --token-file {at}/officer; \
         {binary} import premises {fixtures}/premises.csv --url $(url a) --token-file {at}/token; \
         kill -TERM $A $B; wait $A; echo stopped $?; wait $B; echo stopped $?; \
         {binary} audit verify --database '{url}' --key '{key}' --against {at}/pin-b",
        fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"),
    ));
    assert!(words.contains("80 made, 0 new staff") && words.contains("744 rows: 744 made"), "{words}");
    assert_eq!(words.matches("stopped 0").count(), 2, "{words}");
    assert!(words.contains("whole, origin proven") && code == Some(0), "{words}");
    // What an operator should mend.
    let name = url.rsplit('/').next().unwrap();
    site.sql(&format!("ALTER DATABASE {name} SET synchronous_commit = off")).await;
    let (words, code) = sh(&format!("chmod 644 {at}/keys.json; {binary} doctor --config {at}/a.toml --json"));
    let report: serde_json::Value = serde_json::from_str(&words).unwrap();
    let mend = |what: &str| {
        let mut all = report["findings"].as_array().unwrap().iter();
        all.any(|f| f["what"] == what && f["good"] == false)
    };
    assert!(code == Some(1) && mend("keys.file") && mend("database setting"), "{words}");
    let (words, code) = sh(&format!("{binary} serve --config {at}/a.toml"));
    assert!(code == Some(1) && words.contains("`synchronous_commit` is off, turn it on"), "{words}");
}
