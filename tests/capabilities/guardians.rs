//! Who speaks for a resident: guardians of children, proxies by letter, and nobody where it is doubted that the resident
//! understands.

use gridvault_tests::{Answer, HOUR, On, TestVault, on_both};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::consent_kit::{Kit, VISIT, born, session, sheet};

struct Family<'t> {
    t: &'t TestVault,
    kit: Kit<'t>,
    child: Uuid,
    task: Uuid,
}

impl<'t> Family<'t> {
    /// A child born that day, whom the chief has to visit.
    async fn with_child(t: &'t TestVault, date: &str) -> Self {
        let child = born(t, date, 15).await;
        let post = t.task(0).assignment;
        let task = t.open_task("child", VISIT, Some(child), None, post).await;
        Self { t, kit: Kit::of(t), child, task }
    }

    async fn look(&self, token: &str) -> Answer {
        let body = json!({ "resident": self.child, "fields": ["person.name"], "purpose": VISIT, "task": self.task,
            "assignment": self.t.task(0).assignment });
        self.t.look(token, body).await
    }

    async fn put(&self, session: &str, for_whom: Option<Uuid>, state: &str) -> Answer {
        let mut body = json!({ "state": state });
        if let Some(child) = for_whom {
            body["for"] = json!(child);
        }
        self.t.call("PUT", &format!("/v1/me/consents/{VISIT}"), Some(session), Some(&body)).await
    }

    async fn registered(&self, resident: Uuid, body: &Value) -> Answer {
        let path = format!("/v1/residents/{resident}/mandates");
        self.t.call("POST", &path, Some(&self.kit.steward), Some(body)).await
    }

    async fn step(&self, id: &Value, token: &str, body: Value) -> u16 {
        let path = format!("/v1/mandates/{}", id.as_str().unwrap());
        self.t.call("PATCH", &path, Some(token), Some(&body)).await.status
    }

    /// A guardian, registered by the steward and confirmed by the clerk.
    async fn guardian(&self, person: Uuid) -> Value {
        let body = json!({ "kind": "guardian", "person": person, "relation": "51", "proof": "household_register",
            "from": "2026-11-01", "to": "2030-11-24" });
        let made = self.registered(self.child, &body).await;
        assert_eq!(made.status, 201, "{}", made.text);
        assert_eq!(self.step(&made.body["id"], &self.kit.clerk, json!({ "confirmed": true })).await, 204);
        made.body["id"].clone()
    }
}

on_both!(d19_under_14_the_guardian_alone_consents_and_from_the_birthday_on_the_child);
async fn d19_under_14_the_guardian_alone_consents_and_from_the_birthday_on_the_child(on: On) {
    let t = TestVault::street(on).await;
    let f = Family::with_child(&t, "2012-11-25").await;
    let (parent, stranger) = (t.task(1).resident.unwrap(), t.task(5).resident.unwrap());
    let (own, parents) = (session(&t, f.child).await, session(&t, parent).await);
    // Neither the child's own word counts, nor staff's on it.
    let refused = f.put(&own, None, "given").await;
    assert_eq!((refused.status, &refused.body["reason"]["code"]), (403, &json!("needs_guardian")));
    assert_eq!(t.entries(1).await[0].0["reason"], "needs_guardian");
    let body = json!({ "purpose": VISIT, "state": "given", "method": "signature" });
    assert_eq!(f.kit.says(&f.kit.clerk, f.child, &body).await.status, 403);
    assert_eq!(f.look(&t.chief().token).await.reason("person.name"), "consent_none");
    // A mandate counts when a second person has confirmed it.
    let body = json!({ "kind": "guardian", "person": parent, "relation": "51", "proof": "birth_certificate",
        "from": "2026-11-01", "to": "2030-11-24" });
    let mandate = f.registered(f.child, &body).await.body["id"].clone();
    assert_eq!(f.put(&parents, Some(f.child), "given").await.status, 404);
    assert_eq!(f.step(&mandate, &f.kit.steward, json!({ "confirmed": true })).await, 403);
    assert_eq!(f.step(&mandate, &f.kit.clerk, json!({ "confirmed": true })).await, 204);
    let due = t.vault.store.children(gridvault::store::Table::Dues, f.child.as_bytes()).await.unwrap();
    assert_eq!(due.len(), 1, "the family is told of it");
    // Who is no guardian speaks for nobody, and learns nothing.
    let nobody = session(&t, stranger).await;
    assert_eq!(f.put(&nobody, Some(f.child), "given").await.status, 404);
    assert_eq!(f.put(&nobody, Some(Uuid::new_v4()), "given").await.status, 404);
    assert_eq!(f.put(&parents, Some(f.child), "given").await.status, 200);
    let look = f.look(&t.chief().token).await;
    assert_eq!((look.status, look.outcome("person.name")), (200, "clear"), "{}", look.text);
    assert_eq!(t.entries(1).await[0].1["facts"]["flags"], json!(["confirmed"]));
    let list = t.call("GET", &format!("/v1/me/consents?for={}", f.child), Some(&parents), None).await;
    assert_eq!(list.body["events"][0]["expressed_by"], "guardian");
    // 23:30 on the eve of the birthday in Beijing, and half past midnight.
    t.clock.step(14 * HOUR);
    assert_eq!(f.look(&t.chief().token).await.status, 200);
    t.clock.step(HOUR);
    assert_eq!(f.look(&t.chief().token).await.reason("person.name"), "needs_renewal");
    assert_eq!(f.put(&parents, Some(f.child), "given").await.status, 403, "the guardian's word is over");
    let list = t.call("GET", "/v1/me/consents", Some(&own), None).await;
    assert_eq!(list.body["consents"][0]["state"], "needs_renewal");
    assert_eq!(f.put(&own, None, "renewed").await.status, 200);
    assert_eq!(f.look(&t.chief().token).await.status, 200);
    assert!(matches!(t.verified().await.verdict, gridvault::trail::Verdict::Proven));
}

on_both!(d19_two_guardians_who_disagree_have_refused);
async fn d19_two_guardians_who_disagree_have_refused(on: On) {
    let t = TestVault::street(on).await;
    let f = Family::with_child(&t, "2018-03-01").await;
    let [one, two] = [t.task(1).resident.unwrap(), t.task(5).resident.unwrap()];
    let first = f.guardian(one).await;
    let second = f.guardian(two).await;
    let (one, two) = (session(&t, one).await, session(&t, two).await);
    assert_eq!(f.put(&one, Some(f.child), "given").await.status, 200);
    assert_eq!(f.look(&t.chief().token).await.status, 200);
    assert_eq!(f.put(&two, Some(f.child), "refused").await.status, 200);
    assert_eq!(f.look(&t.chief().token).await.status, 403);
    // The first one's yes again does not outvote the other.
    assert_eq!(f.put(&one, Some(f.child), "given").await.status, 200);
    assert_eq!(f.look(&t.chief().token).await.reason("person.name"), "consent_none");
    // Who is guardian no more has no say, neither against it nor for it.
    let path = format!("/v1/mandates/{}", second.as_str().unwrap());
    let end = json!({ "ended": true });
    assert_eq!(t.call("PATCH", &path, Some(&one), Some(&end)).await.status, 403);
    assert_eq!(t.call("PATCH", &path, Some(&two), Some(&end)).await.status, 204);
    assert_eq!(f.look(&t.chief().token).await.status, 200);
    assert_eq!(f.step(&first, &f.kit.clerk, end).await, 204);
    assert_eq!(f.look(&t.chief().token).await.reason("person.name"), "needs_guardian");
}

on_both!(d19_a_guardians_word_taken_down_by_staff_opens_nothing_before_it_is_confirmed);
async fn d19_a_guardians_word_taken_down_by_staff_opens_nothing_before_it_is_confirmed(on: On) {
    let t = TestVault::street(on).await;
    let f = Family::with_child(&t, "2018-03-01").await;
    let parent = t.task(1).resident.unwrap();
    let mandate = f.guardian(parent).await;
    crate::consent_kit::informed(&t, f.child).await;
    let body = json!({ "purpose": VISIT, "state": "given", "method": "signature", "basis_kind": "separate", "evidence": sheet(7),
        "expressed_by": { "kind": "guardian", "mandate": mandate } });
    let given = f.kit.says(&f.kit.steward, f.child, &body).await;
    assert_eq!(given.status, 201, "{}", given.text);
    // What is about a child is sensitive, every field of it.
    assert_eq!(f.look(&t.chief().token).await.reason("person.name"), "needs_separate");
    let parents = session(&t, parent).await;
    let confirm = json!({ "state": "given", "confirm": true, "for": f.child });
    let path = format!("/v1/me/consents/{VISIT}");
    assert_eq!(t.call("PUT", &path, Some(&parents), Some(&confirm)).await.status, 200);
    assert_eq!(f.look(&t.chief().token).await.outcome("person.name"), "clear");
    assert_eq!(t.call("PUT", &path, Some(&parents), Some(&confirm)).await.status, 409, "once");
}

on_both!(d19_from_14_to_17_the_guardian_hears_of_a_consent_to_what_is_special);
async fn d19_from_14_to_17_the_guardian_hears_of_a_consent_to_what_is_special(on: On) {
    let t = TestVault::street(on).await;
    let f = Family::with_child(&t, "2010-03-01").await;
    let parent = t.task(1).resident.unwrap();
    f.guardian(parent).await;
    let own = session(&t, f.child).await;
    let told = async || {
        let dues = t.vault.store.children(gridvault::store::Table::Dues, parent.as_bytes()).await;
        dues.unwrap().len()
    };
    for (fields, many) in [(json!(["person.name"]), 0), (json!(["disability.category"]), 1)] {
        let body = json!({ "state": "given", "fields": fields });
        let path = format!("/v1/me/consents/{VISIT}");
        assert_eq!(t.call("PUT", &path, Some(&own), Some(&body)).await.status, 200);
        assert_eq!(told().await, many);
    }
}

on_both!(a_proxy_speaks_within_the_letter_and_until_the_resident_ends_it);
async fn a_proxy_speaks_within_the_letter_and_until_the_resident_ends_it(on: On) {
    let t = TestVault::street(on).await;
    let f = Family::with_child(&t, "2018-03-01").await;
    let (old, proxy) = (t.task(5).resident.unwrap(), t.task(1).resident.unwrap());
    let letter = |more: Value| {
        let mut body = json!({ "kind": "proxy", "person": proxy, "relation": "20", "proof": "letter", "number": "W-2026-01",
            "purposes": [VISIT], "fields": ["person.name"], "from": "2026-11-01", "to": "2027-06-01" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (wrong, pointer) in [
        (json!({ "number": null }), "/number"),
        (json!({ "purposes": [] }), "/purposes"),
        (json!({ "relation": "5" }), "/relation"),
        (json!({ "to": "2026-10-01" }), "/to"),
        (json!({ "to": "2036-10-01" }), "/to"),
        (json!({ "fields": ["person.religion"] }), "/fields/0"),
        (json!({ "person": old }), "/person"),
        (json!({ "person": f.child }), "/person"),
        (json!({ "person": Uuid::new_v4() }), "/person"),
        (json!({ "kind": "guardian" }), "/kind"),
    ] {
        let answer = f.registered(old, &letter(wrong.clone())).await;
        assert_eq!((answer.status, &answer.body["errors"][0]["pointer"]), (400, &json!(pointer)), "{wrong}");
    }
    let made = f.registered(old, &letter(json!({}))).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let mandate = made.body["id"].clone();
    assert_eq!(f.step(&mandate, &f.kit.clerk, json!({ "confirmed": true })).await, 204);
    let session = session(&t, proxy).await;
    let put = async |purpose: &str, fields: Value| {
        let body = json!({ "state": "given", "for": old, "fields": fields });
        t.call("PUT", &format!("/v1/me/consents/{purpose}"), Some(&session), Some(&body)).await
    };
    assert_eq!(put(VISIT, json!(["person.phone"])).await.body["errors"][0]["code"], "not_in_mandate");
    assert_eq!(
        put("service_matching", json!(["person.name"])).await.body["errors"][0]["code"],
        "not_in_mandate"
    );
    assert_eq!(put(VISIT, json!(["person.name"])).await.status, 200);
    let look = async || t.look(&t.chief().token, t.visit(5, &["person.name", "person.phone"])).await;
    let seen = look().await;
    assert_eq!((seen.outcome("person.name"), seen.reason("person.phone")), ("clear", "consent_none"));
    // The resident needs nobody's leave to end it, and the consent ends with it.
    let own = crate::consent_kit::session(&t, old).await;
    assert_eq!(f.step(&mandate, &own, json!({ "ended": true })).await, 204);
    assert_eq!(look().await.reason("person.name"), "consent_none");
    assert_eq!(put(VISIT, json!(["person.name"])).await.status, 404);
}

on_both!(while_it_is_doubted_that_a_resident_understands_no_consent_counts);
async fn while_it_is_doubted_that_a_resident_understands_no_consent_counts(on: On) {
    let t = TestVault::street(on).await;
    let kit = Kit::of(&t);
    let resident = t.task(0).resident.unwrap();
    let path = format!("/v1/residents/{resident}/capacity");
    let doubt = async |token: &str, doubted: bool| {
        let body = json!({ "doubted": doubted, "reason": "does_not_understand" });
        t.call("PATCH", &path, Some(token), Some(&body)).await.status
    };
    let look = async || t.look(&t.chief().token, t.visit(0, &["person.name"])).await;
    assert_eq!(look().await.status, 200);
    assert_eq!(doubt(&t.chief().token, true).await, 403);
    assert_eq!(doubt(&kit.clerk, true).await, 204);
    assert_eq!(doubt(&kit.clerk, true).await, 409);
    assert_eq!(look().await.reason("person.name"), "needs_guardian");
    let session = t.sign_in(resident).await;
    let own = json!({ "state": "given" });
    assert_eq!(
        t.call("PUT", &format!("/v1/me/consents/{VISIT}"), Some(&session), Some(&own)).await.status,
        403
    );
    // To take one back is always heard; to lift the doubt is the privacy officer's.
    assert_eq!(doubt(&kit.steward, false).await, 403);
    assert_eq!(doubt(t.officer(), false).await, 204);
    assert_eq!(look().await.status, 200);
}
