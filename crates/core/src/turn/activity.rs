//! Customers who suddenly write much: somebody may want to look in before they have bought elsewhere.

use jiff::SignedDuration;

use super::work::Work;
use crate::{fact::Fact, message::Content};

/// Messages within a day that are many.
const MANY: usize = 5;
/// Messages within a day that are few: between these two nothing changes, or whoever writes now and then would be told of daily.
const LITTLE: usize = 1;
/// A day, whatever the calendar says.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Longest text that can be a number of a list, in bytes.
const NUMBER_BYTES_MAX: usize = 8;

impl Work {
    /// The customer has written something. That they write much is noted once, and again after a day in which they wrote little.
    pub(super) fn wrote(&mut self, content: &Content) {
        let is_own = self.is_of_their_own(content);
        self.fact(Fact::Message);
        if !is_own {
            return;
        }
        let (now, day_ago) = (self.now, self.now - DAY);
        let wrote = &mut self.snap.state.wrote;
        wrote.at.retain(|at| *at > day_ago);
        if wrote.at.len() <= LITTLE {
            wrote.much_noted = false;
        }
        wrote.at.push(now);
        // Older ones tell nothing more.
        let excess = wrote.at.len().saturating_sub(MANY);
        wrote.at.drain(..excess);
        let is_much = wrote.at.len() >= MANY;
        if is_much && !std::mem::replace(&mut wrote.much_noted, true) {
            self.fact(Fact::ActivityHigh);
        }
    }

    /// Whether somebody said something of their own: a command, an edit and the number of a list are presses of another kind.
    fn is_of_their_own(&self, content: &Content) -> bool {
        match content {
            Content::Text { text } | Content::Reply { text, .. } => {
                let may_be_number = text.trim().len() <= NUMBER_BYTES_MAX;
                !may_be_number || self.listed_by_number(&self.book.fixer().read(text).1).is_none()
            }
            Content::Contact { .. } | Content::Media { .. } | Content::Location { .. } => true,
            Content::Command { .. }
            | Content::Button { .. }
            | Content::Edited { .. }
            | Content::Opened
            | Content::Visited { .. }
            | Content::Blocked
            | Content::Other { .. } => false,
        }
    }
}
