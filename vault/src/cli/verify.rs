//! `gridvault audit verify`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use gridvault_audit::VerifierKey;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::{Failure, Outcome, say};
use crate::store::{Location, Store};
use crate::trail::{Verdict, verify_database};
use crate::vault::Layout;

/// Where a log lies.
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
    fn find(&self) -> Result<(Location, Option<PathBuf>), Failure> {
        match (&self.data, &self.database) {
            (_, Some(url)) => {
                let location =
                    Location::parse(url).map_err(|words| Failure(format!("--database {words}"), 2))?;
                Ok((location, None))
            }
            (Some(data), None) => {
                let layout = Layout::in_folder(data);
                Ok((layout.database, Some(layout.pin)))
            }
            (None, None) => Err(Failure("say --data DIR or --database URL".into(), 2)),
        }
    }
}

/// Opens a log for reading it back.
pub(super) async fn open(place: &LogPlace) -> Result<Arc<Store>, Failure> {
    Ok(Store::open_to_verify(&place.find()?.0).await?)
}

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: LogPlace,
    /// The log's verifier key, handed over by another way than the database
    #[arg(long)]
    key: Option<String>,
    /// A file with an earlier checkpoint
    #[arg(long)]
    against: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    let begun = Instant::now();
    let key = arguments.key.as_deref().map(VerifierKey::parse).transpose();
    let key = key.map_err(|error| Failure(format!("--key: {error}"), 2))?;
    let mut against = Vec::new();
    if let Some(path) = &arguments.against {
        against.push(std::fs::read_to_string(path)?);
    }
    let (location, pin) = arguments.place.find()?;
    match pin.map(std::fs::read_to_string) {
        Some(Ok(pin)) => against.push(pin),
        Some(Err(error)) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        Some(Err(_)) | None => {}
    }
    // Behind the pin's reading, so that a serving process cannot have pinned more than this snapshot holds.
    let store = Store::open_to_verify(&location).await?;
    let bar = ProgressBar::new(store.head().await?.map_or(0, |head| u64::try_from(head.size).unwrap_or(0)));
    bar.set_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}").unwrap_or(ProgressStyle::default_bar()),
    );
    let verified = verify_database(&store, key.as_ref(), &against, &|done| bar.set_position(done)).await?;
    bar.finish_and_clear();
    let (code, words, seq) = match &verified.verdict {
        Verdict::Proven => (0, "whole, origin proven".to_owned(), None),
        Verdict::Consistent(why) => (3, format!("consistent, origin not proven: {why}"), None),
        Verdict::Broken { seq, why } => {
            let entry = seq.map_or_else(String::new, |seq| format!(" at entry {seq}"));
            (1, format!("NOT WHOLE{entry}: {why}"), *seq)
        }
    };
    let seconds = begun.elapsed().as_secs_f64();
    if arguments.json {
        let report = json!({ "result": words, "exit": code, "first_bad": seq, "entries": verified.entries,
            "root": verified.root, "origin": verified.origin, "private_removed": verified.removed, "seconds": seconds });
        say(&report.to_string());
    } else {
        say(&words);
        say(&format!("log     {}", verified.origin));
        say(&format!("entries {} (private part removed: {})", verified.entries, verified.removed));
        say(&format!("root    {}", verified.root));
        say(&format!("seconds {seconds:.2}"));
    }
    Ok(code)
}
