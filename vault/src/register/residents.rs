//! Taking in residents: sealed, indexed, under a notice or counted as not informed; one already held is corrected where a
//! row says otherwise, never taken in twice.

use std::collections::{HashMap, HashSet};

use gridvault_audit::{Entry, Json, Kind, Subject, SubjectType};
use gridvault_policy::RecordType;
use uuid::Uuid;

use super::correct::{Correcting, corrected};
use super::places::find_premises;
use super::{RegisterError, Seen, word};
use crate::Vault;
use crate::authority::Header;
use crate::import::rows::{ResidentRow, RowError};
use crate::seal::{Keyring, SealError, Sealing, facts_of};
use crate::store::{EnvelopesRow, Row, Table, Term};
use crate::trail::{Act, Change};

/// What taking residents in comes to.
#[derive(Default)]
pub struct AddedResidents {
    /// The acts to record.
    pub acts: Vec<Act>,
    /// Rows that cannot be taken.
    pub errors: Vec<RowError>,
    /// Records made.
    pub made: Vec<Uuid>,
    /// Rows about somebody whom an earlier row is about: left.
    pub duplicates: Vec<RowError>,
}

/// The acts that take residents in, each with its entry. A resident already held (same ID number) keeps what the row does
/// not say; what it says otherwise is a new revision.
pub async fn add_residents(
    vault: &Vault,
    rows: Vec<ResidentRow>,
    notice: Option<Uuid>,
    seen: &mut Seen,
    entry: &(dyn Fn(Kind) -> Entry + Sync),
) -> Result<AddedResidents, RegisterError> {
    let mut added = AddedResidents::default();
    let homes = find_premises(vault, rows.iter().map(|row| row.premises_code.as_str())).await?;
    let newcomers: Vec<(Uuid, Vec<Term>)> = rows
        .iter()
        .map(|row| {
            let id = row.id.unwrap_or_else(Uuid::new_v4);
            (id, vault.keys.terms(id, &row.fields))
        })
        .collect();
    let held = Held::of(vault, newcomers.iter().filter_map(|(_, terms)| id_number(terms))).await?;
    for (row, (id, terms)) in rows.iter().zip(newcomers) {
        let number = id_number(&terms).map(|term| term.term.clone());
        let Some(home) = homes.get(row.premises_code.as_str()) else {
            added.errors.push(RowError { row: row.row, column: "premises".into(), code: "premises_unknown" });
            continue;
        };
        if number.as_ref().is_some_and(|number| !seen.insert(number.clone())) {
            let column = "person.id_no".into();
            added.duplicates.push(RowError { row: row.row, column, code: "same_person" });
            continue;
        }
        match number.and_then(|number| held.find(&number)) {
            None => {
                added.made.push(id);
                let terms = Taking { id, home: *home, notice, terms };
                added.acts.push(resident(vault, row, terms, entry(Kind::ResidentCreated))?);
            }
            Some((row_of, envelopes)) => {
                let fields: Vec<_> =
                    row.fields.iter().map(|(field, value)| (*field, Some(value.clone()))).collect();
                let correcting = Correcting {
                    row: row_of,
                    envelopes,
                    fields: &fields,
                    place: Some(*home),
                    cells: &[],
                    found: true,
                };
                let corrected = match corrected(vault, &correcting) {
                    // The index led to somebody else's record.
                    Err(RegisterError::Seal(SealError::Tampered)) => {
                        vault
                            .keys
                            .broken_row(format!("terms/{}", data_encoding::HEXLOWER.encode(&row_of.id)));
                        let column = "person.id_no".into();
                        added.errors.push(RowError { row: row.row, column, code: "index" });
                        continue;
                    }
                    Err(RegisterError::Conflict) => {
                        let column = "person.id_no".into();
                        added.errors.push(RowError { row: row.row, column, code: "frozen" });
                        continue;
                    }
                    done => done?,
                };
                if let Some(corrected) = corrected {
                    let mut entry = entry(Kind::ResidentCorrected);
                    corrected.describe(&mut entry);
                    entry.private.detail.insert("source", Json::from("import"));
                    added.acts.push(Act::new(&vault.keys, entry, corrected.change));
                }
            }
        }
    }
    Ok(added)
}

pub(super) fn id_number(terms: &[Term]) -> Option<&Term> {
    let number = gridvault_policy::FieldId::parse("person.id_no").ok()?.number();
    terms.iter().find(|term| term.field == number)
}

/// Those of the rows' people who are held already: headers and envelopes by the term of their ID number.
struct Held {
    by_term: HashMap<Vec<u8>, Vec<u8>>,
    rows: HashMap<Vec<u8>, Row>,
    envelopes: HashMap<Vec<u8>, EnvelopesRow>,
}

impl Held {
    async fn of(vault: &Vault, numbers: impl Iterator<Item = &Term>) -> Result<Self, RegisterError> {
        let numbers: Vec<&Term> = numbers.collect();
        let wanted: Vec<_> = numbers.iter().map(|term| term.term.clone()).collect();
        let by_term = match numbers.first() {
            Some(term) => vault.store.by_terms(term.field, &wanted).await?,
            None => HashMap::new(),
        };
        let ids: Vec<&[u8]> =
            by_term.values().map(Vec::as_slice).collect::<HashSet<_>>().into_iter().collect();
        let rows = vault.store.rows(Table::Records, &ids).await?;
        let envelopes = vault.store.envelopes(&ids).await?;
        Ok(Self {
            rows: rows.into_iter().map(|row| (row.id.clone(), row)).collect(),
            envelopes: envelopes.into_iter().map(|row| (row.record.clone(), row)).collect(),
            by_term,
        })
    }

    fn find(&self, number: &[u8]) -> Option<(&Row, &EnvelopesRow)> {
        let id = self.by_term.get(number)?;
        Some((self.rows.get(id)?, self.envelopes.get(id)?))
    }
}

/// A fresh audit tag: how the trail names a record.
pub fn new_tag(keys: &Keyring) -> Result<[u8; 16], SealError> {
    let random = keys.random()?;
    random.first_chunk::<16>().copied().ok_or(SealError::Crypto)
}

/// Where a newcomer is put.
struct Taking {
    id: Uuid,
    home: Uuid,
    notice: Option<Uuid>,
    terms: Vec<Term>,
}

fn resident(vault: &Vault, row: &ResidentRow, to: Taking, mut entry: Entry) -> Result<Act, RegisterError> {
    let Taking { id, home, notice, terms } = to;
    let tag = new_tag(&vault.keys)?;
    let header = Header { place: Some(home), notice, ..Header::new(RecordType::Person, tag) };
    let facts = facts_of(&row.fields);
    let sealing = Sealing { record: id, kind: RecordType::Person, rev: 1, fields: &row.fields, facts };
    let change = Change {
        rows: vec![vault.keys.row(Table::Records, id.as_bytes(), 1, Some(home.as_bytes()), &header)?],
        envelopes: vec![vault.keys.seal_record(&sealing)?],
        terms,
        ..Change::default()
    };
    entry.private.subject = Some(Subject { kind: SubjectType::Person, tag, place: None, also: Vec::new() });
    entry.private.detail.insert("informed", word(if notice.is_some() { "notice" } else { "none" }));
    for finding in &row.findings {
        entry.private.detail.insert("finding", word(finding.code));
    }
    Ok(Act::new(&vault.keys, entry, change))
}
