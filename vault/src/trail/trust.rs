//! What a verifier was given from outside, and the checkpoints that a log must have had on its way: nothing that lies inside
//! is believed for its own sake.

use std::collections::{BTreeMap, BTreeSet};

use gridvault_audit::{Checkpoint, Head, VerifierKey, WitnessVerifier, cosignatures};

/// What was handed over by another way than the log.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// The log's verifier key.
    pub key: Option<VerifierKey>,
    /// Verifier keys of witnesses.
    pub witnesses: Vec<WitnessVerifier>,
    /// Earlier checkpoints, each a note: the pin's, one kept on paper, another reader's.
    pub against: Vec<String>,
}

/// What verifying found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Whole; signed by the given key, and extending an earlier checkpoint or cosigned by a given witness.
    Proven,
    /// Whole in itself, but its origin is not proven: say why.
    Consistent(String),
    /// Not whole: the first bad entry (where one can be named) and why.
    Broken {
        /// Its number.
        seq: Option<u64>,
        /// What is wrong with it.
        why: String,
    },
}

/// The outcome with its figures.
#[derive(Clone, Debug)]
pub struct Verified {
    /// What was found.
    pub verdict: Verdict,
    /// Entries that hold, from the first.
    pub entries: u64,
    /// Root of the tree over them, hex.
    pub root: String,
    /// The log's origin.
    pub origin: String,
    /// Entries whose private part was removed.
    pub removed: u64,
    /// Entries whose public part was removed: their place in the tree is proven, and nothing that they said.
    pub redacted: u64,
    /// Checkpoints that the log was held against.
    pub checkpoints: usize,
    /// The given witnesses that cosigned one of them.
    pub cosigned: Vec<String>,
    /// Entries that what was given from outside, or a given witness, covers: what lies behind rests on the log's key alone.
    pub agreed: u64,
}

/// Checkpoints at which the root is compared when the log gets there.
#[derive(Default)]
pub(crate) struct Milestones {
    key: Option<VerifierKey>,
    witnesses: Vec<WitnessVerifier>,
    checkpoints: Vec<Checkpoint>,
    reached: BTreeMap<u64, Option<[u8; 32]>>,
    /// The largest size that was given from outside, or that a given witness cosigned.
    agreed: u64,
    cosigned: BTreeSet<String>,
}

impl Milestones {
    /// Those that were given; words where one does not hold.
    pub(crate) fn given(trust: &Trust) -> Result<Self, String> {
        let mut all = Self { key: trust.key.clone(), witnesses: trust.witnesses.clone(), ..Self::default() };
        for note in &trust.against {
            let given = all.add(note)?;
            all.agreed = all.agreed.max(given.size);
        }
        Ok(all)
    }

    /// One more, found inside; words where it does not hold.
    pub(crate) fn add(&mut self, note: &str) -> Result<Checkpoint, String> {
        let checkpoint = self.open(note)?;
        let by = cosignatures(note, &self.witnesses);
        let by = by.map_err(|_| format!("the checkpoint at {} has a false cosignature", checkpoint.size))?;
        if !by.is_empty() {
            self.agreed = self.agreed.max(checkpoint.size);
        }
        self.cosigned.extend(by.into_iter().map(|one| one.name));
        self.reached.insert(checkpoint.size, None);
        self.checkpoints.push(checkpoint.clone());
        Ok(checkpoint)
    }

    /// What a note says, under the given key where there is one; words where it does not hold.
    pub(crate) fn open(&self, note: &str) -> Result<Checkpoint, String> {
        match &self.key {
            Some(key) => Checkpoint::open(note, std::slice::from_ref(key)),
            None => Checkpoint::parse_unverified(note),
        }
        .map_err(|error| format!("a checkpoint does not hold: {error}"))
    }

    /// The log has come so far.
    pub(crate) fn pass(&mut self, head: &Head) {
        if let Some(root) = self.reached.get_mut(&head.size()) {
            *root = Some(head.frontier().root());
        }
    }

    /// The first one that the log, which ends at `size`, does not extend; but for those behind its end.
    pub(crate) fn fault(&self, origin: &str, size: u64) -> Option<Verdict> {
        self.checkpoints.iter().find_map(|checkpoint| {
            let at = checkpoint.size;
            let why = match self.reached.get(&at).copied().flatten() {
                _ if checkpoint.origin != origin => format!("a checkpoint at {at} is of another log"),
                Some(root) if root == checkpoint.root => return None,
                None if at > size => return None,
                _ => format!("another history than the checkpoint at {at}"),
            };
            Some(Verdict::Broken { seq: None, why })
        })
    }

    /// Whether the log ends before one of them: said behind every other fault, for it hides none.
    pub(crate) fn cut(&self, size: u64) -> Option<Verdict> {
        let at = self.checkpoints.iter().map(|checkpoint| checkpoint.size).find(|at| *at > size)?;
        let why = format!("cut: an earlier checkpoint names {at} entries, here are {size}");
        Some(Verdict::Broken { seq: Some(size), why })
    }

    /// What a log is that has no fault.
    pub(crate) fn verdict(&self) -> Verdict {
        match (&self.key, self.agreed > 0) {
            (None, _) => Verdict::Consistent("no verifier key was given".into()),
            (Some(_), false) => Verdict::Consistent("no earlier checkpoint and no cosignature".into()),
            (Some(_), true) => Verdict::Proven,
        }
    }

    /// How many there are, who cosigned one of them, and up to which entry others than the log have agreed.
    pub(crate) fn into_figures(self) -> (usize, Vec<String>, u64) {
        (self.checkpoints.len(), self.cosigned.into_iter().collect(), self.agreed)
    }
}
