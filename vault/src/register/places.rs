//! Taking in areas and premises.

use std::collections::{HashMap, HashSet};

use gridvault_audit::{Entry, Kind, Subject, SubjectType};
use gridvault_policy::{FieldId, RecordType, Scheme};
use uuid::Uuid;

use super::{RegisterError, Seen, new_tag};
use crate::Vault;
use crate::authority::{Area, Header};
use crate::import::rows::{AreaRow, PremisesRow, RowError};
use crate::records::{CELL, by_ids};
use crate::seal::{Candidate, RecordFacts, Sealing};
use crate::store::{Table, Term};
use crate::trail::{Act, Change};

/// The acts that take areas in; one already held changes where its row says otherwise: its name, its end, what it merges into.
pub fn add_areas(
    vault: &Vault,
    rows: Vec<AreaRow>,
    entry: &(dyn Fn(Kind) -> Entry + Sync),
) -> Result<(Vec<Act>, Vec<RowError>), RegisterError> {
    let areas = vault.areas();
    let mut errors = Vec::new();
    let mut acts = Vec::new();
    let named: HashSet<(Scheme, String)> = rows.iter().map(|row| (row.scheme, row.code.clone())).collect();
    let known =
        |scheme, code: &String| areas.find(scheme, code).is_some() || named.contains(&(scheme, code.clone()));
    let mut seen = HashSet::new();
    for row in rows {
        let mut refuse = |column: &str, code| {
            errors.push(RowError { row: row.row, column: column.into(), code });
        };
        if !seen.insert((row.scheme, row.code.clone())) {
            continue;
        }
        if row.parent.as_ref().is_some_and(|parent| *parent == row.code || !known(row.scheme, parent)) {
            refuse("parent", "area_unknown");
            continue;
        }
        match &row.into {
            Some(_) if row.to.is_none() => {
                refuse("to", "required");
                continue;
            }
            Some(into) if *into == row.code || !known(row.scheme, into) => {
                refuse("into", "area_unknown");
                continue;
            }
            _ => {}
        }
        let held = areas.held(row.scheme, &row.code);
        let id = Area::id(row.scheme, &row.code);
        let area = Area {
            scheme: row.scheme,
            code: row.code,
            parent: row.parent,
            level: row.level,
            name: row.name,
            into: row.into,
            from: row.from,
            to: row.to,
        };
        let (kind, rev) = match held {
            None => (Kind::AreaCreated, 1),
            Some((_, held)) if *held == area => continue,
            Some((rev, _)) => (Kind::AreaChanged, rev + 1),
        };
        let sealed = vault.keys.row(Table::Areas, &id, rev, None, &area)?;
        acts.push(Act::new(&vault.keys, entry(kind), Change::rows(vec![sealed])));
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
    let header = Header { cells: row.cells.clone(), ..Header::new(RecordType::Premises, tag) };
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
        terms: vault.keys.terms(id, &row.fields).into_iter().chain(cell_terms(id, &header)).collect(),
        ..Change::default()
    };
    entry.private.subject = Some(Subject { kind: SubjectType::Premises, tag, place: None, also: Vec::new() });
    Ok(Act::new(&vault.keys, entry, change))
}

/// The premises of these codes or ids, where there are such.
pub(super) async fn find_premises<'c>(
    vault: &Vault,
    codes: impl Iterator<Item = &'c str>,
) -> Result<HashMap<&'c str, Uuid>, RegisterError> {
    let Some(field) = code_field() else { return Ok(HashMap::new()) };
    let (ids, codes): (Vec<&str>, Vec<&str>) = codes.partition(|code| code.parse::<Uuid>().is_ok());
    let mut homes = by_id(vault, &ids).await?;
    let terms: HashMap<_, _> =
        codes.into_iter().filter_map(|code| Some((code, vault.keys.index_term(field, code)?))).collect();
    let wanted: Vec<_> = terms.values().cloned().collect();
    let found = vault.store.by_terms(field.number(), &wanted).await?;
    let ids: Vec<Vec<u8>> = found.values().cloned().collect();
    let held = by_ids(vault, RecordType::Premises, &ids).await?;
    let held: HashMap<Vec<u8>, Candidate> =
        held.into_iter().map(|premises| (premises.record.as_bytes().to_vec(), premises)).collect();
    for (code, term) in &terms {
        let Some(premises) = found.get(term).and_then(|id| held.get(id)) else { continue };
        // The index is nobody's word: whoever can write it could move homes, and with them people.
        if vault.keys.is_called(&premises.envelopes, premises.rev, code) {
            homes.insert(*code, premises.record);
        } else {
            vault.keys.broken_row(format!("terms/{}", premises.record));
        }
    }
    Ok(homes)
}

async fn by_id<'c>(vault: &Vault, ids: &[&'c str]) -> Result<HashMap<&'c str, Uuid>, RegisterError> {
    let wanted: Vec<(&str, Uuid)> = ids.iter().filter_map(|id| Some((*id, id.parse().ok()?))).collect();
    let keys: Vec<&[u8]> = wanted.iter().map(|(_, id)| &id.as_bytes()[..]).collect();
    let rows = if keys.is_empty() { Vec::new() } else { vault.store.rows(Table::Records, &keys).await? };
    let premises = rows.iter().filter(|row| {
        vault.keys.check::<Header>(row).is_some_and(|header| header.kind == RecordType::Premises)
    });
    let there: HashSet<&[u8]> = premises.map(|row| row.id.as_slice()).collect();
    Ok(wanted.into_iter().filter(|(_, id)| there.contains(&id.as_bytes()[..])).collect())
}

fn code_field() -> Option<FieldId> {
    FieldId::parse("premises.code").ok()
}

/// The cells that a premises lies in or will lie in, as the index keeps them: so that a cell's premises are found. What the
/// index says counts only where the premises' header says the same.
pub(super) fn cell_terms(record: Uuid, header: &Header) -> Vec<Term> {
    let now = header.cells.iter().map(|(scheme, cell)| (*scheme, cell.as_str()));
    let later = header.moves.iter().map(|to| (to.scheme, to.cell.as_str()));
    let mut terms: Vec<Term> = now
        .chain(later)
        .map(|(scheme, cell)| Term {
            field: CELL,
            term: Area::id(scheme, cell),
            record: record.as_bytes().to_vec(),
        })
        .collect();
    terms.sort_unstable_by(|a, b| a.term.cmp(&b.term));
    terms.dedup_by(|a, b| a.term == b.term);
    terms
}
