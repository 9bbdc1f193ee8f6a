//! A receipt to be printed: one page in Chinese, large enough to be read, with a QR code and a check code.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};
use serde_json::Value;

use crate::register::Receipt;

const STYLE: &str = "body{font:18px/1.6 system-ui,sans-serif;max-width:48rem;margin:1rem auto;padding:0 1rem;color:#111;background:#fff}\
h1{font-size:1.5rem;text-align:center}table{width:100%;border-collapse:collapse}th,td{border:1px solid #888;padding:.35rem .5rem;text-align:left;vertical-align:top}\
th{width:9rem;font-weight:600}svg{width:42mm;height:42mm}.codes{display:flex;gap:1rem;align-items:center;margin-top:1rem}\
.check{font:600 1.6rem/1.2 ui-monospace,monospace;letter-spacing:.05em}.small{font-size:.8rem;overflow-wrap:anywhere}\
@page{size:A4;margin:14mm}@media print{body{margin:0;max-width:none}}";

/// What the page may do: nothing but look as it does.
pub(super) fn policy() -> String {
    let hash =
        data_encoding::BASE64.encode(ring::digest::digest(&ring::digest::SHA256, STYLE.as_bytes()).as_ref());
    format!("default-src 'none'; style-src 'sha256-{hash}'; frame-ancestors 'none'")
}

/// The page.
pub(super) fn page(receipt: &Receipt) -> String {
    let body = &receipt.body;
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let fields: Vec<String> = body
        .get("pii_information")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|field| {
            let word = |name: &str| field.get(name).and_then(Value::as_str).unwrap_or_default();
            let sensitive = field.get("sensitive") == Some(&Value::Bool(true));
            format!("{}（{}{}）", word("zh"), word("tier"), if sensitive { "，敏感" } else { "" })
        })
        .collect();
    let notice = match body.get("privacy_notice") {
        Some(notice) => {
            let of = |name: &str| notice.get(name).map(Value::to_string).unwrap_or_default().replace('"', "");
            format!("{} 第{}版，摘要 {}", of("series"), of("version"), of("sha256"))
        }
        None => "—".to_owned(),
    };
    let rows = [
        ("回执编号", text("/receipt_id")),
        ("居民代号", text("/pii_principal_id")),
        (
            "处理者",
            format!("{} {}", text("/pii_controllers/0/party_name"), text("/pii_controllers/0/party_contact")),
        ),
        ("个保负责人", text("/pii_controllers/0/privacy_officer")),
        ("目的", format!("{} {}", text("/purpose/zh"), text("/purpose_text"))),
        ("信息项", fields.join("、")),
        ("告知书", notice),
        ("内容", format!("{}（{}）", state(&text("/event/event_state")), kind(&text("/event/event_type")))),
        ("表示人", speaker(&text("/event/entity_id")).to_owned()),
        ("时间", format!("{}（北京时间）", text("/event/event_time_local"))),
        ("有效至", text("/event/valid_until")),
        ("出具时状态", state(&text("/present_state")).to_owned()),
        ("接收方", text("/recipient_third_parties")),
        ("保存", text("/retention_period")),
        ("您的权利", text("/privacy_rights")),
        ("怎样撤回", text("/withdrawal_method")),
        ("怎样投诉", text("/complaint")),
        ("记录位置", position(body)),
    ];
    let mut page = format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><title>同意回执</title><style>{STYLE}</style></head>\
         <body><h1>个人信息处理同意回执</h1><table>"
    );
    for (name, value) in rows.iter().filter(|(_, value)| !value.trim().is_empty()) {
        write!(page, "<tr><th>{name}</th><td>{}</td></tr>", escaped(value.trim())).unwrap_or_default();
    }
    write!(
        page,
        "</table><div class=\"codes\">{}<div><div>核对码</div><div class=\"check\">{}</div>\
         <div class=\"small\">本页不含您的任何信息内容。核对码为回执摘要的前十位；二维码含回执编号、摘要和签名，\
         可离线核验（gridvault receipt verify）。</div></div></div><p class=\"small\">摘要 {}<br>公钥 {}</p></body></html>",
        qr(&receipt.code),
        escaped(&receipt.check_code()),
        escaped(&receipt.hash),
        escaped(&receipt.key),
    )
    .unwrap_or_default();
    page
}

fn position(body: &Value) -> String {
    let of = |pointer: &str| body.pointer(pointer).map(Value::to_string).unwrap_or_default().replace('"', "");
    let mut said = format!("{} 第 {} 条，摘要 {}", of("/log/origin"), of("/log/entry"), of("/log/leaf_hash"));
    if body.pointer("/log/checkpoint").is_some() {
        let (size, root) = (of("/log/checkpoint/size"), of("/log/checkpoint/root"));
        write!(said, "；检查点 {size} 条，根 {root}").unwrap_or_default();
    }
    said
}

fn state(word: &str) -> &'static str {
    match word {
        "requested" => "已征求，未答复",
        "given" => "同意",
        "renewed" => "续期同意",
        "confirmed" => "确认同意",
        "refused" => "不同意",
        "deferred" => "以后再定",
        "withdrawn" => "撤回同意",
        "expired" => "已到期",
        "needs_renewal" => "需要重新确认",
        "invalidated" => "已认定无效",
        "invalid" => "已失效",
        _ => "—",
    }
}

fn kind(word: &str) -> &'static str {
    match word {
        "separate" => "单独同意",
        "written" => "书面同意",
        _ => "一般同意",
    }
}

fn speaker(word: &str) -> &'static str {
    match word {
        "guardian" => "监护人",
        "proxy" => "代理人",
        _ => "居民本人",
    }
}

/// The code as a drawing: one path, four modules of white around it.
fn qr(text: &str) -> String {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else { return String::new() };
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        let mut x = 0;
        while x < size {
            let run = (x..size).take_while(|x| code.get_module(*x, y)).count();
            let run = i32::try_from(run).unwrap_or_default();
            if run > 0 {
                write!(path, "M{} {}h{run}v1h-{run}z", x + 4, y + 4).unwrap_or_default();
            }
            x += run + 1;
        }
    }
    let whole = size + 8;
    format!(
        "<svg viewBox=\"0 0 {whole} {whole}\" role=\"img\" aria-label=\"二维码\">\
         <rect width=\"{whole}\" height=\"{whole}\" fill=\"#fff\"/><path d=\"{path}\" fill=\"#000\"/></svg>"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
