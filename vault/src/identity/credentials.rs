//! Tokens and one-time codes: 256 (or 80) random bits, kept only as an HMAC.

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use gridvault_policy::Posture;

use crate::authority::{Code, Holder, Token};
use crate::seal::{Keyring, SealError, Secret};
use crate::store::{Row, Table};

/// Prefix of every token, so that a leaked one is recognised.
const PREFIX: &str = "gv1_";

/// A credential just made: the secret to hand over once, and the row to keep.
pub struct Issued {
    /// What the holder gets; not kept.
    pub secret: Secret,
    /// What the vault keeps.
    pub row: Row,
}

impl Issued {
    /// A token for that holder until `expires` (UTC microseconds).
    pub fn token(
        keys: &Keyring,
        holder: Holder,
        posture: Posture,
        expires: i64,
        session: bool,
    ) -> Result<Self, SealError> {
        let secret = Secret::new(format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&keys.random()?)));
        let body = Token { holder, posture, expires, session, revoked: false, pending: false };
        let row =
            keys.row(Table::Tokens, &keys.credential_id(&secret), 1, Some(holder.id().as_bytes()), &body)?;
        Ok(Self { secret, row })
    }

    /// A service's token, good once a second person has confirmed it.
    pub fn pending(keys: &Keyring, service: uuid::Uuid, expires: i64) -> Result<Self, SealError> {
        let holder = Holder::Service(service);
        let secret = Secret::new(format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&keys.random()?)));
        let body = Token {
            holder,
            posture: Posture::Service,
            expires,
            session: false,
            revoked: false,
            pending: true,
        };
        let row =
            keys.row(Table::Tokens, &keys.credential_id(&secret), 1, Some(service.as_bytes()), &body)?;
        Ok(Self { secret, row })
    }

    /// A one-time sign-in code for that holder: 80 bits in four groups that can be read out.
    pub fn code(keys: &Keyring, holder: Holder, expires: i64, once: bool) -> Result<Self, SealError> {
        let bytes = keys.random()?;
        let text = BASE32_NOPAD.encode(bytes.get(..10).unwrap_or_default());
        let secret = Secret::new(grouped(&text));
        let body = Code { holder, expires, once, used: false };
        let row =
            keys.row(Table::Codes, &code_id(keys, secret.reveal()), 1, Some(holder.id().as_bytes()), &body)?;
        Ok(Self { secret, row })
    }
}

/// The id under which a code is kept; blanks, dashes and case do not matter.
pub fn code_id(keys: &Keyring, typed: &str) -> Vec<u8> {
    let plain: String =
        typed.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_uppercase()).collect();
    keys.credential_id(&Secret::new(format!("code {plain}")))
}

fn grouped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 3);
    for (i, c) in text.chars().enumerate() {
        if i > 0 && i % 4 == 0 {
            out.push('-');
        }
        out.push(c);
    }
    out
}
