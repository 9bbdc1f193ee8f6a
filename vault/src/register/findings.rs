//! Findings: what somebody has to look at, each an entry.

use gridvault_audit::{Entry, Kind};

use super::{entry, word};
use crate::identity::Caller;

/// A finding about what this caller did, to be recorded with it; `code` is a stable word.
pub(super) fn finding(caller: &Caller, code: &'static str, request: &str) -> Entry {
    let mut finding = entry(Kind::FindingRaised, caller, request);
    finding.private.detail.insert("code", word(code));
    finding
}
