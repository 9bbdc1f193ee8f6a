//! Which records a search compares: those that an index names, or those of one area within the caller's reach.

use gridvault_policy::{Facts, FieldId, Purpose, RecordType, Scheme};
use uuid::Uuid;

use super::LookupError;
use super::search::{By, Query};
use crate::Vault;
use crate::authority::Header;
use crate::identity::Caller;
use crate::records::values::normalise;
use crate::records::{People, by_ids, living_at, living_in};
use crate::seal::{SealError, Secret};
use crate::store::Table;

/// Records that one value may point at: a family's phone.
const HOLDERS: i64 = 32;
/// A name is searched for by so many characters or more; within one home by one.
const CHARACTERS: usize = 2;

/// The records to compare: those that the index names, or those of one area in reach.
pub(super) async fn candidates(vault: &Vault, caller: &Caller, query: &Query) -> Result<People, LookupError> {
    let kind = if query.by == By::Premises { RecordType::Premises } else { RecordType::Person };
    if query.by != By::Name {
        let field = query.by.field().ok_or(SealError::Crypto)?;
        let term = vault.keys.value_term(field, &query.value).ok_or(SealError::Crypto)?;
        let mut ids = vault.store.holders(field.number(), &term, HOLDERS).await?;
        if ids.is_empty() {
            ids.push(Uuid::new_v4().as_bytes().to_vec());
        }
        return Ok(by_ids(vault, kind, &ids).await?);
    }
    let Some(post) = caller.post() else { return Ok(Vec::new()) };
    let scheme = post.assignment.scheme;
    let area = match (&query.area, post.assignment.areas.as_slice()) {
        (Some(area), _) => area.clone(),
        (None, [own]) => own.clone(),
        (None, _) => return Ok(Vec::new()),
    };
    let long = query.value.reveal().chars().filter(|c| !c.is_whitespace()).count() >= CHARACTERS;
    if vault.areas().find(scheme, &area).is_some() {
        let reaches = long && reaches(vault, caller, scheme, &area, query.purpose);
        return Ok(if reaches { living_in(vault, scheme, &area, caller.now()).await? } else { Vec::new() });
    }
    // Not a cell: a home, where it is within reach.
    let code = FieldId::parse("premises.code").map_err(|_| SealError::Crypto)?;
    let term = vault.keys.value_term(code, &Secret::new(area)).ok_or(SealError::Crypto)?;
    let homes = vault.store.holders(code.number(), &term, 1).await?;
    let homes: Vec<Uuid> = homes.iter().filter_map(|id| Uuid::from_slice(id).ok()).collect();
    let near = within(vault, caller, query, &homes).await?;
    Ok(living_at(vault, &near).await?)
}

/// Those of the premises that the caller's post reaches for the purpose: how many live at another is not found out by how
/// long an answer takes.
pub(super) async fn within(
    vault: &Vault,
    caller: &Caller,
    query: &Query,
    premises: &[Uuid],
) -> Result<Vec<Uuid>, LookupError> {
    let Some(post) = caller.post() else { return Ok(Vec::new()) };
    let scheme = post.assignment.scheme;
    let keys: Vec<&[u8]> = premises.iter().map(|id| &id.as_bytes()[..]).collect();
    let rows = vault.store.rows(Table::Records, &keys).await?;
    let near = rows.iter().filter(|row| {
        let header: Option<Header> = vault.keys.check(row);
        let cell = header.and_then(|header| header.cell(scheme, caller.now()).map(str::to_owned));
        cell.is_some_and(|cell| reaches(vault, caller, scheme, &cell, query.purpose))
    });
    Ok(near.filter_map(|row| Uuid::from_slice(&row.id).ok()).collect())
}

fn reaches(vault: &Vault, caller: &Caller, scheme: Scheme, area: &str, purpose: Purpose) -> bool {
    let Some(post) = caller.post() else { return false };
    let post = &post.assignment;
    let relation = vault.areas().relation(scheme, &post.areas, Some(area), caller.now());
    let facts = Facts {
        department: post.department,
        relation,
        ..Facts::unproven(post.role, RecordType::Person, purpose)
    };
    vault.book.load().reaches(&facts)
}

/// The spelling of a search's value; a code where it cannot be one.
pub fn spelled(
    by: By,
    text: &str,
    synthetic: bool,
    today: jiff::civil::Date,
) -> Result<Secret, &'static str> {
    let text = text.trim();
    match by {
        By::Name if text.chars().filter(|c| !c.is_whitespace()).count() > 50 => Err("too_long"),
        By::Name if text.is_empty() => Err("required"),
        By::Premises if !crate::words::is_identifier(text) => Err("identifier"),
        By::Name | By::Premises => Ok(Secret::new(text)),
        By::IdNumber | By::Phone => {
            let field = by.field().ok_or("field_unknown")?;
            normalise(field, text, synthetic, today).map(|n| n.value).map_err(|e| e.code)
        }
    }
}
