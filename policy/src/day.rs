//! A day of the calendar, as rules name it: from which one they hold, and until which.

/// A day in Beijing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(u32);

impl Day {
    /// The first that there is.
    pub const FIRST: Self = Self(10_000_101);

    /// The day of that year, month and day of the month, counted from 1.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u8::from(leap),
            1..=12 => 31,
            _ => return None,
        };
        (1000..=9999).contains(&year).then_some(())?;
        (1..=days)
            .contains(&day)
            .then(|| Self(u32::from(year) * 10_000 + u32::from(month) * 100 + u32::from(day)))
    }

    /// The day of the week, 1 for Monday.
    pub fn weekday(self) -> u8 {
        let (mut year, mut month, day) = (self.0 / 10_000, self.0 / 100 % 100, self.0 % 100);
        // January and February count with the year before (Zeller).
        if month < 3 {
            (year, month) = (year - 1, month + 12);
        }
        let from_saturday = (day + 13 * (month + 1) / 5 + year + year / 4 - year / 100 + year / 400) % 7;
        u8::try_from((from_saturday + 5) % 7 + 1).unwrap_or(1)
    }

    /// The day of `2026-11-01`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        let right = (year.len(), month.len(), day.len()) == (4, 2, 2);
        let day = Self::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
        (right && day.to_string() == text).then_some(day)
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0 / 10_000, self.0 / 100 % 100, self.0 % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_of_the_calendar_are_read() {
        for text in ["2026-11-01", "2028-02-29", "2000-02-29"] {
            assert_eq!(Day::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "2026-11-31",
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-1-01",
            "+026-01-01",
            "2026-11-01x",
            "",
        ] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
        assert!(Day::parse("2026-09-30") < Day::parse("2026-10-01"));
    }

    #[test]
    fn days_of_the_week() {
        for (text, weekday) in [
            ("2026-11-24", 2),
            ("2026-11-29", 7),
            ("2026-11-30", 1),
            ("2024-02-29", 4),
            ("2027-01-01", 5),
            ("2000-01-01", 6),
        ] {
            assert_eq!(Day::parse(text).unwrap().weekday(), weekday, "{text}");
        }
    }
}
