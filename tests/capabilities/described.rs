//! The API's description: what is committed is what the doors say, and it can be read offline.

use gridvault::api::{description, doors};
use gridvault_tests::{On, TestVault};
use serde_json::Value;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");

/// `GRIDVAULT_BLESS=1` writes it anew.
#[test]
fn the_committed_description_is_what_the_doors_say() {
    #[expect(clippy::disallowed_methods, reason = "whoever runs the tests says so")]
    if std::env::var("GRIDVAULT_BLESS").is_ok() {
        std::fs::write(FILE, description()).unwrap();
    }
    let committed = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(committed == description(), "docs/openapi.json is not what the doors say: GRIDVAULT_BLESS=1");
    let document: Value = serde_json::from_str(&committed).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let described: usize = paths.values().map(|path| path.as_object().unwrap().len()).sum();
    assert_eq!(described, doors().len());
    // Every name that is referred to is there.
    for part in committed.split("\"#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
    }
}

#[tokio::test]
async fn the_description_is_served_and_a_page_of_it_needs_nothing_from_elsewhere() {
    let t = TestVault::street(On::Sqlite).await;
    let served = t.call("GET", "/openapi.json", None, None).await;
    assert_eq!((served.status, served.text), (200, description()));
    let page = t.call("GET", "/docs", None, None).await;
    assert_eq!(page.status, 200);
    for door in doors() {
        assert!(
            page.text.contains(&format!("<code>{} {}</code>", door.method, door.path.replace('*', ""))),
            "{}",
            door.path
        );
    }
    assert!(!page.text.contains("<script") && !page.text.contains("http://") && !page.text.contains("src="));
    assert!(page.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
}
