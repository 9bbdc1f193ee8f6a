//! How much one caller may ask in a day, counted from the trail: on every instance alike, and not to be reset.

use gridvault_audit::{Entry, Json, Kind, Private, Public, RecordError};

use crate::Vault;
use crate::clock::{civil_date, start_of_day};
use crate::identity::Caller;
use crate::permit::Sought;
use crate::store::StoreError;
use crate::trail::{Act, Change};

/// Searches a day by exact value, and by name.
const SEARCHES: usize = 300;
const NAME_SEARCHES: usize = 100;
/// A desk's service asks for all who sit there.
const DESK: usize = 10;
/// Misses a day on one record, and on all.
const MISSES: usize = 5;
const ALL_MISSES: usize = 50;
/// Entries looked at for one caller and day: well beyond what all quotas together let through.
const MOST: i64 = 20_000;

/// Whether this is the first time that it is too much today: then it is a finding.
pub(super) struct First(pub(super) bool);

/// What a caller searched for and had verified since the day began in Beijing.
pub(super) struct Today {
    entries: Vec<(String, Json)>,
}

impl Today {
    pub(super) async fn of(vault: &Vault, caller: &Caller) -> Result<Self, StoreError> {
        let since = start_of_day(civil_date(caller.now())).unwrap_or(0);
        let asked = vault.store.asked_since(&caller.actor().id, since, MOST).await?;
        // A service that acts for many is counted for each of them.
        let behalf = caller.actor().on_behalf_of;
        let read = |(kind, private): (String, Option<Vec<u8>>)| {
            let private = Json::parse_canonical(private.as_deref()?).ok()?;
            let same = private.get("actor")?.text("on_behalf_of") == behalf.as_deref();
            same.then_some((kind, private))
        };
        Ok(Self { entries: asked.into_iter().filter_map(read).collect() })
    }

    /// Whether one more search is one too many, and whether it is the first such.
    pub(super) fn searched_enough(&self, caller: &Caller, by_name: bool) -> Option<First> {
        let most = if by_name { NAME_SEARCHES } else { SEARCHES };
        let most = if caller.post().is_none() { most * DESK } else { most };
        let so_far = self.searches(by_name);
        (so_far >= most).then_some(First(so_far == most))
    }

    /// Searches by name, or by anything else.
    fn searches(&self, by_name: bool) -> usize {
        let by = |private: &Json| private.get("detail").and_then(|d| d.text("by")) == Some("name");
        self.entries.iter().filter(|(kind, private)| kind == "search" && by(private) == by_name).count()
    }

    /// Whether there were too many verifications in which nothing held, of that record or of all; and whether it was not
    /// said yet.
    pub(super) fn missed_enough(
        &self,
        vault: &Vault,
        caller: &Caller,
        kind: &str,
        value: &str,
    ) -> Option<First> {
        let on_it = self.missed().filter(|private| Sought::is(&vault.keys, private, kind, value)).count();
        let all = if caller.post().is_none() { ALL_MISSES * DESK } else { ALL_MISSES };
        let refused = |private: &&Json| private.get("detail").is_some_and(|d| d.get("too_many").is_some());
        let told = self.entries.iter().map(|(_, private)| private).filter(refused);
        let told = told.filter(|private| Sought::is(&vault.keys, private, kind, value)).count() > 0;
        (on_it >= MISSES || self.missed().count() >= all).then_some(First(!told))
    }

    fn missed(&self) -> impl Iterator<Item = &Json> {
        let miss = |private: &&Json| private.get("detail").is_some_and(|d| d.get("miss").is_some());
        self.entries.iter().map(|(_, private)| private).filter(miss)
    }
}

/// Raises the finding that a caller asks for too much.
pub(super) async fn raise(vault: &Vault, caller: &Caller, code: &'static str) -> Result<(), RecordError> {
    let mut detail = std::collections::BTreeMap::new();
    detail.insert("code", Json::from(code));
    let entry = Entry {
        public: Public {
            kind: Kind::FindingRaised,
            who: caller.who(),
            action: None,
            purpose: None,
            basis: None,
            fields: Vec::new(),
            obligations: Vec::new(),
            result: None,
            reason: Some("rate".into()),
            about: std::collections::BTreeMap::new(),
            policy: None,
        },
        private: Private {
            salt: None,
            actor: caller.actor(),
            subject: None,
            basis_ref: None,
            task: None,
            consent: None,
            facts: None,
            state: Vec::new(),
            request: None,
            detail,
        },
    };
    vault.log.record(Act::new(&vault.keys, entry, Change::none())).await.map(|_| ())
}

/// Seconds until the day ends in Beijing.
pub(super) fn until_tomorrow(now: i64) -> u32 {
    let tomorrow = civil_date(now).tomorrow().ok().and_then(start_of_day).unwrap_or(now);
    u32::try_from((tomorrow.saturating_sub(now) / 1_000_000).max(1)).unwrap_or(u32::MAX)
}
