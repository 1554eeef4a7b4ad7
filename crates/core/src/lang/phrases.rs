//! Phrases that mean something, looked up in [`Words`].

use rustc_hash::FxHashMap;

use super::normal::{Kind, Words};

/// A word of a phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// One of these forms: `пишите|пиши`.
    Forms(Vec<&'static str>),
    /// A form that starts so: `цен*`.
    Start(&'static str),
}

impl Part {
    fn fits(&self, form: &str) -> bool {
        match self {
            Self::Forms(forms) => forms.contains(&form),
            Self::Start(start) => form.starts_with(start),
        }
    }
}

/// A table of phrases, each with what it means. A phrase is written in normal form (ё as е, no slang), its words parted by
/// spaces; `a|b` is either word, `a*` any word that starts so. Marks between the words of a text do not matter.
#[derive(Debug)]
pub(super) struct Phrases<T> {
    /// By the first word, where phrases name it: all that may begin with this word.
    by_form: FxHashMap<&'static str, Vec<Phrase<T>>>,
    /// By its first two letters, those that begin with any word of such a beginning: a `*` needs both.
    by_letters: FxHashMap<[char; 2], Vec<Phrase<T>>>,
}

type Phrase<T> = (Vec<Part>, T);

/// The first two letters of a word.
fn letters(word: &str) -> Option<[char; 2]> {
    let mut letters = word.chars();
    Some([letters.next()?, letters.next().unwrap_or(' ')])
}

impl<T: Copy> Phrases<T> {
    /// Builds a table out of lists of phrases parted by commas or line ends.
    pub(super) fn new(lists: &[(T, &'static str)]) -> Self {
        let split = |(meaning, list): &(T, &'static str)| {
            let meaning = *meaning;
            list.split([',', '\n'])
                .map(move |phrase| (phrase.split_whitespace().map(part).collect::<Vec<Part>>(), meaning))
        };
        let mut all: Vec<Phrase<T>> = lists.iter().flat_map(split).filter(|(parts, _)| !parts.is_empty()).collect();
        // The longest phrase is tried first.
        all.sort_by_key(|(parts, _)| std::cmp::Reverse(parts.len()));
        let mut table = Self { by_form: FxHashMap::default(), by_letters: FxHashMap::default() };
        for phrase in &all {
            match &phrase.0[0] {
                Part::Forms(forms) => forms.iter().for_each(|form| {
                    table.by_form.entry(form).or_default();
                }),
                Part::Start(start) => {
                    assert!(start.chars().nth(1).is_some(), "too short to look up: {start}*");
                    let key = letters(start).expect("a beginning has letters");
                    table.by_letters.entry(key).or_default().push(phrase.clone());
                }
            }
        }
        for (form, phrases) in &mut table.by_form {
            phrases.extend(all.iter().filter(|(parts, _)| parts[0].fits(form)).cloned());
        }
        table
    }

    /// The longest phrase that starts at this place: what it means and the place past it.
    pub(super) fn at(&self, words: &Words, at: usize) -> Option<(T, usize)> {
        self.all_at(words, at).next()
    }

    /// All meanings of phrases that start at this place, the longest first.
    pub(super) fn all_at(&self, words: &Words, at: usize) -> impl Iterator<Item = (T, usize)> {
        let form = words.form(at);
        let phrases = self.by_form.get(form).or_else(|| self.by_letters.get(&letters(form)?));
        let fitting = phrases.into_iter().flatten();
        fitting.filter_map(move |(parts, meaning)| Some((*meaning, ends(parts, words, at)?)))
    }
}

fn part(text: &'static str) -> Part {
    match text.strip_suffix('*') {
        Some(start) => Part::Start(start),
        None => Part::Forms(text.split('|').collect()),
    }
}

/// The place past a phrase that starts here; marks inside it are passed over.
fn ends(parts: &[Part], words: &Words, from: usize) -> Option<usize> {
    let mut at = from;
    for (nth, part) in parts.iter().enumerate() {
        while nth > 0 && words.kind(at) == Some(Kind::Mark) && !stops(words.form(at)) {
            at += 1;
        }
        if at >= words.len() || !part.fits(words.form(at)) {
            return None;
        }
        at += 1;
    }
    Some(at)
}

/// Marks that end a sentence and so a phrase.
pub(super) fn stops(form: &str) -> bool {
    matches!(form, "." | "!" | "?" | ";" | "…")
}

/// Words that add politeness or nothing: they never change what a short answer means.
pub(crate) fn filler(form: &str) -> bool {
    const FILLERS: &[&str] = &[
        "пожалуйста",
        "ну",
        "а",
        "и",
        "вот",
        "же",
        "уже",
        "просто",
        "то",
        "это",
        "тогда",
        "вам",
        "вас",
        "вы",
        "мне",
        "нам",
        "меня",
        "я",
        "мы",
        "все",
        "спасибо",
        "наверное",
        "наверно",
        "думаю",
        "так",
        "ладно",
        "девушка",
        "извините",
        "простите",
        "please",
        "thanks",
        "just",
        "the",
        "a",
        "i",
        "me",
        "sorry",
        "well",
    ];
    FILLERS.contains(&form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_phrase_wins_and_marks_inside_do_not_matter() {
        let phrases = Phrases::new(&[(1, "не надо, не"), (2, "цен*, не то|так")]);
        let at = |text: &str| phrases.at(&Words::of(text), 0);
        assert_eq!(at("не, надо"), Some((1, 3)));
        assert_eq!(at("не так"), Some((2, 2)));
        assert_eq!(at("не. надо"), Some((1, 1)));
        assert_eq!(at("ценник"), Some((2, 1)));
        assert_eq!(at("то"), None);
        assert_eq!(at(""), None);
    }
}
