//! A text that people sign with keys of their own, offline: a C2SP signed note, each signature a line.

use data_encoding::BASE64;
use zeroize::Zeroizing;

use crate::note::{ED25519_TYPE, Note, NoteError, PublicKey, SecretKey};

/// Somebody's signing key.
pub struct SigningKey(SecretKey);

/// Somebody's public key, with their name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerKey(PublicKey);

impl SigningKey {
    /// The key of that seed. A name is not empty and has no blank, `+` or newline.
    pub fn from_seed(seed: &Zeroizing<[u8; 32]>, name: &str) -> Result<Self, NoteError> {
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b));
        if name.is_empty() || name.len() > 64 || !plain {
            return Err(NoteError::Key);
        }
        SecretKey::from_seed(seed, name, ED25519_TYPE).map(Self)
    }

    /// What verifies its signatures.
    pub fn verifier(&self) -> SignerKey {
        SignerKey(self.0.public().clone())
    }

    /// The signature line under that text, which ends with a newline.
    pub fn sign(&self, text: &str) -> String {
        self.0.sign(text, &[])
    }
}

impl SignerKey {
    /// Reads `<name>+<8 hex of key id>+<base64(0x01 ‖ public key)>`, strictly.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        PublicKey::parse(text, ED25519_TYPE).map(Self)
    }

    /// Whose it is.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its public half: whoever goes by two names has one.
    pub fn public(&self) -> &[u8; 32] {
        &self.0.public
    }

    /// Whether that signature, base64 as [`Self::signed`] gives it, is this key's over that text.
    pub fn verifies(&self, text: &str, signature: &str) -> bool {
        BASE64.decode(signature.as_bytes()).is_ok_and(|bytes| self.0.verifies(text.as_bytes(), &bytes))
    }

    /// The signature of this key among those lines under that text, base64; nothing where there is none. One that fails
    /// refuses all.
    pub fn signed(&self, text: &str, lines: &str) -> Result<Option<String>, NoteError> {
        let note = format!("{text}\n{lines}");
        let note = Note::parse(&note)?;
        if note.text != text {
            return Err(NoteError::Form);
        }
        let mut found = None;
        for signature in note.by(&self.0) {
            if !self.0.verifies(text.as_bytes(), &signature.bytes) {
                return Err(NoteError::Unsigned);
            }
            found = Some(BASE64.encode(&signature.bytes));
        }
        Ok(found)
    }
}

impl std::fmt::Display for SignerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_signed_by_whom_it_says_and_by_nobody_else() {
        let key = |n| SigningKey::from_seed(&Zeroizing::new([n; 32]), "officer/a").unwrap();
        let text = "one\ntwo\n";
        let line = key(1).sign(text);
        let signed = key(1).verifier().signed(text, &line).unwrap().unwrap();
        assert!(key(1).verifier().verifies(text, &signed));
        assert!(!key(2).verifier().verifies(text, &signed) && !key(1).verifier().verifies("two\n", &signed));
        assert_ne!(key(1).verifier().public(), key(2).verifier().public());
        assert_eq!(key(2).verifier().signed(text, &line), Ok(None));
        assert_eq!(key(1).verifier().signed("one\nthree\n", &line), Err(NoteError::Unsigned));
        assert_eq!(key(1).verifier().signed("one\n\ntwo\n", &line), Err(NoteError::Unsigned));
        assert!(key(1).verifier().signed(text, &format!("x\n\n{line}")).is_err());
        assert_eq!(SignerKey::parse(&key(1).verifier().to_string()), Ok(key(1).verifier()));
        assert!(SigningKey::from_seed(&Zeroizing::new([1; 32]), "a b").is_err());
    }
}
