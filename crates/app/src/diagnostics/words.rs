//! A finding's words: its arguments that are words of ours are translated before they are put in.

use std::borrow::Cow;

use voronka_core::spec::diagnostic::{Code, Diagnostic};

use crate::texts::Texts;

/// What is said of a finding.
pub(super) struct Words {
    pub(super) message: String,
    pub(super) hint: Option<String>,
    /// Said of every related place.
    pub(super) related: String,
}

impl Words {
    /// The words; `near` is the line of a related place in the same file.
    pub(super) fn of(found: &Diagnostic, near: Option<usize>, texts: &Texts) -> Self {
        let code = found.code.as_str();
        let mut args: Vec<(&str, Cow<'_, str>)> =
            found.args.iter().map(|(name, value)| (*name, translated(found.code, name, value, texts))).collect();
        args.push(("at", near.unwrap_or_default().to_string().into()));
        let given = |name: &str| found.args.iter().any(|(known, value)| *known == name && !value.is_empty());
        let mut closer = HINTS.iter().filter(|(name, _)| given(name));
        let closer = closer.find_map(|(_, hint)| texts.attribute(code, hint, &args));
        // «может быть, «»?» helps nobody.
        let empty = found.args.iter().any(|(name, value)| ADVICE.contains(name) && value.is_empty());
        let usual = || texts.attribute(code, "hint", &args).filter(|_| !empty);
        let hint = closer.or_else(usual);
        let related = texts.attribute(code, "related", &args);
        Self {
            message: texts.get(code, &args),
            hint,
            related: related.unwrap_or_else(|| texts.get("check-related", &[])),
        }
    }
}

/// Arguments that some codes have a closer hint for.
const HINTS: [(&str, &str); 3] = [("near", "hint-near"), ("max", "hint-bounds"), ("list", "hint-list")];

/// Arguments that hints rest on.
const ADVICE: [&str; 3] = ["near", "options", "kinds"];

/// An argument in the reader's language, if it is a word of ours; a partner's own word stays as it is.
fn translated<'a>(code: Code, name: &str, value: &'a str, texts: &Texts) -> Cow<'a, str> {
    let family = match (code, name) {
        // Fluent chooses by it.
        (Code::T401, "path") if value.is_empty() => return "none".into(),
        (Code::Y199, "reason") => return rest(&REASONS, value, texts),
        (Code::X311, "want") if value.starts_with(AT_MOST.0) => return rest(&[AT_MOST], value, texts),
        (Code::X311, "want") => "token",
        (Code::X303, "a" | "b") => "compared",
        (Code::X308 | Code::S556, "type") => "type",
        (Code::F214, "type") => "kind",
        (Code::Y111, "want") => "node",
        (Code::Y111, "got") => "found",
        (Code::Y112, "what") => "thing",
        (Code::F206 | Code::S564, "missing") => "lack",
        (Code::F204, "why" | "advice") => name,
        (Code::T403 | Code::T404, "lang") => "lang",
        (Code::X309, "value") => "truth",
        (Code::K701, "column") => "column",
        (Code::L501 | Code::L502, "channel") => "channel-of",
        (Code::L503 | Code::S553, "channel") => "channel",
        (Code::Z801, "want" | "got") => "said",
        _ => return value.into(),
    };
    // Identifiers of Fluent have no spaces.
    texts.find(&format!("{family}-{}", value.replace(' ', "-"))).map_or(value.into(), Cow::from)
}

/// How «at most» begins where the core says it.
const AT_MOST: (&str, &str) = ("≤ ", "token-at-most");

/// How reasons begin that have words of their own; the rest of the parser's are said as the parser says them.
const REASONS: [(&str, &str); 27] = [
    ("no space after ", "reason-glued"),
    ("over ", "reason-size"),
    ("nested deeper than ", "reason-deep"),
    ("recursion limit exceeded", "reason-deep"),
    ("more than ", "reason-many"),
    ("unclosed quote", "reason-quote"),
    ("invalid trailing content after single-quoted", "reason-quote-rest"),
    ("invalid trailing content after double-quoted", "reason-quote-rest"),
    ("while parsing a quoted scalar, found unknown escape", "reason-quote-escape"),
    ("unclosed bracket ", "reason-bracket"),
    ("mismatched bracket ", "reason-bracket-other"),
    ("misplaced bracket", "reason-bracket-stray"),
    ("invalid indentation in multiline quoted", "reason-quote"),
    ("invalid indentation", "reason-indent"),
    ("wrongly indented line", "reason-indent"),
    ("while parsing a block mapping, did not find", "reason-indent"),
    ("while parsing a block collection, did not find", "reason-indent"),
    ("mapping values are not allowed", "reason-value"),
    ("illegal placement of ':'", "reason-value"),
    ("':' must be followed", "reason-value"),
    ("simple key expected ':'", "reason-key"),
    ("simple key is no longer valid", "reason-key"),
    ("while parsing a flow mapping, did not find", "reason-flow"),
    ("while parsing a flow sequence, expected", "reason-flow"),
    ("unexpected EOF while parsing a flow", "reason-flow"),
    ("\"-\" is only valid inside a block", "reason-dash"),
    ("block sequence entries are not allowed", "reason-dash"),
];

fn rest<'a>(beginnings: &[(&str, &str)], value: &'a str, texts: &Texts) -> Cow<'a, str> {
    let begun = beginnings.iter().find_map(|(begin, key)| Some((value.strip_prefix(begin)?, *key)));
    begun.map_or(value.into(), |(rest, key)| texts.get(key, &[("rest", rest.into())]).into())
}
