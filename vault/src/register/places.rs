//! Taking in areas and premises.

use std::collections::{BTreeMap, HashMap, HashSet};

use gridvault_audit::{Entry, Kind, Subject, SubjectType};
use gridvault_policy::{FieldId, RecordType};
use uuid::Uuid;

use super::{RegisterError, Seen, new_tag};
use crate::Vault;
use crate::authority::{Area, Header};
use crate::import::rows::{AreaRow, PremisesRow, RowError};
use crate::seal::{RecordFacts, Sealing};
use crate::store::{Table, Term};
use crate::trail::{Act, Change};

/// Takes areas in as one batch; those already held alike are left. `entry` makes the entry of a kind.
/// Gives how many are new; a row that cannot be taken is named.
pub fn add_areas(
    vault: &Vault,
    rows: Vec<AreaRow>,
    entry: &(dyn Fn(Kind) -> Entry + Sync),
) -> Result<(Vec<Act>, Vec<RowError>), RegisterError> {
    let areas = vault.areas();
    let mut errors = Vec::new();
    let mut acts = Vec::new();
    let mut seen = HashSet::new();
    for row in rows {
        if areas.find(row.scheme, &row.code).is_some() || !seen.insert((row.scheme, row.code.clone())) {
            continue;
        }
        let parent_known = row.parent.as_ref().is_none_or(|parent| {
            areas.find(row.scheme, parent).is_some() || seen.contains(&(row.scheme, parent.clone()))
        });
        if !parent_known {
            errors.push(RowError { row: row.row, column: "parent".into(), code: "area_unknown" });
            continue;
        }
        let id = Area::id(row.scheme, &row.code);
        let area = Area {
            scheme: row.scheme,
            code: row.code,
            parent: row.parent,
            level: row.level,
            name: row.name,
            from: row.from,
            to: row.to,
        };
        let sealed = vault.keys.row(Table::Areas, &id, 1, None, &area)?;
        acts.push(Act::new(&vault.keys, entry(Kind::AreaCreated), Change::rows(vec![sealed])));
    }
    Ok((acts, errors))
}

/// The acts that take premises in, each with its entry; those already held (by code) are left.
pub async fn add_premises(
    vault: &Vault,
    rows: Vec<PremisesRow>,
    seen: &mut Seen,
    entry: &(dyn Fn(Kind) -> Entry + Sync),
) -> Result<(Vec<Act>, Vec<RowError>), RegisterError> {
    let areas = vault.areas();
    let now = vault.now();
    let (mut acts, mut errors) = (Vec::new(), Vec::new());
    let codes: Vec<String> = rows.iter().map(|row| row.code.clone()).collect();
    let held = find_premises(vault, codes.iter().map(String::as_str)).await?;
    for row in rows {
        if seen.contains(row.code.as_bytes()) || held.contains_key(row.code.as_str()) {
            continue;
        }
        let strange = row.cells.iter().find(|(scheme, code)| areas.live(**scheme, code, now).is_none());
        if let Some((scheme, _)) = strange {
            errors.push(RowError { row: row.row, column: scheme.as_str().into(), code: "area_unknown" });
            continue;
        }
        seen.insert(row.code.clone().into_bytes());
        acts.push(premises(vault, row, entry(Kind::PremisesCreated))?);
    }
    Ok((acts, errors))
}

fn premises(vault: &Vault, row: PremisesRow, mut entry: Entry) -> Result<Act, RegisterError> {
    let id = Uuid::new_v4();
    let tag = new_tag(&vault.keys)?;
    let header = Header {
        kind: RecordType::Premises,
        tag: data_encoding::HEXLOWER.encode(&tag),
        place: None,
        envelopes: 1,
        cells: row.cells.into_iter().collect::<BTreeMap<_, _>>(),
        notice: None,
        consents: 0,
        task: None,
    };
    let sealing = Sealing {
        record: id,
        kind: RecordType::Premises,
        rev: 1,
        fields: &row.fields,
        facts: RecordFacts::default(),
    };
    let change = Change {
        rows: vec![vault.keys.row(Table::Records, id.as_bytes(), 1, None, &header)?],
        envelopes: vec![vault.keys.seal_record(&sealing)?],
        terms: code_field().and_then(|field| term(vault, field, &row.code, id)).into_iter().collect(),
        ..Change::default()
    };
    entry.private.subject = Some(Subject { kind: SubjectType::Premises, tag, place: None, also: Vec::new() });
    Ok(Act::new(&vault.keys, entry, change))
}

/// The premises of these codes, where there are such.
pub(super) async fn find_premises<'c>(
    vault: &Vault,
    codes: impl Iterator<Item = &'c str>,
) -> Result<HashMap<&'c str, Uuid>, RegisterError> {
    let Some(field) = code_field() else { return Ok(HashMap::new()) };
    let terms: HashMap<_, _> =
        codes.filter_map(|code| Some((code, vault.keys.index_term(field, code)?))).collect();
    let wanted: Vec<_> = terms.values().cloned().collect();
    let found = vault.store.by_terms(field.number(), &wanted).await?;
    let id = |term: &Vec<u8>| Uuid::from_slice(found.get(term)?).ok();
    Ok(terms.iter().filter_map(|(code, term)| Some((*code, id(term)?))).collect())
}

fn code_field() -> Option<FieldId> {
    FieldId::parse("premises.code").ok()
}

pub(super) fn term(vault: &Vault, field: FieldId, normalised: &str, record: Uuid) -> Option<Term> {
    let term = vault.keys.index_term(field, normalised)?;
    Some(Term { field: field.number(), term, record: record.as_bytes().to_vec() })
}
