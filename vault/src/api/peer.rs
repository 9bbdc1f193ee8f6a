//! Who asks: the peer itself, or whom a trusted proxy names. Nobody else's `X-Forwarded-For` is believed.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

/// The addresses of proxies in front of us.
#[derive(Clone, Debug, Default)]
pub(super) struct Proxies(Vec<IpAddr>);

impl Proxies {
    pub(super) fn new(list: &[IpAddr]) -> Self {
        Self(list.iter().map(IpAddr::to_canonical).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn contains(&self, ip: IpAddr) -> bool {
        self.0.contains(&ip.to_canonical())
    }

    /// Where a request comes from: behind trusted proxies the last hop that is none of them.
    pub(super) fn source(&self, peer: SocketAddr, headers: &HeaderMap) -> SocketAddr {
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        if !self.contains(peer.ip()) {
            return peer;
        }
        let lines: Vec<_> =
            headers.get_all("x-forwarded-for").iter().map(|v| v.to_str().unwrap_or("?")).collect();
        let mut source = peer;
        for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
            // What cannot be read was written by nobody we trust: the hop behind it is as far as we know.
            let Some(ip) = hop_address(hop.trim()) else { break };
            source = SocketAddr::new(ip, 0);
            if !self.contains(ip) {
                break;
            }
        }
        source
    }
}

/// An address, with or without a port.
fn hop_address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let ip = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))?;
    Some(IpAddr::to_canonical(&ip))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(peer: &str, lines: &[&str]) -> String {
        let proxies = Proxies::new(&["10.0.0.7".parse().unwrap(), "10.0.0.8".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        proxies.source(peer.parse().unwrap(), &headers).ip().to_string()
    }

    #[test]
    fn only_a_trusted_proxy_says_for_whom_it_asks_and_only_the_last_unknown_hop_counts() {
        for (peer, lines, expected) in [
            ("192.0.2.1:5", &["203.0.113.9"][..], "192.0.2.1"),
            ("10.0.0.7:5", &[], "10.0.0.7"),
            ("10.0.0.7:5", &["203.0.113.9"], "203.0.113.9"),
            ("[::ffff:10.0.0.7]:5", &["203.0.113.9"], "203.0.113.9"),
            // What the client itself wrote in front is not believed.
            ("10.0.0.7:5", &["1.1.1.1, 203.0.113.9, 10.0.0.8"], "203.0.113.9"),
            ("10.0.0.7:5", &["1.1.1.1, 203.0.113.9", "10.0.0.8"], "203.0.113.9"),
            ("10.0.0.7:5", &["1.1.1.1, oops, 10.0.0.8"], "10.0.0.8"),
            ("10.0.0.7:5", &["oops"], "10.0.0.7"),
            ("10.0.0.7:5", &["10.0.0.8, 10.0.0.7"], "10.0.0.8"),
            ("10.0.0.7:5", &["203.0.113.9:4711"], "203.0.113.9"),
            ("10.0.0.7:5", &["[2001:db8::1]:4711"], "2001:db8::1"),
            ("10.0.0.7:5", &["[2001:db8::1]"], "2001:db8::1"),
            ("10.0.0.7:5", &["2001:db8::1"], "2001:db8::1"),
        ] {
            assert_eq!(source(peer, lines), expected, "{peer} {lines:?}");
        }
    }
}
