//! The partner's pause: the bot answers nobody until it is told to go on. What customers write is kept and shown to the team, and
//! whoever writes is told so once. It is heard when the pause is over, with what they write then or when the timer rings.

use jiff::SignedDuration;

use super::{
    flow::Arrival,
    notices::{PAUSED, UNREAD},
    state::Run,
    wording::Wording,
    work::Work,
};
use crate::{
    message::{Content, EventKey, Timer},
    rows::{Author, MessageRow},
    spec::texts::Phrase,
};

/// The position of a conversation's first message.
const FIRST: i64 = 1;

/// How often what waits looks whether the pause is over.
const LOOK_EVERY: SignedDuration = SignedDuration::from_hours(1);

impl Work {
    /// Whether the bot is to answer nobody now.
    pub(super) fn is_paused(&self) -> bool {
        self.book.spec.config.pause.is_some()
    }

    /// Whether the bot would answer, were it not for the pause.
    pub(super) fn waits_for_bot(&self) -> bool {
        self.is_paused() && self.is_with_bot()
    }

    /// Holds a timer back that would make the bot speak.
    pub(super) fn wait_out_pause(&mut self, timer: Timer) {
        self.set_timer(self.now + LOOK_EVERY, timer);
    }

    /// The customer has done something that the bot would have answered.
    pub(super) fn keep_for_later(&mut self) {
        if !self.waits_for_bot() {
            return;
        }
        if self.snap.state.waits_from.is_none() {
            self.say_phrase(Phrase::Paused, &[]);
        }
        let is_known = |from| self.waiting_rows(from).next().is_some();
        if !self.snap.state.waits_from.is_some_and(is_known) && !self.notes.iter().any(|note| note.about == PAUSED) {
            self.note(PAUSED, "");
        }
        let first = self.messages.iter().find(|row| row.author == Author::Customer).map(|row| row.seq);
        self.wait_from(first.unwrap_or(self.snap.state.seq));
    }

    /// The bot has the conversation from a person, and may not speak yet.
    pub(super) fn wait_from(&mut self, seq: i64) {
        self.snap.state.waits_from.get_or_insert(seq);
        if !self.snap.state.timers.contains_key(Timer::Back.name()) {
            self.wait_out_pause(Timer::Back);
        }
    }

    /// Somebody of the team looks after what waits.
    pub(super) fn wait_no_more(&mut self) {
        if self.snap.state.waits_from.take().is_some() {
            self.cancel_timer(Timer::Back.name());
        }
    }

    /// The timer rang, and the pause is over: at a decent hour what waits is answered.
    pub(super) fn go_on(&mut self) {
        let Some(from) = self.snap.state.waits_from.filter(|_| self.is_with_bot()) else { return };
        let decent = self.decent(None, self.now);
        if decent > self.now {
            return self.set_timer(decent, Timer::Back);
        }
        if self.waiting_rows(from).next().is_some() && !self.snap.state.blocked {
            let back = self.phrase(Phrase::BotIsBack, &[]);
            self.greeting.say(&back);
        }
        let mut words = self.take_what_waited();
        self.hear_burst(&mut words);
    }

    fn waiting_rows(&self, from: i64) -> impl Iterator<Item = &MessageRow> {
        self.snap.history.iter().filter(move |row| row.seq >= from && row.author == Author::Customer)
    }

    /// What the customer wrote in a pause that is over, as if it were said now; what the flow was about to say comes before.
    pub(super) fn take_what_waited(&mut self) -> Vec<(String, EventKey)> {
        if !self.bot_owns() {
            return Vec::new();
        }
        let Some(from) = self.snap.state.waits_from.take() else { return Vec::new() };
        self.cancel_timer(Timer::Back.name());
        self.given_back = true;
        for told in self.snap.state.told.values_mut() {
            told.waits.retain(|about| about != PAUSED);
        }
        let read = |row: &MessageRow| Some((serde_json::from_str::<Content>(&row.body).ok()?, row.key.clone()?));
        let waiting: Vec<(Content, EventKey)> = self.waiting_rows(from).filter_map(read).collect();
        // A conversation that began in the pause begins now.
        let waited = u32::try_from(self.waiting_rows(from).count()).unwrap_or(u32::MAX);
        self.before.messages = if from == FIRST { 0 } else { self.before.messages.saturating_sub(waited) };
        if self.snap.history.first().is_some_and(|oldest| from < oldest.seq) {
            let note = self.team_word(Wording::LeftOut);
            self.note(UNREAD, note);
        }
        self.mend_run();
        if let Some((_, at)) = self.open_step()
            && let Some(run) = self.snap.state.run.take_if(|run| run.paused)
        {
            self.walk(Run { paused: false, ..run }, Some(at), Arrival::InOrder, &[]);
        }
        let mut burst = Vec::new();
        for (content, key) in waiting {
            match content {
                Content::Text { text } | Content::Reply { text, .. } => burst.push((text, key)),
                // A contact, a press, a command: in their order with the words.
                content => {
                    self.hear_burst(&mut burst);
                    self.customer_did(content, &key);
                }
            }
        }
        burst
    }
}
