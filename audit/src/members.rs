//! Which members the parts may have, and of what kind: a closed table each, so that nothing can hide in an entry.

use crate::canonical::Json;
use crate::entry::{ResultWord, SubjectType, WhoType, holds_only_ids, is_word};
use crate::kind::Kind;

type Check = fn(&Json) -> bool;

const PUBLIC: &[(&str, bool, Check)] = &[
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

const WHO: &[(&str, bool, Check)] = &[
    ("area", false, word),
    ("department", false, word),
    ("role", false, word),
    ("through", false, word),
    ("type", true, who_type),
];

const PRIVATE: &[(&str, bool, Check)] = &[
    ("actor", true, actor),
    ("basis_ref", false, word),
    ("consent", false, natural),
    ("detail", false, holds_only_ids),
    ("facts", false, holds_only_ids),
    ("request", false, word),
    ("salt", true, salt),
    ("state", false, state),
    ("subject", false, subject),
    ("task", false, word),
];

const ACTOR: &[(&str, bool, Check)] = &[
    ("assignment", false, word),
    ("device", false, word),
    ("id", true, word),
    ("on_behalf_of", false, word),
    ("session", false, word),
];

const SUBJECT: &[(&str, bool, Check)] =
    &[("also", false, tags), ("place", false, salt), ("tag", true, salt), ("type", true, subject_type)];

const ABOUT: &[&str] = &["former", "keys", "reason", "signatures", "synthetic"];
const OUTCOMES: &[&str] = &["clear", "masked", "derived", "matched", "denied"];
const ABOUT_KINDS: &[Kind] = &[Kind::LogCreated, Kind::LogClosed, Kind::KeyRotated];

/// The first member of a public part that may not be there or is not what it must be; `None` where all is well.
pub(crate) fn bad_public(part: &Json) -> Option<String> {
    let bad = bad_member(part, PUBLIC);
    let kind = part.text("kind").and_then(Kind::parse);
    let about_elsewhere = part.get("about").is_some() && !kind.is_some_and(|k| ABOUT_KINDS.contains(&k));
    bad.or_else(|| about_elsewhere.then(|| "about".to_owned()))
}

/// Likewise of a private part.
pub(crate) fn bad_private(part: &Json) -> Option<String> {
    bad_member(part, PRIVATE)
}

fn bad_member(part: &Json, table: &[(&str, bool, Check)]) -> Option<String> {
    let Json::Map(members) = part else { return Some("(not an object)".into()) };
    for (name, value) in members {
        match table.iter().find(|(known, _, _)| known == name) {
            Some((_, _, check)) if check(value) => {}
            _ => return Some(name.to_string()),
        }
    }
    table
        .iter()
        .find(|(name, must, _)| *must && !members.contains_key(*name))
        .map(|(name, _, _)| (*name).to_owned())
}

fn text(json: &Json) -> bool {
    json.as_text().is_some()
}

fn word(json: &Json) -> bool {
    json.as_text().is_some_and(is_word)
}

fn hex(json: &Json, digits: usize) -> bool {
    json.as_text().is_some_and(|t| {
        t.len() == digits && t.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

fn hash(json: &Json) -> bool {
    hex(json, 64)
}

fn salt(json: &Json) -> bool {
    hex(json, 32)
}

fn natural(json: &Json) -> bool {
    matches!(json, Json::Int(n) if *n >= 0)
}

fn one(json: &Json) -> bool {
    matches!(json, Json::Int(1))
}

fn among(json: &Json, words: &[&str]) -> bool {
    json.as_text().is_some_and(|t| words.contains(&t))
}

fn kind(json: &Json) -> bool {
    json.as_text().and_then(Kind::parse).is_some()
}

fn result(json: &Json) -> bool {
    among(json, ResultWord::WORDS)
}

fn who_type(json: &Json) -> bool {
    among(json, WhoType::WORDS)
}

fn subject_type(json: &Json) -> bool {
    among(json, SubjectType::WORDS)
}

fn who(json: &Json) -> bool {
    bad_member(json, WHO).is_none()
}

fn actor(json: &Json) -> bool {
    bad_member(json, ACTOR).is_none()
}

fn subject(json: &Json) -> bool {
    bad_member(json, SUBJECT).is_none()
}

fn tags(json: &Json) -> bool {
    json.as_list().is_some_and(|tags| tags.len() <= 50 && tags.iter().all(salt))
}

fn state(json: &Json) -> bool {
    let Json::Map(rows) = json else { return false };
    rows.len() <= 100
        && rows.values().all(|digest| {
            let parts = digest.as_text().and_then(|t| t.split_once(':'));
            parts.is_some_and(|(rev, hash)| {
                rev.parse::<u32>().is_ok_and(|n| n > 0 && n.to_string() == rev)
                    && hex(&Json::from(hash.to_owned()), 64)
            })
        })
}

fn about(json: &Json) -> bool {
    let Json::Map(members) = json else { return false };
    members.keys().all(|name| ABOUT.contains(&name.as_ref())) && holds_only_ids(json)
}

fn obligations(json: &Json) -> bool {
    json.as_list().is_some_and(|list| list.iter().all(|o| matches!(o, Json::Map(_)) && holds_only_ids(o)))
}

fn fields(json: &Json) -> bool {
    json.as_list().is_some_and(|groups| {
        groups.iter().all(|group| match group.as_list() {
            Some([outcome, rule, third, names]) => {
                among(outcome, OUTCOMES)
                    && word(rule)
                    && (word(third) || third.as_text() == Some(""))
                    && names.as_list().is_some_and(|names| !names.is_empty() && names.iter().all(word))
            }
            _ => false,
        })
    })
}
