//! Wishes that are recognised without a model, strictly: a false hit here loses a customer.

use std::ops::Range;

use super::normal::Words;

/// A wish, or the tone of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Intent {
    /// «стоп», «не пишите мне больше», unsubscribe: no ads to this customer from now on.
    OptOut,
    /// «позовите человека».
    Human,
    /// «отмена», «передумал».
    Cancel,
    /// «нет, …», «точнее, …»: what follows corrects an earlier answer; see [`correction`].
    Correction,
    /// «вы бот?».
    AskedIfBot,
    /// «не то», «вы не поняли».
    Dissatisfied,
    /// «здравствуйте».
    Greeting,
    /// «спасибо».
    Thanks,
    /// «не знаю», «не важно», «пропустить».
    Skip,
    /// «верните деньги», «безобразие».
    Complaint,
    /// «сколько стоит», «цена?».
    Price,
    /// Looks like a question, with or without the mark.
    Question,
}

/// The wishes found in one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Intents {
    bits: u16,
    bare: bool,
}

impl Intents {
    /// Finds all wishes of a text.
    pub fn of(_words: &Words) -> Self {
        Self::default()
    }

    /// Whether this wish is there.
    pub fn has(self, intent: Intent) -> bool {
        self.bits & (1 << intent as u16) != 0
    }

    /// Whether the text is nothing but greeting, thanks and politeness.
    pub fn is_small_talk(self) -> bool {
        self.bare
    }
}

/// What a correction says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// Bytes of the new content: all after the marker («нет, на 12 человек» → «на 12 человек»; «не 10, а 12» → «12»).
    pub new: Range<usize>,
    /// Bytes of what is corrected, where it was named («не 10, а 12» → «10»).
    pub old: Option<Range<usize>>,
}

/// Reads a correction: a marker at the start with something after it.
pub fn correction(_words: &Words) -> Option<Correction> {
    None
}
