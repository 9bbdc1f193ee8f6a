//! The outbox: letters and messages that tell residents what they are owed, or that their data are held. Name, address and
//! phone come by a lookup's way, one entry each, before any of it leaves.

use std::collections::HashMap;

use gridvault_audit::{Kind, Subject};
use gridvault_policy::{Action, Basis, FieldId, Purpose, Reason, RecordState, RecordType, Role, Scheme};
use serde_json::{Value, json};
use uuid::Uuid;

use super::consents::consent_code;
use super::correct::subject;
use super::coverage::coverage_of;
use super::factors::{denied, send_code};
use super::notices::notices;
use super::told::{due_json, standing};
use super::{RegisterError, entry, word};
use crate::Vault;
use crate::authority::{Assignment, ConsentBy, ConsentEvent, Due, Header, Task, Why};
use crate::identity::{Caller, Capacity, Party, identify};
use crate::lookup::{AsOf, Ask, Item, Looked, Manner, look_up_each};
use crate::records::living_in;
use crate::seal::{SealError, Secret};
use crate::store::Table;
use crate::trail::{Act, Change};

/// Letters or messages of one run, at most.
pub const RUN: usize = 500;

/// Whom a run is for.
pub enum Whom {
    /// Those to whom these are owed.
    Owed(Vec<Uuid>),
    /// Those of a grid who were not informed by the version in force.
    Uninformed(String),
}

/// How they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A letter: name and address.
    Letter,
    /// A message: the phone.
    Message,
}

/// What goes to one resident.
pub struct Sending {
    /// The record.
    pub resident: Uuid,
    /// Its audit tag.
    pub tag: [u8; 16],
    /// What is owed; none: the notice in force.
    pub due: Option<(Uuid, Due)>,
    /// A code that becomes a second factor when it is entered.
    pub code: Option<Secret>,
    /// The name, of a letter.
    pub name: Option<Secret>,
    /// The address, of a letter; the phone, of a message.
    pub to: Secret,
}

/// A run: what goes out, and residents to whom nothing goes this way: a child's letter, nobody's phone.
pub struct Run {
    /// What goes out.
    pub sent: Vec<Sending>,
    /// To be told otherwise.
    pub left: Vec<Uuid>,
}

struct Addressee {
    resident: Uuid,
    held: Header,
    due: Option<(Uuid, Due)>,
}

/// Makes a run, for a window clerk or a privacy officer. Word of a sign-in, a consent or a mandate goes to where the resident
/// was to be reached before the changes of the last 30 days. Nobody prints the letter about the code that they gave themselves.
///
/// # Errors
/// `Forbidden` for other roles; `Denied` with `conflict_of_interest`; `Unknown("/dues")`, `Invalid`.
pub async fn send(
    vault: &Vault,
    (token, capacity): (&Secret, Capacity),
    whom: &Whom,
    by: By,
    request: &str,
) -> Result<Run, RegisterError> {
    let caller = identify(vault, token, capacity).await?;
    sender(&caller)?;
    let addressees = match whom {
        Whom::Owed(dues) => owed(vault, &caller, dues).await?,
        Whom::Uninformed(area) => uninformed(vault, area, caller.now()).await?,
    };
    if addressees.iter().any(|a| a.held.state == RecordState::Erased) {
        return Err(RegisterError::Unknown("/dues"));
    }
    if own_code(vault, &caller, &addressees).await? {
        return Err(denied(vault, &caller, Reason::ConflictOfInterest, request).await);
    }
    let mut values = looked_up(vault, (token, capacity), &addressees, by, request).await?;
    // A code is made for a letter that goes out, and is on record before it does.
    let (mut acts, mut codes) = (Vec::new(), HashMap::new());
    for addressee in &addressees {
        let signs_in = addressee.due.as_ref().is_some_and(|(_, due)| due.why == Why::SignIn);
        if signs_in && values.contains_key(&addressee.resident) && !codes.contains_key(&addressee.resident) {
            let about: Option<Subject> = subject(&addressee.held);
            let (code, act) = send_code(vault, &caller, addressee.resident, about, request).await?;
            acts.push(act);
            codes.insert(addressee.resident, code);
        }
    }
    for addressee in addressees.iter().filter(|a| values.contains_key(&a.resident)) {
        let Some((_, due)) = &addressee.due else { continue };
        let event = recorded(vault, due).await?;
        if event.is_some_and(|event| event.by == ConsentBy::Staff && event.state.agrees()) {
            codes.insert(addressee.resident, consent_code(&vault.keys, due.about));
        }
    }
    if !acts.is_empty() {
        vault.log.record_all(acts).await?;
    }
    let mut run = Run { sent: Vec::new(), left: Vec::new() };
    for addressee in addressees {
        let Some((name, to)) = values.remove(&addressee.resident) else {
            run.left.push(addressee.resident);
            continue;
        };
        let (code, tag) = (codes.remove(&addressee.resident), addressee.held.tag_bytes().unwrap_or_default());
        let Addressee { resident, due, .. } = addressee;
        run.sent.push(Sending { resident, tag, due, code, name, to });
    }
    Ok(run)
}

fn sender(caller: &Caller) -> Result<(), RegisterError> {
    match caller.party() {
        Party::Post(post) if matches!(post.assignment.role, Role::WindowClerk | Role::PrivacyOfficer) => {
            Ok(())
        }
        _ => Err(RegisterError::Forbidden),
    }
}

/// Those to whom these are owed: each open, its embargo over, one for a resident.
async fn owed(vault: &Vault, caller: &Caller, dues: &[Uuid]) -> Result<Vec<Addressee>, RegisterError> {
    let keys: Vec<&[u8]> = dues.iter().map(|id| &id.as_bytes()[..]).collect();
    let rows = vault.store.rows(Table::Dues, &keys).await?;
    let mut found = HashMap::new();
    for row in &rows {
        let due: Option<Due> = vault.keys.check(row);
        if let (Ok(id), Some(due)) = (Uuid::from_slice(&row.id), due) {
            found.insert(id, due);
        }
    }
    let mut addressees: Vec<Addressee> = Vec::with_capacity(dues.len());
    for id in dues {
        let due = found.remove(id).filter(|due| due.told.is_none() && due.since <= caller.now());
        let due = due.ok_or(RegisterError::Unknown("/dues"))?;
        if addressees.iter().any(|other| other.resident == due.resident) {
            return Err(super::tasks::invalid("/dues", "one_for_a_resident"));
        }
        let held = super::tasks::header(vault, due.resident, RecordType::Person).await?;
        let (_, held) = held.ok_or(RegisterError::Unknown("/dues"))?;
        addressees.push(Addressee { resident: due.resident, held, due: Some((*id, due)) });
    }
    Ok(addressees)
}

/// Those of a grid who were not informed by what is in force, at most a run of them.
async fn uninformed(vault: &Vault, area: &str, now: i64) -> Result<Vec<Addressee>, RegisterError> {
    if vault.areas().live(Scheme::SocialGrid, area, now).is_none() {
        return Err(RegisterError::Unknown("/uninformed_in"));
    }
    let all = notices(vault).await?;
    let people = living_in(vault, Scheme::SocialGrid, area, now).await?;
    let mut ids: Vec<Uuid> = people.iter().map(|person| person.record).collect();
    ids.sort_unstable();
    let keys: Vec<&[u8]> = ids.iter().map(|id| &id.as_bytes()[..]).collect();
    let mut found = Vec::new();
    for row in vault.store.rows(Table::Records, &keys).await? {
        let Some(held) = vault.keys.check::<Header>(&row) else { continue };
        let asks = held.kind == RecordType::Person && held.state == RecordState::Live;
        if asks && standing(&all, held.notice, now) != "newest" {
            let resident = Uuid::from_slice(&row.id).map_err(|_| SealError::Tampered)?;
            found.push(Addressee { resident, held, due: None });
        }
    }
    found.sort_by_key(|addressee| addressee.resident);
    found.truncate(RUN);
    Ok(found)
}

/// The consent event that a due tells of.
async fn recorded(vault: &Vault, due: &Due) -> Result<Option<ConsentEvent>, RegisterError> {
    if due.why != Why::ConsentRecorded {
        return Ok(None);
    }
    let row = vault.store.row(Table::Consents, due.about.as_bytes()).await?;
    Ok(row.and_then(|row| vault.keys.check(&row)))
}

/// Whether one of them is told of a code that the caller gave, or of a consent that the caller recorded: the letter brings what
/// confirms it from outside.
async fn own_code(vault: &Vault, caller: &Caller, all: &[Addressee]) -> Result<bool, RegisterError> {
    for (_, due) in all.iter().filter_map(|a| a.due.as_ref()) {
        let event = recorded(vault, due).await?;
        if event.and_then(|event| event.staff).is_some_and(|(person, _)| person == caller.holder().id()) {
            return Ok(true);
        }
    }
    for (_, due) in all.iter().filter_map(|a| a.due.as_ref()).filter(|(_, due)| due.why == Why::SignIn) {
        let row = vault.store.row(Table::Tasks, due.about.as_bytes()).await?;
        let task: Option<Task> = row.and_then(|row| vault.keys.check(&row));
        // A task that does not hold tells nothing of who gave the code.
        let Some(task) = task else { return Ok(true) };
        for post in &task.assignees {
            let row = vault.store.row(Table::Assignments, post.as_bytes()).await?;
            let post: Option<Assignment> = row.and_then(|row| vault.keys.check(&row));
            if post.is_none_or(|post| post.person == caller.holder().id()) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

type Values = HashMap<Uuid, (Option<Secret>, Secret)>;

/// Name and address, or the phone, of each; where nothing of before is left, as it stands now.
async fn looked_up(
    vault: &Vault,
    (token, capacity): (&Secret, Capacity),
    addressees: &[Addressee],
    by: By,
    request: &str,
) -> Result<Values, RegisterError> {
    let (action, ids): (Action, &[&str]) = match by {
        By::Letter => (Action::Print, &["person.name", "premises.address"]),
        By::Message => (Action::Export, &["person.phone"]),
    };
    let fields: Vec<FieldId> = ids.iter().filter_map(|id| FieldId::parse(id).ok()).collect();
    let ask = |resident: Uuid| Ask {
        kind: RecordType::Person,
        record: resident,
        fields: fields.clone(),
        purpose: Purpose::ResidentAccess,
        basis: Some((Basis::StatutoryDuty, None)),
        task: None,
        manner: Manner { action, ..Manner::VIEW },
        request: request.to_owned(),
    };
    let guarded = |a: &Addressee| {
        let why = a.due.as_ref().map(|(_, due)| due.why);
        matches!(why, Some(Why::SignIn | Why::ConsentRecorded | Why::Mandate))
    };
    let asks: Vec<(Ask, AsOf)> = addressees
        .iter()
        .map(|a| (ask(a.resident), if guarded(a) { AsOf::Before } else { AsOf::Now }))
        .collect();
    let mut values = Values::new();
    for part in asks.chunks(RUN) {
        take(&mut values, look_up_each(vault, token, capacity, part).await?);
    }
    let rest: Vec<(Ask, AsOf)> = addressees
        .iter()
        .filter(|a| guarded(a) && !values.contains_key(&a.resident))
        .map(|a| (ask(a.resident), AsOf::Now))
        .collect();
    if !rest.is_empty() {
        take(&mut values, look_up_each(vault, token, capacity, &rest).await?);
    }
    Ok(values)
}

fn take(values: &mut Values, items: Vec<Item>) {
    for Item { record, looked } in items {
        let Looked::Released(released) = looked else { continue };
        let (mut name, mut to) = (None, None);
        for answer in released.answers {
            match answer.field.as_str() {
                "person.name" => name = answer.value,
                _ => to = answer.value,
            }
        }
        values.extend(to.map(|to| (record, (name, to))));
    }
}

/// What is owed and not told, the most urgent first, behind `after`; and how many residents are not informed. For a data
/// steward, a privacy officer or a window clerk; that it was read is on record.
///
/// # Errors
/// `Forbidden` for other roles.
pub async fn dues(
    vault: &Vault,
    caller: &Caller,
    (after, limit): (Option<Uuid>, usize),
    request: &str,
) -> Result<Value, RegisterError> {
    match caller.party() {
        Party::Post(post)
            if matches!(
                post.assignment.role,
                Role::DataSteward | Role::PrivacyOfficer | Role::WindowClerk
            ) => {}
        _ => return Err(RegisterError::Forbidden),
    }
    let mut read = entry(Kind::TrailRead, caller, request);
    read.private.detail.insert("view", word("dues"));
    vault.log.record(Act::new(&vault.keys, read, Change::none())).await?;
    let now = caller.now();
    let mut open: Vec<(Uuid, Due)> =
        open(vault).await?.into_iter().filter(|(_, due)| due.since <= now).collect();
    open.sort_by_key(|(id, due)| (due.by, *id));
    let overdue = open.iter().filter(|(_, due)| now >= due.by).count();
    let total = open.len();
    let from = after.and_then(|after| open.iter().position(|(id, _)| *id == after)).map_or(0, |at| at + 1);
    let page: Vec<&(Uuid, Due)> = open.iter().skip(from).take(limit).collect();
    let next = (from + page.len() < total).then(|| page.last().map(|(id, _)| *id)).flatten();
    let say = |(id, due): &&(Uuid, Due)| {
        let mut said = due_json(*id, due, now);
        if let Some(said) = said.as_object_mut() {
            said.insert("resident".into(), json!(due.resident));
        }
        said
    };
    let page: Vec<Value> = page.iter().map(say).collect();
    let uninformed = coverage_of(vault, now).await?.uninformed();
    Ok(json!({ "dues": page, "next": next, "open": total, "overdue": overdue, "uninformed": uninformed }))
}

/// Every due that is not told, whether its time has come or not.
pub(super) async fn open(vault: &Vault) -> Result<Vec<(Uuid, Due)>, RegisterError> {
    let rows = vault.store.all(Table::Dues).await?;
    let read =
        rows.iter().filter_map(|row| Some((Uuid::from_slice(&row.id).ok()?, vault.keys.check::<Due>(row)?)));
    Ok(read.filter(|(_, due)| due.told.is_none()).collect())
}
