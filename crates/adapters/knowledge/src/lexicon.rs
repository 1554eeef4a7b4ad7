//! Words that were asked with before. People ask with the same few hundred, and what a word comes down to in a partner's
//! vocabulary stays the same until the index changes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustc_hash::FxHashMap;

use crate::question::AskedWord;

/// Most words that are remembered of a partner; when there are more all are forgotten, and what is still said comes back.
const WORDS_MAX: usize = 512;
/// Longest form that is remembered, in bytes.
const FORM_BYTES_MAX: usize = 48;
/// Longest number that is, in digits: longer ones name an order or a customer, and are not said again by others.
const DIGITS_MAX: usize = 4;

/// What is remembered of one partner's words in one generation of the index.
pub(crate) struct Lexicon {
    pub(crate) generation: u64,
    /// How many passages the partner has.
    pub(crate) passages: u64,
    words: Mutex<FxHashMap<Box<str>, Said>>,
}

/// What a form comes down to.
#[derive(Debug, Clone)]
pub(crate) enum Said {
    /// A word without meaning.
    Nothing,
    /// A word that is searched for.
    Word(Arc<AskedWord>),
}

impl Lexicon {
    pub(crate) fn new(generation: u64, passages: u64) -> Self {
        Self { generation, passages, words: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, FxHashMap<Box<str>, Said>> {
        self.words.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a form comes down to, if it was asked with before.
    pub(crate) fn get(&self, form: &str) -> Option<Said> {
        self.lock().get(form).cloned()
    }

    /// Remembers what a form comes down to.
    pub(crate) fn keep(&self, form: &str, said: Said) {
        let long_number = form.len() > DIGITS_MAX && form.bytes().all(|byte| byte.is_ascii_digit());
        if long_number || form.len() > FORM_BYTES_MAX {
            return;
        }
        let mut words = self.lock();
        if words.len() >= WORDS_MAX {
            words.clear();
        }
        words.insert(form.into(), said);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_remembered_within_a_bound() {
        let lexicon = Lexicon::new(1, 1);
        for number in 0..2 * WORDS_MAX {
            lexicon.keep(&format!("слово{number}"), Said::Nothing);
        }
        assert!(lexicon.get(&format!("слово{}", 2 * WORDS_MAX - 1)).is_some());
        assert!(lexicon.lock().len() <= WORDS_MAX);
    }

    #[test]
    fn long_numbers_and_long_words_are_not_remembered() {
        let lexicon = Lexicon::new(1, 1);
        for form in ["2026", "700000001", &"я".repeat(FORM_BYTES_MAX)] {
            lexicon.keep(form, Said::Nothing);
        }
        assert!(lexicon.get("2026").is_some());
        assert_eq!(lexicon.lock().len(), 1);
    }
}
