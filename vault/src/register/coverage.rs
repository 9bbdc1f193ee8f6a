//! How many residents are informed, by grid and community: nobody is named (D09).

use std::collections::{BTreeMap, HashMap};

use gridvault_audit::Kind;
use gridvault_policy::{RecordState, RecordType, Role, Scheme};
use serde_json::{Value, json};
use uuid::Uuid;

use super::notices::notices;
use super::told::standing;
use super::{RegisterError, entry, word};
use crate::Vault;
use crate::authority::{Header, Level};
use crate::identity::{Caller, Party};
use crate::store::Table;
use crate::trail::{Act, Change};

/// Residents of an area by what they were told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them.
    pub residents: u64,
    /// Informed by the version in force of the series that they were given.
    pub newest: u64,
    /// By an older one.
    pub older: u64,
    /// Not informed (`unnotified`).
    pub unnotified: u64,
}

impl Counts {
    fn add(&mut self, standing: &str) {
        self.residents += 1;
        match standing {
            "newest" => self.newest += 1,
            "older" => self.older += 1,
            _ => self.unnotified += 1,
        }
    }

    fn json(self) -> Value {
        json!({ "residents": self.residents, "informed": self.newest, "by_older_version": self.older,
            "unnotified": self.unnotified })
    }
}

/// Counts by the grid of the home; none: the home lies in no grid.
#[derive(Debug, Default)]
pub struct Coverage(BTreeMap<Option<String>, Counts>);

impl Coverage {
    /// Residents who were not informed by what is in force.
    pub fn uninformed(&self) -> u64 {
        self.0.values().map(|counts| counts.older + counts.unnotified).sum()
    }
}

/// Counts whoever is held; what is erased is not there any more.
pub(super) async fn coverage_of(vault: &Vault, now: i64) -> Result<Coverage, RegisterError> {
    let (all, areas) = (notices(vault).await?, vault.areas());
    let mut cells: HashMap<Uuid, String> = HashMap::new();
    let mut people: Vec<(Option<Uuid>, &'static str)> = Vec::new();
    for row in vault.store.all(Table::Records).await? {
        let Some(held) = vault.keys.check::<Header>(&row) else { continue };
        match held.kind {
            RecordType::Premises => {
                let cell = held.cell(Scheme::SocialGrid, now);
                let cell = cell.and_then(|code| areas.cell(Scheme::SocialGrid, code, now));
                if let (Ok(id), Some(cell)) = (Uuid::from_slice(&row.id), cell) {
                    cells.insert(id, cell.code.clone());
                }
            }
            RecordType::Person if held.state != RecordState::Erased => {
                people.push((held.place, standing(&all, held.notice, now)));
            }
            _ => {}
        }
    }
    let mut coverage = Coverage::default();
    for (home, standing) in people {
        let cell = home.and_then(|home| cells.get(&home).cloned());
        coverage.0.entry(cell).or_default().add(standing);
    }
    Ok(coverage)
}

/// How far residents are informed, by grid, by community and in all, for a data steward, a privacy officer or an auditor; that
/// it was read is on record.
///
/// # Errors
/// `Forbidden` for other roles.
pub async fn coverage(vault: &Vault, caller: &Caller, request: &str) -> Result<Value, RegisterError> {
    match caller.party() {
        Party::Post(post)
            if matches!(post.assignment.role, Role::DataSteward | Role::PrivacyOfficer | Role::Auditor) => {}
        _ => return Err(RegisterError::Forbidden),
    }
    let mut read = entry(Kind::TrailRead, caller, request);
    read.private.detail.insert("view", word("coverage"));
    vault.log.record(Act::new(&vault.keys, read, Change::none())).await?;
    let coverage = coverage_of(vault, caller.now()).await?;
    let areas = vault.areas();
    let mut communities: BTreeMap<String, Counts> = BTreeMap::new();
    let mut whole = Counts::default();
    for (cell, counts) in &coverage.0 {
        sum(&mut whole, *counts);
        let area = cell.as_ref().and_then(|code| areas.find(Scheme::SocialGrid, code));
        let community = area.and_then(|area| area.parent.clone());
        let community = community.filter(|code| {
            areas.find(Scheme::SocialGrid, code).is_some_and(|area| area.level == Level::Community)
        });
        if let Some(community) = community {
            sum(communities.entry(community).or_default(), *counts);
        }
    }
    let named = |code: &str, counts: Counts| {
        let name = areas.find(Scheme::SocialGrid, code).map_or("", |area| area.name.as_str());
        let mut out = counts.json();
        if let Some(out) = out.as_object_mut() {
            out.insert("area".into(), code.into());
            out.insert("name".into(), name.into());
        }
        out
    };
    let grids = coverage.0.iter().filter_map(|(code, counts)| Some(named(code.as_deref()?, *counts)));
    let grids: Vec<Value> = grids.collect();
    let nowhere = coverage.0.get(&None).copied().unwrap_or_default();
    let communities: Vec<Value> = communities.iter().map(|(code, counts)| named(code, *counts)).collect();
    Ok(
        json!({ "street": whole.json(), "communities": communities, "grids": grids, "in_no_grid": nowhere.json() }),
    )
}

fn sum(into: &mut Counts, more: Counts) {
    into.residents += more.residents;
    into.newest += more.newest;
    into.older += more.older;
    into.unnotified += more.unnotified;
}
