//! What an entry says, and its preparation: words checked, private part written, everything but its place in the log fixed.

use std::borrow::Cow;
use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use ring::rand::SecureRandom;

use crate::canonical::Json;
use crate::kind::Kind;
use crate::tree::private_digest;

/// A word of a closed vocabulary, or an id of ours.
pub type Word = Cow<'static, str>;

/// Bounds of the format, bytes and counts.
pub(crate) const PUBLIC_MOST: usize = 8 * 1024;
pub(crate) const PRIVATE_MOST: usize = 16 * 1024;
const STATE_MOST: usize = 100;
const ALSO_MOST: usize = 50;
/// Room for `at`, `log`, `prev`, `seq`, which the log adds.
const PLACE: usize = 27 + 128 + 64 + 20;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $(#[doc = $word] $variant),+ }
        impl $name {
            /// Its word.
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $word),+ } }
            pub(crate) const WORDS: &'static [&'static str] = &[$($word),+];
        }
    };
}

words! {
    /// What kind of actor acted.
    WhoType { Person "person", Service "service", Resident "resident", Device "device", System "system" }
}
words! {
    /// How it ended.
    ResultWord { Allowed "allowed", Partial "partial", Denied "denied", Failed "failed" }
}
words! {
    /// What kind of record an entry is about.
    SubjectType { Person "person", Premises "premises", Ticket "ticket" }
}

/// Who acted, as it was then; never an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// Person, service, resident, device or the system itself.
    pub kind: WhoType,
    /// The role acted in.
    pub role: Option<Word>,
    /// The department behind it.
    pub department: Option<Word>,
    /// The area of the post.
    pub area: Option<Word>,
    /// The service that asked for the person, or the service's own name.
    pub through: Option<Word>,
}

/// Fields that share outcome, rule and form (or, where denied, reason).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldGroup {
    /// `clear masked derived matched denied`.
    pub outcome: Word,
    /// The rule that decided.
    pub rule: Word,
    /// The form, or the reason code where denied; empty where neither applies.
    pub form_or_reason: Word,
    /// The fields' ids.
    pub fields: Vec<Word>,
}

/// The public part but for `v`, `log`, `seq`, `prev`, `at`, `salt`, `private`.
#[derive(Clone, Debug)]
pub struct Public {
    /// What is recorded.
    pub kind: Kind,
    /// Who acted.
    pub who: Who,
    /// The action decided upon.
    pub action: Option<Word>,
    /// The purpose decided upon.
    pub purpose: Option<Word>,
    /// The basis decided upon (kind only).
    pub basis: Option<Word>,
    /// What was permitted or denied, grouped.
    pub fields: Vec<FieldGroup>,
    /// Obligations as returned.
    pub obligations: Vec<Json>,
    /// How it ended.
    pub result: Option<ResultWord>,
    /// Why, where all is denied.
    pub reason: Option<Word>,
    /// Closed members of `log.created`, `log.closed`, `key.rotated`.
    pub about: BTreeMap<&'static str, Json>,
    /// SHA-256 of the policy bundle's manifest.
    pub policy: Option<[u8; 32]>,
}

/// Who acted, by random ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The person's, service's or record's id.
    pub id: String,
    /// The post acted in.
    pub assignment: Option<String>,
    /// The device.
    pub device: Option<String>,
    /// The session.
    pub session: Option<String>,
    /// The post that a service acted for.
    pub on_behalf_of: Option<String>,
}

/// The record an entry is about, by audit tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Person, premises or ticket.
    pub kind: SubjectType,
    /// The record's audit tag.
    pub tag: [u8; 16],
    /// The tag of the home or the case's place, where one of its fields is asked.
    pub place: Option<[u8; 16]>,
    /// Tags of the residents at a premises whose address was shown, at most 50.
    pub also: Vec<[u8; 16]>,
}

/// The digest of a row that the entry makes, changes or ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateDigest {
    /// `<table>/<id>`.
    pub row: String,
    /// The row's revision.
    pub revision: i64,
    /// SHA-256 over the row.
    pub digest: [u8; 32],
}

/// The private part but for its salt.
#[derive(Clone, Debug)]
pub struct Private {
    /// Who acted.
    pub actor: Actor,
    /// What it is about.
    pub subject: Option<Subject>,
    /// The id of what the basis rests on.
    pub basis_ref: Option<String>,
    /// The task's id.
    pub task: Option<String>,
    /// The entry number of the consent event relied on.
    pub consent: Option<i64>,
    /// The facts decided upon.
    pub facts: Option<Json>,
    /// Rows made, changed or ended; at most 100.
    pub state: Vec<StateDigest>,
    /// Our request id.
    pub request: Option<String>,
    /// Closed members per kind.
    pub detail: BTreeMap<&'static str, Json>,
}

/// An entry as its subject states it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What the log commits to.
    pub public: Public,
    /// What hangs on it by digest.
    pub private: Private,
}

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
        let [salt, private_salt] = salts;
        let private = self.private_json(&private_salt)?.to_bytes();
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
        let mut cut = Cutter::default();
        if !p.about.is_empty() {
            cut.member("about", &texts_checked("about", object(&p.about))?);
        }
        cut.optional_word("action", p.action.as_ref())?;
        cut.hole("at", true);
        cut.optional_word("basis", p.basis.as_ref())?;
        if !p.fields.is_empty() {
            cut.member("fields", &fields(&p.fields)?);
        }
        cut.member("kind", &Json::from(p.kind.as_str()));
        cut.hole("log", true);
        if !p.obligations.is_empty() {
            cut.member("obligations", &texts_checked("obligations", Json::List(p.obligations.clone()))?);
        }
        if let Some(policy) = &p.policy {
            cut.member("policy", &hex(policy));
        }
        cut.hole("prev", true);
        cut.member("private", &hex(private));
        cut.optional_word("purpose", p.purpose.as_ref())?;
        cut.optional_word("reason", p.reason.as_ref())?;
        if let Some(result) = p.result {
            cut.member("result", &Json::from(result.as_str()));
        }
        cut.member("salt", &hex(salt));
        cut.hole("seq", false);
        cut.member("v", &Json::Int(1));
        cut.member("who", &who(&p.who)?);
        Ok(cut.finish())
    }

    fn private_json(&self, salt: &[u8; 16]) -> Result<Json, EntryError> {
        let p = &self.private;
        let mut out = Members::default();
        out.put("actor", actor(&p.actor)?);
        out.text("basis_ref", p.basis_ref.as_deref())?;
        if let Some(seq) = p.consent {
            out.put("consent", Json::Int(seq));
        }
        if !p.detail.is_empty() {
            out.put("detail", texts_checked("detail", object(&p.detail))?);
        }
        if let Some(facts) = &p.facts {
            out.put("facts", texts_checked("facts", facts.clone())?);
        }
        out.text("request", p.request.as_deref())?;
        out.put("salt", hex(salt));
        if p.state.len() > STATE_MOST {
            return Err(EntryError::TooLarge("state of the private"));
        }
        if !p.state.is_empty() {
            let rows = p.state.iter().map(|s| {
                let digest = format!("{}:{}", s.revision, HEXLOWER.encode(&s.digest));
                (Cow::Owned(s.row.clone()), Json::from(digest))
            });
            out.put("state", Json::Map(rows.collect()));
        }
        if let Some(subject) = &p.subject {
            out.put("subject", subject_json(subject)?);
        }
        out.text("task", p.task.as_deref())?;
        Ok(out.object())
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

/// Writes an object's members one behind the other, in five pieces around four holes.
#[derive(Default)]
struct Cutter {
    done: Vec<Vec<u8>>,
    now: Vec<u8>,
    begun: bool,
    quoted: bool,
}

impl Cutter {
    fn name(&mut self, name: &'static str) {
        if self.quoted {
            self.now.push(b'"');
            self.quoted = false;
        }
        self.now.push(if self.begun { b',' } else { b'{' });
        self.begun = true;
        Json::from(name).write(&mut self.now);
        self.now.push(b':');
    }

    fn member(&mut self, name: &'static str, value: &Json) {
        self.name(name);
        value.write(&mut self.now);
    }

    fn optional_word(&mut self, name: &'static str, word: Option<&Word>) -> Result<(), EntryError> {
        if let Some(word) = word {
            self.member(name, &checked(name, word)?);
        }
        Ok(())
    }

    fn hole(&mut self, name: &'static str, text: bool) {
        self.name(name);
        if text {
            self.now.push(b'"');
            self.quoted = true;
        }
        self.done.push(std::mem::take(&mut self.now));
    }

    fn finish(mut self) -> [Vec<u8>; 5] {
        self.now.push(b'}');
        self.done.push(self.now);
        let mut pieces = self.done.into_iter();
        std::array::from_fn(|_| pieces.next().unwrap_or_default())
    }
}

#[derive(Default)]
struct Members(BTreeMap<Word, Json>);

impl Members {
    fn put(&mut self, name: &'static str, value: Json) {
        self.0.insert(Cow::Borrowed(name), value);
    }

    fn text(&mut self, name: &'static str, text: Option<&str>) -> Result<(), EntryError> {
        if let Some(text) = text {
            self.put(name, checked(name, text)?);
        }
        Ok(())
    }

    fn object(self) -> Json {
        Json::Map(self.0)
    }
}

fn object(members: &BTreeMap<&'static str, Json>) -> Json {
    Json::Map(members.iter().map(|(name, value)| (Cow::Borrowed(*name), value.clone())).collect())
}

fn who(who: &Who) -> Result<Json, EntryError> {
    let mut out = Members::default();
    out.text("area", who.area.as_deref())?;
    out.text("department", who.department.as_deref())?;
    out.text("role", who.role.as_deref())?;
    out.text("through", who.through.as_deref())?;
    out.put("type", Json::from(who.kind.as_str()));
    Ok(out.object())
}

fn actor(actor: &Actor) -> Result<Json, EntryError> {
    let mut out = Members::default();
    out.text("assignment", actor.assignment.as_deref())?;
    out.text("device", actor.device.as_deref())?;
    out.text("id", Some(&actor.id))?;
    out.text("on_behalf_of", actor.on_behalf_of.as_deref())?;
    out.text("session", actor.session.as_deref())?;
    Ok(out.object())
}

fn subject_json(subject: &Subject) -> Result<Json, EntryError> {
    if subject.also.len() > ALSO_MOST {
        return Err(EntryError::TooLarge("subject of the private"));
    }
    let mut out = Members::default();
    if !subject.also.is_empty() {
        out.put("also", Json::List(subject.also.iter().map(|tag| hex(tag)).collect()));
    }
    if let Some(place) = &subject.place {
        out.put("place", hex(place));
    }
    out.put("tag", hex(&subject.tag));
    out.put("type", Json::from(subject.kind.as_str()));
    Ok(out.object())
}

fn fields(groups: &[FieldGroup]) -> Result<Json, EntryError> {
    let group = |g: &FieldGroup| {
        let third =
            if g.form_or_reason.is_empty() { Json::from("") } else { checked("fields", &g.form_or_reason)? };
        let names = g.fields.iter().map(|f| checked("fields", f)).collect::<Result<_, _>>()?;
        Ok(Json::List(vec![
            checked("fields", &g.outcome)?,
            checked("fields", &g.rule)?,
            third,
            Json::List(names),
        ]))
    };
    Ok(Json::List(groups.iter().map(group).collect::<Result<_, EntryError>>()?))
}

fn hex(bytes: &[u8]) -> Json {
    Json::from(HEXLOWER.encode(bytes))
}

fn checked(member: &'static str, text: &str) -> Result<Json, EntryError> {
    if is_word(text) { Ok(Json::from(text.to_owned())) } else { Err(EntryError::Word(member)) }
}

/// `[A-Za-z0-9._:-]{1,64}`: a word of a vocabulary, or an id.
pub(crate) fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:-".contains(&b))
}

/// Every string within is at most 256 characters of ids, digests, keys and numbers: no text from outside fits.
fn texts_checked(member: &'static str, json: Json) -> Result<Json, EntryError> {
    if holds_only_ids(&json) { Ok(json) } else { Err(EntryError::Word(member)) }
}

pub(crate) fn holds_only_ids(json: &Json) -> bool {
    let plain = |text: &str| {
        text.len() <= 256 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:-+/=".contains(&b))
    };
    match json {
        Json::Bool(_) | Json::Int(_) => true,
        Json::Text(text) => plain(text),
        Json::List(items) => items.iter().all(holds_only_ids),
        Json::Map(members) => members.iter().all(|(name, value)| is_word(name) && holds_only_ids(value)),
    }
}
