//! Leads whose card nobody of the team looks after: it is told once more, now to all of them.

use super::{notices::RATED_LOW, telling::is_of_lead, wording::Wording, work::Work};
use crate::{
    lead::Temperature,
    message::{Event, Inbound, KinWord, Timer},
    spec::config::Notify,
};

/// A lead's card was told again.
pub(super) const UNHEEDED: &str = "lead.unheeded";

/// The timer's name.
const TIMER: &str = Timer::Unheeded.name();

impl Work {
    /// A member got a card: if it is about a lead and their file wants such told again, somebody has to look after the lead until
    /// then.
    pub(super) fn expect_heed(&mut self, member: &str, about: &[String]) {
        // Who is told in the morning what the others were at night is no reason to tell all of them again.
        if !self.is_with_bot() || about.iter().any(|about| about == UNHEEDED) {
            return;
        }
        let is_told = |name: &str| about.iter().any(|about| is_of_lead(about) && self.asked_by(about) == name);
        let rules = self.book.spec.config.notify.iter().filter(|rule| *rule.to == *member);
        let told: Vec<&Notify> = rules.filter(|rule| rule.names().any(|name| is_told(&name))).collect();
        let Some(remind) = told.iter().filter_map(|rule| rule.remind).min_by_key(|remind| remind.in_minutes()) else {
            return;
        };
        for about in about.iter().filter(|about| is_of_lead(about)) {
            if !self.snap.state.unheeded.contains(about) {
                self.snap.state.unheeded.push(about.clone());
            }
        }
        // Who has waited for longer is not to wait anew.
        if !self.snap.state.timers.contains_key(TIMER) {
            let due = self.after(remind);
            self.set_timer(due, Timer::Unheeded);
        }
    }

    /// Nobody has looked after the lead in time. At night this waits for the morning, and what has become pointless is not said.
    pub(super) fn remind_of_lead(&mut self) {
        let morning = self.morning();
        if self.keeps_nights() && self.is_night() && morning > self.now {
            return self.set_timer(morning, Timer::Unheeded);
        }
        let waited = std::mem::take(&mut self.snap.state.unheeded);
        let customer = &self.snap.customer;
        let still = |about: &String| match about.as_str() {
            "lead.hot" => self.snap.lead.temperature == Temperature::Hot,
            RATED_LOW => true,
            _ => customer.phone.is_some() || customer.email.is_some(),
        };
        // A person has them, or reminders of their own: see `Timer::Handoff`.
        if self.is_with_bot() && waited.iter().any(still) {
            let note = self.team_word(Wording::Unheeded);
            self.note(UNHEEDED, note);
        }
    }

    /// Whether all who are reminded of such cards have them kept for the day.
    fn keeps_nights(&self) -> bool {
        let mut rules = self.book.spec.config.notify.iter().filter(|rule| rule.remind.is_some());
        !rules.any(|rule| !rule.quiet && rule.names().any(|name| self.is_rule_of_lead(&name)))
    }

    /// Whether a rule that names this fact has somebody told of a lead who should be looked after soon.
    pub(super) fn is_rule_of_lead(&self, name: &str) -> bool {
        is_of_lead(name) || self.asked_by(RATED_LOW) == name
    }

    /// Somebody of the team looks after the person: of no lead of theirs has anybody to be reminded, on whichever account it is.
    pub(super) fn person_is_heeded(&mut self) {
        self.lead_is_heeded();
        let is_told = |post: &Inbound| post.event == Event::Kin { word: KinWord::Heeded };
        if !self.posts.iter().any(is_told) {
            self.tell_kin(&KinWord::Heeded);
        }
    }

    /// Somebody of the team looks after the lead: nobody has to be reminded, of what they were told or are told in the morning.
    pub(super) fn lead_is_heeded(&mut self) {
        self.snap.state.unheeded.clear();
        self.cancel_timer(TIMER);
        for told in self.snap.state.told.values_mut() {
            told.heeded = true;
            told.waits.retain(|about| about != UNHEEDED);
            if told.waits.is_empty() {
                told.due = None;
            }
        }
    }
}
