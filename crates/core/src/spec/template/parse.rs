//! A text's source to its skeleton and the places for values.

use std::ops::Range;

use super::{
    Code, Diagnostic, Env, Expr, FIRST, Findings, HOLES_MAX, Hole, Lang, Locate, Print, is_placeholder, prices, values,
};
use crate::{
    lang::print::Form,
    spec::{
        expr::{Shifted, type_name},
        value::Type,
    },
};

/// What a source was read as.
pub(super) struct Parsed {
    pub(super) skeleton: String,
    pub(super) holes: Vec<Hole>,
    pub(super) found: Vec<Diagnostic>,
}

/// Reads the whole of `source`; mistakes are collected, not returned at the first.
pub(super) fn read(source: &str, at: &dyn Locate, env: &Env, lang: Lang) -> Parsed {
    let mut reader =
        Reader { source, at, env, lang, findings: Findings::new(at), skeleton: String::new(), holes: Vec::new() };
    let mut byte = 0;
    while let Some(letter) = source[byte..].chars().next() {
        byte = reader.step(byte, letter);
    }
    for (price, bytes) in prices::written(source, env) {
        if env.is_strange_price(price) {
            reader.findings.add(Code::T406, &bytes, vec![("value", source[bytes.clone()].to_owned())]);
        }
    }
    Parsed { skeleton: reader.skeleton, holes: reader.holes, found: reader.findings.found }
}

struct Reader<'a> {
    source: &'a str,
    at: &'a dyn Locate,
    env: &'a Env,
    lang: Lang,
    findings: Findings<'a>,
    skeleton: String,
    holes: Vec<Hole>,
}

/// What follows the expression in `{…}`.
enum Tail {
    Nothing,
    Default(Range<usize>),
    Forms(Range<usize>),
}

impl Reader<'_> {
    /// Reads what stands at `byte` and says where to go on.
    fn step(&mut self, byte: usize, letter: char) -> usize {
        let rest = &self.source[byte..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            self.skeleton.push(letter);
            return byte + 2;
        }
        match letter {
            '{' => self.hole(byte),
            '}' => {
                let args = vec![("token", "}".to_owned()), ("want", "}}".to_owned())];
                self.findings.add(Code::X311, &(byte..byte + 1), args);
                byte + 1
            }
            // A placeholder can only come from us.
            letter if is_placeholder(letter) => byte + letter.len_utf8(),
            letter => {
                self.skeleton.push(letter);
                byte + letter.len_utf8()
            }
        }
    }

    fn hole(&mut self, start: usize) -> usize {
        let Some((expr, tail, end)) = split(self.source, start + 1) else {
            self.findings.add(Code::T407, &(start..start + 1), Vec::new());
            return start + 1;
        };
        if self.holes.len() >= HOLES_MAX {
            let args = vec![("token", "{".to_owned()), ("want", format!("≤ {HOLES_MAX}"))];
            self.findings.add(Code::X311, &(start..end), args);
            return self.source.len();
        }
        if let Some(hole) = self.checked(&expr, &tail) {
            let placeholder = u32::try_from(self.holes.len()).ok().and_then(|at| char::from_u32(FIRST + at));
            self.skeleton.extend(placeholder);
            self.holes.push(hole);
        }
        end
    }

    /// The hole of the expression at `bytes`; `None` when its mistakes were reported.
    fn checked(&mut self, bytes: &Range<usize>, tail: &Tail) -> Option<Hole> {
        let bytes = trimmed(self.source, bytes);
        let inner = &self.source[bytes.clone()];
        if inner.is_empty() {
            let args = vec![("token", "}".to_owned()), ("want", "value".to_owned())];
            self.findings.add(Code::X311, &(bytes.end..bytes.end + 1), args);
            return None;
        }
        let shifted = Shifted { at: self.at, by: bytes.start };
        let (expr, empty) = match Expr::in_text(inner, &shifted, self.env) {
            Ok(checked) => checked,
            Err(found) => {
                self.findings.found.extend(found);
                return None;
            }
        };
        if !matches!(tail, Tail::Default(_)) {
            for (path, at) in empty {
                let why = self.env.why_empty(path.as_str()).unwrap_or_default().to_owned();
                let args = vec![("name", path.to_string()), ("path", why)];
                self.findings.add(Code::T401, &(at.start + bytes.start..at.end + bytes.start), args);
            }
        }
        let print = match tail {
            Tail::Nothing => Print::Value { default: String::new() },
            Tail::Default(default) => Print::Value { default: self.source[default.clone()].trim().to_owned() },
            Tail::Forms(forms) => self.forms(&expr, &bytes, forms)?,
        };
        let longest = values::longest(&expr, &print, self.env, self.lang);
        Some(Hole { expr, print, longest })
    }

    fn forms(&mut self, expr: &Expr, at: &Range<usize>, forms: &Range<usize>) -> Option<Print> {
        if *expr.ty() != Type::Number {
            let args = vec![("a", type_name(expr.ty()).to_owned()), ("b", type_name(&Type::Number).to_owned())];
            self.findings.add(Code::X303, at, args);
            return None;
        }
        let words: Vec<String> = self.source[forms.clone()].split('|').map(|form| form.trim().to_owned()).collect();
        let want = Form::count(self.lang);
        let filled = words.iter().filter(|form| !form.is_empty()).count();
        if words.len() != want || filled != want {
            let lang = self.lang.code().to_owned();
            let args = vec![("n", filled.to_string()), ("want", want.to_string()), ("lang", lang)];
            self.findings.add(Code::T403, &trimmed(self.source, forms), args);
            return None;
        }
        Some(Print::Counted(words))
    }
}

/// The same bytes without blanks at either end.
fn trimmed(source: &str, bytes: &Range<usize>) -> Range<usize> {
    let text = &source[bytes.clone()];
    let start = bytes.start + (text.len() - text.trim_start().len());
    start..start.max(bytes.start + text.trim_end().len())
}

/// The parts of a hole whose inside begins at `start`, and where the text goes on; `None` when it is not closed.
fn split(source: &str, start: usize) -> Option<(Range<usize>, Tail, usize)> {
    let mut quote = None;
    let mut previous = ' ';
    for (at, letter) in source[start..].char_indices() {
        let at = start + at;
        match (quote, letter) {
            (Some(close), _) if letter == close => quote = None,
            (None, '«') => quote = Some('»'),
            (None, '\'') => quote = Some('\''),
            (None, '{') => return None,
            (None, '}') => return Some((start..at, Tail::Nothing, at + 1)),
            (None, '|') => {
                let (tail, end) = closed(source, at + 1)?;
                return Some((start..at, Tail::Default(tail), end));
            }
            // `18:30` is a time.
            (None, ':')
                if !(previous.is_ascii_digit() && source[at + 1..].starts_with(|c: char| c.is_ascii_digit())) =>
            {
                let (tail, end) = closed(source, at + 1)?;
                return Some((start..at, Tail::Forms(tail), end));
            }
            (Some(_) | None, _) => {}
        }
        previous = letter;
    }
    // A quote that is never closed is the expression's mistake, a missing brace the text's.
    let (inside, end) = closed(source, start)?;
    Some((inside, Tail::Nothing, end))
}

/// The bytes from `start` to the next `}`; `None` when another `{` or the end comes first.
fn closed(source: &str, start: usize) -> Option<(Range<usize>, usize)> {
    let end = start + source[start..].find(['{', '}'])?;
    source[end..].starts_with('}').then_some((start..end, end + 1))
}
