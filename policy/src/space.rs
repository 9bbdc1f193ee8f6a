//! The whole space of classes as a decision diagram: a level per dimension, equal parts shared. What it says of every class
//! has one digest whatever the rules are written like, and where two versions differ is found exactly, not sampled.

use std::collections::HashMap;

use ring::digest::{Context, SHA256};

use crate::book::Book;
use crate::catalog::FieldId;
use crate::compile::{Bits, and, any, first};
use crate::facts::{
    ACTION, AGE, BASIS, CONFIRMED, DEPARTMENT, DIMENSIONS, DUTY, FIELD, LETTER, NAMED, POSTURE, PURPOSE,
    RECORD, RELATION, ROLE, STATE, TASK, TIER, values,
};
use crate::words::{AgeClass, Form, Outcome, RecordType, Tier};

/// The levels. The tier is none: it follows from field and age.
const ORDER: [usize; DIMENSIONS - 1] = [
    PURPOSE, ROLE, DEPARTMENT, RECORD, FIELD, AGE, NAMED, RELATION, BASIS, ACTION, TASK, LETTER, CONFIRMED,
    STATE, DUTY, POSTURE,
];

type Digest = [u8; 32];
/// Nothing is permitted, by whatever reason.
const NOTHING: Digest = [0; 32];

/// What of the field is needed until the age is known.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Kind {
    tier: Tier,
    raised: bool,
    mask: Form,
}

/// A place in the diagram: what is left of the rules behind some dimensions.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Place {
    level: usize,
    kind: Option<Kind>,
    rows: Bits,
}

/// The diagram of one version, as far as it was walked.
pub(crate) struct Space<'b> {
    book: &'b Book,
    known: HashMap<Place, Digest>,
}

impl<'b> Space<'b> {
    pub(crate) fn new(book: &'b Book) -> Self {
        Self { book, known: HashMap::new() }
    }

    fn top(&self) -> Place {
        Place { level: 0, kind: None, rows: self.book.alive }
    }

    /// The places behind each value of the next dimension.
    fn next(&self, place: &Place) -> Vec<Place> {
        let dimension = ORDER.get(place.level).copied().unwrap_or_default();
        let level = place.level + 1;
        let behind = |value: usize| {
            let rows = and(place.rows, self.book.masks.of(dimension, value));
            match dimension {
                FIELD => {
                    let field = FieldId::all().nth(value)?;
                    let kind = Kind {
                        tier: field.tier(),
                        raised: field.record() == RecordType::Person,
                        mask: field.mask(),
                    };
                    Some(Place { level, kind: Some(kind), rows })
                }
                AGE => {
                    let (kind, age) = (place.kind?, AgeClass::ALL.get(value)?);
                    let tier = if kind.raised { kind.tier.effective(*age) } else { kind.tier };
                    let rows = and(rows, self.book.masks.of(TIER, tier.index()));
                    Some(Place { level, kind: Some(kind), rows })
                }
                _ => Some(Place { level, kind: place.kind, rows }),
            }
        };
        (0..values(dimension).len()).filter_map(behind).collect()
    }

    /// The digest of what the rules say from a place on.
    fn digest(&mut self, place: &Place) -> Digest {
        if !any(&and(place.rows, self.book.permits)) {
            return NOTHING;
        }
        if place.level == ORDER.len() {
            return self.leaf(place);
        }
        if let Some(digest) = self.known.get(place) {
            return *digest;
        }
        let children: Vec<Digest> = self.next(place).iter().map(|next| self.digest(next)).collect();
        let digest = match children.split_first() {
            Some((one, others)) if others.iter().all(|other| other == one) => *one,
            _ => {
                let mut context = Context::new(&SHA256);
                context.update(&[1, u8::try_from(place.level).unwrap_or(u8::MAX)]);
                for child in &children {
                    context.update(child);
                }
                finish(context)
            }
        };
        self.known.insert(*place, digest);
        digest
    }

    /// What one class comes to: outcome, form and obligations, or why not where a prohibition alone stands in the way.
    fn leaf(&self, place: &Place) -> Digest {
        let Some(rule) = first(&place.rows).and_then(|row| self.book.rules.get(row)) else { return NOTHING };
        let form = (rule.outcome == Outcome::Masked).then(|| rule.form.or(place.kind.map(|kind| kind.mask)));
        let mut obligations = rule.obligations.clone();
        obligations.sort_unstable();
        let mut context = Context::new(&SHA256);
        context.update(&[0]);
        context.update(format!("{} {form:?} {:?} {obligations:?}", rule.outcome, rule.reason).as_bytes());
        finish(context)
    }

    pub(crate) fn whole(&mut self) -> Digest {
        self.digest(&self.top())
    }
}

fn finish(context: Context) -> Digest {
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

/// Classes for which two versions say otherwise: a set of values per dimension, and what each version says.
#[derive(Clone, Debug)]
pub struct Change {
    /// Per dimension the values; none where all of them do. The tier is no dimension here: it follows.
    pub sets: Vec<(&'static str, Vec<&'static str>)>,
    /// How many classes.
    pub classes: u128,
    /// What the first version says: outcome with form, and the rule.
    pub before: String,
    /// What the second says.
    pub after: String,
}

/// Every class for which two versions differ in outcome, form or obligations, as boxes that do not overlap.
pub fn diff(before: &Book, after: &Book) -> Vec<Change> {
    let mut walk = Walk { a: Space::new(before), b: Space::new(after), path: Vec::new(), out: Vec::new() };
    let (a, b) = (walk.a.top(), walk.b.top());
    walk.differ(&a, &b);
    walk.out
}

struct Walk<'b> {
    a: Space<'b>,
    b: Space<'b>,
    /// The values chosen so far, by level.
    path: Vec<Vec<usize>>,
    out: Vec<Change>,
}

impl Walk<'_> {
    fn differ(&mut self, a: &Place, b: &Place) {
        if self.a.digest(a) == self.b.digest(b) {
            return;
        }
        let Some(dimension) = ORDER.get(a.level).copied() else {
            self.out.push(self.change(a, b));
            return;
        };
        let mut groups: Vec<((Place, Place), Vec<usize>)> = Vec::new();
        for (value, pair) in self.a.next(a).into_iter().zip(self.b.next(b)).enumerate() {
            match groups.iter_mut().find(|(other, _)| *other == pair) {
                Some((_, values)) => values.push(value),
                None => groups.push((pair, vec![value])),
            }
        }
        debug_assert_eq!(groups.iter().map(|(_, v)| v.len()).sum::<usize>(), values(dimension).len());
        for ((a, b), chosen) in groups {
            self.path.push(chosen);
            self.differ(&a, &b);
            self.path.pop();
        }
    }

    fn change(&self, a: &Place, b: &Place) -> Change {
        let named = |(dimension, chosen): (&usize, &Vec<usize>)| {
            let all = values(*dimension);
            let some = chosen.iter().filter(|_| chosen.len() < all.len());
            let words = some.filter_map(|value| all.get(*value).copied()).collect();
            (crate::facts::NAMES.get(*dimension).copied().unwrap_or_default(), words)
        };
        Change {
            sets: ORDER.iter().zip(&self.path).map(named).collect(),
            classes: self.path.iter().map(|values| values.len() as u128).product(),
            before: says(self.a.book, &a.rows),
            after: says(self.b.book, &b.rows),
        }
    }
}

fn says(book: &Book, rows: &Bits) -> String {
    match first(rows).and_then(|row| book.rules.get(row)) {
        None => "denied R-000".into(),
        Some(rule) => {
            let form = rule.form.map(|form| format!(" {form}")).unwrap_or_default();
            let reason = rule.reason.map(|reason| format!(" {reason}")).unwrap_or_default();
            format!("{}{form}{reason} {}", rule.outcome, rule.id)
        }
    }
}
