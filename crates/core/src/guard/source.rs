//! Texts that evidence rests on. A text is read when a claim first asks for it, and once: most answers claim little, and what
//! they claim stands in the first texts that are looked at.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustc_hash::FxHashMap;

use super::Evidence;

/// Most texts that a [`Shelf`] keeps: some megabytes of a partner who has that many.
const KEPT_MAX: usize = 1_024;

/// Whose words a text is: what they make true differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaker {
    /// Ours: a passage, what the domain answered.
    Us,
    /// The customer's.
    Customer,
}

/// A text, and what it makes true once somebody asked.
#[derive(Debug, Clone)]
pub struct Source {
    speaker: Speaker,
    text: Box<str>,
    read: OnceLock<Box<Evidence>>,
}

impl Source {
    pub(super) fn new(speaker: Speaker, text: &str) -> Self {
        Self { speaker, text: text.into(), read: OnceLock::new() }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    #[cfg(test)]
    pub(super) fn is_read(&self) -> bool {
        self.read.get().is_some()
    }

    /// What the text makes true.
    pub(super) fn evidence(&self) -> &Evidence {
        self.read.get_or_init(|| Box::new(Evidence::read(self.speaker, &self.text)))
    }
}

/// Texts of ours that come again and again, each kept with its reading. One for each version of a partner's files; when it is
/// full it is emptied, and what is still asked for comes back.
#[derive(Debug, Default)]
pub struct Shelf {
    kept: Mutex<FxHashMap<Box<str>, Arc<Source>>>,
}

impl Shelf {
    /// The source of a text.
    pub fn source(&self, text: &str) -> Arc<Source> {
        // A thread that panicked left a sound map behind: texts are put into it whole.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(source) = kept.get(text) {
            return Arc::clone(source);
        }
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        let source = Arc::new(Source::new(Speaker::Us, text));
        kept.insert(text.into(), Arc::clone(&source));
        source
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shelf_gives_one_source_for_one_text_and_stays_bounded() {
        let shelf = Shelf::default();
        let first = shelf.source("Доставка стоит 500 ₽.");
        assert!(Arc::ptr_eq(&first, &shelf.source("Доставка стоит 500 ₽.")));
        for n in 0..=KEPT_MAX {
            shelf.source(&n.to_string());
        }
        assert!(shelf.kept.lock().unwrap().len() <= KEPT_MAX);
        assert!(!Arc::ptr_eq(&first, &shelf.source("Доставка стоит 500 ₽.")));
    }

    #[test]
    fn a_source_is_read_when_it_is_asked_for_and_once() {
        let source = Source::new(Speaker::Us, "Доставка стоит 500 ₽.");
        assert!(source.read.get().is_none());
        let first: *const Evidence = source.evidence();
        assert!(std::ptr::eq(first, source.evidence()));
    }
}
