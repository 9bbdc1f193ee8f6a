//! CSV: split into rows before it is decoded, since neither quote, delimiter nor line end is ever part of another character, in UTF-8
//! and GB18030 alike; so each row is decoded for itself.

use std::fs::File;
use std::io::{Read, Seek as _, SeekFrom};
use std::path::Path;

use super::encoding::{Encoding, Evidence};
use super::split::Splitter;
use super::utf16::Utf16;
use super::{FileError, Row};

/// The rows of a file.
pub(super) struct Rows {
    splitter: Splitter,
    encoding: Encoding,
    length: u64,
}

/// Judges a file whole, then begins anew. Also says if its encodings are mixed.
pub(super) fn open(path: &Path, head: &[u8]) -> Result<(Rows, Option<String>), FileError> {
    let begin = || begin(path, head);
    let length = std::fs::metadata(path)?.len();
    let encoding = match Mark::of(head) {
        // Turned into UTF-8 on the way, all of it.
        Mark::Utf16(_) => Encoding::Utf8,
        mark => {
            let mut evidence = Evidence::default();
            let mut splitter = begin()?;
            while let Some(piece) = splitter.next()? {
                if piece.is_ok() {
                    evidence.note(&splitter.fields);
                }
            }
            evidence.verdict(matches!(mark, Mark::Utf8))
        }
    };
    let note =
        matches!(encoding, Encoding::Mixed(_)).then(|| "the file is part UTF-8, part GB18030".to_owned());
    Ok((Rows { splitter: begin()?, encoding, length }, note))
}

/// The file behind its mark.
fn begin(path: &Path, head: &[u8]) -> Result<Splitter, FileError> {
    let mark = Mark::of(head);
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(mark.len()))?;
    let from: Box<dyn Read + Send> = match mark {
        Mark::Utf16(encoding) => Box::new(Utf16::over(file, encoding)),
        _ => Box::new(file),
    };
    Ok(Splitter::over(from))
}

impl Rows {
    pub(super) fn next(&mut self) -> Result<Option<Row>, FileError> {
        let Some(piece) = self.splitter.next()? else { return Ok(None) };
        let read = piece.and_then(|()| self.encoding.decode(&self.splitter.fields));
        let number = self.splitter.number;
        Ok(Some(match read {
            Ok((cells, mended)) => Row { number, cells: Ok(cells), mended: mended.then_some("encoding") },
            Err(code) => Row { number, cells: Err(code), mended: None },
        }))
    }

    /// From here on a row has so many cells.
    pub(super) fn fit(&mut self, width: usize) {
        self.splitter.width = Some(width);
    }

    pub(super) fn progress(&self) -> (u64, u64) {
        (self.splitter.passed.min(self.length), self.length)
    }
}

/// What a file begins with.
enum Mark {
    None,
    Utf8,
    Gb18030,
    Utf16(&'static encoding_rs::Encoding),
}

impl Mark {
    fn of(head: &[u8]) -> Self {
        match head {
            [0xef, 0xbb, 0xbf, ..] => Self::Utf8,
            [0x84, 0x31, 0x95, 0x33, ..] => Self::Gb18030,
            [0xff, 0xfe, ..] => Self::Utf16(encoding_rs::UTF_16LE),
            [0xfe, 0xff, ..] => Self::Utf16(encoding_rs::UTF_16BE),
            _ => Self::None,
        }
    }

    const fn len(&self) -> u64 {
        match self {
            Self::None => 0,
            Self::Utf8 => 3,
            Self::Gb18030 => 4,
            Self::Utf16(_) => 2,
        }
    }
}
