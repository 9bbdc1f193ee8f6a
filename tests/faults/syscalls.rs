//! At every call on files and sockets of one append, one publication and one cosignature: an error, or SIGKILL. What was
//! answered is on record, nothing is on record twice, and a start without the fault goes on by itself.

mod append;
mod publish;
mod strace;
mod witness;

use std::path::Path;
use std::sync::Mutex;

use gridvault::store::Store;
use gridvault::trail::{Trust, Verdict, verify_database};
use gridvault_audit::{VerifierKey, WitnessVerifier};

use strace::Case;

fn long() -> bool {
    std::env::var_os("GRIDVAULT_LONG").is_some()
}

/// What came of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    Answered,
    Refused,
    /// Nobody heard anything.
    Silent,
}

/// How often what came of the cases.
#[derive(Default)]
struct Tally {
    tried: usize,
    answered: usize,
    refused: usize,
    silent: usize,
    /// Of all of them, those that ended the process.
    ended: usize,
    /// No such call came in the time.
    missed: usize,
}

impl Tally {
    fn count(&mut self, came: Came, ended: bool) {
        self.tried += 1;
        self.ended += usize::from(ended);
        match came {
            Came::Answered => self.answered += 1,
            Came::Refused => self.refused += 1,
            Came::Silent => self.silent += 1,
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { tried, answered, refused, silent, ended, missed } = self;
        write!(f, "{tried} faults: {answered} answered, {refused} refused, {silent} without an answer; ")?;
        write!(f, "{ended} ended the process; all recovered; {missed} did not come about")
    }
}

/// So many lanes, made at once.
fn lanes<L: Send>(count: usize, make: impl Fn(usize) -> L + Sync) -> Vec<L> {
    std::thread::scope(|scope| {
        let make = &make;
        let made: Vec<_> = (0..count).map(|n| scope.spawn(move || make(n))).collect();
        made.into_iter().map(|lane| lane.join().unwrap()).collect()
    })
}

/// Works the cases off in as many lanes as there are; each one a program of its own.
fn work<L: Send>(
    lanes: Vec<L>,
    cases: Vec<Case>,
    each: impl Fn(&mut L, &Case) -> Option<(Came, bool)> + Sync,
) {
    let (cases, tally) = (Mutex::new(cases), Mutex::new(Tally::default()));
    let next = || cases.lock().unwrap().pop();
    std::thread::scope(|scope| {
        for mut lane in lanes {
            let (next, tally, each) = (&next, &tally, &each);
            scope.spawn(move || {
                while let Some(case) = next() {
                    println!("{case} …");
                    let came = (0..3).find_map(|_| each(&mut lane, &case));
                    match came {
                        Some((came, ended)) => {
                            println!("{case}: {came:?}{}", if ended { ", ended" } else { "" });
                            tally.lock().unwrap().count(came, ended);
                        }
                        None => {
                            println!("{case}: no such call came");
                            tally.lock().unwrap().missed += 1;
                        }
                    }
                }
            });
        }
    });
    let tally = tally.into_inner().unwrap();
    println!("{tally}");
    assert!(tally.missed * 4 <= tally.tried, "too many faults did not come about: {tally}");
}

/// The log is whole, proven by its key and the pin; gives ids of the lookups on record, and the newest published checkpoint.
fn verified(
    folder: &Path,
    key: &str,
    witness: Option<&WitnessVerifier>,
) -> (Vec<String>, Option<(i64, String)>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open_to_verify(&gridvault::Layout::in_folder(folder).database).await.unwrap();
        let pin = std::fs::read_to_string(folder.join("pin")).unwrap();
        let trust = Trust {
            key: Some(VerifierKey::parse(key).unwrap()),
            witnesses: witness.into_iter().cloned().collect(),
            against: vec![pin],
        };
        let verified = verify_database(&store, &trust, &|_| ()).await.unwrap();
        assert_eq!(verified.verdict, Verdict::Proven);
        let filter = gridvault::store::EntryFilter {
            kinds: vec!["lookup".into()],
            limit: i64::MAX,
            ..Default::default()
        };
        let entries = store.entries(&filter).await.unwrap();
        let newest = store.newest_checkpoint(true).await.unwrap().map(|newest| (newest.slot, newest.note));
        store.close().await;
        (entries.iter().map(|entry| data_encoding::HEXLOWER.encode(&entry.salt)).collect(), newest)
    })
}
