//! That a loss was accepted: two officers signed the challenge. As it is made, and as entry 0 of the new log tells it.

use gridvault_audit::{Json, SignerKey};

use super::{Challenge, LifeError};
use crate::register::Former;

/// So many officers sign.
const OFFICERS: usize = 2;
/// Bytes of what entry 0 says of it: an entry's public part has 8 KiB.
const MOST: usize = 7 * 1024;

/// Reads officers' verifier keys: two at least, each with a name and a key of its own. Words for the operator where they are not.
pub fn officers<T: AsRef<str>>(keys: &[T]) -> Result<Vec<SignerKey>, String> {
    let read: Result<Vec<_>, _> = keys.iter().map(|text| SignerKey::parse(text.as_ref())).collect();
    let read = read.map_err(|error| error.to_string())?;
    for (at, one) in read.iter().enumerate() {
        let before = read.get(..at).unwrap_or_default();
        if before.iter().any(|other| other.name() == one.name() || other.public() == one.public()) {
            return Err(format!(
                "`{}` is there twice, by its name or by its key: each officer has an own one",
                one.name()
            ));
        }
    }
    if read.len() < OFFICERS {
        return Err("names fewer than two officers' verifier keys: `gridvault log key` makes them".into());
    }
    Ok(read)
}

impl Challenge {
    /// Accepted by those of the officers (see [`officers`]) whose signatures stand in the lines; two of them must.
    pub fn accepted(&self, officers: &[SignerKey], lines: &str) -> Result<Former, LifeError> {
        let text = self.text();
        let (mut keys, mut signatures) = (Vec::new(), Vec::new());
        for officer in officers {
            let signed =
                officer.signed(&text, lines).map_err(|_| LifeError::Signature(officer.name().into()))?;
            if let Some(signature) = signed {
                keys.push(officer.to_string());
                signatures.push(format!("{}:{signature}", officer.name()));
            }
        }
        // Whoever calls may not have asked for them to be apart.
        if self::officers(&keys).is_err() {
            return Err(LifeError::TooFew);
        }
        let lines = self.lines();
        let long: usize = lines.iter().chain(&keys).chain(&signatures).map(|line| line.len() + 3).sum();
        if long > MOST {
            return Err(LifeError::TooLong);
        }
        Ok(Former { lines, reason: self.reason().to_owned(), keys, signatures })
    }
}

/// What entry 0 of a log that goes on says of the former one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// What was signed.
    pub challenge: Challenge,
    /// The verifier keys that it names: nobody's word but its own.
    pub keys: Vec<String>,
    signatures: Vec<String>,
}

impl Acceptance {
    /// Reads it from the public part of an entry 0; nothing where that names no former log.
    pub fn read(public: &[u8]) -> Option<Self> {
        let public = Json::parse_canonical(public).ok()?;
        let about = public.get("about")?;
        let words = |name: &str| -> Option<Vec<String>> {
            about.get(name)?.as_list()?.iter().map(|word| word.as_text().map(str::to_owned)).collect()
        };
        let lines = words("former")?;
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let challenge = Challenge::of_lines(public.text("log")?, about.text("reason")?, &lines)?;
        Some(Self { challenge, keys: words("keys").unwrap_or_default(), signatures: words("signatures")? })
    }

    /// The names of those of the given officers who signed it; none where these are fewer than two (see [`officers`]).
    pub fn by(&self, officers: &[SignerKey]) -> Vec<String> {
        let text = self.challenge.text();
        let signed = |officer: &&SignerKey| {
            let own = |line: &&String| line.rsplit_once(':').is_some_and(|(name, _)| name == officer.name());
            let mut own = self.signatures.iter().filter(own);
            own.any(|line| {
                line.rsplit_once(':').is_some_and(|(_, signature)| officer.verifies(&text, signature))
            })
        };
        let by: Vec<_> = officers.iter().filter(signed).collect();
        let keys: Vec<_> = by.iter().map(ToString::to_string).collect();
        if self::officers(&keys).is_err() {
            return Vec::new();
        }
        by.into_iter().map(|officer| officer.name().to_owned()).collect()
    }
}
