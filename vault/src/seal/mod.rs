//! Sealing: the only room that holds keys and the only one that sees plaintext come out of storage.
//!
//! ```text
//!   passphrase ─argon2id─ root ─┬─ KEK per tier ── data key per (record, tier) ── field
//!                               ├─ facts key (MACs of authority rows), index, term, token, staff keys
//!                               ├─ signing keys of receipts
//!                               └─ signing key of the log
//! ```
//!
//! A resident's value leaves in one way: [`Keyring::open`] takes a [`Permit`](crate::permit::Permit), which exists only where the
//! trail has recorded the lookup it stands for. Masked and derived values are made in here, so what a lookup may not see
//! in clear is never handed out in clear. Further doors look inside without giving a value out: [`Keyring::facts`]
//! (classes for deciding), [`Keyring::found`] and [`Keyring::verify`] (comparing, each under its own receipt), [`Keyring::amend`]
//! (ciphertext into ciphertext), and the blind index for finding an ID number or a phone again.

mod amend;
mod authority;
mod compare;
mod envelope;
mod forms;
mod index;
mod keyfile;
mod open;
mod receipt;
mod rotate;
mod secret;
mod suite;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gridvault_audit::{LogKey, LogToken, RingToken, SigningKey, VerifierKey};
use gridvault_policy::FieldId;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

pub use amend::{Amended, Amending, facts_of};
pub use authority::row_digest;
pub use compare::{Candidate, Match};
pub use envelope::{RecordFacts, Sealing};
pub(crate) use keyfile::write_new;
pub use open::{FieldAnswer, Released};
pub use receipt::{add_receipt_key, receipt_versions};
pub use rotate::{add_keks, drop_keks, kek_versions};
pub use secret::Secret;
use suite::CipherKey;

/// How long a permit opens: from the commit of its entry.
const PERMIT_GOOD_FOR: Duration = Duration::from_secs(5);

/// The tiers as the key file names their KEKs; their places are the envelopes' tiers.
const KEK_TIERS: [&str; 5] = ["facts", "T1", "T2", "T3", "T4"];

/// Why sealing or opening did not happen. Never says a value.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The primitive refused.
    #[error("a cryptographic operation failed")]
    Crypto,
    /// What is stored is not what was sealed there.
    #[error("a sealed value does not belong where it lies")]
    Tampered,
    /// The passphrase does not open the key file.
    #[error("the passphrase does not open the key file")]
    Passphrase,
    /// The key file cannot be used.
    #[error("the key file cannot be used: {0}")]
    KeyFile(&'static str),
    /// More than the block of a tier holds.
    #[error("the fields of tier {0} do not fit their block")]
    TooLarge(&'static str),
    /// The permit is another log's, or too old.
    #[error("the permit does not open here")]
    Permit,
    /// Reading or writing the key file.
    #[error("the key file: {0}")]
    Io(#[source] std::io::Error),
}

/// The opened keys of one tenant. Nothing in it prints, copies or serialises.
pub struct Keyring {
    deployment: String,
    tenant: String,
    keks: BTreeMap<(u8, u16), CipherKey>,
    /// The version that is sealed under.
    kek_version: u16,
    facts: hmac::Key,
    tokens: hmac::Key,
    term: hmac::Key,
    staff: CipherKey,
    /// Sign receipts, and nothing else: the oldest first, the last one in use.
    receipts: Vec<SigningKey>,
    index: HashMap<&'static str, hmac::Key>,
    token: RingToken,
    rng: SystemRandom,
    macs: AtomicU64,
    broken: Mutex<Broken>,
}

/// Rows whose MAC failed: those to be entered as findings, and those that were.
#[derive(Default)]
struct Broken {
    new: BTreeSet<String>,
    told: BTreeSet<String>,
}

/// What unsealing gives: the key ring, and the twin halves that the log is made of.
pub struct Unsealed {
    /// The keys of the tenant.
    pub keyring: Keyring,
    /// Signs the log's heads, and nothing else.
    pub log_key: LogKey,
    /// Ties the log to this key ring.
    pub log_token: LogToken,
    /// The log's life, from 1.
    pub life: u32,
    /// Verifies the heads of the life before, where there was one.
    pub former_key: Option<VerifierKey>,
}

/// Makes a key file with fresh random keys (mode 0600; never over an existing one).
pub fn create_key_file(
    path: &Path,
    deployment: &str,
    tenant: &str,
    passphrase: &Secret,
) -> Result<(), SealError> {
    keyfile::create(path, deployment, tenant, passphrase)
}

/// Adds the signing key of a new life of the log to the key file.
pub fn add_log_key(path: &Path, passphrase: &Secret, life: u32) -> Result<(), SealError> {
    keyfile::add_log_key(path, passphrase, life)
}

/// Opens the key file: a second of argon2id, so call it off the async threads.
pub fn unseal(path: &Path, passphrase: &Secret) -> Result<Unsealed, SealError> {
    let opened = keyfile::open(path, passphrase)?;
    let mac =
        |name: &str| Ok::<_, SealError>(hmac::Key::new(hmac::HMAC_SHA256, opened.key(name)?.as_slice()));
    let mut keks = BTreeMap::new();
    let versions = opened.kek_versions();
    for version in &versions {
        for (tier, name) in (0..).zip(KEK_TIERS) {
            let key = opened.key(&format!("kek/{name}/{version}"))?;
            keks.insert((tier, *version), CipherKey::new(key)?);
        }
    }
    let kek_version = versions.last().copied().ok_or(SealError::KeyFile("it has no KEK"))?;
    let mut index = HashMap::new();
    for field in ["person.id_no", "person.phone", "premises.code", "staff.number"] {
        index.insert(field, mac(&format!("index/{field}/1"))?);
    }
    let (log_token, token) = gridvault_audit::born_together(PERMIT_GOOD_FOR);
    let life = opened.life();
    let log_key = log_key_of(&opened, life)?;
    let former_key = match life {
        1 => None,
        life => Some(log_key_of(&opened, life - 1)?.verifier()),
    };
    let receipts = receipt::keys(&opened, log_key.verifier().name())?;
    let keyring = Keyring {
        receipts,
        keks,
        kek_version,
        facts: mac("facts/1")?,
        tokens: mac("tokens/1")?,
        term: mac("term/1")?,
        staff: CipherKey::new(opened.key("staff/1")?)?,
        index,
        token,
        rng: SystemRandom::new(),
        macs: AtomicU64::new(0),
        broken: Mutex::default(),
        deployment: opened.deployment.clone(),
        tenant: opened.tenant.clone(),
    };
    Ok(Unsealed { keyring, log_key, log_token, life, former_key })
}

/// The signing key of one life, whose name is the log's origin.
fn log_key_of(opened: &keyfile::Opened, life: u32) -> Result<LogKey, SealError> {
    let mut origin = format!("{}/{}", opened.deployment, opened.tenant);
    if life > 1 {
        origin = format!("{origin}/{life}");
    }
    LogKey::from_seed(opened.key(&format!("log/{life}"))?, &origin)
        .map_err(|_| SealError::KeyFile("its log key is broken"))
}

impl Keyring {
    /// The tenant whose keys these are.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// 32 fresh random bytes (system).
    pub fn random(&self) -> Result<[u8; 32], SealError> {
        let mut bytes = [0; 32];
        self.rng.fill(&mut bytes).map_err(|_| SealError::Crypto)?;
        Ok(bytes)
    }

    /// HMACs computed since start: equal answers must cost equal work.
    pub fn macs(&self) -> u64 {
        self.macs.load(Ordering::Relaxed)
    }

    /// Rows whose MAC failed and that are not on record yet: each a finding, once in this process.
    pub fn broken_rows(&self) -> Vec<String> {
        self.broken.lock().map(|rows| rows.new.iter().cloned().collect()).unwrap_or_default()
    }

    /// That finding is on record.
    pub fn told_broken(&self, row: String) {
        if let Ok(mut rows) = self.broken.lock() {
            rows.new.remove(&row);
            rows.told.insert(row);
        }
    }

    fn mac(&self, key: &hmac::Key, bytes: &[u8]) -> hmac::Tag {
        self.macs.fetch_add(1, Ordering::Relaxed);
        hmac::sign(key, bytes)
    }

    fn kek(&self, tier: u8, version: u16) -> Result<&CipherKey, SealError> {
        self.keks.get(&(tier, version)).ok_or(SealError::Tampered)
    }
}

/// The catalogue tier that a field's envelope has (1 to 4).
fn envelope_tier(field: FieldId) -> u8 {
    use gridvault_policy::Tier;
    match field.tier() {
        Tier::T1 => 1,
        Tier::T2 => 2,
        Tier::T3 => 3,
        Tier::T4 => 4,
    }
}
