//! Registering tasks: who may open which, how long it is open, once for each source and number.

use gridvault_audit::{Json, Kind};
use gridvault_policy::{FieldId, Purpose, RecordType};
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use uuid::Uuid;

use super::opening::{FIELDS, RESIDENTS, check, may_open, times};
use super::tickets::ticket;
use super::{RegisterError, entry, finding, given, word};
use crate::Vault;
use crate::authority::{Header, Task, TaskKind};
use crate::clock;
use crate::identity::Caller;
use crate::store::Table;
use crate::trail::{Act, Change};

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

impl NewTask {
    /// The first member that no task may have so, and why; what it names is not looked at.
    pub fn ill_formed(&self) -> Option<(&'static str, &'static str)> {
        let time = |text: &Option<String>| text.as_ref().is_none_or(|text| clock::parse_time(text).is_some());
        let forms = [
            (crate::words::is_identifier(&self.source), "/source", "identifier"),
            (crate::words::is_identifier(&self.number), "/number", "identifier"),
            (self.residents.len() <= RESIDENTS, "/residents", "too_many"),
            (self.premises.len() <= RESIDENTS, "/premises", "too_many"),
            (self.assignees.len() <= RESIDENTS, "/assignees", "too_many"),
            (self.fields.len() <= FIELDS, "/fields", "too_many"),
            (self.fields.iter().all(|id| FieldId::parse(id).is_ok()), "/fields", "field_unknown"),
            (time(&self.opens), "/opens", "time"),
            (time(&self.closes), "/closes", "time"),
        ];
        forms.into_iter().find(|(right, ..)| !right).map(|(_, member, code)| (member, code))
    }
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
