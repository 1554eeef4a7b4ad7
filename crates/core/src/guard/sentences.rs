//! Where sentences end. The decision about an end needs nothing past the first character that follows it, so that a text
//! which is still being written is cut the same way as the whole one.

use std::ops::Range;

/// Words with a full stop after which a sentence goes on, whatever follows.
const NEVER_LAST: &[&str] = &[
    "г",
    "ул",
    "им",
    "стр",
    "корп",
    "пл",
    "просп",
    "пр",
    "пер",
    "наб",
    "обл",
    "тел",
    "см",
    "напр",
    "св",
    "mr",
    "mrs",
    "ms",
    "dr",
    "st",
    "e.g",
    "i.e",
    "vs",
    "approx",
    "no",
    "т.е",
];
/// Words with a full stop that may end a sentence: they do before a capital letter.
const MAYBE_LAST: &[&str] = &[
    "т", "д", "п", "е", "т.д", "т.п", "др", "пр", "руб", "р", "коп", "тыс", "млн", "шт", "кг", "гр", "л", "мл", "мин",
    "ч", "сек", "час", "дн", "нед", "мес", "etc", "pcs", "min", "a.m", "p.m",
];
const CLOSING: &[char] = &[')', ']', '»', '”', '"', '\'', '*', '_', '’', '`'];

/// The sentences of a text: together they are all of it.
pub(super) fn split(text: &str) -> Vec<Range<usize>> {
    let mut sentences = Vec::new();
    let mut start = 0;
    while let Some(end) = next_end(text, start) {
        sentences.push(start..end);
        start = end;
    }
    if start < text.len() {
        sentences.push(start..text.len());
    }
    sentences
}

/// The end of the sentence that starts at `start`, white space behind it included up to a line's end, if what is there
/// shows it: nothing that follows can move it.
pub(super) fn next_end(text: &str, start: usize) -> Option<usize> {
    let mut chars = text[start..].char_indices().map(|(at, c)| (start + at, c)).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\n' && !text[start..at].trim().is_empty() {
            return Some(at + 1);
        }
        if !matches!(c, '.' | '!' | '?' | '…' | '。') {
            continue;
        }
        let mut end = at + c.len_utf8();
        while let Some((at, c)) =
            chars.peek().copied().filter(|(_, c)| matches!(c, '.' | '!' | '?' | '…') || CLOSING.contains(c))
        {
            end = at + c.len_utf8();
            chars.next();
        }
        // Nothing follows yet: it may be the middle of an address, a number, an abbreviation.
        let (_, next) = chars.peek().copied()?;
        if next == '\n' {
            continue;
        }
        if !next.is_whitespace() {
            continue;
        }
        let spaces = text[end..].len() - text[end..].trim_start_matches(|c: char| c.is_whitespace() && c != '\n').len();
        let after = text[end + spaces..].chars().next()?;
        if ends(&text[start..at], &text[at..end], after) {
            return Some(end + spaces);
        }
    }
    None
}

/// Whether a mark behind `before` ends a sentence when `after` follows it.
fn ends(before: &str, mark: &str, after: char) -> bool {
    if !mark.starts_with('.') || mark.starts_with("..") {
        return !after.is_lowercase() || mark.starts_with(['!', '?']);
    }
    let word = before.rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | '«' | '"')).next().unwrap_or_default();
    let lower = word.to_lowercase();
    let numbered = !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit()) && before.trim() == word;
    let initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
    if numbered || initial || NEVER_LAST.contains(&lower.as_str()) {
        return false;
    }
    if MAYBE_LAST.contains(&lower.as_str()) {
        return after.is_uppercase();
    }
    !after.is_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = split(text).into_iter().map(|sentence| text[sentence].trim()).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn sentences_end_where_readers_hear_an_end() {
        check("Да, есть. Цена 4 200 ₽! Берёте?", &["Да, есть.", "Цена 4 200 ₽!", "Берёте?"]);
        check("Мы в г. Москва, ул. Пекарская, 12. Ждём!", &["Мы в г. Москва, ул. Пекарская, 12.", "Ждём!"]);
        check("Торты, пироги и т. д. есть всегда.", &["Торты, пироги и т. д. есть всегда."]);
        check("Вес 1.8 кг, к 15.12. Успеем.", &["Вес 1.8 кг, к 15.12.", "Успеем."]);
        check("1. Торт «Малина»\n2. Медовик", &["1. Торт «Малина»", "2. Медовик"]);
        check("Стоит 4 200 руб. Вес 2 кг.", &["Стоит 4 200 руб.", "Вес 2 кг."]);
        check("«Правда?» Да.", &["«Правда?»", "Да."]);
        check("Сайт korica.example работает.", &["Сайт korica.example работает."]);
        check("ИП Кольцова М. А. печёт. Всё.", &["ИП Кольцова М. А. печёт.", "Всё."]);
    }

    proptest::proptest! {
        #[test]
        fn sentences_are_the_whole_text_and_prefixes_are_cut_alike(text in "[а-яА-Я0-9 .!?…\n»]{0,80}", cut in 0usize..80) {
            let whole = split(&text);
            proptest::prop_assert_eq!(whole.iter().map(|s| &text[s.clone()]).collect::<String>(), &text[..]);
            let prefix = &text[..text.floor_char_boundary(cut.min(text.len()))];
            let mut start = 0;
            for sentence in &whole {
                let Some(end) = next_end(prefix, start) else { break };
                // Spaces at the very end of a prefix may go on; the sentence is the same.
                proptest::prop_assert_eq!(prefix[start..end].trim_end(), text[sentence.clone()].trim_end());
                start = end;
            }
        }
    }
}
