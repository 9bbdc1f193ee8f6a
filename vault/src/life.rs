//! A log's lives. One that lost entries for good is not gone on with: it is moved aside as it is, and a new one begins whose
//! first entry says what was lost, signed by two officers.

use std::path::PathBuf;

use data_encoding::{BASE64, HEXLOWER};
use gridvault_audit::{Checkpoint, VerifierKey};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::register::Former;
use crate::seal::{Secret, Unsealed, add_log_key, unseal};
use crate::store::Store;
use crate::trail::{newest_seen, publish_last};
use crate::vault::{Layout, Lock, OpenError};

const TITLE: &str = "gridvault log reopen";

/// Why a log's life does not end.
#[derive(Debug, thiserror::Error)]
pub enum LifeError {
    /// Not in form.
    #[error("it is no challenge of `gridvault log challenge`")]
    Form,
    /// What it says is not what is here any more.
    #[error("the challenge is of another state than what lies here now: make it anew")]
    Other,
    /// A word.
    #[error("`{0}` is not a word: a-z, 0-9, _")]
    Word(String),
    /// The pin.
    #[error("the pin `{0}`: {1}")]
    Pin(String, #[source] std::io::Error),
    /// The vault.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// What is lost and what is gone on with, as officers sign it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Origin of the log that ends.
    former: String,
    /// Origin of the log that begins.
    new: String,
    /// `<size>:<root>` of the newest head that was pinned, that a witness cosigned, and that lies here; `none` where there is none.
    pinned: String,
    cosigned: String,
    kept: String,
    reason: String,
    nonce: String,
}

fn said(checkpoint: Option<&Checkpoint>) -> String {
    checkpoint.map_or_else(|| "none".into(), |c| format!("{}:{}", c.size, BASE64.encode(&c.root)))
}

impl Challenge {
    /// Of what lies there now. The database's head must be signed by the log's key.
    pub async fn of(layout: &Layout, passphrase: Secret, reason: &str) -> Result<Self, LifeError> {
        let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if reason.is_empty() || reason.len() > 64 || !reason.bytes().all(word) {
            return Err(LifeError::Word(reason.to_owned()));
        }
        let mut nonce = [0; 16];
        SystemRandom::new().fill(&mut nonce).map_err(|_| OpenError::from(crate::seal::SealError::Crypto))?;
        let unsealed = opened(layout, passphrase).await?;
        let key = unsealed.log_key.verifier();
        let tenant = unsealed.keyring.tenant().to_owned();
        let deployment = key.name().split('/').next().unwrap_or_default();
        let store = Store::open(&layout.database, &tenant, false).await.map_err(OpenError::from)?;
        let kept = kept(&store, &key).await;
        store.close().await;
        let pinned = std::fs::read_to_string(&layout.pin).ok();
        let pinned = pinned.and_then(|note| Checkpoint::open(&note, std::slice::from_ref(&key)).ok());
        let cosigned = newest_seen(&layout.publishing.witnesses, &key).await;
        Ok(Self {
            new: format!("{deployment}/{tenant}/{}", unsealed.life + 1),
            pinned: said(pinned.as_ref()),
            cosigned: said(cosigned.as_ref()),
            kept: said(Some(&kept?)),
            former: key.name().to_owned(),
            reason: reason.to_owned(),
            nonce: HEXLOWER.encode(&nonce),
        })
    }

    /// As it is signed.
    pub fn text(&self) -> String {
        let Self { former, new, pinned, cosigned, kept, reason, nonce } = self;
        format!(
            "{TITLE}\nformer {former}\nnew {new}\npinned {pinned}\ncosigned {cosigned}\nkept {kept}\nreason {reason}\nnonce {nonce}\n"
        )
    }

    /// Reads it back.
    pub fn parse(text: &str) -> Result<Self, LifeError> {
        let mut lines = text.lines();
        if lines.next() != Some(TITLE) {
            return Err(LifeError::Form);
        }
        let mut line = |name: &str| -> Result<String, LifeError> {
            let found = lines.next().and_then(|line| line.strip_prefix(name)?.strip_prefix(' '));
            found.map(str::to_owned).ok_or(LifeError::Form)
        };
        let read = Self {
            former: line("former")?,
            new: line("new")?,
            pinned: line("pinned")?,
            cosigned: line("cosigned")?,
            kept: line("kept")?,
            reason: line("reason")?,
            nonce: line("nonce")?,
        };
        if read.text() == text { Ok(read) } else { Err(LifeError::Form) }
    }

    /// For people.
    pub fn in_words(&self) -> String {
        let size = |text: &str| text.split(':').next().unwrap_or_default().to_owned();
        format!(
            "the log {} ends: pinned at {} entries, cosigned by a witness at {}; {} are here and are kept. \
             What came behind them is lost: no lookup in it can be shown to anybody any more. \
             It goes on as {} (reason: {}).",
            self.former,
            size(&self.pinned),
            size(&self.cosigned),
            size(&self.kept),
            self.new,
            self.reason
        )
    }

    /// What entry 0 of the new log says.
    pub fn former(&self, signatures: Vec<String>) -> Former {
        let lines = [
            ("log", &self.former),
            ("pinned", &self.pinned),
            ("cosigned", &self.cosigned),
            ("kept", &self.kept),
            ("nonce", &self.nonce),
        ];
        let lines = lines.into_iter().map(|(name, value)| format!("{name}:{value}")).collect();
        Former { lines, reason: self.reason.clone(), signatures }
    }

    /// The number of the life that begins.
    fn life(&self) -> Option<u32> {
        self.new.rsplit('/').next()?.parse().ok()
    }
}

async fn opened(layout: &Layout, passphrase: Secret) -> Result<Unsealed, LifeError> {
    let keys = layout.keys.clone();
    let unsealed = tokio::task::spawn_blocking(move || unseal(&keys, &passphrase)).await;
    Ok(unsealed.map_err(|_| OpenError::Thread)?.map_err(OpenError::from)?)
}

async fn kept(store: &Store, key: &VerifierKey) -> Result<Checkpoint, LifeError> {
    let head = store.head().await.map_err(OpenError::from)?.ok_or(LifeError::Other)?;
    Checkpoint::open(&head.checkpoint, std::slice::from_ref(key)).map_err(|_| LifeError::Other)
}

/// Moves the log that the challenge speaks of aside: its entries under a name of their own in the database, its pin beside
/// itself. Broken off, it goes on when it is asked again.
pub async fn end_former(
    layout: &Layout,
    passphrase: &Secret,
    challenge: &Challenge,
) -> Result<(), LifeError> {
    let _lock = layout.database.file().map(Lock::take).transpose()?;
    let life = challenge.life().filter(|life| *life > 1).ok_or(LifeError::Form)?;
    let unsealed = opened(layout, Secret::new(passphrase.reveal())).await?;
    let tenant = unsealed.keyring.tenant().to_owned();
    let store = Store::open(&layout.database, &tenant, false).await.map_err(OpenError::from)?;
    let done = end(layout, passphrase, challenge, (&store, &unsealed, life)).await;
    store.close().await;
    done
}

async fn end(
    layout: &Layout,
    passphrase: &Secret,
    challenge: &Challenge,
    (store, unsealed, life): (&Store, &Unsealed, u32),
) -> Result<(), LifeError> {
    if unsealed.life + 1 == life {
        // Nothing was done yet: it must be this very state that was signed.
        let key = unsealed.log_key.verifier();
        let here = said(Some(&kept(store, &key).await?));
        if key.name() != challenge.former || here != challenge.kept {
            return Err(LifeError::Other);
        }
        let (keys, secret) = (layout.keys.clone(), Secret::new(passphrase.reveal()));
        let added = tokio::task::spawn_blocking(move || add_log_key(&keys, &secret, life)).await;
        added.map_err(|_| OpenError::Thread)?.map_err(OpenError::from)?;
    } else if unsealed.life != life {
        return Err(LifeError::Other);
    }
    let pin = |error| LifeError::Pin(layout.pin.display().to_string(), error);
    let former = format!("{}/{}", store.tenant(), life - 1);
    let moved = store.former_lives().await.map_err(OpenError::from)?.contains(&former);
    if !moved {
        // Its last head is its last checkpoint, so that every line of it can still be proven.
        publish_last(store).await.map_err(OpenError::from)?;
        store.end_life(&former).await.map_err(OpenError::from)?;
    }
    let aside = PathBuf::from(format!("{}.{}", layout.pin.display(), life - 1));
    if layout.pin.exists() && !aside.exists() {
        std::fs::rename(&layout.pin, &aside).map_err(pin)?;
    }
    Ok(())
}
