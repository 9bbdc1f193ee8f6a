//! `gridvault config check`: every setting as it holds, where it came from, and what is wrong with what it names.

use serde_json::{Value, json};

use super::examine::{Finding, report, settings};
use super::{ConfigFile, Outcome, say};
use crate::config::{Config, Effective};

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn check(arguments: &Arguments) -> Outcome {
    let file = &arguments.file.config;
    let (config, effective) = match Config::read_and_explain(file) {
        Ok(read) => read,
        Err(error) if arguments.json => {
            let finding = Finding::new("settings", file.display().to_string(), Some(error.to_string()));
            return Ok(report(&[finding], json!({ "settings": [] }), true));
        }
        Err(error) => return Err(error.into()),
    };
    if !arguments.json {
        for setting in &effective {
            say(&format!("{:28} {:40} {}", setting.name, text(&setting.value), setting.origin.as_str()));
        }
    }
    let list: Vec<Value> = effective.iter().map(in_json).collect();
    Ok(report(&settings(file, &config), json!({ "settings": list }), arguments.json))
}

fn in_json(setting: &Effective) -> Value {
    json!({ "name": setting.name, "value": setting.value, "from": setting.origin.as_str() })
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
