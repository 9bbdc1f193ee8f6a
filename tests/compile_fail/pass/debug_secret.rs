use gridvault::seal::Secret;

fn show(secret: &Secret) -> (String, String) {
    (format!("{secret:?}"), serde_json::to_string(secret.reveal()).unwrap())
}

fn main() {
    assert_eq!(show(&Secret::new("王小明")).0, "[sealed]");
}
