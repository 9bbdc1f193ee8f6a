//! Reading canonical JSON (RFC 8785, restricted) in one pass: any other spelling is refused where it stands.

use crate::canonical::{CanonicalError, Json};
use crate::view::{Node, Part};

/// Nesting deeper than this is refused.
const DEEPEST: usize = 8;

impl Json {
    /// Reads bytes that are canonical to the last byte, and nothing else.
    pub fn parse_canonical(bytes: &[u8]) -> Result<Self, CanonicalError> {
        Ok(Part::read(bytes)?.view().to_json())
    }
}

impl<'a> Part<'a> {
    /// Reads bytes that are canonical to the last byte, and nothing else.
    /// Reads a part strictly: canonical, and nothing else.
    pub fn read(bytes: &'a [u8]) -> Result<Self, CanonicalError> {
        let rest = std::str::from_utf8(bytes).map_err(|_| CanonicalError)?;
        // Neither within strings, where they are escaped, nor between them: canonical JSON has no blanks.
        if bytes.iter().copied().fold(u8::MAX, u8::min) < 0x20 {
            return Err(CanonicalError);
        }
        let mut reader = Reader { rest, nodes: Vec::with_capacity(bytes.len() / 8) };
        let read = reader.value(0);
        if read.is_some() && reader.rest.is_empty() {
            Ok(Self::new(reader.nodes))
        } else {
            Err(CanonicalError)
        }
    }
}

/// What is left to read, and what was read. A step gives `None` where canonical JSON does not go on so.
struct Reader<'a> {
    rest: &'a str,
    nodes: Vec<Node<'a>>,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        match self.rest.as_bytes().first()? {
            b'"' => return self.text(),
            b'[' => return self.within(Node::List, |reader| reader.items(depth + 1)),
            b'{' => return self.within(Node::Map, |reader| reader.members(depth + 1)),
            b't' if self.take("true") => self.nodes.push(Node::Bool(true)),
            b'f' if self.take("false") => self.nodes.push(Node::Bool(false)),
            _ => {
                let number = self.int()?;
                self.nodes.push(Node::Int(number));
            }
        }
        Some(())
    }

    /// An array or object: its node stands before what is within, and is told afterwards how much that is.
    fn within(
        &mut self,
        node: fn(usize) -> Node<'a>,
        read: impl FnOnce(&mut Self) -> Option<()>,
    ) -> Option<()> {
        let at = self.nodes.len();
        self.nodes.push(node(0));
        read(self)?;
        let within = self.nodes.len() - at - 1;
        *self.nodes.get_mut(at)? = node(within);
        Some(())
    }

    fn items(&mut self, depth: usize) -> Option<()> {
        self.expect("[")?;
        if self.take("]") {
            return Some(());
        }
        loop {
            self.value(depth)?;
            if !self.take(",") {
                return self.expect("]");
            }
        }
    }

    fn members(&mut self, depth: usize) -> Option<()> {
        self.expect("{")?;
        if self.take("}") {
            return Some(());
        }
        let mut last = None;
        loop {
            let name = Some(self.nodes.len());
            self.text()?;
            // Names are ASCII, whose bytes sort as UTF-16 code units do; one that does not follow is unsorted or repeated.
            let text = self.name(name)?;
            if !text.is_ascii() || self.name(last).is_some_and(|last| last.bytes().ge(text.bytes())) {
                return None;
            }
            last = name;
            self.expect(":")?;
            self.value(depth)?;
            if !self.take(",") {
                return self.expect("}");
            }
        }
    }

    fn name(&self, at: Option<usize>) -> Option<&str> {
        self.nodes.get(at?)?.as_text()
    }

    fn text(&mut self) -> Option<()> {
        self.expect("\"")?;
        let plain = self.plain()?;
        let node = if self.take("\"") { Node::Text(plain) } else { self.escaped(plain)? };
        self.nodes.push(node);
        Some(())
    }

    /// The string that began so, from its first escape to its closing quote.
    #[cold]
    fn escaped(&mut self, begun: &str) -> Option<Node<'a>> {
        let mut text = begun.to_owned();
        while !self.take("\"") {
            text.push(self.escape()?);
            text.push_str(self.plain()?);
        }
        Some(Node::Escaped(text.into()))
    }

    /// All before the next quote or backslash; control characters there are none.
    fn plain(&mut self) -> Option<&'a str> {
        let (words, tail) = self.rest.as_bytes().as_chunks::<8>();
        let found = words.iter().zip(0..).find_map(|(word, i)| Some(8 * i + special(*word)?));
        let in_tail = || Some(8 * words.len() + tail.iter().position(|b| matches!(b, b'"' | b'\\'))?);
        self.cut(found.or_else(in_tail)?)
    }

    /// The short escape where there is one, else `\u00xx` in lower case; of nothing that could stand as it is.
    fn escape(&mut self) -> Option<char> {
        self.expect("\\")?;
        match self.cut(1)? {
            "\"" => Some('"'),
            "\\" => Some('\\'),
            "b" => Some('\u{8}'),
            "t" => Some('\t'),
            "n" => Some('\n'),
            "f" => Some('\u{c}'),
            "r" => Some('\r'),
            "u" => {
                let digits = self.cut(4)?;
                let lower = digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                let code = u8::from_str_radix(digits, 16).ok().filter(|_| lower)?;
                let short = matches!(code, 0x08 | 0x09 | 0x0a | 0x0c | 0x0d);
                (code < 0x20 && !short).then_some(char::from(code))
            }
            _ => None,
        }
    }

    fn int(&mut self) -> Option<i64> {
        let sign = usize::from(self.rest.starts_with('-'));
        let digits = self.rest.bytes().skip(sign).take_while(u8::is_ascii_digit).count();
        let number = self.cut(sign + digits)?;
        let padded = number.starts_with("-0") || digits > 1 && number.starts_with('0');
        if padded { None } else { number.parse().ok() }
    }

    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, token: &str) -> Option<()> {
        self.take(token).then_some(())
    }

    fn cut(&mut self, len: usize) -> Option<&'a str> {
        let (cut, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(cut)
    }
}

/// The place of the first quote or backslash. Eight bytes at once: one by one, finding the ends of strings takes as long as
/// hashing them.
fn special(word: [u8; 8]) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let word = u64::from_le_bytes(word);
    // Sets the high bit of each such byte; behind the first one also of others, which does not matter.
    let is = |byte: u8| {
        let other = word ^ (ONES * u64::from(byte));
        other.wrapping_sub(ONES) & !other & (ONES << 7)
    };
    let found = is(b'"') | is(b'\\');
    (found != 0).then(|| found.trailing_zeros() as usize / 8)
}
