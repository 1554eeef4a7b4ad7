//! What each target does with its bytes, and what must hold for whatever they are.
//!
//! That nothing panics is the least; a target also asserts what its parser promises. What fell is a test of the parser's crate.

mod partner;
mod telegram;
mod web;

use std::{ops::Range, sync::Arc};

use jiff::civil::{self, date};
use voronka_core::{
    lang::Lang,
    money::Currency,
    spec::{
        diagnostic::{Diagnostic, Place},
        expr::{Env, Expr, Fact, Known, Path, Scope},
        rich::Rich,
        template::Template,
        tree::{self, SourceFile},
        value::{Period, Type, Value},
    },
};
use voronka_resilience::Sse;

pub use partner::{csv, flow};
pub use telegram::telegram;
pub use web::web;

/// Findings point into the file, at borders of characters: else they could not be shown.
fn lie_within(found: &[Diagnostic], text: &str) {
    for one in found {
        let Range { start, end } = one.place.bytes;
        assert!(start <= end && text.get(start..end).is_some(), "{one:?} lies outside");
    }
}

/// A partner's YAML, as a tree with positions.
pub fn yaml(bytes: &[u8]) {
    let Ok(file) = SourceFile::read(&"flows/a.yaml".into(), bytes) else { return };
    let (root, found) = tree::parse(&file);
    lie_within(&found, &file.text);
    assert!(root.is_some() || !found.is_empty(), "a file without a tree says why");
}

fn env() -> Env {
    let mut env = Env::new(Currency::RUB);
    env.set("порции", Known::sure(Type::Number));
    env.set("сумма", Known::maybe(Type::Money));
    env.set("кто", Known::maybe(Type::Text));
    env.set("когда", Known::sure(Type::Date));
    env
}

/// Values as a customer could make them.
struct Hostile;

impl Scope for Hostile {
    fn value(&self, path: &Path) -> Value {
        match path.as_str() {
            "порции" => Value::Number("79228162514264337593543950335".parse().expect("the largest decimal")),
            "когда" => Value::Date(date(9999, 12, 31)),
            "кто" => Value::Text("{сумма} **a** [b](javascript:c) \u{e000}\u{e001}\u{202e}`|".to_owned()),
            _ => Value::Empty,
        }
    }

    fn count(&self, _: &Fact, _: Option<Period>) -> u32 {
        u32::MAX
    }

    fn since(&self, _: &Fact) -> Option<Period> {
        None
    }

    fn now(&self) -> civil::DateTime {
        date(9999, 12, 31).at(23, 59, 59, 0)
    }
}

fn place(text: &str) -> Place {
    Place::new(&Arc::from("a.yaml"), 0..text.len())
}

/// An expression: checked, and evaluated with values at the ends of their ranges.
pub fn expression(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Expr::parse(text, &place(text), &env()) {
        Ok(expr) => {
            let _value = expr.eval(&Hostile);
        }
        Err(found) => {
            assert!(!found.is_empty(), "a refusal says why");
            lie_within(&found, text);
        }
    }
    if let Ok((condition, found)) = Expr::condition(text, &place(text), &env()) {
        lie_within(&found, text);
        let _holds = condition.is_true(&Hostile);
    }
}

/// Marks lie within the text they mark.
fn is_sound(rich: &Rich) {
    for span in &rich.spans {
        assert!(rich.text.get(span.bytes.clone()).is_some(), "{rich:?}");
    }
}

/// A template, filled with values that look like templates.
pub fn template(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for lang in [Lang::Ru, Lang::En] {
        match Template::parse(text, &place(text), &env(), lang) {
            Ok((template, found)) => {
                lie_within(&found, text);
                is_sound(&template.render(&Hostile, lang, date(2026, 11, 21)));
            }
            Err(found) => {
                assert!(!found.is_empty(), "a refusal says why");
                lie_within(&found, text);
            }
        }
    }
    is_sound(&Rich::from_markdown(text));
    is_sound(&Rich::from_markup(text));
}

/// Server-sent events: the same however they were cut.
pub fn sse(bytes: &[u8]) {
    let Some((&size, stream)) = bytes.split_first() else { return };
    let events = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let (mut sse, mut events) = (Sse::default(), Vec::new());
        let mut take = |sse: &mut Sse| {
            while let Some(event) = sse.next_event() {
                events.push((event.name.to_vec(), event.data.into_owned()));
            }
        };
        for piece in pieces {
            if sse.push(piece).is_err() {
                return None;
            }
            take(&mut sse);
        }
        sse.end();
        take(&mut sse);
        Some(events)
    };
    let whole = events(&mut std::iter::once(stream));
    let cut = events(&mut stream.chunks(usize::from(size % 16) + 1));
    assert_eq!(whole, cut, "how TCP cuts a stream changes nothing");
}
