//! Correcting what is sealed without giving it out: the envelopes are opened, the new values put over the old ones, and all
//! sealed anew as the next revision. Out comes ciphertext, which fields changed, and the blind-index terms that follow.

use gridvault_policy::{FieldId, RecordType};
use uuid::Uuid;

use super::envelope::{OpenEnvelope, tiers};
use super::{Keyring, RecordFacts, SealError, Sealing, Secret};
use crate::store::{EnvelopesRow, Term};

/// A record's present envelopes and what is to be put over them.
pub struct Amending<'a> {
    /// The record.
    pub record: Uuid,
    /// Person, premises or ticket.
    pub kind: RecordType,
    /// Its envelopes.
    pub envelopes: &'a EnvelopesRow,
    /// The revision that its header names.
    pub rev: i64,
    /// Normalised values; none: no longer held.
    pub fields: &'a [(FieldId, Option<Secret>)],
    /// Whether an index led here: then the ID number among the fields must be the one held.
    pub same_person: bool,
}

/// The next revision.
pub struct Amended {
    /// The envelopes.
    pub envelopes: EnvelopesRow,
    /// The fields whose value is another than before.
    pub changed: Vec<FieldId>,
    /// Terms of values now held.
    pub added: Vec<Term>,
    /// Terms of values no longer held.
    pub dropped: Vec<Term>,
}

impl Keyring {
    /// Puts the fields over what is held; nothing where that changes nothing.
    pub fn amend(&self, amending: &Amending<'_>) -> Result<Option<Amended>, SealError> {
        let before = self.all_fields(amending.kind, amending.envelopes, amending.rev)?;
        if amending.same_person {
            let number = |field: &FieldId| field.as_str() == "person.id_no";
            let held = before.iter().find(|(field, _)| number(field)).map(|(_, value)| value);
            let given = amending.fields.iter().find(|(field, _)| number(field)).and_then(|(_, v)| v.as_ref());
            if held != given {
                return Err(SealError::Tampered);
            }
        }
        let mut after = before.clone();
        let mut changed = Vec::new();
        for (field, value) in amending.fields {
            let held = after.iter().position(|(held, _)| held == field);
            let same = match (held.and_then(|at| before_at(&after, at)), value) {
                (Some(old), Some(new)) => old.reveal() == new.reveal(),
                (None, None) => true,
                _ => false,
            };
            if same {
                continue;
            }
            changed.push(*field);
            if let Some(at) = held {
                after.remove(at);
            }
            after.extend(value.clone().map(|value| (*field, value)));
        }
        if changed.is_empty() {
            return Ok(None);
        }
        let facts = facts_of(&after);
        let sealing = Sealing {
            record: amending.record,
            kind: amending.kind,
            rev: amending.rev + 1,
            fields: &after,
            facts,
        };
        let envelopes = self.seal_record(&sealing)?;
        let of = |fields: &[(FieldId, Secret)]| {
            let moved = self.terms(amending.record, fields).into_iter();
            moved.filter(|term| changed.iter().any(|field| field.number() == term.field)).collect()
        };
        Ok(Some(Amended { envelopes, added: of(&after), dropped: of(&before), changed }))
    }

    /// The blind-index terms of what a record holds, to be dropped with it.
    pub fn held_terms(
        &self,
        record: Uuid,
        kind: RecordType,
        envelopes: &EnvelopesRow,
        rev: i64,
    ) -> Result<Vec<Term>, SealError> {
        Ok(self.terms(record, &self.all_fields(kind, envelopes, rev)?))
    }

    /// Whether a premises is called by that code: what an index led to is compared before anybody is put there.
    pub fn is_called(&self, premises: &EnvelopesRow, rev: i64, code: &str) -> bool {
        let Ok(field) = FieldId::parse("premises.code") else { return false };
        let opened = OpenEnvelope::new(self, premises, 1, rev).and_then(|envelope| envelope.field(field));
        opened.ok().flatten().is_some_and(|held| held.reveal() == code)
    }

    fn all_fields(
        &self,
        kind: RecordType,
        envelopes: &EnvelopesRow,
        rev: i64,
    ) -> Result<Vec<(FieldId, Secret)>, SealError> {
        let mut held = Vec::new();
        for tier in tiers(kind).iter().filter(|tier| **tier != 0) {
            held.extend(OpenEnvelope::new(self, envelopes, *tier, rev)?.fields()?);
        }
        Ok(held)
    }
}

fn before_at(fields: &[(FieldId, Secret)], at: usize) -> Option<&Secret> {
    fields.get(at).map(|(_, value)| value)
}

/// What deciding needs of a person, from the person's fields.
pub fn facts_of(fields: &[(FieldId, Secret)]) -> RecordFacts {
    let held =
        |id: &str| fields.iter().find(|(field, _)| field.as_str() == id).map(|(_, value)| value.reveal());
    RecordFacts {
        birth: held("person.birth_date").and_then(|text| text.parse().ok()),
        deceased: held("person.deceased_on").is_some(),
    }
}
