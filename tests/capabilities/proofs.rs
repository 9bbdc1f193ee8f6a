//! The public log: checkpoints on the grid, tiles, bundles for officers, and proofs where people are.

use gridvault_audit::{Checkpoint, Frontier, Layer, ProofFile, Tile, leaf_hash, unbundle};
use gridvault_tests::{Answer, On, TestVault, on_both};
use serde_json::json;

/// Five minutes, microseconds: from one place on the grid to the next.
pub(crate) const GRID: i64 = 300_000_000;

async fn get(t: &TestVault, path: &str) -> Answer {
    t.call("GET", &format!("/log/donggaodi/{path}"), None, None).await
}

/// The next place on the grid.
pub(crate) async fn publish(t: &TestVault) -> Checkpoint {
    t.clock.step(GRID);
    t.vault.publisher.publish().await.unwrap();
    t.vault.publisher.newest().unwrap().checkpoint.clone()
}

on_both!(the_log_is_shown_as_far_as_it_was_published_and_no_further);
async fn the_log_is_shown_as_far_as_it_was_published_and_no_further(on: On) {
    let t = TestVault::street(on).await;
    for path in ["checkpoint", "tile/0/000.p/1", "checkpoints/5"] {
        assert_eq!(get(&t, path).await.status, 404, "{path}");
    }
    let shown = publish(&t).await;
    assert!(shown.size > 256, "the street has {} entries", shown.size);
    let note = get(&t, "checkpoint").await;
    assert_eq!(Checkpoint::open(&note.text, std::slice::from_ref(&t.vault.log_key)), Ok(shown.clone()));
    assert_eq!(note.headers["cache-control"], "public, max-age=5");
    // More entries, and nothing that is shown tells of them.
    for _ in 0..5 {
        t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
    }
    assert_eq!(get(&t, "checkpoint").await.text, note.text);
    let (full, width) = (shown.size / 256, shown.size % 256);
    assert_eq!(get(&t, &format!("tile/0/{full:03}.p/{}", width + 1)).await.status, 404);
    let partial = get(&t, &format!("tile/0/{full:03}.p/{width}")).await;
    assert_eq!(partial.headers["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(partial.bytes.len(), usize::try_from(width).unwrap() * 32);
    // The same slot again publishes nothing new; the next one does.
    t.vault.publisher.publish().await.unwrap();
    assert_eq!(get(&t, "checkpoint").await.text, note.text);
    let later = publish(&t).await;
    assert!(later.size > shown.size);
    let sizes = get(&t, "checkpoints").await.body;
    assert_eq!(sizes, json!({ "sizes": [shown.size, later.size], "next": null }));
    assert_eq!(get(&t, &format!("checkpoints/{}", shown.size)).await.text, note.text);
    let keys = get(&t, "keys.json").await.body;
    assert_eq!(keys["keys"][0]["key"], t.vault.log_key.to_string());
    assert_eq!(get(&t, "witnesses.json").await.body, json!({ "witnesses": [] }));
    assert_eq!(t.call("GET", "/log/elsewhere/checkpoint", None, None).await.status, 404);
    assert_eq!(
        t.call("GET", "/readyz", None, None).await.body,
        json!({ "ready": true, "witnesses": "unwitnessed" })
    );
}

on_both!(tiles_and_bundles_add_up_to_the_published_root);
async fn tiles_and_bundles_add_up_to_the_published_root(on: On) {
    let t = TestVault::street(on).await;
    let shown = publish(&t).await;
    let size = t.size().await;
    let (mut of_tiles, mut of_bundles) = (Frontier::default(), Frontier::default());
    for tile in Tile::of_size(shown.size) {
        let Answer { status, bytes, .. } = get(&t, &tile.to_string()).await;
        assert_eq!((status, bytes.len()), (200, usize::from(tile.width) * 32), "{tile}");
        if tile.layer == Layer::Hashes(0) {
            bytes.as_chunks::<32>().0.iter().for_each(|leaf| of_tiles.push(*leaf));
        }
    }
    assert_eq!(of_tiles.root(), shown.root);
    assert_eq!(t.size().await, size, "hashes are anybody's");
    for layer in [Layer::Entries, Layer::Private] {
        for tile in Tile::of_layer(layer, shown.size) {
            let path = format!("/log/donggaodi/{tile}");
            assert_eq!(t.call("GET", &path, None, None).await.status, 401);
            let steward = &t.caller("data_steward", "none").token;
            assert_eq!(t.call("GET", &path, Some(steward), None).await.status, 403);
            let answer = t.call("GET", &path, Some(t.officer()), None).await;
            assert_eq!(answer.status, 200, "{tile}");
            let parts = unbundle(&answer.bytes).unwrap();
            assert_eq!(parts.len(), usize::from(tile.width));
            if layer == Layer::Entries {
                parts.iter().for_each(|public| of_bundles.push(leaf_hash(public)));
            }
        }
    }
    assert_eq!(of_bundles.root(), shown.root);
    let exported = json!({ "kinds": ["trail.exported"] });
    let entries = t.call("POST", "/v1/audit/queries", Some(t.officer()), Some(&exported)).await;
    assert_eq!(entries.body["entries"].as_array().unwrap().len(), 1, "one an hour");
}

on_both!(a_line_is_proven_once_a_checkpoint_covers_it_and_to_nobody_else);
async fn a_line_is_proven_once_a_checkpoint_covers_it_and_to_nobody_else(on: On) {
    let t = TestVault::street(on).await;
    let resident = t.task(0).resident.unwrap();
    let looked = t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
    let id = looked.body["lookup"]["id"].as_str().unwrap();
    let (session, other) = (t.sign_in(resident).await, t.sign_in(t.task(1).resident.unwrap()).await);
    let path = format!("/v1/me/lookups/{id}/proof");
    assert_eq!(t.call("GET", &path, Some(&session), None).await.status, 404, "no checkpoint covers it yet");
    publish(&t).await;
    let line = t.call("GET", "/v1/me/lookups", Some(&session), None).await.body["lookups"][0].clone();
    assert_eq!((&line["id"], &line["proof"]), (&json!(id), &json!("ready")));
    let answer = t.call("GET", &path, Some(&session), None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let proof = ProofFile::parse(&answer.text).unwrap();
    let (checkpoint, cosigned) = proof.verify(&t.vault.log_key, &[]).unwrap();
    assert!(cosigned.is_empty() && checkpoint.size > proof.index);
    let leaf = data_encoding::HEXLOWER.encode(&leaf_hash(&proof.public));
    assert_eq!(looked.body["lookup"]["hash"], json!(leaf));
    assert_eq!(
        answer.headers["content-disposition"],
        format!("attachment; filename=\"{}.tlog-proof\"", proof.index)
    );
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(t.call("GET", &path, Some(&other), None).await.status, 404, "another's line");
    assert_eq!(t.call("GET", &path, Some(&t.chief().token), None).await.status, 403);
    // The officer's way to the same.
    let by_number = format!("/v1/audit/entries/{}/proof", proof.index);
    let again = t.call("GET", &by_number, Some(t.officer()), None).await;
    assert_eq!(ProofFile::parse(&again.text).unwrap().public, proof.public);
    let entry = t.call("GET", &format!("/v1/audit/entries/{}", proof.index), Some(t.officer()), None).await;
    assert_eq!(entry.body["public"]["seq"], json!(proof.index));
    assert_eq!(entry.body["private"]["actor"]["id"], json!(t.chief().holder.to_string()));
    assert_eq!(t.entries(1).await[0].0["kind"], "trail.read");
    for nothing in ["999999999", "-1", "x", "18446744073709551616"] {
        let answer = t.call("GET", &format!("/v1/audit/entries/{nothing}"), Some(t.officer()), None).await;
        assert_eq!(answer.status, 404, "{nothing}");
    }
}

#[tokio::test]
async fn the_page_that_checks_proofs_knows_this_logs_key_and_loads_nothing() {
    let t = TestVault::street(On::Sqlite).await;
    let page = t.call("GET", "/verify", None, None).await;
    assert_eq!(
        (page.status, page.headers["content-type"].to_str().unwrap()),
        (200, "text/html; charset=utf-8")
    );
    assert!(page.text.contains(&format!("\"key\":\"{}\"", t.vault.log_key)), "the log's key is filled in");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'sha256-")
            && policy.ends_with("frame-ancestors 'none'")
    );
    assert!(
        !policy.contains("unsafe") && !page.text.contains("src=\"http") && !page.text.contains("innerHTML")
    );
}

on_both!(tiles_that_were_altered_prove_nothing_and_are_made_anew);
async fn tiles_that_were_altered_prove_nothing_and_are_made_anew(on: On) {
    let t = TestVault::street(on).await;
    publish(&t).await;
    let zeros = if on == On::Sqlite { "zeroblob(8192)" } else { "decode(repeat('00', 8192), 'hex')" };
    assert_eq!(t.site.sql(&format!("UPDATE tiles SET hashes = {zeros} WHERE level = 0 AND n = 0")).await, 1);
    let answer = t.call("GET", "/v1/audit/entries/3/proof", Some(t.officer()), None).await;
    assert_eq!(answer.status, 500, "{}", answer.text);
    t.site.sql("DELETE FROM tiles WHERE level > 0").await;
    publish(&t).await;
    let answer = t.call("GET", "/v1/audit/entries/3/proof", Some(t.officer()), None).await;
    assert!(ProofFile::parse(&answer.text).unwrap().verify(&t.vault.log_key, &[]).is_ok());
}

on_both!(two_instances_publish_one_checkpoint_at_a_place_on_the_grid);
async fn two_instances_publish_one_checkpoint_at_a_place_on_the_grid(on: On) {
    let t = TestVault::street(on).await;
    let other = t.instance("pin-2").await;
    let first = publish(&t).await;
    other.look(&other.chief().token, other.visit(0, &["person.name"])).await;
    other.vault.publisher.publish().await.unwrap();
    assert_eq!(other.vault.publisher.newest().unwrap().checkpoint, first);
    other.clock.step(GRID);
    other.vault.publisher.publish().await.unwrap();
    t.vault.publisher.publish().await.unwrap();
    let newest = t.vault.publisher.newest().unwrap();
    assert_eq!(newest, other.vault.publisher.newest().unwrap());
    assert!(newest.checkpoint.size > first.size);
}
