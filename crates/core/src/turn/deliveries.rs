//! What becomes of messages that do not arrive. Of an answer that a person of the team wrote they hear where they wrote it; of the
//! bot's words the conversation draws its consequence.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    commit::beginning,
    events::{SILENCE, WAIT},
    notices::LOST,
    wording::Wording,
    work::{PersonSays, Work},
};
use crate::{
    fact::Fact,
    ids::BubbleId,
    lead::Temperature,
    message::{DeliveryFate, Done, Event, Seat, Talk, Timer},
    order::OrderState,
    rows::Author,
    spec::flow::Action,
};

/// Answers of the team's that are remembered until it is known that they did not arrive.
const ANSWERS_MAX: usize = 20;
/// Of an answer that did not arrive, as its writer is told of it, in characters.
const WORDS_CHARS_MAX: usize = 80;

/// Why a customer cannot be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreachable {
    /// They do not want it.
    Blocked,
    /// There is no such chat or person any more.
    Gone,
}

/// What a person of the team wrote to the customer. That it arrived nobody tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamAnswer {
    /// Who wrote it, and where.
    by: WrittenBy,
    /// What it is sent as.
    bubbles: Vec<BubbleId>,
}

/// Who of the team wrote an answer, and where they hear what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WrittenBy {
    /// A member, in their chat with the bot, where they are told.
    Chat(Seat),
    /// Whoever signed in by this name, on the owner's page, which shows it beside the words; they are told in their chat as well,
    /// where the partner's file knows one.
    Page(String),
}

impl WrittenBy {
    /// As the partner's file names them, or the sign-in's name.
    pub(super) fn who(&self) -> &str {
        match self {
            Self::Chat(seat) => &seat.member,
            Self::Page(who) => who,
        }
    }
}

impl Work {
    /// What became of a bubble at a moment.
    pub(super) fn on_delivery(&mut self, bubble: BubbleId, fate: &DeliveryFate, at: Timestamp) {
        // Who has done anything since then is there.
        let back = self.snap.state.last_heard.is_some_and(|heard| heard > at);
        let is_persons = self.is_answer_lost(bubble, fate);
        match fate {
            DeliveryFate::Blocked | DeliveryFate::Gone if back => {
                if !is_persons {
                    self.fact(Fact::Undelivered { cause: "blocked".into() });
                }
            }
            DeliveryFate::Blocked => self.cannot_reach(Unreachable::Blocked),
            DeliveryFate::Gone => self.cannot_reach(Unreachable::Gone),
            DeliveryFate::Refused { .. } | DeliveryFate::Expired | DeliveryFate::Untried if is_persons => {}
            DeliveryFate::Refused { cause } => {
                self.fact(Fact::Undelivered { cause: cause.clone() });
                self.note(LOST, cause.clone());
            }
            DeliveryFate::Expired => self.fact(Fact::Expired),
            DeliveryFate::Untried => {
                self.fact(Fact::Expired);
                self.comes_back(bubble);
            }
        }
    }

    /// From now on nothing is said to the customer, and no timer speaks up, until they write again.
    pub(super) fn cannot_reach(&mut self, why: Unreachable) {
        if std::mem::replace(&mut self.snap.state.blocked, true) {
            return;
        }
        let (now, wording) = match why {
            Unreachable::Blocked => ("blocked", Wording::Blocked),
            Unreachable::Gone => ("gone", Wording::Gone),
        };
        self.fact(Fact::Reachable { now: now.into() });
        self.cancel_timer(SILENCE);
        self.cancel_timer(WAIT);
        // Somebody counts on them: a cold lead's good-bye is no news.
        let counts = self.snap.lead.temperature > Temperature::Cold
            || !self.is_with_bot()
            || self.snap.orders.iter().any(|order| order.state != OrderState::Draft && !order.state.is_over());
        if counts {
            let note = self.team_word(wording);
            self.note(LOST, note);
        }
    }

    /// A `wait` that was cancelled, for there was nobody to write to, goes on.
    pub(super) fn take_up_wait(&mut self) {
        let Some((flow, at)) = self.open_step() else { return };
        let open = matches!(flow.step(at).action, Action::Wait(_));
        let paused = self.snap.state.run.as_ref().is_some_and(|run| run.paused);
        if open && !paused && !self.snap.state.timers.contains_key(WAIT) {
            self.set_timer(self.now, Timer::Wait);
        }
    }

    /// Remembers what a person of the team says, should it not arrive.
    pub(super) fn remember_answer(&mut self, by: WrittenBy, bubbles: Vec<BubbleId>) {
        let answers = &mut self.snap.state.answers;
        answers.push(TeamAnswer { by, bubbles });
        answers.drain(..answers.len().saturating_sub(ANSWERS_MAX));
    }

    /// Keeps in the record, marked, what people of the team say to a customer to whom nothing can be sent.
    pub(super) fn keep_unsent(&mut self, own: Vec<PersonSays>) {
        for says in own {
            let (by, bubbles) = self.say_as_person(says, &mut Vec::new());
            for bubble in &bubbles {
                self.fact(Fact::AnswerLost { bubble: *bubble, why: DeliveryFate::Blocked });
            }
            self.tell_writer(TeamAnswer { by, bubbles }, &DeliveryFate::Blocked);
        }
    }

    /// Whether a bubble that did not arrive was an answer of the team's. Whoever wrote it is told, of several bubbles once.
    fn is_answer_lost(&mut self, bubble: BubbleId, why: &DeliveryFate) -> bool {
        let answers = &mut self.snap.state.answers;
        let at = answers.iter().position(|answer| answer.bubbles.contains(&bubble));
        let answer = at.map(|at| answers.remove(at));
        let mut said = self.snap.history.iter().filter(|row| row.author == Author::Person);
        let is_persons = answer.is_some() || said.any(|row| row.bubble == Some(bubble));
        if is_persons {
            self.fact(Fact::AnswerLost { bubble, why: why.clone() });
        }
        if let Some(answer) = answer {
            self.tell_writer(answer, why);
        }
        is_persons
    }

    fn tell_writer(&mut self, TeamAnswer { by, bubbles }: TeamAnswer, why: &DeliveryFate) {
        let note = self.team_word(Wording::AnswerLost { who: by.who(), why });
        self.note(LOST, note);
        let seat = match by {
            WrittenBy::Chat(seat) => Some(seat),
            WrittenBy::Page(who) => self.seat_of(&who),
        };
        let Some(seat) = seat else { return };
        let mut said = self.snap.history.iter().chain(&self.messages);
        let row = said.find(|row| row.bubble.is_some_and(|one| bubbles.contains(&one)));
        let words = row.map_or("", |row| beginning(&row.text, WORDS_CHARS_MAX)).to_owned();
        let done = Done::NotArrived { why: why.clone(), words };
        let with = self.talk();
        self.post(seat.account, seat.peer, Event::Done { with, done });
    }

    /// The first chat in which a member works with us, by either of their names. A letter is no chat.
    fn seat_of(&self, who: &str) -> Option<Seat> {
        let member = self.member(who)?;
        let to = self.setting.team.iter().find(|to| to.member == member && to.capabilities.hears.it())?;
        Some(Seat { member: member.to_string(), account: to.account.clone(), peer: to.peer.clone() })
    }

    /// This conversation, as members of the team are told of it.
    pub(super) fn talk(&self) -> Talk {
        let name = self.snap.customer.name.clone().unwrap_or_default();
        Talk { account: self.snap.account.clone(), peer: self.snap.peer.clone(), name }
    }
}
