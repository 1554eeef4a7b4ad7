//! Words that mean the same or nearly so, built in: people ask with other words than pages use. A table of the language and
//! of trade; what a partner alone says belongs into the `also` words of its pages.
//!
//! A line of `words/kin.txt` is a group: each word stands for each other. With `>` in it, what stands before is asked and
//! what stands behind is said: «морозилка > заморозить» is not true the other way round. With `=` in front they are forms of
//! one word that the stemmer does not bring together; with `?`, or with `>` and nothing behind it, things that people ask
//! about and that a page must be called by: one that says them in passing does not answer for them. Words with `_` between them are one expression; such are recognised in
//! questions only.

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};
use voronka_core::lang::normal::Words;

use crate::words::{Hashes, Keys};

/// Longest expression, in words.
const EXPRESSION_WORDS_MAX: usize = 4;

/// A word that may be meant.
#[derive(Debug)]
pub(crate) struct Kin {
    pub(crate) keys: Keys,
    pub(crate) hashes: Hashes,
}

/// How near a word is that may be meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Near {
    /// It is the other in a form that the stemmer does not bring together.
    Form,
    /// It stands for the other.
    Same,
    /// It may answer the other.
    Bears,
}

/// An expression found in words.
pub(crate) struct Expression<'a> {
    /// How many tokens it has.
    pub(crate) len: usize,
    /// What it may stand for.
    pub(crate) kin: Vec<(&'a Kin, Near)>,
    /// Whether it is a thing's name and nothing else.
    pub(crate) names_a_thing: bool,
}

struct Group {
    near: Near,
    said: Vec<u32>,
    /// Whether it names things.
    things: bool,
}

/// The table.
pub(crate) struct Table {
    words: Vec<Kin>,
    groups: Vec<Group>,
    by_stem: FxHashMap<String, Vec<u32>>,
    by_root: FxHashMap<String, Vec<u32>>,
    expressions: FxHashMap<String, Vec<u32>>,
    /// First words of expressions: most words begin none.
    beginnings: FxHashSet<String>,
    /// The forms as they are written, for mending.
    forms: Vec<&'static str>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("words/kin.txt")));

/// The built-in table.
pub(crate) fn table() -> &'static Table {
    &TABLE
}

impl Table {
    fn read(text: &'static str) -> Self {
        let mut table = Self {
            words: Vec::new(),
            groups: Vec::new(),
            by_stem: FxHashMap::default(),
            by_root: FxHashMap::default(),
            expressions: FxHashMap::default(),
            beginnings: FxHashSet::default(),
            forms: Vec::new(),
        };
        let mut known: FxHashMap<&'static str, u32> = FxHashMap::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            table.add(line, &mut known);
        }
        table
    }

    fn add(&mut self, line: &'static str, known: &mut FxHashMap<&'static str, u32>) {
        let (mark, rest) = line.split_once(' ').unwrap_or(("", line));
        let (asked, said, near) = match (mark, line.split_once('>')) {
            ("=", _) => (rest, rest, Near::Form),
            ("?", _) => (rest, rest, Near::Same),
            (_, Some((asked, said))) => (asked, said, Near::Bears),
            (_, None) => (line, line, Near::Same),
        };
        let group = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
        let mut of = |table: &mut Self, form: &'static str| {
            *known.entry(form).or_insert_with(|| {
                let words = Words::of(form);
                let keys = Keys::of(if words.len() == 1 { words.stem(0) } else { form });
                let hashes = keys.hashes();
                table.words.push(Kin { keys, hashes });
                table.forms.push(form);
                u32::try_from(table.words.len() - 1).unwrap_or(u32::MAX)
            })
        };
        for form in asked.split_whitespace() {
            if form.contains('_') {
                let words = Words::of(&form.replace('_', " "));
                let stems: Vec<&str> = (0..words.len()).map(|at| words.stem(at)).collect();
                self.beginnings.insert(words.stem(0).to_owned());
                self.expressions.entry(stems.join(" ")).or_default().push(group);
                continue;
            }
            let word = of(self, form);
            let keys = &self.words[word as usize].keys;
            self.by_stem.entry(keys.stem.clone()).or_default().push(group);
            self.by_root.entry(keys.root.clone()).or_default().push(group);
        }
        let said: Vec<u32> =
            said.split_whitespace().filter(|form| !form.contains('_')).map(|form| of(self, form)).collect();
        let things = mark == "?" || said.is_empty();
        self.groups.push(Group { near, said, things });
    }

    /// What a word may stand for; itself is not among it. Empty for a word that the table does not hold.
    pub(crate) fn of(&self, keys: &Keys) -> Vec<(&Kin, Near)> {
        self.groups_of(keys).map_or_else(Vec::new, |groups| self.said(groups, &keys.root))
    }

    /// Whether the word is a thing's name and nothing else.
    pub(crate) fn names_a_thing(&self, keys: &Keys) -> bool {
        self.groups_of(keys).is_some_and(|groups| self.are_things(groups))
    }

    fn are_things(&self, groups: &[u32]) -> bool {
        groups.iter().all(|group| self.groups.get(*group as usize).is_some_and(|group| group.things))
    }

    fn groups_of(&self, keys: &Keys) -> Option<&Vec<u32>> {
        let family = || Some(&keys.root).filter(|_| keys.have_family()).and_then(|root| self.by_root.get(root));
        self.by_stem.get(&keys.stem).or_else(family)
    }

    /// Whether the table holds the word.
    pub(crate) fn holds(&self, keys: &Keys) -> bool {
        self.groups_of(keys).is_some()
    }

    /// The longest expression that begins at a place.
    pub(crate) fn expression(&self, words: &Words, at: usize) -> Option<Expression<'_>> {
        if !self.beginnings.contains(words.stem(at)) {
            return None;
        }
        let mut text = words.stem(at).to_owned();
        let mut found = None;
        for len in 2..=EXPRESSION_WORDS_MAX {
            let next = words.stem(at + len - 1);
            if next.is_empty() {
                break;
            }
            text.push(' ');
            text.push_str(next);
            if let Some(groups) = self.expressions.get(&text) {
                found = Some(Expression { len, kin: self.said(groups, ""), names_a_thing: self.are_things(groups) });
            }
        }
        found
    }

    /// What the groups say, the nearest first, each root once.
    fn said(&self, groups: &[u32], own: &str) -> Vec<(&Kin, Near)> {
        let mut groups: Vec<&Group> = groups.iter().filter_map(|group| self.groups.get(*group as usize)).collect();
        groups.sort_by_key(|group| group.near);
        let mut said: Vec<(&Kin, Near)> = Vec::new();
        for group in groups {
            for kin in group.said.iter().filter_map(|word| self.words.get(*word as usize)) {
                if kin.keys.root != own && !said.iter().any(|(other, _)| other.hashes.root == kin.hashes.root) {
                    said.push((kin, group.near));
                }
            }
        }
        said
    }

    /// Every form of the table.
    pub(crate) fn forms(&self) -> impl Iterator<Item = &'static str> {
        self.forms.iter().copied()
    }

    /// Words that are asked with and begin with this letter.
    pub(crate) fn each_stem_from(&self, letter: char, mut show: impl FnMut(&Keys)) {
        for kin in self.words.iter().filter(|kin| kin.keys.stem.starts_with(letter)) {
            show(&kin.keys);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use voronka_core::lang::normal::stem;

    use super::*;

    fn kin_of(form: &str) -> HashSet<&'static str> {
        let table = Table::read("доставка привезти курьер\nморозилка > заморозить\nдо_скольки > график\nпарковка >");
        let table: &'static Table = Box::leak(Box::new(table));
        table.of(&Keys::of(&stem(form))).into_iter().map(|(kin, _)| kin.keys.stem.as_str()).collect()
    }

    #[test]
    fn words_of_a_group_stand_for_each_other_and_an_arrow_has_one_direction() {
        assert_eq!(kin_of("доставку"), HashSet::from(["привезт", "курьер"]));
        assert_eq!(kin_of("морозилке"), HashSet::from(["замороз"]));
        assert_eq!(kin_of("заморозить"), HashSet::new());
    }

    #[test]
    fn an_expression_is_found_whole_and_a_name_without_kin_is_known_all_the_same() {
        let table = Table::read("до_скольки > график\nпарковка >");
        let words = Words::of("вы до скольки?");
        let found = table.expression(&words, 1).unwrap();
        assert_eq!((found.len, found.kin[0].0.keys.stem.as_str(), found.names_a_thing), (2, "график", false));
        assert!(table.expression(&words, 0).is_none());
        let parking = Keys::of(&stem("парковки"));
        assert!(table.names_a_thing(&parking) && table.of(&parking).is_empty());
    }

    #[test]
    fn the_table_is_written_in_small_letters_without_marks() {
        for form in table().forms() {
            assert!(form.chars().all(|c| c.is_alphanumeric() && !c.is_uppercase() && c != 'ё'), "{form}");
        }
    }
}
