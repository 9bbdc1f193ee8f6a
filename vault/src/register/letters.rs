//! Letters of delegation (授权书): registered by one person, good when a second one has signed, revoked by either at once.
//! Nothing extends a letter: another one follows it.

use gridvault_audit::{Entry, Json, Kind};
use gridvault_policy::{Basis, Book, Department, FieldId, Grant, Purpose, Role, Scheme};
use serde::Deserialize;
use uuid::Uuid;

use super::tasks::invalid;
use super::{RegisterError, entry, entry_by, system_who, word};
use crate::Vault;
use crate::authority::{Confirmation, DelegatedBy, Letter, Level};
use crate::clock::{months_later, parse_end, parse_time};
use crate::identity::{Caller, Party, actor};
use crate::store::{Row, Table};
use crate::trail::{Act, Change};

/// A letter runs twelve months at most.
const MONTHS: i64 = 12;

/// A letter as it is registered.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLetter {
    /// Its number.
    #[schemars(length(min = 1, max = 64))]
    number: String,
    /// The department that delegates.
    #[schemars(with = "crate::words::DepartmentWord")]
    department: Department,
    /// The statute that it delegates from; none said: the department's.
    #[serde(default)]
    #[schemars(length(min = 1, max = 100))]
    statute: Option<String>,
    /// Its article.
    #[serde(default)]
    #[schemars(length(min = 1, max = 50))]
    article: Option<String>,
    /// SHA-256 of the article's text, hex.
    #[serde(default)]
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    text: Option<String>,
    /// The unit that it is given to.
    #[serde(default)]
    #[schemars(length(min = 1, max = 100))]
    unit: Option<String>,
    /// The member of staff whom it names.
    person: Uuid,
    /// What for.
    #[schemars(with = "Vec<crate::words::PurposeWord>", length(min = 1))]
    purposes: Vec<Purpose>,
    /// Which fields; none said: all that the department delegates for these purposes.
    #[serde(default)]
    #[schemars(with = "Option<Vec<crate::words::FieldWord>>", length(min = 1, max = 64))]
    fields: Option<Vec<String>>,
    /// The codes of its grids.
    #[schemars(with = "Vec<crate::words::Identifier>", length(min = 1, max = 100))]
    areas: Vec<String>,
    /// From when.
    #[schemars(with = "crate::words::When")]
    from: String,
    /// Until when, twelve months at most.
    #[schemars(with = "crate::words::When")]
    to: String,
    /// The letter that it follows on: only beside that one may it lie in time.
    #[serde(default)]
    renews: Option<Uuid>,
}

impl NewLetter {
    async fn checked(self, vault: &Vault, caller: &Caller) -> Result<Letter, RegisterError> {
        let grant = gridvault_policy::letters().grants(self.department);
        let grant = grant.ok_or_else(|| invalid("/department", "delegates_nothing"))?;
        let text = |member: &str, text: Option<String>, most: usize| match text {
            Some(text) if !is_line(&text, most) => Err(invalid(member, "too_long")),
            text => Ok(text),
        };
        let number = text("/number", Some(self.number), 64)?.unwrap_or_default();
        let statute = text("/statute", self.statute, 100)?;
        let article = text("/article", self.article, 50)?;
        if statute.is_some() != article.is_some() {
            return Err(invalid("/article", "required"));
        }
        let digest =
            |text: &String| text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if self.text.as_ref().is_some_and(|text| !digest(text)) {
            return Err(invalid("/text", "digest"));
        }
        let unit = text("/unit", self.unit, 100)?.unwrap_or_default();
        let fields = within(&vault.book.load(), grant, &self.purposes, self.fields)?;
        let (from, to) = (parse_time(&self.from), parse_end(&self.to));
        let from = from.ok_or_else(|| invalid("/from", "time"))?;
        let to = to.ok_or_else(|| invalid("/to", "time"))?;
        if to <= from || to <= caller.now() || to > months_later(from, MONTHS) {
            return Err(invalid("/to", "out_of_bounds"));
        }
        grids(vault, &self.areas, from.max(caller.now()))?;
        let known = vault.store.row(Table::People, self.person.as_bytes()).await?;
        known.ok_or(RegisterError::Unknown("/person"))?;
        Ok(Letter {
            number,
            department: self.department,
            person: self.person,
            purposes: self.purposes,
            fields,
            areas: self.areas,
            from,
            to,
            revoked: false,
            law: DelegatedBy {
                statute: statute.unwrap_or_else(|| grant.statute.clone()),
                article: article.unwrap_or_else(|| grant.article.clone()),
                text: self.text,
            },
            unit,
            pending: true,
            signed: vec![signature(caller)],
            renews: self.renews,
        })
    }
}

/// A line of text that people write.
fn is_line(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

fn signature(caller: &Caller) -> Confirmation {
    Confirmation::new(caller.holder().id(), caller.now())
}

/// The fields of a letter: of its purposes, and no more than the department delegates.
fn within(
    book: &Book,
    grant: &Grant,
    purposes: &[Purpose],
    named: Option<Vec<String>>,
) -> Result<Vec<String>, RegisterError> {
    if purposes.is_empty() {
        return Err(invalid("/purposes", "required"));
    }
    if let Some(i) = purposes.iter().position(|purpose| !grant.purposes.contains(purpose)) {
        return Err(invalid(&format!("/purposes/{i}"), "not_delegated"));
    }
    let usable: Vec<FieldId> = purposes
        .iter()
        .flat_map(|purpose| Basis::ALL.iter().flat_map(|basis| book.fields_of(*purpose, *basis)))
        .filter(|field| grant.fields.contains(field))
        .collect();
    let said = |field: &FieldId| field.as_str().to_owned();
    let Some(named) = named else {
        return Ok(grant.fields.iter().filter(|field| usable.contains(field)).map(said).collect());
    };
    if named.is_empty() || named.len() > 64 {
        return Err(invalid("/fields", "required"));
    }
    for (i, id) in named.iter().enumerate() {
        let field = FieldId::parse(id).map_err(|_| invalid(&format!("/fields/{i}"), "field_unknown"))?;
        if !usable.contains(&field) {
            return Err(invalid(&format!("/fields/{i}"), "field_not_for_purpose"));
        }
    }
    Ok(named)
}

/// A letter is for cells: what it covers does not grow with a community.
fn grids(vault: &Vault, codes: &[String], at: i64) -> Result<(), RegisterError> {
    if codes.is_empty() || codes.len() > 100 {
        return Err(invalid("/areas", "required"));
    }
    let areas = vault.areas();
    for (i, code) in codes.iter().enumerate() {
        let found = Scheme::ALL.iter().find_map(|scheme| areas.live(*scheme, code, at));
        match found {
            None => return Err(invalid(&format!("/areas/{i}"), "area_unknown")),
            Some(area) if area.level != Level::Grid => {
                return Err(invalid(&format!("/areas/{i}"), "not_a_grid"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Whoever signs is neither the one named, through whatever post, nor somebody who acts on a letter: what was delegated is
/// not delegated on (PIPL 21(3)).
async fn may_sign(vault: &Vault, caller: &Caller, role: Role, named: Uuid) -> Result<(), RegisterError> {
    let Party::Post(post) = caller.party() else { return Err(RegisterError::Forbidden) };
    let person = post.assignment.person;
    if post.assignment.role != role || person == named {
        return Err(RegisterError::Forbidden);
    }
    let held = of_person(vault, person).await?;
    if held.iter().any(|(_, letter)| letter.live(caller.now())) {
        return Err(RegisterError::Forbidden);
    }
    Ok(())
}

async fn of_person(vault: &Vault, person: Uuid) -> Result<Vec<(Uuid, Letter)>, RegisterError> {
    let rows = vault.store.children(Table::Letters, person.as_bytes()).await?;
    Ok(rows
        .iter()
        .filter_map(|row| Some((Uuid::from_slice(&row.id).ok()?, vault.keys.check(row)?)))
        .collect())
}

/// Beside which letters it lies in time: only the one that it says it renews.
async fn lies_alone(vault: &Vault, id: Uuid, letter: &Letter, now: i64) -> Result<(), RegisterError> {
    let others = of_person(vault, letter.person).await?;
    if let Some(renewed) = letter.renews
        && !others.iter().any(|(other, of)| *other == renewed && of.department == letter.department)
    {
        return Err(RegisterError::Unknown("/renews"));
    }
    let beside = others.iter().any(|(other, of)| {
        *other != id && letter.renews != Some(*other) && !of.revoked && now < of.to && of.overlaps(letter)
    });
    if beside { Err(RegisterError::Conflict) } else { Ok(()) }
}

/// Registers a letter; gives its id. A data steward's; it gives nothing before a privacy officer has signed it.
pub async fn register_letter(
    vault: &Vault,
    caller: &Caller,
    new: NewLetter,
    request: &str,
) -> Result<Uuid, RegisterError> {
    may_sign(vault, caller, Role::DataSteward, new.person).await?;
    let letter = new.checked(vault, caller).await?;
    let id = Uuid::now_v7();
    lies_alone(vault, id, &letter, caller.now()).await?;
    let numbered = vault.store.all(Table::Letters).await?;
    let same = |of: &Letter| of.department == letter.department && of.number == letter.number;
    if numbered.iter().filter_map(|row| vault.keys.check::<Letter>(row)).any(|of| same(&of)) {
        return Err(RegisterError::Conflict);
    }
    let mut registered = entry(Kind::DelegationGranted, caller, request);
    describe(&mut registered, id, &letter);
    let row = vault.keys.row(Table::Letters, id.as_bytes(), 1, Some(letter.person.as_bytes()), &letter)?;
    vault.log.record(Act::new(&vault.keys, registered, Change::rows(vec![row]))).await?;
    Ok(id)
}

/// The second signature: a privacy officer's, who is neither the one that registered it nor the one named.
pub async fn sign_letter(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    request: &str,
) -> Result<(), RegisterError> {
    let (row, mut letter) = find(vault, id).await?;
    may_sign(vault, caller, Role::PrivacyOfficer, letter.person).await?;
    if !letter.pending || letter.revoked || letter.to <= caller.now() {
        return Err(RegisterError::Conflict);
    }
    if letter.signed.iter().any(|signed| signed.by == caller.holder().id()) {
        return Err(RegisterError::Forbidden);
    }
    lies_alone(vault, id, &letter, caller.now()).await?;
    letter.pending = false;
    letter.signed.push(signature(caller));
    let mut signed = entry(Kind::DelegationGranted, caller, request);
    describe(&mut signed, id, &letter);
    let row = vault.keys.row(Table::Letters, &row.id, row.rev + 1, row.parent.as_deref(), &letter)?;
    vault.log.record(Act::new(&vault.keys, signed, Change::rows(vec![row]))).await?;
    Ok(())
}

/// Revokes a letter at once, signed or not: one person is enough to take a right away.
pub async fn revoke_letter(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    request: &str,
) -> Result<(), RegisterError> {
    keeper(caller)?;
    let (row, mut letter) = find(vault, id).await?;
    if letter.person == caller.holder().id() {
        return Err(RegisterError::Forbidden);
    }
    if letter.revoked || letter.to <= caller.now() {
        return Err(RegisterError::Conflict);
    }
    letter.revoked = true;
    let mut revoked = entry(Kind::DelegationRevoked, caller, request);
    describe(&mut revoked, id, &letter);
    let row = vault.keys.row(Table::Letters, &row.id, row.rev + 1, row.parent.as_deref(), &letter)?;
    vault.log.record(Act::new(&vault.keys, revoked, Change::rows(vec![row]))).await?;
    Ok(())
}

/// Grants a letter of delegation, by the machine itself; gives its id.
pub async fn grant_letter(vault: &Vault, letter: Letter) -> Result<Uuid, RegisterError> {
    let id = Uuid::now_v7();
    let row = vault.keys.row(Table::Letters, id.as_bytes(), 1, Some(letter.person.as_bytes()), &letter)?;
    let mut granted = entry_by(Kind::DelegationGranted, system_who(), actor(Uuid::nil()), "");
    describe(&mut granted, id, &letter);
    vault.log.record(Act::new(&vault.keys, granted, Change::rows(vec![row]))).await?;
    Ok(id)
}

/// What is delegated, in words; its number and whatever else people write stand in the row alone.
fn describe(entry: &mut Entry, id: Uuid, letter: &Letter) {
    let detail = &mut entry.private.detail;
    let list = |words: Vec<String>| Json::List(words.into_iter().map(word).collect());
    detail.insert("letter", word(id.to_string()));
    detail.insert("person", word(letter.person.to_string()));
    detail.insert("department", word(letter.department.as_str()));
    detail.insert("purposes", list(letter.purposes.iter().map(|p| p.as_str().to_owned()).collect()));
    detail.insert("areas", list(letter.areas.clone()));
    detail.insert("from", Json::Int(letter.from));
    detail.insert("to", Json::Int(letter.to));
    detail.insert("signatures", Json::Int(i64::try_from(letter.signed.len()).unwrap_or(i64::MAX)));
    if let Some(renews) = letter.renews {
        detail.insert("renews", word(renews.to_string()));
    }
}

async fn find(vault: &Vault, id: Uuid) -> Result<(Row, Letter), RegisterError> {
    let row = vault.store.row(Table::Letters, id.as_bytes()).await?.ok_or(RegisterError::Unknown("/id"))?;
    let letter = vault.keys.check(&row).ok_or(RegisterError::Unknown("/id"))?;
    Ok((row, letter))
}

pub(super) fn keeper(caller: &Caller) -> Result<(), RegisterError> {
    match caller.party() {
        Party::Post(_) if matches!(caller.role(), Role::PrivacyOfficer | Role::DataSteward) => Ok(()),
        _ => Err(RegisterError::Forbidden),
    }
}
