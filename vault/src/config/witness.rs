//! A witness's settings: `[server]` as the vault's, and `[witness]`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{ConfigError, Server};

/// Every setting of a witness.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessConfig {
    /// Where it listens.
    #[serde(default)]
    pub server: Server,
    /// Who it is, and what it follows.
    pub witness: WitnessSettings,
}

/// `[witness]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessSettings {
    /// Its name, as its cosignatures bear it: a host's name and a path, `witness.example/street`.
    pub name: String,
    /// Its signing key; made where there is none, and nothing was seen yet.
    pub key_file: PathBuf,
    /// The folder of what it has seen.
    pub state_dir: PathBuf,
    /// Verifier keys of the logs that it follows.
    pub logs: Vec<String>,
}

impl WitnessConfig {
    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|e| ConfigError::File(path.display().to_string(), e))?;
        let config: Self = toml::from_str(&text).map_err(|e| ConfigError::Setting(e.message().to_owned()))?;
        config.server.check().map_err(ConfigError::Setting)?;
        if config.witness.logs.is_empty() {
            return Err(ConfigError::Setting("`witness.logs` names no log to follow".into()));
        }
        Ok(config)
    }
}
