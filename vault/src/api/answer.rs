//! What was released, as JSON: each field with its outcome, its rule and, where denied, the reason.

use data_encoding::HEXLOWER;
use gridvault_audit::Receipt;
use gridvault_policy::{FieldDecision, Obligation, Outcome, Reason};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::seal::{FieldAnswer, Released};

pub(super) fn value(body: impl Serialize) -> Value {
    serde_json::to_value(body).unwrap_or_default()
}

/// The answer, written straight from what was released.
#[derive(Serialize)]
pub(super) struct Answer<'r> {
    pub(super) lookup: EntryNames,
    pub(super) fields: Fields<'r>,
    pub(super) obligations: Vec<ObligationBody>,
}

impl<'r> Answer<'r> {
    pub(super) fn of(released: &'r Released) -> Self {
        Self {
            lookup: EntryNames::of(&released.receipt),
            fields: Fields(released),
            obligations: released.decision.obligations().iter().map(ObligationBody::of).collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct EntryNames {
    id: String,
    hash: String,
}

impl EntryNames {
    pub(super) fn of(receipt: &Receipt) -> Self {
        Self { id: HEXLOWER.encode(&receipt.salt), hash: HEXLOWER.encode(&receipt.leaf) }
    }
}

/// Each field by its id.
pub(super) struct Fields<'r>(&'r Released);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pairs = self.0.decision.fields().iter().zip(&self.0.answers);
        serializer
            .collect_map(pairs.map(|(decided, answer)| (decided.field().as_str(), Field { decided, answer })))
    }
}

struct Field<'r> {
    decided: &'r FieldDecision,
    answer: &'r FieldAnswer,
}

impl Serialize for Field<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { decided, answer } = self;
        let mut out = serializer.serialize_map(None)?;
        out.serialize_entry("outcome", answer.outcome.as_str())?;
        if let Some(value) = &answer.value {
            out.serialize_entry("value", value.reveal())?;
        }
        if let (Some(form), Outcome::Masked) = (decided.form(), answer.outcome) {
            out.serialize_entry("form", form.as_str())?;
        }
        out.serialize_entry("rule", &format_args!("{}", decided.rule()))?;
        if let Some(reason) = decided.reason() {
            out.serialize_entry("reason", &ReasonBody::of(reason))?;
        }
        out.end()
    }
}

#[derive(Serialize)]
pub(super) struct ReasonBody {
    code: &'static str,
    zh: &'static str,
    en: &'static str,
}

impl ReasonBody {
    pub(super) fn of(reason: Reason) -> Self {
        Self { code: reason.as_str(), zh: reason.zh(), en: reason.en() }
    }
}

#[derive(Serialize)]
pub(super) struct ObligationBody {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<u32>,
}

impl ObligationBody {
    fn of(obligation: &Obligation) -> Self {
        Self { kind: obligation.kind.as_str(), scope: obligation.scope, days: obligation.days }
    }
}
