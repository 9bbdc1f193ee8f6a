//! The chain: each entry names the one before; the head is where it stands.

use data_encoding::HEXLOWER;

use crate::prepare::Prepared;
use crate::time::format_at;
use crate::tree::{Frontier, leaf_hash};

/// Where a log stands: enough to append the next entry.
#[derive(Clone, Debug)]
pub struct Head {
    origin: String,
    leaf: [u8; 32],
    at: i64,
    frontier: Frontier,
}

/// An entry in its place, as it is stored.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// Its number.
    pub seq: u64,
    /// Log time, UTC microseconds.
    pub at: i64,
    /// The public part's bytes.
    pub public: Vec<u8>,
    /// The private part's bytes.
    pub private: Vec<u8>,
    /// The leaf hash.
    pub leaf: [u8; 32],
}

/// Why there is no such head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// An origin is `<deployment>/<tenant>[/<n>]` without blanks, `+` and scheme.
    #[error("it is not a log's origin")]
    Origin,
    /// Size, leaf and right edge do not fit together.
    #[error("the parts of the head do not fit together")]
    Parts,
}

impl Head {
    /// An empty log of that origin.
    pub fn new(origin: &str) -> Result<Self, HeadError> {
        if !is_origin(origin) {
            return Err(HeadError::Origin);
        }
        Ok(Self { origin: origin.to_owned(), ..Self::nameless() })
    }

    pub(crate) fn nameless() -> Self {
        Self { origin: String::new(), leaf: [0; 32], at: i64::MIN, frontier: Frontier::default() }
    }

    /// The head that was kept in parts: last leaf (32 bytes), last log time, right edge.
    pub fn from_parts(
        origin: &str,
        size: u64,
        leaf: &[u8],
        at: i64,
        frontier: &[u8],
    ) -> Result<Self, HeadError> {
        let mut head = Self::new(origin)?;
        head.leaf = leaf.try_into().map_err(|_| HeadError::Parts)?;
        head.frontier = Frontier::from_bytes(size, frontier).ok_or(HeadError::Parts)?;
        head.at = at;
        Ok(head)
    }

    /// The log's origin.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Entries so far.
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Leaf hash of the last entry; zeros where there is none.
    pub fn leaf(&self) -> &[u8; 32] {
        &self.leaf
    }

    /// Log time of the last entry, UTC microseconds.
    pub fn at(&self) -> i64 {
        self.at
    }

    /// The tree's right edge.
    pub fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// Puts the entry in the next place. Its time is `now` (UTC microseconds), or the last entry's where that is later.
    pub fn append(&mut self, prepared: &Prepared, now: i64) -> Sealed {
        let seq = self.size();
        let at = now.max(self.at);
        let [before_at, before_log, before_prev, before_seq, end] = &prepared.segments;
        let (time, prev, number) = (format_at(at), HEXLOWER.encode(&self.leaf), seq.to_string());
        let public = [
            before_at.as_slice(),
            time.as_bytes(),
            before_log,
            self.origin.as_bytes(),
            before_prev,
            prev.as_bytes(),
            before_seq,
            number.as_bytes(),
            end,
        ]
        .concat();
        let leaf = leaf_hash(&public);
        self.accept(leaf, at);
        Sealed { seq, at, public, private: prepared.private.clone(), leaf }
    }

    pub(crate) fn accept(&mut self, leaf: [u8; 32], at: i64) {
        self.leaf = leaf;
        self.at = at;
        self.frontier.push(leaf);
    }
}

/// `<deployment>/<tenant>` or `<deployment>/<tenant>/<n>`: lower-case words, no scheme, no `+`, no blank.
pub(crate) fn is_origin(text: &str) -> bool {
    let parts: Vec<&str> = text.split('/').collect();
    (2..=3).contains(&parts.len())
        && text.len() <= 128
        && parts.iter().all(|part| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b))
        })
}
