//! Types of answers and their bounds.

use jiff::civil::{DateTime, date, time};

use super::{Choice, Kind, Moments, Pattern, lower::Lowering, outline::TYPES};
use crate::{
    lang::choice::OptionWords,
    spec::{
        config,
        diagnostic::Code,
        expr::{Expr, Fact, Path, Scope},
        keys,
        read::{Fields, Reader},
        tree::{Content, Node},
        value::{Period, Type, Value},
    },
};

/// Longest pattern, in characters.
const PATTERN_CHARS_MAX: usize = 200;
/// Most memory a compiled pattern may take, in bytes.
const PATTERN_BYTES_MAX: usize = 1 << 18;

/// Reads the one type key of an `ask`; without one it is text.
pub(super) fn kind(lowering: &Lowering<'_>, reader: &mut Reader<'_>, fields: Fields<'_>) -> Kind {
    let given: Vec<&str> = TYPES.iter().copied().filter(|name| fields.get(name).is_some()).collect();
    if let [_, second, ..] = given.as_slice() {
        let args = vec![("n", given.len().to_string()), ("verbs", given.join(", "))];
        let at = fields.key(second).map_or(fields.node.head(), |key| key.bytes.clone());
        reader.report(Code::F201, &at, args);
    }
    let text = Kind::Text { min: None, max: None, pattern: None };
    let Some(name) = given.first() else { return text };
    let Some(node) = fields.get(name) else { return text };
    match *name {
        "text" => text_kind(lowering, reader, node),
        "number" => {
            let Some(fields) = bounds(reader, node, keys::NUMBER) else { return number() };
            let (min, max) = pair(lowering, reader, fields, ("min", "max"), &Type::Number);
            let whole = fields.get("whole").and_then(|node| reader.bool(node)).unwrap_or(false);
            let unit = match fields.get("unit") {
                Some(node) if node.text().is_some() => reader.title(node).into_iter().collect(),
                Some(node) => reader.strings(node),
                None => Vec::new(),
            };
            Kind::Number { min, max, whole, unit }
        }
        "money" => {
            let Some(fields) = bounds(reader, node, keys::MONEY) else {
                return Kind::Money { min: None, max: None };
            };
            let (min, max) = pair(lowering, reader, fields, ("min", "max"), &Type::Money);
            Kind::Money { min, max }
        }
        "choice" => Kind::Choice(choices(reader, node, keys::OPTION)),
        "choices" => Kind::Choices(choices(reader, node, keys::OPTION_OF_SEVERAL)),
        "date" => Kind::Date(moments(lowering, reader, node, &Type::Date)),
        "time" => Kind::Time(moments(lowering, reader, node, &Type::Time)),
        "datetime" => Kind::DateTime(moments(lowering, reader, node, &Type::DateTime)),
        plain => {
            bounds(reader, node, &[]);
            match plain {
                "phone" => Kind::Phone,
                "email" => Kind::Email,
                "location" => Kind::Location,
                "photo" => Kind::Photo,
                _ => Kind::YesNo,
            }
        }
    }
}

/// The answer that agrees to advertisements: an option of the choice, or `yes`.
pub(super) fn agreeing(reader: &mut Reader<'_>, node: &Node, kind: &Kind) -> Option<Value> {
    match kind {
        Kind::YesNo => reader.one_of(node, "answer", &[("yes", true)]).map(Value::Bool),
        Kind::Choice(options) => {
            let known: Vec<(&str, &str)> = options.iter().map(|option| (&*option.id, &*option.id)).collect();
            reader.one_of(node, "answer", &known).map(|id| Value::Choice(id.to_owned()))
        }
        _ => {
            reader.unfit(node, "choice");
            None
        }
    }
}

/// Whether the answer is a rating: only a number can be one.
pub(super) fn rating(reader: &mut Reader<'_>, node: &Node, kind: &Kind) -> bool {
    let is_number = matches!(kind, Kind::Number { .. });
    if !is_number {
        reader.unfit(node, "number");
    }
    reader.bool(node).unwrap_or_default() && is_number
}

fn number() -> Kind {
    Kind::Number { min: None, max: None, whole: false, unit: Vec::new() }
}

/// The mapping of bounds; nothing and `true` stand for none.
fn bounds<'n>(reader: &mut Reader<'_>, node: &'n Node, known: &[&str]) -> Option<Fields<'n>> {
    if node.content == Content::Null || node.text() == Some("true") {
        return None;
    }
    reader.fields(node, known)
}

fn text_kind(lowering: &Lowering<'_>, reader: &mut Reader<'_>, node: &Node) -> Kind {
    let Some(fields) = bounds(reader, node, keys::TEXT) else {
        return Kind::Text { min: None, max: None, pattern: None };
    };
    let (min, max) = pair(lowering, reader, fields, ("min", "max"), &Type::Number);
    let pattern = fields.get("pattern").and_then(|node| {
        reader.scalar(node, "pattern", "[0-9]{6}", |text| {
            let short = text.chars().count() <= PATTERN_CHARS_MAX;
            let whole = regex::RegexBuilder::new(&format!("^(?:{text})$")).size_limit(PATTERN_BYTES_MAX).build();
            whole.ok().filter(|_| short).map(Pattern)
        })
    });
    Kind::Text { min, max, pattern }
}

fn moments(lowering: &Lowering<'_>, reader: &mut Reader<'_>, node: &Node, like: &Type) -> Moments {
    let Some(fields) = bounds(reader, node, keys::MOMENTS) else { return Moments::default() };
    let (from, to) = pair(lowering, reader, fields, ("from", "to"), like);
    let only_open = fields.get("except").and_then(|node| reader.one_of(node, "except", &[("closed", true)]));
    Moments { from, to, only_open: only_open.unwrap_or(false) }
}

/// Two bounds; F213 when nothing lies between them.
fn pair(
    lowering: &Lowering<'_>,
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    names: (&str, &str),
    like: &Type,
) -> (Option<Expr>, Option<Expr>) {
    let mut bound = |name: &str| fields.get(name).and_then(|node| reader.expr_like(node, &lowering.env, like));
    let (min, max) = (bound(names.0), bound(names.1));
    if let (Some(low), Some(high), Some(node)) = (&min, &max, fields.get(names.1))
        && above(low, high)
    {
        let args = vec![("min", low.source().to_owned()), ("max", high.source().to_owned())];
        reader.report(Code::F213, &node.bytes, args);
    }
    (min, max)
}

/// Whether `low` is above `high` on any day: only what depends on nothing but the day can be told at load.
fn above(low: &Expr, high: &Expr) -> bool {
    let fixed = |expr: &Expr| expr.names_read().iter().all(|path| matches!(path.as_str(), "today" | "now"));
    if !fixed(low) || !fixed(high) {
        return false;
    }
    match (low.eval(&SomeDay), high.eval(&SomeDay)) {
        (Value::Number(low), Value::Number(high)) => low > high,
        (Value::Money(low), Value::Money(high)) => low.minor > high.minor,
        (Value::Date(low), Value::Date(high)) => low > high,
        (Value::Time(low), Value::Time(high)) => low > high,
        (Value::DateTime(low), Value::DateTime(high)) => low > high,
        _ => false,
    }
}

/// A scope that knows nothing but a day.
struct SomeDay;

impl Scope for SomeDay {
    fn value(&self, _: &Path) -> Value {
        Value::Empty
    }

    fn count(&self, _: &Fact, _: Option<Period>) -> u32 {
        0
    }

    fn since(&self, _: &Fact) -> Option<Period> {
        None
    }

    fn now(&self) -> DateTime {
        date(2026, 1, 15).to_datetime(time(12, 0, 0, 0))
    }
}

/// Options of a choice, of which these keys may be told; F211 when one word fits two.
fn choices(reader: &mut Reader<'_>, node: &Node, known: &[&str]) -> Vec<Choice> {
    let Some(fields) = reader.map(node) else { return Vec::new() };
    if fields.entries.is_empty() {
        reader.unfit(node, "options");
    }
    let mut options: Vec<Choice> = Vec::new();
    for (key, value) in fields.entries {
        let (label, also, zone) = match &value.content {
            Content::Map(_) if keys::OPTION.iter().any(|key| value.get(key).is_some()) => {
                let Some(fields) = reader.fields(value, known) else { continue };
                let label = reader.need(fields, "label").and_then(|node| reader.plain(node));
                let also = fields.get("also").map(|node| reader.strings(node)).unwrap_or_default();
                let zoned = fields.get("zone").filter(|_| known.contains(&"zone"));
                (label, also, zoned.and_then(|node| config::read::zone(reader, node)))
            }
            _ => (reader.plain(value), Vec::new(), None),
        };
        let Some(label) = label else { continue };
        let words =
            OptionWords::new(&key.text, label.iter().map(|(_, text)| text.as_str()), also.iter().map(String::as_str));
        let option = Choice { id: key.text.as_str().into(), label, also, words, zone };
        for name in names(&option) {
            if let Some(other) = options.iter().find(|other| names(other).contains(&name)) {
                let args = vec![("label", name), ("a", other.id.to_string()), ("b", option.id.to_string())];
                reader.report(Code::F211, &key.bytes, args);
                break;
            }
        }
        options.push(option);
    }
    options
}

/// All words an option answers to, folded.
fn names(option: &Choice) -> Vec<String> {
    let labels = option.label.iter().map(|(_, text)| text.as_str());
    let mut names: Vec<String> = std::iter::once(&*option.id)
        .chain(labels)
        .chain(option.also.iter().map(String::as_str))
        .map(|name| name.trim().to_lowercase().replace('ё', "е"))
        .collect();
    names.sort();
    names.dedup();
    names
}
