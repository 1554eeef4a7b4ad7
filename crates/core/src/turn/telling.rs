//! When members of the team are told: at once, or with what follows shortly after in one card, or when their night is over. What
//! waits is part of the conversation's state, so that a restart forgets nothing and repeats nothing.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp, civil::Time};

use super::{
    TeamAddress,
    notices::{ASSIGNED, Cards, LOST, PAUSED, RATED_LOW, SET_ASIDE, SNOOZED, UNREAD, about, card},
    state::{Owner, Told},
    unheeded::UNHEEDED,
    work::Work,
};
use crate::{
    ids::NoticeId,
    message::Timer,
    rows::{NoticeRow, OutboxRow},
    spec::rich::Rich,
};

/// What comes so soon after a card waits for the next one.
const FOLDED: SignedDuration = SignedDuration::from_mins(5);
/// The same of what presses, if the card was about just that.
const FOLDED_AGAIN: SignedDuration = SignedDuration::from_mins(1);
/// What presses: it waits for no morning and no other card.
const PRESSES: [&str; 8] =
    ["handoff", "handoff.asked", "complaint", RATED_LOW, "order.paid", SET_ASIDE, ASSIGNED, LOST];
/// Words besides facts that one card can wait with.
const NOTES_MAX: usize = 6;
/// When the night is over where the partner has none.
const MORNING: Time = Time::constant(9, 0, 0, 0);

/// Whether something is about a lead that somebody should look after soon: told again, if the partner's file says when.
pub(super) fn is_of_lead(about: &str) -> bool {
    matches!(about, "contact.left" | "lead.hot" | RATED_LOW)
}

/// Whether something is about words that the customer said, and nothing else.
fn is_words(about: &str) -> bool {
    matches!(about, "message" | "media")
}

/// Whether a moment has come, to the microsecond: timers know no shorter time, and what rings must find itself due.
fn is_over(at: Timestamp, now: Timestamp) -> bool {
    at.as_microsecond() <= now.as_microsecond()
}

/// How a member hears what a customer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hearing {
    /// As their file wishes to be told of words.
    AsTheyWish,
    /// It is passed on as it is to where they answer from: they have the conversation.
    Relayed,
    /// They have the conversation, and nothing of theirs can be answered from: they get cards.
    Told,
}

/// What a member is told now.
struct Telling {
    about: Vec<String>,
    notes: Vec<String>,
    /// When they were told last.
    since: Option<Timestamp>,
    /// Whether somebody looks after the customer already.
    heeded: bool,
}

impl Work {
    /// A row for the owner's page, and cards for those whose time it is.
    pub(super) fn cards_for_team(&mut self) -> Cards {
        let mut abouts: Vec<String> = self.facts.iter().map(|event| about(&event.fact)).collect();
        abouts.extend(self.notes.iter().map(|note| note.about.clone()));
        abouts.retain(|about| self.concerns(about) && !self.known_to_team.contains(about));
        let mut seen = Vec::new();
        abouts.retain(|about| {
            !seen.contains(about) && {
                seen.push(about.clone());
                true
            }
        });
        let notes: Vec<String> =
            self.notes.iter().map(|note| note.text.clone()).filter(|text| !text.is_empty()).collect();
        let rows = self.notice_row(&abouts, &notes).into_iter().collect();
        let mut outbox = self.relayed();
        let team = Arc::clone(&self.setting.team);
        // Whoever has left the team, or is reached no more, is owed nothing.
        self.snap.state.told.retain(|known, _| team.iter().any(|to| *to.member == **known));
        let mut told: Vec<&str> = Vec::new();
        for member in team.iter().map(|to| &*to.member) {
            if told.contains(&member) {
                continue;
            }
            told.push(member);
            if let Some(Telling { about, notes, since, heeded }) = self.tells(member, &abouts, &notes) {
                let text = self.card_words(&about, &notes);
                for to in team.iter().filter(|to| &*to.member == member) {
                    outbox.extend(self.card_to(to, &about, &text));
                    outbox.extend(self.files_behind_card(to, since));
                }
                if !heeded {
                    self.expect_heed(member, &about);
                }
            }
        }
        self.plan_card();
        Cards { rows, outbox }
    }

    fn notice_row(&self, abouts: &[String], notes: &[String]) -> Option<NoticeRow> {
        let first = abouts.first()?;
        let (conversation, version) = (self.snap.key.conversation, self.snap.version);
        Some(NoticeRow {
            id: NoticeId::of(&[&conversation.to_string(), &version.to_string(), "notice"]),
            conversation: Some(conversation),
            about: first.clone(),
            text: self.card_text(abouts, notes),
            at: self.now,
        })
    }

    fn card_to(&self, to: &TeamAddress, about: &[String], text: &Rich) -> Vec<OutboxRow> {
        card(
            &self.snap.key,
            &[&self.snap.version.to_string(), "notice"],
            to,
            (self.words_at(to, about, text), None),
            self.card_buttons(to, about),
        )
    }

    /// What a member is told in this turn, if anything. What they are not told yet is remembered.
    fn tells(&mut self, member: &str, abouts: &[String], notes: &[String]) -> Option<Telling> {
        let mut wanted = self.wants(member, abouts);
        if self.assigned.as_deref() == Some(member) {
            wanted.push(ASSIGNED.to_owned());
        }
        if self.instead.as_deref() == Some(member) {
            wanted.push(LOST.to_owned());
        }
        let now = self.now;
        let known = self.snap.state.told.get(member);
        let is_due = known.and_then(|told| told.due).is_some_and(|due| is_over(due, now));
        if wanted.is_empty() && !is_due {
            return None;
        }
        let mut told = known.cloned().unwrap_or_default();
        told.hushed.take_if(|until| is_over(*until, now));
        let until = self.waits_until(member, &told, &wanted);
        if !wanted.is_empty() {
            // Other news of a lead that is looked after leave it so.
            told.heeded &= !wanted.iter().any(|about| is_of_lead(about));
            // All that the turn brought, once it brought something for them.
            for about in wanted.iter().chain(abouts).filter(|about| !is_words(about) || wanted.contains(about)) {
                if !told.waits.contains(about) {
                    told.waits.push(about.clone());
                }
            }
            told.notes.extend(notes.iter().cloned());
            // The newest count.
            told.notes.drain(..told.notes.len().saturating_sub(NOTES_MAX));
        }
        let telling = if let Some(until) = until {
            told.due = Some(until);
            None
        } else {
            told.due = told.hushed;
            let (mut about, notes) = (std::mem::take(&mut told.waits), std::mem::take(&mut told.notes));
            // Something that presses came between: what they asked to be reminded of still comes when they asked for it.
            if told.hushed.is_some() {
                told.waits.extend(about.extract_if(.., |about| about == SNOOZED));
            }
            if told.at.is_none_or(|at| is_over(at + FOLDED, now)) {
                told.about.clear();
            }
            let since = told.at.replace(now);
            told.about.extend(about.iter().cloned());
            let heeded = std::mem::take(&mut told.heeded);
            (!about.is_empty()).then_some(Telling { about, notes, since, heeded })
        };
        self.snap.state.told.insert(member.to_owned(), told);
        telling
    }

    /// Until when a member's card waits; `None`: it may go.
    fn waits_until(&self, member: &str, told: &Told, wanted: &[String]) -> Option<Timestamp> {
        let now = self.now;
        let presses = |about: &&String| PRESSES.contains(&about.as_str());
        let hushed = told.hushed.filter(|_| !wanted.iter().any(|about| presses(&about)));
        let all: Vec<&String> = told.waits.iter().chain(wanted).collect();
        let can_wait = !all.iter().any(|about| presses(about) || *about == SNOOZED);
        let night = (can_wait && self.is_quiet_for(member, &all) && self.is_night()).then(|| self.morning());
        let again = told.at.filter(|at| !is_over(*at + FOLDED_AGAIN, now));
        let news = wanted.iter().any(|about| presses(&about) && (again.is_none() || !told.about.contains(about)));
        let folded = told.at.map(|at| at + FOLDED).filter(|until| !is_over(*until, now) && !news);
        [hushed, night, folded].into_iter().flatten().max()
    }

    /// Whether a member's file has these kept for the day.
    fn is_quiet_for(&self, member: &str, abouts: &[&String]) -> bool {
        let rules = &self.book.spec.config.notify;
        let mut theirs = rules.iter().filter(|rule| *rule.to == *member && !rule.quiet);
        // Whoever waits in a pause is for those who take what is handed over, at the same hours.
        let waits = |about: &str| matches!(about, PAUSED | UNREAD) || about == "message" && self.waits_for_bot();
        let is_of = |name: &str, about: &str| {
            self.asked_by(about) == name
                || about == UNHEEDED && self.is_rule_of_lead(name)
                || name == "handoff" && waits(about)
        };
        !theirs.any(|rule| rule.names().any(|name| abouts.iter().any(|about| is_of(&name, about))))
    }

    pub(super) fn is_night(&self) -> bool {
        self.book.spec.config.quiet.holds(self.local().time())
    }

    /// When the team's next morning begins, by the partner's clock. On a day without that hour it is the one after.
    pub(super) fn morning(&self) -> Timestamp {
        let config = &self.book.spec.config;
        let at = if config.quiet.from == config.quiet.until { MORNING } else { config.quiet.until };
        let of = |date: jiff::civil::Date| {
            date.to_datetime(at).to_zoned(config.zone.clone()).ok().map(|zoned| zoned.timestamp())
        };
        let today = of(self.today()).filter(|at| *at > self.now);
        let tomorrow = || self.today().tomorrow().ok().and_then(of);
        today.or_else(tomorrow).unwrap_or(self.now)
    }

    /// The timer of the card that is due first.
    fn plan_card(&mut self) {
        let due = self.snap.state.told.values().filter_map(|told| told.due).min();
        match due {
            Some(due)
                if self.snap.state.timers.get(Timer::Card.name()).map(|set| set.as_microsecond())
                    == Some(due.as_microsecond()) => {}
            Some(due) => self.set_timer(due, Timer::Card),
            None => self.cancel_timer(Timer::Card.name()),
        }
    }

    /// How a member hears what the customer says.
    pub(super) fn hearing_of(&self, member: &str) -> Hearing {
        let state = &self.snap.state;
        let holder = state.holder.as_deref().filter(|_| state.owner == Owner::Person);
        if holder.and_then(|holder| self.member(holder)).as_deref() != Some(member) {
            return Hearing::AsTheyWish;
        }
        let mut places = self.setting.team.iter().filter(|to| *to.member == *member);
        if places.any(|to| to.capabilities.hears.it()) { Hearing::Relayed } else { Hearing::Told }
    }

    /// Whether somebody has the conversation whom nothing can be passed on to: who answers on the owner's pages, and is reached
    /// where nobody can write back.
    pub(super) fn is_holder_told(&self) -> bool {
        self.setting.team.iter().any(|to| self.hearing_of(&to.member) == Hearing::Told)
    }
}
