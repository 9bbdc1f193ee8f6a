//! Authenticated encryption as stored: suite byte, nonce, ciphertext with tag. Suite 1 is AES-256-GCM (NIST SP 800-38D) by ring.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use super::SealError;

/// AES-256-GCM with a random 96-bit nonce.
const AES_256_GCM_RANDOM: u8 = 1;
const HEAD: usize = 1 + NONCE_LEN;

/// The byte that heads every ciphertext, also bound as associated data.
pub(super) const SUITE: u8 = AES_256_GCM_RANDOM;

/// 32 random bytes that are a key; wiped on drop.
pub(super) type KeyBytes = Zeroizing<[u8; 32]>;

/// An expanded cipher key.
pub(super) struct CipherKey(LessSafeKey);

impl CipherKey {
    pub(super) fn new(bytes: &[u8; 32]) -> Result<Self, SealError> {
        let key = UnboundKey::new(&AES_256_GCM, bytes).map_err(|_| SealError::Crypto)?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Seals `plain` with `bound` as associated data.
    pub(super) fn seal(&self, rng: &SystemRandom, bound: &Bound, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE_LEN];
        rng.fill(&mut nonce).map_err(|_| SealError::Crypto)?;
        let mut out = Vec::with_capacity(HEAD + plain.len() + AES_256_GCM.tag_len());
        out.push(SUITE);
        out.extend_from_slice(&nonce);
        // Encrypted in a buffer of its own, then appended: the plaintext never lies in `out`.
        let mut buffer = Zeroizing::new(plain.to_vec());
        let tag = self
            .0
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(bound.bytes()),
                buffer.as_mut_slice(),
            )
            .map_err(|_| SealError::Crypto)?;
        out.extend_from_slice(&buffer);
        out.extend_from_slice(tag.as_ref());
        Ok(out)
    }

    /// Opens what [`Self::seal`] made with the same associated data; anything else is `Tampered`.
    pub(super) fn open(&self, bound: &Bound, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (head, body) = sealed.split_at_checked(HEAD).ok_or(SealError::Tampered)?;
        let (suite, nonce) = head.split_first().ok_or(SealError::Tampered)?;
        if *suite != SUITE {
            return Err(SealError::Tampered);
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Tampered)?;
        let mut buffer = Zeroizing::new(body.to_vec());
        let length = self
            .0
            .open_in_place(nonce, Aad::from(bound.bytes()), buffer.as_mut_slice())
            .map_err(|_| SealError::Tampered)?
            .len();
        buffer.truncate(length);
        Ok(buffer)
    }
}

/// Length-prefixed parts (four bytes, big-endian, each), so that no two lists of parts read alike.
#[derive(Clone, Default)]
pub(super) struct Bound(Vec<u8>);

impl Bound {
    /// Starts with the format's label and the suite.
    pub(super) fn new(label: &str) -> Self {
        Self::with_room(label, 0)
    }

    /// Likewise, with room for a part of that many bytes.
    pub(super) fn with_room(label: &str, bytes: usize) -> Self {
        Self(Vec::with_capacity(192 + bytes)).with(label.as_bytes()).with(&[SUITE])
    }

    pub(super) fn with(mut self, part: &[u8]) -> Self {
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(part);
        self
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}
