//! What posts were granted, and what they used of it in the last days: the nominal posting to all grids shows here (挂名).
//! Posts, never names.

use std::collections::{BTreeSet, HashMap, HashSet};

use gridvault_audit::{Json, Kind};
use gridvault_policy::{Action, Basis, Department, Purpose, Role, instruments};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{RegisterError, entry, word};
use crate::Vault;
use crate::authority::{AreaMap, Assignment, Header, Letter, Level};
use crate::clock::{day, days, rfc3339};
use crate::identity::{Caller, Party};
use crate::store::{EntryFilter, StoredEntry, Table};
use crate::trail::{Act, Change};

/// Entries, and rows of records, read at a time.
const AT_A_TIME: i64 = 2048;
/// Lookups that one answer counts; of more it says that it is not all.
const MOST: usize = 200_000;

/// What a post did.
#[derive(Default)]
struct Used {
    lookups: u64,
    refused: u64,
    purposes: BTreeSet<String>,
    /// Which records, by their tags, and when last.
    tags: HashMap<String, i64>,
    grids: HashSet<String>,
}

/// Per post: grids and purposes granted, and used in the last so many days. A privacy officer's or an auditor's; that it was
/// read is on record.
pub async fn usage(vault: &Vault, caller: &Caller, last: i64, request: &str) -> Result<Value, RegisterError> {
    match caller.party() {
        Party::Post(_) if matches!(caller.role(), Role::PrivacyOfficer | Role::Auditor) => {}
        _ => return Err(RegisterError::Forbidden),
    }
    let mut read = entry(Kind::TrailRead, caller, request);
    read.private.detail.insert("view", word("usage"));
    read.private.detail.insert("days", Json::Int(last));
    vault.log.record(Act::new(&vault.keys, read, Change::none())).await?;
    let (now, from) = (caller.now(), caller.now().saturating_sub(days(last)));
    let mut posts: Vec<(Uuid, Assignment)> = Vec::new();
    for row in vault.store.all(Table::Assignments).await? {
        if let (Ok(id), Some(post)) = (Uuid::from_slice(&row.id), vault.keys.check::<Assignment>(&row)) {
            posts.push((id, post));
        }
    }
    let (mut used, whole) = looked(vault, from).await?;
    grids(vault, &posts, &mut used).await?;
    let letters: Vec<Letter> =
        vault.store.all(Table::Letters).await?.iter().filter_map(|row| vault.keys.check(row)).collect();
    let areas = vault.areas();
    let none = Used::default();
    let list: Vec<Value> = posts
        .iter()
        .filter(|(id, post)| post.live(now) || used.contains_key(id))
        .map(|(id, post)| {
            let used = used.get(id).unwrap_or(&none);
            let letters: Vec<&Letter> = letters.iter().filter(|of| of.person == post.person).collect();
            json!({ "id": id, "label": label(&areas, post), "live": post.live(now),
                "grids_granted": cells(&areas, post, now).len(), "grids_used": used.grids.len(),
                "lookups": used.lookups, "refused": used.refused,
                "purposes_granted": granted(vault, post, &letters, now), "purposes_used": used.purposes })
        })
        .collect();
    Ok(json!({ "from": rfc3339(from), "to": rfc3339(now), "whole": whole, "assignments": list }))
}

/// Lookups since then by the post acted in, or acted for; and whether these are all.
async fn looked(vault: &Vault, from: i64) -> Result<(HashMap<Uuid, Used>, bool), RegisterError> {
    let mut used: HashMap<Uuid, Used> = HashMap::new();
    let mut after = vault.questions.since(from).await? - 1;
    let mut seen = 0;
    loop {
        let filter = EntryFilter {
            kinds: vec![Kind::Lookup.as_str().to_owned()],
            after: Some(after),
            limit: AT_A_TIME,
            ..EntryFilter::default()
        };
        let entries = vault.store.entries(&filter).await?;
        let Some(last) = entries.last() else { return Ok((used, true)) };
        after = last.seq;
        seen += entries.len();
        for entry in &entries {
            take(&mut used, entry);
        }
        if seen >= MOST {
            return Ok((used, false));
        }
    }
}

fn take(used: &mut HashMap<Uuid, Used>, entry: &StoredEntry) -> Option<()> {
    let public: Value = serde_json::from_slice(&entry.public).ok()?;
    let private: Value = serde_json::from_slice(entry.private.as_deref()?).ok()?;
    let actor = private.get("actor")?;
    let post = actor.get("assignment").or_else(|| actor.get("on_behalf_of"))?;
    let used = used.entry(post.as_str()?.parse().ok()?).or_default();
    if public.get("result").and_then(Value::as_str) == Some("denied") {
        used.refused += 1;
        return Some(());
    }
    used.lookups += 1;
    used.purposes.extend(public.get("purpose").and_then(Value::as_str).map(str::to_owned));
    let tag = private.pointer("/subject/tag").and_then(Value::as_str)?;
    used.tags.insert(tag.to_owned(), entry.at);
    Some(())
}

/// In which cells of its scheme each post looked something up, as the map was then.
async fn grids(
    vault: &Vault,
    posts: &[(Uuid, Assignment)],
    used: &mut HashMap<Uuid, Used>,
) -> Result<(), RegisterError> {
    let wanted: HashSet<String> = used.values().flat_map(|used| used.tags.keys().cloned()).collect();
    let mut found: HashMap<String, Header> = HashMap::new();
    let mut after = Vec::new();
    while found.len() < wanted.len() {
        let rows = vault.store.behind(Table::Records, &after, AT_A_TIME).await?;
        let Some(last) = rows.last() else { break };
        after.clone_from(&last.id);
        for row in &rows {
            let read = serde_json::from_slice::<Header>(&row.body).ok();
            if read.as_ref().is_some_and(|header| wanted.contains(&header.tag))
                && let Some(header) = vault.keys.check_read(row, read)
            {
                found.insert(header.tag.clone(), header);
            }
        }
    }
    let places: Vec<Uuid> = found.values().filter_map(|header| header.place).collect();
    let keys: Vec<&[u8]> = places.iter().map(|id| &id.as_bytes()[..]).collect();
    let mut homes: HashMap<Uuid, Header> = HashMap::new();
    for row in vault.store.rows(Table::Records, &keys).await? {
        if let (Ok(id), Some(header)) = (Uuid::from_slice(&row.id), vault.keys.check(&row)) {
            homes.insert(id, header);
        }
    }
    for (id, post) in posts {
        let Some(used) = used.get_mut(id) else { continue };
        for (tag, at) in &used.tags {
            let Some(header) = found.get(tag) else { continue };
            let place = header.place.and_then(|place| homes.get(&place)).unwrap_or(header);
            used.grids.extend(place.cell(post.scheme, *at).map(str::to_owned));
        }
    }
    Ok(())
}

/// The cells that a post reaches: its own, and those below its communities and streets.
fn cells<'a>(areas: &'a AreaMap, post: &Assignment, at: i64) -> HashSet<&'a str> {
    let below = |code: &str| post.areas.iter().any(|own| own == code);
    let reached = |code: &str| {
        let mut code = Some(code.to_owned());
        // A cell lies in a community, and that in the street.
        for _ in 0..3 {
            let Some(at) = code else { return false };
            if below(&at) {
                return true;
            }
            code = areas.find(post.scheme, &at).and_then(|area| area.parent.clone());
        }
        false
    };
    let live = areas.all().filter(|area| area.scheme == post.scheme && area.level == Level::Grid);
    let live = live.filter(|area| area.from <= at && area.to.is_none_or(|to| at < to));
    live.filter(|area| reached(&area.code)).map(|area| area.code.as_str()).collect()
}

/// The purposes that a post could look something up for, if there were tasks and consents.
fn granted(vault: &Vault, post: &Assignment, letters: &[&Letter], at: i64) -> Vec<Purpose> {
    let book = vault.book.load();
    let (role, department) = (post.role, post.department);
    let holds = |purpose: Purpose, basis: Basis| match basis {
        Basis::StatutoryDuty => {
            let named = post.instrument.as_deref();
            instruments().grant(role, department, named, purpose, day(at)).is_ok()
        }
        Basis::Delegation => letters.iter().any(|letter| {
            letter.live(at) && letter.department == department && letter.purposes.contains(&purpose)
        }),
        _ => true,
    };
    let could = |purpose: &&Purpose| {
        Basis::ALL.iter().any(|basis| {
            book.uses_basis(role, department, **purpose, *basis, Action::View) && holds(**purpose, *basis)
        })
    };
    Purpose::ALL.iter().filter(could).copied().collect()
}

/// A post in words: where, of which department, as what.
fn label(areas: &AreaMap, post: &Assignment) -> String {
    let first = post.areas.first().and_then(|code| areas.find(post.scheme, code));
    let area = first.map_or("", |area| area.name.as_str());
    let department = if post.department == Department::None { "" } else { post.department.zh() };
    format!("{area}{department}{}", post.role.zh())
}
