//! Time as a parameter.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Instant;

use gridvault_policy::Day;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};

/// Where the time comes from; the log may only move it forward (log time).
pub trait Clock: Send + Sync + 'static {
    /// UTC microseconds since 1970.
    fn now(&self) -> i64;

    /// Whether it was ever far ahead of the time that has passed, and not believed.
    fn was_ahead(&self) -> bool {
        false
    }
}

/// The machine's clock.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> i64 {
        Timestamp::now().as_microsecond()
    }
}

/// Microseconds since it was made; no setting of the machine's clock moves it.
#[derive(Debug)]
pub struct Stopwatch(Instant);

impl Default for Stopwatch {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for Stopwatch {
    fn now(&self) -> i64 {
        i64::try_from(self.0.elapsed().as_micros()).unwrap_or(i64::MAX)
    }
}

/// A wall clock that is believed no further than the time that has really passed, and a little: log time never goes
/// back, so a clock that leaps a year ahead would end every right and begin those of the future. A restart, which
/// asks for a confirmation of its own, begins anew with what the clock says then.
#[derive(Debug)]
pub struct SteadyClock<W = SystemClock, E = Stopwatch> {
    wall: W,
    elapsed: E,
    began: i64,
    ahead: AtomicBool,
}

/// How far ahead is believed: a correction of a drifting clock, not a leap.
const LEEWAY: i64 = 10 * 60 * 1_000_000;

impl SteadyClock {
    /// The machine's clock from now on.
    pub fn start() -> Self {
        Self::over(SystemClock, Stopwatch::default())
    }
}

impl<W: Clock, E: Clock> SteadyClock<W, E> {
    /// That wall clock, held against that measure of elapsed time.
    pub fn over(wall: W, elapsed: E) -> Self {
        let began = wall.now() - elapsed.now();
        Self { wall, elapsed, began, ahead: AtomicBool::new(false) }
    }
}

impl<W: Clock, E: Clock> Clock for SteadyClock<W, E> {
    fn now(&self) -> i64 {
        let (wall, passed) = (self.wall.now(), self.began + self.elapsed.now());
        if wall <= passed + LEEWAY {
            return wall;
        }
        if !self.ahead.swap(true, Ordering::Relaxed) {
            tracing::error!(
                "the machine's clock leapt ahead and is not believed: set it right, or restart to confirm it"
            );
        }
        passed
    }

    fn was_ahead(&self) -> bool {
        self.ahead.load(Ordering::Relaxed)
    }
}

/// A clock moved by hand.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Starts at that many microseconds.
    pub const fn at(micros: i64) -> Self {
        Self(AtomicI64::new(micros))
    }

    /// Moves on (or back) by so many microseconds.
    pub fn step(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Beijing time: UTC+8, without summer time since 1991.
pub fn beijing() -> TimeZone {
    TimeZone::fixed(Offset::constant(8))
}

/// The civil date in Beijing at that moment (UTC microseconds).
pub fn civil_date(micros: i64) -> Date {
    timestamp(micros).to_zoned_datetime(beijing()).date()
}

/// The number of that date, counted from 1 January 1970.
pub fn day_number(micros: i64) -> i64 {
    micros.saturating_add(AHEAD).div_euclid(days(1))
}

/// The number of that moment's month, counted from the year 0; in Beijing.
pub fn month_number(micros: i64) -> i64 {
    let date = civil_date(micros);
    i64::from(date.year()) * 12 + i64::from(date.month()) - 1
}

/// The number of that day's month.
pub fn month_of_day(day: i64) -> i64 {
    month_number(day.saturating_mul(days(1)).saturating_sub(AHEAD))
}

/// The number of the first day of that month.
pub fn first_of_month(month: i64) -> i64 {
    let year = i16::try_from(month.div_euclid(12)).unwrap_or(i16::MAX);
    let month = i8::try_from(month.rem_euclid(12) + 1).unwrap_or(1);
    Date::new(year, month, 1)
        .map_or(i64::MAX, |date| date.duration_since(Date::constant(1970, 1, 1)).as_hours() / 24)
}

/// The date of that number.
pub fn numbered_day(day: i64) -> Date {
    civil_date(day.saturating_mul(days(1)).saturating_sub(AHEAD))
}

/// The first moment of the date of that number.
pub fn start_of_numbered(day: i64) -> i64 {
    day.saturating_mul(days(1)).saturating_sub(AHEAD)
}

/// The minute of the day in Beijing.
pub fn minute_of_day(micros: i64) -> u16 {
    let minutes = micros.saturating_add(AHEAD).rem_euclid(days(1)) / 60_000_000;
    u16::try_from(minutes).unwrap_or_default()
}

/// By how much Beijing is ahead of UTC.
const AHEAD: i64 = 8 * 3_600_000_000;

/// That date as the rules name days.
pub fn day(micros: i64) -> Day {
    let date = civil_date(micros);
    let [year, month, day] =
        [date.year().unsigned_abs(), date.month().unsigned_abs().into(), date.day().unsigned_abs().into()];
    let small = |n: u16| u8::try_from(n).unwrap_or(1);
    // Every date of the calendar from the year 1000 on is a day; the clock shows no other.
    Day::new(year, small(month), small(day)).unwrap_or(Day::FIRST)
}

/// RFC 3339 with offset +08:00, whole seconds.
pub fn rfc3339(micros: i64) -> String {
    timestamp(micros).to_zoned_datetime(beijing()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// RFC 3339 in UTC, whole seconds.
pub fn utc(micros: i64) -> String {
    timestamp(micros).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// As part of a file's name: `20261124T093000`, Beijing time.
pub fn file_stamp(micros: i64) -> String {
    timestamp(micros).to_zoned_datetime(beijing()).strftime("%Y%m%dT%H%M%S").to_string()
}

/// UTC microseconds of an RFC 3339 time with offset, or of a civil date (its first moment in Beijing).
pub fn parse_time(text: &str) -> Option<i64> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.as_microsecond());
    }
    // A moment without its offset would be read as its day.
    let day = text.parse::<Date>().ok().filter(|day| day.to_string() == text)?;
    start_of_day(day)
}

/// Where something ends: that moment, or the end of a civil date, which counts as a whole day.
pub fn parse_end(text: &str) -> Option<i64> {
    let day = text.parse::<Date>().ok().filter(|day| day.to_string() == text);
    match day {
        Some(day) => start_of_day(day.tomorrow().ok()?),
        None => parse_time(text),
    }
}

/// So many months later, at the same time of day in Beijing.
pub fn months_later(micros: i64, months: i64) -> i64 {
    let later = timestamp(micros).to_zoned_datetime(beijing()).checked_add(jiff::Span::new().months(months));
    later.map_or(i64::MAX, |later| later.timestamp().as_microsecond())
}

/// The first moment of a civil date in Beijing, UTC microseconds.
pub fn start_of_day(date: Date) -> Option<i64> {
    Some(date.to_zoned_datetime(beijing()).ok()?.timestamp().as_microsecond())
}

/// So many days in microseconds.
pub const fn days(n: i64) -> i64 {
    n * 86_400_000_000
}

fn timestamp(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    impl Clock for Arc<ManualClock> {
        fn now(&self) -> i64 {
            ManualClock::now(self)
        }
    }

    #[test]
    fn a_leap_ahead_is_not_believed_and_a_step_back_or_a_drift_is() {
        let (wall, elapsed) = (Arc::new(ManualClock::at(days(20_000))), Arc::new(ManualClock::at(5)));
        let steady = SteadyClock::over(Arc::clone(&wall), Arc::clone(&elapsed));
        let pass = |micros: i64| {
            wall.step(micros);
            elapsed.step(micros);
        };
        pass(days(3));
        assert_eq!(steady.now(), days(20_003));
        wall.step(LEEWAY);
        assert_eq!(steady.now(), days(20_003) + LEEWAY);
        wall.step(-2 * LEEWAY);
        assert_eq!(steady.now(), days(20_003) - LEEWAY);
        assert!(!steady.was_ahead());
        wall.step(days(365));
        pass(1_000);
        assert_eq!(steady.now(), days(20_003) + 1_000);
        assert!(steady.was_ahead());
        wall.step(LEEWAY - days(365));
        assert_eq!(steady.now(), days(20_003) + 1_000, "set right, it is believed again");
    }

    #[test]
    fn days_are_counted_in_beijing() {
        let first = parse_time("2026-11-24").unwrap();
        for micros in [first, first + days(1) - 1] {
            assert_eq!(numbered_day(day_number(micros)).to_string(), "2026-11-24");
        }
        assert_eq!(day_number(first - 1), day_number(first) - 1);
        assert_eq!((day_number(0), numbered_day(0).to_string()), (0, "1970-01-01".to_owned()));
    }

    #[test]
    fn a_moment_has_its_offset_and_a_day_stands_alone() {
        let noon = parse_time("2026-11-24T12:00:00+08:00");
        assert_eq!(noon, parse_time("2026-11-24T04:00:00Z"));
        assert_eq!(parse_time("2026-11-24"), noon.map(|noon| noon - days(1) / 2));
        for neither in ["2026-11-24T12:00:00", "2026-11-24 12:00", "20261124", "2026-11", "", "noon"] {
            assert_eq!(parse_time(neither), None, "{neither}");
        }
    }
}
