//! Searches and verifications on their way into the trail: what was asked, as a keyed digest, before anything is compared.

use std::borrow::Cow;

use data_encoding::HEXLOWER;
use gridvault_audit::{Actor, Auditable, Entry, Json, Kind, Private, Public, ResultWord, Who};
use gridvault_policy::{FieldId, Purpose, Reason};

use super::Lookup;
use crate::seal::{Keyring, SealError, Secret};
use crate::trail::{Change, Expect};

/// What is searched for, or whom a verification is about, as the trail may say it: an HMAC over the entry's own salt, never
/// equal twice; whoever has the key can ask whether an entry is about the same.
#[derive(Clone)]
pub struct Sought {
    salt: [u8; 16],
    term: String,
}

impl Sought {
    /// Of a kind of term (`id_number`, `phone`, `name`, `premises`, `record`) and its normalised value.
    pub fn new(keys: &Keyring, kind: &str, value: &str) -> Result<Self, SealError> {
        let random = keys.random()?;
        let salt = *random.first_chunk::<16>().ok_or(SealError::Crypto)?;
        Ok(Self { salt, term: salted(keys, &salt, kind, value) })
    }

    /// Whether the private part of an entry (canonical JSON) is about that value.
    pub fn is(keys: &Keyring, private: &Json, kind: &str, value: &str) -> bool {
        let salt = private.text("salt").and_then(|salt| HEXLOWER.decode(salt.as_bytes()).ok());
        let term = private.get("detail").and_then(|detail| detail.text("term"));
        match (salt, term) {
            (Some(salt), Some(term)) => salted(keys, &salt, kind, value) == term,
            _ => false,
        }
    }

    fn put(&self, private: &mut Private) {
        private.salt = Some(self.salt);
        private.detail.insert("term", Json::Text(Cow::Owned(self.term.clone())));
    }
}

fn salted(keys: &Keyring, salt: &[u8], kind: &str, value: &str) -> String {
    HEXLOWER.encode(keys.salted_term(salt, kind, value).as_ref())
}

/// A search about to be recorded; only then is anything opened and compared.
pub struct Search {
    pub(crate) who: Who,
    pub(crate) actor: Actor,
    pub(crate) field: FieldId,
    pub(crate) value: Secret,
    /// How it is searched for, a word.
    pub(crate) by: &'static str,
    pub(crate) sought: Sought,
    pub(crate) purpose: Purpose,
    pub(crate) task: Option<String>,
    pub(crate) refused: Option<Reason>,
    pub(crate) request: String,
    pub(crate) policy: [u8; 32],
    pub(crate) expect: Expect,
}

impl Search {
    pub(crate) fn sought(&self) -> (FieldId, &Secret) {
        (self.field, &self.value)
    }
}

impl Auditable for Search {
    type Change = Change;

    fn entry(&self) -> Entry {
        let mut private = Private {
            salt: None,
            actor: self.actor.clone(),
            subject: None,
            basis_ref: None,
            task: self.task.clone(),
            consent: None,
            facts: None,
            state: Vec::new(),
            request: Some(self.request.clone()),
            detail: std::collections::BTreeMap::new(),
        };
        private.detail.insert("by", Json::from(self.by));
        self.sought.put(&mut private);
        let result = if self.refused.is_some() { ResultWord::Denied } else { ResultWord::Allowed };
        Entry {
            public: Public {
                kind: Kind::Search,
                who: self.who.clone(),
                action: Some(Cow::Borrowed("match")),
                purpose: Some(Cow::Borrowed(self.purpose.as_str())),
                basis: None,
                fields: Vec::new(),
                obligations: Vec::new(),
                result: Some(result),
                reason: self.refused.map(|reason| Cow::Borrowed(reason.as_str())),
                about: std::collections::BTreeMap::new(),
                policy: Some(self.policy),
            },
            private,
        }
    }

    fn change(&mut self) -> Change {
        Change::check(self.expect.clone())
    }
}

/// Claims about a record, decided upon and about to be recorded; only then are they compared.
pub struct Verification {
    lookup: Lookup,
    claims: Vec<(FieldId, Secret)>,
    sought: Sought,
    end: End,
}

/// How a verification's entry ends.
enum End {
    Compared,
    Missed,
    Refused(Reason),
}

impl Verification {
    pub(crate) fn new(lookup: Lookup, claims: Vec<(FieldId, Secret)>, sought: Sought) -> Self {
        Self { lookup, claims, sought, end: End::Compared }
    }

    /// That the claims did not hold: entered before it is answered, for misses are counted from the trail.
    pub(crate) fn missed(lookup: Lookup, sought: Sought) -> Self {
        Self { lookup, claims: Vec::new(), sought, end: End::Missed }
    }

    /// Refused before any record was looked at.
    pub(crate) fn refused(lookup: Lookup, sought: Sought, reason: Reason) -> Self {
        Self { lookup, claims: Vec::new(), sought, end: End::Refused(reason) }
    }

    pub(crate) fn into_parts(self) -> (Lookup, Vec<(FieldId, Secret)>) {
        (self.lookup, self.claims)
    }
}

impl Auditable for Verification {
    type Change = Change;

    fn entry(&self) -> Entry {
        let mut entry = self.lookup.entry();
        entry.public.kind = Kind::Verification;
        match self.end {
            End::Compared => {}
            End::Missed => {
                entry.public.result = Some(ResultWord::Failed);
                entry.private.detail.insert("miss", Json::Int(1));
            }
            End::Refused(reason) => {
                entry.public.result = Some(ResultWord::Denied);
                entry.public.reason = Some(Cow::Borrowed(reason.as_str()));
                if reason == Reason::Rate {
                    entry.private.detail.insert("too_many", Json::Int(1));
                }
            }
        }
        self.sought.put(&mut entry.private);
        entry
    }

    fn change(&mut self) -> Change {
        // What was found out is entered whatever has moved since.
        if matches!(self.end, End::Missed) { Change::none() } else { self.lookup.change() }
    }
}
