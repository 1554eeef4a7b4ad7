use std::mem::MaybeUninit;

use bytes::{Buf, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use httparse::{EMPTY_HEADER, Header, ParserConfig, Response, Status};

use crate::body::{Body, Malformed};

/// Most headers of an answer.
const HEADERS_MAX: usize = 128;
/// Most bytes of an answer's head.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// What comes before the body of an answer.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// Whether the connection may be used again after the body.
    pub(crate) keeps: bool,
    pub(crate) body: Body,
    /// The head as it came: few answers are asked for their headers.
    raw: Vec<u8>,
}

impl Head {
    /// Takes a head off what was read, if it is there as a whole. Interim answers (1xx) are passed over.
    pub(crate) fn take(read: &mut BytesMut) -> Result<Option<Self>, Malformed> {
        loop {
            let mut headers = [const { MaybeUninit::uninit() }; HEADERS_MAX];
            let mut response = Response::new(&mut []);
            let parsed = ParserConfig::default().parse_response_with_uninit_headers(&mut response, read, &mut headers);
            let length = match parsed {
                Ok(Status::Complete(length)) => length,
                Ok(Status::Partial) if read.len() <= HEAD_BYTES_MAX => return Ok(None),
                Ok(Status::Partial) => return Err(Malformed("the answer's head is too long")),
                Err(_) => return Err(Malformed("the answer is none of HTTP")),
            };
            let status = response.code.unwrap_or_default();
            if (100..200).contains(&status) && status != 101 {
                read.advance(length);
                continue;
            }
            let (body, keeps) = framing(status, response.version == Some(1), response.headers)?;
            let raw = read[..length].to_vec();
            read.advance(length);
            return Ok(Some(Self { status, keeps, body, raw }));
        }
    }

    /// Its headers.
    pub(crate) fn headers(&self) -> HeaderMap {
        let mut headers = [EMPTY_HEADER; HEADERS_MAX];
        let mut response = Response::new(&mut headers);
        // It was parsed before.
        let _parsed = response.parse(&self.raw);
        let valid = response.headers.iter().filter_map(|header| {
            let name = HeaderName::from_bytes(header.name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_bytes(header.value).ok()?))
        });
        let mut map = HeaderMap::new();
        for (name, value) in valid {
            map.append(name, value);
        }
        map
    }
}

/// How the body ends, and whether the connection outlives it (RFC 9112 §6.3 and §9.3).
fn framing(status: u16, new: bool, headers: &[Header<'_>]) -> Result<(Body, bool), Malformed> {
    if status == 101 {
        return Err(Malformed("the answer changes the protocol"));
    }
    let mut keeps = new;
    let mut length: Option<u64> = None;
    let mut chunked = None;
    for header in headers {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        if is("content-length") {
            let number = number(header.value).ok_or(Malformed("the answer's length is no number"))?;
            if length.replace(number).is_some_and(|before| before != number) {
                return Err(Malformed("the answer has two lengths"));
            }
        } else if is("transfer-encoding") {
            if chunked.is_some() || !header.value.trim_ascii().eq_ignore_ascii_case(b"chunked") {
                return Err(Malformed("the answer's transfer encoding is not known"));
            }
            chunked = Some(new);
        } else if is("connection") {
            for option in header.value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
                if option.eq_ignore_ascii_case(b"close") {
                    keeps = false;
                } else if option.eq_ignore_ascii_case(b"keep-alive") && !new {
                    keeps = true;
                }
            }
        }
    }
    Ok(match (status, chunked, length) {
        (204 | 304, ..) => (Body::Ended, keeps),
        // One of the two is a lie, or came from HTTP/1.0, which knows no chunks.
        (_, Some(new), length) => (Body::chunked(), keeps && new && length.is_none()),
        (_, None, Some(length)) => (Body::of(length), keeps),
        (_, None, None) => (Body::UntilClosed, false),
    })
}

/// Digits alone: no sign, no blanks between.
fn number(value: &[u8]) -> Option<u64> {
    let value = value.trim_ascii();
    let digits = value.iter().all(u8::is_ascii_digit);
    if digits { std::str::from_utf8(value).ok()?.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(text: &str) -> Result<Option<Head>, Malformed> {
        Head::take(&mut BytesMut::from(text))
    }

    #[track_caller]
    fn check(head: &str, body: &Body, keeps: bool) {
        let found = take(&format!("HTTP/1.1 {head}\r\n\r\n")).unwrap().unwrap();
        assert_eq!((&found.body, found.keeps), (body, keeps), "{head}");
    }

    #[test]
    fn the_end_of_a_body_is_told_by_its_head() {
        check("200 OK\r\nContent-Length: 5", &Body::of(5), true);
        check("200 OK\r\ncontent-length: 5\r\ncontent-length: 5", &Body::of(5), true);
        check("200 OK\r\nTransfer-Encoding: Chunked", &Body::chunked(), true);
        check("200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 7", &Body::chunked(), false);
        check("200 OK", &Body::UntilClosed, false);
        check("204 No Content", &Body::Ended, true);
        check("200 OK\r\ncontent-length: 0\r\nconnection: x, Close", &Body::of(0), false);
    }

    #[test]
    fn an_old_server_keeps_a_connection_only_if_it_says_so() {
        let keeps = |text: &str| take(text).unwrap().unwrap().keeps;
        assert!(!keeps("HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\n"));
        assert!(keeps("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\n"));
        assert!(!keeps("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n"));
    }

    #[test]
    fn heads_that_could_be_read_in_two_ways_are_refused() {
        for bad in [
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: +5\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\n\r\n",
            "<html>",
            "SSH-2.0-OpenSSH\r\n",
        ] {
            assert!(take(bad).is_err(), "{bad}");
        }
        let endless = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(HEAD_BYTES_MAX));
        assert!(take(&endless).is_err());
    }

    #[test]
    fn interim_answers_are_passed_over_and_half_a_head_is_none() {
        let hints = "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n";
        let mut read = BytesMut::from(format!("{hints}HTTP/1.1 429 Slow\r\nRetry-After: 3\r\n\r\nrest").as_str());
        let head = Head::take(&mut read).unwrap().unwrap();
        assert_eq!((head.status, &read[..]), (429, b"rest".as_slice()));
        assert_eq!(head.headers()["retry-after"], "3");
        assert!(take("HTTP/1.1 200 OK\r\nx: y\r\n").unwrap().is_none());
    }
}
