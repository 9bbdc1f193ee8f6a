//! An office's registers by the command alone: the messy file, the same as a workbook, again, and what is no register.

use std::path::{Path, PathBuf};
use std::process::Command;

use gridvault_tests::{Server, binary};
use serde_json::Value;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");

/// A demonstration with the fixtures' homes, and files beside it.
struct Office {
    dir: tempfile::TempDir,
    server: Server,
}

impl Office {
    fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::start(&dir.path().join("demo"), 100);
        let office = Self { dir, server };
        let token = &office.server.demo.caller("data_steward", "none").unwrap().token;
        std::fs::write(office.at("token"), token).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(office.at("token"), mode).unwrap();
        for kind in ["areas", "premises"] {
            let file = office.put(&format!("{kind}.csv"), &fixture(&format!("{kind}.csv")));
            let (words, code) = office.import(kind, &file, &[]);
            assert_eq!(code, 0, "{words}");
        }
        office
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        std::fs::write(self.at(name), bytes).unwrap();
        self.at(name)
    }

    /// Runs the command against the server: what it says, and its exit code.
    fn import(&self, kind: &str, file: &Path, more: &[&str]) -> (String, i32) {
        self.import_to(kind, file, &["--url", &self.server.demo.url], more)
    }

    fn import_to(&self, kind: &str, file: &Path, to: &[&str], more: &[&str]) -> (String, i32) {
        let mut command = Command::new(binary());
        command
            .args(["import", kind])
            .arg(file)
            .args(to)
            .arg("--token-file")
            .arg(self.at("token"))
            .args(more);
        if kind == "residents" {
            command.args(["--notice", "none"]);
        }
        let done = command.output().unwrap();
        let words = [done.stdout, done.stderr].concat();
        (String::from_utf8(words).unwrap(), done.status.code().unwrap())
    }
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{FIXTURES}/{name}")).unwrap()
}

/// What the messy file must come to; what is kept without a word is not said.
fn expected() -> String {
    let text = String::from_utf8(fixture("expected-messy.csv")).unwrap();
    text.lines().filter(|line| !line.contains(",kept,")).map(|line| format!("{line}\n")).collect()
}

fn messy() -> String {
    let bytes = fixture("residents-messy-gb18030.csv");
    encoding_rs::GB18030.decode(&bytes).0.into_owned()
}

fn workbook(text: &str) -> Vec<u8> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, line) in (0..).zip(text.lines()) {
        for (column, cell) in (0..).zip(line.replace("\"\"", "\u{1}").replace('"', "").split(',')) {
            sheet.write_string(row, column, cell.replace('\u{1}', "\"")).unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

#[test]
fn the_messy_register_comes_to_what_it_must_by_server_and_in_process_as_csv_and_as_workbook() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut office = Office::open();
    let file = office.put("messy.csv", &fixture("residents-messy-gb18030.csv"));
    let (words, code) = office.import("residents", &file, &["--dry-run", "--json"]);
    let told: Value = serde_json::from_str(&words).unwrap();
    assert_eq!((code, &told["created"], &told["refused_count"]), (1, &193.into(), &6.into()), "{words}");
    let (words, code) = office.import("residents", &file, &[]);
    assert!(words.starts_with(
        "200 rows: 193 made, 0 corrected, 0 held already, 6 refused, 1 twice, 1 with a finding, 4 mended\n"
    ));
    assert_eq!(code, 1);
    // Again, and as a workbook called otherwise: nothing new, the same words.
    let (words, _) = office.import("residents", &file, &[]);
    assert!(
        words.starts_with("200 rows: 0 made, 0 corrected, 193 held already, 6 refused, 1 twice"),
        "{words}"
    );
    let book = office.put("messy", &workbook(&messy()));
    let (words, _) = office.import("residents", &book, &[]);
    assert!(
        words.starts_with("200 rows: 0 made, 0 corrected, 193 held already, 6 refused, 1 twice"),
        "{words}"
    );
    let errors =
        ["messy.csv.errors.csv", "messy.csv.1.errors.csv", "messy.csv.2.errors.csv", "messy.errors.csv"];
    for name in errors {
        let path = office.at(name);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), expected(), "{name}");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    // In process, where nobody has the same people yet.
    office.server.stop();
    let (words, code) =
        office.import_to("residents", &book, &["--data", &office.at("demo").display().to_string()], &[]);
    assert!(words.starts_with("200 rows: 0 made, 0 corrected, 193 held already"), "{words}");
    assert_eq!(code, 1);
    let fresh = Office::open();
    let book = fresh.put("messy.csv", &workbook(&messy()));
    let (words, _) = fresh.import("residents", &book, &["--json"]);
    let told: Value = serde_json::from_str(&words).unwrap();
    assert_eq!(
        (&told["created"], &told["held"], &told["rows"]),
        (&193.into(), &0.into(), &200.into()),
        "{words}"
    );
    assert_eq!(std::fs::read_to_string(fresh.at("messy.csv.errors.csv")).unwrap(), expected());
}

#[test]
fn other_headers_are_told_back_and_rows_refused_here_stand_among_those_refused_there() {
    let office = Office::open();
    let text = "序号,姓名(必填),证件类型,身份证号码*,性别,手机号码,住址编号\n\
        1,测试甲,居民身份证,990106194901010013,男,12000000001,110106006905002-00001\n\
        2,测试乙,居民身份证,990106201202290020,男\n\
        3,测试丙,居民身份证,9901061985073112380,男,12000000001,110106006905002-00001\n\
        4,测试丁,居民身份证,99010619520315003X,男,120 0000 0002,没有\n\
        5,测试丁,居民身份证,99010619520315003X,男,120 0000 0002,110106006905002-00001\n\
        6,测试丁,居民身份证,99010619520315003X,男,12000000002,110106006905002-00001\n\
        7,测试戊,居民身份证,990106490101001,男,12000000001,110106006905002-00001\n\
        8,测\u{fffd}戊,居民身份证,990106201506010155,男,12000000001,110106006905002-00001\n";
    let file = office.put("r.csv", text.as_bytes());
    let (words, code) = office.import("residents", &file, &[]);
    assert!(words.starts_with("8 rows: 2 made, 0 corrected, 0 held already, 4 refused, 2 twice"), "{words}");
    assert_eq!(code, 1);
    let told = std::fs::read_to_string(office.at("r.csv.errors.csv")).unwrap();
    assert_eq!(
        told,
        "row,verdict,column,code\n2,refused,,columns\n3,refused,身份证号码*,id_check\n4,refused,住址编号,premises_unknown\n\
         5,mended,手机号码,blanks\n6,duplicate,身份证号码*,same_person\n7,duplicate,身份证号码*,same_person\n8,refused,,encoding\n"
    );
    // Part GB18030: what was mended to read it is told too, where the row is taken.
    let (row, _, _) = encoding_rs::GB18030
        .encode("9,测试己,居民身份证,990106201506010155,男,12000000001,110106006905002-00001\n");
    let file = office.put(
        "mixed.csv",
        &[text.lines().take(2).map(|l| format!("{l}\n")).collect::<String>().as_bytes(), &row].concat(),
    );
    let (words, code) = office.import("residents", &file, &[]);
    assert!(
        words.contains("2 rows: 1 made, 0 corrected, 1 held already")
            && words.contains("part UTF-8, part GB18030")
            && code == 0,
        "{words}"
    );
    assert_eq!(
        std::fs::read_to_string(office.at("mixed.csv.errors.csv")).unwrap(),
        "row,verdict,column,code\n2,mended,,encoding\n"
    );
}

#[test]
fn what_is_no_register_is_one_line_and_exit_1_and_nothing_is_sent() {
    let office = Office::open();
    let template = Command::new(binary()).args(["import", "template", "residents"]).output().unwrap();
    assert_eq!(
        template.stdout,
        gridvault::import::file::headers::template(gridvault::import::ImportKind::Residents)
            .into_bytes()
            .into_iter()
            .chain(*b"\n")
            .collect::<Vec<_>>()
    );
    for (name, bytes, says) in [
        ("a.xlsx", b"%PDF-1.7".as_slice(), "this is a PDF"),
        ("b.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "with a password"),
        ("c.xlsx", b"PK\x03\x04aaaaaaaaaaa", "the workbook is damaged"),
        ("d.csv", b"", "the file is empty"),
        ("e.csv", "姓名,鞋码\n".as_bytes(), "`鞋码` is not known"),
        ("f.csv", "姓名,姓名*\n".as_bytes(), "are the same column twice"),
        ("g.csv", b"\xff\xff\xff", "neither UTF-8 nor GB18030"),
    ] {
        let file = office.put(name, bytes);
        let (words, code) = office.import("residents", &file, &[]);
        assert!(
            code == 1 && words.contains(says) && words.contains(name) && words.lines().count() == 1,
            "{words}"
        );
    }
    let only = office.put("only.csv", &template.stdout);
    assert_eq!(office.import("residents", &only, &[]).1, 0);
}

/// Rows that stay here and rows that go, many of each: never more of them in memory than a part.
#[test]
fn a_long_register_is_streamed() {
    let office = Office::open();
    let mut text = String::from("房屋编号,房屋地址,社会服务管理网格\n");
    text.extend((0..250_000).map(|n| format!("H-{n},某某路某某号楼某某单元某某室\n")));
    text.extend((0..100_000).map(|n| format!("H-{n},某某路某某号楼某某单元某某室,没有\n")));
    let file = office.put("long.csv", text.as_bytes());
    let script = format!(
        "ulimit -v 300000; exec {} import premises {} --url {} --token-file {}",
        binary().display(),
        file.display(),
        office.server.demo.url,
        office.at("token").display()
    );
    let done = Command::new("sh").args(["-c", &script]).output().unwrap();
    let words = String::from_utf8([done.stdout, done.stderr].concat()).unwrap();
    assert!(words.starts_with("350000 rows: 0 made, 0 corrected, 0 held already, 350000 refused"), "{words}");
    let told = std::fs::read_to_string(office.at("long.csv.errors.csv")).unwrap();
    assert_eq!(told.lines().count(), 350_001);
    assert!(told.contains("\n250000,refused,,columns\n250001,refused,社会服务管理网格,area_unknown\n"));
}

/// The server sees a part at a time; the file is one all the same.
#[test]
fn a_person_stands_once_in_a_file_of_several_parts() {
    let office = Office::open();
    let home = "110106006905002-00001";
    let mut text = String::from("姓名,证件类型,公民身份号码,房屋编号\n");
    text.push_str(&format!(
        "测试甲,居民身份证,990106194901010013,{home}\n测试乙,居民身份证,990106201202290020,没有\n"
    ));
    text.extend((0..10_000).map(|_| "测试丙,居民身份证,990106198507311230,x\n"));
    text.push_str(&format!(
        "测试甲,居民身份证,990106 19490101 0013,{home}\n测试乙,居民身份证,990106201202290020,{home}\n"
    ));
    let file = office.put("long.csv", text.as_bytes());
    let (words, _) = office.import("residents", &file, &["--json"]);
    let told: Value = serde_json::from_str(&words).unwrap();
    assert_eq!((&told["created"], &told["held"], &told["rows"]), (&2.into(), &0.into(), &10_004.into()));
    let twice = serde_json::json!([{ "row": 10_003, "column": "公民身份号码", "code": "same_person" }]);
    assert_eq!(told["duplicates"], twice);
    let (words, _) = office.import("residents", &file, &["--json"]);
    let told: Value = serde_json::from_str(&words).unwrap();
    assert_eq!(told["created"], 0);
}
