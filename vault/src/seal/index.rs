//! Keyed digests: blind index of exact values, ids of tokens and codes, the term of a search. Equal only under one key.

use gridvault_policy::FieldId;
use gridvault_policy::ValueKind;
use ring::hmac;

use uuid::Uuid;

use super::{Keyring, SealError, Secret};
use crate::store::Term;

/// The spelling in which values of a field are indexed and compared.
pub(super) fn spelling(field: FieldId, value: &str) -> Secret {
    match field.kind() {
        ValueKind::Phone => Secret::new(value.chars().filter(char::is_ascii_digit).collect::<String>()),
        ValueKind::IdNumber => Secret::new(value.to_ascii_uppercase()),
        _ => Secret::new(value),
    }
}

impl Keyring {
    /// The blind-index term of a value of an indexed field; `None` of another field's.
    pub fn value_term(&self, field: FieldId, value: &Secret) -> Option<Vec<u8>> {
        self.index_term(field, spelling(field, value.reveal()).reveal())
    }

    /// The terms of a record's indexed fields.
    pub fn terms(&self, record: Uuid, fields: &[(FieldId, Secret)]) -> Vec<Term> {
        let term = |(field, value): &(FieldId, Secret)| {
            let term = self.value_term(*field, value)?;
            Some(Term { field: field.number(), term, record: record.as_bytes().to_vec() })
        };
        fields.iter().filter_map(term).collect()
    }

    /// Blind-index term of a normalised value of an indexed field (person.id_no, person.phone, premises.code); `None` for others.
    pub fn index_term(&self, field: FieldId, normalised: &str) -> Option<Vec<u8>> {
        let key = self.index.get(field.as_str())?;
        Some(self.mac(key, normalised.as_bytes()).as_ref().to_vec())
    }

    /// Blind index of a staff number, so that a second import finds the same person.
    pub fn staff_term(&self, number: &str) -> Result<Vec<u8>, SealError> {
        let key = self.index.get("staff.number").ok_or(SealError::Crypto)?;
        Ok(self.mac(key, number.as_bytes()).as_ref().to_vec())
    }

    /// The id under which a token or code is kept: its HMAC, so that the database holds nothing to sign in with.
    pub fn credential_id(&self, credential: &Secret) -> Vec<u8> {
        self.mac(&self.tokens, credential.reveal().as_bytes()).as_ref().to_vec()
    }

    /// A keyed digest of a term, over an entry's own salt (audit trail format, private part `detail`).
    pub fn salted_term(&self, salt: &[u8], kind: &str, value: &str) -> hmac::Tag {
        let mut bytes = salt.to_vec();
        bytes.extend_from_slice(kind.as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(value.as_bytes());
        self.mac(&self.term, &bytes)
    }

    /// A keyed digest for the trail: of a network address or a source's own number, never reversible by guessing.
    pub fn term(&self, kind: &str, value: &str) -> hmac::Tag {
        let mut bytes = kind.as_bytes().to_vec();
        bytes.push(0);
        bytes.extend_from_slice(value.as_bytes());
        self.mac(&self.term, &bytes)
    }
}
