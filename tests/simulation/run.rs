//! Doing it, and what must hold.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use gridvault::Layout;
use gridvault::authority::Holder;
use gridvault::register::issue_token;
use gridvault::store::{EntryFilter, Location};
use gridvault::trail::Verdict;
use gridvault_policy::Posture;
use gridvault_tests::{Answer, CuttingProxy, HOUR, On, Site, TestVault, cluster, try_open};
use serde_json::{Value, json};
use uuid::Uuid;

use super::op::{Op, RESIDENTS};

/// What should be so; `None` where a dropped change leaves it open.
#[derive(Clone, Copy)]
struct Known {
    resident: Uuid,
    consent: Option<bool>,
    task: Option<(Uuid, bool)>,
}

struct World {
    on: On,
    site: Arc<Site>,
    doors: Vec<Option<Arc<TestVault>>>,
    layouts: Vec<Layout>,
    proxy: Option<CuttingProxy>,
    known: Vec<Known>,
    sessions: Vec<String>,
    received: HashSet<String>,
    values: HashSet<String>,
    kept: Option<Site>,
    tasks: u32,
}

pub async fn run(on: On, ops: Vec<Op>) {
    let mut world = World::make(on).await;
    for op in ops {
        world.take(op).await;
    }
    world.settle().await;
}

impl World {
    async fn make(on: On) -> Self {
        let first = TestVault::street(on).await;
        let site = Arc::clone(&first.site);
        let (mut known, mut sessions) = (Vec::new(), Vec::new());
        // Residents of the chief's open visits: two with a consent of their own, one by staff.
        for n in [0, 5] {
            known.push((first.task(n).resident.unwrap(), first.task(n).id));
        }
        let third = first.demo.residents[8].id;
        let task =
            first.open_task("SIM-0", "home_visit_care", Some(third), None, first.task(0).assignment).await;
        known.push((third, task));
        for (resident, _) in &known {
            gridvault::register::invented_factor(&first.vault, *resident).await.unwrap();
            let token =
                issue_token(&first.vault, Holder::Resident(*resident), Posture::Unmanaged, 24 * 30 * HOUR);
            sessions.push(token.await.unwrap().reveal().to_owned());
        }
        let known: Vec<Known> = known
            .into_iter()
            .enumerate()
            .map(|(n, (resident, task))| Known { resident, consent: Some(n < 2), task: Some((task, true)) })
            .collect();
        assert_eq!(known.len(), RESIDENTS);
        let mut layouts = vec![site.layout()];
        let proxy = (on == On::Postgres).then(|| CuttingProxy::start(cluster().get_socket().unwrap()));
        if let Some(proxy) = &proxy {
            let url = site.url_through(proxy.folder().to_str().unwrap()).unwrap();
            layouts = vec![
                Layout { database: Location::parse(&url).unwrap(), ..site.instance("pin-a") },
                site.instance("pin-b"),
            ];
        }
        let mut doors = vec![Some(Arc::new(first))];
        if on == On::Postgres {
            let first = doors[0].take().unwrap();
            for layout in &layouts {
                doors.push(Some(Arc::new(first.instance_at(layout).await)));
            }
            first.vault.close().await;
            doors.remove(0);
        }
        let (received, values) = (HashSet::new(), HashSet::new());
        Self { on, site, doors, layouts, proxy, known, sessions, received, values, kept: None, tasks: 0 }
    }

    fn door(&self, door: usize) -> Arc<TestVault> {
        Arc::clone(self.doors[door % self.doors.len()].as_ref().unwrap())
    }

    async fn take(&mut self, op: Op) {
        match op {
            Op::Look { door, who } => {
                let (t, body) = (self.door(door), self.visit(door, who));
                let answer = t.look(&t.chief().token, body).await;
                self.looked(who, &answer);
            }
            Op::LookAndLeave { door, who, turns } => {
                let (t, body) = (self.door(door), self.visit(door, who));
                let asked = tokio::spawn(async move { t.look(&t.chief().token, body).await });
                if let Some(answer) = leave(asked, turns).await {
                    self.looked(who, &answer);
                }
            }
            Op::Consent { door, who, given } => {
                let answer = put(self.door(door), self.sessions[who].clone(), given).await;
                self.consented(who, given, &answer);
            }
            Op::ConsentAndLeave { door, who, given, turns } => {
                let asked = tokio::spawn(put(self.door(door), self.sessions[who].clone(), given));
                match leave(asked, turns).await {
                    Some(answer) => self.consented(who, given, &answer),
                    None => self.known[who].consent = None,
                }
            }
            Op::Task { door, who, open } => self.task(door, who, open).await,
            Op::Clock { minutes } => self.door(0).clock.step(minutes * 60_000_000),
            Op::Cut(how) => self.proxy.as_ref().unwrap().cut_next(how),
            Op::Restart { door } => self.again(door, true).await,
            Op::Drop { door } => self.again(door, false).await,
            Op::Keep => {
                let copy = self.kept_now().await;
                self.kept = Some(copy);
            }
            Op::PutBack => self.put_back().await,
        }
    }

    fn visit(&self, door: usize, who: usize) -> Value {
        let known = &self.known[who];
        let task = known.task.map(|(task, _)| task);
        json!({ "resident": known.resident, "fields": ["person.name", "person.phone"], "purpose": "home_visit_care",
                "task": task, "assignment": self.door(door).task(0).assignment })
    }

    fn looked(&mut self, who: usize, answer: &Answer) {
        let Known { consent, task, .. } = self.known[who];
        let open = task.is_some_and(|(_, open)| open);
        match consent {
            Some(consent) => {
                let expected = if consent && open { 200 } else { 403 };
                assert_eq!(answer.status, expected, "{}", answer.text);
            }
            None => assert!(matches!(answer.status, 200 | 403), "{}", answer.text),
        }
        assert_eq!(answer.status == 200, answer.value("person.name").is_some());
        let id = answer.body["lookup"]["id"].as_str().unwrap().to_owned();
        assert!(self.received.insert(id), "answered twice");
        for field in ["person.name", "person.phone"] {
            self.values.extend(answer.value(field).map(str::to_owned));
        }
    }

    fn consented(&mut self, who: usize, given: bool, answer: &Answer) {
        let before = self.known[who].consent;
        match (answer.status, given) {
            (200, _) => {}
            // Withdrawn already; of a dropped change nobody knows, and a header may have moved under it.
            (409, false) if before != Some(true) => {}
            (409, _) if before.is_none() => return,
            _ => panic!("{given} {before:?}: {}", answer.text),
        }
        self.known[who].consent = if answer.status == 409 && before.is_none() { None } else { Some(given) };
    }

    async fn task(&mut self, door: usize, who: usize, open: bool) {
        let t = self.door(door);
        let (task, is_open) = self.known[who].task.unwrap();
        if open {
            self.tasks += 1;
            let (number, resident) = (format!("SIM-{}", self.tasks), self.known[who].resident);
            let task =
                t.open_task(&number, "home_visit_care", Some(resident), None, t.task(0).assignment).await;
            self.known[who].task = Some((task, true));
        } else if is_open {
            let steward = &t.caller("data_steward", "none").token;
            let body = json!({ "closed": true, "outcome": "done" });
            let answer = t.call("PATCH", &format!("/v1/tasks/{task}"), Some(steward), Some(&body)).await;
            assert_eq!(answer.status, 204, "{}", answer.text);
            self.known[who].task = Some((task, false));
        }
    }

    async fn again(&mut self, door: usize, cleanly: bool) {
        let door = door % self.doors.len();
        let t = self.doors[door].take().unwrap();
        if cleanly {
            t.vault.close().await;
        }
        let (clock, demo) = (Arc::clone(&t.clock), t.demo.clone());
        // On SQLite the next one can only open when nothing of this one is left.
        let layout = self.layouts[door].clone();
        let old = Arc::downgrade(&t.vault);
        drop(t);
        while old.strong_count() > 0 {
            tokio::task::yield_now().await;
        }
        let t = TestVault::reopened(Arc::clone(&self.site), &layout, clock, demo).await;
        self.doors[door] = Some(Arc::new(t));
    }

    async fn kept_now(&mut self) -> Site {
        let t = self.doors[0].take().unwrap();
        t.vault.close().await;
        let copy = self.site.copy().await;
        let (clock, demo) = (Arc::clone(&t.clock), t.demo.clone());
        drop(t);
        let t = TestVault::reopened(Arc::clone(&self.site), &self.layouts[0], clock, demo).await;
        self.doors[0] = Some(Arc::new(t));
        copy
    }

    /// The kept database with the pin of now: a rollback, unless nothing happened since. Opening is an entry.
    async fn put_back(&mut self) {
        let Some(kept) = self.kept.take() else { return };
        let (t, clock) = (self.door(0), Arc::clone(&self.door(0).clock));
        drop(t);
        self.again(0, true).await;
        self.door(0).vault.close().await;
        std::fs::copy(self.site.layout().pin, kept.layout().pin).unwrap();
        let refused = try_open(&kept.layout(), clock, None).await;
        assert!(refused.err().unwrap().to_string().contains("log-rollback"));
        self.again(0, true).await;
    }

    async fn settle(mut self) {
        let t = self.door(0);
        let filter = EntryFilter { limit: i64::MAX, ..Default::default() };
        let (mut given, mut open) = (HashMap::<Value, bool>::new(), HashMap::<Value, bool>::new());
        let (mut at, mut ids) = (i64::MIN, HashSet::new());
        for entry in t.vault.store.entries(&filter).await.unwrap() {
            let text = String::from_utf8_lossy(&entry.public).into_owned()
                + &*String::from_utf8_lossy(entry.private.as_deref().unwrap());
            assert!(
                self.values.iter().all(|value| !text.contains(value.as_str())),
                "entry {} holds a value",
                entry.seq
            );
            assert!(entry.at >= at, "log time went back at {}", entry.seq);
            at = entry.at;
            assert!(
                ids.insert(data_encoding::HEXLOWER.encode(&entry.salt)),
                "{} was written twice",
                entry.seq
            );
            let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
            let (public, private) = (json(&entry.public), json(entry.private.as_deref().unwrap()));
            let (subject, task) = (private["subject"]["tag"].clone(), private["task"].clone());
            match public["kind"].as_str().unwrap() {
                "consent.given" => drop(given.insert(subject, true)),
                "consent.withdrawn" => drop(given.insert(subject, false)),
                "task.closed" => drop(open.insert(task, false)),
                "lookup" if public["result"] != "denied" && public["basis"] == "consent" => {
                    assert_ne!(given.get(&subject), Some(&false), "{} is behind a withdrawal", entry.seq);
                    assert_ne!(open.get(&task), Some(&false), "{} is behind its task's closing", entry.seq);
                }
                _ => {}
            }
        }
        let missing: Vec<_> = self.received.difference(&ids).collect();
        assert!(missing.is_empty(), "{missing:?} were answered but are not on record");
        drop(t);
        for door in self.doors.iter_mut().map(|door| door.take().unwrap()) {
            door.vault.close().await;
        }
        let store = gridvault::store::Store::open_to_verify(&self.site.location()).await.unwrap();
        let pins: Vec<String> =
            self.layouts.iter().map(|layout| std::fs::read_to_string(&layout.pin).unwrap()).collect();
        let key = gridvault::seal::unseal(
            &self.site.layout().keys,
            &gridvault::seal::Secret::new(gridvault_tests::PASSPHRASE),
        );
        let key = key.unwrap().log_key.verifier();
        let trust = gridvault::trail::Trust { key: Some(key), against: pins, ..Default::default() };
        let verified = gridvault::trail::verify_database(&store, &trust, &|_| ()).await.unwrap();
        assert_eq!(verified.verdict, Verdict::Proven, "{:?}", self.on);
        store.close().await;
    }
}

async fn put(t: Arc<TestVault>, session: String, given: bool) -> Answer {
    let body = json!({ "state": if given { "given" } else { "withdrawn" } });
    t.call("PUT", "/v1/me/consents/home_visit_care", Some(&session), Some(&body)).await
}

/// The client leaves after so many turns; the answer, if it came before.
async fn leave(asked: tokio::task::JoinHandle<Answer>, turns: usize) -> Option<Answer> {
    for _ in 0..turns * 10 {
        tokio::task::yield_now().await;
    }
    asked.abort();
    asked.await.ok()
}
