//! What an entry says: its public part, which the log commits to, and its private part, which hangs on it by digest.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::canonical::Json;
use crate::kind::Kind;

/// A word of a closed vocabulary, or an id of ours.
pub type Word = Cow<'static, str>;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $(#[doc = $word] $variant),+ }
        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The one of that word.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }

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

/// The private part; its salt is drawn when the entry is prepared.
#[derive(Clone, Debug)]
pub struct Private {
    /// A salt drawn beforehand, where something in `detail` is keyed with it.
    pub salt: Option<[u8; 16]>,
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
