//! Which members the parts may have, and of what kind: a closed table each, so that nothing can hide in an entry.

use crate::entry::{ResultWord, SubjectType, WhoType};
use crate::kind::Kind;
use crate::view::View;
use crate::words::{is_hex, is_plain, is_word};

type Check = fn(View) -> bool;

/// Name, whether it must be there, what it must be; sorted by name.
type Row = (&'static str, bool, Check);

const PUBLIC: &[Row] = &[
    ("about", false, about),
    ("action", false, word),
    ("at", true, text),
    ("basis", false, word),
    ("fields", false, fields),
    ("kind", true, kind),
    ("log", true, text),
    ("obligations", false, obligations),
    ("policy", false, hash),
    ("prev", true, hash),
    ("private", true, hash),
    ("purpose", false, word),
    ("reason", false, word),
    ("result", false, result),
    ("salt", true, salt),
    ("seq", true, natural),
    ("v", true, one),
    ("who", true, who),
];

const WHO: &[Row] = &[
    ("area", false, word),
    ("department", false, word),
    ("role", false, word),
    ("through", false, word),
    ("type", true, who_type),
];

const PRIVATE: &[Row] = &[
    ("actor", true, actor),
    ("basis_ref", false, word),
    ("consent", false, natural),
    ("detail", false, only_ids),
    ("facts", false, only_ids),
    ("request", false, word),
    ("salt", true, salt),
    ("state", false, state),
    ("subject", false, subject),
    ("task", false, word),
];

const ACTOR: &[Row] = &[
    ("assignment", false, word),
    ("device", false, word),
    ("id", true, word),
    ("on_behalf_of", false, word),
    ("session", false, word),
];

const SUBJECT: &[Row] =
    &[("also", false, tags), ("place", false, salt), ("tag", true, salt), ("type", true, subject_type)];

const ABOUT: &[&str] = &["former", "keys", "reason", "signatures", "synthetic"];
const OUTCOMES: &[&str] = &["clear", "masked", "derived", "matched", "denied"];
const ABOUT_KINDS: &[Kind] = &[Kind::LogCreated, Kind::LogClosed, Kind::KeyRotated];

/// The first member of a public part that may not be there or is not what it must be; `None` where all is well.
pub(crate) fn bad_public(part: View) -> Option<String> {
    let bad = bad_member(part, PUBLIC);
    let kind = part.text("kind").and_then(Kind::parse);
    let about_elsewhere = part.get("about").is_some() && !kind.is_some_and(|k| ABOUT_KINDS.contains(&k));
    bad.or_else(|| about_elsewhere.then(|| "about".to_owned()))
}

/// Likewise of a private part.
pub(crate) fn bad_private(part: View) -> Option<String> {
    bad_member(part, PRIVATE)
}

fn bad_member(part: View, table: &[Row]) -> Option<String> {
    let Some(members) = part.members() else { return Some("(not an object)".into()) };
    let mut rows = table.iter();
    let mut missing = None;
    // Members and table are both sorted: one walk along both meets each once.
    for (name, value) in members {
        let row = rows.by_ref().find(|(known, must, _)| {
            let found = *known == name;
            missing = missing.or((*must && !found).then_some(*known));
            found
        });
        if !row.is_some_and(|(_, _, check)| check(value)) {
            return Some(name.to_owned());
        }
    }
    missing.or_else(|| rows.find(|(_, must, _)| *must).map(|(name, _, _)| *name)).map(str::to_owned)
}

fn text(view: View) -> bool {
    view.as_text().is_some()
}

fn word(view: View) -> bool {
    view.as_text().is_some_and(is_word)
}

fn hash(view: View) -> bool {
    view.as_text().is_some_and(|t| is_hex(t, 64))
}

fn salt(view: View) -> bool {
    view.as_text().is_some_and(|t| is_hex(t, 32))
}

fn natural(view: View) -> bool {
    view.as_int().is_some_and(|n| n >= 0)
}

fn one(view: View) -> bool {
    view.as_int() == Some(1)
}

fn among(view: View, words: &[&str]) -> bool {
    view.as_text().is_some_and(|t| words.contains(&t))
}

fn kind(view: View) -> bool {
    view.as_text().and_then(Kind::parse).is_some()
}

fn result(view: View) -> bool {
    among(view, ResultWord::WORDS)
}

fn who_type(view: View) -> bool {
    among(view, WhoType::WORDS)
}

fn subject_type(view: View) -> bool {
    among(view, SubjectType::WORDS)
}

fn who(view: View) -> bool {
    bad_member(view, WHO).is_none()
}

fn actor(view: View) -> bool {
    bad_member(view, ACTOR).is_none()
}

fn subject(view: View) -> bool {
    bad_member(view, SUBJECT).is_none()
}

fn tags(view: View) -> bool {
    view.items().is_some_and(|mut tags| tags.clone().count() <= 50 && tags.all(salt))
}

fn state(view: View) -> bool {
    let digest = |text: &str| {
        text.split_once(':').is_some_and(|(rev, hash)| {
            !rev.starts_with(['0', '+']) && rev.parse::<u32>().is_ok() && is_hex(hash, 64)
        })
    };
    view.members().is_some_and(|mut rows| {
        rows.clone().count() <= 100 && rows.all(|(_, value)| value.as_text().is_some_and(digest))
    })
}

fn about(view: View) -> bool {
    view.members().is_some_and(|mut members| members.all(|(name, _)| ABOUT.contains(&name))) && only_ids(view)
}

fn only_ids(view: View) -> bool {
    match (view.items(), view.members()) {
        (Some(mut items), _) => items.all(only_ids),
        (_, Some(mut members)) => members.all(|(name, value)| is_word(name) && only_ids(value)),
        _ => view.as_text().is_none_or(is_plain),
    }
}

fn obligations(view: View) -> bool {
    view.items().is_some_and(|mut list| list.all(|o| o.members().is_some() && only_ids(o)))
}

fn fields(view: View) -> bool {
    view.items().is_some_and(|mut groups| groups.all(field_group))
}

fn field_group(view: View) -> bool {
    let Some(mut parts) = view.items() else { return false };
    let four = (parts.next(), parts.next(), parts.next(), parts.next(), parts.next());
    let (Some(outcome), Some(rule), Some(third), Some(names), None) = four else { return false };
    among(outcome, OUTCOMES)
        && word(rule)
        && (word(third) || third.as_text() == Some(""))
        && names.items().is_some_and(|mut names| names.clone().next().is_some() && names.all(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted() {
        for table in [PUBLIC, WHO, PRIVATE, ACTOR, SUBJECT] {
            assert!(table.is_sorted_by(|(a, _, _), (b, _, _)| a < b));
        }
    }
}
