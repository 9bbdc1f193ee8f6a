//! A plaintext cannot be printed or put into JSON by accident.
use gridvault::seal::Secret;

fn show(secret: &Secret) -> (String, String) {
    (format!("{secret}"), serde_json::to_string(secret).unwrap())
}

fn main() {}
