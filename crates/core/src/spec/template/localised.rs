//! One thing in several languages.

use crate::lang::Lang;

/// A value by language, with at least one; a missing language falls back to the first (T404 is the loader's).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Localised<T> {
    first: (Lang, T),
    others: Vec<(Lang, T)>,
}

impl<T> Localised<T> {
    /// In one language.
    pub fn new(lang: Lang, value: T) -> Self {
        Self { first: (lang, value), others: Vec::new() }
    }

    /// In several, the main one first; `None` when there is none.
    pub fn from_entries(entries: impl IntoIterator<Item = (Lang, T)>) -> Option<Self> {
        let mut entries = entries.into_iter();
        let first = entries.next()?;
        Some(Self { first, others: entries.collect() })
    }

    /// The same in one more language.
    #[must_use]
    pub fn with(mut self, lang: Lang, value: T) -> Self {
        self.others.push((lang, value));
        self
    }

    /// In the language `lang`, else in the first.
    pub fn get(&self, lang: Lang) -> &T {
        self.exact(lang).unwrap_or(&self.first.1)
    }

    /// In the language `lang` only.
    pub fn exact(&self, lang: Lang) -> Option<&T> {
        self.iter().find(|(known, _)| *known == lang).map(|(_, value)| value)
    }

    /// Every language and its value, the first one first.
    pub fn iter(&self) -> impl Iterator<Item = (Lang, &T)> {
        std::iter::once(&self.first).chain(&self.others).map(|(lang, value)| (*lang, value))
    }

    /// The same languages with other values.
    pub fn map<U>(self, mut change: impl FnMut(Lang, T) -> U) -> Localised<U> {
        let mut each = |(lang, value): (Lang, T)| {
            let value = change(lang, value);
            (lang, value)
        };
        Localised { first: each(self.first), others: self.others.into_iter().map(each).collect() }
    }
}
