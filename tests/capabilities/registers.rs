//! Registers as offices keep them: encodings, headers, ragged and broken rows, whatever a file may be.

use std::path::{Path, PathBuf};

use encoding_rs::GB18030;
use gridvault::import::ImportKind;
use gridvault::import::file::{Sheet, Taken, headers};
use proptest::prelude::*;
use serde_json::Value;

pub(crate) const HEADER: &str = "姓名,证件类型,公民身份号码,房屋编号,联系方式";

/// A file in a folder of its own.
pub(crate) struct Given {
    _dir: tempfile::TempDir,
    pub(crate) path: PathBuf,
}

pub(crate) fn given(bytes: &[u8]) -> Given {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("register");
    std::fs::write(&path, bytes).unwrap();
    Given { _dir: dir, path }
}

pub(crate) fn gb(text: &str) -> Vec<u8> {
    let (bytes, _, odd) = GB18030.encode(text);
    assert!(!odd);
    bytes.into_owned()
}

/// What comes of a residents' file: each row's number with its name, or the column and code that refuse it.
pub(crate) fn rows(path: &Path) -> Result<Vec<String>, String> {
    let sheet = Sheet::open(ImportKind::Residents, path).map_err(|error| error.to_string())?;
    sheet.map(|taken| Ok(row(&taken.map_err(|error| error.to_string())?))).collect()
}

fn row(taken: &Taken) -> String {
    match taken {
        Taken::Line(line, mended) => {
            let line: Value = serde_json::from_str(line).unwrap();
            let name = line["fields"]["person.name"].as_str().unwrap();
            let mended = mended.as_ref().map(|m| format!(" mended {}", m.code)).unwrap_or_default();
            format!("{} {name}{mended}", line["row"])
        }
        Taken::Refused(error) => format!("{} refused {} {}", error.row, error.column, error.code),
    }
}

fn table(names: &[&str]) -> String {
    let rows: String =
        names.iter().map(|name| format!("{name},居民身份证,990106194901010013,示例-1,\n")).collect();
    format!("{HEADER}\n{rows}")
}

fn read(bytes: &[u8]) -> Result<Vec<String>, String> {
    rows(&given(bytes).path)
}

fn lines(bytes: &[u8]) -> Vec<Taken> {
    let given = given(bytes);
    Sheet::open(ImportKind::Residents, &given.path).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn one_table_gives_the_same_lines_in_every_encoding_and_with_every_delimiter() {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/residents.csv")).unwrap();
    let text = text.replacen("曾梅", "𬸣梅", 1);
    let expected = lines(text.as_bytes());
    assert_eq!(expected.len(), 2000);
    assert!(expected.iter().all(|taken| matches!(taken, Taken::Line(_, None))));
    assert!(format!("{:?}", expected[0]).contains("𬸣梅"));
    let utf16 = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(bytes).collect()
    };
    for (name, bytes) in [
        ("UTF-8 with a mark", format!("\u{feff}{text}").into_bytes()),
        ("GB18030", gb(&text)),
        ("GB18030 with a mark", gb(&format!("\u{feff}{text}"))),
        ("UTF-16, little end first", utf16(&text, u16::to_le_bytes)),
        ("UTF-16, big end first", utf16(&text, u16::to_be_bytes)),
        ("UTF-16 with tabs, as Excel saves it", utf16(&text.replace(',', "\t"), u16::to_le_bytes)),
        ("semicolons", text.replace(',', ";").into_bytes()),
        ("single returns", text.replace("\r\n", "\r").into_bytes()),
        ("single feeds", text.replace("\r\n", "\n").into_bytes()),
        ("all quoted", quoted(&text).into_bytes()),
        ("all quoted, with a mark", format!("\u{feff}{}", quoted(&text)).into_bytes()),
        ("no line end at the end", text.trim_end().as_bytes().to_vec()),
    ] {
        assert!(lines(&bytes) == expected, "{name}");
    }
}

fn quoted(text: &str) -> String {
    let row = |line: &str| line.split(',').map(|cell| format!("\"{cell}\"")).collect::<Vec<_>>().join(",");
    text.lines().map(|line| row(line) + "\r\n").collect()
}

#[test]
fn a_file_put_together_from_files_is_read_row_by_row_and_no_row_garbled() {
    let utf8 = table(&["王小明", "李小红", "赵一"]).into_bytes();
    let behind = |more: &[u8]| read(&[utf8.as_slice(), more].concat()).unwrap();
    let row = |name: &str| format!("{name},居民身份证,990106194901010013,示例-1,\n");
    assert_eq!(behind(&gb(&row("张三")))[3], "4 张三 mended encoding");
    // The other way round it is the UTF-8 row that is the other.
    let mixed = [gb(&table(&["王小明", "李小红"])), row("张三").into_bytes()].concat();
    assert_eq!(read(&mixed).unwrap(), ["1 王小明", "2 李小红", "3 张三 mended encoding"]);
    // Quoted line ends hold a row together in either.
    assert_eq!(behind(&gb(&row("\"张\n三\"")))[3], "4 张\n三 mended encoding");
    // In neither; cut in the middle of a character; lost by a program before; half of one and half of the other.
    let cut = &row("张三四").into_bytes()[2..];
    let half = [b"\xd5\xc5,".as_slice(), "居民身份证,990106194901010013,示例-1,\n".as_bytes()].concat();
    for broken in [b"\xff,a,b,c,d\n".as_slice(), cut, row("张\u{fffd}三").as_bytes(), &half] {
        assert_eq!(behind(broken)[3], "4 refused  encoding");
    }
    // `Müller` is `M眉ller` in the other encoding: told apart by the file, and where the file is of both, refused.
    let muller = "Müller,,990106194901010013,-1,\n".as_bytes();
    assert_eq!(behind(muller)[3], "4 Müller");
    assert_eq!(read(&[gb(&table(&["王小明"])).as_slice(), muller].concat()).unwrap()[1], "2 M眉ller");
    assert_eq!(behind(&[gb(&row("张三")).as_slice(), muller].concat())[4], "5 refused  encoding");
}

#[test]
fn gb18030_is_that_of_2022_and_its_private_places_go_home() {
    for (bytes, character) in [
        (b"\xa6\xd9".as_slice(), '\u{fe10}'),
        (b"\xa6\xdd", '\u{fe14}'),
        (b"\xa6\xf3", '\u{fe19}'),
        (b"\xfe\x59", '\u{9fb4}'),
        (b"\xfe\x7e", '\u{9fb9}'),
        (b"\xfe\xa0", '\u{9fbb}'),
        (b"\xa8\xbc", '\u{1e3f}'),
        // As the 2005 edition has them too.
        (b"\xfe\x51", '\u{20087}'),
        (b"\xfe\x91", '\u{241fe}'),
        (b"\x95\x32\x90\x31", '\u{20087}'),
        // Both codes of a place that moved are one character here: the standard gives the longer the old private place.
        (b"\x82\x35\x91\x32", '\u{9fb9}'),
        // Not in GBK at all.
        (b"\x82\x35\x8f\x33", '\u{9fa6}'),
        (b"\x99\x33\xe9\x31", '\u{2cdcd}'),
    ] {
        let bytes =
            [&gb(&format!("{HEADER}\n王")), bytes, &gb(",居民身份证,990106194901010013,示例-1,\n")].concat();
        assert_eq!(read(&bytes).unwrap(), [format!("1 王{character}")], "{bytes:x?}");
    }
}

#[test]
fn rows_that_do_not_fit_are_refused_one_by_one() {
    let row = |name: &str| format!("{name},居民身份证,990106194901010013,示例-1,\n");
    for (middle, expected) in [
        ("张三,居民身份证\n", "2 refused  columns"),
        ("张三,居民身份证,990106194901010013,示例-1,,多\n", "2 refused  columns"),
        ("张三,居民身份证,990106194901010013,示例-1,,,\n", "2 张三"),
        ("\"张\"\"三\",居民身份证,990106194901010013,示例-1,\n", "2 张\"三"),
        ("张\"三,居民身份证,990106194901010013,示例-1,\n", "2 张\"三"),
        ("\"张,三\",居民身份证,990106194901010013,示例-1,\n", "2 张,三"),
        ("张\0三,居民身份证,990106194901010013,示例-1,\n", "2 张\0三"),
        ("\"张三,居民身份证,990106194901010013,示例-1,\n", "2 refused  quotes"),
        ("\"张三,居民身份证,990106194901010013,示例-1,\"\n", "2 refused  columns"),
    ] {
        let text = format!("{HEADER}\n{}{middle}{}", row("王小明"), row("赵一"));
        assert_eq!(read(text.as_bytes()).unwrap(), ["1 王小明", expected, "3 赵一"], "{middle}");
    }
    // A stray quote at a cell's beginning meets another some rows on: each costs its line, and no row between them is lost.
    let text = format!("{HEADER}\n{}\"{}{}\"{}{}", row("一"), row("二"), row("三"), row("四"), row("五"));
    assert_eq!(
        read(text.as_bytes()).unwrap(),
        ["1 一", "2 refused  quotes", "3 三", "4 refused  quotes", "5 五"]
    );
    // Blank lines and rows of blank cells are passed over, and counted as a spreadsheet counts them.
    let text = format!("{HEADER}\r\n{}\r\n , ,\t,　,\r\n{}", row("王小明"), row("赵一"));
    assert_eq!(read(text.as_bytes()).unwrap(), ["1 王小明", "4 赵一"]);
}

#[test]
fn an_endless_row_is_refused_in_bounded_memory_and_the_next_one_read() {
    use std::io::Write as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("register");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    let row = "王小明,居民身份证,990106194901010013,示例-1,\n";
    write!(file, "{HEADER}\n{row}").unwrap();
    for _ in 0..200 {
        file.write_all(&vec![b'a'; 1024 * 1024]).unwrap();
    }
    write!(file, "\n{row}\"").unwrap();
    for _ in 0..20 {
        file.write_all(&vec![b'b'; 1024 * 1024]).unwrap();
    }
    write!(file, "\n{row}").unwrap();
    drop(file);
    let before = memory();
    let rows = rows(&path).unwrap();
    assert_eq!(rows, ["1 王小明", "2 refused  row_too_long", "3 王小明", "4 refused  quotes", "5 王小明"]);
    let grown = memory() - before;
    assert!(grown < 64 * 1024, "{grown} KiB more");
}

/// The most memory that this process has had, KiB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn headers_are_known_by_their_other_names() {
    let one = |header: &str| format!("{header},证件类型,身份证号,住址编号\n王,a,b,c\n");
    for name in [
        "姓名",
        "姓 名",
        "姓名*",
        "*姓名",
        "姓名（必填）",
        "姓名(必填)*",
        "【姓名】",
        "姓名：",
        "居民姓名",
        "Name",
        "person.name",
        "\"姓名\n（必填）\"",
    ] {
        let read = read(one(name).as_bytes());
        assert_eq!(
            read,
            if name == "【姓名】" { Err(unknown("【姓名】")) } else { Ok(vec!["1 王".into()]) },
            "{name}"
        );
    }
    for kind in ImportKind::ALL {
        let mut seen = std::collections::BTreeSet::new();
        for column in headers::columns(*kind) {
            for name in std::iter::once(&column.header).chain(column.names) {
                assert!(seen.insert(*name), "{name} twice in {}", kind.as_str());
                let row: Vec<&str> = headers::columns(*kind)
                    .iter()
                    .map(|other| if other.header == column.header { *name } else { other.header })
                    .collect();
                let given = given(row.join(",").as_bytes());
                let sheet = Sheet::open(*kind, &given.path);
                assert_eq!(sheet.map(Iterator::count).map_err(|e| e.to_string()), Ok(0), "{name}");
            }
        }
        let template = given(format!("{}\n", headers::template(*kind)).as_bytes());
        assert!(Sheet::open(*kind, &template.path).is_ok());
    }
}

fn unknown(header: &str) -> String {
    format!("the header `{header}` is not known: `gridvault import template` prints those that are taken")
}

#[test]
fn the_page_on_imports_names_every_header() {
    let page = include_str!("../../docs/import.md");
    for kind in ImportKind::ALL {
        for column in headers::columns(*kind) {
            let star = if page.contains(&format!("| {} | {} * |", kind.as_str(), column.header)) {
                " *"
            } else {
                ""
            };
            let line =
                format!("| {} | {}{star} | {} |", kind.as_str(), column.header, column.names.join("、"));
            assert!(page.lines().any(|other| other == line), "docs/import.md lacks `{line}`");
        }
    }
}

#[test]
fn a_header_that_is_unknown_missing_or_there_twice_is_named() {
    let error = |text: &str| read(text.as_bytes()).unwrap_err();
    assert_eq!(error(&format!("{HEADER},鞋码\n")), unknown("鞋码"));
    assert_eq!(error(&format!("{HEADER},姓名（户主）\n")), unknown("姓名（户主）"));
    assert_eq!(error(&format!("{HEADER},person.shoe_size\n")), unknown("person.shoe_size"));
    assert!(
        error(&format!("{HEADER},person.religion\n"))
            .contains("`person.religion` is of what is never collected")
    );
    assert!(
        error(&format!("{HEADER},premises.address\n")).contains("`premises.address` is not of this register")
    );
    assert!(
        error(&format!("{HEADER},derived.age_band\n")).contains("`derived.age_band` is not of this register")
    );
    assert_eq!(
        error(&format!("{HEADER},手机号\n")),
        "the headers `联系方式` and `手机号` are the same column twice"
    );
    assert_eq!(
        error(&format!("{HEADER},person.phone\n")),
        "the headers `联系方式` and `person.phone` are the same column twice"
    );
    assert_eq!(error("姓名\n"), "the header `证件类型` is missing");
    assert_eq!(error(&HEADER.replace("房屋编号", "户号")), "the header `房屋编号` is missing");
    // What has no header at all may be a row: it is not repeated.
    let none = "the first line has none of the known headers: `gridvault import template` prints them";
    assert_eq!(error("测试甲,居民身份证,990106194901010013,示例-1,\n"), none);
    assert_eq!(error(&HEADER.replace(',', "，")), none);
    for empty in ["", "\u{feff}", "\n\n", "，\n"] {
        assert!(!error(empty).is_empty());
    }
    assert_eq!(error(""), "the file is empty: it has no header line");
    assert_eq!(read(b"\xff\xff\n").unwrap_err(), "the header line is neither UTF-8 nor GB18030");
    assert_eq!(
        error(&format!("\"{HEADER}\n")),
        "the header line has a quote that is not closed, or is too long"
    );
    assert!(error(&format!("{HEADER}\x1b[31m\n")).chars().all(|c| !c.is_control()));
    assert_eq!(read(HEADER.as_bytes()), Ok(vec![]));
    // A title above, a running number, a column without a name: as spreadsheets have them.
    let row = "1,王小明,居民身份证,990106194901010013,示例-1,,";
    assert_eq!(
        read(format!("示例社区居民登记表,,,,,,\n,,,,,,\n序号,{HEADER},\n{row}\n{row}多\n").as_bytes())
            .unwrap(),
        ["1 王小明", "2 refused  columns"]
    );
    let row = "王小明,居民身份证,990106194901010013,\"示例\n-1\",\n";
    let header = HEADER.replace("证件类型", "\"证件\n类型\"");
    assert_eq!(read(format!("登记表\n{header}\n{row}{row}").as_bytes()).unwrap(), ["1 王小明", "2 王小明"]);
    assert_eq!(error(&format!("{}{HEADER}\n", "表\n".repeat(9))), none);
}

#[test]
fn what_is_no_register_is_named_by_what_it_is() {
    for (bytes, says) in [
        (b"%PDF-1.7\n%\xe2\xe3".as_slice(), "this is a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls), or a workbook with a password"),
        (b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "an empty archive"),
        (b"PK\x03\x04", "the workbook is damaged"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\x89PNG\r\n\x1a\n", "this is a picture"),
        (b"<html><table>", "this is a web page or XML"),
        (b"\0\0\0\0", "none of the known headers"),
    ] {
        let error = read(bytes).unwrap_err();
        assert!(error.contains(says) && !error.contains('\n'), "{error}");
    }
    assert!(rows(Path::new("/")).is_err_and(|error| error.starts_with("not a plain file")));
    assert!(rows(Path::new("/dev/null")).is_err_and(|error| error.starts_with("not a plain file")));
    assert!(rows(Path::new("/no/such/file")).is_err_and(|error| error == "the file cannot be read"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_come_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..2000), with_header in any::<bool>()) {
        let head = if with_header { format!("{HEADER}\n").into_bytes() } else { Vec::new() };
        let whole = [head, bytes].concat();
        if let Ok(rows) = read(&whole) {
            prop_assert!(rows.len() <= whole.len());
        }
    }

    #[test]
    fn any_marks_of_csv_come_to_an_end(text in "[a,\"\r\n;\t王\u{feff}]{0,300}") {
        let whole = format!("{HEADER}\n{text}");
        let line_ends = whole.matches(['\n', '\r']).count();
        prop_assert!(read(whole.as_bytes()).unwrap().len() <= line_ends + 1);
    }

    /// UTF-8 and GB18030 of one table are one table, whatever characters it has.
    #[test]
    fn encodings_of_one_table_are_one_table(names in prop::collection::vec("[\\u{4e00}-\\u{9fa5}\\u{3400}-\\u{4db5}\\u{20000}-\\u{2a6d6}·A-Za-z \"]{1,8}", 1..20)) {
        let rows: String = names.iter().map(|name| format!("\"{}\",居民身份证,990106194901010013,示例-1,\r\n", name.replace('"', "\"\""))).collect();
        let text = format!("{HEADER}\r\n{rows}");
        prop_assert_eq!(read(text.as_bytes()), read(&gb(&text)));
    }
}
