//! `gridvault doctor`: what an operator should mend, found without the passphrase and without changing anything.

use std::path::Path;

use gridvault_audit::Checkpoint;
use gridvault_policy::{Book, FieldId, RecordType, Role};
use serde_json::json;

use super::examine::{Finding, report, settings};
use super::{ConfigFile, Outcome};
use crate::authority::{Assignment, Notice};
use crate::clock::{Clock, SystemClock, day, days, rfc3339};
use crate::config::Config;
use crate::register::uses;
use crate::store::{Store, StoreError, Table};

/// Below it a vault soon answers 503.
const LEAST_FREE: u64 = 1 << 30;
const MOST_BEHIND: i64 = 5 * 60 * 1_000_000;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    let file = &arguments.file.config;
    let config = Config::read(file)?;
    let layout = config.layout();
    let mut findings = settings(file, &config);
    for (what, path) in
        [("disk of the database", layout.database.file()), ("disk of the pin", Some(layout.pin.as_path()))]
    {
        findings.extend(path.map(|path| free(what, path)));
    }
    match Store::open_to_verify(&layout.database).await {
        Ok(store) => {
            findings.extend(database(&store, &layout.pin).await?);
            findings.extend(office(&store).await?);
            store.close().await;
        }
        Err(error) => {
            let mend = format!("it cannot be read: {error}");
            findings.push(Finding::new("database", layout.database.to_string(), Some(mend)));
        }
    }
    Ok(report(&findings, json!({}), arguments.json))
}

/// Whether those are there without whom residents may not be asked for anything: a notice, and somebody who answers for
/// the vault. Their rows' MACs are not checked here, for that needs the keys.
async fn office(store: &Store) -> Result<Vec<Finding>, StoreError> {
    let now = SystemClock.now();
    let rows = store.all(Table::Notices).await?;
    let notices = rows.iter().filter_map(|row| serde_json::from_slice::<Notice>(&row.body).ok());
    let notices: Vec<Notice> = notices.filter(|notice| notice.live(now)).collect();
    let notice = match notices.len() {
        0 => Finding::new("notice", "none yet: publish one before residents are taken in".to_owned(), None),
        n => Finding::new("notice", format!("{n} in force"), untold(&notices, now)),
    };
    let posts = store.all(Table::Assignments).await?;
    let held = posts.iter().filter_map(|row| serde_json::from_slice::<Assignment>(&row.body).ok());
    let officers = held.filter(|post| post.role == Role::PrivacyOfficer && post.live(now)).count();
    let mend = (officers == 0).then(|| "appoint one: nobody may answer requests and review findings".into());
    Ok(vec![notice, Finding::new("privacy officer", format!("{officers} in a live post"), mend)])
}

/// Fields that the rules use for a purpose that residents were told of, and that no notice names (PIPL 7, 17): the rules have
/// grown since the notice was written.
fn untold(notices: &[Notice], now: i64) -> Option<String> {
    let book = Book::builtin(day(now)).ok()?;
    let held = |field: &FieldId| !field.is_derived() && field.record() == RecordType::Person;
    let used = |field: &FieldId| notices.iter().flat_map(|n| &n.purposes).any(|p| uses(&book, *p, *field));
    let told = |field: &FieldId| notices.iter().any(|n| n.fields.iter().any(|id| id == field.as_str()));
    let untold = FieldId::all().filter(held).filter(used).filter(|field| !told(field));
    let untold: Vec<&str> = untold.map(FieldId::as_str).collect();
    let words = format!("propose a version that names {}: its purposes use them", untold.join(", "));
    (!untold.is_empty()).then_some(words)
}

fn free(what: &'static str, path: &Path) -> Finding {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match rustix::fs::statvfs(folder) {
        Err(error) => Finding { what, found: folder.display().to_string(), mend: Some(error.to_string()) },
        Ok(disk) => {
            let bytes = disk.f_bavail.saturating_mul(disk.f_frsize);
            let mend = (bytes < LEAST_FREE).then(|| "make room: without it nothing can be recorded".into());
            Finding { what, found: format!("{} MiB free", bytes >> 20), mend }
        }
    }
}

async fn database(store: &Store, pin: &Path) -> Result<Vec<Finding>, StoreError> {
    let mut findings = Vec::new();
    for setting in store.settings().await? {
        let mend =
            (!setting.good).then(|| "with it commits are lost in a crash, or the file is not ours".into());
        findings.push(Finding {
            what: "database setting",
            found: format!("{} {}", setting.name, setting.value),
            mend,
        });
    }
    let Some(head) = store.head().await? else { return Ok(findings) };
    let pinned = std::fs::read_to_string(pin).ok().and_then(|note| Checkpoint::parse_unverified(&note).ok());
    let size = u64::try_from(head.size).unwrap_or(0);
    let mend = match &pinned {
        None => Some(format!(
            "`{}` is missing or no checkpoint: put it back, or copy another instance's",
            pin.display()
        )),
        Some(pinned) if pinned.size > size => {
            Some("the database is older than the pin: put back the newest one".into())
        }
        Some(pinned)
            if pinned.size == size
                && Checkpoint::parse_unverified(&head.checkpoint).ok().as_ref() != Some(pinned) =>
        {
            Some("the database holds another history than the pin, or the pin is another log's".into())
        }
        Some(_) => None,
    };
    let at = pinned.map_or_else(|| "none".to_owned(), |pinned| format!("entry {}", pinned.size));
    findings.push(Finding { what: "log", found: format!("{size} entries, pinned at {at}"), mend });
    let (now, last) = (SystemClock.now(), head.at);
    let mend = if now < last - MOST_BEHIND {
        Some("it is behind the last entry: set it right")
    } else if now > last + days(30) {
        Some(
            "it is more than 30 days ahead of the last entry: set it right, or start once with --confirm-clock",
        )
    } else {
        None
    };
    let found = format!("{}, last entry {}", rfc3339(now), rfc3339(last));
    findings.push(Finding { what: "clock", found, mend: mend.map(str::to_owned) });
    Ok(findings)
}
