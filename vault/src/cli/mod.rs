//! The commands. Errors go to stderr in one line that says what and what to do.

mod areas;
mod audit;
mod backup;
mod client;
mod config;
mod demo;
mod doctor;
mod examine;
mod import;
mod init;
mod keys;
mod life;
mod lookup;
mod policy;
mod receipt;
mod serve;
mod witness;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

/// A privacy-preserving vault for residents' personal data, with access auditing.
#[derive(Parser)]
#[command(name = "gridvault", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// A synthetic street, ready to use
    Demo(demo::Arguments),
    /// Make keys, the first tenant, a privacy officer and a data steward
    Init(ConfigFile),
    /// Serve the vault
    Serve(serve::Arguments),
    /// Write all that the database holds into one new file, while it is served
    Backup(backup::Backup),
    /// Put a backup in place: exit 3 if the pin names more than it holds
    Restore(backup::Restore),
    /// Follow logs, and cosign what extends them
    Witness(witness::Arguments),
    /// Say what an operator should mend; exit 1 if anything
    Doctor(doctor::Arguments),
    /// The settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Take a register in
    Import(import::Arguments),
    /// Look a record up over the API
    Lookup(lookup::Arguments),
    /// The trail
    #[command(subcommand)]
    Audit(audit::Command),
    /// The way on after an accepted loss of the log's newest entries
    #[command(subcommand)]
    Log(life::Command),
    /// The map
    #[command(subcommand)]
    Areas(areas::Command),
    /// The keys
    #[command(subcommand)]
    Keys(keys::Command),
    /// The rules
    #[command(subcommand)]
    Policy(policy::Command),
    /// Receipts of consents
    #[command(subcommand)]
    Receipt(receipt::Command),
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Say each setting, where it comes from, and what is wrong with what it names; exit 1 if anything
    Check(config::Arguments),
}

#[derive(clap::Args)]
struct ConfigFile {
    /// The settings
    #[arg(long, default_value = "gridvault.toml")]
    config: PathBuf,
}

/// An error for people, with the exit code.
struct Failure(String, u8);

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            let words = inner.to_string();
            if !text.ends_with(&words) {
                text = format!("{text}: {words}");
            }
            cause = inner.source();
        }
        Self(text, 1)
    }
}

type Outcome = Result<u8, Failure>;

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    no_core_dumps();
    // What the vault writes is its owner's alone.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let outcome = match arguments.command {
        Command::Config(ConfigCommand::Check(arguments)) => config::check(&arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Lookup(arguments) => lookup::run(&arguments),
        Command::Policy(command) => policy::run(&command),
        Command::Receipt(command) => receipt::run(&command),
        Command::Demo(arguments) => on_runtime(demo::run(arguments)),
        Command::Backup(arguments) => on_runtime(backup::backup(arguments)),
        Command::Restore(arguments) => on_runtime(backup::restore(arguments)),
        Command::Witness(arguments) => on_runtime(witness::run(arguments)),
        Command::Doctor(arguments) => on_runtime(doctor::run(arguments)),
        Command::Areas(command) => areas::run(&command),
        Command::Keys(command) => on_runtime(keys::run(command)),
        Command::Init(file) => on_runtime(init::run(file.config)),
        Command::Serve(arguments) => on_runtime(serve::run(arguments)),
        Command::Log(command) => on_runtime(life::run(command)),
        Command::Audit(command) => audit::run(command),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(Failure(words, code)) => {
            say_error(&words);
            ExitCode::from(code)
        }
    }
}

fn on_runtime(work: impl Future<Output = Outcome>) -> Outcome {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// Keys and values must not be written out with the process's memory.
fn no_core_dumps() {
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = rustix::process::setrlimit(rustix::process::Resource::Core, none) {
        say_error(&format!("core dumps could not be turned off: {error}"));
    }
    if let Err(error) = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
    {
        say_error(&format!("the process could not be made undumpable: {error}"));
    }
}

/// A new signing key's seed.
fn new_seed() -> Result<Zeroizing<[u8; 32]>, Failure> {
    let mut seed = Zeroizing::new([0; 32]);
    SystemRandom::new().fill(&mut seed[..]).map_err(|_| Failure("no randomness".into(), 1))?;
    Ok(seed)
}

/// JSON lines on stderr, without anything personal; `RUST_LOG` sets how much.
fn log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,gridvault=info"));
    let set =
        tracing_subscriber::fmt().json().with_writer(std::io::stderr).with_env_filter(filter).try_init();
    if set.is_err() {
        say_error("logging was set up twice");
    }
    // Where it happened, not the words: they may quote what was worked on.
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string);
        tracing::error!(at, "panicked");
    }));
}

fn say(words: &str) {
    // Nobody may be listening any more: that is no reason to fail.
    if writeln!(std::io::stdout(), "{words}").is_err() {
        std::hint::black_box(());
    }
}

fn say_error(words: &str) {
    if writeln!(std::io::stderr(), "gridvault: {words}").is_err() {
        std::hint::black_box(());
    }
}

/// Ends on Ctrl-C or SIGTERM.
async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut term) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        stopped = tokio::signal::ctrl_c() => {
            if stopped.is_err() {
                std::future::pending::<()>().await;
            }
        }
        _ = term.recv() => {}
    }
}
