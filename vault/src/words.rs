//! The closed vocabularies as schemas: what a request or an answer may say, for whoever reads the API's description.

use std::borrow::Cow;

use gridvault_policy::{Basis, Department, FieldId, Outcome, Purpose, Reason, RecordType, Role, Scheme};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

macro_rules! words {
    ($($name:ident $title:literal $words:expr, $doc:literal);+ $(;)?) => {
        $(
            #[doc = $doc]
            pub(crate) enum $name {}

            impl JsonSchema for $name {
                fn schema_name() -> Cow<'static, str> {
                    $title.into()
                }

                fn json_schema(_: &mut SchemaGenerator) -> Schema {
                    let words: Vec<&'static str> = $words;
                    json_schema!({ "type": "string", "enum": words, "description": $doc })
                }
            }
        )+
    };
}

macro_rules! all {
    ($words:ty) => {
        <$words>::ALL.iter().map(|word| word.as_str()).collect()
    };
}

words! {
    PurposeWord "Purpose" all!(Purpose), "What a lookup is for.";
    BasisWord "Basis" all!(Basis), "The legal basis that it rests on.";
    RoleWord "Role" all!(Role), "The role of a post.";
    DepartmentWord "Department" all!(Department), "The department behind a post, or the kind of a service.";
    SchemeWord "Scheme" all!(Scheme), "A scheme of areas.";
    ReasonWord "Reason" all!(Reason), "Why something is denied.";
    OutcomeWord "Outcome" all!(Outcome), "What a field's answer is.";
    KindWord "Kind" gridvault_audit::Kind::ALL.iter().map(|kind| kind.as_str()).collect(), "What an entry of the trail records.";
    ResultWord "Result" all!(gridvault_audit::ResultWord), "How it ended.";
    EntryOutcome "EntryOutcome" Outcome::ALL.iter().filter(|outcome| **outcome != Outcome::Absent).map(|outcome| outcome.as_str()).collect(),
        "What became of a group of fields.";
    RecordWord "RecordType" all!(RecordType), "A kind of record.";
    CaseKind "CaseKind" FieldId::parse("case.kind").map(|f| f.codes().iter().map(|[code, _, _]| code.as_str()).collect()).unwrap_or_default(),
        "The class of a case.";
    FieldWord "Field" FieldId::all().map(FieldId::as_str).collect(), "A field of the catalogue.";
    StoredFieldWord "StoredField" FieldId::all().filter(|f| !f.is_derived()).map(FieldId::as_str).collect(),
        "A field of the catalogue that is held, not derived.";
}

/// An identifier of a client's.
pub(crate) enum Identifier {}

impl JsonSchema for Identifier {
    fn schema_name() -> Cow<'static, str> {
        "Identifier".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9._:-]{1,64}$" })
    }
}

/// A moment.
pub(crate) enum Moment {}

impl JsonSchema for Moment {
    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time", "description": "RFC 3339, with an offset." })
    }
}

/// A moment of a request.
pub(crate) enum When {}

impl JsonSchema for When {
    fn schema_name() -> Cow<'static, str> {
        "When".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time",
            "description": "RFC 3339, with an offset; a day alone (`2026-11-24`) is its first moment in Beijing, and its last where something ends." })
    }
}

/// Whether that reads like the name of a member or a field, perhaps misspelt: only then may a refusal repeat it, for it may be
/// anything.
pub(crate) fn is_like_a_name(text: &str) -> bool {
    let letters = |b: u8| b.is_ascii_lowercase() || matches!(b, b'_' | b'.');
    (text.len() <= 64 && text.bytes().all(letters)) || FieldId::parse(text).is_ok()
}

/// Whether a client's identifier is one: `[A-Za-z0-9._:-]{1,64}`.
pub(crate) fn is_identifier(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_may_be_repeated_and_a_value_may_not() {
        for name in ["x", "on_behalf_of", "person.nmae", "premises.area_m2"] {
            assert!(is_like_a_name(name), "{name}");
        }
        for value in
            ["990106199001010010", "12055510123", "王小明", "Wang Xiaoming", "person.990106", "a@b.cn"]
        {
            assert!(!is_like_a_name(value), "{value}");
        }
    }
}
