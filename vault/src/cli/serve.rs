//! `gridvault serve`.

use std::sync::Arc;

use super::{ConfigFile, Failure, Outcome, log, say, told_to_stop};
use crate::api;
use crate::clock::SteadyClock;
use crate::config::Config;
use crate::vault::{Layout, Nature, Vault};

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
    /// Start although the clock is more than 30 days ahead of the log's last entry
    #[arg(long)]
    confirm_clock: bool,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    log();
    let config = Config::read(&arguments.file.config)?;
    let layout = Layout { clock_confirmed: arguments.confirm_clock, ..config.layout() };
    let vault = Vault::open(&layout, config.passphrase()?, Arc::new(SteadyClock::start()), None).await?;
    if vault.nature == Nature::Synthetic {
        vault.close().await;
        return Err(Failure("this vault is a demonstration: `gridvault demo` serves it".into(), 1));
    }
    let listener = tokio::net::TcpListener::bind(config.server.listen).await?;
    say(&format!("serving on http://{}", listener.local_addr()?));
    api::serve(Arc::new(vault), listener, told_to_stop()).await?;
    Ok(0)
}
