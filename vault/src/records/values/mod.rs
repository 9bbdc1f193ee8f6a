//! Values on their way in: mended where that is safe and said, refused with a code where not, one spelling inside.

mod dates;
mod numbers;

use gridvault_policy::{FieldId, Tier, ValueKind};
use jiff::civil::Date;

use crate::seal::Secret;

use self::dates::date;
pub(crate) use self::numbers::check_character;
use self::numbers::{id_number, phone};

/// A value in its one spelling, and what was mended on the way.
pub struct Normalised {
    /// The value.
    pub value: Secret,
    /// Codes of what was mended: `full_width`, `blanks`, `lower_case_x`, `fifteen_digits`, `date_form`, `serial_date`, `prefix`,
    /// each once.
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
    let plain = if is_name(field) { joined(plain, &mut mended) } else { plain };
    let value = match field.kind() {
        // A block of the fourth tier holds every field at its longest: what does not fit would tell of the others.
        ValueKind::Text(most) if field.tier() == Tier::T4 => {
            if plain.len() > *most {
                return refuse("too_long");
            }
            plain
        }
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
        ValueKind::Uuid | ValueKind::Ref => bounded(plain, 36)?,
        ValueKind::Derived => return refuse("derived"),
    };
    mended.dedup();
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

/// Whether the date of birth is another than the ID number's.
pub fn born_contradicts(id_number: &str, born: &str) -> bool {
    let digits: String = born.chars().filter(char::is_ascii_digit).collect();
    id_number.len() == 18 && id_number.get(6..14) != Some(&digits)
}

/// Trimmed, digits in half width; control characters and formulas refused.
fn plain(text: &str, kind: &ValueKind, mended: &mut Vec<&'static str>) -> Result<String, ValueError> {
    let trimmed = text.trim_matches(blank);
    if trimmed.is_empty() {
        return refuse("required");
    }
    if trimmed.len() != text.len() {
        mended.push("blanks");
    }
    if trimmed.chars().any(char::is_control) {
        return refuse("control_character");
    }
    // Some program did not know what it read: the text is lost.
    if trimmed.contains('\u{fffd}') {
        return refuse("encoding");
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

/// Blanks, and marks without width that come along where text is copied from messages and lists of contacts.
fn blank(c: char) -> bool {
    let unseen = '\u{200b}'..='\u{200f}';
    c.is_whitespace()
        || unseen.contains(&c)
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

/// Without its blanks, which is told.
fn without_blanks(text: &str, mended: &mut Vec<&'static str>) -> String {
    let out: String = text.chars().filter(|c| !blank(*c)).collect();
    if out.len() != text.len() {
        mended.push("blanks");
    }
    out
}

fn is_name(field: FieldId) -> bool {
    field.as_str().ends_with("name") && matches!(field.kind(), ValueKind::Text(_))
}

/// A Chinese name that was spaced out to fill a column, together again. Parts of two characters each may be two people's names:
/// they stay apart.
fn joined(text: String, mended: &mut Vec<&'static str>) -> String {
    let parts: Vec<&str> = text.split(blank).filter(|part| !part.is_empty()).collect();
    let chinese = |c: char| matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' | '〇' | '·');
    let spaced = parts.len() > 1 && parts.iter().any(|part| part.chars().count() == 1);
    if spaced && parts.iter().all(|part| part.chars().all(chinese)) {
        return without_blanks(&text, mended);
    }
    text
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
        ("person.id_type", "身份证" | "二代身份证" | "第二代居民身份证") => {
            Some("resident_id")
        }
        ("person.sex", "男性") => Some("1"),
        ("person.sex", "女性") => Some("2"),
        ("person.residence_kind", "户籍人口") => Some("01"),
        ("person.residence_kind", "流动人口") => Some("02"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
