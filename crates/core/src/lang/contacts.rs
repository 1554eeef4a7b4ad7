//! Phone numbers and e-mail addresses inside longer texts.

use std::ops::Range;

use smallvec::SmallVec;

use crate::contact::{Email, Phone};

/// Digits of the shortest and the longest phone number with its code.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// Most groups of digits that one number is written in: «8 9 9 9 …» is no number people send.
const GROUPS_MAX: usize = 8;
/// Most spellings tried in one text: reading a number costs microseconds.
const TRIES_MAX: usize = 48;

/// Something found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<T> {
    /// Bytes of the source.
    pub range: Range<usize>,
    /// What stands there.
    pub value: T,
}

/// Phone numbers in a text, as people write them; `country` (ISO 3166) is assumed where no code is given.
pub fn phones(text: &str, country: &str) -> Vec<Found<Phone>> {
    let mut found = Vec::new();
    if !may_hold_phone(text, country) {
        return found;
    }
    let mut tries = 0;
    for run in runs(text) {
        let mut first = 0;
        while first < run.len() {
            match longest(text, &run[first..], country, &mut tries) {
                Some((groups, phone)) => {
                    first += groups;
                    found.push(phone);
                }
                None => first += 1,
            }
        }
    }
    found
}

/// Whether enough digits stand together: most texts hold no number that is long enough, and a look at their bytes tells.
fn may_hold_phone(text: &str, country: &str) -> bool {
    let digits = |bytes: &[u8]| bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    let mut rest = text.as_bytes();
    if digits(rest) < *PHONE_DIGITS.start() {
        return false;
    }
    // Without a code a Russian number has ten digits; see `longest`.
    let least = if is_russian(country) && !text.contains('+') { 10 } else { *PHONE_DIGITS.start() };
    let joins = |byte: &u8| match byte {
        b'0'..=b'9' | b'+' | b' ' | b'-' | b'(' | b')' | b'.' => true,
        // Of what is not ASCII all but the letters of the Cyrillic alphabet may be a space or a dash.
        byte => *byte >= 0x80 && !matches!(byte, 0xd0 | 0xd1),
    };
    while let Some(first) = rest.iter().position(u8::is_ascii_digit) {
        let run = &rest[first..];
        let (run, after) = run.split_at(run.iter().position(|byte| !joins(byte)).unwrap_or(run.len()));
        if digits(run) >= least {
            return true;
        }
        rest = after;
    }
    false
}

fn is_russian(country: &str) -> bool {
    matches!(country, "RU" | "KZ")
}

type Groups = SmallVec<[Range<usize>; 8]>;

/// Groups of digits that stand together, parted by nothing but spaces, dots, hyphens and brackets; a `+` belongs to its group.
fn runs(text: &str) -> Vec<Groups> {
    let mut runs: Vec<Groups> = Vec::new();
    let mut run = Groups::new();
    let mut group: Option<Range<usize>> = None;
    let mut before = ' ';
    let mut from = 0;
    while let Some(c) = text[from..].chars().next() {
        if run.is_empty() && group.is_none() {
            // Nothing begins before the next digit.
            let Some(skipped) = text[from..].bytes().position(|b| b.is_ascii_digit() || b == b'+') else { break };
            if skipped > 0 {
                from += skipped;
                before = text[..from].chars().next_back().unwrap_or(before);
                continue;
            }
        }
        let at = from;
        from += c.len_utf8();
        let end = at + c.len_utf8();
        let joins =
            c.is_ascii_digit() || matches!(c, '+' | ' ' | '\u{a0}' | '\u{202f}' | '-' | '–' | '‑' | '(' | ')' | '.');
        match (&mut group, c) {
            (Some(group), '0'..='9') => group.end = end,
            // `id12345678901` is no phone.
            (None, '0'..='9' | '+') if !before.is_alphanumeric() || !run.is_empty() => group = Some(at..end),
            (_, _) => run.extend(group.take()),
        }
        if c == '+' && group.as_ref().is_some_and(|group| group.start != at) {
            run.extend(group.replace(at..end));
        }
        if !joins && !run.is_empty() {
            runs.push(std::mem::take(&mut run));
        }
        before = c;
    }
    run.extend(group);
    runs.extend((!run.is_empty()).then_some(run));
    runs
}

/// The longest number that starts with the first group, and how many groups it takes.
fn longest(text: &str, groups: &[Range<usize>], country: &str, tries: &mut usize) -> Option<(usize, Found<Phone>)> {
    let (first, russian) = (groups.first()?, is_russian(country));
    let start = text.get(first.clone())?;
    let plus = start.starts_with('+');
    for count in (1..=groups.len().min(GROUPS_MAX)).rev() {
        let digits: usize =
            groups[..count].iter().map(|group| text[group.clone()].bytes().filter(u8::is_ascii_digit).count()).sum();
        let one_plus = !groups[1..count].iter().any(|group| text[group.clone()].starts_with('+'));
        let fits = match (plus, russian) {
            (true, _) | (false, false) => PHONE_DIGITS.contains(&digits),
            (false, true) => match digits {
                11 => start.starts_with(['7', '8']),
                10 => start.starts_with('9'),
                _ => false,
            },
        };
        // 16 digits in fours are a bank card.
        let card = !plus && groups.len() >= 4 && groups.iter().take(4).all(|group| group.len() == 4);
        if !fits || !one_plus || card || *tries >= TRIES_MAX {
            continue;
        }
        *tries += 1;
        let mut range = first.start..groups[count - 1].end;
        // «(999) 123…»: the bracket belongs to the number.
        if text[..range.start].ends_with('(') && text[range.clone()].contains(')') {
            range.start -= 1;
        }
        if let Ok(value) = Phone::parse(&text[range.clone()], country) {
            return Some((count, Found { range, value }));
        }
    }
    None
}

/// E-mail addresses in a text.
pub fn emails(text: &str) -> Vec<Found<Email>> {
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-');
    let domain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
    let mut found: Vec<Found<Email>> = Vec::new();
    for (at, _) in text.match_indices('@') {
        let free = found.last().map_or(0, |last| last.range.end);
        let Some(before) = text.get(free..at) else { continue };
        let start = at - before.chars().rev().take_while(|c| name(*c)).map(char::len_utf8).sum::<usize>();
        let end = at + 1 + text[at + 1..].chars().take_while(|c| domain(*c)).map(char::len_utf8).sum::<usize>();
        let start =
            end.min(start + (text[start..at].len() - text[start..at].trim_start_matches(['.', '-', '+']).len()));
        let end = start + text[start..end].trim_end_matches(['.', '-']).len();
        if let Ok(value) = Email::parse(&text[start..end]) {
            found.push(Found { range: start..end, value });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let found = phones(text, "RU");
        let found: Vec<(&str, &str)> = found.iter().map(|f| (&text[f.range.clone()], f.value.as_str())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn phones_are_found_inside_a_text() {
        check("мой номер 8 999 123-45-67, звоните", &[("8 999 123-45-67", "+79991234567")]);
        check("+7(999)1234567", &[("+7(999)1234567", "+79991234567")]);
        check("9991234567", &[("9991234567", "+79991234567")]);
        check("(999) 123 45 67 Аня", &[("(999) 123 45 67", "+79991234567")]);
        check("на 12 человек 15.12 89991234567", &[("89991234567", "+79991234567")]);
        check(
            "89991234567 или +44 20 7946 0958",
            &[("89991234567", "+79991234567"), ("+44 20 7946 0958", "+442079460958")],
        );
        check("т.89991234567.", &[("89991234567", "+79991234567")]);
    }

    #[test]
    fn what_only_looks_like_a_phone_is_left_alone() {
        for text in [
            "12 человек",
            "4276 1234 5678 9012",
            "15.12.2026 18:30",
            "id89991234567",
            "ИНН 7701234567",
            "1 200 000",
            "",
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn addresses_are_found_inside_a_text() {
        let found = |text: &str| -> Vec<String> { emails(text).iter().map(|f| f.value.as_str().to_owned()).collect() };
        assert_eq!(found("пишите на Anna.K@mail.ru."), ["anna.k@mail.ru"]);
        assert_eq!(found("почта:a@b.ru,c@d.com"), ["a@b.ru", "c@d.com"]);
        assert_eq!(found("@anna, a@b, тут@нет @"), Vec::<String>::new());
    }

    proptest::proptest! {
        #[test]
        fn what_is_not_looked_through_holds_no_phone(text in "([78+()]{0,2}[0-9]{1,4}[-– \u{a0}\u{202f}.()+жx:]{0,2}){0,6}") {
            for country in ["RU", "GB"] {
                let mut tries = 0;
                let found = runs(&text).iter().any(|run| (0..run.len()).any(|at| longest(&text, &run[at..], country, &mut tries).is_some()));
                proptest::prop_assert!(!found || may_hold_phone(&text, country));
            }
        }

        #[test]
        fn any_text_is_searched_without_panic(text in "[+0-9() .@a-zёж🎂-]{0,80}|\\PC{0,100}") {
            for found in phones(&text, "RU") {
                assert!(text.get(found.range).is_some());
            }
            for found in emails(&text) {
                assert!(text.get(found.range).is_some());
            }
        }
    }
}
