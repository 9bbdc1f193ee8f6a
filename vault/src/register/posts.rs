//! Staff and posts as they stand; ending a post.

use std::collections::HashMap;

use gridvault_audit::Kind;
use gridvault_policy::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use super::services::reads;
use super::{RegisterError, entry, word};
use crate::Vault;
use crate::authority::{Assignment, Letter, StaffMember};
use crate::clock::rfc3339;
use crate::identity::Caller;
use crate::store::{Row, Table};
use crate::trail::{Act, Change, Expect};

/// Staff in the order of their ids, behind `after`: number, name and posts. That they were read is on record.
pub async fn people(
    vault: &Vault,
    caller: &Caller,
    after: Option<Uuid>,
    limit: usize,
    request: &str,
) -> Result<(Vec<Value>, Option<Uuid>), RegisterError> {
    reads(caller)?;
    let mut read = entry(Kind::TrailRead, caller, request);
    read.private.detail.insert("view", word("people"));
    vault.log.record(Act::new(&vault.keys, read, Change::none())).await?;
    let mut posts: HashMap<Uuid, Vec<Value>> = HashMap::new();
    for row in vault.store.all(Table::Assignments).await? {
        if let Some(post) = vault.keys.check::<Assignment>(&row) {
            posts.entry(post.person).or_default().extend(post_json(&row, &post, caller.now()));
        }
    }
    let rows = vault.store.all(Table::People).await?;
    let mut list = Vec::new();
    let mut next = None;
    for row in &rows {
        let Ok(id) = Uuid::from_slice(&row.id) else { continue };
        if after.is_some_and(|after| id <= after) {
            continue;
        }
        if list.len() == limit {
            next = list.last().and_then(|last: &Value| last.get("id")?.as_str()?.parse().ok());
            break;
        }
        let Some(member) = vault.keys.check::<StaffMember>(row) else { continue };
        let text = vault.keys.open_staff(&row.id, &member.sealed)?;
        let (number, name) = text.reveal().split_once('\n').unwrap_or((text.reveal(), ""));
        let posts = posts.remove(&id).unwrap_or_default();
        list.push(json!({ "id": id, "number": number, "name": name, "assignments": posts }));
    }
    Ok((list, next))
}

/// The posts of a member of staff.
pub async fn posts_of(vault: &Vault, caller: &Caller, person: Uuid) -> Result<Vec<Value>, RegisterError> {
    reads(caller)?;
    vault.store.row(Table::People, person.as_bytes()).await?.ok_or(RegisterError::Unknown("/id"))?;
    let rows = vault.store.children(Table::Assignments, person.as_bytes()).await?;
    let say = |row: &Row| post_json(row, &vault.keys.check(row)?, caller.now());
    Ok(rows.iter().filter_map(say).collect())
}

fn post_json(row: &Row, post: &Assignment, now: i64) -> Option<Value> {
    let mut out = json!({ "id": Uuid::from_slice(&row.id).ok()?, "role": post.role, "department": post.department,
        "scheme": post.scheme, "areas": post.areas, "from": rfc3339(post.from), "live": post.live(now) });
    if let (true, Some(out)) = (post.deputy, out.as_object_mut()) {
        out.insert("deputy".into(), true.into());
    }
    let more = [("to", post.to.map(rfc3339)), ("instrument", post.instrument.clone())];
    for (name, value) in more {
        if let (Some(value), Some(out)) = (value, out.as_object_mut()) {
            out.insert(name.into(), value.into());
        }
    }
    Some(out)
}

/// The staff number and name of a member of staff, as a line of an import has them, for a further post.
pub async fn member(vault: &Vault, person: Uuid) -> Result<(String, String), RegisterError> {
    let row =
        vault.store.row(Table::People, person.as_bytes()).await?.ok_or(RegisterError::Unknown("/id"))?;
    let member: StaffMember = vault.keys.check(&row).ok_or(RegisterError::Unknown("/id"))?;
    let text = vault.keys.open_staff(&row.id, &member.sealed)?;
    let (number, name) = text.reveal().split_once('\n').unwrap_or((text.reveal(), text.reveal()));
    Ok((number.to_owned(), name.to_owned()))
}

/// Ends a post at once: one person is enough to take a right away. Nobody ends the own one.
pub async fn end_post(vault: &Vault, caller: &Caller, id: Uuid, request: &str) -> Result<(), RegisterError> {
    if !matches!(caller.role(), Role::PrivacyOfficer | Role::DataSteward) {
        return Err(RegisterError::Forbidden);
    }
    let row =
        vault.store.row(Table::Assignments, id.as_bytes()).await?.ok_or(RegisterError::Unknown("/id"))?;
    let mut post: Assignment = vault.keys.check(&row).ok_or(RegisterError::Unknown("/id"))?;
    if post.person == caller.holder().id() {
        return Err(RegisterError::Forbidden);
    }
    // One that has not begun yet is taken away as well.
    if post.ended || post.to.is_some_and(|to| to <= caller.now()) {
        return Err(RegisterError::Conflict);
    }
    last_of_its_kind(vault, caller, id, post.role).await?;
    (post.ended, post.to) = (true, Some(caller.now().max(post.from)));
    let mut ended = entry(Kind::AssignmentEnded, caller, request);
    ended.private.detail.insert("person", word(post.person.to_string()));
    ended.private.detail.insert("assignment", word(id.to_string()));
    let row = vault.keys.row(Table::Assignments, &row.id, row.rev + 1, row.parent.as_deref(), &post)?;
    // Of two that end the last two at once, the second is told to look again.
    let expect = Some(Expect { facts_rev: caller.facts_rev(), records: Vec::new() });
    let mut acts = vec![Act::new(&vault.keys, ended, Change { expect, ..Change::rows(vec![row]) })];
    acts.extend(letters_end(vault, caller, &post, request).await?);
    vault.log.record_all(acts).await?;
    Ok(())
}

/// What letters gave for a post ends with it: another post does not bring it back.
async fn letters_end(
    vault: &Vault,
    caller: &Caller,
    post: &Assignment,
    request: &str,
) -> Result<Vec<Act>, RegisterError> {
    let mut acts = Vec::new();
    for row in vault.store.children(Table::Letters, post.person.as_bytes()).await? {
        let letter: Option<Letter> = vault.keys.check(&row);
        let Some(mut letter) = letter.filter(|letter| !letter.revoked) else { continue };
        if letter.department != post.department || letter.to <= caller.now() {
            continue;
        }
        letter.revoked = true;
        let mut revoked = entry(Kind::DelegationRevoked, caller, request);
        revoked.private.detail.insert("person", word(post.person.to_string()));
        let row = vault.keys.row(Table::Letters, &row.id, row.rev + 1, row.parent.as_deref(), &letter)?;
        acts.push(Act::new(&vault.keys, revoked, Change::rows(vec![row])));
    }
    Ok(acts)
}

/// Without a privacy officer or a data steward nobody could confirm anything any more: the last one's post is not ended.
async fn last_of_its_kind(vault: &Vault, caller: &Caller, id: Uuid, role: Role) -> Result<(), RegisterError> {
    if !matches!(role, Role::PrivacyOfficer | Role::DataSteward) {
        return Ok(());
    }
    let rows = vault.store.all(Table::Assignments).await?;
    let others = rows.iter().filter(|row| row.id != id.as_bytes());
    let another = others
        .filter_map(|row| vault.keys.check::<Assignment>(row))
        .any(|post| post.role == role && !post.deputy && post.live(caller.now()));
    if another { Ok(()) } else { Err(RegisterError::Conflict) }
}
