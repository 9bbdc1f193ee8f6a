//! What can happen.

use gridvault_tests::{Cut, On};

/// One thing that happens; `door` is the instance, `who` one of the residents with a task.
#[derive(Clone, Copy, Debug)]
pub enum Op {
    /// A lookup, answered.
    Look { door: usize, who: usize },
    /// A lookup whose client leaves after so many turns of the scheduler.
    LookAndLeave { door: usize, who: usize, turns: usize },
    /// The resident gives or withdraws the consent.
    Consent { door: usize, who: usize, given: bool },
    /// Likewise, and leaves.
    ConsentAndLeave { door: usize, who: usize, given: bool, turns: usize },
    /// The steward closes the resident's task, or opens a new one.
    Task { door: usize, who: usize, open: bool },
    /// The wall clock moves by so many minutes.
    Clock { minutes: i64 },
    /// What becomes of the first instance's next commit (PostgreSQL).
    Cut(Cut),
    /// An instance is closed and opened again.
    Restart { door: usize },
    /// An instance is dropped as it stands, and opened again.
    Drop { door: usize },
    /// The database as it is now is kept aside (SQLite).
    Keep,
    /// What was kept is put back, found out, and taken away again (SQLite).
    PutBack,
}

/// Residents with a task that the simulation uses.
pub const RESIDENTS: usize = 3;

/// So many operations from that seed.
pub fn random(seed: u64, on: On, count: usize) -> Vec<Op> {
    let mut rng = fastrand::Rng::with_seed(seed);
    (0..count)
        .map(|_| {
            let (door, who, turns) = (rng.usize(..2), rng.usize(..RESIDENTS), rng.usize(..40));
            match (rng.u8(..20), on) {
                (0..=7, _) => Op::Look { door, who },
                (8, _) => Op::LookAndLeave { door, who, turns },
                (9..=11, _) => Op::Consent { door, who, given: rng.bool() },
                (12, _) => Op::ConsentAndLeave { door, who, given: rng.bool(), turns },
                (13 | 14, _) => Op::Task { door, who, open: rng.bool() },
                (15, _) => Op::Clock { minutes: rng.i64(-90..=90) },
                (16, _) => Op::Restart { door },
                (17, _) => Op::Drop { door },
                (_, On::Postgres) => Op::Cut([Cut::Before, Cut::After, Cut::Amid][rng.usize(..3)]),
                (18, On::Sqlite) => Op::Keep,
                (_, On::Sqlite) => Op::PutBack,
            }
        })
        .collect()
}
