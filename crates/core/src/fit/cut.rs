//! Cutting texts where it hurts least: between paragraphs, sentences, words, and only then between letters; never inside
//! what readers see as one letter (an emoji of several, a letter with its accent) while one letter fits at all.

use unicode_segmentation::UnicodeSegmentation;

use crate::{capabilities::TextUnit, spec::rich::Rich};

/// A text's length as the channel counts it.
pub(super) fn length(text: &str, unit: TextUnit) -> usize {
    match unit {
        TextUnit::Chars => text.chars().count(),
        TextUnit::Utf16 => text.encode_utf16().count(),
        TextUnit::Bytes => text.len(),
    }
}

/// The text in pieces of at most `max` units, white space at the cuts left out; no piece is blank.
pub(super) fn pieces(text: Rich, max: usize, unit: TextUnit) -> Vec<Rich> {
    if text.is_blank() {
        return Vec::new();
    }
    if length(&text.text, unit) <= max {
        return vec![text];
    }
    let whole = text.text.trim_end().len();
    let mut pieces = Vec::new();
    let mut start = 0;
    while start < whole {
        start += text.text[start..].len() - text.text[start..].trim_start().len();
        let rest = &text.text[start..whole];
        if rest.is_empty() {
            break;
        }
        let end = start + cut(rest, max, unit);
        let piece = text.slice(start..start + text.text[start..end].trim_end().len());
        if !piece.is_blank() {
            pieces.push(piece);
        }
        start = end;
    }
    pieces
}

/// Where to cut a text: bytes of its longest good beginning that fits; more than 0.
fn cut(text: &str, max: usize, unit: TextUnit) -> usize {
    let fits = fitting(text, max, unit);
    if fits >= text.len() {
        return text.len();
    }
    // A cut very early would leave a stub: the next worse place is better then.
    let least = fits / 4;
    let window = &text[..fits];
    let paragraph = window.rfind("\n\n").filter(|at| *at > least);
    let line = || window.rfind('\n').filter(|at| *at > least);
    let sentence = || sentence_end(text, fits).filter(|at| *at > least);
    let word = || {
        let next = text[fits..].starts_with(char::is_whitespace);
        if next { Some(fits) } else { window.rfind(char::is_whitespace).filter(|at| *at > 0) }
    };
    paragraph.or_else(line).or_else(sentence).or_else(word).unwrap_or(fits)
}

/// The end of the last sentence that ends in the first `fits` bytes.
fn sentence_end(text: &str, fits: usize) -> Option<usize> {
    let mut best = None;
    let mut before = ' ';
    for (at, c) in text[..fits].char_indices() {
        let end = at + c.len_utf8();
        let closes = matches!(c, '.' | '!' | '?' | '…')
            || matches!(c, '»' | '"' | ')') && matches!(before, '.' | '!' | '?' | '…');
        // «г. Москва», «1. Торт»: too short a word to end a sentence.
        let word = text[..at].rsplit(char::is_whitespace).next().unwrap_or_default();
        let short = c == '.' && word.chars().count() < 3;
        if closes && !short && text[end..].starts_with(char::is_whitespace) {
            best = Some(end);
        }
        before = c;
    }
    best
}

/// Bytes of the longest beginning of whole letters that fits; at least one character.
fn fitting(text: &str, max: usize, unit: TextUnit) -> usize {
    let mut used = 0;
    let mut end = 0;
    for grapheme in text.graphemes(true) {
        used += length(grapheme, unit);
        if used > max {
            break;
        }
        end += grapheme.len();
    }
    if end > 0 {
        return end;
    }
    // One letter is longer than a message: a family emoji where ten bytes fit. Characters then.
    let mut used = 0;
    for c in text.chars() {
        used += length(c.encode_utf8(&mut [0; 4]), unit);
        if used > max && end > 0 {
            break;
        }
        end += c.len_utf8();
        if used > max {
            break;
        }
    }
    end
}

/// A label of at most `max` characters; a longer one ends in «…».
pub(super) fn shortened(label: &str, max: usize) -> String {
    if label.chars().count() <= max {
        return label.to_owned();
    }
    let kept = fitting(label, max.saturating_sub(1), TextUnit::Chars);
    let kept = label[..kept].trim_end();
    if max < 2 || kept.chars().count() >= max { label.chars().take(max).collect() } else { format!("{kept}…") }
}
