//! Bytes split into rows within one row's bounds, so that a quote that is never closed costs its line and not the file.

use std::io::Read;

use memchr::{memchr, memchr_iter, memchr2, memchr3};

use super::FileError;

/// A row is refused beyond this, in bytes.
const LONGEST: usize = 1024 * 1024;
/// A cell has no more lines: a quote that seems open for longer was never meant as one.
const LINES: usize = 32;
const CHUNK: usize = 256 * 1024;

/// A row's cells as bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fields {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Fields {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| self.bytes.get(start..*end).unwrap_or_default())
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    fn end(&mut self) {
        self.ends.push(self.bytes.len());
    }
}

/// Line ends and delimiters within quotes.
#[derive(Clone, Copy, Default)]
struct Inner {
    lines: usize,
    delimiters: usize,
}

impl Inner {
    /// Whether the quotes are two stray ones and not a cell of more lines: between two quotes in the same column, some rows apart,
    /// lies at least a whole row; else the row is mostly not as wide as it must be.
    fn is_stray(self, cells: usize, width: Option<usize>) -> bool {
        width.is_some_and(|width| self.lines > 0 && (cells != width || self.delimiters + 1 >= width))
    }
}

/// A file's bytes, row by row.
pub(super) struct Splitter {
    from: Box<dyn Read + Send>,
    /// Read, and behind `start` not yet passed on.
    window: Vec<u8>,
    start: usize,
    over: bool,
    delimiter: Option<u8>,
    pub(super) fields: Fields,
    /// The row that `next` gave, from 1.
    pub(super) number: u64,
    /// Bytes passed on.
    pub(super) passed: u64,
    /// How many cells a row has, once the header is known.
    pub(super) width: Option<usize>,
}

/// What lies at the window's start.
enum Found {
    /// A row of so many bytes, and what lies within its quotes.
    Row(usize, Inner),
    /// The window ends first.
    More,
    /// No row: a quote that is not closed.
    Open,
}

impl Splitter {
    pub(super) fn over(from: Box<dyn Read + Send>) -> Self {
        Self {
            from,
            window: Vec::new(),
            start: 0,
            over: false,
            delimiter: None,
            fields: Fields::default(),
            number: 0,
            passed: 0,
            width: None,
        }
    }

    /// The next row into `fields`, or why there is none in its place; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Result<(), &'static str>>, FileError> {
        loop {
            let bytes = self.window.get(self.start..).unwrap_or_default();
            if bytes.is_empty() {
                if self.over {
                    return Ok(None);
                }
                self.fill()?;
                continue;
            }
            let delimiter = match self.delimiter {
                Some(delimiter) => delimiter,
                None if !self.over && bytes.len() < CHUNK => {
                    self.fill()?;
                    continue;
                }
                None => *self.delimiter.insert(delimiter(bytes)),
            };
            match scan(bytes, self.over, delimiter, &mut self.fields) {
                Found::More if bytes.len() < LONGEST => self.fill()?,
                Found::More => return self.pass_line("row_too_long").map(Some),
                Found::Open => return self.pass_line("quotes").map(Some),
                Found::Row(_, inner) if inner.is_stray(self.fields.len(), self.width) => {
                    // Only its first line is lost.
                    return self.pass_line("quotes").map(Some);
                }
                Found::Row(length, _) => {
                    self.pass(length);
                    self.number += 1;
                    return Ok(Some(Ok(())));
                }
            }
        }
    }

    /// Passes a line over, however long.
    fn pass_line(&mut self, code: &'static str) -> Result<Result<(), &'static str>, FileError> {
        self.number += 1;
        loop {
            let bytes = self.window.get(self.start..).unwrap_or_default();
            match memchr2(b'\n', b'\r', bytes) {
                Some(at) => {
                    let pair = bytes.get(at..at + 2) == Some(b"\r\n");
                    self.pass(at + 1 + usize::from(pair));
                    return Ok(Err(code));
                }
                None => {
                    self.pass(bytes.len());
                    if self.over {
                        return Ok(Err(code));
                    }
                    self.fill()?;
                }
            }
        }
    }

    fn pass(&mut self, length: usize) {
        self.start += length;
        self.passed += length as u64;
    }

    fn fill(&mut self) -> Result<(), FileError> {
        self.window.drain(..self.start);
        self.start = 0;
        let read = (&mut self.from).take(CHUNK as u64).read_to_end(&mut self.window)?;
        self.over = read == 0;
        Ok(())
    }
}

/// Splits the row at the beginning of `bytes`.
fn scan(bytes: &[u8], over: bool, delimiter: u8, fields: &mut Fields) -> Found {
    fields.clear();
    let (mut at, mut within) = (0, Inner::default());
    let from = |at: usize| bytes.get(at..).unwrap_or_default();
    loop {
        if from(at).first() == Some(&b'"') {
            at += 1;
            loop {
                let rest = from(at);
                let close = memchr(b'"', rest);
                let inner = rest.get(..close.unwrap_or(rest.len())).unwrap_or_default();
                within.lines += line_ends(inner);
                within.delimiters += memchr_iter(delimiter, inner).count();
                if within.lines > LINES || (close.is_none() && (over || bytes.len() >= LONGEST)) {
                    return Found::Open;
                }
                let Some(close) = close else { return Found::More };
                fields.bytes.extend_from_slice(inner);
                at += close + 1;
                match bytes.get(at) {
                    Some(b'"') => {
                        fields.bytes.push(b'"');
                        at += 1;
                    }
                    None if !over => return Found::More,
                    _ => break,
                }
            }
        }
        let rest = from(at);
        let end = memchr3(delimiter, b'\n', b'\r', rest);
        if end.is_none() && !over {
            return Found::More;
        }
        fields.bytes.extend_from_slice(rest.get(..end.unwrap_or(rest.len())).unwrap_or_default());
        fields.end();
        let Some(end) = end else { return Found::Row(bytes.len(), within) };
        at += end + 1;
        match (rest.get(end), bytes.get(at)) {
            (Some(b'\n'), _) => return Found::Row(at, within),
            (Some(b'\r'), None) if !over => return Found::More,
            (Some(b'\r'), next) => return Found::Row(at + usize::from(next == Some(&b'\n')), within),
            _ => {}
        }
    }
}

fn line_ends(bytes: &[u8]) -> usize {
    memchr_iter(b'\n', bytes).count().max(memchr_iter(b'\r', bytes).count())
}

/// Whichever of comma, tab and semicolon the first line with any of them has most of.
fn delimiter(bytes: &[u8]) -> u8 {
    let mut lines = bytes.split(|b| matches!(b, b'\n' | b'\r'));
    let line = lines.find(|line| memchr3(b',', b'\t', b';', line).is_some()).unwrap_or_default();
    let most = [b';', b'\t', b','].into_iter().max_by_key(|b| memchr_iter(*b, line).count());
    most.unwrap_or(b',')
}
