use crate::{EventTooLong, PENDING_BYTES_MAX};

/// Takes a stream of JSON objects apart: one a line, one after another, printed over several lines or as one long array, and
/// however TCP cut it. What stands between objects is passed over.
#[derive(Debug, Default)]
pub struct JsonObjects {
    buffer: Vec<u8>,
    /// What lies before was handed out.
    read: usize,
    /// What lies before was looked at.
    scanned: usize,
    /// Where the object begun begins.
    start: usize,
    depth: usize,
    within: Within,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Within {
    #[default]
    Structure,
    Text,
    Escape,
}

impl JsonObjects {
    /// Takes what came.
    ///
    /// # Errors
    /// When an object does not end within [`PENDING_BYTES_MAX`].
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), EventTooLong> {
        self.buffer.drain(..self.read);
        self.scanned -= self.read;
        self.start = self.start.saturating_sub(self.read);
        self.read = 0;
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() > PENDING_BYTES_MAX.max(2 * bytes.len()) { Err(EventTooLong) } else { Ok(()) }
    }

    /// The next whole object.
    pub fn next_object(&mut self) -> Option<&[u8]> {
        while let Some(&byte) = self.buffer.get(self.scanned) {
            let at = self.scanned;
            self.scanned += 1;
            match (self.within, byte) {
                (Within::Escape, _) => self.within = Within::Text,
                (Within::Text, b'\\') => self.within = Within::Escape,
                (Within::Text, b'"') => self.within = Within::Structure,
                (Within::Structure, b'"') if self.depth > 0 => self.within = Within::Text,
                (Within::Structure, b'{') => {
                    if self.depth == 0 {
                        self.start = at;
                    }
                    self.depth += 1;
                }
                (Within::Structure, b'}') if self.depth > 0 => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        self.read = self.scanned;
                        return Some(&self.buffer[self.start..self.scanned]);
                    }
                }
                (Within::Text | Within::Structure, _) => {}
            }
        }
        if self.depth == 0 {
            self.read = self.scanned;
        }
        None
    }

    /// Whether an object has begun and not ended.
    pub fn is_within_object(&self) -> bool {
        self.depth > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(stream: &str, expected: &[&str]) {
        for size in 1..=stream.len().max(1) {
            let mut objects = JsonObjects::default();
            let mut found = Vec::new();
            for piece in stream.as_bytes().chunks(size) {
                objects.push(piece).unwrap();
                while let Some(object) = objects.next_object() {
                    found.push(String::from_utf8(object.to_vec()).unwrap());
                }
            }
            assert_eq!(found, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn objects_are_found_on_lines_in_arrays_and_side_by_side() {
        check("{\"a\":1}\n{\"b\":{\"c\":2}}\r\n", &["{\"a\":1}", "{\"b\":{\"c\":2}}"]);
        check("[{\"a\":1},\n {\"b\":2}]", &["{\"a\":1}", "{\"b\":2}"]);
        check("{}{\n \"a\": []\n}", &["{}", "{\n \"a\": []\n}"]);
    }

    #[test]
    fn braces_and_quotes_in_texts_are_text() {
        check(r#"{"a":"}{\"}\\"}{"я":"👟"}"#, &[r#"{"a":"}{\"}\\"}"#, r#"{"я":"👟"}"#]);
    }

    #[test]
    fn half_an_object_is_none() {
        check("{\"a\":\"", &[]);
        check("<html>", &[]);
        let mut objects = JsonObjects::default();
        objects.push(b"{\"a\"").unwrap();
        assert!(objects.next_object().is_none() && objects.is_within_object());
    }
}
