//! Reading by many keys at once.

use data_encoding::HEXLOWER;
use sqlx::AssertSqlSafe;

use super::database::Value;

/// What is wanted, numbered from 0: `$2` is a list as [`wanted`] writes it.
pub(super) const WANTED: [&str; 2] = [
    "WITH wanted (n, id, other) AS (SELECT key, unhex(value ->> 0), unhex(value ->> 1) FROM json_each($2))",
    "WITH wanted (n, id, other) AS (SELECT n - 1, decode(pair ->> 0, 'hex'), decode(pair ->> 1, 'hex') \
     FROM json_array_elements($2::json) WITH ORDINALITY AS w (pair, n))",
];

/// Pairs of keys as a JSON list in hex, which both databases can take apart.
pub(super) fn wanted<'k>(pairs: impl Iterator<Item = (&'k [u8], Option<&'k [u8]>)>) -> String {
    let hex = |bytes: &[u8]| format!("\"{}\"", HEXLOWER.encode(bytes));
    let pair = |(id, other): (&[u8], Option<&[u8]>)| {
        format!("[{},{}]", hex(id), other.map_or_else(|| "null".to_owned(), hex))
    };
    format!("[{}]", pairs.map(pair).collect::<Vec<_>>().join(","))
}

/// Keys asked for in one statement: well under SQLite's 32,766 variables.
const KEYS: usize = 256;

/// A select of rows by many keys, as statements with their values. `select` ends where `IN (…)` follows; `$1` is the tenant.
pub(super) fn by_keys<'v>(
    select: &str,
    tenant: &'v str,
    keys: &[&'v [u8]],
) -> impl Iterator<Item = (AssertSqlSafe<String>, Vec<Value<'v>>)> {
    by(select.to_owned(), tenant, keys)
}

/// Likewise of entries by their numbers, behind what `select` narrows already.
pub(super) fn by_numbers<'v>(
    select: &str,
    tenant: &'v str,
    numbers: &[i64],
) -> impl Iterator<Item = (AssertSqlSafe<String>, Vec<Value<'v>>)> {
    by(format!("{select} AND seq"), tenant, numbers)
}

fn by<'v, K: Copy + Into<Value<'v>>>(
    select: String,
    tenant: &'v str,
    keys: &[K],
) -> impl Iterator<Item = (AssertSqlSafe<String>, Vec<Value<'v>>)> {
    keys.chunks(KEYS).map(move |keys| {
        // Few lengths, so that each is prepared once: keys are repeated to fill up.
        let length = keys.len().next_power_of_two();
        let places: Vec<String> = (2..length + 2).map(|n| format!("${n}")).collect();
        let mut values = vec![Value::from(tenant)];
        values.extend(keys.iter().cycle().take(length).map(|key| (*key).into()));
        (AssertSqlSafe(format!("{select} IN ({})", places.join(", "))), values)
    })
}
