//! `gridvault audit follow`: new entries as JSON lines, for a SIEM.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::super::{Failure, Outcome, client, say_error};
use crate::disk::write_whole;
use crate::seal::Secret;

/// Between two looks where there is nothing new.
const PAUSE: Duration = Duration::from_secs(5);
/// Entries asked for at a time.
const PAGE: usize = 500;

#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The server
    #[arg(long)]
    url: String,
    /// An officer's or auditor's token; else GRIDVAULT_TOKEN
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// Entries behind this number; from the first where none is said
    #[arg(long, conflicts_with = "state")]
    after: Option<i64>,
    /// A file that remembers how far it came in which log, so that a restart goes on there: a line may come twice, none is left
    /// out. Where another log, or a shorter one, is found, that is said, and all of it comes
    #[arg(long)]
    state: Option<PathBuf>,
    /// End where there is nothing new, rather than wait
    #[arg(long)]
    once: bool,
}

/// How far it came: the log, once that is known, and the entry's number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Reached {
    log: Option<String>,
    after: Option<i64>,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Outcome {
    let server = Server {
        url: format!("{}/v1/audit/queries", arguments.url.trim_end_matches('/')),
        token: client::token(arguments.token_file.as_deref())?,
    };
    let mut reached = match &arguments.state {
        Some(file) if file.exists() => Reached::read(file)?,
        _ => Reached { log: None, after: arguments.after },
    };
    loop {
        let (entries, next) = server.page(reached.after)?;
        let nothing = entries.is_empty();
        // Of another log even the first page may lie behind what is not there yet: its newest entry tells.
        let newest = if nothing { server.newest()? } else { entries.last().and_then(place) };
        if let Some(found) = &newest
            && let Some(words) = reached.differs(found)
        {
            say_error(&format!("{words}: it is followed from its first entry"));
            reached = Reached { log: Some(found.0.clone()), after: None };
            continue;
        }
        let mut out = std::io::stdout().lock();
        for entry in &entries {
            writeln!(out, "{entry}")?;
        }
        out.flush()?;
        drop(out);
        if let Some((log, seq)) = newest {
            reached = Reached { log: Some(log), after: if nothing { reached.after } else { Some(seq) } };
        }
        reached.after = next.or(reached.after);
        if let (Some(file), Some(after)) = (&arguments.state, reached.after) {
            let log = reached.log.as_deref().unwrap_or_default();
            write_whole(file, format!("{log} {after}\n").trim_start().as_bytes())?;
        }
        if next.is_none() {
            if arguments.once {
                return Ok(0);
            }
            std::thread::sleep(PAUSE);
        }
    }
}

impl Reached {
    /// `<log> <number>`; a number alone is of whichever log there is.
    fn read(file: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(file)?;
        let (log, after) = match text.trim().split_once(' ') {
            Some((log, after)) => (Some(log.to_owned()), after),
            None => (None, text.trim()),
        };
        let words =
            || Failure(format!("`{}` holds no `<log> <number>`: remove it to begin anew", file.display()), 1);
        Ok(Self { log, after: Some(after.parse().map_err(|_| words())?) })
    }

    /// Words where what was found there, a log and the number of an entry of it, is not what was followed.
    fn differs(&self, (log, seq): &(String, i64)) -> Option<String> {
        match (&self.log, self.after) {
            (Some(before), _) if before != log => Some(format!("the log is {log} now, no more {before}")),
            (_, Some(after)) if *seq < after => Some(format!(
                "the log {log} ends at entry {seq}, and was followed to {after}: an older one was put back"
            )),
            _ => None,
        }
    }
}

/// The log and the number of an entry.
fn place(entry: &Value) -> Option<(String, i64)> {
    let log = entry.pointer("/public/log").and_then(Value::as_str)?;
    Some((log.to_owned(), entry.pointer("/public/seq").and_then(Value::as_i64)?))
}

struct Server {
    url: String,
    token: Secret,
}

impl Server {
    /// Entries behind that number, and from where the next page goes on.
    fn page(&self, after: Option<i64>) -> Result<(Vec<Value>, Option<i64>), Failure> {
        let mut ask = json!({ "limit": PAGE });
        if let (Some(after), Some(ask)) = (after, ask.as_object_mut()) {
            ask.insert("after".into(), after.into());
        }
        let answer = self.ask(ask)?;
        let entries = answer.get("entries").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok((entries, answer.get("next").and_then(Value::as_i64)))
    }

    /// Log and number of the newest entry.
    fn newest(&self) -> Result<Option<(String, i64)>, Failure> {
        let answer = self.ask(json!({ "limit": 1, "newest_first": true }))?;
        Ok(answer.pointer("/entries/0").and_then(place))
    }

    /// Its reading is entered once an hour: else it would follow itself for ever.
    fn ask(&self, mut question: Value) -> Result<Value, Failure> {
        if let Some(question) = question.as_object_mut() {
            question.insert("live".into(), true.into());
        }
        let body = question.to_string();
        let (status, answer) = client::post(&self.url, &self.token, "application/json", body.as_bytes())?;
        if status == 200 { Ok(answer) } else { Err(client::problem(status, &answer)) }
    }
}
