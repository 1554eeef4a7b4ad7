//! Lines of the files that findings are in. A file's lines are found once: a catalogue may have a finding in every row.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use voronka_core::spec::{
    diagnostic::{Diagnostic, Place},
    partner::PartnerFiles,
    position::Position,
};

/// The files that findings name.
pub(super) struct Sources<'a>(BTreeMap<Arc<str>, Source<'a>>);

struct Source<'a> {
    text: Cow<'a, str>,
    /// Where each line begins.
    starts: Vec<usize>,
}

impl<'a> Sources<'a> {
    pub(super) fn of(found: &[Diagnostic], files: &'a PartnerFiles) -> Self {
        let mut sources = BTreeMap::new();
        let places = found.iter().flat_map(|found| found.related.iter().chain([&found.place]));
        for Place { file, .. } in places {
            if !sources.contains_key(file) {
                let bytes = files.get(file).map_or(&[][..], Vec::as_slice);
                sources.insert(Arc::clone(file), Source::new(String::from_utf8_lossy(bytes)));
            }
        }
        Self(sources)
    }

    /// Where a byte is; as [`Position::of`] says it.
    pub(super) fn position(&self, file: &str, byte: usize) -> Position {
        self.0.get(file).map_or(Position { line: 1, column: 1 }, |source| source.position(byte))
    }

    /// A line without its end; lines count from 1.
    pub(super) fn line(&self, file: &str, line: usize) -> &str {
        self.0.get(file).and_then(|source| source.line(line)).unwrap_or_default()
    }
}

impl<'a> Source<'a> {
    fn new(text: Cow<'a, str>) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    fn position(&self, byte: usize) -> Position {
        let byte = self.text.floor_char_boundary(byte.min(self.text.len()));
        let line = self.starts.partition_point(|start| *start <= byte);
        let start = self.starts.get(line - 1).copied().unwrap_or_default();
        // A byte order mark takes no column.
        let before = self.text[start..byte].chars().filter(|c| *c != '\u{feff}');
        Position { line, column: before.count() + 1 }
    }

    fn line(&self, line: usize) -> Option<&str> {
        let start = *self.starts.get(line.checked_sub(1)?)?;
        let end = self.starts.get(line).map_or(self.text.len(), |next| next - 1);
        Some(self.text[start..end].trim_start_matches('\u{feff}').trim_end_matches('\r'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_those_of_the_core() {
        for text in ["", "имя: Корица\nцена: 5\n", "\u{feff}a\r\nб\r\n\nв", "\n\n"] {
            let source = Source::new(text.into());
            for byte in 0..text.len() + 2 {
                assert_eq!(source.position(byte), Position::of(text, byte), "{text:?} {byte}");
            }
        }
        let source = Source::new("\u{feff}раз\r\nдва\n".into());
        let lines: Vec<_> = (0..5).map(|line| source.line(line)).collect();
        assert_eq!(lines, [None, Some("раз"), Some("два"), Some(""), None]);
    }
}
