//! What the law wants said wherever a food supplement is named: that it is no medicine.
//!
//! A supplement is known by its name, and by the first word of it («магний»): that word counts wherever it stands, but not where
//! it names a group of goods («Витамины и коллаген»), or what another good is made of («крем с коллагеном»). In doubt it counts.

use std::{collections::BTreeSet, ops::Range};

use super::{wording, work::Work};
use crate::{
    lang::normal::Words,
    message::Message,
    spec::{catalogue::Product, rich::Rich},
};

/// Fewest letters of a word by which a good is known in short: «магний», and not «D3».
const SHORT_CHARS_MIN: usize = 4;
/// Most words between what tells of contents and what is contained: «много полезной клетчатки».
const CONTENTS_MAX: usize = 2;
/// Fewest words of a sentence that is known to be told of a good.
const TOLD_WORDS_MIN: usize = 3;

type Stems = Vec<String>;

/// The food supplements of a catalogue, by the stems of what they are called.
#[derive(Debug, Default)]
pub(super) struct Supplements {
    /// Their names; of a name with quotation marks what stands between them.
    names: Vec<Stems>,
    /// What they are called in short, unless other goods or a department are called so.
    short: Vec<Stems>,
    /// What other goods are called.
    others: Vec<Stems>,
    /// Groups of goods, as departments and answers of flows name them.
    groups: Vec<Stems>,
    /// Sentences that tell of other goods, and of no supplement.
    told: BTreeSet<Stems>,
    /// All words of their names but those that departments are called by.
    own: BTreeSet<String>,
}

impl Supplements {
    /// `labels`: those of answers that flows offer.
    pub(super) fn new<'a>(products: &[Product], labels: impl Iterator<Item = &'a str>) -> Self {
        let (supplements, others): (Vec<&Product>, Vec<&Product>) =
            products.iter().partition(|product| product.is_supplement());
        if supplements.is_empty() {
            return Self::default();
        }
        let departments: BTreeSet<Stems> =
            products.iter().filter_map(|one| one.category.as_deref()).map(stems).collect();
        let heads: BTreeSet<&String> = departments.iter().filter_map(|name| name.first()).collect();
        let of_others: BTreeSet<Stems> = others.iter().flat_map(|one| in_short(&one.name)).collect();
        let mut short: Vec<Stems> = supplements.iter().flat_map(|one| in_short(&one.name)).collect();
        short.retain(|name| !of_others.contains(name) && !name.iter().all(|word| heads.contains(word)));
        let words: BTreeSet<String> = supplements.iter().flat_map(|one| stems(&one.name)).collect();
        let told = |of: &[&Product]| -> BTreeSet<Stems> {
            of.iter().filter_map(|one| one.about.as_deref()).flat_map(sentences).map(stems).collect()
        };
        let of_supplements = told(&supplements);
        let told = told(&others).into_iter();
        let full = |product: &&Product| own_name(&product.name).map_or_else(|| stems(&product.name), stems);
        let mut all = Self {
            names: supplements.iter().map(full).filter(|name| !name.is_empty()).collect(),
            short,
            others: others
                .iter()
                .flat_map(|one| [full(one), stems(&one.name)])
                .filter(|name| !name.is_empty())
                .collect(),
            groups: Vec::new(),
            told: told.filter(|one| one.len() >= TOLD_WORDS_MIN && !of_supplements.contains(one)).collect(),
            own: words.into_iter().filter(|word| !heads.contains(word)).collect(),
        };
        all.others.extend(of_others);
        all.others.retain(|name| !all.names.contains(name) && !all.short.contains(name));
        let labels: Vec<Stems> = labels.map(stems).chain(departments).filter(|label| all.is_group(label)).collect();
        all.groups = labels;
        all
    }

    fn are_named_in(&self, message: &Message) -> bool {
        let texts = std::iter::once(message.text.text.as_str());
        let titles = message.cards.iter().map(|card| card.title.as_str());
        let in_buttons = message.buttons.iter().map(|button| stems(&button.label)).any(|label| {
            // What a group is called is offered to choose from, and speaks of no good of it.
            self.by_name(&label) || !self.is_group(&label) && self.are_told_in(&label)
        });
        in_buttons
            || texts.chain(titles).any(|text| {
                self.by_name(&stems(text)) || sentences(text).any(|sentence| self.are_told_in(&stems(sentence)))
            })
    }

    fn by_name(&self, said: &[String]) -> bool {
        self.names.iter().any(|name| spans(said, name).next().is_some())
    }

    /// Whether a sentence speaks of a supplement by what it is called in short.
    fn are_told_in(&self, said: &[String]) -> bool {
        let all = |names: &[Stems]| -> Vec<Range<usize>> { names.iter().flat_map(|name| spans(said, name)).collect() };
        let (others, groups) = (all(&self.others), all(&self.groups));
        let mut meant = all(&self.short).into_iter().filter(|short| {
            // «Сыворотка с коллагеном» may be what a serum is called.
            let is_part = |of: &Range<usize>| of.start <= short.start && short.end <= of.end;
            !others.iter().chain(&groups).any(is_part) && !is_contained(said, short.start, &others)
        });
        meant.next().is_some() && !self.told.contains(said)
    }

    /// Whether words join what supplements are called by with something else: «витамины и коллаген».
    fn is_group(&self, label: &[String]) -> bool {
        label.iter().any(|word| joins(word)) && label.iter().any(|word| !joins(word) && !self.own.contains(word))
    }
}

/// Whether the word at a place is what another good of the sentence is made of.
fn is_contained(said: &[String], at: usize, others: &[Range<usize>]) -> bool {
    if others.is_empty() {
        return false;
    }
    let from = at.saturating_sub(CONTENTS_MAX + 1);
    let holds = (from..at).any(|before| tells_contents(&said[before]));
    // «Крем «Роса» с коллагеном», and not «крем, а с коллагеном лучше».
    let with = |before: usize| {
        matches!(said[before].as_str(), "с" | "со" | "with") && others.iter().any(|span| span.end == before)
    };
    holds || at.checked_sub(1).is_some_and(with)
}

/// Stems of words that tell what something is made of.
fn tells_contents(stem: &str) -> bool {
    const BEGIN: [&str; 8] = ["содерж", "богат", "источник", "состав", "ингредиент", "contain", "rich", "ingredient"];
    BEGIN.iter().any(|begin| stem.starts_with(begin))
        || matches!(stem, "мног" | "много" | "г" | "грамм" | "мг" | "sourc" | "g" | "mg")
}

fn joins(stem: &str) -> bool {
    matches!(stem, "и" | "или" | "and" | "or")
}

/// What a good is called in short, by the beginning of its name: «магний», «карнитин», «рыбий жир».
fn in_short(name: &str) -> Vec<Stems> {
    let words = Words::of(name);
    let mut said = words.said().map(|(at, _)| at).take(2);
    let (Some(first), second) = (said.next(), said.next()) else { return Vec::new() };
    let is_adjective = |at: usize| {
        // «Рыбий», and not «магний», «кальций», «калий».
        let endings =
            ["ый", "кий", "гий", "хий", "жий", "ший", "чий", "щий", "бий", "ой", "ая", "яя", "ое", "ее", "ые", "ие"];
        words.form(at).chars().count() > 4 && endings.iter().any(|ending| words.form(at).ends_with(ending))
    };
    let noun = |at: usize| {
        words.form(at).chars().all(char::is_alphabetic) && words.form(at).chars().count() >= SHORT_CHARS_MIN
    };
    let described = is_adjective(first).then_some(second).flatten();
    let both = described.map(|second| vec![words.stem(first).to_owned(), words.stem(second).to_owned()]);
    let only = match second {
        _ if noun(first) && described.is_none() => Some(first),
        Some(second) if noun(second) && (described.is_some() || !noun(first)) => Some(second),
        _ => None,
    };
    both.into_iter().chain(only.map(|at| vec![words.stem(at).to_owned()])).collect()
}

/// Where words stand in others.
fn spans<'a>(said: &'a [String], name: &'a [String]) -> impl Iterator<Item = Range<usize>> + 'a {
    let len = name.len().max(1);
    said.windows(len).enumerate().filter(move |(_, words)| *words == name).map(move |(at, _)| at..at + len)
}

/// What stands between quotation marks: «Клетчатка «Лёгкий день», 300 г» is called «Лёгкий день».
fn own_name(name: &str) -> Option<&str> {
    let (_, own) = name.split_once(['«', '"', '“'])?;
    Some(own.split_once(['»', '"', '”']).map_or(own, |(own, _)| own))
}

fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split(['.', '!', '?', ';', '\n'])
}

fn stems(text: &str) -> Stems {
    let words = Words::of(text);
    words.said().map(|(at, _)| words.stem(at).to_owned()).collect()
}

impl Work {
    /// Adds to each message that names a supplement, whoever worded it, what must be said of it.
    pub(super) fn disclaim(&self, messages: &mut [Message]) {
        let supplements = self.book.supplements();
        // The team knows what it sells.
        if supplements.names.is_empty() || self.setting.writer.is_some() {
            return;
        }
        let words = wording::no_medicine(self.lang);
        let said = |text: &str| text.to_lowercase().contains(wording::no_medicine_sign(self.lang));
        for message in messages {
            // What one card says of its own product does not speak for the others.
            let is_said = said(&message.text.text)
                || !message.cards.is_empty() && message.cards.iter().all(|card| said(&card.text));
            if is_said || !supplements.are_named_in(message) {
                continue;
            }
            if !message.text.is_blank() {
                message.text.push_plain("\n\n");
            }
            message.text.push_rich(&Rich::plain(words));
        }
    }
}
