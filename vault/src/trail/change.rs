//! What is written in the same transaction as its entry.

use gridvault_audit::{Auditable, Entry, Kind, StateDigest};
use uuid::Uuid;

use crate::seal::Keyring;
use crate::store::{EnvelopesRow, Row, Term};

/// The revision of rights of an empty log.
pub(super) const FIRST_FACTS_REV: i64 = 1;

/// Whether what such an entry records can narrow a right: every decision read before it is taken anew. Grants, sign-ins and
/// new records do not; a record's own changes move its header's revision. How many there were is the revision of rights, so
/// that whoever has the entries can count it.
pub(super) fn narrows(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::SessionEnded
            | Kind::TokenRevoked
            | Kind::CredentialChanged
            | Kind::NoticePublished
            | Kind::ConsentRefused
            | Kind::ConsentWithdrawn
            | Kind::ConsentExpired
            | Kind::ConsentInvalidated
            | Kind::TaskClosed
            | Kind::DelegationRevoked
            | Kind::AssignmentEnded
            | Kind::AgreementEnded
            | Kind::EmergencyEnded
            | Kind::PolicyActivated
            | Kind::TenantMoved
            | Kind::AreaCreated
            | Kind::AreaChanged
            | Kind::PremisesCorrected
            | Kind::ResidentErased
            | Kind::DeviceLost
            | Kind::DeviceRevoked
            | Kind::KeyRotated
            | Kind::KeyDestroyed
            | Kind::EmbargoSet
            | Kind::LogClosed
    )
}

/// What a decision was read at; the writer sends back what has moved since.
#[derive(Clone, Debug, Default)]
pub struct Expect {
    /// The revision of rights.
    pub facts_rev: i64,
    /// Records with the revision of their header.
    pub records: Vec<(Vec<u8>, i64)>,
}

/// A change to the vault, carried by the entry that records it.
#[derive(Default)]
pub struct Change {
    pub(crate) expect: Option<Expect>,
    pub(crate) rows: Vec<Row>,
    /// Rows as they stand, made known to a new life of the log.
    pub(crate) restated: Vec<Row>,
    /// What is ordered to be removed from the trail, up to which entry.
    pub(crate) pruning: Option<(String, i64)>,
    pub(crate) envelopes: Vec<EnvelopesRow>,
    pub(crate) terms: Vec<Term>,
    /// Terms of values that are no longer held.
    pub(crate) dropped: Vec<Term>,
    /// Records whose envelopes are destroyed.
    pub(crate) shredded: Vec<Uuid>,
    pub(crate) links: Vec<(Uuid, Uuid)>,
    pub(crate) unlinks: Vec<(Uuid, Uuid)>,
}

impl Change {
    /// Nothing but an entry.
    pub fn none() -> Self {
        Self::default()
    }

    /// An entry that stands only if nothing moved since it was read.
    pub fn check(expect: Expect) -> Self {
        Self { expect: Some(expect), ..Self::default() }
    }

    /// Rows made or moved.
    pub fn rows(rows: Vec<Row>) -> Self {
        Self { rows, ..Self::default() }
    }

    /// Rows as they stand, made known to a new life of the log.
    pub(crate) fn restated(restated: Vec<Row>) -> Self {
        Self { restated, ..Self::default() }
    }

    /// An order to remove old entries, or their private parts.
    pub(crate) fn pruning(what: String, upto: i64) -> Self {
        Self { pruning: Some((what, upto)), ..Self::default() }
    }

    pub(crate) fn writes(&self) -> bool {
        !self.rows.is_empty()
            || !self.restated.is_empty()
            || self.pruning.is_some()
            || !self.envelopes.is_empty()
            || !self.terms.is_empty()
            || !self.dropped.is_empty()
            || !self.shredded.is_empty()
            || !self.links.is_empty()
            || !self.unlinks.is_empty()
    }
}

/// Anything done to the vault other than a lookup: its entry, and the change it stands for.
pub struct Act {
    entry: Entry,
    change: Change,
}

impl Act {
    /// Ties entry and change together: the entry carries the digest of every row that it makes or moves.
    pub fn new(keys: &Keyring, mut entry: Entry, change: Change) -> Self {
        entry.private.state = change
            .rows
            .iter()
            .chain(&change.restated)
            .map(|row| StateDigest {
                row: row.table.row_name(&row.id),
                revision: row.rev,
                digest: keys.digest(row),
            })
            .collect();
        Self { entry, change }
    }

    /// The same, writing one more row.
    #[must_use]
    pub fn with(mut self, keys: &Keyring, row: Option<Row>) -> Self {
        let mut change = std::mem::take(&mut self.change);
        change.rows.extend(row);
        Self::new(keys, self.entry, change)
    }

    /// Whether it makes a row.
    pub fn makes(&self) -> bool {
        self.change.rows.iter().any(|row| row.rev == 1)
    }
}

impl Auditable for Act {
    type Change = Change;

    fn entry(&self) -> Entry {
        self.entry.clone()
    }

    fn change(&mut self) -> Change {
        std::mem::take(&mut self.change)
    }
}
