//! The wish to be forgotten: contacts and what was said go at once, what is kept elsewhere goes by the owner's hand.

use crate::{
    fact::{ConsentKind, Fact},
    lang::normal::Words,
    message::{Event, Identity, TeamHears},
    rows::Past,
    spec::texts::Phrase,
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

    /// Forgets the customer, with all that this turn has said and was told: what came with the wish goes with it.
    fn forget(&mut self) {
        self.lead_is_heeded();
        self.snap.forget(self.now);
        self.pending = None;
        self.past = Past::Erased;
        self.messages.clear();
        self.facts.iter_mut().for_each(|event| event.fact = event.fact.clone().wordless());
        self.reply = Reply::default();
        self.fact(REFUSED);
        self.fact(Fact::OptOut);
        self.cancel_timer("silence");
        self.cancel_timer("wait");
    }
}
