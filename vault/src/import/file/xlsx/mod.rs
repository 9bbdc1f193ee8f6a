//! XLSX: a workbook's sheet as rows of cells. The archive, its parts and the cells are read here and not by a library for
//! spreadsheets: those hold whole sheets, believe the sizes that a file declares, and turn long numbers into others.

mod number;
mod package;
mod parts;
mod sheet;

use std::fs::File;

use self::package::Package;
use self::parts::Workbook;
use self::sheet::SheetRows;
use super::{FileError, Row};
use crate::import::ImportKind;

/// Excel's own bounds.
const ROWS: u64 = 1_048_576;
const COLUMNS: usize = 16_384;
/// Characters in a cell.
const CELL: usize = 32_767;

/// The rows of a sheet.
pub(super) struct Rows {
    sheet: SheetRows,
    read: u64,
    count: u64,
}

/// Judges a workbook whole, then begins its sheet anew. Says which sheet, where there are several.
pub(super) fn open(kind: ImportKind, file: File) -> Result<(Rows, Option<String>), FileError> {
    let package = Package::open(file)?;
    let workbook = Workbook::read(&package)?;
    let sheet = workbook.sheet(names(kind))?;
    let note = (workbook.sheets.len() > 1).then(|| {
        let name: String = sheet.name.chars().filter(|c| !c.is_control()).take(40).collect();
        format!("the workbook has {} sheets: `{name}` is taken", workbook.sheets.len())
    });
    let mut judged = SheetRows::open(&package, &workbook, sheet)?;
    let mut count = 0;
    while judged.next()?.is_some() {
        count += 1;
    }
    let sheet = judged.anew(&package, sheet)?;
    Ok((Rows { sheet, read: 0, count }, note))
}

impl Rows {
    pub(super) fn next(&mut self) -> Result<Option<Row>, FileError> {
        let row = self.sheet.next()?;
        self.read += u64::from(row.is_some());
        Ok(row)
    }

    pub(super) fn progress(&self) -> (u64, u64) {
        (self.read, self.count)
    }
}

/// What a kind's sheet may be called.
fn names(kind: ImportKind) -> &'static [&'static str] {
    match kind {
        ImportKind::Areas => &["areas", "网格", "区域"],
        ImportKind::Premises => &["premises", "房屋", "住址"],
        ImportKind::People => &["people", "人员", "工作人员", "队伍"],
        ImportKind::Residents => &["residents", "居民", "人口"],
    }
}
