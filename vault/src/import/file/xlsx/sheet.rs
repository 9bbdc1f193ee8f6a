//! A sheet's rows as they come, each with its cells.

use std::sync::Arc;

use quick_xml::events::Event;

use super::super::{Cell, FileError, Row};
use super::number;
use super::package::{Package, Xml, add_text, attribute};
use super::parts::{self, LONGEST, SheetName, Texts, Workbook};
use super::{CELL, COLUMNS, ROWS};

/// The rows of a sheet, hidden ones among them.
pub(super) struct SheetRows {
    xml: Xml,
    texts: Arc<Texts>,
    dates: Arc<Vec<bool>>,
    from_1904: bool,
    row: u64,
}

/// How a cell says what it holds.
struct Form {
    kind: String,
    date: bool,
}

impl SheetRows {
    pub(super) fn open(package: &Package, workbook: &Workbook, sheet: &SheetName) -> Result<Self, FileError> {
        Ok(Self {
            xml: package.xml(&sheet.part)?,
            texts: Arc::new(workbook.texts(package)?),
            dates: Arc::new(workbook.date_styles(package)?),
            from_1904: workbook.from_1904,
            row: 0,
        })
    }

    /// The same from its beginning.
    pub(super) fn anew(&self, package: &Package, sheet: &SheetName) -> Result<Self, FileError> {
        let (texts, dates) = (Arc::clone(&self.texts), Arc::clone(&self.dates));
        Ok(Self { xml: package.xml(&sheet.part)?, texts, dates, from_1904: self.from_1904, row: 0 })
    }

    pub(super) fn next(&mut self) -> Result<Option<Row>, FileError> {
        loop {
            match self.xml.next()? {
                Event::Start(mark) if mark.local_name().as_ref() == "row" => {
                    let number = match attribute(&mark, "r") {
                        Some(text) => text.parse().map_err(|_| FileError::Broken("a row has no number"))?,
                        None => self.row + 1,
                    };
                    if number <= self.row || number > ROWS {
                        return Err(FileError::Broken("its rows are not in order"));
                    }
                    self.row = number;
                    return Ok(Some(Row { number, cells: self.cells()?, mended: None }));
                }
                Event::Eof => return Ok(None),
                _ => {}
            }
        }
    }

    fn cells(&mut self) -> Result<Result<Vec<Cell>, &'static str>, FileError> {
        let (mut cells, mut length): (Vec<Cell>, _) = (Vec::new(), 0_usize);
        loop {
            let (form, column) = match self.xml.next()? {
                Event::Start(mark) if mark.local_name().as_ref() == "c" => {
                    let column = match attribute(&mark, "r") {
                        Some(place) => column(&place),
                        None => Some(cells.len()),
                    };
                    let column = column.filter(|column| (cells.len()..COLUMNS).contains(column));
                    let column = column.ok_or(FileError::Broken("its cells are not in order"))?;
                    let style = attribute(&mark, "s").and_then(|style| style.parse::<usize>().ok());
                    let date = style.and_then(|style| self.dates.get(style)).copied().unwrap_or(false);
                    (Form { kind: attribute(&mark, "t").unwrap_or_default(), date }, column)
                }
                Event::End(mark) if mark.local_name().as_ref() == "row" => break,
                Event::Eof => return Err(FileError::Broken("a row of it does not end")),
                _ => continue,
            };
            cells.resize(column, Cell::Text(String::new()));
            let cell = self.cell(&form, length <= LONGEST)?;
            length += if let Cell::Text(text) = &cell { text.len() } else { 0 };
            cells.push(cell);
        }
        Ok(if length > LONGEST { Err("row_too_long") } else { Ok(cells) })
    }

    /// A cell up to its end.
    fn cell(&mut self, form: &Form, fits: bool) -> Result<Cell, FileError> {
        let (mut value, mut text, mut formula, mut within) = (String::new(), String::new(), false, false);
        loop {
            let inline = match self.xml.next()? {
                Event::Start(mark) => {
                    let name = mark.local_name();
                    formula |= name.as_ref() == "f";
                    within = name.as_ref() == "v";
                    name.as_ref() == "is"
                }
                Event::End(mark) if mark.local_name().as_ref() == "c" => break,
                Event::End(_) => {
                    within = false;
                    false
                }
                Event::Eof => return Err(FileError::Broken("a cell of it does not end")),
                event => {
                    if within {
                        add_text(&event, &mut value)?;
                    }
                    false
                }
            };
            if inline {
                parts::text(&mut self.xml, "is", &mut text)?;
            }
            if value.len() > LONGEST {
                return Err(FileError::TooLarge("a cell has more than 1 MiB"));
            }
        }
        if !fits {
            // One text of the table may stand in every cell of a row.
            return Ok(Cell::Bad("row_too_long"));
        }
        if formula {
            // Its value is what some program once made of other cells, which are not here.
            return Ok(Cell::Bad("formula"));
        }
        Ok(match form.kind.as_str() {
            "inlineStr" => written(&text),
            "s" if value.is_empty() => Cell::Text(value),
            "s" => {
                let found = value.trim().parse().ok().and_then(|index| self.texts.text(index));
                written(found.ok_or(FileError::Broken("a text of it is missing"))?)
            }
            "str" => written(&value),
            "b" => Cell::Text(if value.trim() == "1" || value.trim() == "true" { "是" } else { "否" }.into()),
            "e" => Cell::Bad("cell_error"),
            "d" => Cell::Date(value.trim_end_matches("T00:00:00").to_owned()),
            _ if value.is_empty() => Cell::Text(value),
            _ if form.date => number::dated(&value, self.from_1904),
            _ => number::plain(&value),
        })
    }
}

fn written(text: &str) -> Cell {
    if text.len() > CELL && text.chars().take(CELL + 1).count() > CELL {
        Cell::Bad("cell_too_long")
    } else {
        Cell::Text(text.to_owned())
    }
}

/// The column of a place like `AB12`, from 0.
fn column(place: &str) -> Option<usize> {
    let letters = place.bytes().take_while(u8::is_ascii_alphabetic);
    let mut column = 0_usize;
    for letter in letters {
        column = column * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1;
        if column > COLUMNS {
            return None;
        }
    }
    column.checked_sub(1)
}
