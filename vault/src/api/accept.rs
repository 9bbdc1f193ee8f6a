//! One listening socket: at most so many connections, TLS where there is a certificate, and no waiting for what does not come.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tower::ServiceExt as _;

use super::metrics::Metrics;
use super::peer::Proxies;
use crate::tls::Tls;

/// Within it a client has greeted.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// Within it a request's head has come, counted from the answer before.
const HEAD_WITHIN: Duration = Duration::from_secs(30);
/// What was sent and is not taken for so long will not be.
const UNTAKEN_WITHIN: Duration = Duration::from_secs(60);
/// Answers under way have so long once the server is told to stop.
const CLOSE_WITHIN: Duration = Duration::from_secs(20);
/// Where the process has no more files, others may end meanwhile.
const PAUSE: Duration = Duration::from_millis(500);
/// A head of more is refused.
const BUFFER: usize = 64 * 1024;

/// How connections are taken.
pub(super) struct Manner {
    pub(super) tls: Option<Arc<Tls>>,
    pub(super) proxies: Proxies,
    pub(super) metrics: Arc<Metrics>,
    /// Connections that may still come.
    pub(super) room: Arc<Semaphore>,
}

impl Manner {
    /// The next connection, once there is room for it.
    async fn accept(&self, listener: &TcpListener) -> (OwnedSemaphorePermit, TcpStream, SocketAddr) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => match Arc::clone(&self.room).acquire_owned().await {
                    Ok(permit) => return (permit, stream, peer),
                    // It is never closed.
                    Err(_) => std::future::pending().await,
                },
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Plain HTTP is for the proxies alone, where some are named: a token must not cross the network in clear.
    fn welcomes(&self, peer: SocketAddr) -> bool {
        self.tls.is_some() || self.proxies.is_empty() || self.proxies.contains(peer.ip())
    }
}

/// Answers until told to stop; then what is under way may finish, for a while.
pub(super) async fn answer(
    listener: TcpListener,
    router: Router,
    manner: Arc<Manner>,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let (permit, stream, peer) = tokio::select! {
            biased;
            () = told(&mut stop) => break,
            accepted = manner.accept(&listener) => accepted,
        };
        if !manner.welcomes(peer) {
            manner.metrics.turned_away();
            tracing::debug!("a peer that is no trusted proxy was turned away");
            continue;
        }
        let (router, manner, stop) = (router.clone(), Arc::clone(&manner), stop.clone());
        connections.spawn(async move {
            greet(stream, peer, router, &manner, stop).await;
            drop(permit);
        });
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(CLOSE_WITHIN, all).await.is_err() {
        tracing::warn!("answers under way were cut off");
    }
}

/// Ends when the server is told to stop, or is gone.
async fn told(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        tracing::debug!("the server was gone before it told to stop");
    }
}

async fn greet(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    manner: &Manner,
    mut stop: watch::Receiver<bool>,
) {
    let untaken = u32::try_from(UNTAKEN_WITHIN.as_millis()).unwrap_or(u32::MAX);
    let set = stream.set_nodelay(true).is_ok()
        && rustix::net::sockopt::set_tcp_user_timeout(&stream, untaken).is_ok();
    if !set {
        tracing::debug!("the connection was gone already");
    }
    let proxies = manner.proxies.clone();
    let Some(tls) = &manner.tls else { return serve(stream, peer, router, proxies, stop).await };
    let greeting = timeout(HANDSHAKE_WITHIN, tls.acceptor().accept(stream));
    let greeted = tokio::select! {
        biased;
        () = told(&mut stop) => return,
        greeted = greeting => greeted,
    };
    match greeted {
        Ok(Ok(stream)) => serve(stream, peer, router, proxies, stop).await,
        Ok(Err(_)) | Err(_) => manner.metrics.turned_away(),
    }
}

async fn serve<S>(
    stream: S,
    peer: SocketAddr,
    router: Router,
    proxies: Proxies,
    mut stop: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |mut request: axum::http::Request<Incoming>| {
        let source = proxies.source(peer, request.headers());
        request.extensions_mut().insert(ConnectInfo(source));
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        biased;
        () = told(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        ended = connection.as_mut() => ended,
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
