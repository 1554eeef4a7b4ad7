//! Prices typed by hand: they go stale, so they are compared with the catalogue (T406).

use std::ops::Range;

use rust_decimal::Decimal;

use crate::{
    money::{Currency, Money},
    spec::expr::Env,
};

/// Amounts with a currency's sign that stand in `text`, with their bytes.
pub(super) fn written(text: &str, env: &Env) -> Vec<(Money, Range<usize>)> {
    let mut found = Vec::new();
    let currency = env.currency();
    let words: &[&str] = if currency == Currency::RUB { &["₽", "руб"] } else { &[currency.sign()] };
    let mut at = 0;
    while let Some(digit) = text[at..].find(|c: char| c.is_ascii_digit()) {
        let start = at + digit;
        let number = &text[start..start + amount_len(&text[start..])];
        at = start + number.len();
        let after = text[at..].trim_start_matches([' ', '\u{a0}', '\u{202f}']);
        let (from, end) = match words.iter().find(|word| after.starts_with(**word)) {
            Some(word) => (start, text.len() - after.len() + word.len()),
            // Pounds and dollars stand before the number.
            None if currency != Currency::RUB && text[..start].ends_with(currency.sign()) => {
                (start - currency.sign().len(), at)
            }
            None => continue,
        };
        let digits: String =
            number.chars().filter(|c| !c.is_whitespace()).map(|c| if c == ',' { '.' } else { c }).collect();
        let minor = digits.parse::<Decimal>().ok().and_then(crate::spec::expr::minor);
        // What an expression compares with is no price that anybody reads.
        let inside = text[..start].rfind(['{', '}']).is_some_and(|brace| text[brace..].starts_with('{'));
        let minor = minor.filter(|_| !inside);
        found.extend(minor.map(|minor| (Money::minor(minor, currency), from..end)));
        at = end;
    }
    found
}

/// How long the number at the start of `text` is: digits, groups of three after a blank, two digits after a comma.
fn amount_len(text: &str) -> usize {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut len = digits(text);
    loop {
        let rest = &text[len..];
        let Some(blank) = rest.chars().next().filter(|c| [' ', '\u{a0}', '\u{202f}'].contains(c)) else { break };
        if digits(&rest[blank.len_utf8()..]) != 3 {
            break;
        }
        len += blank.len_utf8() + 3;
    }
    let fraction = text[len..].strip_prefix([',', '.']).map_or(0, digits);
    if (1..=2).contains(&fraction) { len + 1 + fraction } else { len }
}
