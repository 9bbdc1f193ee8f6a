//! The key file: a random root sealed by a passphrase (argon2id, RFC 9106), and every other key random and wrapped by the root.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::BASE64;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::suite::{Bound, CipherKey, KeyBytes};
use super::{SealError, Secret};

/// 64 MiB, 3 passes, 1 lane: never less, whatever a file says.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
/// More than this is no honest file and would only stop the machine.
const MEMORY_KIB_MOST: u32 = 1024 * 1024;

/// The names of a tenant's keys; one key serves one use.
pub(super) const KEYS: &[&str] = &[
    "kek/facts/1",
    "kek/T1/1",
    "kek/T2/1",
    "kek/T3/1",
    "kek/T4/1",
    "facts/1",
    "staff/1",
    "tokens/1",
    "term/1",
    "receipt/1",
    "index/person.id_no/1",
    "index/person.phone/1",
    "index/premises.code/1",
    "index/staff.number/1",
    "log/1",
];

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyFile {
    version: u32,
    pub(super) deployment: String,
    pub(super) tenant: String,
    root: Root,
    keys: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Root {
    kdf: String,
    memory_kib: u32,
    passes: u32,
    salt: String,
    wrapped: String,
}

/// The opened keys by name.
pub(super) struct Opened {
    pub(super) deployment: String,
    pub(super) tenant: String,
    keys: BTreeMap<String, KeyBytes>,
}

impl Opened {
    pub(super) fn kek_versions(&self) -> Vec<u16> {
        versions(self.keys.keys())
    }

    /// The log's life: the newest that has a signing key.
    pub(super) fn life(&self) -> u32 {
        let lives = self.keys.keys().filter_map(|name| name.strip_prefix("log/")?.parse().ok());
        lives.max().unwrap_or(1)
    }

    /// The versions of the keys that sign receipts, oldest first.
    pub(super) fn receipt_versions(&self) -> Vec<u16> {
        receipt_versions_of(self.keys.keys())
    }

    pub(super) fn key(&self, name: &str) -> Result<&KeyBytes, SealError> {
        self.keys.get(name).ok_or(SealError::KeyFile("a key is missing"))
    }
}

/// Makes a key file with fresh keys, mode 0600, durable; an existing file is never overwritten.
pub(super) fn create(
    path: &Path,
    deployment: &str,
    tenant: &str,
    passphrase: &Secret,
) -> Result<(), SealError> {
    let rng = SystemRandom::new();
    let root = random(&rng)?;
    let mut salt = [0; 16];
    rng.fill(&mut salt).map_err(|_| SealError::Crypto)?;
    let outer = stretch(passphrase, &salt, MEMORY_KIB, PASSES)?;
    let mut file = KeyFile {
        version: 1,
        deployment: deployment.into(),
        tenant: tenant.into(),
        root: Root {
            kdf: "argon2id".into(),
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            salt: BASE64.encode(&salt),
            wrapped: String::new(),
        },
        keys: BTreeMap::new(),
    };
    file.root.wrapped = wrap(&rng, &outer, &file.bound("root"), &root)?;
    for name in KEYS {
        let wrapped = wrap(&rng, &root, &file.bound(name), &random(&rng)?)?;
        file.keys.insert((*name).into(), wrapped);
    }
    let text = serde_json::to_vec_pretty(&file).map_err(|_| SealError::KeyFile("it could not be written"))?;
    write_new(path, &text).map_err(SealError::Io)
}

/// Opens the key file with its passphrase.
pub(super) fn open(path: &Path, passphrase: &Secret) -> Result<Opened, SealError> {
    let (file, root) = open_root(path, passphrase)?;
    let mut keys = BTreeMap::new();
    for (name, wrapped) in &file.keys {
        keys.insert(name.clone(), unwrap(&root, &file.bound(name), wrapped)?);
    }
    Ok(Opened { deployment: file.deployment, tenant: file.tenant, keys })
}

/// The versions of the KEKs that the file holds, without its passphrase.
pub(super) fn kek_versions(path: &Path) -> Result<Vec<u16>, SealError> {
    let text = std::fs::read(path).map_err(SealError::Io)?;
    let file: KeyFile = serde_json::from_slice(&text).map_err(|_| SealError::KeyFile("it is not one"))?;
    Ok(versions(file.keys.keys()))
}

/// The versions of which there is a KEK of every tier, oldest first.
pub(super) fn versions<'k>(names: impl Iterator<Item = &'k String>) -> Vec<u16> {
    let mut versions: Vec<u16> =
        names.filter_map(|name| name.strip_prefix("kek/facts/")?.parse().ok()).collect();
    versions.sort_unstable();
    versions
}

/// Adds KEKs of a new version, one per tier; gives it. What is sealed from then on is sealed under them.
pub(super) fn add_keks(path: &Path, passphrase: &Secret) -> Result<u16, SealError> {
    let (mut file, root) = open_root(path, passphrase)?;
    let rng = SystemRandom::new();
    let newest = versions(file.keys.keys()).last().copied().unwrap_or(0);
    let next = newest.checked_add(1).ok_or(SealError::KeyFile("it has no room for another version"))?;
    for tier in super::KEK_TIERS {
        let name = format!("kek/{tier}/{next}");
        let wrapped = wrap(&rng, &root, &file.bound(&name), &random(&rng)?)?;
        file.keys.insert(name, wrapped);
    }
    replace(path, &file)?;
    Ok(next)
}

/// Adds the signing key of the log's life number `life`; nothing is done where it is there already.
pub(super) fn add_log_key(path: &Path, passphrase: &Secret, life: u32) -> Result<(), SealError> {
    let (mut file, root) = open_root(path, passphrase)?;
    let name = format!("log/{life}");
    if file.keys.contains_key(&name) {
        return Ok(());
    }
    let rng = SystemRandom::new();
    let wrapped = wrap(&rng, &root, &file.bound(&name), &random(&rng)?)?;
    file.keys.insert(name, wrapped);
    replace(path, &file)
}

/// The versions of the keys that sign receipts, without the passphrase.
pub(super) fn receipt_versions(path: &Path) -> Result<Vec<u16>, SealError> {
    let text = std::fs::read(path).map_err(SealError::Io)?;
    let file: KeyFile = serde_json::from_slice(&text).map_err(|_| SealError::KeyFile("it is not one"))?;
    Ok(receipt_versions_of(file.keys.keys()))
}

fn receipt_versions_of<'k>(names: impl Iterator<Item = &'k String>) -> Vec<u16> {
    let mut versions: Vec<u16> =
        names.filter_map(|name| name.strip_prefix("receipt/")?.parse().ok()).collect();
    versions.sort_unstable();
    versions
}

/// Adds a key that signs receipts from then on; the ones before stay, for they verify older receipts. Gives its version.
pub(super) fn add_receipt_key(path: &Path, passphrase: &Secret) -> Result<u16, SealError> {
    let (mut file, root) = open_root(path, passphrase)?;
    let newest = receipt_versions_of(file.keys.keys()).last().copied().unwrap_or(0);
    let next = newest.checked_add(1).ok_or(SealError::KeyFile("it has no room for another version"))?;
    let name = format!("receipt/{next}");
    let wrapped = wrap(&SystemRandom::new(), &root, &file.bound(&name), &random(&SystemRandom::new())?)?;
    file.keys.insert(name, wrapped);
    replace(path, &file)?;
    Ok(next)
}

/// Destroys the KEKs of every version before that one.
pub(super) fn drop_keks(path: &Path, passphrase: &Secret, before: u16) -> Result<(), SealError> {
    let (mut file, _) = open_root(path, passphrase)?;
    let older = |name: &str| {
        let version = name.strip_prefix("kek/").and_then(|rest| rest.split_once('/')?.1.parse::<u16>().ok());
        version.is_some_and(|version| version < before)
    };
    file.keys.retain(|name, _| !older(name));
    replace(path, &file)
}

/// The file over the one before: aside, durable, renamed.
fn replace(path: &Path, file: &KeyFile) -> Result<(), SealError> {
    let text = serde_json::to_vec_pretty(file).map_err(|_| SealError::KeyFile("it could not be written"))?;
    let aside = path.with_extension("next");
    match std::fs::remove_file(&aside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(SealError::Io(error)),
        _ => {}
    }
    write_new(&aside, &text).map_err(SealError::Io)?;
    std::fs::rename(&aside, path).map_err(SealError::Io)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(SealError::Io)
}

fn open_root(path: &Path, passphrase: &Secret) -> Result<(KeyFile, KeyBytes), SealError> {
    let text = std::fs::read(path).map_err(SealError::Io)?;
    let file: KeyFile = serde_json::from_slice(&text).map_err(|_| SealError::KeyFile("it is not one"))?;
    if file.version != 1 || file.root.kdf != "argon2id" {
        return Err(SealError::KeyFile("it is of another version"));
    }
    if !(MEMORY_KIB..=MEMORY_KIB_MOST).contains(&file.root.memory_kib)
        || !(PASSES..=64).contains(&file.root.passes)
    {
        return Err(SealError::KeyFile("its argon2id cost is out of bounds"));
    }
    let salt =
        BASE64.decode(file.root.salt.as_bytes()).map_err(|_| SealError::KeyFile("its salt is broken"))?;
    let outer = stretch(passphrase, &salt, file.root.memory_kib, file.root.passes)?;
    let root = unwrap(&outer, &file.bound("root"), &file.root.wrapped).map_err(|_| SealError::Passphrase)?;
    Ok((file, root))
}

impl KeyFile {
    fn bound(&self, name: &str) -> Bound {
        Bound::new("gridvault key")
            .with(self.deployment.as_bytes())
            .with(self.tenant.as_bytes())
            .with(name.as_bytes())
    }
}

fn stretch(passphrase: &Secret, salt: &[u8], memory_kib: u32, passes: u32) -> Result<KeyBytes, SealError> {
    let params = Params::new(memory_kib, passes, 1, Some(32)).map_err(|_| SealError::Crypto)?;
    let mut out = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.reveal().as_bytes(), salt, out.as_mut_slice())
        .map_err(|_| SealError::Crypto)?;
    Ok(out)
}

fn random(rng: &SystemRandom) -> Result<KeyBytes, SealError> {
    let mut bytes = Zeroizing::new([0; 32]);
    rng.fill(bytes.as_mut_slice()).map_err(|_| SealError::Crypto)?;
    Ok(bytes)
}

fn wrap(rng: &SystemRandom, by: &KeyBytes, bound: &Bound, key: &KeyBytes) -> Result<String, SealError> {
    Ok(BASE64.encode(&CipherKey::new(by)?.seal(rng, bound, key.as_slice())?))
}

fn unwrap(by: &KeyBytes, bound: &Bound, wrapped: &str) -> Result<KeyBytes, SealError> {
    let sealed = BASE64.decode(wrapped.as_bytes()).map_err(|_| SealError::Tampered)?;
    let plain = CipherKey::new(by)?.open(bound, &sealed)?;
    let bytes: [u8; 32] = plain.as_slice().try_into().map_err(|_| SealError::Tampered)?;
    Ok(Zeroizing::new(bytes))
}

/// Writes a new private file (mode 0600) that is whole on disk when this returns.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => std::fs::File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}
