//! What people of the partner's team do in a conversation.

use super::{
    notices::order_news,
    state::{Owner, Run},
    work::{PersonSays, Work},
};
use crate::{
    fact::Fact,
    ids::OrderId,
    message::TeamAction,
    order::{Forbidden, OrderMove, OrderState},
    rows::Author,
    spec::texts::Phrase,
    turn::flow::Arrival,
};

/// Longest question that is kept with a mark, in characters.
const QUESTION_CHARS_MAX: usize = 300;

/// Whether the customer had heard of an order's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Yes,
    No,
}

impl Work {
    pub(super) fn on_team(&mut self, who: &str, action: TeamAction) {
        match action {
            TeamAction::TakeOver => {
                self.is_taken_by(who);
                self.cancel_timer("silence");
                self.cancel_timer("handoff");
            }
            TeamAction::GiveBack => self.give_back(),
            TeamAction::Reply { text } => {
                // Whoever writes has the conversation: the bot must not talk across.
                self.is_taken_by(who);
                self.cancel_timer("handoff");
                self.person_says.push(PersonSays { who: who.to_owned(), text });
            }
            TeamAction::MoveOrder { order, to } => {
                if self.move_order(order, to).is_ok() {
                    self.tell_of_order(order);
                }
            }
            TeamAction::MarkWrong { seq } => self.mark_wrong(who, seq),
            TeamAction::UndoOrder { order, by, from } => {
                if self.undo_order(order, by, from) == Ok(Told::Yes) {
                    self.tell_of_mistake(order);
                }
            }
            TeamAction::Note { text } => self.fact(Fact::Note { who: who.to_owned(), text }),
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
        let conversation = Some(self.snap.key.conversation);
        self.fact(Fact::AnswerWrong { conversation, seq, question, who: who.to_owned() });
    }

    fn is_taken_by(&mut self, who: &str) {
        let state = &mut self.snap.state;
        let has_it = state.owner == Owner::Person && state.holder.as_deref() == Some(who);
        state.owner = Owner::Person;
        state.holder = Some(who.to_owned());
        state.unread = 0;
        self.pending = None;
        if !has_it {
            self.fact(Fact::Handoff { cause: format!("taken:{who}") });
        }
    }

    fn give_back(&mut self) {
        if self.snap.state.owner == Owner::Bot {
            return;
        }
        self.snap.state.owner = Owner::Bot;
        self.snap.state.holder = None;
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

    /// Takes back a move of an order of this customer's; one that did not lead to where the order is changes nothing.
    fn undo_order(&mut self, id: OrderId, by: OrderMove, from: OrderState) -> Result<Told, Forbidden> {
        let Some(order) = self.snap.orders.iter_mut().find(|order| order.id == id) else {
            return Err(Forbidden { from, by });
        };
        let was = order.state;
        order.undo(by, from)?;
        self.orders_changed.push(id);
        self.fact(Fact::OrderUndone { order: id, from: was, to: from });
        Ok(if order_news(was).is_some() { Told::Yes } else { Told::No })
    }

    /// The customer was told of something that is not so.
    fn tell_of_mistake(&mut self, id: OrderId) {
        let Some(order) = self.snap.orders.iter().find(|order| order.id == id) else { return };
        let number = order.number.clone();
        self.say_phrase(Phrase::OrderUndone, &[("number", number)]);
    }

    /// News of the customer's own order: a service message.
    fn tell_of_order(&mut self, id: OrderId) {
        let Some(order) = self.snap.orders.iter().find(|order| order.id == id) else { return };
        let phrase = order_news(order.state);
        if let Some(phrase) = phrase {
            let number = order.number.clone();
            self.say_phrase(phrase, &[("number", number)]);
        }
    }
}
