//! Log times as text: UTC, RFC 3339, six digits of a second, `Z`; nothing else.

const DAY: i64 = 86_400;

/// UTC microseconds since 1970 as `2026-11-24T01:30:00.000000Z`. Years 0 to 9999.
pub fn format_at(micros: i64) -> String {
    let seconds = micros.div_euclid(1_000_000);
    let (year, month, day) = civil(seconds.div_euclid(DAY));
    let clock = seconds.rem_euclid(DAY);
    let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
    let fraction = micros.rem_euclid(1_000_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:06}Z")
}

/// The microseconds of exactly that form; a date that is none, another form: nothing.
pub fn parse_at(text: &str) -> Option<i64> {
    const FORM: &[u8; 27] = b"0000-00-00T00:00:00.000000Z";
    let in_form = text.len() == FORM.len()
        && text
            .bytes()
            .zip(FORM)
            .all(|(b, form)| if *form == b'0' { b.is_ascii_digit() } else { b == *form });
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let date = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let days = days(date.0, date.1, date.2);
    let seconds = days * DAY + hour * 3600 + minute * 60 + second;
    let exists = civil(days) == date && hour < 24 && minute < 60 && second < 60;
    (in_form && exists).then_some(seconds * 1_000_000 + number(20, 26)?)
}

/// Year, month, day of a day number (proleptic Gregorian; Hinnant, "chrono-compatible low-level date algorithms").
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

fn days(year: i64, month: i64, day: i64) -> i64 {
    let y = year - i64::from(month <= 2);
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn times_read_back(micros in 0i64..4_102_444_800_000_000) {
            prop_assert_eq!(parse_at(&format_at(micros)), Some(micros));
        }

        #[test]
        fn what_reads_is_written_so(text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9].[0-9]{6}Z") {
            let read = parse_at(&text);
            prop_assert!(read.is_none_or(|micros| format_at(micros) == text));
        }

        #[test]
        fn another_byte_is_another_time_or_none(micros in -62_167_219_200_000_000i64..253_402_300_800_000_000, at in 0usize..27, byte in 0u8..128) {
            let mut other = format_at(micros).into_bytes();
            other[at] = byte;
            let other = String::from_utf8(other).unwrap();
            let read = parse_at(&other);
            prop_assert!(read.is_none_or(|micros| format_at(micros) == other));
        }
    }

    #[test]
    fn known_times_and_no_others() {
        assert_eq!(format_at(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(format_at(1_709_164_800_123_456), "2024-02-29T00:00:00.123456Z");
        for bad in [
            "2023-02-29T00:00:00.000000Z",
            "2024-02-29T00:00:00Z",
            "2024-02-29T24:00:00.000000Z",
            "2024-13-01T00:00:00.000000Z",
            "2024-02-29t00:00:00.000000z",
            "",
        ] {
            assert_eq!(parse_at(bad), None, "{bad}");
        }
    }
}
