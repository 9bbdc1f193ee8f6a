//! `gridvault audit verify`.

use std::path::PathBuf;
use std::time::Instant;

use gridvault_audit::WitnessVerifier;
use serde_json::json;

use super::super::{Failure, Outcome, say};
use super::{Place, bar, nowhere};
use crate::export::verify_export;
use crate::store::Store;
use crate::trail::{Trust, Verdict, Verified, verify_database};

#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// A file with an earlier checkpoint
    #[arg(long)]
    against: Vec<PathBuf>,
    /// Of a database: a former life of the log, by its number
    #[arg(long)]
    life: Option<u32>,
    /// A witness's verifier key, handed over by another way than the log
    #[arg(long)]
    witness: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(in crate::cli) async fn run(arguments: Arguments) -> Outcome {
    let begun = Instant::now();
    let mut trust = Trust { key: arguments.place.key()?, ..Trust::default() };
    for path in &arguments.against {
        trust.against.push(std::fs::read_to_string(path)?);
    }
    for text in &arguments.witness {
        let key = WitnessVerifier::parse(text).map_err(|error| Failure(format!("--witness: {error}"), 2))?;
        trust.witnesses.push(key);
    }
    let bar = bar(0);
    let verified = match arguments.place.elsewhere()? {
        Some(source) => {
            let progress = |done, of| {
                bar.set_length(of);
                bar.set_position(done);
            };
            verify_export(&source, &trust, &progress).await?
        }
        None => database(&arguments, &mut trust, &bar).await?,
    };
    bar.finish_and_clear();
    Ok(tell(&verified, begun.elapsed().as_secs_f64(), arguments.json))
}

async fn database(
    arguments: &Arguments,
    trust: &mut Trust,
    bar: &indicatif::ProgressBar,
) -> Result<Verified, Failure> {
    let (location, pin) = arguments.place.database.find()?.ok_or_else(nowhere)?;
    let pin = match (pin, arguments.life) {
        (Some(pin), Some(life)) => Some(PathBuf::from(format!("{}.{life}", pin.display()))),
        (pin, _) => pin,
    };
    match pin.map(std::fs::read_to_string) {
        Some(Ok(pin)) => trust.against.push(pin),
        Some(Err(error)) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        Some(Err(_)) | None => {}
    }
    // Behind the pin's reading, so that a serving process cannot have pinned more than this snapshot holds.
    let mut store = Store::open_to_verify(&location).await?;
    if let Some(life) = arguments.life {
        store = store.of_life(&format!("{}/{life}", store.tenant()));
    }
    bar.set_length(store.head().await?.map_or(0, |head| u64::try_from(head.size).unwrap_or(0)));
    Ok(verify_database(&store, trust, &|done| bar.set_position(done)).await?)
}

fn tell(verified: &Verified, seconds: f64, as_json: bool) -> u8 {
    let (code, words, seq) = match &verified.verdict {
        Verdict::Proven => (0, "whole, origin proven".to_owned(), None),
        Verdict::Consistent(why) => (3, format!("consistent, origin not proven: {why}"), None),
        Verdict::Broken { seq, why } => {
            let entry = seq.map_or_else(String::new, |seq| format!(" at entry {seq}"));
            (1, format!("NOT WHOLE{entry}: {why}"), *seq)
        }
    };
    if as_json {
        let report = json!({
            "result": words, "exit": code, "first_bad": seq, "entries": verified.entries, "root": verified.root,
            "origin": verified.origin, "private_removed": verified.removed, "redacted": verified.redacted,
            "checkpoints": verified.checkpoints, "cosigned": verified.cosigned, "agreed": verified.agreed, "seconds": seconds,
        });
        say(&report.to_string());
        return code;
    }
    say(&words);
    say(&format!("log         {}", verified.origin));
    let (removed, redacted) = (verified.removed, verified.redacted);
    say(&format!("entries     {} (private part removed: {removed}; redacted: {redacted})", verified.entries));
    say(&format!("root        {}", verified.root));
    let by = match verified.cosigned.as_slice() {
        [] => "by no given witness: unwitnessed".to_owned(),
        names => format!("by {}", names.join(", ")),
    };
    say(&format!("checkpoints {}, cosigned {by}", verified.checkpoints));
    let (agreed, entries) = (verified.agreed, verified.entries);
    say(&format!(
        "agreed      {agreed} of {entries} entries; for those behind them only the log's key speaks"
    ));
    say(&format!("seconds     {seconds:.2}"));
    code
}
