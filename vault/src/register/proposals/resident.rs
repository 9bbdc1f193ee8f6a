//! What a worker proposes of a resident, sealed as the record that it would be: confirming it opens nothing.

use data_encoding::{BASE64, HEXLOWER};
use gridvault_audit::{Json, Kind};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Vault;
use crate::authority::Header;
use crate::identity::Caller;
use crate::register::correct::{Corrected, subject};
use crate::register::keep::{Correction, say_evidence};
use crate::register::newcomer::Proposed;
use crate::register::residents::id_number;
use crate::register::{RegisterError, entry, word};
use crate::store::{EnvelopesRow, Row, Table, Term};
use crate::trail::{Act, Change};

/// What is proposed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfResident {
    /// Somebody not held yet.
    Newcomer(Proposed),
    /// Another ID number, and what came with it.
    Correction(ProposedCorrection),
}

/// What confirming it comes to.
pub(super) enum Comes {
    /// Of that record, to be recorded.
    Made(Uuid, Box<Act>),
    /// The record says so already.
    Nothing,
    /// Another record has the number: nothing becomes of it.
    Held,
}

impl OfResident {
    /// The word of what it is.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Newcomer(_) => "residents",
            Self::Correction(_) => "corrections",
        }
    }

    /// Whether it is of that record, or of a person with one of these terms.
    pub(super) fn is_of(&self, record: Uuid, terms: &[Term]) -> bool {
        match self {
            Self::Newcomer(newcomer) => newcomer.is_of(terms),
            Self::Correction(correction) => {
                let number = id_number(&correction.added()).map(|term| term.term.clone());
                correction.record == record || number.is_some_and(|n| terms.iter().any(|t| t.term == n))
            }
        }
    }

    pub(super) async fn comes_to(
        &self,
        vault: &Vault,
        caller: &Caller,
        request: &str,
    ) -> Result<Comes, RegisterError> {
        match self {
            Self::Newcomer(newcomer) => {
                let made = newcomer.made(vault, entry(Kind::ResidentCreated, caller, request)).await?;
                Ok(made.map_or(Comes::Held, |(record, act)| Comes::Made(record, Box::new(act))))
            }
            Self::Correction(correction) => correction.comes_to(vault, caller, request).await,
        }
    }
}

/// A correction as it would be written, to the record as it stood.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProposedCorrection {
    record: Uuid,
    /// The revision of the header that it corrects.
    rev: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    home: Option<Uuid>,
    /// The envelopes with their revision, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<(i64, String)>,
    /// Blind-index terms that come and go, hex, by field number.
    added: Vec<(u16, String)>,
    dropped: Vec<(u16, String)>,
    /// What the entry says of the fields, and what it rests on.
    fields: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    evidence: Option<String>,
}

impl ProposedCorrection {
    /// That correction of the record with this header's row; none: it says so already.
    pub(in crate::register) fn of(row: &Row, said: &Correction, corrected: Option<&Corrected>) -> Self {
        let hex = |term: &Term| (term.field, HEXLOWER.encode(&term.term));
        let change = corrected.map(|corrected| &corrected.change);
        let envelopes = change.and_then(|change| change.envelopes.first());
        Self {
            record: Uuid::from_slice(&row.id).unwrap_or_default(),
            rev: row.rev,
            home: said.premises.filter(|_| change.is_some()),
            sealed: envelopes.map(|row| (row.rev, BASE64.encode(&row.sealed))),
            added: change.into_iter().flat_map(|change| &change.terms).map(hex).collect(),
            dropped: change.into_iter().flat_map(|change| &change.dropped).map(hex).collect(),
            fields: corrected.map(Corrected::field_words).unwrap_or_default(),
            evidence: said.evidence.clone(),
        }
    }

    fn added(&self) -> Vec<Term> {
        self.terms(&self.added)
    }

    fn terms(&self, of: &[(u16, String)]) -> Vec<Term> {
        let term = |(field, hex): &(u16, String)| {
            let term = HEXLOWER.decode(hex.as_bytes()).ok()?;
            Some(Term { field: *field, term, record: self.record.as_bytes().to_vec() })
        };
        of.iter().filter_map(term).collect()
    }

    async fn comes_to(&self, vault: &Vault, caller: &Caller, request: &str) -> Result<Comes, RegisterError> {
        let added = self.added();
        if let Some(number) = id_number(&added)
            && !vault.store.holders(number.field, &number.term, 1).await?.is_empty()
        {
            return Ok(Comes::Held);
        }
        let id = self.record.as_bytes();
        let row = vault.store.row(Table::Records, id).await?.ok_or(RegisterError::Conflict)?;
        let mut header: Header = vault.keys.check(&row).ok_or(RegisterError::Conflict)?;
        // What was proposed of a record that says something else by now is proposed anew.
        if row.rev != self.rev {
            return Err(RegisterError::Conflict);
        }
        if self.sealed.is_none() && self.home.is_none() {
            return Ok(Comes::Nothing);
        }
        header.place = self.home.or(header.place);
        let mut change = Change { terms: added, dropped: self.terms(&self.dropped), ..Change::default() };
        if let Some((rev, sealed)) = &self.sealed {
            let sealed = BASE64.decode(sealed.as_bytes()).map_err(|_| RegisterError::Conflict)?;
            header.envelopes = *rev;
            change.envelopes.push(EnvelopesRow { record: id.to_vec(), rev: *rev, sealed });
        }
        let parent = header.place.map(|place| place.into_bytes().to_vec());
        change.rows.push(vault.keys.row(Table::Records, id, row.rev + 1, parent.as_deref(), &header)?);
        let mut corrected = entry(Kind::ResidentCorrected, caller, request);
        corrected.private.subject = subject(&header);
        let fields = self.fields.iter().map(|field| word(field.as_str())).collect();
        corrected.private.detail.insert("fields", Json::List(fields));
        corrected.private.detail.insert("rev", Json::Int(row.rev + 1));
        corrected.private.detail.insert("source", word("proposal"));
        say_evidence(&mut corrected, self.evidence.as_deref());
        Ok(Comes::Made(self.record, Box::new(Act::new(&vault.keys, corrected, change))))
    }
}
