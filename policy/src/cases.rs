//! Cases: facts and what must come of them, each a sentence that an officer can agree with or not.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::book::Book;
use crate::bundle::Bundle;
use crate::catalog::{FieldId, FieldSet};
use crate::decision::RuleId;
use crate::error::PolicyError;
use crate::facts::{Asked, Facts, Reach, RecordKey};
use crate::words::{
    Action, AgeClass, Basis, Department, Duty, Posture, Purpose, Reason, RecordState, RecordType, Relation,
    Role, TaskState,
};

/// What running cases came to.
#[derive(Debug, Default)]
pub struct CaseReport {
    /// Cases that came out as written.
    pub passed: usize,
    /// Those that did not: title, field, expected, got.
    pub failed: Vec<String>,
    /// Titles of those that wait for something that cannot be asked yet.
    pub waiting: Vec<String>,
    /// Rules that decided in some case.
    pub reached: BTreeSet<RuleId>,
    /// Reason codes that came out in some case.
    pub reasons: BTreeSet<Reason>,
}

/// A rule that no case would miss.
#[derive(Debug)]
pub struct Unmissed {
    /// The rule.
    pub rule: RuleId,
    /// Whether it is defence in depth: without it another rule, or the lack of one, decides every class alike.
    pub in_depth: bool,
}

/// The facts of a case in words; what is left out takes the everyday value: own grid, a person in use, one's own open task,
/// an office device, an adult.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Situation {
    role: Role,
    purpose: Purpose,
    department: Option<Department>,
    relation: Option<Relation>,
    record: Option<RecordType>,
    basis: Option<Basis>,
    action: Option<Action>,
    duty: Option<Duty>,
    posture: Option<Posture>,
    task: Option<TaskState>,
    age: Option<AgeClass>,
    state: Option<RecordState>,
    #[serde(default)]
    letter: bool,
    #[serde(default)]
    confirmed: bool,
    /// The task was opened by whoever asks.
    #[serde(default)]
    self_made: bool,
    /// The fields that the task names.
    #[serde(default)]
    named: Vec<String>,
    /// The fields that the basis covers; left out: all.
    covers: Option<Vec<String>>,
    otherwise: Option<Reason>,
    why_task: Option<Reason>,
    why_basis: Option<Reason>,
}

struct Case {
    title: String,
    /// What it waits for, in words.
    waits: Option<String>,
    situation: Situation,
    /// Field → `outcome`, `outcome form`, or `denied reason`.
    expect: BTreeMap<String, String>,
}

/// Runs a case file against the book.
pub fn run_cases(book: &Book, text: &str) -> Result<CaseReport, PolicyError> {
    let mut report = CaseReport::default();
    for case in &read(text)? {
        run(book, case, &mut report)?;
    }
    Ok(report)
}

/// Leaves every rule out in turn: the rules that no case of the bundle misses. The book must be this bundle's.
pub fn unmissed(book: &mut Book, bundle: &Bundle) -> Result<Vec<Unmissed>, PolicyError> {
    let mut cases = Vec::new();
    for (_, text) in &bundle.cases {
        cases.extend(read(text)?);
    }
    let whole = book.semantic_hash();
    let mut out = Vec::new();
    for row in 0..book.rules().len() {
        let Some(rule) = book.rules().get(row).map(|rule| rule.id) else { continue };
        let (missed, alike) = book.without(row, |book| {
            let mut report = CaseReport::default();
            for case in &cases {
                run(book, case, &mut report)?;
            }
            Ok((!report.failed.is_empty(), !report.failed.is_empty() || book.semantic_hash() == whole))
        })?;
        if !missed {
            out.push(Unmissed { rule, in_depth: alike });
        }
    }
    Ok(out)
}

fn read(text: &str) -> Result<Vec<Case>, PolicyError> {
    let wrong = |why: &str| PolicyError::Cases(why.to_owned());
    let mut file: toml::Table = toml::from_str(text).map_err(|e| wrong(e.message()))?;
    let Some(toml::Value::Array(list)) = file.remove("case") else { return Err(wrong("no cases")) };
    if !file.is_empty() {
        return Err(wrong("something beside the cases"));
    }
    list.into_iter().map(case).collect()
}

fn case(value: toml::Value) -> Result<Case, PolicyError> {
    let wrong = |why: &str| PolicyError::Cases(why.to_owned());
    let toml::Value::Table(mut table) = value else { return Err(wrong("a case is a table")) };
    let Some(toml::Value::String(title)) = table.remove("title") else {
        return Err(wrong("a case without title"));
    };
    let waits = match table.remove("waits") {
        None => None,
        Some(toml::Value::String(words)) => Some(words),
        Some(_) => return Err(wrong("what a case waits for is said in words")),
    };
    let expect = table.remove("expect").ok_or_else(|| wrong("a case that expects nothing"))?;
    let of_case = |e: toml::de::Error| PolicyError::Cases(format!("`{title}`: {}", e.message()));
    let expect: BTreeMap<String, String> = expect.try_into().map_err(of_case)?;
    let situation = toml::Value::Table(table).try_into().map_err(of_case)?;
    Ok(Case { title, waits, situation, expect })
}

fn run(book: &Book, case: &Case, report: &mut CaseReport) -> Result<(), PolicyError> {
    if case.waits.is_some() {
        report.waiting.push(case.title.clone());
        return Ok(());
    }
    let mut asked = Vec::new();
    for id in case.expect.keys() {
        asked.push(Asked { record: RecordKey([1; 16]), field: field(&case.title, id)? });
    }
    let decision = book.decide(case.situation.facts()?, &asked);
    let mut failed = false;
    for (decided, (id, expected)) in decision.fields().iter().zip(&case.expect) {
        if decided.rule() != RuleId::NONE {
            report.reached.insert(decided.rule());
        }
        report.reasons.extend(decided.reason());
        let got = format!("{} {}", decided.outcome(), decided.form_or_reason());
        let got = got.trim_end();
        if got != expected && decided.outcome().as_str() != expected {
            let rule = decided.rule();
            report.failed.push(format!("{}: {id} should be {expected}, is {got} by {rule}", case.title));
            failed = true;
        }
    }
    report.passed += usize::from(!failed);
    Ok(())
}

fn field(title: &str, id: &str) -> Result<FieldId, PolicyError> {
    FieldId::parse(id).map_err(|_| PolicyError::Cases(format!("`{title}`: `{id}` is no field")))
}

fn fields(ids: &[String]) -> Result<FieldSet, PolicyError> {
    let mut set = FieldSet::default();
    for id in ids {
        set.insert(field("a case", id)?);
    }
    Ok(set)
}

impl Situation {
    /// Reads `key = "value"` lines, as in a case file.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        toml::from_str(text).map_err(|e| PolicyError::Cases(e.message().to_owned()))
    }

    /// The facts that it says.
    pub fn facts(&self) -> Result<Facts, PolicyError> {
        let reach = match &self.covers {
            None => Reach::All,
            Some(ids) => {
                Reach::Only { fields: fields(ids)?, otherwise: self.otherwise.unwrap_or(Reason::ConsentNone) }
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
            duty: self.duty.unwrap_or(Duty::On),
            posture: self.posture.unwrap_or(Posture::Office),
            task: self.task.unwrap_or(TaskState::OpenMine),
            age: self.age.unwrap_or(AgeClass::Adult),
            state: self.state.unwrap_or(RecordState::Live),
            letter: self.letter,
            confirmed: self.confirmed,
            self_made: self.self_made,
            named: fields(&self.named)?,
            reach,
            why_task: self.why_task,
            why_basis: self.why_basis,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::tests::book;

    fn all(book: &Book) -> CaseReport {
        let mut all = CaseReport::default();
        for (name, text) in &Bundle::builtin().cases {
            let report = run_cases(book, text).unwrap_or_else(|e| panic!("{name}: {e}"));
            all.passed += report.passed;
            all.failed.extend(report.failed);
            all.waiting.extend(report.waiting);
            all.reached.extend(report.reached);
            all.reasons.extend(report.reasons);
        }
        all
    }

    #[test]
    fn every_case_comes_out_as_written_and_every_rule_is_reached() {
        let bundle = Bundle::builtin();
        let book = Book::compile(&bundle, crate::Day::parse(crate::book::tests::DAY).unwrap()).unwrap();
        let report = all(&book);
        assert!(report.failed.is_empty(), "{}", report.failed.join("\n"));
        let missed: Vec<String> = book
            .rules()
            .iter()
            .map(|r| r.id)
            .filter(|id| !report.reached.contains(id))
            .map(|id| id.to_string())
            .collect();
        assert!(missed.is_empty(), "no case reaches {}", missed.join(" "));
        assert!(report.passed >= 174, "{}", report.passed);
    }

    #[test]
    fn every_rule_is_missed_by_a_case_when_it_is_left_out() {
        let mut book = book();
        let unmissed = unmissed(&mut book, &Bundle::builtin()).unwrap();
        let rules: Vec<String> =
            unmissed.iter().filter(|u| !u.in_depth).map(|u| u.rule.to_string()).collect();
        assert!(rules.is_empty(), "no case misses {}", rules.join(" "));
    }

    /// Codes that no decision gives yet, and what each waits for.
    const ELSEWHERE: &[(Reason, &str)] = &[
        (Reason::FieldProhibited, "refused before deciding: such a field is no field"),
        (Reason::TierList, "lists and batches"),
        (Reason::Rate, "counting of lookups"),
        (Reason::Training, "records of training"),
        (Reason::ConflictOfInterest, "kinship and neighbours"),
        (Reason::PiaMissing, "assessments by purpose"),
        (Reason::EmbargoDoc, "documents of legal requests"),
        (Reason::LogUnavailable, "said by the log, not by a rule"),
    ];

    #[test]
    fn every_reason_code_comes_out_of_a_case_or_is_said_elsewhere() {
        let reasons = all(&book()).reasons;
        for reason in Reason::ALL {
            let elsewhere = ELSEWHERE.iter().any(|(other, _)| other == reason);
            assert_eq!(reasons.contains(reason), !elsewhere, "{reason}");
        }
        assert!(FieldId::parse("person.religion").is_err());
    }

    #[test]
    fn a_wrong_expectation_fails() {
        let book = book();
        let text = "[[case]]\ntitle = \"t\"\nrole = \"grid_chief\"\npurpose = \"home_visit_care\"\nexpect = { \"person.name\" = \"clear\" }\n";
        assert_eq!(run_cases(&book, text).unwrap().failed.len(), 1);
        assert!(run_cases(&book, &text.replace("person.name", "person.nmae")).is_err());
        assert!(run_cases(&book, &text.replace("grid_chief", "grid_cheif")).is_err());
        assert!(run_cases(&book, &text.replace("purpose", "porpoise")).is_err());
    }
}
