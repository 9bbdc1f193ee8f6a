//! What a notice has to say, and the digest that a version is known by.

use std::borrow::Cow;
use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use gridvault_audit::Json;
use gridvault_policy::{Book, FieldId, Purpose, Tier};
use ring::digest::{SHA256, digest};

use super::super::RegisterError;
use super::super::tasks::invalid;
use crate::authority::{Notice, NoticeItems, Series};
use crate::clock::rfc3339;

/// Characters of one item at most; of all items of one language it is the main part that has to be short.
const ITEM: usize = 4000;
/// Chinese is what residents read; English may stand beside it.
const LANGUAGES: [&str; 2] = ["zh-CN", "en"];

/// An item of a notice in one language.
pub struct Item<'n> {
    /// Its member.
    pub member: &'static str,
    /// Its title in Chinese.
    pub zh: &'static str,
    /// Its title in English.
    pub en: &'static str,
    /// What it says.
    pub text: &'n str,
}

/// The items in the order of the law (PIPL 17, 30; 网络数据安全管理条例 21), empty ones too.
pub fn items_of(items: &NoticeItems) -> [Item<'_>; 15] {
    let item = |member, zh, en, text| Item { member, zh, en, text };
    [
        item("handler", "处理者", "Who handles your data", items.handler.as_str()),
        item("contact", "联系方式", "How to reach us", items.contact.as_str()),
        item("privacy_officer", "个人信息保护负责人", "Privacy officer", items.privacy_officer.as_str()),
        item("purpose", "为什么收集", "What for", items.purpose.as_str()),
        item("ways", "怎么用", "In which ways", items.ways.as_str()),
        item(
            "necessity",
            "为什么必须收集敏感信息、对您有什么影响",
            "Why sensitive data are needed, and what it means for you",
            items.necessity.as_str(),
        ),
        item("recipients", "给谁", "Who receives them", items.recipients.as_str()),
        item("retention", "保存多久", "How long they are kept", items.retention.as_str()),
        item("retention_end", "到期怎么办", "What becomes of them then", items.retention_end.as_str()),
        item("rights", "您的权利和办理方式", "Your rights and how to use them", items.rights.as_str()),
        item("withdrawal", "怎么撤回同意", "How to withdraw", items.withdrawal.as_str()),
        item("complaint", "到哪里投诉", "Where to complain", items.complaint.as_str()),
        item("refusal", "不同意会怎样", "If you do not agree", items.refusal.as_str()),
        item("minors", "未满十四周岁的专门规则", "Rules for children under 14", items.minors.as_str()),
        item("changes", "这一版改了什么", "What changed in this version", items.changes.as_str()),
    ]
}

/// Checks what the version says against the law, the catalogue and the rules; `before` is the newest approved one of its series.
///
/// # Errors
/// `Invalid` with the pointer of the member that is missing or does not fit.
pub(super) fn check(book: &Book, notice: &Notice, before: Option<&Notice>) -> Result<(), RegisterError> {
    check_purposes(&notice.purposes)?;
    let fields = check_fields(book, notice)?;
    let sensitive = fields.iter().any(|field| field.tier() >= Tier::T3);
    for language in notice.items.keys() {
        if !LANGUAGES.contains(&language.as_str()) {
            return Err(invalid("/items", "language_unknown"));
        }
    }
    if !notice.items.contains_key("zh-CN") {
        return Err(invalid("/items/zh-CN", "required"));
    }
    for (language, items) in &notice.items {
        for Item { member, text, .. } in items_of(items) {
            let needed = match member {
                "necessity" => sensitive || notice.series == Series::Sensitive,
                "minors" => notice.series == Series::Minors,
                "changes" => notice.version > 1,
                _ => true,
            };
            let pointer = || format!("/items/{language}/{member}");
            if needed && text.trim().is_empty() {
                return Err(invalid(&pointer(), "required"));
            }
            if text.chars().count() > ITEM {
                return Err(invalid(&pointer(), "too_long"));
            }
        }
    }
    // A new purpose or a new kind of data needs new consents (PIPL 14(2)): that is not the author's to leave out.
    let added = before.is_some_and(|before| {
        notice.purposes.iter().any(|purpose| !before.purposes.contains(purpose))
            || notice.fields.iter().any(|field| !before.fields.contains(field))
    });
    if added && !notice.material_change {
        return Err(invalid("/material_change", "something_was_added"));
    }
    Ok(())
}

fn check_purposes(purposes: &[Purpose]) -> Result<(), RegisterError> {
    if purposes.is_empty() {
        return Err(invalid("/purposes", "required"));
    }
    let repeated =
        (1..purposes.len()).find(|i| purposes.iter().take(*i).any(|p| purposes.get(*i) == Some(p)));
    repeated.map_or(Ok(()), |i| Err(invalid(&format!("/purposes/{i}"), "repeated")))
}

/// The fields of the list: held ones, each once, each used by a rule of one of the purposes.
fn check_fields(book: &Book, notice: &Notice) -> Result<Vec<FieldId>, RegisterError> {
    if notice.fields.is_empty() {
        return Err(invalid("/fields", "required"));
    }
    let mut fields: Vec<FieldId> = Vec::with_capacity(notice.fields.len());
    for (i, id) in notice.fields.iter().enumerate() {
        let wrong = |code| invalid(&format!("/fields/{i}"), code);
        let field = FieldId::parse(id).map_err(|unknown| wrong(unknown.code()))?;
        if field.is_derived() {
            return Err(wrong("not_collected"));
        }
        if fields.contains(&field) {
            return Err(wrong("repeated"));
        }
        if !notice.purposes.iter().any(|purpose| uses(book, *purpose, field)) {
            return Err(wrong("field_not_for_purpose"));
        }
        fields.push(field);
    }
    Ok(fields)
}

/// Whether a rule of that purpose gives something of the field, itself or what is derived from it.
pub fn uses(book: &Book, purpose: Purpose, field: FieldId) -> bool {
    let derived = |of: &FieldId| of.inputs().contains(&field) && book.uses_field(purpose, *of);
    book.uses_field(purpose, field) || FieldId::all().filter(|of| of.is_derived()).any(|of| derived(&of))
}

/// What the digest is of: everything that the version says, in every language; how large it is printed is no part of it.
pub fn content(notice: &Notice) -> Json {
    let text = |text: &str| Json::Text(Cow::Owned(text.to_owned()));
    let mut languages = BTreeMap::new();
    for (language, items) in &notice.items {
        let items = items_of(items).into_iter().filter(|item| !item.text.is_empty());
        let items = items.map(|item| (Cow::Borrowed(item.member), text(item.text))).collect();
        languages.insert(Cow::Owned(language.clone()), Json::Map(items));
    }
    let list = |words: &mut dyn Iterator<Item = &str>| Json::List(words.map(text).collect());
    Json::Map(BTreeMap::from([
        ("series".into(), text(notice.series.as_str())),
        ("version".into(), Json::Int(i64::from(notice.version))),
        ("purposes".into(), list(&mut notice.purposes.iter().map(|p| p.as_str()))),
        ("fields".into(), list(&mut notice.fields.iter().map(String::as_str))),
        ("items".into(), Json::Map(languages)),
        ("valid_from".into(), text(&rfc3339(notice.valid_from))),
        ("material_change".into(), Json::Bool(notice.material_change)),
    ]))
}

/// SHA-256 of the canonical JSON (RFC 8785) of what it says, hex.
pub fn hash(notice: &Notice) -> String {
    HEXLOWER.encode(digest(&SHA256, &content(notice).to_bytes()).as_ref())
}
