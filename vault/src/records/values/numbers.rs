//! Phone and ID numbers.

use jiff::civil::Date;

use super::dates::civil;
use super::{ValueError, blank, refuse, without_blanks};

/// Weights of GB 11643-1999 (ISO 7064 MOD 11-2) for the first 17 digits.
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS: &[u8; 11] = b"10X98765432";
/// Nobody is older.
const OLDEST: i16 = 150;

/// A mobile number or a landline with area code; the country code is dropped.
pub(super) fn phone(
    text: &str,
    synthetic: bool,
    mended: &mut Vec<&'static str>,
) -> Result<String, ValueError> {
    let stripped = text
        .strip_prefix("+86")
        .or_else(|| text.strip_prefix("0086"))
        .map(|t| t.trim_start_matches(|c| blank(c) || c == '-'));
    if stripped.is_some() {
        mended.push("prefix");
    }
    let number = &without_blanks(stripped.unwrap_or(text), mended);
    let mobile = number.len() == 11 && number.bytes().all(|b| b.is_ascii_digit());
    let range = number.get(..3).unwrap_or_default();
    match (mobile, synthetic) {
        (true, true) if matches!(range, "120" | "121") => Ok(number.to_owned()),
        (true, false)
            if range.starts_with('1')
                && range.as_bytes().get(1).is_some_and(|d| (b'3'..=b'9').contains(d)) =>
        {
            Ok(number.to_owned())
        }
        (_, true) => refuse(if mobile || landline(number) { "not_synthetic" } else { "phone" }),
        (_, false) if landline(number) => Ok(number.to_owned()),
        _ => refuse("phone"),
    }
}

/// `(0dd[d]-)[2-9]dddddd[d](-d…)`.
fn landline(text: &str) -> bool {
    let digits = |t: &str, from: usize, to: usize| {
        (from..=to).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit())
    };
    let parts: Vec<&str> = text.split('-').collect();
    let local = |t: &str| digits(t, 7, 8) && t.as_bytes().first().is_some_and(|d| (b'2'..=b'9').contains(d));
    let area = |t: &str| digits(t, 3, 4) && t.starts_with('0');
    match parts.as_slice() {
        [one] => {
            local(one) || (3..=4).any(|n| one.split_at_checked(n).is_some_and(|(a, l)| area(a) && local(l)))
        }
        [a, b] => (area(a) && local(b)) || (local(a) && digits(b, 1, 6)),
        [a, b, c] => area(a) && local(b) && digits(c, 1, 6),
        _ => false,
    }
}

/// 18 characters with a real date and the right check character; the 15 digits of before 1999 become 18.
pub(super) fn id_number(
    text: &str,
    synthetic: bool,
    today: Date,
    mended: &mut Vec<&'static str>,
) -> Result<String, ValueError> {
    let text = without_blanks(text, mended);
    let mut upper = text.to_ascii_uppercase();
    if upper != text {
        mended.push("lower_case_x");
    }
    if let Some(long) = eighteen(&upper) {
        upper = long;
        mended.push("fifteen_digits");
    }
    if upper.len() != 18 || id_check(&upper).map(char::from) != upper.chars().last() {
        return refuse("id_check");
    }
    let born = civil(upper.get(6..10), upper.get(10..12), upper.get(12..14));
    match born {
        Some(born) if born <= today && born.year() >= today.year() - OLDEST => {}
        _ => return refuse("id_date"),
    }
    match (upper.starts_with("99"), synthetic) {
        (true, true) | (false, false) => Ok(upper),
        (true, false) => refuse("id_region"),
        (false, true) => refuse("not_synthetic"),
    }
}

/// The 18 characters for 15 digits: the century put in, the check character put on.
fn eighteen(text: &str) -> Option<String> {
    if text.len() != 15 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (region, rest) = text.split_at_checked(6)?;
    let long = format!("{region}19{rest}");
    let check = id_check(&long)?;
    Some(format!("{long}{}", char::from(check)))
}

fn id_check(text: &str) -> Option<u8> {
    let mut sum = 0;
    for (digit, weight) in text.bytes().zip(WEIGHTS) {
        sum += u32::from(digit.is_ascii_digit().then_some(digit - b'0')?) * weight;
    }
    CHECKS.get(usize::try_from(sum % 11).ok()?).copied()
}

/// The check character of the first 17 digits, for made-up numbers.
pub(crate) fn check_character(first17: &str) -> char {
    id_check(first17).map_or('?', char::from)
}
