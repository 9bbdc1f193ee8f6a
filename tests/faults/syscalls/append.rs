//! One lookup that is answered, and the pin written behind it.

use std::collections::HashSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gridvault::demo::DemoFile;
use gridvault_tests::Server;
use serde_json::json;

use super::strace::{Case, record};
use super::{Came, lanes, long, verified, work};

/// Longer than the pin's keeper rests, so that it writes at once.
const REST: Duration = Duration::from_millis(1100);

const LANES: usize = 5;

/// A demonstration in a folder of its own.
struct Lane {
    root: PathBuf,
    server: Server,
    received: HashSet<String>,
    asked: usize,
}

/// Status, and all that came; nothing where the answer was cut.
fn ask(demo: &DemoFile) -> (u16, String) {
    let task = &demo.tasks[0];
    let body = json!({ "resident": task.resident, "fields": ["person.name"], "purpose": task.purpose, "task": task.id, "assignment": task.assignment }).to_string();
    let host = demo.url.strip_prefix("http://").unwrap();
    let mut text = String::new();
    let Ok(mut stream) = TcpStream::connect(host) else { return (0, text) };
    stream.set_read_timeout(Some(Duration::from_secs(70))).unwrap();
    let head = format!(
        "POST /v1/lookups HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        demo.callers[0].token,
        body.len()
    );
    let mut bytes = Vec::new();
    if stream.write_all(format!("{head}{body}").as_bytes()).is_ok() {
        // A cut answer counts with what came of it.
        let _ = stream.read_to_end(&mut bytes);
    }
    text = String::from_utf8_lossy(&bytes).into_owned();
    (text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0), text)
}

impl Lane {
    fn start(root: PathBuf) -> Self {
        let server = Server::narrow(&root.join("demo"));
        Self { root, server, received: HashSet::new(), asked: 0 }
    }

    /// Asks once, and keeps what was received with a value.
    fn look(&mut self) -> Came {
        let (status, text) = ask(&self.server.demo);
        self.asked += 1;
        if text.contains("\"value\":") {
            let id = text.split("\"id\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
            self.received.insert(id.to_owned());
            return Came::Answered;
        }
        let log = || std::fs::read_to_string(&self.server.err).unwrap();
        assert!(matches!(status, 0 | 503), "{text}\n{}", log());
        if status == 503 { Came::Refused } else { Came::Silent }
    }

    /// Serves again by itself, or goes on serving.
    fn serves(&mut self) {
        let begun = Instant::now();
        while self.look() != Came::Answered {
            assert!(begun.elapsed() < Duration::from_secs(20), "it does not serve on");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn settle(&self) {
        let (written, _) = verified(&self.root.join("demo"), &self.server.demo.log_key, None);
        let distinct: HashSet<_> = written.iter().cloned().collect();
        let missing: Vec<_> = self.received.difference(&distinct).collect();
        assert!(missing.is_empty(), "{missing:?} were answered but are not on record");
        assert_eq!(distinct.len(), written.len());
        assert!(
            written.len() <= self.asked,
            "{} lookups are on record, {} were asked for",
            written.len(),
            self.asked
        );
    }

    /// What the window is for: one lookup, and its pin.
    fn append(&mut self) -> Came {
        let pin = self.root.join("demo/pin");
        let before = std::fs::read(&pin).unwrap();
        let came = self.look();
        let begun = Instant::now();
        let pinned = || std::fs::read(&pin).unwrap() != before;
        while came == Came::Answered && begun.elapsed() < REST && !pinned() {
            std::thread::sleep(Duration::from_millis(5));
        }
        // The rest of the pin's calls.
        std::thread::sleep(Duration::from_millis(40));
        came
    }

    fn case(&mut self, case: &Case) -> Option<(Came, bool)> {
        self.serves();
        std::thread::sleep(REST);
        let (process, root) = (self.server.pid(), self.root.clone());
        let mut came = Came::Silent;
        let happened = case.inject(process, &root, || came = self.append());
        let ended = happened && self.server.ended();
        if ended || long() || case.keeps_a_lock() {
            self.server.kill();
            self.server = Server::narrow(&self.root.join("demo"));
        }
        self.serves();
        self.settle();
        happened.then_some((came, ended))
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

#[test]
fn at_every_call_of_an_append_a_fault_leaves_a_log_that_verifies_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("0");
    std::fs::create_dir(&root).unwrap();
    let mut made = Server::start(&root.join("demo"), 100);
    made.stop();
    for lane in 1..LANES {
        copy(&root.join("demo"), &dir.path().join(lane.to_string()).join("demo"));
    }
    let mut lanes = lanes(LANES, |lane| Lane::start(dir.path().join(lane.to_string())));
    let process = lanes[0].server.pid();
    let recorded = (0..5).map(|_| {
        lanes[0].serves();
        std::thread::sleep(REST);
        record(process, &root, || assert_eq!(lanes[0].append(), Came::Answered))
    });
    let recorded =
        { recorded }.find(|recorded| recorded.makes("rename")).expect("the pin is written behind it");
    recorded.assert_synced_between("\"POST /v1/lookups", "vault.db-wal", "\"HTTP/1.1 200");
    work(lanes, recorded.cases(true), |lane, case| lane.case(case));
}
