//! The first members of an office, who take in all others.

use gridvault_audit::Kind;
use gridvault_policy::{Department, Role, Scheme};
use uuid::Uuid;

use super::{RegisterError, entry_by, system_who, word};
use crate::Vault;
use crate::authority::{Assignment, Holder, StaffMember};
use crate::clock::days;
use crate::identity::{Issued, actor};
use crate::seal::Secret;
use crate::store::Table;
use crate::trail::{Act, Change};

/// Somebody appointed to a post of the whole office.
pub struct Appointed {
    /// The person.
    pub person: Uuid,
    /// The post.
    pub assignment: Uuid,
    /// Signs in once.
    pub code: Secret,
}

/// Appoints a new member of staff to a post without areas (data steward, privacy officer, …).
pub async fn appoint(vault: &Vault, role: Role, number: &str) -> Result<Appointed, RegisterError> {
    let (person, assignment) = (Uuid::now_v7(), Uuid::now_v7());
    let keys = &vault.keys;
    let member = StaffMember { sealed: keys.seal_staff(person.as_bytes(), &Secret::new(number))? };
    let post = Assignment {
        person,
        role,
        department: Department::None,
        scheme: Scheme::SocialGrid,
        areas: Vec::new(),
        from: vault.now(),
        to: None,
        instrument: None,
        ended: false,
        deputy: false,
    };
    let code = Issued::code(keys, Holder::Person(person), vault.now().saturating_add(days(30)), true)?;
    let created = entry_by(Kind::PersonCreated, system_who(), actor(Uuid::nil()), "");
    let mut granted = entry_by(Kind::AssignmentGranted, system_who(), actor(Uuid::nil()), "");
    granted.private.detail.insert("person", word(person.to_string()));
    granted.private.detail.insert("role", word(role.as_str()));
    let term = keys.staff_term(number)?;
    let rows = vec![keys.row(Table::People, person.as_bytes(), 1, Some(&term), &member)?, code.row];
    let held =
        vec![keys.row(Table::Assignments, assignment.as_bytes(), 1, Some(person.as_bytes()), &post)?];
    let acts = vec![Act::new(keys, created, Change::rows(rows)), Act::new(keys, granted, Change::rows(held))];
    vault.log.record_all(acts).await?;
    Ok(Appointed { person, assignment, code: code.secret })
}
