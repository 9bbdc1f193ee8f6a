//! UTF-16, as spreadsheets save "Unicode text", into UTF-8.

use std::fs::File;
use std::io::Read;

/// UTF-16 into UTF-8; half a pair becomes a byte that no encoding has, so that its row is refused.
pub(super) struct Utf16 {
    from: File,
    decoder: encoding_rs::Decoder,
    ready: Vec<u8>,
    given: usize,
    over: bool,
}

impl Utf16 {
    pub(super) fn over(from: File, encoding: &'static encoding_rs::Encoding) -> Self {
        let decoder = encoding.new_decoder_without_bom_handling();
        Self { from, decoder, ready: Vec::new(), given: 0, over: false }
    }

    fn decode(&mut self, mut raw: &[u8], last: bool) {
        let mut out = [0; 4096];
        loop {
            let (result, read, written) =
                self.decoder.decode_to_utf8_without_replacement(raw, &mut out, last);
            self.ready.extend_from_slice(out.get(..written).unwrap_or_default());
            raw = raw.get(read..).unwrap_or_default();
            match result {
                encoding_rs::DecoderResult::InputEmpty => return,
                encoding_rs::DecoderResult::OutputFull => {}
                encoding_rs::DecoderResult::Malformed(..) => self.ready.push(0xff),
            }
        }
    }
}

impl Read for Utf16 {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        while self.given == self.ready.len() && !self.over {
            self.ready.clear();
            self.given = 0;
            let mut raw = [0; 8192];
            let read = self.from.read(&mut raw)?;
            self.over = read == 0;
            self.decode(raw.get(..read).unwrap_or_default(), self.over);
        }
        let mut rest = self.ready.get(self.given..).unwrap_or_default();
        let read = rest.read(into)?;
        self.given += read;
        Ok(read)
    }
}
