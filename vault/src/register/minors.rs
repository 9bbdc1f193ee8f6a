//! The yearly account of staff's access to minors' most sensitive data (WNB 37): counts, never persons.

use std::collections::BTreeMap;

use gridvault_audit::{Json, Kind};
use gridvault_policy::{AgeClass, Basis, FieldId, Outcome, Purpose, Tier};
use jiff::civil::date;

use super::RegisterError;
use crate::Vault;
use crate::clock::{civil_date, start_of_day};
use crate::store::StoredEntry;
use crate::trail::{Aspect, Question};

/// Entries read at a time.
const PAGE: usize = 500;

/// Lookups of minors' T4 data in a month by a role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accesses {
    /// Lookups that showed some.
    pub shown: u64,
    /// Of these, under a manager's approval.
    pub approved: u64,
    /// Of these, in an emergency.
    pub emergencies: u64,
    /// Lookups that asked for some and were shown none.
    pub refused: u64,
}

/// Approvals of minors' files in a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Approvals {
    /// Of a day.
    pub given: u64,
    /// Standing ones.
    pub standing: u64,
    /// Taken back.
    pub revoked: u64,
}

/// A year's account.
#[derive(Debug, Default)]
pub struct MinorsYear {
    /// By month (`2026-11`) and role.
    pub accesses: BTreeMap<(String, String), Accesses>,
    /// By month.
    pub approvals: BTreeMap<String, Approvals>,
    /// Lookups whose private part was removed: of whom they were is no longer known.
    pub removed: u64,
}

/// Counts that year, in Beijing, from the trail.
pub async fn minors_year(vault: &Vault, year: i16) -> Result<MinorsYear, RegisterError> {
    let kinds = [Kind::Lookup, Kind::Verification, Kind::TaskOpened, Kind::DelegationRevoked];
    let mut question = Question {
        words: vec![(Aspect::Kind, kinds.map(|kind| kind.as_str().to_owned()).to_vec())],
        from: start_of_day(date(year, 1, 1)),
        to: start_of_day(date(year.saturating_add(1), 1, 1)),
        limit: PAGE,
        ..Question::default()
    };
    let mut account = MinorsYear::default();
    loop {
        let page = vault.questions.ask(&question).await?;
        for entry in &page.entries {
            account.count(entry);
        }
        match page.next {
            Some(next) => question.after = Some(next),
            None => return Ok(account),
        }
    }
}

impl MinorsYear {
    fn count(&mut self, entry: &StoredEntry) {
        let Ok(public) = Json::parse_canonical(&entry.public) else { return };
        let day = civil_date(entry.at);
        let month = format!("{:04}-{:02}", day.year(), day.month());
        let private = entry.private.as_deref().and_then(|private| Json::parse_canonical(private).ok());
        let lookup = [Kind::Lookup.as_str(), Kind::Verification.as_str()].contains(&entry.kind.as_str());
        match (lookup, private) {
            (true, Some(private)) => self.lookup(month, &public, &private),
            (true, None) => self.removed += 1,
            (false, Some(private)) => self.approval(month, &public, &private),
            (false, None) => {}
        }
    }

    fn lookup(&mut self, month: String, public: &Json, private: &Json) {
        let Some(facts) = private.get("facts") else { return };
        let minor = facts.text("age_class").and_then(AgeClass::parse).filter(|age| *age != AgeClass::Adult);
        let (Some(age), Some(who)) = (minor, public.get("who")) else { return };
        // A child's own, or the guardian's, look is nobody of the staff's.
        if who.text("type") == Some("resident") {
            return;
        }
        let (mut shown, mut asked) = (false, false);
        for group in public.get("fields").and_then(Json::as_list).into_iter().flatten() {
            let Some([outcome, _, _, names]) = group.as_list() else { continue };
            let names = names.as_list().into_iter().flatten().filter_map(Json::as_text);
            let special = names
                .filter_map(|id| FieldId::parse(id).ok())
                .any(|field| field.tier() == Tier::T4 || field.tier().effective(age) == Tier::T4);
            asked |= special;
            shown |= special && outcome.as_text() != Some(Outcome::Denied.as_str());
        }
        if !asked {
            return;
        }
        let flags = facts.get("flags").and_then(Json::as_list).unwrap_or_default();
        let approved = flags.iter().any(|flag| flag.as_text() == Some("confirmed"));
        let role = who.text("role").unwrap_or_default().to_owned();
        let of = self.accesses.entry((month, role)).or_default();
        of.shown += u64::from(shown);
        of.refused += u64::from(!shown);
        of.approved += u64::from(shown && approved);
        of.emergencies += u64::from(shown && public.text("basis") == Some(Basis::Emergency.as_str()));
    }

    fn approval(&mut self, month: String, public: &Json, private: &Json) {
        let Some(detail) = private.get("detail") else { return };
        if public.text("purpose") != Some(Purpose::MinorProtection.as_str()) {
            return;
        }
        let of = self.approvals.entry(month).or_default();
        if detail.get("approval").is_some() {
            of.revoked += 1;
        } else if detail.get("confirmed").is_some() {
            let standing = detail.get("until").is_some();
            of.standing += u64::from(standing);
            of.given += u64::from(!standing);
        }
    }
}
