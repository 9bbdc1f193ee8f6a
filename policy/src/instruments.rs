//! Instruments and letters: which posts hold which statutory duty, and what a department's letter gives.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::catalog::FieldId;
use crate::error::PolicyError;
use crate::words::{Department, Purpose, Role};

pub(crate) const TEXT: &str = include_str!("../rules/instruments.toml");

static AUTHORITY: LazyLock<(Instruments, Letters)> = LazyLock::new(|| {
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
    /// What for.
    pub purposes: Vec<Purpose>,
    /// Which fields.
    pub fields: Vec<FieldId>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Instrument {
    name: String,
    #[serde(rename = "law")]
    _law: String,
    roles: Vec<Role>,
    /// Empty: any.
    #[serde(default)]
    departments: Vec<Department>,
    purposes: Vec<Purpose>,
    standing: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    instrument: Vec<Instrument>,
    letter: Vec<LetterLine>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LetterLine {
    department: Department,
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

impl Instruments {
    /// Whether a post of that role and department, perhaps naming an instrument of its own, holds the duty behind a purpose.
    pub fn grant(&self, role: Role, department: Department, named: Option<&str>, purpose: Purpose) -> bool {
        self.0.iter().any(|i| {
            i.roles.contains(&role)
                && (i.departments.is_empty() || i.departments.contains(&department))
                && (i.standing || named == Some(i.name.as_str()))
                && i.purposes.contains(&purpose)
        })
    }
}

impl Letters {
    /// What a letter of that department gives.
    pub fn grants(&self, department: Department) -> Option<&Grant> {
        self.0.iter().find(|grant| grant.department == department)
    }
}

fn read(text: &str) -> Result<(Instruments, Letters), PolicyError> {
    let file: File = toml::from_str(text).map_err(|e| PolicyError::Instruments(e.message().to_owned()))?;
    let mut grants = Vec::new();
    for line in file.letter {
        let fields: Result<_, _> = line.fields.iter().map(|id| FieldId::parse(id)).collect();
        let fields =
            fields.map_err(|_| PolicyError::Instruments("a letter names an unknown field".into()))?;
        grants.push(Grant { department: line.department, purposes: line.purposes, fields });
    }
    Ok((Instruments(file.instrument), Letters(grants)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_officers_own_department_has_its_duty() {
        let holds = |d, p| instruments().grant(Role::DispatchedOfficer, d, None, p);
        assert!(holds(Department::Police, Purpose::FloatingPopulationRegistration));
        assert!(!holds(Department::UrbanManagement, Purpose::FloatingPopulationRegistration));
        assert!(!holds(Department::Police, Purpose::HomeVisitCare));
        assert!(!instruments().grant(
            Role::GridAssistant,
            Department::FloatingPopulation,
            Some("居住证暂行条例"),
            Purpose::FloatingPopulationRegistration
        ));
    }
}
