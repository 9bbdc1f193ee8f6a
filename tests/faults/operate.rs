//! What an operator relies on, by the binary: TLS, proxies, settings, logs, the package.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use gridvault_tests::{Certificates, Office, Serving};
use serde_json::{Value, json};

/// Status of a readiness check; 0 where there was no answer.
fn ready(client: &ureq::Agent, server: &Serving) -> u16 {
    client.get(format!("{}/readyz", server.url)).call().map_or(0, |answer| answer.status().as_u16())
}

/// What comes back to some bytes until the other side closes.
fn raw(address: &str, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
    let mut back = Vec::new();
    // The other side may close before all was sent.
    let _ = stream.write_all(bytes);
    match stream.read_to_end(&mut back) {
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
            panic!("it keeps the connection open")
        }
        _ => back,
    }
}

const TLS: &str = "tls_cert = \"CERT.pem\"\ntls_key = \"CERT.key\"\n";

fn tls(office: &Office, name: &str) -> String {
    TLS.replace("CERT", office.path(name).to_str().unwrap())
}

#[test]
fn tls_is_spoken_and_read_anew_on_sighup() {
    let office = Office::new();
    let made = Certificates(office.dir.path());
    made.own("first", 30).own("second", 30).own("live", 30);
    let put = |name: &str| {
        for ending in ["pem", "key"] {
            std::fs::copy(office.path(&format!("{name}.{ending}")), office.path(&format!("live.{ending}")))
                .unwrap();
        }
    };
    put("first");
    office.settings(&tls(&office, "live"));
    let server = office.serve();
    assert!(server.url.starts_with("https://"));
    let (first, second) = (made.client("first", None), made.client("second", None));
    assert_eq!((ready(&first, &server), ready(&second, &server)), (200, 0));
    // Plain HTTP is closed without an answer, and the server goes on.
    let back = raw(server.address(), b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(!back.starts_with(b"HTTP/"), "{back:?}");
    assert_eq!(ready(&first, &server), 200);
    assert!(server.metric("gridvault_connections_turned_away_total") >= 2.0);

    let told = |words: &str| {
        server.signal("HUP");
        let deadline = Instant::now() + Duration::from_secs(10);
        while !std::fs::read_to_string(&server.log).unwrap().contains(words) {
            assert!(Instant::now() < deadline, "SIGHUP is not heard");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    put("second");
    told("the certificate was read anew");
    assert_eq!((ready(&first, &server), ready(&second, &server)), (0, 200));
    // What is broken is not taken.
    std::fs::copy(office.path("first.key"), office.path("live.key")).unwrap();
    told("the certificate of before stays in use");
    assert_eq!(ready(&second, &server), 200);
    server.stop();
}

#[test]
fn a_client_without_a_certificate_of_the_authority_is_refused_where_one_is_named() {
    let office = Office::new();
    let made = Certificates(office.dir.path());
    made.own("server", 30)
        .own("authority", 30)
        .own("stranger", 30)
        .signed("terminal", "authority", 5)
        .signed("other", "stranger", 5);
    let authority = office.path("authority-ca.pem");
    office.settings(&format!("{}tls_client_ca = \"{}\"\n", tls(&office, "server"), authority.display()));
    let server = office.serve();
    assert_eq!(ready(&made.client("server", None), &server), 0, "without a certificate");
    assert_eq!(ready(&made.client("server", Some("other")), &server), 0, "another authority's");
    assert_eq!(ready(&made.client("server", Some("terminal")), &server), 200);
    server.stop();
}

#[test]
fn silent_connections_take_no_place_for_long() {
    let office = Office::new();
    let made = Certificates(office.dir.path());
    made.own("server", 30);
    office.settings(&format!("{}[limits]\nconnections = 10\n", tls(&office, "server")));
    let server = office.serve();
    let begun = Instant::now();
    let silent: Vec<_> = (0..10).map(|_| TcpStream::connect(server.address()).unwrap()).collect();
    std::thread::sleep(Duration::from_millis(300));
    assert!((server.metric("gridvault_connections") - 10.0).abs() < 0.1, "all places are taken");
    assert_eq!(ready(&made.client("server", None), &server), 200);
    let waited = begun.elapsed().as_secs();
    assert!((9..25).contains(&waited), "answered behind those that were given up: {waited} s");
    drop(silent);
    server.stop();
}

#[test]
fn a_head_that_does_not_end_is_given_up() {
    let office = Office::new();
    let server = office.serve();
    let begun = Instant::now();
    let back = raw(server.address(), b"GET /readyz HTTP/1.1\r\nHost: x\r\n");
    assert!(!back.starts_with(b"HTTP/1.1 200"));
    assert!(begun.elapsed() < Duration::from_secs(38));
    // Nor does one that is too long grow without end.
    let long = [b"GET /readyz HTTP/1.1\r\nX: ".to_vec(), vec![b'a'; 300_000]].concat();
    assert!(
        raw(server.address(), &long).starts_with(b"HTTP/1.1 431")
            || server.metric("gridvault_connections") < 1.0
    );
    server.stop();
}

#[test]
fn a_body_is_as_long_as_the_settings_say() {
    let office = Office::new();
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    let agent = ureq::Agent::new_with_config(config.build());
    for (limits, expected) in [("", 400), ("[limits]\nbody_kib = 64\n", 413)] {
        office.settings(limits);
        let server = office.serve();
        let sent = agent.post(format!("{}/v1/sessions", server.url)).send(&vec![b' '; 70_000][..]);
        assert_eq!(sent.unwrap().status().as_u16(), expected, "{limits}");
        server.stop();
    }
}

#[test]
fn a_stop_waits_for_the_answer_under_way_and_for_nobody_who_is_idle() {
    let office = Office::new();
    let server = office.serve();
    let mut idle = TcpStream::connect(server.address()).unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert!(idle.read(&mut [0; 1000]).unwrap() > 50, "answered, and kept open");
    let mut slow = TcpStream::connect(server.address()).unwrap();
    let body = json!({ "code": "AAAA-AAAA-AAAA-AAAA" }).to_string();
    let head = format!("POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{{", body.len());
    slow.write_all(head.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    server.signal("TERM");
    std::thread::sleep(Duration::from_millis(500));
    assert!(TcpStream::connect(server.address()).is_err(), "nobody new is taken");
    slow.write_all(&body.as_bytes()[1..]).unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let begun = Instant::now();
    server.stop();
    assert!(begun.elapsed() < Duration::from_secs(5), "idle connections do not hold it up");
}

#[test]
fn other_machines_are_answered_only_with_tls_or_through_trusted_proxies() {
    let office = Office::new();
    office.settings("listen = \"0.0.0.0:0\"\n");
    let out = office.run(&["serve"]);
    let words = String::from_utf8(out.stderr).unwrap();
    assert!(out.status.code() == Some(1) && words.contains("`server.listen`"), "{words}");
    assert!(!words.contains("passphrase"), "nothing was opened before: {words}");
    // Where only a proxy is answered, nobody else is: not even a refusal, for a token would have crossed the network.
    office.settings("listen = \"0.0.0.0:0\"\ntrusted_proxies = [\"192.0.2.1\"]\n");
    let server = office.serve();
    let address = server.address().replace("0.0.0.0", "127.0.0.1");
    assert_eq!(raw(&address, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), b"");
    assert!(server.metric("gridvault_connections_turned_away_total") >= 1.0);
    server.stop();
}

/// Wrong sign-in codes from one peer, each with that header; the statuses.
fn wrong_codes(server: &Serving, forwarded: impl Fn(usize) -> String) -> Vec<u16> {
    let agent =
        ureq::Agent::new_with_config(ureq::Agent::config_builder().http_status_as_error(false).build());
    let send = |n: usize| {
        let request = agent.post(format!("{}/v1/sessions", server.url));
        let request =
            request.header("x-forwarded-for", forwarded(n)).header("content-type", "application/json");
        request
            .send(json!({ "code": "AAAA-AAAA-AAAA-AAAA" }).to_string().as_bytes())
            .unwrap()
            .status()
            .as_u16()
    };
    (0..8).map(send).collect()
}

#[test]
fn whoever_guesses_is_slowed_whatever_it_says_to_be_forwarded_for() {
    let office = Office::new();
    let server = office.serve();
    // Nobody in front of us is trusted: the peer is the source.
    let statuses = wrong_codes(&server, |n| format!("203.0.113.{n}"));
    assert!(statuses.starts_with(&[401; 5]) && statuses.ends_with(&[429]), "{statuses:?}");
    server.stop();
    office.settings("trusted_proxies = [\"127.0.0.1\"]\n");
    let server = office.serve();
    // The proxy's word counts: many sources, none slowed.
    assert_eq!(wrong_codes(&server, |n| format!("203.0.113.{n}")), [401; 8]);
    // What a client put in front of it does not.
    let statuses = wrong_codes(&server, |n| format!("10.9.8.{n}, 198.51.100.1"));
    assert!(statuses.ends_with(&[429]), "{statuses:?}");
    server.stop();
}

#[test]
fn a_line_of_the_log_names_route_status_and_trace_and_nothing_that_was_asked() {
    let office = Office::new();
    let server = office.serve();
    let agent =
        ureq::Agent::new_with_config(ureq::Agent::config_builder().http_status_as_error(false).build());
    let (trace, secret) =
        ("4bf92f3577b34da6a3ce929d0e0e4736", "gv1_SECRETSECRETSECRETSECRETSECRETSECRETSECRETS");
    for path in ["/v1/me/lookups?after=SECRET", "/v1/SECRET", "/v1/self?assignment=SECRET", "/SECRET"] {
        agent
            .get(format!("{}{path}", server.url))
            .header("authorization", format!("Bearer {secret}"))
            .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"))
            .header("user-agent", "SECRET")
            .call()
            .unwrap();
    }
    let body = "{\"code\":\"SECRET\",\"SECRET\":1}";
    agent.post(format!("{}/v1/sessions?SECRET", server.url)).send(body.as_bytes()).unwrap();
    agent
        .put(format!("{}/v1/me/consents/SECRET", server.url))
        .header("traceparent", "SECRET")
        .send(&b""[..])
        .unwrap();
    server.signal("TERM");
    std::thread::sleep(Duration::from_millis(500));
    let log = std::fs::read_to_string(office.path("log")).unwrap();
    assert!(!log.contains("SECRET"), "{log}");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let answers: Vec<&Value> =
        lines.iter().map(|l| &l["fields"]).filter(|f| f["message"] == "answered").collect();
    assert_eq!(answers.len(), 6);
    for answer in &answers {
        for name in answer.as_object().unwrap().keys() {
            assert!(
                ["message", "method", "route", "status", "ms", "request", "trace"].contains(&name.as_str()),
                "{name}"
            );
        }
        assert!(answer["ms"].is_number() && answer["request"].as_str().unwrap().len() == 32, "{answer}");
    }
    assert_eq!((&answers[0]["route"], &answers[0]["trace"]), (&json!("/v1/me/lookups"), &json!(trace)));
    assert_eq!((&answers[1]["route"], &answers[1]["status"]), (&json!("-"), &json!(404)));
    assert!(answers[5].get("trace").is_none());
}

#[test]
fn config_check_says_what_holds_and_names_what_is_wrong() {
    let office = Office::new();
    let made = Certificates(office.dir.path());
    made.own("good", 30).own("soon", 5).own("other", 30);
    let check = |server: &str| -> (Option<i32>, Value) {
        office.settings(server);
        let out = office.run(&["config", "check", "--json"]);
        let text = String::from_utf8(out.stdout).unwrap();
        (out.status.code(), serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}")))
    };
    let mend = |report: &Value| -> Vec<String> {
        let wrong = report["findings"].as_array().unwrap().iter().filter(|f| f["good"] == false);
        wrong.map(|f| f["what"].as_str().unwrap().to_owned()).collect()
    };
    let url = "public_url = \"https://vault.example\"\n";
    let (code, report) = check(&format!("{}{url}", tls(&office, "good")));
    assert_eq!((code, mend(&report)), (Some(0), vec![]), "{report}");
    let named = |name: &str| {
        let mut all = report["settings"].as_array().unwrap().iter();
        all.find(|s| s["name"] == name).map(|s| (s["value"].clone(), s["from"].clone())).unwrap()
    };
    assert_eq!(named("server.public_url"), (json!("https://vault.example"), json!("file")));
    assert_eq!(named("limits.requests_per_minute"), (json!(3000), json!("default")));
    for (server, wrong) in [
        (format!("{}{url}", tls(&office, "soon")), "server.tls_cert"),
        (format!("{}{url}", tls(&office, "none")), "server.tls_cert"),
        (tls(&office, "good"), "server.public_url"),
        (format!("{}public_url = \"https://elsewhere.example\"\n", tls(&office, "good")), "server.tls_cert"),
        (format!("{}{url}", tls(&office, "good").replace("good.key", "other.key")), "server.tls_key"),
    ] {
        let (code, report) = check(&server);
        assert!(code == Some(1) && mend(&report).contains(&wrong.to_owned()), "{server}: {report}");
    }
    // What cannot be used at all: the setting's name, in words and as JSON.
    let (code, report) = check("listen = \"0.0.0.0:1\"\n");
    assert!(
        code == Some(1) && report["findings"][0]["mend"].as_str().unwrap().contains("`server.listen`"),
        "{report}"
    );
    let words = String::from_utf8(office.run(&["config", "check"]).stderr).unwrap();
    assert!(words.contains("`server.listen`"), "{words}");
    office.settings("");
    for (file, wrong) in [("pass", "keys.passphrase_file"), ("keys.json", "keys.file")] {
        std::fs::set_permissions(office.path(file), std::fs::Permissions::from_mode(0o644)).unwrap();
        let (code, report) = check("");
        assert!(code == Some(1) && mend(&report).contains(&wrong.to_owned()), "{report}");
        std::fs::set_permissions(office.path(file), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let doctor = office.run(&["doctor"]);
    let words = String::from_utf8(doctor.stdout).unwrap();
    assert!(
        doctor.status.code() == Some(0) && words.contains("privacy officer: 1 in a live post"),
        "{words}"
    );
}

#[test]
fn every_setting_of_the_samples_is_one() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let dir = tempfile::tempdir().unwrap();
    let read = |text: &str| {
        let file = dir.path().join("gridvault.toml");
        std::fs::write(&file, text).unwrap();
        gridvault::config::Config::read(&file).unwrap_or_else(|error| panic!("{error}:\n{text}"))
    };
    let sample = std::fs::read_to_string(root.join("packaging/gridvault.toml")).unwrap();
    read(&sample);
    // Those that are commented out too, each by itself.
    let mut tried = 0;
    for line in sample.lines().filter_map(|line| line.strip_prefix("# ")) {
        if line.split_once(" = ").is_none_or(|(name, _)| name.contains(' ')) {
            continue;
        }
        let name = line.split(' ').next().unwrap();
        let mut text: String = sample
            .lines()
            .filter(|l| !l.starts_with(&format!("{name} =")))
            .map(|l| format!("{l}\n"))
            .collect();
        text = text.replacen(&format!("# {line}"), line, 1);
        // A certificate comes with its key.
        for (one, other) in [
            ("tls_cert", "# tls_key"),
            ("tls_key", "# tls_cert"),
            ("tls_client_ca", "# tls_cert"),
            ("tls_client_ca", "# tls_key"),
        ] {
            if name == one {
                text = text.replacen(other, other.trim_start_matches("# "), 1);
            }
        }
        read(&text);
        tried += 1;
    }
    assert!(tried >= 12, "{tried}");
    for paper in ["README.md", "README.zh-CN.md"] {
        let text = std::fs::read_to_string(root.join(paper)).unwrap();
        let block = |from: &str| -> String {
            let behind = text.split_once(from).unwrap().1;
            let lines = behind.lines().take_while(|l| l.starts_with("    ") || l.is_empty());
            std::iter::once(from).chain(lines).map(|l| format!("{}\n", l.trim())).collect()
        };
        let first = block("    [server]");
        assert!(first.contains("pin_file"), "{first}");
        read(&first);
        let (before, after) = first.split_once("[database]").unwrap();
        let rest = after.split_once("[keys]").unwrap().1;
        let second = text.rsplit_once("    [database]").unwrap().1;
        let url = second.lines().nth(1).unwrap();
        read(&format!("{before}[database]\n{url}\n[keys]{rest}"));
    }
}

#[test]
fn the_debian_package_holds_what_it_should() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let dir = tempfile::tempdir().unwrap();
    let run = |program: &str, words: &[&str]| {
        let out = Command::new(program).args(words).output().unwrap();
        assert!(out.status.success(), "{program}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    let (binary, build) = (gridvault_tests::binary(), root.join("packaging/deb/build"));
    let built = run(build.to_str().unwrap(), &[binary.to_str().unwrap(), dir.path().to_str().unwrap()]);
    let package = built.trim();
    let contents = run("dpkg-deb", &["--contents", package]);
    for line in [
        "-rwxr-xr-x root/root",
        "./usr/bin/gridvault",
        "./usr/lib/systemd/system/gridvault.service",
        "./usr/share/doc/gridvault/copyright",
        "./usr/share/doc/gridvault/operate.md",
        "./usr/share/doc/gridvault/third-party.txt",
    ] {
        assert!(contents.contains(line), "{line} is missing in {contents}");
    }
    assert!(
        contents
            .lines()
            .any(|l| l.starts_with("-rw-r----- root/root") && l.ends_with("/etc/gridvault/gridvault.toml"))
    );
    let field = |name: &str| run("dpkg-deb", &["--field", package, name]).trim().to_owned();
    assert_eq!(field("Package"), "gridvault");
    assert_eq!(field("Version"), format!("{}-1", env!("CARGO_PKG_VERSION")));
    assert!(field("Depends").contains("libc6 (>= 2.") && field("Depends").contains("adduser"));
    run("dpkg-deb", &["--control", package, dir.path().join("control").to_str().unwrap()]);
    let conffiles = std::fs::read_to_string(dir.path().join("control/conffiles")).unwrap();
    assert_eq!(conffiles.trim(), "/etc/gridvault/gridvault.toml");
    for script in ["postinst", "prerm", "postrm"] {
        run("sh", &["-n", dir.path().join("control").join(script).to_str().unwrap()]);
    }
    let unit = std::fs::read_to_string(root.join("packaging/gridvault.service")).unwrap();
    for line in [
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "CapabilityBoundingSet=\n",
        "MemoryDenyWriteExecute=yes",
    ] {
        assert!(unit.contains(line), "{line}");
    }
}
