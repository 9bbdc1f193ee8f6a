use gridvault_audit::{Log, LogToken, Sink};

fn one_log<S: Sink>(a: S, token: LogToken) -> Log<S> {
    Log::new(a, token)
}

fn main() {}
