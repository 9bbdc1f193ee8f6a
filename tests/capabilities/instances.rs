//! Several instances on one database: what one narrows, the next lookup of every other obeys; none takes over a log that
//! does not extend what it has seen. On SQLite, which takes one instance, the same through two doors of it.

use std::collections::HashMap;

use gridvault::authority::Holder;
use gridvault::clock::ManualClock;
use gridvault::register::issue_token;
use gridvault::store::{EntryFilter, Table};
use gridvault::trail::{Act, Change, Verdict};
use gridvault_policy::Posture;
use gridvault_tests::{HOUR, MORNING, On, TestVault, on_both, system_entry, try_open};
use serde_json::{Value, json};

fn long(short: usize, long: usize) -> usize {
    if std::env::var_os("GRIDVAULT_LONG").is_some() { long } else { short }
}

on_both!(no_lookup_is_allowed_behind_a_withdrawal_on_another_instance);
async fn no_lookup_is_allowed_behind_a_withdrawal_on_another_instance(on: On) {
    let a = TestVault::street(on).await;
    let b = a.instance("pin-b").await;
    let session = a.sign_in(a.task(0).resident.unwrap()).await;
    let put = async |state: &str| {
        let body = json!({ "state": state });
        let answer = a.call("PUT", "/v1/me/consents/home_visit_care", Some(&session), Some(&body)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    };
    let look = async || b.look(&b.chief().token, b.visit(0, &["person.name"])).await.status;
    for _ in 0..long(60, 1000) {
        let (_, started_before) = tokio::join!(put("withdrawn"), look());
        assert!(matches!(started_before, 200 | 403), "{started_before}");
        assert_eq!(look().await, 403, "started behind the withdrawal");
        put("given").await;
        assert_eq!(look().await, 200, "a new consent is obeyed at once, too");
    }
    let filter = EntryFilter { limit: i64::MAX, ..Default::default() };
    let (mut state, mut counted) = (HashMap::<Value, bool>::new(), 0);
    for entry in a.vault.store.entries(&filter).await.unwrap() {
        let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
        let (public, private) = (json(&entry.public), json(entry.private.as_deref().unwrap()));
        let subject = private["subject"]["tag"].clone();
        match public["kind"].as_str().unwrap() {
            "consent.given" => drop(state.insert(subject, true)),
            "consent.withdrawn" => drop(state.insert(subject, false)),
            "lookup" if public["basis"] == "consent" && public["result"] == "allowed" => {
                assert_ne!(state.get(&subject), Some(&false), "entry {} is behind a withdrawal", entry.seq);
                counted += 1;
            }
            _ => {}
        }
    }
    assert!(counted >= long(60, 1000));
    assert_eq!(a.verified().await.verdict, Verdict::Proven);
}

on_both!(what_one_instance_gives_or_takes_the_others_know);
async fn what_one_instance_gives_or_takes_the_others_know(on: On) {
    let a = TestVault::street(on).await;
    let b = a.instance("pin-b").await;
    let steward = a.caller("data_steward", "none");
    // A token given by one signs in at the other; ended by one, it ends at the other.
    let holder = Holder::Resident(a.task(0).resident.unwrap());
    let token = issue_token(&a.vault, holder, Posture::Office, HOUR).await.unwrap();
    assert_eq!(b.call("GET", "/v1/me/lookups", Some(token.reveal()), None).await.status, 200);
    assert_eq!(a.call("DELETE", "/v1/sessions/current", Some(token.reveal()), None).await.status, 204);
    assert_eq!(b.call("GET", "/v1/me/lookups", Some(token.reveal()), None).await.status, 401);
    // A task closed by one is closed for the other's next lookup, though its caller is remembered there.
    let visit = || b.visit(0, &["person.name"]);
    assert_eq!(b.look(&b.chief().token, visit()).await.status, 200);
    let path = format!("/v1/tasks/{}", a.task(0).id);
    let closed = json!({ "closed": true, "outcome": "done" });
    assert_eq!(a.call("PATCH", &path, Some(&steward.token), Some(&closed)).await.status, 204);
    assert_eq!(b.look(&b.chief().token, visit()).await.reason("person.name"), "task_closed");
    // An area made by one takes premises at the other.
    let area = json!({ "scheme": "social_grid", "code": "110106006901099", "name": "新网格", "level": "grid", "parent": "110106006901", "from": "2026-01-01" });
    a.import("areas", &steward.token, area.to_string()).await;
    let home = json!({ "fields": { "premises.code": "NEW-1", "premises.address": "新楼1号" }, "cells": { "social_grid": "110106006901099" } });
    let answer =
        b.call_raw("POST", "/v1/imports?kind=premises", Some(&steward.token), Some(home.to_string())).await;
    assert_eq!(answer.body["created"], 1, "{}", answer.text);
}

on_both!(under_another_policy_than_its_own_an_instance_decides_nothing);
async fn under_another_policy_than_its_own_an_instance_decides_nothing(on: On) {
    let a = TestVault::street(on).await;
    let b = a.instance("pin-b").await;
    assert_eq!(b.look(&b.chief().token, b.visit(0, &["person.name"])).await.status, 200);
    let entry = gridvault::register::policy_in_force(&a.vault).await.unwrap();
    assert_eq!(entry, Some(a.vault.book.load().manifest_hash()));
    // As an instance of another version does at its start.
    let (public, _) = a.entries(1).await.pop().unwrap();
    assert_eq!(public["kind"], "lookup");
    activate(&a, [7; 32]).await;
    let refused = b.look(&b.chief().token, b.visit(0, &["person.name"])).await;
    assert_eq!((refused.status, refused.problem()), (503, "audit-unavailable"));
    activate(&a, a.vault.book.load().manifest_hash()).await;
    assert_eq!(b.look(&b.chief().token, b.visit(0, &["person.name"])).await.status, 200);
}

async fn activate(t: &TestVault, hash: [u8; 32]) {
    let id = data_encoding::HEXLOWER.encode(&hash);
    let rev = t.vault.store.row(Table::Policies, id.as_bytes()).await.unwrap().map_or(1, |row| row.rev + 1);
    let row =
        t.vault.keys.row(Table::Policies, id.as_bytes(), rev, None, &json!({ "active": true })).unwrap();
    let mut entry = system_entry(gridvault_audit::Kind::PolicyActivated);
    entry.public.policy = Some(hash);
    let act = Act::new(&t.vault.keys, entry, Change::rows(vec![row]));
    t.vault.log.record(act).await.unwrap();
}

on_both!(two_instances_write_one_whole_log);
async fn two_instances_write_one_whole_log(on: On) {
    let a = TestVault::street(on).await;
    let b = a.instance("pin-b").await;
    let before = a.size().await;
    let look = async |t: &TestVault| {
        for _ in 0..40 {
            assert_eq!(t.look(&t.chief().token, t.visit(0, &["person.name"])).await.status, 200);
        }
    };
    tokio::join!(look(&a), look(&b), look(&a), look(&b), look(&b));
    assert_eq!(a.size().await, before + 200);
    assert_eq!(a.verified().await.verdict, Verdict::Proven);
    a.vault.close().await;
    b.vault.close().await;
    // Each pinned the newest head it knew; each pin is one that the log extends.
    for pin in ["pin", "pin-b"].iter().take(if on == On::Sqlite { 1 } else { 2 }) {
        let note = std::fs::read_to_string(a.site.dir.path().join(pin)).unwrap();
        let pinned =
            gridvault_audit::Checkpoint::open(&note, std::slice::from_ref(&a.vault.log_key)).unwrap();
        assert!(pinned.size > u64::try_from(before).unwrap(), "{pin}: {}", pinned.size);
    }
}

#[tokio::test]
async fn a_server_put_back_behind_a_running_instance_is_a_rollback() {
    let a = TestVault::street(On::Postgres).await;
    let b = a.instance("pin-b").await;
    let look = async |t: &TestVault| t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
    assert_eq!(look(&a).await.status, 200);
    assert_eq!(look(&b).await.status, 200);
    // The rights' revision turned back, to let an overtaken decision through.
    a.site.sql("UPDATE heads SET facts_rev = facts_rev - 1").await;
    let refused = look(&b).await;
    assert_eq!((refused.status, refused.problem()), (503, "log-rollback"), "{}", refused.text);
    assert!(refused.value("person.name").is_none());
    a.site.sql("UPDATE heads SET facts_rev = facts_rev + 1").await;
    assert_eq!(look(&b).await.status, 200);
    // A newer head whose time or last leaf is not that of its last entry, though root and signature hold.
    let leaf = "UPDATE heads SET leaf = set_byte(leaf, 0, 255 - get_byte(leaf, 0))";
    for (forge, back) in [("UPDATE heads SET at = at + 1", "UPDATE heads SET at = at - 1"), (leaf, leaf)] {
        assert_eq!(look(&a).await.status, 200);
        a.site.sql(forge).await;
        assert_eq!(look(&b).await.problem(), "log-rollback", "{forge}");
        a.site.sql(back).await;
        assert_eq!(look(&b).await.status, 200);
    }
    // A right that ended at the other instance, and the revision put back to what this one knew: counted in the entries.
    let session = a.sign_in(a.task(0).resident.unwrap()).await;
    assert_eq!(look(&b).await.status, 200);
    assert_eq!(a.call("DELETE", "/v1/sessions/current", Some(&session), None).await.status, 204);
    a.site.sql("UPDATE heads SET facts_rev = facts_rev - 1").await;
    assert_eq!(look(&b).await.problem(), "log-rollback");
    a.site.sql("UPDATE heads SET facts_rev = facts_rev + 1").await;
    // Idle for a while, so that it reads ahead before it takes the lock.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    assert_eq!(look(&b).await.status, 200);
    // The server as it was two entries ago: what is there is whole, but older than what both have seen.
    a.site.sql("CREATE TABLE old AS SELECT * FROM heads").await;
    assert_eq!(look(&a).await.status, 200);
    assert_eq!(look(&b).await.status, 200);
    a.site.sql("DELETE FROM entries WHERE seq >= (SELECT size FROM old)").await;
    a.site.sql("DELETE FROM heads").await;
    a.site.sql("INSERT INTO heads SELECT * FROM old").await;
    for t in [&a, &b] {
        assert_eq!(look(t).await.problem(), "log-rollback");
    }
    // Another history of the right length: not an extension either.
    a.site.sql("UPDATE heads SET size = size + 3").await;
    assert_eq!(look(&b).await.problem(), "log-rollback");
}

#[tokio::test]
async fn an_instance_without_a_pin_or_on_a_server_that_loses_commits_does_not_start() {
    let a = TestVault::street(On::Postgres).await;
    let later = std::sync::Arc::new(ManualClock::at(MORNING + 24 * 31 * HOUR));
    let words = async |layout: &gridvault::Layout| {
        try_open(layout, std::sync::Arc::clone(&later) as _, None).await.err().unwrap().to_string()
    };
    let without = gridvault::Layout { pin: a.site.dir.path().join("none"), ..a.site.layout() };
    assert!(words(&without).await.contains("log-rollback"));
    let mut early = a.site.instance("pin-c");
    early.clock_confirmed = false;
    assert!(words(&early).await.contains("--confirm-clock"), "its last entry is a month old");
    let name = a.site.url().unwrap().rsplit('/').next().unwrap().to_owned();
    a.site.sql(&format!("ALTER DATABASE {name} SET synchronous_commit = off")).await;
    let refused = words(&a.site.instance("pin-d")).await;
    assert!(refused.contains("`synchronous_commit` is off"), "{refused}");
}
