//! `gridvault init`: on an empty database only.

use std::path::PathBuf;
use std::sync::Arc;

use gridvault_policy::Role;

use super::{Failure, Outcome, say};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::register::appoint;
use crate::seal::create_key_file;
use crate::vault::{Nature, Vault};

pub(super) async fn run(path: PathBuf) -> Outcome {
    let config = Config::read(&path)?;
    let layout = config.layout();
    if layout.database.file().is_some_and(std::path::Path::exists) || layout.keys.exists() {
        let words = "there is a database or a key file already; `init` makes a new vault only";
        return Err(Failure(words.into(), 1));
    }
    let passphrase = config.passphrase()?;
    if passphrase.reveal().chars().count() < 12 {
        return Err(Failure("the passphrase must have at least 12 characters".into(), 1));
    }
    let name = config
        .deployment
        .name
        .clone()
        .unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string().chars().take(8).collect());
    let tenant = config.deployment.tenant.clone().unwrap_or_else(|| "street".into());
    create_key_file(&layout.keys, &name, &tenant, &passphrase)?;
    let vault = Vault::open(&layout, passphrase, Arc::new(SystemClock), Some(Nature::Real)).await?;
    let steward = appoint(&vault, Role::DataSteward, "steward").await?;
    let officer = appoint(&vault, Role::PrivacyOfficer, "officer").await?;
    let key = vault.log_key.to_string();
    vault.close().await;
    say(&format!("deployment {name}, tenant {tenant}"));
    say(&format!("log key {key}"));
    say("keep the log key apart from this machine: it proves later that the log is this one");
    say(&format!("data steward, one-time code:    {}", steward.code.reveal()));
    say(&format!("privacy officer, one-time code: {}", officer.code.reveal()));
    Ok(0)
}
