//! Signed heads: C2SP tlog-checkpoint in a C2SP signed-note with one Ed25519 key per log.

use data_encoding::BASE64;
use zeroize::Zeroizing;

use crate::chain::is_origin;
use crate::note::{ED25519_TYPE, Note, NoteError, PublicKey, SecretKey, Signature};
use crate::tile::decimal;

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

/// The log's signing key; wiped on drop as far as the seed goes.
pub struct LogKey {
    seed: Zeroizing<[u8; 32]>,
    key: SecretKey,
}

impl LogKey {
    /// The key of that seed, named for the log's origin.
    pub fn from_seed(seed: &[u8; 32], origin: &str) -> Result<Self, NoteError> {
        if !is_origin(origin) {
            return Err(NoteError::Key);
        }
        let key = SecretKey::from_seed(seed, origin, ED25519_TYPE)?;
        Ok(Self { seed: Zeroizing::new(*seed), key })
    }

    /// The seed, to be wrapped.
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// What verifies its signatures.
    pub fn verifier(&self) -> VerifierKey {
        VerifierKey(self.key.public().clone())
    }

    /// The checkpoint as a signed note.
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        let text = checkpoint.text();
        format!("{text}\n{}", self.key.sign(&text, &[]))
    }
}

/// A log's public key with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey(PublicKey);

impl VerifierKey {
    /// Reads `<name>+<8 hex of key id>+<base64(0x01 ‖ public key)>`, strictly.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        PublicKey::parse(text, ED25519_TYPE).map(Self)
    }

    /// The key's name: the log's origin.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// First four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key).
    pub fn id(&self) -> [u8; 4] {
        self.0.id()
    }
}

impl std::fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Checkpoint {
    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(&self.root))
    }

    /// Opens a note: at least one given key must have signed it, and none of them wrongly.
    pub fn open(note: &str, keys: &[VerifierKey]) -> Result<Self, NoteError> {
        let note = Note::parse(note)?;
        let mut signed = false;
        for key in keys {
            for signature in note.by(&key.0) {
                if !key.0.verifies(note.text.as_bytes(), &signature.bytes) {
                    return Err(NoteError::Unsigned);
                }
                signed = true;
            }
        }
        let checkpoint = Self::read(note.text)?;
        let own = keys.iter().any(|key| key.name() == checkpoint.origin);
        if signed && own { Ok(checkpoint) } else { Err(NoteError::Unsigned) }
    }

    /// The note with the lines of these keys alone, once it is opened: whatever else stood under it is left out.
    pub fn stripped(note: &str, keys: &[VerifierKey]) -> Result<(Self, String), NoteError> {
        let checkpoint = Self::open(note, keys)?;
        let parsed = Note::parse(note)?;
        let mut own = format!("{}\n", parsed.text);
        // Each line once: the same one many times over is as long as many.
        let mut lines: Vec<String> =
            keys.iter().flat_map(|key| parsed.by(&key.0)).map(Signature::line).collect();
        lines.sort_unstable();
        lines.dedup();
        own.extend(lines);
        Ok((checkpoint, own))
    }

    /// What a note says, believed by nobody: for comparing where no key was given.
    pub fn parse_unverified(note: &str) -> Result<Self, NoteError> {
        Self::read(Note::parse(note)?.text)
    }

    fn read(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.strip_suffix('\n').ok_or(NoteError::Form)?.split('\n');
        let (Some(origin), Some(size), Some(root), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(NoteError::Form);
        };
        let root = BASE64.decode(root.as_bytes()).map_err(|_| NoteError::Form)?;
        if !is_origin(origin) {
            return Err(NoteError::Form);
        }
        Ok(Self {
            origin: origin.to_owned(),
            size: decimal(size).ok_or(NoteError::Form)?,
            root: root.try_into().map_err(|_| NoteError::Form)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

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
