//! What people of the partner's team do in a conversation.

use super::{
    commit::beginning,
    deliveries::WrittenBy,
    notices::{RETURNED, order_news},
    state::{Answerer, Mood, Owner, Run},
    token::{Plain, Token},
    wording::Wording,
    work::{People, PersonSays, Work},
};
use crate::{
    fact::Fact,
    ids::OrderId,
    lang::{
        intent::{Intent, Intents},
        normal::Words,
    },
    message::{TeamAction, Timer},
    order::{Forbidden, OrderMove, OrderState},
    rows::{Author, Withdraw},
    spec::texts::Phrase,
    turn::flow::Arrival,
};

/// Messages without an answer after which the customer hears when a person will be there.
const UNHEARD_MAX: usize = 3;
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
            TeamAction::GiveBack => self.give_back(Some(who)),
            TeamAction::Reply { text } => {
                // Whoever writes has the conversation: the bot must not talk across.
                self.is_taken_by(who);
                self.cancel_timer("handoff");
                self.let_person_say(PersonSays { by: WrittenBy::Page(who.to_owned()), text, file: None });
            }
            TeamAction::MoveOrder { order, to } => {
                self.person_is_heeded();
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
                // No answer is owed any more: the next word is none to what was said before.
                self.snap.state.awaits_person = None;
                self.wait_no_more();
                self.cancel_timer("handoff");
                self.person_is_heeded();
            }
        }
    }

    /// A person writes to the customer, and has thereby answered: a fact, once since the conversation last went to a person.
    pub(super) fn let_person_say(&mut self, says: PersonSays) {
        self.person_says.push(says);
        let last = |fact: &Fact| self.snap.lead.facts.last(&fact.name());
        let handed = last(&Fact::Handoff { cause: String::new() });
        let is_first =
            last(&Fact::PersonAnswered).is_none_or(|answered| handed.is_some_and(|handed| answered < handed));
        if is_first && !self.snap.state.blocked {
            self.fact(Fact::PersonAnswered);
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
        (state.unread, state.reminded, state.answerer) = (0, 0, Answerer::Known);
        self.people = People::Acted;
        self.wait_no_more();
        self.pending = None;
        self.withdraw = Withdraw::Campaigns;
        if has_it {
            self.lead_is_heeded();
        } else {
            self.person_is_heeded();
            self.fact(Fact::Handoff { cause: format!("taken:{who}") });
        }
    }

    /// Words while the conversation is a person's: they are passed on. As long as nobody has taken it, the customer may call the
    /// bot back, and hears now and then when a person will be there.
    pub(super) fn hear_for_person(&mut self, words: &Words, intents: Intents) {
        let bot = Token::Plain(Plain::Bot);
        let pressed = || self.listed_by_number(words).is_some_and(|token| Token::parse(&token) == Some(bot));
        if self.snap.state.owner == Owner::Nobody && (intents.has(Intent::BackToBot) || pressed()) {
            return self.call_bot_back();
        }
        let note = self.team_word(Wording::NewMessage);
        self.note("message", note);
        self.keep_for_later();
        let unheard = self.snap.history.iter().chain(&self.messages).rev();
        let unheard = unheard.take_while(|row| row.author == Author::Customer).count();
        if self.snap.state.owner == Owner::Nobody
            && unheard.is_multiple_of(UNHEARD_MAX)
            && let Some(open) = self.opens_next()
        {
            self.say_phrase(Phrase::PersonAnswers, &[("open", open)]);
            self.offer_bot();
        }
    }

    /// The way back to the bot, under what was said last.
    pub(super) fn offer_bot(&mut self) {
        let back = self.button(Phrase::BackToBot, Token::Plain(Plain::Bot));
        self.reply.buttons([back]);
    }

    /// The customer wants the bot again; whom a person has taken is theirs.
    pub(super) fn call_bot_back(&mut self) {
        if self.snap.state.owner == Owner::Nobody {
            let phrase = if self.is_paused() { Phrase::Paused } else { Phrase::BotIsBack };
            self.say_phrase(phrase, &[]);
            self.give_back(None);
        }
    }

    /// `who`: the person who gives it back, if one does.
    fn give_back(&mut self, who: Option<&str>) {
        if self.snap.state.owner == Owner::Bot {
            return;
        }
        self.release(who);
        if self.is_paused() {
            return self.wait_from(self.snap.state.seq + 1);
        }
        let Some((_, at)) = self.open_step() else { return };
        // What a person's time kept back is said now; else the open question is put again.
        match self.snap.state.run.take_if(|run| run.paused) {
            Some(run) => {
                self.walk(Run { paused: false, ..run }, Some(at), Arrival::InOrder, &[]);
            }
            None => self.ask_again(),
        }
    }

    /// The person was silent for long: the bot has the conversation again. Who waits for an answer hears so, everybody else when
    /// they write again; nobody is woken by it.
    pub(super) fn come_back(&mut self) {
        let decent = self.decent(None, self.now);
        if decent > self.now {
            return self.set_timer(decent, Timer::Back);
        }
        let summary = self.summary_of_person();
        self.release(None);
        self.note(RETURNED, summary);
        let waits = self.snap.history.last().is_some_and(|row| row.author == Author::Customer);
        let open = self.open_step().map(|(_, at)| at);
        if let Some(run) = self.snap.state.run.take_if(|run| run.paused && open.is_some()) {
            self.say_phrase(Phrase::BotIsBack, &[]);
            self.walk(Run { paused: false, ..run }, open, Arrival::InOrder, &[]);
        } else if waits && !self.snap.state.blocked {
            self.say_phrase(Phrase::BotIsBack, &[]);
        } else {
            self.snap.state.answerer = Answerer::BotUntold;
        }
    }

    /// What was said while a person had the conversation, in a line for the team.
    fn summary_of_person(&self) -> String {
        let since = self.snap.lead.facts.last(&Fact::Handoff { cause: String::new() }.name());
        let rows = || self.snap.history.iter().filter(|row| since.is_none_or(|since| row.at >= since));
        let by = |author: Author| rows().filter(|row| row.author == author).count();
        let who = self.snap.state.holder.clone().unwrap_or_default();
        let last =
            rows().next_back().map_or_else(String::new, |row| beginning(&row.text, QUESTION_CHARS_MAX).to_owned());
        self.team_word(Wording::CameBack {
            who: &who,
            customers: by(Author::Customer),
            persons: by(Author::Person),
            last: &last,
        })
    }

    fn release(&mut self, who: Option<&str>) {
        self.snap.state.owner = Owner::Bot;
        self.snap.state.holder = None;
        (self.snap.state.misses, self.snap.state.mood) = (0, Mood::Calm);
        self.fact(Fact::HandBack { who: who.map(str::to_owned) });
        self.cancel_timer("handoff");
        self.given_back = true;
        self.cancel_timer("back");
        self.mend_run();
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
