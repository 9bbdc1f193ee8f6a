//! `gridvault audit …`: the trail, wherever it lies.

mod copy;
mod follow;
mod lives;
mod verify;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Subcommand;
use gridvault_audit::VerifierKey;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Failure, Outcome, client, on_runtime};
use crate::export::{Remote, Snapshot, Source};
use crate::store::{Location, Store};
use crate::vault::Layout;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Verify the whole log: exit 0 whole and origin proven, 3 consistent, 1 not whole
    Verify(verify::Arguments),
    /// Copy the log in its public layout; what is there already is not copied again
    Export(copy::Export),
    /// Write the proof that an entry is in the log: a file that proves itself
    Proof(copy::Proof),
    /// Print the newest signed checkpoint
    Checkpoint(copy::CheckpointArguments),
    /// Print new entries as JSON lines, as they come
    Follow(follow::Arguments),
}

pub(super) fn run(command: Command) -> Outcome {
    match command {
        Command::Verify(arguments) => on_runtime(verify::run(arguments)),
        Command::Export(arguments) => on_runtime(copy::export(arguments)),
        Command::Proof(arguments) => on_runtime(copy::proof(arguments)),
        Command::Follow(arguments) => follow::run(&arguments),
        Command::Checkpoint(arguments) => on_runtime(copy::checkpoint(arguments)),
    }
}

/// A database that holds a log.
#[derive(clap::Args)]
pub(super) struct LogPlace {
    /// The folder with vault.db and pin
    #[arg(long, conflicts_with = "database")]
    data: Option<PathBuf>,
    /// The database itself: sqlite://PATH or postgres://…
    #[arg(long)]
    database: Option<String>,
}

impl LogPlace {
    /// The database, and the pin beside it where it is a folder.
    fn find(&self) -> Result<Option<(Location, Option<PathBuf>)>, Failure> {
        Ok(match (&self.data, &self.database) {
            (_, Some(url)) => {
                let location =
                    Location::parse(url).map_err(|words| Failure(format!("--database {words}"), 2))?;
                Some((location, None))
            }
            (Some(data), None) => {
                let layout = Layout::in_folder(data);
                Some((layout.database, Some(layout.pin)))
            }
            (None, None) => None,
        })
    }
}

/// Opens a log for reading it back.
pub(super) async fn open(place: &LogPlace) -> Result<Arc<Store>, Failure> {
    let (location, _) = place.find()?.ok_or_else(|| Failure("say --data DIR or --database URL".into(), 2))?;
    Ok(Store::open_to_verify(&location).await?)
}

/// A log in a database, on a server, or as it was exported.
#[derive(clap::Args)]
struct Place {
    #[command(flatten)]
    database: LogPlace,
    /// A server, or its https://…/log/<tenant>
    #[arg(long, conflicts_with_all = ["data", "database"])]
    url: Option<String>,
    /// A folder that `audit export` made
    #[arg(long, conflicts_with_all = ["data", "database", "url"])]
    export: Option<PathBuf>,
    /// An officer's or auditor's token, for a server; else GRIDVAULT_TOKEN
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// The log's verifier key, handed over by another way than the log
    #[arg(long)]
    key: Option<String>,
}

impl Place {
    fn key(&self) -> Result<Option<VerifierKey>, Failure> {
        let key = self.key.as_deref().map(VerifierKey::parse).transpose();
        key.map_err(|error| Failure(format!("--key: {error}"), 2))
    }

    /// The layout, read from wherever it lies.
    async fn source(&self) -> Result<Source, Failure> {
        if let Some(source) = self.elsewhere()? {
            return Ok(source);
        }
        let (location, _) = self.database.find()?.ok_or_else(nowhere)?;
        let store = Store::open_to_verify(&location).await?;
        Ok(Source::Database(Box::new(Snapshot::of(store, self.key()?).await?)))
    }

    /// A server or a folder.
    fn elsewhere(&self) -> Result<Option<Source>, Failure> {
        if let Some(folder) = &self.export {
            return Ok(Some(Source::Folder(folder.clone())));
        }
        let Some(url) = &self.url else { return Ok(None) };
        // Without a token there are hashes to be had.
        let token = match &self.token_file {
            Some(file) => Some(client::token(Some(file))?),
            None => client::token(None).ok(),
        };
        Ok(Some(Source::Server(Remote::new(url, self.key()?.as_ref(), token)?)))
    }
}

fn nowhere() -> Failure {
    Failure("say --data DIR, --database URL, --url URL or --export DIR".into(), 2)
}

/// A bar on the terminal; silent where there is none.
fn bar(length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}");
    bar.with_style(style.unwrap_or(ProgressStyle::default_bar()))
}
