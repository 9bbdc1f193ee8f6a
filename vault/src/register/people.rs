//! Taking in staff with their posts and the letters that name them.

use std::collections::HashMap;

use gridvault_audit::{Entry, Kind};
use gridvault_policy::{FieldId, letters};
use uuid::Uuid;

use super::{RegisterError, word};
use crate::Vault;
use crate::authority::{Assignment, Holder, Letter, StaffMember};
use crate::clock::days;
use crate::identity::Issued;
use crate::import::rows::{PostRow, RowError};
use crate::seal::Secret;
use crate::store::Table;
use crate::trail::{Act, Change};

/// A letter runs a year at most.
const LETTER_FOR: i64 = days(365);
/// A new member of staff signs in within this time.
const CODE_FOR: i64 = days(30);

/// A person taken in now, with the one-time code to hand over.
pub struct NewPerson {
    /// The staff number that the import gave.
    pub number: String,
    /// The person's id.
    pub id: Uuid,
    /// The posts, in the order given.
    pub posts: Vec<Uuid>,
    /// Signs in once.
    pub code: Secret,
}

/// What taking staff in comes to.
pub struct AddedPeople {
    /// The acts to record.
    pub acts: Vec<Act>,
    /// New people, each with a code.
    pub people: Vec<NewPerson>,
    /// Rows that cannot be taken.
    pub errors: Vec<RowError>,
}

/// The acts that take staff in: a person once, each row one post; people already held (by number) are left.
pub async fn add_people(
    vault: &Vault,
    rows: Vec<PostRow>,
    entry: &(dyn Fn(Kind) -> Entry + Sync),
) -> Result<AddedPeople, RegisterError> {
    let areas = vault.areas();
    let mut added = AddedPeople { acts: Vec::new(), people: Vec::new(), errors: Vec::new() };
    let mut known: HashMap<String, Option<usize>> = HashMap::new();
    for row in rows {
        if let Some(code) = row.areas.iter().find(|code| areas.find(row.scheme, code).is_none()) {
            tracing::debug!(row = row.row, length = code.len(), "a post names an area that is not there");
            added.errors.push(RowError { row: row.row, column: "areas".into(), code: "area_unknown" });
            continue;
        }
        let place = match known.get(&row.number) {
            Some(place) => *place,
            None => {
                let place = person(vault, &row, entry, &mut added).await?;
                known.insert(row.number.clone(), place);
                place
            }
        };
        // A person held before this import keeps the posts as they are.
        let Some(person) = place.and_then(|i| added.people.get(i)).map(|p| p.id) else { continue };
        let (post, acts) = post(vault, row, person, entry)?;
        added.acts.extend(acts);
        if let Some(person) = place.and_then(|i| added.people.get_mut(i)) {
            person.posts.push(post);
        }
    }
    Ok(added)
}

async fn person(
    vault: &Vault,
    row: &PostRow,
    entry: &(dyn Fn(Kind) -> Entry + Sync),
    added: &mut AddedPeople,
) -> Result<Option<usize>, RegisterError> {
    let reference = vault.keys.staff_term(&row.number)?;
    if !vault.store.children(Table::People, &reference).await?.is_empty() {
        return Ok(None);
    }
    let id = Uuid::now_v7();
    let text = Secret::new(format!("{}\n{}", row.number, row.name.reveal()));
    let member = StaffMember { sealed: vault.keys.seal_staff(id.as_bytes(), &text)? };
    let code = Issued::code(&vault.keys, Holder::Person(id), vault.now().saturating_add(CODE_FOR), true)?;
    let rows = vec![vault.keys.row(Table::People, id.as_bytes(), 1, Some(&reference), &member)?, code.row];
    added.acts.push(Act::new(&vault.keys, entry(Kind::PersonCreated), Change::rows(rows)));
    added.people.push(NewPerson { number: row.number.clone(), id, posts: Vec::new(), code: code.secret });
    Ok(Some(added.people.len() - 1))
}

fn post(
    vault: &Vault,
    row: PostRow,
    person: Uuid,
    entry: &(dyn Fn(Kind) -> Entry + Sync),
) -> Result<(Uuid, Vec<Act>), RegisterError> {
    let id = Uuid::now_v7();
    let mut acts = Vec::new();
    if let Some(number) = &row.letter
        && let Some(granted) = letters().grants(row.department)
    {
        let letter = Letter {
            number: number.clone(),
            department: row.department,
            person,
            purposes: granted.purposes.clone(),
            fields: granted.fields.iter().map(|field: &FieldId| field.as_str().to_owned()).collect(),
            areas: row.areas.clone(),
            from: row.from,
            to: row.to.unwrap_or(i64::MAX).min(row.from.saturating_add(LETTER_FOR)),
            revoked: false,
        };
        let letter_id = Uuid::now_v7();
        let sealed =
            vault.keys.row(Table::Letters, letter_id.as_bytes(), 1, Some(person.as_bytes()), &letter)?;
        let mut granted = entry(Kind::DelegationGranted);
        granted.private.detail.insert("person", word(person.to_string()));
        acts.push(Act::new(&vault.keys, granted, Change::rows(vec![sealed])));
    }
    let assignment = Assignment {
        person,
        role: row.role,
        department: row.department,
        scheme: row.scheme,
        areas: row.areas,
        from: row.from,
        to: row.to,
        instrument: row.instrument,
        ended: false,
    };
    let sealed =
        vault.keys.row(Table::Assignments, id.as_bytes(), 1, Some(person.as_bytes()), &assignment)?;
    let mut granted = entry(Kind::AssignmentGranted);
    granted.private.detail.insert("person", word(person.to_string()));
    acts.push(Act::new(&vault.keys, granted, Change::rows(vec![sealed])));
    Ok((id, acts))
}
