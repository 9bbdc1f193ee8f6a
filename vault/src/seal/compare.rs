//! Comparing what is asked with what is held: under the receipt of a search or a verification, and nothing but yes or no
//! comes out.

use std::collections::BTreeSet;

use gridvault_audit::{Receipt, Recorded};
use gridvault_policy::{FieldId, Outcome, RecordKey};
use uuid::Uuid;

use super::envelope::OpenEnvelope;
use super::{Keyring, SealError, Secret, envelope_tier};
use crate::permit::{Search, Verification};
use crate::store::EnvelopesRow;

/// How much of what is held was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// All of it.
    Whole,
    /// Part of a name, or its initials.
    Part,
}

/// A record that may be what is searched for.
pub struct Candidate {
    /// The record.
    pub record: Uuid,
    /// The revision of its envelopes that its header names.
    pub rev: i64,
    /// Its envelopes.
    pub envelopes: EnvelopesRow,
}

impl Keyring {
    /// Which of the candidates hold what the recorded search asks for, in their order.
    pub fn found(
        &self,
        search: Recorded<Search>,
        candidates: &[Candidate],
    ) -> Result<(Receipt, Vec<(Uuid, Match)>), SealError> {
        self.token.accepts(&search).map_err(|_| SealError::Permit)?;
        let receipt = search.receipt().clone();
        let search = search.into_subject();
        let (field, sought) = search.sought();
        let mut found = Vec::new();
        for candidate in candidates {
            let tier = envelope_tier(field);
            let held = OpenEnvelope::new(self, &candidate.envelopes, tier, candidate.rev)?.field(field)?;
            let by_name = field.as_str() == "person.name";
            let matched = held.and_then(|held| match by_name {
                true => names(&held, sought),
                false => equal(field, &held, sought).then_some(Match::Whole),
            });
            found.extend(matched.map(|matched| (candidate.record, matched)));
        }
        Ok((receipt, found))
    }

    /// Whether all that the recorded verification claims is held so. Each claim is compared, whatever the others give.
    pub fn verify(
        &self,
        verification: Recorded<Verification>,
        envelopes: &[EnvelopesRow],
    ) -> Result<(Receipt, bool), SealError> {
        self.token.accepts(&verification).map_err(|_| SealError::Permit)?;
        let receipt = verification.receipt().clone();
        let (lookup, claims) = verification.into_subject().into_parts();
        let mut all = !claims.is_empty();
        for (decided, (field, claimed)) in lookup.decision().fields().iter().zip(&claims) {
            let held = match decided.outcome() {
                Outcome::Matched if decided.field() == *field => {
                    self.held_by(decided.record(), *field, lookup.envelope_rev(decided.record()), envelopes)?
                }
                _ => None,
            };
            all &= held.is_some_and(|held| equal(*field, &held, claimed));
        }
        Ok((receipt, all))
    }

    fn held_by(
        &self,
        record: RecordKey,
        field: FieldId,
        rev: Option<i64>,
        envelopes: &[EnvelopesRow],
    ) -> Result<Option<Secret>, SealError> {
        let row = envelopes.iter().find(|row| row.record == record.0).ok_or(SealError::Tampered)?;
        OpenEnvelope::new(self, row, envelope_tier(field), rev.ok_or(SealError::Tampered)?)?.field(field)
    }
}

fn equal(field: FieldId, held: &Secret, claimed: &Secret) -> bool {
    super::index::spelling(field, held.reveal()).reveal()
        == super::index::spelling(field, claimed.reveal()).reveal()
}

/// How a name is asked for: by its characters or some of them, or in pinyin, each by its syllable or its initial.
fn names(held: &Secret, sought: &Secret) -> Option<Match> {
    let plain = |text: &str| -> String {
        text.chars().filter(|c| !c.is_whitespace() && *c != '\'').flat_map(char::to_lowercase).collect()
    };
    let (name, sought) = (plain(held.reveal()), plain(sought.reveal()));
    if sought.is_ascii() && !name.is_ascii() {
        let whole = spelled(&name, &sought, false).then_some(Match::Whole);
        return whole.or_else(|| spelled(&name, &sought, true).then_some(Match::Part));
    }
    match name == sought {
        true => Some(Match::Whole),
        false => name.contains(&sought).then_some(Match::Part),
    }
}

/// Whether the name can be spelled so. Character by character, with every place that the spelling may have come to: a name of
/// many readings costs no more than its length by that of what is sought.
fn spelled(name: &str, sought: &str, initials: bool) -> bool {
    use pinyin::ToPinyinMulti as _;
    let mut reached = BTreeSet::from([0]);
    for c in name.chars() {
        let mut parts = BTreeSet::from([c.to_string()]);
        match c.to_pinyin_multi() {
            Some(readings) => {
                parts.clear();
                for reading in readings {
                    parts.insert(reading.plain().replace('ü', "v"));
                    parts.extend(initials.then(|| reading.first_letter().to_owned()));
                }
            }
            // A dot in a name may be left out.
            None if !c.is_alphabetic() => parts.extend([String::new()]),
            None => {}
        }
        let behind = |at: &usize| sought.get(*at..).unwrap_or_default();
        reached = reached
            .iter()
            .flat_map(|at| {
                parts.iter().filter(|part| behind(at).starts_with(*part)).map(move |part| at + part.len())
            })
            .collect();
    }
    reached.contains(&sought.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_many_readings_is_soon_compared() {
        let (name, sought) = ("啊".repeat(60), format!("{}b", "a".repeat(59)));
        assert_eq!(names(&Secret::new(name), &Secret::new(sought)), None);
    }

    #[test]
    fn a_name_is_found_by_characters_and_by_pinyin() {
        for (name, sought, found) in [
            ("王小明", "王小明", Some(Match::Whole)),
            ("王小明", "小明", Some(Match::Part)),
            ("王小明", "王明", None),
            ("王小明", "wangxiaoming", Some(Match::Whole)),
            ("王小明", "Wang Xiao Ming", Some(Match::Whole)),
            ("王小明", "wxm", Some(Match::Part)),
            ("王小明", "wangxm", Some(Match::Part)),
            ("王小明", "wangxiao", None),
            ("吕芳", "lvfang", Some(Match::Whole)),
            ("单雄信", "shanxiongxin", Some(Match::Whole)),
            ("单雄信", "danxiongxin", Some(Match::Whole)),
            ("买买提·艾力", "maimaitiaili", Some(Match::Whole)),
            ("John Smith", "johnsmith", Some(Match::Whole)),
            ("John Smith", "smith", Some(Match::Part)),
            ("𬸣梅红", "梅红", Some(Match::Part)),
            ("王小明", "ming", None),
        ] {
            assert_eq!(names(&Secret::new(name), &Secret::new(sought)), found, "{name} {sought}");
        }
    }
}
