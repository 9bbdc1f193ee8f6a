//! `gridvault serve`.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{ConfigFile, Failure, Outcome, log, say, told_to_stop};
use crate::api::{self, Doors, Limits};
use crate::clock::SteadyClock;
use crate::config::{self, Config, Server};
use crate::tls::{Tls, TlsFiles};
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
    // Before the passphrase is asked for: what is wrong with them shows at once.
    let doors = doors(&config).await?;
    let vault = Vault::open(&layout, config.passphrase()?, Arc::new(SteadyClock::start()), None).await?;
    if vault.nature == Nature::Synthetic {
        vault.close().await;
        return Err(Failure("this vault is a demonstration: `gridvault demo` serves it".into(), 1));
    }
    let scheme = if doors.tls.is_some() { "https" } else { "http" };
    say(&format!("serving on {scheme}://{}", doors.listener.local_addr()?));
    if let Some(admin) = &doors.admin {
        say(&format!("metrics on http://{}/metrics", admin.local_addr()?));
    }
    let hangups = tokio::spawn(hangups(doors.tls.clone()));
    api::serve(Arc::new(vault), doors, told_to_stop()).await;
    hangups.abort();
    Ok(0)
}

/// Where TLS is set, its files.
pub(super) fn tls_files(server: &Server) -> Option<TlsFiles> {
    let (cert, key) = (server.tls_cert.clone()?, server.tls_key.clone()?);
    Some(TlsFiles { cert, key, client_ca: server.tls_client_ca.clone() })
}

async fn doors(config: &Config) -> Result<Doors, Failure> {
    let server = &config.server;
    let tls = tls_files(server).map(Tls::read).transpose()?.map(Arc::new);
    let listener = bind("listen", server.listen).await?;
    let admin = match server.admin_listen {
        Some(address) => Some(bind("admin_listen", address).await?),
        None => None,
    };
    Ok(Doors {
        listener,
        tls,
        trusted_proxies: server.trusted_proxies.clone(),
        admin,
        limits: limits(config.limits),
        pin: Some(config.log.pin_file.clone()),
    })
}

fn limits(set: config::Limits) -> Limits {
    let size = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    Limits {
        requests_per_minute: set.requests_per_minute,
        body: size(set.body_kib) << 10,
        import_body: size(set.import_mib) << 20,
        connections: size(set.connections),
    }
}

pub(super) async fn bind(setting: &str, address: std::net::SocketAddr) -> Result<TcpListener, Failure> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|error| Failure(format!("`server.{setting}`: {address}: {error}"), 1))
}

/// SIGHUP: certificates are read anew. Without TLS it does nothing, rather than end the process.
async fn hangups(tls: Option<Arc<Tls>>) {
    let Ok(mut signals) = signal(SignalKind::hangup()) else { return };
    while signals.recv().await.is_some() {
        match tls.as_ref().map(|tls| tls.reload()) {
            None => tracing::info!("there is nothing to read anew without TLS"),
            Some(Ok(())) => tracing::info!("the certificate was read anew"),
            Some(Err(error)) => tracing::error!(%error, "the certificate of before stays in use"),
        }
    }
}
