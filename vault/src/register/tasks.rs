//! Opening and closing tasks, with the ticket that a case brings.

use gridvault_audit::Kind;
use gridvault_policy::{FieldId, Purpose, RecordType, Role};
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use uuid::Uuid;

use super::{RegisterError, entry, new_tag, word};
use crate::Vault;
use crate::authority::{Assignment, Header, Task, TaskKind};
use crate::clock;
use crate::identity::{Caller, Party};
use crate::records::values;
use crate::seal::{RecordFacts, Sealing, Secret};
use crate::store::Table;
use crate::trail::{Act, Change};
use crate::vault::Nature;

/// A task names at most so many residents.
const RESIDENTS: usize = 30;
/// And at most so many fields.
const FIELDS: usize = 64;
/// A task is open at most so long.
const LONGEST: i64 = clock::days(400);

/// A task as registered.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTask {
    /// The system it comes from, such as `12345`.
    #[schemars(with = "crate::words::Identifier")]
    pub source: String,
    /// Its number there: source and number make it once.
    #[schemars(with = "crate::words::Identifier")]
    pub number: String,
    /// Its kind.
    pub kind: TaskKind,
    /// What its lookups are for.
    #[schemars(with = "crate::words::PurposeWord")]
    pub purpose: Purpose,
    /// Residents that it names.
    #[serde(default)]
    #[schemars(length(max = 30))]
    pub residents: Vec<Uuid>,
    /// Premises that it names.
    #[serde(default)]
    #[schemars(length(max = 30))]
    pub premises: Vec<Uuid>,
    /// Posts that it is given to.
    #[schemars(length(max = 30))]
    pub assignees: Vec<Uuid>,
    /// From when.
    #[schemars(with = "crate::words::When")]
    pub opens: String,
    /// Until when.
    #[schemars(with = "crate::words::When")]
    pub closes: String,
    /// The case behind it.
    #[serde(default)]
    pub case: Option<NewCase>,
    /// The fields that it is about: those of an application, the one to be checked, those of a document.
    #[serde(default)]
    #[schemars(with = "Vec<crate::words::FieldWord>", length(max = 64))]
    pub fields: Vec<String>,
}

/// A case (案件) with its place and, perhaps, who reported it.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCase {
    /// Its class.
    #[schemars(with = "crate::words::CaseKind")]
    pub kind: String,
    /// The premises it is about.
    pub place: Uuid,
    /// Who reported it.
    #[serde(default)]
    pub reporter: Option<Reporter>,
}

/// The reporter of a case (反映人).
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reporter {
    /// Name.
    pub name: String,
    /// Phone.
    pub phone: String,
}

/// An opened task, or the one that this source and number already made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The task.
    pub id: Uuid,
    /// Its ticket.
    pub ticket: Option<Uuid>,
    /// Whether it was made now.
    pub new: bool,
}

/// Registers a task. Services may for the purposes of their agreement, data stewards for any, nobody for a post of the
/// same person.
pub async fn open_task(
    vault: &Vault,
    caller: &Caller,
    new: NewTask,
    request: &str,
) -> Result<Opened, RegisterError> {
    may_open(caller, new.purpose)?;
    let reference = digest(&SHA256, format!("{}\n{}", new.source, new.number).as_bytes());
    if let Some(row) = vault.store.children(Table::Tasks, reference.as_ref()).await?.first() {
        let id = Uuid::from_slice(&row.id).map_err(|_| RegisterError::Conflict)?;
        let task: Task = vault.keys.check(row).ok_or(RegisterError::Conflict)?;
        return if task.opener == caller.holder() {
            Ok(Opened { id, ticket: task.ticket, new: false })
        } else {
            Err(RegisterError::Conflict)
        };
    }
    check(vault, caller, &new).await?;
    let (opens, closes) = (time("/opens", &new.opens)?, time("/closes", &new.closes)?);
    if opens >= closes || closes - opens > LONGEST {
        return Err(invalid("/closes", "out_of_bounds"));
    }
    let id = Uuid::now_v7();
    let mut change = Change::none();
    let mut acts = Vec::new();
    let ticket = match &new.case {
        None => None,
        Some(case) => {
            let (ticket, act) = ticket(vault, caller, case, id, &new.number, request).await?;
            acts.push(act);
            Some(ticket)
        }
    };
    let mut premises = new.premises;
    premises.extend(new.case.as_ref().map(|case| case.place).filter(|place| !premises.contains(place)));
    let task = Task {
        kind: new.kind,
        purpose: new.purpose,
        residents: new.residents,
        premises,
        ticket,
        assignees: new.assignees,
        opens,
        closes,
        closed: None,
        outcome: None,
        fields: new.fields,
        confirmed: None,
        opener: caller.holder(),
    };
    change.rows.push(vault.keys.row(Table::Tasks, id.as_bytes(), 1, Some(reference.as_ref()), &task)?);
    change.links = task.records().map(|record| (id, record)).collect();
    let mut opened = entry(Kind::TaskOpened, caller, request);
    opened.public.purpose = Some(task.purpose.as_str().into());
    opened.private.task = Some(id.to_string());
    opened.private.detail.insert("kind", word(task.kind.as_str()));
    acts.push(Act::new(&vault.keys, opened, change));
    vault.log.record_all(acts).await?;
    Ok(Opened { id, ticket, new: true })
}

fn may_open(caller: &Caller, purpose: Purpose) -> Result<(), RegisterError> {
    match caller.party() {
        Party::Service { agreement, .. } if agreement.purposes.contains(&purpose) => Ok(()),
        Party::Post(post) if post.assignment.role == Role::DataSteward => Ok(()),
        _ => Err(RegisterError::Forbidden),
    }
}

async fn check(vault: &Vault, caller: &Caller, new: &NewTask) -> Result<(), RegisterError> {
    for (member, text) in [("/source", &new.source), ("/number", &new.number)] {
        if !crate::words::is_identifier(text) {
            return Err(invalid(member, "identifier"));
        }
    }
    if new.residents.len() > RESIDENTS || new.premises.len() > RESIDENTS || new.assignees.len() > RESIDENTS {
        return Err(invalid("/residents", "too_many"));
    }
    if new.residents.is_empty() && new.premises.is_empty() && new.case.is_none() {
        return Err(invalid("/residents", "required"));
    }
    if new.fields.len() > FIELDS {
        return Err(invalid("/fields", "too_many"));
    }
    if new.fields.iter().any(|id| FieldId::parse(id).is_err()) {
        return Err(invalid("/fields", "field_unknown"));
    }
    // What somebody declares, or an authority demands, is no task to be registered: each has a door of its own.
    if matches!(new.purpose, Purpose::EmergencyRescue | Purpose::LegalRequest) {
        return Err(invalid("/purpose", "own_door"));
    }
    if new.purpose == Purpose::DataQuality && new.fields.len() != 1 {
        return Err(invalid("/fields", "one"));
    }
    for post in &new.assignees {
        let row = vault.store.row(Table::Assignments, post.as_bytes()).await?;
        let post: Assignment =
            row.and_then(|r| vault.keys.check(&r)).ok_or(RegisterError::Unknown("/assignees"))?;
        if caller.post().is_some_and(|own| own.assignment.person == post.person) {
            return Err(RegisterError::Forbidden);
        }
        // Who acts for people gives them no tasks: it would look under their names at whatever it likes.
        if let Party::Service { agreement, .. } = caller.party()
            && agreement.acts_for.contains(&post.role)
        {
            return Err(RegisterError::Forbidden);
        }
    }
    for (ids, kind, member) in [
        (&new.residents, RecordType::Person, "/residents"),
        (&new.premises, RecordType::Premises, "/premises"),
    ] {
        for id in ids {
            header(vault, *id, kind).await?.ok_or(RegisterError::Unknown(member))?;
        }
    }
    Ok(())
}

pub(super) async fn header(
    vault: &Vault,
    id: Uuid,
    kind: RecordType,
) -> Result<Option<(i64, Header)>, RegisterError> {
    let row = vault.store.row(Table::Records, id.as_bytes()).await?;
    let found = row.and_then(|row| Some((row.rev, vault.keys.check::<Header>(&row)?)));
    Ok(found.filter(|(_, header)| header.kind == kind))
}

async fn ticket(
    vault: &Vault,
    caller: &Caller,
    case: &NewCase,
    task: Uuid,
    number: &str,
    request: &str,
) -> Result<(Uuid, Act), RegisterError> {
    header(vault, case.place, RecordType::Premises).await?.ok_or(RegisterError::Unknown("/case/place"))?;
    let today = clock::civil_date(caller.now());
    let synthetic = vault.nature == Nature::Synthetic;
    let mut fields = vec![(field("case.place")?, Secret::new(case.place.to_string()))];
    fields.push((field("case.id")?, Secret::new(number)));
    let mut take = |id: &'static str, text: &str, member: &str| {
        let field = field(id)?;
        let value = values::normalise(field, text, synthetic, today).map_err(|e| invalid(member, e.code))?;
        fields.push((field, value.value));
        Ok::<_, RegisterError>(())
    };
    take("case.kind", &case.kind, "/case/kind")?;
    if let Some(reporter) = &case.reporter {
        take("person.name", &reporter.name, "/case/reporter/name")?;
        take("case.reporter_phone", &reporter.phone, "/case/reporter/phone")?;
    }
    let id = Uuid::new_v4();
    let tag = new_tag(&vault.keys)?;
    let header = Header { place: Some(case.place), task: Some(task), ..Header::new(RecordType::Ticket, tag) };
    let sealing = Sealing {
        record: id,
        kind: RecordType::Ticket,
        rev: 1,
        fields: &fields,
        facts: RecordFacts::default(),
    };
    let change = Change {
        rows: vec![vault.keys.row(Table::Records, id.as_bytes(), 1, Some(case.place.as_bytes()), &header)?],
        envelopes: vec![vault.keys.seal_record(&sealing)?],
        ..Change::default()
    };
    let mut created = entry(Kind::TicketCreated, caller, request);
    created.private.subject = Some(gridvault_audit::Subject {
        kind: gridvault_audit::SubjectType::Ticket,
        tag,
        place: None,
        also: Vec::new(),
    });
    created.private.task = Some(task.to_string());
    Ok((id, Act::new(&vault.keys, created, change)))
}

fn field(id: &'static str) -> Result<FieldId, RegisterError> {
    FieldId::parse(id).map_err(|_| invalid(id, "field_unknown"))
}

fn time(member: &str, text: &str) -> Result<i64, RegisterError> {
    clock::parse_time(text).ok_or_else(|| invalid(member, "time"))
}

pub(super) fn invalid(member: &str, code: &'static str) -> RegisterError {
    RegisterError::Invalid { member: member.to_owned(), code }
}
