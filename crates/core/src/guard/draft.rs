//! A streamed text, as far as it may be shown.

use std::sync::Arc;

use super::{Evidence, check, sentences};
use crate::ports::Delta;

/// A streamed text, as far as it may be shown: whole sentences that passed. A blocked sentence ends what is shown until the
/// text is replaced.
#[derive(Debug)]
pub struct Draft {
    evidence: Arc<Evidence>,
    text: String,
    /// End of what is shown.
    shown: usize,
    /// Whether a sentence was blocked.
    stopped: bool,
}

impl Draft {
    /// A draft that is checked against this evidence.
    pub fn new(evidence: Arc<Evidence>) -> Self {
        Self { evidence, text: String::new(), shown: 0, stopped: false }
    }

    /// Takes a piece; returns all that may be shown now, when that grew or was replaced.
    pub fn push(&mut self, delta: Delta<'_>) -> Option<&str> {
        let before = match delta {
            Delta::Append(more) => {
                self.text.push_str(more);
                self.shown
            }
            Delta::Replace(all) if all == self.text => return None,
            Delta::Replace(all) => {
                let old = self.shown().to_owned();
                all.clone_into(&mut self.text);
                (self.shown, self.stopped) = (0, false);
                self.grow();
                return (self.shown() != old).then_some(self.shown());
            }
        };
        self.grow();
        (self.shown > before).then_some(self.shown())
    }

    /// The text is whole: its last sentence may be shown too. Returns all that may be shown, when that grew.
    pub fn finish(&mut self) -> Option<&str> {
        let before = self.shown;
        self.grow();
        self.show_to(self.text.len());
        (self.shown > before).then_some(self.shown())
    }

    fn shown(&self) -> &str {
        &self.text[..self.shown]
    }

    fn grow(&mut self) {
        while !self.stopped
            && let Some(end) = sentences::next_end(&self.text, self.shown)
        {
            self.show_to(end);
        }
    }

    /// Shows all up to `end` if it passes. What was shown before passed in the same context, so the whole is judged anew:
    /// an answer has few sentences.
    fn show_to(&mut self, end: usize) {
        if self.stopped || self.shown >= end {
            return;
        }
        if check(&self.text[..end], &self.evidence).is_empty() {
            self.shown = end;
        } else {
            self.stopped = true;
        }
    }
}
