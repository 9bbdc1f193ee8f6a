//! How much one person may ask in a day, over all posts, services acted through and instances. The count is a row of its own,
//! moved in the transaction of the entry that counts: two at once cannot both be the last.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use gridvault_audit::{Entry, Json, Kind, Private, Public, RecordError};
use gridvault_policy::Reason;
use serde::{Deserialize, Serialize};

use super::LookupError;
use crate::Vault;
use crate::clock::{civil_date, start_of_day};
use crate::identity::{Caller, Party};
use crate::permit::Count;
use crate::store::Table;
use crate::trail::{Act, Change};

/// Searches a day by exact value, and by name.
const SEARCHES: u32 = 300;
const NAME_SEARCHES: u32 = 100;
/// Misses a day on one record, and on all.
const MISSES: u32 = 5;
const ALL_MISSES: u32 = 50;
/// A desk's service asks for all who sit there.
const DESK: u32 = 10;

/// What somebody has asked on a day.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Counted {
    searches: u32,
    names: u32,
    /// Verifications in which nothing held, and those whose outcome is not known yet.
    misses: u32,
    /// Likewise by the record, which stands here as a keyed digest.
    by_record: BTreeMap<String, u32>,
    /// What was too much, and is a finding already.
    told: bool,
}

/// A caller's count of the day.
pub(super) struct Meter<'v> {
    vault: &'v Vault,
    id: Vec<u8>,
    rev: i64,
    counted: Counted,
    desk: bool,
}

/// Whether one more may be asked.
pub(super) enum Room {
    /// Yes: counted so.
    Yes(Count),
    /// No; with the count where it is to be told as a finding.
    No(Option<Count>),
}

impl<'v> Meter<'v> {
    /// Whoever asks in the end: the person behind a post, also through a service.
    pub(super) async fn of(vault: &'v Vault, caller: &Caller) -> Result<Self, LookupError> {
        let who = match caller.post() {
            Some(post) => post.assignment.person,
            None => caller.holder().id(),
        };
        let day = civil_date(caller.now());
        let id = vault.keys.term("quota", &format!("{who} {day}")).as_ref().to_vec();
        let row = vault.store.row(Table::Quotas, &id).await?;
        let (rev, counted) = match &row {
            // A count that does not hold is no reason to begin anew.
            Some(row) => (row.rev, vault.keys.check(row).ok_or(LookupError::Moving)?),
            None => (0, Counted::default()),
        };
        let desk = matches!(caller.party(), Party::Service { behalf: None, .. });
        Ok(Self { vault, id, rev, counted, desk })
    }

    /// One more search.
    pub(super) fn search(mut self, by_name: bool) -> Result<Room, LookupError> {
        let most = if by_name { NAME_SEARCHES } else { SEARCHES } * self.factor();
        let so_far = if by_name { &mut self.counted.names } else { &mut self.counted.searches };
        if *so_far >= most {
            return self.full();
        }
        *so_far += 1;
        Ok(Room::Yes(self.count()?))
    }

    /// Whether one of these records has been missed too often.
    pub(super) fn spent(&self, records: &[String]) -> bool {
        records.iter().any(|record| self.counted.by_record.get(record).is_some_and(|n| *n >= MISSES))
    }

    /// One more verification, by what it names first and the records behind it: a miss until it has held.
    pub(super) fn verification(mut self, records: &[String]) -> Result<Room, LookupError> {
        if self.spent(records.get(..1).unwrap_or_default())
            || self.counted.misses >= ALL_MISSES * self.factor()
        {
            return self.full();
        }
        self.counted.misses += 1;
        for record in records {
            *self.counted.by_record.entry(record.clone()).or_default() += 1;
        }
        Ok(Room::Yes(self.count()?))
    }

    /// It held: it was no miss.
    pub(super) fn held(mut self, records: &[String]) -> Result<Count, LookupError> {
        self.counted.misses = self.counted.misses.saturating_sub(1);
        for record in records {
            if let Some(count) = self.counted.by_record.get_mut(record) {
                *count = count.saturating_sub(1);
            }
        }
        self.counted.by_record.retain(|_, count| *count > 0);
        self.count()
    }

    fn full(mut self) -> Result<Room, LookupError> {
        if std::mem::replace(&mut self.counted.told, true) {
            return Ok(Room::No(None));
        }
        Ok(Room::No(Some(self.count()?)))
    }

    fn factor(&self) -> u32 {
        if self.desk { DESK } else { 1 }
    }

    fn count(&self) -> Result<Count, LookupError> {
        let row = self.vault.keys.row(Table::Quotas, &self.id, self.rev + 1, None, &self.counted)?;
        Ok(Count::of(&self.vault.keys, row))
    }
}

/// How a count names a record, or a value that no record has.
pub(super) fn counted_as(vault: &Vault, kind: &str, value: &str) -> String {
    let digest = vault.keys.term("quota record", &format!("{kind} {value}"));
    HEXLOWER.encode(digest.as_ref().get(..16).unwrap_or_default())
}

/// Raises a finding about what a caller asks, with the row that tells that it was raised: once a day.
pub(super) async fn raise(
    vault: &Vault,
    caller: &Caller,
    (code, reason): (&'static str, Reason),
    count: &Count,
) -> Result<(), RecordError> {
    let mut detail = BTreeMap::new();
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
            reason: Some(reason.as_str().into()),
            about: BTreeMap::new(),
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
    let told = vault.log.record(Act::new(&vault.keys, entry, Change::rows(vec![count.row()]))).await;
    match told {
        // Somebody else told it.
        Err(RecordError::Conflict) => Ok(()),
        told => told.map(|_| ()),
    }
}

/// Seconds until the day ends in Beijing.
pub(super) fn until_tomorrow(now: i64) -> u32 {
    let tomorrow = civil_date(now).tomorrow().ok().and_then(start_of_day).unwrap_or(now);
    u32::try_from((tomorrow.saturating_sub(now) / 1_000_000).max(1)).unwrap_or(u32::MAX)
}
