//! Reading settings: the file, the environment over it, and which of the two said what.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::{Config, ConfigError};

/// Where a setting comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The file.
    File,
    /// `GRIDVAULT_<SECTION>__<NAME>`.
    Environment,
    /// Nobody set it.
    Default,
}

impl Origin {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Environment => "environment",
            Self::Default => "default",
        }
    }
}

/// A setting as it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// `<section>.<name>`.
    pub name: String,
    /// Its value, never a secret; nothing where there is none.
    pub value: Value,
    /// Who said so.
    pub origin: Origin,
}

impl Config {
    /// Reads the file, then what the environment sets over it.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        Self::read_and_explain(path).map(|(config, _)| config)
    }

    /// Likewise, with each setting as it holds and where it came from.
    pub fn read_and_explain(path: &Path) -> Result<(Self, Vec<Effective>), ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|e| ConfigError::File(path.display().to_string(), e))?;
        Self::from_parts(&text, std::env::vars())
    }

    pub(super) fn from_parts(
        text: &str,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<(Self, Vec<Effective>), ConfigError> {
        let mut table: toml::Table = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| text.bytes().take(span.start).filter(|b| *b == b'\n').count());
            let line = line.map_or_else(String::new, |n| format!("line {}: ", n + 1));
            ConfigError::Setting(format!("{line}{}", error.message()))
        })?;
        let mut set = BTreeSet::new();
        for (variable, value) in environment {
            let Some((section, member)) =
                variable.strip_prefix("GRIDVAULT_").and_then(|n| n.split_once("__"))
            else {
                continue;
            };
            let (section, member) = (section.to_ascii_lowercase(), member.to_ascii_lowercase());
            let value = of_environment(&section, &member, value);
            set.insert(format!("{section}.{member}"));
            let section = table.entry(section).or_insert_with(|| toml::Value::Table(toml::Table::new()));
            if let Some(section) = section.as_table_mut() {
                section.insert(member, value);
            }
        }
        let in_file = |name: &str| name.split_once('.').is_some_and(|(s, m)| has(&table, s, m));
        let explain = |name: &str| match (set.contains(name), in_file(name)) {
            (true, _) => Origin::Environment,
            (false, true) => Origin::File,
            (false, false) => Origin::Default,
        };
        let config: Self =
            serde_path_to_error::deserialize(toml::Value::Table(table.clone())).map_err(|error| {
                let name = error.path().to_string();
                let whose = if set.contains(&name) { " (of the environment)" } else { "" };
                let words = error.inner().message();
                ConfigError::Setting(if name == "." {
                    words.to_owned()
                } else {
                    format!("`{name}`{whose}: {words}")
                })
            })?;
        config.check()?;
        let effective = config.effective(&explain);
        Ok((config, effective))
    }

    fn effective(&self, origin: &dyn Fn(&str) -> Origin) -> Vec<Effective> {
        let sections = serde_json::to_value(self).unwrap_or_default();
        let mut list = Vec::new();
        for (section, members) in sections.as_object().into_iter().flatten() {
            for (member, value) in members.as_object().into_iter().flatten() {
                let name = format!("{section}.{member}");
                list.push(Effective { origin: origin(&name), value: value.clone(), name });
            }
        }
        list
    }
}

/// A variable is text; where a setting is a number or a list, what the text says.
fn of_environment(section: &str, member: &str, text: String) -> toml::Value {
    match (section, member) {
        ("limits", _) | ("log", "publish_every") => {
            text.parse().map_or(toml::Value::String(text), toml::Value::Integer)
        }
        ("server", "trusted_proxies") | ("log", "witnesses" | "officers") => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            toml::Value::Array(items.map(|item| toml::Value::String(item.to_owned())).collect())
        }
        _ => toml::Value::String(text),
    }
}

fn has(table: &toml::Table, section: &str, member: &str) -> bool {
    table.get(section).and_then(|section| section.get(member)).is_some()
}
