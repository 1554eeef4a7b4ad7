//! Letters of two alphabets that look alike: what somebody has typed, and what they see.

use super::is_name;

/// Cyrillic letters and the Latin ones that look like them.
const ALIKE: [(char, char); 19] = [
    ('а', 'a'),
    ('с', 'c'),
    ('е', 'e'),
    ('о', 'o'),
    ('р', 'p'),
    ('х', 'x'),
    ('у', 'y'),
    ('і', 'i'),
    ('А', 'A'),
    ('В', 'B'),
    ('С', 'C'),
    ('Е', 'E'),
    ('К', 'K'),
    ('М', 'M'),
    ('Н', 'H'),
    ('О', 'O'),
    ('Р', 'P'),
    ('Т', 'T'),
    ('Х', 'X'),
];

fn is_cyrillic(c: char) -> bool {
    ('\u{400}'..='\u{52f}').contains(&c)
}

fn is_latin(c: char) -> bool {
    c.is_alphabetic() && c < '\u{250}'
}

/// The alphabet that a name is meant in, if it has letters of both.
fn mixed(name: &str) -> Option<Alphabet> {
    let count = |is: fn(char) -> bool| name.chars().filter(|c| is(*c)).count();
    match (count(is_cyrillic), count(is_latin)) {
        (0, _) | (_, 0) => None,
        (more, less) if more >= less => Some(Alphabet::Cyrillic),
        _ => Some(Alphabet::Latin),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    Cyrillic,
    Latin,
}

/// The first letter of the rarer alphabet, when a name has letters of both.
pub(crate) fn odd_letter(name: &str) -> Option<char> {
    match mixed(name)? {
        Alphabet::Cyrillic => name.chars().find(|c| is_latin(*c)),
        Alphabet::Latin => name.chars().find(|c| is_cyrillic(*c)),
    }
}

/// The first Cyrillic letter of a name that is Latin otherwise, as all our keys are.
pub(crate) fn foreign_letter(key: &str) -> Option<char> {
    key.chars().any(is_latin).then(|| key.chars().find(|c| is_cyrillic(*c))).flatten()
}

/// A name with letters of two alphabets in either of them, as far as letters look alike; the one it is rather meant in first.
pub(crate) fn unmixed(name: &str) -> Vec<String> {
    let Some(meant) = mixed(name) else { return Vec::new() };
    let to = |alphabet: Alphabet| -> String {
        let letter = |c: char| match alphabet {
            Alphabet::Cyrillic => ALIKE.iter().find(|(_, latin)| *latin == c).map_or(c, |(cyrillic, _)| *cyrillic),
            Alphabet::Latin => ALIKE.iter().find(|(cyrillic, _)| *cyrillic == c).map_or(c, |(_, latin)| *latin),
        };
        name.chars().map(letter).collect()
    };
    let both = match meant {
        Alphabet::Cyrillic => [to(Alphabet::Cyrillic), to(Alphabet::Latin)],
        Alphabet::Latin => [to(Alphabet::Latin), to(Alphabet::Cyrillic)],
    };
    both.into_iter().filter(|name| mixed(name).is_none()).collect()
}

/// The name that one which expressions cannot read was meant as: without signs, in one alphabet.
pub(crate) fn meant_name(name: &str) -> Option<String> {
    let name = unmixed(name).into_iter().next().unwrap_or_else(|| name.to_owned());
    let kept = |c: char| match c {
        c if c.is_whitespace() || matches!(c, '-' | '–' | '—') => Some('_'),
        c => (c.is_alphanumeric() || c == '_').then_some(c),
    };
    let kept: String = name.trim().chars().filter_map(kept).collect();
    let kept = kept.trim_matches('_');
    is_name(kept).then(|| kept.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_told_by_what_it_looks_like() {
        assert_eq!(odd_letter("пpичина"), Some('p'));
        assert_eq!(unmixed("пpичина"), ["причина"]);
        assert_eq!(unmixed("biznеs"), ["biznes"]);
        assert_eq!(unmixed("без_cлов"), ["без_слов"]);
        assert!(unmixed("причина").is_empty() && unmixed("biznes").is_empty());
        assert!(unmixed("sлово").is_empty(), "no letter looks like that s");
        assert_eq!((foreign_letter("аs"), foreign_letter("as"), foreign_letter("ёж")), (Some('а'), None, None));
    }

    #[test]
    fn a_name_with_signs_is_meant_without_them() {
        let meant = |name| meant_name(name).unwrap_or_default();
        assert_eq!(
            (meant("оценка⭐"), meant("что купить"), meant("пpичина")),
            ("оценка".into(), "что_купить".into(), "причина".into())
        );
        assert_eq!((meant("⭐"), meant("1 раз"), meant("")), (String::new(), String::new(), String::new()));
    }
}
