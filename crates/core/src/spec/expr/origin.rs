//! Where a byte of a scalar's text lies in its file.

use std::ops::Range;

use crate::spec::diagnostic::{Code, Diagnostic, Place};

/// Turns bytes of a scalar's text into a place in its file.
pub trait Locate {
    /// The place of `bytes` of the text.
    fn locate(&self, bytes: Range<usize>) -> Place;

    /// The place of the whole scalar.
    fn whole(&self) -> Place;
}

/// A plain scalar: its text is the file's bytes one to one.
impl Locate for Place {
    fn locate(&self, bytes: Range<usize>) -> Place {
        let at = |byte: usize| (self.bytes.start + byte).min(self.bytes.end);
        Self { file: self.file.clone(), bytes: at(bytes.start)..at(bytes.end) }
    }

    fn whole(&self) -> Place {
        self.clone()
    }
}

/// A quoted or block scalar: YAML took quotes, escapes, indents and folded line ends out of it.
#[derive(Debug, Clone)]
pub struct Origin {
    place: Place,
    /// For the start of each character of the text its byte in the file, and one more for the end.
    starts: Vec<(usize, usize)>,
}

impl Origin {
    /// Aligns the `text` that YAML gave with the `raw` slice of the file at `place` that it was written as.
    pub fn align(place: &Place, raw: &str, text: &str) -> Self {
        let mut starts = Vec::with_capacity(text.len() + 1);
        let mut at = header(raw);
        for (byte, letter) in text.char_indices() {
            at = find(raw, at, letter);
            starts.push((byte, place.bytes.start + at));
            at += width(raw, at);
        }
        starts.push((text.len(), place.bytes.start + at));
        Self { place: place.clone(), starts }
    }

    fn byte(&self, byte: usize) -> usize {
        let found = self.starts.partition_point(|(text, _)| *text <= byte);
        let (_, file) = self.starts.get(found.saturating_sub(1)).copied().unwrap_or_default();
        file.clamp(self.place.bytes.start, self.place.bytes.end)
    }
}

impl Locate for Origin {
    fn locate(&self, bytes: Range<usize>) -> Place {
        let start = self.byte(bytes.start);
        Place { file: self.place.file.clone(), bytes: start..self.byte(bytes.end).max(start) }
    }

    fn whole(&self) -> Place {
        self.place.clone()
    }
}

/// Bytes before the text: an opening quote, or the first line of a block scalar.
fn header(raw: &str) -> usize {
    match raw.as_bytes().first() {
        Some(b'\'' | b'"') => 1,
        Some(b'|' | b'>') => raw.find('\n').map_or(raw.len(), |end| end + 1),
        _ => 0,
    }
}

/// The byte of `raw` at or after `from` that `letter` was written as; `from` itself where none is near.
fn find(raw: &str, from: usize, letter: char) -> usize {
    let Some(rest) = raw.get(from..) else { return raw.len() };
    for (byte, written) in rest.char_indices() {
        let same = written == letter || (letter == ' ' && written == '\n') || written == '\\';
        if same {
            return from + byte;
        }
        // Only blanks and line ends are dropped between two characters of a text.
        if !written.is_whitespace() {
            return from;
        }
    }
    from
}

/// How many bytes of `raw` the character at `at` takes, an escape or a doubled quote as one.
fn width(raw: &str, at: usize) -> usize {
    let Some(rest) = raw.get(at..) else { return 0 };
    let double_quoted = raw.starts_with('"');
    let mut letters = rest.chars();
    match (letters.next(), letters.next()) {
        (Some('\\'), Some(kind)) if double_quoted => match kind {
            'x' => 4,
            'u' => 6,
            'U' => 10,
            other => 1 + other.len_utf8(),
        },
        (Some('\''), Some('\'')) if raw.starts_with('\'') => 2,
        (Some(letter), _) => letter.len_utf8(),
        (None, _) => 0,
    }
}

/// Collects diagnostics of one scalar.
pub(crate) struct Findings<'a> {
    at: &'a dyn Locate,
    pub(crate) found: Vec<Diagnostic>,
}

impl<'a> Findings<'a> {
    pub(crate) fn new(at: &'a dyn Locate) -> Self {
        Self { at, found: Vec::new() }
    }

    pub(crate) fn add(&mut self, code: Code, bytes: &Range<usize>, args: Vec<(&'static str, String)>) {
        let place = self.at.locate(bytes.clone());
        self.found.push(Diagnostic { place, code, args, related: Vec::new() });
    }

    pub(crate) fn add_related(
        &mut self,
        code: Code,
        bytes: &Range<usize>,
        args: Vec<(&'static str, String)>,
        related: Option<Place>,
    ) {
        self.add(code, bytes, args);
        if let Some(last) = self.found.last_mut() {
            last.related.extend(related);
        }
    }
}

/// A part of a scalar that begins `by` bytes after its start: an expression inside a text.
pub(crate) struct Shifted<'a> {
    pub(crate) at: &'a dyn Locate,
    pub(crate) by: usize,
}

impl Locate for Shifted<'_> {
    fn locate(&self, bytes: Range<usize>) -> Place {
        self.at.locate(bytes.start + self.by..bytes.end + self.by)
    }

    fn whole(&self) -> Place {
        self.at.whole()
    }
}
