//! What members of the team do to this conversation from their own chats. Whoever comes second is told who has it: one turn at a
//! time decides, whatever was pressed at once.

use super::{
    deliveries::WrittenBy,
    kin::Same,
    notices::SNOOZED,
    state::Owner,
    wording::Wording,
    work::{PersonSays, Work},
};
use crate::message::{Deed, Done, Event, Seat, TeamAction};

/// What is over for all of the team once somebody looks after the customer.
const IS_SEEN_TO: [&str; 4] = ["handoff", "handoff.asked", "message", "media"];

impl Work {
    pub(super) fn on_deed(&mut self, by: &Seat, deed: Deed) {
        let Some(done) = self.does(by, deed) else { return };
        let with = self.talk();
        self.post(by.account.clone(), by.peer.clone(), Event::Done { with, done });
    }

    fn does(&mut self, by: &Seat, deed: Deed) -> Option<Done> {
        let who = by.member.as_str();
        if let (Deed::Take | Deed::Write { .. } | Deed::Silence, Some(holder)) = (&deed, self.held_by_other(who)) {
            return Some(Done::HeldBy { who: holder });
        }
        Some(match deed {
            Deed::Take => {
                self.on_team(who, TeamAction::TakeOver);
                self.is_heeded(who);
                Done::Taken
            }
            Deed::Write { .. } if self.snap.state.blocked => Done::Unreachable,
            Deed::Write { text, file } => {
                self.on_team(who, TeamAction::TakeOver);
                self.is_heeded(who);
                self.let_person_say(PersonSays { by: WrittenBy::Chat(by.clone()), text, file });
                Done::Written
            }
            Deed::Silence => {
                self.on_team(who, TeamAction::TakeOver);
                self.is_heeded(who);
                Done::Silenced
            }
            Deed::GiveBack => {
                self.on_team(who, TeamAction::GiveBack);
                Done::GivenBack
            }
            Deed::Handled => {
                self.on_team(who, TeamAction::Handled);
                self.is_heeded(who);
                Done::Handled
            }
            Deed::Snooze { until } => {
                self.snooze(who, until);
                Done::Snoozed { until }
            }
            Deed::Assign { to } => {
                let Some(member) = self.member(&to) else { return Some(Done::NoSuchMember) };
                self.on_team(&member, TeamAction::TakeOver);
                self.is_heeded(who);
                self.assigned = Some(member);
                Done::Assigned { to }
            }
            Deed::Same { of } => self.settle_same(by, of, Same::Yes),
            Deed::NotSame { of } => self.settle_same(by, of, Same::No),
            Deed::Unreached => {
                self.card_lost(who);
                return None;
            }
        })
    }

    /// Who has the conversation, if it is somebody else of the team.
    fn held_by_other(&self, who: &str) -> Option<String> {
        let state = &self.snap.state;
        let holder = state.holder.as_deref().filter(|_| state.owner == Owner::Person)?;
        // Who signs in on the owner's pages is told by either name.
        let holder = self.member(holder).map_or_else(|| holder.to_owned(), |member| member.to_string());
        (holder != who).then_some(holder)
    }

    /// A card did not reach a member: the next of the team gets one, as long as there is a next; the owner's page has it in any case.
    fn card_lost(&mut self, member: &str) {
        let unreached = &mut self.snap.state.unreached;
        if !unreached.iter().any(|known| known == member) {
            unreached.push(member.to_owned());
        }
        let mut team = self.setting.team.iter().map(|to| &to.member);
        self.instead = team.find(|to| !self.snap.state.unreached.iter().any(|known| **known == ***to)).cloned();
        let note = self.team_word(Wording::CardLost { member, instead: self.instead.as_deref() });
        self.note("undelivered", note);
    }

    /// Somebody of the team looks after the customer: what waited to be told of them is known.
    fn is_heeded(&mut self, who: &str) {
        self.snap.state.unreached.clear();
        for (member, told) in &mut self.snap.state.told {
            if member == who {
                (told.due, told.hushed) = (None, None);
                told.waits.clear();
                told.notes.clear();
            } else {
                // The others need not look after them; what happened, and what they wanted to be reminded of, is still theirs to hear.
                told.waits.retain(|about| !IS_SEEN_TO.contains(&about.as_str()));
                if told.waits.is_empty() {
                    told.due = None;
                }
            }
        }
    }

    fn snooze(&mut self, who: &str, until: jiff::Timestamp) {
        let told = self.snap.state.told.entry(who.to_owned()).or_default();
        (told.due, told.hushed) = (Some(until), Some(until));
        if !told.waits.iter().any(|about| about == SNOOZED) {
            told.waits.push(SNOOZED.to_owned());
        }
        self.cancel_timer("handoff");
        self.person_is_heeded();
    }
}
