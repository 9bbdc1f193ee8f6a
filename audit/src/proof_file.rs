//! A proof in one file (C2SP tlog-proof): an entry, its path to the root, and the signed checkpoint over it.

use data_encoding::BASE64;

use crate::canonical::Json;
use crate::checkpoint::{Checkpoint, VerifierKey};
use crate::cosignature::{Cosignature, WitnessVerifier, cosignatures};
use crate::proof::{ProofPlan, includes};
use crate::tile::decimal;
use crate::tree::leaf_hash;

const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// Hashes of a path: a tree has fewer than 2^64 leaves.
const MOST_HASHES: usize = 64;

/// A proof that an entry is in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofFile {
    /// The entry's public part.
    pub public: Vec<u8>,
    /// Its number.
    pub index: u64,
    /// Its path, from the leaf up.
    pub path: Vec<[u8; 32]>,
    /// The signed checkpoint, with its cosignatures.
    pub checkpoint: String,
}

/// Why a proof does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Not a proof file.
    #[error("it is not a proof file")]
    Form,
    /// The checkpoint is not signed by the given key, or a given witness's line in it fails.
    #[error("its checkpoint is not signed as it says")]
    Checkpoint,
    /// The entry is not at that place of that tree.
    #[error("the entry is not in the log at that place")]
    NotIncluded,
    /// The entry says another number or another log than the proof.
    #[error("the entry names another place or another log")]
    Entry,
}

impl ProofFile {
    /// The proof of an entry's public part, number `index`, under that signed checkpoint; nothing where the tiles, given as
    /// for [`ProofPlan::make`], do not show it.
    pub fn of<'t>(
        (index, public): (u64, Vec<u8>),
        note: &str,
        tile: impl Fn(u8, u64) -> Option<&'t [u8]>,
    ) -> Option<Self> {
        let checkpoint = Checkpoint::parse_unverified(note).ok()?;
        let path = ProofPlan::inclusion(index, checkpoint.size)?.make(tile)?;
        // What is handed out was seen to hold.
        let holds = includes(leaf_hash(&public), index, checkpoint.size, &checkpoint.root, &path);
        holds.then(|| Self { public, index, path, checkpoint: note.to_owned() })
    }

    /// Reads a file, strictly.
    pub fn parse(file: &str) -> Result<Self, ProofError> {
        let (head, checkpoint) = file.split_once("\n\n").ok_or(ProofError::Form)?;
        let mut lines = head.split('\n');
        let line = |line: Option<&str>, before: &str| -> Option<String> {
            Some(line?.strip_prefix(before)?.to_owned())
        };
        let header = lines.next() == Some(HEADER);
        let extra = line(lines.next(), "extra ").and_then(|text| BASE64.decode(text.as_bytes()).ok());
        let index = line(lines.next(), "index ").and_then(|text| decimal(&text));
        let path: Option<Vec<[u8; 32]>> =
            lines.map(|text| BASE64.decode(text.as_bytes()).ok()?.try_into().ok()).collect();
        match (header, extra, index, path) {
            (true, Some(public), Some(index), Some(path)) if path.len() <= MOST_HASHES => {
                Ok(Self { public, index, path, checkpoint: checkpoint.to_owned() })
            }
            _ => Err(ProofError::Form),
        }
    }

    /// Whether it holds under that log's key; gives the checkpoint and which of the witnesses cosigned it.
    pub fn verify(
        &self,
        key: &VerifierKey,
        witnesses: &[WitnessVerifier],
    ) -> Result<(Checkpoint, Vec<Cosignature>), ProofError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, std::slice::from_ref(key));
        let checkpoint = checkpoint.map_err(|_| ProofError::Checkpoint)?;
        let cosigned = cosignatures(&self.checkpoint, witnesses).map_err(|_| ProofError::Checkpoint)?;
        if !includes(leaf_hash(&self.public), self.index, checkpoint.size, &checkpoint.root, &self.path) {
            return Err(ProofError::NotIncluded);
        }
        let public = Json::parse_canonical(&self.public).map_err(|_| ProofError::Entry)?;
        let own = public.int("seq").and_then(|seq| u64::try_from(seq).ok()) == Some(self.index)
            && public.text("log") == Some(&checkpoint.origin);
        if own { Ok((checkpoint, cosigned)) } else { Err(ProofError::Entry) }
    }
}

impl std::fmt::Display for ProofFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{HEADER}\nextra {}\nindex {}\n", BASE64.encode(&self.public), self.index)?;
        for hash in &self.path {
            writeln!(f, "{}", BASE64.encode(hash))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}
