//! One publication: tiles, the checkpoint's row, and a witness asked over HTTP.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use gridvault_audit::cosignatures;
use gridvault_tests::{Office, Serving, post};
use serde_json::json;

use super::strace::{Case, record};
use super::{Came, lanes, long, verified, work};
use crate::witnesses::Far;

/// From one place on the grid to the next, seconds.
const GRID: u64 = 2;
const LANES: usize = 6;

/// An office with a witness.
struct Lane {
    office: Office,
    serving: Serving,
    witness: Far,
    token: String,
    _folder: tempfile::TempDir,
}

/// How far it is to the next place on the grid.
#[expect(clippy::disallowed_methods, reason = "the program is on the machine's clock")]
fn until_next() -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let grid = Duration::from_secs(GRID);
    grid - Duration::from_nanos(u64::try_from(now.as_nanos() % grid.as_nanos()).unwrap())
}

impl Lane {
    fn start() -> Self {
        let (office, folder) = (Office::new(), tempfile::tempdir().unwrap());
        let witness = Far::start(folder.path(), &office.key, "127.0.0.1:0");
        let settings = office.path("gridvault.toml");
        let text = std::fs::read_to_string(&settings).unwrap();
        let asked = format!(
            "[log]\npublish_every = {GRID}\nwitnesses = [\"{} {}\"]\n",
            witness.address.key, witness.address.url
        );
        std::fs::write(&settings, text.replace("[log]\n", &asked)).unwrap();
        let serving = office.serve_narrow();
        let (status, session) =
            post(&format!("{}/v1/sessions", serving.url), "", &json!({ "code": office.officer }));
        assert_eq!(status, 201, "{session}");
        let token = session["token"].as_str().unwrap().to_owned();
        Self { office, serving, witness, token, _folder: folder }
    }

    /// One more entry, so that the tiles grow.
    fn append(&self) {
        let url = format!("{}/v1/audit/queries", self.serving.url);
        let begun = Instant::now();
        loop {
            let (status, answer) = post(&url, &self.token, &json!({ "kinds": ["lookup"] }));
            if status == 200 {
                return;
            }
            assert!(
                matches!(status, 0 | 503) && begun.elapsed() < Duration::from_secs(20),
                "{status} {answer}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Whole, proven by key, pin and witness; the newest place on the grid, and whether the witness cosigned there.
    fn settle(&self) -> (i64, bool) {
        let key = &self.witness.address.key;
        let (_, newest) = verified(self.office.dir.path(), &self.office.key, Some(key));
        newest.map_or((0, false), |(slot, note)| {
            (slot, cosignatures(&note, std::slice::from_ref(key)).unwrap().len() == 1)
        })
    }

    /// Waits until a place on the grid behind that one is published, and cosigned.
    fn publishes_behind(&self, slot: i64) {
        let begun = Instant::now();
        loop {
            let (newest, cosigned) = self.settle();
            if newest > slot && cosigned {
                return;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "nothing is published any more: {newest} {cosigned}"
            );
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Over the next place on the grid; false where it was over too soon.
    fn publication(left: Duration) -> bool {
        let next = until_next();
        std::thread::sleep(next + Duration::from_millis(500));
        next <= left
    }

    fn case(&mut self, case: &Case) -> Option<(Came, bool)> {
        self.append();
        // So that the tracer is there before the next one.
        while until_next() < Duration::from_millis(900) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let (before, _) = self.settle();
        let (process, left) = (self.serving.pid(), until_next());
        let mut in_time = false;
        let happened = case.inject(process, self.office.dir.path(), || in_time = Self::publication(left));
        let ended = happened && self.serving.ended();
        let came = match ended || case.keeps_a_lock() {
            true => Came::Silent,
            false => match self.settle() {
                (slot, true) if slot > before => Came::Answered,
                _ => Came::Refused,
            },
        };
        if ended || long() || case.keeps_a_lock() {
            self.serving.kill();
            self.serving = self.office.serve_narrow();
        }
        self.append();
        self.publishes_behind(before);
        (happened && in_time).then_some((came, ended))
    }
}

#[test]
fn at_every_call_of_a_publication_a_fault_leaves_a_log_that_is_published_on() {
    let lanes = lanes(LANES, |_| Lane::start());
    let (root, process) = (lanes[0].office.dir.path(), lanes[0].serving.pid());
    lanes[0].publishes_behind(0);
    lanes[0].append();
    let recorded = record(process, root, || {
        Lane::publication(Duration::MAX);
    });
    work(lanes, recorded.cases(false), |lane, case| lane.case(case));
}
