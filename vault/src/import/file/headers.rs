//! The header line: which column of a file goes where, under the names that real registers use.

use gridvault_policy::{FieldId, RecordType, UnknownField, ValueKind};
use serde_json::{Map, Value, json};

use super::{Cell, FileError};
use crate::import::ImportKind;

/// What a kind's file may have in a column: the template's header, other names for it, where its text goes.
pub struct Column {
    /// The template's header.
    pub header: &'static str,
    /// Other names, without blanks, in half width and lower case.
    pub names: &'static [&'static str],
    /// A member, or an object and a member of it.
    path: &'static [&'static str],
    must: bool,
}

macro_rules! columns {
    ($($must:ident $header:literal $names:expr => $path:expr;)+) => {
        &[$(Column { header: $header, names: &$names, path: &$path, must: columns!(@ $must) }),+]
    };
    (@ must) => { true };
    (@ may) => { false };
}

const AREAS: &[Column] = columns! {
    must "网格体系" ["体系", "网格类型", "网格类别"] => ["scheme"];
    must "编码" ["网格编码", "网格编号", "网格代码", "区域编码"] => ["code"];
    may "上级编码" ["上级网格编码", "上级网格", "上级编号", "所属社区编码"] => ["parent"];
    must "层级" ["级别", "网格层级"] => ["level"];
    must "名称" ["网格名称", "区域名称"] => ["name"];
    may "并入" ["并入编码", "合并到", "并入网格"] => ["into"];
    must "起" ["开始日期", "生效日期", "启用日期", "起始日期"] => ["from"];
    may "止" ["结束日期", "失效日期", "停用日期", "截止日期"] => ["to"];
};

const PREMISES: &[Column] = columns! {
    must "房屋编号" ["房屋编码", "房屋代码", "住址编号", "住址编码", "premisescode"] => ["fields", "premises.code"];
    must "房屋地址" ["地址", "详细地址", "住址", "房屋坐落", "门牌地址", "address"] => ["fields", "premises.address"];
    may "建筑用途" ["房屋用途", "用途", "房屋性质"] => ["fields", "premises.use"];
    may "居住状态" ["房屋状态", "居住情况", "房屋现状"] => ["fields", "premises.occupancy"];
    must "社会服务管理网格" ["社会服务网格", "所属网格", "网格编码", "网格编号"] => ["cells", "social_grid"];
    may "城市管理单元" ["城市管理网格", "城管单元", "城管网格"] => ["cells", "city_management"];
    may "综治片区" ["综治网格"] => ["cells", "public_order"];
    may "一刻钟服务圈" ["服务圈"] => ["cells", "service_circle"];
};

const PEOPLE: &[Column] = columns! {
    must "工号" ["人员编号", "员工编号", "职工编号", "staffnumber"] => ["number"];
    must "姓名" ["人员姓名", "网格员姓名", "name"] => ["name"];
    must "岗位" ["岗位名称", "岗位类别", "角色", "role"] => ["role"];
    may "部门" ["所属部门", "条线", "department"] => ["department"];
    must "网格体系" ["体系", "网格类型", "网格类别", "scheme"] => ["scheme"];
    must "网格" ["负责网格", "所属网格", "网格编码", "网格编号", "areas"] => ["areas"];
    must "起" ["开始日期", "上岗日期", "任职日期", "起始日期", "from"] => ["from"];
    may "止" ["结束日期", "离岗日期", "截止日期", "to"] => ["to"];
    may "职权依据" ["依据", "法律依据"] => ["instrument"];
    may "授权书" ["授权书编号", "委托书", "委托书编号"] => ["letter"];
};

const RESIDENTS: &[Column] = columns! {
    must "姓名" ["居民姓名", "人员姓名", "name", "fullname"] => ["fields", "person.name"];
    must "证件类型" ["证件种类", "证件名称", "证件类别", "idtype"] => ["fields", "person.id_type"];
    must "公民身份号码" ["公民身份证号码", "公民身份证号", "居民身份证号码", "居民身份证号", "身份证号", "身份证号码", "身份证", "身份号码",
        "证件号", "证件号码", "证件编号", "身份证件号码", "idno", "idnumber"] => ["fields", "person.id_no"];
    may "性别" ["sex", "gender"] => ["fields", "person.sex"];
    may "出生日期" ["出生年月日", "出生年月", "生日", "birthdate", "dateofbirth"] => ["fields", "person.birth_date"];
    may "联系方式" ["手机", "手机号", "手机号码", "电话", "电话号码", "联系电话", "本人电话", "移动电话", "phone", "mobile", "tel", "telephone"]
        => ["fields", "person.phone"];
    may "人口类别" ["人员类别", "人口类型", "人员类型", "居住类别", "人口性质"] => ["fields", "person.residence_kind"];
    must "房屋编号" ["房屋编码", "房屋代码", "住址编号", "住址编码", "现住房屋编号", "premisescode", "premises.code"] => ["premises"];
    may "户号" ["户编号", "户编码", "户籍号", "家庭编号", "householdnumber"] => ["fields", "household.no"];
    may "与户主关系" ["户主关系", "与户主的关系", "家庭关系", "relation"] => ["fields", "household.relation"];
    may "独居空巢" ["独居/空巢", "独居空巢失能", "独居/空巢/失能", "是否独居空巢", "老人类别", "老年人类别"] => ["fields", "elder.living_alone"];
    may "残疾类别" ["残疾类型", "残疾种类"] => ["fields", "disability.category"];
    may "紧急联系人姓名" ["紧急联系人"] => ["fields", "person.emergency_contact_name"];
    may "紧急联系人电话" ["紧急联系电话", "紧急联系人手机", "紧急联系人手机号", "紧急联系人联系方式", "紧急联系方式"]
        => ["fields", "person.emergency_contact_phone"];
};

/// A running number says nothing about anybody: its column is passed over.
const PASSED: &[&str] = &["序号", "行号"];

/// A kind's columns, in the template's order.
pub fn columns(kind: ImportKind) -> &'static [Column] {
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

/// A file's columns as its header line gives them.
pub(super) struct Header {
    kind: ImportKind,
    places: Vec<Place>,
}

struct Place {
    /// The header as the file has it.
    shown: String,
    /// Where the text goes; nowhere: passed over, or nameless and so to be blank.
    path: Vec<String>,
    blank: bool,
    date: bool,
}

impl Header {
    /// Reads a header line; names what is unknown, there twice, or missing.
    pub(super) fn read(kind: ImportKind, texts: &[String]) -> Result<Self, FileError> {
        let known = |text: &String| place(kind, text).is_ok_and(|place| !place.path.is_empty());
        if !texts.iter().any(known) {
            return Err(FileError::NoHeader);
        }
        let mut places: Vec<Place> = Vec::new();
        for text in texts {
            let place = place(kind, text)?;
            let twin = places.iter().find(|other| !other.path.is_empty() && other.path == place.path);
            if let Some(twin) = twin {
                return Err(FileError::Twice(twin.shown.clone(), place.shown));
            }
            places.push(place);
        }
        for column in columns(kind).iter().filter(|column| column.must) {
            if !places.iter().any(|place| place.path.iter().eq(column.path.iter())) {
                return Err(FileError::Missing(column.header));
            }
        }
        Ok(Self { kind, places })
    }

    /// Whether a line above the table is no header but its title: one cell with text, and that not a header's.
    pub(super) fn is_title(kind: ImportKind, texts: &[String]) -> bool {
        let mut filled = texts.iter().filter(|text| !normal(text).is_empty());
        match (filled.next(), filled.next()) {
            (Some(one), None) => columns(kind).len() > 1 && place(kind, one).is_err(),
            _ => false,
        }
    }

    /// How many columns there are.
    pub(super) fn width(&self) -> usize {
        self.places.len()
    }

    /// The file's header for a column or field as the server names it.
    pub(super) fn shown(&self, id: &str) -> Option<&str> {
        let of = |place: &&Place| place.path.last().is_some_and(|last| last == id);
        self.places.iter().find(of).map(|place| place.shown.as_str())
    }

    /// A row's cells as the line of an import; else the column and the code that say why not.
    pub(super) fn line(&self, row: u64, cells: &[Cell]) -> Result<String, (&str, &'static str)> {
        let spare = cells.get(self.places.len()..).unwrap_or_default();
        if cells.len() < self.places.len() || !spare.iter().all(Cell::is_blank) {
            return Err(("", "columns"));
        }
        let mut out = Map::new();
        out.insert("row".into(), json!(row));
        if matches!(self.kind, ImportKind::Premises | ImportKind::Residents) {
            out.insert("fields".into(), json!({}));
        }
        for (place, cell) in self.places.iter().zip(cells) {
            if place.blank && !cell.is_blank() {
                return Err(("", "columns"));
            }
            let text = match cell {
                _ if place.path.is_empty() => continue,
                Cell::Text(text) => text,
                Cell::Date(text) if place.date => text,
                // Spreadsheets make a date of a number like 3-2.
                Cell::Date(_) => return Err((&place.shown, "date_cell")),
                Cell::Bad(code) => return Err((&place.shown, code)),
            };
            put(&mut out, &place.path, text);
        }
        Ok(Value::Object(out).to_string())
    }
}

fn put(out: &mut Map<String, Value>, path: &[String], text: &str) {
    // A missing name is told as the name's, not as the row's.
    let told = matches!(path, [_, id] if id == "person.name");
    if text.trim().is_empty() && !told {
        return;
    }
    match path {
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

fn place(kind: ImportKind, text: &str) -> Result<Place, FileError> {
    let shown: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown: String = shown.chars().filter(|c| !c.is_control()).collect();
    let name = normal(text);
    if name.is_empty() || PASSED.contains(&name.as_str()) {
        return Ok(Place { shown, path: Vec::new(), blank: name.is_empty(), date: false });
    }
    let known = columns(kind).iter().find(|column| column.header == name || column.names.contains(&&*name));
    let path: Vec<String> = match known {
        Some(column) => column.path.iter().map(|part| (*part).to_owned()).collect(),
        None => match field(kind, text.trim()) {
            Ok(path) => path,
            Err(why) => return Err(FileError::Header(shown.chars().take(40).collect(), why)),
        },
    };
    let date = match path.as_slice() {
        [name] => matches!(name.as_str(), "from" | "to"),
        [_, id] => FieldId::parse(id).is_ok_and(|field| matches!(field.kind(), ValueKind::Date)),
        _ => false,
    };
    Ok(Place { shown, path, blank: false, date })
}

/// A field's id stands for its header.
fn field(kind: ImportKind, id: &str) -> Result<Vec<String>, &'static str> {
    let holds = matches!(kind, ImportKind::Premises | ImportKind::Residents);
    if !holds || !id.contains('.') {
        return Err("is not known");
    }
    let record = if kind == ImportKind::Residents { RecordType::Person } else { RecordType::Premises };
    match FieldId::parse(id) {
        Ok(field) if field.record() == record && !field.is_derived() => {
            Ok(vec!["fields".into(), field.as_str().into()])
        }
        Ok(_) => Err("is not of this register"),
        Err(UnknownField::Prohibited) => Err("is of what is never collected"),
        Err(UnknownField::Unknown) => Err("is not known"),
    }
}

/// A header without blanks, width, marks of what must be filled in, and case.
fn normal(text: &str) -> String {
    let half = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        '【' | '〔' | '[' => '(',
        '】' | '〕' | ']' => ')',
        _ => c,
    };
    let skipped =
        |c: &char| !c.is_whitespace() && !matches!(c, '*' | '\u{feff}' | '\u{200b}' | '"' | '\'' | '_');
    let mut name: String = text.chars().map(half).filter(skipped).collect::<String>().to_lowercase();
    name = name.trim_end_matches(':').to_owned();
    // Remarks in brackets that change nothing; any other bracket is part of the name.
    while let Some((head, remark)) = name.strip_suffix(')').and_then(|name| name.rsplit_once('(')) {
        if !is_remark(remark) {
            break;
        }
        name = head.to_owned();
    }
    name
}

fn is_remark(text: &str) -> bool {
    let words = ["必填", "必填项", "必录", "选填", "选填项", "非必填", "可选", "required", "optional"];
    let digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
    words.contains(&text)
        || (digits == "位" && text != "位")
        || text.starts_with("格式")
        || text.starts_with("yyyy")
}
