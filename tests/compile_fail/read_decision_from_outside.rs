//! A decision cannot come from a file or a request.
use gridvault_policy::Decision;

fn parse(text: &str) -> Decision {
    serde_json::from_str(text).unwrap()
}

fn main() {}
