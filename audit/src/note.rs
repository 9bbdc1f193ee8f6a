//! C2SP signed-note: a text, an empty line, signature lines; and the keys that verify them.

use data_encoding::{BASE64, HEXLOWER};
use ring::digest::{SHA256, digest};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

/// Why a note, key or checkpoint is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not in the form of the specification.
    #[error("it is not a signed checkpoint")]
    Form,
    /// No signature by a given key, or one that fails.
    #[error("no given key has signed it")]
    Unsigned,
    /// Not a verifier key.
    #[error("it is not a verifier key")]
    Key,
}

/// What a signature line holds beside its key's name.
pub(crate) struct Signature<'n> {
    pub(crate) name: &'n str,
    pub(crate) id: [u8; 4],
    pub(crate) bytes: Vec<u8>,
}

impl Signature<'_> {
    /// The line as it stands in a note.
    pub(crate) fn line(&self) -> String {
        let mut bytes = self.id.to_vec();
        bytes.extend_from_slice(&self.bytes);
        format!("\u{2014} {} {}\n", self.name, BASE64.encode(&bytes))
    }
}

/// A note taken apart; nothing of it is believed yet.
pub(crate) struct Note<'n> {
    /// With its final newline.
    pub(crate) text: &'n str,
    pub(crate) signatures: Vec<Signature<'n>>,
}

/// Signatures that a note may carry: a log's, and a handful of witnesses'.
const MOST_SIGNATURES: usize = 64;

impl<'n> Note<'n> {
    /// Parts text and signatures at the last empty line.
    pub(crate) fn parse(note: &'n str) -> Result<Self, NoteError> {
        let at = note.rfind("\n\n").ok_or(NoteError::Form)?;
        let text = note.get(..=at).ok_or(NoteError::Form)?;
        let lines = note.get(at + 2..).and_then(|rest| rest.strip_suffix('\n')).ok_or(NoteError::Form)?;
        if text.chars().any(|c| c.is_control() && c != '\n') {
            return Err(NoteError::Form);
        }
        let signatures: Option<Vec<_>> = lines.split('\n').map(signature).collect();
        let signatures = signatures.filter(|all| all.len() <= MOST_SIGNATURES).ok_or(NoteError::Form)?;
        Ok(Self { text, signatures })
    }

    /// Those that name that key.
    pub(crate) fn by<'s>(&'s self, key: &'s PublicKey) -> impl Iterator<Item = &'s Signature<'n>> {
        self.signatures.iter().filter(move |signature| signature.name == key.name && signature.id == key.id())
    }
}

fn signature(line: &str) -> Option<Signature<'_>> {
    let (name, encoded) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let bytes = BASE64.decode(encoded.as_bytes()).ok()?;
    let (id, bytes) = bytes.split_first_chunk::<4>()?;
    let named = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+');
    (named && !bytes.is_empty()).then(|| Signature { name, id: *id, bytes: bytes.to_vec() })
}

/// Signature type of Ed25519.
pub(crate) const ED25519_TYPE: u8 = 1;

/// An Ed25519 key with its name, for signatures of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey {
    pub(crate) name: String,
    pub(crate) kind: u8,
    pub(crate) public: [u8; 32],
}

impl PublicKey {
    /// Reads `<name>+<8 hex of key id>+<base64(type ‖ public key)>`, strictly.
    pub(crate) fn parse(text: &str, kind: u8) -> Result<Self, NoteError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key);
        };
        let key = BASE64.decode(key.as_bytes()).map_err(|_| NoteError::Key)?;
        let public = key.strip_prefix(&[kind]).and_then(|key| key.try_into().ok()).ok_or(NoteError::Key)?;
        let key = Self { name: name.to_owned(), kind, public };
        let named = !name.is_empty() && !name.contains(char::is_whitespace);
        if named && HEXLOWER.encode(&key.id()) == id { Ok(key) } else { Err(NoteError::Key) }
    }

    /// First four bytes of SHA-256(name ‖ 0x0A ‖ type ‖ public key).
    pub(crate) fn id(&self) -> [u8; 4] {
        let mut bytes = self.name.as_bytes().to_vec();
        bytes.extend_from_slice(&[0x0a, self.kind]);
        bytes.extend_from_slice(&self.public);
        digest(&SHA256, &bytes).as_ref().first_chunk().copied().unwrap_or_default()
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.public).verify(message, signature).is_ok()
    }
}

/// A signing key with its name, for signatures of one type.
pub(crate) struct SecretKey {
    public: PublicKey,
    pair: Ed25519KeyPair,
}

impl SecretKey {
    pub(crate) fn from_seed(seed: &[u8; 32], name: &str, kind: u8) -> Result<Self, NoteError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoteError::Key)?;
        let mut public = [0; 32];
        public.copy_from_slice(pair.public_key().as_ref());
        Ok(Self { public: PublicKey { name: name.to_owned(), kind, public }, pair })
    }

    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The signature line over that message; `before` stands before the signature itself.
    pub(crate) fn sign(&self, message: &str, before: &[u8]) -> String {
        let mut bytes = self.public.id().to_vec();
        bytes.extend_from_slice(before);
        bytes.extend_from_slice(self.pair.sign(message.as_bytes()).as_ref());
        format!("\u{2014} {} {}\n", self.public.name, BASE64.encode(&bytes))
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut key = vec![self.kind];
        key.extend_from_slice(&self.public);
        write!(f, "{}+{}+{}", self.name, HEXLOWER.encode(&self.id()), BASE64.encode(&key))
    }
}
