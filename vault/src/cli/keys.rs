//! `gridvault keys`: which keys there are, and new ones in the place of old ones. No server may run meanwhile.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::{ConfigFile, Failure, Outcome, say};
use crate::clock::SystemClock;
use crate::config::{Config, read_secret};
use crate::register::{erasures_waiting, keks_added, keks_destroyed, receipt_key_added, rewrap};
use crate::seal::{Secret, add_keks, add_receipt_key, drop_keks, kek_versions, receipt_versions};
use crate::vault::{Layout, Vault};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Which versions there are
    Status(Status),
    /// Make new keys, wrap everything by them, destroy the old ones; run again to go on where it stopped
    Rotate(Rotate),
}

#[derive(clap::Args)]
pub(super) struct Status {
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct Rotate {
    #[command(flatten)]
    place: Place,
    /// The keys that wrap the records' keys: makes erasures complete
    #[arg(long, required_unless_present = "receipts")]
    kek: bool,
    /// The key that signs receipts of consents: the ones before stay, for they verify older receipts
    #[arg(long, conflicts_with = "kek")]
    receipts: bool,
    /// On PostgreSQL: every instance is stopped; each gets the new key file before it starts again
    #[arg(long)]
    all_stopped: bool,
}

#[derive(clap::Args)]
struct Place {
    #[command(flatten)]
    file: ConfigFile,
    /// The vault's folder, in the place of settings
    #[arg(long)]
    data: Option<PathBuf>,
}

impl Place {
    fn found(&self) -> Result<(Layout, Secret), Failure> {
        if let Some(dir) = &self.data {
            return Ok((Layout::in_folder(dir), read_secret(&dir.join("passphrase"))?));
        }
        let config = Config::read(&self.file.config)?;
        Ok((config.layout(), config.passphrase()?))
    }

    fn keys(&self) -> Result<PathBuf, Failure> {
        match &self.data {
            Some(dir) => Ok(Layout::in_folder(dir).keys),
            None => Ok(Config::read(&self.file.config)?.layout().keys),
        }
    }
}

pub(super) async fn run(command: Command) -> Outcome {
    match command {
        Command::Status(status) => self::status(&status),
        Command::Rotate(rotate) if rotate.receipts => Box::pin(self::rotate_receipts(&rotate)).await,
        Command::Rotate(rotate) => Box::pin(self::rotate(&rotate)).await,
    }
}

fn status(status: &Status) -> Outcome {
    let versions = kek_versions(&status.place.keys()?)?;
    let receipts = receipt_versions(&status.place.keys()?)?;
    let under_way = versions.len() > 1;
    if status.json {
        let said = json!({ "kek": versions, "receipts": receipts, "rotation_under_way": under_way });
        say(&said.to_string());
    } else {
        let list: Vec<String> = versions.iter().map(u16::to_string).collect();
        let more =
            if under_way { "; a rotation was begun: run `gridvault keys rotate --kek` again" } else { "" };
        say(&format!("kek: version {}{more}", list.join(", ")));
        let list: Vec<String> = receipts.iter().map(u16::to_string).collect();
        say(&format!("receipts: version {}", list.join(", ")));
    }
    Ok(0)
}

async fn rotate(rotate: &Rotate) -> Outcome {
    let (layout, passphrase) = rotate.place.found()?;
    if layout.database.file().is_none() && !rotate.all_stopped {
        let words = "stop every instance, then say --all-stopped: one that goes on would seal under keys that end here";
        return Err(Failure(words.into(), 2));
    }
    // A server that has the folder open holds its lock: the rotation does not begin.
    let vault = open(&layout, &passphrase).await?;
    vault.close().await;
    let before = kek_versions(&layout.keys)?;
    let version = match before.as_slice() {
        [_, .., newest] => *newest,
        _ => added(&layout.keys, &passphrase).await?,
    };
    let vault = open(&layout, &passphrase).await?;
    keks_added(&vault, version).await?;
    let bar = ProgressBar::no_length();
    let style = ProgressStyle::with_template("{spinner} {pos} records, {per_sec}");
    bar.set_style(style.unwrap_or(ProgressStyle::default_spinner()));
    let wrapped = rewrap(&vault, &|seen| bar.set_position(seen)).await?;
    let left = rewrap(&vault, &|_| ()).await?;
    bar.finish_and_clear();
    if left > 0 {
        vault.close().await;
        return Err(Failure("something still seals under the old keys: stop it and run again".into(), 1));
    }
    let (keys, secret) = (layout.keys.clone(), passphrase.clone());
    tokio::task::spawn_blocking(move || drop_keks(&keys, &secret, version)).await??;
    let waiting = erasures_waiting(&vault).await?;
    keks_destroyed(&vault, version).await?;
    vault.close().await;
    say(&format!("kek version {version}: {wrapped} records wrapped anew, {waiting} erasures complete"));
    say("backups from before open with no key file that is left: make a new one, and destroy old key files");
    Ok(0)
}

/// A further key for receipts; who opens the vault next signs with it.
async fn rotate_receipts(rotate: &Rotate) -> Outcome {
    let (layout, passphrase) = rotate.place.found()?;
    if layout.database.file().is_none() && !rotate.all_stopped {
        let words =
            "stop every instance, then say --all-stopped: each gets the new key file before it starts again";
        return Err(Failure(words.into(), 2));
    }
    // A server that has the folder open holds its lock: nothing is changed.
    open(&layout, &passphrase).await?.close().await;
    let (keys, secret) = (layout.keys.clone(), passphrase.clone());
    let version = tokio::task::spawn_blocking(move || add_receipt_key(&keys, &secret)).await??;
    let vault = open(&layout, &passphrase).await?;
    receipt_key_added(&vault, version).await?;
    say(&format!("receipts are signed by version {version}: {}", vault.keys.receipt_key()));
    vault.close().await;
    Ok(0)
}

async fn added(keys: &Path, passphrase: &Secret) -> Result<u16, Failure> {
    let (keys, passphrase) = (keys.to_owned(), passphrase.clone());
    Ok(tokio::task::spawn_blocking(move || add_keks(&keys, &passphrase)).await??)
}

async fn open(layout: &Layout, passphrase: &Secret) -> Result<Vault, Failure> {
    Ok(Vault::open(layout, passphrase.clone(), Arc::new(SystemClock), None).await?)
}
