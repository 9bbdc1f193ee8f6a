//! Asking witnesses for their cosignatures (C2SP tlog-witness). A witness that cannot be reached costs a cosignature; one that
//! has seen another history of ours is proof that this one was rewritten or put back.

use std::net::IpAddr;
use std::time::Duration;

use data_encoding::HEXLOWER;
use gridvault_audit::{AddCheckpoint, Checkpoint, VerifierKey, WitnessVerifier, origin_hash};
use serde::{Deserialize, Serialize};

use super::tree::{consistency, root_at};
use crate::store::{Store, StoreError};

/// An answer of a witness is waited for so long.
const PATIENCE: Duration = Duration::from_secs(5);
/// An answer has at most so many bytes: a note, or a few signature lines.
const MOST: u64 = 64 * 1024;
/// The size believed, the size told, and once more where another instance was faster.
const TRIES: usize = 3;

/// A witness as the settings name it: `<verifier key> <URL>`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct WitnessAddress {
    /// Verifies its cosignatures.
    pub key: WitnessVerifier,
    /// The URL before `/add-checkpoint`.
    pub url: String,
}

impl WitnessAddress {
    /// Reads `<verifier key> <URL>`; words for the operator where it is not.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (key, url) = text.split_once(' ').ok_or("a witness is `<verifier key> <URL>`")?;
        let key = WitnessVerifier::parse(key).map_err(|_| format!("`{key}` is no witness's verifier key"))?;
        let url = url.trim().trim_end_matches('/');
        let uri: ureq::http::Uri = url.parse().map_err(|_| format!("`{url}` is no URL"))?;
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if here => {}
            _ => return Err(format!("`{url}` must begin with https:// (or http:// on this machine)")),
        }
        Ok(Self { key, url: url.to_owned() })
    }

    /// Its key id, as entries and files name it.
    pub fn id(&self) -> String {
        HEXLOWER.encode(&self.key.id())
    }
}

impl TryFrom<String> for WitnessAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<WitnessAddress> for String {
    fn from(witness: WitnessAddress) -> Self {
        format!("{} {}", witness.key, witness.url)
    }
}

/// What came of asking a witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// It cosigned: the line.
    Cosigned(String),
    /// No answer, or none that can be used.
    Unreachable(String),
    /// It cosigned nothing and shows nothing that this log's key signed: it is wrong, or it lies.
    Disagreed(String),
    /// It shows a checkpoint that this log's key signed and that this history does not extend: the note.
    Rewritten(String),
}

/// A witness with the size that it was last seen to have.
pub(super) struct Witness {
    pub(super) address: WitnessAddress,
    size: u64,
}

impl Witness {
    pub(super) fn new(address: WitnessAddress) -> Self {
        Self { address, size: 0 }
    }

    /// Asks for a cosignature of the checkpoint, whose tiles are at rest.
    pub(super) async fn ask(
        &mut self,
        store: &Store,
        key: &VerifierKey,
        checkpoint: &Checkpoint,
        note: &str,
    ) -> Result<Asked, StoreError> {
        for _ in 0..TRIES {
            if self.size > checkpoint.size {
                break;
            }
            let Some(proof) = consistency(store, self.size, checkpoint).await? else {
                return Err(StoreError::Corrupt("a tile is missing"));
            };
            let body = AddCheckpoint { old: self.size, proof, note: note.to_owned() }.to_string();
            let url = format!("{}/add-checkpoint", self.address.url);
            match call(url, Some(body)).await {
                Err(why) => return Ok(Asked::Unreachable(why)),
                Ok((200, lines)) => {
                    let whole = format!("{note}{lines}");
                    let own = lines.split_inclusive('\n').find(|line| {
                        matches!(self.address.key.cosigned(&format!("{note}{line}")), Ok(Some(_)))
                    });
                    return Ok(match own {
                        Some(line) if self.address.key.cosigned(&whole).is_ok() => {
                            self.size = checkpoint.size;
                            Asked::Cosigned(line.to_owned())
                        }
                        _ => Asked::Disagreed("its cosignature does not verify".into()),
                    });
                }
                Ok((409, told)) => match told.trim_end_matches('\n').parse::<u64>() {
                    Ok(size) if size != self.size => self.size = size,
                    // It names the size that it was asked from: a fork, as some witnesses answer it.
                    Ok(_) => break,
                    Err(_) => return Ok(Asked::Unreachable("a 409 without a size".into())),
                },
                Ok((422, _)) => break,
                Ok((status, _)) => return Ok(Asked::Unreachable(format!("status {status}"))),
            }
        }
        // It cosigned nothing: what it shows must say why, or nobody can rely on it.
        let why = self.compare(store, key, checkpoint).await?;
        Ok(why
            .unwrap_or_else(|| Asked::Disagreed("it does not cosign what extends all that it shows".into())))
    }

    /// What the witness shows of this log, against what is here: entries up to the checkpoint, whose tiles are at rest. Nothing
    /// where it lies here too.
    pub(super) async fn compare(
        &mut self,
        store: &Store,
        key: &VerifierKey,
        here: &Checkpoint,
    ) -> Result<Option<Asked>, StoreError> {
        let unreachable = |why: String| Ok(Some(Asked::Unreachable(why)));
        let note = match call(shown_at(&self.address, key), None).await {
            Err(why) => return unreachable(why),
            Ok((200, note)) => note,
            // It has seen nothing of this log yet.
            Ok((404, _)) => return unreachable("it does not show this log".into()),
            Ok((status, _)) => return unreachable(format!("status {status}")),
        };
        let Ok(seen) = Checkpoint::open(&note, std::slice::from_ref(key)) else {
            return Ok(Some(Asked::Disagreed("it shows what this log's key did not sign".into())));
        };
        if seen.size > here.size {
            return Ok(Some(Asked::Rewritten(note)));
        }
        self.size = seen.size;
        let root = root_at(store, seen.size).await?.ok_or(StoreError::Corrupt("a tile is missing"))?;
        Ok((root != seen.root).then_some(Asked::Rewritten(note)))
    }
}

/// What a witness shows of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The newest checkpoint that it cosigned.
    Cosigned(Checkpoint),
    /// It answers, and has seen nothing of this log.
    Nothing,
    /// It shows what this log's key or its own did not sign.
    Unfit,
    /// It could not be asked.
    Unreachable,
}

/// What that witness shows of the log whose key this is.
pub(crate) async fn seen_by(witness: &WitnessAddress, key: &VerifierKey) -> Seen {
    match call(shown_at(witness, key), None).await {
        Ok((200, note)) => {
            let cosigned = matches!(witness.key.cosigned(&note), Ok(Some(_)));
            let seen = Checkpoint::open(&note, std::slice::from_ref(key)).ok().filter(|_| cosigned);
            seen.map_or(Seen::Unfit, Seen::Cosigned)
        }
        Ok((404, _)) => Seen::Nothing,
        Ok(_) | Err(_) => Seen::Unreachable,
    }
}

/// Where a witness shows what it has seen of that log.
fn shown_at(witness: &WitnessAddress, key: &VerifierKey) -> String {
    format!("{}/{}/checkpoint", witness.url, origin_hash(key.name()))
}

/// Status and text; words where there is no answer.
async fn call(url: String, body: Option<String>) -> Result<(u16, String), String> {
    let asked = tokio::task::spawn_blocking(move || {
        let agent = crate::tls::agent(Some(PATIENCE))?;
        let answer = match body {
            Some(body) => agent.post(&url).header("content-type", "text/plain").send(body),
            None => agent.get(&url).call(),
        };
        let mut answer = answer.map_err(|error| error.to_string())?;
        let status = answer.status().as_u16();
        let text = answer.body_mut().with_config().limit(MOST).read_to_string();
        Ok((status, text.map_err(|error| error.to_string())?))
    });
    asked.await.unwrap_or_else(|_| Err("the asking thread was lost".into()))
}
