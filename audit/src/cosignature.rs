//! Cosignatures: C2SP tlog-cosignature, `cosignature/v1` (Ed25519). A witness says that it has seen this checkpoint, and that
//! it extends all those that it saw before.

use zeroize::Zeroizing;

use crate::note::{Note, NoteError, PublicKey, SecretKey};

/// Signature type of `cosignature/v1`; 0x06 is ML-DSA-44's.
const COSIGNATURE_TYPE: u8 = 4;

/// A witness's signing key.
pub struct WitnessKey(SecretKey);

/// A witness's public key with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessVerifier(PublicKey);

/// Who cosigned, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosignature {
    /// The witness's name.
    pub name: String,
    /// Unix seconds, by the witness's clock.
    pub time: u64,
}

impl WitnessKey {
    /// The key of that seed. A name is not empty and has no blank, `+` or newline.
    pub fn from_seed(seed: &Zeroizing<[u8; 32]>, name: &str) -> Result<Self, NoteError> {
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+') {
            return Err(NoteError::Key);
        }
        SecretKey::from_seed(seed, name, COSIGNATURE_TYPE).map(Self)
    }

    /// What verifies its cosignatures.
    pub fn verifier(&self) -> WitnessVerifier {
        WitnessVerifier(self.0.public().clone())
    }

    /// The signature line over a note's text at `time`, Unix seconds.
    pub fn cosign(&self, note: &str, time: u64) -> Result<String, NoteError> {
        Ok(self.0.sign(&message(Note::parse(note)?.text, time), &time.to_be_bytes()))
    }
}

fn message(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

impl WitnessVerifier {
    /// Reads `<name>+<8 hex of key id>+<base64(0x04 ‖ public key)>`, strictly.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        PublicKey::parse(text, COSIGNATURE_TYPE).map(Self)
    }

    /// The witness's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// First four bytes of SHA-256(name ‖ 0x0A ‖ 0x04 ‖ public key).
    pub fn id(&self) -> [u8; 4] {
        self.0.id()
    }

    /// When this witness cosigned the note; nothing where it did not. A line in its name that fails refuses the note.
    pub fn cosigned(&self, note: &str) -> Result<Option<Cosignature>, NoteError> {
        let note = Note::parse(note)?;
        let mut found = None;
        for signature in note.by(&self.0) {
            let (time, bytes) = signature.bytes.split_first_chunk::<8>().ok_or(NoteError::Unsigned)?;
            let time = u64::from_be_bytes(*time);
            let holds =
                i64::try_from(time).is_ok() && self.0.verifies(message(note.text, time).as_bytes(), bytes);
            if !holds {
                return Err(NoteError::Unsigned);
            }
            found = Some(Cosignature { name: self.0.name.clone(), time });
        }
        Ok(found)
    }
}

impl std::fmt::Display for WitnessVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// All of these witnesses that cosigned the note.
pub fn cosignatures(note: &str, witnesses: &[WitnessVerifier]) -> Result<Vec<Cosignature>, NoteError> {
    let all: Result<Vec<_>, _> = witnesses.iter().map(|witness| witness.cosigned(note)).collect();
    Ok(all?.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Checkpoint, LogKey};

    fn witness(n: u8) -> WitnessKey {
        WitnessKey::from_seed(&Zeroizing::new([n; 32]), "w.example/1").unwrap()
    }

    fn note() -> String {
        let checkpoint = Checkpoint { origin: "demo/donggaodi".into(), size: 7, root: [9; 32] };
        LogKey::from_seed(&[1; 32], "demo/donggaodi").unwrap().sign(&checkpoint)
    }

    #[test]
    fn a_cosignature_is_that_witness_s_alone_and_leaves_the_note_whole() {
        let log = LogKey::from_seed(&[1; 32], "demo/donggaodi").unwrap().verifier();
        let note = note();
        let signed = format!("{note}{}", witness(2).cosign(&note, 1_800_000_000).unwrap());
        assert!(Checkpoint::open(&signed, &[log]).is_ok());
        let found = witness(2).verifier().cosigned(&signed).unwrap().unwrap();
        assert_eq!((found.name.as_str(), found.time), ("w.example/1", 1_800_000_000));
        assert_eq!(witness(3).verifier().cosigned(&signed), Ok(None));
        assert_eq!(cosignatures(&note, &[witness(2).verifier()]), Ok(vec![]));
        let key = witness(2).verifier();
        assert_eq!(WitnessVerifier::parse(&key.to_string()), Ok(key));
        assert!(
            WitnessVerifier::parse(&LogKey::from_seed(&[1; 32], "a/b").unwrap().verifier().to_string())
                .is_err()
        );
    }

    #[test]
    fn no_byte_of_a_cosigned_note_can_be_another() {
        let note = note();
        let signed = format!("{note}{}", witness(2).cosign(&note, 1_800_000_000).unwrap());
        for i in 0..signed.len() {
            let mut other = signed.clone().into_bytes();
            other[i] ^= 1;
            let Ok(other) = String::from_utf8(other) else { continue };
            assert!(
                !matches!(witness(2).verifier().cosigned(&other), Ok(Some(_)))
                    || i > note.rfind("\n\n").unwrap() + 1 && i < note.len()
            );
        }
    }
}
