//! What an import comes to: the counts, and beside the file what is to be looked after, with rows, headers and codes and never a
//! value. Both are written as they come, so that a run that ends early leaves what it has.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::super::{Failure, say};
use super::Part;
use crate::import::file::Sheet;

/// Rows named in the JSON answer, per verdict; the file has all.
const SHOWN: usize = 1_000;

/// What is said of a row, by verdict; in this order where several are.
const VERDICTS: [(&str, &str); 4] =
    [("refused", "refused"), ("duplicate", "duplicates"), ("finding", "findings"), ("mended", "mended")];

/// An import so far.
pub(super) struct Report {
    file: PathBuf,
    dry_run: bool,
    rows: u64,
    created: u64,
    corrected: u64,
    held: u64,
    /// Per verdict: how many, and the first of them.
    told: [(u64, Vec<Value>); 4],
    errors: Option<(String, File)>,
    proposals: Vec<String>,
}

struct Told {
    row: u64,
    verdict: usize,
    column: String,
    code: String,
}

impl Report {
    pub(super) fn new(file: &Path, dry_run: bool) -> Self {
        let told = std::array::from_fn(|_| (0, Vec::new()));
        let file = file.to_owned();
        Self {
            file,
            dry_run,
            rows: 0,
            created: 0,
            corrected: 0,
            held: 0,
            told,
            errors: None,
            proposals: Vec::new(),
        }
    }

    /// A part, and what the server says of its lines.
    pub(super) fn add(&mut self, sheet: &Sheet, part: &Part, answer: &Value) -> Result<(), Failure> {
        let number = |name: &str| answer.get(name).and_then(Value::as_u64).unwrap_or(0);
        self.rows += number("rows") + (part.refused.len() + part.duplicates.len()) as u64;
        self.created += number("created");
        self.corrected += number("corrected");
        self.held += number("held");
        self.proposals.extend(answer.get("proposal").and_then(Value::as_str).map(str::to_owned));
        let told = told(sheet, part, answer);
        for one in &told {
            if let Some((count, shown)) = self.told.get_mut(one.verdict) {
                *count += 1;
                if shown.len() < SHOWN {
                    shown.push(json!({ "row": one.row, "column": one.column, "code": one.code }));
                }
            }
        }
        let lines = told.iter().map(|one| {
            let verdict = VERDICTS.get(one.verdict).map_or("", |(word, _)| word);
            format!("{},{verdict},{},{}\n", one.row, quoted(&one.column), quoted(&one.code))
        });
        append(
            &mut self.errors,
            &self.file,
            ("errors.csv", "row,verdict,column,code"),
            &lines.collect::<String>(),
        )
    }

    /// A failure, with what was done before it.
    pub(super) fn so_far(&self, Failure(words, code): Failure) -> Failure {
        if self.rows == 0 {
            return Failure(words, code);
        }
        let files: Vec<&str> = self.files().collect();
        let see = if files.is_empty() { String::new() } else { format!("; see {}", files.join(", ")) };
        Failure(format!("{words} (after {} rows; run again to go on{see})", self.rows), code)
    }

    /// Says it all; 1 where a row was refused.
    pub(super) fn tell(&self, as_json: bool) -> u8 {
        let [refused, duplicates, findings, mended] = &self.told;
        if as_json {
            let mut out = Map::new();
            for ((_, name), (count, shown)) in VERDICTS.iter().zip(&self.told) {
                out.insert((*name).into(), json!(shown));
                out.insert(format!("{name}_count"), json!(count));
            }
            out.extend(
                [
                    ("rows", self.rows),
                    ("created", self.created),
                    ("corrected", self.corrected),
                    ("held", self.held),
                ]
                .map(|(n, v)| (n.to_owned(), json!(v))),
            );
            out.insert("proposals".into(), json!(self.proposals));
            out.insert("files".into(), self.files().collect());
            say(&Value::Object(out).to_string());
        } else {
            let mode = if self.dry_run { " (dry run: nothing made)" } else { "" };
            say(&format!(
                "{} rows: {} made, {} corrected, {} held already, {} refused, {} twice, {} with a finding, {} mended{mode}",
                self.rows,
                self.created,
                self.corrected,
                self.held,
                refused.0,
                duplicates.0,
                findings.0,
                mended.0
            ));
            for proposal in &self.proposals {
                say(&format!(
                    "proposed as {proposal}: nothing counts before somebody else confirms it, with \
                     `gridvault import confirm {proposal}`"
                ));
            }
            for file in self.files() {
                say(&format!("see {file}"));
            }
        }
        u8::from(refused.0 > 0)
    }

    fn files(&self) -> impl Iterator<Item = &str> {
        self.errors.iter().map(|(name, _)| name.as_str())
    }
}

/// All that is said of a part's rows, in their order, under the file's own headers.
fn told(sheet: &Sheet, part: &Part, answer: &Value) -> Vec<Told> {
    let mut out = Vec::new();
    for (verdict, (_, name)) in VERDICTS.iter().enumerate() {
        let list = answer.get(*name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        out.extend(list.iter().map(|error| {
            let row = error.get("row").and_then(Value::as_u64).unwrap_or(0);
            let id = text(error, "column");
            let column = sheet.shown(id).unwrap_or(id).to_owned();
            Told { row, verdict, column, code: text(error, "code").to_owned() }
        }));
    }
    // What is not taken is not mended either.
    let left: HashSet<u64> = out.iter().filter(|one| one.verdict < 2).map(|one| one.row).collect();
    let mended = part.mended.iter().filter(|error| !left.contains(&error.row)).map(|error| (3, error));
    let stay =
        part.refused.iter().map(|error| (0, error)).chain(part.duplicates.iter().map(|error| (1, error)));
    out.extend(stay.chain(mended).map(|(verdict, error)| Told {
        row: error.row,
        verdict,
        column: error.column.clone(),
        code: error.code.to_owned(),
    }));
    out.sort_by_key(|one| (one.row, one.verdict));
    out
}

fn append(
    to: &mut Option<(String, File)>,
    beside: &Path,
    (ending, head): (&str, &str),
    lines: &str,
) -> Result<(), Failure> {
    if lines.is_empty() {
        return Ok(());
    }
    let (_, file) = match to {
        Some(open) => open,
        None => to.insert(create(beside, ending, head)?),
    };
    Ok(file.write_all(lines.as_bytes())?)
}

/// A file of its own beside the import's, mode 0600, never over another.
pub(super) fn create(beside: &Path, ending: &str, head: &str) -> Result<(String, File), Failure> {
    let stem = beside.display().to_string();
    for n in 0..1000 {
        let path = if n == 0 { format!("{stem}.{ending}") } else { format!("{stem}.{n}.{ending}") };
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
            Ok(mut file) => {
                writeln!(file, "{head}")?;
                return Ok((path, file));
            }
        }
    }
    Err(Failure(format!("too many files `{stem}.*.{ending}`: remove some"), 1))
}

/// As a cell of CSV.
pub(super) fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

pub(super) fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}
