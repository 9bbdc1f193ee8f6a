//! Signed heads: C2SP tlog-checkpoint in a C2SP signed-note with one Ed25519 key per log.

use data_encoding::{BASE64, HEXLOWER};
use ring::digest::{SHA256, digest};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use zeroize::Zeroizing;

use crate::chain::is_origin;

/// Signature type of Ed25519 in a signed note.
const ED25519_TYPE: u8 = 1;

/// What a head says: how many entries, and the root over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's origin.
    pub origin: String,
    /// Entries.
    pub size: u64,
    /// Root of the tree over them.
    pub root: [u8; 32],
}

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

/// The log's signing key; wiped on drop as far as the seed goes.
pub struct LogKey {
    seed: Zeroizing<[u8; 32]>,
    name: String,
    pair: Ed25519KeyPair,
}

impl LogKey {
    /// The key of that seed, named for the log's origin.
    pub fn from_seed(seed: &[u8; 32], origin: &str) -> Result<Self, NoteError> {
        if !is_origin(origin) {
            return Err(NoteError::Key);
        }
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoteError::Key)?;
        Ok(Self { seed: Zeroizing::new(*seed), name: origin.to_owned(), pair })
    }

    /// The seed, to be wrapped.
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// What verifies its signatures.
    pub fn verifier(&self) -> VerifierKey {
        let mut public = [0; 32];
        public.copy_from_slice(self.pair.public_key().as_ref());
        VerifierKey { name: self.name.clone(), public }
    }

    /// The checkpoint as a signed note.
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        let text = checkpoint.text();
        let mut signature = self.verifier().id().to_vec();
        signature.extend_from_slice(self.pair.sign(text.as_bytes()).as_ref());
        format!("{text}\n\u{2014} {} {}\n", self.name, BASE64.encode(&signature))
    }
}

/// A log's public key with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    public: [u8; 32],
}

impl VerifierKey {
    /// Reads `<name>+<8 hex of key id>+<base64(0x01 ‖ public key)>`, strictly.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key);
        };
        let key = BASE64.decode(key.as_bytes()).map_err(|_| NoteError::Key)?;
        let Some((&ED25519_TYPE, public)) = key.split_first() else { return Err(NoteError::Key) };
        let key = Self { name: name.to_owned(), public: public.try_into().map_err(|_| NoteError::Key)? };
        let named = !name.is_empty() && !name.contains(char::is_whitespace);
        if named && HEXLOWER.encode(&key.id()) == id { Ok(key) } else { Err(NoteError::Key) }
    }

    /// The key's name: the log's origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// First four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key).
    pub fn id(&self) -> [u8; 4] {
        let mut bytes = self.name.as_bytes().to_vec();
        bytes.extend_from_slice(&[0x0a, ED25519_TYPE]);
        bytes.extend_from_slice(&self.public);
        let hash = digest(&SHA256, &bytes);
        hash.as_ref().first_chunk().copied().unwrap_or_default()
    }
}

impl std::fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut key = vec![ED25519_TYPE];
        key.extend_from_slice(&self.public);
        write!(f, "{}+{}+{}", self.name, HEXLOWER.encode(&self.id()), BASE64.encode(&key))
    }
}

impl Checkpoint {
    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(&self.root))
    }

    /// Opens a note: at least one given key must have signed it, and none of them wrongly.
    pub fn open(note: &str, keys: &[VerifierKey]) -> Result<Self, NoteError> {
        let (text, signatures) = parts(note)?;
        let mut signed = false;
        for (name, id, signature) in signatures {
            let Some(key) = keys.iter().find(|key| key.name == name && key.id() == id) else { continue };
            UnparsedPublicKey::new(&ED25519, key.public)
                .verify(text.as_bytes(), &signature)
                .map_err(|_| NoteError::Unsigned)?;
            signed = true;
        }
        let checkpoint = read(text)?;
        let own = keys.iter().any(|key| key.name == checkpoint.origin);
        if signed && own { Ok(checkpoint) } else { Err(NoteError::Unsigned) }
    }

    /// What a note says, believed by nobody: for comparing where no key was given.
    pub fn parse_unverified(note: &str) -> Result<Self, NoteError> {
        read(parts(note)?.0)
    }
}

type Signature<'n> = (&'n str, [u8; 4], Vec<u8>);

/// Text and signatures, parted at the last empty line.
fn parts(note: &str) -> Result<(&str, Vec<Signature<'_>>), NoteError> {
    let at = note.rfind("\n\n").ok_or(NoteError::Form)?;
    let text = note.get(..=at).ok_or(NoteError::Form)?;
    let lines = note.get(at + 2..).and_then(|rest| rest.strip_suffix('\n')).ok_or(NoteError::Form)?;
    let signature = |line: &'_ str| -> Option<(usize, [u8; 4], Vec<u8>)> {
        let (name, encoded) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
        let bytes = BASE64.decode(encoded.as_bytes()).ok()?;
        let (id, signature) = bytes.split_first_chunk::<4>()?;
        (!name.is_empty() && !signature.is_empty()).then(|| (name.len(), *id, signature.to_vec()))
    };
    let mut signatures = Vec::new();
    for line in lines.split('\n') {
        let (length, id, bytes) = signature(line).ok_or(NoteError::Form)?;
        let from = "\u{2014} ".len();
        signatures.push((line.get(from..from + length).ok_or(NoteError::Form)?, id, bytes));
    }
    Ok((text, signatures))
}

fn read(text: &str) -> Result<Checkpoint, NoteError> {
    let mut lines = text.strip_suffix('\n').ok_or(NoteError::Form)?.split('\n');
    let (Some(origin), Some(size), Some(root), None) =
        (lines.next(), lines.next(), lines.next(), lines.next())
    else {
        return Err(NoteError::Form);
    };
    let number: u64 = size.parse().map_err(|_| NoteError::Form)?;
    let root = BASE64.decode(root.as_bytes()).map_err(|_| NoteError::Form)?;
    if number.to_string() != size || !is_origin(origin) {
        return Err(NoteError::Form);
    }
    Ok(Checkpoint {
        origin: origin.to_owned(),
        size: number,
        root: root.try_into().map_err(|_| NoteError::Form)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> LogKey {
        LogKey::from_seed(&[n; 32], "demo/donggaodi").unwrap()
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: "demo/donggaodi".into(), size: 7, root: [9; 32] }
    }

    #[test]
    fn the_published_verifier_key_reads() {
        let text = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        let key = VerifierKey::parse(text).unwrap();
        assert_eq!(HEXLOWER.encode(&key.id()), "530d903a");
        assert_eq!(key.to_string(), text);
        for bad in [
            "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "example.com/bar+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k=",
            "example.com/foo+530d903a",
        ] {
            assert_eq!(VerifierKey::parse(bad), Err(NoteError::Key), "{bad}");
        }
    }

    #[test]
    fn only_the_given_key_opens_a_note() {
        let note = key(1).sign(&checkpoint());
        assert_eq!(Checkpoint::open(&note, &[key(1).verifier()]), Ok(checkpoint()));
        assert_eq!(Checkpoint::open(&note, &[key(2).verifier()]), Err(NoteError::Unsigned));
        assert_eq!(Checkpoint::open(&note, &[]), Err(NoteError::Unsigned));
    }

    #[test]
    fn no_byte_of_a_note_can_be_another() {
        let note = key(1).sign(&checkpoint());
        for i in 0..note.len() {
            let mut other = note.clone().into_bytes();
            other[i] ^= 1;
            if let Ok(other) = String::from_utf8(other) {
                assert!(Checkpoint::open(&other, &[key(1).verifier()]).is_err(), "byte {i}");
            }
        }
        for bad in [
            note.replace("\n7\n", "\n07\n"),
            format!("{note}\n"),
            note.trim_end().to_owned(),
            note.replacen('\n', "\n\n", 1),
        ] {
            assert!(Checkpoint::open(&bad, &[key(1).verifier()]).is_err());
        }
    }
}
