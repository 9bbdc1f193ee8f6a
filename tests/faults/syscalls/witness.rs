//! One `add-checkpoint` of a witness: what it has seen is on disk before it cosigns.

use std::path::Path;
use std::time::Duration;

use gridvault_audit::{AddCheckpoint, Checkpoint, LogKey, ProofPlan, TileEdge, cosignatures, leaf_hash};
use tempfile::TempDir;

use super::strace::{Case, record};
use super::{Came, long, work};
use crate::witnesses::Far;

const ORIGIN: &str = "test/street";
const LANES: usize = 2;

fn key() -> LogKey {
    LogKey::from_seed(&[1; 32], ORIGIN).unwrap()
}

fn leaf(n: u64) -> [u8; 32] {
    leaf_hash(&n.to_be_bytes())
}

/// Asks for a cosignature of `size` numbered leaves.
fn request(old: u64, size: u64) -> AddCheckpoint {
    let mut edge = TileEdge::default();
    (0..size).for_each(|n| edge.push(leaf(n), |_, _, _| {}));
    let note = key().sign(&Checkpoint { origin: ORIGIN.into(), size, root: edge.frontier().root() });
    let tile = (0..size).map(leaf).collect::<Vec<_>>().concat();
    let plan = ProofPlan::consistency(old, size).unwrap();
    let proof = plan.make(|level, n| ((level, n) == (0, 0)).then_some(tile.as_slice())).unwrap();
    AddCheckpoint { old, proof, note }
}

/// A witness in a process of its own.
struct Lane {
    folder: TempDir,
    far: Far,
    /// What it was last seen to have.
    size: u64,
}

fn start(folder: &Path) -> Far {
    Far::start(folder, &key().verifier().to_string(), "127.0.0.1:0")
}

impl Lane {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let far = start(folder.path());
        let mut lane = Self { folder, far, size: 0 };
        assert_eq!(lane.add(), Came::Answered);
        lane
    }

    fn agent() -> ureq::Agent {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(20)));
        ureq::Agent::new_with_config(config.build())
    }

    /// The size that it shows.
    fn shown(&self) -> u64 {
        let origin = data_encoding::HEXLOWER
            .encode(ring::digest::digest(&ring::digest::SHA256, ORIGIN.as_bytes()).as_ref());
        let url = format!("{}/{origin}/checkpoint", self.far.address.url);
        let note = Self::agent().get(&url).call().unwrap().body_mut().read_to_string().unwrap();
        assert_eq!(cosignatures(&note, std::slice::from_ref(&self.far.address.key)).unwrap().len(), 1);
        Checkpoint::open(&note, &[key().verifier()]).unwrap().size
    }

    /// Asks about one leaf more. What is cosigned lies in the file by then.
    fn add(&mut self) -> Came {
        let asked = request(self.size, self.size + 1);
        let sent =
            Self::agent().post(format!("{}/add-checkpoint", self.far.address.url)).send(asked.to_string());
        let Ok(mut answer) = sent else { return Came::Silent };
        let status = answer.status().as_u16();
        let Ok(line) = answer.body_mut().read_to_string() else { return Came::Silent };
        if status != 200 {
            assert_eq!((status, line.as_str()), (500, "nothing was cosigned\n"));
            return Came::Refused;
        }
        let note = format!("{}{line}", asked.note);
        assert_eq!(cosignatures(&note, std::slice::from_ref(&self.far.address.key)).unwrap().len(), 1);
        self.size += 1;
        assert!(self.file().contains(&asked.note), "it cosigned what is not in its file");
        Came::Answered
    }

    fn file(&self) -> String {
        let state = std::fs::read_dir(self.folder.path().join("state")).unwrap().flatten();
        let mut files = state.filter(|file| file.file_name().len() == 64);
        std::fs::read_to_string(files.next().unwrap().path()).unwrap()
    }

    fn case(&mut self, case: &Case) -> Option<(Came, bool)> {
        let (process, root, before) = (self.far.child.id(), self.folder.path().to_owned(), self.size);
        let mut came = Came::Silent;
        let happened = case.inject(process, &root, || {
            came = self.add();
            std::thread::sleep(Duration::from_millis(50));
        });
        let ended = happened && gridvault_tests::ended(&mut self.far.child);
        if ended || long() {
            self.far.child.kill().unwrap();
            self.far.child.wait().unwrap();
            let key = self.far.address.key.clone();
            self.far = start(&root);
            assert_eq!(self.far.address.key, key);
        }
        // The state of before or the new one, and never less than what was cosigned.
        let shown = self.shown();
        assert!(shown == self.size || (came != Came::Answered && shown == before + 1), "{before}, {shown}");
        self.size = shown;
        assert_eq!(self.add(), Came::Answered);
        happened.then_some((came, ended))
    }
}

#[test]
fn at_every_call_of_a_cosignature_a_fault_leaves_a_witness_that_forgets_nothing() {
    let mut lanes: Vec<_> = (0..LANES).map(|_| Lane::start()).collect();
    let (process, root) = (lanes[0].far.child.id(), lanes[0].folder.path().to_owned());
    let recorded = record(process, &root, || {
        assert_eq!(lanes[0].add(), Came::Answered);
        std::thread::sleep(Duration::from_millis(50));
    });
    recorded.assert_synced_between("\"POST /add-checkpoint", "/state", "\"HTTP/1.1 200");
    work(lanes, recorded.cases(true), |lane, case| lane.case(case));
}
