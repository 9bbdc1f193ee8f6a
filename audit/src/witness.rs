//! What a witness does (C2SP tlog-witness): it cosigns a checkpoint only if that extends the newest one it cosigned before.

use std::fmt::Write as _;

use data_encoding::{BASE64, HEXLOWER};
use ring::digest::{SHA256, digest};

use crate::checkpoint::{Checkpoint, VerifierKey};
use crate::proof::extends;
use crate::tile::decimal;
use crate::tree::empty_root;

/// Hashes that a consistency proof may have.
const MOST_HASHES: usize = 63;

/// SHA-256 of a log's origin, hex: under it a witness shows what it has seen of the log (`<hash>/checkpoint`).
pub fn origin_hash(origin: &str) -> String {
    HEXLOWER.encode(digest(&SHA256, origin.as_bytes()).as_ref())
}

/// The body of `add-checkpoint`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the log believes the witness to have.
    pub old: u64,
    /// That the checkpoint extends it.
    pub proof: Vec<[u8; 32]>,
    /// The signed checkpoint.
    pub note: String,
}

/// What a witness holds of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Entries.
    pub size: u64,
    /// Root over them.
    pub root: [u8; 32],
}

impl Seen {
    /// Of a log that was never seen: the empty tree.
    pub fn nothing() -> Self {
        Self { size: 0, root: empty_root() }
    }
}

/// Why a checkpoint is not cosigned; each has its status in HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 400: the body is not in form, or the old size is larger than the checkpoint's.
    #[error("the request is not in form")]
    Form,
    /// 404: a log that this witness does not follow.
    #[error("this log is not followed here")]
    UnknownLog,
    /// 403: not signed by the log's key.
    #[error("the checkpoint is not signed by the log's key")]
    Unsigned,
    /// 409: the witness has another size than the log believes.
    #[error("this witness has seen {0} entries")]
    OtherSize(u64),
    /// 422: it does not extend what was cosigned before: a fork, or a proof that does not hold.
    #[error("the checkpoint does not extend what was cosigned before")]
    NotExtended,
}

impl Refusal {
    /// Its status.
    pub const fn status(self) -> u16 {
        match self {
            Self::Form => 400,
            Self::UnknownLog => 404,
            Self::Unsigned => 403,
            Self::OtherSize(_) => 409,
            Self::NotExtended => 422,
        }
    }
}

impl AddCheckpoint {
    /// Reads a body.
    pub fn parse(body: &str) -> Result<Self, Refusal> {
        let (head, note) = body.split_once("\n\n").ok_or(Refusal::Form)?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| decimal(line.strip_prefix("old ")?)).ok_or(Refusal::Form)?;
        let proof: Option<Vec<_>> =
            lines.map(|line| BASE64.decode(line.as_bytes()).ok()?.try_into().ok()).collect();
        let proof = proof.filter(|proof| proof.len() <= MOST_HASHES).ok_or(Refusal::Form)?;
        Ok(Self { old, proof, note: note.to_owned() })
    }

    /// The log that it is of, as it says itself.
    pub fn origin(&self) -> Result<String, Refusal> {
        Ok(Checkpoint::parse_unverified(&self.note).map_err(|_| Refusal::Form)?.origin)
    }

    /// Whether it may be cosigned, given the log's keys and what was cosigned last; the note with the log's own lines alone, for
    /// whoever asks may put lines of any name under it.
    pub fn consider(&self, keys: &[VerifierKey], seen: &Seen) -> Result<(Checkpoint, String), Refusal> {
        let (checkpoint, note) = Checkpoint::stripped(&self.note, keys).map_err(|_| Refusal::Unsigned)?;
        if self.old > checkpoint.size {
            return Err(Refusal::Form);
        }
        if self.old != seen.size {
            return Err(Refusal::OtherSize(seen.size));
        }
        let extended = extends((seen.size, &seen.root), (checkpoint.size, &checkpoint.root), &self.proof);
        if extended { Ok((checkpoint, note)) } else { Err(Refusal::NotExtended) }
    }
}

impl std::fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut proof = String::new();
        for hash in &self.proof {
            writeln!(proof, "{}", BASE64.encode(hash))?;
        }
        write!(f, "old {}\n{proof}\n{}", self.old, self.note)
    }
}
