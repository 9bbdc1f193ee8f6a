//! The shapes of what is answered of consents and receipts, for the API's description alone.
#![expect(dead_code, reason = "shapes are described, never made")]

use std::collections::BTreeMap;

use schemars::JsonSchema;
use uuid::Uuid;

use super::shapes::{Why, left_out};
use crate::authority::{ConsentKind, ConsentState, MandateKind, Present};
use crate::words::{FieldWord, Moment, PurposeWord, StoredFieldWord};

/// How the consent for a purpose stands; for staff who do not keep consents no more than its state.
#[derive(JsonSchema)]
#[schemars(transform = left_out)]
pub(super) struct ConsentShape {
    #[schemars(with = "PurposeWord")]
    purpose: String,
    state: Present,
    /// Whether it comes from who speaks, or was confirmed from outside who recorded it.
    confirmed: Option<bool>,
    /// The event that it rests on.
    event: Option<Uuid>,
    /// What it opens.
    #[schemars(with = "Option<Vec<FieldWord>>")]
    fields: Option<Vec<String>>,
    /// What it does not open yet, or no more.
    #[schemars(with = "Option<Vec<FieldWord>>")]
    held_back: Option<Vec<String>>,
    #[schemars(with = "Option<Moment>")]
    until: Option<String>,
    /// Why it is no basis.
    reason: Option<Why>,
}

/// A consent event.
#[derive(JsonSchema)]
#[schemars(transform = left_out)]
pub(super) struct ConsentEventShape {
    id: Uuid,
    number: u32,
    /// Its entry's number in the log.
    entry: i64,
    #[schemars(with = "PurposeWord")]
    purpose: String,
    #[schemars(with = "Vec<FieldWord>")]
    fields: Vec<String>,
    state: ConsentState,
    basis_kind: ConsentKind,
    method: String,
    /// `subject`, `guardian` or `proxy`.
    expressed_by: String,
    /// `staff`, or `self`: who speaks, signed in.
    recorded_by: String,
    #[schemars(with = "Moment")]
    at: String,
    #[schemars(with = "Moment")]
    until: String,
    /// The event that it confirms or finds void.
    of: Option<Uuid>,
    notice: Option<Uuid>,
    mandate: Option<Uuid>,
}

/// A mandate.
#[derive(JsonSchema)]
#[schemars(transform = left_out)]
pub(super) struct MandateShape {
    id: Uuid,
    kind: MandateKind,
    /// GB/T 4761.
    relation: String,
    proof: String,
    #[schemars(with = "Vec<PurposeWord>")]
    purposes: Vec<String>,
    #[schemars(with = "Vec<StoredFieldWord>")]
    fields: Vec<String>,
    #[schemars(with = "Moment")]
    from: String,
    #[schemars(with = "Moment")]
    to: String,
    confirmed: bool,
    live: bool,
    /// The resident who speaks, where held.
    person: Option<Uuid>,
}

/// A resident's consents.
#[derive(JsonSchema)]
#[schemars(transform = left_out)]
pub(super) struct ConsentsShape {
    consents: Vec<ConsentShape>,
    events: Option<Vec<ConsentEventShape>>,
    mandates: Option<Vec<MandateShape>>,
    /// Whether it is doubted that the resident understands: then no consent counts.
    doubted: Option<bool>,
}

/// A receipt.
#[derive(JsonSchema)]
#[schemars(transform = left_out)]
pub(super) struct ReceiptShape {
    /// What it says, with the members of ISO/IEC TS 27560:2023.
    receipt: BTreeMap<String, serde_json::Value>,
    /// The same as a signed note (C2SP): canonical JSON, an empty line, the signature.
    signed: String,
    /// SHA-256 of the note's text.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    hash: String,
    /// Its first ten digits, for paper.
    check_code: String,
    /// What the printed QR code holds: id and hash, signed as well.
    code: String,
    /// The verifier key.
    key: String,
    /// A tlog-proof of its entry, as soon as a published checkpoint covers it; until then the receipt is unconfirmed.
    proof: Option<String>,
}
