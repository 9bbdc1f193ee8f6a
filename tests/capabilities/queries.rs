//! Officers and auditors ask the trail: by every word of an entry, in pages, in numbers; and the answers are those that reading
//! every entry gives.

use std::collections::BTreeMap;

use gridvault::Layout;
use gridvault::clock::days;
use gridvault::store::{BLOCK, Bits, EntryFilter};
use gridvault::trail::{
    Aspect, CountQuestion, Counts, Publishing, Question, Trust, Verdict, prune, verify_database,
};
use gridvault_tests::{Answer, HOUR, On, TestVault, on_both};
use serde_json::{Value, json};

use crate::proofs::publish;
use crate::pruning::{fresh, witness};

struct Read {
    seq: i64,
    at: i64,
    record: Option<Vec<u8>>,
    place: Option<String>,
    public: Value,
    private: Value,
}

async fn all(t: &TestVault) -> Vec<Read> {
    let entries =
        t.vault.store.entries(&EntryFilter { limit: 1_000_000, ..Default::default() }).await.unwrap();
    let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
    let read = |e: gridvault::store::StoredEntry| {
        let private = e.private.as_deref().map_or(Value::Null, json);
        let place = private["subject"]["place"].as_str().map(str::to_owned);
        Read { seq: e.seq, at: e.at, record: e.record, place, public: json(&e.public), private }
    };
    entries.into_iter().map(read).collect()
}

/// Whether an entry says that, read as anybody would.
fn says(e: &Read, aspect: Aspect, word: &str) -> bool {
    let groups = || e.public["fields"].as_array().into_iter().flatten();
    match aspect {
        Aspect::Kind => e.public["kind"] == word,
        Aspect::Actor => e.private["actor"]["id"] == word,
        Aspect::Role => e.public["who"]["role"] == word,
        Aspect::Grid => e.public["who"]["area"] == word,
        Aspect::Purpose => e.public["purpose"] == word,
        Aspect::Result => e.public["result"] == word,
        Aspect::Outcome => groups().any(|group| group[0] == word),
        Aspect::Reason => {
            e.public["reason"] == word || groups().any(|group| group[0] == "denied" && group[2] == word)
        }
        Aspect::Device => e.private["actor"]["device"] == word,
        Aspect::Task => e.private["task"] == word,
    }
}

fn fits(e: &Read, q: &Question) -> bool {
    q.words.iter().all(|(aspect, words)| words.iter().any(|word| says(e, *aspect, word)))
        && q.record.as_ref().is_none_or(|tag| {
            e.record.as_ref() == Some(tag) || e.place == Some(data_encoding::HEXLOWER.encode(tag))
        })
        && q.from.is_none_or(|from| e.at >= from)
        && q.to.is_none_or(|to| e.at < to)
}

/// Every page of a question, one behind the other.
async fn pages(t: &TestVault, q: &Question) -> (Vec<i64>, usize) {
    let (mut q, mut seqs, mut pages) = (q.clone(), Vec::new(), 0);
    loop {
        let page = t.vault.questions.ask(&q).await.unwrap();
        assert!(page.entries.len() <= q.limit);
        seqs.extend(page.entries.iter().map(|e| e.seq));
        pages += 1;
        match page.next {
            Some(next) => {
                let on = q.after.is_none_or(|after| if q.newest_first { next < after } else { next > after });
                assert!(on, "{next} does not go on from {:?}", q.after);
                q.after = Some(next);
            }
            None => return (seqs, pages),
        }
    }
}

/// A question of some of the words of some entry, so that it is not always about nothing.
fn question(rng: &mut fastrand::Rng, entries: &[Read]) -> Question {
    let of = |rng: &mut fastrand::Rng| &entries[rng.usize(..entries.len())];
    let about = of(rng);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let group = &about.public["fields"][0];
    let mut words: Vec<(Aspect, Vec<String>)> = [
        (Aspect::Kind, text(&about.public["kind"])),
        (Aspect::Actor, text(&about.private["actor"]["id"])),
        (Aspect::Role, text(&about.public["who"]["role"])),
        (Aspect::Grid, text(&about.public["who"]["area"])),
        (Aspect::Purpose, text(&about.public["purpose"])),
        (Aspect::Result, text(&about.public["result"])),
        (Aspect::Outcome, text(&group[0])),
        (Aspect::Reason, text(&about.public["reason"])),
        (Aspect::Device, text(&about.private["actor"]["device"])),
        (Aspect::Task, text(&about.private["task"])),
    ]
    .into_iter()
    .filter_map(|(aspect, word)| Some((aspect, vec![word?])))
    .filter(|_| rng.u8(..10) < 2)
    .collect();
    if rng.u8(..4) == 0 {
        words.retain(|(aspect, _)| *aspect != Aspect::Kind);
        words.push((Aspect::Kind, vec!["search".into(), "trail.read".into()]));
    }
    if rng.u8(..10) == 0 {
        words.push((Aspect::Task, vec!["nobodys".into()]));
    }
    Question {
        words,
        record: about.record.clone().filter(|_| rng.u8(..8) == 0),
        from: (rng.u8(..4) == 0).then(|| of(rng).at),
        to: (rng.u8(..4) == 0).then(|| of(rng).at + rng.i64(0..2)),
        after: None,
        newest_first: rng.bool(),
        limit: [1, 7, 7, 100, 100, 100, 500, 500][rng.usize(..8)],
    }
}

on_both!(any_question_is_answered_as_if_every_entry_were_read);
async fn any_question_is_answered_as_if_every_entry_were_read(on: On) {
    let t = TestVault::street(on).await;
    t.fill(5_000).await;
    let entries = all(&t).await;
    let mut rng = fastrand::Rng::with_seed(5);
    let (mut found, mut tried) = (0, 0);
    // Nothing is followed yet; then more and more; then all.
    for followed in [0, 0, 1, 9] {
        t.vault.questions.follow(followed).await.unwrap();
        for _ in 0..15 {
            let q = question(&mut rng, &entries);
            let mut expected: Vec<i64> = entries.iter().filter(|e| fits(e, &q)).map(|e| e.seq).collect();
            if q.newest_first {
                expected.reverse();
            }
            let (seqs, _) = pages(&t, &q).await;
            assert!(seqs == expected, "{q:?}: {} found, {} fit", seqs.len(), expected.len());
            found += seqs.len();
            tried += usize::from(!seqs.is_empty());
        }
    }
    assert!(found > 2_000 && tried > 20, "{found} {tried}");
    assert!(matches!(t.verified().await.verdict, Verdict::Proven));
}

on_both!(a_page_reads_so_much_and_says_where_it_goes_on);
async fn a_page_reads_so_much_and_says_where_it_goes_on(on: On) {
    let t = TestVault::street(on).await;
    t.fill(5_500).await;
    for newest_first in [false, true] {
        let nothing = Question {
            words: vec![(Aspect::Device, vec!["nobodys".into()])],
            newest_first,
            limit: 10,
            ..Question::default()
        };
        let (seqs, pages) = pages(&t, &nothing).await;
        assert!(seqs.is_empty());
        // The first time much is not followed, and read entry by entry.
        assert!(newest_first || pages > 1, "{pages}");
        t.vault.questions.follow(99).await.unwrap();
    }
}

on_both!(counts_are_those_of_every_entry);
async fn counts_are_those_of_every_entry(on: On) {
    let t = TestVault::street(on).await;
    t.fill(2_500).await;
    let entries = all(&t).await;
    let day = |at: i64| (at + 8 * HOUR).div_euclid(days(1));
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (first, last) = (day(entries[0].at), day(entries.last().unwrap().at));
    assert!(last - first > 1);
    for followed in [0, 99] {
        t.vault.questions.follow(followed).await.unwrap();
        for n in 1..16u8 {
            let by = [1, 2, 4, 8].map(|bit| n & bit != 0);
            let q = CountQuestion {
                by,
                kinds: if n % 3 == 0 { vec!["search".into(), "lookup".into()] } else { vec![] },
                only: [
                    (n % 5 == 0).then(|| "110106006907".to_owned()),
                    (n % 4 == 0).then(|| "grid_chief".to_owned()),
                    (n % 7 == 0).then(|| "case_handling".to_owned()),
                ],
                from: (n % 2 == 0).then_some(first + 1),
                to: (n % 6 == 0).then_some(last),
            };
            let mut expected: BTreeMap<_, (i64, i64)> = BTreeMap::new();
            for e in &entries {
                let of = [&e.public["who"]["area"], &e.public["who"]["role"], &e.public["purpose"]].map(word);
                let kind = word(&e.public["kind"]);
                let counted = ["lookup", "search", "verification"].contains(&kind.as_str())
                    && (q.kinds.is_empty() || q.kinds.contains(&kind))
                    && of
                        .iter()
                        .zip(&q.only)
                        .all(|(word, only)| only.as_ref().is_none_or(|only| only == word))
                    && q.from.is_none_or(|from| day(e.at) >= from)
                    && q.to.is_none_or(|to| day(e.at) < to);
                if counted {
                    let [grid, role, purpose] = of;
                    let apart = |by: bool, word: String| if by { word } else { String::new() };
                    let key = (
                        if by[0] { day(e.at) } else { 0 },
                        apart(by[1], grid),
                        apart(by[2], role),
                        apart(by[3], purpose),
                    );
                    let sum = expected.entry(key).or_default();
                    sum.0 += 1;
                    sum.1 += i64::from(e.public["result"] == "denied");
                }
            }
            let Counts::Counted(counts) = t.vault.questions.count(&q).await.unwrap() else { panic!() };
            let counts: Vec<_> = counts
                .into_iter()
                .map(|c| ((c.of.day, c.of.grid, c.of.role, c.of.purpose), (c.entries, c.refused)))
                .collect();
            assert_eq!(counts, expected.into_iter().collect::<Vec<_>>(), "{q:?}");
        }
    }
}

on_both!(two_instances_follow_each_entry_once);
async fn two_instances_follow_each_entry_once(on: On) {
    let t = TestVault::street(on).await;
    t.fill(6_000).await;
    let other = t.instance("pin-2").await;
    let (here, there) = (&t.vault.questions, &other.vault.questions);
    let (one, two, three) = tokio::join!(here.follow(99), there.follow(99), there.follow(99));
    for done in [one, two, three] {
        done.unwrap();
    }
    assert_eq!(t.vault.store.followed().await.unwrap(), t.size().await / 1024);
    // Nothing was counted twice, or verifying would find it.
    assert!(matches!(t.verified().await.verdict, Verdict::Proven));
}

async fn ask(t: &TestVault, token: &str, body: Value) -> Answer {
    t.call("POST", "/v1/audit/queries", Some(token), Some(&body)).await
}

fn results(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let entries = answer.body["entries"].as_array().unwrap();
    entries.iter().map(|entry| entry["public"]["result"].as_str().unwrap_or("(none)")).collect()
}

on_both!(d28_an_officer_asks_by_every_word_and_all_of_them_must_hold);
async fn d28_an_officer_asks_by_every_word_and_all_of_them_must_hold(on: On) {
    let t = TestVault::street(on).await;
    let officer = t.officer();
    t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
    t.look(&t.chief().token, t.visit(0, &["person.name", "person.id_no"])).await;
    let mut denied = t.visit(5, &["person.name"]);
    denied.as_object_mut().unwrap().remove("task");
    assert_eq!(t.look(&t.chief().token, denied).await.status, 403);
    let lookups = |more: Value| {
        let mut body = json!({ "kinds": ["lookup"] });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (more, expected) in [
        (json!({}), vec!["allowed", "partial", "denied"]),
        (json!({ "newest_first": true }), vec!["denied", "partial", "allowed"]),
        (json!({ "purpose": "home_visit_care", "role": "grid_chief" }), vec!["allowed", "partial", "denied"]),
        (json!({ "purpose": "case_handling" }), vec![]),
        (json!({ "result": "denied" }), vec!["denied"]),
        (json!({ "result": "failed" }), vec![]),
        (json!({ "outcome": "clear" }), vec!["allowed", "partial"]),
        (json!({ "outcome": "clear", "result": "partial" }), vec!["partial"]),
        (json!({ "reason": "no_task" }), vec!["denied"]),
        (json!({ "task": t.task(0).id }), vec!["allowed", "partial"]),
        (json!({ "task": t.task(0).id, "outcome": "denied" }), vec!["partial"]),
        (json!({ "actor": t.chief().holder, "grid": t.chief().area }), vec!["allowed", "partial", "denied"]),
        (json!({ "actor": uuid::Uuid::nil() }), vec![]),
        (json!({ "grid": "110106006901098" }), vec![]),
        (json!({ "device": "terminal-1" }), vec![]),
        (json!({ "record": t.task(0).resident, "result": "partial" }), vec!["partial"]),
        (json!({ "record": uuid::Uuid::nil() }), vec![]),
        (json!({ "from": "2026-11-25" }), vec![]),
        (json!({ "from": "2026-11-24", "to": "2026-11-25" }), vec!["allowed", "partial", "denied"]),
    ] {
        let answer = ask(&t, officer, lookups(more.clone())).await;
        assert_eq!(results(&answer), expected, "{more}");
        assert!(answer.body["next"].is_null());
    }
    let first = ask(&t, officer, lookups(json!({ "limit": 1, "newest_first": true }))).await;
    let next = &first.body["next"];
    let second = ask(&t, officer, lookups(json!({ "limit": 1, "newest_first": true, "after": next }))).await;
    assert_eq!((results(&first), results(&second)), (vec!["denied"], vec!["partial"]));

    let counted =
        json!({ "count_by": ["purpose", "day"], "role": "grid_chief", "from": "2026-11-24T18:00:00+08:00" });
    let counts = ask(&t, officer, counted).await;
    let day = json!({ "day": "2026-11-24", "purpose": "home_visit_care", "entries": 3, "refused": 1, "refused_permille": 333 });
    assert_eq!(counts.body, json!({ "counts": [day], "next": null }), "{}", counts.text);
    let none =
        ask(&t, officer, json!({ "count_by": ["grid"], "to": "2026-11-24", "kinds": ["lookup"] })).await;
    assert_eq!(none.body["counts"], json!([]));
    let asked = json!({ "kinds": ["lookup"] });
    assert_eq!(t.entries(1).await[0].1["detail"], json!({ "view": "counts", "asked": asked }));
}

on_both!(a_live_view_is_entered_once_an_hour_for_each_person);
async fn a_live_view_is_entered_once_an_hour_for_each_person(on: On) {
    let t = TestVault::street(on).await;
    let auditor = &t.caller("auditor", "none").token;
    let left = async |token: &str, body: Value| {
        let size = t.size().await;
        assert_eq!(ask(&t, token, body).await.status, 200);
        t.size().await - size
    };
    let (live, counts) = (json!({ "live": true }), json!({ "live": true, "count_by": ["day"] }));
    assert_eq!(left(t.officer(), live.clone()).await, 1);
    assert_eq!(t.entries(1).await[0].1["detail"]["view"], "live");
    assert_eq!(left(t.officer(), live.clone()).await, 0);
    assert_eq!(left(t.officer(), counts).await, 0);
    assert_eq!(left(auditor, live.clone()).await, 1, "another person");
    assert_eq!(left(t.officer(), json!({})).await, 1, "no live view");
    assert_eq!(left(t.officer(), json!({ "live": false })).await, 1);
    t.clock.step(HOUR);
    assert_eq!(left(t.officer(), live).await, 1);
}

on_both!(a_question_about_somebody_says_so_and_stands_among_that_records_entries);
async fn a_question_about_somebody_says_so_and_stands_among_that_records_entries(on: On) {
    let t = TestVault::street(on).await;
    let resident = t.task(0).resident;
    let body = json!({ "record": resident, "actor": t.chief().holder, "result": "denied", "limit": 7 });
    assert_eq!(ask(&t, t.officer(), body).await.status, 200);
    let (_, private) = &t.entries(1).await[0];
    let asked = json!({ "actor": [t.chief().holder], "result": ["denied"] });
    assert_eq!(private["detail"], json!({ "view": "query", "limit": 7, "asked": asked }));
    let of_resident = json!({ "record": resident, "kinds": ["trail.read"] });
    let found = ask(&t, t.officer(), of_resident).await;
    let found = found.body["entries"].as_array().unwrap();
    assert_eq!(found.len(), 2, "the question before and this one");
}

on_both!(nobody_else_asks_and_a_question_is_understood_or_refused);
async fn nobody_else_asks_and_a_question_is_understood_or_refused(on: On) {
    let t = TestVault::street(on).await;
    let size = t.size().await;
    for (role, department) in [("data_steward", "none"), ("grid_chief", "none"), ("service", "hotline_12345")]
    {
        for body in [json!({ "live": true }), json!({ "count_by": ["day"] }), json!({ "result": "denied" })] {
            let caller = t.caller(role, department);
            let mut path = "/v1/audit/queries".to_owned();
            if let Some(post) = caller.assignment {
                path.push_str(&format!("?assignment={post}"));
            }
            let answer = t.call("POST", &path, Some(&caller.token), Some(&body)).await;
            assert_eq!((answer.status, answer.problem()), (403, "denied"), "{role}: {}", answer.text);
        }
    }
    // A refusal at the door is an entry; a question that is not understood is none.
    assert_eq!(t.size().await - size, 9);
    for (body, pointer) in [
        (json!({ "purpose": "visit" }), "/purpose"),
        (json!({ "role": "chief" }), "/role"),
        (json!({ "result": "refused" }), "/result"),
        (json!({ "outcome": "absent" }), "/outcome"),
        (json!({ "outcome": "shown" }), "/outcome"),
        (json!({ "reason": "R-000" }), "/reason"),
        (json!({ "device": "a b" }), "/device"),
        (json!({ "grid": "" }), "/grid"),
        (json!({ "task": "1" }), "/task"),
        (json!({ "from": "yesterday" }), "/from"),
        (json!({ "newest_first": "yes" }), "/newest_first"),
        (json!({ "live": 1 }), "/live"),
        (json!({ "live": true, "record": t.task(0).resident }), "/record"),
        (json!({ "live": true, "actor": t.chief().holder }), "/actor"),
        (json!({ "live": true, "task": t.task(0).id }), "/task"),
        (json!({ "live": true, "device": "terminal-1" }), "/device"),
        (json!({ "limit": 501 }), "/limit"),
        (json!({ "count_by": [] }), "/count_by"),
        (json!({ "count_by": ["week"] }), "/count_by/0"),
        (json!({ "count_by": ["day", "day"] }), "/count_by/1"),
        (json!({ "count_by": ["day"], "actor": t.chief().holder }), "/actor"),
        (json!({ "count_by": ["day"], "limit": 5 }), "/limit"),
        (json!({ "count_by": ["day"], "newest_first": true }), "/newest_first"),
        (json!({ "count_by": ["day"], "kinds": ["task.opened"] }), "/kinds"),
        (json!({ "count_by": ["day"], "kinds": ["lokup"] }), "/kinds"),
        (json!({ "count_by": ["day"], "to": "soon" }), "/to"),
    ] {
        let answer = ask(&t, t.officer(), body.clone()).await;
        let got = (answer.problem(), &answer.body["errors"][0]["pointer"]);
        assert_eq!(got, ("invalid-request", &json!(pointer)), "{body}: {}", answer.text);
    }
    assert_eq!(t.size().await - size, 9);
}

on_both!(an_index_or_a_tally_that_hides_or_invents_entries_is_found);
async fn an_index_or_a_tally_that_hides_or_invents_entries_is_found(on: On) {
    let t = TestVault::street(on).await;
    t.fill(2_600).await;
    t.vault.questions.follow(99).await.unwrap();
    let followed = t.vault.store.followed().await.unwrap();
    assert!(followed >= 2);
    let entries = all(&t).await;
    let key = t.demo.log_key.clone();
    t.vault.close().await;
    let site = &t.site;
    let verify = async |sql: &str| {
        let copy = site.copy().await;
        assert!(copy.sql(sql).await > 0, "it changed nothing: {sql}");
        let store = gridvault::store::Store::open_to_verify(&copy.location()).await.unwrap();
        let key = gridvault_audit::VerifierKey::parse(&key).unwrap();
        let pin = std::fs::read_to_string(copy.layout().pin).unwrap();
        let trust = Trust { key: Some(key), against: vec![pin], ..Trust::default() };
        let verified = verify_database(&store, &trust, &|_| ()).await.unwrap();
        store.close().await;
        copy.drop().await;
        verified
    };
    // An entry of block 1 whose task no other of the block names.
    let block = &entries[1024..2048];
    let alone =
        |e: &&Read| block.iter().filter(|other| other.private["task"] == e.private["task"]).count() == 1;
    let lone = block[300..].iter().find(alone).unwrap().seq;
    let place = |seq: i64| on.literal(&u16::try_from(seq - 1024).unwrap().to_be_bytes());
    let (held, later) = (place(lone), place(lone + 5));
    let those = format!("WHERE block = 1 AND held = {held}");
    let first_lookup = entries.iter().find(|e| e.public["kind"] == "lookup").unwrap().seq;
    for (sql, seq, what) in [
        (format!("DELETE FROM entry_words {those}"), Some(lone), "words"),
        (
            format!("INSERT INTO entry_words VALUES ('donggaodi', 12345, 1, {})", on.literal(&[0, 7])),
            Some(1024 + 7),
            "words",
        ),
        (format!("UPDATE entry_words SET held = {later} {those}"), Some(lone), "words"),
        (format!("UPDATE entry_words SET word = word + 2 {those}"), Some(lone), "words"),
        (format!("INSERT INTO entry_words VALUES ('donggaodi', 12345, 99, {held})"), None, "words"),
        (format!("INSERT INTO entry_words VALUES ('donggaodi', 12345, -1, {held})"), None, "words"),
        (format!("UPDATE followed SET blocks = {followed} - 1"), None, "words"),
        (format!("UPDATE followed SET blocks = {followed} + 1"), None, "words"),
        ("DELETE FROM followed".to_owned(), None, "words"),
        ("UPDATE tallies SET refused = refused + 1".to_owned(), Some(first_lookup), "tally"),
        ("DELETE FROM tallies".to_owned(), Some(first_lookup), "tally"),
        ("INSERT INTO tallies VALUES ('donggaodi', 3, 'lookup', '', '', '', 1, 0)".to_owned(), None, "tally"),
    ] {
        let verified = verify(&sql).await;
        let Verdict::Broken { seq: found, why } = &verified.verdict else { panic!("{sql}: not found") };
        assert_eq!(*found, seq.map(|seq: i64| seq.cast_unsigned()), "{sql}: {why}");
        assert!(why.contains(what), "{sql}: {why}");
    }
    // Of an entry whose private part was removed nothing can be said; of its public words still all.
    let removed = verify(&format!("UPDATE entries SET private = NULL WHERE seq = {lone}")).await;
    let missing = Verdict::Broken {
        seq: Some(lone.cast_unsigned()),
        why: "its private part is missing, and no entry ordered its removal".into(),
    };
    assert_eq!((removed.verdict, removed.removed), (missing, 1), "and nothing is wrong with the words");
}

on_both!(what_is_removed_goes_out_of_the_index_too);
async fn what_is_removed_goes_out_of_the_index_too(on: On) {
    let folder = tempfile::tempdir().unwrap();
    let t = TestVault::street(on).await;
    let publishing =
        Publishing { witnesses: vec![witness(&t, folder.path()).await], ..Publishing::default() };
    let layout = Layout { publishing, ..t.site.layout() };
    let mut t = t.again(&layout).await;
    t.fill(1_500).await;
    t.vault.questions.follow(1).await.unwrap();
    publish(&t).await;
    t.clock.step(days(4 * 366));
    t = t.again(&layout).await;
    let (officer, steward) = (fresh(&t, "privacy_officer").await, fresh(&t, "data_steward").await);
    let mut rng = fastrand::Rng::with_seed(3);
    for (what, more) in [("private_parts", 0), ("entries", 0), ("nothing more", 99)] {
        let before = all(&t).await;
        if more == 0 {
            let body = json!({ "what": what, "before": "2027-01-01T00:00:00+08:00" });
            let proposed = t.call("POST", "/v1/audit/prunings", Some(&officer), Some(&body)).await;
            assert_eq!(proposed.status, 202, "{}", proposed.text);
            let path = format!("/v1/proposals/{}/confirm", proposed.body["proposal"].as_str().unwrap());
            assert_eq!(t.call("POST", &path, Some(&steward), None).await.status, 200);
            publish(&t).await;
            assert!(prune(&t.vault.store, t.vault.now()).await.unwrap() > 1_400, "{what}");
        }
        // What is left of a block is followed like any other.
        t.vault.questions.follow(more).await.unwrap();
        assert_eq!(t.verified().await.verdict, Verdict::Proven, "{what}");
        let entries = all(&t).await;
        for _ in 0..20 {
            let q = question(&mut rng, &before);
            let mut expected: Vec<i64> = entries.iter().filter(|e| fits(e, &q)).map(|e| e.seq).collect();
            if q.newest_first {
                expected.reverse();
            }
            assert_eq!(pages(&t, &q).await.0, expected, "{what}: {q:?}");
        }
        // No row of the index is left that only removed entries made.
        let held = t.vault.store.all_postings(i64::MIN, i64::MIN, 1_000_000).await.unwrap();
        let there: std::collections::HashSet<i64> = entries.iter().map(|e| e.seq).collect();
        let named = held.iter().flat_map(|p| {
            let bits = Bits::from_bytes(&p.held).unwrap();
            bits.places().map(|place| p.block * BLOCK + i64::from(place)).collect::<Vec<_>>()
        });
        assert!(named.into_iter().all(|seq| there.contains(&seq)));
        // Nor one of a word that only a removed private part said.
        if more == 0 {
            let private: usize = entries.iter().filter(|e| e.seq < BLOCK && !e.private.is_null()).count();
            let by_words = held.iter().filter(|p| p.word & 1 == 1).map(|p| p.held.len() / 2).sum::<usize>();
            assert!(private < 1_000 && by_words <= private * 3, "{what}: {by_words} of {private}");
        }
    }
}
