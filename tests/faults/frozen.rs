//! What those outside see of a log that was lost and goes on: whoever verifies it, and whoever follows it.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use gridvault::api::{App, router};
use gridvault::clock::Clock;
use gridvault::life::end_former;
use gridvault::{Layout, Vault};
use gridvault_tests::{On, Site, TestVault, binary};
use serde_json::Value;

use crate::lives::{lost, officer, passphrase, publish, signed};
use crate::witnesses::listen;

async fn run(words: &[&str], token: &str) -> (i32, String, String) {
    let mut command = Command::new(binary());
    command.args(words).env("GRIDVAULT_TOKEN", token);
    let out = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (out.status.code().unwrap(), text(out.stdout), text(out.stderr))
}

/// The log there goes on; gives its new key.
async fn goes_on(t: &TestVault, layout: &Layout) -> String {
    let (challenge, former) = signed(layout).await;
    end_former(layout, &passphrase(), &challenge).await.unwrap();
    let clock = Arc::clone(&t.clock) as Arc<dyn Clock>;
    let vault = Vault::open_again(layout, passphrase(), clock, former).await.unwrap();
    vault.close().await;
    vault.log_key.to_string()
}

/// The entries, tree and head of life 1 are those of that older database: whole in themselves.
fn rewrite(database: &Path, older: &Path) {
    let mut sql = format!("ATTACH '{}' AS older;\n", older.display());
    for table in ["heads", "entries", "entry_tags", "checkpoints", "tiles"] {
        sql.push_str(&format!(
            "DELETE FROM main.{table} WHERE tenant = 'donggaodi/1';\n\
             UPDATE older.{table} SET tenant = 'donggaodi/1';\n\
             INSERT INTO main.{table} SELECT * FROM older.{table};\n"
        ));
    }
    let out = Command::new("sqlite3").arg(database).arg(sql).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

#[tokio::test]
async fn a_frozen_life_is_told_from_a_rewritten_one_and_its_loss_from_a_fault() {
    let mut t = TestVault::street(On::Sqlite).await;
    let mut copies: Vec<Site> = Vec::new();
    for _ in 0..4 {
        t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
        publish(&t).await;
        t.vault.close().await;
        copies.push(t.site.copy().await);
        let layout = t.site.layout();
        t = TestVault::reopened(Arc::clone(&t.site), &layout, Arc::clone(&t.clock), t.demo.clone()).await;
    }
    t.vault.close().await;
    let [older, kept, today, tomorrow] = &copies[..] else { panic!() };
    let layout = kept.layout();
    std::fs::copy(today.layout().pin, &layout.pin).unwrap();
    let size = |site: &Site| -> u64 {
        let pin = std::fs::read_to_string(site.layout().pin).unwrap();
        gridvault_audit::Checkpoint::parse_unverified(&pin).unwrap().size
    };
    let (pinned, ahead) = (size(kept), size(tomorrow));
    assert!(ahead > pinned);
    let (old_key, new_key) = (t.vault.log_key.to_string(), goes_on(&t, &layout).await);
    let dir = kept.dir.path().display().to_string();
    let [one, two, three] = [1, 2, 3].map(|n| officer(n).verifier().to_string());
    let verify = async |key: &str, more: &[&str], officers: &[&str]| {
        let mut words = vec!["audit", "verify", "--data", &dir, "--key", key];
        words.extend(more);
        words.extend(officers.iter().flat_map(|key| ["--officer", *key]));
        let (code, said, words) = run(&words, "").await;
        (code, format!("{said}{words}"))
    };
    let life = ["--life", "1"];
    let (code, said) = verify(&old_key, &life, &[&one, &two]).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains(&format!("to {}, accepted: disk_lost", pinned - 1)), "{said}");
    assert!(said.contains("signed by officer/1, officer/2"), "{said}");
    let (code, said) = verify(&old_key, &life, &[]).await;
    assert!(code == 3 && said.contains("say --officer") && said.contains("\nlost "), "{said}");
    let (code, said) = verify(&old_key, &life, &[&one, &three]).await;
    assert!(code == 1 && said.contains("two of the given officers did not sign"), "{said}");
    // The life that goes on, as a database and as it is exported.
    let (code, said) = verify(&new_key, &[], &[&one, &two]).await;
    assert!(
        code == 0 && said.contains("goes on from test/donggaodi; signed by officer/1, officer/2"),
        "{said}"
    );
    let (code, said) = verify(&new_key, &[], &[&two, &three]).await;
    assert!(code == 1 && said.contains("NOT WHOLE at entry 0"), "{said}");
    let (code, said) = verify(&new_key, &[], &[&one]).await;
    assert!(code == 2 && said.contains("fewer than two"), "{said}");
    let folder = kept.dir.path().join("export").display().to_string();
    let (code, _, words) = run(&["audit", "export", &folder, "--data", &dir, "--key", &new_key], "").await;
    assert_eq!(code, 0, "{words}");
    for (second, expected) in [(&two, 3), (&three, 1)] {
        let words = [
            "audit",
            "verify",
            "--export",
            &folder,
            "--key",
            &new_key,
            "--officer",
            &one,
            "--officer",
            second,
        ];
        let (code, said, words) = run(&words, "").await;
        assert_eq!(code, expected, "{said}{words}");
    }
    // A pin that is ahead, and was not accepted as lost; none; then an entry edited, which no loss hides; then another past.
    let pin = kept.dir.path().join("pin.1");
    std::fs::copy(tomorrow.layout().pin, &pin).unwrap();
    let (code, said) = verify(&old_key, &life, &[&one, &two]).await;
    assert!(code == 1 && said.contains("not the one that was accepted as lost"), "{said}");
    std::fs::remove_file(&pin).unwrap();
    let (code, said) = verify(&old_key, &life, &[&one, &two]).await;
    assert!(code == 0 && !said.contains("\nlost "), "{said}");
    std::fs::copy(today.layout().pin, &pin).unwrap();
    kept.sql("UPDATE entries SET at = at + 1 WHERE tenant = 'donggaodi/1' AND seq = 5").await;
    let (code, said) = verify(&old_key, &life, &[&one, &two]).await;
    assert!(code == 1 && said.contains("NOT WHOLE at entry 5"), "{said}");
    rewrite(&kept.dir.path().join("vault.db"), &older.dir.path().join("vault.db"));
    for officers in [&[one.as_str(), &two][..], &[]] {
        let (code, said) = verify(&old_key, &life, officers).await;
        assert!(code == 1 && said.contains("entries were kept, here are"), "{said}");
    }
}

#[tokio::test]
async fn whoever_follows_a_log_is_told_where_another_one_begins() {
    let (t, yesterday) = lost(On::Sqlite).await;
    let layout = t.site.layout();
    let today = TestVault::reopened(Arc::clone(&t.site), &layout, Arc::clone(&t.clock), t.demo.clone()).await;
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let follow = async |url: &str| {
        let file = state.display().to_string();
        let token = t.demo.caller("privacy_officer", "none").unwrap().token.clone();
        let (code, out, words) =
            run(&["audit", "follow", "--url", url, "--state", &file, "--once"], &token).await;
        let entries: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let first = entries.first().map_or(-1, |entry| entry["public"]["seq"].as_i64().unwrap());
        (code, first, entries.len(), words)
    };
    let url = listen(router(App::new(Arc::clone(&today.vault)))).await;
    let (code, first, many, words) = follow(&url).await;
    assert_eq!((code, first, words.as_str()), (0, 0, ""));
    assert!(many > 1000);
    assert!(std::fs::read_to_string(&state).unwrap().starts_with("test/donggaodi "));
    today.vault.close().await;
    // The log that goes on from yesterday's is shorter: nothing would ever come behind that number.
    goes_on(&t, &yesterday.layout()).await;
    let layout = yesterday.layout();
    let clock = Arc::clone(&t.clock);
    let again = TestVault::reopened(Arc::new(yesterday), &layout, clock, t.demo.clone()).await;
    let url = listen(router(App::new(Arc::clone(&again.vault)))).await;
    let (code, first, many, words) = follow(&url).await;
    assert_eq!((code, first), (0, 0), "{words}");
    assert!(words.contains("the log is test/donggaodi/2 now, no more test/donggaodi"), "{words}");
    let reached = std::fs::read_to_string(&state).unwrap();
    let number: usize = reached.strip_prefix("test/donggaodi/2 ").unwrap().trim().parse().unwrap();
    assert_eq!(number + 1, many);
    // A restart goes on there; the same log with fewer entries is said too; a number alone is of whichever log there is.
    again.look(&again.chief().token, again.visit(0, &["person.name"])).await;
    let (_, first, _, words) = follow(&url).await;
    assert_eq!((first, words.as_str()), (i64::try_from(number).unwrap() + 1, ""));
    std::fs::write(&state, "test/donggaodi/2 999999\n").unwrap();
    let (_, first, _, words) = follow(&url).await;
    assert!(first == 0 && words.contains("an older one was put back"), "{words}");
    std::fs::write(&state, "3\n").unwrap();
    let (_, first, _, words) = follow(&url).await;
    assert_eq!((first, words.as_str()), (4, ""));
    assert!(std::fs::read_to_string(&state).unwrap().starts_with("test/donggaodi/2 "));
    std::fs::write(&state, "x\n").unwrap();
    let (code, .., words) = follow(&url).await;
    assert!(code == 1 && words.contains("remove it to begin anew"), "{words}");
    again.vault.close().await;
}
