//! How a value goes into a text.

use std::fmt::Write as _;

use jiff::civil;
use unicode_segmentation::UnicodeSegmentation;

use super::{Env, Expr, Hole, Lang, Print, Scope};
use crate::{
    lang::print::{self, counted},
    spec::value::{Type, Value},
};

/// Longest printed value, in characters.
const CHARS_MAX: usize = 200;

/// What a hole prints.
pub(super) fn print(hole: &Hole, scope: &dyn Scope, lang: Lang, today: civil::Date) -> String {
    let value = hole.expr.eval(scope);
    let label = |option: &str| {
        let label = hole.expr.as_name().and_then(|path| scope.label(path, option, lang));
        label.unwrap_or_else(|| option.to_owned())
    };
    let text = match (&hole.print, value) {
        (Print::Value { default }, value) if value.is_empty() => return default.clone(),
        (Print::Counted(forms), Value::Number(number)) => {
            let forms: Vec<&str> = forms.iter().map(String::as_str).collect();
            return counted(number, &forms, lang);
        }
        // The slot that an offer fills holds a product's id as well.
        (_, Value::Choice(option) | Value::Text(option)) => label(&option),
        (_, Value::List(items)) => {
            let labels: Vec<String> = items.iter().map(|item| label(item)).collect();
            print::list(&labels, lang)
        }
        (_, value) => print::value(&value, lang, today),
    };
    tame(&text)
}

/// A customer's words as data: one line, nothing invisible, not endless.
fn tame(text: &str) -> String {
    let visible = text.chars().filter_map(|letter| match letter {
        '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(' '),
        letter if letter.is_control() || is_invisible(letter) => None,
        letter => Some(letter),
    });
    let visible: String = visible.collect();
    // Cut between letters as people see them, not between a letter and its mark.
    let mut chars = 0;
    let whole = visible.graphemes(true).take_while(|grapheme| {
        chars += grapheme.chars().count();
        chars <= CHARS_MAX
    });
    whole.collect()
}

/// Characters that hide text, turn its direction or take no room.
fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffc}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e007f}')
}

/// Adds a value to an address: all but letters and digits of ASCII by their bytes.
pub(super) fn percent_encode(value: &str, url: &mut String) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(url, "%{byte:02X}");
        }
    }
}

/// The most characters a hole prints as.
pub(super) fn longest(expr: &Expr, print: &Print, env: &Env, lang: Lang) -> usize {
    let chars = |text: &String| text.chars().count();
    let known = expr.as_name().and_then(|path| env.get(path.as_str())).and_then(|known| known.longest);
    let value = known.unwrap_or_else(|| match expr.ty() {
        Type::Bool => 3,
        Type::Number => 15,
        Type::Money => 20,
        Type::Text => CHARS_MAX,
        Type::Choice(options) => options.iter().map(chars).max().unwrap_or(CHARS_MAX),
        Type::List(options) if options.is_empty() => CHARS_MAX,
        Type::List(options) => options.iter().map(|option| chars(option) + 3).sum(),
        Type::Date => match lang {
            Lang::Ru => "30 сентября 2027".chars().count(),
            Lang::En => "30 September 2027".len(),
        },
        Type::Time => 5,
        Type::DateTime => 30,
        Type::Period => 40,
    });
    let value = value.min(CHARS_MAX);
    match print {
        Print::Value { default } => value.max(chars(default)),
        Print::Counted(forms) => value + 1 + forms.iter().map(chars).max().unwrap_or_default(),
    }
}
