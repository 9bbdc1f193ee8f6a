//! Taking a register in: the fixtures' street, dry runs, running again, and what is refused by name.

use std::path::PathBuf;
use std::sync::Arc;

use gridvault::import::ImportKind;
use gridvault::import::file::{Sheet, Taken};
use gridvault_tests::{On, TestVault, notice, on_both};
use serde_json::json;

pub(crate) fn fixture(kind: ImportKind) -> String {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(format!("{}.csv", kind.as_str()));
    let lines = Sheet::open(kind, &path).unwrap().map(|taken| match taken.unwrap() {
        Taken::Line(line, None) => line,
        other => panic!("{other:?}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

on_both!(the_fixtures_street_is_taken_in_with_an_entry_each_and_again_changes_nothing);
async fn the_fixtures_street_is_taken_in_with_an_entry_each_and_again_changes_nothing(on: On) {
    let (t, token) = TestVault::empty(on).await;
    let mut made = Vec::new();
    for kind in ImportKind::ALL {
        let lines = fixture(*kind);
        let path = |dry: bool| format!("/v1/imports?kind={}&dry_run={dry}", kind.as_str());
        let before = t.size().await;
        let dry = t.call_raw("POST", &path(true), Some(&token), Some(lines.clone())).await;
        assert_eq!(dry.status, 200, "{}", dry.text);
        // Nothing is made, but what was asked is on record: a dry run tells which ID numbers are held.
        let proposed = matches!(kind, ImportKind::Areas | ImportKind::People);
        let batches = lines.lines().count().div_ceil(if proposed { 20_000 } else { 2_000 });
        assert_eq!(t.size().await, before + i64::try_from(batches).unwrap());
        let real = t.import(kind.as_str(), &token, lines.clone()).await;
        assert_eq!(real.body["proposal"].is_string(), proposed, "areas and people need a second person");
        assert_eq!(real.body["refused"], json!([]), "{}", real.text);
        assert_eq!(real.body["rows"].as_u64().unwrap(), lines.lines().count() as u64);
        made.push(real.body["created"].as_u64().unwrap());
        let after = t.size().await;
        let again = t.call_raw("POST", &path(false), Some(&token), Some(lines)).await;
        assert_eq!(again.body["created"], 0, "{} {}", kind.as_str(), again.text);
        assert_eq!((&again.body["corrected"], &again.body["proposal"]), (&json!(0), &json!(null)));
        assert_eq!(t.size().await, after + i64::try_from(batches).unwrap());
    }
    assert_eq!((made[1], made[3]), (744, 2000));
    assert_eq!(t.vault.areas().all().count(), 80);
    let filter = |kind: &str| gridvault::store::EntryFilter {
        kinds: vec![kind.into()],
        limit: 10_000,
        ..Default::default()
    };
    assert_eq!(t.vault.store.entries(&filter("resident.created")).await.unwrap().len(), 2000);
    assert_eq!(t.vault.store.entries(&filter("premises.created")).await.unwrap().len(), 744);
    // The trail says that they were not informed, and nothing about them.
    let entry = &t.vault.store.entries(&filter("resident.created")).await.unwrap()[7];
    let private = String::from_utf8(entry.private.clone().unwrap()).unwrap();
    assert!(private.contains("\"informed\":\"none\""));
}

on_both!(what_cannot_be_held_is_refused_by_name_and_never_by_value);
async fn what_cannot_be_held_is_refused_by_name_and_never_by_value(on: On) {
    let (t, token) = TestVault::empty(on).await;
    for kind in [ImportKind::Areas, ImportKind::Premises] {
        t.import(kind.as_str(), &token, fixture(kind)).await;
    }
    let home = "110106006905002-00001";
    let person = |field: &str, value: &str| {
        let mut fields = json!({ "person.name": "测试甲", "person.id_type": "resident_id", "person.id_no": "990106194901010013" });
        fields[field] = json!(value);
        json!({ "premises": home, "fields": fields }).to_string()
    };
    for (line, column, code) in [
        (person("person.religion", "秘密"), "person.religion", "field_prohibited"),
        (person("person.shoe_size", "43"), "person.shoe_size", "field_unknown"),
        (person("derived.age_band", "60-69"), "derived.age_band", "not_of_this_record"),
        (person("premises.address", "秘密"), "premises.address", "not_of_this_record"),
        (person("person.phone", "13812345678"), "person.phone", "not_synthetic"),
        (person("person.id_no", "11010519491231002X"), "person.id_no", "not_synthetic"),
        (person("person.name", "=1+1"), "person.name", "formula"),
        (person("person.birth_date", "1987-02-30"), "person.birth_date", "date"),
        (person("person.name", "").replace(home, "no-such-home"), "person.name", "required"),
        (person("person.sex", "2").replace(home, "no-such-home"), "premises", "premises_unknown"),
        ("{\"premises\":\"x\"".into(), "", "not_understood"),
        (person("person.sex", "2").replace("\"premises\"", "\"premise\""), "", "not_understood"),
    ] {
        let answer = t.call_raw("POST", "/v1/imports?kind=residents", Some(&token), Some(line.clone())).await;
        assert_eq!(answer.body["refused"][0]["column"], column, "{line}: {}", answer.text);
        assert_eq!(answer.body["refused"][0]["code"], code, "{line}");
        assert!(!answer.text.contains("秘密") && !answer.text.contains("13812345678"));
    }
    let odd =
        t.call_raw("POST", "/v1/imports?kind=residents", Some(&token), Some(person("person.sex", "2"))).await;
    assert_eq!(
        (&odd.body["created"], &odd.body["findings"][0]["code"]),
        (&json!(1), &json!("sex_contradicts_id"))
    );
}

on_both!(residents_come_in_under_a_notice_that_is_there);
async fn residents_come_in_under_a_notice_that_is_there(on: On) {
    let (t, token) = TestVault::empty(on).await;
    for kind in [ImportKind::Areas, ImportKind::Premises] {
        t.import(kind.as_str(), &token, fixture(kind)).await;
    }
    let person = json!({ "premises": "110106006905002-00001", "fields": { "person.name": "测试甲", "person.id_type": "resident_id", "person.id_no": "990106194901010013" } });
    let path = |id: uuid::Uuid| format!("/v1/imports?kind=residents&notice={id}");
    let unknown =
        t.call_raw("POST", &path(uuid::Uuid::now_v7()), Some(&token), Some(person.to_string())).await;
    assert_eq!(unknown.status, 400);
    let notice = t.publish(&token, notice("GN", &["person.name", "person.phone"])).await;
    let taken = t.call_raw("POST", &path(notice), Some(&token), Some(person.to_string())).await;
    assert_eq!(taken.body["created"], 1, "{}", taken.text);
    let entries = t.entries(2).await;
    assert_eq!(
        (&entries[0].0["kind"], &entries[0].1["detail"]["informed"]),
        (&json!("resident.created"), &json!("notice"))
    );
    assert_eq!(entries[1].0["kind"], "import.batch");
}

on_both!(only_a_data_steward_imports);
async fn only_a_data_steward_imports(on: On) {
    let t = TestVault::street(on).await;
    for role in ["privacy_officer", "grid_supervisor"] {
        let token = &t.caller(role, "none").token;
        assert_eq!(
            t.call_raw("POST", "/v1/imports?kind=areas", Some(token), Some(String::new())).await.status,
            403
        );
    }
    let steward = &t.caller("data_steward", "none").token;
    assert_eq!(
        t.call_raw("POST", "/v1/imports?kind=homes", Some(steward), Some(String::new())).await.status,
        400
    );
}

/// Every encoding in which a value could lie somewhere by mistake.
fn spellings(text: &str) -> Vec<Vec<u8>> {
    let utf16: Vec<u16> = text.encode_utf16().collect();
    let (gb, _, odd) = encoding_rs::GB18030.encode(text);
    assert!(!odd);
    vec![
        text.as_bytes().to_vec(),
        gb.into_owned(),
        utf16.iter().flat_map(|u| u.to_le_bytes()).collect(),
        utf16.iter().flat_map(|u| u.to_be_bytes()).collect(),
    ]
}

on_both!(no_imported_value_lies_in_any_file_log_or_trail);
async fn no_imported_value_lies_in_any_file_log_or_trail(on: On) {
    let (t, token) = TestVault::empty(on).await;
    let marks = [
        "魑魅魍魉甲",
        "990106198507311238",
        "12087654321",
        "饕餮里9号楼9单元909室",
        "蟾蜍联系人",
        "12187654321",
        "貔貅工",
    ];
    let home = json!({ "fields": { "premises.code": "CANARY-1", "premises.address": marks[3] }, "cells": { "social_grid": "110106006901001" } });
    let person = json!({ "premises": "CANARY-1", "fields": {
        "person.name": marks[0], "person.id_type": "resident_id", "person.id_no": marks[1], "person.phone": marks[2],
        "person.birth_date": "1985-07-31", "person.emergency_contact_name": marks[4], "person.emergency_contact_phone": marks[5] } });
    let staff = json!({ "number": "CANARY-9", "name": marks[6], "role": "grid_chief", "scheme": "social_grid", "areas": ["110106006901001"], "from": "2026-01-01" });
    for (kind, lines) in [
        ("areas", fixture(ImportKind::Areas)),
        ("premises", home.to_string()),
        ("people", staff.to_string()),
        ("residents", person.to_string()),
    ] {
        let answer = t.import(kind, &token, lines).await;
        assert_eq!(answer.body["refused"], json!([]), "{}", answer.text);
    }
    t.look(
        &token,
        json!({ "resident": uuid::Uuid::new_v4(), "fields": [marks[0]], "purpose": "home_visit_care" }),
    )
    .await;
    let bad =
        t.look(&token, json!({ "resident": marks[1], "fields": ["person.name"], "purpose": marks[0] })).await;
    assert_eq!(bad.status, 400);
    assert!(marks.iter().all(|mark| !bad.text.contains(mark)), "{}", bad.text);
    let vault = Arc::clone(&t.vault);
    let search = async |when: &str| {
        let mut files = 0;
        for path in t.site.files().await {
            let bytes = std::fs::read(&path).unwrap();
            files += 1;
            for mark in marks {
                for spelling in spellings(mark) {
                    let found = bytes.windows(spelling.len()).any(|window| window == spelling);
                    assert!(!found, "{when}: {mark} in {}", path.display());
                }
            }
        }
        files
    };
    assert!(search("while open").await >= 4);
    vault.close().await;
    assert!(search("closed").await >= 3);
}
