//! Papers name only what is there.

use std::path::Path;

#[test]
fn every_file_that_a_paper_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut named = 0;
    for paper in [
        "README.md",
        "README.zh-CN.md",
        "SECURITY.md",
        "ARCHITECTURE.md",
        "docs/operate.md",
        "migrations/README.md",
        "tests/fixtures/README.md",
    ] {
        let text = std::fs::read_to_string(root.join(paper)).unwrap();
        assert!(text.lines().count() <= 160, "{paper} is too long to be read");
        for word in text.split('`').skip(1).step_by(2) {
            let file = word.split([' ', ':']).next().unwrap();
            let looks = file.contains('/')
                && !file.contains("://")
                && !file.starts_with('/')
                && !file.contains('{')
                && !file.contains('<');
            if !looks
                || file.starts_with("gridvault-demo")
                || file.starts_with("DIR")
                || file.contains("127.0.0.1")
            {
                continue;
            }
            let places = ["", "vault/src", "audit/src", "policy/src", "tests/fixtures"];
            named += 1;
            assert!(
                places.iter().any(|p| root.join(p).join(file).exists()),
                "{paper} names `{file}`, which is not there"
            );
        }
    }
    assert!(named > 15, "{named}");
}

#[test]
fn both_readmes_have_the_same_shape() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let shape = |name: &str| {
        let text = std::fs::read_to_string(root.join(name)).unwrap();
        let rows = text.lines().filter(|l| l.starts_with("| ")).count();
        let heads = text.lines().filter(|l| l.starts_with("## ")).count();
        let commands: Vec<String> = text
            .lines()
            .filter(|l| l.starts_with("    "))
            .map(|l| l.split('#').next().unwrap().trim().to_owned())
            .collect();
        (rows, heads, commands)
    };
    assert_eq!(shape("README.md"), shape("README.zh-CN.md"));
}
