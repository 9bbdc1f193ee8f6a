//! Writes canonical objects member by member, without building them first. The members' order is the writer's to keep.

use data_encoding::HEXLOWER;

use crate::canonical::{Json, write_text};

/// An object under way; [`Self::end`] closes it.
pub(crate) struct ObjectWriter<'o> {
    out: &'o mut Vec<u8>,
    /// The name before, which the next one follows.
    last: &'static str,
}

impl<'o> ObjectWriter<'o> {
    pub(crate) fn begin(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, last: "" }
    }

    /// Goes on with an object that was cut in the text value of `last`: closes that first.
    pub(crate) fn go_on(out: &'o mut Vec<u8>, last: &'static str) -> Self {
        out.push(b'"');
        Self { out, last }
    }

    /// The place of that member's value.
    pub(crate) fn member(&mut self, name: &'static str) -> &mut Vec<u8> {
        debug_assert!(self.last < name, "`{name}` stands behind `{}`", self.last);
        if !self.last.is_empty() {
            self.out.push(b',');
        }
        self.last = name;
        write_text(name, self.out);
        self.out.push(b':');
        self.out
    }

    pub(crate) fn text(&mut self, name: &'static str, text: &str) {
        write_text(text, self.member(name));
    }

    pub(crate) fn hex(&mut self, name: &'static str, bytes: &[u8]) {
        write_hex(bytes, self.member(name));
    }

    pub(crate) fn json(&mut self, name: &'static str, json: &Json) {
        json.write(self.member(name));
    }

    pub(crate) fn end(self) {
        self.out.push(b'}');
    }
}

/// A list, each item written by `each`.
pub(crate) fn write_list<T, E>(
    items: impl IntoIterator<Item = T>,
    out: &mut Vec<u8>,
    mut each: impl FnMut(T, &mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    out.push(b'[');
    for (n, item) in items.into_iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        each(item, out)?;
    }
    out.push(b']');
    Ok(())
}

/// Bytes as lower-case hex, a string.
pub(crate) fn write_hex(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let begun = out.len();
    out.resize(begun + HEXLOWER.encode_len(bytes.len()), 0);
    if let Some(place) = out.get_mut(begun..) {
        HEXLOWER.encode_mut(bytes, place);
    }
    out.push(b'"');
}
