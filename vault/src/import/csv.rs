//! CSV as offices keep it (UTF-8, with or without a byte order mark) into the JSON lines of an import.

use std::io::Read;

use serde_json::{Map, Value, json};

use super::ImportKind;

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// A header that is none of this kind's.
    #[error("the header `{0}` is not known; `gridvault import template` prints those that are")]
    Header(String),
    /// A header that must be there.
    #[error("the header `{0}` is missing")]
    Missing(&'static str),
    /// Not CSV, or not UTF-8.
    #[error("row {0} cannot be read as UTF-8 CSV")]
    Row(u64),
}

/// A column: its header, and where its text goes. A path of two names a member of an object.
struct Column {
    header: &'static str,
    path: &'static [&'static str],
    must: bool,
}

macro_rules! columns {
    ($($header:literal => $path:expr, $must:literal);+ $(;)?) => {
        &[$(Column { header: $header, path: &$path, must: $must }),+]
    };
}

const AREAS: &[Column] = columns! {
    "网格体系" => ["scheme"], true; "编码" => ["code"], true; "上级编码" => ["parent"], false; "层级" => ["level"], true;
    "名称" => ["name"], true; "起" => ["from"], true; "止" => ["to"], false;
};

const PREMISES: &[Column] = columns! {
    "房屋编号" => ["fields", "premises.code"], true; "房屋地址" => ["fields", "premises.address"], true;
    "建筑用途" => ["fields", "premises.use"], false; "居住状态" => ["fields", "premises.occupancy"], false;
    "社会服务管理网格" => ["cells", "social_grid"], true; "城市管理单元" => ["cells", "city_management"], false;
    "综治片区" => ["cells", "public_order"], false; "一刻钟服务圈" => ["cells", "service_circle"], false;
};

const PEOPLE: &[Column] = columns! {
    "工号" => ["number"], true; "姓名" => ["name"], true; "岗位" => ["role"], true; "部门" => ["department"], false;
    "网格体系" => ["scheme"], true; "网格" => ["areas"], true; "起" => ["from"], true; "止" => ["to"], false;
    "职权依据" => ["instrument"], false; "授权书" => ["letter"], false;
};

const RESIDENTS: &[Column] = columns! {
    "姓名" => ["fields", "person.name"], true; "证件类型" => ["fields", "person.id_type"], true;
    "公民身份号码" => ["fields", "person.id_no"], true; "性别" => ["fields", "person.sex"], false;
    "出生日期" => ["fields", "person.birth_date"], false; "联系方式" => ["fields", "person.phone"], false;
    "人口类别" => ["fields", "person.residence_kind"], false; "房屋编号" => ["premises"], true;
    "户号" => ["fields", "household.no"], false; "与户主关系" => ["fields", "household.relation"], false;
    "独居空巢" => ["fields", "elder.living_alone"], false; "残疾类别" => ["fields", "disability.category"], false;
    "紧急联系人姓名" => ["fields", "person.emergency_contact_name"], false;
    "紧急联系人电话" => ["fields", "person.emergency_contact_phone"], false;
};

fn columns(kind: ImportKind) -> &'static [Column] {
    match kind {
        ImportKind::Areas => AREAS,
        ImportKind::Premises => PREMISES,
        ImportKind::People => PEOPLE,
        ImportKind::Residents => RESIDENTS,
    }
}

/// The header line of a kind, to be filled in with a spreadsheet.
pub fn template(kind: ImportKind) -> String {
    let headers: Vec<&str> = columns(kind).iter().map(|column| column.header).collect();
    headers.join(",")
}

/// The file's rows as JSON lines, numbered from 1 behind the header. A field's id may stand for its header.
pub fn lines<R: Read>(
    kind: ImportKind,
    from: R,
) -> Result<impl Iterator<Item = Result<String, CsvError>>, CsvError> {
    let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(from);
    let headers = reader.headers().map_err(|_| CsvError::Row(0))?.clone();
    let mut paths: Vec<Vec<String>> = Vec::new();
    for header in &headers {
        let header = header.trim_start_matches('\u{feff}').trim();
        paths.push(path(kind, header).ok_or_else(|| CsvError::Header(header.chars().take(40).collect()))?);
    }
    for column in columns(kind).iter().filter(|column| column.must) {
        if !paths.iter().any(|path| path.iter().eq(column.path.iter())) {
            return Err(CsvError::Missing(column.header));
        }
    }
    Ok(reader.into_records().zip(1u64..).map(move |(record, row)| {
        let record = record.map_err(|_| CsvError::Row(row))?;
        Ok(line(kind, row, &paths, &record))
    }))
}

fn path(kind: ImportKind, header: &str) -> Option<Vec<String>> {
    let known = columns(kind).iter().find(|column| column.header == header);
    let own = || known.map(|column| column.path.iter().map(|p| (*p).to_owned()).collect());
    let field = matches!(kind, ImportKind::Premises | ImportKind::Residents) && header.contains('.');
    own().or_else(|| field.then(|| vec!["fields".to_owned(), header.to_owned()]))
}

fn line(kind: ImportKind, row: u64, paths: &[Vec<String>], record: &csv::StringRecord) -> String {
    let mut out = Map::new();
    out.insert("row".into(), json!(row));
    if matches!(kind, ImportKind::Premises | ImportKind::Residents) {
        out.insert("fields".into(), json!({}));
    }
    for (path, text) in paths.iter().zip(record) {
        let required = matches!(path.as_slice(), [_, id] if id == "person.name");
        if text.trim().is_empty() && !required {
            continue;
        }
        match path.as_slice() {
            [name] if name == "areas" => {
                out.insert(name.clone(), text.split('|').map(str::trim).collect());
            }
            [name] => {
                out.insert(name.clone(), text.trim().into());
            }
            [object, name] => {
                let inner = out.entry(object.clone()).or_insert_with(|| json!({}));
                if let Some(inner) = inner.as_object_mut() {
                    inner.insert(name.clone(), text.into());
                }
            }
            _ => {}
        }
    }
    Value::Object(out).to_string()
}
