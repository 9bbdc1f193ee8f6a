//! `gridvault audit export`, `audit proof`, `audit checkpoint`.

use std::io::Write as _;
use std::path::PathBuf;

use serde_json::json;

use super::super::{Failure, Outcome, say};
use super::{Place, bar};
use crate::export;
use crate::seal::write_new;

#[derive(clap::Args)]
pub(in crate::cli) struct Export {
    /// The folder to copy into: made if it is not there, gone on with if it is
    folder: PathBuf,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(in crate::cli) async fn export(arguments: Export) -> Outcome {
    let source = arguments.place.source().await?;
    let bar = bar(0);
    let progress = |done, of| {
        bar.set_length(of);
        bar.set_position(done);
    };
    let copied = export::export(&source, &arguments.folder, &progress).await?;
    bar.finish_and_clear();
    if arguments.json {
        say(&json!({ "entries": copied.size, "files_written": copied.written }).to_string());
    } else {
        let folder = arguments.folder.display();
        say(&format!("{folder} holds {} entries; {} files were written", copied.size, copied.written));
        say(&format!("verify it: gridvault audit verify --export {folder} --key <the log's verifier key>"));
    }
    Ok(0)
}

#[derive(clap::Args)]
pub(in crate::cli) struct Proof {
    /// The entry's number
    seq: u64,
    #[command(flatten)]
    place: Place,
    /// The file to write: `<seq>.tlog-proof` where none is said, `-` for the terminal
    #[arg(long)]
    out: Option<PathBuf>,
}

pub(in crate::cli) async fn proof(arguments: Proof) -> Outcome {
    let proof = arguments.place.source().await?.prove(arguments.seq).await?;
    if let Some(key) = arguments.place.key()? {
        let verified = proof.verify(&key, &[]);
        verified.map_err(|error| Failure(format!("the proof does not hold under that key: {error}"), 1))?;
    }
    let out = arguments.out.unwrap_or_else(|| format!("{}.tlog-proof", arguments.seq).into());
    if out.as_os_str() == "-" {
        std::io::stdout().write_all(proof.to_string().as_bytes())?;
        return Ok(0);
    }
    write_new(&out, proof.to_string().as_bytes())
        .map_err(|error| Failure(format!("`{}`: {error}", out.display()), 1))?;
    say(&out.display().to_string());
    Ok(0)
}

#[derive(clap::Args)]
pub(in crate::cli) struct CheckpointArguments {
    #[command(flatten)]
    place: Place,
}

pub(in crate::cli) async fn checkpoint(arguments: CheckpointArguments) -> Outcome {
    let note = arguments.place.source().await?.checkpoint().await?;
    std::io::stdout().write_all(note.as_bytes())?;
    Ok(0)
}
