//! Writing first: how it stands with the customer, for [`may_write`] to judge by, and the record of what was written.

use std::borrow::Cow;

use jiff::{Timestamp, tz::TimeZone};

use super::work::Work;
use crate::{
    may_write::{self, Ads, LedBy, Letter, Reach, Situation, Verdict, Window, may_write},
    spec::config::Span,
};

impl Work {
    /// Whether a message may leave now.
    pub(super) fn may_write(&self, letter: &Letter) -> Verdict {
        may_write(letter, &self.situation(&self.unasked_of_person()), self.now)
    }

    /// The first moment from `at` on that is not in the customer's night, and in these hours of their day.
    pub(super) fn decent(&self, hours: Option<Span>, at: Timestamp) -> Timestamp {
        may_write::decent(&self.situation(&[]), hours, at)
    }

    /// When something that nobody asked for is not to be said any more.
    pub(super) fn stale_at(&self) -> Timestamp {
        may_write::last_moment(&Letter::NEWS, &self.situation(&[]), self.now)
    }

    /// Something is said that nobody asked for: it counts towards the limits, and what was read of the person's other conversations
    /// must be so still when it is written.
    pub(super) fn wrote_first(&mut self) {
        let now = self.now;
        let unasked = &mut self.snap.state.unasked;
        unasked.retain(|at| now.duration_since(*at) < may_write::REMEMBERED);
        unasked.push(now);
        let own = self.customer_id();
        let others = self.snap.kin.iter().filter(|kin| kin.of.customer != own);
        self.rests_on = others.map(|kin| (kin.of.customer, kin.version)).collect();
    }

    /// When we last wrote first to the person, on whatever account.
    fn unasked_of_person(&self) -> Cow<'_, [Timestamp]> {
        let here = &self.snap.state.unasked;
        if self.snap.kin.is_empty() {
            return Cow::Borrowed(here);
        }
        let elsewhere = self.snap.kin.iter().flat_map(|kin| &kin.did.unasked);
        here.iter().chain(elsewhere).copied().collect()
    }

    /// The customer's clock: as they or their page tell, here or else on another account, else the partner's.
    pub(super) fn zone(&self) -> &TimeZone {
        self.zone.as_ref().unwrap_or(&self.book.spec.config.zone)
    }

    /// `unasked`: when we last wrote first.
    fn situation<'a>(&'a self, unasked: &'a [Timestamp]) -> Situation<'a> {
        let config = &self.book.spec.config;
        let account = config.accounts.iter().find(|account| account.id == self.snap.account);
        let can = &self.setting.capabilities;
        let window = match (can.pushes.it(), can.window) {
            (false, _) => Window::InResponse,
            (true, None) => Window::Always,
            (true, Some(length)) => {
                let heard = self.snap.state.last_heard.unwrap_or(Timestamp::MIN);
                Window::Until(heard.saturating_add(length).unwrap_or(Timestamp::MAX))
            }
        };
        Situation {
            zone: self.zone(),
            quiet: config.quiet,
            limits: config.limits,
            unasked,
            reach: if self.snap.state.blocked {
                Reach::Blocked
            } else if self.wants_nothing() {
                Reach::OptedOut
            } else {
                Reach::Open
            },
            led_by: if self.bot_owns() && !self.is_led_elsewhere() { LedBy::Bot } else { LedBy::Person },
            ads: if !account.is_some_and(crate::spec::config::Account::carries_ads) {
                Ads::Denied
            } else if self.agrees_to_ads() {
                Ads::Agreed
            } else {
                Ads::NoConsent
            },
            window,
        }
    }
}
