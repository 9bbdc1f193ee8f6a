//! The one way out: a permit, by value, opens exactly the fields that its recorded decision permits, in their permitted forms.

use gridvault_audit::Receipt;
use gridvault_policy::{Decision, FieldDecision, FieldId, Outcome, RecordKey};

use super::envelope::OpenEnvelope;
use super::forms::{self, DeriveContext};
use super::{Keyring, SealError, Secret, envelope_tier};
use crate::permit::{Lookup, Permit};
use crate::store::EnvelopesRow;

/// What a recorded lookup releases: one answer per asked field, in the order asked.
pub struct Released {
    /// The entry that this rests on.
    pub receipt: Receipt,
    /// The decision, with rules, reasons and obligations.
    pub decision: Decision,
    /// One answer per field of the decision.
    pub answers: Vec<FieldAnswer>,
}

/// One field's answer.
pub struct FieldAnswer {
    /// The field.
    pub field: FieldId,
    /// As decided, or `absent` where it is allowed but nothing is held.
    pub outcome: Outcome,
    /// The value in its permitted form.
    pub value: Option<Secret>,
}

impl Keyring {
    /// Opens what the permit's decision permits, and nothing else. A permit of another log, one older than five
    /// seconds, an envelope of another record or of another revision than the header's: refused.
    pub fn open(&self, permit: Permit, envelopes: &[EnvelopesRow]) -> Result<Released, SealError> {
        self.token.accepts(&permit).map_err(|_| SealError::Permit)?;
        let receipt = permit.receipt().clone();
        let lookup = permit.into_subject();
        let mut opener = Opener { keyring: self, lookup: &lookup, envelopes, opened: Vec::new() };
        let mut answers = Vec::new();
        for decided in lookup.decision().fields() {
            answers.push(opener.answer(decided)?);
        }
        drop(opener);
        Ok(Released { receipt, decision: lookup.into_decision(), answers })
    }
}

struct Opener<'a> {
    keyring: &'a Keyring,
    lookup: &'a Lookup,
    envelopes: &'a [EnvelopesRow],
    opened: Vec<(RecordKey, u8, OpenEnvelope<'a>)>,
}

impl Opener<'_> {
    fn answer(&mut self, decided: &FieldDecision) -> Result<FieldAnswer, SealError> {
        let field = decided.field();
        let value = match decided.outcome() {
            Outcome::Clear if !field.is_derived() => self.held(decided.record(), field)?,
            Outcome::Clear | Outcome::Derived if field.is_derived() => self.derived(field)?,
            Outcome::Masked => match (self.held(decided.record(), field)?, decided.form()) {
                (Some(value), Some(form)) => forms::mask(form, value.reveal(), self.lookup.today()),
                _ => None,
            },
            _ => return Ok(FieldAnswer { field, outcome: Outcome::Denied, value: None }),
        };
        let outcome = if value.is_some() { decided.outcome() } else { Outcome::Absent };
        Ok(FieldAnswer { field, outcome, value })
    }

    /// A derived answer is made from inputs that stay in here.
    fn derived(&mut self, field: FieldId) -> Result<Option<Secret>, SealError> {
        let mut inputs = Vec::new();
        for input in field.inputs() {
            if let Some(record) = self.lookup.holder_of(*input) {
                inputs.push((*input, self.held(record, *input)?));
            }
        }
        let find = |wanted: FieldId| {
            inputs.iter().find(|(field, _)| *field == wanted).and_then(|(_, value)| value.clone())
        };
        let context = DeriveContext {
            today: self.lookup.today(),
            cells: self.lookup.cells(),
            post_areas: self.lookup.post_areas(),
        };
        Ok(forms::derive(field, &find, &context))
    }

    fn held(&mut self, record: RecordKey, field: FieldId) -> Result<Option<Secret>, SealError> {
        let tier = envelope_tier(field);
        if let Some((_, _, envelope)) = self.opened.iter().find(|(r, t, _)| *r == record && *t == tier) {
            return envelope.field(field);
        }
        let rev = self.lookup.envelope_rev(record).ok_or(SealError::Tampered)?;
        let row = self.envelopes.iter().find(|row| row.record == record.0).ok_or(SealError::Tampered)?;
        let envelope = OpenEnvelope::new(self.keyring, row, tier, rev)?;
        let value = envelope.field(field);
        self.opened.push((record, tier, envelope));
        value
    }
}
