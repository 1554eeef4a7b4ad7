//! Reading typed things off the tree: every helper reports what is wrong where it is and goes on, so that one mistake hides
//! no other.

use std::{ops::Range, str::FromStr, time::Duration};

use jiff::civil::{Date, Time};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use unicode_normalization::{UnicodeNormalization, is_nfc};
use url::Url;

use super::{
    config::{SecretRef, Setting, Span},
    diagnostic::{Code, Diagnostic, Place},
    expr::{Env, Expr, Fact, foreign_letter, meant_name, nearest, odd_letter, parse_period},
    flow::Text,
    template::{Localised, Template},
    tree::{Content, Key, Node, SourceFile, finding},
    value::{Period, Type},
};
use crate::{
    lang::Lang,
    money::{Currency, Money},
};

/// Reads one file.
pub(crate) struct Reader<'a> {
    pub(crate) file: &'a SourceFile,
    pub(crate) languages: Vec<Lang>,
    pub(crate) found: Vec<Diagnostic>,
    /// `$NAME`s met, with their places.
    pub(crate) secrets: Vec<(SecretRef, Place)>,
    /// Host names that are to be the partner's own, with their places.
    pub(crate) domains: Vec<(String, Place)>,
    /// Where members of the team want mail.
    pub(crate) mails: Vec<Place>,
}

/// A mapping whose keys were checked.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'n> {
    pub(crate) node: &'n Node,
    pub(crate) entries: &'n [(Key, Node)],
}

impl<'n> Fields<'n> {
    pub(crate) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(known, _)| known.text == key).map(|(_, value)| value)
    }

    pub(crate) fn key(&self, key: &str) -> Option<&'n Key> {
        self.entries.iter().find(|(known, _)| known.text == key).map(|(key, _)| key)
    }
}

impl<'a> Reader<'a> {
    pub(crate) fn new(file: &'a SourceFile, languages: &[Lang]) -> Self {
        Self {
            file,
            languages: languages.to_vec(),
            found: Vec::new(),
            secrets: Vec::new(),
            domains: Vec::new(),
            mails: Vec::new(),
        }
    }

    pub(crate) fn main_lang(&self) -> Lang {
        self.languages.first().copied().unwrap_or_default()
    }

    pub(crate) fn report(&mut self, code: Code, bytes: &Range<usize>, args: Vec<(&'static str, String)>) {
        // What the tree has refused (`*name`) holds nothing: one mistake, one message.
        let follows = matches!(code, Code::T405 | Code::Y111) && self.file.slice(bytes).starts_with('*');
        if !follows {
            self.found.push(finding(code, self.file.place(bytes.clone()), args));
        }
    }

    pub(crate) fn report_related(
        &mut self,
        code: Code,
        bytes: &Range<usize>,
        args: Vec<(&'static str, String)>,
        related: Place,
    ) {
        self.report(code, bytes, args);
        if let Some(last) = self.found.last_mut() {
            last.related.push(related);
        }
    }

    /// Adds to the last finding what its hint rests on.
    pub(crate) fn advise(&mut self, name: &'static str, value: String) {
        if let Some(last) = self.found.last_mut() {
            last.args.push((name, value));
        }
    }

    /// Y111.
    pub(crate) fn unfit(&mut self, node: &Node, want: &str) {
        let got = match &node.content {
            Content::Null => "nothing",
            Content::Scalar { .. } => "text",
            Content::Seq(_) => "list",
            Content::Map(_) => "mapping",
        };
        self.report(Code::Y111, &node.head(), vec![("want", want.to_owned()), ("got", got.to_owned())]);
        if let ("list", Some(text)) = (want, node.text()) {
            self.advise("list", format!("[{}]", text.trim()));
        }
    }

    /// Y112.
    pub(crate) fn unread(&mut self, bytes: &Range<usize>, what: &str, value: &str, example: &str) {
        let value: String = value.chars().take(80).collect();
        let args = vec![("what", what.to_owned()), ("value", value), ("example", example.to_owned())];
        self.report(Code::Y112, bytes, args);
    }

    /// X306: a name that has letters of two alphabets.
    pub(crate) fn mixed(&mut self, bytes: &Range<usize>, name: &str) {
        let letter = odd_letter(name).map(String::from).unwrap_or_default();
        self.report(Code::X306, bytes, vec![("name", name.to_owned()), ("letter", letter)]);
    }

    /// A name that expressions could not read: X306, else Y112 with the name that was meant.
    pub(crate) fn bad_name(&mut self, bytes: &Range<usize>, name: &str) {
        if odd_letter(name).is_some() {
            return self.mixed(bytes, name);
        }
        self.unread(bytes, "slot", name, "порции");
        if let Some(meant) = meant_name(name) {
            self.advise("near", meant);
        }
    }

    pub(crate) fn unknown_key<'k>(&mut self, key: &Key, known: impl IntoIterator<Item = &'k str>) {
        // It may look like one that is known.
        if let Some(letter) = foreign_letter(&key.text) {
            let args = vec![("name", key.text.clone()), ("letter", letter.to_string())];
            return self.report(Code::X306, &key.bytes, args);
        }
        let near = nearest(&key.text, known).unwrap_or_default().to_owned();
        self.report(Code::Y109, &key.bytes, vec![("key", key.text.clone()), ("near", near)]);
    }

    /// A mapping with keys of its own.
    pub(crate) fn map<'n>(&mut self, node: &'n Node) -> Option<Fields<'n>> {
        if let Content::Map(entries) = &node.content {
            return Some(Fields { node, entries });
        }
        self.unfit(node, "mapping");
        None
    }

    /// A mapping with these keys only.
    pub(crate) fn fields<'n>(&mut self, node: &'n Node, known: &[&str]) -> Option<Fields<'n>> {
        let fields = self.map(node)?;
        for (key, _) in fields.entries {
            if !known.contains(&key.text.as_str()) {
                self.unknown_key(key, known.iter().copied());
            }
        }
        Some(fields)
    }

    /// The value of a key that must be there.
    pub(crate) fn need<'n>(&mut self, fields: Fields<'n>, key: &str) -> Option<&'n Node> {
        let value = fields.get(key);
        if value.is_none() {
            self.report(Code::Y110, &fields.node.head(), vec![("key", key.to_owned())]);
        }
        value
    }

    pub(crate) fn list<'n>(&mut self, node: &'n Node) -> &'n [Node] {
        if let Content::Seq(items) = &node.content {
            return items;
        }
        self.unfit(node, "list");
        &[]
    }

    pub(crate) fn str<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        match &node.content {
            Content::Scalar { text, .. } => Some(text),
            Content::Map(_) if self.braces(node) => None,
            Content::Map(entries) => {
                // `- Скидки: никогда` in a list of texts is a text with a colon.
                match entries.as_slice() {
                    [(key, _)] if !self.file.slice(&node.bytes).starts_with('{') => self.split_text(key),
                    _ => self.unfit(node, "text"),
                }
                None
            }
            Content::Null | Content::Seq(_) => {
                self.unfit(node, "text");
                None
            }
        }
    }

    /// Y102: `{имя}` where a text is wanted is a text that starts with a brace.
    fn braces(&mut self, node: &Node) -> bool {
        let Content::Map(entries) = &node.content else { return false };
        let lone = matches!(entries.as_slice(), [(_, value)] if value.content == Content::Null)
            && self.file.slice(&node.bytes).starts_with('{');
        if lone {
            let start = node.bytes.start;
            self.report(Code::Y102, &(start..start + 1), vec![("c", "{".to_owned())]);
        }
        lone
    }

    fn split_text(&mut self, key: &Key) {
        let colon = self.file.text[key.bytes.end..].find(':').map_or(key.bytes.end, |at| key.bytes.end + at);
        self.report(Code::Y101, &(colon..colon + 1), vec![]);
    }

    /// A string that must not be blank: T405.
    pub(crate) fn title(&mut self, node: &Node) -> Option<String> {
        let text = self.str(node)?.trim();
        if text.is_empty() {
            self.report(Code::T405, &node.bytes, vec![]);
            return None;
        }
        Some(nfc(text))
    }

    pub(crate) fn strings(&mut self, node: &Node) -> Vec<String> {
        self.list(node).iter().filter_map(|item| self.title(item)).collect()
    }

    /// A scalar read by `parse`, else Y112.
    pub(crate) fn scalar<T>(
        &mut self,
        node: &Node,
        what: &str,
        example: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.str(node)?;
        let value = parse(text.trim());
        if value.is_none() {
            self.unread(&node.bytes, what, text, example);
        }
        value
    }

    pub(crate) fn bool(&mut self, node: &Node) -> Option<bool> {
        self.scalar(node, "boolean", "true", |text| text.parse().ok())
    }

    pub(crate) fn whole(&mut self, node: &Node, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
        let (min, max) = (range.start().to_string(), range.end().to_string());
        let number = self.scalar(node, "whole", &min, |text| text.parse().ok().filter(|number| range.contains(number)));
        if number.is_none() && node.text().is_some() {
            self.advise("min", min);
            self.advise("max", max);
        }
        number
    }

    pub(crate) fn period(&mut self, node: &Node) -> Option<Period> {
        // A bare number lacks its unit alone.
        let bare =
            node.text().map(str::trim).filter(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()));
        let example = bare.map_or_else(|| "3d".to_owned(), |number| format!("{number}m"));
        let length = self.scalar(node, "period", &example, parse_length);
        if length.is_none() {
            self.advise_length(node.text().unwrap_or_default());
        }
        length
    }

    /// Adds to the last finding the bounds of a length that is one, and too long.
    pub(crate) fn advise_length(&mut self, text: &str) {
        if parse_length(text).is_none() && of_one(text).is_some_and(|one| parse_period(&one).is_some()) {
            self.advise("min", "0m".to_owned());
            self.advise("max", format!("{LENGTH_DAYS_MAX}d"));
        }
    }

    pub(crate) fn duration(&mut self, node: &Node) -> Option<Duration> {
        let length = self.scalar(node, "duration", "12s", parse_duration);
        let text = node.text().unwrap_or_default();
        if length.is_none() && of_one(text).is_some_and(|one| parse_duration(&one).is_some()) {
            self.advise("min", "0s".to_owned());
            self.advise("max", format!("{DURATION_MAX}s"));
        }
        length
    }

    pub(crate) fn time(&mut self, node: &Node) -> Option<Time> {
        self.scalar(node, "time", "9:00", parse_time)
    }

    pub(crate) fn date(&mut self, node: &Node) -> Option<Date> {
        self.scalar(node, "date", "2026-12-31", parse_date)
    }

    pub(crate) fn span(&mut self, node: &Node) -> Option<Span> {
        self.scalar(node, "hours", "9:00-20:00", parse_span)
    }

    pub(crate) fn url(&mut self, node: &Node) -> Option<Url> {
        self.scalar(node, "url", "https://example.ru", |text| {
            Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some())
        })
    }

    pub(crate) fn money(&mut self, node: &Node, currency: Currency) -> Option<Money> {
        self.scalar(node, "money", "300 ₽", |text| parse_money(text, currency))
    }

    pub(crate) fn one_of<T: Copy>(&mut self, node: &Node, what: &str, options: &[(&str, T)]) -> Option<T> {
        let example = options.first().map_or("", |(name, _)| *name);
        self.scalar(node, what, example, |text| options.iter().find(|(name, _)| *name == text).map(|(_, value)| *value))
    }

    pub(crate) fn fact(&mut self, node: &Node) -> Option<Fact> {
        let text = self.str(node)?.trim();
        match Fact::parse(text) {
            Ok(fact) => Some(fact),
            Err(unknown) => {
                self.report(Code::P573, &node.bytes, vec![("fact", unknown.fact), ("near", unknown.near)]);
                None
            }
        }
    }

    /// A value that may lie in `.env`.
    pub(crate) fn setting(&mut self, node: &Node) -> Option<Setting> {
        let text = self.str(node)?.trim();
        if let Some(name) = secret_name(text) {
            return Some(Setting::Secret(self.secret_ref(name, &node.bytes)));
        }
        let password_in_url = Url::parse(text).is_ok_and(|url| url.password().is_some());
        if password_in_url {
            self.report(Code::C602, &node.bytes, vec![]);
        }
        Some(Setting::Plain(text.to_owned()))
    }

    /// A value that must lie in `.env`: C602.
    pub(crate) fn secret(&mut self, node: &Node) -> Option<SecretRef> {
        let text = self.str(node)?.trim();
        let Some(name) = secret_name(text) else {
            self.report(Code::C602, &node.bytes, vec![]);
            return None;
        };
        Some(self.secret_ref(name, &node.bytes))
    }

    pub(crate) fn secret_ref(&mut self, name: &str, bytes: &Range<usize>) -> SecretRef {
        let secret = SecretRef(name.into());
        self.secrets.push((secret.clone(), self.file.place(bytes.clone())));
        secret
    }

    /// A host name that is to be the partner's own: C607 for one that it has already.
    pub(crate) fn domain(&mut self, domain: &str, bytes: &Range<usize>) {
        match self.domains.iter().find(|(known, _)| known == domain).map(|(_, first)| first.clone()) {
            Some(first) => {
                let args = vec![("domain", domain.to_owned()), ("other", "branding.domain".to_owned())];
                self.report_related(Code::C607, bytes, args, first);
            }
            None => self.domains.push((domain.to_owned(), self.file.place(bytes.clone()))),
        }
    }

    /// A text by language: each language's node, the main language alone for a bare text.
    fn languages_of<'n>(&mut self, node: &'n Node) -> Vec<(Lang, &'n Node)> {
        let Content::Map(entries) = &node.content else {
            if self.str(node).is_none() {
                return Vec::new();
            }
            return vec![(self.main_lang(), node)];
        };
        if self.braces(node) {
            return Vec::new();
        }
        let known: Vec<Lang> = self.languages.clone();
        let is_lang = |key: &Key| known.iter().copied().find(|lang| lang.code() == key.text);
        if let [(key, _)] = entries.as_slice()
            && is_lang(key).is_none()
            && !self.file.slice(&node.bytes).starts_with('{')
        {
            self.split_text(key);
            return Vec::new();
        }
        let mut texts = Vec::new();
        for (key, value) in entries {
            match is_lang(key) {
                Some(lang) if self.str(value).is_some() => texts.push((lang, value)),
                Some(_) => {}
                None => self.unknown_key(key, known.iter().map(|lang| lang.code())),
            }
        }
        for lang in known {
            if !texts.is_empty() && !texts.iter().any(|(have, _)| *have == lang) {
                self.report(Code::T404, &node.head(), vec![("lang", lang.code().to_owned())]);
            }
        }
        texts.sort_by_key(|(lang, _)| self.languages.iter().position(|known| known == lang));
        texts
    }

    /// A text with `{expressions}`.
    pub(crate) fn template(&mut self, node: &Node, env: &Env) -> Option<Text> {
        if node.content == Content::Null {
            self.report(Code::T405, &node.bytes, vec![]);
            return None;
        }
        let mut texts = Vec::new();
        for (lang, node) in self.languages_of(node) {
            let source = node.text().unwrap_or_default();
            // The line end that a block scalar keeps is not the partner's.
            let source = source.trim_end();
            match Template::parse(source, node.origin(self.file).as_ref(), env, lang) {
                Ok((template, warnings)) => {
                    self.found.extend(warnings);
                    texts.push((lang, template));
                }
                Err(mistakes) => self.found.extend(mistakes),
            }
        }
        Localised::from_entries(texts)
    }

    /// A text that is printed as it is.
    pub(crate) fn plain(&mut self, node: &Node) -> Option<Localised<String>> {
        let texts: Vec<_> =
            self.languages_of(node).into_iter().filter_map(|(lang, node)| Some((lang, self.title(node)?))).collect();
        Localised::from_entries(texts)
    }

    pub(crate) fn condition(&mut self, node: &Node, env: &Env) -> Option<Expr> {
        let source = self.expression(node)?;
        let parsed = Expr::condition(source, node.origin(self.file).as_ref(), env);
        let (expr, warnings) = self.kept(parsed)?;
        self.found.extend(warnings);
        Some(expr)
    }

    pub(crate) fn expr(&mut self, node: &Node, env: &Env) -> Option<Expr> {
        let source = self.expression(node)?;
        let parsed = Expr::parse(source, node.origin(self.file).as_ref(), env);
        self.kept(parsed)
    }

    pub(crate) fn expr_like(&mut self, node: &Node, env: &Env, like: &Type) -> Option<Expr> {
        let source = self.expression(node)?;
        let parsed = Expr::parse_like(source, node.origin(self.file).as_ref(), env, like);
        self.kept(parsed)
    }

    fn expression<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        match &node.content {
            Content::Scalar { text, .. } => Some(text),
            Content::Map(_) if self.file.slice(&node.bytes).starts_with('{') => {
                self.report(Code::X307, &node.bytes, vec![]);
                None
            }
            _ => {
                self.unfit(node, "expression");
                None
            }
        }
    }

    fn kept<T>(&mut self, parsed: Result<T, Vec<Diagnostic>>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(mistakes) => {
                self.found.extend(mistakes);
                None
            }
        }
    }
}

/// The composed form of letters: some systems save «й» as two signs, and names must be equal however they were typed.
pub(crate) fn nfc(text: &str) -> String {
    // Nearly all texts are composed already: looking is cheaper than composing again.
    if is_nfc(text) { text.to_owned() } else { text.nfc().collect() }
}

/// The name in `$NAME`.
fn secret_name(text: &str) -> Option<&str> {
    let name = text.strip_prefix('$')?;
    let fits = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    fits.then_some(name)
}

/// `9:00`, `18:30`, `9`; `24:00` is the day's last moment.
pub(crate) fn parse_time(text: &str) -> Option<Time> {
    let (hour, minute) = text.trim().split_once(':').unwrap_or((text.trim(), "0"));
    let digits = |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(hour) || !digits(minute) {
        return None;
    }
    match (i8::from_str(hour).ok()?, i8::from_str(minute).ok()?) {
        (24, 0) => Some(Time::MAX),
        (hour, minute) => Time::new(hour, minute, 0, 0).ok(),
    }
}

/// `9:00-20:00`, with a hyphen or a dash.
pub(crate) fn parse_span(text: &str) -> Option<Span> {
    let (from, until) = text.split_once(['-', '–', '—'])?;
    let span = Span { from: parse_time(from)?, until: parse_time(until)? };
    (span.from != span.until).then_some(span)
}

/// `2026-12-31`.
pub(crate) fn parse_date(text: &str) -> Option<Date> {
    (text.len() == 10).then(|| Date::strptime("%Y-%m-%d", text).ok()).flatten()
}

/// Longest length of time that a file may state, in days: a hundred years.
const LENGTH_DAYS_MAX: i32 = 36_500;

/// Most of a unit that [`parse_duration`] takes.
const DURATION_MAX: u64 = 1_000_000;

/// `30m`, `2h`, `3d`, `2w`, within bounds that no calendar falls over.
pub(crate) fn parse_length(text: &str) -> Option<Period> {
    parse_period(text).filter(|length| length.in_minutes() <= Period::days(LENGTH_DAYS_MAX).in_minutes())
}

/// One of the unit in which a text counts: `1d` of `400d`.
fn of_one(text: &str) -> Option<String> {
    let unit = text.trim().trim_start_matches(|c: char| c.is_ascii_digit());
    (unit.len() < text.trim().len()).then(|| format!("1{unit}"))
}

/// `12s`, `500ms`, `2m`.
fn parse_duration(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let amount: u64 = text[..unit].parse().ok().filter(|amount| *amount <= DURATION_MAX)?;
    match text[unit..].trim() {
        "ms" | "мс" => Some(Duration::from_millis(amount)),
        "s" | "с" => Some(Duration::from_secs(amount)),
        "m" | "м" => Some(Duration::from_secs(amount * 60)),
        _ => None,
    }
}

/// An amount as shops write it: `4200`, `1 490,50 ₽`, `12.5`; never negative.
pub(crate) fn parse_money(text: &str, currency: Currency) -> Option<Money> {
    let text = text.trim();
    let text = text.strip_suffix(currency.code()).unwrap_or(text);
    let text = text.strip_suffix(currency.sign()).unwrap_or(text);
    let roubles = ["рублей", "рубля", "рубль", "руб.", "руб", "р.", "р"];
    let text = if currency == Currency::RUB {
        roubles.iter().find_map(|word| text.strip_suffix(word)).unwrap_or(text)
    } else {
        text.strip_prefix(currency.sign()).unwrap_or(text)
    };
    let amount = parse_decimal(text)?;
    let minor = amount.checked_mul(Decimal::ONE_HUNDRED)?;
    let whole = minor.is_integer() && !minor.is_sign_negative();
    whole.then(|| minor.to_i64()).flatten().map(|minor| Money::minor(minor, currency))
}

/// A number with a decimal comma or point and spaces between thousands.
pub(crate) fn parse_decimal(text: &str) -> Option<Decimal> {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '\u{a0}' | '\u{202f}')).collect();
    let plain = digits.strip_prefix('-').unwrap_or(&digits);
    let fits = plain.starts_with(|c: char| c.is_ascii_digit())
        && plain.ends_with(|c: char| c.is_ascii_digit())
        && plain.chars().all(|c| c.is_ascii_digit() || c == '.' || c == ',')
        && plain.matches(['.', ',']).count() <= 1;
    fits.then(|| Decimal::from_str(&digits.replace(',', ".")).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_shops_write_them() {
        for (text, minor) in [
            ("4200", Some(420_000)),
            ("4 200 ₽", Some(420_000)),
            ("1\u{a0}490,50 ₽", Some(149_050)),
            ("12.5 руб.", Some(1250)),
            ("300 RUB", Some(30_000)),
            ("", None),
            ("-5", None),
            ("1.2.3", None),
            ("5 кг", None),
            ("0.001", None),
        ] {
            assert_eq!(parse_money(text, Currency::RUB).map(|m| m.minor), minor, "{text}");
        }
        assert_eq!(parse_money("$12.50", Currency::USD).map(|m| m.minor), Some(1250));
    }

    #[test]
    fn times_and_spans_are_read() {
        assert_eq!(parse_time("9:30"), Time::new(9, 30, 0, 0).ok());
        assert_eq!(parse_time("24:00"), Some(Time::MAX));
        assert!(parse_time("25:00").is_none() && parse_time("9:5x").is_none() && parse_time("").is_none());
        let night = parse_span("21:00-9:00").unwrap();
        assert!(night.holds(parse_time("23:00").unwrap()) && night.holds(parse_time("8:59").unwrap()));
        assert!(!night.holds(parse_time("9:00").unwrap()) && !night.holds(parse_time("12:00").unwrap()));
        assert!(parse_span("9:00").is_none() && parse_span("9:00-9:00").is_none());
    }
}
