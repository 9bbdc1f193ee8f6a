//! The access trail: entries, chain, tree, signed heads, verifying. Pure: no database, no network, no wall clock.
//!
//! ```text
//!   T: Auditable ──record──▶ Entry ─prepare─▶ Prepared ─Sink─▶ Head::append ─▶ bytes on disk
//!        ▲                                                                        │
//!        └──────────────── Recorded<T> (receipt: number, leaf hash) ◀─────────────┘
//! ```
//!
//! [`Log::record`] consumes what is to be done and gives it back as [`Recorded`] only when its entry is durable; there is
//! no other maker of a `Recorded`. Whoever needs proof that something is on record takes a `Recorded<T>` by value and asks
//! its [`RingToken`] whether it is this log's and fresh.
//!
//! An entry has a public part, which the log commits to, and a private part, which hangs on it by digest and can be
//! destroyed while every hash stands. The leaf hash of the public part (RFC 6962 section 2.1) is the chain's link and the
//! tree's leaf at once. Heads are C2SP tlog-checkpoints signed with Ed25519.

mod canonical;
mod chain;
mod checkpoint;
mod cosignature;
mod entry;
mod kind;
mod log;
mod members;
mod note;
mod prepare;
mod proof;
mod proof_file;
mod read;
mod statement;
mod tile;
mod time;
mod tree;
mod verify;
mod view;
mod witness;
mod words;
mod write;

pub use canonical::{CanonicalError, Json};
pub use chain::{Head, HeadError, Sealed};
pub use checkpoint::{Checkpoint, LogKey, VerifierKey};
pub use cosignature::{Cosignature, WitnessKey, WitnessVerifier, cosignatures};
pub use entry::{
    Actor, Entry, FieldGroup, Private, Public, ResultWord, StateDigest, Subject, SubjectType, Who, WhoType,
    Word,
};
pub use kind::Kind;
pub use log::{
    Auditable, Item, Log, LogToken, Receipt, RecordError, Recorded, RingToken, Sink, TokenError,
    born_together,
};
pub use note::NoteError;
pub use prepare::{EntryError, Prepared};
pub use proof::{ProofPlan, extends, includes};
pub use proof_file::{ProofError, ProofFile};
pub use statement::{SignerKey, SigningKey};
pub use tile::{Layer, TILE, Tile, TileEdge, bundle, unbundle};
pub use time::{format_at, parse_at};
pub use tree::{Frontier, leaf_hash};
pub use verify::{ChainVerifier, Fault, FaultKind, Reading, Verified};
pub use view::{Part, View};
pub use witness::{AddCheckpoint, Refusal, Seen, origin_hash};

#[cfg(test)]
mod proof_tests;
#[cfg(test)]
mod read_tests;
#[cfg(test)]
mod tests;
