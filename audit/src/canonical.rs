//! Canonical JSON (RFC 8785), restricted to what entries may say: no floats, no null, no repeated members.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// A JSON value without floats and null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A string.
    Text(Cow<'static, str>),
    /// An array.
    List(Vec<Json>),
    /// An object; members sorted by their (ASCII) names.
    Map(BTreeMap<Cow<'static, str>, Json>),
}

/// The bytes are not canonical JSON of the restricted kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not restricted JSON in canonical form")]
pub struct CanonicalError;

impl Json {
    /// Appends the canonical bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Bool(true) => out.extend_from_slice(b"true"),
            Self::Bool(false) => out.extend_from_slice(b"false"),
            Self::Int(n) => out.extend_from_slice(n.to_string().as_bytes()),
            Self::Text(text) => write_text(text, out),
            Self::List(items) => {
                out.push(b'[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    item.write(out);
                }
                out.push(b']');
            }
            Self::Map(members) => {
                out.push(b'{');
                for (i, (name, value)) in members.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    write_text(name, out);
                    out.push(b':');
                    value.write(out);
                }
                out.push(b'}');
            }
        }
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        self.write(&mut out);
        out
    }

    /// The member of that name, of an object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(members) => members.get(name),
            _ => None,
        }
    }

    /// The string member of that name.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Self::as_text)
    }

    /// The integer member of that name.
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Self::Int(n)) => Some(*n),
            _ => None,
        }
    }

    /// This string.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// This array's items.
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }
}

impl From<&'static str> for Json {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<i64> for Json {
    fn from(n: i64) -> Self {
        Self::Int(n)
    }
}

impl From<bool> for Json {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

/// RFC 8785 section 3.2.2.2: the short escapes, `\u00xx` in lower case for other control characters, all else verbatim.
pub(crate) fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    if text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        out.extend_from_slice(text.as_bytes());
    } else {
        text.bytes().for_each(|byte| write_byte(byte, out));
    }
    out.push(b'"');
}

fn write_byte(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        0x08 => out.extend_from_slice(b"\\b"),
        0x09 => out.extend_from_slice(b"\\t"),
        0x0a => out.extend_from_slice(b"\\n"),
        0x0c => out.extend_from_slice(b"\\f"),
        0x0d => out.extend_from_slice(b"\\r"),
        0..=0x1f => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        _ => out.push(byte),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Json::Bool),
            any::<i64>().prop_map(Json::Int),
            ".{0,12}".prop_map(Json::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::List),
                prop::collection::btree_map("[a-z_]{1,8}", inner, 0..4)
                    .prop_map(|m| Json::Map(m.into_iter().map(|(k, v)| (Cow::Owned(k), v)).collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_the_same(json in any_json()) {
            let bytes = json.to_bytes();
            prop_assert_eq!(Json::parse_canonical(&bytes), Ok(json));
        }

        #[test]
        fn no_other_spelling_reads(json in any_json(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let bytes = json.to_bytes();
            let mut other = bytes.clone();
            let i = at.index(other.len());
            other[i] = byte;
            if let Ok(read) = Json::parse_canonical(&other) {
                prop_assert_eq!(read.to_bytes(), other);
            }
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for bad in [
            r#"{"b":1,"a":2}"#,
            r#"{"a":1,"a":1}"#,
            r#"{ "a":1}"#,
            r#"{"a":1.0}"#,
            r#"{"a":1e2}"#,
            r#"{"a":01}"#,
            r#"{"a":-0}"#,
            r#"{"a":null}"#,
            r#"{"a":"\u0041"}"#,
            r#"{"a":"\/"}"#,
            r#"{"a":"\u000A"}"#,
            r#"{"a":1} "#,
            "",
            "[1,]",
            r#"{"a":9223372036854775808}"#,
        ] {
            assert!(Json::parse_canonical(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(Json::parse_canonical("{\"a\":\"\u{1f600}\\n\"}".as_bytes()).is_ok());
    }
}
