//! The strict reader in front of the rule engine: whatever it would silently drop or misread is refused here.

use std::collections::HashSet;

use crate::catalog::FieldId;
use crate::day::Day;
use crate::decision::{Obligation, RuleId};
use crate::error::PolicyError;
use crate::facts::{AGE, BASIS, DIMENSIONS, FIELD, NAMES, PURPOSE, STATE, values};
use crate::words::{Basis, Form, Layer, ObligationKind, Outcome, Purpose, Reason};

/// Rules at most: the compiled masks have so many bits.
pub(crate) const RULES_MOST: usize = 512;

/// A rule: a box of classes, what it says of them, and why.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its number.
    pub id: RuleId,
    /// What it says: permits name an outcome, denies are `denied`.
    pub outcome: Outcome,
    /// The form of a masked field, where it is not the field's own mask.
    pub form: Option<Form>,
    /// Why not, where it denies.
    pub reason: Option<Reason>,
    /// What comes with the values.
    pub obligations: Vec<Obligation>,
    /// From which day it holds; empty: always.
    pub from: Option<Day>,
    /// Until which day, not included; empty: without an end.
    pub to: Option<Day>,
    /// The law it rests on.
    pub law: String,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
    /// Per dimension, which values (by index) it covers.
    pub(crate) sets: [Vec<usize>; DIMENSIONS],
}

impl Rule {
    /// Whether it turns on what the record is like.
    pub(crate) fn tells_of_the_record(&self) -> bool {
        [AGE, STATE].iter().any(|d| self.sets.get(*d).is_some_and(|set| set.len() < values(*d).len()))
    }

    /// Whether it holds on that day.
    pub fn holds(&self, day: Day) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day < to)
    }

    /// What it is for: prohibitions come first, emergencies stand apart, the rest is everyday.
    pub fn layer(&self) -> Layer {
        let only =
            |dimension: usize, index: usize| self.sets.get(dimension).is_some_and(|set| *set == [index]);
        match self.denies() {
            true => Layer::Prohibition,
            false if only(BASIS, Basis::Emergency.index()) => Layer::Emergency,
            false => Layer::Ordinary,
        }
    }

    /// Whether it denies.
    pub fn denies(&self) -> bool {
        self.outcome == Outcome::Denied
    }

    /// How many classes it covers: the smaller, the more specific.
    pub(crate) fn volume(&self) -> u128 {
        self.sets.iter().map(|set| set.len() as u128).product()
    }

    /// A column as the rule engine gets it: `*` or a list.
    pub(crate) fn column(&self, dimension: usize) -> String {
        let all = values(dimension);
        let Some(set) = self.sets.get(dimension) else { return String::new() };
        if set.len() == all.len() {
            return "*".into();
        }
        set.iter().filter_map(|i| all.get(*i).copied()).collect::<Vec<_>>().join("|")
    }
}

/// The file's columns, exactly these in this order.
const BEHIND: [&str; 8] = ["out", "form", "obligations", "from", "to", "law", "zh", "en"];

/// Reads the rules and orders them: denies before permits, then the most specific, the most restrictive, the lowest id.
pub(crate) fn rules(text: &str) -> Result<Vec<Rule>, PolicyError> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let header: Vec<&str> = ["id"].into_iter().chain(NAMES).chain(BEHIND).collect();
    match lines.next() {
        Some((_, line)) if line == header.join(";") => {}
        _ => return Err(PolicyError::Rules(format!("the header must be `{}`", header.join(";")))),
    }
    let mut rules = Vec::new();
    let (mut ids, mut boxes) = (HashSet::new(), HashSet::new());
    for (i, line) in lines {
        let rule = rule(line).map_err(|why| PolicyError::Rule { line: i + 1, why })?;
        if !ids.insert(rule.id) || !boxes.insert((rule.sets.clone(), rule.outcome)) {
            return Err(PolicyError::Rule { line: i + 1, why: "it stands twice".into() });
        }
        rules.push(rule);
    }
    if rules.is_empty() || rules.len() > RULES_MOST {
        return Err(PolicyError::Rules(format!("there must be 1 to {RULES_MOST} rules")));
    }
    rules.sort_by_key(|r| (!r.denies(), r.volume(), restrictiveness(r.outcome), r.id));
    Ok(rules)
}

fn restrictiveness(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Denied | Outcome::Absent => 0,
        Outcome::Matched => 1,
        Outcome::Derived => 2,
        Outcome::Masked => 3,
        Outcome::Clear => 4,
    }
}

fn rule(line: &str) -> Result<Rule, String> {
    let columns: Vec<&str> = line.split(';').collect();
    if columns.len() != 1 + DIMENSIONS + BEHIND.len() {
        return Err(format!("{} columns instead of {}", columns.len(), 1 + DIMENSIONS + BEHIND.len()));
    }
    if columns.iter().any(|c| c.trim() != *c || c.contains(['"', '\t'])) {
        return Err("a column with a blank at its end, a tab or a quotation mark".into());
    }
    let (Some((id, rest)), Some(behind)) = (columns.split_first(), columns.get(1 + DIMENSIONS..)) else {
        return Err("no columns".into());
    };
    let mut sets: [Vec<usize>; DIMENSIONS] = Default::default();
    for (dimension, (set, column)) in sets.iter_mut().zip(rest).enumerate() {
        *set = values_of(dimension, column)?;
    }
    let [out, form, obligations, from, to, law, zh, en] = behind else { return Err("no columns".into()) };
    let outcome = match *out {
        "deny" => Outcome::Denied,
        "clear" => Outcome::Clear,
        "masked" => Outcome::Masked,
        "derived" => Outcome::Derived,
        "matched" => Outcome::Matched,
        other => return Err(format!("`{other}` is no outcome")),
    };
    if law.is_empty() || zh.is_empty() || en.is_empty() {
        return Err("law and both sentences must be there".into());
    }
    let (from, to) = (day(from)?, day(to)?);
    if from.zip(to).is_some_and(|(from, to)| from >= to) {
        return Err("it ends before it begins".into());
    }
    let (form, reason) = match (outcome, *form) {
        (Outcome::Denied, word) => (None, Some(Reason::parse(word).ok_or("a deny needs a reason code")?)),
        (_, "") => (None, None),
        (Outcome::Masked, word) => (Some(Form::parse(word).ok_or("no such form")?), None),
        _ => return Err("only masked fields have a form".into()),
    };
    let rule = Rule {
        id: rule_id(id)?,
        outcome,
        form,
        reason,
        obligations: obligations_of(obligations)?,
        from,
        to,
        law: (*law).into(),
        zh: (*zh).into(),
        en: (*en).into(),
        sets,
    };
    fits(&rule)?;
    Ok(rule)
}

fn day(text: &str) -> Result<Option<Day>, String> {
    let day = Day::parse(text);
    if day.is_none() && !text.is_empty() { Err(format!("`{text}` is no day")) } else { Ok(day) }
}

fn rule_id(text: &str) -> Result<RuleId, String> {
    let number = text.strip_prefix("R-").and_then(|n| n.parse::<u16>().ok()).filter(|n| *n > 0);
    let id = number.map(RuleId).filter(|id| id.to_string() == text);
    id.ok_or_else(|| format!("`{text}` is no rule id"))
}

fn values_of(dimension: usize, column: &str) -> Result<Vec<usize>, String> {
    let all = values(dimension);
    let name = NAMES.get(dimension).copied().unwrap_or_default();
    if column == "*" {
        return Ok((0..all.len()).collect());
    }
    let mut set = Vec::new();
    for word in column.split('|') {
        let found: Vec<usize> = match word.strip_suffix(".*") {
            Some(group) if dimension == FIELD => {
                FieldId::all().filter(|f| f.group() == group).map(FieldId::index).collect()
            }
            _ => all.iter().position(|value| *value == word).into_iter().collect(),
        };
        if found.is_empty() {
            return Err(format!("`{word}` is no {name}"));
        }
        for value in found {
            if set.contains(&value) {
                return Err(format!("`{word}` stands twice in {name}"));
            }
            set.push(value);
        }
    }
    set.sort_unstable();
    Ok(set)
}

fn obligations_of(column: &str) -> Result<Vec<Obligation>, String> {
    let mut out = Vec::new();
    for word in column.split('|').filter(|w| !w.is_empty()) {
        let (kind, value) = word.split_once(':').unwrap_or((word, ""));
        let kind = ObligationKind::parse(kind).ok_or_else(|| format!("`{word}` is no obligation"))?;
        let (scope, days) = match (kind, value) {
            (ObligationKind::DiscloseWithin, "task_team") => (Some("task_team"), None),
            (ObligationKind::DiscloseWithin, "unit") => (Some("unit"), None),
            (ObligationKind::DeleteAfter, n) => {
                (None, Some(n.parse().map_err(|_| format!("`{word}` has no days"))?))
            }
            (ObligationKind::NoPrint | ObligationKind::NoExport | ObligationKind::Watermark, "") => {
                (None, None)
            }
            _ => return Err(format!("`{word}` is no obligation")),
        };
        out.push(Obligation { kind, scope, days });
    }
    Ok(out)
}

/// Derived fields are derived, and only they; a masked field has a mask that shows something. An emergency is a layer of its
/// own: its permits rest on nothing else and serve nothing else, so that it lifts only the denies that leave it out.
fn fits(rule: &Rule) -> Result<(), String> {
    let names = |dimension: usize, index: usize| rule.sets.get(dimension).is_some_and(|s| s.contains(&index));
    if !rule.denies() && names(BASIS, Basis::Emergency.index()) {
        let rescue = rule.sets.get(PURPOSE).is_some_and(|set| *set == [Purpose::EmergencyRescue.index()]);
        if rule.layer() != Layer::Emergency || !rescue {
            return Err("a permit on an emergency rests on that alone, for rescue alone".into());
        }
    }
    let fields = FieldId::all().filter(|f| rule.sets.get(FIELD).is_some_and(|set| set.contains(&f.index())));
    for field in fields {
        let fits = match rule.outcome {
            Outcome::Denied => true,
            Outcome::Derived => field.is_derived(),
            Outcome::Masked => {
                let form = rule.form.unwrap_or(field.mask());
                !field.is_derived() && !matches!(form, Form::None | Form::Hide)
            }
            _ => !field.is_derived(),
        };
        if !fits {
            return Err(format!("`{}` cannot be {}", field.as_str(), rule.outcome));
        }
    }
    Ok(())
}
