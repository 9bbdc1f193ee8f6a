//! The token that ties a log to its key ring is used once.
use gridvault_audit::{Log, LogToken, Sink};

fn two_logs<S: Sink>(a: S, b: S, token: LogToken) -> (Log<S>, Log<S>) {
    (Log::new(a, token), Log::new(b, token))
}

fn main() {}
