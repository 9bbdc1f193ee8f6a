//! How much one caller may ask in a minute, on this instance: what goes beyond is refused before anything is done for it.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Instant;

use axum::extract::{ConnectInfo, Request};
use ring::digest::{SHA256, digest};

/// Callers remembered at once; beyond it those who have asked little lately are forgotten.
const CALLERS: usize = 50_000;

/// A caller: the digest of its token, or of its address where it has none.
type Key = [u8; 16];

/// What each caller has left, and since when.
#[derive(Default)]
pub(super) struct Rate(Mutex<HashMap<Key, (f64, Instant)>>);

impl Rate {
    /// Seconds until the caller may ask again, where it has asked too much. A minute's worth may come at once.
    pub(super) fn wait(&self, key: Key, per_minute: u32) -> Option<u32> {
        let (most, now) = (f64::from(per_minute), Instant::now());
        let mut callers = self.0.lock().ok()?;
        if callers.len() >= CALLERS {
            callers.retain(|_, (left, since)| *left + refilled(most, *since, now) < most);
            // All of them busy: better to forget than to grow.
            if callers.len() >= CALLERS {
                callers.clear();
            }
        }
        let (left, since) = callers.entry(key).or_insert((most, now));
        *left = (*left + refilled(most, *since, now)).min(most);
        *since = now;
        if *left >= 1.0 {
            *left -= 1.0;
            return None;
        }
        Some(if per_minute >= 60 { 1 } else { 60 / per_minute.max(1) })
    }
}

fn refilled(most: f64, since: Instant, now: Instant) -> f64 {
    most / 60.0 * now.saturating_duration_since(since).as_secs_f64()
}

/// Who asks, for counting alone: nothing of the token is kept.
pub(super) fn caller(request: &Request) -> Key {
    let token = super::extract::bearer(request.headers()).map(|token| token.reveal().as_bytes().to_vec());
    let address = || {
        let peer = request.extensions().get::<ConnectInfo<std::net::SocketAddr>>();
        peer.map_or_else(Vec::new, |peer| peer.0.ip().to_string().into_bytes())
    };
    let hash = digest(&SHA256, &token.unwrap_or_else(address));
    hash.as_ref().first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minutes_worth_may_come_at_once_and_no_more() {
        let rate = Rate::default();
        assert_eq!((0..30).filter(|_| rate.wait([1; 16], 30).is_none()).count(), 30);
        assert_eq!(rate.wait([1; 16], 30), Some(2));
        assert_eq!(rate.wait([2; 16], 30), None, "another caller is not touched");
    }
}
