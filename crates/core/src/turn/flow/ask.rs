//! Questions: how they are put, put again, and passed when their slot is filled.

use std::sync::Arc;

use super::{Arrival, Next, token_press};
use crate::{
    message::{Button, Press},
    spec::{
        flow::{Action, Ask, Choice, Flow, Kind, Step},
        texts::Phrase,
    },
    turn::{
        menu::takes_number,
        state::Run,
        token::{self, Act, Token},
        work::Work,
    },
};

impl Work {
    pub(super) fn arrive_at_ask(
        &mut self,
        flow: &Arc<Flow>,
        step: &Step,
        ask: &Ask,
        run: &mut Run,
        arrival: Arrival,
    ) -> Next {
        let filled = run.slots.contains_key(&*ask.slot) || run.skipped.iter().any(|slot| **slot == *ask.slot);
        if filled && arrival == Arrival::InOrder {
            return Next::To(step.next);
        }
        run.slots.remove(&*ask.slot);
        run.skipped.retain(|slot| **slot != *ask.slot);
        run.tries = 0;
        self.put_question(flow, step, run, Wording::Full);
        Next::Wait
    }

    /// Puts the open question once more after a digression, with the words that lead back.
    pub(in crate::turn) fn return_to_question(&mut self) {
        self.repeat_question(Wording::Back);
    }

    /// Puts the open question once more, as it is.
    pub(in crate::turn) fn ask_again(&mut self) {
        self.repeat_question(Wording::Short);
    }

    fn repeat_question(&mut self, wording: Wording) {
        if self.snap.state.is_upset() {
            // Whoever complains is heard out first; something they hear in any case.
            if self.reply.is_empty() {
                self.apologise();
            }
            return;
        }
        let Some((flow, at)) = self.open_step() else { return };
        let Some(run) = self.snap.state.run.clone() else { return };
        self.put_question(&flow, flow.step(at), &run, wording);
    }

    fn put_question(&mut self, _flow: &Flow, step: &Step, run: &Run, wording: Wording) {
        let (text, mut buttons, cards) = match &step.action {
            Action::Ask(ask) => {
                let words = match (&ask.again, wording) {
                    (Some(again), Wording::Back | Wording::Short) => again,
                    _ => &ask.text,
                };
                (self.text(run, words), self.answer_buttons(run, step, ask), Vec::new())
            }
            Action::Contact(contact) => {
                (self.text(run, &contact.text), self.contact_buttons(run, step, contact), Vec::new())
            }
            Action::Offer(offer) => (self.text(run, &offer.text), Vec::new(), self.offer_cards(step, run)),
            Action::Order(_) => {
                self.say_noted();
                return self.show_order(step, run);
            }
            // A talk has no question of its own, and a wait expects nothing.
            _ => return,
        };
        self.say_noted();
        match wording {
            Wording::Back => {
                let back = self.phrase(Phrase::Back, &[("question", text.text)]);
                self.reply.say(&back);
            }
            Wording::Full | Wording::Short => self.reply.say(&text),
        }
        let contact = match &step.action {
            Action::Contact(_) => true,
            Action::Ask(ask) => matches!(ask.kind, Kind::Phone | Kind::Email),
            _ => false,
        };
        // The whole text is read once a run: the request and its buttons come back without it.
        if contact && wording == Wording::Full && self.reads_first(run, step) {
            self.say_consent();
            buttons.extend(self.consent_reader());
        }
        if !cards.is_empty() {
            self.reply.cards(cards);
        }
        if !buttons.is_empty() {
            self.reply.buttons(buttons);
            if takes_number(&step.action) {
                self.reply.bullets();
            }
        }
    }

    /// Names what was filled ahead of its question, once.
    pub(in crate::turn) fn say_noted(&mut self) {
        if self.noted.is_empty() {
            return;
        }
        let values = std::mem::take(&mut self.noted).join(", ");
        self.say_phrase(Phrase::Noted, &[("value", values)]);
    }

    fn answer_buttons(&self, run: &Run, step: &Step, ask: &Ask) -> Vec<Button> {
        let at = token::hash(&step.id.0);
        let option = |label: String, id: &str| Button {
            label,
            press: token_press(Token::Option { run: run.number, step: at, option: token::hash(id) }),
        };
        let label = |choice: &Choice| choice.label.get(self.lang).clone();
        let mut buttons: Vec<Button> = match &ask.kind {
            Kind::Choice(choices) | Kind::Choices(choices) => {
                choices.iter().map(|choice| option(label(choice), &choice.id)).collect()
            }
            Kind::YesNo => vec![option(self.label(Phrase::Yes), "yes"), option(self.label(Phrase::No), "no")],
            Kind::Phone if self.setting.capabilities.contact_button.it() => {
                vec![Button { label: self.label(Phrase::ShareContact), press: Press::ShareContact }]
            }
            Kind::Location if self.setting.capabilities.place_button.it() => {
                vec![Button { label: self.label(Phrase::SharePlace), press: Press::SharePlace }]
            }
            _ => Vec::new(),
        };
        for example in &ask.examples {
            let label = self.text(run, example).text;
            let press = Token::Option { run: run.number, step: at, option: token::hash(&label) };
            buttons.push(Button { label, press: token_press(press) });
        }
        if let Some(skip) = &ask.skip {
            let label = self.text(run, skip).text;
            let press = Token::Act { run: run.number, step: at, act: Act::Skip };
            buttons.push(Button { label, press: token_press(press) });
        }
        buttons
    }
}

/// How a question is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wording {
    /// For the first time.
    Full,
    /// Again, after something else was said.
    Back,
    /// Again, right away.
    Short,
}
