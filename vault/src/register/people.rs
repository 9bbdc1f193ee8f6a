//! Taking in staff with their posts and the letters that name them.

use std::collections::HashMap;

use gridvault_audit::{Entry, Kind};
use gridvault_policy::{FieldId, Role, letters};
use uuid::Uuid;

use super::{RegisterError, word};
use crate::Vault;
use crate::authority::{Assignment, Confirmation, DelegatedBy, Holder, Letter, StaffMember};
use crate::clock::days;
use crate::identity::Issued;
use crate::import::rows::{PostRow, RowError};
use crate::seal::Secret;
use crate::store::{Row, Table};
use crate::trail::{Act, Change};

/// Nobody holds two of these (三权分立, GB/T 22239-2019 8.1.5): each watches the others.
const APART: [Role; 4] = [Role::SystemOperator, Role::SecurityAdmin, Role::Auditor, Role::PrivacyOfficer];
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

impl NewPerson {
    /// The number, and the code in two halves.
    pub(super) fn halves(&self) -> (String, String, Secret) {
        let code = self.code.reveal();
        let (first, second) = code.split_at_checked(code.len() / 2).unwrap_or((code, ""));
        let trim = |half: &str| half.trim_matches('-').to_owned();
        (self.number.clone(), trim(first), Secret::new(trim(second)))
    }
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

/// The acts that take staff in: a person once, each row one post. Whoever is held already (by number) gets the posts that are
/// new; a post held alike that now ends on another day ends then. Letters count as signed by the two who made the import.
pub async fn add_people(
    vault: &Vault,
    rows: Vec<PostRow>,
    signed: &[Confirmation],
    entry: &(dyn Fn(Kind) -> Entry + Sync),
) -> Result<AddedPeople, RegisterError> {
    let areas = vault.areas();
    let mut added = AddedPeople { acts: Vec::new(), people: Vec::new(), errors: Vec::new() };
    let mut known: HashMap<String, Known> = HashMap::new();
    for row in rows {
        if let Some(code) = row.areas.iter().find(|code| areas.find(row.scheme, code).is_none()) {
            tracing::debug!(row = row.row, length = code.len(), "a post names an area that is not there");
            added.errors.push(RowError { row: row.row, column: "areas".into(), code: "area_unknown" });
            continue;
        }
        if !known.contains_key(&row.number) {
            known.insert(row.number.clone(), person(vault, &row, entry, &mut added).await?);
        }
        let Some(person) = known.get_mut(&row.number) else { continue };
        // Whoever confirms reads the name: it is the one who gets the post.
        if person.name.as_ref().is_some_and(|name| name.reveal() != row.name.reveal()) {
            added.errors.push(RowError { row: row.row, column: "name".into(), code: "name_differs" });
            continue;
        }
        if let Some((other, ..)) = person.roles.iter().find(|held| apart(held, (row.role, row.from, row.to)))
        {
            tracing::debug!(row = row.row, %other, "one person would hold two posts that watch each other");
            added.errors.push(RowError { row: row.row, column: "role".into(), code: "held_apart" });
            continue;
        }
        person.roles.push((row.role, row.from, row.to));
        match person.held.iter().position(|(_, post)| alike(post, &row)) {
            Some(at) => {
                let (held, post) = person.held.swap_remove(at);
                added.acts.extend(moved(vault, &held, post, row.to, entry)?);
            }
            None => {
                let letter = letter(&row, person.id, signed);
                if let Some(letter) = &letter
                    && person.letters.iter().any(|held| held.overlaps(letter))
                {
                    added.errors.push(RowError {
                        row: row.row,
                        column: "letter".into(),
                        code: "letter_overlaps",
                    });
                    continue;
                }
                person.letters.extend(letter.clone());
                let (post, acts) = post(vault, row, letter, person.id, entry)?;
                added.acts.extend(acts);
                if let Some(new) = added.people.iter_mut().find(|new| new.id == person.id) {
                    new.posts.push(post);
                }
            }
        }
    }
    Ok(added)
}

/// A person of this file: with the posts held before it.
struct Known {
    id: Uuid,
    /// The name, of somebody held before this file.
    name: Option<Secret>,
    /// Roles held now or later, and those of this file, from when until when.
    roles: Vec<Term>,
    held: Vec<(Row, Assignment)>,
    /// Letters that name the person and are not revoked.
    letters: Vec<Letter>,
}

/// A role, from when until when.
type Term = (Role, i64, Option<i64>);

/// Whether one person may not hold both, for they fall together at some time.
fn apart((role, from, to): &Term, (other, other_from, other_to): Term) -> bool {
    let together = to.is_none_or(|to| other_from < to) && other_to.is_none_or(|to| *from < to);
    *role != other && APART.contains(role) && APART.contains(&other) && together
}

fn alike(post: &Assignment, row: &PostRow) -> bool {
    !post.ended
        && (post.role, post.department, post.scheme, post.from)
            == (row.role, row.department, row.scheme, row.from)
        && post.areas == row.areas
        && (&post.instrument, post.deputy) == (&row.instrument, row.deputy)
}

/// The post as it ends on another day; nothing where it ends on the same.
fn moved(
    vault: &Vault,
    row: &Row,
    mut post: Assignment,
    to: Option<i64>,
    entry: &(dyn Fn(Kind) -> Entry + Sync),
) -> Result<Option<Act>, RegisterError> {
    if post.to == to {
        return Ok(None);
    }
    let narrower = to.is_some_and(|to| post.to.is_none_or(|held| to < held));
    let mut entry = entry(if narrower { Kind::AssignmentEnded } else { Kind::AssignmentGranted });
    entry.private.detail.insert("person", word(post.person.to_string()));
    post.to = to;
    let row = vault.keys.row(Table::Assignments, &row.id, row.rev + 1, row.parent.as_deref(), &post)?;
    Ok(Some(Act::new(&vault.keys, entry, Change::rows(vec![row]))))
}

async fn person(
    vault: &Vault,
    row: &PostRow,
    entry: &(dyn Fn(Kind) -> Entry + Sync),
    added: &mut AddedPeople,
) -> Result<Known, RegisterError> {
    let reference = vault.keys.staff_term(&row.number)?;
    if let Some(held) = vault.store.children(Table::People, &reference).await?.first()
        && let Some(member) = vault.keys.check::<StaffMember>(held)
        && let Ok(id) = Uuid::from_slice(&held.id)
    {
        let text = vault.keys.open_staff(&held.id, &member.sealed)?;
        let name = Secret::new(text.reveal().split_once('\n').map_or(text.reveal(), |(_, name)| name));
        let posts = vault.store.children(Table::Assignments, &held.id).await?;
        let posts = posts.into_iter().filter_map(|row| vault.keys.check(&row).map(|post| (row, post)));
        let held: Vec<(Row, Assignment)> = posts.collect();
        let roles =
            held.iter().filter(|(_, post)| !post.ended).map(|(_, post)| (post.role, post.from, post.to));
        let roles = roles.collect();
        let letters = vault.store.children(Table::Letters, id.as_bytes()).await?;
        let letters = letters.iter().filter_map(|row| vault.keys.check::<Letter>(row));
        let letters = letters.filter(|letter| !letter.revoked).collect();
        return Ok(Known { id, name: Some(name), roles, held, letters });
    }
    let id = Uuid::now_v7();
    let text = Secret::new(format!("{}\n{}", row.number, row.name.reveal()));
    let member = StaffMember { sealed: vault.keys.seal_staff(id.as_bytes(), &text)? };
    let code = Issued::code(&vault.keys, Holder::Person(id), vault.now().saturating_add(CODE_FOR), true)?;
    let rows = vec![vault.keys.row(Table::People, id.as_bytes(), 1, Some(&reference), &member)?, code.row];
    added.acts.push(Act::new(&vault.keys, entry(Kind::PersonCreated), Change::rows(rows)));
    added.people.push(NewPerson { number: row.number.clone(), id, posts: Vec::new(), code: code.secret });
    Ok(Known { id, name: None, roles: Vec::new(), held: Vec::new(), letters: Vec::new() })
}

/// The letter that a row brings: all that its department delegates.
fn letter(row: &PostRow, person: Uuid, signed: &[Confirmation]) -> Option<Letter> {
    let (number, granted) = (row.letter.as_ref()?, letters().grants(row.department)?);
    Some(Letter {
        number: number.clone(),
        department: row.department,
        person,
        purposes: granted.purposes.clone(),
        fields: granted.fields.iter().map(|field: &FieldId| field.as_str().to_owned()).collect(),
        areas: row.areas.clone(),
        from: row.from,
        to: row.to.unwrap_or(i64::MAX).min(row.from.saturating_add(LETTER_FOR)),
        revoked: false,
        law: DelegatedBy { statute: granted.statute.clone(), article: granted.article.clone(), text: None },
        unit: String::new(),
        pending: false,
        signed: signed.to_vec(),
        renews: None,
    })
}

fn post(
    vault: &Vault,
    row: PostRow,
    letter: Option<Letter>,
    person: Uuid,
    entry: &(dyn Fn(Kind) -> Entry + Sync),
) -> Result<(Uuid, Vec<Act>), RegisterError> {
    let id = Uuid::now_v7();
    let mut acts = Vec::new();
    if let Some(letter) = letter {
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
        deputy: row.deputy,
    };
    let sealed =
        vault.keys.row(Table::Assignments, id.as_bytes(), 1, Some(person.as_bytes()), &assignment)?;
    let mut granted = entry(Kind::AssignmentGranted);
    granted.private.detail.insert("person", word(person.to_string()));
    granted.private.detail.insert("role", word(assignment.role.as_str()));
    granted.private.detail.insert("department", word(assignment.department.as_str()));
    if assignment.deputy {
        granted.private.detail.insert("deputy", gridvault_audit::Json::Int(1));
    }
    let areas = assignment.areas.iter().map(|code| word(code.as_str())).collect();
    granted.private.detail.insert("areas", gridvault_audit::Json::List(areas));
    acts.push(Act::new(&vault.keys, granted, Change::rows(vec![sealed])));
    Ok((id, acts))
}
