//! What the example partners say: whoever copies one must not copy a promise of health or of income.

use std::path::PathBuf;

use crate::{
    house::{files, read},
    workspace::root,
};

/// Phrases that no text may have.
const LIST: &str = "tests/data/promises.txt";
/// Where examples lie, and the endings of files that hold texts.
const EXAMPLES: [&str; 2] = ["partners", "docs/book/examples"];
const ENDINGS: [&str; 3] = ["yaml", "md", "csv"];
/// Lists of what customers say: they may ask for anything.
const OF_CUSTOMERS: [&str; 2] = ["also: [", "words: ["];

/// A phrase, word by word.
struct Phrase<'a>(Vec<&'a str>);

impl Phrase<'_> {
    fn is_said(&self, words: &[String]) -> bool {
        words.windows(self.0.len()).any(|here| self.0.iter().zip(here).all(|(wanted, word)| fits(wanted, word)))
    }
}

/// Whether a word is the one that is wanted: `N` is any number, a star any ending.
fn fits(wanted: &str, word: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(stem) => word.starts_with(stem),
        None if wanted == "N" => word.chars().all(|c| c.is_ascii_digit()),
        None => wanted == word,
    }
}

fn phrases(list: &str) -> Vec<Phrase<'_>> {
    let lines = list.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| Phrase(line.split_whitespace().collect())).collect()
}

/// Words, numbers and signs of money, as the list writes them.
fn words(line: &str) -> Vec<String> {
    let mut spaced = String::with_capacity(line.len());
    for c in line.chars().flat_map(char::to_lowercase) {
        match c {
            'ё' => spaced.push('е'),
            '₽' | '$' => spaced.extend([' ', c, ' ']),
            _ if c.is_alphanumeric() => spaced.push(c),
            _ => spaced.push(' '),
        }
    }
    spaced.split_whitespace().map(str::to_owned).collect()
}

/// A line without what customers say.
fn own_words(line: &str) -> String {
    let mut line = line.to_owned();
    for list in OF_CUSTOMERS {
        while let Some(from) = line.find(list) {
            let until = line[from..].find(']').map_or(line.len(), |end| from + end);
            line.replace_range(from..until, "");
        }
    }
    line
}

/// Texts of the examples; what invented customers say in their tests is theirs.
fn texts() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in EXAMPLES {
        for ending in ENDINGS {
            files(&root().join(folder), ending, &mut found);
        }
    }
    found.retain(|path| !path.ends_with("README.md") && !path.iter().any(|part| part == "tests"));
    found
}

#[test]
fn the_example_partners_promise_neither_health_nor_income() {
    let list = read(&root().join(LIST));
    let (phrases, texts) = (phrases(&list), texts());
    assert!(phrases.len() > 50 && texts.len() > 100, "the list and the texts were read");
    for path in texts {
        for (number, line) in read(&path).lines().enumerate() {
            let words = words(&own_words(line));
            let said = phrases.iter().find(|phrase| phrase.is_said(&words)).map(|phrase| phrase.0.join(" "));
            assert_eq!(said, None, "{}:{}: {line}", path.display(), number + 1);
        }
    }
}

#[test]
fn a_promise_is_found_in_other_words_and_a_denial_is_none() {
    let list = read(&root().join(LIST));
    let phrases = phrases(&list);
    let is_said = |line: &str| phrases.iter().any(|phrase| phrase.is_said(&words(&own_words(line))));
    for promise in [
        "Эта банка вылечит",
        "Похудеете на 5 кг!",
        "минус 10 кг за месяц",
        "Чай ЛЕЧИТ горло",
        "Гарантируем доход",
        "пассивный доход для всех",
        "30 000 ₽ в месяц",
        "вы заработаете на этом",
        "earn $500 a week",
    ] {
        assert!(is_said(promise), "{promise}");
    }
    for honest in [
        "Доход не гарантирован, большинство получает немного.",
        "БАД. Не является лекарственным средством.",
        "Килограммов не обещаю.",
        "Отправим за 3 дня, 450 г.",
        "also: [лечит ли, пассивный доход]",
    ] {
        assert!(!is_said(honest), "{honest}");
    }
}
