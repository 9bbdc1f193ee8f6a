//! Receipts of consent events: the fields of ISO/IEC TS 27560:2023, signed as a note by a key of its own, so that the holder
//! can show later what was said, and that it is in the log. Field names only, never a value.

use data_encoding::{BASE64, HEXLOWER};
use gridvault_audit::leaf_hash;
use gridvault_policy::{FieldId, Tier};
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::RegisterError;
use super::consents::Person;
use crate::Vault;
use crate::authority::{ConsentEvent, Notice, NoticeItems, effective_tier, standing};
use crate::clock::{rfc3339, utc};
use crate::store::EntryFilter;

/// The form of a receipt.
const SCHEMA: &str = "gridvault-receipt/1 ISO/IEC TS 27560:2023";
/// The first line of the short statement that a printed receipt's code holds.
const SHORT: &str = "gridvault receipt";
/// Hex digits of the check code.
const CHECKED: usize = 10;

/// A receipt.
pub struct Receipt {
    /// What it says.
    pub body: Value,
    /// The same, canonical, as a signed note.
    pub note: String,
    /// SHA-256 of the note's text, hex.
    pub hash: String,
    /// What a printed receipt's code holds: a short statement of id and hash, signed as well.
    pub code: String,
    /// The verifier key.
    pub key: String,
    /// The proof that the event's entry is in the log; nothing until a published checkpoint covers it.
    pub proof: Option<String>,
}

impl Receipt {
    /// The first digits of the hash, in groups, to be compared by eye.
    pub fn check_code(&self) -> String {
        check_code(&self.hash)
    }
}

/// The first digits of a hash in two groups of five.
pub fn check_code(hash: &str) -> String {
    let digits: Vec<char> = hash.chars().take(CHECKED).collect();
    digits.chunks(CHECKED / 2).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// The text of a note: a receipt's, or the short statement of a printed code; nothing where it is neither.
pub fn read_signed(signed: &str) -> Option<(&str, &str)> {
    let at = signed.rfind("\n\n")?;
    Some((signed.get(..=at)?, signed.get(at + 2..)?))
}

/// The short statement of a printed code, from its one line, with its signature line.
pub fn read_code(code: &str, key_name: &str) -> Option<(String, String)> {
    let mut parts = code.trim().split(' ');
    let (Some("GVR1"), Some(id), Some(hash), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    Some((short(id, hash), format!("\u{2014} {key_name} {signature}\n")))
}

fn short(id: &str, hash: &str) -> String {
    format!("{SHORT}\n{id}\n{hash}\n")
}

/// The receipt of an event, as of now.
pub async fn receipt(
    vault: &Vault,
    person: &Person,
    (id, seq, event): (Uuid, i64, &ConsentEvent),
    at: i64,
) -> Result<Receipt, RegisterError> {
    let keys = &vault.keys;
    let notices = vault.notices();
    let notice = event.notice.and_then(|notice| Some((notice, notices.find(notice)?)));
    let held = person.held()?;
    let present = standing(held.in_order(), event.purpose, &person.circumstances(&held.notices), at).present;
    let log = log_position(vault, seq).await?;
    let receipt_id = receipt_id(vault, id);
    let mut body = json!({
        "schema_version": SCHEMA,
        "receipt_id": receipt_id.to_string(),
        "record_id": id,
        // Names nobody by itself, and not as the trail does.
        "pii_principal_id": HEXLOWER.encode(keys.term("receipt subject", &person.id.to_string()).as_ref()),
        "language": "zh-CN",
        "jurisdiction": "CN",
        "storage_locations": ["CN"],
        "lawful_basis": "consent",
        "purpose": { "id": event.purpose.as_str(), "zh": event.purpose.zh(), "en": event.purpose.en() },
        "pii_information": event.fields.iter().filter_map(|id| named(id, person)).collect::<Vec<_>>(),
        "collection_method": event.method,
        "event": {
            "event_state": event.state.as_str(),
            "event_type": event.basis_kind.as_str(),
            "event_time": utc(event.at),
            "event_time_local": rfc3339(event.at),
            "valid_until": rfc3339(event.until),
            "entity_id": event.speaker.as_str(),
        },
        "issued_at": utc(at),
        "present_state": present.as_str(),
        "log": log,
        "suite": "intl",
    });
    if let Some(body) = body.as_object_mut() {
        parties(body, keys.tenant(), notice);
        if let (Some(event_of), Some(event_said)) =
            (event.of, body.get_mut("event").and_then(Value::as_object_mut))
        {
            event_said.insert("of".into(), json!(event_of));
        }
        if let Some(mandate) = event.speaker.mandate().and_then(|id| person.mandate(id)) {
            let by = json!({ "relation_gbt4761": mandate.relation, "proof": mandate.proof });
            body.insert("expressed_by".into(), by);
        }
    }
    let text = format!("{}\n", canonical(&body));
    let hash = HEXLOWER.encode(digest(&SHA256, text.as_bytes()).as_ref());
    let statement = keys.sign_receipt(&short(&receipt_id.to_string(), &hash));
    let signature = statement.trim_end().rsplit(' ').next().unwrap_or_default();
    let proof = match u64::try_from(seq) {
        Ok(seq) => vault.publisher.prove(seq).await?.map(|proof| proof.to_string()),
        Err(_) => None,
    };
    Ok(Receipt {
        code: format!("GVR1 {receipt_id} {hash} {signature}"),
        note: format!("{text}\n{}", keys.sign_receipt(&text)),
        key: keys.receipt_key(),
        body,
        hash,
        proof,
    })
}

/// The same event has the same receipt's id, whoever asks for it.
fn receipt_id(vault: &Vault, event: Uuid) -> Uuid {
    let tag = vault.keys.term("receipt id", &event.to_string());
    let bytes = tag.as_ref().first_chunk::<16>().copied().unwrap_or_default();
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// Members in their order, no blanks (RFC 8785; a receipt has no number but integers).
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            let said: Vec<String> =
                sorted.iter().map(|(name, value)| format!("{}:{}", json!(name), canonical(value))).collect();
            format!("{{{}}}", said.join(","))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

fn named(id: &str, person: &Person) -> Option<Value> {
    let field = FieldId::parse(id).ok()?;
    let tier = effective_tier(field, person.age);
    Some(json!({ "pii_type": field.as_str(), "zh": field.zh(), "en": field.en(), "tier": tier.as_str(),
        "sensitive": tier >= Tier::T3 }))
}

/// Who handles the data, and what the notice says of rights: in Chinese, as the notice that it was given under has it.
fn parties(body: &mut Map<String, Value>, tenant: &str, notice: Option<(Uuid, &Notice)>) {
    let items =
        notice.and_then(|(_, notice)| notice.items.get("zh-CN").or_else(|| notice.items.values().next()));
    let fallback = NoticeItems {
        handler: tenant.to_owned(),
        withdrawal: "在自助页面“我的同意”中一步撤回，或到社区服务站窗口、电话撤回；撤回不影响此前的处理，也不影响其他服务".into(),
        complaint: "可向本街道个人信息保护负责人提出，或向网信部门投诉、举报".into(),
        ..NoticeItems::default()
    };
    let items = items.unwrap_or(&fallback);
    let controller = json!({ "party_id": tenant, "party_name": items.handler, "party_contact": items.contact,
        "privacy_officer": items.privacy_officer, "party_type": "public_authority" });
    body.insert("pii_controllers".into(), json!([controller]));
    body.insert("purpose_text".into(), items.purpose.clone().into());
    body.insert("processing_method".into(), items.ways.clone().into());
    body.insert("recipient_third_parties".into(), items.recipients.clone().into());
    let kept = format!("{} {}", items.retention, items.retention_end);
    body.insert("retention_period".into(), kept.trim().into());
    body.insert("privacy_rights".into(), items.rights.clone().into());
    body.insert("withdrawal_method".into(), items.withdrawal.clone().into());
    body.insert("complaint".into(), items.complaint.clone().into());
    if let Some((id, notice)) = notice {
        let version = json!({ "id": id, "series": notice.series.as_str(), "version": notice.version,
            "sha256": notice.hash });
        body.insert("privacy_notice".into(), version);
    }
}

/// Where the event lies in the log, and under which published checkpoint.
async fn log_position(vault: &Vault, seq: i64) -> Result<Value, RegisterError> {
    let filter = EntryFilter {
        after: Some(seq.saturating_sub(1)),
        before: Some(seq.saturating_add(1)),
        limit: 1,
        ..EntryFilter::default()
    };
    let entries = vault.store.entries(&filter).await?;
    let mut log = json!({ "origin": vault.log_key.name(), "entry": seq });
    let Some(members) = log.as_object_mut() else { return Ok(log) };
    if let Some(entry) = entries.first() {
        members.insert("leaf_hash".into(), HEXLOWER.encode(&leaf_hash(&entry.public)).into());
    }
    let covers = |size: u64| u64::try_from(seq).is_ok_and(|seq| seq < size);
    if let Some(newest) = vault.publisher.newest().filter(|newest| covers(newest.checkpoint.size)) {
        let root = BASE64.encode(&newest.checkpoint.root);
        members.insert("checkpoint".into(), json!({ "size": newest.checkpoint.size, "root": root }));
    }
    Ok(log)
}
