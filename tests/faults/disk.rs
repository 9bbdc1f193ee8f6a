//! A disk that is full or read-only: 503 and no value; served again when there is space.

use std::path::Path;
use std::process::Command;

use gridvault::store::Store;
use gridvault_tests::{On, Server, TestVault};
use serde_json::json;

struct Mount(std::path::PathBuf);

impl Drop for Mount {
    fn drop(&mut self) {
        as_root(&["umount", "-l"], &self.0);
    }
}

fn mount(args: &[&str], at: &Path) -> bool {
    as_root(&[&["mount"], args].concat(), at)
}

/// As it is, or with sudo where that asks for no password.
fn as_root(command: &[&str], at: &Path) -> bool {
    let run = |words: &[&str]| {
        let (program, arguments) = words.split_first().unwrap();
        Command::new(program)
            .args(arguments)
            .arg(at)
            .stderr(std::process::Stdio::null())
            .status()
            .is_ok_and(|s| s.success())
    };
    run(command) || run(&[&["sudo", "-n"], command].concat())
}

#[test]
fn a_full_or_read_only_disk_is_answered_503_without_a_value_and_served_again() {
    let dir = tempfile::tempdir().unwrap();
    // Needs the right to mount, as root or with sudo.
    assert!(
        mount(&["-t", "tmpfs", "-o", "size=16m", "tmpfs"], dir.path()),
        "mounting a small disk needs root"
    );
    let _mounted = Mount(dir.path().to_owned());
    let data = dir.path().join("demo");
    let mut server = Server::start(&data, 100);
    let task = server.demo.tasks[0].clone();
    let body = json!({ "resident": task.resident, "fields": ["person.name"], "purpose": task.purpose, "task": task.id, "assignment": task.assignment });
    let token = server.demo.callers[0].token.clone();
    assert_eq!(server.post("/v1/lookups", &token, &body).0, 200);
    // Filled to the last block: the write-ahead log cannot grow.
    let filler = dir.path().join("filler");
    let _ = Command::new("sh").args(["-c", &format!("cat /dev/zero > {}", filler.display())]).output();
    let mut refused = None;
    for _ in 0..2000 {
        let (status, answer) = server.post("/v1/lookups", &token, &body);
        if status != 200 {
            refused = Some((status, answer));
            break;
        }
    }
    let (status, answer) = refused.expect("a full disk is noticed");
    assert_eq!(
        (status, answer["type"].as_str()),
        (503, Some("urn:gridvault:problem:audit-unavailable")),
        "{answer}"
    );
    assert!(answer.get("fields").is_none());
    std::fs::remove_file(&filler).unwrap();
    assert_eq!(server.post("/v1/lookups", &token, &body).0, 200, "served again");
    assert!(!std::fs::read_to_string(&server.err).unwrap().contains("panicked"));
    server.stop();
    // A database that may not be written: the start says so, and nothing is served.
    assert!(mount(&["-o", "remount,ro"], dir.path()));
    let out = Command::new(gridvault_tests::binary())
        .args(["demo", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(1), "{}", String::from_utf8_lossy(&out.stderr));
    assert!(mount(&["-o", "remount,rw"], dir.path()));
    let mut again = Server::start(&data, 100);
    again.stop();
}

#[tokio::test]
async fn what_an_ended_process_left_in_the_write_ahead_log_is_folded_in_before_anything_is_built_on_it() {
    let t = TestVault::street(On::Sqlite).await;
    // As a process leaves it that ends at a failed fsync: what it wrote is seen, and may not be on the disk.
    let left = t.site.copy().await;
    let (log, size) = (left.dir.path().join("vault.db-wal"), t.size().await);
    assert!(std::fs::metadata(&log).unwrap().len() > 0);
    let store = Store::open(&left.location(), "donggaodi", false).await.unwrap();
    assert_eq!(std::fs::metadata(&log).unwrap().len(), 0);
    assert_eq!(store.head().await.unwrap().unwrap().size, size);
    store.close().await;
}
