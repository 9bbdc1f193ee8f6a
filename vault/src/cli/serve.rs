//! `gridvault serve`.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Failure, Outcome, log, say, told_to_stop};
use crate::api;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::vault::{Nature, Vault};

pub(super) async fn run(path: PathBuf) -> Outcome {
    log();
    let config = Config::read(&path)?;
    let vault = Vault::open(&config.layout(), config.passphrase()?, Arc::new(SystemClock), None).await?;
    if vault.nature == Nature::Synthetic {
        vault.close().await;
        return Err(Failure("this vault is a demonstration: `gridvault demo` serves it".into(), 1));
    }
    let listener = tokio::net::TcpListener::bind(config.server.listen).await?;
    say(&format!("serving on http://{}", listener.local_addr()?));
    api::serve(Arc::new(vault), listener, told_to_stop()).await?;
    Ok(0)
}
