//! Registers as workbooks: what Excel writes, what others write, and what nobody should.

use std::io::{Cursor, Write as _};

use gridvault::import::ImportKind;
use gridvault::import::file::{Sheet, Taken};
use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use serde_json::Value;
use zip::write::SimpleFileOptions;

use crate::registers::{HEADER, given, rows};

fn taken(bytes: &[u8]) -> Vec<Taken> {
    let given = given(bytes);
    Sheet::open(ImportKind::Residents, &given.path).unwrap().collect::<Result<_, _>>().unwrap()
}

fn read(bytes: &[u8]) -> Result<Vec<String>, String> {
    rows(&given(bytes).path)
}

/// A table of texts as Excel saves it.
pub(crate) fn workbook(text: &str, sheet: &str) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let worksheet = workbook.add_worksheet().set_name(sheet).unwrap();
    for (row, line) in (0..).zip(text.lines()) {
        for (column, cell) in (0..).zip(line.split(',')) {
            worksheet.write_string(row, column, cell).unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

#[test]
fn a_workbook_gives_the_lines_of_the_same_csv() {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/residents.csv")).unwrap();
    let text = text.replacen("曾梅", "𬸣梅", 1);
    let expected = taken(text.as_bytes());
    assert_eq!(expected.len(), 2000);
    assert!(taken(&workbook(&text, "Sheet1")) == expected);
}

#[test]
fn numbers_dates_formulas_and_hidden_rows_are_what_they_are() {
    let mut book = Workbook::new();
    book.add_worksheet().set_name("说明").unwrap().write_string(0, 0, "看第二张").unwrap();
    let sheet = book.add_worksheet().set_name("居民").unwrap();
    let headers = ["姓名", "证件类型", "身份证号", "住址编号", "手机", "生日", "户号"];
    sheet.write_string(0, 0, "示例社区居民登记表").unwrap();
    for (column, header) in (0..).zip(headers) {
        sheet.write_string(2, column, header).unwrap();
    }
    let (date, general) = (Format::new().set_num_format("yyyy\"年\"m\"月\"d\"日\""), Format::new());
    let born = ExcelDateTime::from_ymd(1987, 2, 3).unwrap();
    for row in 3..10 {
        sheet.write_string(row, 0, format!("行{row}")).unwrap();
        sheet.write_string(row, 3, "示例-1").unwrap();
        sheet.write_number(row, 4, 12_000_000_000.0).unwrap();
        sheet.write_datetime_with_format(row, 5, &born, &date).unwrap();
        sheet.write_boolean(row, 1, true).unwrap();
    }
    sheet.set_row_hidden(4).unwrap();
    sheet.write_number(5, 2, 990_106_194_901_010_013.0).unwrap();
    sheet.write_formula(6, 2, Formula::new("=A1").set_result("990106194901010013")).unwrap();
    sheet.write_datetime_with_format(7, 6, &born, &date).unwrap();
    sheet.write_number_with_format(8, 5, 31_811.0, &general).unwrap();
    sheet.write_number(8, 6, 12.5).unwrap();
    sheet.write_string(9, 0, "=1+1").unwrap();
    sheet.write_string(9, 7, "多").unwrap();
    let bytes = book.save_to_buffer().unwrap();
    let told: Vec<String> = taken(&bytes)
        .iter()
        .map(|taken| match taken {
            Taken::Line(line, None) => line.clone(),
            Taken::Refused(error) => format!("{} {} {}", error.row, error.column, error.code),
            Taken::Line(..) => unreachable!(),
        })
        .collect();
    let line = |n: usize| serde_json::from_str::<Value>(&told[n]).unwrap();
    let fields = |n: usize| line(n)["fields"].clone();
    assert_eq!(fields(0)["person.phone"], "12000000000");
    assert_eq!(fields(0)["person.birth_date"], "1987-02-03");
    assert_eq!(fields(0)["person.id_type"], "是");
    assert_eq!((line(1)["row"].clone(), fields(1)["person.name"].clone()), (2.into(), "行4".into()));
    assert_eq!(told[2], "3 身份证号 number_lost_digits");
    assert_eq!(told[3], "4 身份证号 formula");
    assert_eq!(told[4], "5 户号 date_cell");
    assert_eq!(
        (fields(5)["person.birth_date"].clone(), fields(5)["household.no"].clone()),
        ("31811".into(), "12.5".into())
    );
    assert_eq!(told[6], "7  columns");
    let given = given(&bytes);
    let sheet = Sheet::open(ImportKind::Residents, &given.path).unwrap();
    assert_eq!(sheet.note(), Some("the workbook has 2 sheets: `居民` is taken"));
}

/// A workbook of this sheet and these parts beside it.
fn made(sheet: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let data = format!(
        "<worksheet xmlns=\"m\"><dimension ref=\"A1:XFD1048576\"/><sheetData>{sheet}</sheetData></worksheet>"
    );
    let own = [
        ("_rels/.rels", RELS),
        (
            "xl/workbook.xml",
            "<workbook xmlns:r=\"r\"><sheets><sheet name=\"a\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>",
        ),
        ("xl/_rels/workbook.xml.rels", BOOK_RELS),
        ("xl/worksheets/sheet1.xml", &data),
    ];
    let own = own.iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
    packed(own.chain(more).map(|(name, text)| (*name, text.as_bytes())))
}

const RELS: &str = "<Relationships><Relationship Id=\"1\" Type=\"http://x/relationships/officeDocument\" Target=\"/xl/workbook.xml\"/></Relationships>";
const BOOK_RELS: &str = "<Relationships><Relationship Id=\"r1\" Type=\"x/worksheet\" Target=\"worksheets\\Sheet1.xml\"/>\
    <Relationship Id=\"r2\" Type=\"x/sharedStrings\" Target=\"sharedStrings.xml\"/><Relationship Id=\"r3\" Type=\"x/styles\" Target=\"styles.xml\"/></Relationships>";

fn packed<'p>(parts: impl Iterator<Item = (&'p str, &'p [u8])>) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn inline(texts: &str) -> String {
    let cell = |text: &str| format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>");
    format!("<row>{}</row>", texts.split(',').map(cell).collect::<String>())
}

const REST: &str = "居民身份证,990106194901010013,示例-1,";

#[test]
fn what_other_programs_write_is_read_too() {
    let header = inline(HEADER);
    // Rich text, how it is said, escapes, entities, a prefix, no places, an empty cell, CDATA.
    let strings = "<x:sst xmlns:x=\"m\" uniqueCount=\"18446744073709551615\"><x:si><x:r><x:t>王</x:t></x:r><x:r><x:t xml:space=\"preserve\"> 小</x:t></x:r>\
        <x:rPh><x:t>wang</x:t></x:rPh></x:si><x:si><x:t>张_x4E09__x005F_x0041_&amp;&#26446;</x:t></x:si><x:si/><x:si><x:t><![CDATA[<赵>]]></x:t></x:si></x:sst>";
    let row = |index: u32| {
        format!(
            "<x:row r=\"{}\"><x:c r=\"A{0}\" t=\"s\"><x:v>{index}</x:v></x:c><x:c r=\"c{0}\"/><x:c r=\"E{0}\" t=\"str\"><x:v>1&lt;2</x:v></x:c></x:row>",
            index + 5
        )
    };
    let sheet = format!("{header}{}{}{}{}", row(0), row(1), row(2), row(3));
    let bytes = made(&sheet, &[("xl/sharedstrings.xml", strings)]);
    assert_eq!(read(&bytes).unwrap(), ["4 王 小", "5 张三_x0041_&李", "6 ", "7 <赵>"]);
    assert!(
        matches!(&taken(&bytes)[0], Taken::Line(line, None) if line.contains("\"person.phone\":\"1<2\""))
    );
    // Error cells, dates written out, a number in 1904's system.
    let styles = "<styleSheet><cellStyleXfs><xf numFmtId=\"0\"/></cellStyleXfs><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"31\"/></cellXfs></styleSheet>";
    let book =
        "<workbook><workbookPr date1904=\"1\"/><sheets><sheet name=\"a\" id=\"r1\"/></sheets></workbook>";
    let born = |cell: &str| {
        format!(
            "<row>{}{cell}</row>",
            inline(&format!("王,{REST}")).replace("<row>", "").replace("</row>", "")
        )
    };
    let sheet = format!(
        "{}{}{}{}",
        inline(&format!("{HEADER},出生日期")),
        born("<c t=\"e\"><v>#N/A</v></c>"),
        born("<c t=\"d\"><v>1987-02-03T00:00:00</v></c>"),
        born("<c s=\"1\"><v>30349</v></c>")
    );
    let bytes = made(&sheet, &[("xl/styles.xml", styles), ("xl/workbook.xml", book)]);
    let told = taken(&bytes);
    assert_eq!(read(&bytes).unwrap()[0], "1 refused 出生日期 cell_error");
    for taken in &told[1..] {
        assert!(
            matches!(taken, Taken::Line(line, None) if line.contains("\"person.birth_date\":\"1987-02-03\"")),
            "{taken:?}"
        );
    }
}

#[test]
fn bombs_and_broken_workbooks_are_one_clear_line_and_little_memory() {
    let header = inline(HEADER);
    let row = inline(&format!("王,{REST}"));
    let long = inline(&format!("{},{REST}", "王".repeat(32_768)));
    assert_eq!(
        read(&made(&format!("{header}{long}{row}"), &[])).unwrap(),
        ["1 refused 姓名 cell_too_long", "2 王"]
    );
    // One long text in every cell of a row.
    let strings = format!("<sst><si><t>{}</t></si></sst>", "王".repeat(32_000));
    let cells: String = (0..16_384).map(|_| "<c t=\"s\"><v>0</v></c>").collect();
    let wide = format!("{header}<row>{cells}</row>{row}");
    assert_eq!(
        read(&made(&wide, &[("xl/sharedStrings.xml", &strings)])).unwrap(),
        ["1 refused  row_too_long", "2 王"]
    );
    let error = |bytes: &[u8]| {
        let error = read(bytes).unwrap_err();
        assert!(!error.contains('\n') && error.chars().count() < 120, "{error}");
        error
    };
    let sheet = |text: &str| error(&made(&format!("{header}{text}"), &[]));
    let book = |text: &str| error(&made(&header, &[("xl/workbook.xml", text)]));
    let damaged = "the workbook is damaged: ";
    for told in [
        sheet("<row r=\"1048577\"/>"),
        sheet("<row r=\"99999999999999999999999\"/>"),
        sheet("<row r=\"5\"/><row r=\"5\"/>"),
        sheet("<row r=\"5\"><c r=\"B5\"/><c r=\"A5\"/></row>"),
        sheet("<row r=\"5\"><c r=\"XFE5\"/></row>"),
        sheet("<row r=\"5\"><c r=\"AAAAAAAAAAAAAAAAAAAAAAAA5\"/></row>"),
        sheet("<row><c t=\"s\"><v>7</v></c></row>"),
        sheet("<row><c t=\"s\"><v>99999999999999999999999999</v></c></row>"),
        sheet("<row><c>"),
        sheet(&"<a>".repeat(100)),
        sheet(&format!("<row><c t=\"str\"><v>{}</v></c></row>", "x".repeat(2_000_000))),
        sheet("<row><c t=\"str\"><v>&lol;</v></c></row>"),
        sheet("<!DOCTYPE a [<!ENTITY lol \"lol\">]>"),
        sheet("<row></c></row>"),
        book("<workbook/>"),
        book("<workbook"),
        error(&made(&header, &[("xl/_rels/workbook.xml.rels", "")])),
        error(&made(&header, &[("xl/worksheets/sheet1.xml", "\u{0}")])).replace("the file is empty", damaged),
    ] {
        assert!(told.starts_with(damaged), "{told}");
    }
    assert_eq!(
        error(&packed([("word/document.xml", b"".as_slice())].into_iter())),
        "this is an archive, and no Excel workbook: save it as .xlsx or as CSV"
    );
    let word = RELS.replace("/xl/workbook.xml", "word/document.xml");
    assert!(
        error(&packed([("_rels/.rels", word.as_bytes())].into_iter()))
            .starts_with("this is a document of Office")
    );
    let binary = RELS.replace("workbook.xml", "workbook.bin");
    assert!(
        error(&packed([("_rels/.rels", binary.as_bytes())].into_iter()))
            .starts_with("this is a binary workbook")
    );
    let odd = format!(
        "<worksheet><sheetData>{header}<row><c t=\"str\"><v>{}</v></c></row></sheetData></worksheet>",
        "<!-- -->x".repeat(1_200_000)
    );
    assert!(error(&made("", &[("xl/worksheets/sheet1.xml", &odd)])).contains("a cell has more than 1 MiB"));
}

#[test]
fn an_archive_that_lies_about_its_sizes_is_not_unpacked() {
    // Two gibibytes of blanks, declared as they are, and declared as a hundred bytes.
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let blanks = vec![b' '; 1024 * 1024];
    let options = SimpleFileOptions::default().large_file(true);
    for (name, text) in [("_rels/.rels", RELS), ("xl/workbook.xml", "<workbook/>")] {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.start_file("xl/_rels/workbook.xml.rels", options).unwrap();
    for _ in 0..1100 {
        zip.write_all(&blanks).unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    assert!(bytes.len() < 4_000_000);
    assert_eq!(read(&bytes).unwrap_err(), "the workbook is too large: it unpacks to more than 1 GiB");
    let honest = made(&inline(HEADER), &[]);
    let part = b"xl/worksheets/sheet1.xml";
    let name = honest.windows(part.len()).rposition(|window| window == part).unwrap();
    // The directory's entry: unpacked size 22 bytes before the name, CRC 30, packed size 26.
    for (back, value) in [(22, 100_u32), (22, 100_000), (22, u32::MAX - 1), (30, 7), (26, 10)] {
        let mut lying = honest.clone();
        lying[name - back..name - back + 4].copy_from_slice(&value.to_le_bytes());
        let told = read(&lying).unwrap_err();
        assert!(
            told.starts_with("the workbook is damaged: ") || told.contains("more than 1 GiB"),
            "{back} {value}: {told}"
        );
    }
    // Marked as encrypted, or packed in another way.
    for (back, value, says) in [(38_usize, 1_u8, "a workbook with a password"), (36, 12, "packed in a way")] {
        let mut other = honest.clone();
        other[name - back] = value;
        let local = other.windows(4).position(|window| window == b"PK\x03\x04").unwrap();
        assert!(local < name);
        let told = read(&other).unwrap_err();
        assert!(told.contains(says), "{back}: {told}");
    }
    for length in (0..honest.len()).step_by(7) {
        let cut = given(&honest[..length]);
        assert!(Sheet::open(ImportKind::Residents, &cut.path).is_err(), "{length}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Bytes changed anywhere: read, refused or named as broken, and never more.
    #[test]
    fn any_damage_comes_to_an_end(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let mut bytes = made(&format!("{}{}", inline(HEADER), inline(&format!("王,{REST}"))), &[]);
        for (place, byte) in changes {
            let at = place.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(rows) = read(&bytes) {
            prop_assert!(rows.len() <= 1);
        }
    }

    /// Likewise within the parts, in an archive that is whole.
    #[test]
    fn any_xml_comes_to_an_end(part in 0..3_usize, changes in prop::collection::vec((any::<prop::sample::Index>(), "[<>/=\"'&;a-zA-Z0-9 王]{0,4}"), 1..6)) {
        let names = ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"];
        let sheet = format!("<worksheet><sheetData>{}{}</sheetData></worksheet>", inline(HEADER), inline(&format!("王,{REST}")));
        let texts = [sheet.as_str(), "<workbook><sheets><sheet name=\"a\" r:id=\"r1\"/></sheets></workbook>", BOOK_RELS];
        let mut text = texts[part].to_owned();
        for (place, put) in changes {
            let mut at = place.index(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            text.insert_str(at, &put);
        }
        if let Ok(rows) = read(&made(&sheet.replace("<worksheet>", ""), &[(names[part], &text)])) {
            prop_assert!(rows.len() <= 2);
        }
    }
}
