//! The reader against an independent judge, and every other spelling by hand.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

use crate::canonical::{CanonicalError, Json};

/// The independent judge: what serde_json reads, written again, must be the same bytes.
fn judged(bytes: &[u8]) -> Option<Json> {
    let json = restricted(serde_json::from_slice(bytes).ok()?, 0)?;
    (json.to_bytes() == bytes).then_some(json)
}

fn restricted(value: Value, depth: usize) -> Option<Json> {
    if depth > 8 {
        return None;
    }
    Some(match value {
        Value::Null => return None,
        Value::Bool(b) => Json::Bool(b),
        Value::Number(n) => Json::Int(n.as_i64()?),
        Value::String(text) => Json::from(text),
        Value::Array(items) => {
            Json::List(items.into_iter().map(|v| restricted(v, depth + 1)).collect::<Option<_>>()?)
        }
        Value::Object(members) => {
            let mut map = BTreeMap::new();
            for (name, value) in members {
                let value = restricted(value, depth + 1)?;
                map.insert(Some(name).filter(|n| n.is_ascii())?.into(), value);
            }
            Json::Map(map)
        }
    })
}

/// Texts with all that needs an escape, and some that needs none.
const TEXT: &str = "[ -~]{0,12}|[a-z._]{0,20}|[\u{0}-\u{1f}\"\\\\/\u{7f}a\u{e9}\u{2028}\u{1f600}]{0,6}";
const NAME: &str = "[a-z_]{0,9}|[\u{0}-\u{1f}\"\\\\/ -~\u{7f}]{0,3}";

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(Json::Int),
        (-20i64..20).prop_map(Json::Int),
        TEXT.prop_map(Json::from),
    ];
    leaf.prop_recursive(10, 48, 5, |inner| {
        let map = prop::collection::btree_map(NAME.prop_map(Into::into), inner.clone(), 0..5);
        prop_oneof![prop::collection::vec(inner, 0..4).prop_map(Json::List), map.prop_map(Json::Map)]
    })
}

/// Bytes that turn one spelling into another more often than any would.
fn any_byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        any::<u8>(),
        prop::sample::select(b"\"\\/{}[]:,.-+ 0123456789abefnrtuE\n\x00\x7f\xc3\xa9".to_vec())
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_written_is_read_as_the_judge_reads_it(json in any_json()) {
        let bytes = json.to_bytes();
        prop_assert_eq!(Json::parse_canonical(&bytes).ok(), judged(&bytes));
    }

    #[test]
    fn what_is_changed_is_judged_the_same(json in any_json(), changes in prop::collection::vec((0u8..4, any::<Index>(), any_byte()), 1..3)) {
        let mut bytes = json.to_bytes();
        for (how, at, byte) in changes {
            let i = at.index(bytes.len().max(1));
            match how {
                _ if bytes.is_empty() => bytes.push(byte),
                0 => bytes[i] = byte,
                1 => bytes.insert(i, byte),
                2 => _ = bytes.remove(i),
                _ => bytes[i] ^= 1 << (byte % 8),
            }
        }
        prop_assert_eq!(Json::parse_canonical(&bytes).ok(), judged(&bytes), "{}", String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn bytes_that_look_like_json_are_judged_the_same(bytes in prop::collection::vec(any_byte(), 0..9)) {
        prop_assert_eq!(Json::parse_canonical(&bytes).ok(), judged(&bytes));
    }
}

/// One a line.
const BAD: &str = r#"
{
}
[
]
"
"\
"\u
"\u00
-
tru
trueX
True
{"a"}
{"a":}
{"a":1,"a":1}
{"a":1,"a":2}
{"b":1,"a":1}
{"ab":1,"a":1}
{"a":1,}
{,"a":1}
{"a" :1}
{"a": 1}
{ "a":1}
{"a":1 }
{"a":1}{"a":1}
[1,]
[,1]
[1 ,2]
[1,,2]
[1;2]
[1}
{"a":1]
1.0
1e3
1E3
-0
-01
01
00
+1
0x1
--1
1-
NaN
Infinity
9223372036854775808
-9223372036854775809
18446744073709551616
null
[null]
{"a":null}
"\u0041"
"\/"
"\u000a"
"\u0008"
"\u0009"
"\u000c"
"\u000d"
"\u0022"
"\u005c"
"\u001F"
"\U001f"
"\u01f"
"\u+01f"
"\u007f"
"\u00e9"
"\u2028"
"\a"
"\x41"
"\ud83d\ude00"
"\ud83d"
"\ude00"
{"é":1}
{"a":{"王":1}}
'a'
{a:1}
{1:1}
"a""b"
{"\"":1,"\n":1}
[[[[[[[[[1]]]]]]]]]
[[[[[[[[[[]]]]]]]]]]
[[[[[[[[{"a":1}]]]]]]]]"#;

/// One a line.
const GOOD: &str = r#"
[[[[[[[[1]]]]]]]]
[[[[[[[[[]]]]]]]]]
[[[[[[[[{}]]]]]]]]
{"":1,"\n":1,"\"":1,"\\":1,"a":{},"aa":[]}
"\u0000\u001f\b\t\n\f\r\"\\/é王"
-9223372036854775808
9223372036854775807
0
-1
true
[false,0,""]"#;

#[test]
fn each_other_spelling_is_refused() {
    let bytes: &[&[u8]] = &[
        b" ",
        b"1 ",
        b" 1",
        b"1\n",
        b"\n1",
        b"[1,\t2]",
        b"1\0",
        b"\"\n\"",
        b"\"\x00\"",
        b"\"\x1f\"",
        b"\"\xff\"",
        b"\"\xc3\"",
        b"\"\xed\xa0\x80\"",
        b"\"\xc0\x80\"",
        b"\xef\xbb\xbf1",
    ];
    // The first line is empty, as a document may not be.
    for bad in BAD.lines().map(str::as_bytes).chain(bytes.iter().copied()) {
        let shown = String::from_utf8_lossy(bad);
        assert_eq!(Json::parse_canonical(bad), Err(CanonicalError), "{shown}");
        assert_eq!(judged(bad), None, "{shown}");
    }
    for good in GOOD.lines().skip(1).map(str::as_bytes).chain(["\"\u{7f}\u{2028}\u{1f600}\"".as_bytes()]) {
        let read = Json::parse_canonical(good).ok();
        assert!(read.is_some(), "{}", String::from_utf8_lossy(good));
        assert_eq!(read, judged(good));
    }
}
