//! After a loss that is accepted the log goes on as a new life: signed by two officers, the former one frozen and still
//! proving every line of it.

use std::sync::Arc;

use gridvault::clock::Clock;
use gridvault::life::{Challenge, LifeError, end_former};
use gridvault::register::Former;
use gridvault::seal::Secret;
use gridvault::store::Store;
use gridvault::trail::{Trust, Verdict, verify_database};
use gridvault::{Layout, OpenError, Vault};
use gridvault_audit::{ProofFile, SignerKey, SigningKey, VerifierKey};
use gridvault_tests::{On, PASSPHRASE, Site, TestVault, on_both, try_open};
use serde_json::json;
use zeroize::Zeroizing;

pub(crate) fn officer(n: u8) -> SigningKey {
    SigningKey::from_seed(&Zeroizing::new([n; 32]), &format!("officer/{n}")).unwrap()
}

pub(crate) fn officers() -> [SignerKey; 2] {
    [officer(1).verifier(), officer(2).verifier()]
}

pub(crate) fn passphrase() -> Secret {
    Secret::new(PASSPHRASE)
}

pub(crate) async fn publish(t: &TestVault) {
    t.clock.step(300_000_000);
    t.vault.publisher.publish().await.unwrap();
}

/// What two officers sign, as `log reopen` hands it on.
pub(crate) async fn signed(layout: &Layout) -> (Challenge, Former) {
    let challenge = Challenge::of(layout, passphrase(), "disk_lost").await.unwrap();
    let text = challenge.text();
    assert_eq!(Challenge::parse(&text).unwrap(), challenge);
    let lines = format!("{}{}", officer(1).sign(&text), officer(2).sign(&text));
    let former = challenge.accepted(&officers(), &lines).unwrap();
    (challenge, former)
}

async fn verified(store: &Arc<Store>, key: &VerifierKey, pin: &std::path::Path) -> Verdict {
    let against = vec![std::fs::read_to_string(pin).unwrap()];
    let trust = Trust { key: Some(key.clone()), against, ..Trust::default() };
    verify_database(store, &trust, &|_| ()).await.unwrap().verdict
}

/// A street whose newest entries are lost: yesterday's database with today's pin.
pub(crate) async fn lost(on: On) -> (TestVault, Site) {
    let t = TestVault::street(on).await;
    t.fill(1000).await;
    assert!(t.vault.questions.follow(99).await.unwrap() > 0);
    t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
    publish(&t).await;
    t.look(&t.chief().token, t.visit(0, &["person.name", "person.phone"])).await;
    t.vault.close().await;
    let yesterday = t.site.copy().await;
    let (site, layout) = (Arc::clone(&t.site), t.site.layout());
    let t = TestVault::reopened(site, &layout, Arc::clone(&t.clock), t.demo).await;
    t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
    t.vault.close().await;
    std::fs::copy(t.site.layout().pin, yesterday.layout().pin).unwrap();
    (t, yesterday)
}

on_both!(a_lost_log_goes_on_as_a_new_one_and_the_former_still_proves_its_lines);
async fn a_lost_log_goes_on_as_a_new_one_and_the_former_still_proves_its_lines(on: On) {
    let (t, yesterday) = lost(on).await;
    let layout = yesterday.layout();
    let clock = || Arc::clone(&t.clock) as Arc<dyn Clock>;
    assert!(matches!(try_open(&layout, clock(), None).await, Err(OpenError::Trail(_))));
    let (challenge, former) = signed(&layout).await;
    assert!(challenge.in_words().contains("test/donggaodi/2"), "{}", challenge.in_words());
    end_former(&layout, &passphrase(), &challenge).await.unwrap();
    let vault = Vault::open_again(&layout, passphrase(), clock(), former.clone()).await.unwrap();
    assert_eq!(vault.log_key.name(), "test/donggaodi/2");
    // What followed the former entries is gone with them.
    assert_eq!(vault.store.followed().await.unwrap(), 0);
    assert!(vault.store.all_postings(i64::MIN, i64::MIN, 1).await.unwrap().is_empty());
    let (old_key, new_key) = (t.vault.log_key.clone(), vault.log_key.clone());
    vault.close().await;
    // It starts like any other, and does again what it did.
    let site = Arc::new(yesterday);
    let u = TestVault::reopened(Arc::clone(&site), &layout, Arc::clone(&t.clock), t.demo.clone()).await;
    assert_eq!(u.look(&u.chief().token, u.visit(0, &["person.name"])).await.status, 200);
    publish(&u).await;
    let first = u.call("GET", "/v1/audit/entries/0", Some(u.officer()), None).await.body["public"].clone();
    assert_eq!((&first["kind"], &first["log"]), (&json!("log.created"), &json!("test/donggaodi/2")));
    assert_eq!(first["about"]["signatures"], json!(former.signatures));
    assert_eq!(first["about"]["former"], json!(former.lines));
    assert!(first["about"]["former"].to_string().contains("pinned:"));
    // The resident sees all three lines, of both lives, each with its proof under the key that signed it.
    let session = u.sign_in(u.task(0).resident.unwrap()).await;
    let lines = u.call("GET", "/v1/me/lookups", Some(&session), None).await;
    let lines = lines.body["lookups"].as_array().unwrap().clone();
    assert_eq!(lines.len(), 3, "{lines:?}");
    for (line, key) in lines.iter().zip([&new_key, &old_key, &old_key]) {
        assert_eq!(line["proof"], "ready");
        let path = format!("/v1/me/lookups/{}/proof", line["id"].as_str().unwrap());
        let proof = u.call("GET", &path, Some(&session), None).await;
        assert!(ProofFile::parse(&proof.text).unwrap().verify(key, &[]).is_ok());
    }
    u.vault.close().await;
    let store = Store::open_to_verify(&site.location()).await.unwrap();
    assert_eq!(verified(&store, &new_key, &layout.pin).await, Verdict::Proven);
    // The former is whole as far as it was kept; the pin that it had tells what was lost.
    let life = store.of_life("donggaodi/1");
    let trust = Trust { key: Some(old_key.clone()), ..Trust::default() };
    let alone = verify_database(&life, &trust, &|_| ()).await.unwrap().verdict;
    assert!(matches!(alone, Verdict::Consistent(_)), "{alone:?}");
    let aside = format!("{}.1", layout.pin.display());
    let against = verified(&life, &old_key, std::path::Path::new(&aside)).await;
    assert!(matches!(&against, Verdict::Broken { why, .. } if why.contains("cut")), "{against:?}");
}

on_both!(a_challenge_of_another_state_ends_nothing_and_one_broken_off_goes_on);
async fn a_challenge_of_another_state_ends_nothing_and_one_broken_off_goes_on(on: On) {
    let (t, yesterday) = lost(on).await;
    let clock = || Arc::clone(&t.clock) as Arc<dyn Clock>;
    // A challenge of today's database does not end yesterday's.
    let (of_today, _) = signed(&t.site.layout()).await;
    let layout = yesterday.layout();
    let refused = end_former(&layout, &passphrase(), &of_today).await;
    assert!(matches!(refused, Err(LifeError::Other(_))), "{refused:?}");
    assert!(try_open(&layout, clock(), None).await.is_err());
    let (challenge, former) = signed(&layout).await;
    end_former(&layout, &passphrase(), &challenge).await.unwrap();
    // Broken off here: it does not start as if nothing had been, and goes on when it is asked again.
    assert!(try_open(&layout, clock(), None).await.is_err());
    end_former(&layout, &passphrase(), &challenge).await.unwrap();
    let vault = Vault::open_again(&layout, passphrase(), clock(), former.clone()).await.unwrap();
    vault.close().await;
    end_former(&layout, &passphrase(), &challenge).await.unwrap();
    let vault = Vault::open_again(&layout, passphrase(), clock(), former).await.unwrap();
    assert_eq!(vault.log_key.name(), "test/donggaodi/2");
    vault.close().await;
}

#[test]
fn what_two_officers_did_not_sign_is_not_reopened() {
    use std::process::Command;
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let run = |arguments: &[&str]| {
        let out = Command::new(gridvault_tests::binary()).args(arguments).output().unwrap();
        (
            out.status.code().unwrap(),
            String::from_utf8(out.stdout).unwrap(),
            String::from_utf8(out.stderr).unwrap(),
        )
    };
    let mut keys = Vec::new();
    for name in ["a", "b", "c"] {
        let (code, key, _) = run(&["log", "key", &path(name), "--name", &format!("officer/{name}")]);
        assert_eq!(code, 0);
        keys.push(key.trim().to_owned());
    }
    assert_eq!(run(&["log", "key", &path("a"), "--name", "officer/a"]).0, 1, "never over another");
    std::fs::write(path("passphrase"), "correct horse battery\n").unwrap();
    let settings = format!(
        "[database]\nurl = \"sqlite://{}\"\n[keys]\nfile = \"{}\"\npassphrase_file = \"{}\"\n[log]\npin_file = \"{}\"\nofficers = [\"{}\", \"{}\"]\n",
        path("vault.db"),
        path("keys.json"),
        path("passphrase"),
        path("pin"),
        keys[0],
        keys[1]
    );
    std::fs::write(path("gridvault.toml"), settings).unwrap();
    let config = path("gridvault.toml");
    let (code, made, words) = run(&["init", "--config", &config]);
    assert_eq!(code, 0, "{words}");
    let old_key = made.lines().find_map(|line| line.strip_prefix("log key ")).unwrap().to_owned();
    std::fs::remove_file(path("pin")).unwrap();
    let (code, _, words) = run(&["serve", "--config", &config]);
    assert!(code == 1 && words.contains("log-rollback"), "{words}");
    // One officer's key twice is no two officers.
    let settings = std::fs::read_to_string(path("gridvault.toml")).unwrap();
    std::fs::write(path("gridvault.toml"), settings.replace(&keys[1], &keys[0])).unwrap();
    let words = run(&["log", "challenge", "--config", &config, "--reason", "pin_lost"]);
    assert!(words.0 == 1 && words.2.contains("is there twice"), "{words:?}");
    std::fs::write(path("gridvault.toml"), settings).unwrap();
    let challenge = path("challenge.txt");
    let (code, said, words) =
        run(&["log", "challenge", "--config", &config, "--out", &challenge, "--reason", "pin_lost"]);
    assert_eq!(code, 0, "{words}");
    assert!(said.contains("two officers"), "{said}");
    for name in ["a", "b", "c"] {
        let (code, line, words) = run(&["log", "sign", &challenge, "--key", &path(name)]);
        assert!(code == 0 && words.contains("ends"), "{words}");
        std::fs::write(path(&format!("{name}.sig")), line).unwrap();
    }
    let reopen = |signatures: &[&str]| {
        let mut arguments = vec![
            "log".to_owned(),
            "reopen".into(),
            "--config".into(),
            config.clone(),
            "--challenge".into(),
            challenge.clone(),
        ];
        for name in signatures {
            arguments.extend(["--signature".into(), path(name)]);
        }
        run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    for too_few in [&["a.sig"][..], &["a.sig", "a.sig"], &["a.sig", "c.sig"]] {
        let (code, _, words) = reopen(too_few);
        assert!(code == 1 && words.contains("two officers"), "{too_few:?}: {words}");
    }
    let text = std::fs::read_to_string(&challenge).unwrap();
    std::fs::write(&challenge, text.replace("pin_lost", "no_reason")).unwrap();
    assert_eq!(reopen(&["a.sig", "b.sig"]).0, 1, "another text than they signed");
    std::fs::write(&challenge, text).unwrap();
    let (code, said, words) = reopen(&["a.sig", "b.sig"]);
    assert_eq!(code, 0, "{words}");
    let new_key = said.lines().last().unwrap().rsplit(' ').next().unwrap().to_owned();
    assert!(new_key.contains("/2+") && new_key != old_key, "{said}");
    let (code, said, words) =
        run(&["audit", "verify", "--data", &dir.path().display().to_string(), "--key", &new_key]);
    assert_eq!(code, 0, "{said}{words}");
    let (code, said, _) = run(&[
        "audit",
        "verify",
        "--data",
        &dir.path().display().to_string(),
        "--key",
        &old_key,
        "--life",
        "1",
    ]);
    assert_eq!(code, 3, "{said}");
}
