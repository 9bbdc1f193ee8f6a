//! What is lost and what is gone on with, as officers sign it, and as entry 0 of the new log tells it.

use data_encoding::{BASE64, HEXLOWER};
use gridvault_audit::Checkpoint;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::LifeError;
use crate::trail::{Seen, WitnessAddress};
use crate::vault::OpenError;

const TITLE: &str = "gridvault log reopen";
const NONE: &str = "none";

/// What is lost and what is gone on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Origin of the log that ends.
    pub(super) former: String,
    /// Origin of the log that begins.
    pub(super) new: String,
    /// What lies here and outside.
    pub(super) state: State,
    reason: String,
    nonce: String,
}

/// How a log lies here, and how far it is known outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    /// `<size>:<root>` of the newest head that was pinned; `none` where there is none.
    pub(super) pinned: String,
    /// Of each witness `<name>+<size>:<root>` of the newest head that it cosigned, or a word in its place; `none` where none is set.
    pub(super) cosigned: Vec<String>,
    /// `<size>:<root>` of the head that lies here.
    pub(super) kept: String,
}

pub(super) fn said(checkpoint: Option<&Checkpoint>) -> String {
    checkpoint.map_or_else(|| NONE.into(), |c| format!("{}:{}", c.size, BASE64.encode(&c.root)))
}

/// What a witness shows, under its name; under its key's id where the name has signs that no entry says.
pub(super) fn said_of(witness: &WitnessAddress, seen: &Seen) -> String {
    let name = witness.key.name();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._:-/=".contains(&b);
    let name = if name.len() <= 128 && name.bytes().all(plain) { name.to_owned() } else { witness.id() };
    let shown = match seen {
        Seen::Cosigned(checkpoint) => said(Some(checkpoint)),
        Seen::Nothing => "nothing".into(),
        Seen::Unfit => "unfit".into(),
        Seen::Unreachable => "unreachable".into(),
    };
    format!("{name}+{shown}")
}

fn is_word(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(word)
}

fn size(text: &str) -> &str {
    text.split(':').next().unwrap_or_default()
}

impl Challenge {
    /// To go on from that state.
    pub(super) fn new(former: &str, new: String, state: State, reason: &str) -> Result<Self, LifeError> {
        if !is_word(reason) {
            return Err(LifeError::Word(reason.to_owned()));
        }
        let mut nonce = [0; 16];
        SystemRandom::new().fill(&mut nonce).map_err(|_| OpenError::from(crate::seal::SealError::Crypto))?;
        let (reason, nonce) = (reason.to_owned(), HEXLOWER.encode(&nonce));
        Ok(Self { former: former.to_owned(), new, state, reason, nonce })
    }

    /// As it is signed.
    pub fn text(&self) -> String {
        let Self { former, new, state: State { pinned, cosigned, kept }, reason, nonce } = self;
        let cosigned = cosigned.join("\ncosigned ");
        format!(
            "{TITLE}\nformer {former}\nnew {new}\npinned {pinned}\ncosigned {cosigned}\nkept {kept}\nreason {reason}\nnonce {nonce}\n"
        )
    }

    /// Reads it back.
    pub fn parse(text: &str) -> Result<Self, LifeError> {
        let mut lines = text.lines().peekable();
        if lines.next() != Some(TITLE) {
            return Err(LifeError::Form);
        }
        let mut line = |name: &str| -> Option<String> {
            let value = lines.peek()?.strip_prefix(name)?.strip_prefix(' ')?.to_owned();
            lines.next();
            Some(value)
        };
        let mut must = |name: &str| line(name).ok_or(LifeError::Form);
        let (former, new, pinned) = (must("former")?, must("new")?, must("pinned")?);
        let cosigned: Vec<_> = std::iter::from_fn(|| must("cosigned").ok()).collect();
        let state = State { pinned, cosigned, kept: must("kept")? };
        let read = Self { former, new, state, reason: must("reason")?, nonce: must("nonce")? };
        // What entry 0 could not say would be found out too late.
        let nonce = read.nonce.len() == 32 && HEXLOWER.decode(read.nonce.as_bytes()).is_ok();
        let whole = read.text() == text && !read.state.cosigned.is_empty() && is_word(&read.reason) && nonce;
        if whole { Ok(read) } else { Err(LifeError::Form) }
    }

    /// For people.
    pub fn in_words(&self) -> String {
        let State { pinned, cosigned, kept } = &self.state;
        let witnessed = |one: &String| match one.split_once('+') {
            None => "no witness is set".to_owned(),
            Some((name, "nothing")) => format!("witness {name} has seen nothing of it"),
            Some((name, "unfit")) => format!("witness {name} shows what cannot be relied on"),
            Some((name, "unreachable")) => format!("witness {name} COULD NOT BE ASKED, and may know of more"),
            Some((name, seen)) => format!("witness {name} has cosigned {} entries", size(seen)),
        };
        let witnesses = cosigned.iter().map(witnessed).collect::<Vec<_>>().join("; ");
        let pinned = match pinned.as_str() {
            NONE => "no pin is here".to_owned(),
            pinned => format!("pinned at {} entries", size(pinned)),
        };
        format!(
            "the log {} ends: {pinned}; {witnesses}; {} entries are here and are kept. \
             What came behind them is lost: no lookup in it can be shown to anybody any more. \
             It goes on as {} (reason: {}).",
            self.former,
            size(kept),
            self.new,
            self.reason
        )
    }

    /// What entry 0 of the new log says of it, beside the reason.
    pub(super) fn lines(&self) -> Vec<String> {
        let State { pinned, cosigned, kept } = &self.state;
        let cosigned = cosigned.iter().map(|one| ("cosigned", one));
        let lines = [("log", &self.former), ("pinned", pinned)].into_iter().chain(cosigned);
        let lines = lines.chain([("kept", kept), ("nonce", &self.nonce)]);
        lines.map(|(name, value)| format!("{name}:{value}")).collect()
    }

    /// Reads back what entry 0 of the log `new` says.
    pub(super) fn of_lines(new: &str, reason: &str, lines: &[&str]) -> Option<Self> {
        let mut text = String::new();
        for line in lines {
            match line.split_once(':')? {
                ("log", former) => text.push_str(&format!("{TITLE}\nformer {former}\nnew {new}\n")),
                ("nonce", nonce) => text.push_str(&format!("reason {reason}\nnonce {nonce}\n")),
                (name, value) => text.push_str(&format!("{name} {value}\n")),
            }
        }
        Self::parse(&text).ok()
    }

    /// The word for why.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Origin of the log that ends.
    pub fn former(&self) -> &str {
        &self.former
    }

    /// Entries kept of it, and their root.
    pub fn kept(&self) -> Option<(u64, [u8; 32])> {
        let (size, root) = self.state.kept.split_once(':')?;
        Some((size.parse().ok()?, BASE64.decode(root.as_bytes()).ok()?.try_into().ok()?))
    }

    /// Whether that checkpoint is what was pinned.
    pub fn pinned(&self, pin: &Checkpoint) -> bool {
        self.state.pinned == said(Some(pin))
    }

    /// The number of the life that begins.
    pub(super) fn life(&self) -> Option<u32> {
        self.new.rsplit('/').next()?.parse().ok().filter(|life| *life > 1)
    }
}
