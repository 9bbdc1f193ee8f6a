//! UTF-8 or GB18030, told apart by the text itself, row by row: files are put together from files.
//!
//! `encoding_rs` has the WHATWG's table, which differs from GB 18030-2022 in little: FE51, FE52, FE53, FE6C, FE76 and FE91 stay in the
//! private area, so `HOMES` gives them the characters they stand for; A3A0 is a blank; and the four-byte codes of the eighteen places that
//! moved in 2022 (A6D9 … FE10 among them) are read as the same characters as their two-byte codes. Other characters of the private
//! area are told as findings where a value has them: they look otherwise on another machine.

use encoding_rs::GB18030;

use super::Cell;
use super::split::Fields;

/// What a row's bytes can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Likely {
    /// The same in both.
    Ascii,
    Utf8,
    Gb18030,
    /// Valid in both, and neither is the likelier: `Müller` and `M眉ller` are the same bytes.
    Either,
    Neither,
}

/// What a file's rows say about its encoding.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Evidence {
    utf8: u64,
    gb18030: u64,
}

/// How a file's rows are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// All of them in one: what is nothing else counts as this.
    Utf8,
    /// Likewise.
    Gb18030,
    /// Some in the one, some in the other; the flag says whether more are UTF-8.
    Mixed(bool),
    /// No row says it.
    Unknown,
}

impl Evidence {
    /// Looks at one more row.
    pub(super) fn note(&mut self, row: &Fields) {
        match likely(row) {
            Likely::Utf8 => self.utf8 += 1,
            Likely::Gb18030 => self.gb18030 += 1,
            _ => {}
        }
    }

    /// What all rows say; a byte order mark says UTF-8 where they are silent.
    pub(super) fn verdict(self, marked: bool) -> Encoding {
        match (self.utf8, self.gb18030) {
            (0, 0) if marked => Encoding::Utf8,
            (0, 0) => Encoding::Unknown,
            (_, 0) => Encoding::Utf8,
            (0, _) => Encoding::Gb18030,
            (utf8, gb18030) => Encoding::Mixed(utf8 >= gb18030),
        }
    }
}

impl Encoding {
    /// A row's cells, and whether it is in the encoding that the fewer rows have.
    pub(super) fn decode(self, row: &Fields) -> Result<(Vec<Cell>, bool), &'static str> {
        let (utf8, mended) = match (likely(row), self) {
            (Likely::Ascii, _) | (Likely::Either, Self::Utf8) => (true, false),
            (Likely::Utf8, _) => (true, matches!(self, Self::Gb18030 | Self::Mixed(false))),
            (Likely::Gb18030, _) => (false, matches!(self, Self::Utf8 | Self::Mixed(true))),
            (Likely::Either, Self::Gb18030) => (false, false),
            (Likely::Either | Likely::Neither, _) => return Err("encoding"),
        };
        let mut cells = Vec::with_capacity(row.len());
        for field in row.iter() {
            let text = if utf8 { utf8_text(field) } else { gb18030_text(field) }.ok_or("encoding")?;
            // Where a program did not know what it read, the text is lost already.
            if text.contains('\u{fffd}') {
                return Err("encoding");
            }
            cells.push(Cell::Text(text));
        }
        Ok((cells, mended))
    }
}

fn utf8_text(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

fn gb18030_text(bytes: &[u8]) -> Option<String> {
    let text = GB18030.decode_without_bom_handling_and_without_replacement(bytes)?;
    let home = |c| HOMES.iter().find(|(private, _)| *private == c).map_or(c, |(_, home)| *home);
    Some(text.chars().map(home).collect())
}

/// Places of the private area whose characters Unicode has by now.
const HOMES: [(char, char); 6] = [
    ('\u{e816}', '\u{20087}'),
    ('\u{e817}', '\u{20089}'),
    ('\u{e818}', '\u{200cc}'),
    ('\u{e831}', '\u{215d7}'),
    ('\u{e83b}', '\u{2298f}'),
    ('\u{e855}', '\u{241fe}'),
];

fn likely(row: &Fields) -> Likely {
    if row.iter().all(<[u8]>::is_ascii) {
        return Likely::Ascii;
    }
    let utf8 = row.iter().all(|field| std::str::from_utf8(field).is_ok());
    // The bytes of UTF-8 Chinese are GB18030 too, more often than not, and garbled then; those of GB18030 are seldom UTF-8, and
    // if so, of letters that no register has.
    if utf8 && !row.iter().any(odd) {
        return Likely::Utf8;
    }
    let gb18030 = row.iter().all(|field| gb18030_text(field).is_some());
    match (utf8, gb18030) {
        (true, true) => Likely::Either,
        (true, false) => Likely::Utf8,
        (false, true) if !cut(row) => Likely::Gb18030,
        (false, _) => Likely::Neither,
    }
}

/// Whether the UTF-8 reading has letters beside ASCII that are not of Chinese text.
fn odd(field: &[u8]) -> bool {
    let usual = |c: char| c.is_ascii() || c >= '\u{2000}' || matches!(c, '·' | '×' | '°' | '±' | '§');
    std::str::from_utf8(field).is_ok_and(|text| !text.chars().all(usual))
}

/// Whether this is UTF-8 Chinese with a character cut in two, as fields of so many bytes are: most of it still reads well.
fn cut(row: &Fields) -> bool {
    let (mut whole, mut broken) = (0, 0);
    for chunk in row.iter().flat_map(<[u8]>::utf8_chunks) {
        whole += chunk.valid().chars().filter(|c| *c >= '\u{2e80}').count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    whole > broken
}
