//! Registering tasks: who may open which, how long it is open, once for each source and number.

use gridvault_audit::{Json, Kind};
use gridvault_policy::{FieldId, Purpose, RecordType, Relation, Role};
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use uuid::Uuid;

use super::tickets::ticket;
use super::{RegisterError, entry, finding, given, word};
use crate::Vault;
use crate::authority::{Assignment, Header, Task, TaskKind};
use crate::clock::{civil_date, days, parse_end, parse_time, start_of_day};
use crate::identity::{Caller, Party, Post};
use crate::store::Table;
use crate::trail::{Act, Change};

/// A task names at most so many residents.
const RESIDENTS: usize = 30;
/// And at most so many fields.
const FIELDS: usize = 64;
/// A task is open at most so long.
const LONGEST: i64 = days(400);
/// Where nothing is said, so long.
const USUAL: i64 = days(14);
/// It may have begun so long before it is registered.
const LATEST: i64 = days(3);
/// And begins at most so long behind it.
const AHEAD: i64 = days(30);
/// Tasks of one event.
const OF_ONE_EVENT: usize = 30;
/// How often it is tried anew because a count or a number moved under it.
const TRIES: u32 = 4;
/// Of the tasks that people open for themselves, one in so many is looked at.
const SAMPLE: u64 = 10;

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
    /// From when; none said: now. At most 30 days ahead; 72 hours ago, and then `late` where it is of a day before today.
    #[serde(default)]
    #[schemars(with = "Option<crate::words::When>")]
    pub opens: Option<String>,
    /// Until when; none said: 14 days. Of a visit it is the plan's end, and has to be said.
    #[serde(default)]
    #[schemars(with = "Option<crate::words::When>")]
    pub closes: Option<String>,
    /// That it is registered after the day on which it began.
    #[serde(default)]
    pub late: bool,
    /// An earlier task of the same event: this one closes with it.
    #[serde(default)]
    pub same_as: Option<Uuid>,
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

/// Registers a task. Services may for the purposes of their agreement and data stewards for any, nobody for a post of the
/// same person; but a grid worker may register a case or an inspection of the own grid, and a window clerk an application,
/// for the own post: such a task gives T1 and masks only. What source and number made before is given again.
pub async fn open_task(
    vault: &Vault,
    caller: &Caller,
    new: NewTask,
    request: &str,
) -> Result<Opened, RegisterError> {
    let own = may_open(caller, &new)?;
    if !new.kind.purposes().contains(&new.purpose) {
        return Err(invalid("/purpose", "not_of_kind"));
    }
    let reference = digest(&SHA256, format!("{}\n{}", new.source, new.number).as_bytes());
    for _ in 0..TRIES {
        if let Some(row) = vault.store.children(Table::Tasks, reference.as_ref()).await?.first() {
            let id = Uuid::from_slice(&row.id).map_err(|_| RegisterError::Conflict)?;
            let task: Task = vault.keys.check(row).ok_or(RegisterError::Conflict)?;
            return if task.opener == caller.holder() {
                Ok(Opened { id, ticket: task.ticket, new: false })
            } else {
                Err(RegisterError::Conflict)
            };
        }
        let opening = Opening { vault, caller, new: &new, own, request };
        match opening.recorded(reference.as_ref()).await {
            // A count moved, or the same number came twice at once: looked at anew.
            Err(RegisterError::Conflict) => {}
            opened => return opened,
        }
    }
    Err(RegisterError::Conflict)
}

/// A task about to be registered.
struct Opening<'a> {
    vault: &'a Vault,
    caller: &'a Caller,
    new: &'a NewTask,
    /// Whether it is for whoever opens it.
    own: bool,
    request: &'a str,
}

impl Opening<'_> {
    async fn recorded(&self, reference: &[u8]) -> Result<Opened, RegisterError> {
        let Self { vault, caller, new, own, request } = *self;
        let people = check(vault, caller, new, own).await?;
        let (opens, closes, late) = times(new, caller.now())?;
        let id = Uuid::now_v7();
        let mut acts = Vec::new();
        let ticket = match &new.case {
            None => None,
            Some(case) => {
                let (ticket, act) = ticket(vault, caller, case, id, &new.number, request).await?;
                acts.push(act);
                Some(ticket)
            }
        };
        let mut premises = new.premises.clone();
        premises.extend(new.case.as_ref().map(|case| case.place).filter(|place| !premises.contains(place)));
        let mut task = Task {
            kind: new.kind,
            purpose: new.purpose,
            residents: new.residents.clone(),
            premises,
            ticket,
            assignees: new.assignees.clone(),
            opens,
            closes,
            closed: None,
            outcome: None,
            fields: new.fields.clone(),
            confirmed: None,
            opener: caller.holder(),
            late,
            same_as: None,
            linked: Vec::new(),
        };
        let mut rows = given::counted(vault, caller, &task, &people).await?;
        if let Some(same) = new.same_as {
            let (first, row) = same_event(vault, caller, same, (id, &task)).await?;
            task.same_as = Some(first);
            rows.push(row);
        }
        rows.push(vault.keys.row(Table::Tasks, id.as_bytes(), 1, Some(reference), &task)?);
        let links = task.records().map(|record| (id, record)).collect();
        let mut opened = entry(Kind::TaskOpened, caller, request);
        opened.public.purpose = Some(task.purpose.as_str().into());
        opened.private.task = Some(id.to_string());
        let detail = &mut opened.private.detail;
        detail.insert("kind", word(task.kind.as_str()));
        for (member, said) in [("late", late), ("own", own)] {
            if said {
                detail.insert(member, Json::Int(1));
            }
        }
        if let Some(first) = task.same_as {
            detail.insert("same_as", word(first.to_string()));
        }
        acts.push(Act::new(&vault.keys, opened, Change { links, ..Change::rows(rows) }));
        for (told, code) in [(own && late, "late_self_task"), (own && sampled(vault, id), "sample_self_task")]
        {
            if told {
                let mut finding = finding(caller, code, request);
                finding.private.task = Some(id.to_string());
                acts.push(Act::new(&vault.keys, finding, Change::none()));
            }
        }
        vault.log.record_all(acts).await?;
        Ok(Opened { id, ticket, new: true })
    }
}

/// Whether a task that somebody opened for themselves is looked at: nobody outside can tell beforehand.
fn sampled(vault: &Vault, id: Uuid) -> bool {
    let term = vault.keys.term("sample", &id.to_string());
    let first = term.as_ref().first_chunk::<8>().copied().unwrap_or_default();
    u64::from_be_bytes(first) % SAMPLE == 0
}

/// From when until when, and whether it comes late.
fn times(new: &NewTask, now: i64) -> Result<(i64, i64, bool), RegisterError> {
    let read = |member: &str, text: &str, read: fn(&str) -> Option<i64>| {
        read(text).ok_or_else(|| invalid(member, "time"))
    };
    let opens = new.opens.as_deref().map_or(Ok(now), |text| read("/opens", text, parse_time))?;
    if opens > now.saturating_add(AHEAD) {
        return Err(invalid("/opens", "out_of_bounds"));
    }
    if opens < now.saturating_sub(LATEST) {
        return Err(invalid("/opens", "too_late"));
    }
    let today = start_of_day(civil_date(now)).unwrap_or(now);
    if opens < today && !new.late {
        return Err(invalid("/late", "required"));
    }
    let closes = match new.closes.as_deref() {
        Some(text) => read("/closes", text, parse_end)?,
        None if new.kind == TaskKind::Visit => return Err(invalid("/closes", "required")),
        None => opens.saturating_add(USUAL),
    };
    if closes <= opens || closes <= now || closes - opens > LONGEST {
        return Err(invalid("/closes", "out_of_bounds"));
    }
    Ok((opens, closes, new.late && opens < now))
}

/// The first task of the same event with this one linked to it: a case of the same purpose at the same place, still open.
async fn same_event(
    vault: &Vault,
    caller: &Caller,
    same: Uuid,
    (id, task): (Uuid, &Task),
) -> Result<(Uuid, crate::store::Row), RegisterError> {
    let unknown = || RegisterError::Unknown("/same_as");
    let find = async |id: Uuid| {
        let row = vault.store.row(Table::Tasks, id.as_bytes()).await?.ok_or_else(unknown)?;
        let task: Task = vault.keys.check(&row).ok_or_else(unknown)?;
        Ok::<_, RegisterError>((row, task))
    };
    let (mut first, (mut row, mut earlier)) = (same, find(same).await?);
    if let Some(before) = earlier.same_as {
        (first, (row, earlier)) = (before, find(before).await?);
    }
    let alike = earlier.kind == TaskKind::Case
        && (task.kind, task.purpose) == (earlier.kind, earlier.purpose)
        && task.premises.iter().any(|place| earlier.premises.contains(place));
    if !alike || !earlier.open(caller.now()) {
        return Err(unknown());
    }
    if earlier.linked.len() >= OF_ONE_EVENT {
        return Err(invalid("/same_as", "too_many"));
    }
    earlier.linked.push(id);
    let row = vault.keys.row(Table::Tasks, &row.id, row.rev + 1, row.parent.as_deref(), &earlier)?;
    Ok((first, row))
}

/// Whether the caller may open it, and whether it would be a task of the caller's own.
fn may_open(caller: &Caller, new: &NewTask) -> Result<bool, RegisterError> {
    let Party::Post(post) = caller.party() else {
        return match caller.party() {
            Party::Service { agreement, .. } if agreement.purposes.contains(&new.purpose) => Ok(false),
            _ => Err(RegisterError::Forbidden),
        };
    };
    let own = new.assignees.as_slice() == [post.id];
    match (post.assignment.role, new.kind) {
        (Role::DataSteward, _) => Ok(false),
        (Role::WindowClerk, TaskKind::Application) if new.purpose == Purpose::WindowService => Ok(own),
        (
            Role::GridChief | Role::GridAssistant | Role::DispatchedOfficer,
            TaskKind::Case | TaskKind::Inspection,
        ) if own => Ok(true),
        _ => Err(RegisterError::Forbidden),
    }
}

/// What the request names is there, and given to whom it may be. Gives the people behind the assignees.
async fn check(vault: &Vault, caller: &Caller, new: &NewTask, own: bool) -> Result<Vec<Uuid>, RegisterError> {
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
    let mut people = Vec::new();
    for post in &new.assignees {
        let row = vault.store.row(Table::Assignments, post.as_bytes()).await?;
        let post: Assignment =
            row.and_then(|r| vault.keys.check(&r)).ok_or(RegisterError::Unknown("/assignees"))?;
        let same = caller.post().is_some_and(|own| own.assignment.person == post.person);
        // A clerk's colleague at the window, and nobody else.
        let clerk = caller.role() == Role::WindowClerk && post.role != Role::WindowClerk;
        if (same && !own) || clerk {
            return Err(RegisterError::Forbidden);
        }
        // Who acts for people gives them no tasks: it would look under their names at whatever it likes.
        if let Party::Service { agreement, .. } = caller.party()
            && agreement.acts_for.contains(&post.role)
        {
            return Err(RegisterError::Forbidden);
        }
        people.push(post.person);
    }
    people.sort_unstable();
    people.dedup();
    let worker = caller.post().filter(|_| own && caller.role() != Role::WindowClerk);
    let place = new.case.as_ref().map(|case| case.place);
    for (ids, kind, member) in [
        (new.residents.as_slice(), RecordType::Person, "/residents"),
        (new.premises.as_slice(), RecordType::Premises, "/premises"),
        (place.as_slice(), RecordType::Premises, "/case/place"),
    ] {
        for id in ids {
            let (_, header) = header(vault, *id, kind).await?.ok_or(RegisterError::Unknown(member))?;
            // What lies elsewhere is as if it were not there.
            if let Some(post) = worker
                && !of_the_own_grid(vault, post, &header, caller.now()).await?
            {
                return Err(RegisterError::Unknown(member));
            }
        }
    }
    Ok(people)
}

async fn of_the_own_grid(
    vault: &Vault,
    post: &Post,
    header: &Header,
    now: i64,
) -> Result<bool, RegisterError> {
    let post = &post.assignment;
    let home = match (header.kind, header.place) {
        (RecordType::Premises, _) => None,
        (_, None) => return Ok(false),
        (_, Some(place)) => self::header(vault, place, RecordType::Premises).await?.map(|(_, home)| home),
    };
    let cell = home.as_ref().unwrap_or(header).cell(post.scheme, now);
    Ok(vault.areas().relation(post.scheme, &post.areas, cell, now) == Relation::OwnGrid)
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

pub(super) fn invalid(member: &str, code: &'static str) -> RegisterError {
    RegisterError::Invalid { member: member.to_owned(), code }
}
