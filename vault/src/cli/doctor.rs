//! `gridvault doctor`: what an operator should mend, found without the passphrase and without changing anything.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use gridvault_audit::Checkpoint;
use serde_json::json;

use super::{ConfigFile, Outcome, say};
use crate::clock::{Clock, SystemClock, days, rfc3339};
use crate::config::Config;
use crate::store::{Store, StoreError};

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

/// One thing looked at.
struct Finding {
    what: &'static str,
    found: String,
    /// What to do, where something must be done.
    mend: Option<String>,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    let config = Config::read(&arguments.file.config)?;
    let layout = config.layout();
    let mut findings = vec![secret("keys.file", &layout.keys)];
    if let Some(path) = &config.keys.passphrase_file {
        findings.push(secret("keys.passphrase_file", path));
    }
    for (what, path) in
        [("disk of the database", layout.database.file()), ("disk of the pin", Some(layout.pin.as_path()))]
    {
        findings.extend(path.map(|path| free(what, path)));
    }
    match Store::open_to_verify(&layout.database).await {
        Ok(store) => {
            findings.extend(database(&store, &layout.pin).await?);
            store.close().await;
        }
        Err(error) => findings.push(Finding {
            what: "database",
            found: layout.database.to_string(),
            mend: Some(format!("it cannot be read: {error}")),
        }),
    }
    let sound = findings.iter().all(|finding| finding.mend.is_none());
    if arguments.json {
        let list: Vec<_> = findings
            .iter()
            .map(|f| json!({ "what": f.what, "found": f.found, "good": f.mend.is_none(), "mend": f.mend }))
            .collect();
        say(&json!({ "sound": sound, "findings": list }).to_string());
    } else {
        for Finding { what, found, mend } in &findings {
            match mend {
                None => say(&format!("ok    {what}: {found}")),
                Some(mend) => say(&format!("MEND  {what}: {found}: {mend}")),
            }
        }
    }
    Ok(u8::from(!sound))
}

/// A file that nobody else may read.
fn secret(what: &'static str, path: &Path) -> Finding {
    let found = path.display().to_string();
    let mend = match std::fs::metadata(path) {
        Err(error) => Some(format!("it cannot be read: {error}")),
        Ok(file) if file.permissions().mode() & 0o077 != 0 => Some("others may read it: chmod 600".into()),
        Ok(_) => None,
    };
    Finding { what, found, mend }
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
