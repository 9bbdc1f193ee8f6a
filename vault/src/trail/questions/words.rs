//! What an entry can be asked by, and the key under which the index holds each word of it.

use gridvault_audit::View;

/// What an entry can be asked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aspect {
    /// Its kind.
    Kind,
    /// Who acted, by id.
    Actor,
    /// The role acted in.
    Role,
    /// The area of the post.
    Grid,
    /// The purpose.
    Purpose,
    /// How it ended.
    Result,
    /// The outcome of a group of fields.
    Outcome,
    /// Why it was denied, or a group of fields was.
    Reason,
    /// The device.
    Device,
    /// The task.
    Task,
}

impl Aspect {
    /// Every one, in the order of their numbers, which never change.
    const ALL: [Self; 10] = [
        Self::Kind,
        Self::Actor,
        Self::Role,
        Self::Grid,
        Self::Purpose,
        Self::Result,
        Self::Outcome,
        Self::Reason,
        Self::Device,
        Self::Task,
    ];

    /// Its word in an entry that says what was asked.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kind => "kinds",
            Self::Actor => "actor",
            Self::Role => "role",
            Self::Grid => "grid",
            Self::Purpose => "purpose",
            Self::Result => "result",
            Self::Outcome => "outcome",
            Self::Reason => "reason",
            Self::Device => "device",
            Self::Task => "task",
        }
    }

    /// Whether the private part says it, which may be removed.
    pub(super) const fn is_private(self) -> bool {
        matches!(self, Self::Actor | Self::Device | Self::Task)
    }

    fn number(self) -> u8 {
        Self::ALL.iter().zip(0u8..).find(|(aspect, _)| **aspect == self).map_or(u8::MAX, |(_, n)| n)
    }

    /// The key of a word: FNV-1a over number and word. Where two words share one, an entry's own bytes tell them apart.
    /// The lowest bit says whether the private part holds the word.
    pub(super) fn key(self, word: &str) -> i64 {
        let bytes = std::iter::once(self.number()).chain(word.bytes());
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        (hash & !1 | u64::from(self.is_private())).cast_signed()
    }
}

/// Whether that is the key of a word that the private part holds.
pub(super) const fn is_private(key: i64) -> bool {
    key & 1 == 1
}

/// Tells every word of an entry, some perhaps twice.
pub(super) fn tell<'a>(public: View<'a>, private: Option<View<'a>>, mut each: impl FnMut(Aspect, &'a str)) {
    let mut of = |aspect, word: Option<&'a str>| {
        if let Some(word) = word {
            each(aspect, word);
        }
    };
    let (who, actor) = (public.get("who"), private.and_then(|private| private.get("actor")));
    of(Aspect::Kind, public.text("kind"));
    of(Aspect::Role, who.and_then(|who| who.text("role")));
    of(Aspect::Grid, who.and_then(|who| who.text("area")));
    of(Aspect::Purpose, public.text("purpose"));
    of(Aspect::Result, public.text("result"));
    of(Aspect::Reason, public.text("reason"));
    of(Aspect::Actor, actor.and_then(|actor| actor.text("id")));
    of(Aspect::Device, actor.and_then(|actor| actor.text("device")));
    of(Aspect::Task, private.and_then(|private| private.text("task")));
    for group in public.get("fields").and_then(View::items).into_iter().flatten() {
        let mut members = group.items().into_iter().flatten();
        let outcome = members.next().and_then(View::as_text);
        of(Aspect::Outcome, outcome);
        // Behind the rule: the form, or the reason where denied.
        let reason = members.nth(1).and_then(View::as_text);
        of(Aspect::Reason, reason.filter(|reason| outcome == Some("denied") && !reason.is_empty()));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use gridvault_audit::{Kind, ResultWord};

    use super::*;

    #[test]
    fn no_two_words_of_the_vocabularies_share_a_key() {
        let mut known = HashMap::new();
        let kinds = Kind::ALL.iter().map(|kind| kind.as_str());
        let results = ResultWord::ALL.iter().map(|result| result.as_str());
        let purposes = gridvault_policy::Purpose::ALL.iter().map(|word| word.as_str());
        let reasons = gridvault_policy::Reason::ALL.iter().map(|word| word.as_str());
        let roles = gridvault_policy::Role::ALL.iter().map(|word| word.as_str());
        let words: Vec<&str> = kinds.chain(results).chain(purposes).chain(reasons).chain(roles).collect();
        for aspect in Aspect::ALL {
            for word in &words {
                let key = aspect.key(word);
                assert_eq!(is_private(key), aspect.is_private());
                let before = known.insert(key, (aspect, *word));
                assert!(before.is_none_or(|before| before == (aspect, *word)), "{aspect:?} {word}");
            }
        }
    }

    #[test]
    fn keys_never_change() {
        let keys = [Aspect::Kind.key("lookup"), Aspect::Task.key("019ab3d2-5c10-7252-9b0f-33c255ae959e")];
        assert_eq!(keys, [-781_968_963_680_471_384, -2_659_002_751_411_375_327]);
    }
}
