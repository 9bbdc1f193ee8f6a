//! `gridvault log …`: the way out of `log-rollback` after an accepted loss. Two officers sign, with keys of their own and on
//! machines of their own, what is lost and what is gone on with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;
use data_encoding::BASE64;
use gridvault_audit::{SignerKey, SigningKey};
use zeroize::Zeroizing;

use super::{ConfigFile, Failure, Outcome, new_seed, say};
use crate::clock::SystemClock;
use crate::config::{Config, read_secret};
use crate::life::{self, Challenge, end_former};
use crate::seal::write_new;
use crate::vault::Vault;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make a signing key for an officer, on the officer's own machine
    Key(Key),
    /// Say what would be lost, for two officers to sign
    Challenge(ChallengeArguments),
    /// Sign a challenge, on the officer's own machine
    Sign(Sign),
    /// Begin a new log where the former one ended, with two officers' signatures
    Reopen(Reopen),
}

#[derive(clap::Args)]
pub(super) struct Key {
    /// The file to make; nobody else may read it
    file: PathBuf,
    /// Whose it is: `officer/wang`
    #[arg(long)]
    name: String,
}

#[derive(clap::Args)]
pub(super) struct ChallengeArguments {
    #[command(flatten)]
    file: ConfigFile,
    /// The file to write
    #[arg(long, default_value = "challenge.txt")]
    out: PathBuf,
    /// Why: one word, such as `disk_lost` or `restored_backup`
    #[arg(long)]
    reason: String,
    /// Although none of the witnesses that are set answers: what they know of is then not in it
    #[arg(long)]
    unwitnessed: bool,
}

#[derive(clap::Args)]
pub(super) struct Sign {
    /// The challenge, after it was read
    challenge: PathBuf,
    /// The officer's key
    #[arg(long)]
    key: PathBuf,
}

#[derive(clap::Args)]
pub(super) struct Reopen {
    #[command(flatten)]
    file: ConfigFile,
    /// The challenge
    #[arg(long, default_value = "challenge.txt")]
    challenge: PathBuf,
    /// An officer's signature: what `log sign` printed
    #[arg(long, required = true)]
    signature: Vec<PathBuf>,
}

pub(super) async fn run(command: Command) -> Outcome {
    match command {
        Command::Key(arguments) => key(&arguments),
        Command::Challenge(arguments) => challenge(arguments).await,
        Command::Sign(arguments) => sign(&arguments),
        Command::Reopen(arguments) => reopen(arguments).await,
    }
}

fn key(arguments: &Key) -> Outcome {
    let seed = new_seed()?;
    let key = SigningKey::from_seed(&seed, &arguments.name)
        .map_err(|_| Failure(format!("`{}` is no name: letters, digits, - _ . /", arguments.name), 2))?;
    let text = Zeroizing::new(format!("{} {}\n", arguments.name, BASE64.encode(&seed[..])));
    write_new(&arguments.file, text.as_bytes())
        .map_err(|error| Failure(format!("`{}`: {error}", arguments.file.display()), 1))?;
    say(&key.verifier().to_string());
    Ok(0)
}

fn read_key(path: &Path) -> Result<SigningKey, Failure> {
    let text = read_secret(path)?;
    let read = || {
        let (name, seed) = text.reveal().split_once(' ')?;
        let seed = Zeroizing::new(BASE64.decode(seed.as_bytes()).ok()?.try_into().ok()?);
        SigningKey::from_seed(&seed, name).ok()
    };
    read().ok_or_else(|| Failure(format!("`{}` is no signing key", path.display()), 1))
}

async fn challenge(arguments: ChallengeArguments) -> Outcome {
    let config = Config::read(&arguments.file.config)?;
    officers(&config)?;
    let (layout, passphrase) = (config.layout(), config.passphrase()?);
    let challenge = if arguments.unwitnessed {
        Challenge::unwitnessed(&layout, passphrase, &arguments.reason).await?
    } else {
        Challenge::of(&layout, passphrase, &arguments.reason).await?
    };
    write_new(&arguments.out, challenge.text().as_bytes())
        .map_err(|error| Failure(format!("`{}`: {error}", arguments.out.display()), 1))?;
    say(&challenge.in_words());
    let out = arguments.out.display();
    say(&format!(
        "two officers read `{out}` and sign it, each: gridvault log sign {out} --key KEY > NAME.sig"
    ));
    Ok(0)
}

fn sign(arguments: &Sign) -> Outcome {
    let key = read_key(&arguments.key)?;
    let text = std::fs::read_to_string(&arguments.challenge)?;
    let challenge = Challenge::parse(&text)?;
    super::say_error(&challenge.in_words());
    say(key.sign(&text).trim_end());
    Ok(0)
}

/// The officers whose signatures count: two at least.
fn officers(config: &Config) -> Result<Vec<SignerKey>, Failure> {
    life::officers(&config.log.officers).map_err(|words| Failure(format!("`log.officers`: {words}"), 1))
}

async fn reopen(arguments: Reopen) -> Outcome {
    let config = Config::read(&arguments.file.config)?;
    let officers = officers(&config)?;
    let challenge = Challenge::parse(&std::fs::read_to_string(&arguments.challenge)?)?;
    let mut lines = String::new();
    for file in &arguments.signature {
        lines.push_str(&std::fs::read_to_string(file)?);
    }
    let former = challenge.accepted(&officers, &lines)?;
    let (layout, passphrase) = (config.layout(), config.passphrase()?);
    end_former(&layout, &passphrase, &challenge).await?;
    let vault = Vault::open_again(&layout, passphrase, Arc::new(SystemClock), former).await?;
    say(&format!("the log goes on as {}", vault.log_key.name()));
    say(&format!("its verifier key, for whoever verifies it and for its witnesses: {}", vault.log_key));
    vault.close().await;
    Ok(0)
}
