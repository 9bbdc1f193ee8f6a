//! Notices: what they have to say, who approves them, when they count, and that residents were given them.

use data_encoding::HEXLOWER;
use gridvault_tests::{Answer, HOUR, On, TestVault, notice, on_both};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use uuid::Uuid;

async fn propose(t: &TestVault, token: &str, notice: &Value) -> Answer {
    t.call("POST", "/v1/notices", Some(token), Some(notice)).await
}

async fn approve(t: &TestVault, token: &str, id: &Value) -> u16 {
    let path = format!("/v1/notices/{}", id.as_str().unwrap());
    t.call("PATCH", &path, Some(token), Some(&json!({ "approved": true }))).await.status
}

fn steward(t: &TestVault) -> &str {
    &t.caller("data_steward", "none").token
}

async fn inform(t: &TestVault, token: &str, resident: Uuid, body: &Value) -> Answer {
    t.call("POST", &format!("/v1/residents/{resident}/informed"), Some(token), Some(body)).await
}

async fn general(t: &TestVault) -> Value {
    t.call("GET", "/v1/notices", None, None).await.body["notices"][0]["id"].clone()
}

on_both!(d09_a_notice_that_lacks_an_item_of_the_law_is_refused_with_its_pointer);
async fn d09_a_notice_that_lacks_an_item_of_the_law_is_refused_with_its_pointer(on: On) {
    let t = TestVault::street(on).await;
    let fields = ["person.name", "elder.living_alone"];
    let always = [
        "handler",
        "contact",
        "privacy_officer",
        "purpose",
        "ways",
        "recipients",
        "retention",
        "retention_end",
        "rights",
        "withdrawal",
        "complaint",
        "refusal",
    ];
    let size = t.size().await;
    let refused = async |notice: &Value, pointer: &str| {
        let answer = propose(&t, steward(&t), notice).await;
        let got = (answer.status, &answer.body["errors"][0]["pointer"]);
        assert_eq!(got, (400, &json!(pointer)), "{}", answer.text);
        answer.body["errors"][0]["code"].as_str().unwrap().to_owned()
    };
    for item in always {
        for language in ["zh-CN", "en"] {
            let mut notice = notice("SN", &fields);
            notice["items"]["en"] = notice["items"]["zh-CN"].clone();
            notice["items"][language][item] = json!("  ");
            assert_eq!(refused(&notice, &format!("/items/{language}/{item}")).await, "required");
        }
    }
    // Why sensitive data are needed: where any of them is named (PIPL 30). Rules for children: where it is about them (31).
    let blank = |series: &str, fields: &[&str], item: &str| {
        let mut notice = notice(series, fields);
        notice["items"]["zh-CN"][item] = json!("");
        notice
    };
    assert_eq!(refused(&blank("GN", &fields, "necessity"), "/items/zh-CN/necessity").await, "required");
    assert_eq!(refused(&blank("NM", &["person.name"], "minors"), "/items/zh-CN/minors").await, "required");
    assert_eq!(refused(&blank("GN", &["person.name"], "changes"), "/items/zh-CN/changes").await, "required");
    // Chinese always, English where wanted, nothing else.
    let mut english = notice("SN", &fields);
    english["items"] = json!({ "en": english["items"]["zh-CN"] });
    refused(&english, "/items/zh-CN").await;
    let mut french = notice("SN", &fields);
    french["items"]["fr"] = french["items"]["zh-CN"].clone();
    assert_eq!(refused(&french, "/items").await, "language_unknown");
    let mut past = notice("SN", &fields);
    past["valid_from"] = json!("2026-11-23");
    assert_eq!(refused(&past, "/valid_from").await, "in_the_past");
    assert_eq!(t.size().await, size, "what is not well-formed leaves no entry");
    // Whoever may not propose one may not.
    for role in ["window_clerk", "auditor"] {
        assert_eq!(propose(&t, &t.caller(role, "none").token, &notice("SN", &fields)).await.status, 403);
    }
}

on_both!(d02_the_published_list_is_what_the_catalogue_and_the_rules_know);
async fn d02_the_published_list_is_what_the_catalogue_and_the_rules_know(on: On) {
    let t = TestVault::street(on).await;
    for (fields, code) in [
        (json!(["person.name", "person.religion"]), "field_prohibited"),
        (json!(["person.name", "person.nonsense"]), "field_unknown"),
        (json!(["person.name", "person.name"]), "repeated"),
        (json!(["person.name", "derived.age_band"]), "not_collected"),
        // A home visit never needs it (PIPL 6).
        (json!(["person.name", "person.id_no"]), "field_not_for_purpose"),
    ] {
        let mut notice = notice("SN", &[]);
        notice["fields"] = fields;
        let answer = propose(&t, steward(&t), &notice).await;
        let error = &answer.body["errors"][0];
        assert_eq!(
            (&error["pointer"], &error["code"]),
            (&json!("/fields/1"), &json!(code)),
            "{}",
            answer.text
        );
    }
    // The demonstration's list: every field that a rule of its purposes uses and that is held of people and places, no other.
    let id = general(&t).await;
    let shown = t.call("GET", &format!("/v1/notices/{}", id.as_str().unwrap()), None, None).await;
    let content = &shown.body["content"];
    let book = t.vault.book.load();
    let purposes: Vec<gridvault_policy::Purpose> = content["purposes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| gridvault_policy::Purpose::parse(p.as_str().unwrap()).unwrap())
        .collect();
    let expected: Vec<&str> = gridvault_policy::FieldId::all()
        .filter(|field| !field.is_derived() && field.record() != gridvault_policy::RecordType::Ticket)
        .filter(|field| purposes.iter().any(|purpose| gridvault::register::uses(&book, *purpose, *field)))
        .map(|field| field.as_str())
        .collect();
    assert_eq!(content["fields"], json!(expected));
    // On paper the same, in plain words, open to whoever comes.
    let page = t.call("GET", &format!("/v1/notices/{}?print=normal", id.as_str().unwrap()), None, None).await;
    assert_eq!(page.status, 200, "{}", page.text);
    for field in expected {
        let zh = gridvault_policy::FieldId::parse(field).unwrap().zh();
        assert!(page.text.contains(&format!("<li>{zh}")), "{field}");
    }
}

on_both!(a_version_counts_when_two_persons_approved_it_a_privacy_officer_among_them_and_its_day_has_come);
async fn a_version_counts_when_two_persons_approved_it_a_privacy_officer_among_them_and_its_day_has_come(
    on: On,
) {
    let t = TestVault::street(on).await;
    let mut later = notice("SN", &["person.name"]);
    later["valid_from"] = json!("2026-11-25");
    let made = propose(&t, steward(&t), &later).await;
    assert_eq!((made.status, &made.body["version"]), (201, &json!(1)), "{}", made.text);
    let id = &made.body["id"];
    let path = format!("/v1/notices/{}", id.as_str().unwrap());
    assert_eq!(t.call("GET", &path, None, None).await.status, 404, "no word of it before it is approved");
    assert_eq!(approve(&t, steward(&t), id).await, 403, "nobody approves the own one");
    assert_eq!(approve(&t, t.officer(), id).await, 204);
    assert_eq!(approve(&t, t.officer(), id).await, 403, "once");
    assert_eq!(t.call("GET", &path, None, None).await.body["state"], "approved");
    let entries = t.entries(3).await;
    let published: Vec<_> =
        entries.iter().filter(|(public, _)| public["kind"] == "notice.published").collect();
    assert_eq!(published.last().unwrap().1["detail"]["approved"], 2);
    assert!(!published.last().unwrap().0.to_string().contains("SN"), "the public part names no document");
    // Nobody is informed by it before its day; then everybody may be.
    let resident = t.task(0).resident.unwrap();
    let given = json!({ "notice": id, "channel": "paper_signed" });
    let early = inform(&t, &t.caller("window_clerk", "none").token, resident, &given).await;
    assert_eq!(early.body["errors"][0]["code"], "not_in_force", "{}", early.text);
    t.clock.step(24 * HOUR);
    assert_eq!(t.call("GET", &path, None, None).await.body["state"], "in_force");
    let in_time = inform(&t, &t.caller("window_clerk", "none").token, resident, &given).await;
    assert_eq!(in_time.status, 201, "{}", in_time.text);
}

async fn officer(t: &TestVault, number: &str) -> String {
    let made =
        gridvault::register::appoint(&t.vault, gridvault_policy::Role::PrivacyOfficer, number).await.unwrap();
    let holder = gridvault::authority::Holder::Person(made.person);
    let token =
        gridvault::register::issue_token(&t.vault, holder, gridvault_policy::Posture::Office, HOUR).await;
    token.unwrap().reveal().to_owned()
}

on_both!(nobody_approves_the_own_notice_in_another_post);
async fn nobody_approves_the_own_notice_in_another_post(on: On) {
    let t = TestVault::street(on).await;
    let (author, second) = (t.caller("privacy_officer", "none"), officer(&t, "P2").await);
    let post = json!({ "role": "privacy_officer", "scheme": "social_grid", "areas": [t.chief().area], "from": "2026-01-01" });
    let posts = format!("/v1/people/{}/assignments", author.holder);
    let proposed = t.call("POST", &posts, Some(&second), Some(&post)).await;
    assert_eq!(proposed.status, 202, "{}", proposed.text);
    let confirm = format!("/v1/proposals/{}/confirm", proposed.body["proposal"].as_str().unwrap());
    let confirmed = t.call("POST", &confirm, Some(steward(&t)), None).await;
    assert_eq!((confirmed.status, &confirmed.body["refused"]), (200, &json!([])), "{}", confirmed.text);
    let held = t.call("GET", &posts, Some(&second), None).await;
    let held: Vec<&str> = held.body["assignments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|post| post["id"].as_str().unwrap())
        .collect();
    assert_eq!(held.len(), 2);
    let path = format!("/v1/notices?assignment={}", held[0]);
    let made = t.call("POST", &path, Some(&author.token), Some(&notice("SN", &["person.name"]))).await;
    assert_eq!(made.status, 201, "{}", made.text);
    for post in held {
        let own = format!("/v1/notices/{}?assignment={post}", made.body["id"].as_str().unwrap());
        let answer = t.call("PATCH", &own, Some(&author.token), Some(&json!({ "approved": true }))).await;
        assert_eq!(answer.status, 403, "{}", answer.text);
    }
    assert_eq!(
        approve(&t, steward(&t), &made.body["id"]).await,
        204,
        "the officer's own word was one of the two"
    );
}

on_both!(two_stewards_do_not_make_a_notice);
async fn two_stewards_do_not_make_a_notice(on: On) {
    let (t, first) = TestVault::empty(on).await;
    let second =
        gridvault::register::appoint(&t.vault, gridvault_policy::Role::DataSteward, "S2").await.unwrap();
    let holder = gridvault::authority::Holder::Person(second.person);
    let second = gridvault::register::issue_token(&t.vault, holder, gridvault_policy::Posture::Office, HOUR)
        .await
        .unwrap();
    let made = propose(&t, &first, &notice("GN", &["person.name"])).await;
    assert_eq!(approve(&t, second.reveal(), &made.body["id"]).await, 403);
    assert_eq!(t.call("GET", "/v1/notices", None, None).await.body["notices"], json!([]));
    // While one waits no other is proposed; refused, it makes room for the next.
    assert_eq!(propose(&t, &first, &notice("GN", &["person.name"])).await.status, 409);
    let path = format!("/v1/notices/{}", made.body["id"].as_str().unwrap());
    let no = json!({ "approved": false });
    assert_eq!(t.call("PATCH", &path, Some(t.officer()), Some(&no)).await.status, 204);
    assert_eq!(
        t.call("PATCH", &path, Some(t.officer()), Some(&json!({ "approved": true }))).await.status,
        409
    );
    let next = propose(&t, &first, &notice("GN", &["person.name"])).await;
    assert_eq!((next.status, &next.body["version"]), (201, &json!(2)), "{}", next.text);
}

on_both!(d06_what_is_added_is_a_material_change_that_nobody_leaves_unsaid);
async fn d06_what_is_added_is_a_material_change_that_nobody_leaves_unsaid(on: On) {
    let t = TestVault::street(on).await;
    t.publish(steward(&t), notice("SN", &["person.name"])).await;
    let mut more = notice("SN", &["person.name", "person.phone"]);
    let refused = propose(&t, steward(&t), &more).await;
    let error = &refused.body["errors"][0];
    assert_eq!(
        (&error["pointer"], &error["code"]),
        (&json!("/material_change"), &json!("something_was_added"))
    );
    let mut purpose = notice("SN", &["person.name"]);
    purpose["purposes"] = json!(["home_visit_care", "social_assistance"]);
    assert_eq!(propose(&t, steward(&t), &purpose).await.body["errors"][0]["pointer"], "/material_change");
    more["material_change"] = json!(true);
    let id = t.publish(steward(&t), more).await;
    let shown = t.call("GET", &format!("/v1/notices/{id}"), None, None).await;
    assert_eq!((&shown.body["version"], &shown.body["material_change"]), (&json!(2), &json!(true)));
    // Less is no such change.
    let less = propose(&t, steward(&t), &notice("SN", &["person.name"])).await;
    assert_eq!(less.status, 201, "{}", less.text);
}

on_both!(the_digest_is_of_what_is_said_whatever_the_size_it_is_printed_in);
async fn the_digest_is_of_what_is_said_whatever_the_size_it_is_printed_in(on: On) {
    let t = TestVault::street(on).await;
    let mut said = notice("SN", &["person.name"]);
    said["items"]["zh-CN"]["purpose"] = json!("<script>alert(1)</script> & 探访");
    let id = t.publish(steward(&t), said).await;
    let shown = t.call("GET", &format!("/v1/notices/{id}"), None, None).await;
    // Anybody can compute it: canonical JSON has its members sorted and no blanks, as this text has.
    let bytes = serde_json::to_vec(&shown.body["content"]).unwrap();
    let hash = HEXLOWER.encode(digest(&SHA256, &bytes).as_ref());
    assert_eq!(shown.body["hash"], json!(hash));
    let page = async |query: &str| t.call("GET", &format!("/v1/notices/{id}?{query}"), None, None).await;
    let (normal, large) = (page("print=normal").await, page("print=large").await);
    for page in [&normal, &large] {
        assert_eq!(
            (page.status, page.headers["content-type"].to_str().unwrap()),
            (200, "text/html; charset=utf-8")
        );
        assert!(
            page.text.contains(&hash)
                && page.text.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; 探访")
        );
        assert!(!page.text.contains("<script"));
        assert!(page.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    }
    assert!(normal.text.contains("font: 12pt") && large.text.contains("font: 18pt"));
    assert_eq!(normal.text.replace("12pt", "18pt"), large.text);
    assert_eq!(page("print=tiny").await.status, 400);
    assert_eq!(page("print=normal&lang=en").await.status, 404, "it has no English");
}

on_both!(nobody_is_taken_in_under_a_notice_that_is_not_in_force);
async fn nobody_is_taken_in_under_a_notice_that_is_not_in_force(on: On) {
    let t = TestVault::street(on).await;
    let mut after = notice("EM", &["person.name"]);
    let emergency = t.publish(steward(&t), after.clone()).await;
    after["series"] = json!("SN");
    let proposed = propose(&t, steward(&t), &after).await.body["id"].clone();
    after["series"] = json!("NM");
    after["valid_from"] = json!("2026-11-26");
    let coming = t.publish(steward(&t), after).await;
    let person = |notice: &Value, number: &str| {
        json!({ "premises": t.task(0).premises, "notice": notice, "fields": { "person.name": "新居民",
            "person.id_type": "resident_id", "person.id_no": number } })
    };
    for (notice, code) in [
        (json!(emergency), "not_in_force"),
        (proposed, "not_in_force"),
        (json!(coming), "not_in_force"),
        (json!(Uuid::now_v7()), "unknown"),
    ] {
        let refused = t
            .call("POST", "/v1/residents", Some(steward(&t)), Some(&person(&notice, "990106198507311238")))
            .await;
        let error = &refused.body["errors"][0];
        assert_eq!(
            (&error["pointer"], &error["code"]),
            (&json!("/notice"), &json!(code)),
            "{}",
            refused.text
        );
        let path = format!("/v1/imports?kind=residents&notice={}", notice.as_str().unwrap());
        assert_eq!(t.call_raw("POST", &path, Some(steward(&t)), Some(String::new())).await.status, 400);
    }
    let taken = person(&general(&t).await, "990106198507311238");
    let taken = t.call("POST", "/v1/residents", Some(steward(&t)), Some(&taken)).await;
    assert_eq!(taken.status, 201, "{}", taken.text);
}

on_both!(d09_who_is_not_informed_is_counted_and_a_delivery_says_how_when_and_before_whom);
async fn d09_who_is_not_informed_is_counted_and_a_delivery_says_how_when_and_before_whom(on: On) {
    let t = TestVault::street(on).await;
    let coverage = async || {
        let answer = t.call("GET", "/v1/notices/coverage", Some(t.officer()), None).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.body
    };
    let before = coverage().await;
    assert_eq!(
        before["street"],
        json!({ "residents": 120, "informed": 120, "by_older_version": 0, "unnotified": 0 })
    );
    // Collected without a notice: taken in, and counted as not informed.
    let grid = t.chief().area.clone().unwrap();
    let new = json!({ "premises": t.task(0).premises, "fields": { "person.name": "新居民", "person.id_type": "resident_id",
        "person.id_no": "990106198507311238" } });
    let made = t.call("POST", "/v1/residents", Some(steward(&t)), Some(&new)).await;
    let resident: Uuid = made.body["id"].as_str().unwrap().parse().unwrap();
    let now = coverage().await;
    let of_grid = now["grids"].as_array().unwrap().iter().find(|area| area["area"] == json!(grid)).unwrap();
    assert_eq!((&now["street"]["unnotified"], &of_grid["unnotified"]), (&json!(1), &json!(1)));
    let communities: u64 =
        now["communities"].as_array().unwrap().iter().map(|c| c["residents"].as_u64().unwrap()).sum();
    assert_eq!(communities, 121);
    assert!(!now.to_string().contains(&resident.to_string()), "nobody is named");
    assert_eq!(t.entries(1).await[0].1["detail"]["view"], "coverage");
    // Read aloud it needs a witness who is somebody else.
    let clerk = t.caller("window_clerk", "none");
    let id = general(&t).await;
    let aloud = |witness: Value| json!({ "notice": id, "channel": "read_aloud", "witness": witness, "confirmed_by": "subject" });
    for (body, pointer) in [
        (aloud(Value::Null), "/witness"),
        (aloud(json!(clerk.assignment)), "/witness"),
        (aloud(json!(Uuid::now_v7())), "/witness"),
        (json!({ "notice": id, "channel": "posted", "at": "2026-11-24T10:00:00+08:00" }), "/at"),
        (json!({ "notice": id, "channel": "posted", "at": "2026-11-21T09:00:00+08:00" }), "/at"),
        (json!({ "notice": id, "channel": "posted", "evidence": "no digest" }), "/evidence"),
        (json!({ "channel": "posted" }), "/notice"),
        (json!({ "channel": "posted", "dues": [Uuid::now_v7()] }), "/dues"),
    ] {
        let refused = inform(&t, &clerk.token, resident, &body).await;
        assert_eq!((refused.status, &refused.body["errors"][0]["pointer"]), (400, &json!(pointer)), "{body}");
    }
    let told = inform(&t, &clerk.token, resident, &aloud(json!(t.chief().assignment))).await;
    assert_eq!(told.status, 201, "{}", told.text);
    let (public, private) = t.entries(1).await.pop().unwrap();
    assert_eq!(public["kind"], "notice.delivered");
    assert_eq!(private["detail"]["witness"], json!(t.chief().holder));
    assert!(private["subject"]["tag"].is_string() && !public.to_string().contains("witness"));
    assert_eq!(coverage().await["street"]["unnotified"], 0);
    // A new version makes all of them informed by an older one.
    let mut next = notice("GN", &["person.name"]);
    next["purposes"] = json!(["home_visit_care"]);
    let newer = t.publish(steward(&t), next).await;
    assert_eq!(
        coverage().await["street"],
        json!({ "residents": 121, "informed": 0, "by_older_version": 121, "unnotified": 0 })
    );
    let old = inform(&t, &clerk.token, resident, &json!({ "notice": id, "channel": "posted" })).await;
    assert_eq!(old.body["errors"][0]["code"], "superseded");
    let given = json!({ "notice": newer, "channel": "wechat_link", "evidence": "a".repeat(64) });
    assert_eq!(inform(&t, &clerk.token, resident, &given).await.status, 201);
    assert_eq!(coverage().await["street"]["informed"], 1);
    assert!(matches!(t.verified().await.verdict, gridvault::trail::Verdict::Proven));
}

on_both!(grid_workers_inform_their_own_grid_and_the_rest_is_not_there_for_them);
async fn grid_workers_inform_their_own_grid_and_the_rest_is_not_there_for_them(on: On) {
    let t = TestVault::street(on).await;
    let (own, chief) = (t.task(0).resident.unwrap(), t.chief());
    let neighbour = t.demo.residents.iter().find(|r| Some(&r.area) != chief.area.as_ref()).unwrap().id;
    let body = json!({ "notice": general(&t).await, "channel": "paper_signed" });
    let ask = async |resident: Uuid, token: &str, post: Option<Uuid>| {
        let path = format!("/v1/residents/{resident}/informed?assignment={}", post.unwrap());
        t.call("POST", &path, Some(token), Some(&body)).await
    };
    assert_eq!(ask(own, &chief.token, chief.assignment).await.status, 201);
    let (there, nowhere) = (
        ask(neighbour, &chief.token, chief.assignment).await,
        ask(Uuid::new_v4(), &chief.token, chief.assignment).await,
    );
    assert_eq!((there.status, nowhere.status), (404, 404));
    assert_eq!(there.body, nowhere.body);
    for role in ["privacy_officer", "auditor", "grid_supervisor"] {
        let caller = t.caller(role, "none");
        assert_eq!(ask(own, &caller.token, caller.assignment).await.status, 403, "{role}");
    }
    // What was done shows to the resident, and nobody else reads it as theirs.
    let session = t.sign_in(own).await;
    let mine = t.call("GET", "/v1/me/notices", Some(&session), None).await;
    let given = mine.body["given"].as_array().unwrap();
    assert_eq!(given.len(), 1, "{}", mine.text);
    assert_eq!((&given[0]["channel"], &mine.body["informed"]), (&json!("paper_signed"), &json!("newest")));
    // Whom the register brought under the notice sees that too, since when.
    let other = t.sign_in(neighbour).await;
    let mine = t.call("GET", "/v1/me/notices", Some(&other), None).await;
    assert!(
        mine.body["given"][0]["at"].is_string() && mine.body["given"][0].get("channel").is_none(),
        "{}",
        mine.text
    );
    let steward = t.call("GET", &format!("/v1/residents/{own}/informed"), Some(steward(&t)), None).await;
    assert_eq!(steward.body["given"].as_array().unwrap().len(), 1);
}

on_both!(d27_a_notice_says_who_the_privacy_officer_is_and_how_to_reach_them);
async fn d27_a_notice_says_who_the_privacy_officer_is_and_how_to_reach_them(on: On) {
    let t = TestVault::street(on).await;
    let mut silent = notice("SN", &["person.name"]);
    silent["items"]["zh-CN"]["privacy_officer"] = json!(" ");
    let refused = propose(&t, steward(&t), &silent).await;
    let pointer = &refused.body["errors"][0]["pointer"];
    assert_eq!((refused.status, pointer), (400, &json!("/items/zh-CN/privacy_officer")), "{}", refused.text);
}
