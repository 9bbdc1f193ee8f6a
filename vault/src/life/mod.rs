//! A log's lives. One that lost entries for good is not gone on with: it is moved aside as it is, and a new one begins whose
//! first entry says what was lost, signed by two officers. A reopening is a list of steps; how far it came shows in the database,
//! the key file and beside the pin, and asked again it does each step that is not done.
//!
//! | step | true after it | asked again |
//! | --- | --- | --- |
//! | 1 compare | nothing is changed: head, pin and witnesses are as signed, the log and every row of rights is whole | compares anew |
//! | 2 tiles | the tree at rest reaches the head | does nothing |
//! | 3 head | in one transaction, under its lock: the head lies under `<tenant>/<n>`, with its last checkpoint and the orders to remove; nobody appends to it | finds it there, and compares it with `kept` |
//! | 4 rest | entries, tags, checkpoints and tiles lie there too | moves what is left, of a log without a head only |
//! | 5 key | the key file has `log/<n+1>` | does nothing |
//! | 6 pin | the former pin is `<pin>.<n>` | leaves a pin of the new log alone |
//! | 7 entry 0 | the new log has a head | compares the challenge that it names |
//! | 8 rows | each row that the former log told last is told by the new one | goes on with those that are not |
//! | 9 policies | they are restated last, in one transaction: all is | does nothing, the log is served |
//!
//! Up to step 3 the former log can still be served, where its newest database is found after all. From there on nothing is
//! served before step 9. Steps 1 to 6 are [`end_former`]; 7 to 9 are [`Vault::open_again`](crate::Vault::open_again).

mod accepted;
mod challenge;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gridvault_audit::{Checkpoint, VerifierKey};

pub use self::accepted::{Acceptance, officers};
pub use self::challenge::Challenge;
use self::challenge::{State, said, said_of};
use crate::seal::{Secret, Unsealed, add_log_key, unseal};
use crate::store::{Store, StoreError, StoredHead};
use crate::trail::{Trust, Verdict, seen_by, settle, verify_database};
use crate::vault::{Layout, Lock, OpenError};

/// Why a log's life does not end.
#[derive(Debug, thiserror::Error)]
pub enum LifeError {
    /// Not in form.
    #[error("it is no challenge of `gridvault log challenge`")]
    Form,
    /// What it says is not what is here any more.
    #[error("the challenge is of another state than what lies here now ({0}): make it anew")]
    Other(&'static str),
    /// A word.
    #[error("`{0}` is not a word: a-z, 0-9, _")]
    Word(String),
    /// A log is gone on with, not mended.
    #[error(
        "what is here is not whole{0}: put a database in place that `gridvault audit verify` finds whole, and make a challenge of that"
    )]
    NotWhole(String),
    /// No witness can say how far the log was known.
    #[error(
        "no witness of `log.witnesses` answers: mend that, or say --unwitnessed, which two officers then sign"
    )]
    Unwitnessed,
    /// A signature.
    #[error("the signature of {0} is not one under this challenge")]
    Signature(String),
    /// Two must sign.
    #[error("two officers of `log.officers` must sign the challenge, each with an own key")]
    TooFew,
    /// Entry 0 would not hold it.
    #[error(
        "there are more witnesses or signatures than one entry holds: name fewer in the settings, and make it anew"
    )]
    TooLong,
    /// The pin.
    #[error("the pin `{0}`: {1}")]
    Pin(String, #[source] std::io::Error),
    /// The vault.
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl From<StoreError> for LifeError {
    fn from(error: StoreError) -> Self {
        Self::Open(error.into())
    }
}

/// Whether a challenge may be made that no witness says anything of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Witnesses {
    Answer,
    MayBeSilent,
}

impl Challenge {
    /// Of what lies there now: a log that is whole, whose head its key signed. Where witnesses are set, one at least answers.
    pub async fn of(layout: &Layout, passphrase: Secret, reason: &str) -> Result<Self, LifeError> {
        Self::made(layout, passphrase, reason, Witnesses::Answer).await
    }

    /// Likewise, although no witness answers: those who sign it do without.
    pub async fn unwitnessed(layout: &Layout, passphrase: Secret, reason: &str) -> Result<Self, LifeError> {
        Self::made(layout, passphrase, reason, Witnesses::MayBeSilent).await
    }

    async fn made(
        layout: &Layout,
        passphrase: Secret,
        reason: &str,
        witnesses: Witnesses,
    ) -> Result<Self, LifeError> {
        let unsealed = opened(layout, passphrase).await?;
        let key = unsealed.log_key.verifier();
        let store = open(layout, &unsealed).await?;
        let looked = look(layout, &store, &key).await;
        store.close().await;
        let (state, _) = looked?;
        let silent = state.cosigned.iter().all(|one| one.ends_with("+unreachable"));
        if silent && witnesses == Witnesses::Answer {
            return Err(LifeError::Unwitnessed);
        }
        Self::new(key.name(), next(&key, &unsealed, unsealed.life + 1), state, reason)
    }
}

/// The origin of that life of the log.
fn next(key: &VerifierKey, unsealed: &Unsealed, life: u32) -> String {
    let deployment = key.name().split('/').next().unwrap_or_default();
    format!("{deployment}/{}/{life}", unsealed.keyring.tenant())
}

async fn opened(layout: &Layout, passphrase: Secret) -> Result<Unsealed, LifeError> {
    let keys = layout.keys.clone();
    let unsealed = tokio::task::spawn_blocking(move || unseal(&keys, &passphrase)).await;
    Ok(unsealed.map_err(|_| OpenError::Thread)?.map_err(OpenError::from)?)
}

async fn open(layout: &Layout, unsealed: &Unsealed) -> Result<Arc<Store>, LifeError> {
    Ok(Arc::new(Store::open(&layout.database, unsealed.keyring.tenant(), false).await?))
}

/// How the log lies here, and how far it is known outside; with its head. It must be whole, and so must every row of rights.
async fn look(
    layout: &Layout,
    store: &Arc<Store>,
    key: &VerifierKey,
) -> Result<(State, StoredHead), LifeError> {
    let head = store.head().await?.ok_or(LifeError::Other("no log's head is here"))?;
    let kept = checkpoint(&head, key)?;
    // Without the pin: what is behind it may be lost.
    let trust = Trust { key: Some(key.clone()), ..Trust::default() };
    if let Verdict::Broken { seq, why } = verify_database(store, &trust, &|_| ()).await?.verdict {
        let entry = seq.map_or_else(String::new, |seq| format!(" (entry {seq}: {why})"));
        return Err(LifeError::NotWhole(if entry.is_empty() { format!(" ({why})") } else { entry }));
    }
    let mut cosigned = Vec::new();
    for witness in &layout.publishing.witnesses {
        cosigned.push(said_of(witness, &seen_by(witness, key).await));
    }
    if cosigned.is_empty() {
        cosigned.push("none".into());
    }
    let pinned = pinned(&layout.pin, key)?;
    Ok((State { pinned: said(pinned.as_ref()), cosigned, kept: said(Some(&kept)) }, head))
}

fn checkpoint(head: &StoredHead, key: &VerifierKey) -> Result<Checkpoint, LifeError> {
    Checkpoint::open(&head.checkpoint, std::slice::from_ref(key))
        .map_err(|_| LifeError::Other("its head is not signed by this log's key"))
}

/// What the pin says under that key; nothing where it is not there or another log's.
fn pinned(pin: &Path, key: &VerifierKey) -> Result<Option<Checkpoint>, LifeError> {
    match std::fs::read_to_string(pin) {
        Ok(note) => Ok(Checkpoint::open(&note, std::slice::from_ref(key)).ok()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LifeError::Pin(pin.display().to_string(), error)),
    }
}

/// Where a former life's pin lies.
fn pin_aside(layout: &Layout, life: u32) -> PathBuf {
    PathBuf::from(format!("{}.{life}", layout.pin.display()))
}

/// Moves the log that the challenge speaks of aside: its entries under a name of their own in the database, its pin beside
/// itself. Broken off, it goes on when it is asked again.
pub async fn end_former(
    layout: &Layout,
    passphrase: &Secret,
    challenge: &Challenge,
) -> Result<(), LifeError> {
    let _lock = layout.database.file().map(Lock::take).transpose()?;
    let unsealed = opened(layout, Secret::new(passphrase.reveal())).await?;
    let store = open(layout, &unsealed).await?;
    let done = end(layout, passphrase, challenge, (&store, &unsealed)).await;
    store.close().await;
    done
}

async fn end(
    layout: &Layout,
    passphrase: &Secret,
    challenge: &Challenge,
    (store, unsealed): (&Arc<Store>, &Unsealed),
) -> Result<(), LifeError> {
    let life = challenge.life().ok_or(LifeError::Form)?;
    let newest = unsealed.log_key.verifier();
    let (key, new) = match unsealed.life {
        before if before.checked_add(1) == Some(life) => (newest.clone(), None),
        now if now == life => (unsealed.former_key.clone().ok_or(LifeError::Form)?, Some(&newest)),
        _ => return Err(LifeError::Other("the key file is of another life")),
    };
    if key.name() != challenge.former || next(&key, unsealed, life) != challenge.new {
        return Err(LifeError::Other("it names another log"));
    }
    let aside = format!("{}/{}", store.tenant(), life - 1);
    if !store.former_lives().await?.contains(&aside) {
        move_head(layout, (store, &aside), &key, challenge).await?;
    }
    let former = store.of_life(&aside).head().await?.ok_or(LifeError::Other("no log's head is here"))?;
    if said(Some(&checkpoint(&former, &key)?)) != challenge.state.kept {
        return Err(LifeError::Other("another head was moved aside"));
    }
    let beside = pin_aside(layout, life - 1);
    let pin = pinned(&layout.pin, &key)?.map_or_else(|| pinned(&beside, &key), |pin| Ok(Some(pin)))?;
    if said(pin.as_ref()) != challenge.state.pinned {
        return Err(LifeError::Other("the pin is another"));
    }
    store.move_rest(&aside).await?;
    if new.is_none() {
        let (keys, secret) = (layout.keys.clone(), Secret::new(passphrase.reveal()));
        let added = tokio::task::spawn_blocking(move || add_log_key(&keys, &secret, life)).await;
        added.map_err(|_| OpenError::Thread)?.map_err(OpenError::from)?;
    }
    move_pin(layout, life - 1, new)
}

/// Steps 1 to 3.
async fn move_head(
    layout: &Layout,
    (store, aside): (&Arc<Store>, &str),
    key: &VerifierKey,
    challenge: &Challenge,
) -> Result<(), LifeError> {
    let (state, head) = look(layout, store, key).await?;
    let signed = &challenge.state;
    for (same, words) in [
        (state.kept == signed.kept, "its head is another"),
        (state.pinned == signed.pinned, "the pin is another"),
        (state.cosigned == signed.cosigned, "a witness shows something else"),
    ] {
        if !same {
            return Err(LifeError::Other(words));
        }
    }
    settle(store, &checkpoint(&head, key)?).await?;
    match store.end_life(aside, &head).await {
        Err(StoreError::Conflict) => Err(LifeError::Other("another instance wrote to it: stop them all")),
        done => Ok(done?),
    }
}

/// Lays the former log's pin aside. `new` verifies the new log's, where that may have one; such a pin stays.
fn move_pin(layout: &Layout, life: u32, new: Option<&VerifierKey>) -> Result<(), LifeError> {
    let of_new = new.map(|key| pinned(&layout.pin, key)).transpose()?.flatten();
    if of_new.is_some() || !layout.pin.exists() {
        return Ok(());
    }
    let aside = pin_aside(layout, life);
    let moved = if aside.exists() {
        Err(std::io::Error::other(
            "another pin of that life is there already: take away the one that is not its",
        ))
    } else {
        std::fs::rename(&layout.pin, &aside)
    };
    moved.map_err(|error| LifeError::Pin(aside.display().to_string(), error))
}
