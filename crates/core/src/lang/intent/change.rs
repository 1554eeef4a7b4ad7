//! Corrections of an earlier answer.

use std::{ops::Range, sync::LazyLock};

use crate::lang::{
    normal::{Kind, Words},
    numerals::numeral,
    phrases::{Phrases, filler, stops},
};

/// What a correction says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// Bytes of the new content: all after the marker («нет, на 12 человек» → «на 12 человек»; «не 10, а 12» → «12»).
    pub new: Range<usize>,
    /// Bytes of what is corrected, where it was named («не 10, а 12» → «10»).
    pub old: Option<Range<usize>>,
}

/// What must follow a marker for it to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marker {
    /// Nothing: «точнее», «исправьте».
    Plain,
    /// A comma, a number or a preposition: «нет, …», but not «нет времени».
    Parted,
}

static MARKERS: LazyLock<Phrases<Marker>> = LazyLock::new(|| {
    Phrases::new(&[
        (
            Marker::Plain,
            "точнее, вернее, ой, ойй, упс, опечатка, опечатался, опечаталась, исправьте, исправь, исправьте на, поправьте, поправка, поправочка, то есть, ошибся, ошиблась, ошибка, я ошибся, я ошиблась,
            я имел в виду, я имела в виду, имел в виду, имела в виду, на самом деле, хотя нет, а нет, ой нет, нет точнее, нет вернее, нет лучше, давайте лучше, лучше давайте, все таки, все же, измените, измените на, поменяйте,
            поменяйте на, замените, замените на, поменять на, изменить на, передумал, передумала, передумали, я передумал, я передумала, перепутал, перепутала, я перепутала, виноват, виновата, не так,
            actually, no actually, i mean, i meant, oops, correction, make it, change it to, change to, rather, wait no, sorry i meant, my mistake",
        ),
        (Marker::Parted, "нет, не, нее, неа, неет, нет нет, no, nope, sorry"),
    ])
});

/// Reads a correction: a marker at the start with something after it, or «не 10, а 12» anywhere in a short text.
pub fn correction(words: &Words) -> Option<Correction> {
    replaced(words).or_else(|| marked(words))
}

fn marked(words: &Words) -> Option<Correction> {
    let mut at = past_polite(words, 0);
    let mut found = false;
    // Markers may follow one another: «ой, нет, точнее …».
    while let Some((marker, past)) = MARKERS.at(words, at) {
        if marker == Marker::Parted && !parted(words, past) {
            break;
        }
        found = true;
        at = past_marks(words, past);
    }
    let content = (at..words.len()).any(|place| words.kind(place) != Some(Kind::Mark) && !filler(words.form(place)));
    (found && content && !refusal(words, at)).then(|| Correction { new: words.source(at..words.len()), old: None })
}

/// «Извините, нет, …»: politeness before a marker.
fn past_polite(words: &Words, from: usize) -> usize {
    let mut at = from;
    while matches!(words.form(at), "извините" | "простите" | "пожалуйста" | "а" | "ну" | "," | "sorry" | "well" | "oh")
    {
        at += 1;
    }
    // «sorry» alone in front is a marker of its own in English.
    if at > 0 && words.form(at - 1) == "sorry" { at - 1 } else { at }
}

fn past_marks(words: &Words, from: usize) -> usize {
    (from..words.len())
        .find(|at| words.kind(*at) != Some(Kind::Mark) || matches!(words.form(*at), "$" | "€" | "£" | "+"))
        .unwrap_or(words.len())
}

/// After «нет»: a comma, a number, or a word that starts an answer. «Нет ли», «нет времени», «нет у вас» say something else.
fn parted(words: &Words, at: usize) -> bool {
    match words.kind(at) {
        Some(Kind::Mark) => words.form(at) != "?",
        Some(Kind::Digits) => true,
        Some(Kind::Word) => {
            matches!(
                words.form(at),
                "на" | "в"
                    | "к"
                    | "лучше"
                    | "давайте"
                    | "давай"
                    | "пусть"
                    | "мне"
                    | "нам"
                    | "for"
                    | "make"
                    | "its"
                    | "on"
            ) || numeral(words.form(at)).is_some()
        }
        None => false,
    }
}

/// «Нет, не надо», «нет, спасибо», «нет, это всё»: a no, and no correction. A question after «нет» is a question.
fn refusal(words: &Words, from: usize) -> bool {
    let rest = |nth: usize| words.form(from + nth);
    let no = rest(0) == "не"
        && matches!(
            rest(1),
            "надо"
                | "нужно"
                | "хочу"
                | "буду"
                | "знаю"
                | "интересно"
                | "сейчас"
                | "то"
                | "подходит"
                | "подойдет"
                | "пойдет"
                | "устраивает"
                | "согласен"
                | "согласна"
        );
    let all = matches!((rest(0), rest(1)), ("это", "все") | ("на", "этом") | ("я", "не"));
    let polite = matches!(rest(0), "ничего" | "спасибо" | "thank" | "thanks" | "thats");
    no || polite || all || words.iter().any(|word| word.form == "?")
}

/// «Не 10, а 12», «12, а не 10», not 10 but 12.
fn replaced(words: &Words) -> Option<Correction> {
    const WORDS_MAX: usize = 14;
    if words.len() > WORDS_MAX {
        return None;
    }
    let not = (0..words.len()).find(|at| matches!(words.form(*at), "не" | "not"))?;
    let but = |form: &str| matches!(form, "а" | "but");
    if but(words.form(not.checked_sub(1).unwrap_or(usize::MAX))) {
        // «12, а не 10»
        let new = trimmed(words, past_markers(words)..not - 1);
        let old = trimmed(words, not + 1..words.len());
        return pair(words, &new, &old);
    }
    let turn = (not + 1..words.len())
        .find(|at| but(words.form(*at)) || stops(words.form(*at)))
        .filter(|at| but(words.form(*at)))?;
    let old = trimmed(words, not + 1..turn);
    let new = trimmed(words, turn + 1..words.len());
    let starts = past_markers(words) >= not;
    starts.then(|| pair(words, &new, &old)).flatten()
}

fn past_markers(words: &Words) -> usize {
    let mut at = past_polite(words, 0);
    while let Some((_, past)) = MARKERS.at(words, at).filter(|_| !matches!(words.form(at), "не" | "not")) {
        at = past_marks(words, past);
    }
    at
}

fn trimmed(words: &Words, places: Range<usize>) -> Range<usize> {
    let word = |at: &usize| words.kind(*at) != Some(Kind::Mark);
    let start = places.clone().find(word).unwrap_or(places.end);
    let end = places.rev().find(word).map_or(start, |at| at + 1);
    start..end.max(start)
}

/// Both sides name things: «не знаю, а сколько стоит» does not.
fn pair(words: &Words, new: &Range<usize>, old: &Range<usize>) -> Option<Correction> {
    const SIDE_MAX: usize = 5;
    let fits = |side: &Range<usize>| (1..=SIDE_MAX).contains(&side.len());
    let verb = matches!(
        words.form(old.start),
        "знаю"
            | "понимаю"
            | "понял"
            | "поняла"
            | "помню"
            | "надо"
            | "нужно"
            | "хочу"
            | "могу"
            | "важно"
            | "уверен"
            | "уверена"
            | "только"
            | "sure"
            | "only"
            | "подскажете"
    );
    let asks = words.iter().any(|word| matches!(word.form, "?" | "сколько" | "почему" | "когда" | "где"));
    (fits(new) && fits(old) && !verb && !asks)
        .then(|| Correction { new: words.source(new.clone()), old: Some(words.source(old.clone())) })
}
