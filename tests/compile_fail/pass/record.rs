use gridvault::permit::{Lookup, Permit};
use gridvault::trail::Writer;
use gridvault_audit::{Log, RecordError};

async fn record(log: &Log<Writer>, lookup: Lookup) -> Result<Permit, RecordError> {
    log.record(lookup).await
}

fn main() {}
