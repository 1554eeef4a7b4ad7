//! What a word is found by: its stem, its root and its root without prefixes.

use voronka_core::lang::normal::{Kind, Word, Words};

/// Shortest root that is left of a word, in letters.
const ROOT_LETTERS_MIN: usize = 4;

/// Endings that make other words of a root, longest first: «морозилка», «морозильник» → «мороз».
const SUFFIXES: [&str; 56] = [
    "ировани",
    "ительств",
    "ительн",
    "тельств",
    "ованн",
    "ирова",
    "ильник",
    "овани",
    "тельн",
    "ическ",
    "льник",
    "енност",
    "ильн",
    "ушек",
    "очек",
    "ечек",
    "ушк",
    "юшк",
    "еньк",
    "оньк",
    "очк",
    "ечк",
    "ичк",
    "ишк",
    "ышк",
    "илк",
    "лив",
    "чив",
    "ств",
    "ост",
    "ени",
    "ани",
    "яни",
    "енн",
    "анн",
    "тел",
    "щик",
    "чик",
    "ник",
    "ниц",
    "еск",
    "изм",
    "ист",
    "ов",
    "ев",
    "ив",
    "иц",
    "ец",
    "ен",
    "ик",
    "ок",
    "ек",
    "нн",
    "ин",
    "н",
    "к",
];

/// Beginnings that change the shade of a word, longest first: «бесплатный», «оплата» → «плат».
const PREFIXES: [&str; 34] = [
    "двух",
    "трех",
    "одно",
    "много",
    "пред",
    "пере",
    "полу",
    "без",
    "бес",
    "при",
    "про",
    "под",
    "над",
    "рас",
    "раз",
    "вос",
    "воз",
    "пол",
    "обо",
    "ото",
    "ис",
    "из",
    "до",
    "за",
    "на",
    "об",
    "от",
    "по",
    "со",
    "вы",
    "не",
    "у",
    "о",
    "с",
];

/// A word with what it is found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keys {
    /// The stem: other forms of the word.
    pub(crate) stem: String,
    /// The root: other words of the family («орешки», «орехи»).
    pub(crate) root: String,
    /// The root without prefixes («оплата», «платить»); the root itself where there is none.
    pub(crate) bare: String,
}

impl Keys {
    /// The keys of a stem.
    pub(crate) fn of(stem: &str) -> Self {
        if !has_family(stem) {
            return Self { stem: stem.to_owned(), root: stem.to_owned(), bare: stem.to_owned() };
        }
        let root = root(stem);
        let bare = bare(&root);
        Self { stem: stem.to_owned(), root, bare }
    }

    /// The same without a family.
    pub(crate) fn alone(self) -> Self {
        Self { root: self.stem.clone(), bare: self.stem.clone(), stem: self.stem }
    }

    /// Whether other words may have its root: numbers and words of other alphabets stand alone.
    pub(crate) fn have_family(&self) -> bool {
        has_family(&self.stem)
    }

    pub(crate) fn hashes(&self) -> Hashes {
        Hashes { stem: hash(&self.stem), root: hash(&self.root), bare: hash(&self.bare) }
    }
}

/// The keys of a word as they are kept with a passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hashes {
    pub(crate) stem: u32,
    pub(crate) root: u32,
    pub(crate) bare: u32,
}

impl Hashes {
    pub(crate) const BYTES: usize = 12;

    pub(crate) fn write(self, out: &mut Vec<u8>) {
        for part in [self.stem, self.root, self.bare] {
            out.extend_from_slice(&part.to_le_bytes());
        }
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let part = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
        Some(Self { stem: part(0)?, root: part(4)?, bare: part(8)? })
    }
}

/// Words and numbers of a text in order, function words left out.
pub(crate) fn keys(text: &str) -> Vec<Keys> {
    // `Words` reads 32 KiB: longer texts are handed over in pieces.
    const PIECE_BYTES: usize = 16 * 1024;
    let mut rest = text;
    let mut keys = Vec::new();
    while !rest.is_empty() {
        let mut end = rest.floor_char_boundary(PIECE_BYTES.min(rest.len()));
        if end < rest.len() {
            end = rest[..end].rfind(char::is_whitespace).filter(|at| *at > 0).unwrap_or(end);
        }
        let (piece, after) = rest.split_at(end);
        let words = Words::of(piece);
        let says = |word: &Word<'_>| sense(word.form) != Sense::None || is_name(&piece[word.range.clone()]);
        keys.extend(words.said().filter(|(_, word)| says(word)).map(|(_, word)| match word.kind {
            Kind::Digits => Keys::of(word.form.trim_start_matches('0')),
            _ => Keys::of(word.stem),
        }));
        rest = after;
    }
    keys
}

/// Whether a word is written as a name: «функция ИЛИ» does not mean "or".
pub(crate) fn is_name(written: &str) -> bool {
    written.chars().nth(1).is_some() && written.chars().all(char::is_uppercase)
}

/// How much a word says by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sense {
    /// Nothing: «и», «вы», «пожалуйста».
    None,
    /// Little: «сколько», «где», «делаете».
    Little,
    /// What the text is about.
    Full,
}

/// How much this form says.
pub(crate) fn sense(form: &str) -> Sense {
    if tables::EMPTY.contains(form) {
        Sense::None
    } else if tables::LIGHT.contains(form) {
        Sense::Little
    } else {
        Sense::Full
    }
}

mod tables {
    use std::{collections::HashSet, sync::LazyLock};

    fn read(text: &'static str) -> HashSet<&'static str> {
        text.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace).collect()
    }

    pub(super) static EMPTY: LazyLock<HashSet<&str>> = LazyLock::new(|| read(include_str!("words/empty.txt")));
    pub(super) static LIGHT: LazyLock<HashSet<&str>> = LazyLock::new(|| read(include_str!("words/light.txt")));
}

/// Whether an unknown form looks like a verb or an adverb: such words are often just the customer's way to put it.
pub(crate) fn looks_like_a_verb(form: &str) -> bool {
    const ENDINGS: [&str; 40] = [
        "ться", "тся", "ать", "ить", "еть", "ять", "уть", "оть", "сти", "зти", "чь", "аете", "яете", "уете", "ите",
        "ете", "ешь", "ишь", "аешь", "ают", "яют", "уют", "ует", "ает", "яет", "еет", "аем", "яем", "уем", "али",
        "или", "ели", "яли", "ило", "ала", "ила", "ся", "сь", "йте", "ешу",
    ];
    form.chars().count() >= 4 && ENDINGS.iter().any(|ending| form.ends_with(ending))
}

/// A hash that stays the same on every machine and in every version: FNV-1a.
pub(crate) fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn has_family(stem: &str) -> bool {
    stem.chars().all(|c| ('а'..='я').contains(&c))
}

fn letters(text: &str) -> usize {
    text.chars().count()
}

fn root(stem: &str) -> String {
    let mut root = stem;
    for _ in 0..3 {
        let shorter = SUFFIXES.iter().find_map(|suffix| {
            root.strip_suffix(suffix).filter(|rest| letters(rest) >= ROOT_LETTERS_MIN && rest.contains(vowel))
        });
        let Some(shorter) = shorter else { break };
        root = shorter;
    }
    let mut root = root.trim_end_matches('ь').to_owned();
    // «оформление», «оформляем», «оформить»: the л after a labial is no part of the root.
    if letters(&root) > ROOT_LETTERS_MIN
        && let Some(rest) = root.strip_suffix("ля").or_else(|| root.strip_suffix('л'))
        && rest.ends_with(['б', 'п', 'в', 'м', 'ф'])
    {
        root = rest.to_owned();
    }
    // The last consonant changes within a family: «нога», «ножка»; «печь», «пекарь»; «орех», «орешек».
    if letters(&root) >= 3
        && let Some(last) = root.pop()
    {
        root.push(match last {
            'ж' => 'г',
            'ч' | 'ц' => 'к',
            'ш' => 'х',
            other => other,
        });
    }
    root
}

fn vowel(c: char) -> bool {
    matches!(c, 'а' | 'е' | 'и' | 'о' | 'у' | 'ы' | 'э' | 'ю' | 'я')
}

fn bare(root: &str) -> String {
    let mut bare = root;
    for _ in 0..2 {
        let shorter = PREFIXES.iter().find_map(|prefix| {
            bare.strip_prefix(prefix).filter(|rest| letters(rest) >= ROOT_LETTERS_MIN && rest.contains(vowel))
        });
        let Some(shorter) = shorter else { break };
        bare = shorter;
    }
    bare.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Keys {
        keys(text).remove(0)
    }

    #[track_caller]
    fn kin(a: &str, b: &str) {
        let (a, b) = (one(a), one(b));
        assert!(a.root == b.root || a.bare == b.bare || a.root == b.bare || a.bare == b.root, "{a:?} {b:?}");
    }

    #[test]
    fn words_of_one_family_share_a_root() {
        kin("орешки", "орехами");
        kin("морозилка", "морозильник");
        kin("морозилку", "заморозить");
        kin("тортик", "торта");
        kin("карточку", "карта");
        kin("оплата", "платить");
        kin("бесглютеновое", "глютена");
        kin("оформление", "оформить");
        kin("доставка", "доставите");
        kin("доставка", "доставляем");
    }

    #[test]
    fn different_words_do_not() {
        for (a, b) in [("торт", "сорт"), ("мёд", "медаль"), ("счёт", "свеча"), ("заказ", "сказка")]
        {
            assert_ne!(one(a).root, one(b).root);
        }
    }

    #[test]
    fn function_words_are_left_out_and_numbers_are_words() {
        let stems: Vec<String> =
            keys("А что у вас есть из 5 тортов по 007?").into_iter().map(|keys| keys.stem).collect();
        assert_eq!(stems, ["5", "торт", "7"]);
    }

    #[test]
    fn a_function_word_in_capitals_is_a_name() {
        let stems: Vec<String> = keys("функция ИЛИ, И вот AND").into_iter().map(|keys| keys.stem).collect();
        assert_eq!(stems, ["функц", "ил", "and"]);
    }

    #[test]
    fn long_texts_are_read_to_the_end() {
        let text = "слово ".repeat(20_000) + "конец";
        assert_eq!(keys(&text).len(), 20_001);
    }
}
