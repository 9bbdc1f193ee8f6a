//! A spreadsheet's numbers: in plain digits, and as dates where the cell's format shows one.

use jiff::ToSpan as _;
use jiff::civil::{Date, date};

use super::super::Cell;

/// Spreadsheets keep fifteen digits; behind them they put zeros.
const KEPT: i32 = 15;

/// A number in plain digits; else the code that says why not.
pub(super) fn plain(text: &str) -> Cell {
    let Some(number) = text.trim().parse::<f64>().ok().filter(|number| number.is_finite()) else {
        return Cell::Bad("cell_error");
    };
    if number.abs() >= 1e15 {
        return Cell::Bad("number_lost_digits");
    }
    let whole = format!("{:.0}", number.abs().trunc());
    let left = KEPT - i32::try_from(whole.len()).unwrap_or(KEPT);
    let text = format!("{number:.*}", usize::try_from(left).unwrap_or(0));
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    Cell::Text(if text == "-0" { "0" } else { text }.to_owned())
}

/// A number of days as a date, with its time where it has one.
pub(super) fn dated(text: &str, from_1904: bool) -> Cell {
    let Some(days) = text.trim().parse::<f64>().ok().filter(|days| (0.0..2_958_466.0).contains(days)) else {
        // What is shown as ##### is a number in the wrong clothes.
        return plain(text);
    };
    let seconds = ((days - days.trunc()) * 86_400.0).round();
    let day = format!("{:.0}", days.trunc()).parse().ok().and_then(|days| day(days, from_1904));
    match day {
        None => Cell::Bad("date"),
        Some(day) if seconds < 1.0 => Cell::Date(day.to_string()),
        Some(day) => {
            let time = format!("{seconds:.0}").parse::<i64>().unwrap_or(0).seconds();
            let at = day.at(0, 0, 0, 0).checked_add(time);
            at.map_or(Cell::Bad("date"), |at| Cell::Date(at.to_string()))
        }
    }
}

/// The date of a serial number. In 1900's system day 60 is 29 February 1900, which never was.
fn day(serial: i32, from_1904: bool) -> Option<Date> {
    let first = match serial {
        _ if from_1904 => date(1904, 1, 1),
        1..=59 => date(1899, 12, 31),
        61.. => date(1899, 12, 30),
        _ => return None,
    };
    first.checked_add(serial.days()).ok()
}

/// Whether a built-in format shows a date: the common ones, and those of Chinese, Japanese and Korean Excel.
pub(super) fn is_date_format(id: &str) -> bool {
    matches!(id.parse::<u32>(), Ok(14..=22 | 27..=36 | 45..=47 | 50..=58))
}

/// Whether a format shows a date: it has a year, month, day, hour or second outside quotes, escapes and brackets.
pub(super) fn shows_date(format: &str) -> bool {
    let first = format.split(';').next().unwrap_or_default();
    let (mut quoted, mut bracketed) = (false, false);
    let mut characters = first.chars();
    while let Some(c) = characters.next() {
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '[' => bracketed = true,
            ']' => bracketed = false,
            _ if bracketed => {}
            // The next is itself, or a width, or a filling.
            '\\' | '_' | '*' => {
                characters.next();
            }
            'y' | 'Y' | 'm' | 'M' | 'd' | 'D' | 'h' | 'H' | 's' | 'S' => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Cell {
        Cell::Text(text.into())
    }

    #[test]
    fn numbers_are_plain_digits_and_lost_ones_are_refused() {
        for (from, to) in [
            ("12000000000", "12000000000"),
            ("1.2E+10", "12000000000"),
            ("110106006901001", "110106006901001"),
            ("1.10106006901001E14", "110106006901001"),
            ("3.0", "3"),
            ("0", "0"),
            ("-0", "0"),
            ("-0.5", "-0.5"),
            ("0.30000000000000004", "0.3"),
            ("86.75", "86.75"),
            ("1E-7", "0.0000001"),
            ("999999999999999", "999999999999999"),
        ] {
            assert_eq!(plain(from), text(to), "{from}");
        }
        for lost in ["1E15", "1.1010519491231E+17", "110105194912310020", "-1e300"] {
            assert_eq!(plain(lost), Cell::Bad("number_lost_digits"), "{lost}");
        }
        for odd in ["", "x", "NaN", "inf", "1e999"] {
            assert_eq!(plain(odd), Cell::Bad("cell_error"), "{odd}");
        }
    }

    #[test]
    fn serial_numbers_are_dates_in_both_systems() {
        let date = |text: &str| Cell::Date(text.into());
        assert_eq!(dated("1", false), date("1900-01-01"));
        assert_eq!(dated("59", false), date("1900-02-28"));
        assert_eq!(dated("60", false), Cell::Bad("date"));
        assert_eq!(dated("61", false), date("1900-03-01"));
        assert_eq!(dated("31811", false), date("1987-02-03"));
        assert_eq!(dated("30349", true), date("1987-02-03"));
        assert_eq!(dated("2958465", false), date("9999-12-31"));
        assert_eq!(dated("31811.25", false), date("1987-02-03T06:00:00"));
        assert_eq!(dated("0", false), Cell::Bad("date"));
        assert_eq!(dated("12000000000", false), text("12000000000"));
        assert_eq!(dated("-3", false), text("-3"));
    }

    #[test]
    fn formats_that_show_dates_are_told_from_others() {
        for format in ["yyyy-mm-dd", "yyyy\"年\"m\"月\"d\"日\"", "[$-804]yyyy/m/d;@", "h:mm", "[DBNum1]yyyy"]
        {
            assert!(shows_date(format), "{format}");
        }
        for format in [
            "General",
            "0",
            "0.00E+00",
            "#,##0.00;[Red]-#,##0.00",
            "\"day\"0",
            "\\d0",
            "G/通用格式",
            "@",
            "_d0",
        ] {
            assert!(!shows_date(format), "{format}");
        }
        assert!(
            is_date_format("14") && is_date_format("57") && !is_date_format("0") && !is_date_format("49")
        );
    }
}
