//! What a reader sees of a text: markup, hidden characters and look-alikes resolved, so that `4**2**00` and `４２ОО` are 4200.

use unicode_normalization::UnicodeNormalization;

/// The text as a reader sees it, with plain digits.
pub(super) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '#'
            && let Some(len) = placeholder(rest)
        {
            out.push(' ');
            rest = &rest[len..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        push(&mut out, c, rest.chars().next());
    }
    let entity = out.contains('&');
    let out = if entity { out.replace("&nbsp;", " ").replace("&#160;", " ") } else { out };
    digits_again(out)
}

/// `#1000000:3#`, which stands for a contact in what a model reads and writes: its length.
fn placeholder(text: &str) -> Option<usize> {
    let end = text.get(1..)?.find('#')? + 1;
    let inner = &text[1..end];
    let (left, right) = inner.split_once(':')?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    (digits(left) && digits(right)).then_some(end + 1)
}

fn push(out: &mut String, c: char, next: Option<char>) {
    match c {
        // Emphasis, also within a word.
        '*' | '`' | '~' => {}
        '_' if !(out.ends_with(char::is_alphanumeric) && next.is_some_and(char::is_alphanumeric)) => {}
        '\u{2024}' | '。' | '｡' => out.push('.'),
        c if hidden(c) => {}
        c if c.is_ascii() || usual(c) => out.push(c),
        c => {
            for c in std::iter::once(c).nfkc() {
                out.push(digit(c).or_else(|| greek(c)).unwrap_or(c));
            }
        }
    }
}

fn hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{20e3}' | '\u{e0000}'..='\u{e01ef}')
}

/// Characters that mean themselves and need no look into the tables.
fn usual(c: char) -> bool {
    matches!(c, '\u{400}'..='\u{4ff}' | '\u{a0}' | '«' | '»' | '°' | '½' | '¼' | '¾' | '×' | '\u{2009}'..='\u{2023}'
        | '\u{2026}'..='\u{2029}' | '\u{202f}' | '\u{2030}' | '\u{20a0}'..='\u{20bf}' | '№' | '−' | '\u{2190}'..='\u{21ff}'
        | '\u{2600}'..='\u{27bf}' | '\u{1f300}'..='\u{1faff}')
}

/// Decimal digits of other scripts, by the zero of each.
fn digit(c: char) -> Option<char> {
    const ZEROS: [u32; 20] = [
        0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20,
        0x1040, 0x17e0, 0x1810, 0xff10, 0x1fbf0,
    ];
    let code = u32::from(c);
    let zero = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code))?;
    char::from_digit(code - zero, 10)
}

/// Greek letters that look like Cyrillic ones.
fn greek(c: char) -> Option<char> {
    let twin = match c {
        'Α' | 'α' => 'а',
        'Β' => 'в',
        'Ε' | 'ε' => 'е',
        'Κ' | 'κ' => 'к',
        'Μ' => 'м',
        'Ο' | 'ο' => 'о',
        'Ρ' | 'ρ' => 'р',
        'Τ' | 'τ' => 'т',
        'Χ' | 'χ' => 'х',
        'Υ' | 'υ' => 'у',
        _ => return None,
    };
    Some(twin)
}

/// Letters that stand for digits («2ОО», «З00») when a run of nothing but them touches a digit.
fn digits_again(text: String) -> String {
    if !text.bytes().any(|b| b.is_ascii_digit()) || !text.contains(|c| twin(c).is_some()) {
        return text;
    }
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        if !chars[at].is_alphabetic() {
            out.push(chars[at]);
            at += 1;
            continue;
        }
        let run = chars[at..].iter().take_while(|c| c.is_alphabetic()).count();
        let letters = &chars[at..at + run];
        let before = at.checked_sub(1).is_some_and(|at| chars[at].is_ascii_digit());
        let after = chars.get(at + run).is_some_and(char::is_ascii_digit);
        // «1l» is a litre; «l50» is no word.
        let fits = |c: &char| twin(*c).is_some() && (after || !matches!(*c, 'l' | 'I'));
        if (before || after) && letters.iter().all(fits) {
            out.extend(letters.iter().filter_map(|c| twin(*c)));
        } else {
            out.extend(letters);
        }
        at += run;
    }
    out
}

fn twin(c: char) -> Option<char> {
    match c {
        'O' | 'o' | 'О' | 'о' => Some('0'),
        'З' | 'з' => Some('3'),
        'l' | 'I' => Some('1'),
        'б' => Some('6'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_sees_plain_digits_and_letters() {
        for (text, seen) in [
            ("4**2**00 ₽", "4200 ₽"),
            ("４２００", "4200"),
            ("4\u{200b}2\u{2060}00", "4200"),
            ("4 2ОО ₽", "4 200 ₽"),
            ("З00", "300"),
            ("٣٠٠", "300"),
            ("𝟑𝟎𝟎", "300"),
            ("15ого, 5кг", "15ого, 5кг"),
            ("_4 200_ snake_case", "4 200 snake_case"),
            ("телефон #1000000:3# записала", "телефон   записала"),
        ] {
            assert_eq!(fold(text), seen, "{text}");
        }
    }
}
