//! `gridvault backup` and `gridvault restore`.

use std::path::PathBuf;

use gridvault_audit::VerifierKey;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::{Failure, Outcome, say, say_error};
use crate::backup::{Standing, make, restore as put_back};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::trail::Verdict;
use crate::vault::Layout;

/// A vault by its folder or by its settings.
#[derive(clap::Args)]
struct Place {
    /// The vault's folder
    #[arg(long, conflicts_with = "config")]
    data: Option<PathBuf>,
    /// The settings
    #[arg(long, default_value = "gridvault.toml")]
    config: PathBuf,
    /// The log's verifier key, handed over by another way than the database
    #[arg(long)]
    key: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Place {
    fn layout(&self) -> Result<Layout, Failure> {
        match &self.data {
            Some(data) => Ok(Layout::in_folder(data)),
            None => Ok(Config::read(&self.config)?.layout()),
        }
    }

    fn key(&self) -> Result<Option<VerifierKey>, Failure> {
        let key = self.key.as_deref().map(VerifierKey::parse).transpose();
        key.map_err(|error| Failure(format!("--key: {error}"), 2))
    }
}

#[derive(clap::Args)]
pub(super) struct Backup {
    /// The new file
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

#[derive(clap::Args)]
pub(super) struct Restore {
    /// The backup
    file: PathBuf,
    #[command(flatten)]
    place: Place,
    /// Move a database that is there aside
    #[arg(long)]
    replace: bool,
}

pub(super) async fn backup(arguments: Backup) -> Outcome {
    let (layout, key) = (arguments.place.layout()?, arguments.place.key()?);
    let bar = spinner("copied; entries verified:");
    let made =
        make(&layout, &arguments.file, key.as_ref(), &SystemClock, &|done| bar.set_position(done)).await;
    bar.finish_and_clear();
    let made = made?;
    if made.note.is_none() {
        say_error(&format!(
            "no note could be left beside `{}`: the trail will not tell of this backup",
            layout.pin.display()
        ));
    }
    let (file, entries, proven) =
        (arguments.file.display(), made.verified.entries, proof(&made.verified.verdict));
    if arguments.place.json {
        say(&json!({ "file": file.to_string(), "bytes": made.bytes, "entries": entries, "root": made.verified.root,
            "result": proven, "noted": made.note.is_some() })
        .to_string());
    } else {
        say(&format!("{file}: {} KiB, {entries} entries, {proven}", made.bytes.div_ceil(1024)));
        say(
            "the key file and the passphrase are not in it: keep them elsewhere, for without them nobody can open it",
        );
    }
    Ok(0)
}

pub(super) async fn restore(arguments: Restore) -> Outcome {
    let (layout, key) = (arguments.place.layout()?, arguments.place.key()?);
    let bar = spinner("entries verified:");
    let progress = |done| bar.set_position(done);
    let done =
        put_back(&arguments.file, &layout, arguments.replace, key.as_ref(), &SystemClock, &progress).await;
    bar.finish_and_clear();
    let done = done?;
    let (entries, pin) = (done.verified.entries, layout.pin.display());
    let warning = match done.standing {
        Standing::Fits => None,
        Standing::Older(pinned) => Some(format!(
            "the pin `{pin}` names {pinned} entries: what was restored is older, and `serve` will answer log-rollback; put back the newest backup"
        )),
        Standing::NoPin => {
            Some(format!("there is no pin `{pin}`: `serve` will not start before it is put back"))
        }
    };
    if arguments.place.json {
        say(
            &json!({ "entries": entries, "root": done.verified.root, "result": proof(&done.verified.verdict),
            "before": done.before.map(|path| path.display().to_string()), "warning": warning })
            .to_string(),
        );
    } else {
        say(&format!("restored {entries} entries to {}, {}", layout.database, proof(&done.verified.verdict)));
        if let Some(before) = &done.before {
            say(&format!("the database of before is {}", before.display()));
        }
        if let Some(warning) = &warning {
            say(warning);
        }
    }
    // As `audit verify` says it: whole, but not all is well.
    Ok(if warning.is_some() { 3 } else { 0 })
}

fn proof(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Proven => "whole, origin proven".into(),
        Verdict::Consistent(why) => format!("whole in itself ({why})"),
        Verdict::Broken { why, .. } => format!("not whole: {why}"),
    }
}

fn spinner(words: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(words);
    bar.set_style(
        ProgressStyle::with_template("{elapsed} {msg} {pos}").unwrap_or(ProgressStyle::default_spinner()),
    );
    bar
}
