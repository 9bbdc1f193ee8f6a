//! The six steps, as printed, with the tools they name.

use std::process::Command;

use gridvault_tests::Server;

fn sh(command: &str) -> (String, Option<i32>) {
    let done = Command::new("sh").args(["-c", command]).output().unwrap();
    (
        format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr)),
        done.status.code(),
    )
}

#[test]
fn the_six_steps_do_what_they_say() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("demo");
    let mut server = Server::start(&data, 2000);
    let printed = std::fs::read_to_string(&server.out).unwrap();
    let step = |n: usize| {
        let mut lines = printed.lines();
        lines.find(|line| line.starts_with(&format!("({n}) "))).unwrap_or_else(|| panic!("no step {n}"));
        lines.next().unwrap().to_owned()
    };
    let (first, _) = sh(&step(1));
    for word in [
        "\"outcome\":\"clear\"",
        "\"outcome\":\"masked\"",
        "\"outcome\":\"denied\"",
        "R-021",
        "R-000",
        "field_not_for_purpose",
    ] {
        assert!(first.contains(word), "{word}: {first}");
    }
    let (second, _) = sh(&step(2));
    assert!(second.contains("\"status\":404") && second.contains("not-found"), "{second}");
    let (third, _) = sh(&step(3));
    assert!(
        third.contains("\"role\":\"grid_chief\"") && third.contains("\"purpose\":\"home_visit_care\""),
        "{third}"
    );
    let (fourth, _) = sh(&step(4));
    assert!(fourth.contains("consent_withdrawn") && fourth.contains("\"status\":403"), "{fourth}");
    let (fifth, code) = sh(&step(5));
    let looked: i64 = sh(&format!(
        "sqlite3 {}/vault.db \"SELECT min(seq) FROM entries WHERE kind = 'lookup'\"",
        data.display()
    ))
    .0
    .trim()
    .parse()
    .unwrap();
    assert!(fifth.contains(&format!("NOT WHOLE at entry {looked}:")) && code == Some(1), "{fifth} {code:?}");
    let (sixth, _) = sh(&step(6));
    let name = sixth.lines().next().unwrap();
    assert_eq!(name.chars().count(), 3, "{sixth}");
    assert!(sixth.contains("found nowhere"), "{sixth}");
    assert!(first.contains(name));
    // Nor does the server's log hold it.
    assert!(!std::fs::read_to_string(&server.err).unwrap().contains(name));
    server.stop();
}

#[test]
fn a_second_start_serves_what_is_there_and_serve_refuses_a_demonstration() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("demo");
    let mut server = Server::start(&data, 150);
    for file in ["demo.json", "keys.json", "passphrase", "pin", "vault.db"] {
        let mode = std::fs::metadata(data.join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let residents: Vec<_> = server.demo.residents.iter().map(|r| r.id).collect();
    let held = Server::try_start(&data, 150).err().unwrap();
    assert!(held.contains("another process has this vault open"), "{held}");
    server.stop();
    let mut again = Server::start(&data, 150);
    assert_eq!(again.demo.residents.iter().map(|r| r.id).collect::<Vec<_>>(), residents);
    again.stop();
    let toml = format!(
        "[database]\nurl = \"sqlite://{0}/vault.db\"\n[keys]\nfile = \"{0}/keys.json\"\npassphrase_file = \"{0}/passphrase\"\n[log]\npin_file = \"{0}/pin\"\n",
        data.display()
    );
    let settings = dir.path().join("gridvault.toml");
    std::fs::write(&settings, toml).unwrap();
    let binary = gridvault_tests::binary();
    let (words, code) = sh(&format!("{} serve --config {}", binary.display(), settings.display()));
    assert!(words.contains("this vault is a demonstration") && code == Some(1), "{words}");
    let (words, code) = sh(&format!("{} init --config {}", binary.display(), settings.display()));
    assert!(words.contains("already") && code == Some(1), "{words}");
    let (words, code) =
        sh(&format!("{} demo --data {} --listen 0.0.0.0:0", binary.display(), data.display()));
    assert!(words.contains("--expose-demo") && code == Some(2), "{words}");
}

#[test]
fn an_office_begins_with_init_serve_and_the_first_sign_in() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().display();
    std::fs::write(dir.path().join("pass"), "a passphrase of some length\n").unwrap();
    let toml = format!(
        "[deployment]\nname = \"office\"\n[server]\nlisten = \"127.0.0.1:0\"\n[database]\nurl = \"sqlite://{at}/vault.db\"\n\
         [keys]\nfile = \"{at}/keys.json\"\npassphrase_file = \"{at}/pass\"\n[log]\npin_file = \"{at}/pin\"\n"
    );
    std::fs::write(dir.path().join("g.toml"), toml).unwrap();
    let binary = gridvault_tests::binary();
    let binary = binary.display();
    let (words, code) = sh(&format!("{binary} init --config {at}/g.toml"));
    assert_eq!(code, Some(0), "{words}");
    let key = words.lines().find_map(|l| l.strip_prefix("log key ")).unwrap().to_owned();
    let after = |label: &str| words.lines().find_map(|l| l.strip_prefix(label)).unwrap().trim().to_owned();
    let code = after("data steward, one-time code:");
    let officer = after("privacy officer, one-time code:");
    let script = format!(
        "{binary} serve --config {at}/g.toml > {at}/out 2> {at}/err & P=$!; \
         for i in $(seq 100); do U=$(sed -n 's/serving on //p' {at}/out); [ -n \"$U\" ] && break; sleep 0.1; done; \
         signed() {{ curl -s $U/v1/sessions -d \"{{\\\"code\\\":\\\"$1\\\"}}\" -H 'Content-Type: application/json' | sed -n 's/.*\"token\":\"\\([^\"]*\\)\".*/\\1/p'; }}; \
         signed {code} > {at}/token; signed {officer} > {at}/officer; cd {at}; \
         confirmed() {{ {binary} import $1 {fixtures}/$1.csv --url $U --token-file {at}/token > {at}/proposed; \
           {binary} import confirm $(sed -n 's/.*import confirm \\([0-9a-f-]*\\).*/\\1/p' {at}/proposed) --url $U --token-file {at}/officer; }}; \
         confirmed areas; confirmed people; \
         kill -TERM $P; wait $P; echo stopped $?; \
         {binary} import premises {fixtures}/premises.csv --data {at} --token-file {at}/token; \
         {binary} audit verify --data {at} --key '{key}'",
        fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"),
    );
    std::fs::copy(dir.path().join("pass"), dir.path().join("passphrase")).unwrap();
    let (words, code) = sh(&script);
    assert!(words.contains("80 made, 0 new staff") && words.contains("stopped 0"), "{words}");
    assert!(words.contains("744 rows: 744 made"), "{words}");
    assert!(words.contains("whole, origin proven") && code == Some(0), "{words}");
    let files = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
    let codes = files.into_iter().find(|path| path.to_str().unwrap().ends_with(".codes.csv"));
    let codes = std::fs::read_to_string(codes.unwrap());
    assert_eq!(codes.unwrap().lines().count(), 13, "a code for each of twelve people");
}
