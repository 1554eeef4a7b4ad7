//! Free text matched to the options of a question, and yes or no.

mod answer;
pub(super) mod refusal;
mod several;

use std::ops::Range;

use smallvec::SmallVec;

pub use self::{
    answer::{consent, yes_no},
    several::{Named, Several, choose_several},
};
use super::{
    intent::{Intent, Intents},
    normal::{Kind, Words, squeezed},
    numbers::is_number_word,
    numerals::ordinal,
    phrases::filler,
};

/// Shortest word that may hold one typo, and two, in letters.
const TYPO_LETTERS: [usize; 2] = [5, 9];
/// Longest text in which typos are looked for, in words: who answers a question is brief.
const TYPO_WORDS_MAX: usize = 24;
/// How much longer a word of the same root may be («ягод» and «ягодн»), in letters.
const ROOT_TAIL_MAX: usize = 3;
/// Shortest root, in letters.
const ROOT_LETTERS_MIN: usize = 4;

/// The words of one option, prepared when a file is loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OptionWords {
    id: Name,
    labels: Vec<Name>,
    also: Vec<Name>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Name {
    words: Vec<NameWord>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct NameWord {
    form: String,
    stem: String,
    of_form: Letters,
    of_stem: Letters,
}

/// A word's letters at a glance: most words are too far from each other for typos to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Letters {
    count: usize,
    /// A bit for each letter; letters may share one.
    which: u64,
}

impl Letters {
    fn of(word: &str) -> Self {
        word.chars().fold(Self { count: 0, which: 0 }, |letters, c| Self {
            count: letters.count + 1,
            which: letters.which | 1 << (u32::from(c) % u64::BITS),
        })
    }

    /// How many typos at least part two words: each adds, takes or changes one letter.
    fn apart(self, other: Self) -> usize {
        let lacks = |one: Self, other: Self| (one.which & !other.which).count_ones() as usize;
        self.count.abs_diff(other.count).max(lacks(self, other)).max(lacks(other, self))
    }

    /// How many typos such a word may hold.
    fn typos_max(self) -> usize {
        TYPO_LETTERS.iter().filter(|letters| self.count >= **letters).count()
    }
}

impl Name {
    fn of(text: &str) -> Self {
        let words = Words::of(text);
        let words = words.said().map(|(_, word)| NameWord {
            form: word.form.into(),
            stem: word.stem.into(),
            of_form: Letters::of(word.form),
            of_stem: Letters::of(word.stem),
        });
        Self { words: words.collect() }
    }

    fn letters(&self) -> usize {
        self.words.iter().map(|word| word.of_form.count).sum()
    }
}

impl OptionWords {
    /// Prepares an option. Labels in all languages may be given.
    pub fn new<'a>(
        id: &str,
        labels: impl IntoIterator<Item = &'a str>,
        also: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let names = |name: &Name| !name.words.is_empty();
        Self {
            id: Name::of(id),
            labels: labels.into_iter().map(Name::of).filter(names).collect(),
            also: also.into_iter().map(Name::of).filter(names).collect(),
        }
    }

    fn names(&self, attention: Attention) -> impl Iterator<Item = &Name> {
        let id = (attention == Attention::Open && !self.id.words.is_empty()).then_some(&self.id);
        self.labels.iter().chain(&self.also).chain(id)
    }
}

/// Whether the options belong to the question that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Attention {
    /// They do: ids, list numbers («2», «второй»), parts of labels and typos count.
    Open,
    /// They may name more exactly what the same words have answered already: parts of labels and typos count, a place in the list is
    /// another list's.
    Closer,
    /// They belong to a later question: only whole labels and `also` count, by form, stem or root.
    Ahead,
}

/// Which option a text chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// This one, said in these bytes of the source.
    One(usize, Range<usize>),
    /// One of these: ask which, with buttons.
    Several(Vec<usize>),
    /// None of them.
    None,
}

/// Finds the one option that a text means: the whole label, id or list number first, then names inside the text, by form, by
/// stem, by root, by a part of a label, and by a typo last. The first way that gives anything decides.
pub fn choose(words: &Words, options: &[OptionWords], attention: Attention) -> Choice {
    let said = Said::of(words);
    if said.places.is_empty() {
        return Choice::None;
    }
    let ways: &[Way] = match attention {
        Attention::Open => &[whole, listed, by_form, by_stem, by_root, by_part, by_typo],
        Attention::Closer => &[by_form, by_stem, by_root, by_part, by_typo],
        Attention::Ahead => &[by_form, by_stem, by_root],
    };
    for way in ways {
        let hits = best(way(&said, options, attention));
        match hits.as_slice() {
            [] => {}
            [only] => return Choice::One(only.option, words.source(only.places.clone())),
            several => return Choice::Several(several.iter().map(|hit| hit.option).collect()),
        }
    }
    Choice::None
}

/// The option that a text is and nothing but is: a button's label typed in any case, with a typo or politeness around it, or its
/// place in the list in words («второй»). Digits are no place: they answer other questions.
pub fn choose_label(words: &Words, labels: &[OptionWords]) -> Option<usize> {
    let said = Said::of(words);
    let content = said.content();
    let ways: &[Way] = &[whole, by_form, by_stem, by_typo];
    let all = |hit: &Hit| content.iter().all(|nth| hit.places.contains(&said.places[*nth]));
    let one = |hits: Vec<Hit>| match best(hits.into_iter().filter(all).collect()).as_slice() {
        [only] => Some(only.option),
        _ => None,
    };
    if said.places.is_empty() {
        return None;
    }
    let named = ways.iter().find_map(|way| one(way(&said, labels, Attention::Ahead)));
    let counted = || content.iter().any(|nth| said.form(*nth).parse::<u64>().is_ok());
    named.or_else(|| if counted() { None } else { one(listed(&said, labels, Attention::Open)) })
}

/// Whether a text is nothing but an answer, whatever was asked: a yes or no, a number, a place in a list, or that it does not
/// matter.
pub fn only_answers(words: &Words) -> bool {
    let idle = |form: &str| asking(form) || filler(form) || matches!(form, "не" | "not" | "только");
    let counts = |form: &str| is_number_word(form) || ordinal(form).is_some() || form.parse::<u64>().is_ok();
    yes_no(words).is_some()
        || Intents::of(words).has(Intent::Skip)
        || words.said().all(|(_, word)| idle(word.form) || counts(word.form))
}

/// One way to find options in a text.
type Way = fn(&Said<'_>, &[OptionWords], Attention) -> Vec<Hit>;

/// The words of a text without marks, and their places.
struct Said<'w> {
    words: &'w Words,
    places: SmallVec<[usize; 16]>,
    refusals: Refusals,
}

/// What becomes of an option that is named to refuse it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusals {
    /// It is passed over.
    PassedOver,
    /// It is found like others: what is said of it is weighed later.
    Found,
}

impl<'w> Said<'w> {
    fn of(words: &'w Words) -> Self {
        Self { words, places: words.said().map(|(at, _)| at).collect(), refusals: Refusals::PassedOver }
    }

    fn with_refusals(words: &'w Words) -> Self {
        Self { refusals: Refusals::Found, ..Self::of(words) }
    }

    fn form(&self, nth: usize) -> &'w str {
        self.words.form(self.places[nth])
    }

    fn stem(&self, nth: usize) -> &'w str {
        self.words.stem(self.places[nth])
    }

    fn len(&self) -> usize {
        self.places.len()
    }

    /// Places of the words from the nth on.
    fn span(&self, nth: usize, len: usize) -> Range<usize> {
        self.places[nth]..self.places[nth + len - 1] + 1
    }

    /// Words that carry the answer: «давайте второй, пожалуйста» → «второй».
    fn content(&self) -> SmallVec<[usize; 16]> {
        (0..self.len()).filter(|nth| !asking(self.form(*nth)) && !filler(self.form(*nth))).collect()
    }

    /// Whether words are passed over since they are named to be refused: «не шоколад», «шоколад не нужен».
    fn passed_over(&self, nth: usize, len: usize) -> bool {
        let places = self.span(nth, len);
        self.refusals == Refusals::PassedOver
            && refusal::before(self.words, places.start).or_else(|| refusal::after(self.words, places.end)).is_some()
    }
}

/// Words around a choice that do not choose.
fn asking(form: &str) -> bool {
    const ASKING: &[&str] = &[
        "давайте",
        "давай",
        "хочу",
        "хотим",
        "хотелось",
        "бы",
        "можно",
        "лучше",
        "буду",
        "будет",
        "будем",
        "выбираю",
        "выберу",
        "беру",
        "возьму",
        "возьмем",
        "вариант",
        "номер",
        "пункт",
        "на",
        "для",
        "с",
        "со",
        "в",
        "во",
        "к",
        "у",
        "нас",
        "пусть",
        "мой",
        "наш",
        "take",
        "want",
        "would",
        "like",
        "lets",
        "let",
        "option",
        "number",
        "for",
        "to",
        "my",
        "it",
        "is",
    ];
    ASKING.contains(&form)
}

/// An option that was found, where, and how much of the text speaks for it.
#[derive(Debug, Clone)]
struct Hit {
    option: usize,
    places: Range<usize>,
    weight: usize,
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

/// One hit an option; a hit inside a longer one of another option falls («шоколад» in «молочный шоколад»).
fn best(hits: Vec<Hit>) -> Vec<Hit> {
    let mut kept: Vec<Hit> = Vec::new();
    let mut hits = hits;
    hits.sort_by_key(|hit| (std::cmp::Reverse(hit.weight), hit.option));
    for hit in hits {
        let beaten =
            kept.iter().any(|k| k.option == hit.option || overlap(&k.places, &hit.places) && k.weight > hit.weight);
        if !beaten {
            kept.push(hit);
        }
    }
    kept.sort_by_key(|hit| hit.option);
    kept
}

/// The text is a label, an `also` or an id, or that between fillers.
fn whole(said: &Said<'_>, options: &[OptionWords], attention: Attention) -> Vec<Hit> {
    let content = said.content();
    let equal = |name: &Name, nths: &[usize]| {
        name.words.len() == nths.len() && name.words.iter().zip(nths).all(|(word, nth)| word.form == said.form(*nth))
    };
    let all: SmallVec<[usize; 16]> = (0..said.len()).collect();
    let fits = |nths: &[usize]| -> Vec<Hit> {
        let option = |(option, words): (usize, &OptionWords)| {
            let hit = !nths.is_empty() && words.names(attention).any(|name| equal(name, nths));
            hit.then(|| Hit { option, places: said.span(nths[0], nths[nths.len() - 1] - nths[0] + 1), weight: 0 })
        };
        options.iter().enumerate().filter_map(option).collect()
    };
    let exact = fits(&all);
    if exact.is_empty() { fits(&content) } else { exact }
}

/// «2», «второй», «вариант 2», «последний».
fn listed(said: &Said<'_>, options: &[OptionWords], _: Attention) -> Vec<Hit> {
    let content = said.content();
    let [nth] = *content.as_slice() else { return Vec::new() };
    // «Нас 2», «на 2» count people or days.
    if (0..said.len()).any(|nth| matches!(said.form(nth), "нас" | "на" | "для" | "к" | "for" | "to"))
        && said.form(nth).parse::<u64>().is_ok()
    {
        return Vec::new();
    }
    // Where a label holds this number («2 кг»), the label is meant and not the list.
    let in_label = options
        .iter()
        .flat_map(|option| &option.labels)
        .any(|name| name.words.iter().any(|w| w.form == said.form(nth)));
    match list_number(said.form(nth), options.len()) {
        Some(option) if !in_label => vec![Hit { option, places: said.span(nth, 1), weight: 0 }],
        _ => Vec::new(),
    }
}

/// Digits and ordinals choose by place; «двое», «пять» count something.
fn list_number(form: &str, len: usize) -> Option<usize> {
    match form.parse::<usize>() {
        Ok(number) => number.checked_sub(1).filter(|at| *at < len),
        Err(_) => place_in_list(form, len),
    }
}

/// «Второй», «последний»: a place in a list of so many.
pub fn place_in_list(form: &str, len: usize) -> Option<usize> {
    let number = match form {
        "последний" | "последняя" | "последнее" | "последнюю" | "last" => len,
        _ => usize::try_from(ordinal(form)?).ok()?,
    };
    number.checked_sub(1).filter(|at| *at < len)
}

/// Names found in the text word for word, by a comparison of one word.
fn named(
    said: &Said<'_>,
    options: &[OptionWords],
    attention: Attention,
    same: impl Fn(&NameWord, usize) -> bool,
) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (option, words) in options.iter().enumerate() {
        for name in words.names(attention) {
            let len = name.words.len();
            // A list number such as «2» is no name that may stand anywhere in a text.
            let bare_number =
                attention != Attention::Open && name.words.iter().all(|word| word.form.parse::<u64>().is_ok());
            let places = (0..(said.len() + 1).saturating_sub(len)).filter(|nth| {
                let refusal = matches!(name.words[0].form.as_str(), "без" | "не" | "no" | "not");
                name.words.iter().enumerate().all(|(at, word)| same(word, nth + at))
                    && (refusal || !said.passed_over(*nth, len))
            });
            if !bare_number {
                hits.extend(places.map(|nth| Hit {
                    option,
                    places: said.span(nth, len),
                    weight: len * 100 + name.letters(),
                }));
            }
        }
    }
    hits
}

fn by_form(said: &Said<'_>, options: &[OptionWords], attention: Attention) -> Vec<Hit> {
    named(said, options, attention, |word, nth| word.form == said.form(nth))
}

fn by_stem(said: &Said<'_>, options: &[OptionWords], attention: Attention) -> Vec<Hit> {
    named(said, options, attention, |word, nth| word.stem == said.stem(nth))
}

/// Words of one root: «ягодную» and «Ягоды», «шоколадный» and «Шоколад».
fn by_root(said: &Said<'_>, options: &[OptionWords], attention: Attention) -> Vec<Hit> {
    named(said, options, attention, |word, nth| word.stem == said.stem(nth) || kin(&word.stem, said.stem(nth)))
}

/// Whether two stems are of one root: «ягод» and «ягодн».
pub(crate) fn kin(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    let short = short.trim_end_matches('ь');
    let tail = long.strip_prefix(short).map(|tail| tail.chars().count());
    short.chars().count() >= ROOT_LETTERS_MIN && tail.is_some_and(|tail| tail <= ROOT_TAIL_MAX)
}

/// A part of a label that no other option has: «детский» for «Детский праздник».
fn by_part(said: &Said<'_>, options: &[OptionWords], _: Attention) -> Vec<Hit> {
    let content = said.content();
    let mut hits: Vec<Hit> = Vec::new();
    for (option, words) in options.iter().enumerate() {
        let shared = |nth: usize| {
            words.labels.iter().flat_map(|name| &name.words).any(|word| {
                let telling =
                    word.form.chars().count() >= ROOT_LETTERS_MIN && !asking(&word.form) && !filler(&word.form);
                telling && (word.stem == said.stem(nth) || kin(&word.stem, said.stem(nth)))
            })
        };
        let found: SmallVec<[usize; 8]> =
            content.iter().copied().filter(|nth| shared(*nth) && !said.passed_over(*nth, 1)).collect();
        if let (Some(first), Some(last)) = (found.first(), found.last()) {
            hits.push(Hit { option, places: said.span(*first, last - first + 1), weight: found.len() });
        }
    }
    let most = hits.iter().map(|hit| hit.weight).max().unwrap_or(0);
    hits.retain(|hit| hit.weight == most);
    hits
}

/// Names with a typo in a word: the closest ones.
fn by_typo(said: &Said<'_>, options: &[OptionWords], attention: Attention) -> Vec<Hit> {
    let mut hits: Vec<(usize, Hit)> = Vec::new();
    if said.len() > TYPO_WORDS_MAX {
        return Vec::new();
    }
    let letters: SmallVec<[[Letters; 2]; TYPO_WORDS_MAX]> =
        (0..said.len()).map(|nth| [Letters::of(said.form(nth)), Letters::of(said.stem(nth))]).collect();
    for (option, words) in options.iter().enumerate() {
        for name in words.names(attention) {
            let len = name.words.len();
            for nth in 0..(said.len() + 1).saturating_sub(len) {
                let typos = |(at, word)| typos(word, said, nth + at, letters[nth + at]);
                let typos = name.words.iter().enumerate().map(typos).sum::<Option<usize>>();
                if let Some(typos) = typos.filter(|_| !said.passed_over(nth, len)) {
                    hits.push((typos, Hit { option, places: said.span(nth, len), weight: len * 100 + name.letters() }));
                }
            }
        }
    }
    let least = hits.iter().map(|(typos, _)| *typos).min();
    hits.into_iter().filter(|(typos, _)| Some(*typos) == least).map(|(_, hit)| hit).collect()
}

/// How many typos part a said word from the word of a name; `None` for more than its length allows.
fn typos(word: &NameWord, said: &Said<'_>, nth: usize, [of_form, of_stem]: [Letters; 2]) -> Option<usize> {
    let form = said.form(nth);
    if word.form == form || word.stem == said.stem(nth) {
        return Some(0);
    }
    if said.words.kind(said.places[nth]) != Some(Kind::Word) {
        return None;
    }
    let (forms_max, stems_max) = (word.of_form.typos_max(), word.of_stem.typos_max());
    if word.of_form.apart(of_form) <= forms_max || word.of_stem.apart(of_stem) <= stems_max {
        let forms = strsim::osa_distance(&word.form, form);
        let stems = strsim::osa_distance(&word.stem, said.stem(nth));
        if forms <= forms_max || stems <= stems_max {
            return Some(forms.min(stems).max(1));
        }
    }
    // «карраммель»: doubled letters count as one typo.
    let doubled = || word.of_form.which == of_form.which && squeezed(&word.form) == squeezed(form);
    (forms_max > 0 && doubled()).then_some(1)
}

/// How many typos a word of such a length may hold.
pub(crate) fn typos_max(word: &str) -> usize {
    Letters::of(word).typos_max()
}

#[cfg(test)]
mod tests;
