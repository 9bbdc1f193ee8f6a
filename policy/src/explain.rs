//! A decision step by step: which prohibitions and permits hold, which one decides, what is missing, and which single fact
//! would have changed it, where that may be told.

use crate::book::Book;
use crate::catalog::FieldId;
use crate::compile::{first, has_row};
use crate::decision::{FieldDecision, RuleId};
use crate::facts::{
    AGE, Asked, BASIS, CONFIRMED, Class, DEPARTMENT, FIELD, Facts, LETTER, NAMED, NAMES, PURPOSE, RECORD,
    ROLE, RecordKey, STATE, TASK, TIER, values,
};
use crate::parse::Rule;
use crate::words::{Outcome, Tier};

/// Why a field is decided as it is.
pub struct Explanation<'b> {
    /// The decision.
    pub decided: FieldDecision,
    /// The tier that counted.
    pub tier: Tier,
    /// The facts: dimension and value.
    pub facts: Vec<(&'static str, &'static str)>,
    /// Rules that hold, in the order of deciding: prohibitions, then permits, the most specific first.
    pub held: Vec<&'b Rule>,
    /// Permits of this role, purpose and field that do not hold, each with what it asks otherwise.
    pub short: Vec<(&'b Rule, Vec<&'static str>)>,
    /// The single facts that would change the outcome.
    pub misses: Vec<Miss>,
}

/// A fact that, being another, would change the outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// The dimension.
    pub fact: &'static str,
    /// The other value.
    pub value: &'static str,
    /// What would come of it.
    pub outcome: Outcome,
    /// By which rule.
    pub rule: RuleId,
    /// Whether whoever asked may be told: nothing about the record, and of sensitive fields nothing that could be faked.
    pub may_be_told: bool,
}

impl Book {
    /// Explains the decision on one field.
    pub fn explain(&self, facts: &Facts, field: FieldId) -> Explanation<'_> {
        let asked = Asked { record: RecordKey([0; 16]), field };
        let decided = self.field(facts, self.held(facts, field), asked);
        let class = facts.class(field);
        let rows = self.masks.rows(&class);
        let rules = || self.rules.iter().enumerate();
        let tier = facts.effective_tier(field);
        Explanation {
            decided,
            tier,
            facts: words(&class),
            held: rules().filter(|(row, _)| has_row(&rows, *row)).map(|(_, rule)| rule).collect(),
            short: rules()
                .filter(|(_, rule)| !rule.denies())
                .filter_map(|(_, rule)| short(rule, &class))
                .collect(),
            misses: self.misses(&class, tier),
        }
    }

    /// Every single fact that would give another outcome, were it another: the role and the field stay.
    fn misses(&self, class: &Class, tier: Tier) -> Vec<Miss> {
        let outcome = |class: &Class| {
            let row = first(&self.masks.rows(class))?;
            self.rules.get(row).map(|rule| (rule.outcome, rule.id))
        };
        let now = outcome(class).map_or(Outcome::Denied, |(outcome, _)| outcome);
        let mut misses = Vec::new();
        for (dimension, fact) in NAMES.iter().enumerate() {
            if matches!(dimension, ROLE | FIELD | TIER | RECORD | AGE) {
                continue;
            }
            for (index, value) in values(dimension).into_iter().enumerate() {
                let mut other = *class;
                if let Some(place) = other.get_mut(dimension) {
                    *place = index;
                }
                let Some((outcome, rule)) =
                    outcome(&other).filter(|(o, _)| *o != Outcome::Denied && *o != now)
                else {
                    continue;
                };
                misses.push(Miss { fact, value, outcome, rule, may_be_told: may_be_told(dimension, tier) });
            }
        }
        misses
    }
}

/// What the record is like is never told. Purpose, basis, task and post are what an asker could fake: of T3 and above they
/// are no hint.
fn may_be_told(dimension: usize, tier: Tier) -> bool {
    match dimension {
        AGE | STATE => false,
        DEPARTMENT | PURPOSE | BASIS | TASK | LETTER | CONFIRMED | NAMED => tier < Tier::T3,
        _ => true,
    }
}

fn words(class: &Class) -> Vec<(&'static str, &'static str)> {
    let named = NAMES.iter().zip(class).enumerate();
    named.filter_map(|(d, (name, value))| Some((*name, values(d).get(*value).copied()?))).collect()
}

/// What a permit of the same role, purpose and field asks otherwise; nothing where it holds or is another's.
fn short<'r>(rule: &'r Rule, class: &Class) -> Option<(&'r Rule, Vec<&'static str>)> {
    let holds = |dimension: usize| {
        let (set, value) = (rule.sets.get(dimension)?, class.get(dimension)?);
        Some(set.contains(value))
    };
    if ![ROLE, PURPOSE, FIELD].iter().all(|d| holds(*d) == Some(true)) {
        return None;
    }
    let otherwise: Vec<_> =
        NAMES.iter().enumerate().filter(|(d, _)| holds(*d) == Some(false)).map(|(_, name)| *name).collect();
    (!otherwise.is_empty()).then_some((rule, otherwise))
}
