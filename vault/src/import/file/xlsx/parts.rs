//! What a workbook says beside its cells: its sheets, the formats that make a number a date, and the table of texts.

use std::collections::BTreeMap;

use quick_xml::events::Event;

use super::super::FileError;
use super::number;
use super::package::{Package, Xml, add_text, attribute};

/// Texts of the table together, in bytes.
const TEXTS: usize = 512 * 1024 * 1024;
/// One of them; what fits into no cell is told of its row, what is far beyond never.
pub(super) const LONGEST: usize = 1024 * 1024;
const STYLES: usize = 65_536;
const SHEETS: usize = 1_000;

/// A workbook.
pub(super) struct Workbook {
    pub(super) sheets: Vec<SheetName>,
    pub(super) from_1904: bool,
    styles: Option<String>,
    texts: Option<String>,
}

/// A sheet, and the part that holds it.
pub(super) struct SheetName {
    pub(super) name: String,
    pub(super) part: String,
    hidden: bool,
}

/// Another part that a part names: what it is, and where.
struct Relation {
    kind: String,
    part: String,
}

impl Workbook {
    pub(super) fn read(package: &Package) -> Result<Self, FileError> {
        let part = main(package)?;
        if part.to_lowercase().strip_suffix(".bin").is_some() {
            return Err(FileError::Other("a binary workbook (.xlsb)"));
        }
        let related = relations(package, &part)?;
        let (mut sheets, mut from_1904) = (Vec::new(), false);
        let mut xml = package.xml(&part)?;
        loop {
            match xml.next()? {
                Event::Start(mark) if mark.local_name().as_ref() == "sheet" => {
                    let relation = attribute(&mark, "id").and_then(|id| related.get(&id));
                    let relation = relation.filter(|relation| relation.kind == "worksheet");
                    let Some(relation) = relation else { continue };
                    let name = attribute(&mark, "name").unwrap_or_default();
                    let hidden = attribute(&mark, "state").is_some_and(|state| state != "visible");
                    sheets.push(SheetName { name, part: relation.part.clone(), hidden });
                }
                Event::Start(mark) if mark.local_name().as_ref() == "workbookPr" => {
                    from_1904 |= attribute(&mark, "date1904").is_some_and(|v| v == "1" || v == "true");
                }
                Event::Eof => break,
                _ => {}
            }
            if sheets.len() > SHEETS {
                return Err(FileError::TooLarge("it has more than 1,000 sheets"));
            }
        }
        let of = |kind: &str| related.values().find(|r| r.kind == kind).map(|r| r.part.clone());
        Ok(Self { sheets, from_1904, styles: of("styles"), texts: of("sharedStrings") })
    }

    /// The sheet of one of these names, else the first that is not hidden.
    pub(super) fn sheet(&self, names: &[&str]) -> Result<&SheetName, FileError> {
        let named = |sheet: &&SheetName| names.contains(&sheet.name.trim().to_lowercase().as_str());
        let found = self.sheets.iter().find(named).or_else(|| self.sheets.iter().find(|sheet| !sheet.hidden));
        found.or(self.sheets.first()).ok_or(FileError::Broken("it has no sheet"))
    }

    /// Which of the styles show a number as a date.
    pub(super) fn date_styles(&self, package: &Package) -> Result<Vec<bool>, FileError> {
        let mut styles = Vec::new();
        let Some(part) = self.styles.as_ref().filter(|part| package.has(part)) else { return Ok(styles) };
        let mut own: BTreeMap<String, bool> = BTreeMap::new();
        let (mut xml, mut within) = (package.xml(part)?, false);
        loop {
            match xml.next()? {
                Event::Start(mark) if mark.local_name().as_ref() == "numFmt" => {
                    if let (Some(id), Some(code)) =
                        (attribute(&mark, "numFmtId"), attribute(&mark, "formatCode"))
                    {
                        own.insert(id, number::shows_date(&code));
                    }
                }
                Event::Start(mark) if mark.local_name().as_ref() == "cellXfs" => within = true,
                Event::End(mark) if mark.local_name().as_ref() == "cellXfs" => within = false,
                Event::Start(mark) if within && mark.local_name().as_ref() == "xf" => {
                    let id = attribute(&mark, "numFmtId").unwrap_or_default();
                    styles.push(own.get(&id).copied().unwrap_or_else(|| number::is_date_format(&id)));
                }
                Event::Eof => return Ok(styles),
                _ => {}
            }
            if styles.len() > STYLES || own.len() > STYLES {
                return Err(FileError::TooLarge("it has more than 65,536 styles"));
            }
        }
    }

    /// The table of texts.
    pub(super) fn texts(&self, package: &Package) -> Result<Texts, FileError> {
        let mut texts = Texts::default();
        let Some(part) = self.texts.as_ref().filter(|part| package.has(part)) else { return Ok(texts) };
        let mut xml = package.xml(part)?;
        loop {
            let begins = match xml.next()? {
                Event::Start(mark) => mark.local_name().as_ref() == "si",
                Event::Eof => return Ok(texts),
                _ => false,
            };
            if begins {
                text(&mut xml, "si", &mut texts.all)?;
                texts.ends.push(texts.all.len());
            }
            if texts.all.len() + 8 * texts.ends.len() > TEXTS {
                return Err(FileError::TooLarge("its texts have more than 512 MiB"));
            }
        }
    }
}

/// All texts in one, and where each ends.
#[derive(Default)]
pub(super) struct Texts {
    all: String,
    ends: Vec<usize>,
}

impl Texts {
    pub(super) fn text(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.all.get(start..end)
    }
}

/// The text within a mark up to its end: of plain and rich text, not of how it is pronounced.
pub(super) fn text(xml: &mut Xml, end: &str, to: &mut String) -> Result<(), FileError> {
    let (mut within, mut said) = (false, 0_usize);
    let start = to.len();
    loop {
        let event = xml.next()?;
        match &event {
            Event::Start(mark) if mark.local_name().as_ref() == "rPh" => said += 1,
            Event::End(mark) if mark.local_name().as_ref() == "rPh" => said = said.saturating_sub(1),
            Event::Start(mark) if mark.local_name().as_ref() == "t" => within = said == 0,
            Event::End(mark) if mark.local_name().as_ref() == "t" => within = false,
            Event::End(mark) if mark.local_name().as_ref() == end => break,
            Event::Eof => return Err(FileError::Broken("a text of it does not end")),
            event if within => add_text(event, to)?,
            _ => {}
        }
        if to.len() - start > LONGEST {
            return Err(FileError::TooLarge("a text has more than 1 MiB"));
        }
    }
    if to.get(start..).is_some_and(|text| text.contains("_x")) {
        let plain = unescaped(to.get(start..).unwrap_or_default());
        to.truncate(start);
        to.push_str(&plain);
    }
    Ok(())
}

/// Excel writes characters that XML does not have as `_x000D_`.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("_x") {
        out.push_str(before);
        let code = behind.get(..4).filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = code.filter(|_| behind.get(4..5) == Some("_"));
        match code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32) {
            Some(c) => {
                out.push(c);
                rest = behind.get(5..).unwrap_or_default();
            }
            None => {
                out.push_str("_x");
                rest = behind;
            }
        }
    }
    out + rest
}

fn main(package: &Package) -> Result<String, FileError> {
    if !package.has("_rels/.rels") {
        return Err(FileError::Other("an archive, and no Excel workbook"));
    }
    let found = relations(package, "")?.into_values().find(|relation| relation.kind == "officeDocument");
    let part = found.map_or_else(|| "xl/workbook.xml".to_owned(), |relation| relation.part);
    if part.starts_with("xl/") || package.has("xl/workbook.xml") {
        Ok(part)
    } else {
        Err(FileError::Other("a document of Office, and no Excel workbook"))
    }
}

fn relations(package: &Package, of: &str) -> Result<BTreeMap<String, Relation>, FileError> {
    let (folder, name) = of.rsplit_once('/').unwrap_or(("", of));
    let slash = if folder.is_empty() { "" } else { "/" };
    let mut out = BTreeMap::new();
    let mut xml = package.xml(&format!("{folder}{slash}_rels/{name}.rels"))?;
    loop {
        match xml.next()? {
            Event::Start(mark) if mark.local_name().as_ref() == "Relationship" => {
                let (id, kind) = (attribute(&mark, "Id"), attribute(&mark, "Type").unwrap_or_default());
                let target = attribute(&mark, "Target").unwrap_or_default().replace('\\', "/");
                let part = match target.strip_prefix('/') {
                    Some(whole) => whole.to_owned(),
                    None => format!("{folder}{slash}{}", target.trim_start_matches("./")),
                };
                let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
                out.extend(id.map(|id| (id, Relation { kind, part })));
            }
            Event::Eof => return Ok(out),
            _ => {}
        }
        if out.len() > SHEETS * 4 {
            return Err(FileError::TooLarge("it has more than 4,000 relations"));
        }
    }
}
