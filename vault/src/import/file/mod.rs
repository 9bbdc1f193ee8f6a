//! A register's file, told apart by what is in it: rows of cells from CSV or XLSX into the JSON lines of an import.
//!
//! A file is read twice: once to judge it whole, so that a broken one takes nothing in, and once to be taken. Neither holds
//! more of it than a row (and a workbook's table of texts).

mod csv;
mod encoding;
pub mod headers;
mod split;
mod utf16;
mod xlsx;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use self::headers::Header;
use super::ImportKind;
use super::rows::RowError;

/// Lines with one filled cell that may stand above the header.
const TITLES: usize = 5;

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be opened or read.
    #[error("the file cannot be read")]
    Io(#[from] std::io::Error),
    /// Not a plain file: it is read twice.
    #[error("not a plain file: save what comes out of it first")]
    NotPlain,
    /// No line in it.
    #[error("the file is empty: it has no header line")]
    Empty,
    /// No file of ours.
    #[error("this is {0}: save it as .xlsx or as CSV")]
    Other(&'static str),
    /// A header that is none of this kind's, and why.
    #[error("the header `{0}` {1}: `gridvault import template` prints those that are taken")]
    Header(String, &'static str),
    /// Not one header of this kind's: it may be anything, so it is not repeated.
    #[error("the first line has none of the known headers: `gridvault import template` prints them")]
    NoHeader,
    /// Two headers of one thing.
    #[error("the headers `{0}` and `{1}` are the same column twice")]
    Twice(String, String),
    /// A header that must be there.
    #[error("the header `{0}` is missing")]
    Missing(&'static str),
    /// A header line that no encoding fits.
    #[error("the header line is neither UTF-8 nor GB18030")]
    HeaderEncoding,
    /// A header line that is no line.
    #[error("the header line has a quote that is not closed, or is too long")]
    HeaderLine,
    /// A workbook that does not hold together.
    #[error("the workbook is damaged: {0}")]
    Broken(&'static str),
    /// A workbook that unpacks to more than is read.
    #[error("the workbook is too large: {0}")]
    TooLarge(&'static str),
}

/// A cell as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// A text, or a number in plain digits.
    Text(String),
    /// What a spreadsheet holds as a date.
    Date(String),
    /// What is not taken, and the code that says why.
    Bad(&'static str),
}

impl Cell {
    fn is_blank(&self) -> bool {
        matches!(self, Self::Text(text) if text.trim().is_empty())
    }
}

/// A row of cells.
struct Row {
    /// Its number in the file, from 1.
    number: u64,
    /// Its cells, or why they cannot be told.
    cells: Result<Vec<Cell>, &'static str>,
    /// What was mended to read it.
    mended: Option<&'static str>,
}

enum Rows {
    Csv(csv::Rows),
    Xlsx(Box<xlsx::Rows>),
}

impl Rows {
    fn next(&mut self) -> Result<Option<Row>, FileError> {
        match self {
            Self::Csv(rows) => rows.next(),
            Self::Xlsx(rows) => rows.next(),
        }
    }
}

/// What comes of a row.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// A line of the import, and what was mended to read it.
    Line(String, Option<RowError>),
    /// Not taken.
    Refused(RowError),
}

/// An open file of one kind: an iterator over its rows, from 1 behind the header.
pub struct Sheet {
    header: Header,
    rows: Rows,
    above: u64,
    note: Option<String>,
    failed: bool,
}

impl Sheet {
    /// Opens a file, tells what it is, judges it whole and reads its header.
    pub fn open(kind: ImportKind, path: &Path) -> Result<Self, FileError> {
        let (mut rows, note) = open(kind, path)?;
        let mut title = None;
        for _ in 0..=TITLES {
            let Some(row) = rows.next()? else { break };
            let texts = texts(row.cells)?;
            if texts.iter().all(|text| text.trim().is_empty()) {
                continue;
            }
            if Header::is_title(kind, &texts) {
                title.get_or_insert(texts);
                continue;
            }
            let header = Header::read(kind, &texts)?;
            if let Rows::Csv(rows) = &mut rows {
                rows.fit(header.width());
            }
            return Ok(Self { header, rows, above: row.number, note, failed: false });
        }
        // What looks like titles with nothing below is a header that is not known.
        title.map_or(Err(FileError::Empty), |texts| {
            Header::read(kind, &texts).map(|_| Err(FileError::Empty))?
        })
    }

    /// The file's header for a column or field as the server names it.
    pub fn shown(&self, id: &str) -> Option<&str> {
        self.header.shown(id)
    }

    /// What was found out about the file that people may want to know.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// How far the reading is, and out of how much: bytes, or a sheet's rows.
    pub fn progress(&self) -> (u64, u64) {
        match &self.rows {
            Rows::Csv(rows) => rows.progress(),
            Rows::Xlsx(rows) => rows.progress(),
        }
    }

    fn take(&mut self) -> Result<Option<Taken>, FileError> {
        loop {
            let Some(row) = self.rows.next()? else { return Ok(None) };
            let number = row.number.saturating_sub(self.above);
            let error = |column: &str, code| RowError { row: number, column: column.to_owned(), code };
            let cells = match row.cells {
                Ok(cells) if cells.iter().all(Cell::is_blank) => continue,
                Ok(mut cells) => {
                    // A workbook leaves a row's last blanks out.
                    if matches!(self.rows, Rows::Xlsx(_)) && cells.len() < self.header.width() {
                        cells.resize(self.header.width(), Cell::Text(String::new()));
                    }
                    cells
                }
                Err(code) => return Ok(Some(Taken::Refused(error("", code)))),
            };
            return Ok(Some(match self.header.line(number, &cells) {
                Ok(line) => Taken::Line(line, row.mended.map(|code| error("", code))),
                Err((column, code)) => Taken::Refused(error(column, code)),
            }));
        }
    }
}

impl Iterator for Sheet {
    type Item = Result<Taken, FileError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let taken = self.take().transpose();
        self.failed = matches!(taken, Some(Err(_)));
        taken
    }
}

fn texts(cells: Result<Vec<Cell>, &'static str>) -> Result<Vec<String>, FileError> {
    let cells = cells.map_err(|code| match code {
        "encoding" => FileError::HeaderEncoding,
        _ => FileError::HeaderLine,
    })?;
    let text = |cell| match cell {
        Cell::Text(text) | Cell::Date(text) => text,
        // No header is called so: it is named as one that is not known.
        Cell::Bad(code) => format!("({code})"),
    };
    Ok(cells.into_iter().map(text).collect())
}

fn open(kind: ImportKind, path: &Path) -> Result<(Rows, Option<String>), FileError> {
    let mut file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(FileError::NotPlain);
    }
    let mut head = Vec::new();
    (&mut file).take(8).read_to_end(&mut head)?;
    if head.starts_with(b"PK\x03\x04") {
        let (rows, note) = xlsx::open(kind, file)?;
        return Ok((Rows::Xlsx(Box::new(rows)), note));
    }
    match other(&head) {
        Some(what) => Err(FileError::Other(what)),
        None => {
            let (rows, note) = csv::open(path, &head)?;
            Ok((Rows::Csv(rows), note))
        }
    }
}

/// What else is known by its first bytes.
fn other(head: &[u8]) -> Option<&'static str> {
    let known: [(&[u8], &str); 11] = [
        (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls), or a workbook with a password"),
        (b"%PDF", "a PDF"),
        (b"PK\x05\x06", "an empty archive"),
        (b"PK", "a split archive"),
        (b"\x1f\x8b", "a compressed file (gzip)"),
        (b"Rar!", "an archive (RAR)"),
        (b"7z\xbc\xaf", "an archive (7z)"),
        (b"{\\rtf", "a text document (RTF)"),
        (b"\x89PNG", "a picture"),
        (b"\xff\xd8\xff", "a picture"),
        (b"<", "a web page or XML, whatever it is called"),
    ];
    known.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, what)| *what)
}
