//! Comparing what is asked with what is held: under the receipt of a search or a verification, and nothing but yes or no
//! comes out.

use gridvault_audit::{Receipt, Recorded};
use gridvault_policy::{FieldId, Outcome, RecordKey};
use uuid::Uuid;

use super::envelope::OpenEnvelope;
use super::{Keyring, SealError, Secret, envelope_tier};
use crate::permit::{Search, Verification};
use crate::store::EnvelopesRow;

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
    ) -> Result<(Receipt, Vec<Uuid>), SealError> {
        self.token.accepts(&search).map_err(|_| SealError::Permit)?;
        let receipt = search.receipt().clone();
        let search = search.into_subject();
        let (field, sought) = search.sought();
        let mut found = Vec::new();
        for candidate in candidates {
            let tier = envelope_tier(field);
            let held = OpenEnvelope::new(self, &candidate.envelopes, tier, candidate.rev)?.field(field)?;
            let by_name = field.as_str() == "person.name";
            if held
                .is_some_and(|held| if by_name { names(&held, sought) } else { equal(field, &held, sought) })
            {
                found.push(candidate.record);
            }
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

/// Whether a name holds the characters sought, or is spelled so in pinyin: each character by its syllable or its initial.
fn names(held: &Secret, sought: &Secret) -> bool {
    let sought: String = sought
        .reveal()
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '\'')
        .flat_map(char::to_lowercase)
        .collect();
    let name: String =
        held.reveal().chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    if sought.is_ascii() && !name.is_ascii() { spelled(&name, &sought) } else { name.contains(&sought) }
}

fn spelled(name: &str, sought: &str) -> bool {
    use pinyin::ToPinyinMulti as _;
    let mut rest = name.chars();
    let Some(first) = rest.next() else { return sought.is_empty() };
    let rest = rest.as_str();
    let Some(readings) = first.to_pinyin_multi() else {
        // A dot in a name, or a letter among characters.
        let own = sought.strip_prefix(first);
        return own.is_some_and(|behind| spelled(rest, behind))
            || (!first.is_alphabetic() && spelled(rest, sought));
    };
    readings.into_iter().any(|reading| {
        let plain = reading.plain().replace('ü', "v");
        [plain.as_str(), reading.first_letter()]
            .iter()
            .any(|part| sought.strip_prefix(part).is_some_and(|behind| spelled(rest, behind)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_by_characters_and_by_pinyin() {
        for (name, sought, found) in [
            ("王小明", "小明", true),
            ("王小明", "王明", false),
            ("王小明", "wangxiaoming", true),
            ("王小明", "Wang Xiao Ming", true),
            ("王小明", "wxm", true),
            ("王小明", "wangxm", true),
            ("王小明", "wangxiao", false),
            ("吕芳", "lvfang", true),
            ("单雄信", "shanxiongxin", true),
            ("单雄信", "danxiongxin", true),
            ("买买提·艾力", "maimaitiaili", true),
            ("John Smith", "johnsmith", true),
            ("John Smith", "smith", true),
            ("𬸣梅红", "梅红", true),
            ("王小明", "ming", false),
        ] {
            assert_eq!(names(&Secret::new(name), &Secret::new(sought)), found, "{name} {sought}");
        }
    }
}
