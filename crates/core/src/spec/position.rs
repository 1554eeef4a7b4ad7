//! Lines and columns of places, and the JSON form of a finding.

use serde::Serialize;

use super::{
    diagnostic::{Diagnostic, Level, Place},
    partner::PartnerFiles,
};

/// A line and a column, both from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl Position {
    /// The position of a byte in `text`; a byte beyond the end is the end, one inside a character is that character.
    pub fn of(text: &str, byte: usize) -> Self {
        let byte = text.floor_char_boundary(byte.min(text.len()));
        let before = &text[..byte];
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        // A byte order mark takes no column.
        let column = before[start..].chars().filter(|c| *c != '\u{feff}').count() + 1;
        Self { line, column }
    }
}

/// A place with its lines, for people and editors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The file.
    pub file: String,
    /// Where it begins.
    pub start: Position,
    /// Where it ends.
    pub end: Position,
    /// The line it begins in, without its line end; empty when the file is not text.
    pub line: String,
}

impl Located {
    /// Finds a place in the partner's files.
    pub fn of(place: &Place, files: &PartnerFiles) -> Self {
        let bytes = files.get(&*place.file).map_or(&[][..], Vec::as_slice);
        let text = String::from_utf8_lossy(bytes);
        let (start, end) = (Position::of(&text, place.bytes.start), Position::of(&text, place.bytes.end));
        let line = text.lines().nth(start.line - 1).unwrap_or_default().trim_end_matches('\r');
        Self { file: place.file.to_string(), start, end, line: line.chars().take(LINE_CHARS_MAX).collect() }
    }
}

/// Longest source line that is shown, in characters.
const LINE_CHARS_MAX: usize = 500;

/// A finding as `voronka check --json` prints it; the words come from the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DiagnosticJson {
    /// The file.
    pub file: String,
    /// First line, from 1.
    pub line: usize,
    /// First column in characters, from 1.
    pub column: usize,
    /// Last line.
    pub end_line: usize,
    /// Column behind the last character.
    pub end_column: usize,
    /// The code.
    pub code: &'static str,
    /// `error` or `warning`.
    pub level: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Other places that explain it.
    pub related: Vec<RelatedJson>,
    /// Of a test that failed: what was said and done until then.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transcript: Vec<String>,
}

/// A place that explains a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RelatedJson {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is there.
    pub message: String,
}

impl DiagnosticJson {
    /// A finding with its words; `related` is said of every related place.
    pub fn new(found: &Diagnostic, files: &PartnerFiles, message: String, hint: Option<String>, related: &str) -> Self {
        let at = Located::of(&found.place, files);
        let related = found.related.iter().map(|place| {
            let at = Located::of(place, files);
            RelatedJson { file: at.file, line: at.start.line, column: at.start.column, message: related.to_owned() }
        });
        Self {
            related: related.collect(),
            file: at.file,
            line: at.start.line,
            column: at.start.column,
            end_line: at.end.line,
            end_column: at.end.column,
            code: found.code.as_str(),
            level: match found.code.level() {
                Level::Error => "error",
                Level::Warning => "warning",
            },
            message,
            hint,
            transcript: found.transcript(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_from_one() {
        let text = "имя: Корица\nцена: 5";
        assert_eq!(Position::of(text, 0), Position { line: 1, column: 1 });
        assert_eq!(Position::of(text, text.find("Корица").unwrap()), Position { line: 1, column: 6 });
        assert_eq!(Position::of(text, text.find('5').unwrap()), Position { line: 2, column: 7 });
        assert_eq!(Position::of(text, 10_000), Position { line: 2, column: 8 });
        assert_eq!(Position::of("\u{feff}a", 3), Position { line: 1, column: 1 });
    }
}
