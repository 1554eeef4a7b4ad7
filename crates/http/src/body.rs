use bytes::{Buf, BytesMut};

/// Most bytes of a line that tells a chunk's size, and of a trailer.
const LINE_BYTES_MAX: usize = 4 << 10;
/// Most lines of a trailer.
const TRAILERS_MAX: usize = 64;

/// An answer that HTTP does not allow, or that is beyond what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

/// What of a body is still to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    /// So many bytes.
    Bytes(u64),
    /// Chunks.
    Chunks(Chunks),
    /// All that comes until the connection is closed.
    UntilClosed,
    /// Nothing.
    Ended,
}

/// Where in a chunked body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Chunks {
    /// Before the line with a size.
    Size,
    /// Within a chunk; so many bytes of it are to come.
    Data(u64),
    /// Before the line end that follows a chunk.
    DataEnd,
    /// After the last chunk; so many lines have come.
    Trailers(usize),
}

impl Body {
    pub(crate) fn of(length: u64) -> Self {
        if length == 0 { Self::Ended } else { Self::Bytes(length) }
    }

    pub(crate) fn chunked() -> Self {
        Self::Chunks(Chunks::Size)
    }

    /// Moves what was read and belongs to the body.
    pub(crate) fn take(&mut self, read: &mut BytesMut, onto: &mut Vec<u8>) -> Result<(), Malformed> {
        onto.reserve(read.len());
        match self {
            Self::Bytes(left) => {
                *left -= take(read, *left, onto);
                if *left == 0 {
                    *self = Self::Ended;
                }
            }
            Self::UntilClosed => {
                take(read, u64::MAX, onto);
            }
            Self::Chunks(chunks) => {
                if chunks.take(read, onto)? {
                    *self = Self::Ended;
                }
            }
            Self::Ended => {}
        }
        Ok(())
    }
}

impl Chunks {
    /// The same; `true` at the end.
    fn take(&mut self, read: &mut BytesMut, onto: &mut Vec<u8>) -> Result<bool, Malformed> {
        loop {
            match self {
                Self::Size => {
                    let Some(line) = line(read)? else { return Ok(false) };
                    let size = size(&read[..line])?;
                    read.advance(line + 2);
                    *self = if size == 0 { Self::Trailers(0) } else { Self::Data(size) };
                }
                Self::Data(left) => {
                    *left -= take(read, *left, onto);
                    if *left > 0 {
                        return Ok(false);
                    }
                    *self = Self::DataEnd;
                }
                Self::DataEnd => {
                    let Some(line) = line(read)? else { return Ok(false) };
                    if line > 0 {
                        return Err(Malformed("a chunk of the answer is longer than it says"));
                    }
                    read.advance(2);
                    *self = Self::Size;
                }
                Self::Trailers(lines) => {
                    let Some(line) = line(read)? else { return Ok(false) };
                    read.advance(line + 2);
                    if line == 0 {
                        return Ok(true);
                    }
                    *lines += 1;
                    if *lines > TRAILERS_MAX {
                        return Err(Malformed("the answer's trailer has no end"));
                    }
                }
            }
        }
    }
}

/// Moves up to so many bytes; how many it were.
fn take(read: &mut BytesMut, most: u64, onto: &mut Vec<u8>) -> u64 {
    let length = usize::try_from(most).unwrap_or(usize::MAX).min(read.len());
    onto.extend_from_slice(&read[..length]);
    read.advance(length);
    length as u64
}

/// The length of the line that begins what was read, without its end; `None` if it is not there as a whole.
fn line(read: &[u8]) -> Result<Option<usize>, Malformed> {
    let looked_at = &read[..read.len().min(LINE_BYTES_MAX)];
    match looked_at.iter().position(|&byte| byte == b'\n') {
        Some(end) if end > 0 && looked_at[end - 1] == b'\r' => Ok(Some(end - 1)),
        Some(_) => Err(Malformed("a line of the answer has no proper end")),
        None if looked_at.len() < LINE_BYTES_MAX => Ok(None),
        None => Err(Malformed("a line of the answer is too long")),
    }
}

/// A chunk's size; what is said of it after a semicolon is nothing to us.
fn size(line: &[u8]) -> Result<u64, Malformed> {
    let hex = line.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii_end();
    let proper = hex.iter().all(u8::is_ascii_hexdigit);
    let size = std::str::from_utf8(hex).ok().filter(|_| proper).and_then(|hex| u64::from_str_radix(hex, 16).ok());
    size.ok_or(Malformed("a chunk of the answer has no size"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads a body that comes in pieces: what it is, what is left, and what it said.
    fn read(mut body: Body, stream: &[u8], size: usize) -> Result<(Body, Vec<u8>, Vec<u8>), Malformed> {
        let (mut read, mut out) = (BytesMut::new(), Vec::new());
        for piece in stream.chunks(size) {
            read.extend_from_slice(piece);
            body.take(&mut read, &mut out)?;
        }
        Ok((body, read.to_vec(), out))
    }

    #[track_caller]
    fn check(stream: &str, text: &str, left: &str) {
        for size in 1..=stream.len() {
            let (body, rest, out) = read(Body::chunked(), stream.as_bytes(), size).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), text, "in pieces of {size}");
            assert_eq!((body, String::from_utf8(rest).unwrap()), (Body::Ended, left.to_owned()), "in pieces of {size}");
        }
    }

    #[test]
    fn chunks_are_joined_however_they_come() {
        check("5\r\nhello\r\n0\r\n\r\n", "hello", "");
        check("A;name=value\r\n0123456789\r\n1 \r\n!\r\n000\r\n\r\nHTTP", "0123456789!", "HTTP");
        check("0\r\nx-sum: 1\r\ny: 2\r\n\r\n", "", "");
    }

    #[test]
    fn a_body_that_breaks_off_has_not_ended() {
        for half in ["5\r\nhel", "5\r\nhello\r\n", "5\r\nhello\r\n0\r\n", "5\r\nhello\r\n0\r\nx: y\r\n"] {
            assert_ne!(read(Body::chunked(), half.as_bytes(), 1).unwrap().0, Body::Ended, "{half}");
        }
        assert_eq!(read(Body::of(5), b"hell", 1).unwrap().0, Body::Bytes(1));
        assert_eq!(read(Body::of(5), b"hello!", 6).unwrap(), (Body::Ended, b"!".to_vec(), b"hello".to_vec()));
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        let endless = format!("5;{}", "x".repeat(LINE_BYTES_MAX));
        let trailers = format!("0\r\n{}", "x: y\r\n".repeat(TRAILERS_MAX + 1));
        for bad in
            ["\r\n", "x\r\n", "-1\r\n", "+1\r\n", "5\n", "1\r\nab\r\n", "11111111111111111\r\n", &endless, &trailers]
        {
            assert!(read(Body::chunked(), bad.as_bytes(), 7).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_body_cut_into_any_chunks_comes_out_as_it_was(
            text in proptest::collection::vec(any::<u8>(), 0..500),
            chunk in 1_usize..60,
            size in 1_usize..80,
        ) {
            let mut stream = Vec::new();
            for piece in text.chunks(chunk) {
                stream.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
                stream.extend_from_slice(piece);
                stream.extend_from_slice(b"\r\n");
            }
            stream.extend_from_slice(b"0\r\n\r\n");
            prop_assert_eq!(read(Body::chunked(), &stream, size), Ok((Body::Ended, vec![], text)));
        }

        #[test]
        fn any_bytes_are_read_or_refused(stream in proptest::collection::vec(any::<u8>(), 0..300), size in 1_usize..50) {
            let _read = read(Body::chunked(), &stream, size);
        }
    }
}
