//! Taking in residents: sealed, indexed, under a notice or counted as not informed.

use std::collections::{BTreeMap, HashSet};

use gridvault_audit::{Entry, Kind, Subject, SubjectType};
use gridvault_policy::{FieldId, RecordType};
use uuid::Uuid;

use super::places::find_premises;
use super::{RegisterError, Seen, word};
use crate::Vault;
use crate::authority::Header;
use crate::import::rows::{ResidentRow, RowError};
use crate::records::values::normalise_for_index;
use crate::seal::{Keyring, RecordFacts, SealError, Sealing, Secret};
use crate::store::{Table, Term};
use crate::trail::{Act, Change};

/// The acts that take residents in, each with its entry, and the rows that cannot be taken. A resident already held
/// (same ID number) is left as it is.
pub async fn add_residents(
    vault: &Vault,
    rows: Vec<ResidentRow>,
    notice: Option<Uuid>,
    seen: &mut Seen,
    entry: &(dyn Fn(Kind) -> Entry + Sync),
) -> Result<(Vec<Act>, Vec<RowError>), RegisterError> {
    let (mut acts, mut errors) = (Vec::new(), Vec::new());
    let homes = find_premises(vault, rows.iter().map(|row| row.premises_code.as_str())).await?;
    let terms: Vec<Terms> = rows.iter().map(|row| terms(vault, &row.fields)).collect();
    let held = held(vault, &terms).await?;
    for (row, terms) in rows.iter().zip(&terms) {
        let number = id_number(terms).map(|(_, term)| term);
        if number.is_some_and(|term| seen.contains(term) || held.contains(term)) {
            continue;
        }
        match homes.get(row.premises_code.as_str()) {
            Some(home) => {
                acts.push(resident(vault, row, *home, notice, terms, entry(Kind::ResidentCreated))?);
                seen.extend(number.cloned());
            }
            None => {
                errors.push(RowError { row: row.row, column: "premises".into(), code: "premises_unknown" });
            }
        }
    }
    Ok((acts, errors))
}

/// A row's blind-index terms.
type Terms = Vec<(FieldId, Vec<u8>)>;

fn id_number(terms: &Terms) -> Option<&(FieldId, Vec<u8>)> {
    terms.iter().find(|(field, _)| field.as_str() == "person.id_no")
}

/// Those of the rows' ID numbers that some record has already.
async fn held(vault: &Vault, rows: &[Terms]) -> Result<HashSet<Vec<u8>>, RegisterError> {
    let numbers: Vec<_> = rows.iter().filter_map(id_number).collect();
    let Some((field, _)) = numbers.first() else { return Ok(HashSet::new()) };
    let wanted: Vec<_> = numbers.iter().map(|(_, term)| term.clone()).collect();
    Ok(vault.store.by_terms(field.number(), &wanted).await?.into_keys().collect())
}

/// A fresh audit tag: how the trail names a record.
pub fn new_tag(keys: &Keyring) -> Result<[u8; 16], SealError> {
    let random = keys.random()?;
    random.first_chunk::<16>().copied().ok_or(SealError::Crypto)
}

fn terms(vault: &Vault, fields: &[(FieldId, Secret)]) -> Terms {
    let indexed =
        fields.iter().filter(|(field, _)| matches!(field.as_str(), "person.id_no" | "person.phone"));
    indexed
        .filter_map(|(field, value)| {
            let normalised = normalise_for_index(*field, value.reveal());
            Some((*field, vault.keys.index_term(*field, normalised.reveal())?))
        })
        .collect()
}

fn resident(
    vault: &Vault,
    row: &ResidentRow,
    home: Uuid,
    notice: Option<Uuid>,
    terms: &[(FieldId, Vec<u8>)],
    mut entry: Entry,
) -> Result<Act, RegisterError> {
    let id = Uuid::new_v4();
    let tag = new_tag(&vault.keys)?;
    let header = Header {
        kind: RecordType::Person,
        tag: data_encoding::HEXLOWER.encode(&tag),
        place: Some(home),
        envelopes: 1,
        cells: BTreeMap::new(),
        notice,
        consents: 0,
        task: None,
    };
    let held =
        |id: &str| row.fields.iter().find(|(field, _)| field.as_str() == id).map(|(_, value)| value.reveal());
    let facts = RecordFacts {
        birth: held("person.birth_date").and_then(|text| text.parse().ok()),
        deceased: held("person.deceased_on").is_some(),
    };
    let sealing = Sealing { record: id, kind: RecordType::Person, rev: 1, fields: &row.fields, facts };
    let terms = terms.iter().map(|(field, term)| Term {
        field: field.number(),
        term: term.clone(),
        record: id.as_bytes().to_vec(),
    });
    let change = Change {
        rows: vec![vault.keys.row(Table::Records, id.as_bytes(), 1, Some(home.as_bytes()), &header)?],
        envelopes: vec![vault.keys.seal_record(&sealing)?],
        terms: terms.collect(),
        ..Change::default()
    };
    entry.private.subject = Some(Subject { kind: SubjectType::Person, tag, place: None, also: Vec::new() });
    entry.private.detail.insert("informed", word(if notice.is_some() { "notice" } else { "none" }));
    Ok(Act::new(&vault.keys, entry, change))
}
