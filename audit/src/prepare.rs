//! Preparing an entry: words checked, private part written, everything but its place in the log fixed.

use std::borrow::Cow;
use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use ring::rand::SecureRandom;

use crate::canonical::{Json, write_text};
use crate::entry::{Actor, Entry, FieldGroup, Subject, Who};
use crate::kind::Kind;
use crate::tree::private_digest;
use crate::words::{is_plain, is_word};
use crate::write::{ObjectWriter, write_hex, write_list};

/// Bounds of the format, bytes and counts.
pub(crate) const PUBLIC_MOST: usize = 8 * 1024;
pub(crate) const PRIVATE_MOST: usize = 16 * 1024;
const STATE_MOST: usize = 100;
const ALSO_MOST: usize = 50;
/// Room for `at`, `log`, `prev`, `seq`, which the log adds.
const PLACE: usize = 27 + 128 + 64 + 20;

/// Why an entry cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// A word, id or text outside its characters or length.
    #[error("`{0}` holds what an entry may not say")]
    Word(&'static str),
    /// A part is larger than the format allows.
    #[error("the {0} part is too large")]
    TooLarge(&'static str),
    /// No randomness for the salts.
    #[error("no randomness")]
    Random,
}

/// An entry ready to be placed: only `log`, `seq`, `prev` and `at` are open.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub(crate) segments: [Vec<u8>; 5],
    pub(crate) private: Vec<u8>,
    salt: [u8; 16],
    kind: Kind,
    actor: String,
    subject: Option<[u8; 16]>,
    further: Vec<[u8; 16]>,
}

impl Entry {
    /// Checks every word, draws both salts and writes all that does not depend on the place in the log.
    pub fn prepare(self, rng: &dyn SecureRandom) -> Result<Prepared, EntryError> {
        let mut salts = [[0u8; 16]; 2];
        for salt in &mut salts {
            rng.fill(salt).map_err(|_| EntryError::Random)?;
        }
        let [salt, fresh] = salts;
        let private_salt = self.private.salt.unwrap_or(fresh);
        let mut private = Vec::with_capacity(1024);
        self.write_private(&private_salt, &mut private)?;
        if private.len() > PRIVATE_MOST {
            return Err(EntryError::TooLarge("private"));
        }
        let segments = self.segments(&salt, &private_digest(&private))?;
        if segments.iter().map(Vec::len).sum::<usize>() + PLACE > PUBLIC_MOST {
            return Err(EntryError::TooLarge("public"));
        }
        let subject = self.private.subject;
        let mut further: Vec<_> =
            subject.iter().flat_map(|s| s.place.iter().chain(&s.also)).copied().collect();
        further.sort_unstable();
        further.dedup();
        Ok(Prepared {
            segments,
            private,
            salt,
            kind: self.public.kind,
            actor: self.private.actor.id,
            subject: subject.map(|s| s.tag),
            further,
        })
    }

    /// The public part's members in canonical order, cut at the four that the log fills in.
    fn segments(&self, salt: &[u8; 16], private: &[u8; 32]) -> Result<[Vec<u8>; 5], EntryError> {
        let p = &self.public;
        let (mut before_at, mut before_log) = (Vec::with_capacity(64), Vec::with_capacity(512));
        let (mut before_prev, mut before_seq) = (Vec::with_capacity(256), Vec::with_capacity(256));
        let mut behind = Vec::with_capacity(128);

        let mut out = ObjectWriter::begin(&mut before_at);
        if !p.about.is_empty() {
            out.json("about", &only_ids("about", object(&p.about))?);
        }
        word(&mut out, "action", p.action.as_deref())?;
        out.member("at").push(b'"');

        let mut out = ObjectWriter::go_on(&mut before_log, "at");
        word(&mut out, "basis", p.basis.as_deref())?;
        if !p.fields.is_empty() {
            write_list(&p.fields, out.member("fields"), write_group)?;
        }
        out.text("kind", p.kind.as_str());
        out.member("log").push(b'"');

        let mut out = ObjectWriter::go_on(&mut before_prev, "log");
        if !p.obligations.is_empty() {
            out.json("obligations", &only_ids("obligations", Json::List(p.obligations.clone()))?);
        }
        if let Some(policy) = &p.policy {
            out.hex("policy", policy);
        }
        out.member("prev").push(b'"');

        let mut out = ObjectWriter::go_on(&mut before_seq, "prev");
        out.hex("private", private);
        word(&mut out, "purpose", p.purpose.as_deref())?;
        word(&mut out, "reason", p.reason.as_deref())?;
        if let Some(result) = p.result {
            out.text("result", result.as_str());
        }
        out.hex("salt", salt);
        out.member("seq");

        // The number has no closing quote of its own.
        behind.extend_from_slice(b",\"v\":1,\"who\":");
        write_who(&p.who, &mut behind)?;
        behind.push(b'}');
        Ok([before_at, before_log, before_prev, before_seq, behind])
    }

    fn write_private(&self, salt: &[u8; 16], to: &mut Vec<u8>) -> Result<(), EntryError> {
        let p = &self.private;
        let mut out = ObjectWriter::begin(to);
        write_actor(&p.actor, out.member("actor"))?;
        word(&mut out, "basis_ref", p.basis_ref.as_deref())?;
        if let Some(seq) = p.consent {
            out.json("consent", &Json::Int(seq));
        }
        if !p.detail.is_empty() {
            out.json("detail", &only_ids("detail", object(&p.detail))?);
        }
        if let Some(facts) = &p.facts {
            if !holds_only_ids(facts) {
                return Err(EntryError::Word("facts"));
            }
            out.json("facts", facts);
        }
        word(&mut out, "request", p.request.as_deref())?;
        out.hex("salt", salt);
        if p.state.len() > STATE_MOST {
            return Err(EntryError::TooLarge("state of the private"));
        }
        if !p.state.is_empty() {
            let rows = p.state.iter().map(|s| {
                let digest = format!("{}:{}", s.revision, HEXLOWER.encode(&s.digest));
                (Cow::Owned(s.row.clone()), Json::from(digest))
            });
            out.json("state", &Json::Map(rows.collect()));
        }
        if let Some(subject) = &p.subject {
            write_subject(subject, out.member("subject"))?;
        }
        word(&mut out, "task", p.task.as_deref())?;
        out.end();
        Ok(())
    }
}

impl Prepared {
    /// The public salt: names the entry without telling its place.
    pub fn salt(&self) -> [u8; 16] {
        self.salt
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The actor's id.
    pub fn actor_id(&self) -> &str {
        &self.actor
    }

    /// The audit tag of the record it is about.
    pub fn subject_tag(&self) -> Option<[u8; 16]> {
        self.subject
    }

    /// The tags of the further records it touches, sorted.
    pub fn further_tags(&self) -> &[[u8; 16]] {
        &self.further
    }
}

fn object(members: &BTreeMap<&'static str, Json>) -> Json {
    Json::Map(members.iter().map(|(name, value)| (Cow::Borrowed(*name), value.clone())).collect())
}

/// A word of a vocabulary or an id, where there is one.
fn word(out: &mut ObjectWriter<'_>, name: &'static str, word: Option<&str>) -> Result<(), EntryError> {
    word.map_or(Ok(()), |word| write_word(name, word, out.member(name)))
}

fn write_word(member: &'static str, word: &str, out: &mut Vec<u8>) -> Result<(), EntryError> {
    if !is_word(word) {
        return Err(EntryError::Word(member));
    }
    write_text(word, out);
    Ok(())
}

fn write_who(who: &Who, to: &mut Vec<u8>) -> Result<(), EntryError> {
    let mut out = ObjectWriter::begin(to);
    word(&mut out, "area", who.area.as_deref())?;
    word(&mut out, "department", who.department.as_deref())?;
    word(&mut out, "role", who.role.as_deref())?;
    word(&mut out, "through", who.through.as_deref())?;
    out.text("type", who.kind.as_str());
    out.end();
    Ok(())
}

fn write_actor(actor: &Actor, to: &mut Vec<u8>) -> Result<(), EntryError> {
    let mut out = ObjectWriter::begin(to);
    word(&mut out, "assignment", actor.assignment.as_deref())?;
    word(&mut out, "device", actor.device.as_deref())?;
    word(&mut out, "id", Some(&actor.id))?;
    word(&mut out, "on_behalf_of", actor.on_behalf_of.as_deref())?;
    word(&mut out, "session", actor.session.as_deref())?;
    out.end();
    Ok(())
}

fn write_subject(subject: &Subject, to: &mut Vec<u8>) -> Result<(), EntryError> {
    if subject.also.len() > ALSO_MOST {
        return Err(EntryError::TooLarge("subject of the private"));
    }
    let mut out = ObjectWriter::begin(to);
    if !subject.also.is_empty() {
        write_list(&subject.also, out.member("also"), |tag, out| {
            write_hex(tag, out);
            Ok(())
        })?;
    }
    if let Some(place) = &subject.place {
        out.hex("place", place);
    }
    out.hex("tag", &subject.tag);
    out.text("type", subject.kind.as_str());
    out.end();
    Ok(())
}

/// `["<outcome>", "<rule>", "<form or reason, or nothing>", ["<field>", …]]`.
fn write_group(group: &FieldGroup, out: &mut Vec<u8>) -> Result<(), EntryError> {
    out.push(b'[');
    for text in [&group.outcome, &group.rule] {
        write_word("fields", text, out)?;
        out.push(b',');
    }
    if group.form_or_reason.is_empty() {
        write_text("", out);
    } else {
        write_word("fields", &group.form_or_reason, out)?;
    }
    out.push(b',');
    write_list(&group.fields, out, |field, out| write_word("fields", field, out))?;
    out.push(b']');
    Ok(())
}

/// No text from outside fits into any string within.
fn only_ids(member: &'static str, json: Json) -> Result<Json, EntryError> {
    if holds_only_ids(&json) { Ok(json) } else { Err(EntryError::Word(member)) }
}

fn holds_only_ids(json: &Json) -> bool {
    match json {
        Json::Bool(_) | Json::Int(_) => true,
        Json::Text(text) => is_plain(text),
        Json::List(items) => items.iter().all(holds_only_ids),
        Json::Map(members) => members.iter().all(|(name, value)| is_word(name) && holds_only_ids(value)),
    }
}
