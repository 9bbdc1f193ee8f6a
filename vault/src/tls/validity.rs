//! From when until when a certificate holds: RFC 5280's `Validity`, read from its DER. What rustls verifies it does not tell.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// From when until when, UTC microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// It holds from here on.
    pub not_before: i64,
    /// It holds no longer behind this.
    pub not_after: i64,
}

impl Validity {
    /// That of a certificate; nothing where it is none.
    pub(super) fn of(certificate: &[u8]) -> Option<Self> {
        let (tbs, _) = expect(SEQUENCE, expect(SEQUENCE, certificate)?.0)?;
        let (tag, _, behind) = element(tbs)?;
        // Serial number, signature's algorithm and issuer stand before it; the version may.
        let mut rest = if tag == VERSION { behind } else { tbs };
        for _ in 0..3 {
            rest = element(rest)?.2;
        }
        let (validity, _) = expect(SEQUENCE, rest)?;
        let (tag, from, behind) = element(validity)?;
        let not_before = time(tag, from)?;
        let (tag, to, _) = element(behind)?;
        Some(Self { not_before, not_after: time(tag, to)? })
    }
}

fn expect(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, content, behind) = element(bytes)?;
    (found == tag).then_some((content, behind))
}

/// Tag, content, and what follows.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = bytes.split_first_chunk::<2>()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) =
            rest.split_at_checked(usize::from(first & 0x7f)).filter(|(d, _)| (1..=4).contains(&d.len()))?;
        (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
    };
    let (content, behind) = rest.split_at_checked(length)?;
    Some((tag, content, behind))
}

/// `YYMMDDHHMMSSZ` (1950 to 2049) or `YYYYMMDDHHMMSSZ`.
fn time(tag: u8, text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let text = match tag {
        UTC_TIME => format!("{}{text}", if text.get(..2)? < "50" { "20" } else { "19" }),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let at = DateTime::strptime("%Y%m%d%H%M%SZ", text).ok()?;
    Some(TimeZone::UTC.to_timestamp(at).ok()?.as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x82, length[0], length[1]][..], content].concat()
    }

    fn certificate(version: bool, from: (u8, &str), to: (u8, &str)) -> Vec<u8> {
        let times = [wrap(from.0, from.1.as_bytes()), wrap(to.0, to.1.as_bytes())].concat();
        let mut tbs = if version { wrap(VERSION, &[2, 1, 2]) } else { vec![] };
        for part in [wrap(2, &[7]), wrap(SEQUENCE, &[]), wrap(SEQUENCE, &[]), wrap(SEQUENCE, &times)] {
            tbs.extend(part);
        }
        wrap(SEQUENCE, &wrap(SEQUENCE, &tbs))
    }

    #[test]
    fn both_forms_of_time_are_read_with_and_without_a_version() {
        let (from, to) = ((UTC_TIME, "491231235959Z"), (GENERALIZED_TIME, "20500101000000Z"));
        for version in [false, true] {
            let read = Validity::of(&certificate(version, from, to)).unwrap();
            assert_eq!(read.not_after - read.not_before, 1_000_000);
            assert_eq!(read.not_after, 2_524_608_000_000_000);
        }
        let read = Validity::of(&certificate(true, (UTC_TIME, "500101000000Z"), to)).unwrap();
        assert!(read.not_before < 0, "two digits from 50 on are of the last century");
    }

    #[test]
    fn what_is_cut_or_none_is_no_certificate() {
        let whole = certificate(true, (UTC_TIME, "260101000000Z"), (UTC_TIME, "270101000000Z"));
        for length in 0..whole.len() {
            assert_eq!(Validity::of(&whole[..length]), None);
        }
        assert_eq!(
            Validity::of(&certificate(true, (UTC_TIME, "261301000000Z"), (UTC_TIME, "270101000000Z"))),
            None
        );
        assert_eq!(
            Validity::of(&certificate(true, (UTC_TIME, "2601010000Z"), (UTC_TIME, "270101000000Z"))),
            None
        );
        assert_eq!(Validity::of(b"\x30\x84\xff\xff\xff\xff"), None);
    }
}
