//! Who was really looked up by a task, as the trail has it, and that each of them is owed word.

use std::collections::HashSet;

use data_encoding::HEXLOWER;
use gridvault_audit::{Json, Kind};
use gridvault_policy::Purpose;
use uuid::Uuid;

use super::course::task_moved;
use super::{find, int, moved};
use crate::Vault;
use crate::authority::{Due, Header, Why};
use crate::clock::days;
use crate::register::begin::system;
use crate::register::dues::owe;
use crate::register::{RegisterError, word};
use crate::store::{Row, StoredEntry, Table};
use crate::trail::{Act, Aspect, Change, Question};

/// A resident is told of an emergency within 72 hours of its beginning (PIPL 18(2)).
const TOLD_WITHIN: i64 = days(3);
/// Entries read at a time.
const PAGE: usize = 256;

/// Settles an emergency that is over: whoever was looked up by it is owed word, and it is closed where its time ran out.
pub(super) async fn emergency(vault: &Vault, id: Uuid) -> Result<(), RegisterError> {
    let ((row, mut emergency), (task_row, mut task)) = find(vault, id).await?;
    let now = vault.now();
    if emergency.looked_up.is_some() || !emergency.over(now) {
        return Ok(());
    }
    let seen = looked_up(vault, id, emergency.at, &emergency.residents).await?;
    let by = emergency.at.saturating_add(TOLD_WITHIN);
    let mut rows = owed(vault, &seen, (Why::Emergency, id), (now, by)).await?;
    let owed = rows.len();
    emergency.looked_up = Some(u32::try_from(seen.len()).unwrap_or(u32::MAX));
    rows.push(moved(vault, &row, &emergency)?);
    let mut unlinks = Vec::new();
    if task.closed.is_none() {
        unlinks = task.records().map(|record| (id, record)).collect();
        (task.closed, task.outcome) = (Some(now), Some("expired".to_owned()));
        rows.push(task_moved(vault, &task_row, &task)?);
    }
    let mut settled = system(Kind::EmergencyEnded);
    settled.public.purpose = Some(Purpose::EmergencyRescue.as_str().into());
    settled.private.task = Some(id.to_string());
    settled.private.detail.insert("emergency", word(id.to_string()));
    settled.private.detail.insert("looked_up", int(seen.len()));
    settled.private.detail.insert("owed", int(owed));
    settled.private.detail.insert("expired", Json::Int(i64::from(emergency.ended.is_none())));
    let change = Change { unlinks, ..Change::rows(rows) };
    vault.log.record(Act::new(&vault.keys, settled, change)).await?;
    Ok(())
}

/// Rows by which these residents are owed word, but for those who are already.
pub(in crate::register) async fn owed(
    vault: &Vault,
    residents: &[Uuid],
    (why, about): (Why, Uuid),
    when: (i64, i64),
) -> Result<Vec<Row>, RegisterError> {
    let keys: Vec<&[u8]> = residents.iter().map(|id| &id.as_bytes()[..]).collect();
    let dues = if keys.is_empty() { Vec::new() } else { vault.store.children_of(Table::Dues, &keys).await? };
    let dues = dues.iter().filter_map(|row| vault.keys.check::<Due>(row));
    let already: HashSet<Uuid> =
        dues.filter(|due| due.about == about && due.why == why).map(|due| due.resident).collect();
    let mut rows = Vec::new();
    for resident in residents.iter().filter(|resident| !already.contains(*resident)) {
        rows.push(owe(&vault.keys, *resident, (why, about), when)?);
    }
    Ok(rows)
}

/// Those of the residents of whom something was shown, or confirmed, by lookups under that task. Where a former life of the log
/// may hold some of them, all: rather one told too much than one too few.
pub(in crate::register) async fn looked_up(
    vault: &Vault,
    task: Uuid,
    since: i64,
    residents: &[Uuid],
) -> Result<Vec<Uuid>, RegisterError> {
    if vault.store.time_of(0).await?.is_none_or(|first| since < first) {
        return Ok(residents.to_vec());
    }
    let kinds = [Kind::Lookup, Kind::Verification].map(|kind| kind.as_str().to_owned());
    let mut question = Question {
        words: vec![(Aspect::Kind, kinds.to_vec()), (Aspect::Task, vec![task.to_string()])],
        from: Some(since),
        limit: PAGE,
        ..Question::default()
    };
    let mut tags = HashSet::new();
    loop {
        let page = vault.questions.ask(&question).await?;
        tags.extend(page.entries.iter().filter_map(shown));
        match page.next {
            Some(next) => question.after = Some(next),
            None => break,
        }
    }
    let keys: Vec<&[u8]> = residents.iter().map(|id| &id.as_bytes()[..]).collect();
    let rows = vault.store.rows(Table::Records, &keys).await?;
    let seen = rows.iter().filter_map(|row| {
        let header: Header = vault.keys.check(row)?;
        let id = Uuid::from_slice(&row.id).ok()?;
        tags.contains(&header.tag).then_some(id)
    });
    Ok(seen.collect())
}

/// The tag of the person of whom that entry's lookup showed something.
fn shown(entry: &StoredEntry) -> Option<String> {
    let public = Json::parse_canonical(&entry.public).ok()?;
    if public.text("result") == Some("denied") {
        return None;
    }
    let private = Json::parse_canonical(entry.private.as_deref()?).ok()?;
    let tag = private.get("subject")?.text("tag")?;
    HEXLOWER.decode(tag.as_bytes()).ok().map(|_| tag.to_owned())
}
