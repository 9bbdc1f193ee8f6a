//! What the invented residents were told: a notice as the law wants one, proposed and approved like a real one.

use std::collections::BTreeMap;

use gridvault_policy::{FieldId, Purpose, RecordType};
use uuid::Uuid;

use crate::Vault;
use crate::authority::{NoticeItems, Series};
use crate::clock::civil_date;
use crate::identity::Caller;
use crate::register::{NewNotice, RegisterError, approve_notice, propose_notice, uses};

/// Proposed by the data steward, approved by the privacy officer.
pub(super) async fn general(
    vault: &Vault,
    steward: &Caller,
    officer: &Caller,
) -> Result<Uuid, RegisterError> {
    let book = vault.book.load();
    let used = |field: &FieldId| Purpose::ALL.iter().any(|purpose| uses(&book, *purpose, *field));
    let held = |field: &FieldId| !field.is_derived() && field.record() != RecordType::Ticket;
    let fields: Vec<FieldId> = FieldId::all().filter(held).filter(used).collect();
    let speaks = |purpose: &&Purpose| fields.iter().any(|field| uses(&book, **purpose, *field));
    let new = NewNotice {
        series: Series::General,
        items: BTreeMap::from([("zh-CN".to_owned(), chinese()), ("en".to_owned(), english())]),
        purposes: Purpose::ALL.iter().filter(speaks).copied().collect(),
        fields: fields.iter().map(|field| field.as_str().to_owned()).collect(),
        valid_from: civil_date(vault.now()).to_string(),
        material_change: false,
    };
    let id = propose_notice(vault, steward, new, "").await?;
    approve_notice(vault, officer, id, "").await?;
    Ok(id)
}

fn chinese() -> NoticeItems {
    NoticeItems {
        handler: "示例街道办事处".into(),
        contact: "示例区示例路1号，电话 010-00000000".into(),
        privacy_officer: "个人信息保护负责人，电话 010-00000001".into(),
        purpose: "办理您反映的事情、上门探访、社会救助、流动人口登记、安全检查、紧急救助等社会服务和管理。".into(),
        ways: "登记、保存、查询、更正；每次查看都有记录，您可以看到谁看过。不做自动打分。".into(),
        necessity: "证件号码用来确认是您本人；养老、救助、健康等信息只在您办理相应事情时使用。这些信息泄露可能影响您的安全，所以默认遮盖、单独加密。".into(),
        recipients: "12345热线（承办您的工单）、一刻钟服务圈（您单独同意后派单）；电话 010-00000002。不向其他单位提供，法律另有规定的除外。".into(),
        retention: "办完事情以后按每项用途保存，一般不超过两年。".into(),
        retention_end: "到期销毁密钥，内容再也打不开。".into(),
        rights: "您可以查看、复制、更正、补充、删除，可以问谁看过：到社区服务站窗口，或用自助码登录。".into(),
        withdrawal: "用自助码登录点一次，或在窗口、电话说一声，立即生效。".into(),
        complaint: "先找个人信息保护负责人；也可以向网信部门投诉，电话 12377。".into(),
        refusal: "不同意的，只是不办那一项，其他服务照常。".into(),
        minors: "未满十四周岁的，由监护人同意；工作人员查看须经负责人批准。".into(),
        changes: String::new(),
    }
}

fn english() -> NoticeItems {
    NoticeItems {
        handler: "Example subdistrict office".into(),
        contact: "1 Example Road, phone 010-00000000".into(),
        privacy_officer: "The privacy officer, phone 010-00000001".into(),
        purpose: "Handling what you report, home visits, relief, registration, safety checks, rescue.".into(),
        ways: "Registered, kept, looked up, corrected; each look is on record and you can see it. Nobody is scored.".into(),
        necessity: "Your identity number shows that it is you; care, relief and health data are used for that matter alone. A leak could endanger you, so they are masked and sealed apart.".into(),
        recipients: "The 12345 desk (your ticket), the service circle (if you agree to it), phone 010-00000002; nobody else but by law.".into(),
        retention: "As long as each purpose needs, two years at most as a rule.".into(),
        retention_end: "The keys are destroyed; nothing can be opened again.".into(),
        rights: "See, copy, correct, complete, erase, ask who looked: at the service station, or signed in with a code.".into(),
        withdrawal: "One step when signed in, or a word at the window or by phone; it holds at once.".into(),
        complaint: "The privacy officer first; or the cyberspace administration, phone 12377.".into(),
        refusal: "Only that one thing is not done; other services go on.".into(),
        minors: "Under 14 a guardian consents; staff look only with a manager's approval.".into(),
        changes: String::new(),
    }
}
