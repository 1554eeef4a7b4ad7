//! A finding as people read it: place, code and sentence, then the line with carets and the hint.

use std::{borrow::Cow, fmt::Write as _};

use unicode_width::UnicodeWidthChar;
use voronka_core::spec::position::DiagnosticJson;

use crate::texts::Texts;

/// Whether to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Letters alone.
    Plain,
    /// With the terminal's colours.
    Coloured,
}

impl Look {
    /// Colour for a terminal that shows it and a person who wants it (no-color.org).
    pub(crate) fn of_stdout() -> Self {
        use std::io::IsTerminal;
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        if std::io::stdout().is_terminal() && !unwanted && !dumb { Self::Coloured } else { Self::Plain }
    }

    fn paint(self, style: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Coloured => format!("\x1b[{style}m{text}\x1b[0m"),
        }
    }
}

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "1;31";
const YELLOW: &str = "1;33";
const CYAN: &str = "36";

/// Columns of a line that are shown; a longer one is cut around the carets.
const COLUMNS_MAX: usize = 110;
/// Columns kept before the carets when a line is cut.
const BEFORE_MAX: usize = 40;
/// A tab's stop.
const TAB: usize = 4;

/// Words a finding whose first line is `line`.
pub(super) fn finding(found: &DiagnosticJson, line: &str, look: Look, texts: &Texts) -> String {
    let (colour, message) = match found.level {
        "warning" => (YELLOW, texts.get("check-warning", &[("text", Cow::from(found.message.as_str()))])),
        _ => (RED, found.message.clone()),
    };
    let place = format!("{}:{}:{}", shown(&found.file), found.line, found.column);
    let mut text = format!("{} {} {}", look.paint(BOLD, &place), look.paint(colour, found.code), shown(&message));
    let hint = found.hint.as_deref().map(|hint| {
        let hint = texts.get("hint", &[("text", Cow::from(shown(hint)))]);
        look.paint(CYAN, &hint)
    });
    // A finding about a file as a whole stands at its very beginning and points at nothing.
    let whole = (found.line, found.column, found.end_line, found.end_column) == (1, 1, 1, 1);
    let digits = found.line.to_string().len().max(4);
    let gutter = look.paint(DIM, &format!("{:digits$} |", ""));
    if whole {
        // Writing to a string does not fail.
        let _ = hint.map(|hint| write!(text, "\n{gutter} {hint}"));
    } else {
        let last = if found.end_line > found.line { usize::MAX } else { found.end_column };
        let excerpt = Excerpt::new(line, found.column, last);
        let number = look.paint(DIM, &format!("{:>digits$} |", found.line));
        let carets = look.paint(colour, &"^".repeat(excerpt.carets));
        let pad = " ".repeat(excerpt.before);
        let _ = write!(text, "\n{number} {}\n{gutter} {pad}{carets}", excerpt.text);
        let _ = hint.map(|hint| write!(text, " {hint}"));
    }
    for said in &found.transcript {
        let _ = write!(text, "\n{gutter} {}", shown(said));
    }
    // The hint of an unknown name has told its line already.
    let told = |file: &str| found.code == "X301" && file == found.file;
    for other in found.related.iter().filter(|other| !told(&other.file)) {
        let place = format!("{}:{}:{}", shown(&other.file), other.line, other.column);
        let _ = write!(text, "\n{gutter} {} {}", look.paint(BOLD, &place), shown(&other.message));
    }
    text
}

/// What of a line is shown, and where its carets stand.
#[derive(Debug, PartialEq, Eq)]
struct Excerpt {
    text: String,
    before: usize,
    carets: usize,
}

impl Excerpt {
    /// Of a line, from a column to the one behind the last; columns count characters from 1.
    fn new(line: &str, first: usize, last: usize) -> Self {
        // Each character with the screen column it begins at.
        let mut cells: Vec<(usize, Cow<'_, str>)> = Vec::new();
        let mut width = 0;
        for letter in line.trim_end().chars() {
            let (cell, wide): (Cow<'_, str>, usize) = match letter {
                '\t' => (" ".repeat(TAB - width % TAB).into(), TAB - width % TAB),
                letter if is_control(letter) => ("·".into(), 1),
                letter => (letter.to_string().into(), letter.width().unwrap_or(0)),
            };
            cells.push((width, cell));
            width += wide;
        }
        let at = |column: usize| cells.get(column - 1).map_or(width, |(at, _)| *at);
        let (begin, end) = (at(first), at(last.max(first)));
        let from = if width > COLUMNS_MAX { begin.saturating_sub(BEFORE_MAX) } else { 0 };
        let to = from + COLUMNS_MAX;
        let kept = cells.iter().filter(|(at, _)| (from..to).contains(at));
        let start = kept.clone().next().map_or(begin, |(at, _)| *at);
        let mut text: String = kept.map(|(_, cell)| cell.as_ref()).collect();
        let mut before = begin - start.min(begin);
        if start > 0 {
            text.insert(0, '…');
            before += 1;
        }
        if width > to {
            text.push('…');
        }
        Self { text, before, carets: (end.min(to) - begin.min(to)).max(1) }
    }
}

/// Signs that would move the cursor or turn the line around.
fn is_control(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A partner's words without signs that act on the terminal.
fn shown(text: &str) -> String {
    text.chars().map(|letter| if is_control(letter) { '·' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, columns: (usize, usize), expected: &str) {
        let excerpt = Excerpt::new(line, columns.0, columns.1);
        assert_eq!(format!("{}\n{}{}", excerpt.text, " ".repeat(excerpt.before), "^".repeat(excerpt.carets)), expected);
    }

    #[test]
    fn carets_stand_under_the_letters_they_mean() {
        check("    when: порцыи > 40", (11, 17), "    when: порцыи > 40\n          ^^^^^^");
        check("say: 寿司 и {x}", (11, 12), "say: 寿司 и {x}\n            ^");
        check("a:\tб", (4, 5), "a:  б\n    ^");
        check("\tid: x", (1, 2), "    id: x\n^^^^");
        check("e\u{301}: x", (5, 6), "e\u{301}: x\n   ^");
        check("say:", (5, 5), "say:\n    ^");
        check("a: \u{1b}[31mкрасный", (4, 5), "a: ·[31mкрасный\n   ^");
        check("say: весь текст", (6, usize::MAX), "say: весь текст\n     ^^^^^^^^^^");
    }

    #[test]
    fn a_long_line_is_cut_around_the_carets() {
        let line = format!("{}здесь{}", "а".repeat(300), "б".repeat(300));
        let excerpt = Excerpt::new(&line, 301, 306);
        assert_eq!((excerpt.before, excerpt.carets), (41, 5));
        assert!(excerpt.text.starts_with("…аа") && excerpt.text.ends_with("б…"));
        assert_eq!(excerpt.text.chars().count(), COLUMNS_MAX + 2);
        assert_eq!(Excerpt::new(&line, 1, 600).carets, COLUMNS_MAX);
    }
}
