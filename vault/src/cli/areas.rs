//! `gridvault areas check`: what is wrong with the map before a worker or a resident finds out.

use std::path::PathBuf;

use serde_json::Value;

use super::client::{get, problem, token};
use super::{Outcome, say};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Premises without a cell, cells without a chief, posts on ended areas; exit 1 if any
    Check(Check),
}

#[derive(clap::Args)]
pub(super) struct Check {
    /// The server
    #[arg(long)]
    url: String,
    /// A file with the token of a data steward, a privacy officer or an auditor; else GRIDVAULT_TOKEN
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &Command) -> Outcome {
    let Command::Check(check) = command;
    let token = token(check.token_file.as_deref())?;
    let url = format!("{}/v1/areas/check", check.url.trim_end_matches('/'));
    let (status, answer) = get(&url, &token)?;
    if status != 200 {
        return Err(problem(status, &answer));
    }
    let sound = answer.get("sound") == Some(&Value::Bool(true));
    if check.json {
        say(&answer.to_string());
        return Ok(u8::from(!sound));
    }
    let list =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let number = |value: &Value, name: &str| value.get(name).and_then(Value::as_u64).unwrap_or(0);
    for fault in list(&answer, "faults") {
        let code = fault.get("code").and_then(Value::as_str).unwrap_or_default();
        say(&format!("{:>6} {code}", number(&fault, "count")));
        for example in list(&fault, "examples").iter().filter_map(Value::as_str) {
            say(&format!("       {example}"));
        }
    }
    say(&format!("{:>6} premises; reached as their own by:", number(&answer, "premises")));
    for reach in list(&answer, "posts_per_premises") {
        say(&format!("{:>6} of them by {} posts", number(&reach, "premises"), number(&reach, "posts")));
    }
    Ok(u8::from(!sound))
}
