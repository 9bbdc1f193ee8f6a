//! Who is on duty: shifts of a roster (排班), and the office's working time where there is none.

use gridvault_policy::Duty;
use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

use super::task::Confirmation;

/// A person with a shift within so long before is held to the roster.
pub const ROSTERED_FOR: i64 = 14 * 86_400_000_000;

/// A shift's row. Its id begins with the moment at which it ends, so that what is long over need not be read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Roster {
    /// Who.
    pub person: Uuid,
    /// From when, UTC microseconds.
    pub from: i64,
    /// Until when (not included).
    pub to: i64,
    /// The post that is covered for (代班).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covers: Option<Uuid>,
    /// Who entered it.
    pub by: Uuid,
    /// The second person, without whom it does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<Confirmation>,
    /// Taken back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
}

/// How a moment stands to the office's time.
#[derive(Clone, Copy, Debug)]
pub struct Duties {
    /// The moment, UTC microseconds.
    pub at: i64,
    /// Whether the office works then.
    pub works: bool,
    /// The week that it lies in: its first moment, and that of the next one.
    pub week: (i64, i64),
}

impl Roster {
    /// The id of a shift that ends then.
    pub fn id(to: i64, random: &[u8; 10]) -> Uuid {
        let millis = u64::try_from(to / 1000).unwrap_or_default();
        Builder::from_unix_timestamp_millis(millis, random).into_uuid()
    }

    /// The least id of a shift that ends then or later.
    pub fn ending_since(at: i64) -> Uuid {
        let id = Self::id(at.max(0), &[0; 10]);
        // Version and variant stand behind the time.
        Uuid::from_u128(id.as_u128() & !((1 << 80) - 1))
    }

    /// Whether it counts.
    pub fn counts(&self) -> bool {
        self.confirmed.is_some() && !self.ended
    }
}

impl Duties {
    /// On duty or not by these shifts of one person; and whether it is outside the office's time without a roster that would
    /// say anything, which is permitted and noticed.
    pub fn of<'r>(self, shifts: impl Iterator<Item = &'r Roster> + Clone) -> (Duty, bool) {
        let Self { at, works, week: (monday, next) } = self;
        let shifts = shifts.filter(|shift| shift.counts());
        let mut now = shifts.clone().filter(|shift| shift.from <= at && at < shift.to);
        let shift = now.clone().next().is_some();
        if now.any(|shift| shift.covers.is_some()) {
            return (Duty::Covering, false);
        }
        if works || shift {
            return (Duty::On, false);
        }
        let mut held = shifts.filter(|shift| {
            let of_week = shift.from < next && monday < shift.to;
            let lately = shift.from <= at && at - ROSTERED_FOR < shift.to;
            of_week || lately
        });
        if held.next().is_some() { (Duty::Off, false) } else { (Duty::On, true) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;
    const DAY: i64 = 24 * HOUR;

    fn shift(from: i64, to: i64, covers: bool) -> Roster {
        let confirmed = Some(Confirmation::new(Uuid::nil(), 0));
        let covers = covers.then(Uuid::nil);
        Roster { person: Uuid::nil(), from, to, covers, by: Uuid::nil(), confirmed, ended: false }
    }

    #[test]
    fn a_shift_is_duty_and_who_has_one_is_held_to_it_for_a_week_and_a_fortnight() {
        let monday = 1000 * DAY;
        let at = |at: i64, works| Duties { at, works, week: (monday, monday + 7 * DAY) };
        let night = monday + 3 * HOUR;
        let none: [Roster; 0] = [];
        assert_eq!(at(night, false).of(none.iter()), (Duty::On, true));
        assert_eq!(at(night, true).of(none.iter()), (Duty::On, false));
        let of = |shift: &Roster, works| at(night, works).of([shift.clone()].iter());
        assert_eq!(of(&shift(night, night + 1, false), false), (Duty::On, false));
        assert_eq!(of(&shift(night, night + 1, true), false), (Duty::Covering, false));
        // The minute that it ends, it is over.
        assert_eq!(of(&shift(night - HOUR, night, false), false), (Duty::Off, false));
        assert_eq!(of(&shift(monday + 6 * DAY, monday + 7 * DAY, false), false), (Duty::Off, false));
        assert_eq!(of(&shift(monday + 7 * DAY, monday + 8 * DAY, false), false), (Duty::On, true));
        assert_eq!(of(&shift(night - 14 * DAY, night - 14 * DAY + 1, false), false), (Duty::Off, false));
        assert_eq!(of(&shift(night - 15 * DAY, night - 14 * DAY, false), false), (Duty::On, true));
        assert_eq!(of(&shift(monday + 6 * DAY, monday + 7 * DAY, false), true), (Duty::On, false));
        let unconfirmed = Roster { confirmed: None, ..shift(night, night + 1, false) };
        let ended = Roster { ended: true, ..shift(night, night + 1, false) };
        assert_eq!(of(&unconfirmed, false), (Duty::On, true));
        assert_eq!(of(&ended, false), (Duty::On, true));
    }

    #[test]
    fn ids_lie_in_the_order_of_the_ends() {
        let (early, late) = (Roster::id(5_000_000, &[255; 10]), Roster::id(6_000_000, &[0; 10]));
        assert!(early < late && Roster::ending_since(5_000_000) <= early);
        assert!(Roster::ending_since(6_000_000) > early && Roster::ending_since(6_000_000) <= late);
    }
}
