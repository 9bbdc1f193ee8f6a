//! When the office works: weekdays, hours, holidays and the days that make up for them (调休), in Beijing time.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::day::Day;
use crate::error::PolicyError;

pub(crate) const TEXT: &str = include_str!("../rules/calendar.toml");

static CALENDAR: LazyLock<Calendar> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is part of the program; a test reads it")]
    Calendar::read(TEXT).expect("the calendar is sound")
});

/// The office's working time.
#[derive(Debug)]
pub struct Calendar {
    weekdays: Vec<u8>,
    /// Minutes of the day, from and to (not included).
    hours: Vec<(u16, u16)>,
    holidays: Vec<(Day, Day)>,
    workdays: Vec<Day>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// 1 is Monday.
    weekdays: Vec<u8>,
    hours: Vec<[String; 2]>,
    holiday: Vec<Holiday>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Holiday {
    #[serde(rename = "name")]
    _name: String,
    from: String,
    to: String,
    /// Days off that are worked in their place.
    #[serde(default)]
    workdays: Vec<String>,
}

/// The calendar of this version.
pub fn calendar() -> &'static Calendar {
    &CALENDAR
}

impl Calendar {
    /// Whether the office works on that day at that minute of it.
    pub fn works(&self, day: Day, minute: u16) -> bool {
        self.works_on(day) && self.hours.iter().any(|(from, to)| (*from..*to).contains(&minute))
    }

    fn works_on(&self, day: Day) -> bool {
        if self.workdays.contains(&day) {
            return true;
        }
        let off = self.holidays.iter().any(|(from, to)| (*from..=*to).contains(&day));
        !off && self.weekdays.contains(&day.weekday())
    }

    fn read(text: &str) -> Result<Self, PolicyError> {
        let wrong = |what: &str| PolicyError::Instruments(format!("calendar: {what}"));
        let file: File = toml::from_str(text).map_err(|e| wrong(e.message()))?;
        let day = |text: &String| Day::parse(text).ok_or_else(|| wrong(&format!("`{text}` is no day")));
        if file.weekdays.iter().any(|weekday| !(1..=7).contains(weekday)) {
            return Err(wrong("weekdays are 1 (Monday) to 7"));
        }
        let mut hours = Vec::new();
        for [from, to] in &file.hours {
            match (minute(from), minute(to)) {
                (Some(from), Some(to)) if from < to => hours.push((from, to)),
                _ => return Err(wrong("hours go from `HH:MM` to a later `HH:MM`")),
            }
        }
        let (mut holidays, mut workdays) = (Vec::new(), Vec::new());
        for holiday in &file.holiday {
            let (from, to) = (day(&holiday.from)?, day(&holiday.to)?);
            if to < from {
                return Err(wrong("a holiday ends before it begins"));
            }
            holidays.push((from, to));
            for text in &holiday.workdays {
                workdays.push(day(text)?);
            }
        }
        Ok(Self { weekdays: file.weekdays, hours, holidays, workdays })
    }
}

/// The minute of the day of `08:30`; `24:00` is its end.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':').filter(|(h, m)| h.len() == 2 && m.len() == 2)?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (minute < 60 && hour * 60 + minute <= 1440).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_office_works_on_weekdays_and_make_up_days_and_not_on_holidays() {
        let works = |day: &str, minute: u16| calendar().works(Day::parse(day).unwrap(), minute);
        let morning = 9 * 60 + 30;
        // A Tuesday; its night; a Saturday; the eve of the Spring Festival's holidays, a Saturday that is worked.
        for (day, minute, expected) in [
            ("2026-11-24", morning, true),
            ("2026-11-24", 8 * 60 + 29, false),
            ("2026-11-24", 8 * 60 + 30, true),
            ("2026-11-24", 18 * 60, false),
            ("2026-11-24", 3 * 60, false),
            ("2026-11-28", morning, false),
            ("2026-02-14", morning, true),
            ("2026-02-16", morning, false),
            ("2026-02-24", morning, true),
            ("2026-10-07", morning, false),
            ("2026-10-10", morning, true),
            ("2027-01-01", morning, false),
        ] {
            assert_eq!(works(day, minute), expected, "{day} {minute}");
        }
    }

    #[test]
    fn a_calendar_that_says_nonsense_is_not_read() {
        for (from, to) in [
            ("weekdays = [1,", "weekdays = [0,"),
            ("[\"08:30\", \"18:00\"]", "[\"18:00\", \"08:30\"]"),
            ("\"18:00\"", "\"18:60\""),
            ("2026-01-03", "2025-12-31"),
            ("2026-01-04", "2026-02-30"),
        ] {
            assert!(TEXT.contains(from));
            assert!(Calendar::read(&TEXT.replacen(from, to, 1)).is_err(), "{to}");
        }
    }
}
