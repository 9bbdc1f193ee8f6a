//! The tests' own kit: a vault with a small synthetic street on a hand-moved clock, asked through its real router.

mod cluster;
mod office;
mod server;
mod site;

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use gridvault::api::{App, router};
use gridvault::clock::{Clock, ManualClock};
use gridvault::demo::{DemoCaller, DemoFile, make, refresh};
use gridvault::seal::{Secret, create_key_file};
use gridvault::trail::Trust;
use gridvault::{Layout, Nature, Vault};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;

pub use cluster::{Cluster, Cut, CuttingProxy};
pub use office::{Certificates, Office, Serving};
pub use server::{Instance, Server, binary, ended, post};
pub use site::{On, Site, cluster, on_cluster};

/// 24 November 2026, 09:30 in Beijing.
pub const MORNING: i64 = 1_795_483_800_000_000;
/// An hour, microseconds.
pub const HOUR: i64 = 3_600_000_000;
/// The passphrase of every test vault.
pub const PASSPHRASE: &str = "correct horse battery staple";

/// A vault with a street, open in this process.
pub struct TestVault {
    pub site: Arc<Site>,
    pub vault: Arc<Vault>,
    pub clock: Arc<ManualClock>,
    pub demo: DemoFile,
    app: App,
    /// A privacy officer's token, who confirms what is proposed in an empty vault.
    second: Option<String>,
}

/// An answer as a client sees it.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub text: String,
    pub bytes: Vec<u8>,
    pub headers: axum::http::HeaderMap,
}

impl Answer {
    /// `outcome` of a field.
    pub fn outcome(&self, field: &str) -> &str {
        self.body["fields"][field]["outcome"].as_str().unwrap_or("(none)")
    }

    /// The value of a field.
    pub fn value(&self, field: &str) -> Option<&str> {
        self.body["fields"][field]["value"].as_str()
    }

    /// The reason code of a field.
    pub fn reason(&self, field: &str) -> &str {
        self.body["fields"][field]["reason"]["code"].as_str().unwrap_or("(none)")
    }

    /// The problem's name, or the status.
    pub fn problem(&self) -> &str {
        self.body["type"].as_str().and_then(|t| t.strip_prefix("urn:gridvault:problem:")).unwrap_or("(none)")
    }
}

impl TestVault {
    /// A street of 120 residents.
    pub async fn street(on: On) -> Self {
        Self::street_at(Site::new(on).await).await
    }

    /// The same, there.
    pub async fn street_at(site: Site) -> Self {
        let clock = Arc::new(ManualClock::at(MORNING));
        let vault = open(&site.layout(), Arc::clone(&clock) as Arc<dyn Clock>, Some(Nature::Synthetic)).await;
        let mut demo = make(&vault, 120, 7).await.unwrap();
        refresh(&vault, &mut demo).await.unwrap();
        Self::over(site, vault, clock, demo)
    }

    /// An empty synthetic vault; its steward's token is the one caller.
    pub async fn empty(on: On) -> (Self, String) {
        use gridvault::authority::Holder;
        use gridvault::register::{appoint, issue_token};
        use gridvault_policy::{Posture, Role};
        let site = Site::new(on).await;
        let clock = Arc::new(ManualClock::at(MORNING));
        let vault = open(&site.layout(), Arc::clone(&clock) as Arc<dyn Clock>, Some(Nature::Synthetic)).await;
        let steward = appoint(&vault, Role::DataSteward, "S1").await.unwrap();
        let token =
            issue_token(&vault, Holder::Person(steward.person), Posture::Office, 24 * HOUR).await.unwrap();
        let officer = appoint(&vault, Role::PrivacyOfficer, "P1").await.unwrap();
        let second =
            issue_token(&vault, Holder::Person(officer.person), Posture::Office, 24 * HOUR).await.unwrap();
        let demo = DemoFile {
            url: String::new(),
            tenant: "donggaodi".into(),
            log_key: vault.log_key.to_string(),
            callers: vec![],
            residents: vec![],
            premises: vec![],
            tasks: vec![],
        };
        let mut t = Self::over(site, vault, clock, demo);
        t.second = Some(second.reveal().to_owned());
        (t, token.reveal().to_owned())
    }

    fn over(site: Site, vault: Vault, clock: Arc<ManualClock>, demo: DemoFile) -> Self {
        Self::opened(Arc::new(site), Arc::new(vault), clock, demo)
    }

    fn opened(site: Arc<Site>, vault: Arc<Vault>, clock: Arc<ManualClock>, demo: DemoFile) -> Self {
        let app = App::new(Arc::clone(&vault));
        Self { site, vault, clock, demo, app, second: None }
    }

    /// The same street, closed and opened again as that layout says.
    pub async fn again(self, layout: &Layout) -> Self {
        self.vault.close().await;
        let Self { site, clock, demo, .. } = self;
        Self::reopened(site, layout, clock, demo).await
    }

    /// Another instance on the same database, with a pin of its own; on SQLite, which takes one, another door to this one.
    pub async fn instance(&self, pin: &str) -> Self {
        let layout = self.site.instance(pin);
        self.instance_at(&layout).await
    }

    /// The same, opened as that layout says.
    pub async fn instance_at(&self, layout: &Layout) -> Self {
        let vault = match self.site.on {
            On::Sqlite => Arc::clone(&self.vault),
            On::Postgres => Arc::new(open(layout, Arc::clone(&self.clock) as Arc<dyn Clock>, None).await),
        };
        Self::opened(Arc::clone(&self.site), vault, Arc::clone(&self.clock), self.demo.clone())
    }

    /// The vault at that site, opened anew.
    pub async fn reopened(site: Arc<Site>, layout: &Layout, clock: Arc<ManualClock>, demo: DemoFile) -> Self {
        let vault = open(layout, Arc::clone(&clock) as Arc<dyn Clock>, None).await;
        Self::opened(site, Arc::new(vault), clock, demo)
    }

    /// The log as stored, verified with its key against this instance's pin.
    pub async fn verified(&self) -> gridvault::trail::Verified {
        let store = gridvault::store::Store::open_to_verify(&self.site.location()).await.unwrap();
        let pin = std::fs::read_to_string(self.site.layout().pin).unwrap();
        let trust = Trust { key: Some(self.vault.log_key.clone()), against: vec![pin], ..Trust::default() };
        let verified = gridvault::trail::verify_database(&store, &trust, &|_| ()).await;
        store.close().await;
        verified.unwrap()
    }

    /// Asks the router.
    pub async fn call(&self, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Answer {
        let text = body.map(Value::to_string);
        self.call_raw(method, path, token, text).await
    }

    /// The token of a privacy officer.
    pub fn officer(&self) -> &str {
        self.second.as_deref().unwrap_or_else(|| &self.caller("privacy_officer", "none").token)
    }

    /// Takes lines in; what is proposed thereby is confirmed by a privacy officer.
    pub async fn import(&self, kind: &str, token: &str, lines: String) -> Answer {
        let path = format!("/v1/imports?kind={kind}");
        let answer = self.call_raw("POST", &path, Some(token), Some(lines)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        if let Some(id) = answer.body["proposal"].as_str() {
            let path = format!("/v1/proposals/{id}/confirm");
            let confirmed = self.call("POST", &path, Some(self.officer()), None).await;
            assert_eq!(
                (confirmed.status, &confirmed.body["refused"]),
                (200, &json!([])),
                "{}",
                confirmed.text
            );
        }
        answer
    }

    /// Asks the router with any body.
    pub async fn call_raw(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<String>,
    ) -> Answer {
        let mut request =
            Request::builder().method(method).uri(path).header("content-type", "application/json");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.ask(request.body(body.map_or_else(Body::empty, Body::from)).unwrap()).await
    }

    /// Asks under an `Idempotency-Key`.
    pub async fn call_with_key(
        &self,
        method: &str,
        path: &str,
        token: &str,
        key: &str,
        body: &Value,
    ) -> Answer {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        let request =
            request.header("authorization", format!("Bearer {token}")).header("idempotency-key", key);
        self.ask(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// Asks for what may be known already.
    pub async fn call_if_none_match(&self, path: &str, token: &str, tag: &str) -> Answer {
        let request = Request::builder().uri(path).header("if-none-match", tag);
        let request = request.header("authorization", format!("Bearer {token}"));
        self.ask(request.body(Body::empty()).unwrap()).await
    }

    async fn ask(&self, request: Request<Body>) -> Answer {
        let response = router(self.app.clone()).oneshot(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status, body, text, bytes: bytes.to_vec(), headers }
    }

    /// Appends so many entries of many sorts, over some days.
    pub async fn fill(&self, many: u64) {
        use gridvault::trail::{Act, Change};
        let mut rng = fastrand::Rng::with_seed(11);
        for _ in 0..many.div_ceil(250) {
            let acts =
                (0..250).map(|_| Act::new(&self.vault.keys, some_entry(&mut rng, 900), Change::none()));
            self.vault.log.record_all(acts.collect()).await.unwrap();
            self.clock.step(HOUR * 5);
        }
    }

    /// A lookup of the given shape.
    pub async fn look(&self, token: &str, body: Value) -> Answer {
        self.call("POST", "/v1/lookups", Some(token), Some(&body)).await
    }

    /// The first caller of a role and department.
    pub fn caller(&self, role: &str, department: &str) -> &DemoCaller {
        self.demo.caller(role, department).unwrap_or_else(|| panic!("no {role}/{department}"))
    }

    /// The first chief, in the plain post.
    pub fn chief(&self) -> &DemoCaller {
        self.caller("grid_chief", "none")
    }

    /// The demonstration's task number `n` (see its plan).
    pub fn task(&self, n: usize) -> &gridvault::demo::DemoTask {
        &self.demo.tasks[n]
    }

    /// A home visit of the chief's with these fields, at the resident of task `n`.
    pub fn visit(&self, n: usize, fields: &[&str]) -> Value {
        let task = self.task(n);
        json!({ "resident": task.resident, "fields": fields, "purpose": task.purpose, "task": task.id, "assignment": task.assignment })
    }

    /// A resident's session token, by the code.
    pub async fn sign_in(&self, resident: Uuid) -> String {
        let code = &self.demo.residents.iter().find(|r| r.id == resident).unwrap().code;
        let answer = self.call("POST", "/v1/sessions", None, Some(&json!({ "code": code }))).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.body["token"].as_str().unwrap().to_owned()
    }

    /// Opens a task as the data steward; gives its id.
    pub async fn open_task(
        &self,
        source_number: &str,
        purpose: &str,
        resident: Option<Uuid>,
        premises: Option<Uuid>,
        post: Uuid,
    ) -> Uuid {
        let steward = self.caller("data_steward", "none");
        let body = json!({
            "source": "test", "number": source_number, "kind": "visit", "purpose": purpose,
            "residents": resident.into_iter().collect::<Vec<_>>(), "premises": premises.into_iter().collect::<Vec<_>>(),
            "assignees": [post], "opens": "2026-11-24T00:00:00+08:00", "closes": "2026-12-24T00:00:00+08:00",
        });
        let answer = self.call("POST", "/v1/tasks", Some(&steward.token), Some(&body)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.body["id"].as_str().unwrap().parse().unwrap()
    }

    /// Proposes that notice with the token and has the privacy officer approve it; gives its id.
    pub async fn publish(&self, token: &str, notice: Value) -> Uuid {
        let made = self.call("POST", "/v1/notices", Some(token), Some(&notice)).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let id = made.body["id"].as_str().unwrap();
        let approve = json!({ "approved": true });
        let approved =
            self.call("PATCH", &format!("/v1/notices/{id}"), Some(self.officer()), Some(&approve)).await;
        assert_eq!(approved.status, 204, "{}", approved.text);
        id.parse().unwrap()
    }

    /// The newest entries, oldest first: (public, private).
    pub async fn entries(&self, last: i64) -> Vec<(Value, Value)> {
        let filter = gridvault::store::EntryFilter { limit: last, newest_first: true, ..Default::default() };
        let mut entries = self.vault.store.entries(&filter).await.unwrap();
        entries.reverse();
        let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
        entries.iter().map(|e| (json(&e.public), json(e.private.as_deref().unwrap_or(b"null")))).collect()
    }

    /// Entries so far.
    pub async fn size(&self) -> i64 {
        self.vault.store.head().await.unwrap().unwrap().size
    }
}

/// A notice that says all that it has to, about these fields of a home visit.
pub fn notice(series: &str, fields: &[&str]) -> Value {
    let members = [
        "handler",
        "contact",
        "privacy_officer",
        "purpose",
        "ways",
        "necessity",
        "recipients",
        "retention",
        "retention_end",
        "rights",
        "withdrawal",
        "complaint",
        "refusal",
        "minors",
        "changes",
    ];
    let items: serde_json::Map<String, Value> =
        members.iter().map(|member| ((*member).to_owned(), json!(format!("示例{member}")))).collect();
    json!({ "series": series, "items": { "zh-CN": items }, "purposes": ["home_visit_care"], "fields": fields,
        "valid_from": "2026-11-24" })
}

/// Opens (or makes) a vault there.
pub async fn open(layout: &Layout, clock: Arc<dyn Clock>, fresh: Option<Nature>) -> Vault {
    try_open(layout, clock, fresh).await.unwrap()
}

/// Likewise, with what may go wrong.
pub async fn try_open(
    layout: &Layout,
    clock: Arc<dyn Clock>,
    fresh: Option<Nature>,
) -> Result<Vault, gridvault::OpenError> {
    if !layout.keys.exists() {
        create_key_file(&layout.keys, "test", "donggaodi", &Secret::new(PASSPHRASE)).unwrap();
    }
    Vault::open(layout, Secret::new(PASSPHRASE), clock, fresh).await
}

/// An entry of the machine's own, to be filled in.
pub fn system_entry(kind: gridvault_audit::Kind) -> gridvault_audit::Entry {
    gridvault_audit::Entry {
        public: gridvault_audit::Public {
            kind,
            who: gridvault::register::system_who(),
            action: None,
            purpose: None,
            basis: None,
            fields: vec![],
            obligations: vec![],
            result: None,
            reason: None,
            about: Default::default(),
            policy: None,
        },
        private: gridvault_audit::Private {
            salt: None,
            actor: gridvault::identity::actor(Uuid::nil()),
            subject: None,
            basis_ref: None,
            task: None,
            consent: None,
            facts: None,
            state: vec![],
            request: None,
            detail: Default::default(),
        },
    }
}

/// A lookup's entry of those fields, as large as a real one.
pub fn lookup_entry(fields: &[&'static str]) -> gridvault_audit::Entry {
    use gridvault_audit::{FieldGroup, Kind, ResultWord, Subject, SubjectType, Who, WhoType};
    let mut entry = system_entry(Kind::Lookup);
    let chief = Some("grid_chief".into());
    entry.public.who = Who {
        kind: WhoType::Person,
        role: chief,
        department: None,
        area: Some("110106006901001".into()),
        through: None,
    };
    entry.public.action = Some("view".into());
    entry.public.purpose = Some("home_visit_care".into());
    entry.public.basis = Some("consent".into());
    entry.public.fields = fields
        .chunks(4)
        .map(|part| FieldGroup {
            outcome: "clear".into(),
            rule: "R-021".into(),
            form_or_reason: "".into(),
            fields: part.iter().map(|field| (*field).into()).collect(),
        })
        .collect();
    entry.public.result = Some(ResultWord::Allowed);
    entry.public.policy = Some([7; 32]);
    entry.private.subject =
        Some(Subject { kind: SubjectType::Person, tag: [9; 16], place: Some([8; 16]), also: vec![] });
    entry.private.task = Some(Uuid::nil().to_string());
    entry.private.request = Some("bench".into());
    entry
}

/// An entry of one of many sorts: kinds, roles, grids, purposes, outcomes, reasons, actors, devices, tasks and records at random.
pub fn some_entry(rng: &mut fastrand::Rng, tasks: u64) -> gridvault_audit::Entry {
    use gridvault_audit::{FieldGroup, Kind, ResultWord};
    let one = |rng: &mut fastrand::Rng, of: &[&'static str]| of[rng.usize(..of.len())];
    let mut entry = lookup_entry(&[]);
    entry.public.kind = *rng
        .choice(
            [Kind::Lookup, Kind::Lookup, Kind::Lookup, Kind::Search, Kind::Verification, Kind::TrailRead]
                .iter(),
        )
        .unwrap();
    entry.public.who.role =
        Some(one(rng, &["grid_chief", "grid_supervisor", "window_clerk", "dispatched_officer"]).into());
    entry.public.who.area = rng.u8(..).ne(&0).then(|| format!("1101060069{:02}", rng.u8(1..44)).into());
    let purposes =
        ["home_visit_care", "case_handling", "fire_safety_check", "window_service", "minor_protection"];
    entry.public.purpose = rng.u8(..).ne(&1).then(|| one(rng, &purposes).into());
    let results = [ResultWord::Allowed, ResultWord::Partial, ResultWord::Denied, ResultWord::Failed];
    let result = results[[0, 0, 0, 0, 0, 1, 1, 2, 2, 3][rng.usize(..10)]];
    entry.public.result = Some(result);
    let reason = one(rng, &["no_task", "grid_scope", "consent_none", "rate"]);
    let group = |outcome: &'static str, third: &'static str| FieldGroup {
        outcome: outcome.into(),
        rule: "R-021".into(),
        form_or_reason: third.into(),
        fields: ["person.name", "person.phone", "person.sex"].map(Into::into).to_vec(),
    };
    let allowed = one(rng, &["clear", "masked", "derived", "matched"]);
    entry.public.fields = match result {
        ResultWord::Allowed => vec![group("clear", ""), group(allowed, "M-name")],
        ResultWord::Partial => vec![group(allowed, ""), group("denied", reason)],
        ResultWord::Denied | ResultWord::Failed => vec![],
    };
    entry.public.reason = (result == ResultWord::Denied).then(|| reason.into());
    let id =
        |rng: &mut fastrand::Rng, of: u64, among: u64| Uuid::from_u64_pair(of, rng.u64(..among)).to_string();
    entry.private.actor.id = id(rng, 1, 500);
    entry.private.actor.device = rng.bool().then(|| format!("terminal-{}", rng.u8(..)));
    entry.private.task = rng.u8(..).ne(&2).then(|| id(rng, 2, tasks));
    let subject = entry.private.subject.as_mut().unwrap();
    for tag in [&mut subject.tag, subject.place.as_mut().unwrap()] {
        *tag = u128::from(rng.u64(..tasks)).to_be_bytes();
    }
    entry
}
