//! The wish to be forgotten: contacts and what was said go at once, what is kept elsewhere goes by the owner's hand.

use crate::{
    fact::{ConsentKind, Fact},
    lang::normal::Words,
    message::{Event, Identity, TeamHears},
    rows::Past,
    spec::{texts::Phrase, value::Value},
    turn::{notices::FORGET, reply::Reply, work::Work},
};

/// Whole messages that wish for it, besides the command.
const WISHES: &str = "удалите мои данные, удалите мои персональные данные, удалите все мои данные, удали мои данные, \
    сотрите мои данные, забудьте мои данные, прошу удалить мои данные, прошу удалить мои персональные данные, \
    отзываю согласие, отзываю согласие на обработку персональных данных, forget me, delete my data, erase my data, \
    delete my personal data, erase my personal data";

/// Who is forgotten has taken back what they consented to.
const REFUSED: Fact = Fact::ConsentRefused { kind: ConsentKind::Pd };

/// Longer messages say something else.
const WISH_WORDS_MAX: usize = 8;

/// Whether a message wishes to be forgotten and nothing else: a false hit loses what nobody can bring back.
pub(super) fn wished(text: &str, words: &Words) -> bool {
    if let Some(command) = text.trim().strip_prefix('/') {
        return matches!(&*command.to_lowercase(), "forget_me" | "forgetme");
    }
    if words.said().nth(WISH_WORDS_MAX).is_some() {
        return false;
    }
    let said = words.text();
    let said = said.strip_prefix("пожалуйста ").unwrap_or(&said);
    let said = said.strip_suffix(" пожалуйста").unwrap_or(said);
    WISHES.split(", ").any(|wish| wish == said)
}

impl Work {
    /// The customer wishes it here; it is meant for all conversations of theirs. The team hears of it once, from here: what they
    /// know elsewhere is theirs to erase.
    pub(in crate::turn) fn forget_everywhere(&mut self) {
        let kin: Vec<Identity> = self.snap.kin.iter().map(|kin| kin.of.clone()).collect();
        for one in kin {
            self.post(one.account, one.peer, Event::Forget { team: TeamHears::Elsewhere });
        }
        self.forget();
        self.note(FORGET, "");
        self.say_phrase(Phrase::ForgetAsked, &[]);
    }

    /// It was wished elsewhere, at an hour that was theirs to choose: nothing is said here.
    pub(in crate::turn) fn forget_here(&mut self, team: TeamHears) {
        self.forget();
        match team {
            TeamHears::Here => self.note(FORGET, ""),
            TeamHears::Elsewhere => self.known_to_team.extend([REFUSED, Fact::OptOut].map(|fact| fact.name())),
        }
    }

    /// It was wished elsewhere by whoever sits on the team here: what is left of the time when they were a customer goes, and what
    /// they do as a member stays.
    pub(in crate::turn) fn forget_at_desk(&mut self) {
        // What a member is told in this turn is not about them.
        let reply = std::mem::take(&mut self.reply);
        self.forget();
        self.reply = reply;
    }

    /// Removes the customer's contacts, consents and words, and writes to them no more of its own accord.
    fn forget(&mut self) {
        self.lead_is_heeded();
        self.snap.customer.name = None;
        let customer = &mut self.snap.customer;
        (customer.phone, customer.email) = (None, None);
        customer.more.consents.clear();
        customer.more.opt_out(self.now);
        (customer.more.zone, customer.more.told_zone) = (None, None);
        customer.more.vouched = false;
        let state = &mut self.snap.state;
        for run in state.run.iter_mut().chain(&mut state.stack).chain(&mut state.shelved) {
            // What was chosen of a list stays, so that the flow can go on; a day may be a birthday, a number somebody's weight.
            run.slots.retain(|_, value| matches!(value, Value::Choice(_) | Value::List(_) | Value::Bool(_)));
            run.remarks.clear();
            run.consented = false;
        }
        (state.asks_consent, state.asks_change, state.asked, state.page) = (None, None, None, None);
        state.same_as.clear();
        for told in state.told.values_mut() {
            told.notes.clear();
        }
        self.pending = None;
        self.erase_past();
        self.fact(REFUSED);
        self.fact(Fact::OptOut);
        self.cancel_timer("silence");
        self.cancel_timer("wait");
    }

    /// Of this turn too: what came with the wish goes with it.
    fn erase_past(&mut self) {
        self.past = Past::Erased;
        self.messages.clear();
        self.facts.iter_mut().for_each(|event| event.fact = event.fact.clone().wordless());
        self.reply = Reply::default();
        let snap = &mut self.snap;
        snap.history.clear();
        snap.state.summary.clear();
        snap.state.told.clear();
        snap.state.last_press = None;
        snap.customer.more.answers.clear();
        snap.customer.more.kept.clear();
        snap.customer.more.tags.clear();
        // It may be a word of theirs.
        snap.lead.segment = None;
    }
}
