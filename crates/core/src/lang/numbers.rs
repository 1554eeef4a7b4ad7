//! Numbers in a text, in digits and in words, with what they count.

mod bounds;

use std::ops::Range;

use rust_decimal::{Decimal, prelude::ToPrimitive};

use self::bounds::{bound_after, bound_before};
use super::{
    normal::{Kind, Words, stem},
    numerals::{Numeral, collective, half_of, halvable, hundredths, numeral},
};
use crate::money::{Currency, Money};

/// Longest run of digits that is a number and not a code or a phone.
const DIGITS_MAX: usize = 9;

/// Stems of the words that count people.
const PEOPLE: [&str; 2] = ["человек", "peopl"];

/// How a number bounds what is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bound {
    /// «12».
    Exactly,
    /// «до 5 тыс», «не больше», under.
    AtMost,
    /// «от 3000», «минимум», at least.
    AtLeast,
    /// «около», «примерно», about.
    About,
}

/// What shows that a number is money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MoneySign {
    /// A currency was named: «₽», «руб», «$».
    Named(Currency),
    /// A thousand word that people use for money: «5 тыс», «1,5к», «косарь».
    Thousands,
}

/// A number found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// Bytes of the source: bound word, number and its unit or currency.
    pub range: Range<usize>,
    /// Places of its tokens in the [`Words`], the same span.
    pub places: Range<usize>,
    /// The value; the lower end of a range.
    pub value: Decimal,
    /// The upper end of a range such as «10-12» or «от 3 до 5 тыс».
    pub upto: Option<Decimal>,
    /// Whether it is exact or a bound.
    pub bound: Bound,
    /// The stem of the word counted («человек», «порц»), if a word follows.
    pub unit: Option<String>,
    /// Whether it looks like money.
    pub money: Option<MoneySign>,
    /// Stems of further words beside it: «12 *взрослых* гостей», «*гостей* 12».
    near: [Option<String>; 2],
    /// Whether it counts people by itself: «двое», «нас 12».
    people: bool,
}

impl Number {
    /// Whether the word counted is one of these stems (see [`super::normal::stem`]): the next word, the one after an
    /// adjective, or the one before («гостей будет 12»).
    pub fn counts<S: AsRef<str>>(&self, unit_stems: &[S]) -> bool {
        let mut beside = self.unit.iter().chain(self.near.iter().flatten());
        beside.any(|word| unit_stems.iter().any(|unit| unit.as_ref() == word))
            || self.people && PEOPLE.iter().any(|people| unit_stems.iter().any(|unit| unit.as_ref() == *people))
    }

    /// The number as money: the currency named, else the one given. `None` when it does not fit into hundredths.
    pub fn to_money(&self, currency: Currency) -> Option<Money> {
        money_of(self.value, self.money, currency)
    }

    /// The upper end as money.
    pub fn upto_money(&self, currency: Currency) -> Option<Money> {
        money_of(self.upto?, self.money, currency)
    }
}

fn money_of(value: Decimal, sign: Option<MoneySign>, currency: Currency) -> Option<Money> {
    let minor = value.checked_mul(Decimal::ONE_HUNDRED)?;
    let minor = minor.is_integer().then(|| minor.to_i64()).flatten()?;
    Some(Money::minor(minor, if let Some(MoneySign::Named(named)) = sign { named } else { currency }))
}

/// Whether a word in normal form is a number: «двенадцать», «тысяча», half.
pub(crate) fn is_number_word(form: &str) -> bool {
    numeral(form).is_some()
}

/// All numbers of a text in order. Parts of dates («15 декабря») are numbers here too: look for dates first. Times, dates in
/// digits, ordinals («2-й»), phones and codes are left out.
pub fn find(words: &Words) -> Vec<Number> {
    let mut found: Vec<Number> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let Some(mut next) = amount(words, at) else {
            at = skipped(words, at);
            continue;
        };
        if let Some(higher) = range_end(words, &next) {
            next = ranged(next, &higher);
        }
        let number = dress(words, next);
        at = number.places.end.max(at + 1);
        match found.last_mut() {
            Some(last) if spans(last, &number, words) => join(words, last, number),
            _ => found.push(number),
        }
    }
    found
}

/// A bare amount before bounds and units are looked at.
#[derive(Debug, Clone, Copy)]
struct Amount {
    from: usize,
    to: usize,
    value: Decimal,
    upto: Option<Decimal>,
    scale: Option<u32>,
    thousands: bool,
    spelled: bool,
}

impl Amount {
    fn new(from: usize, to: usize, value: Decimal) -> Self {
        Self { from, to, value, upto: None, scale: None, thousands: false, spelled: false }
    }
}

/// The next place to look at when no number starts here: a date or time in digits is stepped over as a whole.
fn skipped(words: &Words, at: usize) -> usize {
    let mut at = at;
    if words.kind(at) == Some(Kind::Digits) {
        while words.glued(at + 1)
            && matches!(words.form(at + 1), "." | ":" | "/" | "-" | ",")
            && is_digits(words, at + 2)
        {
            at += 2;
        }
    }
    at + 1
}

fn is_digits(words: &Words, at: usize) -> bool {
    words.kind(at) == Some(Kind::Digits)
}

fn amount(words: &Words, at: usize) -> Option<Amount> {
    let bare = match words.kind(at)? {
        Kind::Digits => in_digits(words, at)?,
        Kind::Word => in_words(words, at)?,
        Kind::Mark => Amount::new(at, at + 1, vulgar(words.form(at))?),
    };
    Some(scaled(words, bare))
}

fn vulgar(form: &str) -> Option<Decimal> {
    match form {
        "½" => Some(hundredths(50)),
        "¼" => Some(hundredths(25)),
        "¾" => Some(hundredths(75)),
        _ => None,
    }
}

fn in_digits(words: &Words, at: usize) -> Option<Amount> {
    let before = at.checked_sub(1);
    if words.glued(at) {
        // `iphone15`, «№5», `#5`, the tail of a longer code.
        let before = before?;
        let code = words.kind(before) == Some(Kind::Word) || matches!(words.form(before), "№" | "#" | "@" | "_" | "/");
        if code && !matches!(words.form(before), "до" | "от" | "по" | "за" | "на") {
            return None;
        }
    }
    let mut text = words.form(at).to_owned();
    let mut to = at + 1;
    // «1 200 000»: groups of three after a space.
    while text.len() <= DIGITS_MAX
        && (to > at + 1 || text.len() <= 3)
        && is_digits(words, to)
        && !words.glued(to)
        && words.form(to).len() == 3
        && !(words.glued(to + 1) && matches!(words.form(to + 1), "-" | ":"))
    {
        text.push_str(words.form(to));
        to += 1;
    }
    if glued_pair(words, to, &[".", ","]) {
        let separator = words.form(to);
        let fraction = words.form(to + 1);
        let priced = money_sign(words, to + 2).is_some()
            || before.is_some_and(|before| currency_of(words.form(before), Kind::Mark).is_some());
        let cents = separator == "," && fraction.len() == 3 && words.form(to + 3).len() <= 2;
        let cents = cents && glued_pair(words, to + 2, &["."]);
        if glued_pair(words, to + 2, &[".", "/"]) && !cents {
            return None;
        }
        if cents {
            text.push_str(fraction);
            text.push('.');
            text.push_str(words.form(to + 3));
            to += 4;
        } else if fraction.len() == 3 && (separator == "," && !cyrillic_around(words) || priced) {
            text.push_str(fraction);
            to += 2;
            while glued_pair(words, to, &[".", ","]) && words.form(to + 1).len() == 3 {
                text.push_str(words.form(to + 1));
                to += 2;
            }
        } else {
            text.push('.');
            text.push_str(fraction);
            to += 2;
        }
    } else if glued_pair(words, to, &[":", "/"]) {
        return None;
    }
    if text.len() > DIGITS_MAX + 4 || words.form(at).len() > DIGITS_MAX {
        return None;
    }
    let mut value: Decimal = text.parse().ok()?;
    if let Some(part) = vulgar(words.form(to)) {
        value += part;
        to += 1;
    }
    suffixed(words, Amount::new(at, to, value))
}

/// «2-й», «15-го», 3rd are ordinals and no amounts; «5-ти» is an amount.
fn suffixed(words: &Words, mut amount: Amount) -> Option<Amount> {
    const ORDINAL: &[&str] = &[
        "го", "й", "я", "е", "му", "ый", "ая", "ое", "ой", "ую", "ий", "ого", "ому", "ом", "st", "nd", "rd", "th", "ей",
    ];
    const CARDINAL: &[&str] = &["ти", "х", "м", "мя", "ми", "рых", "ю"];
    let hyphen = words.glued(amount.to) && words.form(amount.to) == "-" && words.glued(amount.to + 1);
    let suffix = amount.to + usize::from(hyphen);
    if words.glued(suffix) && ORDINAL.contains(&words.form(suffix)) {
        return None;
    }
    // «3х тыс», but not «3х4».
    let bare = words.glued(suffix) && words.form(suffix) == "х" && !words.glued(suffix + 1);
    if (hyphen || bare) && CARDINAL.contains(&words.form(suffix)) {
        amount.to = suffix + 1;
    }
    Some(amount)
}

fn glued_pair(words: &Words, at: usize, marks: &[&str]) -> bool {
    words.glued(at) && marks.contains(&words.form(at)) && words.glued(at + 1) && is_digits(words, at + 1)
}

fn cyrillic_around(words: &Words) -> bool {
    words.iter().any(|word| word.kind == Kind::Word && word.form.chars().any(|c| ('а'..='я').contains(&c)))
}

fn in_words(words: &Words, at: usize) -> Option<Amount> {
    let form = words.form(at);
    if half_of(form).is_some() {
        let mut half = Amount::new(at, at + 1, hundredths(50));
        half.spelled = true;
        return Some(half);
    }
    if form == "пол" && halvable(words.form(at + 1)) {
        return Some(Amount::new(at, at + 1, hundredths(50)));
    }
    if matches!(form, "пара" | "пару" | "парочку" | "couple") {
        let of = usize::from(form == "couple" && words.form(at + 1) == "of");
        return Some(Amount::new(at, at + 1 + of, Decimal::TWO));
    }
    let amount = match numeral(form)? {
        Numeral::Fraction(value) => Amount { spelled: true, ..Amount::new(at, at + 1, hundredths(value)) },
        Numeral::Slang(value) => Amount { thousands: true, ..Amount::new(at, at + 1, Decimal::from(value)) },
        Numeral::Scale(scale) if inverted(form) => before_count(words, at, scale).or_else(|| composed(words, at))?,
        Numeral::Plain(_) | Numeral::Scale(_) => composed(words, at)?,
    };
    Some(amount)
}

/// Forms that stand before their number: «тысячи три», but «тысяча двести».
fn inverted(form: &str) -> bool {
    matches!(form, "тысячи" | "тысяч" | "тыс" | "тыщи" | "тыщ" | "миллиона" | "миллионов")
}

/// «тысячи три», «тысяч 5», «тыщ до 3х».
fn before_count(words: &Words, at: usize, scale: u32) -> Option<Amount> {
    let next = at + 1 + usize::from(matches!(words.form(at + 1), "до" | "за" | "в" | "около"));
    let count = match words.kind(next)? {
        Kind::Digits => in_digits(words, next)?,
        _ => composed(words, next)?,
    };
    let few = count.value < Decimal::ONE_HUNDRED && !count.thousands;
    let value = count.value.checked_mul(Decimal::from(scale)).filter(|_| few)?;
    Some(Amount { scale: Some(scale), thousands: scale == 1000, ..Amount::new(at, count.to, value) })
}

/// «сто двадцать пять», «две тысячи триста», one hundred and five.
fn composed(words: &Words, from: usize) -> Option<Amount> {
    let (mut total, mut current, mut room) = (0_u64, 0_u64, u64::MAX);
    let (mut at, mut thousands, mut ceiling) = (from, false, u64::MAX);
    loop {
        match numeral(words.form(at)) {
            Some(Numeral::Plain(100)) if words.form(at) == "hundred" && (1..10).contains(&current) => {
                current *= 100;
                room = 100;
            }
            Some(Numeral::Plain(value)) if u64::from(value) < room => {
                current += u64::from(value);
                room = match value {
                    100.. => 100,
                    20..=99 => 10,
                    _ => 0,
                };
            }
            Some(Numeral::Scale(scale)) if u64::from(scale) < ceiling => {
                total += current.max(1) * u64::from(scale);
                thousands |= scale == 1000;
                (current, room, ceiling) = (0, u64::from(scale), u64::from(scale));
            }
            _ if words.form(at) == "and" && room > 0 && at > from && numeral(words.form(at + 1)).is_some() => {}
            _ => break,
        }
        at += 1;
        // «двадцать-двадцать пять» is a range, «двадцать пять» one number: a hyphen always ends it.
    }
    let mut amount = Amount::new(from, at, Decimal::from(total + current));
    amount.thousands = thousands;
    amount.spelled = true;
    (at > from).then_some(amount)
}

/// Applies «тыс», «к», «млн» after a number, and «200» after «5 тысяч».
fn scaled(words: &Words, mut amount: Amount) -> Amount {
    // «две с половиной тысячи».
    if words.form(amount.to) == "с" && words.form(amount.to + 1) == "половиной" {
        amount.value += hundredths(50);
        amount.to += 2;
    }
    let form = words.form(amount.to);
    let glued = words.glued(amount.to);
    let money_after = |at: usize| money_sign(words, at).is_some();
    let (scale, took) = match form {
        "к" | "k" if glued || money_after(amount.to + 1) => (1000, 1),
        "кк" if glued => (1_000_000, 1),
        // «5 т.р.», «5 т», «5тр» are thousands; a ton is never glued to «р».
        "т" if words.form(amount.to + 1) == "." && words.form(amount.to + 2) == "р" => (1000, 2),
        "т" if glued => (1000, 1),
        "тр" | "тыр" | "тысруб" => (1000, 1),
        _ => match numeral(form) {
            Some(Numeral::Scale(scale)) if amount.scale.is_none() && !amount.thousands => (scale, 1),
            Some(Numeral::Slang(scale)) if !amount.thousands => (scale, 1),
            _ => return amount,
        },
    };
    let Some(value) = amount.value.checked_mul(Decimal::from(scale)) else { return amount };
    amount.value = value.normalize();
    amount.scale = Some(scale);
    amount.to += took;
    amount.thousands |= scale == 1000;
    // «5 тысяч 200», «пять тысяч двести».
    if let Some(rest) = remainder(words, amount.to).filter(|rest| rest.value < Decimal::from(scale)) {
        amount.value += rest.value;
        amount.to = rest.to;
    }
    amount
}

fn remainder(words: &Words, at: usize) -> Option<Amount> {
    let rest = match words.kind(at)? {
        Kind::Digits if !words.glued(at) && words.form(at).len() == 3 => in_digits(words, at)?,
        Kind::Word if matches!(numeral(words.form(at)), Some(Numeral::Plain(20..))) => composed(words, at)?,
        _ => return None,
    };
    rest.value.is_integer().then_some(rest)
}

/// «10-12», «10 – 12», «десять-двенадцать», «пять шесть»: the upper end.
fn range_end(words: &Words, low: &Amount) -> Option<Amount> {
    let hyphen = words.form(low.to) == "-" || words.form(low.to) == "…";
    let dots = words.form(low.to) == "." && words.form(low.to + 1) == ".";
    let start = low.to + if hyphen { 1 } else { 2 * usize::from(dots) };
    let high = amount(words, start)?;
    // 123-45-67 is no range.
    let goes_on = hyphen && words.glued(high.to) && words.form(high.to) == "-" && is_digits(words, high.to + 1);
    let low_scaled = if low.scale.is_none() { high.scale.unwrap_or(1) } else { 1 };
    let higher = high.value > low.value.checked_mul(Decimal::from(low_scaled))?;
    let step = high.value.checked_sub(low.value)?;
    let round = low.value >= Decimal::TEN && (low.value % Decimal::from(5)).is_zero();
    let close = step == Decimal::ONE || round && (step == Decimal::from(5) || step == Decimal::TEN);
    let neighbours = low.spelled && high.spelled && close && low.scale.is_none();
    ((hyphen || dots || neighbours) && higher && !goes_on).then_some(high)
}

/// «3-5 тыс»: the thousand belongs to both.
fn ranged(mut low: Amount, high: &Amount) -> Amount {
    if let (None, Some(scale)) = (low.scale, high.scale) {
        low.value *= Decimal::from(scale);
    }
    Amount { to: high.to, upto: Some(high.value), scale: high.scale, thousands: low.thousands || high.thousands, ..low }
}

/// Adds what stands around: bound, currency, unit.
fn dress(words: &Words, amount: Amount) -> Number {
    let (mut bound, mut from) = bound_before(words, amount.from);
    let mut to = amount.to;
    let mut money = amount.thousands.then_some(MoneySign::Thousands);
    if let Some((currency, past)) = money_sign(words, to) {
        money = Some(MoneySign::Named(currency));
        to = past;
    } else if let Some(currency) = from.checked_sub(1).and_then(|before| currency_of(words.form(before), Kind::Mark)) {
        money = Some(MoneySign::Named(currency));
        from -= 1;
        (bound, from) = if bound == Bound::Exactly { bound_before(words, from) } else { (bound, from) };
    }
    let unit = match half_of(words.form(amount.from)) {
        Some(halved) => Some(stem(halved).into_owned()),
        None => unit_at(words, to).map(ToOwned::to_owned),
    };
    let counted = half_of(words.form(amount.from)).is_none() && unit.is_some();
    let second = if counted { unit_at(words, to + 1).map(ToOwned::to_owned) } else { None };
    let before = from.checked_sub(1).and_then(|at| unit_before(words, at)).map(ToOwned::to_owned);
    let people = !counted && counts_people(words, amount.from, to);
    to += usize::from(counted);
    if bound == Bound::Exactly {
        let within = inverted(words.form(amount.from)) && words.form(amount.from + 1) == "до";
        bound = if within { Bound::AtMost } else { bound_after(words, to).unwrap_or(bound) };
    }
    Number {
        range: words.source(from..to),
        places: from..to,
        value: amount.value,
        upto: amount.upto,
        bound,
        unit,
        near: [second, before],
        people: people && money.is_none(),
        money,
    }
}

/// «двое», «мы вдвоём», «нас 12», two of us.
fn counts_people(words: &Words, from: usize, to: usize) -> bool {
    let before = from
        .checked_sub(1)
        .map_or("", |at| words.form(if words.form(at) == "будет" { at.saturating_sub(1) } else { at }));
    collective(words.form(from)) || before == "нас" || words.form(to) == "of" && words.form(to + 1) == "us"
}

fn unit_at(words: &Words, at: usize) -> Option<&str> {
    if words.form(at) == "%" {
        return Some("%");
    }
    let word = words.kind(at) == Some(Kind::Word) && !joint(words.form(at)) && numeral(words.form(at)).is_none();
    word.then(|| words.stem(at))
}

/// «гостей 12», «гостей: 12», «гостей будет 12».
fn unit_before(words: &Words, at: usize) -> Option<&str> {
    let mut at = at;
    for _ in 0..2 {
        if matches!(words.form(at), ":" | "-" | "будет" | "где" | "то") {
            at = at.checked_sub(1)?;
        }
    }
    unit_at(words, at)
}

/// Words that join and never are counted.
fn joint(form: &str) -> bool {
    const JOINTS: &[&str] = &[
        "и",
        "а",
        "но",
        "или",
        "либо",
        "на",
        "в",
        "во",
        "с",
        "со",
        "к",
        "ко",
        "по",
        "до",
        "от",
        "за",
        "из",
        "у",
        "о",
        "об",
        "для",
        "не",
        "ни",
        "это",
        "максимум",
        "минимум",
        "примерно",
        "около",
        "где",
        "что",
        "если",
        "то",
        "and",
        "or",
        "for",
        "on",
        "in",
        "at",
        "to",
        "of",
        "by",
        "the",
        "is",
        "with",
        "нас",
        "мне",
    ];
    JOINTS.contains(&form)
}

/// The currency that stands at a place, and the place past it.
fn money_sign(words: &Words, at: usize) -> Option<(Currency, usize)> {
    let currency = currency_of(words.form(at), words.kind(at)?)?;
    Some((currency, at + 1))
}

fn currency_of(form: &str, kind: Kind) -> Option<Currency> {
    const RUB: &[&str] = &["₽", "р", "руб", "рэ", "ре", "rub", "rubles", "rur"];
    const USD: &[&str] = &["$", "usd", "dollar", "dollars", "bucks", "бакс", "бакса", "баксов"];
    const EUR: &[&str] = &["€", "евро", "eur", "euro", "euros"];
    const KZT: &[&str] = &["₸", "тенге", "тг", "kzt"];
    if kind == Kind::Digits {
        return None;
    }
    if RUB.contains(&form) || form.starts_with("рубл") {
        Some(Currency::RUB)
    } else if USD.contains(&form) || form.starts_with("доллар") {
        Some(Currency::USD)
    } else if EUR.contains(&form) {
        Some(Currency::EUR)
    } else if KZT.contains(&form) {
        Currency::parse("KZT").ok()
    } else {
        (form == "£").then(|| Currency::parse("GBP").ok()).flatten()
    }
}

/// «от 3 до 5 тыс»: whether the second number is the upper end of the first.
fn spans(low: &Number, high: &Number, words: &Words) -> bool {
    let scale = if low.money.is_none() && high.money.is_some() { Decimal::ONE_THOUSAND } else { Decimal::ONE };
    let scaled = low.value.checked_mul(scale).is_some_and(|low| low < high.value) || low.value < high.value;
    let adjacent = low.places.end == high.places.start;
    adjacent
        && low.bound == Bound::AtLeast
        && high.bound == Bound::AtMost
        && scaled
        && words.form(high.places.start) == "до"
}

fn join(words: &Words, low: &mut Number, high: Number) {
    let same_scale = low.money.is_some() || !matches!(high.money, Some(MoneySign::Thousands));
    let scaled = low.value.checked_mul(Decimal::ONE_THOUSAND).filter(|value| !same_scale && *value < high.value);
    low.value = scaled.unwrap_or(low.value);
    low.upto = Some(high.value);
    low.bound = Bound::Exactly;
    low.places.end = high.places.end;
    low.range = words.source(low.places.clone());
    low.money = high.money.or(low.money);
    low.unit = high.unit.or(low.unit.take());
}

#[cfg(test)]
mod tests;
