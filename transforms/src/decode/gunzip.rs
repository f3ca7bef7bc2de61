//! Gzip is taken off, or its absence accepted, before anything is decoded.

use std::io::{BufRead, ErrorKind, Read, Write};

use flate2::bufread::GzDecoder;
use sellerlake_contracts::{Error, Kind, Result};

const MAGIC: [u8; 2] = [0x1f, 0x8b];
const BUFFER_BYTES: usize = 256 << 10;

/// Copies `input` to `output`, inflating it where it starts as gzip does; returns the bytes written.
///
/// Several gzip members one after the other are one document. [`Kind::Decode`] where the stream is cut short,
/// damaged, or followed by anything else than zero padding; [`Kind::Storage`] where `output` can't be written.
pub fn inflate(input: &mut dyn BufRead, output: &mut dyn Write) -> Result<u64> {
    let mut input = Peeked::start(input)?;
    if !input.is_gzip() {
        return copy(&mut input, output);
    }
    let mut written = 0;
    loop {
        let mut member = GzDecoder::new(&mut input);
        written += copy(&mut member, output)?;
        match skip_padding(&mut input)? {
            None => return Ok(written),
            Some(next) if next == MAGIC[0] => {}
            Some(_) => {
                return Err(Error::permanent(Kind::Decode, "there is something else after the end of the gzip data")
                    .at("decode.inflate")
                    .hint("the file was probably written to twice; download it again"));
            }
        }
    }
}

/// Zero bytes may pad the end of a gzip file. Returns the byte after them, not yet consumed.
fn skip_padding(input: &mut dyn BufRead) -> Result<Option<u8>> {
    loop {
        let buffer = input.fill_buf().map_err(|error| read_error(&error))?;
        if buffer.is_empty() {
            return Ok(None);
        }
        if let Some(at) = buffer.iter().position(|byte| *byte != 0) {
            let next = buffer[at];
            input.consume(at);
            return Ok(Some(next));
        }
        let zeros = buffer.len();
        input.consume(zeros);
    }
}

fn copy(input: &mut dyn Read, output: &mut dyn Write) -> Result<u64> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut written = 0;
    loop {
        let count = match input.read(&mut buffer) {
            Ok(0) => return Ok(written),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(read_error(&error)),
        };
        output.write_all(&buffer[..count]).map_err(|error| {
            Error::permanent(Kind::Storage, "can't write the inflated document").at("decode.inflate").source(error)
        })?;
        written += count as u64;
    }
}

fn read_error(error: &std::io::Error) -> Error {
    let message = match error.kind() {
        ErrorKind::UnexpectedEof => "the gzip data end before they should: the file is truncated".to_owned(),
        ErrorKind::InvalidInput | ErrorKind::InvalidData => format!("the gzip data are damaged: {error}"),
        _ => {
            return Error::permanent(Kind::Storage, format!("can't read the document: {error}")).at("decode.inflate");
        }
    };
    Error::permanent(Kind::Decode, message).at("decode.inflate").hint("download the document again")
}

/// A reader whose first two bytes are known even where its buffer was cut between them.
struct Peeked<'a> {
    head: [u8; 2],
    used: usize,
    len: usize,
    rest: &'a mut dyn BufRead,
}

impl<'a> Peeked<'a> {
    fn start(rest: &'a mut dyn BufRead) -> Result<Self> {
        let mut head = [0; 2];
        let mut len = 0;
        while len < 2 {
            match rest.read(&mut head[len..]) {
                Ok(0) => break,
                Ok(count) => len += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(read_error(&error)),
            }
        }
        Ok(Self { head, used: 0, len, rest })
    }

    fn is_gzip(&self) -> bool {
        self.head[..self.len] == MAGIC
    }
}

impl Read for Peeked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Peeked<'_> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.used < self.len { Ok(&self.head[self.used..self.len]) } else { self.rest.fill_buf() }
    }

    fn consume(&mut self, amount: usize) {
        if self.used < self.len { self.used += amount } else { self.rest.consume(amount) }
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// Reads through a small buffer, so that members and headers are cut anywhere.
    fn inflated(bytes: &[u8]) -> Result<Vec<u8>> {
        let mut output = Vec::new();
        let written = inflate(&mut BufReader::with_capacity(7, bytes), &mut output)?;
        assert_eq!(written, output.len() as u64);
        Ok(output)
    }

    #[test]
    fn plain_bytes_pass_and_members_join() {
        for plain in [&b""[..], b"\x1f", b"\x1fx", b"sku\tprice\n"] {
            assert_eq!(inflated(plain).unwrap(), plain);
        }
        let mut both = gzip(b"one\n");
        both.extend(gzip(b"two\n"));
        both.extend([0; 512]);
        assert_eq!(inflated(&both).unwrap(), b"one\ntwo\n");
        let large = b"0123456789\n".repeat(100_000);
        assert_eq!(inflated(&gzip(&large)).unwrap(), large);
    }

    #[test]
    fn damage_is_an_error_with_a_sentence() {
        let whole = gzip(&b"order\t1\n".repeat(1_000));
        for cut in [2, 5, 12, whole.len() / 2, whole.len() - 1] {
            let error = inflated(&whole[..cut]).unwrap_err();
            assert_eq!(error.kind(), Kind::Decode);
            assert!(error.message().contains("truncated"), "{cut}: {error}");
        }
        let mut broken = whole.clone();
        broken[20] ^= 0xff;
        assert_eq!(inflated(&broken).unwrap_err().kind(), Kind::Decode);
        let mut trailing = whole;
        trailing.extend(b"<html>");
        assert!(inflated(&trailing).unwrap_err().message().contains("after the end"));
    }

    #[test]
    fn a_receiver_that_fails_is_a_storage_error() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::Error::other("disk full"))
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let error = inflate(&mut &b"text"[..], &mut Full).unwrap_err();
        assert_eq!(error.kind(), Kind::Storage);
    }
}
