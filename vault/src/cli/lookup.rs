//! `gridvault lookup`.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::client::{post, problem, token};
use super::{Outcome, say};

#[derive(clap::Args)]
#[command(group(clap::ArgGroup::new("record").required(true).args(["resident", "premises", "ticket"])))]
pub(super) struct Arguments {
    /// A resident's id
    #[arg(long)]
    resident: Option<String>,
    /// A premises' id
    #[arg(long)]
    premises: Option<String>,
    /// A ticket's id
    #[arg(long)]
    ticket: Option<String>,
    /// Fields, with commas between
    #[arg(long, value_delimiter = ',', required = true)]
    fields: Vec<String>,
    /// What for
    #[arg(long)]
    purpose: String,
    /// On what basis
    #[arg(long)]
    basis: Option<String>,
    /// The task it serves
    #[arg(long)]
    task: Option<String>,
    /// The post acted in
    #[arg(long)]
    assignment: Option<String>,
    /// The post that a service acts for
    #[arg(long)]
    on_behalf_of: Option<String>,
    /// A file with the token; else GRIDVAULT_TOKEN
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// The server
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let mut body = Map::new();
    for (member, value) in [
        ("resident", &arguments.resident),
        ("premises", &arguments.premises),
        ("ticket", &arguments.ticket),
        ("task", &arguments.task),
        ("assignment", &arguments.assignment),
        ("on_behalf_of", &arguments.on_behalf_of),
    ] {
        if let Some(value) = value {
            body.insert(member.into(), value.clone().into());
        }
    }
    body.insert("fields".into(), json!(arguments.fields));
    body.insert("purpose".into(), arguments.purpose.clone().into());
    if let Some(basis) = &arguments.basis {
        body.insert("basis".into(), json!({ "kind": basis }));
    }
    let token = token(arguments.token_file.as_deref())?;
    let url = format!("{}/v1/lookups", arguments.url.trim_end_matches('/'));
    let (status, answer) =
        post(&url, &token, "application/json", Value::Object(body).to_string().as_bytes())?;
    if arguments.json {
        say(&answer.to_string());
        return Ok(u8::from(status != 200));
    }
    let fields = answer.get("fields").and_then(Value::as_object);
    for (field, decided) in fields.into_iter().flatten() {
        let word = |pointer: &str| decided.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        say(format!(
            "{field:32} {:8} {:8} {} {}",
            word("/outcome"),
            word("/rule"),
            word("/value"),
            word("/reason/en")
        )
        .trim_end());
    }
    if status == 200 { Ok(0) } else { Err(problem(status, &answer)) }
}
