//! The field catalogue: one data file, read once; fields are known by a stable number and an id.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use serde::Deserialize;

use crate::error::PolicyError;
use crate::words::{Form, RecordType, Tier};

pub(crate) const TEXT: &str = include_str!("../catalog/catalog.toml");

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is part of the program; a test reads it")]
    Catalog::read(TEXT).expect("the catalogue is sound")
});

/// A field of the catalogue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldId(u16);

/// What a field's values look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// An id of ours.
    Uuid,
    /// Text of at most so many characters.
    Text(usize),
    /// Exactly so many digits.
    Digits(usize),
    /// A code of that table.
    Code(String),
    /// `YYYY-MM-DD`.
    Date,
    /// A mobile or landline number.
    Phone,
    /// A citizen identity number (GB 11643).
    IdNumber,
    /// A whole number.
    Int,
    /// A number with up to two decimals.
    Decimal,
    /// A record's id or code.
    Ref,
    /// Yes or no.
    Flag,
    /// Made from other fields; never held.
    Derived,
}

/// Why a field's id is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownField {
    /// It is on the list of what is never collected.
    Prohibited,
    /// There is no such field.
    Unknown,
}

impl UnknownField {
    /// Its stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Prohibited => "field_prohibited",
            Self::Unknown => "field_unknown",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    prohibited: Vec<String>,
    fields: Vec<Line>,
    codes: HashMap<String, Vec<[String; 3]>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    no: u16,
    id: String,
    zh: String,
    en: String,
    tier: Tier,
    mask: Form,
    r#type: String,
}

struct Field {
    line: Line,
    record: RecordType,
    kind: ValueKind,
    inputs: Vec<FieldId>,
}

struct Catalog {
    fields: Vec<Field>,
    by_id: HashMap<String, FieldId>,
    by_number: HashMap<u16, FieldId>,
    prohibited: HashSet<String>,
    codes: HashMap<String, Vec<[String; 3]>>,
}

impl Catalog {
    fn read(text: &str) -> Result<Self, PolicyError> {
        let file: File = toml::from_str(text).map_err(|e| PolicyError::catalog(e.message()))?;
        let prohibited: HashSet<String> = file.prohibited.into_iter().collect();
        let mut catalog = Self {
            fields: Vec::new(),
            by_id: HashMap::new(),
            by_number: HashMap::new(),
            prohibited,
            codes: file.codes,
        };
        for line in file.fields {
            catalog.add(line)?;
        }
        Ok(catalog)
    }

    fn add(&mut self, line: Line) -> Result<(), PolicyError> {
        let id =
            FieldId(u16::try_from(self.fields.len()).map_err(|_| PolicyError::catalog("too many fields"))?);
        if self.prohibited.contains(&line.id) {
            return Err(PolicyError::catalog(&format!("`{}` is prohibited", line.id)));
        }
        let mut inputs = Vec::new();
        let mut words = line.r#type.split(' ');
        let kind = match (words.next().unwrap_or_default(), words.next()) {
            ("uuid", None) => ValueKind::Uuid,
            ("text", Some(n)) => ValueKind::Text(n.parse().map_err(|_| PolicyError::catalog("a length"))?),
            ("digits", Some(n)) => {
                ValueKind::Digits(n.parse().map_err(|_| PolicyError::catalog("a length"))?)
            }
            ("code", Some(table)) if self.codes.contains_key(table) => ValueKind::Code(table.to_owned()),
            ("date", None) => ValueKind::Date,
            ("phone", None) => ValueKind::Phone,
            ("id_number", None) => ValueKind::IdNumber,
            ("int", None) => ValueKind::Int,
            ("decimal", None) => ValueKind::Decimal,
            ("ref", None) => ValueKind::Ref,
            ("flag", None) => ValueKind::Flag,
            ("derived", _) => {
                for input in line.r#type.split(' ').skip(1) {
                    inputs.push(*self.by_id.get(input).ok_or_else(|| PolicyError::catalog("an input"))?);
                }
                ValueKind::Derived
            }
            _ => return Err(PolicyError::catalog(&format!("`{}` has no such type", line.id))),
        };
        let record = match line.id.split('.').next().unwrap_or_default() {
            "premises" => RecordType::Premises,
            "case" => RecordType::Ticket,
            "derived" if inputs.is_empty() => RecordType::Premises,
            _ => RecordType::Person,
        };
        if line.no == 0
            || self.by_id.insert(line.id.clone(), id).is_some()
            || self.by_number.insert(line.no, id).is_some()
        {
            return Err(PolicyError::catalog(&format!("`{}` stands twice", line.id)));
        }
        self.fields.push(Field { line, record, kind, inputs });
        Ok(())
    }
}

impl FieldId {
    fn entry(self) -> &'static Field {
        #[expect(clippy::indexing_slicing, reason = "a FieldId is made from the catalogue's own places only")]
        &CATALOG.fields[usize::from(self.0)]
    }

    /// The field of that id.
    pub fn parse(id: &str) -> Result<Self, UnknownField> {
        match CATALOG.by_id.get(id) {
            Some(field) => Ok(*field),
            None if CATALOG.prohibited.contains(id) => Err(UnknownField::Prohibited),
            None => Err(UnknownField::Unknown),
        }
    }

    /// The field of that stable number.
    pub fn from_number(number: u16) -> Option<Self> {
        CATALOG.by_number.get(&number).copied()
    }

    /// Every field, in the catalogue's order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..CATALOG.fields.len()).filter_map(|i| u16::try_from(i).ok().map(Self))
    }

    /// Its id, such as `person.name`.
    pub fn as_str(self) -> &'static str {
        &self.entry().line.id
    }

    /// Its stable number, as in envelopes.
    pub fn number(self) -> u16 {
        self.entry().line.no
    }

    /// Its place in the catalogue.
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Its group, such as `person`.
    pub fn group(self) -> &'static str {
        self.as_str().split('.').next().unwrap_or_default()
    }

    /// In Chinese.
    pub fn zh(self) -> &'static str {
        &self.entry().line.zh
    }

    /// In English.
    pub fn en(self) -> &'static str {
        &self.entry().line.en
    }

    /// Its tier in the catalogue.
    pub fn tier(self) -> Tier {
        self.entry().line.tier
    }

    /// Its mask where a rule names no other form.
    pub fn mask(self) -> Form {
        self.entry().line.mask
    }

    /// What its values look like.
    pub fn kind(self) -> &'static ValueKind {
        &self.entry().kind
    }

    /// Which record holds it (a ticket holds its reporter's `person.name` itself).
    pub fn record(self) -> RecordType {
        self.entry().record
    }

    /// Whether it is made from other fields.
    pub fn is_derived(self) -> bool {
        self.entry().kind == ValueKind::Derived
    }

    /// The fields that it is made from.
    pub fn inputs(self) -> &'static [Self] {
        &self.entry().inputs
    }

    /// The code whose value or Chinese label that is, with its labels: (value, zh, en).
    pub fn code(self, text: &str) -> Option<(&'static str, &'static str, &'static str)> {
        let ValueKind::Code(table) = self.kind() else { return None };
        let line = CATALOG.codes.get(table)?.iter().find(|[value, zh, _]| value == text || zh == text)?;
        let [value, zh, en] = line;
        Some((value, zh, en))
    }

    /// Every code that its value may be, with its labels: [value, zh, en]. Empty for what is no code.
    pub fn codes(self) -> &'static [[String; 3]] {
        let ValueKind::Code(table) = self.kind() else { return &[] };
        CATALOG.codes.get(table).map(Vec::as_slice).unwrap_or_default()
    }
}

impl std::fmt::Debug for FieldId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a field may be asked of a record of that type: a person's own and the home's, a place's own, a ticket's own
/// with the reporter's name and where it is.
pub fn belongs(asked: RecordType, field: FieldId) -> bool {
    match asked {
        RecordType::Person => field.record() != RecordType::Ticket,
        RecordType::Premises => field.record() == RecordType::Premises,
        RecordType::Ticket => {
            field.record() == RecordType::Ticket
                || matches!(
                    field.as_str(),
                    "person.name" | "premises.code" | "premises.address" | "derived.responsible_areas"
                )
        }
    }
}

/// A set of fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldSet([u64; 4]);

impl FieldSet {
    /// Puts a field in.
    pub fn insert(&mut self, field: FieldId) {
        if let Some(word) = self.0.get_mut(field.index() / 64) {
            *word |= 1 << (field.index() % 64);
        }
    }

    /// Whether the field is in it.
    pub fn contains(&self, field: FieldId) -> bool {
        self.0.get(field.index() / 64).is_some_and(|word| word >> (field.index() % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_reads_and_knows_every_field_both_ways() {
        assert!(FieldId::all().count() >= 80 && FieldId::all().count() < 256);
        for field in FieldId::all() {
            assert_eq!(FieldId::parse(field.as_str()), Ok(field));
            assert_eq!(FieldId::from_number(field.number()), Some(field));
            assert_eq!(field.is_derived(), field.group() == "derived");
        }
    }

    #[test]
    fn what_is_never_collected_is_refused_by_name() {
        assert_eq!(FieldId::parse("person.religion"), Err(UnknownField::Prohibited));
        assert_eq!(FieldId::parse("person.shoe_size"), Err(UnknownField::Unknown));
        let with = TEXT.replacen("id = \"person.former_name\"", "id = \"person.face\"", 1);
        assert!(Catalog::read(&with).is_err());
        let twice = TEXT.replacen("no = 3,", "no = 2,", 1);
        assert!(Catalog::read(&twice).is_err());
    }

    fn never(id: &str) {
        assert_eq!(FieldId::parse(id), Err(UnknownField::Prohibited), "{id}");
        let with = TEXT.replacen("id = \"person.former_name\"", &format!("id = \"{id}\""), 1);
        assert!(Catalog::read(&with).is_err(), "{id}");
    }

    #[test]
    fn d15_nobody_is_scored() {
        never("person.attention_score");
    }

    #[test]
    fn d17_no_face_fingerprint_or_track_is_kept() {
        ["person.face", "person.fingerprint", "person.track"].into_iter().for_each(never);
    }

    #[test]
    fn codes_are_known_by_value_and_by_label() {
        let sex = FieldId::parse("person.sex").unwrap();
        assert_eq!(sex.code("女").map(|c| c.0), Some("2"));
        assert_eq!(sex.code("2").map(|c| c.1), Some("女"));
        assert_eq!(sex.code("3"), None);
    }
}
