//! `GET /v1/me/lookups`: who looked at me, and the proof of each line.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use gridvault_audit::{Json, Kind, ProofFile};
use gridvault_policy::{Basis, FieldId, Outcome, Purpose, RecordType, Role, Scheme};
use serde_json::{Map, Value, json};

use super::extract::Context;
use super::problem::Name;
use super::{App, Problem};
use crate::Vault;
use crate::authority::Header;
use crate::clock::{beijing, rfc3339};
use crate::identity::{Caller, Party};
use crate::register::Withheld;
use crate::store::{EntryFilter, Store, StoreError, StoredEntry, Table};
use crate::trail::prove_published;

/// Lines that one statement goes back at most.
const FURTHEST: i64 = 5000;

pub(super) async fn lookups(State(app): State<App>, context: Context) -> Result<Response, Problem> {
    let (after, limit) = (context.asked::<String>("after")?, context.limit(50)?);
    let caller = context.plain_caller(&app).await?;
    let tag = own_tag(&app, &context, &caller).await?;
    context.enter(&app, &caller, (Kind::TrailRead, "own_lookups"), None).await?;
    let filter = of_statement(&tag);
    let withheld = withheld(&app, &context, &caller).await?;
    let mut entries = Vec::new();
    for store in lives(&app.vault) {
        let proven = shown(&app.vault, store).await.map_err(|error| failed(&context, &error))?;
        let found = store.entries(&filter).await.map_err(|error| failed(&context, &error))?;
        entries.extend(found.into_iter().map(|entry| (entry.seq < proven, entry)));
    }
    let lines = entries.iter();
    let line = |(proven, entry): &(bool, StoredEntry)| line(&app.vault, entry, &tag, *proven, &withheld);
    let mut lines = lines.filter_map(line).peekable();
    if let Some(after) = &after {
        while lines.next_if(|line| line.get("id").and_then(Value::as_str) != Some(after)).is_some() {}
        lines.next();
    }
    let shown: Vec<Value> = lines.by_ref().take(limit).collect();
    let next = lines.peek().and_then(|_| shown.last()).and_then(|line| line.get("id")).cloned();
    Ok(axum::Json(json!({ "lookups": shown, "next": next })).into_response())
}

/// The proof that a line of the own statement is in the log.
pub(super) async fn proof(
    State(app): State<App>,
    context: Context,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let caller = context.plain_caller(&app).await?;
    let tag = own_tag(&app, &context, &caller).await?;
    context.enter(&app, &caller, (Kind::TrailRead, "own_proof"), None).await?;
    let nowhere = || context.problem(Name::NotFound);
    let salt = HEXLOWER.decode(id.as_bytes()).map_err(|_| nowhere())?;
    let filter = EntryFilter { salt: Some(salt), ..of_statement(&tag) };
    let withheld = withheld(&app, &context, &caller).await?;
    let seen = |entry: &&StoredEntry| line(&app.vault, entry, &tag, true, &withheld).is_some();
    for store in lives(&app.vault) {
        let entries = store.entries(&filter).await.map_err(|error| failed(&context, &error))?;
        let Some(shown) = entries.iter().find(seen) else { continue };
        let seq = u64::try_from(shown.seq).unwrap_or(u64::MAX);
        let proof = if Arc::ptr_eq(store, &app.vault.store) {
            app.vault.publisher.prove(seq).await
        } else {
            prove_published(store, seq).await
        };
        let proof = proof.map_err(|error| failed(&context, &error))?;
        return Ok(proof_file(seq, &proof.ok_or_else(nowhere)?));
    }
    Err(nowhere())
}

/// The log's lives, the present one first.
fn lives(vault: &Vault) -> impl Iterator<Item = &Arc<Store>> {
    std::iter::once(&vault.store).chain(&vault.former)
}

/// Entries of that life that a published checkpoint covers.
async fn shown(vault: &Vault, store: &Arc<Store>) -> Result<i64, StoreError> {
    if Arc::ptr_eq(store, &vault.store) {
        let newest = vault.publisher.newest().map_or(0, |newest| newest.checkpoint.size);
        return Ok(i64::try_from(newest).unwrap_or(i64::MAX));
    }
    Ok(store.newest_checkpoint(true).await?.map_or(0, |newest| newest.size))
}

/// A proof as a file of its own.
pub(super) fn proof_file(seq: u64, proof: &ProofFile) -> Response {
    let name = format!("attachment; filename=\"{seq}.tlog-proof\"");
    let kind = "text/plain; charset=utf-8".to_owned();
    ([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], proof.to_string()).into_response()
}

/// The audit tag of the resident who asks.
pub(super) async fn own_tag(app: &App, context: &Context, caller: &Caller) -> Result<[u8; 16], Problem> {
    let Party::Resident(resident) = caller.party() else { return Err(context.problem(Name::NotFound)) };
    let row = app.vault.store.row(Table::Records, resident.as_bytes()).await;
    let row = row.map_err(|error| failed(context, &error))?;
    let header: Option<Header> = row.and_then(|row| app.vault.keys.check(&row));
    let tag = header.filter(|h| h.kind == RecordType::Person).and_then(|h| h.tag_bytes());
    tag.ok_or_else(|| context.problem(Name::NotFound))
}

pub(super) fn failed(context: &Context, error: &StoreError) -> Problem {
    tracing::error!(%error, "a statement could not be read");
    context.problem(Name::Internal)
}

/// The sentences of the statement of that record that a task's lookups left, the oldest first; of that many entries at most.
pub(super) async fn sentences_of(vault: &Vault, tag: &[u8], task: &str) -> Result<Vec<String>, StoreError> {
    let filter = EntryFilter { newest_first: false, ..of_statement(tag) };
    let of_task = |entry: &&StoredEntry| {
        let private = entry.private.as_deref().and_then(|bytes| Json::parse_canonical(bytes).ok());
        private.is_some_and(|private| private.text("task") == Some(task))
    };
    let withheld = Withheld::at(vault, vault.now()).await?;
    let entries = vault.store.entries(&filter).await?;
    let lines = entries.iter().filter(of_task).filter_map(|entry| line(vault, entry, tag, false, &withheld));
    Ok(lines.filter_map(|line| Some(line.get("text")?.as_str()?.to_owned())).collect())
}

/// What is on a statement.
fn of_statement(tag: &[u8]) -> EntryFilter {
    EntryFilter {
        kinds: [Kind::Lookup, Kind::Verification].map(|kind| kind.as_str().to_owned()).to_vec(),
        record: Some(tag.to_vec()),
        newest_first: true,
        limit: FURTHEST,
        ..EntryFilter::default()
    }
}

/// What is kept off statements just now, whoever's it is.
async fn withheld(app: &App, context: &Context, caller: &Caller) -> Result<Withheld, Problem> {
    Withheld::at(&app.vault, caller.now()).await.map_err(|error| failed(context, &error))
}

/// A line of the statement; nothing where nothing was shown to anybody, or where it is kept back.
fn line(vault: &Vault, entry: &StoredEntry, own: &[u8], proven: bool, withheld: &Withheld) -> Option<Value> {
    let public = Json::parse_canonical(&entry.public).ok()?;
    if withheld.hides(entry, &public) {
        return None;
    }
    // A record of somebody else's, or a place: the resident is touched by what it says of the home, and by nothing more.
    let about_own = entry.record.as_deref() == Some(own);
    let mut fields = Map::new();
    for group in public.get("fields")?.as_list()? {
        let [outcome, _, _, names] = group.as_list()? else { return None };
        let outcome = outcome.as_text()?;
        if outcome != Outcome::Denied.as_str() {
            for name in names.as_list()?.iter().filter_map(Json::as_text) {
                if about_own || name.starts_with("premises.") {
                    fields.insert(name.to_owned(), outcome.into());
                }
            }
        }
    }
    if fields.is_empty() {
        return None;
    }
    let who = public.get("who")?;
    let area = who.text("area").map(|code| area_name(vault, code));
    let text = sentence(&public, area.as_deref(), &fields, entry.at)?;
    Some(json!({
        "id": HEXLOWER.encode(&entry.salt),
        "at": rfc3339(entry.at),
        "who": { "role": who.text("role"), "area": area, "through": who.text("through") },
        "purpose": public.text("purpose"),
        "basis": public.text("basis"),
        "fields": fields,
        "text": text,
        "proof": if proven { "ready" } else { "pending" },
    }))
}

pub(super) fn area_name(vault: &Vault, code: &str) -> String {
    let areas = vault.areas();
    let found = Scheme::ALL.iter().find_map(|scheme| areas.find(*scheme, code));
    found.map_or_else(|| code.to_owned(), |area| area.name.clone())
}

/// `2026年3月5日 10:12，示例一社区第3网格网格长因“案件处置”查看了您的联系方式（遮盖）。依据：法定职责。`
fn sentence(public: &Json, area: Option<&str>, fields: &Map<String, Value>, at: i64) -> Option<String> {
    let at = jiff::Timestamp::from_microsecond(at).ok()?.to_zoned_datetime(beijing());
    let who = public.get("who")?;
    let role = who.text("role").and_then(Role::parse).map_or("工作人员", Role::zh);
    let purpose = public.text("purpose").and_then(Purpose::parse)?.zh();
    let basis = public.text("basis").and_then(Basis::parse)?.zh();
    let named: Vec<String> = fields
        .iter()
        .filter_map(|(id, outcome)| {
            let outcome = Outcome::parse(outcome.as_str()?)?.zh();
            Some(format!("{}（{outcome}）", FieldId::parse(id).ok()?.zh()))
        })
        .collect();
    let did = match public.text("action") {
        Some("print") => "打印了",
        Some("export") => "导出了",
        _ => "查看了",
    };
    let own = who.text("type") == Some("resident");
    let asker = if own { "您本人".to_owned() } else { format!("{}{role}", area.unwrap_or_default()) };
    let through = who
        .text("through")
        .map(|s| format!("（经{}）", gridvault_policy::Department::parse(s).map_or(s, |d| d.zh())));
    Some(format!(
        "{}年{}月{}日 {:02}:{:02}，{asker}{}因“{purpose}”{did}您的{}。依据：{basis}。",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        through.unwrap_or_default(),
        named.join("、"),
    ))
}
