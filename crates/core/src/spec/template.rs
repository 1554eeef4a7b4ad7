//! Texts with values in them: `{expr}`, `{expr | default}`, `{number: one|few|many}`, `{{`, `}}` and light markup.

mod localised;
mod parse;
mod prices;
#[cfg(test)]
mod tests;
mod values;

use jiff::civil;

pub use self::localised::Localised;
use super::{
    diagnostic::{Code, Diagnostic},
    expr::{Env, Expr, Findings, Locate, Scope},
    rich::{Rich, Span, Style, is_address, is_placeholder},
};
use crate::lang::Lang;

/// A checked text.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    source: String,
    /// The text without values; the place of the n-th value is the n-th character of the private use area.
    skeleton: Rich,
    holes: Vec<Hole>,
}

/// A place for a value.
#[derive(Debug, Clone, PartialEq)]
struct Hole {
    expr: Expr,
    print: Print,
    /// The most characters it prints as.
    longest: usize,
}

#[derive(Debug, Clone, PartialEq)]
enum Print {
    /// The value, or this when it is empty.
    Value { default: String },
    /// The number and the form of the word that it takes.
    Counted(Vec<String>),
}

/// The first placeholder.
const FIRST: u32 = 0xe000;
/// Most values in a text: the size of the private use area.
const HOLES_MAX: usize = 6400;

impl Template {
    /// Parses and checks `source` in the language `lang`, which lies `at` a place of a file; gives warnings as well.
    ///
    /// # Errors
    /// Every mistake found, with its place: T401, T403, T405, T407 and those of the expressions.
    pub fn parse(
        source: &str,
        at: &dyn Locate,
        env: &Env,
        lang: Lang,
    ) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        if source.trim().is_empty() {
            return Err(vec![Diagnostic {
                place: at.whole(),
                code: Code::T405,
                args: Vec::new(),
                related: Vec::new(),
            }]);
        }
        let parsed = parse::read(source, at, env, lang);
        let (errors, warnings): (Vec<_>, Vec<_>) =
            parsed.found.into_iter().partition(|found| found.code.level() == super::diagnostic::Level::Error);
        if !errors.is_empty() {
            return Err(errors);
        }
        let skeleton = Rich::from_markup(parsed.skeleton.trim());
        Ok((Self { source: source.to_owned(), skeleton, holes: parsed.holes }, warnings))
    }

    /// What was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The text with its values. Values are data: signs in them mean themselves.
    pub fn render(&self, scope: &dyn Scope, lang: Lang, today: civil::Date) -> Rich {
        let values: Vec<String> = self.holes.iter().map(|hole| values::print(hole, scope, lang, today)).collect();
        let mut rich = Rich::default();
        // After each value: its end in the skeleton, and in the text.
        let mut moved = vec![(0, 0)];
        for (at, letter) in self.skeleton.text.char_indices() {
            match hole_of(letter).and_then(|hole| values.get(hole)) {
                Some(value) => {
                    rich.push_plain(value);
                    moved.push((at + letter.len_utf8(), rich.text.len()));
                }
                None => rich.text.push(letter),
            }
        }
        let place = |byte: usize| {
            let last = moved.partition_point(|(skeleton, _)| *skeleton <= byte).saturating_sub(1);
            let (skeleton, text) = moved.get(last).copied().unwrap_or_default();
            text + (byte - skeleton)
        };
        rich.spans = (self.skeleton.spans.iter())
            .filter_map(|span| {
                let bytes = place(span.bytes.start)..place(span.bytes.end);
                let style = filled(&span.style, &values)?;
                (bytes.start < bytes.end).then_some(Span { bytes, style })
            })
            .collect();
        rich
    }

    /// The flow's own slots it reads, each once.
    pub fn slots_read(&self) -> Vec<&str> {
        let mut slots: Vec<&str> = Vec::new();
        for slot in self.holes.iter().flat_map(|hole| hole.expr.slots_read()) {
            if !slots.contains(&slot) {
                slots.push(slot);
            }
        }
        slots
    }

    /// The most characters it can print as: longest options, values cut at their limit.
    pub fn plain_len_max(&self) -> usize {
        let len = |letter| hole_of(letter).and_then(|hole| self.holes.get(hole)).map_or(1, |hole| hole.longest);
        self.skeleton.text.chars().map(len).sum()
    }
}

/// A style with the values of its address; `None` when that gives no address.
fn filled(style: &Style, values: &[String]) -> Option<Style> {
    let Style::Link(pattern) = style else { return Some(style.clone()) };
    let whole = pattern.chars().count() == 1;
    let mut url = String::with_capacity(pattern.len());
    for letter in pattern.chars() {
        match hole_of(letter).and_then(|hole| values.get(hole)) {
            Some(value) if whole || url.is_empty() => url.push_str(value.trim()),
            Some(value) => values::percent_encode(value, &mut url),
            None => url.push(letter),
        }
    }
    is_address(&url).then_some(Style::Link(url))
}

/// Which value a placeholder stands for.
fn hole_of(letter: char) -> Option<usize> {
    is_placeholder(letter).then(|| usize::try_from(u32::from(letter) - FIRST).ok()).flatten()
}
