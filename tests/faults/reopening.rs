//! A reopening that is broken off, asked with what was not signed, or meant to hide something.

use std::sync::Arc;

use gridvault::clock::Clock;
use gridvault::life::{Challenge, LifeError, end_former};
use gridvault::register::Former;
use gridvault::store::Store;
use gridvault::trail::{Trust, Verdict, WitnessAddress, prune, verify_database};
use gridvault::{Layout, OpenError, Vault};
use gridvault_audit::{SignerKey, SigningKey, VerifierKey};
use gridvault_tests::{On, Site, TestVault, on_both, try_open};
use serde_json::json;
use sqlx::Executor as _;

use crate::lives::{officer, passphrase, publish, signed};
use crate::witnesses::{Near, asking, key as witness_key, listen};

/// A street that was looked at, a consent withdrawn, published, and gone on with; stopped.
async fn closed(on: On) -> TestVault {
    let t = TestVault::street(on).await;
    t.look(&t.chief().token, t.visit(0, &["person.name", "premises.address"])).await;
    let session = t.sign_in(t.task(0).resident.unwrap()).await;
    let withdrawn = json!({ "state": "withdrawn" });
    let put = t.call("PUT", "/v1/me/consents/home_visit_care", Some(&session), Some(&withdrawn)).await;
    assert_eq!(put.status, 200, "{}", put.text);
    publish(&t).await;
    t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
    t.vault.close().await;
    t
}

fn clock(t: &TestVault) -> Arc<dyn Clock> {
    Arc::clone(&t.clock) as Arc<dyn Clock>
}

async fn end(layout: &Layout, challenge: &Challenge) -> Result<(), LifeError> {
    end_former(layout, &passphrase(), challenge).await
}

/// Both halves of `log reopen`.
async fn reopen(t: &TestVault, layout: &Layout, of: &(Challenge, Former)) -> Result<VerifierKey, String> {
    end(layout, &of.0).await.map_err(|error| error.to_string())?;
    let vault = Vault::open_again(layout, passphrase(), clock(t), of.1.clone()).await;
    let vault = vault.map_err(|error| error.to_string())?;
    vault.close().await;
    Ok(vault.log_key.clone())
}

/// The present life, against its pin; or a former one.
async fn verdict(site: &Site, key: &VerifierKey, life: Option<&str>) -> Verdict {
    let mut store = Store::open_to_verify(&site.location()).await.unwrap();
    let mut trust = Trust { key: Some(key.clone()), ..Trust::default() };
    match life {
        Some(life) => store = store.of_life(life),
        None => trust.against.push(std::fs::read_to_string(site.layout().pin).unwrap()),
    }
    let verified = verify_database(&store, &trust, &|_| ()).await.unwrap();
    store.close().await;
    verified.verdict
}

/// The new life is whole and proven, the former one whole, and somebody can be looked up.
async fn goes_on(t: &TestVault, site: &Arc<Site>, key: &VerifierKey) -> TestVault {
    assert_eq!(verdict(site, key, None).await, Verdict::Proven);
    let former = verdict(site, &t.vault.log_key, Some("donggaodi/1")).await;
    assert!(matches!(former, Verdict::Consistent(_)), "{former:?}");
    let u = TestVault::reopened(Arc::clone(site), &site.layout(), Arc::clone(&t.clock), t.demo.clone()).await;
    assert_eq!(u.look(&u.chief().token, u.visit(0, &["person.name"])).await.status, 403, "it was withdrawn");
    assert_eq!(u.look(&u.chief().token, u.visit(1, &["person.name"])).await.status, 200);
    u
}

fn pin_of(layout: &Layout, life: &str) -> std::path::PathBuf {
    format!("{}.{life}", layout.pin.display()).into()
}

/// Where a step is broken off, and whether the former log may still be served then.
const STEPS: [(&str, bool); 10] = [
    ("BEFORE UPDATE OF tenant ON heads", true),
    ("BEFORE UPDATE OF tenant ON entries", false),
    ("BEFORE UPDATE OF tenant ON entry_tags", false),
    ("BEFORE UPDATE OF tenant ON checkpoints", false),
    ("BEFORE UPDATE OF tenant ON tiles", false),
    ("BEFORE INSERT ON entries", false),
    ("BEFORE UPDATE ON records", false),
    ("BEFORE UPDATE ON tokens", false),
    ("BEFORE UPDATE ON tasks", false),
    ("BEFORE UPDATE ON policies", false),
];

#[tokio::test]
async fn a_reopening_that_is_broken_off_at_any_step_goes_on_when_it_is_asked_again() {
    let t = closed(On::Sqlite).await;
    for (step, served) in STEPS {
        let site = Arc::new(t.site.copy().await);
        let layout = site.layout();
        let (of, other) = (signed(&layout).await, signed(&layout).await);
        site.sql(&format!("CREATE TRIGGER off {step} BEGIN SELECT RAISE(ABORT, 'x'); END")).await;
        for _ in 0..2 {
            let off = reopen(&t, &layout, &of).await;
            assert!(off.is_err(), "{step}: {off:?}");
        }
        site.sql("DROP TRIGGER off").await;
        if !served {
            let started = try_open(&layout, clock(&t), None).await;
            assert!(matches!(started, Err(OpenError::Unfinished(_))), "{step}: {:?}", started.err());
        }
        let key = reopen(&t, &layout, &of).await.unwrap_or_else(|error| panic!("{step}: {error}"));
        assert_eq!(reopen(&t, &layout, &of).await, Ok(key.clone()), "{step}: what is done is done");
        // Another challenge of the same state was signed as well: it is not what this life began with.
        assert!(reopen(&t, &layout, &other).await.is_err(), "{step}");
        goes_on(&t, &site, &key).await.vault.close().await;
    }
}

#[tokio::test]
async fn a_head_that_another_instance_moves_meanwhile_is_not_ended() {
    let t = closed(On::Postgres).await;
    let layout = t.site.layout();
    let (challenge, _) = signed(&layout).await;
    let url = t.site.url().unwrap();
    let pool = sqlx::PgPool::connect(&url).await.unwrap();
    let mut writing = pool.begin().await.unwrap();
    writing.execute("SELECT * FROM heads FOR UPDATE").await.unwrap();
    let ending = tokio::spawn(async move { end(&layout, &challenge).await });
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    while sqlx::query_scalar::<_, i64>(waits).fetch_one(&pool).await.unwrap() == 0 {
        tokio::task::yield_now().await;
    }
    writing.execute("UPDATE heads SET at = at + 1").await.unwrap();
    writing.commit().await.unwrap();
    let ended = ending.await.unwrap();
    assert!(matches!(&ended, Err(LifeError::Other(why)) if why.contains("instance")), "{ended:?}");
    let moved: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM heads WHERE tenant LIKE '%/1') + (SELECT count(*) FROM entries WHERE tenant LIKE '%/1')",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(moved, 0);
    assert!(!std::fs::read_to_string(&t.site.layout().keys).unwrap().contains("log/2"));
    pool.close().await;
}

#[tokio::test]
async fn an_instance_that_still_runs_writes_nothing_more_once_the_head_was_moved() {
    let t = TestVault::street(On::Postgres).await;
    publish(&t).await;
    let layout = t.site.instance("own-pin");
    let of = signed(&layout).await;
    end(&layout, &of.0).await.unwrap();
    let look = || t.look(&t.chief().token, t.visit(0, &["person.name"]));
    assert_eq!(look().await.status, 503);
    let vault = Vault::open_again(&layout, passphrase(), clock(&t), of.1).await.unwrap();
    assert_eq!(look().await.status, 503);
    let key = vault.log_key.clone();
    vault.close().await;
    t.vault.close().await;
    std::fs::copy(&layout.pin, t.site.layout().pin).unwrap();
    assert_eq!(verdict(&t.site, &key, None).await, Verdict::Proven);
}

on_both!(what_was_not_signed_is_not_ended);
async fn what_was_not_signed_is_not_ended(on: On) {
    let t = closed(on).await;
    let older = t.site.copy().await;
    let layout = t.site.layout();
    let t = TestVault::reopened(Arc::clone(&t.site), &layout, Arc::clone(&t.clock), t.demo.clone()).await;
    t.look(&t.chief().token, t.visit(1, &["person.name"])).await;
    t.vault.close().await;
    let (challenge, _) = signed(&layout).await;
    // The pin is another than it was.
    let pin = std::fs::read(&layout.pin).unwrap();
    std::fs::copy(older.layout().pin, &layout.pin).unwrap();
    let refused = end(&layout, &challenge).await;
    assert!(matches!(&refused, Err(LifeError::Other(why)) if why.contains("pin")), "{refused:?}");
    std::fs::remove_file(&layout.pin).unwrap();
    assert!(matches!(end(&layout, &challenge).await, Err(LifeError::Other(_))));
    std::fs::write(&layout.pin, &pin).unwrap();
    // Broken off behind the new key: an older database with the key file of now is not the one that was signed.
    std::fs::create_dir(pin_of(&layout, "1")).unwrap();
    assert!(matches!(end(&layout, &challenge).await, Err(LifeError::Pin(..))));
    std::fs::remove_dir(pin_of(&layout, "1")).unwrap();
    assert!(std::fs::read_to_string(&layout.keys).unwrap().contains("log/2"));
    std::fs::copy(&layout.keys, older.layout().keys).unwrap();
    std::fs::copy(&layout.pin, older.layout().pin).unwrap();
    let refused = end(&older.layout(), &challenge).await;
    assert!(matches!(&refused, Err(LifeError::Other(why)) if why.contains("head")), "{refused:?}");
    // Nor is what lies there moved aside already, of another head.
    end(&layout, &challenge).await.unwrap();
    t.site.sql("DELETE FROM heads").await;
    assert!(matches!(end(&layout, &challenge).await, Err(LifeError::Other(_))));
}

on_both!(rows_that_were_removed_or_changed_are_not_made_true_by_reopening);
async fn rows_that_were_removed_or_changed_are_not_made_true_by_reopening(on: On) {
    let t = closed(on).await;
    let (site, layout) = (Arc::clone(&t.site), t.site.layout());
    site.sql("CREATE TABLE kept_consents AS SELECT * FROM consents").await;
    let withdrawal = "DELETE FROM consents WHERE seq = (SELECT max(seq) FROM consents)";
    let put_back =
        "INSERT INTO consents SELECT * FROM kept_consents WHERE id NOT IN (SELECT id FROM consents)";
    let of = signed(&layout).await;
    assert_eq!(site.sql(withdrawal).await, 1);
    let refused = Challenge::of(&layout, passphrase(), "disk_lost").await;
    assert!(matches!(&refused, Err(LifeError::NotWhole(why)) if why.contains("consents/")), "{refused:?}");
    assert!(matches!(end(&layout, &of.0).await, Err(LifeError::NotWhole(_))));
    assert_eq!(site.sql(put_back).await, 1);
    end(&layout, &of.0).await.unwrap();
    // Between the steps, too.
    for (change, mended) in
        [(withdrawal, put_back), ("UPDATE consents SET rev = rev + 1", "UPDATE consents SET rev = rev - 1")]
    {
        assert!(site.sql(change).await > 0);
        let refused = Vault::open_again(&layout, passphrase(), clock(&t), of.1.clone()).await;
        assert!(
            matches!(&refused, Err(OpenError::Rows(why)) if why.contains("consents/")),
            "{:?}",
            refused.err()
        );
        assert!(matches!(try_open(&layout, clock(&t), None).await, Err(OpenError::Unfinished(_))));
        assert!(site.sql(mended).await > 0);
    }
    // And entries of the former log, which tell what rows there were.
    site.sql("UPDATE entries SET at = at + 1 WHERE seq = 5 AND tenant LIKE '%/1'").await;
    let refused = Vault::open_again(&layout, passphrase(), clock(&t), of.1.clone()).await;
    assert!(matches!(&refused, Err(OpenError::Rows(_))), "{:?}", refused.err());
    site.sql("UPDATE entries SET at = at - 1 WHERE seq = 5 AND tenant LIKE '%/1'").await;
    site.sql("DROP TABLE kept_consents").await;
    let key = reopen(&t, &layout, &of).await.unwrap();
    goes_on(&t, &site, &key).await.vault.close().await;
}

on_both!(orders_to_remove_end_with_the_log_that_they_were_given_in);
async fn orders_to_remove_end_with_the_log_that_they_were_given_in(on: On) {
    let t = TestVault::street(on).await;
    let near = Near::of(&t.vault, 1).await;
    let layout = asking(&t.site, &[&near.address]);
    let mut t = t.again(&layout).await;
    for _ in 0..5 {
        t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
    }
    publish(&t).await;
    t.clock.step(4 * 366 * 24 * gridvault_tests::HOUR);
    t = t.again(&layout).await;
    let fresh = async |role: &str| {
        let holder = gridvault::authority::Holder::Person(t.caller(role, "none").holder);
        let posture = gridvault_policy::Posture::Office;
        let token = gridvault::register::issue_token(&t.vault, holder, posture, gridvault_tests::HOUR).await;
        token.unwrap().reveal().to_owned()
    };
    let (officer, steward) = (fresh("privacy_officer").await, fresh("data_steward").await);
    let order = async |what: &str| {
        let body = json!({ "what": what, "before": "2027-01-01T00:00:00+08:00" });
        let proposed = t.call("POST", "/v1/audit/prunings", Some(&officer), Some(&body)).await;
        let path = format!("/v1/proposals/{}/confirm", proposed.body["proposal"].as_str().unwrap());
        assert_eq!(t.call("POST", &path, Some(&steward), None).await.status, 200);
    };
    order("entries").await;
    publish(&t).await;
    assert!(prune(&t.vault.store, t.clock.now()).await.unwrap() > 0);
    // Ordered, and not carried out before the log was lost.
    order("private_parts").await;
    publish(&t).await;
    t.vault.close().await;
    let of = signed(&layout).await;
    let key = reopen(&t, &layout, &of).await.unwrap();
    let u = TestVault::reopened(Arc::clone(&t.site), &layout, Arc::clone(&t.clock), t.demo.clone()).await;
    assert!(u.vault.store.prunings().await.unwrap().is_empty());
    assert_eq!(u.vault.former[0].prunings().await.unwrap().len(), 2);
    publish(&u).await;
    assert_eq!(prune(&u.vault.store, u.clock.now()).await.unwrap(), 0);
    // Nor is anything removed because the database says so.
    for what in ["entries", "private_parts"] {
        u.site.sql(&format!("INSERT INTO prunings VALUES ('donggaodi', '{what}', 100000, 0)")).await;
    }
    assert_eq!(prune(&u.vault.store, u.clock.now()).await.unwrap(), 0);
    u.site.sql("DELETE FROM prunings WHERE upto = 100000").await;
    u.vault.close().await;
    assert_eq!(verdict(&t.site, &key, None).await, Verdict::Proven);
    let former = verdict(&t.site, &t.vault.log_key, Some("donggaodi/1")).await;
    assert!(matches!(former, Verdict::Consistent(_)), "{former:?}");
}

on_both!(asked_again_after_the_pin_was_lost_the_new_pin_stays);
async fn asked_again_after_the_pin_was_lost_the_new_pin_stays(on: On) {
    let t = closed(on).await;
    let layout = t.site.layout();
    std::fs::remove_file(&layout.pin).unwrap();
    let of = signed(&layout).await;
    assert!(of.0.in_words().contains("no pin is here"), "{}", of.0.in_words());
    let key = reopen(&t, &layout, &of).await.unwrap();
    let pin = std::fs::read(&layout.pin).unwrap();
    end(&layout, &of.0).await.unwrap();
    assert_eq!(std::fs::read(&layout.pin).unwrap(), pin);
    assert!(!pin_of(&layout, "1").exists());
    assert_eq!(reopen(&t, &layout, &of).await, Ok(key.clone()));
    goes_on(&t, &t.site, &key).await.vault.close().await;
    // And once more: what lies aside already is neither moved nor taken for it.
    let of = signed(&layout).await;
    let third = reopen(&t, &layout, &of).await.unwrap();
    assert_eq!((third.name(), pin_of(&layout, "2").exists()), ("test/donggaodi/3", true));
    assert_eq!(verdict(&t.site, &third, None).await, Verdict::Proven);
    for (life, key) in [("donggaodi/1", &t.vault.log_key), ("donggaodi/2", &key)] {
        let former = verdict(&t.site, key, Some(life)).await;
        assert!(matches!(former, Verdict::Consistent(_)), "{life}: {former:?}");
    }
}

#[test]
fn one_officer_under_two_names_is_one() {
    let of = |cosigned: &str, nonce: &str| {
        let text =
            format!("former d/t\nnew d/t/2\npinned none\n{cosigned}kept none\nreason x\nnonce {nonce}\n");
        Challenge::parse(&format!("gridvault log reopen\n{text}"))
    };
    let nonce = "0123456789abcdef0123456789abcdef";
    for (cosigned, nonce) in [("", nonce), ("cosigned none\n", "王"), ("cosigned none\ncosigned\n", nonce)] {
        assert!(matches!(of(cosigned, nonce), Err(LifeError::Form)), "{cosigned}{nonce}");
    }
    let challenge = of("cosigned none\n", nonce).unwrap();
    let text = challenge.text();
    let named = |name: &str| SigningKey::from_seed(&zeroize::Zeroizing::new([1; 32]), name).unwrap();
    let (wang, li) = (named("officer/wang"), named("officer/li"));
    let lines = [wang.sign(&text), li.sign(&text), officer(2).sign(&text)].concat();
    let accepted = |officers: &[SignerKey]| challenge.accepted(officers, &lines);
    for one in [
        vec![wang.verifier()],
        vec![wang.verifier(), wang.verifier()],
        vec![wang.verifier(), li.verifier()],
        vec![wang.verifier(), officer(3).verifier()],
    ] {
        assert!(matches!(accepted(&one), Err(LifeError::TooFew)), "{one:?}");
        let keys: Vec<_> = one.iter().map(ToString::to_string).collect();
        assert_eq!(gridvault::life::officers(&keys).is_ok(), one[1..].contains(&officer(3).verifier()));
    }
    let former = accepted(&[wang.verifier(), officer(2).verifier()]).unwrap();
    assert_eq!(former.keys, [wang.verifier().to_string(), officer(2).verifier().to_string()]);
    let many = of(&"cosigned witness.test/1+unreachable\n".repeat(200), nonce).unwrap();
    let lines = [wang.sign(&many.text()), officer(2).sign(&many.text())].concat();
    let refused = many.accepted(&[wang.verifier(), officer(2).verifier()], &lines);
    assert!(matches!(refused, Err(LifeError::TooLong)), "{refused:?}");
    let another = [wang.sign("another\n"), officer(2).sign(&text)].concat();
    let refused = challenge.accepted(&[wang.verifier(), officer(2).verifier()], &another);
    assert!(matches!(&refused, Err(LifeError::Signature(name)) if name == "officer/wang"), "{refused:?}");
}

on_both!(a_challenge_says_of_each_witness_what_it_knows_or_that_it_could_not_be_asked);
async fn a_challenge_says_of_each_witness_what_it_knows_or_that_it_could_not_be_asked(on: On) {
    let t = TestVault::street(on).await;
    let (near, idle) = (Near::of(&t.vault, 1).await, Near::of(&t.vault, 3).await);
    let gone = WitnessAddress { key: witness_key(2).verifier(), url: "http://127.0.0.1:1".into() };
    let liar = listen(axum::Router::new().fallback(|| async { "something else" })).await;
    let liar = WitnessAddress { key: witness_key(4).verifier(), url: liar };
    let layout = asking(&t.site, &[&near.address]);
    let t = t.again(&layout).await;
    publish(&t).await;
    let size = t.vault.publisher.newest().unwrap().checkpoint.size;
    t.vault.close().await;
    let layout = asking(&t.site, &[&near.address, &gone, &idle.address, &liar]);
    let (challenge, former) = signed(&layout).await;
    let text = challenge.text();
    for line in [
        format!("\ncosigned witness.test/1+{size}:"),
        "\ncosigned witness.test/2+unreachable\n".into(),
        "\ncosigned witness.test/3+nothing\n".into(),
        "\ncosigned witness.test/4+unfit\n".into(),
    ] {
        assert!(text.contains(&line), "{line}: {text}");
    }
    assert!(challenge.in_words().contains("witness witness.test/2 COULD NOT BE ASKED"));
    // Where nobody answers it is said, or nothing is made.
    let alone = asking(&t.site, &[&gone]);
    let refused = Challenge::of(&alone, passphrase(), "disk_lost").await;
    assert!(matches!(refused, Err(LifeError::Unwitnessed)), "{refused:?}");
    let silent = Challenge::unwitnessed(&alone, passphrase(), "disk_lost").await.unwrap();
    assert!(silent.text().contains("\ncosigned witness.test/2+unreachable\nkept "));
    // One that answers otherwise than it was signed: nothing is ended.
    let refused = end(&asking(&t.site, &[&near.address]), &silent).await;
    assert!(matches!(&refused, Err(LifeError::Other(why)) if why.contains("witness")), "{refused:?}");
    let key = reopen(&t, &layout, &(challenge, former)).await.unwrap();
    assert_eq!(verdict(&t.site, &key, None).await, Verdict::Proven);
    assert!(signed(&t.site.layout()).await.0.text().contains("\ncosigned none\n"), "none is set");
}

on_both!(who_was_erased_stays_erased_in_a_database_of_before);
async fn who_was_erased_stays_erased_in_a_database_of_before(on: On) {
    let t = closed(on).await;
    let (resident, other) = (t.task(0).resident.unwrap(), t.task(5).resident.unwrap());
    let before = Arc::new(t.site.copy().await);
    let t = TestVault::reopened(Arc::clone(&t.site), &t.site.layout(), Arc::clone(&t.clock), t.demo.clone())
        .await;
    let erase = async |t: &TestVault, resident: uuid::Uuid| {
        let path = format!("/v1/residents/{resident}/erasure");
        let steward = &t.caller("data_steward", "none").token;
        let asked = t.call("POST", &path, Some(steward), Some(&json!({ "reason": "withdrawn" }))).await;
        assert_eq!(asked.status, 202, "{}", asked.text);
        let granted = t.call("PATCH", &path, Some(t.officer()), Some(&json!({ "granted": true }))).await;
        assert_eq!(granted.status, 204, "{}", granted.text);
    };
    erase(&t, resident).await;
    t.vault.close().await;
    let held = async |site: &Site| -> Vec<bool> {
        let store = Store::open_to_verify(&site.location()).await.unwrap();
        let held = store.envelopes(&[resident.as_bytes(), other.as_bytes()]).await.unwrap();
        store.close().await;
        [resident, other].iter().map(|id| held.iter().any(|one| one.record == id.as_bytes())).collect()
    };
    let list = |site: &Site| site.dir.path().join("pin.erased");
    let terms = format!("DELETE FROM terms WHERE record = {}", on.literal(resident.as_bytes()));
    // With its pin and put in place, without a `restore`: the next start is enough.
    let put_back = Arc::new(before.copy().await);
    std::fs::copy(list(&t.site), list(&put_back)).unwrap();
    assert_eq!(held(&put_back).await, [true, true]);
    try_open(&put_back.layout(), clock(&t), None).await.unwrap().close().await;
    assert_eq!(held(&put_back).await, [false, true]);
    assert_eq!(put_back.sql(&terms).await, 0, "no number finds the record");
    // One that is older than its pin is not served, and holds nothing of them all the same.
    let refused = before.copy().await;
    std::fs::copy(list(&t.site), list(&refused)).unwrap();
    std::fs::copy(t.site.layout().pin, refused.layout().pin).unwrap();
    assert!(matches!(try_open(&refused.layout(), clock(&t), None).await, Err(OpenError::Trail(_))));
    assert_eq!(held(&refused).await, [false, true]);
    assert_eq!(refused.sql(&terms).await, 0);
    // Gone on with as a new life.
    std::fs::copy(list(&t.site), list(&before)).unwrap();
    std::fs::copy(t.site.layout().pin, before.layout().pin).unwrap();
    let of = signed(&before.layout()).await;
    let key = reopen(&t, &before.layout(), &of).await.unwrap();
    assert_eq!(held(&before).await, [false, true]);
    assert_eq!(verdict(&before, &key, None).await, Verdict::Proven);
    // Numbers of the new life begin anew; the list says of which one they are.
    let u = TestVault::reopened(Arc::clone(&before), &before.layout(), Arc::clone(&t.clock), t.demo.clone())
        .await;
    // On record, once: the record's own row, with its tag, was that of before.
    let kinds = vec!["resident.erased".to_owned()];
    let filter = gridvault::store::EntryFilter { kinds, limit: 9, ..Default::default() };
    let erased = u.vault.store.entries(&filter).await.unwrap();
    assert_eq!(erased.len(), 1);
    assert!(String::from_utf8_lossy(erased[0].private.as_ref().unwrap()).contains(r#""stage":"again""#));
    let row =
        u.vault.store.row(gridvault::store::Table::Records, resident.as_bytes()).await.unwrap().unwrap();
    let header: gridvault::authority::Header = u.vault.keys.check(&row).unwrap();
    assert_eq!((header.state, header.tag.as_str()), (gridvault_policy::RecordState::Erased, ""));
    erase(&u, other).await;
    u.vault.close().await;
    assert_eq!(verdict(&before, &key, None).await, Verdict::Proven);
    let lines = std::fs::read_to_string(list(&before)).unwrap();
    let last = lines.lines().last().unwrap();
    assert!(last.starts_with("test/donggaodi/2 ") && last.ends_with(&other.to_string()), "{lines}");
    assert!(lines.starts_with("test/donggaodi "), "{lines}");
}
