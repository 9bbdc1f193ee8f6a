//! The classes that are worth asking: one for each distinct combination of masks near a permit.

use crate::book::Book;
use crate::caps::CAPS;
use crate::catalog::{FieldId, belongs};
use crate::check::ladders;
use crate::compile::{Bits, and, set_row};
use crate::facts::{AGE, BASIS, Class, DEPARTMENT, FIELD, PURPOSE, RECORD, ROLE, TIER};
use crate::parse::Rule;
use crate::words::{AgeClass, RecordType};

/// Whether the class has that value.
pub(crate) fn is(class: &Class, dimension: usize, index: usize) -> bool {
    class.get(dimension) == Some(&index)
}

/// A class for each distinct combination of masks that some permit holds; at most `limit` of each permit.
pub(crate) fn classes(book: &Book, limit: usize) -> Vec<Class> {
    let mut out = Vec::new();
    for rule in book.rules.iter().filter(|rule| !rule.denies()) {
        let near = near(book, rule);
        let choices: Vec<Vec<usize>> = rule
            .sets
            .iter()
            .enumerate()
            .map(|(dimension, set)| representatives(book, dimension, set, &near))
            .collect();
        let mut class: Class = Default::default();
        let mut of_rule = Vec::new();
        grow(&choices, 0, &mut class, &mut of_rule, limit);
        out.append(&mut of_rule);
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// The rows that can hold a class of the rule's box, or one that a step up a ladder leads to from there.
fn near(book: &Book, rule: &Rule) -> Bits {
    let climbed: Vec<usize> = ladders().iter().map(|(dimension, _)| *dimension).collect();
    let mut rows = Bits::default();
    for (row, other) in book.rules.iter().enumerate() {
        let meets = rule.sets.iter().zip(&other.sets).enumerate().all(|(dimension, (a, b))| {
            climbed.contains(&dimension) || dimension == TIER || a.iter().any(|value| b.contains(value))
        });
        if meets {
            set_row(&mut rows, row);
        }
    }
    rows
}

fn grow(choices: &[Vec<usize>], dimension: usize, class: &mut Class, out: &mut Vec<Class>, limit: usize) {
    if out.len() >= limit {
        return;
    }
    let Some(values) = choices.get(dimension) else {
        if let Some(tier) = tier_of(class).filter(|_| can_be(class)) {
            let mut class = *class;
            if let Some(place) = class.get_mut(TIER) {
                *place = tier;
            }
            out.push(class);
        }
        return;
    };
    // The tier follows from field and age; it is no choice of its own.
    let one = [0];
    let values = if dimension == TIER { one.as_slice() } else { values.as_slice() };
    for value in values {
        if let Some(place) = class.get_mut(dimension) {
            *place = *value;
        }
        grow(choices, dimension + 1, class, out, limit);
    }
}

/// Whether such a record holds such a field; places and tickets have no age.
fn can_be(class: &Class) -> bool {
    let record = class.get(RECORD).and_then(|i| RecordType::ALL.get(*i)).copied();
    let field = class.get(FIELD).and_then(|i| FieldId::all().nth(*i));
    record.zip(field).is_some_and(|(record, field)| {
        belongs(record, field) && (record == RecordType::Person || is(class, AGE, AgeClass::Adult.index()))
    })
}

fn tier_of(class: &Class) -> Option<usize> {
    let field = FieldId::all().nth(*class.get(FIELD)?)?;
    let age = AgeClass::ALL.get(*class.get(AGE)?)?;
    let tier = if field.record() == RecordType::Person { field.tier().effective(*age) } else { field.tier() };
    Some(tier.index())
}

/// Of a rule's values one for each distinct mask among the rows near it; what changes the tier, or what a
/// record can hold, is told apart too.
fn representatives(book: &Book, dimension: usize, set: &[usize], near: &Bits) -> Vec<usize> {
    let mut seen = Vec::new();
    let mut out = Vec::new();
    // From the last: of ages the adult's, which places and tickets have too.
    for value in set.iter().rev().copied() {
        let field = (dimension == FIELD).then(|| FieldId::all().nth(value)).flatten();
        let child = dimension == AGE && value == AgeClass::Under14.index();
        let record = (dimension == RECORD).then_some(value);
        let kind = field.map(|f| {
            (f.tier(), f.record(), RecordType::ALL.iter().map(|r| belongs(*r, f)).collect::<Vec<_>>())
        });
        // The laws look at these by name.
        let named = matches!(dimension, ROLE | PURPOSE | BASIS).then_some(value);
        let caps = (dimension == DEPARTMENT).then(|| {
            CAPS.iter().map(|(_, of, ..)| of.iter().any(|d| d.index() == value)).collect::<Vec<_>>()
        });
        let key = (and(book.masks.of(dimension, value), *near), kind, child, (record, named, caps));
        if !seen.contains(&key) {
            seen.push(key);
            out.push(value);
        }
    }
    out
}
