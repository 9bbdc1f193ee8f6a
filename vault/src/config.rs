//! Settings: `gridvault.toml`, each also as `GRIDVAULT_<SECTION>__<NAME>`; an unknown one is an error.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::seal::Secret;
use crate::store::Location;
use crate::vault::Layout;

/// Every setting.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What this deployment is called.
    #[serde(default)]
    pub deployment: Deployment,
    /// Where it listens.
    #[serde(default)]
    pub server: Server,
    /// The database.
    pub database: Database,
    /// The keys.
    pub keys: Keys,
    /// The log.
    pub log: LogSettings,
}

/// `[deployment]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// `[a-z0-9-]{1,32}`; fixed at `init`, 8 random hex digits where none is set.
    pub name: Option<String>,
    /// The first tenant's word; `street` where none is set.
    pub tenant: Option<String>,
}

/// `[server]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port; plain HTTP, so loopback only.
    pub listen: SocketAddr,
}

impl Default for Server {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8080)) }
    }
}

/// `[database]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite://PATH`, or `postgres://…` (off this host only with `sslmode=verify-full`).
    pub url: Url,
}

/// A database's address, read; it never prints a password.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Url(Location);

impl TryFrom<String> for Url {
    type Error = String;

    fn try_from(url: String) -> Result<Self, String> {
        Location::parse(&url).map(Self).map_err(|words| format!("`database.url` {words}"))
    }
}

/// `[keys]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// The key file.
    pub file: PathBuf,
    /// A file with the passphrase; a systemd credential where none is set, else a prompt.
    pub passphrase_file: Option<PathBuf>,
}

/// `[log]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// Where the pin lies: not beside the database where that can be helped.
    pub pin_file: PathBuf,
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
    /// Reads the file, then what the environment sets over it.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|e| ConfigError::File(path.display().to_string(), e))?;
        Self::from_parts(&text, std::env::vars())
    }

    fn from_parts(
        text: &str,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let setting = |e: toml::de::Error| ConfigError::Setting(e.message().to_owned());
        let mut table: toml::Table = toml::from_str(text).map_err(setting)?;
        for (name, value) in environment {
            let Some((section, member)) = name.strip_prefix("GRIDVAULT_").and_then(|n| n.split_once("__"))
            else {
                continue;
            };
            let section = table
                .entry(section.to_ascii_lowercase())
                .or_insert_with(|| toml::Value::Table(toml::Table::new()));
            if let Some(section) = section.as_table_mut() {
                section.insert(member.to_ascii_lowercase(), toml::Value::String(value));
            }
        }
        let config: Self = table.try_into().map_err(setting)?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let word = |text: &str| {
            (1..=32).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        for name in self.deployment.name.iter().chain(&self.deployment.tenant) {
            if !word(name) {
                return Err(ConfigError::Setting("`deployment` names match [a-z0-9-]{1,32}".into()));
            }
        }
        if !self.server.listen.ip().is_loopback() {
            let words = "`server.listen` must be a loopback address: put a TLS proxy in front of it";
            return Err(ConfigError::Setting(words.into()));
        }
        Ok(())
    }

    /// Where the files lie.
    pub fn layout(&self) -> Layout {
        let database = self.database.url.0.clone();
        Layout {
            database,
            keys: self.keys.file.clone(),
            pin: self.log.pin_file.clone(),
            clock_confirmed: false,
        }
    }

    /// The passphrase: from its file, a systemd credential named `passphrase`, or the terminal.
    pub fn passphrase(&self) -> Result<Secret, ConfigError> {
        #[expect(clippy::disallowed_methods, reason = "settings are read here")]
        let credentials =
            std::env::var("CREDENTIALS_DIRECTORY").ok().map(|dir| Path::new(&dir).join("passphrase"));
        match self.keys.passphrase_file.clone().or(credentials.filter(|path| path.exists())) {
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
mod tests {
    use super::*;

    const TEXT: &str = "[database]\nurl = \"sqlite:///v/vault.db\"\n[keys]\nfile = \"/v/keys.json\"\n[log]\npin_file = \"/p/pin\"\n";

    fn with(more: &str, name: &str, value: &str) -> Result<Config, ConfigError> {
        Config::from_parts(&format!("{TEXT}{more}"), [(name.to_owned(), value.to_owned())].into_iter())
    }

    #[test]
    fn the_environment_goes_over_the_file_and_unknown_settings_are_errors() {
        assert_eq!(with("", "X", "").unwrap().server.listen.port(), 8080);
        assert_eq!(
            with("", "GRIDVAULT_SERVER__LISTEN", "127.0.0.1:9000").unwrap().server.listen.port(),
            9000
        );
        assert!(with("[server]\nlisten = \"0.0.0.0:80\"\n", "X", "").is_err());
        assert!(with("", "GRIDVAULT_DATABASE__URL", "postgres://10.0.0.1/vault").is_err());
        assert!(with("", "GRIDVAULT_DATABASE__URL", "postgres://10.0.0.1/vault?sslmode=verify-full").is_ok());
        assert!(with("", "GRIDVAULT_DATABASE__URL", "postgres://u:secret@localhost/vault").is_ok());
        let config = with("", "GRIDVAULT_DATABASE__URL", "postgres://u:secret@localhost/vault").unwrap();
        assert!(!format!("{config:?}").contains("secret"));
        assert!(with("[srver]\n", "X", "").is_err());
        assert!(with("", "GRIDVAULT_SERVER__LISTN", "1").is_err());
        assert!(with("[deployment]\nname = \"Oops\"\n", "X", "").is_err());
    }
}
