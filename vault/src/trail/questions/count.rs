//! How many lookups, searches and verifications there were, by day, grid, role and purpose.

use std::collections::BTreeMap;
use std::ops::Range;

use gridvault_audit::Part;

use super::block::{COUNTED, add, counted};
use super::follow::Questions;
use crate::clock::{first_of_month, month_of_day};
use crate::store::{BLOCK, Counted, EntryFilter, StoreError, TallyFilter};

/// Entries behind the tallies that are counted one by one, at most.
const MOST_BEHIND: i64 = 64 * BLOCK;
/// No day is later: some day in the year 9999.
const FURTHEST: i64 = 2_932_000;
/// Sums of one answer, at most.
const MOST: i64 = 10_000;

/// What to count, and apart by what.
#[derive(Clone, Debug, Default)]
pub struct CountQuestion {
    /// Apart by day, grid, role, purpose.
    pub by: [bool; 4],
    /// Only these kinds; all that are counted where none is named.
    pub kinds: Vec<String>,
    /// Only this grid, role, purpose.
    pub only: [Option<String>; 3],
    /// From this day on, counted from 1970 in Beijing.
    pub from: Option<i64>,
    /// Before this day.
    pub to: Option<i64>,
}

/// How many there are of a sort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// Their sort, as far as it is asked for.
    pub of: Counted,
    /// All.
    pub entries: i64,
    /// Of these refused.
    pub refused: i64,
}

/// An answer, or why there is none.
#[derive(Debug)]
pub enum Counts {
    /// In the order of what they are apart by.
    Counted(Vec<Count>),
    /// More sums than one answer holds.
    TooMany,
    /// The tallies are too far behind the entries; they follow.
    Behind,
}

impl CountQuestion {
    /// Whether entries of that kind are counted.
    pub fn counts(kind: &str) -> bool {
        COUNTED.contains(&kind)
    }

    fn fits(&self, of: &Counted) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&of.kind))
            && self.from.is_none_or(|from| of.day >= from)
            && self.to.is_none_or(|to| of.day < to)
            && [&of.grid, &of.role, &of.purpose]
                .into_iter()
                .zip(&self.only)
                .all(|(word, only)| only.as_ref().is_none_or(|only| only == word))
    }

    /// What is summed up: whole months as such, and the days before and behind them; days alone where sums are apart by day.
    fn days(&self) -> Vec<Range<i64>> {
        let (from, to) = (self.from.unwrap_or(0).max(0), self.to.unwrap_or(FURTHEST).min(FURTHEST));
        if from >= to {
            return Vec::new();
        }
        let first = month_of_day(from) + i64::from(first_of_month(month_of_day(from)) < from);
        let behind = month_of_day(to);
        if self.by[0] || first >= behind {
            return std::iter::once(from..to).collect();
        }
        // Months lie before the days, the latest first.
        vec![from..first_of_month(first), 1 - behind..1 - first, first_of_month(behind)..to]
    }

    /// What sums are apart by, and nothing else.
    fn apart(&self, of: Counted) -> Counted {
        let [day, grid, role, purpose] = self.by;
        let word = |by: bool, word: String| if by { word } else { String::new() };
        Counted {
            day: if day { of.day } else { 0 },
            kind: String::new(),
            grid: word(grid, of.grid),
            role: word(role, of.role),
            purpose: word(purpose, of.purpose),
        }
    }
}

impl Questions {
    /// Counts, the newest entries among them.
    pub async fn count(&self, question: &CountQuestion) -> Result<Counts, StoreError> {
        self.keep_up().await;
        let filter = TallyFilter {
            by: question.by,
            kinds: question.kinds.clone(),
            only: question.only.clone(),
            days: question.days(),
            limit: MOST + 1,
        };
        let (blocks, tallies) = self.store.tallied(&filter).await?;
        let mut sums: BTreeMap<Counted, (i64, i64)> =
            tallies.into_iter().map(|tally| (tally.of, (tally.entries, tally.refused))).collect();
        let (mut from, size) = (blocks.saturating_mul(BLOCK), self.size().await?);
        if size - from > MOST_BEHIND {
            return Ok(Counts::Behind);
        }
        while from < size {
            let filter = EntryFilter {
                after: Some(from - 1),
                before: Some(size),
                limit: BLOCK,
                ..EntryFilter::default()
            };
            let entries = self.store.entries(&filter).await?;
            let Some(last) = entries.last() else { break };
            from = last.seq + 1;
            for entry in &entries {
                let Ok(public) = Part::read(&entry.public) else { continue };
                if let Some((of, refused)) = counted(entry.at, public.view())
                    && question.fits(&of)
                {
                    add(&mut sums, question.apart(of), refused);
                }
            }
        }
        if i64::try_from(sums.len()).unwrap_or(i64::MAX) > MOST {
            return Ok(Counts::TooMany);
        }
        let count = |(of, (entries, refused))| Count { of, entries, refused };
        Ok(Counts::Counted(sums.into_iter().map(count).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each day of the period once, by itself or in its month, and no other.
    #[test]
    fn months_and_days_make_up_the_period() {
        let mut rng = fastrand::Rng::with_seed(3);
        for _ in 0..2000 {
            let from = rng.i64(20_000..22_000);
            let to = rng.i64(from - 3..from + 900);
            let question = CountQuestion { from: Some(from), to: Some(to), ..CountQuestion::default() };
            let mut summed: Vec<i64> = Vec::new();
            for days in question.days() {
                for day in days {
                    if day < 0 {
                        summed.extend(first_of_month(-day)..first_of_month(1 - day));
                    } else {
                        summed.push(day);
                    }
                }
            }
            summed.sort_unstable();
            assert_eq!(summed, (from..to).collect::<Vec<_>>(), "{from} to {to}");
        }
    }
}
