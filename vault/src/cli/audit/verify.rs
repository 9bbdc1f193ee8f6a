//! `gridvault audit verify`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use gridvault_audit::{Checkpoint, SignerKey, WitnessVerifier};
use serde_json::json;

use super::super::{Failure, Outcome, say};
use super::lives::{Frozen, acceptance, begun_anew, frozen};
use super::{Place, bar, nowhere};
use crate::export::verify_export;
use crate::life::{Acceptance, officers};
use crate::store::{Store, StoreError};
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
    /// An officer's verifier key: two at least must have accepted what was lost of the life before
    #[arg(long)]
    officer: Vec<String>,
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
    let officers = match arguments.officer.as_slice() {
        [] => Vec::new(),
        keys => officers(keys).map_err(|words| Failure(format!("--officer: {words}"), 2))?,
    };
    let bar = bar(0);
    let (verified, lines) = match arguments.place.elsewhere()? {
        Some(source) => {
            let progress = |done, of| {
                bar.set_length(of);
                bar.set_position(done);
            };
            let mut verified = verify_export(&source, &trust, &progress).await?;
            let first = if officers.is_empty() { None } else { Some(source.prove(0).await?) };
            if let (Some(proof), Some(key)) = (&first, &trust.key) {
                proof.verify(key, &[])?;
            }
            let acceptance = first.as_ref().and_then(|proof| Acceptance::read(&proof.public));
            let line = begun_anew(&mut verified, acceptance.as_ref(), &officers);
            (verified, line.into_iter().collect())
        }
        None => database(&arguments, &mut trust, &officers, &bar).await?,
    };
    bar.finish_and_clear();
    Ok(tell(&verified, &lines, begun.elapsed().as_secs_f64(), arguments.json))
}

async fn database(
    arguments: &Arguments,
    trust: &mut Trust,
    officers: &[SignerKey],
    bar: &indicatif::ProgressBar,
) -> Result<(Verified, Vec<String>), Failure> {
    let (location, pin) = arguments.place.database.find()?.ok_or_else(nowhere)?;
    let pin = match (pin, arguments.life) {
        (Some(pin), Some(life)) => Some(PathBuf::from(format!("{}.{life}", pin.display()))),
        (pin, _) => pin,
    };
    let pin = match pin.map(std::fs::read_to_string) {
        Some(Err(error)) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        pin => pin.and_then(Result::ok),
    };
    // Behind the pin's reading, so that a serving process cannot have pinned more than this snapshot holds.
    let store = Store::open_to_verify(&location).await?;
    if let Some(life) = arguments.life {
        return former(&store, life, (trust, pin), officers, bar).await;
    }
    trust.against.extend(pin);
    let mut verified = verified(&store, trust, bar).await?;
    let line = begun_anew(&mut verified, acceptance(&store).await?.as_ref(), officers);
    Ok((verified, line.into_iter().collect()))
}

async fn verified(
    store: &Arc<Store>,
    trust: &Trust,
    bar: &indicatif::ProgressBar,
) -> Result<Verified, StoreError> {
    bar.set_length(store.head().await?.map_or(0, |head| u64::try_from(head.size).unwrap_or(0)));
    verify_database(store, trust, &|done| bar.set_position(done)).await
}

/// A former life: what its pin names beyond its end was lost, and is held against what was accepted.
async fn former(
    present: &Arc<Store>,
    life: u32,
    (trust, pin): (&mut Trust, Option<String>),
    officers: &[SignerKey],
    bar: &indicatif::ProgressBar,
) -> Result<(Verified, Vec<String>), Failure> {
    let of = |life: u32| present.of_life(&format!("{}/{life}", present.tenant()));
    let store = of(life);
    let head =
        store.head().await?.ok_or_else(|| Failure(format!("there is no life {life} of the log"), 2))?;
    let mut lost = None;
    if let Some(pin) = pin {
        let said = match &trust.key {
            Some(key) => Checkpoint::open(&pin, std::slice::from_ref(key)),
            None => Checkpoint::parse_unverified(&pin),
        };
        let said =
            said.map_err(|error| Failure(format!("the pin of life {life} does not hold: {error}"), 1))?;
        if said.size > u64::try_from(head.size).unwrap_or(0) {
            lost = Some(said);
        } else {
            trust.against.push(pin);
        }
    }
    let mut verified = verified(&store, trust, bar).await?;
    let next = of(life.saturating_add(1));
    let next = if next.head().await?.is_some() { next } else { Arc::clone(present) };
    let next = acceptance(&next).await?;
    let held = Frozen { next: next.as_ref(), lost: lost.as_ref(), keyed: trust.key.is_some() };
    let lines = frozen(&mut verified, &held, officers);
    Ok((verified, lines))
}

fn tell(verified: &Verified, lines: &[String], seconds: f64, as_json: bool) -> u8 {
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
            "checkpoints": verified.checkpoints, "cosigned": verified.cosigned, "agreed": verified.agreed, "lives": lines,
            "seconds": seconds,
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
    for line in lines {
        say(line);
    }
    say(&format!("seconds     {seconds:.2}"));
    code
}
