//! What tests of consents have in common: notices and deliveries as their rows are, signed sheets, residents of any age.

use gridvault::authority::{Channel, Confirmer, Delivery, Notice, Series};
use gridvault::register::issue_token;
use gridvault::store::Table;
use gridvault::trail::{Act, Change};
use gridvault_audit::Kind;
use gridvault_policy::{Posture, Purpose};
use gridvault_tests::{Answer, HOUR, TestVault, system_entry};
use serde_json::{Value, json};
use uuid::Uuid;

pub const VISIT: &str = "home_visit_care";
pub const VISITED: [&str; 3] = ["person.name", "person.phone", "elder.living_alone"];

/// So many days, microseconds.
pub const fn day(n: i64) -> i64 {
    n * 24 * HOUR
}

/// Who records, and who oversees.
pub struct Kit<'t> {
    t: &'t TestVault,
    pub steward: String,
    pub clerk: String,
}

impl<'t> Kit<'t> {
    pub fn of(t: &'t TestVault) -> Self {
        let token = |role| t.caller(role, "none").token.clone();
        Self { t, steward: token("data_steward"), clerk: token("window_clerk") }
    }

    /// Records a consent event of that resident.
    pub async fn says(&self, token: &str, resident: Uuid, body: &Value) -> Answer {
        self.t.call("POST", &format!("/v1/residents/{resident}/consents"), Some(token), Some(body)).await
    }

    /// A token of the steward's that is good now.
    pub async fn fresh(&self, t: &TestVault) -> String {
        let holder = gridvault::authority::Holder::Person(t.caller("data_steward", "none").holder);
        issue_token(&t.vault, holder, Posture::Office, day(400)).await.unwrap().reveal().to_owned()
    }
}

/// A resident's token that is good for 60 days.
pub async fn session(t: &TestVault, resident: Uuid) -> String {
    let holder = gridvault::authority::Holder::Resident(resident);
    gridvault::register::invented_factor(&t.vault, resident).await.unwrap();
    issue_token(&t.vault, holder, Posture::Unmanaged, day(60)).await.unwrap().reveal().to_owned()
}

/// The digest of a signed sheet.
pub fn sheet(n: u8) -> String {
    format!("{n:02x}").repeat(32)
}

/// A version of a notice, approved by two.
pub async fn notice(
    t: &TestVault,
    (series, version): (&str, u32),
    purposes: &[Purpose],
    fields: &[&str],
    material_change: bool,
    valid_from: i64,
) -> Uuid {
    let id = Uuid::now_v7();
    let series = match series {
        "NM" => Series::Minors,
        "SN" => Series::Sensitive,
        _ => Series::General,
    };
    let items = serde_json::from_value(json!({ "zh-CN": {
        "handler": "示例街道办事处", "contact": "示例路1号", "privacy_officer": "个保负责人 010-00000000",
        "purpose": "上门探访，了解需要", "ways": "登记、查看", "necessity": "", "recipients": "不向他人提供",
        "retention": "撤回或最后一次探访后一年", "retention_end": "删除", "rights": "查阅、复制、更正、删除",
        "withdrawal": "自助页面或窗口一步撤回", "complaint": "12377", "refusal": "不影响其他服务" } }));
    let notice = Notice {
        series,
        version,
        hash: sheet(u8::try_from(version).unwrap()),
        purposes: purposes.to_vec(),
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        items: items.unwrap(),
        valid_from,
        material_change,
        approved: vec![Uuid::now_v7(), Uuid::now_v7()],
        by_officer: true,
        approved_at: Some(0),
        refused: false,
    };
    let row = t.vault.keys.row(Table::Notices, id.as_bytes(), 1, None, &notice).unwrap();
    let act = Act::new(&t.vault.keys, system_entry(Kind::NoticePublished), Change::rows(vec![row]));
    t.vault.log.record(act).await.unwrap();
    id
}

/// That the resident was given that version.
pub async fn deliver(t: &TestVault, resident: Uuid, notice: Uuid, at: i64) {
    let row = t.vault.store.row(Table::Notices, notice.as_bytes()).await.unwrap().unwrap();
    let hash = t.vault.keys.check::<Notice>(&row).unwrap().hash;
    let delivery = Delivery {
        notice: Some(notice),
        hash: Some(hash),
        channel: Some(Channel::PaperSigned),
        at,
        by: None,
        witness: None,
        confirmed_by: Some(Confirmer::Subject),
        evidence: None,
    };
    let id = Uuid::now_v7();
    let row =
        t.vault.keys.row(Table::Deliveries, id.as_bytes(), 1, Some(resident.as_bytes()), &delivery).unwrap();
    let act = Act::new(&t.vault.keys, system_entry(Kind::NoticeDelivered), Change::rows(vec![row]));
    t.vault.log.record(act).await.unwrap();
}

/// That the resident was given the newest notice about visits just now.
pub async fn informed(t: &TestVault, resident: Uuid) {
    let series = [Series::Sensitive, Series::General, Series::Minors];
    let notices = t.vault.notices();
    let (newest, _) = notices.newest(Purpose::HomeVisitCare, &series, t.vault.now()).unwrap();
    deliver(t, resident, newest, t.vault.now()).await;
}

/// A resident born that day, taken in at the home of the first task.
pub async fn born(t: &TestVault, date: &str, number: u32) -> Uuid {
    let plain = format!("990106{}{number:03}", date.replace('-', ""));
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = plain.chars().zip(weights).map(|(c, w)| c.to_digit(10).unwrap() * w).sum();
    let check = "10X98765432".chars().nth((sum % 11) as usize).unwrap();
    let body = json!({ "premises": t.task(0).premises, "fields": { "person.name": "示例孩子",
        "person.id_type": "resident_id", "person.id_no": format!("{plain}{check}"), "person.birth_date": date } });
    let steward = &t.caller("data_steward", "none").token;
    let made = t.call("POST", "/v1/residents", Some(steward), Some(&body)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.body["id"].as_str().unwrap().parse().unwrap()
}
