use std::borrow::Cow;

use memchr::memchr;

use crate::{EventTooLong, PENDING_BYTES_MAX};

/// Takes a stream of server-sent events apart, however TCP cut it.
#[derive(Debug, Default)]
pub struct Sse {
    buffer: Vec<u8>,
    /// Where the next event begins.
    read: usize,
    /// Up to where no end of an event was found.
    searched: usize,
    begun: bool,
}

/// One event.
#[derive(Debug, PartialEq, Eq)]
pub struct SseEvent<'a> {
    /// Its `event:` field; empty if it has none.
    pub name: &'a [u8],
    /// Its data; several lines are joined with `\n`. Not checked to be UTF-8: JSON parsers do that.
    pub data: Cow<'a, [u8]>,
}

impl Sse {
    /// Takes what came.
    ///
    /// # Errors
    /// When an event does not end within [`PENDING_BYTES_MAX`].
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), EventTooLong> {
        self.begun |= self.read > 0;
        self.buffer.drain(..self.read);
        self.searched -= self.read;
        self.read = 0;
        self.buffer.extend_from_slice(bytes);
        if !self.begun && self.buffer.len() >= 3 {
            self.begun = true;
            if self.buffer.starts_with(b"\xEF\xBB\xBF") {
                self.buffer.drain(..3);
                self.searched = self.searched.min(self.buffer.len());
            }
        }
        if self.buffer.len() > PENDING_BYTES_MAX.max(2 * bytes.len()) { Err(EventTooLong) } else { Ok(()) }
    }

    /// The stream is at its end: what waits is an event, even without the empty line.
    pub fn end(&mut self) {
        self.buffer.extend_from_slice(b"\n\n");
    }

    /// What waits, of a stream that turned out to be none.
    pub fn into_pending(mut self) -> Vec<u8> {
        self.buffer.split_off(self.read)
    }

    /// The next event that has data.
    pub fn next_event(&mut self) -> Option<SseEvent<'_>> {
        loop {
            let (start, end) = self.block()?;
            // Asked before because a borrow that is returned from a loop would last through it.
            if has_data(&self.buffer[start..end]) {
                return Some(parse(&self.buffer[start..end]));
            }
        }
    }

    /// The lines up to the next empty one, which are then read.
    fn block(&mut self) -> Option<(usize, usize)> {
        let mut line = self.searched.max(self.read);
        while let Some(length) = memchr(b'\n', &self.buffer[line..]) {
            let next = line + length + 1;
            let empty = matches!(&self.buffer[line..next], b"\n" | b"\r\n");
            if empty {
                let start = std::mem::replace(&mut self.read, next);
                self.searched = next;
                return Some((start, line));
            }
            line = next;
            self.searched = next;
        }
        None
    }
}

/// Field and value of each line.
fn fields(block: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = Some(block);
    std::iter::from_fn(move || {
        let left = rest?;
        let line = match memchr(b'\n', left) {
            Some(end) => {
                rest = Some(&left[end + 1..]);
                &left[..end]
            }
            None => rest.take()?,
        };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (field, value) = match memchr(b':', line) {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &line[line.len()..]),
        };
        Some((field, value.strip_prefix(b" ").unwrap_or(value)))
    })
}

fn has_data(block: &[u8]) -> bool {
    fields(block).any(|(field, _)| field == b"data")
}

fn parse(block: &[u8]) -> SseEvent<'_> {
    let mut name: &[u8] = b"";
    let mut data: Option<Cow<'_, [u8]>> = None;
    for (field, value) in fields(block) {
        match field {
            b"data" => match &mut data {
                None => data = Some(Cow::Borrowed(value)),
                Some(lines) => {
                    let lines = lines.to_mut();
                    lines.push(b'\n');
                    lines.extend_from_slice(value);
                }
            },
            b"event" => name = value,
            _ => {} // Comments have an empty field name; `id` and `retry` are for browsers.
        }
    }
    SseEvent { name, data: data.unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(stream: &[u8], size: usize) -> Vec<(String, String)> {
        let mut sse = Sse::default();
        let mut events = Vec::new();
        let mut take = |sse: &mut Sse| {
            while let Some(event) = sse.next_event() {
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                events.push((text(event.name), text(&event.data)));
            }
        };
        for piece in stream.chunks(size) {
            sse.push(piece).unwrap();
            take(&mut sse);
        }
        sse.end();
        take(&mut sse);
        events
    }

    #[track_caller]
    fn check(stream: &str, expected: &[(&str, &str)]) {
        for size in 1..=stream.len().max(1) {
            let events = read(stream.as_bytes(), size);
            let events: Vec<(&str, &str)> = events.iter().map(|(name, data)| (name.as_str(), data.as_str())).collect();
            assert_eq!(events, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn both_line_ends_and_optional_spaces_are_read() {
        check("data: {\"a\":1}\n\ndata:b\r\n\r\n", &[("", "{\"a\":1}"), ("", "b")]);
        check("data:  two spaces\n\n", &[("", " two spaces")]);
    }

    #[test]
    fn comments_ids_and_empty_blocks_are_passed_over() {
        check(": OPENROUTER PROCESSING\n\n\n\nid: 7\nretry: 100\n\n: keep-alive\ndata: x\n\n", &[("", "x")]);
    }

    #[test]
    fn several_data_lines_are_one_event() {
        check("event: error\ndata: один\ndata: два\ndata\n\n", &[("error", "один\nдва\n")]);
    }

    #[test]
    fn the_last_event_needs_no_empty_line_and_a_byte_order_mark_is_dropped() {
        check("\u{feff}data: 👟\n\ndata: [DONE]", &[("", "👟"), ("", "[DONE]")]);
        check("", &[]);
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut sse = Sse::default();
        let piece = vec![b'x'; 64 << 10];
        let pushed = (0..32).find(|_| sse.push(&piece).is_err());
        assert!(pushed.is_some());
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_give_the_same_events(
            stream in proptest::collection::vec(prop_oneof![
                Just(b'\n'), Just(b'\r'), Just(b':'), Just(b'd'), any::<u8>(),
                Just(b'a'), Just(b't'), Just(b' ')
            ], 0..200),
            size in 1_usize..20,
        ) {
            let events = |size: usize| {
                let mut sse = Sse::default();
                let mut all = Vec::new();
                for piece in stream.chunks(size) {
                    sse.push(piece).unwrap();
                    while let Some(event) = sse.next_event() {
                        all.push((event.name.to_vec(), event.data.into_owned()));
                    }
                }
                all
            };
            prop_assert_eq!(events(size), events(1_000));
        }
    }
}
