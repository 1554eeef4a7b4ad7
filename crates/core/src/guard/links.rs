//! Links, domains, names after `@`, e-mail addresses and phones in a sentence.

use crate::lang::contacts;

/// What leads elsewhere, and the text without it.
#[derive(Debug, Default)]
pub(super) struct Leads {
    /// Normal forms of links, domains, names and addresses.
    pub(super) links: Vec<String>,
    /// Digits of phones, the country's code left out.
    pub(super) phones: Vec<String>,
}

const PARTING: &[char] = &['(', ')', '<', '>', '[', ']', '«', '»', '"', '“', '”', '„', ',', ';', '|', '{', '}', '—'];
/// Endings of Cyrillic domains; Latin ones are all letters.
const CYRILLIC_ENDS: &[&str] = &["рф", "рус", "москва", "онлайн", "сайт", "дети", "орг", "ком", "бел", "қаз", "ру"];

/// Takes the links and phones out of a text: spaces stand there afterwards.
pub(super) fn take(text: &mut String) -> Leads {
    let mut leads = Leads::default();
    let mut blanks = Vec::new();
    let mut start = 0;
    for chunk in text.split(parts) {
        let from = start;
        start += chunk.len();
        start += text[start..].chars().next().map_or(0, char::len_utf8);
        let Some(first) = chunk.find(|c: char| c.is_alphanumeric() || c == '@') else { continue };
        if !chunk.contains(['.', '@', ':', '/']) {
            continue;
        }
        let bare =
            chunk[first..].trim_end_matches(|c: char| !(c.is_alphanumeric() || matches!(c, '/' | '_' | '=' | '-')));
        if leads_elsewhere(bare) {
            leads.links.push(normal(bare));
            blanks.push(from + first..from + first + bare.len());
        }
    }
    for blank in blanks {
        text.replace_range(blank.clone(), &" ".repeat(blank.len()));
    }
    if text.bytes().filter(u8::is_ascii_digit).count() >= 7 {
        for found in contacts::phones(text, "RU").into_iter().rev() {
            leads.phones.push(significant(&text[found.range.clone()]));
            let blank = " ".repeat(found.range.len());
            text.replace_range(found.range, &blank);
        }
    }
    leads
}

fn parts(c: char) -> bool {
    // Almost all are letters.
    !matches!(c, 'а'..='я' | 'А'..='Я' | 'a'..='z') && (c.is_whitespace() || PARTING.contains(&c))
}

/// The last ten digits: with +7, with 8 and without a code one number is one number.
fn significant(phone: &str) -> String {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    digits[digits.len().saturating_sub(10)..].to_owned()
}

fn leads_elsewhere(chunk: &str) -> bool {
    if let Some((scheme, rest)) = chunk.split_once(':')
        && !rest.is_empty()
        && (rest.starts_with("//") || ["mailto", "tel", "javascript", "data"].contains(&scheme.to_lowercase().as_str()))
    {
        return true;
    }
    if let Some((_, name)) = chunk.split_once('@') {
        return name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').count() >= 2;
    }
    is_domain(chunk.split(['/', '?', '#', ':']).next().unwrap_or_default(), chunk.contains('/'))
}

fn is_domain(host: &str, path: bool) -> bool {
    let Some((names, end)) = host.rsplit_once('.') else { return false };
    let labels = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '-');
    if !names.split('.').all(labels) || end.chars().count() < 2 || !end.chars().all(char::is_alphabetic) {
        return false;
    }
    let last = names.rsplit('.').next().unwrap_or_default();
    if !last.chars().any(char::is_alphabetic) {
        return path && end.is_ascii();
    }
    // «торте.Если», "cake.It": a space was forgotten; an address is written in one case.
    let lower = end.chars().all(char::is_lowercase);
    let upper = end.chars().all(char::is_uppercase) && last.chars().all(|c| !c.is_lowercase());
    let long = last.chars().count() >= 2;
    (lower || upper) && (long || path) && (end.is_ascii() || CYRILLIC_ENDS.contains(&end.to_lowercase().as_str()))
}

/// One spelling of a link: no scheme, no `www.`, no closing slash, the host in lower case.
pub(super) fn normal(link: &str) -> String {
    let lower = link.to_lowercase();
    let bare = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
    let bare = bare.strip_prefix("mailto:").or_else(|| bare.strip_prefix("tel:")).unwrap_or(bare);
    bare.strip_prefix("www.").unwrap_or(bare).trim_end_matches('/').to_owned()
}

/// The host of a link in normal form.
pub(super) fn host(normal: &str) -> &str {
    normal.split(['/', '?', '#', ':']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_phones_are_found_and_taken_out() {
        for (text, expected) in [
            ("Сайт https://www.korica.example/catalog/.", vec!["korica.example/catalog"]),
            ("[тут](http://evil.com/a?b=1) и @korica_bot!", vec!["evil.com/a?b=1", "@korica_bot"]),
            ("пишите zakaz@korica.example", vec!["zakaz@korica.example"]),
            ("сайт корица.рф", vec!["корица.рф"]),
            ("т.е. 15.12, 1.5 кг, в 18:30 и т.д.", vec![]),
            ("Хороший торт.Если нужен", vec![]),
            ("звоните +7 900 000-00-12", vec!["9000000012"]),
        ] {
            let mut rest = text.to_owned();
            let leads = take(&mut rest);
            let all: Vec<String> = leads.links.into_iter().chain(leads.phones).collect();
            assert_eq!(all, expected, "{text}");
            assert_eq!(rest.len(), text.len());
        }
    }
}
