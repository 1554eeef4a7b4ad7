//! What the customer decides on what was put before them: a contact, an offer, an order.

use std::sync::Arc;

use super::super::{flow::Arrival, token, work::Work};
use crate::{
    lang::{
        choice, filler,
        intent::{self, Intent, Intents},
        normal::Words,
    },
    spec::{
        flow::{Action, Flow, Kind, Step, StepIx},
        texts::Phrase,
    },
};

impl Work {
    /// «Не хочу телефон», «а можно без номера?», «не надо»: said to who asks for a contact, it goes on without.
    pub(super) fn refuses_contact(&mut self, words: &Words, intents: Intents) -> bool {
        let refuses = intents.has(Intent::NoContact) || choice::yes_no(words) == Some(false);
        if !refuses {
            return false;
        }
        if let Some((at, contact)) = self.open_contact() {
            self.refuse_contact(&contact, at);
            return true;
        }
        let Some((flow, at)) = self.open_step() else { return false };
        match &flow.step(at).action {
            Action::Ask(ask) if matches!(ask.kind, Kind::Phone | Kind::Email) && ask.skip.is_some() => {
                self.skip(&flow, at, ask);
                true
            }
            _ => false,
        }
    }

    /// «Не надо» to «Присылать вам письма?» is an answer, and calls nothing off; «ничего не нужно» leaves out a question that may
    /// be skipped.
    pub(super) fn refuses_by_answer(&mut self, text: &str, words: &Words, key: &str) -> bool {
        let Some((flow, at)) = self.open_step() else { return false };
        let Action::Ask(ask) = &flow.step(at).action else { return false };
        let refuses = |label: &str| choice::yes_no(&Words::of(label)) == Some(false);
        let option = match &ask.kind {
            Kind::YesNo => Some(token::hash("no")),
            Kind::Choice(options) | Kind::Choices(options) => {
                options.iter().find(|option| refuses(option.label.get(self.lang))).map(|option| token::hash(&option.id))
            }
            _ => None,
        };
        match option {
            Some(option) => self.choose_option(&flow, at, ask, option, text, key),
            None if ask.skip.is_some() && intent::declines(words) => self.skip(&flow, at, ask),
            None => return false,
        }
        true
    }

    /// «согласна» and «не хочу» to the request for a contact.
    pub(super) fn decides_on_contact(&mut self, text: &str, words: &Words, intents: Intents, key: &str) -> bool {
        let Some((at, contact)) = self.open_contact() else { return false };
        let answer = choice::consent(words).or_else(|| choice::yes_no(words));
        if answer == Some(true) && !intents.has(Intent::Question) {
            self.press_consent(true, text, key);
            return true;
        }
        let declines = answer == Some(false) || intents.has(Intent::Skip);
        if declines {
            self.refuse_contact(&contact, at);
        }
        declines
    }

    /// «да» to an offer of one product.
    pub(super) fn agrees_to_offer(&mut self, words: &Words, intents: Intents) -> bool {
        let at_offer = self.open_step().is_some_and(|(flow, at)| matches!(flow.step(at).action, Action::Offer(_)));
        let agrees = at_offer && !intents.has(Intent::Question) && choice::yes_no(words) == Some(true);
        let only = self.snap.state.run.as_ref().and_then(|run| match run.offered.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        });
        match only.filter(|_| agrees) {
            Some(product) => {
                self.choose_offered(&product);
                true
            }
            None => false,
        }
    }

    /// «да», «нет», «другой торт» and «изменить дату» to the order that was shown.
    pub(super) fn decides_on_order(&mut self, words: &Words, intents: Intents) -> bool {
        let Some((flow, at)) = self.open_step() else { return false };
        let at_order = matches!(flow.step(at).action, Action::Order(_));
        if !at_order && !matches!(flow.step(at).action, Action::Offer(_)) {
            return false;
        }
        match choice::yes_no(words).filter(|_| at_order && !intents.has(Intent::Question)) {
            Some(true) => self.confirm_in_flow(),
            Some(false) => self.say_phrase(Phrase::OrderWhatToChange, &[]),
            None => return self.changes_choice(&flow, at, words, intents),
        }
        true
    }

    /// What was chosen is to be chosen anew: the question that the words name is asked again, or the offer is made again.
    fn changes_choice(&mut self, flow: &Arc<Flow>, at: StepIx, words: &Words, intents: Intents) -> bool {
        let wishes = intents.has(Intent::Change) || intents.has(Intent::Another);
        let offer = || {
            let offers = |step: &Step| matches!(step.action, Action::Offer(_));
            flow.steps.iter().position(offers).map(StepIx).filter(|_| intents.has(Intent::Another))
        };
        let named = self.question_named(flow, words, wishes);
        match named.or_else(offer).filter(|step| *step != at) {
            Some(step) => {
                let Some(run) = self.snap.state.run.take() else { return false };
                self.walk(run, Some(step), Arrival::ByJump, &[]);
            }
            None if wishes => self.say_phrase(Phrase::OrderWhatToChange, &[]),
            None => return false,
        }
        true
    }

    /// The answered question whose slot, or what its number counts, the words name: «дату», «количество гостей». `among`:
    /// they may say more than that.
    fn question_named(&self, flow: &Arc<Flow>, words: &Words, among: bool) -> Option<StepIx> {
        let answered = |name: &str| self.snap.state.run.as_ref().is_some_and(|run| run.slots.contains_key(name));
        let said: Vec<&str> =
            words.said().filter(|(_, word)| !filler(word.form)).map(|(at, _)| words.stem(at)).collect();
        let fits = |own: &str| if among { said.contains(&own) } else { said == [own] };
        let asks = |step: StepIx, name: &str| {
            let own = Words::of(name);
            let named = own.said().any(|(at, _)| fits(own.stem(at)));
            named || self.book.units(flow, step).iter().any(|unit| fits(unit))
        };
        flow.slots
            .iter()
            .filter(|slot| answered(&slot.name))
            .find_map(|slot| slot.step.filter(|step| asks(*step, &slot.name)))
    }
}
