//! Free text matched to the options of a question, and yes or no.

use std::ops::Range;

use super::normal::Words;

/// The words of one option, prepared when a file is loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OptionWords {
    id: Vec<Name>,
    label: Vec<Name>,
    also: Vec<Name>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Name {
    forms: Vec<String>,
    stems: Vec<String>,
}

impl OptionWords {
    /// Prepares an option. Labels in all languages may be given.
    pub fn new<'a>(
        _id: &str,
        _labels: impl IntoIterator<Item = &'a str>,
        _also: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self::default()
    }
}

/// Whether the options belong to the question that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Attention {
    /// They do: ids, list numbers («2», «второй») and typos count.
    Open,
    /// They belong to a later question: only labels and `also` count, by form or stem.
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

/// Finds the one option that a text means.
pub fn choose(_words: &Words, _options: &[OptionWords], _attention: Attention) -> Choice {
    Choice::None
}

/// Finds all options that a text names, for questions that take several, in the order of the options.
pub fn choose_several(_words: &Words, _options: &[OptionWords], _attention: Attention) -> Vec<(usize, Range<usize>)> {
    Vec::new()
}

/// Yes or no; `None` when the text is neither, or says more than that.
pub fn yes_no(_words: &Words) -> Option<bool> {
    None
}
