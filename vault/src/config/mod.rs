//! Settings: `gridvault.toml`, each also as `GRIDVAULT_<SECTION>__<NAME>`; an unknown one is an error.

mod read;
mod server;
mod witness;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use read::{Effective, Origin};
pub use server::{Limits, Server};
pub use witness::{WitnessConfig, WitnessSettings};

use crate::seal::Secret;
use crate::store::Location;
use crate::trail::{Publishing, WitnessAddress};
use crate::vault::{Daily, Layout};

/// Every setting.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What this deployment is called.
    #[serde(default)]
    pub deployment: Deployment,
    /// Where it listens.
    #[serde(default)]
    pub server: Server,
    /// How much one caller may ask.
    #[serde(default)]
    pub limits: Limits,
    /// The database.
    pub database: Database,
    /// The keys.
    pub keys: Keys,
    /// The log.
    pub log: LogSettings,
}

/// `[deployment]`
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// `[a-z0-9-]{1,32}`; fixed at `init`, 8 random hex digits where none is set.
    pub name: Option<String>,
    /// The first tenant's word; `street` where none is set.
    pub tenant: Option<String>,
}

/// `[database]`
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite://PATH`, or `postgres://…` (off this host only with `sslmode=verify-full`).
    pub url: Url,
}

/// A database's address, read; it never prints a password.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Url {
    location: Location,
    has_password: bool,
}

impl TryFrom<String> for Url {
    type Error = String;

    fn try_from(url: String) -> Result<Self, String> {
        let user = url.split_once("://").and_then(|(_, rest)| rest.split_once('@')).map(|(user, _)| user);
        let has_password = user.is_some_and(|user| user.contains(':')) || url.contains("password=");
        Location::parse(&url).map(|location| Self { location, has_password })
    }
}

impl From<Url> for String {
    fn from(url: Url) -> Self {
        url.location.to_string()
    }
}

impl Url {
    /// Whether the settings hold a password, so that nobody else may read them.
    pub fn has_password(&self) -> bool {
        self.has_password
    }
}

/// `[keys]`
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// The key file.
    pub file: PathBuf,
    /// A file with the passphrase; a systemd credential where none is set, else a prompt.
    pub passphrase_file: Option<PathBuf>,
}

/// `[log]`
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// Where the pin lies: not beside the database where that can be helped.
    pub pin_file: PathBuf,
    /// Seconds from one published checkpoint to the next.
    #[serde(default = "publish_every")]
    pub publish_every: u32,
    /// Who is asked to cosign checkpoints: `<verifier key> <URL>` each.
    #[serde(default)]
    pub witnesses: Vec<WitnessAddress>,
    /// Verifier keys of the officers who may sign that a loss is accepted: two of them must.
    #[serde(default)]
    pub officers: Vec<String>,
}

impl LogSettings {
    fn check(&self) -> Result<(), String> {
        if !(1..=86_400).contains(&self.publish_every) {
            return Err("`log.publish_every` must lie between 1 and 86400 seconds".into());
        }
        let mut names: Vec<_> = self.witnesses.iter().map(|witness| witness.key.name()).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair.first() == pair.last()) {
            Some(_) => Err("`log.witnesses` names one twice".into()),
            None => Ok(()),
        }
    }
}

const fn publish_every() -> u32 {
    300
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("`{0}`: {1}")]
    File(String, #[source] std::io::Error),
    /// A setting is unknown, missing or of another kind.
    #[error("settings: {0}")]
    Setting(String),
}

impl Config {
    fn check(&self) -> Result<(), ConfigError> {
        let word = |text: &str| {
            (1..=32).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        for (member, name) in [("name", &self.deployment.name), ("tenant", &self.deployment.tenant)] {
            if name.as_deref().is_some_and(|name| !word(name)) {
                return Err(ConfigError::Setting(format!(
                    "`deployment.{member}` must match [a-z0-9-]{{1,32}}"
                )));
            }
        }
        let checked = self.server.check().and_then(|()| self.limits.check()).and_then(|()| self.log.check());
        checked.map_err(ConfigError::Setting)
    }

    /// Where the files lie.
    pub fn layout(&self) -> Layout {
        let database = self.database.url.location.clone();
        Layout {
            database,
            keys: self.keys.file.clone(),
            pin: self.log.pin_file.clone(),
            publishing: Publishing {
                every: Duration::from_secs(self.log.publish_every.into()),
                witnesses: self.log.witnesses.clone(),
            },
            clock_confirmed: false,
            daily: Daily {
                per_worker: self.limits.residents_per_worker,
                per_service: self.limits.residents_per_service,
            },
        }
    }

    /// The file that the passphrase is read from: the one that is set, else a systemd credential named `passphrase`.
    pub fn passphrase_file(&self) -> Option<PathBuf> {
        #[expect(clippy::disallowed_methods, reason = "settings are read here")]
        let credentials =
            std::env::var("CREDENTIALS_DIRECTORY").ok().map(|dir| Path::new(&dir).join("passphrase"));
        self.keys.passphrase_file.clone().or(credentials.filter(|path| path.exists()))
    }

    /// The passphrase: from its file, or the terminal.
    pub fn passphrase(&self) -> Result<Secret, ConfigError> {
        match self.passphrase_file() {
            Some(path) => read_secret(&path),
            None => rpassword::prompt_password("passphrase: ")
                .map(Secret::new)
                .map_err(|e| ConfigError::File("the terminal".into(), e)),
        }
    }
}

/// The first line of a file that holds a secret.
pub fn read_secret(path: &Path) -> Result<Secret, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|e| ConfigError::File(path.display().to_string(), e))?;
    match text.lines().next().map(str::trim).filter(|line| !line.is_empty()) {
        Some(line) => Ok(Secret::new(line)),
        None => Err(ConfigError::Setting(format!("`{}` is empty", path.display()))),
    }
}

#[cfg(test)]
mod tests;
