//! `gridvault witness`.

use std::path::Path;
use std::sync::Arc;

use data_encoding::BASE64;
use gridvault_audit::{VerifierKey, WitnessKey};
use zeroize::Zeroizing;

use super::serve::{bind, tls_files};
use super::{Failure, Outcome, log, new_seed, say, told_to_stop};
use crate::api::{self, Doors};
use crate::clock::SystemClock;
use crate::config::{WitnessConfig, read_secret};
use crate::seal::write_new;
use crate::tls::Tls;
use crate::witness::{Witness, router};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The settings
    #[arg(long, default_value = "witness.toml")]
    config: std::path::PathBuf,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    log();
    let config = WitnessConfig::read(&arguments.config)?;
    let of = &config.witness;
    let logs: Result<Vec<_>, _> = of.logs.iter().map(|text| VerifierKey::parse(text.trim())).collect();
    let logs = logs.map_err(|error| Failure(format!("`witness.logs`: {error}"), 1))?;
    let key = key(&of.key_file, &of.state_dir, &of.name)?;
    let witness = Arc::new(Witness::open(&of.state_dir, key, &logs)?);
    let tls = tls_files(&config.server).map(Tls::read).transpose()?.map(Arc::new);
    let listener = bind("listen", config.server.listen).await?;
    say(&format!("witness {}", witness.verifier()));
    let scheme = if tls.is_some() { "https" } else { "http" };
    say(&format!("serving on {scheme}://{}", listener.local_addr()?));
    let doors = Doors { tls, trusted_proxies: config.server.trusted_proxies.clone(), ..listener.into() };
    api::serve_router(router(witness, Arc::new(SystemClock)), doors, told_to_stop()).await;
    Ok(0)
}

/// The signing key. A new one is made only where nothing was seen yet: with another key, what was cosigned is no longer ours.
fn key(file: &Path, state: &Path, name: &str) -> Result<WitnessKey, Failure> {
    if !file.exists() {
        let seen = std::fs::read_dir(state).is_ok_and(|mut folder| folder.next().is_some());
        if seen {
            let words = format!(
                "`{}` is missing, but `{}` is not empty: put the key back",
                file.display(),
                state.display()
            );
            return Err(Failure(words, 1));
        }
        let text = Zeroizing::new(format!("{}\n", BASE64.encode(&new_seed()?[..])));
        write_new(file, text.as_bytes())?;
    }
    let text = read_secret(file)?;
    let bytes = BASE64.decode(text.reveal().as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    let seed = Zeroizing::new(bytes.ok_or_else(|| Failure(format!("`{}` is no key", file.display()), 1))?);
    WitnessKey::from_seed(&seed, name)
        .map_err(|_| Failure(format!("`witness.name`: `{name}` has a blank or a plus, or is empty"), 1))
}
