//! `[server]` and `[limits]`: where it listens, how, and how much of whom.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use axum::http::Uri;
use serde::{Deserialize, Serialize};

/// `[server]`
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address and port; beyond loopback only with TLS, or for the proxies of `trusted_proxies` alone.
    pub listen: SocketAddr,
    /// Where `/metrics`, `/healthz` and `/readyz` are told to who looks after the machine; nowhere if not set.
    pub admin_listen: Option<SocketAddr>,
    /// What people call it by: `https://vault.example`.
    pub public_url: Option<String>,
    /// The certificate and those above it, PEM.
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key, PEM.
    pub tls_key: Option<PathBuf>,
    /// A client must show a certificate of one of these authorities, PEM.
    pub tls_client_ca: Option<PathBuf>,
    /// Proxies whose `X-Forwarded-For` is believed; without TLS nobody else is answered.
    pub trusted_proxies: Vec<IpAddr>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            admin_listen: None,
            public_url: None,
            tls_cert: None,
            tls_key: None,
            tls_client_ca: None,
            trusted_proxies: Vec::new(),
        }
    }
}

impl Server {
    pub(super) fn check(&self) -> Result<(), String> {
        match (&self.tls_cert, &self.tls_key) {
            (Some(_), None) => return Err("`server.tls_key` is missing beside `server.tls_cert`".into()),
            (None, Some(_)) => return Err("`server.tls_cert` is missing beside `server.tls_key`".into()),
            _ => {}
        }
        let tls = self.tls_cert.is_some();
        if self.tls_client_ca.is_some() && !tls {
            return Err("`server.tls_client_ca` needs `server.tls_cert` and `server.tls_key`".into());
        }
        if !self.listen.ip().is_loopback() && !tls && self.trusted_proxies.is_empty() {
            let words = "`server.listen` is reached from other machines: set `server.tls_cert` and `server.tls_key`, \
                 or name the proxies in `server.trusted_proxies`, or listen on 127.0.0.1";
            return Err(words.into());
        }
        if let Some(ip) = self.trusted_proxies.iter().find(|ip| ip.is_unspecified() || ip.is_multicast()) {
            return Err(format!("`server.trusted_proxies`: {ip} is no machine's address"));
        }
        if self.admin_listen.is_some_and(|admin| overlap(admin, self.listen)) {
            let words = "`server.admin_listen` is the same as `server.listen`: metrics are not for callers, take another port";
            return Err(words.into());
        }
        self.public_url.as_deref().map_or(Ok(()), public_url)
    }
}

fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    let all = |address: SocketAddr| address.ip().is_unspecified();
    a.port() != 0 && a.port() == b.port() && (a.ip() == b.ip() || all(a) || all(b))
}

fn public_url(text: &str) -> Result<(), String> {
    let wrong = |words: &str| Err(format!("`server.public_url` {words}"));
    let Ok(url) = text.parse::<Uri>() else { return wrong("is no URL") };
    let (Some(scheme), Some(authority)) = (url.scheme_str(), url.authority()) else {
        return wrong("must begin with https://");
    };
    if authority.as_str().contains('@') {
        return wrong("must name nobody before the host");
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() {
        return wrong("must end behind the host and port");
    }
    let host = authority.host().trim_matches(['[', ']']);
    let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match scheme {
        "https" => Ok(()),
        "http" if here => Ok(()),
        _ => wrong("must begin with https://"),
    }
}

/// `[limits]`
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Requests of one caller in a minute.
    pub requests_per_minute: u32,
    /// A request's body, KiB.
    pub body_kib: u32,
    /// An import's body, MiB.
    pub import_mib: u32,
    /// Connections at once.
    pub connections: u32,
    /// Distinct residents that the tasks of one day may name for one member of staff.
    pub residents_per_worker: u32,
    /// And by one service.
    pub residents_per_service: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_minute: 3000,
            body_kib: 256,
            import_mib: 256,
            connections: 1000,
            residents_per_worker: 60,
            residents_per_service: 500,
        }
    }
}

impl Limits {
    pub(super) fn check(&self) -> Result<(), String> {
        for (name, value, least, most) in [
            ("requests_per_minute", self.requests_per_minute, 1, 1_000_000),
            ("body_kib", self.body_kib, 64, 16_384),
            ("import_mib", self.import_mib, 1, 4096),
            ("connections", self.connections, 10, 100_000),
            ("residents_per_worker", self.residents_per_worker, 1, 10_000),
            ("residents_per_service", self.residents_per_service, 1, 10_000),
        ] {
            if !(least..=most).contains(&value) {
                return Err(format!("`limits.{name}` must lie between {least} and {most}"));
            }
        }
        Ok(())
    }
}
