//! Working days: Monday to Friday in Beijing. Public holidays are not known here, so that a review is due rather too early.

use jiff::ToSpan;
use jiff::civil::Weekday;

use crate::clock::{civil_date, days, start_of_day};

/// The end of the `n`-th working day behind the day of that moment (UTC microseconds).
pub(super) fn after(at: i64, n: u8) -> i64 {
    let mut day = civil_date(at);
    let mut left = n;
    while left > 0 {
        let Ok(next) = day.checked_add(1.day()) else { return i64::MAX };
        day = next;
        left -= u8::from(!matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday));
    }
    start_of_day(day).map_or(i64::MAX, |start| start.saturating_add(days(1)))
}

#[cfg(test)]
mod tests {
    use super::after;
    use crate::clock::{parse_time, rfc3339};

    #[test]
    fn a_weekend_is_no_working_day() {
        for (declared, n, until) in [
            ("2026-11-24T09:30:00+08:00", 1, "2026-11-26T00:00:00+08:00"),
            ("2026-11-24T09:30:00+08:00", 3, "2026-11-28T00:00:00+08:00"),
            // Friday, a second before midnight; Saturday, a second behind it.
            ("2026-11-27T23:59:59+08:00", 3, "2026-12-03T00:00:00+08:00"),
            ("2026-11-28T00:00:01+08:00", 3, "2026-12-03T00:00:00+08:00"),
            ("2026-11-29T03:00:00+08:00", 1, "2026-12-01T00:00:00+08:00"),
        ] {
            assert_eq!(rfc3339(after(parse_time(declared).unwrap(), n)), until, "{declared} {n}");
        }
    }
}
