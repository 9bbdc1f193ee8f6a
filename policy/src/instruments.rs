//! Instruments and letters: which posts hold which statutory duty, and what a department's letter gives.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::catalog::FieldId;
use crate::day::Day;
use crate::error::PolicyError;
use crate::words::{Department, Purpose, Reason, Role};

pub(crate) const TEXT: &str = include_str!("../rules/instruments.toml");

static AUTHORITY: LazyLock<(Instruments, Letters, Vec<Item>)> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is part of the program; a test reads it")]
    read(TEXT).expect("the instruments are sound")
});

/// What posts may cite as their statutory duty.
#[derive(Debug)]
pub struct Instruments(Vec<Instrument>);

/// What letters of delegation give.
#[derive(Debug)]
pub struct Letters(Vec<Grant>);

/// What a department's letter gives.
#[derive(Debug)]
pub struct Grant {
    /// The department that delegates.
    pub department: Department,
    /// The statute that it delegates from.
    pub statute: String,
    /// Its article.
    pub article: String,
    /// What for.
    pub purposes: Vec<Purpose>,
    /// Which fields.
    pub fields: Vec<FieldId>,
}

/// An item of the task list that residents' committees assist with (协助政府工作任务清单).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its id on the list.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The purposes that it carries.
    pub purposes: Vec<Purpose>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Instrument {
    name: String,
    law: String,
    roles: Vec<Role>,
    /// Empty: any.
    #[serde(default)]
    departments: Vec<Department>,
    purposes: Vec<Purpose>,
    standing: bool,
    /// From which day it is in force; left out: always.
    from: Option<String>,
    /// Until which day, not included; left out: without an end.
    to: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    item: Vec<Item>,
    instrument: Vec<Instrument>,
    letter: Vec<LetterLine>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LetterLine {
    department: Department,
    statute: String,
    article: String,
    purposes: Vec<Purpose>,
    fields: Vec<String>,
}

/// The instruments in force.
pub fn instruments() -> &'static Instruments {
    &AUTHORITY.0
}

/// What letters give.
pub fn letters() -> &'static Letters {
    &AUTHORITY.1
}

/// The task list's items.
pub fn items() -> &'static [Item] {
    &AUTHORITY.2
}

/// Whether the role is a residents' committee's, who may be asked for nothing beyond the task list.
pub(crate) const fn of_the_committee(role: Role) -> bool {
    matches!(role, Role::GridChief | Role::GridInformant)
}

impl Instrument {
    fn in_force(&self, day: Day) -> bool {
        let at = |text: &Option<String>| text.as_deref().and_then(Day::parse);
        at(&self.from).is_none_or(|from| from <= day) && at(&self.to).is_none_or(|to| day < to)
    }
}

impl Instruments {
    /// Whether a post of that role and department, perhaps naming an instrument of its own, holds the duty behind a purpose on
    /// that day: which law gives it, or why not.
    pub fn grant(
        &self,
        role: Role,
        department: Department,
        named: Option<&str>,
        purpose: Purpose,
        day: Day,
    ) -> Result<&str, Reason> {
        let mut held = self.0.iter().filter(|i| {
            i.roles.contains(&role)
                && (i.departments.is_empty() || i.departments.contains(&department))
                && (i.standing || named == Some(i.name.as_str()))
                && i.purposes.contains(&purpose)
        });
        match held.clone().find(|instrument| instrument.in_force(day)) {
            Some(instrument) => Ok(&instrument.law),
            None if held.next().is_some() => Err(Reason::InstrumentExpired),
            None => Err(Reason::NoBasis),
        }
    }
}

impl Letters {
    /// What a letter of that department gives.
    pub fn grants(&self, department: Department) -> Option<&Grant> {
        self.0.iter().find(|grant| grant.department == department)
    }
}

fn read(text: &str) -> Result<(Instruments, Letters, Vec<Item>), PolicyError> {
    let file: File = toml::from_str(text).map_err(|e| PolicyError::Instruments(e.message().to_owned()))?;
    let mut grants = Vec::new();
    for line in file.letter {
        let fields: Result<_, _> = line.fields.iter().map(|id| FieldId::parse(id)).collect();
        let fields =
            fields.map_err(|_| PolicyError::Instruments("a letter names an unknown field".into()))?;
        grants.push(Grant {
            department: line.department,
            statute: line.statute,
            article: line.article,
            purposes: line.purposes,
            fields,
        });
    }
    for day in file.instrument.iter().flat_map(|i| i.from.iter().chain(&i.to)) {
        if Day::parse(day).is_none() {
            return Err(PolicyError::Instruments(format!("`{day}` is no day")));
        }
    }
    let listed = |purpose: &Purpose| file.item.iter().any(|item| item.purposes.contains(purpose));
    let unlisted = file.instrument.iter().find(|instrument| {
        instrument.roles.iter().copied().any(of_the_committee) && !instrument.purposes.iter().all(listed)
    });
    if let Some(unlisted) = unlisted {
        let words =
            format!("`{}` gives a committee's role what no item of the task list names", unlisted.name);
        return Err(PolicyError::Instruments(words));
    }
    Ok((Instruments(file.instrument), Letters(grants), file.item))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_officers_own_department_has_its_duty() {
        let day = Day::parse(crate::book::tests::DAY).unwrap();
        let holds = |d, p| instruments().grant(Role::DispatchedOfficer, d, None, p, day).is_ok();
        assert!(holds(Department::Police, Purpose::FloatingPopulationRegistration));
        assert!(!holds(Department::UrbanManagement, Purpose::FloatingPopulationRegistration));
        assert!(!holds(Department::Police, Purpose::HomeVisitCare));
        let named = Some("居住证暂行条例");
        let (role, department) = (Role::GridAssistant, Department::FloatingPopulation);
        let purpose = Purpose::FloatingPopulationRegistration;
        assert_eq!(instruments().grant(role, department, named, purpose, day), Err(Reason::NoBasis));
    }

    #[test]
    fn d36_an_instrument_gives_a_committees_role_nothing_beyond_the_task_list() {
        for item in items() {
            let (from, until) = TEXT.split_once(&format!("[[item]]\nid = \"{}\"", item.id)).unwrap();
            let (_, after) = until.split_once("\n[[").unwrap();
            let without = read(&format!("{from}[[{after}"));
            // Two of the purposes rest on consent or an emergency, which no instrument gives: the rules are held against the list.
            let none = ["XZ-02", "XZ-04"].contains(&item.id.as_str());
            assert_eq!(without.is_ok(), none, "{} {:?}", item.id, without.err());
        }
    }

    #[test]
    fn d20_an_instrument_is_in_force_from_a_day_to_a_day() {
        let text = "letter = []\n[[item]]\nid = \"1\"\nname = \"i\"\npurposes = [\"case_handling\"]\n[[instrument]]\nname = \"a\"\nlaw = \"l\"\nroles = [\"grid_chief\"]\npurposes = [\"case_handling\"]\nstanding = true\nfrom = \"2026-01-01\"\nto = \"2027-01-01\"\n";
        let on = |day: &str| {
            let (instruments, ..) = read(text).unwrap();
            let day = Day::parse(day).unwrap();
            instruments
                .grant(Role::GridChief, Department::None, None, Purpose::CaseHandling, day)
                .map(str::to_owned)
        };
        assert_eq!(on("2026-12-31"), Ok("l".into()));
        for day in ["2025-12-31", "2027-01-01"] {
            assert_eq!(on(day), Err(Reason::InstrumentExpired));
        }
        assert!(read(&text.replace("2027-01-01", "2027-02-29")).is_err());
    }
}
