//! `gridvault audit follow`: new entries as JSON lines, for a SIEM.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::{Failure, Outcome, client};
use crate::disk::write_whole;

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
    /// A file that remembers how far it came, so that a restart goes on there: a line may come twice, none is left out
    #[arg(long)]
    state: Option<PathBuf>,
    /// End where there is nothing new, rather than wait
    #[arg(long)]
    once: bool,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> Outcome {
    let token = client::token(arguments.token_file.as_deref())?;
    let url = format!("{}/v1/audit/queries", arguments.url.trim_end_matches('/'));
    let mut after = match &arguments.state {
        Some(file) if file.exists() => {
            let text = std::fs::read_to_string(file)?;
            let number = text
                .trim()
                .parse()
                .map_err(|_| Failure(format!("`{}` holds no number", file.display()), 1))?;
            Some(number)
        }
        _ => arguments.after,
    };
    loop {
        // Its reading is entered once an hour: else it would follow itself for ever.
        let ask = json!({ "after": after, "limit": PAGE, "live": true });
        let ask = match after {
            Some(_) => ask,
            None => json!({ "limit": PAGE, "live": true }),
        };
        let (status, answer) = client::post(&url, &token, "application/json", ask.to_string().as_bytes())?;
        if status != 200 {
            return Err(client::problem(status, &answer));
        }
        let entries = answer.get("entries").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut out = std::io::stdout().lock();
        for entry in &entries {
            writeln!(out, "{entry}")?;
            after = entry.pointer("/public/seq").and_then(Value::as_i64).or(after);
        }
        out.flush()?;
        drop(out);
        let next = answer.get("next").and_then(Value::as_i64);
        after = next.or(after);
        if let (Some(file), Some(after)) = (&arguments.state, after) {
            write_whole(file, format!("{after}\n").as_bytes())?;
        }
        if next.is_none() {
            if arguments.once {
                return Ok(0);
            }
            std::thread::sleep(PAUSE);
        }
    }
}
