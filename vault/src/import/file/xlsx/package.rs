//! The archive around a workbook: its parts by name, unpacked within bounds that hold whatever the archive says of itself.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use flate2::Crc;
use flate2::read::DeflateDecoder;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use zip::{CompressionMethod, ZipArchive};

use super::super::FileError;

/// The archive itself.
const PACKED: u64 = 256 * 1024 * 1024;
/// All parts unpacked, as declared; and each part as it comes out.
const UNPACKED: u64 = 1024 * 1024 * 1024;
const PARTS: usize = 10_000;
/// Bytes between two marks of a document: nothing in a sheet is longer, since a cell is not.
const PIECE: usize = 1024 * 1024;
const DEPTH: usize = 64;

/// A workbook's parts.
pub(super) struct Package {
    file: Arc<File>,
    parts: BTreeMap<String, Part>,
}

#[derive(Clone, Copy)]
struct Part {
    at: u64,
    packed: u64,
    unpacked: u64,
    crc: u32,
    deflated: bool,
}

impl Package {
    /// Reads what there is; no part is unpacked yet.
    pub(super) fn open(file: File) -> Result<Self, FileError> {
        if file.metadata()?.len() > PACKED {
            return Err(FileError::TooLarge("the file has more than 256 MiB"));
        }
        let file = Arc::new(file);
        let broken = |_| FileError::Broken("its archive cannot be read");
        let mut archive = ZipArchive::new(&*file).map_err(broken)?;
        if archive.len() > PARTS {
            return Err(FileError::TooLarge("it has more than 10,000 parts"));
        }
        let mut parts = BTreeMap::new();
        let mut all: u64 = 0;
        for index in 0..archive.len() {
            let part = archive.by_index_raw(index).map_err(broken)?;
            if part.encrypted() {
                return Err(FileError::Other("a workbook with a password"));
            }
            all = all.saturating_add(part.size());
            let deflated = match part.compression() {
                CompressionMethod::Stored => false,
                CompressionMethod::Deflated => true,
                _ => return Err(FileError::Broken("a part is packed in a way that workbooks are not")),
            };
            let at = part.data_start().ok_or(FileError::Broken("a part lies nowhere"))?;
            let name = part.name().map_err(broken)?;
            let name = name.replace('\\', "/").trim_start_matches('/').to_lowercase();
            let (packed, unpacked, crc) = (part.compressed_size(), part.size(), part.crc32());
            parts.insert(name, Part { at, packed, unpacked, crc, deflated });
        }
        if all > UNPACKED {
            return Err(FileError::TooLarge("it unpacks to more than 1 GiB"));
        }
        Ok(Self { file, parts })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.parts.contains_key(&name.to_lowercase())
    }

    /// A part as XML.
    pub(super) fn xml(&self, name: &str) -> Result<Xml, FileError> {
        let part =
            self.parts.get(&name.to_lowercase()).ok_or(FileError::Broken("a part of it is missing"))?;
        let packed = Span { file: Arc::clone(&self.file), at: part.at, left: part.packed };
        let from: Box<dyn Read + Send> =
            if part.deflated { Box::new(DeflateDecoder::new(packed)) } else { Box::new(packed) };
        let bounded =
            Bounded { from, left: part.unpacked, crc: Crc::new(), expected: part.crc, piece: 0, over: false };
        let mut reader = Reader::from_reader(BufReader::with_capacity(64 * 1024, bounded));
        reader.config_mut().expand_empty_elements = true;
        Ok(Xml { reader, buffer: Vec::new(), depth: 0 })
    }
}

/// A stretch of the file, read without moving anybody's place in it.
struct Span {
    file: Arc<File>,
    at: u64,
    left: u64,
}

impl Read for Span {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(into.len());
        let read = self.file.read_at(into.get_mut(..most).unwrap_or_default(), self.at)?;
        self.at += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

/// An unpacked part: as long as declared and not a byte longer, whole at its end, and in pieces that fit into memory.
struct Bounded {
    from: Box<dyn Read + Send>,
    left: u64,
    crc: Crc,
    expected: u32,
    piece: usize,
    over: bool,
}

impl Read for Bounded {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(into)?;
        if read == 0 && !into.is_empty() {
            if !self.over && (self.left > 0 || self.crc.sum() != self.expected) {
                return Err(io::Error::other("a part is not whole"));
            }
            self.over = true;
            return Ok(0);
        }
        let bytes = into.get(..read).unwrap_or_default();
        self.left =
            self.left.checked_sub(read as u64).ok_or_else(|| io::Error::other("a part is too long"))?;
        self.crc.update(bytes);
        for byte in bytes {
            self.piece = if matches!(byte, b'<' | b'>') { 0 } else { self.piece + 1 };
            if self.piece > PIECE {
                return Err(io::Error::other("a piece is too long"));
            }
        }
        Ok(read)
    }
}

/// A part's marks and texts, one after the other.
pub(super) struct Xml {
    reader: Reader<BufReader<Bounded>>,
    buffer: Vec<u8>,
    depth: usize,
}

impl Xml {
    pub(super) fn next(&mut self) -> Result<Event<'_>, FileError> {
        self.buffer.clear();
        let event = self.reader.read_event_into(&mut self.buffer);
        let event = event.map_err(|_| FileError::Broken("a part of it is not whole, too long, or no XML"))?;
        match &event {
            Event::Start(_) => self.depth += 1,
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            // Entities of its own making are the old way to swell.
            Event::DocType(_) => return Err(FileError::Broken("a part declares a document type")),
            _ => {}
        }
        if self.depth > DEPTH { Err(FileError::Broken("its marks are nested too deep")) } else { Ok(event) }
    }
}

/// An attribute, whatever its prefix.
pub(super) fn attribute(mark: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut all = mark.attributes();
    let mut all = all.with_checks(false).flatten();
    let found = all.find(|attribute| attribute.key.local_name().as_ref() == name)?;
    found.normalized_value(XmlVersion::Implicit1_0).ok().map(std::borrow::Cow::into_owned)
}

/// What text an event adds to; marks add none.
pub(super) fn add_text(event: &Event<'_>, to: &mut String) -> Result<(), FileError> {
    match event {
        Event::Text(text) => to.push_str(&text.xml10_content()),
        Event::CData(text) => to.push_str(&text.xml10_content()),
        Event::GeneralRef(reference) => {
            let character = reference.resolve_char_ref().ok().flatten();
            match (character, quick_xml::escape::resolve_predefined_entity(reference)) {
                (Some(c), _) => to.push(c),
                (None, Some(text)) => to.push_str(text),
                (None, None) => return Err(FileError::Broken("a text has an entity that is not known")),
            }
        }
        _ => {}
    }
    Ok(())
}
