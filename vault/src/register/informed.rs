//! That a resident was informed: which version, how, when, by whom, before whom; and of what was owed.

use gridvault_audit::{Json, Kind};
use gridvault_policy::{RecordState, RecordType, Relation, Role};
use serde::Deserialize;
use uuid::Uuid;

use super::correct::subject;
use super::notices::{Published, newest, notice, notices};
use super::tasks::{header, invalid};
use super::told::{collected_at, deliveries};
use super::{RegisterError, entry, word};
use crate::Vault;
use crate::authority::{Assignment, Channel, Confirmer, Delivery, Due, Header, Notice};
use crate::clock::{days, parse_time};
use crate::identity::{Caller, Party, Post};
use crate::store::{Row, Table};
use crate::trail::{Act, Change};

/// A delivery may be recorded so long after it.
const LATE: i64 = days(3);
/// What is owed and was told at once, at most.
const DUES: usize = 64;

/// That a resident was informed, as recorded.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Informing {
    /// The version that was given; may be left out where `dues` says what was told.
    #[serde(default)]
    pub notice: Option<Uuid>,
    /// How.
    pub channel: Channel,
    /// When: not in the future, and not longer than 72 hours ago; now where it is not said.
    #[serde(default)]
    #[schemars(with = "Option<crate::words::When>")]
    pub at: Option<String>,
    /// The post of another person of staff who was there; needed where it was read aloud.
    #[serde(default)]
    pub witness: Option<Uuid>,
    /// Who confirmed it.
    #[serde(default)]
    pub confirmed_by: Option<Confirmer>,
    /// SHA-256 of the evidence, hex: the signed sheet, the recording.
    #[serde(default)]
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    pub evidence: Option<String>,
    /// What was owed to the resident and has been told thereby.
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub dues: Vec<Uuid>,
}

impl Informing {
    /// Word of what was owed, given now.
    pub fn of(channel: Channel, dues: Vec<Uuid>) -> Self {
        Self { notice: None, channel, at: None, witness: None, confirmed_by: None, evidence: None, dues }
    }
}

/// Records that a resident was informed; gives the delivery's id. Data stewards and window clerks for every resident, grid
/// workers for those of their own grid.
///
/// # Errors
/// `Forbidden` for other roles; `Unknown("/id")` alike for who is not there and who lives elsewhere; `Invalid` with a pointer.
pub async fn inform(
    vault: &Vault,
    caller: &Caller,
    resident: Uuid,
    new: &Informing,
    request: &str,
) -> Result<Uuid, RegisterError> {
    check_form(new)?;
    let post = recorder(caller)?;
    let (rev, mut held) =
        header(vault, resident, RecordType::Person).await?.ok_or(RegisterError::Unknown("/id"))?;
    if held.state == RecordState::Erased || !reaches(vault, post, &held, caller.now()).await? {
        return Err(RegisterError::Unknown("/id"));
    }
    let at = moment(caller, new.at.as_deref())?;
    let witness = witness(vault, caller, new).await?;
    let all = notices(vault).await?;
    let given = match new.notice {
        Some(id) => Some(in_force(&all, id, at)?),
        None => None,
    };
    let id = Uuid::now_v7();
    let mut rows = told(vault, resident, &new.dues, id, caller.now()).await?;
    let delivery = Delivery {
        notice: new.notice,
        hash: given.map(|given| given.hash.clone()),
        channel: Some(new.channel),
        at,
        by: Some(post.assignment.person),
        witness,
        confirmed_by: new.confirmed_by,
        evidence: new.evidence.clone(),
    };
    rows.push(vault.keys.row(Table::Deliveries, id.as_bytes(), 1, Some(resident.as_bytes()), &delivery)?);
    if let (Some(notice), Some(given)) = (new.notice, given)
        && given.series.collects()
        && moves_on(&all, held.notice, given)
    {
        rows.extend(before(vault, resident, &held, &all).await?);
        held.notice = Some(notice);
        let parent = held.place.as_ref().map(|place| &place.as_bytes()[..]);
        rows.push(vault.keys.row(Table::Records, resident.as_bytes(), rev + 1, parent, &held)?);
    }
    let mut delivered = entry(Kind::NoticeDelivered, caller, request);
    delivered.private.subject = subject(&held);
    let detail = &mut delivered.private.detail;
    detail.insert("delivery", word(id.to_string()));
    detail.insert("channel", word(new.channel.as_str()));
    detail.insert("dues", Json::Int(i64::try_from(new.dues.len()).unwrap_or(i64::MAX)));
    detail.extend(new.notice.map(|notice| ("notice", word(notice.to_string()))));
    detail.extend(witness.map(|witness| ("witness", word(witness.to_string()))));
    detail.extend(new.evidence.as_ref().map(|digest| ("evidence", word(digest.clone()))));
    vault.log.record(Act::new(&vault.keys, delivered, Change::rows(rows))).await?;
    Ok(id)
}

/// What the body itself must be like.
fn check_form(new: &Informing) -> Result<(), RegisterError> {
    if new.notice.is_none() && new.dues.is_empty() {
        return Err(invalid("/notice", "required"));
    }
    if new.dues.len() > DUES {
        return Err(invalid("/dues", "too_many"));
    }
    if let Some(i) =
        (1..new.dues.len()).find(|i| new.dues.iter().take(*i).any(|due| new.dues.get(*i) == Some(due)))
    {
        return Err(invalid(&format!("/dues/{i}"), "repeated"));
    }
    if new.channel == Channel::ReadAloud && new.witness.is_none() {
        return Err(invalid("/witness", "required"));
    }
    let hex = |text: &String| {
        text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    match &new.evidence {
        Some(digest) if !hex(digest) => Err(invalid("/evidence", "sha256")),
        _ => Ok(()),
    }
}

/// The post of whoever may record it.
fn recorder(caller: &Caller) -> Result<&Post, RegisterError> {
    use Role::{DataSteward, DispatchedOfficer, GridAssistant, GridChief, WindowClerk};
    match caller.party() {
        Party::Post(post)
            if matches!(
                post.assignment.role,
                DataSteward | WindowClerk | GridChief | GridAssistant | DispatchedOfficer
            ) =>
        {
            Ok(post)
        }
        _ => Err(RegisterError::Forbidden),
    }
}

/// Whether the resident is one whom that post may inform: a grid worker those who live in the own grid.
async fn reaches(vault: &Vault, post: &Post, held: &Header, now: i64) -> Result<bool, RegisterError> {
    let post = &post.assignment;
    if matches!(post.role, Role::DataSteward | Role::WindowClerk) {
        return Ok(true);
    }
    let Some(home) = held.place else { return Ok(false) };
    let home = header(vault, home, RecordType::Premises).await?;
    let cell = home.as_ref().and_then(|(_, home)| home.cell(post.scheme, now));
    Ok(vault.areas().relation(post.scheme, &post.areas, cell, now) == Relation::OwnGrid)
}

fn moment(caller: &Caller, said: Option<&str>) -> Result<i64, RegisterError> {
    let now = caller.now();
    let Some(said) = said else { return Ok(now) };
    match parse_time(said) {
        None => Err(invalid("/at", "time")),
        Some(at) if at > now => Err(invalid("/at", "in_the_future")),
        Some(at) if at < now - LATE => Err(invalid("/at", "too_long_ago")),
        Some(at) => Ok(at),
    }
}

/// The person who witnessed it: of staff, in a live post, and another than whoever records it.
async fn witness(vault: &Vault, caller: &Caller, new: &Informing) -> Result<Option<Uuid>, RegisterError> {
    let Some(post) = new.witness else { return Ok(None) };
    let row = vault.store.row(Table::Assignments, post.as_bytes()).await?;
    let post: Option<Assignment> = row.and_then(|row| vault.keys.check(&row));
    let post = post.filter(|post| post.live(caller.now())).ok_or(RegisterError::Unknown("/witness"))?;
    if post.person == caller.holder().id() {
        return Err(invalid("/witness", "another_person"));
    }
    Ok(Some(post.person))
}

/// The version, if it was the one of its series in force then.
fn in_force(all: &[Published], id: Uuid, at: i64) -> Result<&Notice, RegisterError> {
    let found = all.iter().find(|p| p.id == id).ok_or(RegisterError::Unknown("/notice"))?;
    if !found.notice.live(at) {
        return Err(invalid("/notice", "not_in_force"));
    }
    match newest(all, found.notice.series, at) {
        Some(newest) if newest.id != id => Err(invalid("/notice", "superseded")),
        _ => Ok(&found.notice),
    }
}

/// Whether what was given now is not older than what the header names of the same series.
fn moves_on(all: &[Published], held: Option<Uuid>, given: &Notice) -> bool {
    let held = all.iter().find(|p| Some(p.id) == held);
    held.is_none_or(|held| held.notice.series != given.series || held.notice.version < given.version)
}

/// What the register said at first, kept as a delivery of its own before the header names another version.
async fn before(
    vault: &Vault,
    resident: Uuid,
    held: &Header,
    all: &[Published],
) -> Result<Option<Row>, RegisterError> {
    let Some(first) = held.notice else { return Ok(None) };
    if deliveries(vault, resident).await?.iter().any(|(_, delivery)| delivery.notice == Some(first)) {
        return Ok(None);
    }
    let delivery = Delivery {
        notice: Some(first),
        hash: all.iter().find(|p| p.id == first).map(|p| p.notice.hash.clone()),
        channel: None,
        at: collected_at(vault, held).await?.unwrap_or_default(),
        by: None,
        witness: None,
        confirmed_by: None,
        evidence: None,
    };
    let id = Uuid::now_v7();
    Ok(Some(vault.keys.row(Table::Deliveries, id.as_bytes(), 1, Some(resident.as_bytes()), &delivery)?))
}

/// What was owed to that resident and is told now: each open, and the resident's.
async fn told(
    vault: &Vault,
    resident: Uuid,
    dues: &[Uuid],
    delivery: Uuid,
    now: i64,
) -> Result<Vec<Row>, RegisterError> {
    let mut rows = Vec::with_capacity(dues.len());
    for id in dues {
        let row =
            vault.store.row(Table::Dues, id.as_bytes()).await?.ok_or(RegisterError::Unknown("/dues"))?;
        let due: Option<Due> = vault.keys.check(&row);
        let owed = due.filter(|due| due.resident == resident && due.since <= now);
        let mut due = owed.ok_or(RegisterError::Unknown("/dues"))?;
        if due.told.is_some() {
            return Err(RegisterError::Conflict);
        }
        due.told = Some(delivery);
        rows.push(vault.keys.row(Table::Dues, &row.id, row.rev + 1, row.parent.as_deref(), &due)?);
    }
    Ok(rows)
}

/// A notice that is named must be one under which data may be collected now.
pub(crate) async fn collects_now(vault: &Vault, id: Option<Uuid>, now: i64) -> Result<(), RegisterError> {
    let Some(id) = id else { return Ok(()) };
    let found = notice(vault, id).await?.ok_or(RegisterError::Unknown("/notice"))?;
    match found.notice.live(now) && found.notice.series.collects() {
        true => Ok(()),
        false => Err(invalid("/notice", "not_in_force")),
    }
}
