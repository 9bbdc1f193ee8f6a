//! Time as a parameter.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};

/// Where the time comes from; the log may only move it forward (log time).
pub trait Clock: Send + Sync + 'static {
    /// UTC microseconds since 1970.
    fn now(&self) -> i64;
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

/// RFC 3339 with offset +08:00, whole seconds.
pub fn rfc3339(micros: i64) -> String {
    timestamp(micros).to_zoned_datetime(beijing()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// UTC microseconds of an RFC 3339 time with offset, or of a civil date (its first moment in Beijing).
pub fn parse_time(text: &str) -> Option<i64> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.as_microsecond());
    }
    start_of_day(text.parse().ok()?)
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
