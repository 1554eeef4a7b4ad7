//! Text with light markup: what a message says, before a channel translates it.

mod inline;
mod markdown;
#[cfg(test)]
mod tests;

use std::ops::Range;

use serde::{Deserialize, Serialize};

pub(super) use self::inline::is_placeholder;

/// How a part of a text looks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Style {
    /// Bold.
    Bold,
    /// Italic.
    Italic,
    /// A link to this address.
    Link(String),
}

/// A styled part of a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Span {
    /// Bytes of the text; they begin and end at characters.
    pub bytes: Range<usize>,
    /// How it looks.
    pub style: Style,
}

/// A text and its styled parts, which may nest.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Rich {
    /// The text without any markup signs.
    pub text: String,
    /// Styled parts, in the order they begin.
    pub spans: Vec<Span>,
}

/// As it is stored: a bare string, or the text with `[start, end, style]` triples.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    Plain(String),
    Marked { t: String, s: Vec<(usize, usize, String)> },
}

impl From<Rich> for Stored {
    fn from(rich: Rich) -> Self {
        if rich.spans.is_empty() {
            return Self::Plain(rich.text);
        }
        let short = |style: Style| match style {
            Style::Bold => "b".to_owned(),
            Style::Italic => "i".to_owned(),
            Style::Link(url) => format!("l{url}"),
        };
        let s = rich.spans.into_iter().map(|span| (span.bytes.start, span.bytes.end, short(span.style))).collect();
        Self::Marked { t: rich.text, s }
    }
}

impl From<Stored> for Rich {
    fn from(stored: Stored) -> Self {
        let (text, triples) = match stored {
            Stored::Plain(text) => return Self::plain(text),
            Stored::Marked { t, s } => (t, s),
        };
        let spans = triples.into_iter().filter_map(|(start, end, style)| {
            let style = match style.as_str() {
                "b" => Style::Bold,
                "i" => Style::Italic,
                link => Style::Link(link.strip_prefix('l')?.to_owned()),
            };
            text.get(start..end).map(|_| Span { bytes: start..end, style })
        });
        Self { spans: spans.collect(), text }
    }
}

impl Rich {
    /// Text without styles; signs in it mean themselves.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), spans: Vec::new() }
    }

    /// Parses a partner's light markup: `*bold*`, `_italic_`, `[text](address)`, `- item`. Signs inside words and signs
    /// without a partner on their line mean themselves.
    pub fn from_markup(text: &str) -> Self {
        inline::light(text)
    }

    /// Reads a model's Markdown as well as it can be read: what cannot be shown is dropped, nothing fails.
    pub fn from_markdown(text: &str) -> Self {
        markdown::read(text)
    }

    /// Whether there is nothing to show.
    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Adds text whose signs mean themselves.
    pub fn push_plain(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds a text with its styles.
    pub fn push_rich(&mut self, other: &Self) {
        let offset = self.text.len();
        self.text.push_str(&other.text);
        self.spans.extend(
            other.spans.iter().map(|span| Span {
                bytes: span.bytes.start + offset..span.bytes.end + offset,
                style: span.style.clone(),
            }),
        );
    }

    /// The part of the text at `bytes` with its styles; bytes inside a character are moved to its start.
    #[must_use]
    pub fn slice(&self, bytes: Range<usize>) -> Self {
        let start = self.text.floor_char_boundary(bytes.start);
        let end = self.text.floor_char_boundary(bytes.end).max(start);
        let spans = self.spans.iter().filter_map(|span| {
            let (from, to) = (span.bytes.start.max(start), span.bytes.end.min(end));
            (from < to).then(|| Span { bytes: from - start..to - start, style: span.style.clone() })
        });
        Self { text: self.text[start..end].to_owned(), spans: spans.collect() }
    }

    /// Begins a styled part at the end of the text; [`Rich::close`] ends it.
    fn open(&mut self, style: Style) -> usize {
        let at = self.text.len();
        self.spans.push(Span { bytes: at..at, style });
        self.spans.len() - 1
    }

    fn close(&mut self, span: usize) {
        let end = self.text.len();
        if let Some(span) = self.spans.get_mut(span) {
            span.bytes.end = end;
        }
    }
}

/// Whether a link may be shown: an address a messenger opens, and nothing that runs.
pub(crate) fn is_address(url: &str) -> bool {
    let scheme = url.split_once(':').map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest));
    let known = scheme.is_some_and(|(scheme, rest)| match scheme.as_str() {
        "http" | "https" | "tg" => rest.len() > 2 && rest.starts_with("//"),
        "mailto" | "tel" => !rest.is_empty(),
        _ => false,
    });
    known && !url.chars().any(|c| c.is_whitespace() || c.is_control())
}
