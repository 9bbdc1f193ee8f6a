//! `gridvault import`: over the API, or in process where no server holds the folder.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use uuid::Uuid;

use super::client::{post, problem, token};
use super::{Failure, Outcome, on_runtime, say};
use crate::api::{confirmed_json, outcome_json};
use crate::clock::SystemClock;
use crate::config::read_secret;
use crate::identity::{Capacity, identify};
use crate::import::{ImportKind, csv};
use crate::seal::{Secret, write_new};
use crate::vault::{Layout, Vault};

/// Rows sent at once; each is recorded in whole batches.
const PART: usize = 10_000;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// areas, premises, people or residents; `template` and one of them; or `confirm` and a proposal
    kind: String,
    /// The file; behind `template` the kind, behind `confirm` the proposal's id
    file: PathBuf,
    /// The server
    #[arg(long, conflicts_with = "data")]
    url: Option<String>,
    /// The vault's folder, where no server has it open
    #[arg(long)]
    data: Option<PathBuf>,
    /// A file with a data steward's token; else GRIDVAULT_TOKEN
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// The notice that the residents were given, or `none`
    #[arg(long)]
    notice: Option<String>,
    /// Check only; record nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let kind = |word: &str| {
        ImportKind::parse(word)
            .ok_or_else(|| Failure(format!("`{word}` is none of areas, premises, people, residents"), 2))
    };
    if arguments.kind == "template" {
        say(&csv::template(kind(&arguments.file.display().to_string())?));
        return Ok(0);
    }
    if arguments.kind == "confirm" {
        return confirm(arguments);
    }
    let kind = kind(&arguments.kind)?;
    let notice = match (kind, arguments.notice.as_deref()) {
        (ImportKind::Residents, None) => {
            let words = "say --notice ID, or --notice none: the residents then count as not informed";
            return Err(Failure(words.into(), 2));
        }
        (_, None | Some("none")) => None,
        (_, Some(id)) => Some(id.parse::<Uuid>().map_err(|_| Failure("--notice is no id".into(), 2))?),
    };
    let lines: Vec<String> =
        csv::lines(kind, std::fs::File::open(&arguments.file)?)?.collect::<Result<_, _>>()?;
    let token = token(arguments.token_file.as_deref())?;
    let mut total = Total::default();
    let bar = ProgressBar::new(lines.len() as u64);
    bar.set_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}").unwrap_or(ProgressStyle::default_bar()),
    );
    // Staff go in one piece: a person's posts may stand anywhere in the file.
    let size = if kind == ImportKind::People { lines.len().max(1) } else { PART };
    match (&arguments.url, &arguments.data) {
        (Some(url), None) => {
            for part in lines.chunks(size) {
                let query = format!(
                    "{}/v1/imports?kind={}&dry_run={}{}",
                    url.trim_end_matches('/'),
                    kind.as_str(),
                    arguments.dry_run,
                    notice.map(|id| format!("&notice={id}")).unwrap_or_default()
                );
                let (status, answer) = post(&query, &token, "application/jsonl", part.join("\n").as_bytes())?;
                if status != 200 {
                    return Err(problem(status, &answer));
                }
                total.add(&answer);
                bar.inc(part.len() as u64);
            }
        }
        (None, Some(data)) => {
            let work =
                in_process(data, &token, kind, &lines, size, (notice, arguments.dry_run), &bar, &mut total);
            on_runtime(work)?;
        }
        _ => return Err(Failure("say --url or --data".into(), 2)),
    }
    bar.finish_and_clear();
    total.report(arguments)
}

/// Confirms somebody else's proposal; the codes of new staff go into a file of their own.
fn confirm(arguments: &Arguments) -> Outcome {
    let id = arguments.file.display().to_string();
    let id: Uuid = id.parse().map_err(|_| Failure(format!("`{id}` is no proposal's id"), 2))?;
    let token = token(arguments.token_file.as_deref())?;
    let answer = match (&arguments.url, &arguments.data) {
        (Some(url), None) => {
            let url = format!("{}/v1/proposals/{id}/confirm", url.trim_end_matches('/'));
            let (status, answer) = post(&url, &token, "application/json", b"")?;
            if status != 200 {
                return Err(problem(status, &answer));
            }
            answer
        }
        (None, Some(data)) => {
            let mut answer = Value::Null;
            on_runtime(async {
                let passphrase = read_secret(&data.join("passphrase"))?;
                let vault =
                    Vault::open(&Layout::in_folder(data), passphrase, Arc::new(SystemClock), None).await?;
                let caller = identify(&vault, &token, Capacity::default()).await?;
                let confirmed = crate::register::confirm_proposal(&vault, &caller, id, "").await;
                vault.close().await;
                answer = confirmed_json(&confirmed?);
                Ok(0)
            })?;
            answer
        }
        _ => return Err(Failure("say --url or --data".into(), 2)),
    };
    let list = |name: &str| answer.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let (people, refused) = (list("people"), list("refused"));
    let made = answer.get("made").and_then(Value::as_u64).unwrap_or(0);
    say(&format!("{made} made, {} new staff, {} refused", people.len(), refused.len()));
    if !people.is_empty() {
        let lines = people.iter().map(|p| format!("{},{}", text(p, "number"), text(p, "code")));
        let file = write(arguments, "codes.csv", "number,code", lines.collect())?;
        say(&format!("one-time codes to hand over: {file}"));
    }
    Ok(u8::from(!refused.is_empty()))
}

#[expect(clippy::too_many_arguments, reason = "one call, the parts of one request")]
async fn in_process(
    data: &Path,
    token: &Secret,
    kind: ImportKind,
    lines: &[String],
    size: usize,
    (notice, dry_run): (Option<Uuid>, bool),
    bar: &ProgressBar,
    total: &mut Total,
) -> Outcome {
    let passphrase = read_secret(&data.join("passphrase"))?;
    let vault = Vault::open(&Layout::in_folder(data), passphrase, Arc::new(SystemClock), None).await?;
    for part in lines.chunks(size) {
        let caller = identify(&vault, token, Capacity::default()).await?;
        let part: Vec<&str> = part.iter().map(String::as_str).collect();
        let outcome = crate::import::run(&vault, &caller, kind, &part, (notice, dry_run, "")).await?;
        total.add(&outcome_json(&outcome));
        bar.inc(part.len() as u64);
    }
    vault.close().await;
    Ok(0)
}

#[derive(Default)]
struct Total {
    rows: u64,
    created: u64,
    held: u64,
    corrected: u64,
    refused: Vec<Value>,
    findings: Vec<Value>,
    duplicates: Vec<Value>,
    proposals: Vec<Value>,
}

impl Total {
    fn add(&mut self, answer: &Value) {
        let number = |name: &str| answer.get(name).and_then(Value::as_u64).unwrap_or(0);
        self.rows += number("rows");
        self.created += number("created");
        self.held += number("held");
        self.corrected += number("corrected");
        let list = |name: &str| answer.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        self.refused.extend(list("refused"));
        self.findings.extend(list("findings"));
        self.duplicates.extend(list("duplicates"));
        self.proposals.extend(answer.get("proposal").cloned());
    }

    fn report(&self, arguments: &Arguments) -> Outcome {
        let mut files = Vec::new();
        if !self.refused.is_empty() || !self.findings.is_empty() {
            files.push(write(arguments, "errors.csv", "row,column,code,kept", self.errors())?);
        }
        if arguments.json {
            say(&json!({ "rows": self.rows, "created": self.created, "held": self.held,
                "corrected": self.corrected, "duplicates": self.duplicates, "proposals": self.proposals, "refused": self.refused, "findings": self.findings, "files": files })
            .to_string());
        } else {
            let mode = if arguments.dry_run { " (dry run: nothing made)" } else { "" };
            say(&format!(
                "{} rows: {} made, {} corrected, {} held already, {} twice, {} refused, {} with a finding{mode}",
                self.rows,
                self.created,
                self.corrected,
                self.held,
                self.duplicates.len(),
                self.refused.len(),
                self.findings.len()
            ));
            for proposal in self.proposals.iter().filter_map(Value::as_str) {
                say(&format!(
                    "proposed as {proposal}: nothing counts before a second person confirms it, with \
                     `gridvault import confirm {proposal}`"
                ));
            }
            for file in files {
                say(&format!("see {file}"));
            }
        }
        Ok(u8::from(!self.refused.is_empty()))
    }

    fn errors(&self) -> Vec<String> {
        let line = |e: &Value, kept: &str| {
            let row = e.get("row").and_then(Value::as_u64).unwrap_or(0);
            format!("{row},{},{},{kept}", text(e, "column"), text(e, "code"))
        };
        self.refused
            .iter()
            .map(|e| line(e, "no"))
            .chain(self.findings.iter().map(|e| line(e, "yes")))
            .collect()
    }
}

/// A file of its own beside the import's, mode 0600, never over another.
fn write(arguments: &Arguments, ending: &str, head: &str, lines: Vec<String>) -> Result<String, Failure> {
    let stem = arguments.file.display().to_string();
    for n in 0..1000 {
        let path = if n == 0 { format!("{stem}.{ending}") } else { format!("{stem}.{n}.{ending}") };
        let mut body = Vec::new();
        writeln!(body, "{head}")?;
        for line in &lines {
            writeln!(body, "{line}")?;
        }
        match write_new(Path::new(&path), &body) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
            Ok(()) => return Ok(path),
        }
    }
    Err(Failure(format!("too many files `{stem}.*.{ending}`: remove some"), 1))
}

fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}
