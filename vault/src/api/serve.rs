//! The server's life: answers until it is told to stop, and what is done beside answering.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use super::accept::{Manner, answer};
use super::peer::Proxies;
use super::{App, admin, router};
use crate::Vault;
use crate::backup::Notes;
use crate::register::{clear_proposals, raise_broken_rows, raise_clock, tell_of_witness};
use crate::tls::Tls;
use crate::trail::prune;

/// Connections of those who look after the machine.
const ADMIN_CONNECTIONS: usize = 32;

/// Blocks of entries that words and tallies follow at a time, and the pauses between: while there is more, and until there may be.
const AT_A_TIME: u64 = 4;
const BREATH: Duration = Duration::from_millis(50);
const EVERY: Duration = Duration::from_secs(2);

/// Where the server listens, how, and how much of whom.
pub struct Doors {
    /// For callers.
    pub listener: TcpListener,
    /// Spoken with callers; without it HTTP is plain.
    pub tls: Option<Arc<Tls>>,
    /// Proxies whose `X-Forwarded-For` is believed; without TLS nobody else is answered.
    pub trusted_proxies: Vec<IpAddr>,
    /// For the operator's metrics and health.
    pub admin: Option<TcpListener>,
    /// How much callers may ask.
    pub limits: Limits,
    /// The pin, where its age is to be told and backups leave their notes.
    pub pin: Option<PathBuf>,
}

/// How much callers may ask.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests of one caller in a minute; `u32::MAX` for as many as come.
    pub requests_per_minute: u32,
    /// A request's body, bytes.
    pub body: usize,
    /// An import's body, bytes.
    pub import_body: usize,
    /// Connections at once.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { requests_per_minute: u32::MAX, body: 256 << 10, import_body: 256 << 20, connections: 1000 }
    }
}

impl From<TcpListener> for Doors {
    fn from(listener: TcpListener) -> Self {
        Self {
            listener,
            tls: None,
            trusted_proxies: Vec::new(),
            admin: None,
            limits: Limits::default(),
            pin: None,
        }
    }
}

/// Serves until `stop`, then lets answers under way finish and closes the vault.
pub async fn serve(vault: Arc<Vault>, doors: impl Into<Doors>, stop: impl Future<Output = ()>) {
    let doors = doors.into();
    let app = App::within(Arc::clone(&vault), doors.limits);
    let upkeep = tokio::spawn(upkeep(app.clone(), doors.pin.clone().map(Notes::beside)));
    let publishing = tokio::spawn(publishing(Arc::clone(&vault)));
    let following = tokio::spawn(following(Arc::clone(&vault)));
    let room = Arc::new(Semaphore::new(doors.limits.connections));
    let manner = |tls, trusted: &[IpAddr], room: &Arc<Semaphore>| {
        let (proxies, metrics) = (Proxies::new(trusted), Arc::clone(&app.metrics));
        Arc::new(Manner { tls, proxies, metrics, room: Arc::clone(room) })
    };
    let (stopped, stopping) = watch::channel(false);
    let callers = manner(doors.tls, &doors.trusted_proxies, &room);
    let serving = answer(doors.listener, router(app.clone()), callers, stopping.clone());
    let admin = async {
        if let Some(listener) = doors.admin {
            let apart = manner(None, &[], &Arc::new(Semaphore::new(ADMIN_CONNECTIONS)));
            let told = admin::Told { room, connections: doors.limits.connections, pin: doors.pin };
            answer(listener, admin::router(app.clone(), told), apart, stopping).await;
        }
    };
    let told = async {
        stop.await;
        stopped.send_replace(true);
    };
    tokio::join!(told, serving, admin);
    upkeep.abort();
    publishing.abort();
    following.abort();
    app.throttle.enter(&vault).await;
    vault.close().await;
}

/// Serves other routes than a vault's on the doors for callers, until `stop`.
pub async fn serve_router(router: Router, doors: Doors, stop: impl Future<Output = ()>) {
    let room = Arc::new(Semaphore::new(doors.limits.connections));
    let (tls, proxies) = (doors.tls, Proxies::new(&doors.trusted_proxies));
    let manner = Arc::new(Manner { tls, proxies, metrics: Arc::default(), room });
    let (stopped, stopping) = watch::channel(false);
    let told = async {
        stop.await;
        stopped.send_replace(true);
    };
    tokio::join!(told, answer(doors.listener, router, manner, stopping));
}

/// A checkpoint at each place on the grid; what witnesses do otherwise than before is entered.
async fn publishing(vault: Arc<Vault>) {
    loop {
        tokio::time::sleep(vault.publisher.until_next()).await;
        let news = match vault.publisher.publish().await {
            Ok(news) => news,
            Err(error) => {
                tracing::error!(%error, "no checkpoint was published");
                continue;
            }
        };
        for news in &news {
            if let Err(error) = tell_of_witness(&vault, news).await {
                tracing::warn!(%error, "what a witness did could not be entered");
            }
        }
    }
}

/// Words and tallies follow the entries. With much to follow, whoever records is let in between.
async fn following(vault: Arc<Vault>) {
    loop {
        let pause = match vault.questions.follow(AT_A_TIME).await {
            Ok(AT_A_TIME) => BREATH,
            Ok(_) => EVERY,
            Err(error) => {
                tracing::warn!(%error, "the words of the trail do not follow; it will be tried again");
                EVERY
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// Once a second findings, every ten what backups noted, once a minute refused credentials.
async fn upkeep(app: App, mut notes: Option<Notes>) {
    let mut clock_told = false;
    for second in 1u64.. {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if !clock_told && app.vault.clock.was_ahead() {
            clock_told = raise_clock(&app.vault).await.is_ok();
        }
        if let Err(error) = raise_broken_rows(&app.vault).await {
            tracing::warn!(%error, "findings could not be entered");
        }
        if let Err(error) = app.vault.turn_page().await {
            tracing::error!(%error, "the rules of the new day do not hold together: those of before stay in force");
        }
        if second % 10 == 1
            && let Some(notes) = &mut notes
            && let Err(error) = notes.enter(&app.vault).await
        {
            tracing::warn!(%error, "what a backup noted could not be entered; it will be tried again");
        }
        if second % 3600 == 0
            && let Err(error) = clear_proposals(&app.vault, false).await
        {
            tracing::warn!(%error, "proposals that lapsed could not be emptied");
        }
        if second % 60 == 0 {
            if let Err(error) = prune(&app.vault.store, app.vault.now()).await {
                tracing::warn!(%error, "old entries could not be removed; it will be tried again");
            }
            app.throttle.enter(&app.vault).await;
        }
    }
}
