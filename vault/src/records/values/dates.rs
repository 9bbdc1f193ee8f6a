//! Dates in the forms that registers have.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::{ValueError, refuse};

/// `YYYY-MM-DD`, or the same day as a spreadsheet's serial number, or as `YYYY/M/D`, `YYYY.M.D`, `YYYYMMDD`, `YYYY年M月D日`.
pub(super) fn date(text: &str, mended: &mut Vec<&'static str>) -> Result<Date, ValueError> {
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
    let (found, code) = match found {
        None => (serial(text), "serial_date"),
        found => (found, "date_form"),
    };
    match found {
        Some(date) => {
            mended.push(code);
            Ok(date)
        }
        None => refuse("date"),
    }
}

pub(super) fn civil(year: Option<&str>, month: Option<&str>, day: Option<&str>) -> Option<Date> {
    Date::new(year?.parse().ok()?, month?.parse().ok()?, day?.parse().ok()?).ok()
}

/// A spreadsheet's serial number, as it stays where a column lost its format: five digits, from 1927-05-18. Fewer may be a year.
fn serial(text: &str) -> Option<Date> {
    if text.len() != 5 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    jiff::civil::date(1899, 12, 30)
        .checked_add(text.parse::<i32>().ok().filter(|days| *days >= 10_000)?.days())
        .ok()
}
