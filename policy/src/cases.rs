//! Cases: facts and what must come of them, each a sentence that an officer can agree with or not.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::book::Book;
use crate::catalog::{FieldId, FieldSet};
use crate::decision::RuleId;
use crate::error::PolicyError;
use crate::facts::{Asked, Facts, Reach, RecordKey};
use crate::words::{
    Action, AgeClass, Basis, Department, Duty, Posture, Purpose, Reason, RecordType, Relation, Role,
    TaskState,
};

/// What running cases came to.
#[derive(Debug, Default)]
pub struct CaseReport {
    /// Cases that came out as written.
    pub passed: usize,
    /// Those that did not: title, field, expected, got.
    pub failed: Vec<String>,
    /// Rules that decided in some case.
    pub reached: BTreeSet<RuleId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

/// Members left out take the everyday value: own grid, a person, one's own open task, an office device, an adult.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    title: String,
    role: Role,
    purpose: Purpose,
    department: Option<Department>,
    relation: Option<Relation>,
    record: Option<RecordType>,
    basis: Option<Basis>,
    action: Option<Action>,
    posture: Option<Posture>,
    task: Option<TaskState>,
    age: Option<AgeClass>,
    #[serde(default)]
    deceased: bool,
    #[serde(default)]
    letter: bool,
    /// The fields that the basis covers; left out: all.
    covers: Option<Vec<String>>,
    otherwise: Option<Reason>,
    why_task: Option<Reason>,
    why_basis: Option<Reason>,
    /// Field → `outcome`, `outcome form`, or `denied reason`.
    expect: BTreeMap<String, String>,
}

/// Runs a case file against the book.
pub fn run_cases(book: &Book, text: &str) -> Result<CaseReport, PolicyError> {
    let file: File = toml::from_str(text).map_err(|e| PolicyError::Cases(e.message().to_owned()))?;
    let mut report = CaseReport::default();
    for case in &file.case {
        run(book, case, &mut report)?;
    }
    Ok(report)
}

fn run(book: &Book, case: &Case, report: &mut CaseReport) -> Result<(), PolicyError> {
    let unknown = |id: &str| PolicyError::Cases(format!("`{}`: `{id}` is no field", case.title));
    let mut asked = Vec::new();
    for id in case.expect.keys() {
        let field = FieldId::parse(id).map_err(|_| unknown(id))?;
        asked.push(Asked { record: RecordKey([1; 16]), field });
    }
    let decision = book.decide(case.facts()?, &asked);
    let mut failed = false;
    for (decided, (id, expected)) in decision.fields().iter().zip(&case.expect) {
        if decided.rule() != RuleId::NONE {
            report.reached.insert(decided.rule());
        }
        let more = match (decided.form(), decided.reason()) {
            (_, Some(reason)) => format!(" {reason}"),
            (Some(form), None) => format!(" {form}"),
            (None, None) => String::new(),
        };
        let got = format!("{}{more}", decided.outcome());
        if got != *expected && decided.outcome().as_str() != expected {
            report.failed.push(format!(
                "{}: {id} should be {expected}, is {got} by {}",
                case.title,
                decided.rule()
            ));
            failed = true;
        }
    }
    report.passed += usize::from(!failed);
    Ok(())
}

impl Case {
    fn facts(&self) -> Result<Facts, PolicyError> {
        let reach = match &self.covers {
            None => Reach::All,
            Some(ids) => {
                let mut fields = FieldSet::default();
                for id in ids {
                    let field =
                        FieldId::parse(id).map_err(|_| PolicyError::Cases(format!("`{id}` is no field")))?;
                    fields.insert(field);
                }
                Reach::Only { fields, otherwise: self.otherwise.unwrap_or(Reason::ConsentNone) }
            }
        };
        Ok(Facts {
            role: self.role,
            department: self.department.unwrap_or(Department::None),
            relation: self.relation.unwrap_or(Relation::OwnGrid),
            record: self.record.unwrap_or(RecordType::Person),
            purpose: self.purpose,
            basis: self.basis.unwrap_or(Basis::None),
            action: self.action.unwrap_or(Action::View),
            duty: Duty::On,
            posture: self.posture.unwrap_or(Posture::Office),
            task: self.task.unwrap_or(TaskState::OpenMine),
            age: self.age.unwrap_or(AgeClass::Adult),
            deceased: self.deceased,
            letter: self.letter,
            reach,
            why_task: self.why_task,
            why_basis: self.why_basis,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_comes_out_as_written_and_every_rule_is_reached() {
        let book = Book::builtin().unwrap();
        let report = run_cases(&book, crate::CASES).unwrap();
        assert!(report.failed.is_empty(), "{}", report.failed.join("\n"));
        let missed: Vec<String> = book
            .rules()
            .iter()
            .map(|r| r.id)
            .filter(|id| !report.reached.contains(id))
            .map(|id| id.to_string())
            .collect();
        assert!(missed.is_empty(), "no case reaches {}", missed.join(" "));
        assert!(report.passed >= 60, "{}", report.passed);
    }

    #[test]
    fn a_wrong_expectation_fails() {
        let book = Book::builtin().unwrap();
        let text = "[[case]]\ntitle = \"t\"\nrole = \"grid_chief\"\npurpose = \"home_visit_care\"\nexpect = { \"person.name\" = \"clear\" }\n";
        assert_eq!(run_cases(&book, text).unwrap().failed.len(), 1);
        assert!(run_cases(&book, &text.replace("person.name", "person.nmae")).is_err());
        assert!(run_cases(&book, &text.replace("grid_chief", "grid_cheif")).is_err());
    }
}
