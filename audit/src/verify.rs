//! Verifying entry by entry, trusting nothing that is inside: canonical form, members, chain, time, private digests, tree.

use data_encoding::HEXLOWER;

use crate::chain::Head;
use crate::kind::Kind;
use crate::members::{bad_private, bad_public};
use crate::prepare::{PRIVATE_MOST, PUBLIC_MOST};
use crate::time::parse_at;
use crate::tree::{leaf_hash, private_digest};
use crate::view::{Part, View};

/// Takes a log's entries in order and stops at the first that does not fit.
pub struct ChainVerifier {
    head: Head,
    /// Whether the origin is given; else entry 0 names it.
    origin: Option<String>,
}

/// An entry that holds.
#[derive(Clone, Debug)]
pub struct Verified<'a> {
    /// Its number.
    pub seq: u64,
    /// Log time, UTC microseconds.
    pub at: i64,
    /// Its kind.
    pub kind: Kind,
    /// Its leaf hash.
    pub leaf: [u8; 32],
    /// The public part.
    pub public: Part<'a>,
    /// The private part, unless it was removed.
    pub private: Option<Part<'a>>,
}

/// The first entry that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {seq}: {what}")]
pub struct Fault {
    /// The number it should have had.
    pub seq: u64,
    /// What is wrong.
    pub what: FaultKind,
}

/// What is wrong with an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// Larger than the format allows.
    #[error("it is larger than an entry may be")]
    TooLarge,
    /// Not canonical JSON.
    #[error("its bytes are not a canonical entry")]
    NotCanonical,
    /// A member that may not be there, is missing, or is of another kind.
    #[error("its member `{0}` is not what it must be")]
    Member(String),
    /// It is of another log.
    #[error("it belongs to another log")]
    OtherLog,
    /// Another number than the next one.
    #[error("its number is {0}: an entry is missing, repeated or moved")]
    Number(i64),
    /// It does not name the entry before it.
    #[error("it does not follow from the entry before it")]
    Previous,
    /// Its time is no time, or before the last.
    #[error("its time goes back")]
    Time,
    /// The private part is not the one it names.
    #[error("its private part is another than the one it names")]
    Private,
    /// A log begins with `log.created`, once.
    #[error("a log begins with log.created, and only so")]
    Beginning,
}

impl ChainVerifier {
    /// A verifier for the log of that origin, or of the one that entry 0 names.
    pub fn new(origin: Option<&str>) -> Self {
        // Until entry 0 has named it, the origin stands open.
        let head = origin.and_then(|o| Head::new(o).ok()).unwrap_or_else(Head::nameless);
        Self { head, origin: origin.map(str::to_owned) }
    }

    /// A verifier that goes on behind a head that is known to hold.
    pub fn behind(head: Head) -> Self {
        let origin = Some(head.origin().to_owned());
        Self { head, origin }
    }

    /// Where the log stands as far as it holds.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Takes the next entry; `private` is `None` where the private part was removed. A fault leaves the head as it was.
    pub fn push<'a>(&mut self, public: &'a [u8], private: Option<&'a [u8]>) -> Result<Verified<'a>, Fault> {
        self.take(Reading::of(public, private))
    }

    /// Likewise of an entry that was read before.
    pub fn take<'a>(&mut self, reading: Reading<'a>) -> Result<Verified<'a>, Fault> {
        let seq = self.head.size();
        reading.0.and_then(|read| self.follow(read)).map_err(|what| Fault { seq, what })
    }

    /// Passes over an entry whose public part was removed: its leaf hash stands in its place, and what comes behind must follow
    /// from it.
    pub fn pass_over(&mut self, leaf: [u8; 32]) {
        self.head.accept(leaf, self.head.at());
    }

    fn follow<'a>(&mut self, read: Read<'a>) -> Result<Verified<'a>, FaultKind> {
        let public = read.public.view();
        let seq = self.head.size();
        let number = public.int("seq").unwrap_or(-1);
        if u64::try_from(number) != Ok(seq) {
            return Err(FaultKind::Number(number));
        }
        if public.text("prev").map(str::as_bytes) != Some(&hex(self.head.leaf())) {
            return Err(FaultKind::Previous);
        }
        let log = public.text("log").unwrap_or_default();
        match &self.origin {
            Some(origin) if origin != log => return Err(FaultKind::OtherLog),
            Some(_) => {}
            None => {
                self.head = Head::new(log).map_err(|_| FaultKind::Member("log".into()))?;
                self.origin = Some(log.to_owned());
            }
        }
        let at =
            public.text("at").and_then(parse_at).filter(|at| *at >= self.head.at()).ok_or(FaultKind::Time)?;
        let kind =
            public.text("kind").and_then(Kind::parse).ok_or_else(|| FaultKind::Member("kind".into()))?;
        if (kind == Kind::LogCreated) != (seq == 0) {
            return Err(FaultKind::Beginning);
        }
        let private = read.private?;
        self.head.accept(read.leaf, at);
        Ok(Verified { seq, at, kind, leaf: read.leaf, public: read.public, private })
    }
}

/// An entry read by itself: canonical form, members, private digest, leaf hash. What hangs on the entries before it is still
/// to be seen by [`ChainVerifier::take`].
pub struct Reading<'a>(Result<Read<'a>, FaultKind>);

struct Read<'a> {
    public: Part<'a>,
    private: Result<Option<Part<'a>>, FaultKind>,
    leaf: [u8; 32],
}

impl<'a> Reading<'a> {
    /// Reads public part and, unless it was removed, private part.
    pub fn of(public: &'a [u8], private: Option<&'a [u8]>) -> Self {
        Self(read(public, private))
    }

    /// Reads many entries on as many threads as the machine has cores, in order.
    pub fn of_all(entries: &[(&'a [u8], Option<&'a [u8]>)]) -> Vec<Self> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let share = entries.len().div_ceil(threads).max(1);
        let mut readings: Vec<Option<Self>> = Vec::new();
        readings.resize_with(entries.len(), || None);
        std::thread::scope(|scope| {
            for (entries, readings) in entries.chunks(share).zip(readings.chunks_mut(share)) {
                scope.spawn(move || {
                    for ((public, private), reading) in entries.iter().zip(readings) {
                        *reading = Some(Self::of(public, *private));
                    }
                });
            }
        });
        readings.into_iter().flatten().collect()
    }
}

fn read<'a>(bytes: &'a [u8], private: Option<&'a [u8]>) -> Result<Read<'a>, FaultKind> {
    if bytes.len() > PUBLIC_MOST || private.is_some_and(|p| p.len() > PRIVATE_MOST) {
        return Err(FaultKind::TooLarge);
    }
    let public = Part::read(bytes).map_err(|_| FaultKind::NotCanonical)?;
    if let Some(member) = bad_public(public.view()) {
        return Err(FaultKind::Member(member));
    }
    let private = private.map(|bytes| private_part(public.view(), bytes)).transpose();
    Ok(Read { public, private, leaf: leaf_hash(bytes) })
}

fn private_part<'a>(public: View, bytes: &'a [u8]) -> Result<Part<'a>, FaultKind> {
    if public.text("private").map(str::as_bytes) != Some(&hex(&private_digest(bytes))) {
        return Err(FaultKind::Private);
    }
    let private = Part::read(bytes).map_err(|_| FaultKind::Private)?;
    match bad_private(private.view()) {
        Some(member) => Err(FaultKind::Member(format!("private/{member}"))),
        None => Ok(private),
    }
}

fn hex(hash: &[u8; 32]) -> [u8; 64] {
    let mut digits = [0; 64];
    HEXLOWER.encode_mut(hash, &mut digits);
    digits
}
