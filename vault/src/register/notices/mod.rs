//! Notices to residents (告知书): one person proposes a version, another approves it, a privacy officer being one of the two.

mod content;

use std::collections::BTreeMap;

use gridvault_audit::{Json, Kind};
use gridvault_policy::{Purpose, Role};
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use uuid::Uuid;

pub use content::{Item, content, hash, items_of, uses};

use super::tasks::invalid;
use super::{RegisterError, entry, word};
use crate::Vault;
use crate::authority::{Notice, NoticeItems, Series};
use crate::clock::{civil_date, parse_time, start_of_day};
use crate::identity::{Caller, Party};
use crate::store::{Row, Table};
use crate::trail::{Act, Change};

/// A version of a notice as proposed; its number follows the newest of its series.
#[derive(Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNotice {
    /// Its series.
    pub series: Series,
    /// What it says, by language: `zh-CN` always, `en` where wanted.
    #[schemars(extend("propertyNames" = serde_json::json!({ "enum": ["zh-CN", "en"] }), "required" = ["zh-CN"]))]
    pub items: BTreeMap<String, NoticeItems>,
    /// The purposes that it speaks of.
    #[schemars(with = "Vec<crate::words::PurposeWord>", length(min = 1, max = 21))]
    pub purposes: Vec<Purpose>,
    /// The list of what is collected (清单).
    #[schemars(with = "Vec<crate::words::StoredFieldWord>", length(min = 1, max = 128))]
    pub fields: Vec<String>,
    /// From when it is valid; today at the earliest.
    #[schemars(with = "crate::words::When")]
    pub valid_from: String,
    /// Whether purpose, way or kinds of data change, so that consents need renewal (PIPL 14(2)).
    #[serde(default)]
    pub material_change: bool,
}

/// A version with its id.
pub struct Published {
    /// Its id.
    pub id: Uuid,
    /// The version.
    pub notice: Notice,
}

/// Proposes the next version of a series, by a data steward or a privacy officer; gives its id. It counts when another person
/// has approved it and its day has come.
///
/// # Errors
/// `Invalid` with a pointer where an item of PIPL 17 or 30 is missing or a field is not for the purposes; `Conflict` while another
/// version of the series waits for approval; `Forbidden` for other roles.
pub async fn propose_notice(
    vault: &Vault,
    caller: &Caller,
    new: NewNotice,
    request: &str,
) -> Result<Uuid, RegisterError> {
    let person = keeper(caller)?;
    let of_series = of_series(vault, new.series).await?;
    if of_series.iter().any(|p| p.notice.approved.len() < 2 && !p.notice.refused) {
        return Err(RegisterError::Conflict);
    }
    let valid_from = parse_time(&new.valid_from).ok_or_else(|| invalid("/valid_from", "time"))?;
    if start_of_day(civil_date(caller.now())).is_some_and(|today| valid_from < today) {
        return Err(invalid("/valid_from", "in_the_past"));
    }
    let mut notice = Notice {
        series: new.series,
        version: of_series.last().map_or(1, |newest| newest.notice.version + 1),
        hash: String::new(),
        purposes: new.purposes,
        fields: new.fields,
        items: new.items,
        valid_from,
        material_change: new.material_change,
        approved: vec![person],
        by_officer: caller.role() == Role::PrivacyOfficer,
        approved_at: None,
        refused: false,
    };
    let before = of_series.iter().rev().map(|p| &p.notice).find(|notice| notice.approved_at.is_some());
    content::check(&vault.book.load(), &notice, before)?;
    notice.hash = hash(&notice);
    let id = id_of(new.series, notice.version);
    enter(vault, caller, (id, 1), &notice, ("approved", 1), request).await?;
    Ok(id)
}

/// Approves a proposed version, by a person other than its author; of the two one has to be a privacy officer.
///
/// # Errors
/// `Forbidden` for the author and for other roles; `Conflict` where it is decided upon already.
pub async fn approve_notice(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    request: &str,
) -> Result<(), RegisterError> {
    let person = keeper(caller)?;
    let (row, mut notice) = find(vault, id).await?;
    let officer = notice.by_officer || caller.role() == Role::PrivacyOfficer;
    if notice.approved.contains(&person) || !officer {
        return Err(RegisterError::Forbidden);
    }
    if notice.approved.len() >= 2 || notice.refused {
        return Err(RegisterError::Conflict);
    }
    // What the rules have come to meanwhile counts, not what they were.
    let of_series = of_series(vault, notice.series).await?;
    let before = of_series.iter().rev().map(|p| &p.notice).find(|notice| notice.approved_at.is_some());
    content::check(&vault.book.load(), &notice, before)?;
    notice.approved.push(person);
    notice.by_officer = officer;
    notice.approved_at = Some(caller.now());
    enter(vault, caller, (id, row.rev + 1), &notice, ("approved", 2), request).await
}

/// Refuses a proposed version, or takes the own one back: it never counts, and another may be proposed.
///
/// # Errors
/// As for approving, but the author may.
pub async fn refuse_notice(
    vault: &Vault,
    caller: &Caller,
    id: Uuid,
    request: &str,
) -> Result<(), RegisterError> {
    keeper(caller)?;
    let (row, mut notice) = find(vault, id).await?;
    if notice.approved.len() >= 2 || notice.refused {
        return Err(RegisterError::Conflict);
    }
    notice.refused = true;
    enter(vault, caller, (id, row.rev + 1), &notice, ("refused", 1), request).await
}

/// Every version whose row holds, by series and number.
pub async fn notices(vault: &Vault) -> Result<Vec<Published>, RegisterError> {
    let mut all: Vec<Published> =
        vault.store.all(Table::Notices).await?.iter().filter_map(|row| read(vault, row)).collect();
    all.sort_by_key(|p| (p.notice.series, p.notice.version));
    Ok(all)
}

/// The version of that id, whatever has become of it.
pub async fn notice(vault: &Vault, id: Uuid) -> Result<Option<Published>, RegisterError> {
    let row = vault.store.row(Table::Notices, id.as_bytes()).await?;
    Ok(row.and_then(|row| read(vault, &row)))
}

/// The version of that id, if it counts on that moment and residents are given it before their data are collected.
pub async fn collecting_notice(vault: &Vault, id: Uuid, at: i64) -> Result<Option<Notice>, RegisterError> {
    let found = notice(vault, id).await?.map(|found| found.notice);
    Ok(found.filter(|notice| notice.live(at) && notice.series.collects()))
}

/// Of these versions the newest of that series that counts on that moment.
pub fn newest(all: &[Published], series: Series, at: i64) -> Option<&Published> {
    let of_series = all.iter().filter(|p| p.notice.series == series && p.notice.live(at));
    of_series.max_by_key(|p| p.notice.version)
}

fn read(vault: &Vault, row: &Row) -> Option<Published> {
    Some(Published { id: Uuid::from_slice(&row.id).ok()?, notice: vault.keys.check(row)? })
}

async fn of_series(vault: &Vault, series: Series) -> Result<Vec<Published>, RegisterError> {
    let all = notices(vault).await?;
    Ok(all.into_iter().filter(|p| p.notice.series == series).collect())
}

async fn find(vault: &Vault, id: Uuid) -> Result<(Row, Notice), RegisterError> {
    let row = vault.store.row(Table::Notices, id.as_bytes()).await?.ok_or(RegisterError::Unknown("/id"))?;
    let notice = vault.keys.check(&row).ok_or(RegisterError::Unknown("/id"))?;
    Ok((row, notice))
}

/// A version is made once: two who propose at the same time meet at the same id.
fn id_of(series: Series, version: u32) -> Uuid {
    let digest = digest(&SHA256, format!("notice/{}/{version}", series.as_str()).as_bytes());
    let bytes = digest.as_ref().first_chunk().copied().unwrap_or_default();
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

async fn enter(
    vault: &Vault,
    caller: &Caller,
    (id, rev): (Uuid, i64),
    notice: &Notice,
    (step, count): (&'static str, i64),
    request: &str,
) -> Result<(), RegisterError> {
    let row = vault.keys.row(Table::Notices, id.as_bytes(), rev, None, notice)?;
    let mut published = entry(Kind::NoticePublished, caller, request);
    let detail = &mut published.private.detail;
    detail.insert("notice", word(id.to_string()));
    detail.insert("series", word(notice.series.as_str()));
    detail.insert("version", Json::Int(i64::from(notice.version)));
    detail.insert("sha256", word(&notice.hash));
    detail.insert(step, Json::Int(count));
    vault.log.record(Act::new(&vault.keys, published, Change::rows(vec![row]))).await?;
    Ok(())
}

/// The person, where the post is one that keeps the register or watches over it.
fn keeper(caller: &Caller) -> Result<Uuid, RegisterError> {
    match caller.party() {
        Party::Post(post) if matches!(post.assignment.role, Role::DataSteward | Role::PrivacyOfficer) => {
            Ok(post.assignment.person)
        }
        _ => Err(RegisterError::Forbidden),
    }
}
