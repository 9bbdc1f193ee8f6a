//! The map as a whole: what is wrong with it before a worker or a resident finds out.

use std::collections::{BTreeMap, HashMap};

use gridvault_policy::{RecordType, Role, Scheme};
use serde_json::{Value, json};

use super::RegisterError;
use super::services::reads;
use crate::Vault;
use crate::authority::{Area, Assignment, Header, Level};
use crate::clock::rfc3339;
use crate::identity::Caller;
use crate::store::Table;

/// Examples given of each fault.
const EXAMPLES: usize = 20;

/// Every area of every scheme, as it stands.
pub fn areas(vault: &Vault) -> Vec<Value> {
    let areas = vault.areas();
    let mut all: Vec<&Area> = areas.all().collect();
    all.sort_by(|a, b| (a.scheme, &a.code).cmp(&(b.scheme, &b.code)));
    let now = vault.now();
    let say = |area: &Area| {
        let mut out = json!({ "scheme": area.scheme, "code": area.code, "level": area.level, "name": area.name,
            "from": rfc3339(area.from), "live": area.from <= now && area.to.is_none_or(|to| now < to) });
        let more =
            [("parent", area.parent.clone()), ("to", area.to.map(rfc3339)), ("into", area.into.clone())];
        for (name, value) in more {
            if let (Some(value), Some(out)) = (value, out.as_object_mut()) {
                out.insert(name.into(), value.into());
            }
        }
        out
    };
    all.into_iter().map(say).collect()
}

/// Looks the map over: premises without a cell in a scheme or in one that has ended, cells without a live chief, posts on
/// ended cells, and how many posts reach a premises.
pub async fn check_areas(vault: &Vault, caller: &Caller) -> Result<Value, RegisterError> {
    reads(caller)?;
    let (areas, now) = (vault.areas(), caller.now());
    let mut posts: Vec<(String, Assignment)> = Vec::new();
    for row in vault.store.all(Table::Assignments).await? {
        if let Some(post) = vault.keys.check::<Assignment>(&row).filter(|post| post.live(now)) {
            posts.push((row.table.row_name(&row.id), post));
        }
    }
    let live = |area: &Area| area.from <= now && area.to.is_none_or(|to| now < to);
    let schemes: Vec<Scheme> =
        Scheme::ALL.iter().copied().filter(|scheme| areas.all().any(|a| a.scheme == *scheme)).collect();
    let has_chief = |area: &Area| {
        let chief = |post: &Assignment| {
            post.role == Role::GridChief && post.scheme == area.scheme && post.areas.contains(&area.code)
        };
        posts.iter().any(|(_, post)| chief(post))
    };
    let chiefless = areas
        .all()
        .filter(|area| area.scheme == Scheme::SocialGrid && area.level == Level::Grid && live(area))
        .filter(|area| !has_chief(area))
        .map(|area| area.code.clone());
    let stray = posts.iter().filter(|(_, post)| {
        post.areas.iter().any(|code| areas.find(post.scheme, code).is_none_or(|area| !live(area)))
    });
    let mut faults = Faults::default();
    faults.add("cells_without_chief", chiefless);
    faults.add("posts_on_ended_areas", stray.map(|(name, _)| name.clone()));
    // How many posts name a cell, or an area above it: the same for every premises in it.
    let mut reach: HashMap<(Scheme, String), usize> = HashMap::new();
    let mut histogram: BTreeMap<usize, u64> = BTreeMap::new();
    let (mut nowhere, mut ended, mut premises) = (Vec::new(), Vec::new(), 0u64);
    for row in vault.store.all(Table::Records).await? {
        let Some(header) = vault.keys.check::<Header>(&row) else { continue };
        if header.kind != RecordType::Premises {
            continue;
        }
        premises += 1;
        let name = row.table.row_name(&row.id);
        let mut posts_here = 0;
        for scheme in &schemes {
            match header.cell(*scheme, now) {
                None => nowhere.push(format!("{name} {scheme}")),
                Some(code) if areas.cell(*scheme, code, now).is_none() => {
                    ended.push(format!("{name} {scheme}"));
                }
                Some(code) => {
                    let counted = reach.entry((*scheme, code.to_owned())).or_insert_with(|| {
                        let near = |post: &&(String, Assignment)| {
                            post.1.scheme == *scheme
                                && areas.relation(*scheme, &post.1.areas, Some(code), now)
                                    == gridvault_policy::Relation::OwnGrid
                        };
                        posts.iter().filter(near).count()
                    });
                    posts_here += *counted;
                }
            }
        }
        *histogram.entry(posts_here).or_default() += 1;
    }
    faults.add("premises_without_cell", nowhere.into_iter());
    faults.add("premises_in_ended_cell", ended.into_iter());
    let histogram: Vec<Value> = histogram
        .into_iter()
        .map(|(posts, premises)| json!({ "posts": posts, "premises": premises }))
        .collect();
    Ok(json!({ "premises": premises, "sound": faults.0.iter().all(|f| f.get("count") == Some(&json!(0))),
        "faults": faults.0, "posts_per_premises": histogram }))
}

#[derive(Default)]
struct Faults(Vec<Value>);

impl Faults {
    fn add(&mut self, code: &str, found: impl Iterator<Item = String>) {
        let found: Vec<String> = found.collect();
        let examples: Vec<&String> = found.iter().take(EXAMPLES).collect();
        self.0.push(json!({ "code": code, "count": found.len(), "examples": examples }));
    }
}
