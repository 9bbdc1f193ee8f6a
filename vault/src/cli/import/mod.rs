//! `gridvault import`: a file's rows in parts over the API, or in process where no server holds the folder.

mod confirm;
mod gone;
mod report;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use uuid::Uuid;

use self::gone::{Gone, Mark};
use self::report::Report;
use super::client::{post, problem, token};
use super::{Failure, Outcome, on_runtime, say, say_error};
use crate::api::outcome_json;
use crate::clock::SystemClock;
use crate::config::read_secret;
use crate::identity::{Capacity, identify};
use crate::import::file::{Sheet, Taken, headers};
use crate::import::rows::RowError;
use crate::import::{ImportKind, run as import};
use crate::seal::Secret;
use crate::vault::{Layout, Vault};

/// Rows sent at once, and their bytes; the server records each part in whole batches.
const PART: usize = 10_000;
const PART_BYTES: usize = 16 * 1024 * 1024;
/// Staff go in one piece, as far as the server takes one: a person's posts may stand anywhere in the file.
const PEOPLE: usize = 2_000;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// areas, premises, people or residents; `template` and one of them; `confirm` or `codes` and a proposal
    kind: String,
    /// The file: CSV (UTF-8, GB18030, UTF-16) or XLSX; behind `template` the kind, behind `confirm` the proposal
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
    match arguments.kind.as_str() {
        "confirm" => return confirm::run(arguments),
        "codes" => return confirm::codes(arguments),
        _ => {}
    }
    if arguments.kind == "template" {
        say(&headers::template(kind(&arguments.file.display().to_string())?));
        return Ok(0);
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
    let file = &arguments.file;
    let sheet = Sheet::open(kind, file).map_err(|error| {
        let Failure(words, code) = Failure::from(error);
        Failure(format!("`{}`: {words}", file.display()), code)
    })?;
    if let Some(note) = sheet.note() {
        say_error(note);
    }
    let token = token(arguments.token_file.as_deref())?;
    on_runtime(async {
        let door = Door::open(arguments, kind, notice, token).await?;
        let mut report = Report::new(file, arguments.dry_run);
        let sent = send(sheet, &door, &mut report).await;
        door.close().await;
        sent.map_err(|failure| report.so_far(failure))?;
        Ok(report.tell(arguments.json))
    })
}

/// Sends a file part by part.
async fn send(mut sheet: Sheet, door: &Door, report: &mut Report) -> Result<(), Failure> {
    let bar = ProgressBar::new(sheet.progress().1);
    let style = ProgressStyle::with_template("{bar:40} {percent}% {eta}");
    bar.set_style(style.unwrap_or(ProgressStyle::default_bar()));
    let most = if door.kind == ImportKind::People { PEOPLE } else { PART };
    let mut gone = Gone::default();
    loop {
        let part = Part::read(&mut sheet, most, &gone)?;
        if part.rows() == 0 {
            break;
        }
        let answer = if part.lines.is_empty() { Value::Null } else { door.send(&part.lines).await? };
        gone.add(&part.people, &answer);
        report.add(&sheet, &part, &answer)?;
        bar.set_position(sheet.progress().0);
    }
    bar.finish_and_clear();
    Ok(())
}

/// Rows that go together.
#[derive(Default)]
struct Part {
    lines: Vec<String>,
    /// Rows and people of the lines.
    people: Vec<(u64, Mark)>,
    /// Rows that stay here, under the file's headers.
    refused: Vec<RowError>,
    /// Rows of people who stood in an earlier part.
    duplicates: Vec<RowError>,
    /// Lines that were mended as they were read.
    mended: Vec<RowError>,
}

impl Part {
    fn read(sheet: &mut Sheet, most: usize, gone: &Gone) -> Result<Self, Failure> {
        let (mut part, mut bytes) = (Self::default(), 0);
        while part.rows() < most && bytes < PART_BYTES {
            match sheet.next().transpose()? {
                None => break,
                Some(Taken::Line(line, mended)) => {
                    let person = gone.person(&line);
                    if let Some((row, _)) = person.filter(|(_, person)| gone.holds(*person)) {
                        let column = sheet.shown("person.id_no").unwrap_or_default().to_owned();
                        part.duplicates.push(RowError { row, column, code: "same_person" });
                        continue;
                    }
                    bytes += line.len();
                    part.lines.push(line);
                    part.people.extend(person);
                    part.mended.extend(mended);
                }
                Some(Taken::Refused(error)) => part.refused.push(error),
            }
        }
        Ok(part)
    }

    fn rows(&self) -> usize {
        self.lines.len() + self.refused.len() + self.duplicates.len()
    }
}

/// Where the lines go.
struct Door {
    kind: ImportKind,
    notice: Option<Uuid>,
    dry_run: bool,
    token: Secret,
    to: To,
}

enum To {
    Server(String),
    Vault(Box<Vault>),
}

impl Door {
    async fn open(
        arguments: &Arguments,
        kind: ImportKind,
        notice: Option<Uuid>,
        token: Secret,
    ) -> Result<Self, Failure> {
        let to = match (&arguments.url, &arguments.data) {
            (Some(url), None) => To::Server(url.trim_end_matches('/').to_owned()),
            (None, Some(data)) => To::Vault(Box::new(open(data).await?)),
            _ => return Err(Failure("say --url or --data".into(), 2)),
        };
        Ok(Self { kind, notice, dry_run: arguments.dry_run, token, to })
    }

    async fn send(&self, lines: &[String]) -> Result<Value, Failure> {
        let Self { kind, notice, dry_run, token, .. } = self;
        match &self.to {
            To::Server(url) => {
                let notice = notice.map(|id| format!("&notice={id}")).unwrap_or_default();
                let query = format!("{url}/v1/imports?kind={}&dry_run={dry_run}{notice}", kind.as_str());
                let (status, answer) = post(&query, token, "application/jsonl", lines.join("\n").as_bytes())?;
                if status == 200 { Ok(answer) } else { Err(problem(status, &answer)) }
            }
            To::Vault(vault) => {
                let caller = identify(vault, token, Capacity::default()).await?;
                let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
                let outcome = import(vault, &caller, *kind, &lines, (*notice, *dry_run, "")).await?;
                Ok(outcome_json(&outcome))
            }
        }
    }

    async fn close(self) {
        if let To::Vault(vault) = self.to {
            vault.close().await;
        }
    }
}

async fn open(data: &Path) -> Result<Vault, Failure> {
    let passphrase = read_secret(&data.join("passphrase"))?;
    Ok(Vault::open(&Layout::in_folder(data), passphrase, Arc::new(SystemClock), None).await?)
}
