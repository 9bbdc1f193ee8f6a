//! Values on their way in: mended where that is safe and said, refused with a code where not, one spelling inside.

use gridvault_policy::{FieldId, ValueKind};
use jiff::civil::Date;

use crate::seal::Secret;

/// Weights of GB 11643-1999 (ISO 7064 MOD 11-2) for the first 17 digits.
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS: &[u8; 11] = b"10X98765432";
/// Nobody is older.
const OLDEST: i16 = 150;

/// A value in its one spelling, and what was mended on the way.
pub struct Normalised {
    /// The value.
    pub value: Secret,
    /// Codes of what was mended: `full_width`, `blanks`, `lower_case_x`, `date_form`, `prefix`.
    pub mended: Vec<&'static str>,
}

/// Why a value is refused; never the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}")]
pub struct ValueError {
    /// A stable code.
    pub code: &'static str,
}

const fn refuse<T>(code: &'static str) -> Result<T, ValueError> {
    Err(ValueError { code })
}

/// Brings a field's value into its one spelling. In a synthetic vault ID numbers must begin with 99 and phones with 120
/// or 121; in a real one they must not.
pub fn normalise(field: FieldId, text: &str, synthetic: bool, today: Date) -> Result<Normalised, ValueError> {
    let mut mended = Vec::new();
    let plain = plain(text, field.kind(), &mut mended)?;
    let value = match field.kind() {
        ValueKind::Text(most) => bounded(plain, *most)?,
        ValueKind::Digits(count) => {
            let digits = plain.len() == *count && plain.bytes().all(|b| b.is_ascii_digit());
            if digits { plain } else { return refuse("digits") }
        }
        ValueKind::Code(_) => match field.code(&plain) {
            Some((value, _, _)) => value.to_owned(),
            None => match synonym(field, &plain) {
                Some(value) => value.to_owned(),
                None => return refuse("code_unknown"),
            },
        },
        ValueKind::Date => date(&plain, &mut mended)?.to_string(),
        ValueKind::Phone => phone(&plain, synthetic, &mut mended)?,
        ValueKind::IdNumber => id_number(&plain, synthetic, today, &mut mended)?,
        ValueKind::Int => match plain.parse::<u32>() {
            Ok(n) => n.to_string(),
            Err(_) => return refuse("number"),
        },
        ValueKind::Decimal => match plain.parse::<f64>() {
            Ok(n) if n.is_finite() && (0.0..1e8).contains(&n) => format!("{n:.2}"),
            _ => return refuse("number"),
        },
        ValueKind::Flag => match plain.as_str() {
            "yes" | "是" | "1" => "yes".to_owned(),
            "no" | "否" | "0" => "no".to_owned(),
            _ => return refuse("code_unknown"),
        },
        ValueKind::Uuid | ValueKind::Ref => bounded(plain, 64)?,
        ValueKind::Derived => return refuse("derived"),
    };
    Ok(Normalised { value: Secret::new(value), mended })
}

/// Whether the sex (code) contradicts the ID number's 17th digit: odd is male.
pub fn sex_contradicts(id_number: &str, sex: &str) -> bool {
    match (id_number.as_bytes().get(16), sex) {
        (Some(digit), "1") => digit % 2 == 0,
        (Some(digit), "2") => digit % 2 == 1,
        _ => false,
    }
}

/// Trimmed, digits in half width; control characters and formulas refused.
fn plain(text: &str, kind: &ValueKind, mended: &mut Vec<&'static str>) -> Result<String, ValueError> {
    let trimmed = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{3000}');
    if trimmed.is_empty() {
        return refuse("required");
    }
    if trimmed.len() != text.len() {
        mended.push("blanks");
    }
    if trimmed.chars().any(char::is_control) {
        return refuse("control_character");
    }
    let signed = matches!(kind, ValueKind::Phone) && trimmed.starts_with('+');
    if trimmed.starts_with(['=', '+', '@', '-']) && !signed {
        return refuse("formula");
    }
    if matches!(kind, ValueKind::Text(_)) {
        return Ok(trimmed.to_owned());
    }
    let half: String = trimmed.chars().map(half_width).collect();
    if half != trimmed {
        mended.push("full_width");
    }
    Ok(half)
}

fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

fn bounded(text: String, most: usize) -> Result<String, ValueError> {
    if text.chars().count() > most { refuse("too_long") } else { Ok(text) }
}

/// Words that registers use for a code beside its label.
fn synonym(field: FieldId, text: &str) -> Option<&'static str> {
    match (field.as_str(), text) {
        ("household.relation", "其他") => Some("99"),
        ("household.relation", "儿子") => Some("20"),
        ("household.relation", "女儿") => Some("30"),
        ("person.id_type", "身份证") => Some("resident_id"),
        _ => None,
    }
}

/// `YYYY-MM-DD`, or the same day as `YYYY/M/D`, `YYYY.M.D`, `YYYYMMDD`, `YYYY年M月D日`.
fn date(text: &str, mended: &mut Vec<&'static str>) -> Result<Date, ValueError> {
    if let Ok(date) = text.parse::<Date>()
        && date.to_string() == text
    {
        return Ok(date);
    }
    let marked = text.replace(['/', '.', '年', '月'], "-").replace('日', "");
    let parts: Vec<&str> = marked.split('-').collect();
    let found = match parts.as_slice() {
        [one] if one.len() == 8 => civil(one.get(..4), one.get(4..6), one.get(6..)),
        [year, month, day] if year.len() == 4 => civil(Some(year), Some(month), Some(day)),
        _ => None,
    };
    match found {
        Some(date) => {
            mended.push("date_form");
            Ok(date)
        }
        None => refuse("date"),
    }
}

fn civil(year: Option<&str>, month: Option<&str>, day: Option<&str>) -> Option<Date> {
    Date::new(year?.parse().ok()?, month?.parse().ok()?, day?.parse().ok()?).ok()
}

/// A mobile number or a landline with area code; the country code is dropped.
fn phone(text: &str, synthetic: bool, mended: &mut Vec<&'static str>) -> Result<String, ValueError> {
    let stripped = text
        .strip_prefix("+86")
        .or_else(|| text.strip_prefix("0086"))
        .map(|t| t.trim_start_matches([' ', '-']));
    if stripped.is_some() {
        mended.push("prefix");
    }
    let number = stripped.unwrap_or(text);
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

/// 18 characters with a real date and the right check character.
fn id_number(
    text: &str,
    synthetic: bool,
    today: Date,
    mended: &mut Vec<&'static str>,
) -> Result<String, ValueError> {
    let upper = text.to_ascii_uppercase();
    if upper != text {
        mended.push("lower_case_x");
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

#[cfg(test)]
mod tests {
    use jiff::civil::date as day;

    use super::*;

    fn take(field: &str, text: &str, synthetic: bool) -> Result<(String, Vec<&'static str>), &'static str> {
        let field = FieldId::parse(field).unwrap();
        let taken = normalise(field, text, synthetic, day(2026, 11, 24)).map_err(|e| e.code)?;
        Ok((taken.value.reveal().to_owned(), taken.mended))
    }

    #[test]
    fn id_numbers_are_checked_to_the_last_character() {
        for good in ["11010519491231002X", "440524188001010014"] {
            assert_eq!(take("person.id_no", good, false), Ok((good.to_owned(), vec![])));
        }
        for good in [
            "990106194901010013",
            "990106201202290020",
            "990106198507311238",
            "99010619520315003X",
            "990106201506010155",
        ] {
            assert_eq!(take("person.id_no", good, true), Ok((good.to_owned(), vec![])));
            assert_eq!(take("person.id_no", good, false), Err("id_region"));
            for place in 0..18 {
                for other in b"0123456789X" {
                    let mut bytes = good.as_bytes().to_vec();
                    if bytes[place] != *other {
                        bytes[place] = *other;
                        assert!(take("person.id_no", std::str::from_utf8(&bytes).unwrap(), true).is_err());
                    }
                }
            }
            for place in 0..17 {
                let mut bytes = good.as_bytes().to_vec();
                bytes.swap(place, place + 1);
                if bytes != good.as_bytes() {
                    assert!(take("person.id_no", std::str::from_utf8(&bytes).unwrap(), true).is_err());
                }
            }
        }
        assert_eq!(
            take("person.id_no", "11010519491231002x", false),
            Ok(("11010519491231002X".into(), vec!["lower_case_x"]))
        );
        assert_eq!(take("person.id_no", "11010519491231002X", true), Err("not_synthetic"));
    }

    #[test]
    fn phones_dates_codes_and_texts() {
        assert_eq!(
            take("person.phone", "１２０00000001", true),
            Ok(("12000000001".into(), vec!["full_width"]))
        );
        assert_eq!(take("person.phone", "13812345678", true), Err("not_synthetic"));
        assert_eq!(
            take("person.phone", "+86 13812345678", false),
            Ok(("13812345678".into(), vec!["prefix"]))
        );
        assert_eq!(take("person.phone", "010-67891234", false).unwrap().0, "010-67891234");
        assert_eq!(take("person.phone", "8610-6791234a", false), Err("phone"));
        assert_eq!(take("person.birth_date", "1987/2/3", true), Ok(("1987-02-03".into(), vec!["date_form"])));
        assert_eq!(take("person.birth_date", "1987-02-30", true), Err("date"));
        assert_eq!(take("person.sex", "女", true).unwrap().0, "2");
        assert_eq!(take("person.sex", "雌", true), Err("code_unknown"));
        assert_eq!(take("person.name", "  王小明 ", true), Ok(("王小明".into(), vec!["blanks"])));
        assert_eq!(take("person.name", "=HYPERLINK(\"http://x\")", true), Err("formula"));
        assert_eq!(take("person.name", "", true), Err("required"));
        assert_eq!(take("person.name", &"王".repeat(51), true), Err("too_long"));
        assert_eq!(take("derived.age_band", "60-69", true), Err("derived"));
        assert!(sex_contradicts("99010619520315003X", "2") && !sex_contradicts("99010619520315003X", "1"));
    }
}
