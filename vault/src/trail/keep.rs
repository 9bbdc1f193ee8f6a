//! Which published checkpoints are kept: all of the last day, one an hour for three years, one a day for ever.

use crate::store::{Store, StoreError};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
const THREE_YEARS: i64 = 3 * 366 * DAY;

/// Drops what need not be kept at `now`, Unix seconds: looked through where a day or an hour has just left the dense time.
pub(super) async fn drop_of(store: &Store, now: i64) -> Result<(), StoreError> {
    for (from, to) in [(now - DAY - 2 * HOUR, now - DAY), (now - THREE_YEARS - 2 * DAY, now - THREE_YEARS)] {
        let mut slots = Vec::new();
        let mut behind = from;
        loop {
            let page = store.checkpoints(behind).await?;
            slots.extend(page.iter().map(|one| one.slot).filter(|slot| *slot < to));
            match page.last() {
                Some(last) if last.slot < to && page.len() == 500 => behind = last.slot,
                _ => break,
            }
        }
        store.drop_checkpoints(&dropped(&slots, now)).await?;
    }
    Ok(())
}

/// Of these places on the grid, in order, those that need not be kept: of an hour or a day the last one is.
fn dropped(slots: &[i64], now: i64) -> Vec<i64> {
    let period = |slot: i64| match now - slot {
        age if age <= DAY => None,
        age if age <= THREE_YEARS => Some((HOUR, slot.div_euclid(HOUR))),
        _ => Some((DAY, slot.div_euclid(DAY))),
    };
    let next = slots.iter().skip(1).map(|slot| period(*slot)).chain([None]);
    slots
        .iter()
        .zip(next)
        .filter(|(slot, next)| period(**slot).is_some() && period(**slot) == *next)
        .map(|(slot, _)| *slot)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_whole_then_an_hour_then_a_day_each() {
        let now = 1_800_000_000 / DAY * DAY;
        let grid = |from: i64, to: i64| (from..to).step_by(300).collect::<Vec<_>>();
        let left = |slots: Vec<i64>| {
            let gone = dropped(&slots, now);
            slots.into_iter().filter(|slot| !gone.contains(slot)).collect::<Vec<_>>()
        };
        assert_eq!(left(grid(now - DAY, now)), grid(now - DAY, now));
        let day_before = left(grid(now - 2 * DAY, now - DAY));
        assert_eq!(day_before.len(), 24);
        assert!(day_before.iter().all(|slot| slot.rem_euclid(HOUR) == HOUR - 300));
        let old = left(grid(now - THREE_YEARS - 3 * DAY, now - THREE_YEARS - DAY));
        assert_eq!(old, [now - THREE_YEARS - 2 * DAY - 300, now - THREE_YEARS - DAY - 300]);
        // What was thinned stays as it is.
        assert_eq!(left(day_before.clone()), day_before);
        assert!(dropped(&[], now).is_empty() && dropped(&[7], now).is_empty());
    }
}
