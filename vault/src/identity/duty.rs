//! Whether somebody is on duty at a moment, in Beijing time; and who was noticed outside the office's time.

use std::collections::HashSet;
use std::sync::Mutex;

use gridvault_policy::{Duty, calendar};
use uuid::Uuid;

use crate::authority::{Duties, Roster};
use crate::clock::{day, day_number, days, minute_of_day, start_of_numbered};

/// On duty or not, and whether that is outside the office's time without a roster.
pub(super) fn of(person: Uuid, shifts: &[Roster], at: i64) -> (Duty, bool) {
    let today = day(at);
    let monday = day_number(at) - i64::from(today.weekday()) + 1;
    let monday = start_of_numbered(monday);
    let duties = Duties {
        at,
        works: calendar().works(today, minute_of_day(at)),
        week: (monday, monday.saturating_add(days(7))),
    };
    duties.of(shifts.iter().filter(|shift| shift.person == person))
}

/// Whom this instance has noticed on which day: that somebody asks again costs nothing.
#[derive(Default)]
pub(crate) struct Noticed(Mutex<(i64, HashSet<Uuid>)>);

impl Noticed {
    /// Whether the person has been noticed on that day.
    pub(crate) fn was(&self, person: Uuid, day: i64) -> bool {
        self.0.lock().is_ok_and(|noticed| noticed.0 == day && noticed.1.contains(&person))
    }

    /// The person has been noticed on that day.
    pub(crate) fn note(&self, person: Uuid, day: i64) {
        let Ok(mut noticed) = self.0.lock() else { return };
        if noticed.0 != day {
            *noticed = (day, HashSet::new());
        }
        noticed.1.insert(person);
    }
}
