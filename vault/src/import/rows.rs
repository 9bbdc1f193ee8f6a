//! A line of an import, per kind, into typed and normalised values. Errors name row, column and code, never a value.

use std::collections::BTreeMap;

use gridvault_policy::{Department, FieldId, RecordType, Role, Scheme};
use jiff::civil::Date;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::authority::Level;
use crate::clock;
use crate::records::values::{born_contradicts, normalise, sex_contradicts};
use crate::seal::Secret;

/// Why a row is not taken.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RowError {
    /// The row, as the file counts it.
    pub row: u64,
    /// The column or field.
    pub column: String,
    /// A stable code.
    pub code: &'static str,
}

/// An area.
pub struct AreaRow {
    /// The row in the file.
    pub row: u64,
    /// Its scheme.
    pub scheme: Scheme,
    /// Its code.
    pub code: String,
    /// The code above it.
    pub parent: Option<String>,
    /// Its level.
    pub level: Level,
    /// Its name.
    pub name: String,
    /// The area that it merges into at its end.
    pub into: Option<String>,
    /// From when, UTC microseconds.
    pub from: i64,
    /// Until when (not included).
    pub to: Option<i64>,
}

/// A premises.
pub struct PremisesRow {
    /// The row in the file.
    pub row: u64,
    /// Its code.
    pub code: String,
    /// Its fields.
    pub fields: Vec<(FieldId, Secret)>,
    /// Its cell in each scheme.
    pub cells: BTreeMap<Scheme, String>,
    /// What was mended.
    pub mended: Vec<RowError>,
}

/// A member of staff in one post.
pub struct PostRow {
    /// The row in the file.
    pub row: u64,
    /// The staff number.
    pub number: String,
    /// The name.
    pub name: Secret,
    /// The post's role.
    pub role: Role,
    /// The department behind it.
    pub department: Department,
    /// The scheme of its areas.
    pub scheme: Scheme,
    /// Its areas' codes.
    pub areas: Vec<String>,
    /// From when, UTC microseconds.
    pub from: i64,
    /// Until when (not included).
    pub to: Option<i64>,
    /// The instrument it cites.
    pub instrument: Option<String>,
    /// The number of the letter that names its holder.
    pub letter: Option<String>,
    /// A privacy officer's deputy.
    pub deputy: bool,
}

/// A resident.
pub struct ResidentRow {
    /// The row in the file.
    pub row: u64,
    /// The id that the record gets, where that is settled.
    pub id: Option<Uuid>,
    /// The code of the home, or its id.
    pub premises_code: String,
    /// The fields.
    pub fields: Vec<(FieldId, Secret)>,
    /// What is odd about it, though it is kept.
    pub findings: Vec<RowError>,
    /// What was mended.
    pub mended: Vec<RowError>,
}

/// How values are to be read.
#[derive(Clone, Copy)]
pub struct Reading {
    /// Whether the vault holds invented people only.
    pub synthetic: bool,
    /// The day in Beijing.
    pub today: Date,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AreaLine {
    row: Option<u64>,
    scheme: Scheme,
    code: String,
    parent: Option<String>,
    level: Level,
    name: String,
    into: Option<String>,
    from: String,
    to: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordLine {
    row: Option<u64>,
    premises: Option<String>,
    fields: BTreeMap<String, String>,
    #[serde(default)]
    cells: BTreeMap<Scheme, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PostLine {
    row: Option<u64>,
    number: String,
    name: String,
    role: Role,
    department: Option<Department>,
    scheme: Scheme,
    areas: Vec<String>,
    from: String,
    to: Option<String>,
    instrument: Option<String>,
    letter: Option<String>,
    #[serde(default)]
    deputy: bool,
}

/// Who stands in for a privacy officer does so for so long at most.
const DEPUTY_FOR: i64 = clock::days(90);

fn parse<T: DeserializeOwned>(line: &str, row: u64) -> Result<T, RowError> {
    serde_json::from_str(line).map_err(|_| error(row, "", "not_understood"))
}

fn error(row: u64, column: &str, code: &'static str) -> RowError {
    RowError { row, column: column.to_owned(), code }
}

fn identifier(row: u64, column: &str, text: &str) -> Result<(), RowError> {
    if crate::words::is_identifier(text) { Ok(()) } else { Err(error(row, column, "identifier")) }
}

/// From-and-to of a row; a closing date counts as a whole day.
fn validity(row: u64, from: &str, to: Option<&str>) -> Result<(i64, Option<i64>), RowError> {
    let from = clock::parse_time(from).ok_or_else(|| error(row, "from", "date"))?;
    let to = match to {
        None => None,
        Some(text) => {
            // A time of day would be read as its date.
            let date = text.parse::<Date>().ok().filter(|date| date.to_string() == text);
            match date.and_then(|date| date.tomorrow().ok()).and_then(clock::start_of_day) {
                Some(to) => Some(to),
                None => Some(clock::parse_time(text).ok_or_else(|| error(row, "to", "date"))?),
            }
        }
    };
    if to.is_some_and(|to| to <= from) { Err(error(row, "to", "before_from")) } else { Ok((from, to)) }
}

/// A line of areas.
pub fn area(line: &str, number: u64) -> Result<AreaRow, RowError> {
    let line: AreaLine = parse(line, number)?;
    let row = line.row.unwrap_or(number);
    identifier(row, "code", &line.code)?;
    let (from, to) = validity(row, &line.from, line.to.as_deref())?;
    if line.name.is_empty() || line.name.chars().count() > 50 || line.name.chars().any(char::is_control) {
        return Err(error(row, "name", "too_long"));
    }
    let AreaLine { scheme, code, parent, level, name, into, .. } = line;
    Ok(AreaRow { row, scheme, code, parent, level, name, into, from, to })
}

/// A line of premises.
pub fn premises(line: &str, number: u64, reading: Reading) -> Result<PremisesRow, RowError> {
    let line: RecordLine = parse(line, number)?;
    let row = line.row.unwrap_or(number);
    let mut mended = Vec::new();
    let fields = fields(row, &line.fields, RecordType::Premises, reading, &mut mended)?;
    let code =
        held(&fields, "premises.code").ok_or_else(|| error(row, "premises.code", "required"))?.to_owned();
    identifier(row, "premises.code", &code)?;
    held(&fields, "premises.address").ok_or_else(|| error(row, "premises.address", "required"))?;
    Ok(PremisesRow { row, code, fields, cells: line.cells, mended })
}

/// A line of staff.
pub fn post(line: &str, number: u64) -> Result<PostRow, RowError> {
    let line: PostLine = parse(line, number)?;
    let row = line.row.unwrap_or(number);
    identifier(row, "number", &line.number)?;
    let name = line.name.trim();
    if name.is_empty() || name.chars().count() > 50 {
        return Err(error(row, "name", "required"));
    }
    let (from, to) = validity(row, &line.from, line.to.as_deref())?;
    if line.areas.is_empty() {
        return Err(error(row, "areas", "required"));
    }
    if matches!(line.role, Role::Resident | Role::Guardian | Role::Proxy | Role::Service) {
        return Err(error(row, "role", "not_a_post"));
    }
    if line.department.is_some_and(Department::is_service) {
        return Err(error(row, "department", "not_a_department"));
    }
    if line.deputy && line.role != Role::PrivacyOfficer {
        return Err(error(row, "deputy", "not_a_privacy_officer"));
    }
    if line.deputy && to.is_none_or(|to| to.saturating_sub(from) > DEPUTY_FOR) {
        return Err(error(row, "to", "out_of_bounds"));
    }
    Ok(PostRow {
        row,
        deputy: line.deputy,
        number: line.number,
        name: Secret::new(name),
        role: line.role,
        department: line.department.unwrap_or(Department::None),
        scheme: line.scheme,
        areas: line.areas,
        from,
        to,
        instrument: line.instrument,
        letter: line.letter,
    })
}

/// A line of residents.
pub fn resident(line: &str, number: u64, reading: Reading) -> Result<ResidentRow, RowError> {
    let line: RecordLine = parse(line, number)?;
    let row = line.row.unwrap_or(number);
    let premises_code = line.premises.ok_or_else(|| error(row, "premises", "required"))?;
    let mut mended = Vec::new();
    let fields = fields(row, &line.fields, RecordType::Person, reading, &mut mended)?;
    for must in ["person.name", "person.id_type", "person.id_no"] {
        held(&fields, must).ok_or_else(|| error(row, must, "required"))?;
    }
    let mut findings = Vec::new();
    if let (Some(id_no), Some(sex)) = (held(&fields, "person.id_no"), held(&fields, "person.sex"))
        && sex_contradicts(id_no, sex)
    {
        findings.push(error(row, "person.sex", "sex_contradicts_id"));
    }
    if let (Some(id_no), Some(born)) = (held(&fields, "person.id_no"), held(&fields, "person.birth_date"))
        && born_contradicts(id_no, born)
    {
        findings.push(error(row, "person.birth_date", "birth_contradicts_id"));
    }
    let private = fields.iter().filter(|(_, value)| value.reveal().chars().any(private_use));
    findings.extend(private.map(|(field, _)| error(row, field.as_str(), "private_character")));
    Ok(ResidentRow { row, id: None, premises_code, fields, findings, mended })
}

/// A character of the private area: some machine's own, another on the next.
fn private_use(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}')
}

fn held<'f>(fields: &'f [(FieldId, Secret)], id: &str) -> Option<&'f str> {
    fields.iter().find(|(field, _)| field.as_str() == id).map(|(_, value)| value.reveal())
}

fn fields(
    row: u64,
    given: &BTreeMap<String, String>,
    kind: RecordType,
    reading: Reading,
    mended: &mut Vec<RowError>,
) -> Result<Vec<(FieldId, Secret)>, RowError> {
    let mut out = Vec::with_capacity(given.len());
    for (id, text) in given {
        // What is no field of ours is not repeated whole: it may be anything.
        let name = if crate::words::is_like_a_name(id) { id.as_str() } else { "?" };
        let field = FieldId::parse(id).map_err(|unknown| error(row, name, unknown.code()))?;
        if field.record() != kind || field.is_derived() {
            return Err(error(row, id, "not_of_this_record"));
        }
        let value =
            normalise(field, text, reading.synthetic, reading.today).map_err(|e| error(row, id, e.code))?;
        mended.extend(value.mended.iter().map(|code| error(row, id, code)));
        out.push((field, value.value));
    }
    Ok(out)
}
