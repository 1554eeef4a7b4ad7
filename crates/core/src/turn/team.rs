//! What people of the partner's team do in a conversation.

use super::{
    state::{Owner, Run},
    work::Work,
};
use crate::{fact::Fact, message::TeamAction, rows::Author, turn::flow::Arrival};

/// Longest question that is kept with a mark, in characters.
const QUESTION_CHARS_MAX: usize = 300;

impl Work {
    pub(super) fn on_team(&mut self, who: &str, action: TeamAction) {
        match action {
            TeamAction::TakeOver => {
                if self.snap.state.owner != Owner::Person {
                    self.snap.state.owner = Owner::Person;
                    self.fact(Fact::Handoff { cause: format!("taken:{who}") });
                }
                self.pending = None;
                self.snap.state.unread = 0;
                self.cancel_timer("silence");
                self.cancel_timer("handoff");
            }
            TeamAction::GiveBack => self.give_back(),
            TeamAction::Reply { text } => {
                // Whoever writes has the conversation: the bot must not talk across.
                if self.snap.state.owner != Owner::Person {
                    self.snap.state.owner = Owner::Person;
                    self.fact(Fact::Handoff { cause: format!("taken:{who}") });
                }
                self.pending = None;
                self.snap.state.unread = 0;
                self.cancel_timer("handoff");
                self.person_says.push(text);
            }
            TeamAction::MoveOrder { order, to } => {
                if self.move_order(order, to).is_ok() {
                    self.tell_of_order(order);
                }
            }
            TeamAction::MarkWrong { seq } => self.mark_wrong(who, seq),
            TeamAction::Handled => {
                self.snap.state.unread = 0;
                self.cancel_timer("handoff");
            }
        }
    }

    /// Notes that an answer was wrong, with the question that it answered.
    fn mark_wrong(&mut self, who: &str, seq: i64) {
        let asked = self.snap.history.iter().rev().find(|row| row.seq < seq && row.author == Author::Customer);
        let question =
            asked.map_or_else(String::new, |row| self.masked(&row.text).chars().take(QUESTION_CHARS_MAX).collect());
        self.fact(Fact::AnswerWrong { seq, question, who: who.to_owned() });
    }

    fn give_back(&mut self) {
        if self.snap.state.owner == Owner::Bot {
            return;
        }
        self.snap.state.owner = Owner::Bot;
        self.snap.state.misses = 0;
        self.fact(Fact::HandBack);
        self.cancel_timer("handoff");
        self.given_back = true;
        self.mend_run();
        let Some((_, at)) = self.open_step() else { return };
        // What a person's time kept back is said now; else the open question is put again.
        match self.snap.state.run.take_if(|run| run.paused) {
            Some(run) => {
                self.walk(Run { paused: false, ..run }, Some(at), Arrival::InOrder, &[]);
            }
            None => self.ask_again(),
        }
    }

    /// News of the customer's own order: a service message.
    fn tell_of_order(&mut self, id: crate::ids::OrderId) {
        let Some(order) = self.snap.orders.iter().find(|order| order.id == id) else { return };
        let phrase = super::notices::order_news(order.state);
        if let Some(phrase) = phrase {
            let number = order.number.clone();
            self.say_phrase(phrase, &[("number", number)]);
        }
    }
}
