//! Of which characters the texts of an entry are.

const WORD: u8 = 1;
const PLAIN: u8 = 2;
const HEX: u8 = 4;

/// The classes that each byte is of: every word of every entry is looked at, and a table is the quickest look.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut rest: &mut [u8] = &mut classes;
    let mut byte = 0u8;
    while let Some((classes, behind)) = rest.split_first_mut() {
        let hex = byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
        let word = byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-');
        let plain = word || matches!(byte, b'+' | b'/' | b'=');
        *classes = HEX * hex as u8 + WORD * word as u8 + PLAIN * plain as u8;
        rest = behind;
        byte = byte.wrapping_add(1);
    }
    classes
};

fn all(text: &str, class: u8) -> bool {
    text.bytes().fold(class, |all, b| all & CLASSES.get(usize::from(b)).copied().unwrap_or(0)) == class
}

/// `[A-Za-z0-9._:-]{1,64}`: a word of a vocabulary, or an id.
pub(crate) fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len()) && all(text, WORD)
}

/// At most 256 characters of ids, digests, keys and numbers: no text from outside fits.
pub(crate) fn is_plain(text: &str) -> bool {
    text.len() <= 256 && all(text, PLAIN)
}

/// So many digits of lower-case hex.
pub(crate) fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && all(text, HEX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str, more: &[u8]) -> bool {
        text.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b))
    }

    fn word(text: &str) -> bool {
        (1..=64).contains(&text.len()) && of(text, b"._:-")
    }

    fn plain(text: &str) -> bool {
        text.len() <= 256 && of(text, b"._:-+/=")
    }

    proptest! {
        #[test]
        fn the_table_says_what_the_words_say(text in "[ -~]{0,3}|[A-Za-z0-9._:-]{60,66}|[A-Za-z0-9._:+/=-]{250,260}|.{0,2}") {
            prop_assert_eq!(is_word(&text), word(&text));
            prop_assert_eq!(is_plain(&text), plain(&text));
        }
    }

    #[test]
    fn each_byte_is_of_its_classes() {
        for byte in 0..=127u8 {
            let text = char::from(byte).to_string();
            assert_eq!(is_word(&text), word(&text), "{byte}");
            assert_eq!(is_hex(&text, 1), b"0123456789abcdef".contains(&byte), "{byte}");
            assert_eq!(is_plain(&text), plain(&text), "{byte}");
        }
        assert!(!is_word("\u{e9}") && !is_plain("\u{e9}") && !is_hex("\u{e9}", 2));
        assert!(!is_word("") && is_plain(""));
    }
}
