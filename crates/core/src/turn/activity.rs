//! Customers who suddenly write much: somebody may want to look in before they have bought elsewhere.

use jiff::SignedDuration;

use super::{state::Activity, work::Work};
use crate::fact::Fact;

/// Messages within a day that are many.
const MANY: u32 = 5;
/// A day, whatever the calendar says.
const DAY: SignedDuration = SignedDuration::from_hours(24);

impl Work {
    /// The customer has written something. That they write much is noted once, and again when a day has passed without a word.
    pub(super) fn wrote(&mut self) {
        let message = Fact::Message.name();
        let day_ago = self.now - DAY;
        if self.snap.lead.facts.last(&message).is_none_or(|before| before <= day_ago) {
            self.snap.state.activity = Activity::Usual;
        }
        self.fact(Fact::Message);
        let is_much = self.snap.lead.facts.count_since(&message, day_ago) >= MANY;
        if is_much && std::mem::replace(&mut self.snap.state.activity, Activity::High) == Activity::Usual {
            self.fact(Fact::ActivityHigh);
        }
    }
}
