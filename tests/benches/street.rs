//! What is measured on: a street imported as a real one, and residents of one grid who each have a task and a consent.

use std::sync::Arc;
use std::time::Instant;

use gridvault::authority::{ConsentState, Header, Holder, TaskKind};
use gridvault::clock::{SystemClock, civil_date, days, rfc3339};
use gridvault::demo::{make, refresh};
use gridvault::identity::{Capacity, identify};
use gridvault::register::{NewConsent, NewTask, issue_token, open_task, record_consent};
use gridvault::seal::Secret;
use gridvault::store::Table;
use gridvault::trail::{Act, Change};
use gridvault::{Daily, Layout, Nature, Vault};
use gridvault_policy::{AgeClass, Posture, Purpose, RecordType, Scheme};
use gridvault_tests::Site;
use serde_json::json;
use uuid::Uuid;

/// Ten fields of three tiers, some of the home's: clear, masked, derived and denied ones.
pub const FIELDS: [&str; 10] = [
    "person.name",
    "person.phone",
    "person.sex",
    "person.language_need",
    "premises.address",
    "person.birth_date",
    "elder.living_alone",
    "disability.category",
    "derived.age_over_80",
    "derived.reachable_by_phone",
];

/// Entries in one group.
const TOGETHER: u64 = 512;

pub struct Street {
    pub site: Arc<Site>,
    pub vault: Arc<Vault>,
    pub token: String,
    /// A body each, of lookups that are allowed.
    pub bodies: Vec<String>,
    /// Residents imported in a second, each with its entry.
    pub imported: f64,
}

impl Street {
    pub async fn make(site: Site, residents: u32, asked: usize) -> Self {
        let vault =
            gridvault_tests::open(&unbounded(&site), Arc::new(SystemClock), Some(Nature::Synthetic)).await;
        let begun = Instant::now();
        let mut demo = make(&vault, residents, 7).await.unwrap();
        let imported = f64::from(residents) / begun.elapsed().as_secs_f64();
        refresh(&vault, &mut demo).await.unwrap();
        let token = demo.callers[0].token.clone();
        let (post, area) = (demo.tasks[0].assignment, demo.callers[0].area.clone().unwrap());
        let steward = demo.caller("data_steward", "none").unwrap().token.clone();
        let mut bodies = Vec::new();
        for resident in living_in(&vault, &area, asked).await {
            bodies.push(prepared(&vault, &steward, resident, post).await);
        }
        Self { site: Arc::new(site), vault: Arc::new(vault), token, bodies, imported }
    }

    /// Appends entries as large as a lookup's, of residents at random, until the log has so many; how many in a second.
    pub async fn fill(&self, entries: u64) -> f64 {
        let size = self.vault.store.head().await.unwrap().unwrap().size;
        let missing = entries.saturating_sub(u64::try_from(size).unwrap());
        let (mut rng, begun) = (fastrand::Rng::with_seed(7), Instant::now());
        for _ in 0..missing.div_ceil(TOGETHER) {
            let acts = (0..TOGETHER).map(|_| {
                let mut entry = gridvault_tests::lookup_entry(&FIELDS);
                let subject = entry.private.subject.as_mut().unwrap();
                for tag in [&mut subject.tag, subject.place.as_mut().unwrap()] {
                    *tag = u128::from(rng.u64(..100_000)).to_be_bytes();
                }
                Act::new(&self.vault.keys, entry, Change::none())
            });
            self.vault.log.record_all(acts.collect()).await.unwrap();
        }
        missing as f64 / begun.elapsed().as_secs_f64()
    }

    /// The same street, for another instance.
    pub fn again(&self) -> Self {
        Self {
            site: Arc::clone(&self.site),
            vault: Arc::clone(&self.vault),
            token: self.token.clone(),
            bodies: self.bodies.clone(),
            imported: self.imported,
        }
    }
}

/// The chief of the bench is given everybody at once.
fn unbounded(site: &Site) -> Layout {
    Layout { daily: Daily { per_worker: u32::MAX, per_service: u32::MAX }, ..site.layout() }
}

/// Living adults whose home is in that grid.
async fn living_in(vault: &Vault, area: &str, most: usize) -> Vec<Uuid> {
    let rows = vault.store.all(Table::Records).await.unwrap();
    let headers: Vec<(Uuid, Header)> =
        rows.iter().map(|row| (Uuid::from_slice(&row.id).unwrap(), vault.keys.check(row).unwrap())).collect();
    let homes: std::collections::HashSet<_> = headers
        .iter()
        .filter(|(_, h)| h.cells.get(&Scheme::SocialGrid).is_some_and(|cell| cell == area))
        .map(|(id, _)| *id)
        .collect();
    let person = |h: &Header| h.kind == RecordType::Person && h.place.is_some_and(|p| homes.contains(&p));
    let mut living = Vec::new();
    for (id, header) in headers.iter().filter(|(_, h)| person(h) && h.consents == 0) {
        let rows = vault.store.locate(id.as_bytes(), None).await.unwrap();
        let own = rows.envelopes.iter().find(|e| e.record == id.as_bytes()).unwrap();
        let (age, deceased) = vault.keys.facts(own, header.envelopes, civil_date(vault.now())).unwrap();
        if age == AgeClass::Adult && !deceased && living.len() < most {
            living.push(*id);
        }
    }
    living
}

/// A task of the chief's and a consent of the resident's own; gives the lookup's body.
async fn prepared(vault: &Vault, steward: &str, resident: Uuid, post: Uuid) -> String {
    let caller = async |token: &Secret| identify(vault, token, Capacity::default()).await.unwrap();
    let new = NewTask {
        source: "bench".into(),
        number: resident.to_string(),
        kind: TaskKind::Visit,
        purpose: Purpose::HomeVisitCare,
        residents: vec![resident],
        premises: vec![],
        assignees: vec![post],
        fields: Vec::new(),
        opens: Some(rfc3339(vault.now())),
        closes: Some(rfc3339(vault.now() + days(14))),
        late: false,
        same_as: None,
        case: None,
    };
    let task = open_task(vault, &caller(&Secret::new(steward)).await, new, "").await.unwrap().id;
    let token = issue_token(vault, Holder::Resident(resident), Posture::Unmanaged, days(1)).await.unwrap();
    gridvault::register::invented_factor(vault, resident).await.unwrap();
    let consent = NewConsent::new(Purpose::HomeVisitCare, ConsentState::Given, "self_service");
    record_consent(vault, &caller(&token).await, resident, consent, "").await.unwrap();
    json!({ "resident": resident, "fields": FIELDS, "purpose": "home_visit_care", "task": task, "assignment": post })
        .to_string()
}
