//! Searches and verifications on their way into the trail: what was asked, as a keyed digest, before anything is compared.

use std::borrow::Cow;

use data_encoding::HEXLOWER;
use gridvault_audit::{Actor, Auditable, Entry, Json, Kind, Private, Public, ResultWord, StateDigest, Who};
use gridvault_policy::{FieldId, Purpose, Reason};

use super::Lookup;
use crate::seal::{Keyring, SealError, Secret};
use crate::store::Row;
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

    fn put(&self, private: &mut Private) {
        private.salt = Some(self.salt);
        private.detail.insert("term", Json::Text(Cow::Owned(self.term.clone())));
    }
}

fn salted(keys: &Keyring, salt: &[u8], kind: &str, value: &str) -> String {
    HEXLOWER.encode(keys.salted_term(salt, kind, value).as_ref())
}

/// The row that counts what somebody asks, moved by one: written with the entry that counts.
#[derive(Clone)]
pub struct Count {
    row: Row,
    digest: StateDigest,
}

impl Count {
    pub(crate) fn of(keys: &Keyring, row: Row) -> Self {
        let digest =
            StateDigest { row: row.table.row_name(&row.id), revision: row.rev, digest: keys.digest(&row) };
        Self { row, digest }
    }

    pub(crate) fn row(&self) -> Row {
        self.row.clone()
    }
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
    /// Counts it.
    pub(crate) count: Option<Count>,
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
        if let Some(count) = &self.count {
            private.state.push(count.digest.clone());
        }
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
        counted(Change::check(self.expect.clone()), self.count.as_ref())
    }
}

fn counted(mut change: Change, count: Option<&Count>) -> Change {
    change.rows.extend(count.map(Count::row));
    change
}

/// Claims about a record, decided upon and about to be recorded; only then are they compared.
pub struct Verification {
    lookup: Lookup,
    claims: Vec<(FieldId, Secret)>,
    sought: Sought,
    end: End,
    count: Option<Count>,
}

/// How a verification's entry ends.
enum End {
    Compared,
    Held,
    Missed,
    Refused(Reason),
}

impl Verification {
    pub(crate) fn new(
        lookup: Lookup,
        claims: Vec<(FieldId, Secret)>,
        sought: Sought,
        count: Option<Count>,
    ) -> Self {
        Self { lookup, claims, sought, end: End::Compared, count }
    }

    /// That the claims held, or did not: entered before it is answered, and counted with it.
    pub(crate) fn ended(lookup: Lookup, sought: Sought, held: Option<Count>) -> Self {
        let end = if held.is_some() { End::Held } else { End::Missed };
        Self { lookup, claims: Vec::new(), sought, end, count: held }
    }

    /// Refused before any record was looked at.
    pub(crate) fn refused(lookup: Lookup, sought: Sought, reason: Reason) -> Self {
        Self { lookup, claims: Vec::new(), sought, end: End::Refused(reason), count: None }
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
            // What was compared stands in the entry before.
            End::Held | End::Missed => {
                entry.public.fields.clear();
                entry.public.obligations.clear();
                entry.public.reason = None;
                let held = matches!(self.end, End::Held);
                entry.public.result = Some(if held { ResultWord::Allowed } else { ResultWord::Failed });
                entry.private.detail.insert("held", Json::Int(i64::from(held)));
            }
            End::Refused(reason) => {
                entry.public.result = Some(ResultWord::Denied);
                entry.public.reason = Some(Cow::Borrowed(reason.as_str()));
            }
        }
        self.sought.put(&mut entry.private);
        if let Some(count) = &self.count {
            entry.private.state.push(count.digest.clone());
        }
        entry
    }

    fn change(&mut self) -> Change {
        // What was found out is entered whatever has moved since.
        let change = match self.end {
            End::Held | End::Missed => Change::none(),
            End::Compared | End::Refused(_) => self.lookup.change(),
        };
        counted(change, self.count.as_ref())
    }
}
